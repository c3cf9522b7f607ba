"""The judges of the matrices are strict: what is swapped, twice, lost or left is seen, and so is what holds something else."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sealift.sandbox.physics.contents import Contents
from tests.faults import people
from tests.faults.deeds import Deed, Done
from tests.faults.faulting import _after_somebody
from tests.faults.holdings import EARLIER, MORE, OTHER, PARTED, SAME, relation
from tests.faults.judging import (
    Ended,
    Ends,
    Eyes,
    Lines,
    Touched,
    adopted,
    at_rest,
    back,
    differences,
    put_back,
    same,
    serving,
)
from tests.faults.sampling import share_of
from tests.faults.stage import Stage, staged

ONE, TWO, NEW, NEWER = "vol-00000001", "vol-00000002", "vol-aaaaaaaa", "vol-bbbbbbbb"
Seen = dict[str, dict[str, Any]]


def _volume(**about: Any) -> dict[str, Any]:
    return {"Iops": 3000, "Encrypted": False, "tags": [], **about}


BEFORE: Seen = {"volumes": {ONE: _volume(Iops=3000), TWO: _volume(Iops=4000)}, "snapshots": {}}
EYES = Eyes(BEFORE)


def _lines(volumes: Any = None, snapshots: Any = None) -> Lines:
    return EYES.lines({"volumes": volumes or BEFORE["volumes"], "snapshots": snapshots or {}})


def _ended(picture: Lines, code: int = 0, message: str = "", rested: str = "retained", **about: Any) -> Ended:
    return Ended(code, message, picture, [], rested=rested, **about)


ENDS = Ends(_ended(_lines()), _lines(), _lines())


def _made(number: int = 1, **about: Any) -> dict[str, Any]:
    tags = [("sealift:epoch", str(number)), ("sealift:role", "replacement")]
    return _volume(Encrypted=True, tags=tags, **about)


# -- two pictures


def test_the_same_is_the_same_whatever_new_things_are_called_and_how_often_they_were_tried() -> None:
    """Ids of what a run has made, moments and numbers of tries are drawn anew in every run."""
    was, now = _lines({NEW: _made(1, at="2026-11-28T10:00:00Z")}), _lines({NEWER: _made(3, at="2026-11-29 09:00:00")})
    assert [] == differences(was, now)


def test_attributes_swapped_between_two_resources_are_seen() -> None:
    """Each has what it had, or each is named with what is different."""
    swapped = _lines({ONE: _volume(Iops=4000), TWO: _volume(Iops=3000)})
    assert ["volumes vol-00000001: Iops 3000 -> 4000", "volumes vol-00000002: Iops 4000 -> 3000"] == differences(
        _lines(), swapped
    )


def test_attributes_swapped_between_two_replacements_are_seen() -> None:
    """Which is which is told by all that each has, not by an id that is drawn anew."""
    was = _lines({NEW: _made(Device="/dev/sdf", Iops=3000), NEWER: _made(Device="/dev/sdg", Iops=4000)})
    now = _lines({NEW: _made(Device="/dev/sdf", Iops=4000), NEWER: _made(Device="/dev/sdg", Iops=3000)})
    assert 2 == len(differences(was, now))


def test_what_is_there_twice_lost_or_left_is_seen() -> None:
    """Lines that are equal are counted."""
    one, two = _lines({NEW: _made()}), _lines({NEW: _made(), NEWER: _made()})
    assert differences(one, two)[0].startswith("has volumes <made>")
    assert differences(two, one)[0].startswith("lacks volumes <made>")
    assert ["has security groups sg"] == differences(_lines(), _lines() + EYES.lines({"security groups": ["sg"]}))


def test_one_of_what_was_there_in_the_place_of_another_is_seen() -> None:
    """What was there before keeps its name: a source that is attached where another was is not the source."""

    def at(one: str, other: str) -> Lines:
        return EYES.lines({"devices": {"/dev/sdf": {"volume": one}, "/dev/sdg": {"volume": other}}})

    assert 2 == len(differences(at(ONE, TWO), at(TWO, ONE)))
    assert ['devices /dev/sdf: volume "vol-00000001" -> "<made>"'] == differences(at(ONE, TWO), at(NEW, TWO))


def test_only_tags_that_are_different_are_shown() -> None:
    """A message names what differs, not all that a resource has."""
    was, now = ({ONE: _volume(tags=[("Name", "data"), ("stage", stage)])} for stage in ("test", "live"))
    assert ['volumes vol-00000001: tags [["stage", "test"]] -> [["stage", "live"]]'] == differences(
        _lines(was), _lines(now)
    )


def test_how_old_a_baseline_is_may_differ_and_nothing_else_of_it() -> None:
    """It is some state of its source; one of another volume is not."""

    def shot(how: str) -> Lines:
        return _lines(None, {"snap-aaaaaaaa": {"role": "baseline", "holds": {"i:/dev/sdf": how}}})

    assert [] == differences(shot(f"{SAME} of {ONE}"), shot(f"{EARLIER}, while it wrote of {ONE}"))
    for other in (f"{SAME} of {TWO}", f"{MORE} of {ONE}", f"{OTHER} of {ONE}", "its own"):
        assert differences(shot(f"{SAME} of {ONE}"), shot(other)), other


# -- the judges

LEFT = _lines() + _lines({NEW: _made()}) - _lines()
KEPT = EYES.lines({"snapshots": {"snap-aaaaaaaa": {"role": "safety", "holds": {}}}})


@pytest.mark.parametrize("judge", [same, put_back, back, at_rest, adopted])
def test_no_judge_lets_something_be_left_or_lost(judge: Callable[[Ended, Ends], list[str]]) -> None:
    """Whichever way it ended, what there is besides is named, and what is not there any more."""
    rested = "rolled-back" if judge is back else "retained"
    assert [] == judge(_ended(_lines(), rested=rested), ENDS)
    (left,) = judge(_ended(_lines() + LEFT, rested=rested), ENDS)
    assert "has volumes <made>" in left
    (lost,) = judge(_ended(_lines({ONE: BEFORE["volumes"][ONE]}), rested=rested), ENDS)
    assert f"lacks volumes {TWO}" in lost


def test_what_a_message_names_as_left_over_may_be_there_and_nothing_else() -> None:
    """It is counted: another of its like is one too many; and what was to be put right about it may still be wrong."""
    assert [] == same(_ended(_lines() + LEFT, named=LEFT), ENDS)
    assert 1 == len(same(_ended(_lines() + LEFT + LEFT, named=LEFT), ENDS))
    tagged = {ONE: _volume(tags=[("sealift:role", "source")]), TWO: BEFORE["volumes"][TWO]}
    assert [] == same(_ended(_lines(tagged), named=_lines(tagged) - _lines()), ENDS)
    assert 1 == len(same(_ended(_lines(tagged)), ENDS))


@pytest.mark.parametrize(("there", "owed"), [(0, 1), (1, 0), (2, 1)])
def test_snapshots_of_what_is_discarded_are_counted(there: int, owed: int) -> None:
    """As many as there were replacements that had been brought up: none less, none more, none where nothing was brought up."""
    picture = _lines() + Lines(dict.fromkeys(KEPT, there))
    assert 1 == len(put_back(_ended(picture, saved=owed), ENDS))
    assert [] == put_back(_ended(picture, saved=there), ENDS)


def test_what_did_not_come_to_rest_is_no_end() -> None:
    """Nor is one that says that it is done, and was put back."""
    assert 1 == len(at_rest(_ended(_lines(), 6, rested="needs-person"), ENDS))
    assert 1 == len(back(_ended(_lines(), rested="retained"), ENDS))
    assert 1 == len(same(_ended(_lines(), 5), ENDS))


def test_a_retained_source_does_not_count_as_serving() -> None:
    """A volume that is 'available' serves nobody; an instance that runs and a database that is available do."""
    seen = {"volumes": {ONE: {"State": "available"}}, "power": {"i-00000001": "running", "i-00000002": "stopped"}}
    databases = {"instances": {"a": {"DBInstanceStatus": "available"}}, "clusters": {"b": {"Status": "deleting"}}}
    assert 2 == serving(EYES.lines(seen | databases))


# -- after a deed

UNDISTURBED = _lines(dict(BEFORE["volumes"]) | {NEW: _made()})
DONE = Ends(_ended(UNDISTURBED), _lines(), UNDISTURBED)


def _touched(was: Lines, now: Lines) -> Touched:
    touched = Touched()
    touched.add(was, now)
    return touched


FASTER = _lines({ONE: _volume(Iops=9000), TWO: BEFORE["volumes"][TWO]})
MADE_FASTER = _lines(dict(BEFORE["volumes"]) | {NEW: _made(Iops=9000)})


@pytest.mark.parametrize("end", [FASTER, _lines()], ids=["it stays so", "it was put right"])
def test_what_somebody_has_changed_may_stay_so(end: Lines) -> None:
    """Or be put right: either is well."""
    assert [] == _after_somebody(
        "forward", _ended(end, 5, rested="rolled-back", touched=_touched(_lines(), FASTER)), ENDS
    )


@pytest.mark.parametrize(
    ("end", "how"),
    [
        (FASTER + LEFT, "has volumes <made>"),
        (_lines({ONE: _volume(Iops=9000)}), "lacks volumes vol-00000002"),
        (_lines({ONE: _volume(Iops=9000, Size=1), TWO: BEFORE["volumes"][TWO]}), "Size null -> 1"),
        (_lines({ONE: _volume(Iops=9000), TWO: _volume(Iops=9000)}), "volumes vol-00000002: Iops 4000 -> 9000"),
        (_lines({TWO: BEFORE["volumes"][TWO]}), "lacks volumes vol-00000001"),
    ],
    ids=["a leftover", "a loss", "another attribute", "the same attribute of another", "the very one is lost"],
)
def test_what_is_left_or_lost_besides_what_somebody_has_changed_is_seen(end: Lines, how: str) -> None:
    """Somebody has given a source more IOPS: that alone is theirs."""
    (wrong,) = _after_somebody(
        "forward", _ended(end, 5, rested="rolled-back", touched=_touched(_lines(), FASTER)), ENDS
    )
    assert how in wrong


def test_what_is_there_twice_after_a_deed_is_seen() -> None:
    """They have changed one of what the run has made, or deleted it: another in its stead is well, and one besides is not."""
    for touched in (_touched(UNDISTURBED, MADE_FASTER), _touched(UNDISTURBED, _lines())):
        assert [] == _after_somebody("forward", _ended(UNDISTURBED, touched=touched), DONE)
    changed = _touched(UNDISTURBED, MADE_FASTER)
    assert [] == _after_somebody("forward", _ended(MADE_FASTER, touched=changed), DONE)
    (wrong,) = _after_somebody("forward", _ended(MADE_FASTER + LEFT, touched=changed), DONE)
    assert "has volumes <made>" in wrong


def test_a_double_is_one_too_many_for_each_that_was_touched() -> None:
    """Of what the run has made, one deed is about one."""
    touched = _touched(UNDISTURBED, _lines())
    assert [] == _after_somebody("forward", _ended(_lines(), touched=touched), DONE)
    two = Ends(_ended(UNDISTURBED + LEFT), _lines(), UNDISTURBED + LEFT)
    (wrong,) = _after_somebody("forward", _ended(_lines(), touched=touched), two)
    assert "lacks volumes <made>" in wrong


def test_who_asks_a_person_leaves_others_things_alone_and_loses_nothing() -> None:
    """Half-way, the target's own are as they are; a neighbour's that is gone, or a source that lacks what it held, is seen."""
    plan = f"plan of {ONE}"
    well, asks = (
        _lines({ONE: _volume(at="nowhere"), TWO: BEFORE["volumes"][TWO]}),
        "sealift resume m, or: sealift rollback m",
    )
    assert [] == _after_somebody("forward", _ended(well, 6, asks, about=plan), ENDS)
    gone = _lines({ONE: _volume(at="nowhere")})
    assert any(
        "lacks volumes vol-00000002" in w for w in _after_somebody("forward", _ended(gone, 6, asks, about=plan), ENDS)
    )
    lacking = {"i:/dev/sdf": "its own, and lacks what it held before"}
    empty = _lines({ONE: _volume(holds=lacking), TWO: BEFORE["volumes"][TWO]})
    assert any("vol-00000001 holds" in w for w in _after_somebody("forward", _ended(empty, 6, asks, about=plan), ENDS))


def test_what_is_wrong_beside_a_deed_is_seen_in_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody does something harmless; a disk that nobody accounts for, or a neighbour's that is gone, is seen all the same."""
    do = people._do

    def left(stage: Stage) -> None:
        stage.world.ec2.create_volume(AvailabilityZone="eu-central-1a", Size=5)

    def lost(stage: Stage) -> None:
        (shot,) = stage.before["snapshots"]
        stage.world.ec2.delete_snapshot(SnapshotId=shot)

    beside = {"changes DeleteOnTermination": left, "disables the key": lost}

    def doing(stage: Stage, deed: Deed, step: str) -> Done | None:
        done = do(stage, deed, step)
        beside[deed.name](stage)
        return done

    monkeypatch.setattr(people, "_do", doing)
    found = people.try_deeds("root only", "clone", "forward", lambda step, deed: step == "claim" and deed in beside)
    wrong = {t.then: " ".join(t.wrong) for t in found if t.then in beside}
    assert "has volumes <made>" in wrong["changes DeleteOnTermination"]
    assert "lacks snapshots snap-" in wrong["disables the key"]


