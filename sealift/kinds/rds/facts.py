"""What is known of a DB instance: only what a rule or a recipe reads. None means *not evaluated*."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from sealift.kinds.databases import image
from sealift.kinds.databases.facts import DatabaseFacts, Described, GroupFacts, OptionFacts
from sealift.step import tags_of


@dataclass(frozen=True)
class ReplicaFacts:
    """A read replica of the instance, in its Region or another."""

    id: str
    resource_id: str
    arn: str
    region: str
    state: str
    described: Described = field(default_factory=dict)
    parameter_group: GroupFacts = field(default_factory=GroupFacts)


@dataclass(frozen=True)
class InstanceFacts(DatabaseFacts):
    """A DB instance with its read replicas."""

    replicas: tuple[ReplicaFacts, ...] = ()
    options: tuple[OptionFacts, ...] | None = None

    prefix: ClassVar[str] = "rds"

    @property
    def parts(self) -> tuple[tuple[str, Described], ...]:
        """The instance and its replicas of this Region."""
        return (*super().parts, *((r.id, r.described) for r in self.replicas if r.region == self.region))

    @property
    def claims(self) -> tuple[tuple[str, str], ...]:
        """The instance and its replicas."""
        replicas = ((r.id, tags_of(r.described).get("sealift:migration", "")) for r in self.replicas)
        return (*super().claims, *replicas)

    @property
    def images(self) -> tuple[tuple[Described, Mapping[str, str]], ...]:
        """The instance and its replicas."""
        return (*super().images, *((r.described, image.words_of(r.described)) for r in self.replicas if r.described))

    @property
    def needs(self) -> Mapping[str, int]:
        """The replacement, new replicas, and the snapshots on the way."""
        near = [r for r in self.replicas if r.region == self.region]
        size = self.size + sum(int(r.described.get("AllocatedStorage") or 0) for r in near)
        return {"DBInstances": 1 + len(near), "ManualSnapshots": 5, "AllocatedStorage": size, "DBParameterGroups": 1}

    @property
    def multi_az(self) -> bool:
        """Whether it has a standby in another zone."""
        return bool(self.described.get("MultiAZ"))

    @property
    def option_group(self) -> str:
        """Its option group."""
        return next((str(g["OptionGroupName"]) for g in self.described.get("OptionGroupMemberships", ())), "")

    @property
    def option_group_to_name(self) -> str:
        """The option group as a copy must be told it: one's own, not the engine's default (R-RDS-49)."""
        return "" if self.option_group.startswith("default:") else self.option_group
