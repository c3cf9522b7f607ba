"""Facts in which every rule is content but those that always have something to say; a test changes what it is about."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sealift.keys import KeyFacts
from sealift.kind import Rule
from sealift.kinds.ebs.facts import AsgFacts, InstanceFacts, Room, VolumeAlone, VolumeFacts
from sealift.options import Options

ACCOUNT, REGION, ZONE = "123456789012", "eu-central-1", "eu-central-1a"
INSTANCE, ROOT, DATA = "i-0aaa", "vol-0root", "vol-0data"
ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234"
OTHER_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/9999"
SURROUNDINGS: dict[str, Any] = {
    "clone_supported": True,
    "encryption_by_default": True,
    "default_key": ARN,
    "alarms": (),
    "selectors": (),
    "selected_by_arn": (),
    "default_policies": (),
    "room": (Room("gp3", "GiB", 51_200, 1_000),),
}


def a_key(**fields: Any) -> KeyFacts:
    """Return an enabled symmetric key of the customer."""
    good = KeyFacts(
        "alias/app", ARN, "Enabled", "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", manager="CUSTOMER", region=REGION,
        bars_by_place=(), pinned=(),
    )  # fmt: skip
    return replace(good, **fields)


def a_volume(id_: str = ROOT, **fields: Any) -> VolumeFacts:
    """Return a plain gp3 root that is well."""
    good = VolumeFacts(
        id_, "in-use", ZONE, "gp3", 8, False, 3000, 125,
        device="/dev/xvda", attachers=(INSTANCE,), auto_enable_io=False, product_codes=(), status="ok",
        io_enabled="passed", initialising=False, modification="none", pending_snapshots=0,
    )  # fmt: skip
    return replace(good, **fields)


def data(**fields: Any) -> VolumeFacts:
    """Return a plain data disk."""
    return a_volume(DATA, **{"device": "/dev/sdf", **fields})


def encrypted(key: str = ARN, **fields: Any) -> VolumeFacts:
    """Return a data disk that is encrypted already."""
    return data(**{"encrypted": True, "kms_key_id": key, **fields})


def an_instance(*volumes: VolumeFacts, **fields: Any) -> InstanceFacts:
    """Return a running instance, with a plain root unless volumes are given."""
    good = InstanceFacts(
        INSTANCE, ACCOUNT, REGION, ZONE, "running", "/dev/xvda", a_key(), volumes or (a_volume(),),
        instance_type="m5.large", instance_store=False, stop_protected=False, shutdown_behaviour="stop", **SURROUNDINGS,
    )  # fmt: skip
    return replace(good, **fields)


def with_root(**fields: Any) -> InstanceFacts:
    """Return a running instance whose root is so."""
    return an_instance(a_volume(**fields))


def with_key(**fields: Any) -> InstanceFacts:
    """Return a running instance and a key that is so."""
    return an_instance(key=a_key(**fields))


def in_group(**fields: Any) -> InstanceFacts:
    """Return a member of an Auto Scaling group of two, at least one."""
    return an_instance(asg=replace(AsgFacts("web", "InService", desired=2, minimum=1), **fields))


def alone(**fields: Any) -> VolumeAlone:
    """Return a plain volume that is attached to nothing."""
    loose = {"device": None, "attachers": (), "state": "available"}
    return VolumeAlone(data(**{**loose, **fields}), ACCOUNT, REGION, a_key(), **SURROUNDINGS)


DONE = an_instance(encrypted())
"""Nothing to move: under the wanted key already."""


@dataclass(frozen=True)
class Case:
    """What a rule says of some facts: a verdict and words of its message, or nothing."""

    sentence: str
    facts: InstanceFacts | VolumeAlone
    verdict: str | None = None
    words: Sequence[str] = ()
    options: Options = Options()  # noqa: RUF009 - frozen
    rule: Rule | None = None

    def __str__(self) -> str:
        assert self.rule
        return f"{self.rule.id} {self.sentence}"

    def hold(self) -> None:
        """Fail unless the rule says so."""
        assert self.rule
        found = self.rule(self.facts, self.options)
        said = found.verdict if found else None
        assert said == self.verdict, found
        for word in self.words:
            assert found is not None
            assert word in found.message, found.message


def of(rule: Rule, *cases: Case) -> list[Case]:
    """Return the cases of a rule."""
    return [replace(case, rule=rule) for case in cases]
