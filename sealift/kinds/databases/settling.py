"""What has to be true of a replacement before its source may go, as instances, their replicas and clusters share it."""

from collections.abc import Iterable

from sealift.kinds.databases.facts import Described
from sealift.steps.db_looks import RESTING, groups_of, key_difference, status_of


def unlike(database: Described, name: str, key_arn: str, groups: Iterable[str] | None) -> list[str]:
    """Say how a described replacement is not at rest, under the key, loaded and in the security groups that its source was in.

    `groups` is None for what has those of its cluster.
    """
    wrong = []
    if status_of(database) not in (*RESTING, "backing-up"):
        wrong.append(f"{name} is '{status_of(database)}'")
    if why := key_difference(database, key_arn):
        wrong.append(f"{name}: {why}")
    if database.get("StorageOperationStatus") == "Initializing":
        wrong.append(f"{name} is still loading its data ({database.get('StorageOperationPercentProgress', 0)} %)")
    if groups is not None and groups_of(database) != set(groups):
        wrong.append(f"{name} is in other security groups than its source was")
    return wrong
