"""Facts that instances and clusters have in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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


@dataclass(frozen=True)
class Quota:
    """A quota of DescribeAccountAttributes."""

    name: str
    used: int
    max: int
    planned: int = 0  # for targets that were planned before this one in the same run

    @property
    def free(self) -> int:
        """What is left for this target."""
        return self.max - self.used - self.planned
