"""The nouns of the sandbox's RDS: plain records, changed only by the operations and their transitions."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from sealift.sandbox.physics.contents import Contents
from sealift.sandbox.state import Hydration
from sealift.sandbox.world import Call, World


class Writing(NamedTuple):
    """A stream being written: since when, and the endpoint name whose writes these are."""

    since: float
    name: str | None


@dataclass(eq=False)
class Store:
    """The data of an instance, or of a cluster, whose members share it. `job` and `inbound` travel with the data.

    `gib`: how much there is, for what snapshots take. `job`: the identity of the scheduled job inside. `inbound`: an
    external primary that the engine itself pulls from. `kept`: settings that a login has stored in the data
    (`read_only`, `scheduler_off`) and its users (see `passwords`): they travel too. `green`: of a green environment, whose
    jobs read-only does not stop.
    """

    id: str
    gib: int = 20
    job: str = ""
    inbound: str = ""
    held: Contents = field(default_factory=Contents)
    writers: dict[str, Writing] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    follows: "Store | None" = None
    lag: float = 0.0
    green: bool = False

    def contents(self, now: float) -> Contents:
        """Return all that is in the database at `now`; a replica has what its source had `lag` ago."""
        if self.follows:
            return self.held if self.lag < 0 else clipped(self.follows.contents(now), now - self.lag)
        held = self.held
        for stream, writing in self.writers.items():
            held = held.plus(stream, writing.since, now)
        return held


def clipped(contents: Contents, until: float) -> Contents:
    """Return what had been written by `until`."""
    streams = {s: tuple((a, min(b, until)) for a, b in spans if a < until) for s, spans in contents.streams.items()}
    return Contents({s: spans for s, spans in streams.items() if spans})


@dataclass(eq=False)
class Storage:
    """Encryption of a database or snapshot: `none`, `sse-rds` or `sse-kms`."""

    type: str = "none"
    key: str | None = None


@dataclass(kw_only=True, eq=False)
class Thing:
    """What instances and clusters have in common. `shown`: members of the output shape that stand as they were set.

    `turn` counts state changes: a transition that finds another turn than its own has been overtaken.
    """

    id: str
    resource_id: str
    seq: int
    account: str
    region: str
    created: float
    shown: dict[str, Any]
    store: Store
    storage: Storage
    state: str = "creating"
    turn: int = 0
    visible: float = 0.0
    groups: list[str] = field(default_factory=list)
    subnet_group: str = "default"
    parameter_group: str = ""
    option_group: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    roles: list[dict[str, Any]] = field(default_factory=list)
    pending: dict[str, Any] = field(default_factory=dict)
    secret: dict[str, Any] | None = None
    restart_at: float | None = None
    begun: float = 0.0
    ready: float = 0.0
    blocked_by: str = ""
    next_name: str = ""
    stream: dict[str, Any] = field(default_factory=dict)
    backups_replicated: list[str] = field(default_factory=list)

    KIND = ""

    @property
    def arn(self) -> str:
        """Its ARN, which names the identifier: a rename changes it."""
        return f"arn:aws:rds:{self.region}:{self.account}:{self.KIND}:{self.id}"


@dataclass(kw_only=True, eq=False)
class Database(Thing):
    """A DB instance: on its own, a replica, or a member of a cluster. `carried`: groups on its network interfaces.

    `memory`: settings of the running engine, gone with a reboot. `effective`: parameters in effect since the last one.
    `connected`: from when on how many clients were on it; None while it took none.
    """

    cluster: "Cluster | None" = None
    source: "Database | None" = None
    external: str | None = None
    carried: list[str] = field(default_factory=list)
    interfaces: list[Any] = field(default_factory=list)
    parameters_status: str = "in-sync"
    effective: dict[str, str] = field(default_factory=dict)
    memory: set[str] = field(default_factory=set)
    pulling: bool = False
    hydration: Hydration | None = None
    connected: list[tuple[float, int | None]] = field(default_factory=list)

    KIND = "db"


@dataclass(kw_only=True, eq=False)
class Cluster(Thing):
    """An Aurora cluster, or a Multi-AZ DB cluster (`multi_az`), with its members; the writer is one of them."""

    members: list[Database] = field(default_factory=list)
    writer: Database | None = None
    multi_az: bool = False
    data_api: bool = False

    KIND = "cluster"


@dataclass(kw_only=True, eq=False)
class DbSnapshot:
    """A snapshot of an instance (`cluster` false) or of a cluster. `held` is what was there at the request."""

    id: str
    seq: int
    account: str
    region: str
    cluster: bool
    source_id: str
    resource_id: str
    shown: dict[str, Any]
    storage: Storage
    held: Contents
    job: str
    inbound: str
    kept: set[str]
    begun: float
    ready: float
    original: float
    lineage: str
    option_group: str = ""
    type: str = "manual"
    state: str = "creating"
    is_copy: bool = False
    copied_from: str | None = None
    source_region: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    shared_with: set[str] = field(default_factory=set)
    visible: float = 0.0

    @property
    def arn(self) -> str:
        """Its ARN."""
        kind = "cluster-snapshot" if self.cluster else "snapshot"
        return f"arn:aws:rds:{self.region}:{self.account}:{kind}:{self.id}"


@dataclass(eq=False)
class Pair:
    """A blue instance or cluster and its green one. The status is that of SwitchoverDetails."""

    blue: Database | Cluster
    green: Database | Cluster
    status: str = "PROVISIONING"
    names: tuple[str, str] | None = None


@dataclass(kw_only=True, eq=False)
class Deployment:
    """A Blue/Green deployment; the first pair is that of its Source and Target."""

    id: str
    seq: int
    name: str
    account: str
    region: str
    created: float
    pairs: list[Pair]
    tasks: dict[str, str]
    status: str = "PROVISIONING"
    details: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    visible: float = 0.0
    switchovers: int = 0


@dataclass(eq=False)
class Client:
    """An application that writes to an endpoint name, and keeps its connection open as long as it lasts.

    `data_api`: it comes through the RDS Data API, which no security group stops. `proxy`: it comes through that RDS
    Proxy, to whatever bears the registered name, and its connections are the proxy's. `unaware`: its connection is older
    than a setting for new ones. `reads`: it only reads, from an instance (`db`), a cluster's reader endpoint (`cluster`) or
    a custom one (`endpoint`); `answered` are the spans in which it was, `since` when the one that lasts has begun.
    """

    name: str
    kind: str
    rate: float = 1.0
    address: str = "10.0.1.10"
    group: str | None = None
    data_api: bool = False
    proxy: str = ""
    at: Database | None = None
    unaware: bool = False
    reads: bool = False
    answered: Contents = field(default_factory=Contents)
    since: float | None = None

    @property
    def stream(self) -> str:
        """The name of what it writes, or reads."""
        if self.reads:
            return f"reader:{self.name}"
        return f"client:{self.name}" + ("/data-api" if self.data_api else f"/{self.proxy}" if self.proxy else "")


class Run(NamedTuple):
    """One span in which the scheduled job `job` ran inside the database `store`."""

    job: str
    store: str
    start: float
    end: float


AnyDb: TypeAlias = Database | Cluster


@dataclass(eq=False)
class Books:
    """What one account has of RDS in one Region."""

    account: str
    region: str
    databases: dict[str, Database] = field(default_factory=dict)
    clusters: dict[str, Cluster] = field(default_factory=dict)
    snapshots: dict[str, DbSnapshot] = field(default_factory=dict)
    cluster_snapshots: dict[str, DbSnapshot] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    clients: list[Client] = field(default_factory=list)
    owed: dict[str, Contents] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    documents: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)

    def book(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the documents of a kind (groups, endpoints, subscriptions, proxies, …) by id."""
        return self.documents.setdefault(kind, {})

    def heads(self) -> Iterator[tuple[AnyDb, Database | None]]:
        """Yield what has data of its own, with the instance that writes to it."""
        for db in self.databases.values():
            if db.cluster is None:
                yield db, db
        for cluster in self.clusters.values():
            yield cluster, cluster.writer

    def head(self, kind: str, name: str) -> AnyDb | None:
        """Return what the endpoint `name` leads to."""
        return self.clusters.get(name) if kind == "cluster" else self.databases.get(name)


def books(world: World, account: str, region: str) -> Books:
    """Return the books of an account in a Region."""
    key = ("rds", account, region)
    if key not in world.rooms:
        world.rooms[key] = Books(account, region)
    found: Books = world.rooms[key]
    return found


def here(world: World, call: Call) -> Books:
    """Return the books that a call is about."""
    return books(world, call.account, call.region)


def everywhere(world: World) -> list[Books]:
    """Return the books of all accounts and Regions."""
    return [room for key, room in world.rooms.items() if key[0] == "rds"]
