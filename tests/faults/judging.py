"""How a trial may end: what there is then is compared, resource by resource and both ways, with the ends that it may come to.

A resource is one line: where it stands, its name, and all of its attributes, what it holds among them (`holdings.py`). So a line
that is swapped, lost, left or there twice is a difference. What was there before the run is called by its own ids and names; ids
of what has been made since differ from run to run and are masked, as are moments.

| what may differ, or be there besides | why |
|---|---|
| ids, names and moments of what a run has made, and how often it was tried | they are drawn anew (`Eyes`) |
| the zones of what was restored as a cluster or in two zones, and of what a deployment has made | RDS chooses them (R-RDS-83) |
| how old the state in a baseline snapshot is | it is taken while the workload writes, and how long ago that was is no promise |
| after a way back once up: a snapshot of each replacement | what was written since is kept (`Step.salvage`); they are counted |
| after a way back once up: the replacement itself | its safety snapshot has failed, and the message says so (`FAILED`) |
| what a message has named as left over | it was said, once, at the end of the attempt that left it (`named`) |

Where somebody has deleted or changed something meanwhile, everything is compared as ever, but for what they have touched: the
sandbox is looked at directly before the deed and after it, and again where it is undone (`Touched`).

| what may differ, or be there besides, after a deed | why |
|---|---|
| of a resource that they have changed, the attributes that are others by it, and none besides | it may stay so, or be put right |
| whether a replacement holds all of its source, or all and more, where they have started its instance | it has written since |
| the same attributes of what has its name next | a green database has the tags and settings of its blue one |
| a resource that they have deleted, or made | it may be lacking, or be there; of the run's own, one for each touched |
| what a policy, a group or a neighbour has made since (`Stage.theirs`) | it is nobody's business here |
| after a way back once up: fewer safety snapshots, by those (or replacements) that they deleted | the message says so |
| where a person is asked, or it waits: what is of the target itself | it is half-way; its sources hold what they held (`under_way`) |
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.faults.holdings import MORE, SAME

IDS = re.compile(
    r"\b(?:cluster-[A-Z0-9]{20,}|db-[A-Z0-9]{20,}|customendpoint-[A-Z0-9]+|"
    r"(?:vol|snap|i|eni|sg|cr|mig|bgd|prx-target)-[0-9a-z]{8,}|sealift-(?:restore-|green-)?[0-9a-f]{16,}|"
    r"-green-[a-z0-9]{6}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|![a-z]+-[0-9A-Za-z-]+)"
)
MOMENTS = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:\+00:00|Z)?|datetime\.datetime\([^)]*\)")
COUNTED = ("sealift:epoch", "sealift:attempt")
"""Tags that say how often it was tried."""

MADE, NUMBER, MOMENT, ZONE = "<made>", "<number>", "<moment>", "<zone>"
SNAPSHOTS = ("snapshots", "db snapshots", "cluster snapshots")

DATABASES = ("instances", "clusters")
REPLACEMENTS = ("volumes", *DATABASES)

Lines = Counter[str]
"""A picture: one line of JSON for each resource, `[place, name, attributes]`."""

Spot = tuple[str, str]
"""Where a resource stands, and its name."""


@dataclass
class Touched:
    """What somebody else has changed meanwhile: of a resource, which attributes; None: it came, or it went.

    A database is told by its resource id, which no rename changes. Of what the run has made, whose id is masked, each counts for
    one resource.
    """

    spots: list[tuple[Spot, frozenset[str] | None]] = field(default_factory=list)

    def add(self, was: "Lines", now: "Lines") -> None:
        """Take in what a deed has changed, by what there was before it and after it; what gets its name next has that of it."""
        for change in changes(was, now):
            self.spots.append((change.own, change.keys))
            if change.keys is not None and change.own[1] != change.name:
                self.spots.append(((change.place, change.name), change.keys))

    @property
    def power(self) -> bool:
        """Whether somebody has started or stopped an instance."""
        return any(place == "power" for (place, _), _ in self.spots)

    def gone(self, *places: str) -> int:
        """Return how many of what the run had made there somebody has deleted."""
        return sum(keys is None and place in places and name == MADE for (place, name), keys in self.spots)

    def less(self, found: Iterable["Change"]) -> list["Change"]:
        """Return changes without those that are theirs."""
        left, mine = [], list(self.spots)
        for change in found:
            theirs = next((n for n, spot in enumerate(mine) if change.may_be(*spot)), None)
            if theirs is None:
                left.append(change)
            elif MADE in change.own[1]:
                del mine[theirs]
        return left


@dataclass
class Ended:
    """How a run ended: its outcome, a picture of the account, and what was found wrong on the way.

    `rested`: how its migration came to rest, as its journal has it. `named`: the lines of what its message, or one before it,
    names as left over.
    `saved`: how many replacements a way back has to keep the writes of. `about`: its plan.
    `touched`: what somebody else has changed.
    """

    code: int
    message: str
    picture: Lines
    wrong: list[str]
    checks: dict[int, int] = field(default_factory=dict)
    rested: str = ""
    named: Lines = field(default_factory=Counter)
    saved: int = 0
    about: str = ""
    touched: Touched = field(default_factory=Touched)


@dataclass(frozen=True)
class Ends:
    """The ends that a trial may come to: that of the run which nobody disturbed, what was before it, and, where the act begins
    with a migration that is done, what there was then.
    """

    undisturbed: Ended
    before: Lines
    retained: Lines


# -- a picture in lines


class Eyes:
    """Looks at pictures of an account, and tells what was there before from what was made since."""

    def __init__(self, before: Mapping[str, Any], *known: str, green: bool = False) -> None:
        """`known`: more text with ids that are the same in every run; `green`: what is made, a deployment makes."""
        self.known = frozenset(IDS.findall(" ".join([json.dumps(before, default=str), *known])))
        self.green = green

    def lines(self, seen: Mapping[str, Any]) -> Lines:
        """Return a picture in lines."""
        return Counter(self.line(place, name, about) for place, name, about in resources(seen))

    def line(self, place: str, name: str, about: Any) -> str:
        """Return a resource as a line."""
        about = about if isinstance(about, Mapping) else {"is": about}
        if self._made(name, about):
            about = _uncounted(about, green=self.green)
        text = json.dumps([place, name, about], sort_keys=True, default=str)
        return json.dumps(_sorted(json.loads(self.masked(text))), sort_keys=True)

    def masked(self, text: str) -> str:
        """Return text without moments, and without ids of what was not there before."""
        return MOMENTS.sub(MOMENT, IDS.sub(lambda found: found[0] if found[0] in self.known else MADE, text))

    def _made(self, name: str, about: Mapping[str, Any]) -> bool:
        own = _own(name, about)
        return own not in self.known and IDS.search(own) is not None


def _own(name: str, about: Mapping[str, Any]) -> str:
    return str(about.get("DbiResourceId") or about.get("DbClusterResourceId") or name)


def masked(x: Any) -> Any:
    """Return a value without ids and moments, its lists in the order of what is in them."""
    return _sorted(json.loads(Eyes({}).masked(json.dumps(x, default=str))))


def resources(seen: Mapping[str, Any]) -> Iterable[tuple[str, str, Any]]:
    """Yield where each thing of a picture stands, its name, and what is said of it."""
    for place, things in seen.items():
        if isinstance(things, Mapping):
            yield from ((place, str(name), about) for name, about in things.items())
        else:
            yield from ((place, x, {}) if isinstance(x, str) else (place, "", {"is": x}) for x in things)


def _uncounted(about: Mapping[str, Any], *, green: bool) -> dict[str, Any]:
    """Mask what of a thing that was made says how often it was tried, what RDS chooses, and how old a baseline is."""
    found = {k: _without_numbers(v) for k, v in about.items()}
    if green or found.get("DBClusterIdentifier") or found.get("MultiAZ"):
        found |= dict.fromkeys({"AvailabilityZone", "SecondaryAvailabilityZone"} & found.keys(), ZONE)
    if found.get("role") == "baseline":
        found["holds"] = {
            s: re.sub("^(all of|an earlier state, .* of)", "a state of", h) for s, h in found["holds"].items()
        }
    return found


def _without_numbers(x: Any) -> Any:
    if isinstance(x, Mapping):
        return {**x, "Value": NUMBER} if x.get("Key") in COUNTED else {k: _without_numbers(v) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return [x[0], NUMBER] if len(x) == 2 and x[0] in COUNTED else [_without_numbers(y) for y in x]
    return x


def _sorted(x: Any) -> Any:
    """Order lists by what is in them: they stood in the order of ids that are masked by now."""
    if isinstance(x, dict):
        return {k: sorted(map(_sorted, v), key=_key) if isinstance(v, list) else _sorted(v) for k, v in x.items()}
    return [_sorted(y) for y in x] if isinstance(x, list) else x


def _key(x: Any) -> str:
    return json.dumps(x, sort_keys=True)


# -- two pictures


@dataclass(frozen=True)
class Change:
    """A resource that is not what it was: None, it was not, or is no more."""

    place: str
    name: str
    was: Mapping[str, Any] | None
    now: Mapping[str, Any] | None
    renamed: str = ""

    @property
    def own(self) -> Spot:
        """Where it stands, and what it is known by under whatever name."""
        return self.place, _own(self.name, self.was or self.now or {})

    @property
    def keys(self) -> frozenset[str] | None:
        """Which of its attributes are others; None: it came, it went, or it has another name."""
        if self.was is None or self.now is None or self.renamed:
            return None
        return frozenset(k for k in {*self.was, *self.now} if self.was.get(k) != self.now.get(k))

    def may_be(self, spot: Spot, keys: frozenset[str] | None) -> bool:
        """Tell whether it is what somebody did to `spot`, of whom these attributes are."""
        return spot in (self.own, (self.place, self.name)) and (
            keys is None or (self.keys is not None and self.keys <= keys)
        )

    def __str__(self) -> str:
        if self.was is None or self.now is None:
            return f"{'has' if self.was is None else 'lacks'} {self.place} {self.name} {_short(self.was or self.now or {})}".rstrip()
        renamed = [f"it is {self.renamed}"] if self.renamed else []
        return f"{self.place} {self.name}: {'; '.join(renamed + _changed(self.was, self.now))}"


def changes(was: Lines, now: Lines) -> list[Change]:
    """Return what is different: what is lacking, what is there besides, and what has changed."""
    less, more = ([json.loads(line) for line in (a - b).elements()] for a, b in ((was, now), (now, was)))
    found = []
    for place, name, about in less:
        alike = [m for m in more if m[0] == place and (m[1] == name or MADE in m[1] + name)]
        nearest = min(alike, key=lambda m: (m[1] != name, len(_changed(about, m[2]))), default=None)
        if nearest is None:
            found.append(Change(place, name, about, None))
        else:
            more.remove(nearest)
            found.append(Change(place, name, about, nearest[2], "" if nearest[1] == name else nearest[1]))
    return found + [Change(place, name, None, about) for place, name, about in more]


def differences(was: Lines, now: Lines) -> list[str]:
    """Return what is different in words: what is lacking, what is there besides, and, of what has changed, what did."""
    return list(map(str, changes(was, now)))


def _changed(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [
        f"{key} {_apart(was.get(key), now.get(key))}" for key in sorted({*was, *now}) if was.get(key) != now.get(key)
    ]


def _apart(was: Any, now: Any) -> str:
    if isinstance(was, list) and isinstance(now, list):
        was, now = [x for x in was if x not in now] or was, [x for x in now if x not in was] or now
    elif isinstance(was, dict) and isinstance(now, dict):
        was, now = ({k: v for k, v in a.items() if b.get(k) != v} for a, b in ((was, now), (now, was)))
    return f"{_short(was)} -> {_short(now)}"


def _short(x: Any) -> str:
    text = json.dumps(x) if x != {} else ""
    return text if len(text) <= 200 else f"{text[:197]}..."


# -- the judges: each returns what is wrong


def compared(ended: Ended, picture: Lines, end: str) -> list[str]:
    """Compare an end with a picture; what its message names as left over may be there, or may still be as it was left: but whether
    it runs, what it holds and under which key is no leftover's matter where both have it.
    """
    spots, there = {_spot(line) for line in ended.named}, ended.picture
    if ended.touched.power:
        picture, there = _whoever_wrote(picture), _whoever_wrote(there)
    lacks = Counter({x: n for x, n in (picture - there).items() if _spot(x) not in spots or MADE in _spot(x)[1]})
    known = {spot for spot in spots & set(map(_spot, picture)) & set(map(_spot, there)) if MADE not in spot[1]}
    of_named = changes(*(_essence(lines, known) for lines in (picture, there)))
    found = ended.touched.less([*changes(lacks, there - picture - ended.named), *of_named])
    return [f"another end than {end} ({ended.message[:200]}): {' | '.join(map(str, found[:6]))}"] if found else []


ESSENCE = {"is", "holds", "encrypted", "key", "DBInstanceStatus", "Status", "StorageEncrypted", "KmsKeyId"}
"""What is said of a thing that is as it should be whatever is left to be done about it."""


def _essence(lines: Lines, spots: set[Spot]) -> Lines:
    found: Lines = Counter()
    for line, number in lines.items():
        place, name, about = json.loads(line)
        if (place, name) in spots:
            found[json.dumps([place, name, {k: v for k, v in about.items() if k in ESSENCE}], sort_keys=True)] += number
    return found


def _whoever_wrote(lines: Lines) -> Lines:
    """Return a picture in which a volume that has been written to since is like one that has not."""
    found: Lines = Counter()
    for line, number in lines.items():
        found[line.replace(f'"{MORE} of ', f'"{SAME} of ') if _spot(line)[0] == "volumes" else line] += number
    return found


def _spot(line: str) -> Spot:
    place, name, _ = json.loads(line)
    return place, name


def undisturbed(ends: Ends, code: int) -> list[str]:
    """The run that nobody disturbed: what it ends with is what the others are compared with."""
    return [*ends.undisturbed.wrong, *_coded(ends.undisturbed, code)]


def same(ended: Ended, ends: Ends) -> list[str]:
    """Ended as the run that nobody disturbed; where a safety snapshot has failed, its replacement is left over in its stead."""
    picture, there = ends.undisturbed.picture, ended.picture
    if failed := len(FAILED.findall(ended.message)):
        kept, wanted = (Counter({x: n for x, n in lines.items() if _safety(x)}) for lines in (there, picture))
        if kept.total() < wanted.total() - failed:
            return [f"it keeps {kept.total()} snapshots of {wanted.total()}, and names {failed} that failed"]
        picture, there = picture - wanted, there - kept
    return [
        *_coded(ended, ends.undisturbed.code),
        *compared(replace(ended, picture=there), picture, "the undisturbed one"),
    ]


FAILED = re.compile(r": the snapshot (?:went to|is) '")
"""What a message says of a snapshot of the way back that has failed."""


def put_back(ended: Ended, ends: Ends) -> list[str]:
    """All is as it was before; after bring-up a snapshot of each replacement is there besides, and nothing else."""
    saved = Counter({line: n for line, n in ended.picture.items() if _safety(line)})
    rest = replace(ended, picture=ended.picture - saved)
    wrong = [*_coded(ended, 0, 5), *compared(rest, ends.before, "what was before")]
    if not ended.saved - ended.touched.gone(*SNAPSHOTS, *REPLACEMENTS) <= saved.total() <= ended.saved:
        wrong.append(f"it keeps the writes of {ended.saved} replacements in {saved.total()} snapshots")
    return wrong


def _safety(line: str) -> bool:
    place, _, about = json.loads(line)
    return place in SNAPSHOTS and about.get("role") == "safety"


def back(ended: Ended, ends: Ends) -> list[str]:
    """Put back, by a person's word."""
    rested = [] if ended.rested == "rolled-back" else [f"it is {ended.rested}: {ended.message[:300]}"]
    return rested + put_back(ended, ends)


