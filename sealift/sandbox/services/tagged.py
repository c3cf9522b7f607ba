"""GetResources of the tagging service: what has tags, from the box's own records; other services' from moto's."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from moto.ec2.models import ec2_backends
from moto.resourcegroupstaggingapi.models import resourcegroupstaggingapi_backends

from sealift.sandbox.errors import ApiError
from sealift.sandbox.iam.touches import ec2_arn, kind_of
from sealift.sandbox.rds.state import books
from sealift.sandbox.world import Call, World


class Tagged(NamedTuple):
    """A resource with its tags; `kind` as filters have it (`ec2:volume`)."""

    arn: str
    kind: str
    tags: Mapping[str, str]


_OURS = ("ec2:instance", "ec2:volume", "ec2:snapshot", "rds:")


def get(world: World, call: Call) -> dict[str, Any]:
    """GetResources: by tags (all keys, any value of each), kinds and ARNs; what never had a tag is not there."""
    params = call.params
    kinds, arns = params.get("ResourceTypeFilters", []), params.get("ResourceARNList", [])
    found = [
        one
        for one in _all(world, call)
        if one.tags
        and (not arns or one.arn in arns)
        and (not kinds or one.kind in kinds or one.kind.split(":", maxsplit=1)[0] in kinds)
        and all(_meets(one.tags, f) for f in params.get("TagFilters", []))
    ]
    start, most = _offset(params.get("PaginationToken")), params.get("ResourcesPerPage", 50)
    more = base64.urlsafe_b64encode(str(start + most).encode()).decode() if start + most < len(found) else ""
    page = [
        {"ResourceARN": one.arn, "Tags": [{"Key": k, "Value": v} for k, v in one.tags.items()]}
        for one in found[start : start + most]
    ]
    return {"ResourceTagMappingList": page, "PaginationToken": more}


def _meets(tags: Mapping[str, str], wanted: Mapping[str, Any]) -> bool:
    return wanted["Key"] in tags and (not wanted.get("Values") or tags[wanted["Key"]] in wanted["Values"])


def _offset(token: str | None) -> int:
    try:
        return int(base64.urlsafe_b64decode(token)) if token else 0
    except (ValueError, binascii.Error) as error:
        raise ApiError("SB-TAG-01", "PaginationTokenExpiredException", "The token is not valid.") from error


def _all(world: World, call: Call) -> Iterator[Tagged]:
    here, held = world.here(call), ec2_backends[call.account][call.region].tags
    for name in (*here.machines, *here.volumes, *here.snapshots):
        if tags := held.get(name):
            yield Tagged(ec2_arn(call, kind_of(name), name), f"ec2:{kind_of(name)}", tags)
    room = books(world, call.account, call.region)
    for kind, book in (("db", room.databases), ("cluster", room.clusters)):
        for db in book.values():
            yield Tagged(db.arn, f"rds:{kind}", db.tags)
    for kind, shots in (("snapshot", room.snapshots), ("cluster-snapshot", room.cluster_snapshots)):
        for shot in shots.values():
            yield Tagged(shot.arn, f"rds:{kind}", shot.tags)
    moto = resourcegroupstaggingapi_backends[call.account][call.region]
    for one in moto._get_resources_generator():
        if not one.resource_type.startswith(_OURS):
            yield Tagged(one.arn, one.resource_type, one.tags)


OPERATIONS = {"resourcegroupstaggingapi:GetResources": get}
