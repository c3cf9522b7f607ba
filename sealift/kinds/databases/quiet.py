"""Which parameters keep an engine from running jobs by itself, and what no parameter stops."""

from collections.abc import Mapping
from typing import Any

PRELOADED = "shared_preload_libraries"
DEFAULT_PRELOADED = "pg_stat_statements"  # RDS user guide, "Using pg_cron": it has to be added by hand


def quiet_parameters(engine: str, values: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the parameters, beside those that are set, under which no job is started; empty where none does it.

    MySQL and MariaDB: `event_scheduler`; PostgreSQL: pg_cron is not loaded; Oracle: `job_queue_processes`. SQL Server's
    Agent and Db2's scheduler obey no parameter group: only a login turns those off.
    """
    name = engine.removeprefix("aurora-")
    if name in ("mysql", "mariadb"):
        return (("event_scheduler", "OFF"),)
    if name in ("postgres", "postgresql"):
        libraries = [lib.strip() for lib in values.get(PRELOADED, DEFAULT_PRELOADED).split(",")]
        return ((PRELOADED, ",".join(lib for lib in libraries if lib and lib != "pg_cron")),)
    if name.startswith("oracle"):
        return (("job_queue_processes", "0"),)
    return ()


def obeys_parameters(engine: str) -> bool:
    """Tell whether a parameter group can keep the engine's jobs from running."""
    return bool(quiet_parameters(engine, {}))


def runs_jobs(engine: str, values: Mapping[str, str]) -> str:
    """Say, for an engine that Blue/Green knows, by which parameter it runs jobs by itself; empty where it runs none.

    What is not set counts too: MySQL's event_scheduler is on unless it is turned off; pg_cron is there only where it is loaded.
    """
    name = engine.removeprefix("aurora-")
    if name in ("mysql", "mariadb"):
        told = values.get("event_scheduler", "ON, the default")
        return "" if told.upper() in ("OFF", "0", "DISABLED") else f"event_scheduler is {told}"
    if name in ("postgres", "postgresql"):
        loaded = [lib.strip() for lib in values.get(PRELOADED, DEFAULT_PRELOADED).split(",")]
        return f"{PRELOADED} loads pg_cron" if "pg_cron" in loaded else ""
    return ""


def closes_writes(engine: str, described: Mapping[str, Any]) -> bool:
    """Tell whether a login can set the engine read-only: not where SQL Server's databases are mirrored for Multi-AZ.

    What is in a mirroring session or an availability group is not set READ_ONLY (learn.microsoft.com, MSSQLSERVER_1468).
    """
    return not (engine.startswith("sqlserver") and described.get("MultiAZ"))
