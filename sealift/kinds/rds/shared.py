"""What the routes of an instance share: its members, what identifies it, the fence and its proof."""

from dataclasses import dataclass
from typing import Any

from sealift.fields import before_image
from sealift.fields.instance import INSTANCE
from sealift.kinds.databases import pieces
from sealift.kinds.databases.facts import Described
from sealift.kinds.databases.pieces import CUTOVER, QUARANTINE, QUIET, login
from sealift.kinds.rds.facts import InstanceFacts, ReplicaFacts
from sealift.options import Options
from sealift.recipe import Lanes
from sealift.step import Phase, Ref, Step
from sealift.steps import AwaitQuarantine, FenceDatabase, ProveQuiet, RebootInstance


@dataclass(frozen=True)
class Member:
    """An instance or one of its replicas, as the routes see it."""

    name: str
    arn: str
    resource_id: str
    described: Described
    parameter_group: str

    @property
    def groups(self) -> tuple[str, ...]:
        """Its security groups."""
        return tuple(g["VpcSecurityGroupId"] for g in self.described.get("VpcSecurityGroups", ()))

    @property
    def size(self) -> int:
        """GiB."""
        return int(self.described.get("AllocatedStorage") or 0)


def members_of(facts: InstanceFacts) -> tuple[Member, ...]:
    """Return the instance and its replicas, the instance first."""
    first = Member(facts.id, facts.arn, facts.resource_id, facts.described, facts.parameter_group.name)
    replicas = (Member(r.id, r.arn, r.resource_id, r.described, r.parameter_group.name) for r in facts.replicas)
    return (first, *replicas)


def interfaces_of(described: Described) -> int:
    """Return how many network interfaces an instance has: a standby has one of its own."""
    return 2 if described.get("MultiAZ") else 1


def identity(facts: InstanceFacts) -> dict[str, Any]:
    """Return the facts whose change refuses a target: what is restored, where it is, under which key. Others are noted."""
    kept = dict(before_image(INSTANCE, facts.described))
    replicas = {r.id: {"resource": r.resource_id, **dict(before_image(INSTANCE, r.described))} for r in facts.replicas}
    return {
        "instance": facts.id,
        "resource": facts.resource_id,
        "account": facts.account,
        "region": facts.region,
        "key": facts.key.arn,
        "fields": kept,
        "replicas": replicas,
        "proxies": [f"{p.proxy}/{p.target_group}" for p in facts.proxies or ()],
    }


def interfaces(facts: InstanceFacts, options: Options) -> int:
    """Return how many network interfaces the fence puts into quarantine: a standby has one of its own."""
    return sum(interfaces_of(d) for d in (facts.described, *(r.described for r in fenced_replicas(facts, options))))


def fenced_replicas(facts: InstanceFacts, options: Options) -> tuple[ReplicaFacts, ...]:
    """Return the replicas that are fenced with their primary: all, unless their readers may see stale data."""
    return () if options.readers == "stale" else facts.replicas


def mark(facts: InstanceFacts, options: Options, route: str) -> list[Lanes]:
    """Claim the instance and its replicas."""
    return pieces.mark(facts, options, route, identity(facts))


def fence(facts: InstanceFacts, options: Options, phase: Phase = CUTOVER) -> list[Step | Lanes]:
    """Put the instance and its replicas into quarantine, wait for the network, reboot them, and prove it."""
    stale = {r.id for r in facts.replicas} - {r.id for r in fenced_replicas(facts, options)}
    put, reboot = {}, {}
    for m in (m for m in members_of(facts) if m.name not in stale):
        put[m.name] = [
            FenceDatabase(
                key=f"fence:{m.name}",
                phase=phase,
                database=m.name,
                resource_id=m.resource_id,
                quarantine=QUARANTINE,
                groups=m.groups,
                parameter_group=m.parameter_group,
                quiet=QUIET,
            )
        ]
        reboot[m.name] = [
            RebootInstance(
                key=f"reboot:{m.name}", phase=phase, database=m.name, resource_id=m.resource_id, parameter_group=QUIET
            )
        ]
    carried = AwaitQuarantine(
        key="carried",
        phase=phase,
        group=QUARANTINE,
        interfaces=interfaces(facts, options),
        databases=tuple(m.resource_id for m in members_of(facts) if m.name not in stale),
    )
    return [Lanes(put), carried, Lanes(reboot), proof("proof", facts, options, phase=phase)]


def proof(key: str, facts: InstanceFacts, options: Options, *, since: str = "", phase: Phase = CUTOVER) -> Step:
    """Prove that nothing is connected and nothing written."""
    names = (facts.id, *(r.id for r in fenced_replicas(facts, options)))
    about: dict[str, Any] = {}
    if options.fence_login:
        about |= {"resource_id": facts.resource_id, **login(facts, options)}
    if since:
        about |= {"since": Ref(since, "position")} if options.fence_login else {"after": Ref(since, "began")}
    return ProveQuiet(key=key, phase=phase, databases=names, **about)
