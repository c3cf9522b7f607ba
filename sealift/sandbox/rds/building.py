"""Entering a new instance, whatever it is made from, and its way to `available`."""

from collections.abc import Mapping
from typing import Any

from sealift.sandbox import kms
from sealift.sandbox.rds import (
    backups,
    engines,
    keys,
    lookups,
    moves,
    network,
    options,
    parameters,
    power,
    secrets,
    shapes,
    storage_types,
    tags,
)
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import Books, Cluster, Database, Storage, Store, here
from sealift.sandbox.world import Call, World


def resource_id(world: World, prefix: str) -> str:
    """Make a DbiResourceId or DbClusterResourceId."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return prefix + "-" + "".join(world.rng.choice(alphabet) for _ in range(26))


def check_quota(world: World, call: Call, gib: int = 0, instances: int = 1) -> None:
    """Refuse what is over the account's quotas (R-RDS-25)."""
    room = here(world, call)
    if len(room.databases) + instances > world.quotas.db_instances:
        raise refuse("R-RDS-25", "InstanceQuotaExceeded", "DB Instance quota exceeded.")
    used = sum(d.shown.get("AllocatedStorage", 0) for d in room.databases.values() if d.cluster is None)
    if gib and used + gib > world.quotas.db_storage_gib:
        raise refuse("R-RDS-25", "StorageQuotaExceeded", "Exceeded the maximum allowed allocated storage.")


def check_class(engine: str, db_class: str, storage: Storage) -> None:
    """Refuse encryption where the class or the edition has none (R-RDS-04, R-RDS-05)."""
    if storage.type == "none":
        return
    if engine == "sqlserver-ex":
        raise refuse(
            "R-RDS-04", "InvalidParameterCombination", "SQL Server Express does not support encryption at rest."
        )
    if db_class.startswith(engines.NOT_ENCRYPTED_CLASSES):
        raise refuse(
            "R-RDS-05",
            "InvalidParameterCombination",
            f"DB Instance class {db_class} does not support encryption at rest",
        )


def check_orderable(room: Books, shown: Mapping[str, Any]) -> None:
    """Refuse a class that is not to be had any more: a test puts it under `withdrawn-class` (R-RDS-24)."""
    if shown.get("DBInstanceClass") in room.book("withdrawn-class"):
        told = ", ".join(f"{k}={shown.get(k)}" for k in ("DBInstanceClass", "Engine", "EngineVersion", "LicenseModel"))
        message = (
            f"RDS does not support creating a DB instance with the following combination: {told}. For supported combinations "
            "of instance class and database engine version, see the documentation."
        )
        raise refuse("R-RDS-24", "InvalidParameterCombination", message)


def check_transit(room: Books, subnet_group: str, db_class: str) -> None:
    """Refuse a class that cannot encrypt in transit, in a VPC that enforces it (R-RDS-16)."""
    control = room.book("vpc-encryption-control").get(network.vpc_of(room, subnet_group), {})
    if control.get("Mode") == "enforce" and db_class.startswith(engines.WITHOUT_TRANSIT):
        message = (
            "The operation violates VPC encryption control settings. Make sure that your DB instance type supports the "
            "Nitro encryption-in-transit capability."
        )
        raise refuse("R-RDS-16", "VpcEncryptionControlViolationException", message)


def check_zone(call: Call) -> None:
    """Refuse a zone together with Multi-AZ."""
    if call.params.get("MultiAZ") and call.params.get("AvailabilityZone"):
        message = "Requesting a specific availability zone is not valid for Multi-AZ instances."
        raise refuse("SB-RDS-07", "InvalidParameterCombination", message)


