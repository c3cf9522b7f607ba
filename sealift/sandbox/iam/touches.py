"""How a request's parameters name what it touches: the words in which `ec2_actions` and `other_actions` are written.

A *touch* turns a call into questions without action: the ARN of a resource and what is known of it. Resources that are
about to be made have no id yet: their ARN ends in `/*`, and only they carry the tags of the request.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from sealift.sandbox.ec2 import tagging
from sealift.sandbox.world import Call, World

Facts = dict[str, Any]


class Touched(NamedTuple):
    """A resource and its condition keys."""

    arn: str
    facts: Facts


Touch = Callable[[World, Call], Iterator[Touched]]

_OWNERLESS = ("snapshot", "image")
_PREFIXES = {"vol": "volume", "snap": "snapshot", "i": "instance", "ami": "image", "cr": "capacity-reservation"}
_PREFIXES |= {"subnet": "subnet", "sg": "security-group", "eni": "network-interface", "vpc": "vpc"}


def ec2_arn(call: Call, kind: str, name: str, region: str | None = None) -> str:
    """Return an EC2 ARN; snapshots and images have no account in theirs."""
    return f"arn:aws:ec2:{region or call.region}:{'' if kind in _OWNERLESS else call.account}:{kind}/{name}"


def kind_of(resource: str) -> str:
    """Return the kind of thing that an EC2 id names."""
    return _PREFIXES.get(resource.split("-", maxsplit=1)[0], "resource")


def at(params: Mapping[str, Any], path: str) -> list[Any]:
    """Return all values at a dotted path, through lists."""
    found: list[Any] = [params]
    for part in path.split("."):
        found = [v[part] for v in found if isinstance(v, Mapping) and part in v]
        found = [one for v in found for one in (v if isinstance(v, list) else [v])]
    return found


def old(path: str, kind: str | None = None) -> Touch:
    """Name what exists, by the ids at a path."""

    def touch(world: World, call: Call) -> Iterator[Touched]:
        for name in at(call.params, path):
            yield existing(world, call, str(name), kind)

    return touch


def new(kind: str, **keys: str) -> Touch:
    """Name something to be made; `keys` are EC2 condition keys by the parameter that sets them."""

    def touch(world: World, call: Call) -> Iterator[Touched]:
        facts: Facts = {f"ec2:{k}": at(call.params, path)[0] for k, path in keys.items() if at(call.params, path)}
        yield Touched(ec2_arn(call, kind, "*"), {**facts, **requested(tags_for(call, kind))})

    return touch


def existing(world: World, call: Call, name: str, kind: str | None = None) -> Touched:
    """Name one thing that exists, with its tags; one that does not exist has none."""
    kind = kind or kind_of(name)
    region = call.params.get("SourceRegion") if kind == "snapshot" else None
    record = _record(world, call, name, region or call.region)
    owner = getattr(record, "account", call.account)
    tags = {t["Key"]: t["Value"] for t in tagging.shown(owner, region or call.region, name)} if owner else {}
    facts: Facts = {f"{prefix}:ResourceTag/{k}": v for k, v in tags.items() for prefix in ("aws", "ec2")}
    return Touched(ec2_arn(call, kind, name, region), {**facts, "aws:ResourceAccount": owner, **_known(record)})


def _record(world: World, call: Call, name: str, region: str) -> Any:
    here = world.region(call.account, region)
    found = here.volumes.get(name) or here.snapshots.get(name) or here.machines.get(name)
    if found or not name.startswith("snap-"):
        return found
    return next((b.snapshots[name] for b in world.regions.values() if name in b.snapshots), None)


def _known(record: Any) -> Facts:
    kind = type(record).__name__
    if kind == "Volume":
        return {
            "ec2:VolumeID": record.id,
            "ec2:VolumeSize": record.size,
            "ec2:VolumeType": record.type,
            "ec2:VolumeIops": record.iops,
            "ec2:VolumeThroughput": record.throughput,
            "ec2:Encrypted": record.encrypted,
            "ec2:AvailabilityZone": record.zone,
            "ec2:ParentSnapshot": record.snapshot_id,
        }
    if kind == "Snapshot":
        return {
            "ec2:SnapshotID": record.id,
            "ec2:Owner": record.account,
            "ec2:Encrypted": record.encrypted,
            "ec2:VolumeSize": record.size,
            "ec2:ParentVolume": record.volume_id,
        }
    if kind == "Machine":
        return {
            "ec2:InstanceID": record.id,
            "ec2:InstanceType": record.moto.instance_type,
            "ec2:AvailabilityZone": record.zone,
            "ec2:RootDeviceType": record.moto.root_device_type,
        }
    return {}


def tags_for(call: Call, kind: str) -> dict[str, str]:
    """Return the tags that a request puts on a new thing of this kind."""
    specs = [s for s in call.params.get("TagSpecifications", []) if s.get("ResourceType") == kind]
    return {t["Key"]: t.get("Value", "") for s in specs for t in s.get("Tags", [])}


def requested(tags: Mapping[str, str]) -> Facts:
    """Return aws:RequestTag and aws:TagKeys; no tags, no keys."""
    if not tags:
        return {}
    return {**{f"aws:RequestTag/{k}": v for k, v in tags.items()}, "aws:TagKeys": list(tags)}
