"""Finding by identifier or ARN, and refusing what is not there."""

from sealift.sandbox.rds.refusals import identifier, refuse
from sealift.sandbox.rds.state import AnyDb, Books, Cluster, Database, DbSnapshot, books, here
from sealift.sandbox.world import Call, World


def name_of(ref: str) -> str:
    """Return the identifier in an ARN, or the identifier itself, in lower case."""
    return (ref.split(":", 6)[-1] if ref.startswith("arn:") else ref).lower()


def is_here(call: Call, ref: str) -> bool:
    """Return whether a reference is to the caller's own account and Region: an identifier is, an ARN says."""
    return not ref.startswith("arn:") or ref.split(":")[3:5] == [call.region, call.account]


def database(world: World, call: Call, ref: str) -> Database:
    """Find an instance, or refuse; an ARN of another account or Region is not the namesake here."""
    found = here(world, call).databases.get(name_of(ref)) if is_here(call, ref) else None
    if found is None or found.visible > call.at:
        raise refuse("SB-RDS-02", "DBInstanceNotFound", f"DBInstance {name_of(ref)} not found.")
    return found


def cluster(world: World, call: Call, ref: str) -> Cluster:
    """Find a cluster, or refuse."""
    found = here(world, call).clusters.get(name_of(ref)) if is_here(call, ref) else None
    if found is None or found.visible > call.at:
        raise refuse("SB-RDS-02", "DBClusterNotFoundFault", f"DBCluster {name_of(ref)} not found.")
    return found


def snapshot(world: World, call: Call, ref: str, of_cluster: bool = False) -> DbSnapshot:
    """Find a snapshot: the caller's by identifier, or by ARN one in another Region or shared by another account."""
    return _seen(call, _snapshot(world, call, ref, of_cluster), ref, of_cluster)


def own_snapshot(world: World, call: Call, ref: str, of_cluster: bool = False) -> DbSnapshot:
    """Find a snapshot that the caller may change: of its own account, in this Region."""
    found = _snapshot(world, call, ref, of_cluster) if is_here(call, ref) else None
    return _seen(call, found, ref, of_cluster)


def _seen(call: Call, found: DbSnapshot | None, ref: str, of_cluster: bool) -> DbSnapshot:
    if found is None or found.visible > call.at:
        code, noun = ("DBClusterSnapshotNotFoundFault", "DBClusterSnapshot") if of_cluster else ("", "DBSnapshot")
        raise refuse("SB-RDS-02", code or "DBSnapshotNotFound", f"{noun} not found: {name_of(ref)}")
    return found


def _snapshot(world: World, call: Call, ref: str, of_cluster: bool) -> DbSnapshot | None:
    account, region = call.account, call.region
    if ref.startswith("arn:"):
        region, account = ref.split(":")[3:5]
    room = books(world, account, region)
    found = (room.cluster_snapshots if of_cluster else room.snapshots).get(name_of(ref))
    foreign = found is not None and account != call.account
    if found and foreign and not {call.account, "all"} & found.shared_with:
        return None
    return found


def free(room: Books, wanted: str, of_cluster: bool = False, member: str = "") -> str:
    """Return a valid identifier that nothing bears, or refuse (R-RDS-27, R-RDS-28)."""
    member = member or ("DBClusterIdentifier" if of_cluster else "DBInstanceIdentifier")
    name = identifier(wanted, member)
    if name in (room.clusters if of_cluster else room.databases):
        code, noun = ("DBClusterAlreadyExistsFault", "DB Cluster") if of_cluster else ("DBInstanceAlreadyExists", "")
        raise refuse("R-RDS-27", code, f"{noun or 'DB instance'} already exists")
    return name


def by_arn(world: World, call: Call, arn: str) -> AnyDb:
    """Find an instance or cluster by its ARN."""
    return cluster(world, call, arn) if ":cluster:" in arn else database(world, call, arn)


def check_state(db: AnyDb, rule: str, *allowed: str, doing: str = "") -> None:
    """Refuse unless `db` is in one of these states."""
    if db.state in allowed:
        return
    code, noun = "InvalidDBInstanceState", "Database instance"
    if isinstance(db, Cluster):
        code, noun = "InvalidDBClusterStateFault", "DB Cluster"
    message = f"{noun} {db.id} is not in {' or '.join(allowed)} state{doing and f' for {doing}'}: it is {db.state}."
    raise refuse(rule, code, message)


def check_alone(cluster: Cluster) -> None:
    """Refuse to delete or stop a member of a global cluster (SB-AUR-10)."""
    if cluster.shown.get("GlobalClusterIdentifier"):
        message = "This cluster is a part of a global cluster, please remove it from globalcluster first"
        raise refuse("SB-AUR-10", "InvalidDBClusterStateFault", message)
