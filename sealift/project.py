"""The way to the flows: the library knows nothing of Prefect, and finds `flows/` and `tasks/` by name when a run should show there.

They lie beside the package in a checkout, and inside it in a wheel, so that a user's own `flows/` cannot shadow them. Whatever is
wrong with Prefect, a migration goes on without it.
"""

import asyncio
import importlib
import os
import sys
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from sealift.driver import Driver, Outcome
from sealift.plan import MigrationPlan

ANSWERS_WITHIN = 5.0
"""Seconds that a Prefect server is given to answer before the run goes on without it."""

FLOWS = {
    "ebs-instance": "flows.ebs:migrate_instance",
    "ebs-volume": "flows.ebs:migrate_volume",
    "rds-instance": "flows.rds:migrate_database",
    "aurora-cluster": "flows.aurora:migrate_cluster",
}
"""By kind: the flow that migrates it."""

FORMS = {
    "ebs-instance": ("MigrateInstance", ""),
    "ebs-volume": ("MigrateVolume", ""),
    "rds-instance": ("MigrateDatabase", "rds:"),
    "aurora-cluster": ("MigrateCluster", "aurora:"),
}
"""By kind: the form of its flow, and what a target begins with there."""

_QUIET = {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
"""What Prefect is told in a process of ours, unless the user said otherwise: the console is ours, and nobody is phoned."""


def project_root() -> Path:
    """Return the folder that holds `flows/` and `tasks/`: the checkout, or what the wheel carries."""
    package = Path(__file__).resolve().parent
    checkout = package.parent
    return checkout if (checkout / "deployments" / "prefect.yaml").is_file() else package / "_project"


def prefect_file() -> Path:
    """Return the file that registers the flows."""
    beside = project_root() / "prefect.yaml"
    return beside if beside.is_file() else project_root() / "deployments" / "prefect.yaml"


def load(name: str) -> Any:
    """Return `module:attribute` of the project, such as `flows.ebs:migrate_instance`. Takes seconds: it imports Prefect."""
    for variable, value in _QUIET.items():
        os.environ.setdefault(variable, value)
    root = str(project_root())
    if sys.path[:1] != [root]:
        sys.path.insert(0, root)
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


async def run_flow(
    name: str,
    params: Any,
    driver: Driver,
    otherwise: Callable[[], Awaitable[Outcome]],
    *,
    plan: MigrationPlan | None = None,
    approved_by: str | None = None,
    observed: bool = False,
) -> Outcome:
    """Run a flow in this process with a driver of this process; where Prefect fails, do `otherwise` and say so on stderr.

    `plan` is run exactly as it stands. Nothing is done twice: `otherwise` only runs where the flow did not begin.
    """
    try:
        handing, flow = load("tasks.driver:handing"), load(name)
    except Exception as error:  # noqa: BLE001 - a broken Prefect must not stop a migration
        return await _without(error, otherwise)
    with handing(driver, plan, approved_by=approved_by, observed=observed) as handed:
        try:
            await flow(params)
        except Exception as error:
            if not handed.began:
                return await _without(error, otherwise)
            if handed.outcome is None:
                raise
    outcome: Outcome = handed.outcome
    return outcome


async def _without(error: Exception, otherwise: Callable[[], Awaitable[Outcome]]) -> Outcome:
    _say(f"Prefect cannot run this ({type(error).__name__}: {error}); going on without it")
    return await otherwise()


async def with_prefect(
    driver: Driver,
    plans: Sequence[MigrationPlan],
    *,
    approved_by: str | None = None,
    no_wait: bool = False,
    observed: bool = False,
    max_failures: int | None = None,
) -> list[Outcome]:
    """Run plans as flow runs, one for each, eight at a time; with the local runner where a server is named and does not answer.

    `max_failures`: after so many no new cutover starts.
    """
    there = await server_answers()

    def local(plan: MigrationPlan) -> Callable[[], Awaitable[Outcome]]:
        """Run a plan on library and journal alone."""
        return lambda: driver.migrate(plan, approved_by=approved_by, no_wait=no_wait, observed=observed)

    def shown(plan: MigrationPlan) -> Callable[[], Awaitable[Outcome]]:
        """Run a plan as a flow run."""
        params = _form(plan, approve=approved_by is not None, wait_at_gate=not no_wait)
        return lambda: run_flow(
            FLOWS[plan.kind], params, driver, local(plan), plan=plan, approved_by=approved_by, observed=observed
        )

    work = [shown(p) if there and p.steps and p.kind in FLOWS else local(p) for p in plans]
    return await driver.many(work, max_failures=max_failures)


def _form(plan: MigrationPlan, **more: Any) -> Any:
    from sealift import parameters  # noqa: PLC0415 - pydantic models, only where a flow runs

    name, prefix = FORMS[plan.kind]
    form: type[parameters.Migrate] = getattr(parameters, name)
    return form.of(prefix + plan.target, plan.options, region=plan.region, **more)


async def server_answers() -> bool:
    """Say whether flows can run: the server that is named answers, or none is named (Prefect then starts one of its own)."""
    try:
        url = os.environ.get("PREFECT_API_URL") or load("prefect.settings:PREFECT_API_URL").value()
        if not url:
            load("tasks.server:start_apart")()
            return True
    except Exception as error:  # noqa: BLE001 - a broken Prefect must not stop a migration
        _say(f"Prefect cannot be loaded ({type(error).__name__}: {error}); going on without it")
        return False
    why = await asyncio.to_thread(_ask, f"{url.rstrip('/')}/health")
    if why:
        _say(
            f"the Prefect server at {url} does not answer ({why}); going on without it: the journal knows all that is done"
        )
    return not why


def _ask(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        return "PREFECT_API_URL is no http address"
    try:
        with urllib.request.urlopen(url, timeout=ANSWERS_WITHIN) as reply:  # noqa: S310 - http and https only, checked
            return "" if reply.status == 200 else f"HTTP {reply.status}"
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))


def _say(text: str) -> None:
    sys.stderr.write(f"sealift: {text}\n")
