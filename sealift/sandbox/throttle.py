"""Request buckets (R-EBS-64, R-EBS-87, SB-EBD-04, SB-RDS-34), refilled on the box's clock; enforced only when the quotas ask for it."""

from collections.abc import Mapping

from sealift.sandbox.errors import ApiError
from sealift.sandbox.world import Call, World

Bucket = tuple[float, float]

_OWN: dict[str, Bucket] = {
    "CopyImage": (100.0, 1.0),
    "CreateLaunchTemplateVersion": (100.0, 5.0),
    "CreateSnapshot": (100.0, 5.0),
    "CreateSnapshots": (100.0, 5.0),
    "CreateTags": (100.0, 10.0),
    "CreateVolume": (100.0, 5.0),
    "DeleteSnapshot": (100.0, 5.0),
    "DeleteVolume": (100.0, 5.0),
    "RunInstances": (5.0, 2.0),
    "StartInstances": (5.0, 2.0),
}
"""EC2 operations with a bucket of their own size."""

_RESOURCES: dict[str, Bucket] = {
    "RunInstances": (1000.0, 2.0),
    "StartInstances": (1000.0, 2.0),
    "StopInstances": (1000.0, 20.0),
    "TerminateInstances": (1000.0, 20.0),
}
"""EC2 operations that also pay a token for each instance."""

_READING = ("Describe", "Download", "Get", "List", "Search")
_READS, _UNFILTERED, _WRITES = (100.0, 20.0), (50.0, 10.0), (50.0, 5.0)
_DIRECT: dict[str, Bucket] = {
    "ListSnapshotBlocks": (50.0, 50.0),
    "ListChangedBlocks": (50.0, 50.0),
    "GetSnapshotBlock": (1000.0, 1000.0),
}
_KEYS: dict[str, Bucket] = {
    "CreateGrant": (50.0, 50.0),
    "DescribeKey": (2000.0, 2000.0),
    "GetKeyPolicy": (1000.0, 1000.0),
    "ListGrants": (100.0, 100.0),
}
_DATABASES: tuple[Bucket, Bucket] = ((60.0, 20.0), (20.0, 5.0))
"""One bucket for all that is read of RDS, one for all that is changed: RDS publishes none, both are guesses."""

_NARROW = ("Filters", "MaxResults", "NextToken")
_WIDE = ("DescribeInstances", "DescribeInstanceStatus", "DescribeSnapshots", "DescribeVolumes", "DescribeVolumeStatus")


class Throttle:
    """Token buckets by account, Region and operation."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._left: dict[tuple[str, str, str], tuple[float, float]] = {}

    def draw(self, call: Call) -> None:
        """Take a token, and one for each instance where that is counted, or refuse."""
        if not self._world.quotas.throttle:
            return
        if call.service == "ec2":
            kind, bucket = _bucket(call)
            self._draw(call, kind, bucket, 1)
            if call.operation in _RESOURCES and not call.params.get("DryRun"):
                self._draw(call, f"{call.operation}/instances", _RESOURCES[call.operation], _count(call))
        elif call.service == "rds":
            kind = "reads" if call.operation.startswith(_READING) else "writes"
            if not self._take(call, f"rds/{kind}", _DATABASES[kind == "writes"], 1):
                raise ApiError("SB-RDS-34", "Throttling", "Rate exceeded")
        elif call.service == "ebs" and not self._let(call, _DIRECT):
            message = "Too many requests for this account."
            raise ApiError("SB-EBD-04", "RequestThrottledException", message, 400, reason="ACCOUNT_THROTTLED")
        elif call.service == "kms" and not self._let(call, _KEYS):
            message = "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."
            raise ApiError("R-EBS-64", "ThrottlingException", message)

    def _let(self, call: Call, table: Mapping[str, Bucket]) -> bool:
        name = call.operation
        return name not in table or self._take(call, f"{call.service}/{name}", table[name], 1)

    def _draw(self, call: Call, kind: str, bucket: Bucket, tokens: int) -> None:
        if not self._take(call, kind, bucket, tokens):
            raise ApiError("R-EBS-87", "RequestLimitExceeded", "Request limit exceeded.")

    def _take(self, call: Call, kind: str, bucket: Bucket, tokens: int) -> bool:
        (most, refill), key = bucket, (call.account, call.region, kind)
        left, since = self._left.get(key, (most, call.at))
        left = min(most, left + (call.at - since) * refill)
        enough = left >= tokens
        self._left[key] = (left - tokens if enough else left, call.at)
        return enough


def _bucket(call: Call) -> tuple[str, Bucket]:
    """Return the bucket's name and size: each operation has one of its own, describes of everything a smaller one."""
    name = call.operation
    if name in _OWN:
        return name, _OWN[name]
    if not name.startswith(_READING):
        return name, _WRITES
    narrowed = any(call.params.get(k) for k in call.params if k in _NARROW or k.endswith("Ids"))
    return (name, _READS) if narrowed or name not in _WIDE else (f"{name}/all", _UNFILTERED)


def _count(call: Call) -> int:
    return int(call.params.get("MaxCount") or len(call.params.get("InstanceIds", [])) or 1)
