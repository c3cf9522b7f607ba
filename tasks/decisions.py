"""What a person says at the gate, as rows of the journal."""

from typing import Any

from prefect.runtime import flow_run

from sealift.driver import Driver, Outcome
from sealift.errors import SealiftError
from sealift.parameters import ApproveRun, Decision

WRITTEN = {Decision.APPROVE: "approved", Decision.POSTPONE: "postponed", Decision.REFUSE: "refused"}


async def decide(driver: Driver, params: ApproveRun) -> list[Outcome]:
    """Write the decision for each migration; one that is past its gate does not keep the others from theirs."""
    note: dict[str, Any] = {"by": params.by or f"whoever started {flow_run.name}", "why": params.reason}
    if params.until is not None:
        note["until"] = params.until.timestamp()
    what = WRITTEN[params.decision]
    await driver.follow()
    outcomes = []
    for migration in params.migrations:
        try:
            driver.decide(migration, what, **note)
            outcomes.append(Outcome(migration, migration, 0, f"{migration}: {what}"))
        except SealiftError as error:
            outcomes.append(Outcome(migration, migration, error.exit_code, str(error)))
    return outcomes
