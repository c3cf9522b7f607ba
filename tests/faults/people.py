"""People and robots: at each moment of a run somebody does something, and the run ends well or stops safely, and says why.

A run is walked once. Before each of its steps the process forks for each deed (`deeds.py`): in the fork it is done, and
the driver, which knows nothing of it, goes on to its end. What then ends with a question is answered as its message says, once
the deed has been undone.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sealift.driver import Outcome
from sealift.events import Event
from sealift.watch import ABSENT_MEANS_GONE
from tests.contract.shapes import no_bring_up
from tests.faults.crashes import Tried
from tests.faults.deeds import (
    BY_HAND,
    DATABASE,
    DB_DEEDS,
    EBS_DEEDS,
    INSTANCE,
    LOOSE,
    Deed,
    Done,
    database,
    done_by,
    ours,
    planned_volumes,
)
from tests.faults.forking import Broken, Forks, guarded
from tests.faults.invariants import place
from tests.faults.judging import Ended, Ends, at_rest, refused, under_way
from tests.faults.living import live_on
from tests.faults.outages import A_LOOK
from tests.faults.rests import COMMANDS
from tests.faults.sampling import share_of
from tests.faults.stage import Stage, play

DEEDS: dict[str, Deed] = {d.name: d for d in (*EBS_DEEDS, *DB_DEEDS)}
WELL, REFUSED, BACK, ASKS = 0, 4, 5, 6


@dataclass
class Story:
    """What came of a deed: the run's end, and those of what was done about it."""

    deed: str
    done: Done | None
    ended: Ended
    last: Ended | None = None  # once its message was followed
    after: list[tuple[str, int, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def every(shape: str, route: str, share: float = 1.0, *, at_once: int = 1) -> list[Tried]:
    """Try each deed before each step of a run, forward and on its way back: a share of them, always the same."""
    found: list[Tried] = []
    for act in ("forward", "way back"):
        found += try_deeds(shape, route, act, share_of(share, shape, route, act), at_once=at_once)
    return found


def try_deeds(shape: str, route: str, act: str, wanted: Callable[[str, str], bool], *, at_once: int = 1) -> list[Tried]:
    """Walk a run, and before each of its steps let somebody do each deed that is `wanted(step, deed)`."""
    found: list[Tried] = play(shape, route, partial(_walk, act=act, wanted=wanted, at_once=at_once))
    return found


async def _walk(stage: Stage, act: str, wanted: Callable[[str, str], bool], at_once: int) -> list[Tried]:
    forks, seen, begun = Forks(at_once), set[str](), [act == "forward"]
    here: list[tuple[Deed, Done | None]] = []

    def listen(event: Event) -> None:
        begun[0] = begun[0] or event.name == "direction"
        if event.name != "step-started" or here or not begun[0] or event.step in seen:
            return
        seen.add(event.step)
        for deed in (d for d in _deeds(stage) if wanted(event.step, d.name)):
            copy = stage.copy_of_the_journal()
            if forks.fork((event.step, deed.name)):
                with guarded():
                    live_on(stage, copy)
                    here.append((deed, _do(stage, deed, event.step)))
                return

    driver = stage.driver(listeners=[listen])
    if act == "way back":
        driver.runner = no_bring_up
    outcome = await stage.migrate(driver)
    if here:
        ((deed, done),) = here
        forks.tell(await _story(stage, deed, done, outcome))
    ended = stage.end(outcome)
    code = 0 if act == "forward" else BACK
    wrong = [] if ended.code == code else [f"it ended with {ended.code}: {ended.message[:300]}"]
    ends = Ends(ended, stage.began, ended.picture if ended.rested == "retained" else Counter())
    return [Tried(act, "", "undisturbed", [*ended.wrong, *wrong], ended.checks), *_told(act, forks.join(), ends)]


TURNED = "the test says no"
"""Why a run had turned back before anybody did anything."""

CLOSED = "has closed this cut"
"""What is said where the watchdog has acted."""


def _deeds(stage: Stage) -> Iterator[Deed]:
    return (d for d in DEEDS.values() if stage.plan.kind in d.on)


def _do(stage: Stage, deed: Deed, step: str) -> Done | None:
    looks = stage.invariants
    gone = {v["id"] for v in planned_volumes(stage)} | {stage.plan.target}
    # What they are about to touch and delete is not known before they have, and the sandbox is looked at as they do.
    looks.by_hand = _within_reach(stage, deed)
    looks.deleted_by_others = frozenset(gone if deed.final or (deed.power and stage.plan.facts.get("asg")) else ())
    with stage.somebody_acts(), looks.others_at_work():
        done = done_by(deed, stage)
    if done is not None and deed.power and stage.plan.kind == INSTANCE:  # off as it was before, and now by their hand
        stage.touched.spots.append((("power", stage.plan.target), frozenset({"is"})))
    # What has vanished under the driver's hands, or does so later, is believed gone after a while: that is nobody's charge.
    looks.excused += ABSENT_MEANS_GONE + A_LOOK
    if deed.passes:  # nor is what a step waits for that they have made impossible, until its deadline
        looks.excused += next((s.seconds().worst for s in stage.plan.steps if s.key == step), 0.0)
    if done is not None and stage.plan.facts.get("asg"):  # a group replaces a member that somebody has stopped
        left = stage.world.all_volumes()
        done.deleted = (*done.deleted, *sorted(v for v in gone if v.startswith("vol-") and v not in left))
    looks.deleted_by_others = frozenset(done.deleted if done else ())
    looks.by_hand = _touched(stage, deed, done) if done else set()
    return done


def _within_reach(stage: Stage, deed: Deed) -> set[str]:
    """Return all that a deed may touch of what invariants ask: power, places for disks, the names of a database."""
    target = stage.plan.target
    places = {place(target, v["device"]) for v in planned_volumes(stage) if v.get("device")} if deed.disk else set()
    return places | ({target} if deed.power else set())


def _touched(stage: Stage, deed: Deed, done: Done) -> set[str]:
    """Return what a deed has touched and nobody has put back: it is theirs until it is undone."""
    if deed.passes:
        return set()
    if deed.disk and not deed.final:
        return {place(stage.plan.target, device) for device in done.also}
    names = {done.to, *done.also} if deed.power else set()
    return _within_reach(stage, deed) | {n for n in names if not n.startswith("vol-")}


def _told(act: str, told: dict[Any, Any], ends: Ends) -> Iterable[Tried]:
    for (step, deed), story in told.items():
        if isinstance(story, Broken):
            yield Tried(act, step, deed, [story.why])
        else:
            wrong = [*story.wrong, *_otherwise(story, ends)]
            yield Tried(act, step, deed, wrong, story.ended.checks, done=story.done is not None)


def _otherwise(story: Story, ends: Ends) -> Iterator[str]:
    """Yield what is otherwise, resource by resource, than the end that a run came to leaves it, but for what the deed has touched."""
    if story.done is None:
        return
    for ended in filter(None, (story.ended, story.last)):
        if ended.code == WELL and ended.rested == "given-up":  # nothing is kept, put back or deleted any more
            yield from under_way(ended, ends.before, ends.undisturbed.picture)
        elif ended.code in (WELL, BACK) and (ended.rested == "rolled-back" or ends.retained):
            yield from at_rest(ended, ends)
        elif ended.code == REFUSED:
            yield from refused(ended, ends.before)
        else:
            yield from under_way(ended, ends.before, ends.undisturbed.picture)


# -- what came of it ---------------------------------------------------------------------------------------------------


async def _story(stage: Stage, deed: Deed, done: Done | None, outcome: Outcome | None) -> Story:
    ended = _end(stage, outcome)
    story = Story(deed.name, done, ended)
    if done is None:
        return story
    story.wrong += [*ended.wrong, *_about(stage, deed, done, ended)]
    if ended.code == ASKS and not story.wrong:
        await _answer(stage, story, deed, done)
    return story


def _end(stage: Stage, outcome: Outcome | None) -> Ended:
    """Look how it ended, without what is theirs: what others have made, and what is lost while it is off, or bears another name."""
    stage.theirs.update(_made_by_others(stage))
    ended = stage.end(outcome)
    theirs = {f"in the end: {loss}" for loss in _lost_by_others(stage)}
    ended.wrong = [w for w in ended.wrong if w not in theirs]
    return ended


def _made_by_others(stage: Stage) -> Iterator[str]:
    """Yield what a policy, a group or a person has made, or named, meanwhile."""
    for snapshot in stage.world.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]:
        if any(t["Key"].startswith("aws:dlm:") for t in snapshot.get("Tags", ())):
            yield snapshot["SnapshotId"]
    for name, volume in stage.world.all_volumes().items():
        if any(a["InstanceId"] != stage.plan.target for a in volume["Attachments"]):
            yield name
    yield from (BY_HAND, f"{stage.plan.target}-{BY_HAND}")


def _lost_by_others(stage: Stage) -> Iterator[Any]:
    """Yield what is lost only because a disk is off, or a name leads nowhere, that somebody has touched and not put back."""
    by_hand = stage.invariants.by_hand
    for loss in stage.box.losses():
        if loss.volume is None and by_hand & {loss.instance, place(loss.instance, loss.device)}:
            yield loss
    yield from (loss for loss in stage.box.db_losses() if loss.database is None and loss.name in by_hand)


def _about(stage: Stage, deed: Deed, done: Done, ended: Ended) -> list[str]:
    said = f"it ended with {ended.code}: {ended.message[:700]}"
    if ended.code not in (WELL, REFUSED, BACK, ASKS):
        return [said]
    named = any(name in ended.message for name in (done.to, *done.also))
    # A way back that had begun already undoes what it finds: who has undone a part of it has done its work.
    need_not = (ended.code == WELL and deed.harmless) or (
        ended.code == BACK and TURNED in ended.message and not deed.power
    )
    # What took them so long that the watchdog has acted is not what sent it back.
    need_not = need_not or (ended.code == BACK and deed.harmless and CLOSED in ended.message)
    found = [] if named or need_not else [f"{done.to} is not named; {said}"]
    if ended.code == WELL:
        found += _sound(stage, deed)
    elif ended.code in (REFUSED, BACK):
        found += _as_before(stage, deed, done, named=named)
    if found and not named:
        return found
    if ended.code == ASKS and "sealift " not in ended.message and "aws " not in ended.message:
        found.append(f"no command is named; {said}")
    return [f"{f}; {said}" if said not in f else f for f in found]


def _sound(stage: Stage, deed: Deed) -> Iterator[str]:
    """Yield what is not as a migration that is done leaves it."""
    key = stage.world.key
    if stage.plan.kind in DATABASE:
        there = database(stage, stage.plan.target)
        if there is None or there.get("KmsKeyId") != key:
            yield f"{stage.plan.target} is {there and there.get('KmsKeyId')}, not under {key}"
    if stage.plan.kind == LOOSE:
        (volume,) = planned_volumes(stage)
        new = [v for v in ours(stage) if v.get("KmsKeyId") == key and v["Size"] == volume["size"]]
        if len(new) != 1 or new[0]["VolumeType"] != volume["type"]:
            yield f"{volume['id']} has the replacements {[v['VolumeId'] for v in new]}"
    if stage.plan.kind != INSTANCE:
        return
    there = stage.world.volumes(stage.plan.target)
    for volume in planned_volumes(stage):
        if volume.get("encrypted"):
            continue
        now = there.get(volume["device"])
        if now is None or now.get("KmsKeyId") != key:
            yield f"{volume['device']} holds {now and now['VolumeId']}, not a replacement"
        elif deed.name != "changes DeleteOnTermination":
            (a,) = now["Attachments"]
            if a["DeleteOnTermination"] != volume["delete_on_termination"]:
                yield f"DeleteOnTermination of {volume['device']} is {a['DeleteOnTermination']}"
    yield from _power(stage)


def _as_before(stage: Stage, deed: Deed, done: Done, *, named: bool) -> Iterator[str]:
    """Yield what is not as it was before the run; a disk that somebody has taken off is where they left it, if that is `named`."""
    if stage.plan.kind in DATABASE and deed.name != "renames the database":
        there, was = database(stage, stage.plan.target), stage.plan.facts["described"]
        same = ("DbiResourceId", "DbClusterResourceId", "StorageEncrypted", "VpcSecurityGroups")
        if there is None or any(there.get(k) != was.get(k) for k in same if k in was):
            yield f"{stage.plan.target} is not as it was: {there and {k: there.get(k) for k in same}}"
    if stage.plan.kind == LOOSE:
        yield from _loose_as_before(stage, done)
    if stage.plan.kind != INSTANCE or stage.world.power(stage.plan.target) == "terminated":
        return
    there = stage.world.volumes(stage.plan.target)
    theirs = {*done.deleted, *({done.to} if named else ())}
    for volume in planned_volumes(stage):
        now = there.get(volume["device"])
        if (now is None or now["VolumeId"] != volume["id"]) and volume["id"] not in theirs:
            yield f"{volume['device']} holds {now and now['VolumeId']}, not {volume['id']}"
    yield from _power(stage)


def _loose_as_before(stage: Stage, done: Done) -> Iterator[str]:
    """Yield what is not as it was of a volume that is attached to nothing: it is there, plain, unmarked, and nothing of ours with it."""
    (volume,) = planned_volumes(stage)
    now = stage.world.all_volumes().get(volume["id"])
    if now is None or now["Encrypted"]:
        if volume["id"] not in done.deleted:
            yield f"{volume['id']} is {now and now['State']}"
    elif any(t["Key"].startswith("sealift:") for t in now.get("Tags", ())):
        yield f"{volume['id']} is marked still: {now['Tags']}"
    if left := [v["VolumeId"] for v in ours(stage)]:
        yield f"{left} of ours stay"


def _power(stage: Stage) -> Iterator[str]:
    """Yield that an instance is not in the state that it had, where that is nobody's but ours."""
    was, now = stage.plan.facts["state"], stage.world.power(stage.plan.target)
    if was != now and stage.plan.target not in stage.invariants.by_hand and now != "terminated":
        yield f"{stage.plan.target} is {now}, and was {was}"


def _replaced(stage: Stage) -> bool:
    """Tell whether a group has terminated its member, which somebody had stopped: nobody undoes that."""
    return bool(stage.plan.facts.get("asg")) and stage.world.power(stage.plan.target) == "terminated"


async def _answer(stage: Stage, story: Story, deed: Deed, done: Done) -> None:
    """Do what the message names, and nothing else, once the deed has been undone: one command after the other until it ends."""
    theirs = set(stage.invariants.by_hand)
    if deed.undo is not None:
        with stage.somebody_acts():
            stays = deed.undo(stage, done) or set()
        terminated = {stage.plan.target} if _replaced(stage) else set()
        stage.invariants.by_hand -= set() if done.for_good else theirs - stays - terminated
    final = deed.final or done.for_good or _replaced(stage)
    for verb, _, options in COMMANDS.findall(story.ended.message):
        outcome = await _command(stage, verb, options)
        code, said = (outcome.exit_code, outcome.message) if outcome else (-1, "")
        story.after.append((verb, code, said[:300]))
        if code in (WELL, BACK):
            break
    else:
        if not final:
            story.wrong.append(f"it does not end: {story.ended.message[:500]} THEN {story.after}")
        return
    last = story.last = _end(stage, outcome)
    if not final and verb != "accept":  # who accepts an instance that they have stopped starts it themselves
        stage.invariants.by_hand -= theirs
    found: list[str] = []
    if verb == "rollback" or code == BACK:
        found += _as_before(stage, deed, done, named=deed.undo is None)
    elif last.rested != "given-up" and (verb == "resume" or not done.deleted):  # who keeps what is deleted was told so
        found += _sound(stage, deed)
    found += [w for w in last.wrong if w not in story.ended.wrong]
    story.wrong += [f"after {story.after}: {w}" for w in found]


async def _command(stage: Stage, verb: str, options: str) -> Outcome | None:
    driver = stage.driver()
    match verb:
        case "resume":
            return await stage.resume(driver)
        case "rollback":
            return await stage.rollback(driver, discard="--discard-writes" in options)
        case _:
            return await stage.accept(driver)
