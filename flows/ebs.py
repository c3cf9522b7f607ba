"""Move EBS volumes under a customer-managed key: parameters, plan, gate, walk."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from sealift.parameters import MigrateInstance, MigrateVolume
from tasks.migrating import migrated


@flow(name="migrate-instance", flow_run_name="{params.says}", persist_result=False)
async def migrate_instance(params: MigrateInstance) -> State[Any]:
    """Move all unencrypted volumes of an instance under a key, in one stop.

    All is prepared while the instance runs; it is stopped only after an approval. A failure before it has started
    again puts the original volumes back. The sources are kept until `finalize`.
    """
    return await migrated(params, "ebs-instance")


@flow(name="migrate-volume", flow_run_name="{params.says}", persist_result=False)
async def migrate_volume(params: MigrateVolume) -> State[Any]:
    """Move a volume that is attached to nothing under a key. Nothing is stopped; the source is kept until `finalize`."""
    return await migrated(params, "ebs-volume")
