"""CopyDBSnapshot, CopyDBClusterSnapshot, and sharing."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from moto.kms import kms_backends

from sealift.sandbox.rds import engines, keys, lookups, options, snapshots, tags
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import DbSnapshot, Storage, books, here
from sealift.sandbox.world import Call, World


def copy(world: World, call: Call) -> dict[str, Any]:
    """CopyDBSnapshot: with a key, the copy of a plain snapshot is encrypted: the one place where instances get a key."""
    params = call.params
    source = _source(world, call, params["SourceDBSnapshotIdentifier"], of_cluster=False)
    name = snapshots.free(world, call, params["TargetDBSnapshotIdentifier"], of_cluster=False)
    storage = _storage(world, call, source)
    if source.shown["Engine"] == "sqlserver-ex" and storage.type == "sse-kms":
        raise refuse(
            "R-RDS-04", "InvalidParameterCombination", "SQL Server Express does not support encryption at rest."
        )
    if engines.is_custom(source.shown["Engine"]):
        message = f"CopyDBSnapshot is not supported for {source.shown['Engine']}."
        raise refuse("R-RDS-06", "InvalidParameterCombination", message)
    group = _option_group(world, call, source)
    shot = _enter(world, call, source, name, storage)
    shot.option_group = group
    return {"DBSnapshot": snapshots.render(shot, call.at)}


def copy_of_cluster(world: World, call: Call) -> dict[str, Any]:
    """CopyDBClusterSnapshot: a key for a plain snapshot is an error; clusters get theirs at the restore."""
    params = call.params
    source = _source(world, call, params["SourceDBClusterSnapshotIdentifier"], of_cluster=True)
    name = snapshots.free(world, call, params["TargetDBClusterSnapshotIdentifier"], of_cluster=True)
    if params.get("KmsKeyId") and source.storage.type == "none":
        message = "You can't specify KmsKeyId when copying an unencrypted DB cluster snapshot."
        raise refuse("SB-RDS-12", "InvalidParameterCombination", message)
    shot = _enter(world, call, source, name, _storage(world, call, source))
    return {"DBClusterSnapshot": snapshots.render(shot, call.at)}


def _source(world: World, call: Call, ref: str, of_cluster: bool) -> DbSnapshot:
    source = lookups.snapshot(world, call, ref, of_cluster)
    if source.state != "available":
        code = "InvalidDBClusterSnapshotStateFault" if of_cluster else "InvalidDBSnapshotState"
        raise refuse("SB-RDS-11", code, f"The source snapshot is not in the available state: it is {source.state}.")
    keys.check_readable(world, call, source)
    return source


def _storage(world: World, call: Call, source: DbSnapshot) -> Storage:
    ref = call.params.get("KmsKeyId")
    if ref:
        return Storage("sse-kms", keys.usable(world, call, ref))
    if source.storage.type != "sse-kms":
        return source.storage
    if source.account != call.account:
        message = (
            "The target KMS key [None] does not exist, is not enabled or you do not have permissions to access it."
        )
        raise refuse("R-RDS-37", "KMSKeyNotAccessibleFault", message)
    if source.region != call.region:
        message = "Must specify new KMS key for cross region encrypted snapshot copy."
        raise refuse("R-RDS-37", "InvalidParameterValue", message)
    return source.storage


def _option_group(world: World, call: Call, source: DbSnapshot) -> str:
    room, asked = here(world, call), call.params.get("OptionGroupName")
    engine, version = source.shown["Engine"], source.shown["EngineVersion"]
    if asked:
        return options.check(room, asked, engine, version)
    if source.region == call.region and source.account == call.account:
        return source.option_group
    if options.permanent(books(world, source.account, source.region), source.option_group):
        if not call.params.get("CopyOptionGroup"):
            message = "The snapshot's option group has permanent options: name an option group of this Region."
            raise refuse("R-RDS-49", "InvalidParameterCombination", message)
        return source.option_group
    return options.default_name(engine, version)


def _enter(world: World, call: Call, source: DbSnapshot, name: str, storage: Storage) -> DbSnapshot:
    room = here(world, call)
    book = room.cluster_snapshots if source.cluster else room.snapshots
    under_way = [s for s in book.values() if s.is_copy and s.state in ("pending", "creating")]
    if len(under_way) >= world.quotas.db_snapshot_copies_per_destination:
        raise refuse("R-RDS-26", "SnapshotQuotaExceeded", "Too many snapshot copies in progress.")
    far = (source.account, source.region) != (call.account, call.region)
    shot = replace(
        source,
        id=name,
        seq=world.next_seq(),
        account=call.account,
        region=call.region,
        storage=storage,
        type="manual",
        state="pending",
        begun=call.at,
        is_copy=True,
        copied_from=source.arn if far or source.cluster else None,
        source_region=source.region if source.region != call.region else None,
        tags=_tags(call, source),
        shared_with=set(),
        visible=call.at + world.durations.visible_s,
    )
    mib = _moved(book, world, source, storage)
    book[name] = shot
    waits = max([0.0, *(s.ready - call.at for s in under_way if s.lineage == source.lineage)])
    world.agenda.at(call.at + waits + world.durations.db_copy_pending_s, lambda at: _begin(shot))
    seconds = waits + world.durations.db_copy(mib)
    shot.ready = world.later(call, name, seconds, lambda at: snapshots.complete(world, shot, at))
    return shot


def _begin(shot: DbSnapshot) -> None:
    if shot.state == "pending":
        shot.state = "creating"


def _tags(call: Call, source: DbSnapshot) -> dict[str, str]:
    asked = tags.asked(call)
    if asked or not call.params.get("CopyTags"):
        return asked
    return tags.checked(tags.shown(source.tags))


def _moved(book: Mapping[str, DbSnapshot], world: World, source: DbSnapshot, storage: Storage) -> float:
    """Return what a copy moves: all, unless an earlier copy of this lineage under the same key is still there."""
    whole = float(source.shown["whole"])
    mine = [s for s in book.values() if s.is_copy and (s.lineage, s.storage.key) == (source.lineage, storage.key)]
    base = snapshots.newest(mine)
    if base is None or storage.type != source.storage.type:
        return whole
    return min(whole, source.held.minus(base.held).mib(world.rates))


def modify_attribute(world: World, call: Call) -> dict[str, Any]:
    """ModifyDB(Cluster)SnapshotAttribute: `restore` names accounts, or `all` where the snapshot is plain (R-RDS-37)."""
    of_cluster = "Cluster" in call.operation
    shot = _own(world, call, of_cluster)
    if call.params["AttributeName"] != "restore":
        message = f"Invalid snapshot attribute: {call.params['AttributeName']}. The one attribute is restore."
        raise refuse("R-RDS-37", "InvalidParameterValue", message)
    if shot.type != "manual":
        code = "InvalidDBClusterSnapshotStateFault" if of_cluster else "InvalidDBSnapshotState"
        raise refuse("SB-RDS-11", code, "Only manual snapshots may be shared: copy it, and share the copy.")
    add = set(call.params.get("ValuesToAdd", []))
    if shot.storage.type == "sse-kms" and "all" in add:
        raise refuse("R-RDS-37", "InvalidParameterCombination", "An encrypted snapshot cannot be made public.")
    if shot.storage.type == "sse-kms" and add and _is_aws_managed(shot.storage.key):
        message = "A snapshot encrypted under the default key aws/rds cannot be shared."
        raise refuse("R-RDS-03", "InvalidParameterCombination", message)
    if add and "TDE" in options.permanent(here(world, call), shot.option_group):
        raise refuse("R-RDS-23", "InvalidParameterCombination", "A snapshot with TDE cannot be shared.")
    shot.shared_with = (shot.shared_with | add) - set(call.params.get("ValuesToRemove", []))
    return _attributes(shot)


def _own(world: World, call: Call, of_cluster: bool) -> DbSnapshot:
    member = "DBClusterSnapshotIdentifier" if of_cluster else "DBSnapshotIdentifier"
    return lookups.own_snapshot(world, call, call.params[member], of_cluster)


def _is_aws_managed(arn: str | None) -> bool:
    if not arn:
        return False
    _, _, _, region, account, key = arn.split(":", 5)
    found = kms_backends[account][region].keys.get(key.removeprefix("key/"))
    return getattr(found, "key_manager", "") == "AWS"


def describe_attributes(world: World, call: Call) -> dict[str, Any]:
    """DescribeDB(Cluster)SnapshotAttributes."""
    return _attributes(_own(world, call, "Cluster" in call.operation))


def _attributes(shot: DbSnapshot) -> dict[str, Any]:
    noun = "DBClusterSnapshot" if shot.cluster else "DBSnapshot"
    listed = [{"AttributeName": "restore", "AttributeValues": sorted(shot.shared_with)}]
    return {f"{noun}AttributesResult": {f"{noun}Identifier": shot.id, f"{noun}Attributes": listed}}


def modify(world: World, call: Call) -> dict[str, Any]:
    """ModifyDBSnapshot: a newer engine version, another option group."""
    shot, params = lookups.own_snapshot(world, call, call.params["DBSnapshotIdentifier"]), call.params
    if shot.storage.type == "sse-kms" and shot.shown["Engine"].startswith("oracle") and params.get("OptionGroupName"):
        options.check_kept(here(world, call), shot.option_group, params["OptionGroupName"])
    if params.get("EngineVersion"):
        shot.shown = {**shot.shown, "EngineVersion": engines.version(shot.shown["Engine"], params["EngineVersion"])}
    shot.option_group = params.get("OptionGroupName", shot.option_group)
    return {"DBSnapshot": snapshots.render(shot, call.at)}


OPERATIONS = {
    "rds:CopyDBSnapshot": copy,
    "rds:CopyDBClusterSnapshot": copy_of_cluster,
    "rds:ModifyDBSnapshot": modify,
    "rds:ModifyDBSnapshotAttribute": modify_attribute,
    "rds:ModifyDBClusterSnapshotAttribute": modify_attribute,
    "rds:DescribeDBSnapshotAttributes": describe_attributes,
    "rds:DescribeDBClusterSnapshotAttributes": describe_attributes,
}
