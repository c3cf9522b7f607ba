"""Faults as data: which calls are hit, what becomes of them, and of the states that they set going."""

import json
from dataclasses import asdict

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from sealift.sandbox import Fault


def snapshot(ec2, shot):
    return ec2.describe_snapshots(SnapshotIds=[shot])["Snapshots"][0]


def test_a_snapshot_may_never_get_ready(box, ec2):
    """`hangs`: pending for ever; the request itself was answered as always."""
    box.faults.add(Fault(operation="ec2:CreateSnapshot", hangs=True))
    shot = ec2.create_snapshot(VolumeId=box.add_volume())["SnapshotId"]
    box.clock.advance(30 * 86_400)
    assert snapshot(ec2, shot)["State"] == "pending"
    assert (box.log[0].outcome, box.log[0].fault) == ("ok", "hangs")


def test_a_stop_may_hang_and_writes_go_on(box, ec2):
    """What everybody fears of a stop: `stopping` for hours, and the disk is written to all the while."""
    web = box.add_instance()
    box.faults.add(Fault(operation="ec2:StopInstances", late_s=7200))
    ec2.stop_instances(InstanceIds=[web])
    box.clock.advance(7200)
    assert ec2.describe_instances()["Reservations"][0]["Instances"][0]["State"]["Name"] == "stopping"
    assert box.contents(box.machine(web).disks["/dev/xvda"].volume.id).streams[f"{web}:/dev/xvda"][-1][1] == box.now()
    box.clock.advance(60)
    assert ec2.describe_instances()["Reservations"][0]["Instances"][0]["State"]["Name"] == "stopped"


def test_a_copy_fails_half_way(box, ec2):
    """`fails_at`: progress moves until then; the state and its message are those that AWS shows."""
    shot = ec2.create_snapshot(VolumeId=box.add_volume(size_gib=100))["SnapshotId"]
    box.clock.advance(10_000)
    box.faults.add(Fault(operation="ec2:CopySnapshot", fails_at=40, message="Internal failure"))
    copy = ec2.copy_snapshot(SourceSnapshotId=shot, SourceRegion="eu-central-1")["SnapshotId"]
    seconds = box.charges[-1].seconds
    box.clock.advance(seconds * 0.39)
    assert (snapshot(ec2, copy)["State"], snapshot(ec2, copy)["Progress"]) == ("pending", "39%")
    box.clock.advance(seconds * 0.02)
    found = snapshot(ec2, copy)
    assert (found["State"], found["StateMessage"]) == ("error", "Internal failure")


def test_a_fate_tells_whether_it_took_hold(box, ec2):
    """A stop has no failed state, and a reading nothing on its way: the fault has struck a call, and made no difference."""
    web = box.add_instance()
    stop = Fault(operation="ec2:StopInstances", fails_at=50)
    late = Fault(operation="ec2:DescribeInstances", late_s=60)
    made = Fault(operation="ec2:CreateVolume", fails_at=50)
    gone = Fault(operation="ec2:DeleteVolume", code="InternalError")
    box.faults.add(stop, late, made, gone)
    ec2.stop_instances(InstanceIds=[web])
    ec2.create_volume(AvailabilityZone="eu-central-1a", Size=1)
    box.clock.advance(10_000)
    ec2.describe_instances()
    assert (1, 1, 1, 0) == (stop.fired, late.fired, made.fired, gone.fired)
    assert (False, False, True, False) == (stop.took_hold, late.took_hold, made.took_hold, gone.took_hold)


def test_a_volume_a_start_and_a_database_fail_each_in_its_way(box, ec2, client):
    """A volume is in `error`, an instance back in `stopped` with Server.InternalError, a restore incompatible."""
    web, rds = box.add_instance(state="stopped"), client("rds")
    box.add_db_instance(name="app")
    rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")
    box.clock.advance(10_000)
    box.faults.add(Fault(operation="*", fails_at=50, times=None))
    volume = ec2.create_volume(AvailabilityZone="eu-central-1a", Size=1)["VolumeId"]
    ec2.start_instances(InstanceIds=[web])
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="new", DBSnapshotIdentifier="s")
    rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="t")
    box.clock.advance(10_000)

    assert ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"] == "error"
    found = ec2.describe_instances(InstanceIds=[web])["Reservations"][0]["Instances"][0]
    assert (found["State"]["Name"], found["StateReason"]["Code"]) == ("stopped", "Server.InternalError")
    states = {d["DBInstanceIdentifier"]: d["DBInstanceStatus"] for d in rds.describe_db_instances()["DBInstances"]}
    assert states == {"app": "available", "new": "incompatible-restore"}
    assert rds.describe_db_snapshots(DBSnapshotIdentifier="t")["DBSnapshots"][0]["Status"] == "failed"


