"""The kinds of resources that sealift moves, in a list that one can read."""

from sealift.errors import UsageError
from sealift.kind import Kind, Read
from sealift.kinds.aurora import AURORA_CLUSTER
from sealift.kinds.aurora import inventory as clusters
from sealift.kinds.ebs import EBS_INSTANCE, EBS_VOLUME, unit_of
from sealift.kinds.ebs import inventory as volumes
from sealift.kinds.rds import RDS_INSTANCE
from sealift.kinds.rds import inventory as databases
from sealift.surroundings import Surroundings
from sealift.targets import Target

KINDS: tuple[Kind, ...] = (EBS_INSTANCE, EBS_VOLUME, RDS_INSTANCE, AURORA_CLUSTER)

FINDERS = ((volumes.KIND, volumes.find), (databases.KIND, databases.find), (clusters.KIND, clusters.find))
"""How each kind's findings are read: (read, account, region) -> findings, unreadable."""

door = Surroundings
"""A reading door that remembers what is the same for every target of a Region."""

BY_NAME = {kind.name: kind for kind in KINDS}


def named(name: str) -> Kind:
    """Return the kind of that name.

    Raises:
        UsageError: this version has none.

    """
    if name not in BY_NAME:
        raise UsageError(
            f"this version moves no {name!r}, it moves {', '.join(BY_NAME)}", remedy="Make the plan again: sealift plan"
        )
    return BY_NAME[name]


async def resolve(read: Read, target: Target, place: str) -> tuple[Kind, str, str]:
    """Return the kind that moves a target, the id it is moved by, and a note where that is another one."""
    if target.prefix == "volume":
        return await unit_of(read, target.id, place)
    if target.prefix == "rds":
        return RDS_INSTANCE, target.id, ""
    if target.prefix == "aurora":
        return AURORA_CLUSTER, target.id, ""
    return EBS_INSTANCE, target.id, ""
