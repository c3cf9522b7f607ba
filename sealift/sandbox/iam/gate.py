"""Where a request is let in: who calls, what it touches, and whether the caller's policies allow it."""

from collections.abc import Iterator

from sealift.sandbox import kms
from sealift.sandbox.iam import principals, verdicts
from sealift.sandbox.iam.conditions import Context
from sealift.sandbox.iam.ec2_actions import EC2
from sealift.sandbox.iam.other_actions import OTHERS, PREFIXES, passed
from sealift.sandbox.iam.policies import Ask
from sealift.sandbox.iam.rds_actions import TAGGING, dependents, touched_by
from sealift.sandbox.iam.request import context, refusal, surroundings
from sealift.sandbox.iam.touches import Touch, Touched, ec2_arn, requested, tags_for
from sealift.sandbox.world import Call, World

_OPEN = ("sts:GetCallerIdentity", "sts:GetSessionToken", "sts:GetAccessKeyInfo", "sts:AssumeRole", "kms:RetireGrant")
"""Not asked of identity policies here: AssumeRole is asked with the trust policy, RetireGrant of the grant."""


def admit(world: World, call: Call) -> None:
    """Find out who calls, and refuse what its policies do not allow."""
    call.caller = principals.caller(world, call)
    judge(world, call)


def judge(world: World, call: Call) -> None:
    """Refuse what the policies of a known caller do not allow."""
    who, action = call.caller or principals.root(call.account), action_of(call)
    if who.kind == "root" or action in _OPEN:
        asked: Iterator[Ask] = iter(())
    else:
        asked = _questions(world, call, action)
    for ask in asked:
        verdict = verdicts.of_identity(who, ask)
        if verdict.decision != verdicts.ALLOWED:
            raise refusal(call, who, ask, verdict.why)
    if call.service == "kms":
        kms.admit(world, call)


def action_of(call: Call) -> str:
    """Return the IAM action that authorises an operation."""
    return f"{PREFIXES.get(call.service, call.service)}:{call.operation}"


def _questions(world: World, call: Call, action: str) -> Iterator[Ask]:
    if call.service == "kms" and kms.about_keys(call):
        return
    base = surroundings(call)
    touched = _touched(world, call, _touches(call, action)) or [Touched("*", {})]
    for arn, facts in touched:
        yield Ask(action, arn, {**base, **context(facts)})
    yield from _tags_at_creation(call, action, touched, base)
    if action.startswith("rds:"):
        for other, (arn, facts) in dependents(world, call):
            yield Ask(other, arn, {**base, **context(facts)})
    if action == "ssm:StartAutomationExecution":
        for arn, facts in passed(world, call):
            yield Ask("iam:PassRole", arn, {**base, **context(facts)})


def _touches(call: Call, action: str) -> tuple[Touch, ...]:
    if call.service == "ec2":
        return EC2.get(call.operation, ())
    return (touched_by,) if action.startswith("rds:") else OTHERS.get(action, ())


def _touched(world: World, call: Call, touches: tuple[Touch, ...]) -> list[Touched]:
    return [one for touch in touches for one in touch(world, call)]


def _tags_at_creation(call: Call, action: str, touched: list[Touched], base: Context) -> Iterator[Ask]:
    """Ask for the tagging action where a request tags what it makes."""
    if call.service == "ec2":
        for spec in call.params.get("TagSpecifications", []):
            kind = spec.get("ResourceType", "")
            facts = {**requested(tags_for(call, kind)), "ec2:CreateAction": call.operation}
            yield Ask("ec2:CreateTags", ec2_arn(call, kind, "*"), {**base, **context(facts)})
    elif action.startswith(TAGGING) and call.params.get("Tags"):
        for arn, facts in touched[:1]:
            yield Ask("rds:AddTagsToResource", arn, {**base, **context(facts)})
