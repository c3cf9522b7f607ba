"""Parameter groups as values: what a group says, and whether by it the engine runs its scheduled jobs."""

from collections.abc import Mapping
from typing import Any

from sealift.sandbox.rds import engines
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import Books, Cluster, Database

GROUP, CLUSTER_GROUP = "parameter-group", "cluster-parameter-group"

STATIC = frozenset(
    [
        "shared_preload_libraries",
        "rds.logical_replication",
        "max_connections",
        "binlog_format",
        "cron.launch_active_jobs",
        "shared_buffers",
    ]
)
"""Parameters that take effect with a reboot only; the sandbox knows these, and takes all others for dynamic."""

_BUFFERS = {"innodb_buffer_pool_size": 1, "shared_buffers": 8192}
"""Parameters that say how much memory the engine takes, and their unit in bytes; formulas fit every class."""

_MEMORY_GIB = {"m": 8.0, "r": 16.0, "x": 32.0}
_SIZES = {"micro": 1 / 8, "small": 1 / 4, "medium": 1 / 2, "large": 1, "xlarge": 2}

_OFF = ("0", "off", "false", "disabled")


def scheduler_on(engine: str, values: Mapping[str, str]) -> bool:
    """Say whether the engine starts jobs by itself under these parameters (SB-RDS-60)."""

    def off(name: str) -> bool:
        return values.get(name, "on").lower() in _OFF

    if "mysql" in engine or engine == "mariadb":
        return not off("event_scheduler")
    if "postgres" in engine:
        libraries = values.get("shared_preload_libraries", "pg_stat_statements")
        return "pg_cron" in libraries and not off("cron.launch_active_jobs") and not off("cron.max_running_jobs")
    if engine.startswith("oracle"):
        return not off("job_queue_processes")
    return not off("agent xps")


def default_name(engine: str, version: str) -> str:
    """Return the name of the default parameter group."""
    return "default." + engines.family(engine, version)


def group(books: Books, kind: str, name: str) -> dict[str, Any]:
    """Return a parameter group, or refuse; default groups exist as soon as they are named."""
    book = books.book(kind)
    if name in book:
        return book[name]
    if name.startswith("default."):
        return enter(books, kind, name, name.removeprefix("default."), f"Default parameter group for {name[8:]}")
    code = "DBParameterGroupNotFound" if kind == GROUP else "DBClusterParameterGroupNotFound"
    raise refuse("SB-RDS-02", code, f"DBParameterGroup not found: {name}")


def enter(books: Books, kind: str, name: str, family: str, description: str) -> dict[str, Any]:
    """Enter a new group."""
    short, prefix = ("pg", "DB") if kind == GROUP else ("cluster-pg", "DBCluster")
    made = {
        f"{prefix}ParameterGroupName": name,
        "DBParameterGroupFamily": family,
        "Description": description,
        f"{prefix}ParameterGroupArn": f"arn:aws:rds:{books.region}:{books.account}:{short}:{name}",
        "values": {},
        "tags": {},
    }
    books.book(kind)[name] = made
    return made


def values(books: Books, kind: str, name: str) -> dict[str, str]:
    """Return what a group sets, by parameter."""
    return {k: str(v["ParameterValue"]) for k, v in group(books, kind, name)["values"].items()}


def said(books: Books, db: Database) -> dict[str, str]:
    """Return what an instance's group says, over what its cluster's group says."""
    own = values(books, GROUP, db.parameter_group)
    return {**_cluster_values(books, db.cluster), **own} if db.cluster else own


def _cluster_values(books: Books, cluster: Cluster) -> dict[str, str]:
    return values(books, CLUSTER_GROUP, cluster.parameter_group)


def apply_all(books: Books, db: Database) -> None:
    """Let everything that the groups say take effect, as a reboot does."""
    db.effective, db.parameters_status = said(books, db), "in-sync"


def count(book: Mapping[str, Any]) -> int:
    """Count the groups that an account has made: default groups are AWS's."""
    return sum(not name.startswith("default.") for name in book)


def memory(db_class: str) -> float:
    """Return the bytes of memory that a class has, as far as its name tells."""
    family, _, size = db_class.removeprefix("db.").partition(".")
    times = _SIZES.get(size) or 2.0 * float(size.removesuffix("xlarge") or 1 if size.endswith("xlarge") else 1)
    return _MEMORY_GIB.get(family[:1], 8.0) * times * 2**30


def fits(db: Database) -> bool:
    """Say whether the engine can start with the parameters in effect on its class (SB-RDS-33)."""
    taken = [float(v) * _BUFFERS[k] for k, v in db.effective.items() if k in _BUFFERS and v.isdigit()]
    return sum(taken) <= memory(str(db.shown.get("DBInstanceClass", "")))


def check(books: Books, kind: str, name: str | None, engine: str, version: str) -> str:
    """Return the group a request means, refused where it is unknown or of another family (SB-RDS-05)."""
    if not name:
        return default_name(engine, version)
    found = group(books, kind, name)
    if found["DBParameterGroupFamily"] != engines.family(engine, version):
        message = (
            f"The parameter group {name} with DBParameterGroupFamily {found['DBParameterGroupFamily']} cannot be used "
            f"for this instance. Use a parameter group with DBParameterGroupFamily {engines.family(engine, version)}."
        )
        raise refuse("SB-RDS-05", "InvalidParameterCombination", message)
    return name
