"""Who writes what, and where: clients with open connections, jobs inside the engine, pulls from an external primary.

Clients that only read have connections too, and are answered as long as one lasts.

After every change of state, group, parameter or engine setting `refresh` settles anew which streams run.
"""

from collections import Counter

from sealift.sandbox.physics.contents import Contents
from sealift.sandbox.rds import network, parameters, passwords
from sealift.sandbox.rds.state import AnyDb, Books, Client, Cluster, Database, Run, Store, Writing, books
from sealift.sandbox.world import World

UP = frozenset(
    [
        "available",
        "backing-up",
        "storage-optimization",
        "storage-initialization",
        "storage-config-upgrade",
        "modifying",
        "maintenance",
        "configuring-enhanced-monitoring",
        "configuring-iam-database-auth",
        "configuring-log-exports",
        "resetting-master-credentials",
    ]
)
"""Status words under which the engine takes connections. (`storage-full` takes them and can write nothing.)"""


def is_up(db: Database) -> bool:
    """Say whether an instance takes connections now."""
    return db.state in UP and (db.cluster is None or db.cluster.state in UP)


def writable(head: AnyDb, db: Database) -> bool:
    """Say whether the engine takes writes: not a replica, and nobody has set it read-only."""
    if head.store.follows or (isinstance(head, Database) and head.external):
        return False
    return "read_only" not in db.memory and "read_only" not in head.store.kept


def scheduled(head: AnyDb, db: Database) -> bool:
    """Say whether the job inside the engine is run."""
    if "scheduler_off" in db.memory or "scheduler_off" in head.store.kept:
        return False
    return parameters.scheduler_on(str(db.shown.get("Engine")), db.effective)


def target(room: Books, client: Client) -> tuple[AnyDb | None, Database | None]:
    """Return what the client's endpoint name leads to, and the instance behind it."""
    head = room.head(client.kind, client.name)
    return head, head.writer if isinstance(head, Cluster) else head


def refresh(world: World, account: str, region: str, at: float, about: AnyDb | None = None) -> None:
    """Begin and end streams as things stand at `at`; with `about`, those that its state has to do with."""
    room = books(world, account, region)
    near = room.clients if about is None else [c for c in room.clients if _touches(room, c, _head(about))]
    left = [c.at for c in near if c.at]
    for client in near:
        _connect(room, client, at)
        if client.reads:
            _read(client, at)
    heads = dict(room.heads()) if about is None else _heads(about, near)
    _note_connections(room, heads, left, at)
    served = {(c.kind, c.name) for c in room.clients if not c.reads}
    wanted: dict[str, dict[str, str | None]] = {}
    for head, db in heads.items():
        mine = wanted.setdefault(head.store.id, {})
        if db and is_up(db):
            _inside(head, db, head.id if (_kind(head), head.id) in served else None, mine)
        elif db:
            db.pulling = False
    for client in room.clients:
        if not client.reads and (about is None or client.data_api or (client.at and _head(client.at) in heads)):
            _from_outside(world, room, client, wanted)
    for head in heads:
        settle(world, room, head.store, wanted[head.store.id], at)


def _note_connections(room: Books, heads: dict[AnyDb, Database | None], left: list[Database], at: float) -> None:
    """Write down how many clients are on each instance from now on: CloudWatch samples it (SB-RDS-47)."""
    counted = Counter(c.at for c in room.clients)
    members = [m for head in heads for m in (head.members if isinstance(head, Cluster) else [head])]
    for db in (*members, *left):
        now = counted[db] if is_up(db) else None
        if not db.connected or db.connected[-1][1] != now:
            db.connected.append((at, now))


def _head(db: AnyDb) -> AnyDb:
    return db.cluster or db if isinstance(db, Database) else db


def _touches(room: Books, client: Client, head: AnyDb) -> bool:
    if client.at and _head(client.at) is head:
        return True
    if client.at is None and client.since is not None:
        return True  # just cut off
    if client.kind == "endpoint":
        return head.id == room.book("cluster-endpoint").get(client.name, {}).get("DBClusterIdentifier")
    return client.name == head.id and client.kind == _kind(head)


def _heads(about: AnyDb, near: list[Client]) -> dict[AnyDb, Database | None]:
    found = [_head(about), *(_head(c.at) for c in near if c.at)]
    return {h: h.writer if isinstance(h, Cluster) else h for h in found}


def _kind(head: AnyDb) -> str:
    return "cluster" if isinstance(head, Cluster) else "db"


def _connect(room: Books, client: Client, at: float) -> None:
    if client.data_api:
        return
    if client.at and not is_up(client.at):
        client.at = None
    if client.proxy and not _routed(room, client, at):
        client.at = None
        return
    if client.at is None:
        found = readable(room, client) if client.reads else [target(room, client)[1]]
        client.at = next((db for db in found if db and is_up(db) and network.admits(db, client)), None)
        client.unaware = False


