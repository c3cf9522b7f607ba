"""A migration's rows as lines for people: one a step, with when it began, how long it took, what it made and how it failed."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sealift.journal import Entry, State
from sealift.render.text import span

NOTES = {
    "attempt": "attempt {number} begins",
    "approved": "approved by {by}",
    "refused": "✗ the cutover was refused by {by}",
    "postponed": "postponed by {by}",
    "waiting": "waits for {for}",
    "gate-open": "the gate is open",
    "held": "held: {why}",
    "bring-up": "▲ the workload is on its replacement",
    "guard": "the watchdog has closed this cut: {came_to}",
    "service-back": "▲ service is as before",
    "leftover": "✗ left over: {resource}: {why}",
    "accepted": "accepted: the replacement stays",
    "left": "✗ its driver leaves it as it is: {why}",
    "adopted": "adopted: the journal was rebuilt from tags; who approved and when is not known",
    "attempt-closed": "the way back is complete",
}

GOES_DOWN = {"writers": "the workload goes down", "readers": "who reads from replicas gets nothing from here on"}
COMES_UP = {"writers": "the workload is served for good", "readers": "who reads from replicas is served again"}
"""By whom it concerns."""

ENDS = {
    "retained": "■ rests on the replacement; the source is retained",
    "rolled-back": "■ rests on the original, as it was before",
    "finalized": "■ finalized: the plain source is gone",
    "given-up": "■ given up",
    "needs-person": "■ NEEDS A PERSON",
}


def kept_in(state: State) -> str:
    """Say where what was written since bring-up is after the way back, as the tail of a sentence; empty where nowhere."""
    return f"; what was written since bring-up is in {', '.join(state.kept)}" if state.kept else ""


def moment(at: float) -> str:
    """Return a moment as people write it, in UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(at))


@dataclass
class Told:
    """A step of an attempt: all its rows together."""

    key: str
    title: str
    began: float
    state: str = "intent"
    made: Mapping[str, Any] = field(default_factory=dict)
    ended: float | None = None
    failures: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def under_way(self) -> bool:
        """Whether it was begun and has not come to an end."""
        return self.state in ("intent", "made", "failed")

    def take(self, e: Entry) -> None:
        """Take one more row in."""
        self.state = "outdated" if (self.state, e.what) == ("done", "void") else e.what
        if e.what == "made":
            self.made = e.data
        elif e.what == "failed":
            self.failures.append(e.data)
        elif e.what in ("done", "void"):
            self.ended = e.at

    def lines(self) -> Iterator[str]:
        """Yield its line, and one for each way in which it failed."""
        took = "" if self.ended is None or self.ended - self.began < 1 else span(self.ended - self.began)
        ids = [str(v) for k, v in self.made.items() if k.endswith("Id") and str(v) not in self.title]
        as_before = self.state == "done" and self.made.get("expected") == [] == self.made.get("unexpected")
        end = {
            "done": "   the same in every field" if as_before else "",
            "void": "   came to nothing",
            "outdated": "   not used: done again",
            "made": "   …",
            "intent": "   …",
            "failed": "   ✗",
        }.get(self.state, "")
        yield _line(self.began, took, self.title + (f" → {', '.join(ids)}" if ids else "") + end)
        yield from (_line(None, "", f"  · {other}") for other in self.made.get("expected", ()))
        for said, times in _counted(map(failure, self.failures)):
            yield _line(None, "", f"  ✗ {said}" + (f" ({times} times)" if times > 1 else ""))


def failure(row: Mapping[str, Any]) -> str:
    """Return a failure in a sentence: what AWS said with its code, the request, and the remedy."""
    said = str(row.get("message", "failed"))
    if (code := row.get("code")) and code not in said:
        said += f" ({code})"
    if row.get("request_id"):
        said += f" [request {row['request_id']}]"
    return f"{said.rstrip('.')}. {row['remedy']}" if row.get("remedy") else said


