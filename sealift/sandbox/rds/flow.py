"""Who writes what, and where: clients with open connections, jobs inside the engine, pulls from an external primary.

After every change of state, group, parameter or engine setting `refresh` settles anew which streams run.
"""

from sealift.sandbox.physics.contents import Contents
from sealift.sandbox.rds import network, parameters
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
    near = room.clients if about is None else [c for c in room.clients if _touches(c, _head(about))]
    for client in near:
        _connect(room, client)
    heads = dict(room.heads()) if about is None else _heads(about, near)
    served = {(c.kind, c.name) for c in room.clients}
    wanted: dict[str, dict[str, str | None]] = {}
    for head, db in heads.items():
        mine = wanted.setdefault(head.store.id, {})
        if db and is_up(db):
            _inside(head, db, head.id if (_kind(head), head.id) in served else None, mine)
        elif db:
            db.pulling = False
    for client in room.clients:
        if about is None or client.data_api or (client.at and _head(client.at) in heads):
            _from_outside(world, room, client, wanted)
    for head in heads:
        settle(world, room, head.store, wanted[head.store.id], at)


def _head(db: AnyDb) -> AnyDb:
    return db.cluster or db if isinstance(db, Database) else db


def _touches(client: Client, head: AnyDb) -> bool:
    if client.at and _head(client.at) is head:
        return True
    return client.name == head.id and client.kind == _kind(head)


def _heads(about: AnyDb, near: list[Client]) -> dict[AnyDb, Database | None]:
    found = [_head(about), *(_head(c.at) for c in near if c.at)]
    return {h: h.writer if isinstance(h, Cluster) else h for h in found}


def _kind(head: AnyDb) -> str:
    return "cluster" if isinstance(head, Cluster) else "db"


def _connect(room: Books, client: Client) -> None:
    if client.data_api:
        return
    if client.at and not is_up(client.at):
        client.at = None
    head, db = target(room, client)
    if client.proxy and not _routed(room, client, head):
        client.at = None
        return
    if client.at is None and db and is_up(db) and network.admits(db, client):
        client.at, client.unaware = db, False


def _routed(room: Books, client: Client, head: AnyDb | None) -> bool:
    """Say whether the client's proxy is up and has the name it wants among its targets, bound to nothing else (SB-BG-30)."""
    proxy = room.book("proxy").get(client.proxy)
    mine = [t for t in proxy["targets"] if t["RdsResourceId"] == client.name] if proxy else []
    return any(head is None or t.get("bound", head.resource_id) == head.resource_id for t in mine)


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


def _inside(head: AnyDb, db: Database, name: str | None, mine: dict[str, str | None]) -> None:
    store = head.store
    if store.job and scheduled(head, db) and writable(head, db):
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
    store.held, store.follows, store.lag = store.contents(at), None, 0.0
