"""Recipes: blocks, lanes, Refs, and the way back that is derived from them."""

import json
from dataclasses import replace

import pytest

from sealift.errors import UsageError
from sealift.recipe import (
    Lanes,
    Span,
    blocks,
    kept,
    operations,
    operations_of,
    owed_back,
    queries,
    recipe,
    seconds_back,
    seconds_cutover,
    seconds_down,
    seconds_of,
    seconds_prepare,
    step_from_json,
    step_to_json,
    total,
    way_back,
    writers_down,
)
from sealift.step import Context, Guard, Irreversible, Phase, Ref, Seconds, Seen, Step, bind, refs, token
from sealift.steps import (
    ApplyOwnParameters,
    AttachVolume,
    CopyVolume,
    DetachVolume,
    KeepOnTermination,
    MarkSource,
    ResumeProcesses,
    StartInstance,
    StatusChecks,
    StopInstance,
    SuspendProcesses,
    WarmSnapshot,
)
from tests.engine.scripted import act, asks, waits

CUTOVER, PREPARE = Phase.CUTOVER, Phase.PREPARE


def copy(device: str, source: str) -> CopyVolume:
    return CopyVolume(key=f"copy:{device}", phase=CUTOVER, source=source, key_arn="arn", volume_type="gp3", size=8)


def lanes(make: object, *devices: str) -> Lanes:
    return Lanes({d: [make(d)] for d in devices})  # type: ignore[operator]


DEVICES = ("/dev/sda", "/dev/sdb")
STEPS = recipe(
    lanes(lambda d: MarkSource(key=f"mark:{d}", phase=PREPARE, volume=f"vol-{d[-1]}", plan="p", was="w"), *DEVICES),
    lanes(lambda d: WarmSnapshot(key=f"warm:{d}", phase=PREPARE, volume=f"vol-{d[-1]}", size=8), *DEVICES),
    KeepOnTermination(key="keep", phase=CUTOVER, instance="i-1", former=(("/dev/sda", True),)),
    StopInstance(key="stop", phase=CUTOVER, instance="i-1"),
    lanes(
        lambda d: DetachVolume(key=f"detach:{d}", phase=CUTOVER, volume=f"vol-{d[-1]}", instance="i-1", device=d),
        *DEVICES,
    ),
    lanes(lambda d: copy(d, f"vol-{d[-1]}"), *DEVICES),
    lanes(
        lambda d: AttachVolume(
            key=f"attach:{d}", phase=CUTOVER, volume=Ref(f"copy:{d}", "VolumeId"), instance="i-1", device=d
        ),
        *DEVICES,
    ),
    StartInstance(key="start", phase=Phase.BRING_UP, instance="i-1"),
)
OUTPUTS = {s.key: {name: f"{name}-{s.key}" for name in s.outputs} for s in STEPS}


def back(*, brought_up: bool = False, salvage: bool = True, until: str = "") -> list[list[str]]:
    keys = [s.key for s in STEPS]
    done = set(keys[: keys.index(until) + 1]) if until else set(keys)
    made = {k: o for k, o in OUTPUTS.items() if k in done and (brought_up or k != "start")}
    found = way_back(STEPS, made, brought_up=brought_up, salvage=salvage)
    return [[s.key for lane in block for s in lane] for block in blocks(found)]


def test_a_block_is_a_step_or_a_set_of_lanes() -> None:
    """Blocks are numbered in order; the lanes of one stand side by side; nothing else does."""
    assert [[2], [2], [1], [1], [2], [2], [2], [1]] == [[len(block)] for block in blocks(STEPS)]
    assert list(range(8)) == list(dict.fromkeys(s.block for s in STEPS))


def test_what_is_left_out_takes_no_number() -> None:
    """None, and lanes without a step, are no blocks."""
    found = recipe(None, Lanes({}), StopInstance(key="stop", phase=CUTOVER, instance="i-1"), Lanes({"a": []}))
    assert [("stop", 0)] == [(s.key, s.block) for s in found]


