"""The least that a plan asks for: the IAM actions of its steps, forward and back, and nothing else."""

from collections.abc import Iterable

from sealift.aws.operations import actions
from sealift.recipe import operations
from sealift.step import Step


def policy(steps: Iterable[Step]) -> frozenset[str]:
    """Return the IAM actions of steps, of their undos, and of what those keep. Pure."""
    return actions(operations(steps))


def delegated(steps: Iterable[Step]) -> frozenset[str]:
    """Return the IAM actions that a role needs which steps leave something to do: the watchdog's. Pure."""
    return actions(frozenset().union(*(s.delegates() for s in steps)))
