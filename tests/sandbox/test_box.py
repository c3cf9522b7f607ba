"""The box itself: its records, its chance, what a test may have it show, and that boxes are apart."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError
from hypothesis import given
from hypothesis import strategies as st

from sealift.sandbox import Contents, Durations, Fault, Sandbox, VolumeSpec
from sealift.sandbox.errors import ApiError

ZONE = "eu-central-1a"


def test_a_fault_strikes_the_calls_it_describes(box, ec2, refused):
    """By operation, parameters and number; the status is the one AWS sends with the code."""
    one, other = box.add_volume(), box.add_volume()
    box.faults.add(Fault(operation="ec2:DeleteVolume", code="RequestLimitExceeded", match={"VolumeId": one}))
    ec2.delete_volume(VolumeId=other)
    assert refused(ec2.delete_volume, VolumeId=one) == ("RequestLimitExceeded", 503)
    ec2.delete_volume(VolumeId=one)
    assert [e.outcome for e in box.log] == ["ok", "RequestLimitExceeded", "ok"]
    assert box.faults.all[0].fired == 1


def test_a_reply_is_lost_after_the_effect_or_before_it(box, ec2):
    """`after`: the volume is there; `reset`: it is not; the client cannot tell."""
    ask = {"AvailabilityZone": ZONE, "Size": 1}
    box.faults.add(Fault(operation="ec2:CreateVolume", after=True), Fault(operation="ec2:CreateVolume", reset=True))
    with pytest.raises(ConnectionClosedError):
        ec2.create_volume(**ask)
    assert len(ec2.describe_volumes()["Volumes"]) == 1
    with pytest.raises(ConnectionClosedError):
        ec2.create_volume(**ask)
    assert len(ec2.describe_volumes()["Volumes"]) == 1
    assert [e.outcome for e in box.log if e.operation == "ec2:CreateVolume"] == ["lost", "lost"]


def test_chance_follows_the_seed():
    """Ids and faults by probability are the same for the same seed."""

    def run(seed):
        with Sandbox(seed=seed) as box:
            ec2 = boto3.client("ec2", "eu-central-1", config=Config(retries={"total_max_attempts": 1}))
            box.faults.add(Fault(operation="ec2:DescribeTags", probability=0.5, times=None))
            made = [box.add_instance(), box.add_key(), box.add_volume()]
            for _ in range(20):
                try:
                    ec2.describe_tags()
                except ec2.exceptions.ClientError:
                    made.append("struck")
                else:
                    made.append("spared")
            return made

    assert run(1) == run(1) != run(2)


def test_the_log_and_the_charges_tell_everything(box, ec2, refused):
    """Who, when, what with, how it ended; and how long what it set going was assumed to take."""
    web = box.add_instance()
    box.clock.advance(5)
    ec2.stop_instances(InstanceIds=[web])
    refused(ec2.start_instances, InstanceIds=[web])
    first, second = box.log
    assert (first.at, first.operation, first.outcome, first.resource) == (
        1_800_000_005,
        "ec2:StopInstances",
        "ok",
        web,
    )
    assert first.params == {"InstanceIds": [web]}
    assert (second.outcome, second.rule) == ("IncorrectInstanceState", "SB-INS-02")
    (charge,) = box.charges
    assert (charge.operation, charge.resource, charge.seconds) == ("ec2:StopInstances", web, 40.0)


def test_a_check_and_its_effect_are_one(box, client):
    """Of eight threads that attach one volume, one succeeds."""
    from concurrent.futures import ThreadPoolExecutor

    ec2, volume = client(), box.add_volume()
    boxes = [box.add_instance(name=str(n)) for n in range(8)]

    def attach(instance):
        try:
            ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
        except ec2.exceptions.ClientError as error:
            return error.response["Error"]["Code"]
        return "ok"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(attach, boxes)) == ["VolumeInUse"] * 7 + ["ok"]


def test_boxes_do_not_leak_into_each_other():
    """One after another in a process; afterwards moto is as it was."""
    for _ in range(2):
        with Sandbox() as box:
            ec2 = boto3.client("ec2", "eu-central-1")
            assert ec2.describe_volumes()["Volumes"] == []
            assert ec2.describe_tags()["Tags"] == []
            box.add_instance(tags={"a": "b"})
            assert boto3.client("kms", "eu-central-1").list_keys()["Keys"] == []
            box.add_key()
    from moto.core.responses import BaseResponse

    from sealift.sandbox import hook

    assert hook._open == []
    assert BaseResponse.call_action is hook._call_action


spans = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=8)


def contents(pairs):
    made = Contents()
    for a, b in pairs:
        made = made.plus("s", min(a, b), max(a, b))
    return made


def seconds(c):
    return {t for _, parts in c.streams.items() for a, b in parts for t in range(int(a), int(b))}


@given(spans, spans)
def test_contents_are_sets_of_seconds(left, right):
    """plus is union, minus is difference, equal sets are equal values."""
    one, other = contents(left), contents(right)
    assert seconds(one.minus(other)) == seconds(one) - seconds(other)
    assert (one == other) == (seconds(one) == seconds(other))
    assert bool(one) == bool(seconds(one))


@pytest.mark.parametrize(
    "options",
    [{"size_gib": 4, "iops": 4000}, {"type": "io1", "size_gib": 8}, {"type": "st1"}, {"type": "gp4"}],
    ids=["too many IOPS for its size", "IOPS by default for its size", "too small for its type", "of no type"],
)
def test_no_volume_is_seeded_that_nobody_could_have_made(box, ec2, options):
    """SB-VOL-04 holds for what is found already there: a migration of it would prove nothing."""
    for add in (lambda spec: box.add_instance(volumes=[VolumeSpec(), spec]), lambda spec: box.add_volume(spec=spec)):
        with pytest.raises(ApiError) as refusal:
            add(VolumeSpec(**options))
        assert refusal.value.rule == "SB-VOL-04"
    assert (ec2.describe_volumes()["Volumes"], ec2.describe_instances()["Reservations"]) == ([], [])


def test_a_describe_shows_what_a_test_wants_seen(box, ec2):
    """Traits that the box does not act on: spot, managed, impaired."""
    web = box.add_instance()
    volume = ec2.describe_volumes()["Volumes"][0]["VolumeId"]
    box.show_as(web, InstanceLifecycle="spot")
    box.show_as(volume, Operator={"Managed": True, "Principal": "x"})
    box.show_status_as(volume, VolumeStatus={"Status": "impaired", "Details": []})
    shown = ec2.describe_instances(InstanceIds=[web])["Reservations"][0]["Instances"][0]
    assert shown["InstanceLifecycle"] == "spot"
    managed = [{"Name": "operator.managed", "Values": ["true"]}]
    assert [v["VolumeId"] for v in ec2.describe_volumes(Filters=managed)["Volumes"]] == [volume]
    impaired = [{"Name": "volume-status.status", "Values": ["impaired"]}]
    assert [v["VolumeId"] for v in ec2.describe_volume_status(Filters=impaired)["VolumeStatuses"]] == [volume]


def test_a_test_may_show_a_database_otherwise(box, rds):
    """box.show_as: custom, on Outposts, with members the sandbox does not know."""
    box.add_db_instance("app")
    box.show_as("app", AutomationMode="full")
    assert rds.describe_db_instances()["DBInstances"][0]["AutomationMode"] == "full"


def test_every_state_is_reached_at_once_where_time_does_not_matter():
    """Durations.instant()."""
    with Sandbox(durations=Durations.instant()) as box:
        box.add_db_instance("app")
        rds = box.client("rds")
        rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")
        rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="new", DBSnapshotIdentifier="s")
        assert (
            rds.describe_db_instances(DBInstanceIdentifier="new")["DBInstances"][0]["DBInstanceStatus"] == "available"
        )


def test_the_same_seed_is_the_same_story():
    """Ids and times of two runs are equal."""

    def story():
        with Sandbox(seed=7) as box:
            box.add_db_instance("app")
            rds = box.client("rds")
            rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")
            box.clock.advance(5000)
            shown = rds.describe_db_snapshots()["DBSnapshots"]
            return [(s["DbiResourceId"], s["Status"]) for s in shown], box.log

    assert story() == story()


def test_many_keys_are_made_quickly(box):
    """Symmetric keys need no RSA key pair."""
    import time

    started = time.monotonic()
    for n in range(50):
        box.add_key(alias=f"alias/{n}")
    assert time.monotonic() - started < 1


def test_an_instant_box_reaches_every_state_at_once():
    """Durations.instant(): nothing ever has to be waited for."""
    import boto3

    with Sandbox(durations=Durations.instant()) as box:
        ec2 = boto3.client("ec2", "eu-central-1")
        instance = box.add_instance(volumes=[VolumeSpec(size_gib=1000)])
        volume = ec2.describe_volumes()["Volumes"][0]["VolumeId"]
        shot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        assert ec2.describe_snapshots(SnapshotIds=[shot])["Snapshots"][0]["State"] == "completed"
        ec2.stop_instances(InstanceIds=[instance])
        ec2.detach_volume(VolumeId=volume, InstanceId=instance)
        copies = [ec2.copy_volumes(SourceVolumeId=volume)["Volumes"][0]["VolumeId"] for _ in range(7)]
        assert all(ec2.describe_volumes(VolumeIds=[c])["Volumes"][0]["State"] == "available" for c in copies)