def test_the_way_back_is_the_undos_in_reverse() -> None:
    """Attach, copy, detach, stop, keep: each is taken back in the opposite order, lanes side by side."""
    assert [
        ["undo:attach:/dev/sda", "undo:attach:/dev/sdb"],
        ["undo:detach:/dev/sda", "undo:detach:/dev/sdb"],
        ["undo:stop"],
        ["undo:keep"],
    ] == back()[:4]


def test_the_way_back_restores_before_it_cleans() -> None:
    """No deletion stands before the last step that restores service, though the copies were made after the detach."""
    found = way_back(STEPS, OUTPUTS, brought_up=True, salvage=True)
    phases = [s.phase for s in found]
    assert [Phase.RESTORE] * phases.count(Phase.RESTORE) + [Phase.CLEAN] * phases.count(Phase.CLEAN) == phases
    assert {"undo:copy:/dev/sda", "undo:warm:/dev/sda", "undo:mark:/dev/sda"} <= {
        s.key for s in found if s.phase is Phase.CLEAN
    }


def test_only_what_left_a_row_is_taken_back() -> None:
    """A run that failed at the second detach has no attach and no copy to undo."""
    assert [["undo:detach:/dev/sda"], ["undo:stop"], ["undo:keep"]] == back(until="detach:/dev/sda")[:3]


def test_before_bring_up_nothing_is_salvaged() -> None:
    """A copy that nobody ran on holds nothing of its own."""
    assert not [key for block in back() for key in block if key.startswith(("safety:", "kept:"))]


def test_after_bring_up_every_replacement_is_snapshotted_once_it_is_detached() -> None:
    """Stop, detach the replacements, snapshot them, then attach the originals."""
    order = [key for block in back(brought_up=True) for key in block]
    places = [
        order.index(k) for k in ("undo:start", "undo:attach:/dev/sda", "safety:copy:/dev/sda", "undo:detach:/dev/sda")
    ]
    assert sorted(places) == places


def test_a_replacement_is_deleted_only_after_its_safety_snapshot_is_assured() -> None:
    """In its lane the wait for the snapshot stands before the delete."""
    lane = [
        s.key
        for s in way_back(STEPS, OUTPUTS, brought_up=True, salvage=True)
        if s.lane == "/dev/sda" and s.phase is Phase.CLEAN
    ]
    assert lane.index("kept:safety:copy:/dev/sda") < lane.index("undo:copy:/dev/sda")


def test_without_salvage_the_replacements_stay() -> None:
    """What was acknowledged and not saved is not deleted."""
    keys = [key for block in back(brought_up=True, salvage=False) for key in block]
    assert [] == [k for k in keys if k.startswith(("safety:", "kept:", "undo:copy:"))]
    assert {"undo:attach:/dev/sda", "undo:detach:/dev/sda"} <= set(keys)


def test_what_was_adopted_is_not_deleted() -> None:
    """A warm snapshot that a step only took over is deleted by who made it, once."""
    outputs = {"warm:/dev/sda": {"SnapshotId": "snap-1", "adopted": True}}
    assert () == way_back(STEPS, outputs, brought_up=False, salvage=True)


def test_lanes_count_once_at_their_longest() -> None:
    """Eight volumes side by side take as long as one."""
    one = recipe(StopInstance(key="stop", phase=CUTOVER, instance="i-1"), lanes(lambda d: copy(d, "v"), "a"))
    eight = recipe(StopInstance(key="stop", phase=CUTOVER, instance="i-1"), lanes(lambda d: copy(d, "v"), *"abcdefgh"))
    assert seconds_down(one) == seconds_down(eight)


def of(*keys: str) -> Seconds:
    """What steps take one after the other."""
    each = [s.seconds() for s in STEPS if s.key in keys]
    return Seconds(round(sum(s.expected for s in each), 1), round(sum(s.worst for s in each), 1))


