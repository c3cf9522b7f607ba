"""Database engines as the sandbox knows them: versions, ports, licences, groups and what their status words mean."""

from typing import NamedTuple

from sealift.sandbox.rds.refusals import refuse


class Engine(NamedTuple):
    """An engine: versions (the last is the Region's default), port, licence, and what an engine write position is."""

    versions: tuple[str, ...]
    port: int
    licence: str
    position: str


_PG = ("13.20", "14.17", "15.12", "16.8", "17.4")
_MYSQL = ("5.7.44", "8.0.40", "8.4.4")
_SQL = ("15.00.4420.2.v1", "16.00.4175.1.v1")
_ORACLE = ("19.0.0.0.ru-2026-01.rur-2026-01.r1", "21.0.0.0.ru-2026-01.rur-2026-01.r1")

ENGINES = {
    "postgres": Engine(_PG, 5432, "postgresql-license", "LSN"),
    "mysql": Engine(_MYSQL, 3306, "general-public-license", "GTID"),
    "mariadb": Engine(("10.6.21", "10.11.11", "11.4.5"), 3306, "general-public-license", "GTID"),
    **{f"oracle-{e}": Engine(_ORACLE, 1521, "license-included", "SCN") for e in ("ee", "se2", "ee-cdb", "se2-cdb")},
    **{f"sqlserver-{e}": Engine(_SQL, 1433, "license-included", "LSN") for e in ("ee", "se", "ex", "web")},
    "db2-se": Engine(("11.5.9.0.sb00063198.r1",), 50000, "bring-your-own-license", "LSN"),
    "db2-ae": Engine(("11.5.9.0.sb00063198.r1",), 50000, "bring-your-own-license", "LSN"),
    "custom-oracle-ee": Engine(_ORACLE[:1], 1521, "bring-your-own-license", "SCN"),
    "custom-sqlserver-se": Engine(_SQL[1:], 1433, "license-included", "LSN"),
    "aurora-postgresql": Engine(_PG, 5432, "postgresql-license", "LSN"),
    "aurora-mysql": Engine(
        ("5.7.mysql_aurora.2.12.5", "8.0.mysql_aurora.3.08.2"), 3306, "general-public-license", "GTID"
    ),
}
"""A choice of versions; AWS's own list changes every month."""

BLUE_GREEN = ("postgres", "mysql", "mariadb", "aurora-postgresql", "aurora-mysql")

WITHOUT_TRANSIT = ("db.t2.", "db.t3.", "db.m3.", "db.m4.", "db.m5.", "db.r3.", "db.r4.", "db.r5.")
"""Classes on hosts without encryption in transit, as far as a choice of names goes."""

NOT_ENCRYPTED_CLASSES = ("db.m1.", "db.m2.", "db.t2.micro")


def engine(name: str) -> Engine:
    """Return an engine, or refuse an unknown one."""
    if name not in ENGINES:
        raise refuse("SB-RDS-04", "InvalidParameterValue", f"Invalid DB engine: {name}")
    return ENGINES[name]


def version(name: str, asked: str | None) -> str:
    """Return the version meant: what is asked for, complete where only a major version is said, else the default."""
    known = engine(name).versions
    if not asked:
        return known[-1]
    found = [v for v in known if v == asked or v.startswith(asked + ".")]
    if not found and not asked[0].isdigit():
        raise refuse("SB-RDS-04", "InvalidParameterCombination", f"Cannot find version {asked} for {name}")
    return found[-1] if found else asked


def major(name: str, full: str) -> str:
    """Return the major version, as option groups and families count it."""
    parts = full.split(".")
    if name in ("postgres", "aurora-postgresql") or name.startswith("oracle"):
        return parts[0]
    if name.startswith("sqlserver"):
        return f"{parts[0]}.00"
    return ".".join(parts[:2])


def family(name: str, full: str) -> str:
    """Return the parameter group family of an engine's version."""
    if name.startswith("sqlserver"):
        return f"{name}-{full.split('.', maxsplit=1)[0]}.0"
    dash = "-" if name.startswith(("oracle", "db2")) else ""
    return f"{name}{dash}{major(name, full)}"


def is_custom(name: str) -> bool:
    """Say whether an engine is RDS Custom's."""
    return name.startswith("custom-")


def offered(name: str, full: str) -> bool:
    """Say whether the major version of `full` is still to be had."""
    return major(name, full) in {major(name, v) for v in engine(name).versions}


def check_offered(name: str, full: str) -> None:
    """Refuse to start a version that AWS has given up: its snapshot is upgraded first (R-RDS-24)."""
    if not offered(name, full):
        message = f"Cannot find version {full} for {name}: upgrade the snapshot to a supported version."
        raise refuse("R-RDS-24", "InvalidParameterCombination", message)


def is_aurora(name: str) -> bool:
    """Say whether an engine is Aurora's."""
    return name.startswith("aurora")
