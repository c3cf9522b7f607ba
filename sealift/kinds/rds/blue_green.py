"""The Blue/Green route of an instance: RDS builds an encrypted green side beside the load, and exchanges the names.

The old side keeps running and is read-only only until somebody reboots it: it goes into quarantine in the same cutover.
"""

from collections.abc import Sequence

from sealift.fields import before_image
from sealift.fields.instance import GREEN_OTHERWISE, INSTANCE
from sealift.kinds.databases.names import NEW, set_aside, switched_over
from sealift.kinds.databases.pieces import (
    BRING_UP,
    CONFIRM,
    CUTOVER,
    PREPARE,
    QUARANTINE,
    QUIET,
    hand_over_tags,
    hook,
    quarantine,
    roles,
    state,
)
from sealift.kinds.rds.facts import InstanceFacts
from sealift.kinds.rds.shared import Member, interfaces_of, mark, members_of
from sealift.options import Options
from sealift.recipe import Lanes, Spans, recipe, writers_down
from sealift.step import Id, Ref, Step
from sealift.steps import (
    AwaitLag,
    AwaitQuarantine,
    BeginSwitchover,
    CompareDatabase,
    CreateBlueGreen,
    DbClaimHeld,
    DeleteBlueGreen,
    GreenMember,
    GreenStill,
    NameNow,
    PairOf,
    Protect,
    RebootInstance,
    ReleaseQuotas,
    ReserveQuotas,
    RetireDatabase,
    SwitchOver,
)

DEPLOYMENT = Ref("blue-green", "id")


def _new(name: str) -> Id:
    return Ref(f"green:{name}", "DbiResourceId")


