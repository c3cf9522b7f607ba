"""What a world keeps about access: whether it is enforced, root credentials of accounts, and the grants on keys."""

import random
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Grant:
    """A KMS grant. `constraints` and `operations` are as CreateGrant takes them; `source`: what EC2 made it for."""

    id: str
    tokens: list[str]
    key: str
    grantee: str
    operations: tuple[str, ...]
    issuer: str
    created: float
    retiring: str | None = None
    name: str | None = None
    constraints: dict[str, Any] = field(default_factory=dict)
    source: str | None = None


@dataclass
class Access:
    """`grants` by key ARN, each in the order of making; `roots`: access key to the account whose root it is."""

    rng: random.Random
    enforcing: bool = False
    roots: dict[str, str] = field(default_factory=dict)
    grants: dict[str, list[Grant]] = field(default_factory=dict)

    def token(self) -> str:
        """Make 64 hexadecimal digits, as ids and tokens of grants are."""
        return f"{self.rng.getrandbits(256):064x}"

    def revoke(self, grant: Grant) -> None:
        """End a grant."""
        self.grants[grant.key].remove(grant)
