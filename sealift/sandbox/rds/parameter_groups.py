"""Parameter groups and their parameters: create, copy, modify, reset, delete, describe; of instances and of clusters."""

from typing import Any

from sealift.sandbox.rds import moves, parameters, tags
from sealift.sandbox.rds.paging import filtered, paged
from sealift.sandbox.rds.parameters import CLUSTER_GROUP, GROUP, STATIC
from sealift.sandbox.rds.refusals import identifier, refuse
from sealift.sandbox.rds.state import Books, Database, here
from sealift.sandbox.world import Call, World

_MOST_AT_ONCE = 20


def _kind(call: Call) -> str:
    return CLUSTER_GROUP if "Cluster" in call.operation else GROUP


def _noun(kind: str) -> str:
    return "DBClusterParameterGroup" if kind == CLUSTER_GROUP else "DBParameterGroup"


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateDB(Cluster)ParameterGroup."""
    kind, params = _kind(call), call.params
    name = _free(world, call, kind, params[f"{_noun(kind)}Name"])
    made = parameters.enter(here(world, call), kind, name, params["DBParameterGroupFamily"], params["Description"])
    made["tags"] = tags.asked(call)
    return {_noun(kind): made}


def _free(world: World, call: Call, kind: str, wanted: str) -> str:
    """Return a valid name for a new group, refused where it is taken or one too many (R-RDS-25)."""
    book, name = here(world, call).book(kind), identifier(wanted, f"{_noun(kind)}Name", 255)
    if name in book:
        raise refuse("SB-RDS-08", "DBParameterGroupAlreadyExists", f"Parameter group {name} already exists")
    q = world.quotas
    if parameters.count(book) >= (q.db_cluster_parameter_groups if kind == CLUSTER_GROUP else q.db_parameter_groups):
        raise refuse("R-RDS-25", "DBParameterGroupQuotaExceeded", "Parameter group quota exceeded.")
    return name


def copy(world: World, call: Call) -> dict[str, Any]:
    """CopyDB(Cluster)ParameterGroup: a default group is not copied, one makes a new one of its family (SB-RDS-22)."""
    kind, params, room = _kind(call), call.params, here(world, call)
    noun = _noun(kind)
    source = parameters.group(room, kind, params[f"Source{noun}Identifier"].rsplit("pg:", 1)[-1])
    if source[f"{noun}Name"].startswith("default."):
        raise refuse("SB-RDS-22", "InvalidParameterValue", "Cannot copy a default parameter group.")
    name = _free(world, call, kind, params[f"Target{noun}Identifier"])
    text = params[f"Target{noun}Description"]
    made = parameters.enter(room, kind, name, source["DBParameterGroupFamily"], text)
    made["values"], made["tags"] = {k: dict(v) for k, v in source["values"].items()}, tags.asked(call)
    return {noun: made}


def modify(world: World, call: Call) -> dict[str, Any]:
    """ModifyDB(Cluster)ParameterGroup: a dynamic parameter may apply at once, a static one waits for a reboot."""
    kind, room = _kind(call), here(world, call)
    found = _changeable(room, kind, call.params[f"{_noun(kind)}Name"])
    _check_number(call)
    at_once: dict[str, str] = {}
    for one in call.params["Parameters"]:
        name, method = one["ParameterName"], one.get("ApplyMethod", "pending-reboot")
        if method == "immediate" and name in STATIC:
            message = f"cannot use immediate apply method for static parameter {name}"
            raise refuse("SB-RDS-22", "InvalidParameterCombination", message)
        found["values"][name] = {"ParameterValue": one["ParameterValue"], "ApplyMethod": method}
        if method == "immediate":
            at_once[name] = one["ParameterValue"]
    _tell(world, call, kind, at_once)
    return {f"{_noun(kind)}Name": found[f"{_noun(kind)}Name"]}


def _changeable(room: Books, kind: str, name: str) -> dict[str, Any]:
    found = parameters.group(room, kind, name)
    if name.startswith("default."):
        raise refuse("SB-RDS-22", "InvalidParameterValue", "Cannot modify a default parameter group.")
    return found


def _check_number(call: Call) -> None:
    if len(call.params.get("Parameters", [])) > _MOST_AT_ONCE:
        message = f"Cannot modify more than {_MOST_AT_ONCE} parameters in a single request"
        raise refuse("SB-RDS-22", "InvalidParameterCombination", message)


def _users(room: Books, kind: str, name: str) -> list[Database]:
    if kind == GROUP:
        return [d for d in room.databases.values() if d.parameter_group == name]
    return [d for d in room.databases.values() if d.cluster and d.cluster.parameter_group == name]


def _tell(world: World, call: Call, kind: str, at_once: dict[str, str]) -> None:
    room, name = here(world, call), call.params[f"{_noun(kind)}Name"]
    for db in _users(room, kind, name):
        was = db.parameters_status
        db.parameters_status = "applying"
        after = (
            "in-sync"
            if at_once and was == "in-sync" and parameters.said(room, db) == {**db.effective, **at_once}
            else "pending-reboot"
        )
        _apply_later(world, call, db, at_once, after)


def _apply_later(world: World, call: Call, db: Database, at_once: dict[str, str], after: str) -> None:
    def applied(at: float) -> None:
        db.effective = {**db.effective, **at_once}
        if db.parameters_status == "applying":
            db.parameters_status = after
        moves.refresh(world, db, at)

    world.later(call, db.id, world.durations.db_parameters_s, applied)


def reset(world: World, call: Call) -> dict[str, Any]:
    """ResetDB(Cluster)ParameterGroup: waits for a reboot."""
    kind, room = _kind(call), here(world, call)
    found = _changeable(room, kind, call.params[f"{_noun(kind)}Name"])
    _check_number(call)
    if call.params.get("ResetAllParameters"):
        found["values"] = {}
    for one in call.params.get("Parameters", []):
        found["values"].pop(one["ParameterName"], None)
    _tell(world, call, kind, {})
    return {f"{_noun(kind)}Name": found[f"{_noun(kind)}Name"]}


def delete(world: World, call: Call) -> dict[str, Any]:
    """DeleteDB(Cluster)ParameterGroup: not a default group, not while it is used."""
    kind, room = _kind(call), here(world, call)
    name = call.params[f"{_noun(kind)}Name"]
    parameters.group(room, kind, name)
    clusters = [c for c in room.clusters.values() if kind == CLUSTER_GROUP and c.parameter_group == name]
    if name.startswith("default.") or clusters or (kind == GROUP and _users(room, kind, name)):
        message = f"One or more database instances are still members of this parameter group {name}, so the group cannot be deleted"
        raise refuse("SB-RDS-09", "InvalidDBParameterGroupState", message)
    del room.book(kind)[name]
    return {}


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeDB(Cluster)ParameterGroups."""
    kind, room = _kind(call), here(world, call)
    asked = call.params.get(f"{_noun(kind)}Name")
    found = [parameters.group(room, kind, asked)] if asked else list(room.book(kind).values())
    page, more = paged(filtered(found, call, {}), call)
    return {f"{_noun(kind)}s": page, **more}


