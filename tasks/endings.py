"""How an outcome shows as the state of a flow run. Nothing is decided from it: the journal is the truth."""

from collections.abc import Sequence
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from sealift.driver import Outcome

LEFT_AT_GATE = 3


def state_of(*outcomes: Outcome) -> State[Any]:
    """Return Completed where all is done, Failed where anything is not, and Completed named Prepared where it was
    left at its gate.
    """
    message = "; ".join(o.message for o in outcomes)
    if any(o.exit_code not in (0, LEFT_AT_GATE) for o in outcomes):
        return Failed(message=message)
    name = "Prepared" if any(o.exit_code == LEFT_AT_GATE for o in outcomes) else None
    return Completed(name=name, message=message) if name else Completed(message=message)


def verdict_of(outcomes: Sequence[Outcome]) -> State[Any]:
    """Return Completed where everything that was looked at is as it should be, Failed naming each that is not."""
    if wrong := [o for o in outcomes if o.exit_code]:
        named = "; ".join(f"{o.migration}: {o.message}" for o in wrong)
        return Failed(message=f"{len(wrong)} of {len(outcomes)} not as they should be. {named}")
    return Completed(message=f"{len(outcomes)} as they should be" if outcomes else "nothing is retained")
