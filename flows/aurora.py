"""Move Aurora and Multi-AZ DB clusters under a customer-managed key."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from sealift.parameters import MigrateCluster
from tasks.migrating import migrated


@flow(name="migrate-cluster", flow_run_name="{params.says}", persist_result=False)
async def migrate_cluster(params: MigrateCluster) -> State[Any]:
    """Move a DB cluster with its members under a key.

    All is prepared while the cluster serves; it is fenced, or switched over, only after an approval. A failure before the
    replacement takes clients puts the original back. The source is kept, fenced off, until `finalize`.
    """
    return await migrated(params, "aurora-cluster")