def test_each_figure_counts_its_own_phases() -> None:
    """Prepare before the gate; the cutover from the quiesce to bring-up; down from what takes it down; a lane counts once."""
    a = "/dev/sda"
    cut = ("stop", f"detach:{a}", f"copy:{a}", f"attach:{a}", "start")
    assert of(f"mark:{a}", f"warm:{a}") == seconds_prepare(STEPS)
    assert of(*cut) == seconds_cutover(STEPS) == seconds_down(STEPS)
    assert of(*cut) != total(STEPS)
    assert (Span("stop", "start"),) == writers_down(STEPS)
    assert of("stop", f"detach:{a}") == seconds_of((Span("stop", f"detach:{a}"),), STEPS)
    assert Seconds() == seconds_down(STEPS[:4]) == seconds_cutover(STEPS[:4])
    assert () == writers_down([s for s in STEPS if s.key != "stop"])
    assert Seconds() == seconds_cutover([s for s in STEPS if s.key != "stop"])


def test_what_confirms_without_interrupting_takes_no_time_of_the_cutover() -> None:
    """Its minutes of status checks pass while the workload runs."""
    confirmed = (*STEPS, StatusChecks(key="status", phase=Phase.CONFIRM, instance="i-1", block=99))
    assert (seconds_cutover(STEPS), seconds_down(STEPS)) == (seconds_cutover(confirmed), seconds_down(confirmed))


def test_what_interrupts_at_last_is_a_part_of_the_cutover() -> None:
    """Nothing else of the confirmation is; nor is what would interrupt while it is prepared."""
    a = "/dev/sda"
    reboot = ApplyOwnParameters(
        key="reboot", phase=Phase.CONFIRM, database="orders", resource_id="db-1", parameter_group="p", block=98
    )
    confirmed = (*STEPS, reboot, StatusChecks(key="status", phase=Phase.CONFIRM, instance="i-1", block=99))
    early = (replace(reboot, phase=PREPARE, block=-1), *STEPS)
    cut = of("stop", f"detach:{a}", f"copy:{a}", f"attach:{a}", "start")
    more = reboot.seconds()

    assert (round(cut.expected + more.expected, 1), round(cut.worst + more.worst, 1)) == (
        seconds_cutover(confirmed).expected, seconds_cutover(confirmed).worst,
    )  # fmt: skip
    assert more.expected > 0
    assert (Span("stop", "reboot"),) == writers_down(confirmed)
    assert (Span("stop", "start"),) == writers_down(early)
    assert cut == seconds_cutover(early)


def test_what_is_kept_is_kept_in_the_lane_of_what_made_it() -> None:
    """Lanes go home side by side: a snapshot of one volume does not wait for another's."""
    found = way_back(STEPS, OUTPUTS, brought_up=True, salvage=True)
    lanes_of = {s.key: s.lane for s in found if s.key.startswith(("safety:", "kept:"))}

    assert {f"{what}copy:{d}": d for what in ("safety:", "kept:safety:") for d in DEVICES} == lanes_of
    assert {f"safety:copy:{d}" for d in DEVICES} == {
        s.key for lane in next(b for b in blocks(found) if "safety:" in b[0][0].key) for s in lane
    }


def test_the_way_back_is_timed_by_what_restores_service() -> None:
    """Before bring-up without a safety snapshot and without the start's undo; after it with both."""
    before = [s for s in way_back(STEPS, OUTPUTS, brought_up=False, salvage=True) if s.phase is Phase.RESTORE]
    after = [s for s in way_back(STEPS, OUTPUTS, brought_up=True, salvage=True) if s.phase is Phase.RESTORE]
    assert total([s for s in before if s.key != "undo:start"]) == seconds_back(STEPS)
    assert total(after) == seconds_back(STEPS, brought_up=True)
    assert seconds_back(STEPS).worst < seconds_back(STEPS, brought_up=True).worst


