"""Log files of instances: one, which tells the same as the instance's events."""

from typing import Any

from sealift.sandbox.rds import lookups, moves
from sealift.sandbox.rds.paging import paged
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import Database
from sealift.sandbox.world import Call, World


def _file(db: Database) -> str:
    engine = db.shown["Engine"]
    for part, name in (
        ("postgres", "error/postgresql.log"),
        ("oracle", "trace/alert_ORCL.log"),
        ("sql", "error/mysql-error.log"),
    ):
        if part in engine and not engine.startswith("sqlserver"):
            return name
    return "error/mysql-error.log" if engine == "mariadb" else "log/ERROR"


def _lines(world: World, call: Call) -> tuple[Database, list[str]]:
    db = lookups.database(world, call, call.params["DBInstanceIdentifier"])
    if not db.ready:
        raise refuse("SB-RDS-31", "DBInstanceNotReady", f"Database instance {db.id} is not ready.")
    told = [e for e in moves.room_of(world, db).events if e["SourceIdentifier"] == db.id]
    return db, [f"{e['Date']:%Y-%m-%d %H:%M:%S} UTC {e['Message']}\n" for e in told]


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeDBLogFiles."""
    db, lines = _lines(world, call)
    one: dict[str, Any] = {"LogFileName": _file(db), "LastWritten": int(call.at * 1000), "Size": len("".join(lines))}
    wanted = str(call.params.get("FilenameContains", "")) in one["LogFileName"]
    page, more = paged([one] if wanted else [], call)
    return {"DescribeDBLogFiles": page, **more}


def download(world: World, call: Call) -> dict[str, Any]:
    """DownloadDBLogFilePortion: the last lines, or from a marker on."""
    params = call.params
    db, lines = _lines(world, call)
    if params["LogFileName"] != _file(db):
        raise refuse(
            "SB-RDS-31",
            "DBLogFileNotFoundFault",
            f"DBLog File: {params['LogFileName']}, is not found on the DB instance",
        )
    start = int(params["Marker"]) if str(params.get("Marker", "")).isdigit() else 0
    most = int(params.get("NumberOfLines") or 10_000)
    if "Marker" not in params:
        start = max(0, len(lines) - most)
    end = min(len(lines), start + most)
    return {
        "LogFileData": "".join(lines[start:end]),
        "Marker": str(end),
        "AdditionalDataPending": end < len(lines),
    }


OPERATIONS = {"rds:DescribeDBLogFiles": describe, "rds:DownloadDBLogFilePortion": download}