def _counted(sentences: Iterable[str]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for said in sentences:
        counts[said] = counts.get(said, 0) + 1
    return list(counts.items())


def gathered(entries: Sequence[Entry], titles: Mapping[str, str]) -> list[Told | Entry]:
    """Return rows in order, those of one step as one; `titles` are for steps that were found, not begun."""
    items: list[Told | Entry] = []
    latest: dict[tuple[int, str], Told] = {}
    for e in entries:
        if e.what == "trouble":
            _trouble(e, latest)
            continue
        if e.step is None:
            items.append(e)
            continue
        told = latest.get((e.attempt, e.step))
        if told is None and e.what == "void":
            continue  # an undo that has become void before it was ever begun: nothing has happened
        if told is None or (told.ended is not None and e.what == "intent"):
            title = (
                str(e.data.get("title") or titles.get(e.step, e.step))
                if e.what == "intent"
                else titles.get(e.step, e.step)
            )
            told = latest[e.attempt, e.step] = Told(e.step, title, e.at)
            items.append(told)
        told.take(e)
    return items


def _trouble(e: Entry, latest: Mapping[tuple[int, str], Told]) -> None:
    """Add what ended a try to its step; of a step that was not begun what gives the migration up tells it."""
    told = latest.get((e.attempt, str(e.data.get("step"))))
    if told is not None:
        told.failures.append(e.data)


def tell(entries: Sequence[Entry], titles: Mapping[str, str]) -> list[str]:
    """Return the story, a line for each thing that happened, with a line for each new day."""
    lines: list[str] = []
    day, failed = "", ""
    items = gathered(entries, titles)
    steps = {i.key: i for i in items if isinstance(i, Told)}
    for item in items:
        at = item.began if isinstance(item, Told) else item.at
        told = list(item.lines()) if isinstance(item, Told) else _note(item, steps, failed)
        if isinstance(item, Entry) and item.what == "failure":
            failed = str(item.data.get("message", ""))
        if told and day != (day := moment(at)[:10]):
            lines.append(f"{day} UTC")
        lines += told
    return lines


def _note(e: Entry, steps: Mapping[str, Told], failed: str) -> list[str]:
    text = _sentence(e, steps, failed)
    return [] if text is None else [_line(e.at, "", text)]


def _sentence(e: Entry, steps: Mapping[str, Told], failed: str) -> str | None:
    match e.what:
        case "waiting" if e.data.get("for") is None:
            return None
        case "quiesce":
            return None if e.data.get("down", True) else "▼ the cut begins"
        case "down":
            return f"▼ {GOES_DOWN[str(e.data['who'])]}"
        case "up":
            after = span(float(e.data.get("seconds") or 0.0))
            return (
                f"▲ {COMES_UP[str(e.data['who'])]}, after {after}"
                if e.data.get("for_good", True)
                else f"▼ down for good, after {after}"
            )
        case "failure":
            step = steps.get(str(e.data.get("step")))
            known = step is not None and any(f.get("message") == e.data.get("message") for f in step.failures)
            place = f"{step.title}: " if step is not None else ""
            return f"✗ gives up: {step.title}" if step is not None and known else f"✗ failed: {place}{failure(e.data)}"
        case "direction":
            why = str(e.data.get("why", ""))
            return "↩ turns back" if failed and failed.rstrip(".") in why else f"↩ turns back: {why}"
        case "postponed":
            return f"postponed by {e.data.get('by', '?')} to {moment(float(e.data['until']))}{_because(e)}"
        case "end":
            return ENDS.get(str(e.data.get("as")), f"■ rests: {e.data.get('as')}") + _why_so(e, failed)
        case _:
            pattern = NOTES.get(e.what)
            return None if pattern is None else pattern.format_map(_Blank(e.data)) + _because(e)


def _because(e: Entry) -> str:
    why = e.data.get("why") if e.what in ("approved", "refused", "postponed") else None
    return f": {why}" if why else ""


def _why_so(e: Entry, failed: str) -> str:
    why = str(e.data.get("why", ""))
    needs = e.data.get("as") in ("needs-person", "given-up") and not (failed and failed.rstrip(".") in why)
    return f": {why}" if needs and why else ""


def _line(at: float | None, took: str, text: str) -> str:
    when = "        " if at is None else time.strftime("%H:%M:%S", time.gmtime(at))
    return f"  {when}  {took:>8}  {text}"


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"