def serving(picture: Lines) -> int:
    """Return how many instances run, and how many databases and clusters are available."""
    seen = [(place, about) for place, _, about in map(json.loads, picture.elements())]
    states = [about.get("is") for place, about in seen if place == "power"]
    states += [about.get("DBInstanceStatus") or about.get("Status") for place, about in seen if place in DATABASES]
    return sum(state in ("running", "available") for state in states)


def refused(ended: Ended, picture: Lines) -> list[str]:
    """Refused, with nothing changed."""
    return [*_coded(ended, 4), *compared(ended, picture, "where it began")]


def half_way(ended: Ended, start: Lines, end: Lines) -> list[str]:
    """What stays from `start` to `end` is as it was; what goes, changes or is made on the way is in some state of its own."""
    stays, under_way = start & end, {_spot(line) for line in (start - end) + (end - start)}

    def passing(spot: Spot) -> bool:
        place, name = spot
        return (
            spot in under_way or MADE in name or (place == "said" and " sealift:" in name)
        )  # to the watchdog, on its instance

    about = {x: n for x, n in ended.picture.items() if x in stays or not passing(_spot(x))}
    return compared(replace(ended, picture=Counter(about)), stays, "half-way")


def under_way(ended: Ended, start: Lines, end: Lines) -> list[str]:
    """What stays, and is not of the target itself, is as it was; of the target nothing lacks what it held, but by what somebody did."""

    def others(picture: Lines) -> Lines:
        return Counter({x: n for x, n in picture.items() if _spot(x)[1] not in ended.about})

    of_target = map(json.loads, set(ended.picture) - set(others(ended.picture)))
    theirs = {spot for spot, _ in ended.touched.spots}
    lacks = [
        f"{place} {name} holds {about['holds']}"
        for place, name, about in of_target
        if any(EMPTIER.search(how) for how in (about.get("holds") or {}).values())
        and (place, _own(name, about)) not in theirs
    ]
    rest = replace(ended, picture=others(ended.picture))
    return half_way(rest, others(start), others(end)) + lacks


EMPTIER = re.compile("^(its own, and lacks|lost)")
"""What a source holds that is not whole."""


def at_rest(ended: Ended, ends: Ends) -> list[str]:
    """Ended in one of the ways to come to rest, and as that leaves things."""
    match ended.rested:
        case "retained":
            return [*_coded(ended, 0), *compared(ended, ends.retained, "that of a migration that is done")]
        case "rolled-back":
            return put_back(ended, ends)
        case "finalized":
            return [*_coded(ended, 0), *compared(ended, ends.undisturbed.picture, "the undisturbed one")]
    return [f"it did not come to rest, but ended with {ended.code}: {ended.message[:300]}"]


def adopted(ended: Ended, ends: Ends) -> list[str]:
    """Adopted, it came to rest; refused, nothing had been begun."""
    if ended.code == 4:
        return [f"refused: {w}; {ended.message[:200]}" for w in refused(ended, ends.before)]
    return at_rest(ended, ends)


def _coded(ended: Ended, *codes: int) -> list[str]:
    if ended.code in codes:
        return []
    return [f"it ended with {ended.code}, not {' or '.join(map(str, codes))}: {ended.message[:300]}"]
