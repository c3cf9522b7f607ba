"""What the Region may hold beside what it holds: read once for a plan, against the sandbox's quotas (R-EBS-77)."""

import pytest

from sealift.errors import CredentialsLost, Retry
from sealift.kind import NOT_EVALUATED
from sealift.kinds.ebs.facts import Room
from sealift.kinds.ebs.observe import observe_instance, observe_volume
from sealift.kinds.ebs.room import room
from sealift.options import Options
from sealift.sandbox import Quotas, VolumeSpec
from sealift.surroundings import Surroundings
from tests.kinds.conftest import Door, denied, unknown
from tests.kinds.ebs.facts_for_tests import ACCOUNT, REGION, a_volume
from tests.promises.acts import refuse
from tests.world import ACKS, KEY

LISTED, DEFAULTS = "service-quotas:ListServiceQuotas", "service-quotas:ListAWSDefaultServiceQuotas"
DISK = a_volume(size=8)
FAST = a_volume("vol-0io2", type="io2", size=100, iops=5_000)


def quotas(**values):
    return {"Quotas": [{"QuotaCode": "L-" + code, "Value": value} for code, value in values.items()]}


def volumes(*sizes):
    return {"Volumes": [{"VolumeId": f"vol-{n}", "VolumeType": "gp3", "Size": s} for n, s in enumerate(sizes)]}


ONE_TIB = quotas(**{"7A658B76": 1.0})


def a_door(listed=ONE_TIB, defaults=ONE_TIB, described=volumes(500, 516)):  # noqa: B008 - never changed
    return Door({LISTED: listed, DEFAULTS: defaults, "ec2:DescribeVolumes": described})


async def test_quota_and_use_of_the_sandbox_are_read(box, read):
    """Both kinds read what the account may have of the types that move, and what all volumes of these types take."""
    box.world.quotas = Quotas(storage_tib_gp3=2, storage_tib_io2=1, iops_io2=20_000)
    web = box.add_instance(
        REGION,
        "web",
        volumes=[VolumeSpec(size_gib=8), VolumeSpec(device="/dev/sdf", size_gib=100, type="io2", iops=5_000)],
    )
    loose = box.add_volume(region=REGION, size_gib=30)

    whole = await observe_instance(Surroundings(read), ACCOUNT, REGION, web, Options(key="alias/app"))
    part = await observe_volume(Surroundings(read), ACCOUNT, REGION, loose, Options(key="alias/app"))

    gp3 = Room("gp3", "GiB", 2048, 38)
    assert whole.room == (gp3, Room("io2", "GiB", 1024, 100), Room("io2", "IOPS", 20_000, 5_000))
    assert part.room == (gp3,)


async def test_many_targets_list_the_region_once():
    """One listing of the quotas and one of the volumes of a type, for all targets of a plan."""
    door = a_door()
    plan = Surroundings(door)

    for _ in range(3):
        await room(plan, [DISK])

    asked = [c.operation for c in door.asked if c.params.get("IncludeManagedResources", True)]
    assert sorted(set(asked)) == ["ec2:DescribeVolumes", DEFAULTS, LISTED]
    assert [door.times(o) for o in ("ec2:DescribeVolumes", LISTED, DEFAULTS)] == [1, 1, 1]


async def test_the_volumes_of_a_region_are_asked_for_by_type_in_pages():
    """Of 10,000 volumes only those of the types that move are read (R-EBS-84)."""
    door = a_door()

    await room(Surroundings(door), [DISK])

    (listing,) = [c.params for c in door.asked if c.operation == "ec2:DescribeVolumes"]
    assert listing["Filters"] == [{"Name": "volume-type", "Values": ["gp3"]}]
    assert listing["MaxResults"] == 500


async def test_a_look_at_one_target_lists_no_region():
    """At the gate there is no door that remembers: the plan has judged the room."""
    door = a_door()

    assert await room(door, [DISK]) == ()
    assert door.asked == []


async def test_nothing_is_read_where_nothing_moves():
    """No volume, no quota."""
    door = a_door()

    assert await room(Surroundings(door), []) == ()
    assert door.asked == []


