"""The snapshot route of an instance: fence, last snapshot, encrypted copy, restore in quarantine, names, own groups.

The warm pair is made while the database serves. Nothing is written from the fence on until the replacement is given its own
groups, which is bring-up; the replacement is born in quarantine with its schedulers off, so that no job runs twice (R-RDS-42).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sealift.fields import before_image
from sealift.fields.instance import (
    BORN_OTHERWISE,
    GREEN_OTHERWISE,
    INSTANCE,
    group_of,
    modify_params,
    replica_params,
    replica_settings,
    restore_params,
    tells_parameters,
)
from sealift.kinds.databases.names import NEW, set_aside
from sealift.kinds.databases.pieces import (
    BRING_UP,
    CONFIRM,
    CUTOVER,
    PREPARE,
    QUARANTINE,
    QUIET,
    SCHEDULERS,
    WRITES,
    compact,
    hand_over,
    hand_over_tags,
    hook,
    inside,
    login,
    quarantine,
    quotas_back,
    roles,
    state,
    user_tags,
    warm_gone,
)
from sealift.kinds.databases.quiet import closes_writes
from sealift.kinds.rds.facts import InstanceFacts, ReplicaFacts
from sealift.kinds.rds.shared import fence, interfaces, interfaces_of, mark, members_of, proof
from sealift.options import Options
from sealift.recipe import Lanes, Span, Spans, recipe, writers_down
from sealift.step import Ref, Step, tags_of
from sealift.steps import (
    ApplyOwnParameters,
    AwaitOwnGroups,
    AwaitProxyTarget,
    AwaitQuarantine,
    BeginFence,
    CompareDatabase,
    CopyDbSnapshot,
    CreateReplica,
    DbClaimHeld,
    DeregisterProxyTarget,
    FenceDatabase,
    GiveDbTags,
    GiveOwnGroups,
    GiveParameters,
    LastDbSnapshot,
    ManagePassword,
    OpenWrites,
    Protect,
    RebootInstance,
    RegisterProxyTarget,
    ReleaseSlots,
    RenameDatabase,
    RenewWarmDbSnapshot,
    ReserveQuotas,
    ReserveSlots,
    RestoreInstance,
    SetAttributes,
    StartSchedulers,
    TakeName,
    WarmDbSnapshot,
)

COPIES_AT_ONCE = 20
"""Snapshot copies in progress for a destination Region (RDS user guide, "Copying a DB snapshot"; R-RDS-26)."""
NEW_NAME, NEW_ID = Ref("restore", "DBInstanceIdentifier"), Ref("restore", "DbiResourceId")


def snapshot_recipe(facts: InstanceFacts, options: Options) -> tuple[Step, ...]:
    """Return the steps that encrypt an instance by way of a snapshot, with everything that it carries."""
    old = set_aside(facts.id)
    own = facts.groups
    group = facts.parameter_group.name
    sized: dict[str, Any] = {"size": facts.size, "extra_tags": options.extra_tags}
    source: dict[str, Any] = {"database": facts.id, "resource_id": facts.resource_id}
    new: dict[str, Any] = {"database": NEW_NAME, "resource_id": NEW_ID}
    named: dict[str, Any] = {"database": facts.id, "resource_id": NEW_ID}
    key: dict[str, Any] = {"key_arn": facts.key.arn, "key_name": facts.key.wanted}
    options_of: dict[str, Any] = {"option_group": facts.option_group_to_name}
    settings = modify_params(facts.described)
    return recipe(
        *mark(facts, options, "snapshot"),
        state(facts, options),
        ReserveQuotas(key="quotas", phase=PREPARE, source=facts.id, wanted=tuple(facts.needs.items())),
        ReserveSlots(
            key="slots",
            phase=PREPARE,
            source=facts.id,
            quota_name=CopyDbSnapshot.quota,
            slots=1,
            limit=COPIES_AT_ONCE,
        ),
        *quarantine(facts, options),
        WarmDbSnapshot(key="warm", phase=PREPARE, **source, **sized),
        CopyDbSnapshot(
            key="warm:copy",
            phase=PREPARE,
            snapshot=Ref("warm", "name"),
            resource_id=facts.resource_id,
            **key,
            **sized,
            **options_of,
        ),
        RenewWarmDbSnapshot(
            key="renew",
            phase=PREPARE,
            warm=Ref("warm", "name"),
            max_age=options.warm_max_age,
            **source,
            **sized,
        ),
        DbClaimHeld(key="claim", phase=CUTOVER, resource_id=facts.resource_id),
        hook(facts, options, "quiesce", CUTOVER),
        BeginFence(key="begin", phase=CUTOVER, groups=own, quarantine=QUARANTINE, **source),
        *inside(facts, options),
        *fence(facts, options),
        LastDbSnapshot(key="last", phase=CUTOVER, **source, **sized),
        CopyDbSnapshot(
            key="copy",
            phase=CUTOVER,
            snapshot=Ref("last", "name"),
            resource_id=facts.resource_id,
            **key,
            **sized,
            **options_of,
        ),
        RestoreInstance(
            key="restore",
            phase=CUTOVER,
            snapshot=Ref("copy", "name"),
            groups=(QUARANTINE,),
            parameter_group=QUIET,
            members=compact(restore_params(facts.described)),
            key_arn=facts.key.arn,
            **sized,
        ),
        SetAttributes(key="settings", phase=CUTOVER, settings=compact(settings), **new) if settings else None,
        ManagePassword(key="password", phase=CUTOVER, key_arn=facts.key.arn, **new) if facts.managed_password else None,
        Lanes({"roles": roles(facts.described, "", CUTOVER, new)}),
        CompareDatabase(
            key="compare",
            phase=CUTOVER,
            was=before_image(INSTANCE, facts.described),
            expected=tuple(sorted(BORN_OTHERWISE.items())),
            key_arn=facts.key.arn,
            **new,
        ),
        proof("proof:again", facts, options, since="proof"),
        _off_the_proxies(facts),
        RenameDatabase(
            key="rename:old",
            phase=CUTOVER,
            to=old,
            groups=(Ref("quarantine", "GroupId"),),
            replicas=tuple(facts.described.get("ReadReplicaDBInstanceIdentifiers") or ()),
            **source,
        ),
        TakeName(key="rename:new", phase=CUTOVER, to=facts.id, **new),
        *_opened(facts, options, named),
        hand_over(facts),
        GiveOwnGroups(
            key="bring-up",
            phase=BRING_UP,
            groups=own,
            parameter_group=group,
            quarantine=QUARANTINE,
            quiet=QUIET,
            interfaces=interfaces(facts, options) + interfaces_of(facts.described),
            **named,
        ),
        ApplyOwnParameters(key="own-parameters", phase=CONFIRM, parameter_group=group, **named),
        AwaitOwnGroups(key="own-groups", phase=CONFIRM, group=QUARANTINE),
        ReleaseSlots(key="slots:back", phase=CONFIRM, source=facts.id, quota_name=CopyDbSnapshot.quota),
        _jobs_again(facts, options, named),
        _on_the_proxies(facts, RegisterProxyTarget, "proxy:on"),
        _on_the_proxies(facts, AwaitProxyTarget, "proxy:routes"),
        *(_swapped_readers(facts, options) if options.readers == "stale" else _rebuilt_readers(facts, options)),
        *warm_gone(facts, copied=True),
        quotas_back(facts),
        Protect(key="protect", phase=CONFIRM, on=True, former=False, back=NEW_NAME, **named),
        hand_over_tags(facts, options, facts.arn.rsplit(":", 1)[0] + f":{old}"),
        hook(facts, options, "after", CONFIRM),
    )


def readers_down(facts: InstanceFacts, options: Options, steps: Sequence[Step]) -> Spans:
    """Return while what the names of read replicas answer nobody: from the fence to the last new one; where they serve stale data
    meanwhile, while the names are exchanged; where their readers use the primary, as long as that.
    """
    if not facts.replicas:
        return ()
    writers = writers_down(steps)
    if options.readers == "primary":
        return writers
    confirm = [s.key for s in steps if s.phase is CONFIRM]
    if options.readers == "stale":
        exchanged = [key for key in confirm if key.startswith(("rename:old:", "rename:new:"))]
        return (Span(exchanged[0], exchanged[-1]),)
    last = [key for key in confirm if key.startswith(("replica:", "compare:"))][-1]
    return tuple(Span(span.first, last) for span in writers)


def kept(facts: InstanceFacts) -> tuple[str, ...]:
    """Return what the sources are called while they are retained: they run, fenced off."""
    return tuple(set_aside(m.name) for m in members_of(facts))


def _opened(facts: InstanceFacts, options: Options, named: Mapping[str, Any]) -> list[Step]:
    """Let the replacement be written to from inside: what made the source read-only may have come over with the data."""
    if not options.fence_login or not closes_writes(facts.engine, facts.described):
        return []
    return [OpenWrites(key="writes:new", phase=CUTOVER, former=WRITES, **named, **login(facts, options))]


def _jobs_again(facts: InstanceFacts, options: Options, named: Mapping[str, Any]) -> Step | None:
    if not options.fence_login:
        return None
    return StartSchedulers(key="schedulers:new", phase=CONFIRM, former=SCHEDULERS, **named, **login(facts, options))


def _off_the_proxies(facts: InstanceFacts) -> Lanes:
    return Lanes(
        {
            p.proxy: [
                DeregisterProxyTarget(
                    key=f"proxy:off:{p.proxy}",
                    phase=CUTOVER,
                    proxy=p.proxy,
                    target_group=p.target_group,
                    database=facts.id,
                )
            ]
            for p in facts.proxies or ()
        }
    )


def _on_the_proxies(facts: InstanceFacts, step: type[RegisterProxyTarget], key: str) -> Lanes:
    return Lanes(
        {
            p.proxy: [
                step(
                    key=f"{key}:{p.proxy}",
                    phase=CONFIRM,
                    proxy=p.proxy,
                    target_group=p.target_group,
                    database=facts.id,
                )
            ]
            for p in facts.proxies or ()
        }
    )


def _rebuilt_readers(facts: InstanceFacts, options: Options) -> list[Lanes]:
    """Give the names of fenced replicas to new ones at once: nobody reads from them meanwhile."""
    return [
        Lanes({r.id: [_put_aside(r)] for r in facts.replicas}),
        Lanes({r.id: _replica(facts, options, r, name=r.id) for r in facts.replicas}),
    ]


def _swapped_readers(facts: InstanceFacts, options: Options) -> list[Lanes | Step]:
    """Build new replicas beside those that serve stale data, exchange the names, and only then fence the old ones."""
    if not facts.replicas:
        return []
    members = [m for m in members_of(facts) if m.name != facts.id]
    carried = interfaces(facts, options) + sum(interfaces_of(m.described) for m in members)
    retired: dict[str, dict[str, Any]] = {
        m.name: {"database": set_aside(m.name), "resource_id": m.resource_id} for m in members
    }
    fence = {
        m.name: [
            FenceDatabase(
                key=f"fence:{m.name}",
                phase=CONFIRM,
                quarantine=QUARANTINE,
                groups=m.groups,
                parameter_group=m.parameter_group,
                quiet=QUIET,
                **retired[m.name],
            )
        ]
        for m in members
    }
    new = {
        r.id: RenameDatabase(
            key=f"rename:new:{r.id}",
            phase=CONFIRM,
            database=set_aside(r.id, NEW),
            resource_id=Ref(f"replica:{r.id}", "DbiResourceId"),
            to=r.id,
        )
        for r in facts.replicas
    }
    return [
        Lanes({r.id: _replica(facts, options, r, name=set_aside(r.id, NEW)) for r in facts.replicas}),
        Lanes({r.id: [_put_aside(r)] for r in facts.replicas}),
        Lanes({name: [step] for name, step in new.items()}),
        Lanes(fence),
        AwaitQuarantine(
            key="carried:readers",
            phase=CONFIRM,
            group=QUARANTINE,
            interfaces=carried,
            databases=tuple(m.resource_id for m in members),
        ),
        Lanes(
            {
                m.name: [
                    RebootInstance(key=f"reboot:{m.name}", phase=CONFIRM, parameter_group=QUIET, **retired[m.name])
                ]
                for m in members
            }
        ),
    ]


def _put_aside(replica: ReplicaFacts) -> Step:
    return RenameDatabase(
        key=f"rename:old:{replica.id}",
        phase=CONFIRM,
        database=replica.id,
        resource_id=replica.resource_id,
        to=set_aside(replica.id),
    )


def _replica(facts: InstanceFacts, options: Options, replica: ReplicaFacts, *, name: str) -> list[Step]:
    """Make a replica, give it what its creation cannot be told, and compare it with the one that it stands for."""
    made: dict[str, Any] = {"database": name, "resource_id": Ref(f"replica:{replica.id}", "DbiResourceId")}
    settings = replica_settings(replica.described)
    expected = GREEN_OTHERWISE if name == replica.id else BORN_OTHERWISE
    tags = (*user_tags(tuple(tags_of(replica.described).items())), ("sealift:role", "replacement"))
    lane: list[Step | None] = [
        CreateReplica(
            key=f"replica:{replica.id}",
            phase=CONFIRM,
            source=facts.id,
            name=name,
            aside=set_aside(replica.id, NEW),
            members=compact(replica_params(replica.described, facts.described)),
            key_arn=facts.key.arn,
            extra_tags=options.extra_tags,
        ),
        SetAttributes(key=f"settings:{replica.id}", phase=CONFIRM, settings=compact(settings), **made)
        if settings
        else None,
        *_own_parameters(facts, replica, made),
        *roles(replica.described, f"{replica.id}:", CONFIRM, made),
        CompareDatabase(
            key=f"compare:{replica.id}",
            phase=CONFIRM,
            was=before_image(INSTANCE, replica.described),
            expected=tuple(sorted(expected.items())),
            key_arn=facts.key.arn,
            **made,
        ),
        GiveDbTags(key=f"tags:{replica.id}", phase=CONFIRM, arn=f"{replica.arn.rsplit(':', 1)[0]}:{name}", tags=tags),
        Protect(
            key=f"protect:{replica.id}", phase=CONFIRM, on=True, former=False, back=set_aside(replica.id, NEW), **made
        )
        if replica.described.get("DeletionProtection")
        else None,
    ]
    return [step for step in lane if step is not None]


def _own_parameters(facts: InstanceFacts, replica: ReplicaFacts, made: Mapping[str, Any]) -> list[Step]:
    """Give it a parameter group other than its primary's, where the creation could not be told."""
    group = replica.parameter_group.name or group_of(replica.described)
    if not group or group == facts.parameter_group.name or tells_parameters(replica.described):
        return []
    return [
        GiveParameters(key=f"parameters:{replica.id}", phase=CONFIRM, parameter_group=group, **made),
        RebootInstance(key=f"parameters:reboot:{replica.id}", phase=CONFIRM, parameter_group=group, **made),
    ]
