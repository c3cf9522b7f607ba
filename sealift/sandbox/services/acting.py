"""What services and robots do by themselves: an API call like any other, in the log under the name of who does it."""

from collections.abc import Callable, Mapping
from typing import Any

from sealift.sandbox.errors import ApiError
from sealift.sandbox.world import Call, World

Operation = Callable[[World, Call], dict[str, Any] | None]

AFTER: dict[str, Callable[[World, Call], None]] = {}
"""What an operation means for these services, once it has been done, by whomever."""


def does(
    world: World,
    name: str,
    operation: Operation,
    params: Mapping[str, Any],
    *,
    account: str,
    region: str,
    at: float,
    by: str,
) -> tuple[dict[str, Any] | None, ApiError | None]:
    """Do `name` (`service:Operation`) for a service; return the reply, or the refusal. No policies are asked."""
    service, _, action = name.partition(":")
    call = Call(service, action, dict(params), account, region, at, by=by)
    try:
        reply = operation(world, call)
    except ApiError as refusal:
        world.log.append(call.event(refusal.code, refusal.rule, refusal.message))
        return None, refusal
    noticed(world, call)
    world.log.append(call.event())
    return reply, None


def noticed(world: World, call: Call) -> None:
    """Let these services know of what was done past the front door."""
    if after := AFTER.get(call.name.replace("hand:", "ec2:")):
        after(world, call)
