"""Every error says where it was and what AWS called it, and the journal keeps that: calls, reads, waits, checks, hooks, faults of ours."""

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sealift import errors
from sealift.engine import Engine
from sealift.errors import CredentialsLost, SealiftError
from sealift.render import story
from sealift.sandbox.faults import Fault
from sealift.step import Step
from sealift.steps import CopyVolume
from tests.promises.acts import when
from tests.world import ROOT, World


def tree(root: type[SealiftError] = SealiftError) -> Iterator[type[SealiftError]]:
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


def test_the_tree_is_written_at_the_top_of_its_module() -> None:
    """Every class is there with its exit code, below its base, and none is anywhere else."""
    doc = str(inspect.getdoc(errors))
    drawn = {
        name: (len(indent), code)
        for indent, name, code in re.findall(r"^([ │├└─]*)(\w+) +exit (\d+)", doc, re.MULTILINE)
    }
    assert {c.__name__ for c in tree()} == set(drawn)
    for cls in tree():
        assert cls.__module__ == "sealift.errors"
        assert cls is SealiftError or drawn[cls.__name__][0] == drawn[cls.__mro__[1].__name__][0] + 4, cls
        assert cls is CredentialsLost or str(cls.exit_code) == drawn[cls.__name__][1], (
            cls
        )  # whose driver judges what is down


def kept(world: World, migration: str, step: str) -> list[dict[str, Any]]:
    """Return what the journal keeps of errors of a step."""
    wanted = ("failed", "lost", "trouble", "failure")
    found = [e for e in world.driver.journal.entries(migration) if e.what in wanted]
    return [dict(e.data) for e in found if (e.step or e.data.get("step")) == step]


def fault(**about: Any) -> Callable[[World], None]:
    return lambda world: world.box.faults.add(Fault(**about))


CALLS = {
    "a call that is refused": ("stop", "ec2:StopInstances", "OperationNotPermitted"),
    "a read of a wait that is refused": ("stop", "ec2:DescribeInstances", "UnauthorizedOperation"),
    "a read before a call that is refused": ("detach:/dev/xvda", "ec2:DescribeInstances", "InvalidParameterValue"),
    "a call that was throttled for a while": ("attach:/dev/xvda", "ec2:AttachVolume", "RequestLimitExceeded"),
}


@pytest.mark.parametrize("how", CALLS)
async def test_what_aws_answered_is_kept_with_its_step_its_code_and_its_request(instant: World, how: str) -> None:
    """Whether it was a call or a read, given up or tried again: row, status as json and status as text say it."""
    step, operation, code = CALLS[how]
    break_it = when(step, lambda: fault(operation=operation, code=code)(instant), event="step-started")
    outcome = await instant.migrate(
        instant.instance(ROOT), driver=instant.new_driver(listeners=[break_it]), route="clone"
    )
    found = kept(instant, outcome.migration, step)
    assert found, how
    for row in found:
        assert (code, True, True) == (row["code"], bool(row["request_id"]), bool(row["resource"]))
    told = story.of(instant.driver.journal, outcome.migration)
    assert all(word in told.text() for word in (code, found[0]["request_id"]))
    assert code == told.row["last_error"]["code"]
    assert [] == instant.box.losses()


async def test_a_wait_that_fails_is_kept_with_its_resource(instant: World) -> None:
    """No call failed: what was waited for went to a state from which it does not come back."""
    fault(operation="ec2:CreateSnapshot", fails_at=50.0, times=None)(instant)
    outcome = await instant.migrate(instant.instance(ROOT), route="snapshot", acks=("R-EBS-31", "R-EBS-89"))
    rows = [r for r in kept(instant, outcome.migration, "warm:/dev/xvda") if r["error"] == "WaitFailed"]
    assert rows
    assert all(r["resource"].startswith("snap-") for r in rows)
    assert rows[0]["message"] in story.of(instant.driver.journal, outcome.migration).text()


async def test_a_hook_that_says_no_is_kept(instant: World) -> None:
    """Its step and what it last said."""
    outcome = await instant.migrate(instant.instance(ROOT), route="clone", quiesce="echo the queue is full; exit 3")
    (row, *_) = [r for r in outcome_rows(instant, outcome.migration) if r["error"] == "HookFailed"]
    assert "the queue is full" in row["message"]
    assert row["step"]


@pytest.mark.parametrize(("cls", "method"), [(CopyVolume, "ready"), (CopyVolume, "before")])
async def test_a_fault_of_ours_in_a_step_goes_back_and_says_in_which(
    instant: World, monkeypatch: pytest.MonkeyPatch, cls: type[Step], method: str
) -> None:
    """What nobody thought of, before a call or after its effect (an answer of another form is AnswerUnclear): service comes back, what was
    made is found and deleted, and the journal says where it was.
    """

    def odd(*_: Any) -> Any:
        raise KeyError("VolumeId")

    monkeypatch.setattr(cls, method, odd)
    outcome = await instant.migrate(instant.instance(ROOT), route="clone")
    rows = [r for r in outcome_rows(instant, outcome.migration) if r["error"] == "Unexpected"]
    assert rows
    assert all(r["step"] and r["resource"] and "fault of sealift" in r["remedy"] for r in rows)
    assert (5, True) == (outcome.exit_code, "unexpected KeyError: 'VolumeId'" in outcome.message)
    assert ({False}, []) == ({v["Encrypted"] for v in instant.all_volumes().values()}, instant.box.losses())


async def test_a_fault_of_ours_on_the_way_back_needs_a_person(instant: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no traceback either: exit 6 with the step and the commands."""

    async def fail(*_: Any) -> None:
        raise KeyError("Attachments")

    def break_it() -> None:
        fault(operation="ec2:CopyVolumes", code="InvalidParameterValue")(instant)
        monkeypatch.setattr(Engine, "_refuse_if_up", fail)

    driver = instant.new_driver(listeners=[when("detach:/dev/xvda", break_it)])
    outcome = await instant.migrate(instant.instance(ROOT), driver=driver, route="clone")
    assert (6, True) == (outcome.exit_code, "unexpected KeyError: 'Attachments'" in outcome.message)
    (row, *_) = [r for r in outcome_rows(instant, outcome.migration) if r["error"] == "Unexpected"]
    assert row["step"].startswith("undo:")
    monkeypatch.undo()
    assert 5 == (await instant.act(instant.driver.resume(outcome.migration))).exit_code
    assert [] == instant.box.losses()


def outcome_rows(world: World, migration: str) -> list[dict[str, Any]]:
    """Return every row of a migration that keeps an error."""
    return [dict(e.data) for e in world.driver.journal.entries(migration) if "error" in e.data]
