"""Request buckets of EC2 (R-EBS-87), refilled on the box's clock; enforced only when the quotas ask for it."""

from sealift.sandbox.errors import ApiError
from sealift.sandbox.world import Call, World

_BUCKETS = {
    "StartInstances": (5.0, 2.0),
    "CreateVolume": (100.0, 5.0),
    "DeleteVolume": (100.0, 5.0),
    "CreateSnapshot": (100.0, 5.0),
    "CreateSnapshots": (100.0, 5.0),
    "DeleteSnapshot": (100.0, 5.0),
    "CreateTags": (100.0, 10.0),
}
_READS = (100.0, 20.0)
_WRITES = (50.0, 5.0)


class Throttle:
    """Token buckets by account, Region and kind of call."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._left: dict[tuple[str, str, str], tuple[float, float]] = {}

    def draw(self, call: Call) -> None:
        """Take a token, or refuse."""
        if call.service != "ec2" or not self._world.quotas.throttle:
            return
        name = call.operation
        kind = name if name in _BUCKETS else "read" if name.startswith(("Describe", "Get", "List")) else "write"
        most, refill = _BUCKETS.get(kind) or (_READS if kind == "read" else _WRITES)
        key = (call.account, call.region, kind)
        left, since = self._left.get(key, (most, call.at))
        left = min(most, left + (call.at - since) * refill)
        if left < 1:
            self._left[key] = (left, call.at)
            raise ApiError("R-EBS-87", "RequestLimitExceeded", "Request limit exceeded.")
        self._left[key] = (left - 1, call.at)
