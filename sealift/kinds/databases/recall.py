"""What the tags on databases tell of a migration whose journal is lost: facts as observed, overlaid with the before-image.

A mark names the database that it was written on: what inherited it (a green side, a restored copy) is no source.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sealift.errors import Refused
from sealift.kind import Read
from sealift.kinds.databases import image
from sealift.kinds.databases.facts import DatabaseFacts, Described, ProxyFacts
from sealift.plain import plain
from sealift.recalling import newest, only, plan_of
from sealift.step import Call, Context, Output, name_made, tags_of
from sealift.steps.db_looks import groups_of, id_of, name_of, status_of
from sealift.steps.db_tags import read_inside

SNAPSHOTS = ("warm", "warm:copy", "last", "copy")
BUSY = ("renaming", "modifying", "rebooting", "starting", "stopping", "failing-over", "backing-up")
"""Status words under which the name, the groups or the parameters of a database may be about to change."""

GONE = "bgd-gone"
"""Stands for a deployment whose record has been deleted."""


@dataclass(frozen=True)
class Source:
    """A database that carries a mark of its own."""

    described: Described
    words: Mapping[str, str]

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        return tags_of(self.described)

    @property
    def name(self) -> str:
        """Its name when it was marked."""
        return self.words["n"]

    @property
    def resource_id(self) -> str:
        """What no rename changes."""
        return id_of(self.described)

    @property
    def then(self) -> dict[str, Any]:
        """What it was, as described."""
        return image.as_it_was(self.described, self.words)


@dataclass(frozen=True)
class Found:
    """Everything that is there of one migration: its sources, the target first, and what else bears its tag or a name."""

    migration: str
    route: str
    digest: str
    main: Source
    others: tuple[Source, ...]
    all: tuple[Described, ...]
    deployment: str
    switching: bool
    attempt: int
    epoch: int

    @property
    def busy(self) -> bool:
        """Whether a source, or what was made, is being changed."""
        ours = (d for d in self.all if tags_of(d).get("sealift:migration") == self.migration)
        return any(status_of(d) in BUSY for d in ours)

    def bearer(self, source: Source) -> Described | None:
        """Return what bears the name of a source now, of the same shape."""
        shape = "DbClusterResourceId" if "DbClusterResourceId" in source.described else "DbiResourceId"
        return next((d for d in self.all if shape in d and name_of(d) == source.name), None)

    def made(self, step: str) -> Described | None:
        """Return the database that a step has made."""
        for d in self.all:
            tags = tags_of(d)
            ours = tags.get("sealift:migration") == self.migration and tags.get("sealift:step") == step
            if ours and tags.get("sealift:attempt") == str(self.attempt):
                return d
        return None


async def find(read: Read, target: str, *, of_cluster: bool) -> Found:
    """Find the migration that a database is marked with, by the name that it had.

    Raises:
        Refused: it is marked with none or with several, moves with another one, or its switchover is under way.

    """
    everything = [plain(d) for d in (await read(Call("rds:DescribeDBInstances", {})))["DBInstances"]]
    if of_cluster:
        everything += [plain(d) for d in (await read(Call("rds:DescribeDBClusters", {})))["DBClusters"]]
    sources = [s for d in everything if (s := _source(d)) is not None]
    mains = [s for s in sources if s.name == target and ("DbClusterResourceId" in s.described) == of_cluster]
    migration = only(target, (s.tags for s in mains))
    main = mains[0]
    await _refuse_a_part(read, main, sources)
    route, digest = plan_of(main.tags)
    deployments = (await read(Call("rds:DescribeBlueGreenDeployments", {}))).get("BlueGreenDeployments", ())
    ours = [d for d in deployments if tags_of(d).get("sealift:migration") == migration]
    made = [tags_of(d) for d in (*everything, *ours, *await _others(read, main, migration, of_cluster=of_cluster))]
    attempt, epoch = newest(t for t in made if t.get("sealift:migration") == migration)
    found = Found(
        migration=migration,
        route=route,
        digest=digest,
        main=main,
        others=tuple(
            sorted(
                (s for s in sources if s is not main and s.tags.get("sealift:migration") == migration),
                key=lambda s: s.name,
            )
        ),
        all=tuple(everything),
        deployment=next((str(d["BlueGreenDeploymentIdentifier"]) for d in ours), ""),
        switching=any(d["Status"] == "SWITCHOVER_IN_PROGRESS" for d in ours),
        attempt=attempt,
        epoch=epoch,
    )
    if found.switching:
        raise Refused(f"{target} is being switched over", resource=target, remedy="Adopt it again when that is over.")
    return found


async def _refuse_a_part(read: Read, part: Source, sources: Sequence[Source]) -> None:
    """Refuse to adopt alone what bears a mark because it moves with another: half-way in a cut, a way back of it alone would leave the
    rest as it is. A member's image says that it is one; a replica names its source, whatever that is called by now.
    """
    of, prefix = part.described.get("ReadReplicaSourceDBInstanceIdentifier"), "rds"
    if member := "w" in part.words:
        of, prefix = part.described.get("DBClusterIdentifier"), "aurora"
        clusters = (await read(Call("rds:DescribeDBClusters", {})))["DBClusters"]
        sources = [s for d in clusters if (s := _source(plain(d))) is not None]
    ours = (s for s in sources if s.tags.get("sealift:migration") == part.tags["sealift:migration"])
    name = next((s.name for s in ours if name_of(s.described) == of), str(of) if member else "")
    if name:
        whole = f"{prefix}:{name}"
        raise Refused(
            f"rds:{part.name} moves with {whole}", resource=part.name, remedy=f"Adopt that: sealift adopt {whole}"
        )


def _source(described: Described) -> Source | None:
    tags = tags_of(described)
    words = image.unpack(tags)
    return Source(described, words) if words.get("r") == id_of(described) and "sealift:plan" in tags else None


async def _others(read: Read, main: Source, migration: str, *, of_cluster: bool) -> list[Described]:
    """Return the snapshots of a database and the quarantine of a migration: they tell which attempt and cut it was."""
    name, value = ("db-cluster-id", main.name) if of_cluster else ("dbi-resource-id", main.resource_id)
    noun = "DBClusterSnapshots" if of_cluster else "DBSnapshots"
    shots = await read(Call(f"rds:Describe{noun}", {"Filters": [{"Name": name, "Values": [value]}]}))
    filters = [{"Name": "tag:sealift:migration", "Values": [migration]}]
    groups = await read(Call("ec2:DescribeSecurityGroups", {"Filters": filters}))
    return [*shots[noun], *groups["SecurityGroups"]]


def proxies(words: Mapping[str, str]) -> tuple[ProxyFacts, ...]:
    """Return the proxies that routed to a database."""
    return tuple(ProxyFacts(*pair) for pair in image.read_listed(words["x"])) if "x" in words else ()


def stage(found: Found, facts: DatabaseFacts, now: DatabaseFacts) -> str:
    """Say how far it had come: prepare (the sources serve), cutover (in between), up (a replacement serves), handed (a
    replacement may have been written to, and serves no more or not yet).
    """
    bearer = found.bearer(found.main)
    if bearer is not None and id_of(bearer) != found.main.resource_id:
        if found.route == "blue-green" or groups_of(bearer) == set(facts.groups):
            return "up"
        return "handed" if tags_of(bearer).get("sealift:role") == "replacement" else "cutover"
    handed = [d for d in found.all if _handed(found, d)]
    if handed:
        names = ", ".join(name_of(d) for d in handed)
        raise Refused(
            f"{found.main.name} was being put back after its replacement ({names}) had been written to",
            resource=found.main.name,
            remedy="What is left is for a person: keep a snapshot of it before it is deleted, and see that the source has its own groups.",
        )
    same = all(image.is_as_it_was(s.described, s.words) for s in (found.main, *found.others))
    return "prepare" if same and now.proxies == facts.proxies else "cutover"


def _handed(found: Found, described: Described) -> bool:
    tags = tags_of(described)
    ours = tags.get("sealift:migration") == found.migration
    return ours and _source(described) is None and tags.get("sealift:role") == "replacement"


def outputs(found: Found, *, up: bool, of_cluster: bool) -> dict[str, Output]:
    """Return what steps have made that renames have moved, and what was noted.

    Raises:
        Refused: how it was set inside did not fit into its tags.

    """
    made: dict[str, Output] = {}
    set_inside = read_inside(found.main.tags)
    if set_inside is None:
        raise Refused(
            f"how {found.main.name} was set inside before the cut did not fit into its tags",
            resource=found.main.name,
            remedy="See what was closed inside it, open that, and put its names and groups back by hand.",
        )
    if set_inside:
        made["inside"] = set_inside
    if found.route == "blue-green":
        return made | (_switched(found) if up else {})
    if (restored := found.made("restore")) is not None:
        made["restore"] = _ids(restored, _name(found, "restore", restored))
    for source in found.others:
        for step in (f"member:{source.name}", f"replica:{source.name}"):
            if (one := found.made(step)) is not None:
                made[step] = _ids(one, _name(found, step, one) if step.startswith("member:") else name_of(one))
    return made


def _ids(described: Described, name: str) -> Output:
    if "DbClusterResourceId" in described:
        return {"DBClusterIdentifier": name, "DbClusterResourceId": id_of(described)}
    return {"DBInstanceIdentifier": name, "DbiResourceId": id_of(described)}


def _name(found: Found, step: str, described: Described) -> str:
    """Return the name that a step gave to what it made: it may bear another by now."""
    epoch = int(tags_of(described).get("sealift:epoch", 0))
    return name_made(Context(found.migration, epoch, found.attempt), step)


def _switched(found: Found) -> dict[str, Output]:
    made: dict[str, Output] = {"blue-green": {"id": found.deployment or GONE}}
    for source in (found.main, *found.others):
        if (bearer := found.bearer(source)) is not None:
            made[f"pair:{source.name}"] = {"name": name_of(bearer)}
            made[f"green:{source.name}"] = {"DbiResourceId": id_of(bearer)}
    return made


def names(found: Found, steps: Sequence[str] = SNAPSHOTS) -> dict[str, Output]:
    """Return the names of snapshots that a later step may have deleted already."""
    told: dict[str, Output] = {}
    for step in steps:
        epoch = found.epoch if step in ("last", "copy") else 0
        told[step] = {"name": name_made(Context(found.migration, epoch, found.attempt), step)}
    return told | {"renew": {**told["warm"], "adopted": True}}
