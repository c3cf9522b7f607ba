"""Storage of clusters: Aurora's has two types and no size; a Multi-AZ DB cluster has that of its instances."""

from collections.abc import Mapping
from typing import Any

from sealift.sandbox.rds import engines
from sealift.sandbox.rds.refusals import refuse

AURORA, _MULTI_AZ = ("aurora", "aurora-iopt1"), ("io1", "io2", "gp3")
_PROVISIONED = ("io1", "io2")
_OF_MULTI_AZ = ("DBClusterInstanceClass", "AllocatedStorage", "Iops")


def check(engine: str, params: Mapping[str, Any]) -> None:
    """Refuse what the kind of cluster does not have (SB-AUR-09)."""
    kind, aurora = params.get("StorageType"), engines.is_aurora(engine)
    if aurora and (named := [m for m in _OF_MULTI_AZ if m in params]):
        raise _combination(f"{named[0]} can't be specified for {engine}: it is for Multi-AZ DB clusters.")
    if kind and kind not in (AURORA if aurora else _MULTI_AZ):
        raise _combination(f"Storage type {kind} is not supported for {engine}.")
    if kind in _PROVISIONED and not params.get("Iops"):
        raise _combination(f"The storage type {kind} requires iops to be specified.")


def check_change(shown: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    """Refuse a change of a provisioned size or of IOPS that does not name both (SB-AUR-09)."""
    check(shown["Engine"], params)
    named = {"AllocatedStorage", "Iops"} & set(params)
    if params.get("StorageType", shown.get("StorageType")) in _PROVISIONED and len(named) == 1:
        message = "When modifying Provisioned IOPS storage, specify a value for both allocated storage and iops."
        raise _combination(message)


def _combination(message: str) -> Exception:
    return refuse("SB-AUR-09", "InvalidParameterCombination", message)
