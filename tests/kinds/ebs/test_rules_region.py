"""The rules about account and Region, and those that refuse a route, each from both sides. The cases are the specification."""

from dataclasses import replace

import pytest

from sealift.kind import BLOCK, NOT_EVALUATED, WARN
from sealift.kinds.ebs.facts import Room
from sealift.kinds.ebs.rules import region, route
from sealift.options import Options
from tests.kinds.ebs.facts_for_tests import (
    ARN,
    DONE,
    OTHER_ARN,
    REGION,
    ROOT,
    Case,
    a_volume,
    alone,
    an_instance,
    of,
    with_root,
)

LARGE = {"type": "io2", "size": 20_000}
TWO = an_instance(a_volume(), a_volume("vol-0b", device="/dev/sdb"))
MANY = an_instance(*(a_volume(f"vol-{n}", device=f"/dev/sd{n}") for n in range(21)))


def _in_room(*rooms, volumes=()):
    return an_instance(*volumes, room=rooms)


FAST = a_volume(type="io2", size=100, iops=5_000)

CASES = [
    *of(
        region.has_room,
        Case("takes what fits beside what is there", an_instance()),
        Case("takes the last GiB", _in_room(Room("gp3", "GiB", 1024, 1016))),
        Case(
            "refuses one GiB too many, with the figures",
            _in_room(Room("gp3", "GiB", 1024, 1017)),
            BLOCK,
            ["8 GiB of gp3", "1017 in use", "1024", REGION, "L-7A658B76"],
        ),
        Case(
            "counts the targets planned before it",
            _in_room(Room("gp3", "GiB", 1024, 1000, 17)),
            BLOCK,
            ["1000 in use and 17 planned before"],
        ),
        Case(
            "adds up its volumes", an_instance(*TWO.volumes, room=(Room("gp3", "GiB", 1024, 1010),)), BLOCK, ["16 GiB"]
        ),
        Case("does not count what is encrypted", an_instance(*DONE.volumes, room=(Room("gp3", "GiB", 1, 1),))),
        Case(
            "counts IOPS of io2 too",
            _in_room(Room("io2", "GiB", 20_480, 0), Room("io2", "IOPS", 100_000, 95_001), volumes=(FAST,)),
            BLOCK,
            ["5000 IOPS of io2", "L-8D977E7E"],
        ),
        Case(
            "takes IOPS that fit",
            _in_room(Room("io2", "GiB", 20_480, 0), Room("io2", "IOPS", 100_000, 95_000), volumes=(FAST,)),
        ),
        Case(
            "says what was not read",
            _in_room(Room("io2", "GiB", 20_480, 0), volumes=(FAST,)),
            NOT_EVALUATED,
            ["io2 (IOPS)", "ListServiceQuotas"],
        ),
        Case("judges a volume alone", replace(alone(), room=(Room("gp3", "GiB", 8, 8),)), BLOCK, ["8 GiB of gp3"]),
    ),
    *of(
        region.alarms,
        Case("is content without alarms", an_instance()),
        Case("names alarms on the volumes", an_instance(alarms=("queue-length",)), WARN, ["queue-length"]),
        Case("says when alarms were not read", an_instance(alarms=None), NOT_EVALUATED, ["cloudwatch:DescribeAlarms"]),
    ),
    *of(
        region.backups,
        Case("is content where backups select by tag", an_instance(selectors=("Backup",))),
        Case("names selections by ARN", an_instance(selected_by_arn=("daily/db",)), WARN, ["daily/db"]),
        Case("names default policies", an_instance(default_policies=("policy-1",)), WARN, ["policy-1"]),
        Case("says which service was not read", an_instance(unread=("dlm",)), NOT_EVALUATED, ["dlm:GetLifecyclePolic"]),
    ),
    *of(
        region.default_key,
        Case("takes the wanted key as default", an_instance()),
        Case("takes the wanted key by its bare id", an_instance(default_key=ARN.rsplit("/", 1)[1])),
        Case("warns of another default key", an_instance(default_key=OTHER_ARN), WARN, [OTHER_ARN]),
        Case(
            "does not mind the key of a default that is off",
            an_instance(encryption_by_default=False, default_key=OTHER_ARN),
        ),
        Case(
            "says when the default was not read", an_instance(encryption_by_default=None), NOT_EVALUATED, ["ec2:GetEbs"]
        ),
    ),
    *of(
        region.default_is_on,
        Case("takes a default that is on", an_instance()),
        Case("warns of a default that is off", an_instance(encryption_by_default=False), WARN, ["sealift guard"]),
        Case("says when the default was not read", an_instance(encryption_by_default=None), NOT_EVALUATED),
    ),
    *of(
        region.default_and_way_back,
        Case("warns of restores where the default is on", an_instance(), WARN, ["encrypted"]),
        Case("has nothing to warn of where it is off", an_instance(encryption_by_default=False)),
    ),
    *of(
        region.plain_snapshots,
        Case("names the plain snapshots that it makes", an_instance(), WARN, [ROOT, "finalize"]),
        Case("makes none where nothing moves", DONE),
    ),
    *of(
        route.clones_known,
        Case("takes a Region that knows clones", an_instance()),
        Case("refuses one that does not", an_instance(clone_supported=False), BLOCK, ["CopyVolumes", "snapshot route"]),
        Case("says when it was not probed", an_instance(clone_supported=None), NOT_EVALUATED, ["not probed"]),
    ),
    *of(
        route.clones_here,
        Case("clones in a Local Zone", an_instance(zone_type="local-zone")),
        Case("does not clone in a Wavelength Zone", an_instance(zone_type="wavelength-zone"), BLOCK, [ROOT]),
        Case("does not clone on an Outpost", with_root(outpost="arn:aws:outposts:x"), BLOCK, [ROOT]),
    ),
    *of(
        route.hydrated,
        Case("clones what is there in full", an_instance()),
        Case("does not clone what still initialises", with_root(initialising=True), BLOCK, [ROOT]),
        Case("says when that was not read", with_root(initialising=None), NOT_EVALUATED, [ROOT]),
    ),
    *of(
        route.slots,
        Case("has a slot for each volume", TWO, None, [], Options(clone_slots=2)),
        Case(
            "does not clone more volumes than there are slots",
            TWO,
            BLOCK,
            ["2 volumes", "has 1"],
            Options(clone_slots=1),
        ),
    ),
    *of(
        route.not_too_large,
        Case("makes volumes of ordinary size", with_root(type="io2", size=16_384, iops=64_000)),
        Case("does not make a large io2 of a plain snapshot", with_root(**LARGE), BLOCK, ["20000 GiB", "copy route"]),
        Case("counts IOPS too", with_root(type="io2", iops=64_001), BLOCK, ["64001"]),
        Case("does not mind a large gp3", with_root(size=20_000)),
    ),
    *of(
        route.not_too_large_to_clone,
        Case("does not clone a large io2 unasked", with_root(**LARGE), BLOCK, ["--route clone"]),
        Case("clones it when asked to", with_root(**LARGE), None, [], Options(route="clone")),
    ),
    *of(
        route.copies_at_once,
        Case("copies up to twenty snapshots at once", TWO),
        Case("does not copy more at once", MANY, BLOCK, ["21", "20"]),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_rule_about_the_region_or_a_route(case):
    case.hold()
