"""What `find` takes for an earlier try: only what this very step made, in this attempt, in this cut, of this parent."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from sealift.step import Context, Found, Phase, Step, as_tags, made_by
from sealift.steps import BY_NAME, CopySnapshot, CopyVolume, CreateVolume, LastSnapshot, RenewWarmSnapshot, RestorePoint

CTX = Context("mig-1", 7, 2)
AT = datetime(2027, 1, 15, 8, tzinfo=UTC)
SHAPE: dict[str, Any] = {"key_arn": "arn", "volume_type": "gp3", "size": 8}
CLONE = CopyVolume(key="copy:a", phase=Phase.CUTOVER, source="vol-1", **SHAPE)
CREATE = CreateVolume(key="copy:a", phase=Phase.CUTOVER, snapshot="snap-1", zone="z", **SHAPE)
LAST = LastSnapshot(key="last:a", phase=Phase.CUTOVER, volume="vol-1", size=8)
COPY = CopySnapshot(key="encrypt:a", phase=Phase.CUTOVER, snapshot="snap-1", region="r", key_arn="arn", size=8)


def tagged(step: Step, ctx: Context = CTX, **changed: str) -> list[dict[str, str]]:
    tags = made_by(ctx, step, "copy") | {k.replace("_", ":"): v for k, v in changed.items()}
    return as_tags(tags)


def clone(**changed: Any) -> dict[str, Any]:
    return {
        "VolumeId": "vol-9",
        "SourceVolumeId": "vol-1",
        "State": "available",
        "CreateTime": AT,
        "Tags": tagged(CLONE),
    } | changed


def shot(step: Any = LAST, **changed: Any) -> dict[str, Any]:
    says = step.description(CTX)
    return {
        "SnapshotId": "snap-9", "VolumeId": "vol-1", "State": "completed", "StartTime": AT, "Description": says, "Tags": tagged(step),
    } | changed  # fmt: skip


def found(step: Step, reply: Mapping[str, Any]) -> Found | None:
    query = step.find(CTX)
    assert query is not None
    result: Found | None = query.read(reply)
    return result


def test_what_the_step_itself_made_is_found() -> None:
    """By its tags and its parent, with its age."""
    assert Found({"VolumeId": "vol-9"}, AT.timestamp()) == found(CLONE, {"Volumes": [clone()]})
    assert Found({"SnapshotId": "snap-9"}, AT.timestamp()) == found(LAST, {"Snapshots": [shot()]})


FOREIGN = {
    "of another migration": {"sealift_migration": "mig-2"},
    "of another step": {"sealift_step": "copy:b"},
    "of another attempt": {"sealift_attempt": "1"},
    "of another cut": {"sealift_epoch": "6"},
}


@pytest.mark.parametrize("what", FOREIGN)
def test_what_somebody_else_made_is_not_found(what: str) -> None:
    """A stale copy, and a copy of our tags, are not taken for the last one."""
    assert None is found(CLONE, {"Volumes": [clone(Tags=tagged(CLONE, **FOREIGN[what]))]})
    assert None is found(LAST, {"Snapshots": [shot(Tags=tagged(LAST, **FOREIGN[what]))]})


@pytest.mark.parametrize(
    "changed", [{"SourceVolumeId": "vol-2"}, {"State": "error"}, {"State": "deleting"}, {"Tags": []}]
)
def test_a_clone_of_another_parent_or_a_dead_one_is_not_found(changed: dict[str, Any]) -> None:
    """Tags are inherited by other people's copies: the parent must be right, and it must live."""
    assert None is found(CLONE, {"Volumes": [clone(**changed)]})


@pytest.mark.parametrize(
    "changed", [{"VolumeId": "vol-2"}, {"Description": "Created by DLM"}, {"State": "error"}, {"Tags": []}]
)
def test_a_snapshot_of_another_volume_or_with_another_text_is_not_found(changed: dict[str, Any]) -> None:
    """What DLM and Backup make carries our tags on, but not our description."""
    assert None is found(LAST, {"Snapshots": [shot(**changed)]})


