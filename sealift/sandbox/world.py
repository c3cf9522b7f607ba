"""Everything the sandbox knows at one moment, and the few verbs that all operations share."""

import itertools
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol, TypeVar

from sealift.sandbox.errors import ApiError
from sealift.sandbox.faults import Faults
from sealift.sandbox.iam.access import Access
from sealift.sandbox.iam.verdicts import Principal
from sealift.sandbox.log import Charge, Event
from sealift.sandbox.physics.agenda import Agenda
from sealift.sandbox.physics.contents import Contents
from sealift.sandbox.physics.durations import Durations
from sealift.sandbox.quotas import Quotas
from sealift.sandbox.state import Machine, Region, Snapshot, Volume


class Fate(Protocol):
    """Puts on the agenda what a fault leaves of a transition."""

    def __call__(self, resource: str, at: float, seconds: float, happen: Callable[[float], None]) -> float:
        """Let happen what is left of it; return when it is due (infinity: never)."""
        ...


class Time(Protocol):
    """All that the sandbox needs of a clock."""

    def now(self) -> float:
        """Return seconds since the Unix epoch."""
        ...


@dataclass
class Call:
    """One API request, parsed. `response` is moto's responder, for the operations that are left to moto."""

    service: str
    operation: str
    params: dict[str, Any]
    account: str
    region: str
    at: float
    response: Any = None
    resource: str | None = None
    caller: Principal | None = None
    """Who signed it, where the sandbox enforces IAM; None is somebody who may do anything."""
    fate: "Fate | None" = None
    """What a fault makes of what this call sets going."""
    fault: str | None = None
    """The fault that hit it, in words."""
    by: str | None = None
    """The access key that signed it, or the service or person that did it."""

    @property
    def name(self) -> str:
        """`service:Operation`."""
        return f"{self.service}:{self.operation}"

    def event(self, outcome: str = "ok", rule: str | None = None, message: str | None = None) -> Event:
        """Return the line that the log has of it."""
        place = (self.at, self.account, self.region, self.name, self.params)
        return Event(*place, outcome, rule, self.resource, self.by, message, self.fault)


