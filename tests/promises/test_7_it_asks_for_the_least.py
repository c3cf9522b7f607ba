"""Promise 7: it asks for the least: forward, fallback and way back are covered, and nothing else."""

from typing import Any

import pytest

from sealift.aws.gateway import Purpose
from sealift.aws.operations import OPERATIONS
from sealift.policy import policy
from sealift.recipe import operations, operations_of, way_back
from sealift.step import Step
from tests.contract.shapes import CASES, finalizing, planned
from tests.promises.acts import refuse
from tests.world import DATA, ROOT, World

each = pytest.mark.parametrize(("shape", "route"), CASES)


def mutating(names: frozenset[str]) -> set[str]:
    return {n for n in names if not n.startswith("local:") and OPERATIONS[n].mutating}


@each
def test_nothing_is_asked_for_that_no_step_declares(shape: str, route: str) -> None:
    """Each operation is declared by a step forward, by an undo, or by what keeps the writes on the way back."""
    steps = planned(shape, route).steps
    made: dict[str, Any] = {s.key: {name: f"{name}-of-{s.key}" for name in s.outputs} for s in steps}
    walked: list[Step] = list(steps)
    for brought_up in (False, True):
        walked += way_back(steps, made, brought_up=brought_up, salvage=True)
    declared = frozenset().union(*(operations_of(s) for s in walked))
    assert declared == operations(steps) & declared
    assert set() == mutating(operations(steps)) - mutating(declared)


@each
def test_an_action_is_asked_for_because_of_an_operation(shape: str, route: str) -> None:
    """The policy is the union of the actions of the operations, dependent ones included."""
    steps = planned(shape, route).steps
    wanted = {a for name in operations(steps) if not name.startswith("local:") for a in OPERATIONS[name].actions}
    assert wanted == policy(steps)


NEVER = {
    "ec2:DeleteVolume of a source": "the end alone deletes sources",
    "ec2:TerminateInstances": "nothing is terminated",
    "ec2:RunInstances": "nothing is launched",
    "kms:ScheduleKeyDeletion": "keys are the user's",
    "kms:PutKeyPolicy": "keys are the user's",
    "iam:PassRole": "no role is passed but the watchdog's",
}


@each
def test_nobody_asks_for_what_no_migration_needs(shape: str, route: str) -> None:
    """No wildcard, and none of the actions that would let a migration do harm elsewhere."""
    plan = planned(shape, route)
    actions = policy(plan.steps)
    own = not plan.kind.startswith("ebs")  # its own monitoring, domain and feature roles
    carried = {"iam:PassRole"} if own or plan.options.watchdog else set()
    assert set() == actions & set(NEVER) - carried
    assert set() == {a for a in actions if "*" in a and a != "kms:ReEncrypt*"}


@pytest.mark.parametrize(
    ("shape", "route", "absent"),
    [
        ("root only", "clone", {"ec2:CreateVolume", "ec2:CopySnapshot"}),
        ("root only", "snapshot", {"ec2:CopyVolumes", "ec2:CopySnapshot"}),
        ("root only", "copy", {"ec2:CopyVolumes"}),
        ("root only", "clone", {"autoscaling:EnterStandby", "autoscaling:SuspendProcesses", "s3:PutObject"}),
        ("root only", "clone", {"ec2:CreateCapacityReservation", "ec2:CancelCapacityReservation", "sns:Publish"}),
        ("root only", "clone", {"ssm:CreateDocument", "ssm:StartAutomationExecution"}),
        ("on standby", "clone", {"autoscaling:SuspendProcesses", "autoscaling:ResumeProcesses"}),
        ("group suspended", "clone", {"autoscaling:EnterStandby", "autoscaling:ExitStandby"}),
        (
            "unattached volume",
            "clone",
            {"ec2:StopInstances", "ec2:StartInstances", "ec2:AttachVolume", "ec2:DetachVolume"},
        ),
        ("stopped", "clone", {"ec2:StopInstances", "ec2:StartInstances"}),
    ],
)
def test_what_a_plan_does_not_need_is_not_asked_for(shape: str, route: str, absent: set[str]) -> None:
    """Another route, another option, another shape: their operations are not in the policy."""
    assert set() == absent & operations(planned(shape, route).steps)


