"""When a run with several targets begins no more cutovers, and what it says then."""

import pytest

from sealift.breaker import Breaker, Circuit
from sealift.errors import AccessDenied, CallError, HookFailed, Refused, Retry, SealiftError, TurnBack, WaitFailed

M5, C5 = "m5 in eu-central-1a", "c5 in eu-central-1a"


def circuits(breaker: Breaker, *pools: str) -> list[Circuit]:
    """Return a migration for each pool."""
    return [breaker.circuit(f"mig-{n}", f"i-{n}", (pool,)) for n, pool in enumerate(pools)]


def no_room() -> SealiftError:
    return CallError("ec2:StartInstances was refused: no room", operation="ec2:StartInstances", retry=Retry.CAPACITY)


def test_one_failure_holds_the_others_and_says_why() -> None:
    """With one failure allowed to hold: target, migration and reason of the first stand in what the others are told."""
    first, second = circuits(Breaker(1), M5, C5)
    assert second.holds() == ""
    first.failed(HookFailed("the hook said no."), cut=True)
    assert second.holds() == "i-0 (mig-0) failed: the hook said no (--max-failures 1)"


def test_as_many_failures_as_were_given_hold_the_others() -> None:
    """Two are borne up to the second; a migration counts once, whatever else befalls it on its way back."""
    first, second, third = circuits(Breaker(2), M5, M5, M5)
    first.failed(HookFailed("no"), cut=True)
    first.failed(SealiftError("could not be put back"), cut=True)
    assert third.holds() == ""
    second.failed(HookFailed("no again"), cut=True)
    assert third.holds() == "i-0 (mig-0) failed: no; i-1 (mig-1) failed: no again (--max-failures 2)"


@pytest.mark.parametrize(
    "error",
    [
        Refused("it has drifted"),
        AccessDenied("denied", operation="ec2:CreateSnapshot", retry=Retry.REFUSED),
        TurnBack("it was postponed after its gate had opened"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_a_refusal_is_a_failure_only_in_a_cut(error: SealiftError) -> None:
    """Before the quiesce it is a decision, and no other target has to fear it; after it a workload was down for nothing."""
    first, second = circuits(Breaker(1), M5, M5)
    first.failed(error, cut=False)
    assert second.holds() == ""
    first.failed(error, cut=True)
    assert second.holds() != ""


def test_a_want_of_room_holds_its_own_pool_alone() -> None:
    """The first one that is seen holds that zone and family, though more failures are borne; another family goes on."""
    first, second, other = circuits(Breaker(9), M5, M5, C5)
    first.saw(no_room())
    assert second.holds() == f"AWS had no room for {M5}: i-0 (mig-0), ec2:StartInstances was refused: no room"
    assert other.holds() == ""


def test_who_found_no_room_is_not_held_by_that() -> None:
    """A later try has found room for it, or the run has gone back: its own sighting tells it nothing."""
    first, second = circuits(Breaker(9), M5, M5)
    first.saw(no_room())
    assert (first.holds(), second.holds() != "") == ("", True)


def test_an_instance_that_fell_back_for_want_of_room_tells_of_its_pool() -> None:
    """AWS took the start and fell back: as good as a refusal. One that fell back for its key says nothing of room."""
    first, second = circuits(Breaker(9), M5, M5)
    first.saw(WaitFailed("Client.InternalError", unused=True))
    assert second.holds() == ""
    first.saw(WaitFailed("Server.InsufficientInstanceCapacity", unused=True, no_room=True))
    assert second.holds() != ""


def test_one_target_of_several_pools_is_held_by_any_of_them() -> None:
    """A database with a standby needs room in both zones."""
    breaker = Breaker(9)
    (first,) = circuits(breaker, M5)
    first.saw(no_room())
    assert breaker.holds("mig-9", (C5, M5)) != ""


def test_what_is_told_is_told_once() -> None:
    """As it begins to hold: the second failure, and a second want of room in the same pool, are no news."""
    first, second, third = circuits(Breaker(2), M5, M5, C5)
    assert first.failed(SealiftError("no"), cut=True) == ""
    assert second.failed(SealiftError("no"), cut=True).startswith("no new cutover starts: i-0 (mig-0) failed: no; i-1")
    assert third.failed(SealiftError("no"), cut=True) == ""
    assert first.saw(no_room()) == f"no new cutover starts for {M5}: AWS had no room there for i-0 (mig-0)"
    assert second.saw(no_room()) == ""


def test_a_long_reason_is_cut_short() -> None:
    """What AWS says may be long; each held target repeats it."""
    first, second = circuits(Breaker(1), M5, M5)
    first.failed(SealiftError("no " * 500), cut=True)
    assert len(second.holds()) < 250


def test_without_a_number_nothing_is_held() -> None:
    """A single target, or a library that drives several by itself, has no breaker."""
    first, second = circuits(Breaker(), M5, M5)
    first.failed(SealiftError("no"), cut=True)
    first.saw(no_room())
    assert second.holds() == ""
