"""One recorded example for each kind: facts as sealift would read them, from which pages show recipes.

A kind that has no example here fails `make docs`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sealift.keys import KeyFacts
from sealift.kind import Kind, Route
from sealift.kinds import KINDS
from sealift.kinds.ebs.facts import AsgFacts, InstanceFacts, Room, VolumeAlone, VolumeFacts
from sealift.options import Options
from sealift.step import Output, Step

ACCOUNT, REGION, ZONE = "111122223333", "eu-central-1", "eu-central-1a"
INSTANCE, ROOT, DATA = "i-0aaaaaaaaaaaaaaaa", "vol-0aaaaaaaaaaaaaaaa", "vol-0bbbbbbbbbbbbbbbb"

KEY = KeyFacts(
    wanted="alias/app",
    arn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555",
    state="Enabled",
    spec="SYMMETRIC_DEFAULT",
    usage="ENCRYPT_DECRYPT",
    manager="CUSTOMER",
    region=REGION,
    bars_by_place=(),
    pinned=(),
)
READ: dict[str, Any] = {
    "auto_enable_io": False,
    "product_codes": (),
    "status": "ok",
    "io_enabled": "passed",
    "initialising": False,
    "modification": "none",
    "pending_snapshots": 0,
}
AROUND: dict[str, Any] = {
    "clone_supported": True,
    "encryption_by_default": True,
    "default_key": KEY.arn,
    "alarms": (),
    "selectors": (),
    "selected_by_arn": (),
    "default_policies": (),
    "room": (Room("gp3", "GiB", quota=51_200, used=2_000),),
}
ROOT_VOLUME = VolumeFacts(
    id=ROOT, state="in-use", zone=ZONE, type="gp3", size=20, encrypted=False, iops=3000, throughput=125,
    tags=(("Name", "web-1"),), device="/dev/xvda", delete_on_termination=True, attachers=(INSTANCE,), **READ,
)  # fmt: skip
DATA_VOLUME = VolumeFacts(
    id=DATA, state="in-use", zone=ZONE, type="gp3", size=100, encrypted=False, iops=3000, throughput=125,
    tags=(("Name", "web-1 data"),), device="/dev/sdf", attachers=(INSTANCE,), **READ,
)  # fmt: skip
WEB = InstanceFacts(
    id=INSTANCE, account=ACCOUNT, region=REGION, zone=ZONE, state="running", root_device="/dev/xvda", key=KEY,
    volumes=(ROOT_VOLUME, DATA_VOLUME), instance_type="m7i.large", instance_store=False, stop_protected=False,
    shutdown_behaviour="stop", launch_time="2027-01-10T08:00:00+00:00", **AROUND,
)  # fmt: skip
LOOSE = VolumeAlone(
    volume=replace(DATA_VOLUME, device=None, attachers=(), state="available"),
    account=ACCOUNT, region=REGION, key=KEY, **AROUND,
)  # fmt: skip

OPTIONS = Options(key="alias/app")
GROUP = AsgFacts("web", "InService", desired=2, minimum=1)


@dataclass(frozen=True)
class Example:
    """A target of a kind: what it is, in words, its facts, and what differs with other facts or options."""

    says: str
    target: str
    facts: Any
    variants: tuple[tuple[str, Any, Options], ...] = ()


EXAMPLES: dict[str, Example] = {
    "ebs-instance": Example(
        "A running instance with a plain root volume and a plain data volume.",
        INSTANCE,
        WEB,
        (
            ("the instance was stopped", replace(WEB, state="stopped"), OPTIONS),
            ("`--asg standby`", replace(WEB, asg=GROUP), replace(OPTIONS, asg="standby")),
            ("`--asg suspend`", replace(WEB, asg=GROUP), replace(OPTIONS, asg="suspend")),
            ("`--reserve-capacity`", WEB, replace(OPTIONS, reserve_capacity=True)),
            ("`--quiesce` and `--after`", WEB, replace(OPTIONS, quiesce="./drain", after="./fill")),
            ("`--state s3://bucket/sealift`", WEB, replace(OPTIONS, state_url="s3://bucket/sealift")),
            ("`--selector-tag Name`", WEB, replace(OPTIONS, selector_tags=("Name",))),
            (
                "AutoEnableIO is on",
                replace(WEB, volumes=(ROOT_VOLUME, replace(DATA_VOLUME, auto_enable_io=True))),
                OPTIONS,
            ),
        ),
    ),
    "ebs-volume": Example("A plain volume that is attached to nothing.", DATA, LOOSE),
}


def of(kind: Kind) -> Example:
    """Return a kind's example.

    Raises:
        LookupError: it has none yet.

    """
    if kind.name not in EXAMPLES:
        raise LookupError(f"the kind {kind.name} has no example in docs/pages/examples.py")
    return EXAMPLES[kind.name]


def recipes() -> Iterator[tuple[Kind, Route, tuple[Step, ...]]]:
    """Yield the recipe of every kind and route, all variants included."""
    for kind in KINDS:
        example = of(kind)
        for route in kind.routes:
            for _, facts, options in (("", example.facts, OPTIONS), *example.variants):
                yield kind, route, route.recipe(facts, options)


def outputs_of(steps: tuple[Step, ...]) -> dict[str, Output]:
    """Return what the steps would have left, as `{step.Output}`."""
    return {s.key: {name: f"{{{s.key}.{name}}}" for name in s.outputs} for s in steps}
