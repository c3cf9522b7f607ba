"""What has to be true of a replacement before its source may go, as instances, their replicas and clusters share it."""

from collections.abc import Iterable

from sealift.kind import Barred, Read
from sealift.kinds.databases.facts import Described
from sealift.steps.db_looks import RESTING, databases_in, groups_of, key_difference, read_database, status_of


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


async def missing(
    read: Read, name: str, new: str | None, old: str, source: str, *, of_cluster: bool, restored: bool, up: bool
) -> Barred:
    """Say that the replacement of `name` (by resource id) is gone, or going: then there is nothing that could be kept. `old`: what
    its source is called now, `source` its resource id; where that is gone too, nothing is left, nor is anything to be put back on a
    way back (not `up`). `restored`: the replacement was, and a way back can do without it.
    """
    found = databases_in(await read(read_database(new, of_cluster=of_cluster))) if new else []
    here = any(status_of(d) != "deleting" for d in found)
    if not up and (here or not new) and await _is_gone(read, source, of_cluster=of_cluster):
        left = f"its replacement ({new}) is left" if new else "no replacement of it was made"
        return Barred(
            (f"the source of {name} is gone",), lost=(f"the source of {name} ({source}) is gone, {left}",), ended=True
        )
    if not new or here:
        return Barred()
    how = "is being deleted" if found else "is gone"
    if await _is_gone(read, source, of_cluster=of_cluster):
        neither = f"neither the source of {name} ({source}) nor its replacement ({new}) is left"
        return Barred((f"the replacement of {name} ({new}) {how}",), lost=(neither,), ended=True)
    back = (
        "a rollback puts it back"
        if restored
        else "a rollback stops at what is gone, and names what puts it back by hand"
    )
    so = f"Its source is kept as {old}, fenced off: {back}"
    return Barred((f"the replacement of {name} ({new}) {how}",), so=so)


async def sourceless(read: Read, name: str, source: str, *, of_cluster: bool) -> Barred:
    """Say that the source of `name` (by resource id) is gone, or going: then nothing can be put back."""
    if not await _is_gone(read, source, of_cluster=of_cluster):
        return Barred()
    return Barred((f"the source of {name} ({source}) is gone",), so="there is nothing to put in its place")


async def _is_gone(read: Read, resource: str, *, of_cluster: bool) -> bool:
    found = databases_in(await read(read_database(resource, of_cluster=of_cluster)))
    return all(status_of(d) == "deleting" for d in found)
