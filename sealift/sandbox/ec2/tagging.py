"""Tags of EC2 resources, kept in moto's own book so that all services see the same ones."""

from collections.abc import Mapping
from typing import Any

from moto.ec2.models import ec2_backends

from sealift.sandbox.errors import ApiError
from sealift.sandbox.paging import filtered, paged
from sealift.sandbox.world import Call, World

_KINDS = {"i": "instance", "vol": "volume", "snap": "snapshot", "cr": "capacity-reservation", "ami": "image"}


def book(account: str, region: str, resource: str) -> dict[str, str]:
    """Return the live tags of a resource."""
    return ec2_backends[account][region].tags[resource]  # type: ignore[no-any-return]


def shown(account: str, region: str, resource: str) -> list[dict[str, str]]:
    """Return tags as replies have them."""
    tags = ec2_backends[account][region].tags.get(resource, {})
    return [{"Key": k, "Value": v} for k, v in tags.items()]


def requested(call: Call, kind: str) -> dict[str, str]:
    """Return the tags asked for at creation, or refuse them."""
    tags: dict[str, str] = {}
    for spec in call.params.get("TagSpecifications", []):
        if spec.get("ResourceType") != kind:
            message = f"'{spec.get('ResourceType')}' is not a valid taggable resource type for this operation."
            raise ApiError("R-EBS-10", "InvalidParameterValue", message)
        tags |= {t["Key"]: t.get("Value", "") for t in spec.get("Tags", [])}
    return tags


def check(world: World, new: Mapping[str, str], old: Mapping[str, str] | None = None) -> None:
    """Refuse reserved keys and too many tags."""
    for key in new:
        if key.lower().startswith("aws:"):
            message = f"Value ( {key} ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved."
            raise ApiError("R-EBS-10", "InvalidParameterValue", message)
    if len([k for k in {**(old or {}), **new} if not k.startswith("aws:")]) > world.quotas.tags_per_resource:
        most = world.quotas.tags_per_resource
        raise ApiError("R-EBS-10", "TagLimitExceeded", f"A resource may have at most {most} tags.")


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateTags: all resources or none."""
    new = {t["Key"]: t.get("Value", "") for t in call.params.get("Tags", [])}
    books = [_known(world, call, r) for r in call.params.get("Resources", [])]
    for old in books:
        check(world, new, old)
    for old in books:
        old.update(new)
    return {}


def delete(world: World, call: Call) -> dict[str, Any]:
    """DeleteTags: a tag given with a value goes only if it has that value; no tags at all means all of them."""
    for resource in call.params.get("Resources", []):
        tags = _known(world, call, resource)
        doomed = call.params.get("Tags") or [{"Key": k} for k in tags if not k.startswith("aws:")]
        for tag in doomed:
            if "Value" not in tag or tags.get(tag["Key"]) == tag["Value"]:
                tags.pop(tag["Key"], None)
    return {}


def _known(world: World, call: Call, resource: str) -> dict[str, str]:
    here, prefix = world.here(call), resource.split("-", maxsplit=1)[0]
    if prefix == "vol":
        world.volume(call, resource)
    elif prefix == "snap":
        world.snapshot(call, resource)
    elif prefix == "i":
        world.machine(call, resource)
    elif prefix == "cr" and resource not in here.reservations:
        raise ApiError("SB-VOL-06", "InvalidCapacityReservationId.NotFound", f"{resource} does not exist")
    return book(call.account, call.region, resource)


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeTags."""
    rendered = [
        {"Key": k, "Value": v, "ResourceId": resource, "ResourceType": _KINDS.get(resource.split("-")[0], "")}
        for resource, tags in ec2_backends[call.account][call.region].tags.items()
        for k, v in tags.items()
    ]
    paths = {"key": "Key", "value": "Value", "resource-id": "ResourceId", "resource-type": "ResourceType"}
    page, more = paged(filtered(rendered, call.params, paths), call.params, "-")
    return {"Tags": page, **more}


OPERATIONS = {"ec2:CreateTags": create, "ec2:DeleteTags": delete, "ec2:DescribeTags": describe}
