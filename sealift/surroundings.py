"""A reading door that remembers what is the same for every target of a Region.

A run over many targets wraps its door in `Surroundings`, and sends each such read once.
"""

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from sealift.errors import CallError, CredentialsLost, NotSupported, Retry
from sealift.kind import Read
from sealift.step import Call

Reply = dict[str, Any]
T = TypeVar("T")

SHARED = frozenset(
    {
        "kms:DescribeKey",
        "kms:GetKeyPolicy",
        "ec2:GetEbsEncryptionByDefault",
        "ec2:GetEbsDefaultKmsKeyId",
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeVpcEncryptionControls",
        "dlm:GetLifecyclePolicies",
        "dlm:GetLifecyclePolicy",
        "backup:ListBackupPlans",
        "backup:ListBackupSelections",
        "backup:GetBackupSelection",
        "cloudwatch:DescribeAlarms",
        "rds:DescribeAccountAttributes",
        "rds:DescribeBlueGreenDeployments",
        "rds:DescribeDBProxies",
        "rds:DescribeDBProxyTargetGroups",
        "rds:DescribeDBProxyTargets",
        "rds:DescribeEventSubscriptions",
        "rds:DescribeIntegrations",
        "rds:DescribeOptionGroups",
        "rds:DescribeOrderableDBInstanceOptions",
        "rds:DescribeDBParameters",
        "rds:DescribeDBParameterGroups",
        "service-quotas:ListServiceQuotas",
        "service-quotas:ListAWSDefaultServiceQuotas",
    }
)
"""Reads whose answer does not depend on the target."""

NEEDED = frozenset(
    {"ec2:DescribeInstances", "ec2:DescribeVolumes", "rds:DescribeDBInstances", "rds:DescribeDBClusters"}
)
"""Without these there are no facts at all; any other is not asked again once it gave no answer (an emulator without
it).
"""


class Surroundings:
    """A door to one Region that remembers what is the same for every target, refusals and silence too.

    Two targets that ask at the same moment may both send the read: nobody waits for another's answer.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._answers: dict[str, Reply | CallError] = {}
        self._silent: dict[str, CallError] = {}
        self._known: dict[str, Any] = {}
        self.planned: Counter[tuple[str, str]] = Counter()
        """What the replacements of the targets seen so far take, by quota and unit."""

    async def __call__(self, call: Call) -> Reply:
        """Read, or answer from memory."""
        if call.operation in self._silent:
            raise self._silent[call.operation]
        if call.operation not in SHARED:
            return await self._once(call)
        question = f"{call.operation} {json.dumps(call.params, sort_keys=True)}"
        if question not in self._answers:
            self._answers[question] = await self._ask(call)
        answer = self._answers[question]
        if isinstance(answer, CallError):
            raise answer
        return answer

    async def once(self, name: str, ask: Callable[[], Awaitable[T]]) -> T:
        """Return what `ask` came to the first time: for what is drawn from long lists, which are not kept."""
        if name not in self._known:
            self._known[name] = await ask()
        found: T = self._known[name]
        return found

    async def _once(self, call: Call) -> Reply:
        try:
            return await self._read(call)
        except CallError as error:
            silent = error.retry is Retry.TRANSIENT or isinstance(error, NotSupported)
            if silent and call.operation not in NEEDED:
                self._silent[call.operation] = error
            raise

    async def _ask(self, call: Call) -> Reply | CallError:
        try:
            return await self._once(call)
        except CredentialsLost:
            raise
        except CallError as error:
            return error


async def maybe(read: Read, operation: str, **params: Any) -> Reply | None:
    """Return the answer, or None where it is denied, unknown or does not come: that fact is *not evaluated*.

    Raises:
        CredentialsLost: no read will work any more.

    """
    try:
        return await read(Call(operation, params))
    except CredentialsLost:
        raise
    except CallError:
        return None