def test_a_step_declares_its_call_its_reads_and_what_it_waits_on() -> None:
    """The policy is made of it: there, back, what is kept, and the wait until that is durable."""
    made = copy("/dev/sda", "v")
    assert {"ec2:CopyVolumes", "ec2:DescribeVolumes"} == operations_of(made)
    assert {"ec2:DescribeVolumes"} == {q.call.operation for q in queries(made)} or queries(made) == []
    assert {"ec2:DescribeInstances", "ec2:StartInstances"} <= operations_of(STEPS[-1])
    assert {
        "ec2:CopyVolumes", "ec2:DescribeVolumes", "ec2:DeleteVolume", "ec2:CreateSnapshot", "ec2:DescribeSnapshots",
    } <= operations([made])  # fmt: skip


def test_what_is_owed_back_is_what_the_undo_of_a_switch_turns() -> None:
    """By the name of the switch: what ran when it was planned, not all that was suspended; other steps owe nothing."""
    off = SuspendProcesses(
        key="off",
        phase=CUTOVER,
        instance="i-1",
        group="web",
        processes=("HealthCheck", "Terminate"),
        wake=("Terminate",),
    )
    on = ResumeProcesses(key="on", phase=Phase.CONFIRM, instance="i-1", group="web", processes=("Terminate",))

    assert {"1/eu/" + off.switch().name: ("Terminate",)} == owed_back([*STEPS, off, on], ("1", "eu"))
    assert {} == owed_back([*STEPS, on], ("1", "eu"))


def test_the_operations_of_a_recipe_are_those_of_its_undos_on_either_side_of_bring_up() -> None:
    """Of steps that keep nothing as well."""
    made = act("copy", operation="ec2:CopyVolumes", taken_back=act("undo:copy", operation="ec2:DeleteVolume"))
    once_up = replace(made, taken_back_once_up=act("keep", operation="ec2:CreateTags"))

    assert {"ec2:CopyVolumes", "ec2:DeleteVolume"} == operations([made])
    assert {"ec2:CopyVolumes", "ec2:DeleteVolume", "ec2:CreateTags"} == operations([once_up])


def test_what_stays_keeps_nothing_else_of_its_lane_from_being_undone() -> None:
    """What was adopted stays, and what came before it in its lane is taken back."""
    line = Lanes(
        {
            "a": [
                act("one", taken_back=act("undo:one", Phase.CLEAN)),
                act("two", taken_back=act("undo:two", Phase.CLEAN)),
            ]
        }
    )

    found = way_back(recipe(line), {"one": {}, "two": {"adopted": True}}, brought_up=False, salvage=True)

    assert ["undo:one"] == [s.key for s in found]


def test_what_stands_by_declares_what_is_read_of_it() -> None:
    """Whether it has spoken, until when it acts, and what it came to."""
    spoken, restored = asks(list, "ec2:DescribeTags"), asks(lambda: None, "ec2:DescribeInstances")
    arm = act("arm", guards=True, stands_by=Guard(60.0, spoken, waits(lambda: Seen(done=True)), restored))

    assert [spoken, restored] == queries(arm)
    assert {"ec2:DescribeTags", "ec2:DescribeInstances", "ec2:DescribeVolumes"} <= operations_of(arm)


def test_what_only_harbours_is_not_kept_for_its_own_sake() -> None:
    """It stays with what lives in it."""
    group = act("group", harbours=True)
    maker = act("copy", kept_by=act("safety:copy"))

    assert [] == kept([group], {"group": {}})
    assert [maker, group] == kept([group, maker], {"group": {}, "copy": {}})


def test_what_is_undone_once_it_is_up_may_be_another_step() -> None:
    """A replacement that clients were on is not put away as one that nobody has seen."""
    made = act(
        "copy", gives={"id": "v"}, taken_back=act("undo:copy", Phase.CLEAN), taken_back_once_up=act("keep", Phase.CLEAN)
    )

    assert [["undo:copy"], ["keep"]] == [
        [s.key for s in way_back([made], {"copy": {}}, brought_up=up, salvage=True)] for up in (False, True)
    ]


def test_a_block_of_several_lanes_comes_back_lane_by_lane() -> None:
    """Each step keeps its lane and its block; what stands in none has none."""
    assert [("a", 0), ("a", 0), ("b", 0), (None, 1)] == [
        (s.lane, s.block)
        for s in recipe(
            Lanes({"a": [copy("1", "v"), copy("2", "v")], "b": [copy("3", "v")]}),
            StopInstance(key="stop", phase=CUTOVER, instance="i-1"),
        )
    ]


