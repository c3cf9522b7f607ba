"""What is looked at after every event is seen when it is not so: each test does one thing that sealift never does."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sealift.events import Event
from tests.contract.shapes import no_bring_up
from tests.faults.invariants import DOWN, MIX, SOURCE, place
from tests.faults.stage import Stage, play
from tests.world import REGION

INSTANCE = ("sql server with an option group and a managed password", "snapshot")
CLUSTER = ("aurora mysql serverless v2, blue-green", "blue-green")
REPLICAS = ("mysql with replicas, snapshot", "snapshot")
DISKS = ("root and data", "clone")


def _rds(stage: Stage) -> Any:
    return stage.box.client("rds", REGION)


def found(case: tuple[str, str], step: str, act: Callable[[Stage], Any], *, back: bool = False) -> list[str]:
    """Let something happen as a step begins, and return what of a run does not hold, as `(number) how`."""

    async def scene(stage: Stage) -> list[str]:
        acts = [act]

        def listen(event: Event) -> None:
            if (event.name, event.step) == ("step-started", step) and acts:
                acts.pop()(stage)

        driver = stage.driver(listeners=[listen])
        if back:
            driver.runner = no_bring_up
        await stage.migrate(driver)
        assert not acts, f"no step {step}"
        return [f"({v.invariant}) {v.how}" for v in stage.invariants.violations]

    told: list[str] = play(*case, scene)
    return told


def nothing(stage: Stage) -> None:
    """Do nothing."""


def _stop_instance(stage: Stage) -> None:
    _rds(stage).stop_db_instance(DBInstanceIdentifier=stage.plan.target)


def _stop_cluster(stage: Stage) -> None:
    _rds(stage).stop_db_cluster(DBClusterIdentifier=stage.plan.target)


@pytest.mark.parametrize(
    ("case", "step", "act", "who"),
    [(INSTANCE, "warm", _stop_instance, "client:ledger"), (CLUSTER, "claim", _stop_cluster, "client:cart")],
)
def test_a_database_that_is_down_outside_a_cut_is_seen(
    case: tuple[str, str], step: str, act: Callable[[Stage], Any], who: str
) -> None:
    """Before the quiesce whoever writes is served, and a moment without is one too many."""
    assert any(f"({DOWN}) {who} gets nothing" in how for how in found(case, step, act))


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize(("case", "step"), [(INSTANCE, "copy"), (REPLICAS, "copy")])
def test_a_database_that_is_down_for_longer_than_its_steps_take_is_seen(
    case: tuple[str, str], step: str, *, back: bool
) -> None:
    """An hour in which nothing is sent is nobody's charge, on the way forward and on the way back."""
    told = found(case, step, lambda stage: stage.world.clock.advance(3600), back=back)
    assert any(how.startswith(f"({DOWN}) client:") and "account for" in how for how in told)
    assert case != REPLICAS or back or any(how.startswith(f"({DOWN}) reader:") for how in told)


@pytest.mark.parametrize("case", [INSTANCE, CLUSTER, REPLICAS])
@pytest.mark.parametrize("back", [False, True])
def test_nothing_is_found_where_nothing_happens(case: tuple[str, str], *, back: bool) -> None:
    """The same runs, undisturbed."""
    assert found(case, "claim", nothing, back=back) == []


def test_a_replica_that_goes_before_finalize_is_seen() -> None:
    """Replicas are retained with their source: one that is deleted once it was put aside is missed, and by its name."""

    def delete(stage: Stage) -> None:
        _rds(stage).delete_db_instance(DBInstanceIdentifier="shop-r2", SkipFinalSnapshot=True)

    assert any(how.startswith(f"({SOURCE}) db-") and "of shop-r2" in how for how in found(REPLICAS, "claim", delete))


def test_a_loose_volume_that_goes_is_seen() -> None:
    """One that is attached to nothing is a source as any other."""

    def delete(stage: Stage) -> None:
        stage.world.ec2.delete_volume(VolumeId=stage.plan.target)

    told = found(("unattached volume", "snapshot"), "quiet", delete)
    assert any(how.startswith(f"({SOURCE}) vol-") for how in told)


def test_a_target_that_is_not_found_is_an_error() -> None:
    """Nothing to look at is not the same as nothing wrong."""

    async def scene(stage: Stage) -> None:
        stage.plan = replace(stage.plan, steps=())  # which name the sources
        stage.invariants._plan_of = lambda _: stage.plan.to_json()
        with pytest.raises(LookupError, match="has no source"):
            stage.invariants.watch("mig-0000000001")

    play(*DISKS, scene)


@pytest.mark.parametrize("theirs", [False, True])
def test_only_what_somebody_has_touched_is_theirs(*, theirs: bool) -> None:
    """A disk that is off a box which runs is a mix, unless that very place is somebody's."""

    def take_off(stage: Stage) -> None:
        box, volumes = stage.plan.target, stage.world.volumes(stage.plan.target)
        stage.invariants.by_hand.add(place(box, "/dev/sdg" if theirs else "/dev/xvda"))
        stage.world.ec2.detach_volume(VolumeId=volumes["/dev/sdg"]["VolumeId"])
        stage.world.clock.advance(60)

    assert theirs != any(how.startswith(f"({MIX})") for how in found(DISKS, "warm:/dev/sdg", take_off))


def test_an_instance_that_starts_on_its_replacement_is_not_up_yet_and_its_time_counts() -> None:
    """A start that takes longer than is waited for: its rows have a bring-up, and nothing of that is wrong."""

    async def scene(stage: Stage) -> tuple[list[str], bool]:
        stage.box.world.durations = replace(stage.box.world.durations, start_s=30 * 86400.0)
        await stage.migrate(stage.driver())
        (one,) = stage.invariants.watched.values()
        found = [f"({v.invariant}) {v.how}" for v in stage.invariants.violations]
        return found, one.up and stage.plan.target in one.down

    assert play(*DISKS, scene) == ([], True)
