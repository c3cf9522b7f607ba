"""How described resources are judged: waits, safety reads, and what may be deleted."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sealift.answers import answer
from sealift.errors import AnswerUnclear
from sealift.step import Call, Context, Phase, Step, as_tags
from sealift.steps import (
    AttachVolume,
    CloseQuarantine,
    DeleteSnapshot,
    DeleteVolume,
    DetachVolume,
    VerifyAttachments,
    VerifyVolumes,
)
from sealift.steps.looks import attached, instance_in, resting, snapshot_ready, unattached, untouched, volume_ready
from sealift.steps.start_instances import StartInstance, fell_back_or_runs

CTX = Context("mig-1", 7, 1)
ARN = "arn:aws:kms:eu-central-1:1:key/1"
LAUNCHED = datetime(2027, 1, 15, 8, tzinfo=UTC)


def volume(**members: Any) -> dict[str, Any]:
    return {"VolumeId": "vol-1", "State": "available", "Encrypted": True, "KmsKeyId": ARN, "Attachments": []} | members


@pytest.mark.parametrize(
    ("found", "done", "failed"),
    [
        (None, False, ""),
        (volume(State="creating"), False, ""),
        (volume(), True, ""),
        (volume(State="error"), False, "R-EBS-54"),
        (volume(KmsKeyId="arn:other"), False, "R-EBS-53"),
        (volume(Encrypted=False, KmsKeyId=None), False, "R-EBS-53"),
    ],
)
def test_a_replacement_is_ready_only_under_the_very_key(found: Any, done: bool, failed: str) -> None:
    """AWS checks the key after it has answered: another key, or a dead volume, is a failure at once."""
    seen = volume_ready(ARN)(found)
    assert (done, bool(failed), True) == (seen.done, seen.failed is not None, failed in (seen.failed or ""))


@pytest.mark.parametrize(
    ("found", "done"),
    [
        (None, False),
        (volume(), True),
        (volume(State="in-use", Attachments=[{"State": "detaching"}]), False),
        (volume(State="in-use", Attachments=[{"State": "attached"}]), False),
    ],
)
def test_a_volume_is_free_when_it_is_attached_to_nothing(found: Any, done: bool) -> None:
    """Available, and no attachment is left in the description."""
    assert done == unattached(found).done


@pytest.mark.parametrize("found", [None, volume(State="deleting"), volume(State="deleted")])
@pytest.mark.parametrize("phase", [Phase.RESTORE, Phase.CUTOVER])
def test_a_replacement_that_is_gone_is_off_and_a_source_never_is(phase: Phase, found: Any) -> None:
    """The way back takes off replacements alone, and needs none of them; a cutover needs the source that it takes off."""
    step = DetachVolume(key="detach", phase=phase, volume="vol-1", instance="i-1", device="/dev/sdf")
    held = volume(State="in-use", Attachments=[{"State": "detaching"}])
    judge = step.ready({}).judge
    assert (phase is Phase.RESTORE, True, False) == (judge(found).done, judge(volume()).done, judge(held).done)


@pytest.mark.parametrize("state", ["stopped", "stopping", "pending", "running"])
def test_an_instance_that_was_started_again_does_not_stop_by_itself(state: str) -> None:
    """What has to be stopped before its disks come off is waited for, unless somebody has started it."""
    step = DetachVolume(key="undo:attach", phase=Phase.RESTORE, volume="vol-1", instance="i-1", device="/dev/sdf")
    seen = step.needs().judge({"InstanceId": "i-1", "State": {"Name": state}})
    assert (state == "stopped", state in ("pending", "running")) == (seen.done, seen.stray is not None)
    assert (Call("ec2:StopInstances", {"InstanceIds": ["i-1"]}) if seen.stray else None) == seen.mend


@pytest.mark.parametrize(
    ("where", "failed"),
    [(("i-1", "/dev/sdf"), False), (("i-1", "/dev/sdg"), True), (("i-2", "/dev/sdf"), True)],
)
def test_a_source_that_is_attached_elsewhere_does_not_come_free(where: tuple[str, str], failed: bool) -> None:
    """At another device of its own instance it was put by hand, too."""
    step = AttachVolume(key="undo:detach", phase=Phase.RESTORE, volume="vol-1", instance="i-1", device="/dev/sdf")
    held = {"InstanceId": where[0], "Device": where[1], "State": "attached"}
    seen = step.needs().judge(volume(State="in-use", Attachments=[held]))
    assert (not failed, failed) == (seen.done, seen.failed is not None)


def test_a_busy_volume_fails_at_once() -> None:
    """The guest still uses it: waiting would not help (R-EBS-24)."""
    assert "R-EBS-24" in str(unattached(volume(Attachments=[{"State": "busy"}])).failed)


@pytest.mark.parametrize(
    ("attachment", "done"),
    [
        ({"InstanceId": "i-1", "Device": "/dev/sdf", "State": "attached"}, True),
        ({"InstanceId": "i-1", "Device": "/dev/sdf", "State": "attaching"}, False),
        ({"InstanceId": "i-2", "Device": "/dev/sdf", "State": "attached"}, False),
        ({"InstanceId": "i-1", "Device": "/dev/sdg", "State": "attached"}, False),
    ],
)
def test_a_volume_is_attached_on_its_instance_and_device(attachment: dict[str, str], done: bool) -> None:
    """Somewhere else does not count."""
    assert done == attached("i-1", "/dev/sdf")(volume(Attachments=[attachment])).done


def test_a_failed_snapshot_says_why() -> None:
    """AWS's StateMessage, or that none was given."""
    assert "no reason given" in str(snapshot_ready({"State": "error"}).failed)
    assert "bad key" in str(snapshot_ready({"State": "error", "StateMessage": "bad key"}).failed)


