"""Move RDS databases under a customer-managed key."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from sealift.parameters import MigrateDatabase
from tasks.migrating import migrated


@flow(name="migrate-database", flow_run_name="{params.says}", persist_result=False)
async def migrate_database(params: MigrateDatabase) -> State[Any]:
    """Move a DB instance with its read replicas under a key.

    All is prepared while the database serves; it is fenced, or switched over, only after an approval. A failure before the
    replacement takes clients puts the original back. The sources are kept, fenced off, until `finalize`.
    """
    return await migrated(params, "rds-instance")
