"""What is known of a DB instance: only what a rule or a recipe reads. None means *not evaluated*."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sealift.keys import KeyFacts
from sealift.kinds.databases.facts import Encryption, GroupFacts, OptionFacts, ProxyFacts, Quota, encryption
from sealift.step import Tags, tags_of

Described = Mapping[str, Any]
"""An answer of a Describe as JSON values: moments are ISO text."""


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
class InstanceFacts:
    """A DB instance as described, what it carries outside its own shape, the wanted key, and what surrounds it."""

    id: str
    resource_id: str
    arn: str
    account: str
    region: str
    state: str
    engine: str
    engine_version: str
    key: KeyFacts
    described: Described = field(default_factory=dict)
    vpc: str = ""
    parameter_group: GroupFacts = field(default_factory=GroupFacts)
    replicas: tuple[ReplicaFacts, ...] = ()
    # what takes a call of its own
    options: tuple[OptionFacts, ...] | None = None
    proxies: tuple[ProxyFacts, ...] | None = None
    subscriptions: tuple[str, ...] | None = None  # event subscriptions that name it
    integrations: tuple[str, ...] | None = None  # zero-ETL
    deployments: tuple[str, ...] | None = None  # Blue/Green deployments that it is in already
    snapshots: tuple[str, ...] | None = None  # plain manual snapshots of it, which stay
    alarms: tuple[str, ...] | None = None
    selectors: tuple[str, ...] | None = None  # tag keys by which AWS Backup selects
    selected_by_arn: tuple[str, ...] | None = None
    quotas: tuple[Quota, ...] | None = None
    blue_green_keys: bool | None = None  # whether CreateBlueGreenDeployment takes a key here
    taken: tuple[str, ...] | None = None  # names in use that the way needs
    fence_login_error: str = ""  # why the secret of --fence-login cannot be read
    unread: tuple[str, ...] = ()

    @property
    def encryption(self) -> Encryption:
        """How its storage is encrypted."""
        return encryption(self.described)

    @property
    def plain(self) -> bool:
        """Whether there is something to move: it is not under a key of its own, or under none at all."""
        return self.encryption.type == "none"

    @property
    def tags(self) -> Tags:
        """Its tags."""
        return tuple(tags_of(self.described).items())

    @property
    def groups(self) -> tuple[str, ...]:
        """The security groups that it has."""
        return tuple(g["VpcSecurityGroupId"] for g in self.described.get("VpcSecurityGroups", ()))

    @property
    def multi_az(self) -> bool:
        """Whether it has a standby in another zone."""
        return bool(self.described.get("MultiAZ"))

    @property
    def size(self) -> int:
        """GiB."""
        return int(self.described.get("AllocatedStorage") or 0)

    @property
    def managed_password(self) -> bool:
        """Whether RDS manages the master password in a secret."""
        return bool(self.described.get("MasterUserSecret"))

    @property
    def option_group(self) -> str:
        """Its option group."""
        return next((str(g["OptionGroupName"]) for g in self.described.get("OptionGroupMemberships", ())), "")

    @property
    def option_group_to_name(self) -> str:
        """The option group as a copy must be told it: one's own, not the engine's default (R-RDS-49)."""
        return "" if self.option_group.startswith("default:") else self.option_group
