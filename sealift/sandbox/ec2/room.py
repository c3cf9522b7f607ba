"""What EC2 keeps beside volumes, snapshots and instances: tasks, locks, tiers, fast restores, what was deleted."""

from dataclasses import dataclass, field
from typing import Any

from sealift.sandbox.physics.agenda import NEARLY
from sealift.sandbox.state import Attachment, Snapshot, Volume
from sealift.sandbox.world import Call, World


@dataclass
class RootTask:
    """The replacement of one root volume. `state`: pending, in-progress, succeeded, failed, failed-detached."""

    id: str
    instance: str
    started: float
    old: Attachment
    new: Volume
    delete_old: bool
    keeps_flag: bool
    snapshot: str | None = None
    image: str | None = None
    state: str = "pending"
    completed: float | None = None
    visible: float = 0.0


@dataclass
class Lock:
    """A snapshot's lock; `cooled` is when it sets, where its mode is compliance."""

    mode: str
    created: float
    starts: float
    days: int
    until: float
    hours: int | None = None
    cooled: float | None = None

    def state(self, now: float) -> str:
        """Name the state as DescribeLockedSnapshots does."""
        if now + NEARLY >= self.until:
            return "expired"
        if self.mode == "compliance" and self.cooled is not None and now + NEARLY < self.cooled:
            return "compliance-cooloff"
        return self.mode


@dataclass
class Tier:
    """Where a snapshot's data are, and the last move between the tiers."""

    moving: str
    started: float
    done: float
    archived: bool
    back: float | None = None

    def settled(self, now: float) -> bool:
        """Say whether the move is over."""
        return now + NEARLY >= self.done

    def archive(self, now: float) -> bool:
        """Say whether the data are out of reach: on the way back they still are."""
        restored = self.moving != "archival" and self.settled(now)
        lapsed = self.back is not None and now + NEARLY >= self.back
        return self.archived and (not restored or lapsed)


@dataclass
class FastRestore:
    """Fast restore of one snapshot in one zone, with its credits."""

    snapshot: str
    zone: str
    owner: str
    size: int
    enabling: float
    optimizing: float
    enabled: float
    used: list[float] = field(default_factory=list)

    def state(self, now: float) -> str:
        """`enabling`, `optimizing`, `enabled`."""
        steps = (("enabled", self.enabled), ("optimizing", self.optimizing))
        return next((name for name, at in steps if now + NEARLY >= at), "enabling")

    def spend(self, now: float) -> bool:
        """Take a credit if there is one: none at first, refilled by the hour, the smaller the snapshot the faster."""
        if self.state(now) != "enabled":
            return False
        most, rate = float(max(1, min(10, 1024 // self.size))), min(10.0, 1024 / self.size) / 3600
        credit, since = 0.0, self.enabled
        for at in self.used:
            credit, since = min(most, credit + (at - since) * rate) - 1, at
        if min(most, credit + (now - since) * rate) + NEARLY < 1:
            return False
        self.used.append(now)
        return True


@dataclass
class Retention:
    """A rule of the Recycle Bin: what it keeps, for how many days, and whether it is locked."""

    id: str
    seq: int
    kind: str
    days: int
    description: str = ""
    tags: list[dict[str, str]] = field(default_factory=list)
    excluded: list[dict[str, str]] = field(default_factory=list)
    own_tags: list[dict[str, str]] = field(default_factory=list)
    unlock_days: int | None = None
    lock: str = "unlocked"
    unlocked_at: float | None = None
    visible: float = 0.0

    def state(self, now: float) -> str:
        """`locked`, `pending_unlock`, `unlocked`."""
        if self.lock == "pending_unlock" and self.unlocked_at is not None and now + NEARLY >= self.unlocked_at:
            return "unlocked"
        return self.lock


@dataclass
class Kept:
    """Something deleted that the Recycle Bin still has."""

    thing: Snapshot | Volume
    entered: float
    until: float


@dataclass
class Room:
    """All of it, for one account and Region."""

    tasks: dict[str, RootTask] = field(default_factory=dict)
    locks: dict[str, Lock] = field(default_factory=dict)
    tiers: dict[str, Tier] = field(default_factory=dict)
    fast: dict[tuple[str, str], FastRestore] = field(default_factory=dict)
    rules: dict[str, Retention] = field(default_factory=dict)
    kept: dict[str, Kept] = field(default_factory=dict)
    dying: list[tuple[str, float]] = field(default_factory=list)
    """Pending snapshots that were deleted: volume, and until when each counts as in progress."""


def room(world: World, account: str, region: str) -> Room:
    """Return the room of an account in a Region."""
    found: Any = world.rooms.setdefault(("ec2-beside", account, region), Room())
    return found  # type: ignore[no-any-return]


def here(world: World, call: Call) -> Room:
    """Return the room that a call is about."""
    return room(world, call.account, call.region)