def check_members(room: Books, engine: str, params: Mapping[str, Any]) -> None:
    """Refuse what an engine does not take, and a unit of reserved capacity that another instance holds."""
    if params.get("EngineLifecycleSupport") and engine not in ("mysql", "postgres"):
        message = f"EngineLifecycleSupport isn't supported for DB engine {engine}."
        raise refuse("SB-RDS-62", "InvalidParameterCombination", message)
    held = params.get("DBCapacityReservationIdentifier")
    if held and any(d.shown.get("DBCapacityReservationIdentifier") == held for d in room.databases.values()):
        raise refuse("SB-RDS-63", "InsufficientDBInstanceCapacity", f"{held} has no unit of capacity left.")


def enter(
    world: World,
    call: Call,
    *,
    name: str,
    engine: str,
    version: str,
    storage: Storage,
    store: Store | None = None,
    base: dict[str, Any] | None = None,
    backup: Mapping[str, Any] | None = None,
    cluster: Cluster | None = None,
    own_tags: dict[str, str] | None = None,
) -> Database:
    """Enter an instance, `creating`. `base` is what it has from a snapshot or source; the request goes before it."""
    room, params = here(world, call), call.params
    name = lookups.free(room, name)
    shown = {
        **shapes.defaults(engine, params),
        **(base or {}),
        **shapes.members(params),
        "Engine": engine,
        "EngineVersion": version,
    }
    if cluster is None:
        storage_types.fill(shown, backup=backup)
        storage_types.check(shown, params)
    check_members(room, engine, params)
    check_zone(call)
    check_quota(world, call, shown.get("AllocatedStorage", 0) if cluster is None else 0)
    check_orderable(room, shown)
    check_class(engine, shown.get("DBInstanceClass", ""), storage)
    group = parameters.check(room, parameters.GROUP, params.get("DBParameterGroupName"), engine, version)
    option_group = options.check(room, params.get("OptionGroupName"), engine, version)
    subnet_group = cluster.subnet_group if cluster else options.subnet_group(room, params.get("DBSubnetGroupName"))
    check_transit(room, subnet_group, shown.get("DBInstanceClass", ""))
    groups = list(cluster.groups) if cluster else network.chosen_groups(call, room, subnet_group)
    user = shown.get("MasterUsername")
    inside = cluster.store if cluster else store or Store("")
    managed = params.get("ManageMasterUserPassword")
    secret = secrets.wanted(world, call, name, inside, user=user) if managed else None
    secrets.set_at_creation(call, inside, user)
    made_tags = tags.asked(call) if own_tags is None else own_tags
    nets = network.subnets(room, subnet_group)
    shown.setdefault("AvailabilityZone", nets[world.rng.randrange(len(nets))].availability_zone)
    own = resource_id(world, "db")
    if cluster is None:
        inside.id = own
    db = Database(
        id=name,
        resource_id=own,
        seq=world.next_seq(),
        account=call.account,
        region=call.region,
        created=call.at,
        shown=shown,
        store=inside,
        storage=cluster.storage if cluster else storage,
        visible=call.at + world.durations.visible_s,
        groups=groups,
        subnet_group=subnet_group,
        parameter_group=group,
        option_group=option_group,
        tags=made_tags,
        secret=secret,
        cluster=cluster,
    )
    room.databases[name] = db
    return db


def arrive(world: World, call: Call, db: Database, seconds: float) -> None:
    """Let a new instance be made in `seconds`; then it backs itself up, if it keeps backups, and is available."""
    moves.then(world, call, db, seconds, lambda at: made(world, call, db, at))


def made(world: World, call: Call, db: Database, at: float) -> None:
    """End `creating`."""
    room = moves.room_of(world, db)
    db.ready = at
    network.plug(room, db)
    moves.note(world, db, at, "creation", "DB instance created")
    if kms.unusable(db.storage.key):
        keys.lost(world, room, db, at)
        return
    if not power.fresh(world, db, at):
        return
    backups.every_day(world, call, db, at)
    if db.cluster is None and db.shown.get("BackupRetentionPeriod"):
        moves.through(
            world,
            call,
            db,
            "backing-up",
            world.durations.db_backup_s,
            lambda late: backups.shot(world, call, db, late),
            at,
        )
    else:
        moves.become(world, db, "available", at)