@pytest.mark.parametrize(
    ("state", "done", "failed"), [("stopping", False, False), ("stopped", True, False), ("terminated", False, True)]
)
def test_a_terminated_instance_never_stops(state: str, done: bool, failed: bool) -> None:
    """It is not waited for."""
    seen = instance_in("stopped")({"State": {"Name": state}})
    assert (done, failed) == (seen.done, seen.failed is not None)


def starting(state: str, code: str = "") -> Any:
    return fell_back_or_runs({"State": {"Name": state}, "StateReason": {"Code": code, "Message": "m"}})


@pytest.mark.parametrize(
    "code", ["Client.InternalError", "Server.InsufficientInstanceCapacity", "Server.InternalError"]
)
def test_an_instance_that_fell_back_to_stopped_never_ran(code: str) -> None:
    """EC2 took it back before the guest ran: nothing was written, the way back is free."""
    assert (True, True) == (starting("stopped", code).unused, starting("stopped", code).failed is not None)


@pytest.mark.parametrize("began", [False, True], ids=["not started yet", "started since the cut"])
@pytest.mark.parametrize("cut", [None, "2027-01-15T09:00:00+00:00"])
def test_a_stopped_instance_is_waited_for_until_its_start_shows(cut: str | None, began: bool) -> None:
    """LaunchTime tells: as it was at the cut, the answer may be one of before our start; later, somebody has stopped it since."""
    at = datetime(2027, 1, 15, 9, 5 if began else 0, tzinfo=UTC)
    step = StartInstance(key="start", phase=Phase.BRING_UP, instance="i-1", launch_time=cut)
    watch = step.ready({})
    stopped = {"InstanceId": "i-1", "State": {"Name": "stopped"}, "LaunchTime": at}
    seen = watch.judge(stopped)
    assert (False, began and cut is not None, False) == (seen.done, seen.failed is not None, seen.unused)
    assert watch.judge({**stopped, "State": {"Name": "running"}}).done


def test_an_instance_that_fell_back_names_the_keys_of_its_volumes() -> None:
    """Any of them may be the one that is not enabled (R-EBS-55)."""
    came = {"State": {"Name": "stopped"}, "StateReason": {"Code": "Client.InternalError", "Message": "m"}}
    assert "R-EBS-55: arn:one or arn:two is not enabled" in str(fell_back_or_runs(came, ("arn:one", "arn:two")).failed)
    assert "R-EBS-55: the key is not enabled" in str(fell_back_or_runs(came).failed)


def test_an_instance_that_somebody_stopped_may_have_run() -> None:
    """A user's shutdown after the start is no fall-back: in doubt it has written."""
    seen = starting("stopped", "Client.UserInitiatedShutdown")
    assert (False, None, True) == (seen.unused, seen.failed, starting("running").done)


# -- directly before a call ----------------------------------------------------------------------------------------------


def described(state: str = "stopped", launched: datetime = LAUNCHED) -> dict[str, Any]:
    return {"Reservations": [{"Instances": [{"InstanceId": "i-1", "State": {"Name": state}, "LaunchTime": launched}]}]}


@pytest.mark.parametrize(
    ("reply", "differs"),
    [
        (described(), False),
        (described("running"), True),
        (described("pending"), True),
        (described(launched=datetime(2027, 1, 15, 9, tzinfo=UTC)), True),
        ({"Reservations": []}, True),
    ],
)
def test_an_instance_is_untouched_if_it_is_stopped_and_was_not_launched_again(
    reply: dict[str, Any], differs: bool
) -> None:
    """Started, started and stopped again, or gone: each voids the cut."""
    assert differs == bool(untouched("i-1", LAUNCHED.isoformat()).read(reply))


@pytest.mark.parametrize(
    ("volumes", "differs"), [([volume()], False), ([volume(Attachments=[{"InstanceId": "i-2"}])], True), ([], True)]
)
def test_a_source_rests_if_it_is_there_and_attached_to_nothing(volumes: list[Any], differs: bool) -> None:
    """Who attached it may have written to it."""
    assert differs == bool(resting("vol-1").read({"Volumes": volumes}))


