"""People and robots: at each moment of a run somebody does something, and the run ends well or stops safely, and says why.

A run is walked once. Before each of its steps the process forks for each deed (`deeds.py`): in the fork it is done, and
the driver, which knows nothing of it, goes on to its end. What then ends with a question is answered as its message says, once
the deed has been undone.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sealift.driver import Outcome
from sealift.events import Event
from sealift.watch import ABSENT_MEANS_GONE
from tests.contract.shapes import no_bring_up
from tests.faults.crashes import Tried
from tests.faults.deeds import DATABASE, DB_DEEDS, EBS_DEEDS, INSTANCE, Deed, Done, done_by, named
from tests.faults.forking import Broken, Forks, guarded
from tests.faults.judging import Ended
from tests.faults.living import live_on
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
                    here.append((deed, _do(stage, deed)))
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
    return [Tried(act, "", "undisturbed", [*ended.wrong, *wrong], ended.checks), *_told(act, forks.join())]


TURNED = "the test says no"
"""Why a run had turned back before anybody did anything."""


def _deeds(stage: Stage) -> Iterator[Deed]:
    return (d for d in DEEDS.values() if stage.plan.kind in d.on)


def _do(stage: Stage, deed: Deed) -> Done | None:
    stage.invariants.people_act = deed.power
    gone = {v["id"] for v in stage.plan.facts.get("volumes", ())} | {stage.plan.target}
    # What they are about to delete is not known before they have, and the sandbox is looked at as they do.
    stage.invariants.deleted_by_others = frozenset(
        gone if deed.final or (deed.power and stage.plan.facts.get("asg")) else ()
    )
    began = stage.box.now()
    done = done_by(deed, stage)
    # What has vanished under the driver's hands is believed gone after a while, and that wait is nobody's charge.
    stage.invariants.took(stage.box.now() - began + ABSENT_MEANS_GONE)
    if done is not None and stage.plan.facts.get("asg"):  # a group replaces a member that somebody has stopped
        left = stage.world.all_volumes()
        done.deleted = (*done.deleted, *sorted(v for v in gone if v.startswith("vol-") and v not in left))
    stage.invariants.deleted_by_others = frozenset(done.deleted if done else ())
    return done


def _told(act: str, told: dict[Any, Any]) -> Iterable[Tried]:
    for (step, deed), story in told.items():
        if isinstance(story, Broken):
            yield Tried(act, step, deed, [story.why])
        elif story.done is not None:
            yield Tried(act, step, deed, story.wrong, story.ended.checks)


# -- what came of it ---------------------------------------------------------------------------------------------------


async def _story(stage: Stage, deed: Deed, done: Done | None, outcome: Outcome | None) -> Story:
    ended = stage.end(outcome)
    story = Story(deed.name, done, ended)
    if done is None:
        return story
    grouped = bool(stage.plan.facts.get("asg"))  # what its group launches has volumes of its own
    story.wrong += [
        w for w in ended.wrong if not _theirs(w, done) and not (grouped and "volumes: " in w and "no row" in w)
    ]
    story.wrong += _about(stage, deed, done, ended)
    if ended.code == ASKS and not story.wrong:
        await _answer(stage, story, deed, done)
    return story


def _theirs(wrong: str, done: Done) -> bool:
    """Tell whether a loss is of what somebody else has taken off, renamed or deleted, or a thing in no row is theirs."""
    theirs = bool(done.deleted) or "volume=None" in wrong or ("by-hand" in str(done.kept) and "database=None" in wrong)
    if "by-hand is in no row" in wrong:
        return True
    return (theirs and "Loss" in wrong) or (done.to.startswith("policy-") and "snapshots:" in wrong)


def _about(stage: Stage, deed: Deed, done: Done, ended: Ended) -> list[str]:
    said = f"it ended with {ended.code}: {ended.message[:700]}"
    if ended.code not in (WELL, REFUSED, BACK, ASKS):
        return [said]
    named = any(name in ended.message for name in (done.to, *done.also))
    # A way back that had begun already undoes what it finds: who has undone a part of it has done its work.
    need_not = (ended.code == WELL and deed.harmless) or (
        ended.code == BACK and TURNED in ended.message and not deed.power
    )
    found = [] if named or need_not else [f"{done.to} is not named; {said}"]
    if ended.code == WELL:
        found += _sound(stage, deed)
    elif ended.code in (REFUSED, BACK):
        found += _as_before(stage, deed, done)
    if found and not named:
        return found
    if ended.code == ASKS and "sealift " not in ended.message and "aws " not in ended.message:
        found.append(f"no command is named; {said}")
    return [f"{f}; {said}" if said not in f else f for f in found]


def _sound(stage: Stage, deed: Deed) -> Iterator[str]:
    """Yield what is not as a migration that is done leaves it."""
    if stage.plan.kind in DATABASE:
        there = named(stage, stage.plan.target)
        if there is None or there.get("KmsKeyId") != stage.world.key:
            yield f"{stage.plan.target} is {there and there.get('KmsKeyId')}, not under {stage.world.key}"
    if stage.plan.kind != "ebs-instance":
        return
    there = stage.world.volumes(stage.plan.target)
    for volume in stage.plan.facts["volumes"]:
        if volume.get("encrypted"):
            continue
        now = there.get(volume["device"])
        if now is None or now.get("KmsKeyId") != stage.world.key:
            yield f"{volume['device']} holds {now and now['VolumeId']}, not a replacement"
        elif deed.name != "changes DeleteOnTermination":
            (a,) = now["Attachments"]
            if a["DeleteOnTermination"] != volume["delete_on_termination"]:
                yield f"DeleteOnTermination of {volume['device']} is {a['DeleteOnTermination']}"
    yield from _power(stage, deed)


def _as_before(stage: Stage, deed: Deed, done: Done) -> Iterator[str]:
    """Yield what is not as it was before the run."""
    if stage.plan.kind in DATABASE and deed.name != "renames the database":
        there, was = named(stage, stage.plan.target), stage.plan.facts["described"]
        same = ("DbiResourceId", "DbClusterResourceId", "StorageEncrypted", "VpcSecurityGroups")
        if there is None or any(there.get(k) != was.get(k) for k in same if k in was):
            yield f"{stage.plan.target} is not as it was: {there and {k: there.get(k) for k in same}}"
    if stage.plan.kind != "ebs-instance":
        return
    if stage.world.power(stage.plan.target) == "terminated":
        return
    there = stage.world.volumes(stage.plan.target)
    for volume in stage.plan.facts["volumes"]:
        now = there.get(volume["device"])
        if (now is None or now["VolumeId"] != volume["id"]) and volume["id"] not in (*done.deleted, done.to):
            yield f"{volume['device']} holds {now and now['VolumeId']}, not {volume['id']}"
    yield from _power(stage, deed)


def _power(stage: Stage, deed: Deed) -> Iterator[str]:
    was, now = stage.plan.facts["state"], stage.world.power(stage.plan.target)
    if was != now and not deed.power:
        yield f"{stage.plan.target} is {now}, and was {was}"


async def _answer(stage: Stage, story: Story, deed: Deed, done: Done) -> None:
    """Do what the message says, once the deed has been undone, one command after the other until it ends."""
    if deed.undo is not None:
        deed.undo(stage, done)
    verbs = {
        "resume": stage.resume,
        "accept": lambda driver: stage.world.act(driver.accept(stage.migration)),
        "rollback": partial(stage.rollback, discard=True),
    }
    offered = [n for n in verbs if f"sealift {n} " in story.ended.message or n == "rollback"]
    for name in offered:
        outcome = await verbs[name](stage.driver())
        code, said = (outcome.exit_code, outcome.message) if outcome else (-1, "")
        story.after.append((name, code, said[:300]))
        if code in (WELL, BACK):
            break
    else:
        gone = stage.plan.kind == INSTANCE and stage.world.power(stage.plan.target) == "terminated"
        if not deed.final and not gone:
            story.wrong.append(f"it does not end: {story.ended.message[:500]} THEN {story.after}")
        return
    last = stage.end(outcome)
    if not deed.power and story.after[-1][0] != "accept":
        story.wrong += [f"after {story.after}: {w}" for w in _as_before(stage, deed, done)]
    story.wrong += [w for w in last.wrong if w not in story.ended.wrong and not _theirs(w, done)]
