"""What others do in the middle of a migration, what fails, and how a driver dies."""

from collections.abc import Callable
from typing import Any

from sealift.events import Event
from sealift.sandbox.errors import ApiError
from sealift.sandbox.faults import Fault
from tests.world import World

Listener = Callable[[Event], None]


def when(step: str, act: Callable[[], Any], *, event: str = "step-done") -> Listener:
    """Return a listener that acts once, the first time `event` tells of a step whose key begins so."""
    done: list[bool] = []

    def listen(happened: Event) -> None:
        if happened.name == event and happened.step.startswith(step) and not done:
            done.append(True)
            act()

    return listen


def run_by_hand(world: World, instance: str, seconds: float = 600) -> Callable[[], None]:
    """Return an act: somebody starts the instance, lets it work for a while and stops it again."""

    def act() -> None:
        world.box.start_by_hand(instance)
        world.clock.advance(seconds)
        world.box.stop_by_hand(instance)
        world.clock.advance(120)

    return act


def try_to_start(world: World, instance: str, refusals: list[str]) -> Callable[[], None]:
    """Return an act: somebody tries to start the instance; AWS's answer is noted."""

    def act() -> None:
        try:
            world.box.start_by_hand(instance)
        except ApiError as error:
            refusals.append(error.code)
        else:
            refusals.append("")

    return act


def refuse(
    world: World, operation: str, code: str = "InvalidParameterValue", times: int | None = 1, **match: Any
) -> Fault:
    """Let AWS refuse an operation."""
    fault = Fault(operation=operation, code=code, times=times, match=match)
    world.box.faults.add(fault)
    return fault


def moments(world: World, migration: str) -> list[str]:
    """Return the notes of a migration in order, with what `end` says."""
    return [
        f"{e.what} {e.data['as']}" if e.what == "end" else e.what
        for e in world.driver.journal.entries(migration)
        if e.step is None
    ]
