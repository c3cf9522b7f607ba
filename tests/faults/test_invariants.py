"""What is looked at after every event is seen when it is not so: each test does one thing that sealift never does."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.session import get_session

from sealift import engine
from sealift.aws.operations import OPERATIONS
from sealift.engine import Attempt, Runner, local_runner
from sealift.events import Event
from sealift.sandbox import Durations
from sealift.sandbox.log import Charge
from sealift.step import Phase, Step
from tests.contract.shapes import no_bring_up
from tests.faults.invariants import DOWN, FOREIGN, MIX, NAMES_ONE, ONE_DRIVER, QUOTA, SOURCE, TRACED, place
from tests.faults.outages import Account
from tests.faults.stage import Stage, play
from tests.faults.tapped import Sent
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


@pytest.mark.parametrize(("case", "step", "back"), [(INSTANCE, "copy", False), (REPLICAS, "copy", True)])
def test_a_database_that_is_down_for_longer_than_its_steps_take_is_seen(
    case: tuple[str, str], step: str, *, back: bool
) -> None:
    """An hour in which nothing is sent is nobody's charge, on the way forward and on the way back."""
    told = found(case, step, lambda stage: stage.world.clock.advance(3600), back=back)
    assert any(how.startswith(f"({DOWN}) client:") and "nothing accounts for" in how for how in told)
    assert case != REPLICAS or back or any(how.startswith(f"({DOWN}) reader:") for how in told)


def _run(case: tuple[str, str], runner: Callable[[Stage], Runner], durations: Durations | None = None) -> list[str]:
    """Play a run with a runner of steps; return how (4) does not hold, and nothing else may be found."""

    async def scene(stage: Stage) -> list[str]:
        await stage.migrate(stage.driver(runner=runner(stage)))
        assert {DOWN} >= {v.invariant for v in stage.invariants.violations}
        return [v.how for v in stage.invariants.violations]

    told: list[str] = play(*case, scene, durations)
    return told


@pytest.mark.parametrize(("case", "durations"), [(DISKS, None), (INSTANCE, Durations())])
def test_a_run_that_dawdles_by_half_is_seen(case: tuple[str, str], durations: Durations | None) -> None:
    """After each step of the cutover nothing is done for half as long as it took, or for half a look: that is nobody's charge."""

    def dawdling(stage: Stage) -> Runner:
        async def run(step: Step, attempt: Attempt) -> None:
            began = stage.box.now()
            await local_runner(step, attempt)
            if step.phase is Phase.CUTOVER:
                await stage.world.clock.sleep(max(0.5, (stage.box.now() - began) / 2))

        return run

    assert any("nothing accounts for" in how for how in _run(case, dawdling, durations))


@pytest.mark.parametrize(
    ("case", "at", "moment"),
    [(DISKS, "copy:/dev/sdf", "before"), (DISKS, "copy:/dev/sdf", "in"), (INSTANCE, "restore", "after")],
)
def test_a_minute_in_which_nothing_is_done_is_seen(case: tuple[str, str], at: str, moment: str) -> None:
    """Between two steps of the cutover, or within one, while what it has sent was over long ago; of lanes, in one is enough."""

    def sleeping(stage: Stage) -> Runner:
        async def run(step: Step, attempt: Attempt) -> None:
            if step.key == at and moment == "before":
                await stage.world.clock.sleep(60)
            if step.key == at and moment == "in":
                stage.taps[-1].done = lambda sent, _: stage.world.clock.advance(60 if sent.step == at else 0)
            await local_runner(step, attempt)
            stage.taps[-1].done = None
            if step.key == at and moment == "after":
                await stage.world.clock.sleep(60)

        return run

    (how, *_) = _run(case, sleeping)
    assert "nothing accounts for" in how
    assert 50 < float(how.partition("nothing accounts for ")[2].split()[0]) < 62, how