def test_a_key_is_disabled_half_way_through_a_copy(box, ec2):
    """`key_off_at`: R-EBS-54 follows by itself, the copy ends in `error` with the message of a bad key."""
    key = box.add_key()
    shot = ec2.create_snapshot(VolumeId=box.add_volume())["SnapshotId"]
    box.clock.advance(10_000)
    box.faults.add(Fault(operation="ec2:CopySnapshot", key_off_at=50))
    copy = ec2.copy_snapshot(SourceSnapshotId=shot, SourceRegion="eu-central-1", Encrypted=True, KmsKeyId=key)
    box.clock.advance(10_000)
    found = snapshot(ec2, copy["SnapshotId"])
    assert (found["State"], found["StateMessage"]) == ("error", "Given key ID is not accessible")
    assert box.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"


def test_a_slow_answer_takes_time_of_the_box(box, ec2):
    """`slow_s`: the effect is at once, the answer is late."""
    box.faults.add(Fault(operation="ec2:DescribeVolumes", slow_s=40))
    before = box.now()
    ec2.describe_volumes()
    assert box.now() - before == 40
    ec2.describe_volumes()
    assert box.now() - before == 40


@pytest.mark.parametrize("after", [True, False])
def test_a_client_may_give_up_waiting(box, ec2, after):
    """`timeout`: a read time-out in place of a broken connection, with the effect or without."""
    box.faults.add(Fault(operation="ec2:CreateVolume", after=after, reset=not after, timeout=True))
    with pytest.raises(ReadTimeoutError):
        ec2.create_volume(AvailabilityZone="eu-central-1a", Size=1, ClientToken="t")
    assert len(ec2.describe_volumes()["Volumes"]) == after


def test_a_fault_is_for_one_resource_wherever_the_call_names_it(box, ec2):
    """`resource`: deep in the parameters, as an id or at the end of an ARN; others are spared."""
    one, other = box.add_volume(), box.add_volume()
    box.faults.add(Fault(operation="ec2:*", resource=one, code="RequestLimitExceeded", times=None))
    assert ec2.describe_volumes(VolumeIds=[other])["Volumes"]
    for call in (
        lambda: ec2.describe_volumes(VolumeIds=[other, one]),
        lambda: ec2.describe_volumes(Filters=[{"Name": "volume-id", "Values": [one]}]),
    ):
        with pytest.raises(ClientError, match="RequestLimitExceeded"):
            call()


def test_credentials_expire_in_the_words_of_each_service(box, client):
    """A refusal like any other: RequestExpired of EC2 is a 400, ExpiredToken of the query services a 403."""
    box.faults.add(Fault(operation="ec2:*", code="RequestExpired", times=None))
    box.faults.add(Fault(operation="rds:*", code="ExpiredToken", status=403, times=None))
    for service, call, status in (("ec2", "describe_volumes", 400), ("rds", "describe_db_instances", 403)):
        with pytest.raises(ClientError, match="Expired") as caught:
            getattr(client(service), call)()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_a_fault_goes_through_json_and_back(box):
    """As data: what the admin route takes is what it shows."""
    fault = Fault(operation="ec2:CopySnapshot", fails_at=40, match={"SourceSnapshotId": "snap-1"}, probability=0.5)
    assert Fault(**json.loads(json.dumps(asdict(fault)))) == fault


@pytest.mark.parametrize("wrong", [{"fails_at": 101}, {"key_off_at": -1}, {"probability": 2}])
def test_a_fault_that_cannot_be_is_refused(wrong):
    """One line that names the figure."""
    with pytest.raises(ValueError, match="no p"):
        Fault(operation="ec2:*", **wrong)


@pytest.mark.parametrize("operation", ["RebootDBInstance", "rds:", ":RebootDBInstance", ""])
def test_a_fault_of_no_operation_is_refused(operation):
    """It would never fire: the service is a part of the name."""
    with pytest.raises(ValueError, match=r"is no operation: it is service:Name"):
        Fault(operation=operation)


def test_the_log_says_what_hit_a_call(box, ec2):
    """So that a failing run can be replayed: each event names its fault."""
    box.faults.add(Fault(operation="ec2:DescribeVolumes", code="Unavailable"))
    with pytest.raises(ClientError):
        ec2.describe_volumes()
    ec2.describe_volumes()
    assert [(e.outcome, e.fault) for e in box.log][:1] == [("Unavailable", "Unavailable")]
    assert box.log[-1].fault is None