# -- what things hold


def _writes(*spans: tuple[float, float]) -> Contents:
    return Contents({"client": tuple(spans)})


SOURCE = _writes((0, 100))


@pytest.mark.parametrize(
    ("here", "there", "how"),
    [
        (SOURCE, SOURCE, SAME),
        (_writes((0, 100), (120, 150)), SOURCE, MORE),
        (_writes((0, 60)), SOURCE, f"{EARLIER}, while it wrote"),
        (SOURCE, _writes((0, 100), (200, 300)), f"{EARLIER}, at rest"),
        (_writes((0, 100), (120, 150)), _writes((0, 100), (200, 300)), f"{PARTED}, at rest"),
        (_writes((0, 60), (120, 150)), SOURCE, f"{PARTED}, while it wrote"),
        (_writes((0, 40), (60, 100)), SOURCE, OTHER),
        (_writes((60, 100)), SOURCE, OTHER),
    ],
)
def test_how_a_thing_stands_to_its_source(here: Contents, there: Contents, how: str) -> None:
    """The same, gone on since, an older state, gone on from an older state, or with a hole in it: each is told from the others."""
    assert how == relation(here, there)


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A stage on which states are reached at once."""
    with staged("root and data", "clone") as made:
        yield made


async def test_a_volume_that_holds_something_else_is_seen(stage: Stage) -> None:
    """The last copy of a source and one of before have the same attributes, and do not hold the same."""
    await stage.set()
    volume = stage.world.volumes(stage.plan.target)["/dev/sdf"]["VolumeId"]
    ec2 = stage.world.ec2
    shots = [ec2.create_snapshot(VolumeId=volume)["SnapshotId"]]
    stage.world.clock.advance(600)
    ec2.stop_instances(InstanceIds=[stage.plan.target])
    stage.world.clock.advance(600)
    shots.append(ec2.create_snapshot(VolumeId=volume)["SnapshotId"])
    stage.world.clock.advance(600)
    holds = [stage.look()["snapshots"][s]["holds"] for s in shots]
    stream = f"{stage.plan.target}:/dev/sdf"
    assert [{stream: f"{EARLIER}, while it wrote of {volume}"}, {stream: f"{SAME} of {volume}"}] == holds


async def test_sources_put_back_in_each_others_place_are_seen(stage: Stage) -> None:
    """Both are there, both are attached, and each holds what it held: at the other's device they are wrong."""
    await stage.set()
    ec2, target = stage.world.ec2, stage.plan.target
    ec2.stop_instances(InstanceIds=[target])
    stage.world.clock.advance(600)
    there = {d: v["VolumeId"] for d, v in stage.world.volumes(target).items() if d in ("/dev/sdf", "/dev/sdg")}
    for volume in there.values():
        ec2.detach_volume(VolumeId=volume)
    stage.world.clock.advance(600)
    for device, volume in zip(there, reversed(there.values()), strict=True):
        ec2.attach_volume(VolumeId=volume, InstanceId=target, Device=device)
    ec2.start_instances(InstanceIds=[target])
    stage.world.clock.advance(600)
    changed = differences(stage.began, stage.eyes.lines(stage.look()))
    assert 2 == sum("/dev/sdf" in c and "/dev/sdg" in c for c in changed), changed


