"""Policies put together: identity policies with boundary and session policy, and policies that resources carry.

Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html. Service control policies
are not modelled.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from sealift.sandbox.iam.matching import wild
from sealift.sandbox.iam.policies import Ask, Statement, statements

ALLOWED, DENIED, SILENT = "allowed", "explicitDeny", "implicitDeny"


@dataclass(frozen=True)
class Principal:
    """Who asks. `policies`, `boundary` and `session` are documents; `tags` are those of user or role."""

    kind: str
    account: str
    arn: str
    user_id: str
    role: str | None = None
    policies: tuple[tuple[str, str], ...] = ()
    boundary: str | None = None
    session: str | None = None
    tags: tuple[tuple[str, str], ...] = field(default=())

    @property
    def names(self) -> tuple[str, ...]:
        """The ARNs by which policies of resources name this principal itself."""
        return (self.arn, self.role) if self.role else (self.arn,)

    @property
    def identity(self) -> str:
        """What aws:PrincipalArn says: a session's role, not the session."""
        return self.role or self.arn


class Verdict(NamedTuple):
    """A decision, why, and the statements that made it, each with its policy's name."""

    decision: str
    why: str = ""
    matched: tuple[tuple[str, Statement], ...] = ()


def of_identity(who: Principal, ask: Ask) -> Verdict:
    """Judge by the caller's own policies; the root user may do anything in its account."""
    if who.kind == "root":
        return Verdict(ALLOWED)
    limits = [(n, t) for n, t in (("boundary", who.boundary), ("session", who.session)) if t is not None]
    hits = [(name, s) for name, text in (*who.policies, *limits) for s in statements(text) if s.covers(ask)]
    if denials := tuple(h for h in hits if h[1].effect == "Deny"):
        return Verdict(DENIED, "with an explicit deny in an identity-based policy", denials)
    own = {name for name, _ in who.policies}
    allows = tuple(h for h in hits if h[0] in own)
    if not allows:
        return Verdict(SILENT, f"because no identity-based policy allows the {ask.action} action")
    for limit, _ in limits:
        if limit not in {name for name, _ in hits}:
            kind = "permissions boundary" if limit == "boundary" else "session policy"
            return Verdict(SILENT, f"because no {kind} allows the {ask.action} action")
    return Verdict(ALLOWED, "", allows)


def of_resource(policy: str, who: Principal, ask: Ask) -> str:
    """Judge by a resource's policy: `explicitDeny`, `direct`, `account` (the account decides by IAM) or `none`."""
    found = "none"
    for statement in statements(policy):
        how = _names(statement, who)
        if how == "none" or not statement.covers(ask):
            continue
        if statement.effect == "Deny":
            return DENIED
        found = "direct" if "direct" in (how, found) else "account"
    return found


def _names(statement: Statement, who: Principal) -> str:
    how = _named(statement.principals or (), who)
    if "Principal" in statement.inverted:
        return "none" if how != "none" else "direct"
    return "direct" if how == "account" and (who.kind == "root" or statement.effect == "Deny") else how


def _named(principals: Iterable[tuple[str, str]], who: Principal) -> str:
    how = "none"
    for kind, name in principals:
        if kind == "Service" and who.kind == "service" and wild(name, who.arn):
            return "direct"
        if kind != "AWS":
            continue
        if name == "*" or name in who.names:
            return "direct"
        if name in (who.account, f"arn:aws:iam::{who.account}:root"):
            how = "account"
    return how


def together(policy: str, owner: str, who: Principal, ask: Ask) -> Verdict:
    """Judge where a resource's policy must speak: KMS keys, and roles to be assumed.

    In one account a policy that names the caller is enough, one that names the account leaves it to IAM; between
    accounts both sides must allow.
    """
    by_policy, by_identity = of_resource(policy, who, ask), of_identity(who, ask)
    if by_policy == DENIED:
        return Verdict(DENIED, "with an explicit deny in a resource-based policy")
    if by_identity.decision == DENIED:
        return by_identity
    if by_policy == "none":
        return Verdict(SILENT, f"because no resource-based policy allows the {ask.action} action")
    if by_policy == "direct" and owner == who.account:
        return Verdict(ALLOWED)
    return by_identity
