"""The nouns of the sandbox's EC2: plain records, changed only by the operations and their transitions."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sealift.sandbox.physics.agenda import NEARLY
from sealift.sandbox.physics.contents import Contents


@dataclass
class Attachment:
    """A volume at a device of an instance. `state`: attaching, attached, detaching."""

    volume: "Volume"
    machine: "Machine"
    device: str
    time: float
    state: str = "attaching"
    delete_on_termination: bool = False
    card: int | None = None


@dataclass
class Hydration:
    """Data still on its way into a volume, evenly between `start` and `end`."""

    kind: str
    start: float
    end: float
    rate: int = 0

    def progress(self, now: float) -> int:
        """Percent that has arrived."""
        if now >= self.end:
            return 100
        return int(100 * max(0.0, now - self.start) / (self.end - self.start) + 1e-6)


@dataclass
class Volume:
    """An EBS volume. Its contents: `held`, closed spans, and `writers`, streams being written with their start."""

    id: str
    seq: int
    account: str
    region: str
    zone: str
    size: int
    type: str
    created: float
    iops: int | None = None
    throughput: int | None = None
    encrypted: bool = False
    kms_key: str | None = None
    multi_attach: bool = False
    snapshot_id: str | None = None
    source_volume: str | None = None
    initialization_rate: int | None = None
    state: str = "creating"
    attachments: list[Attachment] = field(default_factory=list)
    hydration: Hydration | None = None
    held: Contents = field(default_factory=Contents)
    writers: dict[str, float] = field(default_factory=dict)
    baseline: Contents | None = None
    last_snapshot: float = float("-inf")
    auto_enable_io: bool = False
    fast_restored: bool = False
    product_codes: list[str] = field(default_factory=list)
    modifications: list["Modification"] = field(default_factory=list)
    visible: float = 0.0

    def contents(self, now: float) -> Contents:
        """Return all that is on the volume at `now`."""
        held = self.held
        for stream, since in self.writers.items():
            held = held.plus(stream, since, now)
        return held

    def slow_spans(self, now: float) -> Iterator[tuple[str, float, float]]:
        """Yield (stream, start, end) of writes while the volume's data were still on their way into it."""
        if self.hydration:
            start, end = self.hydration.start, min(self.hydration.end, now)
            for stream, spans in self.contents(now).streams.items():
                yield from ((stream, max(a, start), min(b, end)) for a, b in spans if a < end and b > start)


@dataclass
class Modification:
    """A ModifyVolume in progress or done."""

    start: float
    done: float
    before: dict[str, Any]
    target: dict[str, Any]

    def progress(self, now: float) -> int:
        """Percent done."""
        if now + NEARLY >= self.done:
            return 100
        return int(100 * (now - self.start) / (self.done - self.start))

    def state(self, now: float) -> str:
        """`modifying` for the first half, then `optimizing`, which is usable, then `completed`."""
        progress = self.progress(now)
        return "completed" if progress == 100 else "optimizing" if progress >= 50 else "modifying"


@dataclass
class Snapshot:
    """An EBS snapshot; `held` is its volume's contents at the request."""

    id: str
    seq: int
    account: str
    region: str
    volume_id: str
    size: int
    started: float
    ready: float
    description: str = ""
    encrypted: bool = False
    kms_key: str | None = None
    state: str = "pending"
    message: str | None = None
    held: Contents = field(default_factory=Contents)
    lineage: str = ""
    is_copy: bool = False
    product_codes: list[str] = field(default_factory=list)
    shared_with: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    visible: float = 0.0


@dataclass
class Machine:
    """An instance's power state and disks; `moto` carries the rest (network, type, protections)."""

    id: str
    seq: int
    account: str
    region: str
    zone: str
    moto: Any
    root_device: str
    reservation: str
    state: str = "pending"
    launched: float = 0.0
    made: float = 0.0
    running_since: float | None = None
    disks: dict[str, Attachment] = field(default_factory=dict)
    reason: tuple[str, str] | None = None
    transition: str = ""
    rate: float = 1.0
    turn: int = 0
    forbidden: bool = False
    visible: float = 0.0
    reserved: str | None = None
    """The capacity reservation that it runs in."""
    prefers: str = "open"
    target: str | None = None

    def stream(self, device: str) -> str:
        """Name the workload that writes to `device`."""
        return f"{self.id}:{device}"


@dataclass
class CapacityReservation:
    """An On-Demand Capacity Reservation."""

    id: str
    seq: int
    zone: str
    instance_type: str
    count: int
    created: float
    platform: str
    state: str = "active"
    match_criteria: str = "open"
    visible: float = 0.0
    tenancy: str = "default"


@dataclass
class Image:
    """An AMI: the snapshots it is made of."""

    id: str
    seq: int
    name: str
    created: float
    root_device: str
    mappings: list[dict[str, Any]]
    description: str = ""
    visible: float = 0.0

    def snapshot_ids(self) -> set[str]:
        """Return the snapshots it names."""
        return {m["Ebs"]["SnapshotId"] for m in self.mappings if "SnapshotId" in m.get("Ebs", {})}


@dataclass
class Region:
    """What one account has in one Region. Dead volumes are kept apart: as copies they may still hold a slot."""

    account: str
    name: str
    volumes: dict[str, Volume] = field(default_factory=dict)
    dead: dict[str, Volume] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    machines: dict[str, Machine] = field(default_factory=dict)
    reservations: dict[str, CapacityReservation] = field(default_factory=dict)
    images: dict[str, Image] = field(default_factory=dict)
    tokens: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    copied: dict[tuple[str, str | None], list[Snapshot]] = field(default_factory=dict)
    encrypt_by_default: bool = False
    default_key: str | None = None
    public_snapshots: str = "unblocked"

    def copies_under_way(self, now: float) -> Iterator[Volume]:
        """Yield the volume copies that hold a slot: until hydrated, even where the copy has been deleted since."""
        for volume in (*self.volumes.values(), *self.dead.values()):
            h = volume.hydration
            if volume.source_volume and h and now + NEARLY < h.end:
                yield volume