def ours(role: str = "copy", migration: str = "mig-1", **members: Any) -> dict[str, Any]:
    return volume(SnapshotId="snap-1", Tags=as_tags({"sealift:migration": migration, "sealift:role": role}), **members)


DELETES: list[Step] = [
    DeleteVolume(key="d", phase=Phase.CLEAN, volume="vol-1", roles=("copy",)),
    DeleteSnapshot(key="d", phase=Phase.CLEAN, snapshot="snap-1", roles=("copy",)),
]


@pytest.mark.parametrize("step", DELETES, ids=["a volume", "a snapshot"])
@pytest.mark.parametrize(
    ("resource", "refused"),
    [
        (ours(), False),
        (ours(role="source"), True),
        (ours(role="safety"), True),
        (ours(migration="mig-2"), True),
        (volume(SnapshotId="snap-1", Tags=[]), True),
    ],
    ids=["ours", "a source", "a safety snapshot", "of another migration", "without tags"],
)
def test_only_what_is_marked_as_ours_is_deleted(step: Step, resource: dict[str, Any], refused: bool) -> None:
    """The id comes from the journal; the role and the migration of the tags must fit too, and nothing may use it."""
    query = step.before(CTX)
    assert query is not None
    assert refused == bool(query.read({"Volumes": [resource], "Snapshots": [resource]}))


def test_a_volume_in_use_is_not_deleted() -> None:
    """Whatever its tags say; and a description that does not tell whether it is attached is none to delete by."""
    query = DELETES[0].before(CTX)
    assert query is not None
    assert query.read({"Volumes": [ours(Attachments=[{"InstanceId": "i-1"}])]}) == ["vol-1 is attached"]
    silent = {k: v for k, v in ours().items() if k != "Attachments"}
    with pytest.raises(AnswerUnclear, match=r"DescribeVolumes lacks Volumes\[0\]\.Attachments"):
        query.read(answer({"Volumes": [silent]}, "ec2:DescribeVolumes"))


# -- verify cold ---------------------------------------------------------------------------------------------------------

SHAPE = ("gp3", 8, 3000, 125, False, "eu-central-1a")
RIGHT = volume(
    VolumeType="gp3", Size=8, Iops=3000, Throughput=125, AvailabilityZone="eu-central-1a", MultiAttachEnabled=False
)
VERIFY = VerifyVolumes(key="v", phase=Phase.CUTOVER, volumes=("vol-1",), shapes=(SHAPE,), key_arn=ARN)


WRONG: list[dict[str, Any]] = [
    {"VolumeType": "gp2"},
    {"Size": 9},
    {"Iops": 100},
    {"Throughput": 1},
    {"AvailabilityZone": "x"},
    {"KmsKeyId": "k"},
    {"Encrypted": False},
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda w: str(next(iter(w))))
def test_verify_names_every_difference(wrong: dict[str, Any]) -> None:
    """The field, what it is and what was wanted."""
    query = VERIFY.check({})
    assert [] == query.read({"Volumes": [RIGHT]})
    (said,) = query.read({"Volumes": [RIGHT | wrong]})
    assert next(iter(wrong)) in said


def test_verify_misses_a_volume_that_is_gone() -> None:
    """No description is a difference too."""
    assert ["vol-1 is gone"] == VERIFY.check({}).read({"Volumes": []})


@pytest.mark.parametrize(
    ("volume_id", "flag", "differs"), [("vol-1", True, False), ("vol-2", True, True), ("vol-1", False, True)]
)
def test_verify_compares_volume_and_flag_of_each_device(volume_id: str, flag: bool, differs: bool) -> None:
    """The replacement on its device, with DeleteOnTermination as it was."""
    step = VerifyAttachments(
        key="v",
        phase=Phase.CUTOVER,
        instance="i-1",
        devices=(("/dev/sdf", "vol-1", True),),
        launch_time=LAUNCHED.isoformat(),
    )
    reply = described()
    mapping = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeId": volume_id, "DeleteOnTermination": flag}}
    reply["Reservations"][0]["Instances"][0]["BlockDeviceMappings"] = [mapping]
    assert differs == bool(step.check({}).read(reply))


V4 = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": []}
V6 = {"IpRanges": [], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}  # AWS sends both lists of a rule


@pytest.mark.parametrize(
    ("v6", "left", "wrong"),
    [
        (False, [], False),
        (False, [V4], True),
        (False, [V6], False),  # the next step's
        (True, [], False),
        (True, [V6], True),
        (True, [{"UserIdGroupPairs": [{"GroupId": "sg-1"}]}], True),
    ],
)
def test_in_the_end_a_quarantine_lets_nothing_out(v6: bool, left: list[Any], wrong: bool) -> None:
    """SB-SG-02: the rule for IPv6 goes after the other; then there is no egress rule at all, whoever made it."""
    step = CloseQuarantine(key="close", phase=Phase.PREPARE, group="sg-2", v6=v6)
    query = step.check({})
    assert query is not None
    assert bool(query.read({"SecurityGroups": [{"GroupId": "sg-2", "IpPermissionsEgress": left}]})) is wrong
