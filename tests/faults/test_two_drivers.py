"""Two drivers: one that stood still for longer than its lease does nothing more, but for one call that was on its way. A sample."""

import pytest

from tests.clients import share
from tests.faults.drivers import AFTER, BEFORE, ON_ITS_WAY, PAUSES, every, pause

FORWARD = {
    BEFORE: ("detach:/dev/xvda", "start"),
    AFTER: ("ec2:DetachVolume", "ec2:StartInstances"),
    ON_ITS_WAY: ("ec2:StopInstances", "ec2:DetachVolume", "ec2:AttachVolume", "ec2:StartInstances"),
}
BACK = {BEFORE: ("undo:stop",), AFTER: ("ec2:AttachVolume",), ON_ITS_WAY: ("ec2:AttachVolume", "ec2:StartInstances")}


@pytest.fixture(autouse=True)
def _shared_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share(monkeypatch)


def test_a_paused_driver_that_was_taken_over_does_nothing_more() -> None:
    """Before its intent row or after it: nothing leaves. On its way: that call lands while the second waits, which ends as if alone."""
    tried = pause("root only", "clone", "forward", lambda where, at, _: where.startswith(FORWARD[at]))
    assert [] == [t for t in tried if t.wrong]
    assert 1 + 2 * sum(map(len, FORWARD.values())) == len(tried)


def test_a_driver_paused_on_its_way_back_does_no_harm_either() -> None:
    """The original is put back by the second; a late AttachVolume or StartInstances of the first changes nothing of that."""
    tried = pause("root only", "clone", "way back", lambda where, at, _: where.startswith(BACK[at]))
    assert [] == [t for t in tried if t.wrong]
    assert 1 + sum(map(len, BACK.values())) == len(tried)


def test_a_share_is_a_share() -> None:
    """None of all is none: each act is walked undisturbed, and that alone."""
    assert {"undisturbed"} == {t.then for t in every("root only", "snapshot", 0.0)}
    assert {0, 1} == set(PAUSES.values())