def test_a_copy_of_a_snapshot_is_told_by_its_description() -> None:
    """AWS names its source nowhere: the description of the step names it."""
    other = CopySnapshot(key="encrypt:a", phase=Phase.CUTOVER, snapshot="snap-2", region="r", key_arn="arn", size=8)
    assert Found({"SnapshotId": "snap-9"}, AT.timestamp()) == found(COPY, {"Snapshots": [shot(COPY)]})
    assert None is found(COPY, {"Snapshots": [shot(COPY, Description=other.description(CTX))]})


def test_a_volume_of_another_snapshot_is_not_found() -> None:
    """The replacement of this very snapshot."""
    volume = {
        "VolumeId": "vol-9",
        "SnapshotId": "snap-1",
        "State": "available",
        "Tags": tagged(CREATE),
        "CreateTime": AT,
    }
    assert found(CREATE, {"Volumes": [volume]})
    assert None is found(CREATE, {"Volumes": [volume | {"SnapshotId": "snap-2"}]})


def test_of_two_the_oldest_is_taken() -> None:
    """A request that was sent twice has left two: the first is the one that the rows know."""
    later = shot(SnapshotId="snap-10", StartTime=datetime(2027, 1, 16, tzinfo=UTC))
    result = found(LAST, {"Snapshots": [later, shot()]})
    assert result is not None
    assert {"SnapshotId": "snap-9"} == result.output


def test_a_warm_snapshot_is_adopted_only_if_it_is_the_one_at_hand_and_complete() -> None:
    """It says how old it may be, and the engine compares; a pending one, or somebody else's, is not taken over."""
    renew = RenewWarmSnapshot(key="renew:a", phase=Phase.PREPARE, volume="vol-1", size=8, warm="snap-7", max_age=60)
    warm = {"SnapshotId": "snap-7", "VolumeId": "vol-1", "State": "completed", "StartTime": AT, "Tags": []}
    assert Found({"SnapshotId": "snap-7", "adopted": True}, AT.timestamp(), 60) == found(renew, {"Snapshots": [warm]})
    for changed in ({"State": "pending"}, {"SnapshotId": "snap-8"}, {"VolumeId": "vol-2"}):
        assert None is found(renew, {"Snapshots": [warm | changed]})


def test_a_restore_point_is_any_encrypted_snapshot_since_bring_up() -> None:
    """Completed, under a key, of the replacement, not older than the bring-up."""
    point = RestorePoint(
        key="finalize:point:a", phase=Phase.FINALIZE, volume="vol-9", size=8, since=int(AT.timestamp())
    )
    theirs = {
        "SnapshotId": "snap-7",
        "VolumeId": "vol-9",
        "State": "completed",
        "Encrypted": True,
        "StartTime": AT,
        "Tags": [],
    }
    assert found(point, {"Snapshots": [theirs]})
    for changed in (
        {"Encrypted": False},
        {"State": "pending"},
        {"VolumeId": "vol-1"},
        {"StartTime": datetime(2027, 1, 14, tzinfo=UTC)},
    ):
        assert None is found(point, {"Snapshots": [theirs | changed]})


@pytest.mark.parametrize("step", [LAST, COPY], ids=["snapshot", "copy"])
def test_an_operation_without_a_token_is_looked_up_by_a_second_filter(step: Step) -> None:
    """An empty answer by tags alone is not believed."""
    first, second = step.find(CTX), step.find_again(CTX)
    assert first is not None
    assert second is not None
    assert first.call.params != second.call.params


def test_the_names_of_steps_are_their_classes() -> None:
    """A stored plan names a class; two of one name would be two meanings."""
    assert {name: cls.__name__ for name, cls in BY_NAME.items()} == {name: name for name in BY_NAME}
