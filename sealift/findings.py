"""What the inventories of all kinds share: gaps that are said, who manages a key, rules judged without reads of their own."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sealift.errors import CallError, CredentialsLost
from sealift.kind import ACK, BLOCK, NOT_EVALUATED, Read, Rule, Verdict
from sealift.options import Options
from sealift.step import Call

Rows = list[dict[str, Any]]
Found = tuple[Rows, Rows]
"""Findings and what could not be read, both as `sealift.inventory/1` holds them."""


class Survey:
    """One kind in one Region while it is read, with the gaps that were met."""

    def __init__(self, read: Read, kind: str, account: str, region: str) -> None:
        self.read, self.kind, self.account, self.region = read, kind, account, region
        self.unreadable: Rows = []

    def gap(self, error: str) -> None:
        """Say what could not be read."""
        self.unreadable.append({"kind": self.kind, "region": self.region, "error": error})

    async def key_managers(self, users: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Return `customer` or `aws-managed` for each key of (key, resource): one read a key; a key that cannot be read is
        a gap that names its resources.
        """
        of: dict[str, list[str]] = defaultdict(list)
        for key, resource in users:
            of[key].append(resource)
        managers = {}
        for key, resources in sorted(of.items()):
            try:
                managers[key] = await self._manager(key)
            except CredentialsLost:
                raise
            except CallError as error:
                self.gap(f"{key}, the key of {', '.join(resources)}: {error.message}")
        return managers

    async def _manager(self, key: str) -> str:
        """Keys that AWS manages work in their own account alone, so another account's key is a customer's."""
        if key.startswith("arn:") and key.split(":")[4] != self.account:
            return "customer"
        meta = (await self.read(Call("kms:DescribeKey", {"KeyId": key})))["KeyMetadata"]
        return "customer" if meta.get("KeyManager") == "CUSTOMER" else "aws-managed"

    def row(
        self,
        id: str,  # noqa: A002 - as the contract has it
        arn: str,
        *,
        encryption: str,
        key: str | None,
        state: str,
        more: Mapping[str, Any],
        tags: Mapping[str, str],
        verdicts: Iterable[Verdict],
    ) -> dict[str, Any]:
        """Return a finding: what all kinds have, with what this one has besides before its tags and rules."""
        return {
            "kind": self.kind,
            "id": id,
            "arn": arn,
            "account": self.account,
            "region": self.region,
            "encryption": encryption,
            "kms_key_id": key,
            "state": state,
            **more,
            "tags": dict(tags),
            "rules": [{"id": v.id, "verdict": v.verdict, "message": v.message} for v in verdicts],
        }


def judged(rules: Iterable[Rule], facts: Any) -> list[Verdict]:
    """Return what stands in the way, and what is *not evaluated* as it takes reads of its own; warnings come with a plan."""
    found = [_deep(r) if r.deep else r(facts, Options()) for r in rules]
    return [v for v in found if v is not None and v.verdict in (BLOCK, ACK, NOT_EVALUATED)]


def _deep(rule: Rule) -> Verdict:
    return Verdict(rule.id, NOT_EVALUATED, "Takes reads of its own for each resource: `sealift plan` judges it.")
