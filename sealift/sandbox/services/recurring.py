"""Something done again and again on virtual time: what a leap of the clock would have made and deleted is not made."""

from collections.abc import Callable

from sealift.sandbox.world import World


def start(
    world: World,
    at: float,
    following: Callable[[float], float | None],
    alive: Callable[[], bool],
    act: Callable[[float], None],
    kept: float,
) -> None:
    """Let `act` take place at each time that `following(at)` names, for as long as `alive()`.

    `kept`: seconds after which retention has taken away what `act` made. Where the clock has leapt past that, the runs
    in between are left out: what they made would be gone by now.
    """

    def arm(since: float) -> None:
        due = following(max(since, world.now() - kept))
        if due is not None:
            world.agenda.at(due, lambda at: run(due, at))

    def run(due: float, at: float) -> None:
        if alive():
            if world.now() - due <= kept:
                act(at)
            arm(due)

    arm(at)