@dataclass
class World:
    """State, time and chance of one sandbox."""

    clock: Time
    seed: int
    durations: Durations
    quotas: Quotas
    regions: dict[tuple[str, str], Region] = field(default_factory=dict)
    agenda: Agenda = field(default_factory=Agenda)
    log: list[Event] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    ledger: dict[tuple[str, str, str, str], Contents] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    overlays: dict[str, dict[str, Any]] = field(default_factory=dict)
    books: dict[tuple[str, str, str], dict[str, dict[str, Any]]] = field(default_factory=dict)
    rooms: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    """What a service with records of its own keeps, by service, account and Region."""
    nothing_selected: str = "fails"
    """What a selector of an automation that finds nothing does to its step: see `Sandbox.reads_nothing_as` (SB-SSM-08)."""
    observers: list[Callable[[float], None]] = field(default_factory=list)
    """Told of each event, once it is over: a request that was answered, a transition that came due."""

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.faults = Faults(random.Random(self.seed + 1))
        self.access = Access(random.Random(self.seed + 2))
        self._seq = itertools.count(1)

    def now(self) -> float:
        """Seconds since the Unix epoch, on the box's clock."""
        return self.clock.now()

    def region(self, account: str, name: str) -> Region:
        """Return the books of an account in a Region."""
        key = (account, name)
        if key not in self.regions:
            self.regions[key] = Region(account, name)
        return self.regions[key]

    def here(self, call: Call) -> Region:
        """Return the books that a call is about."""
        return self.region(call.account, call.region)

    def documents(self, call: Call, kind: str) -> dict[str, dict[str, Any]]:
        """Return what other services keep for this account and Region, by id."""
        return self.books.setdefault((call.account, call.region, kind), {})

    def overlaid(self, key: str, shown: dict[str, Any]) -> dict[str, Any]:
        """Return what a describe shows of a thing, as a test wants it seen."""
        return {**shown, **self.overlays[key]} if key in self.overlays else shown

    def next_seq(self) -> int:
        """Number things in the order of their making, for paging."""
        return next(self._seq)

    def new_id(self, prefix: str) -> str:
        """Make an id in AWS's form."""
        return f"{prefix}-{self.rng.getrandbits(68):017x}"

    def takes(self, call: Call, resource: str, seconds: float) -> float:
        """Charge `call` with an assumed duration on `resource`; return it with jitter."""
        seconds = self.durations.spread(seconds, self.rng)
        call.resource = resource
        self.charges.append(Charge(call.at, call.name, resource, seconds))
        return seconds

    def later(self, call: Call, resource: str, seconds: float, happen: Callable[[float], None]) -> float:
        """Let `happen` take place after an assumed duration; return when."""
        seconds = self.takes(call, resource, seconds)
        if call.fate:
            return call.fate(resource, call.at, seconds, happen)
        self.agenda.at(call.at + seconds, happen)
        return call.at + seconds

    def settle(self) -> None:
        """Bring every state up to now."""
        self.agenda.settle(self.now(), self.tell if self.observers else None)

    def tell(self, at: float) -> None:
        """Tell the observers that something has happened."""
        for observer in self.observers:
            observer(at)

    def volume(self, call: Call, volume_id: str) -> Volume:
        """Find a volume, or refuse as AWS does."""
        return _found(self.here(call).volumes, volume_id, call.at, _VOLUME)

    def snapshot(self, call: Call, snapshot_id: str) -> Snapshot:
        """Find a snapshot of the caller's, or refuse."""
        return _found(self.here(call).snapshots, snapshot_id, call.at, _SNAPSHOT)

    def shared(self, call: Call, snapshot_id: str, region: str | None = None) -> Snapshot | None:
        """Find a snapshot of another account that it shares with the caller's, or with everybody."""
        for (account, name), books in self.regions.items():
            shot = books.snapshots.get(snapshot_id)
            if shot and account != call.account and name == (region or call.region):
                public = "all" in shot.groups and books.public_snapshots != "block-all-sharing"
                return shot if call.account in shot.shared_with or public else None
        return None

    def machine(self, call: Call, instance_id: str) -> Machine:
        """Find an instance, or refuse."""
        return _found(self.here(call).machines, instance_id, call.at, _INSTANCE)


_ID = re.compile("-([0-9a-f]{8}|[0-9a-f]{17})")


class _Noun(NamedTuple):
    """How refusals speak of a kind of thing."""

    prefix: str
    name: str
    absent: str
    other: str
    """The code for what is no id of this kind at all."""
    malformed: str


_VALUE = "InvalidParameterValue"
_VOLUME = _Noun("vol", "volume", "InvalidVolume.NotFound", _VALUE, _VALUE)
_SNAPSHOT = _Noun("snap", "snapshot", "InvalidSnapshot.NotFound", _VALUE, "InvalidSnapshotID.Malformed")
_MALFORMED = "InvalidInstanceID.Malformed"
_INSTANCE = _Noun("i", "instance ID", "InvalidInstanceID.NotFound", _MALFORMED, _MALFORMED)


class _Visible(Protocol):
    visible: float


_V = TypeVar("_V", bound=_Visible)


def _found(book: Mapping[str, _V], key: str, now: float, noun: _Noun) -> _V:
    item = book.get(key)
    if item is None:
        _check_form(str(key), noun)
    if item is None or item.visible > now:
        raise ApiError("SB-VOL-06", noun.absent, f"The {noun.name} '{key}' does not exist")
    return item


def _check_form(key: str, noun: _Noun) -> None:
    if not key.startswith(noun.prefix + "-"):
        raise ApiError("SB-VOL-06", noun.other, f"Value ({key}) is invalid. Expected: '{noun.prefix}-...'.")
    if not _ID.fullmatch(key.removeprefix(noun.prefix)):
        raise ApiError("SB-VOL-06", noun.malformed, f'Invalid id: "{key}"')


def iso(at: float) -> datetime:
    """Turn seconds into what the serialiser writes as a timestamp."""
    return datetime.fromtimestamp(int(at), UTC)
