"""What the `local:` operations do: the user's command, the Region's copy slots, the saved plan."""

import asyncio
import os
from collections.abc import Mapping
from typing import Any

from sealift.aws.gateway import Purpose
from sealift.engine import Engine, LocalOperation
from sealift.errors import CallError, CheckFailed, HookFailed, Refused
from sealift.recipe import step_from_json
from sealift.saved import s3_place, written
from sealift.step import Call, Output, Query

SLOT_POLL = 30.0
"""Seconds between looks for a free copy slot; only ever waited before the quiesce."""


async def run_hook(engine: Engine, params: Mapping[str, Any]) -> Output:
    """Run the user's command in a shell, with the migration in its environment; it runs at least once.

    Raises:
        HookFailed: another exit code than 0, or too slow.

    """
    command, seconds = str(params["command"]), float(params["timeout"])
    process = await asyncio.create_subprocess_shell(
        command,
        env={**os.environ, **params["environment"]},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError:
        os.killpg(process.pid, 9)
        raise HookFailed(
            f"the hook {command!r} took longer than {seconds:.0f} s", remedy="Raise --hook-timeout, or mend it."
        ) from None
    if process.returncode:
        last = said.decode(errors="replace").strip().splitlines()[-1:] or ["no output"]
        raise HookFailed(f"the hook {command!r} ended with {process.returncode}: {last[0][:200]}")
    return {"exit": 0}


async def reserve_slots(engine: Engine, params: Mapping[str, Any]) -> Output:
    """Wait for copy slots of the Region and take them in the journal; a slot is held until its copy is hydrated
    (R-EBS-76).

    Raises:
        LeftAtGate: the breaker of the run holds it: who was held before it keeps the slots that it waits for.

    """
    quota, slots, limit = str(params["quota"]), int(params["slots"]), int(params["limit"])
    place = "/".join(engine.gateway.place)
    told = False
    while not engine.journal.reserve(quota, place, engine.work.migration, slots, limit):
        await _release_hydrated(engine, quota, place)
        if engine.journal.reserve(quota, place, engine.work.migration, slots, limit):
            break
        if not told:
            told = True
            engine.note("waiting", **{"for": f"{slots} of the Region's {limit} {quota}"})
        engine.hold(prepared=False)
        await engine.idle(SLOT_POLL)
    if told:
        engine.note("waiting", **{"for": None})
    return {"slots": slots}


async def _release_hydrated(engine: Engine, quota: str, place: str) -> None:
    for holder in engine.journal.holders(quota, place):
        if holder == engine.work.migration:
            continue
        state = engine.journal.state(holder)
        asked = [
            query
            for step in map(step_from_json, engine.journal.plan(holder)["steps"])
            if step.quota == quota and (out := state.outputs.get(step.key)) and (query := step.holds_slot(out))
        ]
        if state.brought_up is None or not asked:
            continue
        for query in asked:
            if await _holds(engine, query):
                break
        else:
            engine.journal.release(quota, holder)


async def _holds(engine: Engine, query: Query) -> bool:
    try:
        return bool(await engine.gateway.ask(query, Purpose.CHECK))
    except CallError as error:
        if not (error.code or "").endswith("NotFound"):
            raise
        return False  # what was deleted since holds no slot


async def release_slots(engine: Engine, params: Mapping[str, Any]) -> Output:
    """Give copy slots back."""
    engine.journal.release(str(params["quota"]), engine.work.migration)
    return {}


async def reserve_quotas(engine: Engine, params: Mapping[str, Any]) -> Output:
    """Take what is wanted of the account's quotas in the journal, all or nothing; it is refused before anything is touched.

    AWS counts what is there, the journal what migrations under way have taken and not made yet.

    Raises:
        Refused: there is not enough left, and the message names the quota.

    """
    told = await engine.gateway.read(Call("rds:DescribeAccountAttributes", {}), Purpose.SAFETY)
    quotas = {q["AccountQuotaName"]: q for q in told.get("AccountQuotas", ())}
    place = "/".join(engine.gateway.place)
    taken: list[str] = []
    for name, number in params["wanted"]:
        if (quota := quotas.get(name)) is None:
            continue  # not told here: nothing to count against
        free = int(quota["Max"]) - int(quota["Used"])
        if not engine.journal.reserve(_rds(name), place, engine.work.migration, int(number), free):
            for other in taken:
                engine.journal.release(_rds(other), engine.work.migration)
            raise Refused(
                f"the quota {name} has {free} of {quota['Max']} left, and this migration takes {number} beside those under way",
                rule="R-RDS-25",
                resource=engine.work.target,
                remedy="Have it raised (Service Quotas, Amazon RDS), or finalize what is retained, then: "
                f"sealift resume {engine.work.migration}",
            )
        taken.append(name)
    return {"reserved": dict(params["wanted"])}


async def release_quotas(engine: Engine, params: Mapping[str, Any]) -> Output:
    """Give back what was reserved."""
    for name in params["names"]:
        engine.journal.release(_rds(name), engine.work.migration)
    return {}


def _rds(quota: str) -> str:
    return f"rds {quota}"


PROXY_PATIENCE = 900.0
"""Seconds that a proxy is given to route to its new target."""


async def await_proxy_target(engine: Engine, params: Mapping[str, Any]) -> Output:
    """Wait until a proxy routes to an instance, or to every instance of a cluster, which has no health of its own (SB-RDS-25).

    Raises:
        CheckFailed: it does not, and why.

    """
    began, said = engine.clock.now(), "it is no target"
    asked = {"DBProxyName": params["proxy"], "TargetGroupName": params["target_group"]}
    while engine.clock.now() - began <= PROXY_PATIENCE:
        reply = await engine.gateway.read(Call("rds:DescribeDBProxyTargets", asked), Purpose.POLL)
        mine = [
            t
            for t in reply.get("Targets", ())
            if t.get("Type") == "RDS_INSTANCE"
            and params["database"] in (t.get("RdsResourceId"), t.get("TrackedClusterId"))
        ]
        states = [t.get("TargetHealth") or {} for t in mine]
        if states and all(s.get("State") == "AVAILABLE" for s in states):
            return {"healthy": len(states)}
        said = (
            "; ".join(f"{s.get('State')} {s.get('Reason', '')} {s.get('Description', '')}".strip() for s in states)
            or said
        )
        await engine.idle(5.0)
    raise CheckFailed(
        f"the proxy {params['proxy']} does not route to {params['database']}: {said}", resource=params["proxy"]
    )


async def save_state(engine: Engine, params: Mapping[str, Any]) -> Output:
    """Write the whole plan to S3."""
    bucket, key = s3_place(str(params["url"]), engine.work.migration)
    body = written(engine.work.migration, engine.journal.plan(engine.work.migration))
    await engine.gateway.send(
        Call("s3:PutObject", {"Bucket": bucket, "Key": key, "Body": body, "ContentType": "application/json"})
    )
    return {"url": f"s3://{bucket}/{key}"}


LOCAL: dict[str, LocalOperation] = {
    "local:RunHook": run_hook,
    "local:ReserveSlots": reserve_slots,
    "local:ReleaseSlots": release_slots,
    "local:SaveState": save_state,
    "local:ReserveQuotas": reserve_quotas,
    "local:ReleaseQuotas": release_quotas,
    "local:AwaitProxyTarget": await_proxy_target,
}
"""By operation; `local:Observe` is the engine's own."""