def test_a_span_is_from_its_first_step_to_its_last() -> None:
    """Both included."""
    keys = [s.key for s in Span("keep", "detach:/dev/sda").of(STEPS)]
    assert ["keep", "stop", "detach:/dev/sda"] == keys


# -- steps ---------------------------------------------------------------------------------------------------------------


def test_a_step_of_a_plan_is_read_back_as_it_was() -> None:
    """Type and fields count, Refs and tuples too; operation and parameters are for readers."""
    for step in STEPS:
        row = step_to_json(step)
        assert step == step_from_json(json.loads(json.dumps(row)))
        assert set(row) == {"key", "phase", "block", "lane", "type", "fields", "operation", "params"}
    row = step_to_json(next(s for s in STEPS if s.key == "attach:/dev/sda"))
    assert ("attach:/dev/sda", "cutover", 6, "/dev/sda", "AttachVolume") == tuple(
        row[k] for k in ("key", "phase", "block", "lane", "type")
    )
    assert {"$ref": ["copy:/dev/sda", "VolumeId"]} == row["fields"]["volume"]
    assert not {"key", "phase", "block", "lane"} & set(row["fields"])
    assert ("ec2:AttachVolume", "{copy:/dev/sda.VolumeId}") == (row["operation"], row["params"]["VolumeId"])
    keep = step_to_json(next(s for s in STEPS if s.key == "keep"))
    assert [["/dev/sda", True]] == keep["fields"]["former"]
    assert json.dumps(keep["params"])
    assert "{migration}" in json.dumps(step_to_json(STEPS[0])["params"])


def test_refs_are_bound_from_outputs() -> None:
    """A Ref shows as {step.field} until an earlier step has left the value."""
    step = next(s for s in STEPS if s.key == "attach:/dev/sda")
    assert ("attach {copy:/dev/sda.VolumeId} to i-1 at /dev/sda", [Ref("copy:/dev/sda", "VolumeId")]) == (
        step.title(), list(refs(step)),
    )  # fmt: skip
    assert "attach vol-9 to i-1 at /dev/sda" == bind(step, {"copy:/dev/sda": {"VolumeId": "vol-9"}}).title()
    with pytest.raises(KeyError):
        bind(step, {})


def test_a_token_names_migration_attempt_cut_and_step() -> None:
    """The same try has the same token; another attempt, cut or step has another; at most 64 ASCII characters."""
    step, other = copy("/dev/sda", "v"), copy("/dev/sdb", "v")
    contexts = [Context("m", 1, 1), Context("m", 2, 1), Context("m", 1, 2), Context("n", 1, 1)]
    tokens = [*(token(c, step) for c in contexts), token(contexts[0], other)]
    assert (5, True) == (len(set(tokens)), all(len(t) <= 64 and t.isascii() for t in tokens))
    assert token(contexts[0], step) == token(Context("m", 1, 1), copy("/dev/sda", "v"))


def test_an_unknown_step_of_a_plan_is_a_usage_error() -> None:
    """A plan of a newer version is refused in one sentence that names the type."""
    row = step_to_json(STEPS[0])
    with pytest.raises(UsageError, match="Teleport"):
        step_from_json({**row, "type": "Teleport"})
    with pytest.raises(UsageError, match="mark:/dev/sda"):
        step_from_json({**row, "fields": {**row["fields"], "wings": 2}})
    with pytest.raises(UsageError):
        step_from_json({"type": "StopInstance"})
    with pytest.raises(UsageError, match=r"of the plan cannot be read: block, lane$"):
        step_from_json({**row, "block": "2", "lane": 3})


def test_undo_of_undo_names_no_new_operation() -> None:
    """Going back and forth needs what was asked for in the first place."""
    for step in STEPS:
        undo = step.undo()
        assert isinstance(undo, Step | Irreversible)
