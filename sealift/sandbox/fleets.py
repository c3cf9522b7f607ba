"""Ready-made fleets: the demo's six instances, or any number of ordinary ones."""

from moto.core import DEFAULT_ACCOUNT_ID

from sealift.sandbox import kms
from sealift.sandbox.box import Sandbox
from sealift.sandbox.seeding import VolumeSpec

REGION = "eu-central-1"
KEY_ALIAS = "alias/sealift-demo"
FRAGILE_ALIAS = "alias/sealift-fragile"
"""The key that the demo disables between copy and start; pay-1 is to be migrated under it."""

_ROOT = VolumeSpec(device="/dev/xvda", size_gib=8)


def seed(box: Sandbox, fleet: str | int, region: str = REGION) -> dict[str, str]:
    """Put a fleet and its keys into an open box; return instance ids by name. `fleet`: `demo`, or how many."""
    _key(box, region, KEY_ALIAS)
    if isinstance(fleet, int) or fleet.isdigit():
        return _ordinary(box, int(fleet), region)
    if fleet == "empty":
        return {}
    if fleet != "demo":
        raise ValueError(f"There is no fleet {fleet!r}: say 'demo', 'empty' or a number.")
    _key(box, region, FRAGILE_ALIAS)
    return _demo(box, region)


def _key(box: Sandbox, region: str, alias: str) -> None:
    if kms.find(DEFAULT_ACCOUNT_ID, region, alias) is None:
        box.add_key(region, alias)


def _demo(box: Sandbox, region: str) -> dict[str, str]:
    fast = VolumeSpec(device="/dev/sdf", size_gib=200, iops=6000, throughput=250, delete_on_termination=False)
    log = VolumeSpec(device="/dev/sdf", size_gib=50, delete_on_termination=False, tags={"Name": "batch-data"})
    data = VolumeSpec(
        device="/dev/sdf", size_gib=100, type="io2", iops=6000, delete_on_termination=False, tags={"Backup": "daily"}
    )

    def add(name: str, *volumes: VolumeSpec, state: str = "running", asg: str | None = None) -> str:
        return box.add_instance(region, name, volumes=volumes, state=state, asg=asg, tags={"Fleet": "demo"})

    return {
        "web-1": add("web-1", _ROOT),
        "db-1": add("db-1", _ROOT, data),
        "app-1": add("app-1", _ROOT, fast),
        "batch-1": add("batch-1", _ROOT, log, state="stopped"),
        "asg-1": add("asg-1", _ROOT, asg="demo-asg"),
        "pay-1": add("pay-1", _ROOT, VolumeSpec(device="/dev/sdf", size_gib=40, delete_on_termination=False)),
    }


_KINDS = (("gp3", None), ("gp2", None), ("gp3", 6000), ("io2", 4000), ("st1", None))
_SIZES = (20, 100, 250, 500, 125, 60, 30)


def _ordinary(box: Sandbox, count: int, region: str) -> dict[str, str]:
    fleet = {}
    for n in range(1, count + 1):
        kind, iops = _KINDS[n % len(_KINDS)]
        size = _SIZES[n % len(_SIZES)]
        data = VolumeSpec(
            device="/dev/sdf",
            size_gib=max(size, 125 if kind == "st1" else 4),
            type=kind,
            iops=iops,
            delete_on_termination=bool(n % 2),
            tags={"Name": f"data-{n}"},
        )
        root = VolumeSpec(device="/dev/xvda", size_gib=8 if n % 3 else 30, type="gp2" if n % 4 == 0 else "gp3")
        fleet[f"box-{n}"] = box.add_instance(
            region, f"box-{n}", az=region + "abc"[n % 3], volumes=[root, data], tags={"Fleet": "ordinary"}
        )
    return fleet
