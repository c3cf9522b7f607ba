"""What a Prefect worker starts for a flow run: the flow in a process of its own, under Prefect's watch for SIGTERM."""

import asyncio
import sys

from prefect.utilities.engine import capture_sigterm

from flows.ebs import migrate_instance
from sealift.parameters import MigrateInstance

if __name__ == "__main__":
    target, key, ack = sys.argv[1:]
    with capture_sigterm():
        asyncio.run(migrate_instance(MigrateInstance(target=target, key=key, acks=[ack], approve=True)))  # type: ignore[arg-type]
