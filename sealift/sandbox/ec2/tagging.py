"""Tags of EC2 resources, kept in moto's own book so that all services see the same ones."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

from moto.ec2.models import ec2_backends

from sealift.sandbox.errors import ApiError
from sealift.sandbox.paging import filtered, page_of, plain_values
from sealift.sandbox.world import Call, World

_KINDS = {"i": "instance", "vol": "volume", "snap": "snapshot", "cr": "capacity-reservation", "ami": "image"}
_KINDS |= {"replacevol": "replace-root-volume-task"}


_MOST_RESOURCES = 1000
_LONGEST_KEY = 128
_LONGEST_VALUE = 256


class _Tagged(Protocol):
    id: str
    visible: float


_T = TypeVar("_T", bound=_Tagged)


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


def asked(world: World, call: Call, kind: str) -> dict[str, str]:
    """Return the tags that a call asks for one of the kinds of things that it makes, or refuse them."""
    specs = [s for s in call.params.get("TagSpecifications", []) if s.get("ResourceType") == kind]
    tags = {t["Key"]: t.get("Value", "") for s in specs for t in s.get("Tags", [])}
    check(world, tags)
    return tags


def check(world: World, new: Mapping[str, str], old: Mapping[str, str] | None = None) -> None:
    """Refuse reserved keys, keys and values of a wrong length, and too many tags."""
    for key, value in new.items():
        if not 0 < len(key) <= _LONGEST_KEY:
            message = f"Tag key must be between 1 and {_LONGEST_KEY} characters long."
            raise ApiError("R-EBS-10", "InvalidParameterValue", message)
        if len(value) > _LONGEST_VALUE:
            message = f"Tag value exceeds the maximum length of {_LONGEST_VALUE} characters."
            raise ApiError("R-EBS-10", "InvalidParameterValue", message)
        if key.lower().startswith("aws:"):
            message = f"Value ( {key} ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved."
            raise ApiError("R-EBS-10", "InvalidParameterValue", message)
    if len([k for k in {**(old or {}), **new} if not k.startswith("aws:")]) > world.quotas.tags_per_resource:
        most = world.quotas.tags_per_resource
        raise ApiError("R-EBS-10", "TagLimitExceeded", f"A resource may have at most {most} tags.")


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateTags: all resources or none."""
    new = {t["Key"]: t.get("Value", "") for t in call.params.get("Tags", [])}
    if len(call.params.get("Resources", [])) > _MOST_RESOURCES:
        message = f"A call takes at most {_MOST_RESOURCES} resources."
        raise ApiError("R-EBS-85", "InvalidParameterValue", message)
    books = [_known(world, call, r) for r in call.params.get("Resources", [])]
    for old in books:
        check(world, new, old)
    for old, resource in zip(books, call.params.get("Resources", []), strict=True):
        _remember(world, call, resource, old)
        old.update(new)
    return {}


def _remember(world: World, call: Call, resource: str, before: Mapping[str, str]) -> None:
    """Note what filters by tag still see of a resource for a while."""
    if world.durations.tags_visible_s:
        seen = _unseen(world, call)
        until, older = seen.get(resource, (0.0, {}))
        seen[resource] = (call.at + world.durations.tags_visible_s, older if call.at < until else dict(before))


def _unseen(world: World, call: Call) -> dict[str, tuple[float, dict[str, str]]]:
    found: Any = world.rooms.setdefault(("ec2-tags", call.account, call.region), {})
    return found  # type: ignore[no-any-return]


def searched(world: World, call: Call, things: list[_T]) -> list[_T]:
    """Leave out what filters by tag do not see yet: new things and new tags come late to them (R-EBS-90)."""
    late = world.durations.tags_visible_s
    asked = [f for f in call.params.get("Filters", []) if f["Name"].startswith("tag")]
    if not late or not asked:
        return things
    seen = _unseen(world, call)

    def there(thing: _T) -> bool:
        until, tags = seen.get(thing.id, (0.0, {}))
        if call.at >= until:
            return thing.visible == 0.0 or call.at >= thing.visible - world.durations.visible_s + late
        listed = {"Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}
        return bool(filtered([listed], {"Filters": asked}, {}))

    return [t for t in things if there(t)]


def seen(world: World, call: Call, things: list[_T]) -> list[_T]:
    """Leave out what a service manages and hides, unless it is asked for (R-EBS-04)."""
    if call.params.get("IncludeManagedResources") or not world.overlays:
        return things
    return [t for t in things if not world.overlays.get(t.id, {}).get("Operator", {}).get("HiddenByDefault")]


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


class _Tag(NamedTuple):
    """One tag of one resource, with its place in the list."""

    seq: int
    resource: str
    key: str
    value: str


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeTags."""
    paths = {"key": "Key", "value": "Value", "resource-id": "ResourceId", "resource-type": "ResourceType"}
    page, more = page_of(_tags(call), _show, call.params, paths, "-")
    return {"Tags": page, **more}


def _tags(call: Call) -> Iterator[_Tag]:
    books, number = ec2_backends[call.account][call.region].tags, itertools.count(1)
    ids = plain_values(call.params, "resource-id")
    for resource in books if ids is None else [i for i in ids if i in books]:
        for key, value in books[resource].items():
            yield _Tag(next(number), resource, key, value)


def _show(tag: _Tag) -> dict[str, str]:
    kind = _KINDS.get(tag.resource.split("-", maxsplit=1)[0], "")
    return {"Key": tag.key, "Value": tag.value, "ResourceId": tag.resource, "ResourceType": kind}


OPERATIONS = {"ec2:CreateTags": create, "ec2:DeleteTags": delete, "ec2:DescribeTags": describe}
