"""The room of RDS: its refusals name rules that exist, its codes are those of the model."""

import re
from pathlib import Path

from moto.core.utils import get_service_model

from sealift.sandbox import RULES, rds

CODE = "\n".join(p.read_text() for p in Path(rds.__file__).parent.glob("*.py"))
GENERAL = {
    "InvalidParameterCombination",
    "InvalidParameterValue",
    "UnsupportedOperation",
}


def test_refusals_name_rules_that_exist():
    """A typing error in an id would be found only when somebody is refused."""
    named = set(re.findall(r'"((?:R-RDS|SB-[A-Z]+)-\d+)"', CODE))
    assert named
    assert named <= set(RULES)


def test_codes_are_wire_codes_of_the_model():
    """Wire code and class name differ (DBInstanceNotFound of DBInstanceNotFoundFault): clients see the former."""
    model = get_service_model("rds")
    known = {model.shape_for(n).metadata.get("error", {}).get("code", n) for n in model.shape_names}
    used = set(re.findall(r'refuse\(\s*"[A-Z0-9-]+",\s*"(\w+)"', CODE)) | set(
        re.findall(r'(?<!, )code = "(\w+)"', CODE)
    )
    assert used - GENERAL <= known


def test_operations_are_those_of_the_model():
    """A name that no client sends would never be answered."""
    model = get_service_model("rds")
    mine = {name.split(":")[1] for name in rds.OPERATIONS if name.startswith("rds:")}
    assert mine <= set(model.operation_names)