@pytest.mark.parametrize(
    ("shape", "present"),
    [
        ("on standby", {"autoscaling:EnterStandby", "autoscaling:ExitStandby"}),
        ("group suspended", {"autoscaling:SuspendProcesses", "autoscaling:ResumeProcesses"}),
        ("reserved capacity", {"ec2:CreateCapacityReservation", "ec2:CancelCapacityReservation"}),
        ("state in s3", {"s3:PutObject"}),
        ("watchdog", {"ssm:CreateDocument", "ssm:StartAutomationExecution", "ssm:StopAutomationExecution"}),
        ("selector tags", {"ec2:DeleteTags"}),
    ],
)
def test_what_an_option_needs_is_asked_for(shape: str, present: set[str]) -> None:
    """Each option brings its operations, both directions."""
    assert present == present & operations(planned(shape, "clone").steps)


def test_the_way_back_is_in_the_policy() -> None:
    """A migration may snapshot, re-attach and delete its own replacements, or it could not go back."""
    needed = {"ec2:CreateSnapshot", "ec2:AttachVolume", "ec2:DetachVolume", "ec2:DeleteVolume", "ec2:DeleteSnapshot"}
    assert needed <= operations(planned("root only", "clone").steps)


@each
def test_the_end_asks_for_deletes_of_its_own(shape: str, route: str) -> None:
    """Finalize needs a restore point and deletes, and none of what moves a workload."""
    asked = mutating(operations(finalizing(shape, route)))
    kept = {"ec2:CreateSnapshot", "rds:CreateDBSnapshot", "rds:CreateDBClusterSnapshot", "rds:CopyDBSnapshot"}
    protection = {"rds:ModifyDBInstance", "rds:ModifyDBCluster"}
    assert {o for o in asked - kept - protection if "Delete" not in o} == set()


async def test_a_fallback_sends_nothing_that_was_not_asked_for(world: World) -> None:
    """Retries, look-ups after lost replies, a way back after a failure, safety snapshots: every call is in the policy."""
    for operation in ("ec2:CreateSnapshot", "ec2:CreateVolume", "ec2:AttachVolume", "ec2:StopInstances"):
        refuse(world, operation).after = True
    refuse(world, "ec2:StartInstances", "InsufficientInstanceCapacity", times=14)
    instance = world.instance(ROOT, DATA)
    plan = await world.plan(instance, route="snapshot")
    first = await world.act(world.driver.migrate(plan, approved_by="a test", observed=True))
    second = await world.act(world.driver.resume(first.migration))
    third = await world.act(world.driver.rollback(first.migration, discard_writes=True))
    sent = {name for name, purpose in world.driver.account.counts if purpose not in (Purpose.OBSERVE, Purpose.PROBE)}
    assert ([5, 0, 0], set()) == ([first.exit_code, second.exit_code, third.exit_code], sent - operations(plan.steps))


async def test_migrations_side_by_side_send_no_more_than_they_must(instant: World) -> None:
    """At most 8 mutating calls a volume, and at most 5 polling and check reads a volume, where states are reached at once."""
    plans = [await instant.plan(instant.instance(ROOT, DATA, name=f"web-{n}"), route="clone") for n in range(2)]
    work = [lambda p=p: instant.driver.migrate(p, approved_by="a test", observed=True) for p in plans]
    outcomes = await instant.driver.many(work)
    counts = instant.driver.account.counts
    changes = sum(n for (_, purpose), n in counts.items() if purpose is Purpose.MUTATE)
    reads = sum(n for (_, purpose), n in counts.items() if purpose in (Purpose.POLL, Purpose.CHECK))
    assert ([0] * 2, True, True) == ([o.exit_code for o in outcomes], changes <= 4 * 8, reads <= 4 * 5), counts