def blue_green_recipe(facts: InstanceFacts, options: Options) -> tuple[Step, ...]:
    """Return the steps that encrypt an instance and its replicas by a Blue/Green deployment."""
    members = members_of(facts)
    count = sum(interfaces_of(m.described) for m in members)
    switched = tuple(
        (m.name, m.resource_id, _new(m.name), m.groups, m.parameter_group, set_aside(m.name, NEW)) for m in members
    )
    return recipe(
        *mark(facts, options, "blue-green"),
        state(facts, options),
        ReserveQuotas(
            key="quotas",
            phase=PREPARE,
            source=facts.id,
            wanted=(("DBInstances", len(members)), ("AllocatedStorage", sum(m.size for m in members))),
        ),
        *quarantine(facts, options, logs_in=False),
        CreateBlueGreen(
            key="blue-green",
            phase=PREPARE,
            source=facts.arn,
            members=tuple(m.arn for m in members),
            key_arn=facts.key.arn,
            extra_tags=options.extra_tags,
        ),
        Lanes(
            {
                m.name: [
                    PairOf(key=f"pair:{m.name}", phase=PREPARE, deployment=DEPLOYMENT, arn=m.arn),
                    GreenMember(
                        key=f"green:{m.name}",
                        phase=PREPARE,
                        database=Ref(f"pair:{m.name}", "name"),
                        key_arn=facts.key.arn,
                        size=m.size,
                        aside=set_aside(m.name, NEW),
                        extra_tags=options.extra_tags,
                    ),
                    *roles(
                        m.described,
                        f"{m.name}:",
                        PREPARE,
                        {"database": Ref(f"pair:{m.name}", "name"), "resource_id": _new(m.name)},
                    ),
                    AwaitLag(key=f"lag:{m.name}", phase=PREPARE, database=Ref(f"pair:{m.name}", "name")),
                ]
                for m in members
            }
        ),
        ReleaseQuotas(key="quotas:back", phase=PREPARE, source=facts.id, names=("DBInstances", "AllocatedStorage")),
        DbClaimHeld(key="claim", phase=CUTOVER, resource_id=facts.resource_id),
        hook(facts, options, "quiesce", CUTOVER),
        BeginSwitchover(key="begin", phase=CUTOVER, deployment=DEPLOYMENT),
        Lanes(
            {
                m.name: [
                    GreenStill(
                        key=f"still:{m.name}",
                        phase=CUTOVER,
                        database=Ref(f"pair:{m.name}", "name"),
                        resource_id=_new(m.name),
                        key_arn=facts.key.arn,
                    ),
                    CompareDatabase(
                        key=f"compare:{m.name}",
                        phase=CUTOVER,
                        database=Ref(f"pair:{m.name}", "name"),
                        resource_id=_new(m.name),
                        was=before_image(INSTANCE, m.described),
                        expected=tuple(sorted(GREEN_OTHERWISE.items())),
                        key_arn=facts.key.arn,
                    ),
                ]
                for m in members
            }
        ),
        SwitchOver(
            key="switchover",
            phase=BRING_UP,
            deployment=DEPLOYMENT,
            database=facts.id,
            timeout=options.switchover_timeout,
            members=switched,
            quarantine=QUARANTINE,
            quiet=QUIET,
            interfaces=count,
            proxies=tuple((p.proxy, p.target_group) for p in facts.proxies or ()),
            replicas=(
                Ref(f"pair:{facts.id}", "name"),  # the new side reads from the old one too
                *(facts.described.get("ReadReplicaDBInstanceIdentifiers") or ()),
            ),
        ),
        Lanes(
            {
                m.name: [NameNow(key=f"old:{m.name}", phase=CONFIRM, resource_id=m.resource_id, was=m.name)]
                for m in members
            }
        ),
        Lanes(
            {
                m.name: [
                    RetireDatabase(
                        key=f"retire:{m.name}",
                        phase=CONFIRM,
                        database=Ref(f"old:{m.name}", "name"),
                        resource_id=m.resource_id,
                        quarantine=QUARANTINE,
                        groups=m.groups,
                        parameter_group=m.parameter_group,
                        quiet=QUIET,
                    )
                ]
                for m in members
            }
        ),
        AwaitQuarantine(
            key="carried",
            phase=CONFIRM,
            group=QUARANTINE,
            interfaces=count,
            databases=tuple(m.resource_id for m in members),
        ),
        Lanes(
            {
                m.name: [
                    RebootInstance(
                        key=f"retire:reboot:{m.name}",
                        phase=CONFIRM,
                        database=Ref(f"old:{m.name}", "name"),
                        resource_id=m.resource_id,
                        parameter_group=QUIET,
                    )
                ]
                for m in members
            }
        ),
        DeleteBlueGreen(key="record", phase=CONFIRM, deployment=DEPLOYMENT, with_green=False),
        Lanes({m.name: [_protected(m)] for m in members if _stays_protected(facts, m)}),
        hand_over_tags(facts, options, Ref(f"old:{facts.id}", "arn")),
        hook(facts, options, "after", CONFIRM),
    )


def _stays_protected(facts: InstanceFacts, member: Member) -> bool:
    """Tell whether the new side of a member is protected: the primary's until finalize, a replica's as it was."""
    return member.name == facts.id or bool(member.described.get("DeletionProtection"))


def _protected(member: Member) -> Step:
    return Protect(
        key="protect"
        if not member.described.get("ReadReplicaSourceDBInstanceIdentifier")
        else f"protect:{member.name}",
        phase=CONFIRM,
        on=True,
        former=False,
        back=set_aside(member.name, NEW),
        database=member.name,
        resource_id=_new(member.name),
    )


def readers_down(facts: InstanceFacts, options: Options, steps: Sequence[Step]) -> Spans:
    """Return while what the names of read replicas answer nobody: the same as for who writes."""
    return writers_down(steps) if facts.replicas else ()


def kept(facts: InstanceFacts) -> tuple[str, ...]:
    """Return what the sources are called while they are retained: they run, fenced off."""
    return tuple(switched_over(m.name) for m in members_of(facts))
