"""What asking for help costs: the command line imports its own library, and nothing heavy."""

import json
import subprocess
import sys

import pytest

HEAVY = {"boto3", "botocore", "prefect", "sqlalchemy", "structlog", "pydantic", "rich", "moto", "asyncio", "werkzeug"}

LOADED = """
import json, sys
before = set(sys.modules)
sys.argv = ["sealift", *sys.argv[1:]]
from sealift.cli import main
try:
    main()
except SystemExit as end:
    code = end.code
print(json.dumps([code, sorted(set(sys.modules) - before)]), file=sys.stderr)
"""


def loaded(*arguments: str) -> set[str]:
    """Return the modules that a command line has loaded in a process of its own."""
    done = subprocess.run([sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, check=True)
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0
    return set(modules)


@pytest.mark.parametrize("arguments", [("--help",), ("plan", "--help"), ("migrate", "--help"), ("--version",)])
def test_help_imports_click_and_the_command_line_alone(arguments: tuple[str, ...]) -> None:
    """`--help` loads the standard library, click and `sealift.cli`: no boto3, no Prefect, no database, no view."""
    modules = loaded(*arguments)
    foreign = {m.split(".")[0] for m in modules} - set(sys.stdlib_module_names)
    assert foreign <= {"sealift", "click"}
    assert {m for m in modules if m.startswith("sealift")} <= {"sealift", *(m for m in modules if "sealift.cli" in m)}
    assert HEAVY & {m.split(".")[0] for m in modules} == set()
