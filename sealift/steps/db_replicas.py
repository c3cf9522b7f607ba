"""rds:CreateDBInstanceReadReplica: read replicas are built anew of the encrypted primary (R-RDS-08, R-RDS-09)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sealift import estimate
from sealift.step import (
    Call,
    Context,
    Id,
    Output,
    Phase,
    Query,
    Ref,
    Seconds,
    Step,
    Tags,
    Undo,
    Watch,
    as_tags,
    made_by,
)
from sealift.steps.db_instances import DeleteInstance, instance_output
from sealift.steps.db_looks import at_rest, ours_under, replication_difference, under_key, watch, with_no_pending
from sealift.steps.db_modify import RenameDatabase


@dataclass(frozen=True, kw_only=True)
class CreateReplica(Step):
    """Make a read replica under the name that its readers know; it is encrypted as its primary is.

    `members` is everything that can be told, as compact JSON. `aside` is the name that it is given on the way back.
    """

    source: Id
    name: str
    aside: str
    members: str
    key_arn: str
    extra_tags: Tags = ()

    outputs: ClassVar[tuple[str, ...]] = ("DBInstanceIdentifier", "DbiResourceId")
    mirrors: ClassVar[bool] = True

    def title(self) -> str:
        return f"make the read replica {self.name} of {self.source}"

    def do(self, ctx: Context) -> Call:
        params = {
            **json.loads(self.members),
            "DBInstanceIdentifier": self.name,
            "SourceDBInstanceIdentifier": self.source,
            "Tags": as_tags(made_by(ctx, self, "copy", self.extra_tags)),
        }
        return Call("rds:CreateDBInstanceReadReplica", params)

    def output(self, reply: Mapping[str, Any]) -> Output:
        return instance_output(reply["DBInstance"])

    def find(self, ctx: Context) -> Query:
        return ours_under(self.name, ctx, self, instance_output)

    def ready(self, out: Output) -> Watch:
        judge = at_rest(under_key(self.key_arn), with_no_pending, replication_difference)
        return watch(out["DbiResourceId"], judge, "replicating, under the key")

    def undo(self) -> Undo:
        """Free the name for the replica that had it, where this one bears it, then delete this one."""
        about: dict[str, Any] = {"lane": self.lane, "resource_id": Ref(self.key, "DbiResourceId")}
        rename = RenameDatabase(
            key=f"undo:{self.key}",
            phase=Phase.RESTORE,
            database=self.name,
            to=self.aside,
            **about,
        )
        delete = DeleteInstance(
            key=f"undo:{self.key}:delete",
            phase=Phase.CLEAN,
            database=self.aside,
            roles=("copy", "replacement"),
            **about,
        )
        return delete if self.name == self.aside else (rename, delete)

    def resource(self) -> str:
        """Return the name of the replica."""
        return self.name

    def seconds(self) -> Seconds:
        return estimate.DB_RESTORE