def describe_parameters(world: World, call: Call) -> dict[str, Any]:
    """DescribeDB(Cluster)Parameters: those that have been set; the engine's defaults are not listed."""
    kind, room = _kind(call), here(world, call)
    found = parameters.group(room, kind, call.params[f"{_noun(kind)}Name"])
    known = [
        {"ParameterName": k, "Source": "user", "IsModifiable": True, "ApplyType": _type(k), **v}
        for k, v in found["values"].items()
    ]
    if call.params.get("Source") in ("system", "engine-default"):
        known = []
    page, more = paged(known, call)
    return {"Parameters": page, **more}


def _type(name: str) -> str:
    return "static" if name in STATIC else "dynamic"


OPERATIONS: dict[str, Any] = {}
for _c in ("", "Cluster"):
    OPERATIONS |= {
        f"rds:CreateDB{_c}ParameterGroup": create,
        f"rds:CopyDB{_c}ParameterGroup": copy,
        f"rds:ModifyDB{_c}ParameterGroup": modify,
        f"rds:ResetDB{_c}ParameterGroup": reset,
        f"rds:DeleteDB{_c}ParameterGroup": delete,
        f"rds:DescribeDB{_c}ParameterGroups": describe,
        f"rds:DescribeDB{_c}Parameters": describe_parameters,
    }