async def test_what_fits_is_counted_for_the_next_target():
    """1,016 of 1,024 GiB are used: the first 8 fit, the next do not, and what does not fit takes nothing from others."""
    plan = Surroundings(a_door())

    first, second = await room(plan, [DISK]), await room(plan, [DISK])
    third = await room(plan, [a_volume(size=1)])

    assert first == (Room("gp3", "GiB", 1024, 1016),)
    assert second == third == (Room("gp3", "GiB", 1024, 1016, planned=8),)


async def test_a_quota_that_was_never_applied_is_awss_default():
    """ListServiceQuotas leaves out what has no applied value; what it has wins over the default."""
    applied, default = quotas(**{"09BD8365": 2.0}), quotas(**{"09BD8365": 20.0, "8D977E7E": 100_000.0})
    described = {"Volumes": [{"VolumeType": "io2", "Size": 100, "Iops": 5_000}]}

    found = await room(Surroundings(a_door(applied, default, described)), [FAST])

    assert found == (Room("io2", "GiB", 2048, 100), Room("io2", "IOPS", 100_000, 5_000))


@pytest.mark.parametrize("error", [denied, unknown])
@pytest.mark.parametrize("operation", [LISTED, "ec2:DescribeVolumes"])
async def test_what_is_denied_is_absent(error, operation):
    """No quota or no use, no fact: the rule says *not evaluated*, and the plan goes on."""
    door = a_door()
    door.answers[operation] = error(operation)

    assert await room(Surroundings(door), [DISK]) == ()


async def test_without_awss_defaults_what_is_applied_counts():
    """Each reading is optional."""
    found = await room(Surroundings(a_door(defaults=denied(DEFAULTS))), [DISK])

    assert found == (Room("gp3", "GiB", 1024, 1016),)


async def test_lost_credentials_are_not_a_lack_of_rights():
    """No further read will work."""
    lost = CredentialsLost("expired", operation="ec2:DescribeVolumes", retry=Retry.FATAL)

    with pytest.raises(CredentialsLost):
        await room(Surroundings(a_door(described=lost)), [DISK])


async def test_a_plan_for_more_than_the_region_holds_is_refused_before_anything_starts(world):
    """Two instances and room for one replacement: the first is planned, the second is refused with the figures."""
    names = [world.instance(name=name) for name in ("a", "b")]
    world.box.world.quotas = Quotas(storage_tib_gp3=(16 + 8) / 1024)

    plans = await world.act(world.driver.plan(names, Options(key=KEY, acks=ACKS)))
    moved = [await world.act(world.driver.migrate(p, approved_by="a test")) for p in plans]

    assert [m.exit_code for m in moved] == [0, 4]
    said = "8 GiB of gp3 do not fit beside 16 in use and 8 planned before in this run: the quota of 24 in eu-central-1"
    assert said in moved[1].message
    assert world.power(names[1]) == "running"


async def test_the_gate_lists_no_region(world):
    """Plan, start, gate: the volumes of the Region are listed once, for the plan."""
    plan = await world.plan(world.instance())

    await world.act(world.driver.migrate(plan, approved_by="a test"))

    listings = [f for e in world.box.log for f in e.params.get("Filters", ()) if f.get("Name") == "volume-type"]
    assert len(listings) == 1


@pytest.mark.parametrize("operation", ["service-quotas:ListServiceQuotas", "kms:GetKeyPolicy"])
async def test_a_denied_reading_keeps_nobody_from_a_plan(world, operation):
    """It is said as *not evaluated*, with what to allow, and the migration runs."""
    refuse(world, operation, "AccessDeniedException", times=None)

    plan = await world.plan(world.instance())
    moved = await world.act(world.driver.migrate(plan, approved_by="a test"))

    (said, *_) = [v for v in plan.rules if v.id in ("R-EBS-77", "R-EBS-57")]
    assert (said.verdict, moved.exit_code) == (NOT_EVALUATED, 0)
    assert operation.replace("service-quotas", "servicequotas") in said.message
