"""Tags: asked for at creation, added and removed by ARN, found by GetResources."""

import re
from collections.abc import Mapping
from typing import Any

from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import Books, here
from sealift.sandbox.world import Call, World

_ALLOWED = re.compile(r"[\w\s.:/=+\-@]*")
_SYMBOLS = "may only contain unicode letters, digits, whitespace, or one of these symbols: _ . : / = + \\ - @"
_LONGEST = {"Key": 128, "Value": 256}
_MOST = 50


def asked(call: Call) -> dict[str, str]:
    """Return the tags of a request, refused where they cannot be set."""
    return checked(call.params.get("Tags") or [])


def checked(listed: list[dict[str, str]]) -> dict[str, str]:
    """Return tags as a mapping; `aws:` names are AWS's (R-RDS-48)."""
    for tag in listed:
        if tag["Key"].lower().startswith("aws:"):
            message = "Tag keys beginning with 'aws:' are reserved and cannot be set."
            raise refuse("R-RDS-48", "InvalidParameterValue", message)
        _check(tag)
    _count(len(listed))
    return {t["Key"]: t.get("Value", "") for t in listed}


def _check(tag: Mapping[str, str]) -> None:
    for part, longest in _LONGEST.items():
        text = tag.get(part, "")
        if not _ALLOWED.fullmatch(text):
            raise refuse("SB-RDS-29", "InvalidParameterValue", f"Tag {part.lower()}s {_SYMBOLS}")
        if len(text) > longest or (part == "Key" and not text):
            message = f"The length of tag {part.lower()}s is 1 to 128 (keys) or 0 to 256 (values) characters."
            raise refuse("SB-RDS-29", "InvalidParameterValue", message)


def _count(tags: int) -> None:
    if tags > _MOST:
        raise refuse("SB-RDS-29", "InvalidParameterValue", f"A resource has at most {_MOST} tags.")


def shown(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as replies have them."""
    return [{"Key": k, "Value": v} for k, v in tags.items()]


_NOT_FOUND = {
    "db": "DBInstanceNotFound",
    "cluster": "DBClusterNotFoundFault",
    "snapshot": "DBSnapshotNotFound",
    "cluster-snapshot": "DBClusterSnapshotNotFoundFault",
}
_DOCUMENTS = {
    "pg": "parameter-group",
    "cluster-pg": "cluster-parameter-group",
    "og": "option-group",
    "subgrp": "subnet-group",
    "es": "subscription",
    "cluster-endpoint": "cluster-endpoint",
    "db-proxy": "proxy",
}


def _of(world: World, call: Call, arn: str) -> dict[str, str]:
    parts = arn.split(":", 6)
    if len(parts) < 7 or parts[2] != "rds":
        raise refuse("SB-RDS-01", "InvalidParameterValue", f"Invalid resource name: {arn}")
    kind, name = parts[5], parts[6]
    if parts[3:5] != [call.region, call.account]:
        message = "The specified resource name does not match an RDS resource in this region."
        raise refuse("SB-RDS-02", "InvalidParameterValue", message)
    room = here(world, call)
    found = _owner(room, kind, name)
    if found is None:
        code = _NOT_FOUND.get(kind, "InvalidParameterValue")
        raise refuse("SB-RDS-02", code, f"{kind} {name} not found.")
    return found


def _owner(room: Books, kind: str, name: str) -> dict[str, str] | None:
    things: dict[str, Mapping[str, Any]] = {
        "db": room.databases,
        "cluster": room.clusters,
        "snapshot": room.snapshots,
        "cluster-snapshot": room.cluster_snapshots,
        "deployment": room.deployments,
    }
    if kind in things:
        thing = things[kind].get(name)
        return thing.tags if thing else None
    documents = room.book(_DOCUMENTS.get(kind, kind)).values()
    document = next((d for d in documents if any(str(v).endswith(f"{kind}:{name}") for v in d.values())), None)
    return document.setdefault("tags", {}) if document is not None else None


def add(world: World, call: Call) -> dict[str, Any]:
    """AddTagsToResource."""
    its, more = _of(world, call, call.params["ResourceName"]), asked(call)
    _count(len({**its, **more}))
    its.update(more)
    return {}


def remove(world: World, call: Call) -> dict[str, Any]:
    """RemoveTagsFromResource: a name that is not there is no error."""
    tags = _of(world, call, call.params["ResourceName"])
    for key in call.params["TagKeys"]:
        tags.pop(key, None)
    return {}


def listed(world: World, call: Call) -> dict[str, Any]:
    """ListTagsForResource."""
    return {"TagList": shown(_of(world, call, call.params["ResourceName"]))}


OPERATIONS = {
    "rds:AddTagsToResource": add,
    "rds:RemoveTagsFromResource": remove,
    "rds:ListTagsForResource": listed,
}
