"""DescribeEvents and event subscriptions, which name their sources by identifier."""

from typing import Any

from sealift.sandbox.rds import tags
from sealift.sandbox.rds.paging import filtered, paged
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import here
from sealift.sandbox.world import Call, World, iso

CATEGORIES = {
    "db-instance": ["availability", "backup", "configuration change", "creation", "deletion", "failover", "failure",
                    "maintenance", "notification", "read replica", "recovery", "restoration"],
    "db-cluster": ["configuration change", "creation", "deletion", "failover", "failure", "maintenance", "notification"],
    "db-snapshot": ["creation", "deletion", "notification", "restoration"],
    "db-cluster-snapshot": ["backup", "creation", "deletion", "notification"],
    "db-parameter-group": ["configuration change"],
    "db-security-group": ["configuration change", "failure"],
    "db-proxy": ["configuration change", "creation", "deletion", "failure"],
    "blue-green-deployment": ["creation", "failure", "deletion", "notification", "switchover"],
}  # fmt: skip


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeEvents: of the last hour, or of a span within the last 14 days."""
    params = call.params
    span = 60.0 * params.get("Duration", 60)
    start = params["StartTime"].timestamp() if params.get("StartTime") else call.at - span
    end = params["EndTime"].timestamp() if params.get("EndTime") else call.at
    if params.get("SourceIdentifier") and not params.get("SourceType"):
        message = "SourceType is required with SourceIdentifier."
        raise refuse("SB-RDS-24", "InvalidParameterCombination", message)
    found = [e for e in here(world, call).events if start <= e["Date"].timestamp() <= end]
    for member in ("SourceIdentifier", "SourceType"):
        found = [e for e in found if params.get(member) in (None, e[member])]
    wanted = set(params.get("EventCategories", []))
    found = [e for e in found if not wanted or wanted & set(e["EventCategories"])]
    page, more = paged(found, call)
    return {"Events": page, **more}


def categories(world: World, call: Call) -> dict[str, Any]:
    """DescribeEventCategories."""
    asked = call.params.get("SourceType")
    listed = [{"SourceType": t, "EventCategories": c} for t, c in CATEGORIES.items() if asked in (None, t)]
    return {"EventCategoriesMapList": listed}


def _subscription(world: World, call: Call) -> dict[str, Any]:
    name = call.params["SubscriptionName"]
    found = here(world, call).book("subscription").get(name)
    if found is None:
        raise refuse("SB-RDS-24", "SubscriptionNotFound", f"Subscription {name} not found.")
    return found


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateEventSubscription."""
    params, book = call.params, here(world, call).book("subscription")
    name = params["SubscriptionName"]
    if name in book:
        raise refuse("SB-RDS-24", "SubscriptionAlreadyExist", f"Subscription {name} already exists.")
    if params.get("SourceIds") and not params.get("SourceType"):
        message = "SourceType is required with SourceIds."
        raise refuse("SB-RDS-24", "InvalidParameterCombination", message)
    for source in params.get("SourceIds", []):
        _check_source(world, call, source)
    made = {
        "CustomerAwsId": call.account,
        "CustSubscriptionId": name,
        "SnsTopicArn": params["SnsTopicArn"],
        "Status": "active",
        "SubscriptionCreationTime": iso(call.at).isoformat(),
        "SourceType": params.get("SourceType"),
        "SourceIdsList": list(params.get("SourceIds", [])),
        "EventCategoriesList": list(params.get("EventCategories", [])),
        "Enabled": params.get("Enabled", True),
        "EventSubscriptionArn": f"arn:aws:rds:{call.region}:{call.account}:es:{name}",
        "tags": tags.asked(call),
    }
    book[name] = {k: v for k, v in made.items() if v is not None}
    return {"EventSubscription": book[name]}


def _check_source(world: World, call: Call, source: str) -> None:
    room = here(world, call)
    known = [*room.databases, *room.clusters, *room.snapshots, *room.cluster_snapshots, *room.deployments]
    groups = [room.book(k) for k in ("parameter-group", "cluster-parameter-group", "proxy")]
    if source not in known and not any(source in g for g in groups):
        raise refuse("SB-RDS-24", "SourceNotFound", f"Could not find source {source}")


def modify(world: World, call: Call) -> dict[str, Any]:
    """ModifyEventSubscription."""
    found, params = _subscription(world, call), call.params
    pairs = {
        "SnsTopicArn": "SnsTopicArn",
        "SourceType": "SourceType",
        "EventCategories": "EventCategoriesList",
        "Enabled": "Enabled",
    }
    found.update({member: params[sent] for sent, member in pairs.items() if sent in params})
    return {"EventSubscription": found}


def delete(world: World, call: Call) -> dict[str, Any]:
    """DeleteEventSubscription."""
    found = _subscription(world, call)
    del here(world, call).book("subscription")[call.params["SubscriptionName"]]
    return {"EventSubscription": {**found, "Status": "deleting"}}


def subscriptions(world: World, call: Call) -> dict[str, Any]:
    """DescribeEventSubscriptions."""
    book = here(world, call).book("subscription")
    found = [_subscription(world, call)] if call.params.get("SubscriptionName") else list(book.values())
    page, more = paged(filtered(found, call, {}), call)
    return {"EventSubscriptionsList": page, **more}


def add_source(world: World, call: Call) -> dict[str, Any]:
    """AddSourceIdentifierToSubscription: the source must exist."""
    found, source = _subscription(world, call), call.params["SourceIdentifier"]
    _check_source(world, call, source)
    if source not in found["SourceIdsList"]:
        found["SourceIdsList"].append(source)
    return {"EventSubscription": found}


def remove_source(world: World, call: Call) -> dict[str, Any]:
    """RemoveSourceIdentifierFromSubscription."""
    found, source = _subscription(world, call), call.params["SourceIdentifier"]
    if source not in found["SourceIdsList"]:
        raise refuse("SB-RDS-24", "SourceNotFound", f"Could not find source {source}")
    found["SourceIdsList"].remove(source)
    return {"EventSubscription": found}


OPERATIONS = {
    "rds:DescribeEvents": describe,
    "rds:DescribeEventCategories": categories,
    "rds:CreateEventSubscription": create,
    "rds:ModifyEventSubscription": modify,
    "rds:DeleteEventSubscription": delete,
    "rds:DescribeEventSubscriptions": subscriptions,
    "rds:AddSourceIdentifierToSubscription": add_source,
    "rds:RemoveSourceIdentifierFromSubscription": remove_source,
}