def test_who_looks_more_rarely_than_every_five_seconds_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a workload is down a state is seen at most 5 s after it was reached."""
    monkeypatch.setattr(engine, "POLL_CAPS", {**engine.POLL_CAPS, Phase.CUTOVER: 40.0})
    assert any("nothing accounts for" in how for how in _run(DISKS, lambda _: local_runner, Durations()))


@pytest.mark.parametrize(("case", "back"), [(DISKS, True), (REPLICAS, False), (REPLICAS, True)])
def test_who_takes_as_long_as_its_steps_is_well(case: tuple[str, str], *, back: bool) -> None:
    """With modelled durations, on the way forward and on the way back."""
    assert [] == _run(case, lambda _: no_bring_up if back else local_runner, Durations())


def _charge(at: float, seconds: float) -> Charge:
    return Charge(at, "ec2:DetachVolume", f"vol-{at}", seconds)


def test_lanes_count_as_their_longest_and_blocks_add_up() -> None:
    """What runs side by side is counted once; what a step has sent counts until that step is done, with a look that sees it."""
    account, charges = Account(), [_charge(0, 20), _charge(1, 30), _charge(40, 10)]
    for step, charge, done in zip("abc", charges, (25, 33, 55), strict=True):
        account.begins(step, charge.at, 5.0)
        account.sends(step, charge.at, 5.0)
        account.charged(step, [charge])
        account.ends(step, done)
    assert account.gaps(0, 60, charges) == [(33, 40), (55, 60)]
    account.waited(33, 39)
    assert account.gaps(0, 56, charges) == [(39, 40), (55, 56)]


def test_a_step_waits_for_what_it_needs_and_then_for_what_it_has_sent() -> None:
    """Before its request leaves that may be of any other step; what others have set going counts no longer once it waits for its own."""
    account, slow, own = Account(), _charge(0, 100), _charge(30, 10)
    account.charged("other", [slow])
    account.begins("a", 10, 5.0)
    account.sends("a", 30, 5.0)
    account.charged("a", [own])
    account.ends("a", 60)
    assert account.gaps(10, 60, [slow, own]) == [(45, 60)]


def test_what_a_step_does_by_itself_takes_longer_by_what_it_waits_besides() -> None:
    """Two readings lie 5 s apart; where the first was refused and asked for again, both are later by that."""
    account = Account()
    account.begins("proof", 0, 5.0)
    account.sends("proof", 0, 5.0)
    account.waited(0, 3)
    account.lasted("proof", 5, 12)
    account.ends("proof", 12)
    assert account.gaps(0, 12, []) == [(8, 12)]


def test_a_look_may_be_late_by_as_much_as_looks_lie_apart() -> None:
    """They lie further and further apart, up to 5 s; what was over at once is seen after one second."""
    for seconds, seen in ((0, 1), (4, 8), (40, 45)):
        account, charges = Account(), [_charge(10, seconds)]
        account.begins("a", 10, 5.0)
        account.charged("a", charges)
        assert account.gaps(10, 100, charges) == [(10 + seen, 100)]


@pytest.mark.parametrize("case", [INSTANCE, CLUSTER])
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


WRONG: dict[int, tuple[str, dict[str, Any], str]] = {
    FOREIGN: (
        "ec2:DeleteSnapshot",
        {"SnapshotId": "snap-0123456789abcdef0"},
        "names SnapshotId=snap-0123456789abcdef0",
    ),
    TRACED: ("ec2:CreateSnapshot", {"VolumeId": "vol-1"}, "carries neither our tags nor a name of ours"),
    ONE_DRIVER: ("ec2:StopInstances", {}, "left with token 99"),
}
"""By invariant: a request that does not hold it, and what is said of it."""


@pytest.mark.parametrize("invariant", WRONG)
def test_a_request_that_sealift_never_sends_is_seen(invariant: int) -> None:
    """What is somebody else's, what could not be found again, what a driver sends that was taken over."""
    operation, params, said = WRONG[invariant]

    def send(stage: Stage) -> None:
        migration = stage.migration_now()
        token = 99 if invariant == ONE_DRIVER else stage.invariants.newest(migration)
        stage.invariants.sending(Sent(1, operation, params, migration, "x", token))

    assert any(how.startswith(f"({invariant}) ") and said in how for how in found(DISKS, "claim", send))


def test_a_wait_for_a_quota_while_a_workload_is_down_is_seen() -> None:
    """Another try is announced with the refusal that it waits out."""

    def announce(stage: Stage) -> None:
        told = {"seconds": 30.0, "error": "ec2:CopyVolumes was refused: VolumeLimitExceeded"}
        plan, at = stage.plan, stage.box.now()
        where = (stage.migration_now(), plan.target, plan.account, plan.region)
        stage.invariants.told(Event("retry", *where, at, phase="cutover", step="copy", data=told))

    assert any(
        how.startswith(f"({QUOTA}) copy waits for ['VolumeLimitExceeded']") for how in found(DISKS, "cut", announce)
    )


UNNAMED = {"ec2:CreateCapacityReservation", "ec2:CreateVolume", "sns:Publish"}
"""They name nothing that there is already."""


@pytest.mark.parametrize(
    "operation", sorted(o.name for o in OPERATIONS.values() if o.mutating and o.name not in UNNAMED)
)
def test_of_each_request_it_is_known_what_names_something(operation: str) -> None:
    """Or nobody would see that it names what is another's."""
    about = OPERATIONS[operation]
    model = get_session().get_service_model(about.service).operation_model(about.method)
    assert any(NAMES_ONE.search(member) for member in model.input_shape.members)
