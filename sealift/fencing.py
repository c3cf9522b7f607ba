"""What the `local:` operations of a fence do: a login inside the engine, and the proof that nothing is connected or written.

The login is handed in: the sandbox brings one of its own, life has `sealift.logins`.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sealift.aws.gateway import Purpose
from sealift.engine import Engine, LocalOperation
from sealift.errors import CheckFailed, CutVoid, SealiftError
from sealift.logins import Address, Connect, Login, credentials_of
from sealift.step import Call, Output
from sealift.steps.db_looks import databases_in, members_of, read_database

T = TypeVar("T")

BETWEEN = 5.0
"""Seconds between the two readings of the write position."""

METRIC_PATIENCE = 600.0
"""Seconds that CloudWatch is given to show a minute that began behind the fence: it has to pass, and is shown late."""

METRIC_PERIOD = 60


def operations(connect: Connect) -> dict[str, LocalOperation]:
    """Return the operations by name, for logins made by `connect`."""
    fence = _Fence(connect)
    return {
        "local:LookInside": fence.look_inside,
        "local:NoteInside": fence.note_inside,
        "local:CloseWrites": fence.close_writes,
        "local:StopSchedulers": fence.stop_schedulers,
        "local:EndSessions": fence.end_sessions,
        "local:OpenWrites": fence.open_writes,
        "local:StartSchedulers": fence.start_schedulers,
        "local:ProveQuiet": fence.prove_quiet,
        "local:AwaitLag": await_lag,
    }


class _Fence:
    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def look_inside(self, engine: Engine, params: Mapping[str, Any]) -> Output:
        def look(login: Login) -> Output:
            for read in (login.writes, login.schedulers, login.sessions, login.position):
                read()
            return {}

        return await self._inside(engine, params, look)

    async def note_inside(self, engine: Engine, params: Mapping[str, Any]) -> Output:
        def look(login: Login) -> Output:
            return {"writes": dict(login.writes()), "schedulers": dict(login.schedulers())}

        return await self._inside(engine, params, look)

    async def close_writes(self, engine: Engine, params: Mapping[str, Any]) -> Output:
        await self._inside(engine, params, lambda login: login.close_writes(params["former"]))
        return {}

    async def stop_schedulers(self, engine: Engine, params: Mapping[str, Any]) -> Output:
        await self._inside(engine, params, lambda login: login.stop_schedulers(params["former"]))
        return {}

    async def end_sessions(self, engine: Engine, params: Mapping[str, Any]) -> Output:
        return {"ended": await self._inside(engine, params, lambda login: login.end_sessions())}

    async def open_writes(self, engine: Engine, params: Mapping[str, Any]) -> Output:
        await self._inside(engine, params, lambda login: login.open_writes(params["former"]))
        return {}

    async def start_schedulers(self, engine: Engine, params: Mapping[str, Any]) -> Output:
        await self._inside(engine, params, lambda login: login.start_schedulers(params["former"]))
        return {}

    async def prove_quiet(self, engine: Engine, params: Mapping[str, Any]) -> Output:
        """Prove that nothing is connected and nothing written.

        Raises:
            CheckFailed: there are connections, or CloudWatch tells none of them.
            CutVoid: the write position has moved.

        """
        names, now = await _counted(engine, params), engine.clock.now()
        if not params["secret"]:
            total = await _no_connections(engine, names, float(params["after"] or now))
            return {"connections": total, "position": "", "began": str(now)}
        first = await self._inside(engine, params, _reading)
        await engine.clock.sleep(BETWEEN)
        sessions, position = await self._inside(engine, params, _reading)
        if sessions:
            raise CheckFailed(f"{sessions} session(s) are on {', '.join(names)} behind the fence", resource=names[0])
        for before in (first[1], params["since"] or position):
            if before != position:
                raise CutVoid(
                    f"{names[0]} is written to behind the fence: its position was {before}, is {position}",
                    resource=names[0],
                )
        return {"connections": sessions, "position": position, "began": str(now)}

    async def _inside(self, engine: Engine, params: Mapping[str, Any], work: Callable[[Login], T]) -> T:
        """Log in, do something, and log out; one login for each operation, as the fence ends sessions and reboots."""
        described = await engine.gateway.read(
            read_database(params["resource_id"], of_cluster=bool(params["of_cluster"])), Purpose.CHECK
        )
        address = _address(databases_in(described), str(params["resource_id"]))
        secret = await engine.gateway.read(
            Call("secretsmanager:GetSecretValue", {"SecretId": params["secret"]}), Purpose.CHECK
        )
        credentials = credentials_of(secret["SecretString"])

        def logged_in() -> T:
            login = self._connect(str(params["engine"]), address, credentials)
            try:
                return work(login)
            finally:
                login.close()

        return await engine.gateway.blocking(logged_in)


async def _counted(engine: Engine, params: Mapping[str, Any]) -> list[str]:
    """Return the instances whose connections count: those that are named, or all that a cluster has now."""
    if not params["of_cluster"]:
        return [str(n) for n in params["databases"]]
    reply = await engine.gateway.read(read_database(params["resource_id"], of_cluster=True), Purpose.CHECK)
    return [name for d in databases_in(reply) for name in sorted(members_of(d))]


def _reading(login: Login) -> tuple[int, str]:
    return login.sessions(), login.position()


def _address(found: list[Mapping[str, Any]], resource_id: str) -> Address:
    """Return where a described database listens, whatever it is named by now."""
    for database in found:
        endpoint = database.get("Endpoint")
        name = str(database.get("DBName") or database.get("DatabaseName") or "")
        if isinstance(endpoint, Mapping) and endpoint.get("Address"):
            return Address(str(endpoint["Address"]), int(endpoint["Port"]), name)
        if isinstance(endpoint, str) and endpoint:  # a cluster's
            return Address(endpoint, int(database["Port"]), name)
    raise SealiftError(f"{resource_id} has no endpoint to log in to", resource=resource_id)


async def _no_connections(engine: Engine, names: list[str], since: float) -> int:
    """Wait until CloudWatch has shown, of minutes since then, that nothing was connected to any of the databases.

    Since an earlier proof, which has waited, there are such minutes: what is shown by now is judged, and all of it. To wait for
    another would make the outage longer, and its reading would be as old by the time that it is shown.

    Raises:
        CheckFailed: something was, or nothing was shown in time.

    """
    began = engine.clock.now()
    while True:
        shown = [await _since(engine, name, since) for name in names]
        if all(shown) or engine.clock.now() - began > METRIC_PATIENCE:
            break
        await engine.clock.sleep(min(15.0, METRIC_PERIOD / 4))
    if not all(shown):
        raise CheckFailed(
            f"CloudWatch shows no DatabaseConnections of {', '.join(names)} since the fence: it cannot be proved",
            resource=names[0],
            remedy="Give --fence-login, whose sessions are counted inside the engine.",
        )
    if total := int(sum(max(value for _, value in points) for points in shown)):
        raise CheckFailed(f"{total} connection(s) to {', '.join(names)} have outlived the fence", resource=names[0])
    return 0


LAG_PATIENCE = 6 * 3600.0
"""Seconds that a replica is given to catch up, while nothing is down."""


async def await_lag(engine: Engine, params: Mapping[str, Any]) -> Output:
    """Wait until a replica follows closely; where CloudWatch tells nothing, the switchover's own guard is left to judge.

    Raises:
        CheckFailed: it does not catch up.

    """
    name, most, metric = str(params["database"]), float(params["most"]), str(params["metric"])
    began = engine.clock.now()
    while True:
        now = engine.clock.now()
        points = await _since(engine, name, began, metric)
        lag = max(points)[1] if points else None
        if lag is not None and 0 <= lag <= most:  # -1: replication is not active
            return {"lag": lag}
        if lag is None and now - began > METRIC_PATIENCE:
            return {"lag": None}
        if now - began > LAG_PATIENCE:
            found = f"{metric} of {name} is {lag:.0f} {params['unit']} and does not fall to {most:.0f}"
            raise CheckFailed(found, resource=name)
        await engine.clock.sleep(15.0)


Point = tuple[float, float]
"""When the minute began of which CloudWatch tells, and what it tells."""


async def _since(engine: Engine, name: str, since: float, metric_name: str = "DatabaseConnections") -> list[Point]:
    """Return what CloudWatch shows of the minutes that began after `since`.

    A point stands at the begin of its minute and is read at some moment within it: of the minute in which something ended it may
    tell what was before, or what was not yet (SB-RDS-47).
    """
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415 - only where a proof is taken

    metric = {
        "Namespace": "AWS/RDS",
        "MetricName": metric_name,
        "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": name}],
    }
    query = {"Id": "newest", "MetricStat": {"Metric": metric, "Period": METRIC_PERIOD, "Stat": "Maximum"}}
    params = {
        "MetricDataQueries": [query],
        "StartTime": datetime.fromtimestamp(since, UTC),
        "EndTime": datetime.fromtimestamp(engine.clock.now(), UTC) + timedelta(seconds=METRIC_PERIOD),
        "ScanBy": "TimestampDescending",
    }
    reply = await engine.gateway.read(Call("cloudwatch:GetMetricData", params), Purpose.CHECK)
    return [
        (t.timestamp(), float(value))
        for result in reply.get("MetricDataResults", ())
        for t, value in zip(result.get("Timestamps", ()), result.get("Values", ()), strict=False)
        if t.timestamp() >= since
    ]
