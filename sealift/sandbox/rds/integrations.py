"""Zero-ETL integrations: what a Blue/Green deployment's source must not have (R-RDS-19)."""

import uuid
from typing import Any

from sealift.sandbox.rds import keys, lookups, tags
from sealift.sandbox.rds.paging import filtered, paged
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import here
from sealift.sandbox.world import Call, World, iso

KIND = "integration"
_SENT = ("SourceArn", "TargetArn", "IntegrationName", "AdditionalEncryptionContext", "DataFilter", "Description")


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateIntegration: of a database of this account and Region, under a name of its own."""
    params, book = call.params, here(world, call).book(KIND)
    find = lookups.cluster if ":cluster:" in params["SourceArn"] else lookups.database
    lookups.check_state(find(world, call, params["SourceArn"]), "SB-RDS-30", "available")
    if any(i.get("IntegrationName") == params["IntegrationName"] for i in book.values()):
        message = f"Integration {params['IntegrationName']} already exists."
        raise refuse("SB-RDS-30", "IntegrationAlreadyExistsFault", message)
    unique = str(uuid.UUID(int=world.rng.getrandbits(128)))
    made: dict[str, Any] = {
        **{k: params[k] for k in _SENT if k in params},
        "IntegrationArn": f"arn:aws:rds:{call.region}:{call.account}:integration:{unique}",
        "KMSKeyId": keys.usable(world, call, params["KMSKeyId"]) if params.get("KMSKeyId") else None,
        "Status": "creating",
        "CreateTime": iso(call.at),
        "tags": tags.asked(call),
    }
    book[unique] = made
    world.later(call, unique, world.durations.integration_s, lambda at: _become(made, "active"))
    return _render(made)


def _become(made: dict[str, Any], status: str) -> None:
    if made["Status"] != "deleting":
        made["Status"] = status


def delete(world: World, call: Call) -> dict[str, Any]:
    """DeleteIntegration: `deleting` for a while; it counts as long as it is there."""
    book, asked = here(world, call).book(KIND), call.params["IntegrationIdentifier"]
    key, found = _find(book, asked)
    if found["Status"] == "deleting":
        raise refuse("SB-RDS-30", "InvalidIntegrationStateFault", f"Integration {asked} is being deleted.")
    found["Status"] = "deleting"
    world.later(call, key, world.durations.integration_delete_s, lambda at: _gone(book, key))
    return _render(found)


def _gone(book: dict[str, dict[str, Any]], key: str) -> None:
    book.pop(key, None)


def _find(book: dict[str, dict[str, Any]], asked: str) -> tuple[str, dict[str, Any]]:
    for key, one in book.items():
        if asked in (key, one.get("IntegrationArn")):
            return key, one
    raise refuse("SB-RDS-30", "IntegrationNotFoundFault", f"Integration {asked} not found.")


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeIntegrations."""
    book, asked = here(world, call).book(KIND), call.params.get("IntegrationIdentifier")
    held = [_find(book, asked)[1]] if asked else list(book.values())
    known = {"source-arn": lambda i: i["SourceArn"], "status": lambda i: i["Status"]}
    page, more = paged([_render(i) for i in filtered(held, call, known)], call)
    return {"Integrations": page, **more}


def _render(made: dict[str, Any]) -> dict[str, Any]:
    return {**{k: v for k, v in made.items() if v is not None}, "Tags": tags.shown(made.get("tags", {}))}


OPERATIONS = {
    "rds:CreateIntegration": create,
    "rds:DeleteIntegration": delete,
    "rds:DescribeIntegrations": describe,
}
