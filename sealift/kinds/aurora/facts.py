"""What is known of a DB cluster, of Aurora or Multi-AZ: only what a rule or a recipe reads. None means *not evaluated*."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import ClassVar

from sealift.kinds.databases import image
from sealift.kinds.databases.facts import DatabaseFacts, Described, GroupFacts
from sealift.step import Tags, tags_of


@dataclass(frozen=True)
class MemberFacts:
    """An instance of the cluster; `parameter_group` is its own, beside the cluster's."""

    id: str
    resource_id: str
    arn: str
    state: str
    writer: bool
    described: Described = field(default_factory=dict)
    parameter_group: GroupFacts = field(default_factory=GroupFacts)
    applied: str = "in-sync"  # of the cluster's parameters

    @property
    def tags(self) -> Tags:
        """Its tags."""
        return tuple(tags_of(self.described).items())


@dataclass(frozen=True)
class EndpointFacts:
    """A custom endpoint: its type, and which members it names or leaves out."""

    id: str
    resource_id: str
    kind: str
    static: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    tags: Tags = ()


@dataclass(frozen=True)
class ClusterFacts(DatabaseFacts):
    """A DB cluster with its members, the writer first."""

    members: tuple[MemberFacts, ...] = ()
    endpoints: tuple[EndpointFacts, ...] | None = None
    scaling: str | None = None  # SuspendedState of its readers' scaling, compact JSON; empty: there is none

    prefix: ClassVar[str] = "aurora"
    of_cluster: ClassVar[bool] = True

    @property
    def aurora(self) -> bool:
        """Whether it is Aurora's, not a Multi-AZ DB cluster."""
        return self.engine.startswith("aurora")

    @property
    def data_api(self) -> bool:
        """Whether the Data API is on: a way in that no security group stops."""
        return bool(self.described.get("HttpEndpointEnabled"))

    @property
    def parts(self) -> tuple[tuple[str, Described], ...]:
        """The cluster and its members."""
        return (*super().parts, *((m.id, m.described) for m in self.members))

    @property
    def claims(self) -> tuple[tuple[str, str], ...]:
        """The cluster and its members."""
        members = ((m.id, dict(m.tags).get("sealift:migration", "")) for m in self.members)
        return (*super().claims, *members)

    @property
    def words(self) -> dict[str, str]:
        """Beside those of any database: the Data API, the scaling of its readers, its custom endpoints."""
        words = super().words | {"a": str(int(self.data_api))}
        if self.scaling:
            words["s"] = image.escape(self.scaling)
        if self.endpoints:
            words["e"] = image.listed([asdict(e) for e in self.endpoints])
        return words

    @property
    def images(self) -> tuple[tuple[Described, Mapping[str, str]], ...]:
        """The cluster and its members, of which one writes."""
        members = ((m, image.words_of(m.described)) for m in self.members)
        return (*super().images, *((m.described, {**words, "w": str(int(m.writer))}) for m, words in members))

    @property
    def needs(self) -> Mapping[str, int]:
        """The replacement with its members, and the snapshots on the way."""
        needs = {"DBClusters": 1, "DBInstances": len(self.members), "ManualClusterSnapshots": 3}
        return needs if self.aurora else needs | {"AllocatedStorage": self.size}