async def test_a_loose_volume_is_told_by_what_it_holds() -> None:
    """Attached to nothing, it holds what was written to it before; an empty one of its like does not."""
    with staged("unattached volume", "clone") as stage:
        await stage.set()
        volume, ec2 = stage.plan.target, stage.world.ec2
        copy = ec2.copy_volumes(SourceVolumeId=volume)["Volumes"][0]["VolumeId"]
        about = stage.world.all_volumes()[volume]
        zone, size = about["AvailabilityZone"], about["Size"]
        empty = ec2.create_volume(AvailabilityZone=zone, Size=size, VolumeType="gp3")["VolumeId"]
        stage.world.clock.advance(600)
        holds = {v: stage.look()["volumes"][v]["holds"] for v in (volume, copy, empty)}
        assert {volume: {volume: "its own"}, copy: {volume: f"{SAME} of {volume}"}, empty: {}} == holds


# -- the share


@pytest.mark.parametrize(
    ("share", "of", "wanted"), [(0.0, 50, 0), (1.0, 50, 50), (0.1, 50, 5), (0.02, 150, 3), (0.3, 100, 30)]
)
def test_a_share_is_so_much_of_all_and_always_the_same(share: float, of: int, wanted: int) -> None:
    """One of each so many, spread over all of it; other names draw others."""
    drawn = [
        [n for n in range(of) if ask(n)] for ask in (share_of(share, "a"), share_of(share, "a"), share_of(share, "b"))
    ]
    assert [wanted] * 3 == list(map(len, drawn))
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2] or share in (0, 1)
