"""Verify cold: the replacement is compared with its source field by field, and what differs unexpectedly sends the run back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sealift.fields import differences
from sealift.fields.cluster import CLUSTER
from sealift.fields.instance import INSTANCE
from sealift.fields.member import MEMBER
from sealift.plain import plain
from sealift.step import Context, Id, Output, Query
from sealift.steps.db_looks import databases_in, key_difference, read_database
from sealift.steps.local import Reading

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class CompareDatabase(Reading):
    """Compare a replacement with the before-image of its source; `expected` says which fields differ, and why."""

    database: Id
    resource_id: Id
    was: Pairs  # field, compact JSON
    expected: Pairs  # field, reason
    key_arn: str
    of_cluster: bool = False
    member: bool = False  # of an Aurora cluster

    outputs: ClassVar[tuple[str, ...]] = ("expected", "unexpected")
    asks_health: ClassVar[bool] = True

    def title(self) -> str:
        return f"compare {self.database} with its source, field by field"

    def observe(self, ctx: Context) -> Query:
        fields = CLUSTER if self.of_cluster else MEMBER if self.member else INSTANCE

        def read(reply: Mapping[str, Any]) -> Output:
            found = databases_in(reply)
            if not found:
                return {"expected": [], "unexpected": [f"{self.database} is gone"]}
            wrong = key_difference(found[0], self.key_arn)
            unexpected, expected = differences(fields, dict(self.was), plain(found[0]), dict(self.expected))
            return {"expected": list(expected), "unexpected": [*([wrong] if wrong else []), *unexpected]}

        return Query(read_database(self.resource_id, of_cluster=self.of_cluster), read)

    def check(self, out: Output) -> Query:
        """Answer with what the look found: a look is not repeated for it."""
        return Query(read_database(self.resource_id, of_cluster=self.of_cluster), lambda _: list(out["unexpected"]))
