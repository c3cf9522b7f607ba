"""What volumes, databases and snapshots hold, told by what their sources hold: the same words for every run that went the same way.

The sandbox knows contents as spans of time in which a workload has written (`sealift.sandbox.physics.contents`). When they were
differs from run to run; how a thing stands to the source of its data does not. A source is what held a stream before the run.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sealift.sandbox import Sandbox
from sealift.sandbox.physics.contents import Contents, Span
from sealift.sandbox.rds.state import Books, Database, DbSnapshot, Store, everywhere
from sealift.sandbox.state import Region, Snapshot, Volume

SAME, MORE, EARLIER, PARTED, OTHER = "all", "all and more", "an earlier state", "parted", "not what was written"
"""How a thing stands to its source: what is said first of each stream."""


class Held(Protocol):
    """A volume or the store of a database: it lives on as a record when AWS has deleted it."""

    id: str
    writers: Any

    def contents(self, now: float) -> Contents:
        """Return all that is in it."""


def relation(here: Contents, there: Contents) -> str:
    """Say how a thing stands to its source, in one stream.

    `parted` and `an earlier state` say, too, whether the source was at rest at the moment up to which both have the same: a copy
    that is taken in the cut is; one that was taken from a snapshot of before, and has gone on since, is not.
    """
    own, lacks = here.minus(there), there.minus(here)
    if not lacks:
        return MORE if own else SAME
    parts = min(start for c in (own, lacks) for start, _ in _spans(c))
    if any(end > parts for _, end in _spans(here.minus(own))):
        return OTHER
    moment = "while it wrote" if any(start < parts < end for start, end in _spans(there)) else "at rest"
    return f"{PARTED if own else EARLIER}, {moment}"


def _who(kept: Iterable[str]) -> Iterator[str]:
    """Yield what an engine keeps, users and all; a password that RDS has made up for a secret that it manages is another each time."""
    return (re.sub(r": [0-9a-f]{32}$", ": managed", word) for word in kept)


def _spans(contents: Contents) -> Iterator[Span]:
    for spans in contents.streams.values():
        yield from spans


@dataclass
class Holdings:
    """Who held each stream before a run, and what of it: what everything is compared with from then on."""

    box: Sandbox
    sources: dict[str, Held] = field(default_factory=dict)
    had: dict[str, Contents] = field(default_factory=dict)

    def begin(self) -> None:
        """Remember how things stand now."""
        now = self.box.now()
        stores = [head.store for room in self._rooms() for head, _ in room.heads()]
        everything: list[Held] = [*self._volumes(), *stores]
        for held in everything:
            if isinstance(held, Store) and held.follows:
                continue  # a replica has what its source has
            for stream in {*held.contents(now).streams, *held.writers}:
                self.sources.setdefault(stream, held)
                self.had.setdefault(stream, held.contents(now).only(stream))

    def seen(self, seen: dict[str, Any]) -> dict[str, Any]:
        """Return a picture, each thing with what it holds, and with what else of it only the sandbox's records tell."""
        found = {**seen, "volumes": dict(seen["volumes"])}
        for volume in self._volumes():
            if volume.id in found["volumes"]:
                # whether it is being written is a matter of the power of its instance, which has a line of its own
                holds = self._words(volume.contents(self.box.now()), itself=volume)
                found["volumes"][volume.id] = {**found["volumes"][volume.id], "holds": holds}
        found["snapshots"] = {
            s.id: self._snapshot(s, seen["snapshots"][s.id]) for s in self._snapshots() if s.id in seen["snapshots"]
        }
        found["deployments"] = {}
        for room in self._rooms():
            found |= self._of_databases(room, found)
        return found

    def told(self, held: Held) -> dict[str, str]:
        """Say what a volume or a database holds, by stream, and whether it is being written to."""
        now = self.box.now()
        said = self._words(held.contents(now), itself=held)
        return {s: f"{how}, and is being written" if s in held.writers else how for s, how in said.items()}

    def _words(self, contents: Contents, itself: Held | None = None) -> dict[str, str]:
        now, said = self.box.now(), {}
        for stream in sorted({*contents.streams, *(itself.writers if itself else ())}):
            source, mine = self.sources.get(stream), contents.only(stream)
            if source is None:
                said[stream] = "its own"
            elif source is itself:
                said[stream] = (
                    "its own" if not self.had[stream].minus(mine) else "its own, and lacks what it held before"
                )
            else:
                said[stream] = f"{relation(mine, source.contents(now).only(stream))} of {source.id}"
        if itself is not None:
            said |= {s: "lost" for s, source in self.sources.items() if source is itself and s not in said}
        return said

    def _snapshot(self, shot: Snapshot, role: Any) -> dict[str, Any]:
        about = {"role": role, "encrypted": shot.encrypted, "key": shot.kms_key, "size": shot.size, "state": shot.state}
        return {**about, "holds": self._words(shot.held)}

    def _of_databases(self, room: Books, seen: Mapping[str, Any]) -> dict[str, Any]:
        instances, clusters = dict(seen["instances"]), dict(seen["clusters"])
        for name, db in room.databases.items():
            if name in instances:
                instances[name] = {**instances[name], **self._instance(db)}
        for name, cluster in room.clusters.items():
            if name in clusters:
                clusters[name] = {**clusters[name], **self._store(cluster.store)}
        shots = {
            "db snapshots": {
                s.id: self._db_snapshot(s) for s in room.snapshots.values() if s.id in seen["db snapshots"]
            },
            "cluster snapshots": {
                s.id: self._db_snapshot(s) for s in room.cluster_snapshots.values() if s.id in seen["cluster snapshots"]
            },
        }
        deployments = {
            d.id: {"name": d.name, "status": d.status, "green": [pair.green.id for pair in d.pairs]}
            for d in room.deployments.values()
        }
        return {"instances": instances, "clusters": clusters, "deployments": deployments, **shots}

    def _instance(self, db: Database) -> dict[str, Any]:
        about = {"memory": sorted(db.memory), "carried": sorted(db.carried), "effective": dict(db.effective)}
        return about if db.cluster else {**about, **self._store(db.store)}

    def _store(self, store: Store) -> dict[str, Any]:
        return {"holds": self.told(store), "kept": sorted(_who(store.kept)), "job": store.job, "inbound": store.inbound}

    def _db_snapshot(self, shot: DbSnapshot) -> dict[str, Any]:
        about = {"role": shot.tags.get("sealift:role"), "encrypted": shot.storage.type, "key": shot.storage.key}
        return {**about, "state": shot.state, "kept": sorted(_who(shot.kept)), "holds": self._words(shot.held)}

    def _regions(self) -> Iterable[Region]:
        return self.box.world.regions.values()

    def _volumes(self) -> Iterator[Volume]:
        for region in self._regions():
            yield from region.volumes.values()

    def _snapshots(self) -> Iterator[Snapshot]:
        for region in self._regions():
            yield from region.snapshots.values()

    def _rooms(self) -> list[Books]:
        return everywhere(self.box.world)
