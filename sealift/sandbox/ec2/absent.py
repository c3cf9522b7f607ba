"""Things nobody has in this box, answered as empty lists: locks, Recycle Bins, fast restores."""

from collections.abc import Callable
from typing import Any

from sealift.sandbox.world import Call, World


def _none(member: str) -> Callable[[World, Call], dict[str, Any]]:
    return lambda world, call: {member: []}


OPERATIONS = {
    "ec2:DescribeLockedSnapshots": _none("Snapshots"),
    "ec2:ListSnapshotsInRecycleBin": _none("Snapshots"),
    "ec2:ListVolumesInRecycleBin": _none("Volumes"),
    "ec2:DescribeFastSnapshotRestores": _none("FastSnapshotRestores"),
    "ec2:DescribeReplaceRootVolumeTasks": _none("ReplaceRootVolumeTasks"),
}
