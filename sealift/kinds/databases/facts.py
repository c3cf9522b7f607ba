"""Facts that instances and clusters have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from sealift.keys import KeyFacts
from sealift.kinds.databases import image
from sealift.step import Tags, tags_of

Described = Mapping[str, Any]
"""An answer of a Describe as JSON values: moments are ISO text."""


@dataclass(frozen=True)
class Encryption:
    """`none`, `sse-rds` (an AWS-owned key) or `sse-kms`, and the key's ARN."""

    type: str
    key: str | None = None


def encryption(described: Mapping[str, Any]) -> Encryption:
    """Return how a described database or snapshot is encrypted.

    StorageEncrypted says false for Aurora under an AWS-owned key, so StorageEncryptionType goes before it where there is
    one (R-RDS-02).
    """
    key = described.get("KmsKeyId")
    if told := described.get("StorageEncryptionType"):
        return Encryption(str(told), key)
    encrypted = described.get("StorageEncrypted", described.get("Encrypted"))
    return Encryption("sse-kms" if encrypted else "none", key)


@dataclass(frozen=True)
class GroupFacts:
    """A parameter group; `status` as the database shows it: in-sync, applying, pending-reboot."""

    name: str = ""
    family: str = ""
    status: str = "in-sync"
    values: tuple[tuple[str, str], ...] | None = None  # what somebody has set in it

    @property
    def default(self) -> bool:
        """Whether it is the engine's own, which nobody may change or copy."""
        return self.name.startswith("default.") or self.name.startswith("default:")


@dataclass(frozen=True)
class OptionFacts:
    """An option of the option group."""

    name: str
    permanent: bool = False
    persistent: bool = False


@dataclass(frozen=True)
class ProxyFacts:
    """A proxy's target group in which the database is a target."""

    proxy: str
    target_group: str
    secrets: tuple[str, ...] = ()  # by which it logs in to its targets


@dataclass(frozen=True)
class Quota:
    """A quota of DescribeAccountAttributes."""

    name: str
    used: int
    max: int
    planned: int = 0  # reserved by migrations under way, or planned before this one in the same run

    @property
    def free(self) -> int:
        """What is left for this target."""
        return self.max - self.used - self.planned


def beside(facts: Any, reserved: Mapping[str, int]) -> Any:
    """Return the facts with what of each quota is spoken for and not made yet: AWS counts only what is there."""
    if facts.quotas is None:
        return facts
    counted = tuple(replace(q, planned=reserved.get(f"rds {q.name}", 0)) for q in facts.quotas)
    return replace(facts, quotas=counted)


def wants(facts: Any) -> Mapping[str, int]:
    """Return what a migration takes of each quota, as the journal names them."""
    return {f"rds {name}": number for name, number in facts.needs.items()}


def pools(facts: Any) -> tuple[str, ...]:
    """Return the classes and zones in which it is made anew, a standby's included: RDS has room or not by these."""
    zones = ("AvailabilityZone", "SecondaryAvailabilityZone")
    found = [
        f"{d['DBInstanceClass']} in {zone}"
        for _, d in facts.parts
        for name in zones
        if d.get("DBInstanceClass") and (zone := d.get(name))
    ]
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class DatabaseFacts:
    """What is known of an instance and of a cluster alike: as described, what it carries outside its own shape, the wanted
    key, and what surrounds it. None means *not evaluated*.
    """

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
    # what takes a call of its own
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
    unavailable: tuple[str, ...] | None = None  # what of it RDS would not make again today, in words
    enforced: bool | None = None  # whether its VPC enforces encryption in transit
    vaulted: tuple[str, ...] | None = None  # plain recovery points of AWS Backup
    owned: bool = False  # under aws/rds, the key that AWS manages
    rekey: bool = False  # storage under an AWS-owned key or aws/rds is moved too
    fence_login_error: str = ""  # why the secret of --fence-login is none to log in with, and what to do
    unread: tuple[str, ...] = ()

    prefix: ClassVar[str] = ""
    """What a target of this kind begins with."""

    of_cluster: ClassVar[bool] = False

    @property
    def encryption(self) -> Encryption:
        """How its storage is encrypted."""
        return encryption(self.described)

    @property
    def plain(self) -> bool:
        """Whether there is something to move: it is under no key at all, or, where that was asked for, under one of AWS's."""
        return self.encryption.type == "none" or (self.rekey and self.of_aws)

    @property
    def of_aws(self) -> bool:
        """Whether its storage is under a key that is AWS's: one that AWS owns, or aws/rds (R-RDS-02, R-RDS-03)."""
        return self.encryption.type == "sse-rds" or self.owned

    @property
    def tags(self) -> Tags:
        """Its tags."""
        return tuple(tags_of(self.described).items())

    @property
    def groups(self) -> tuple[str, ...]:
        """The security groups that it has."""
        return tuple(g["VpcSecurityGroupId"] for g in self.described.get("VpcSecurityGroups", ()))

    @property
    def port(self) -> int:
        """Where it listens: a cluster says it beside its endpoint."""
        endpoint = self.described.get("Endpoint")
        told = endpoint.get("Port") if isinstance(endpoint, Mapping) else self.described.get("Port")
        return int(told or 0)

    @property
    def size(self) -> int:
        """GiB."""
        return int(self.described.get("AllocatedStorage") or 0)

    @property
    def managed_password(self) -> bool:
        """Whether RDS manages the master password in a secret."""
        return bool(self.described.get("MasterUserSecret"))

    @property
    def parts(self) -> tuple[tuple[str, Described], ...]:
        """What is made anew, each as described: it, and its replicas or members."""
        return ((self.id, self.described),)

    @property
    def claims(self) -> tuple[tuple[str, str], ...]:
        """What a migration claims, each with the one that has claimed it."""
        return ((self.id, dict(self.tags).get("sealift:migration", "")),)

    @property
    def words(self) -> dict[str, str]:
        """The former values of the database itself that the way back needs, and of what its name carries."""
        words = image.words_of(self.described)
        if self.proxies:
            words["x"] = image.listed([[p.proxy, p.target_group] for p in self.proxies])
        return words

    @property
    def images(self) -> tuple[tuple[Described, Mapping[str, str]], ...]:
        """What a migration marks, itself first, each with its before-image."""
        return ((self.described, self.words),)

    @property
    def needs(self) -> Mapping[str, int]:
        """What the replacement takes of each quota of the account, beside its source, which stays until finalize."""
        return {}