def _routed(room: Books, client: Client, at: float) -> bool:
    """Say whether the client's proxy is up and routes to the name it wants: a target is REGISTERING for a
    while, and bound to what a switchover has put under the name (SB-BG-32).
    """
    proxy = room.book("proxy").get(client.proxy)
    mine = [t for t in proxy["targets"] if t["RdsResourceId"] == client.name and t["routes"] <= at] if proxy else []
    head, _ = target(room, client)
    return any(head is None or t.get("bound", head.resource_id) == head.resource_id for t in mine)


def readable(room: Books, client: Client) -> list[Database]:
    """Return the instances that a reading client's endpoint leads to.

    The reader endpoint is that of the readers; a cluster without any has its writer there (SB-AUR-23).
    """
    if client.kind == "db":
        return [room.databases[client.name]] if client.name in room.databases else []
    if client.kind == "cluster":
        cluster = room.clusters.get(client.name)
        readers = [m for m in cluster.members if m is not cluster.writer] if cluster else []
        return readers or (cluster.members if cluster else [])
    endpoint = room.book("cluster-endpoint").get(client.name, {})
    cluster = room.clusters.get(endpoint.get("DBClusterIdentifier", ""))
    if cluster is None or endpoint["Status"] != "available":
        return []
    named, left_out = endpoint["StaticMembers"], endpoint["ExcludedMembers"]
    mine = [m for m in cluster.members if m.id in named or (not named and m.id not in left_out)]
    readers = [m for m in mine if m is not cluster.writer]
    return readers if endpoint["CustomEndpointType"] == "READER" else mine


def _read(client: Client, at: float) -> None:
    """Write down when a client that reads is answered, and when not any more."""
    if client.at is not None and client.since is None:
        client.since = at
    elif client.at is None and client.since is not None:
        client.answered, client.since = client.answered.plus(client.stream, client.since, at), None


def _from_outside(world: World, room: Books, client: Client, wanted: dict[str, dict[str, str | None]]) -> None:
    world.rates[client.stream] = client.rate
    head, db = target(room, client)
    if client.data_api:
        open_to = isinstance(head, Cluster) and head.data_api and db is not None and is_up(db)
    else:
        db = client.at
        head = db.cluster or db if db else None
        open_to = head is not None and (not isinstance(head, Cluster) or head.writer is db)
    lets = head and db and (writable(head, db) or _older(head, client))
    if open_to and head and lets and head.store.id in wanted:
        wanted[head.store.id][client.stream] = client.name


def _older(head: AnyDb, client: Client) -> bool:
    """Say whether a connection was there before read-only became what new ones are (SB-ENG-02)."""
    return client.unaware and client.at is not None and not head.store.follows


def _past_read_only(store: Store, db: Database) -> bool:
    """Say whether a Blue/Green deployment alone keeps this side read-only: jobs inside do not obey that (SB-BG-30)."""
    return store.green or ("switched" in db.memory and not store.follows)


def _inside(head: AnyDb, db: Database, name: str | None, mine: dict[str, str | None]) -> None:
    store = head.store
    if store.job and scheduled(head, db) and (writable(head, db) or _past_read_only(store, db)):
        mine[f"job@{store.id}"] = name
    if not store.inbound or store.follows:
        return
    db.pulling = db.pulling or network.lets_out(db)
    if db.pulling:
        mine[f"inbound@{store.id}"] = name


def settle(world: World, room: Books, store: Store, wanted: dict[str, str | None], at: float) -> None:
    """End what runs and should not, begin what should and does not."""
    for stream, writing in list(store.writers.items()):
        if stream not in wanted or wanted[stream] != writing.name:
            _end(room, store, stream, at)
    for stream, name in wanted.items():
        store.writers.setdefault(stream, Writing(at, name))


def _end(room: Books, store: Store, stream: str, at: float) -> None:
    since, name = store.writers.pop(stream)
    store.held = store.held.plus(stream, since, at)
    if name:
        room.owed[name] = room.owed.get(name, Contents()).plus(stream, since, at)
    if stream.startswith("job@"):
        room.runs.append(Run(store.job, store.id, since, at))


def end_all(world: World, room: Books, store: Store, at: float) -> None:
    """End everything in a store that is about to go."""
    settle(world, room, store, {}, at)


def end_sessions(room: Books, db: Database) -> int:
    """Cut every connection to an instance, and its own to others; return how many clients were on it."""
    cut = [c for c in room.clients if c.at is db]
    for client in cut:
        client.at = None
    db.pulling = False
    return len(cut)


def detach(store: Store, at: float) -> None:
    """Let a replica's store go its own way, with what it has."""
    passwords.part(store)
    store.held, store.follows, store.lag = store.contents(at), None, 0.0
