"""The snapshot route of a cluster: fence, last snapshot, restore under the key in quarantine, members, names, own groups.

The restore is what encrypts. Nothing is written from the fence on until the replacement is given its own groups, which is
bring-up; its readers read the same storage, so that they are down and up with their writer.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sealift.fields import before_image
from sealift.fields.cluster import CLUSTER, CLUSTER_BORN_OTHERWISE, modify_params, restore_params
from sealift.fields.member import MEMBER, MEMBER_BORN_OTHERWISE, member_params
from sealift.kinds.aurora.facts import ClusterFacts, MemberFacts
from sealift.kinds.aurora.shared import (
    data_api_again,
    fence,
    mark,
    members_tags,
    proof,
    scaled_again,
    without_data_api,
    without_scaling,
)
from sealift.kinds.databases.names import set_aside
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
    state,
    warm_gone,
)
from sealift.options import Options
from sealift.recipe import Lanes, Span, Spans, recipe, writers_down
from sealift.step import Phase, Ref, Step
from sealift.steps import (
    AwaitOwnGroups,
    AwaitProxyTarget,
    BeginFence,
    CompareDatabase,
    CreateClusterEndpoint,
    CreateMember,
    DbClaimHeld,
    DeleteClusterEndpoint,
    DeregisterProxyTarget,
    GiveOwnGroups,
    LastDbSnapshot,
    ManagePassword,
    OpenWrites,
    Protect,
    RegisterProxyTarget,
    RenameDatabase,
    RenewWarmDbSnapshot,
    ReserveQuotas,
    RestoreCluster,
    SetAttributes,
    StartSchedulers,
    TakeName,
    WarmDbSnapshot,
)
from sealift.steps.db_reboots import reboots

OWN_PARAMETERS = "own-parameters"
NEW_NAME, NEW_ID = Ref("restore", "DBClusterIdentifier"), Ref("restore", "DbClusterResourceId")


def snapshot_recipe(facts: ClusterFacts, options: Options) -> tuple[Step, ...]:
    """Return the steps that encrypt a cluster by way of a snapshot, with everything that it carries."""
    old, own, group = set_aside(facts.id), facts.groups, facts.parameter_group.name
    sized: dict[str, Any] = {"size": facts.size, "extra_tags": options.extra_tags, "of_cluster": True}
    source: dict[str, Any] = {"database": facts.id, "resource_id": facts.resource_id}
    new: dict[str, Any] = {"database": NEW_NAME, "resource_id": NEW_ID, "of_cluster": True}
    named: dict[str, Any] = {"database": facts.id, "resource_id": NEW_ID, "of_cluster": True}
    settings = modify_params(facts.described)
    writer, *readers = _into_own_parameters(facts, group)
    return recipe(
        *mark(facts, options, "snapshot"),
        state(facts, options),
        ReserveQuotas(key="quotas", phase=PREPARE, source=facts.id, wanted=tuple(facts.needs.items())),
        *quarantine(facts, options),
        WarmDbSnapshot(key="warm", phase=PREPARE, **source, **sized),
        RenewWarmDbSnapshot(
            key="renew", phase=PREPARE, warm=Ref("warm", "name"), max_age=options.warm_max_age, **source, **sized
        ),
        DbClaimHeld(key="claim", phase=CUTOVER, resource_id=facts.resource_id, of_cluster=True),
        hook(facts, options, "quiesce", CUTOVER),
        without_scaling(facts),
        BeginFence(
            key="begin",
            phase=CUTOVER,
            groups=own,
            quarantine=QUARANTINE,
            of_cluster=True,
            members=tuple(sorted(m.id for m in facts.members)),
            **source,
        ),
        *inside(facts, options),
        without_data_api(facts),
        *fence(facts, options),
        LastDbSnapshot(key="last", phase=CUTOVER, **source, **sized),
        RestoreCluster(
            key="restore",
            phase=CUTOVER,
            snapshot=Ref("last", "name"),
            groups=(QUARANTINE,),
            parameter_group=QUIET,
            members=compact(restore_params(facts.described)),
            key_arn=facts.key.arn,
            key_name=facts.key.wanted,
            size=facts.size,
            extra_tags=options.extra_tags,
        ),
        *_members(facts, options),
        SetAttributes(key="settings", phase=CUTOVER, settings=compact(settings), **new) if settings else None,
        ManagePassword(key="password", phase=CUTOVER, key_arn=facts.key.arn, **new) if facts.managed_password else None,
        CompareDatabase(
            key="compare",
            phase=CUTOVER,
            was=before_image(CLUSTER, facts.described),
            expected=tuple(sorted(CLUSTER_BORN_OTHERWISE.items())),
            key_arn=facts.key.arn,
            **new,
        ),
        _compared_members(facts),
        proof("proof:again", facts, options, since="proof"),
        _off_the_proxies(facts),
        _endpoints_off(facts),
        RenameDatabase(
            key="rename:old", phase=CUTOVER, to=old, of_cluster=True, groups=(Ref("quarantine", "GroupId"),), **source
        ),
        TakeName(
            key="rename:new",
            phase=CUTOVER,
            to=facts.id,
            instances=tuple((m.id, f"member:{m.id}") for m in facts.members if facts.aurora),
            **new,
        ),
        _members_renamed(facts),
        _endpoints_on(facts),
        *_opened(facts, options, named),
        hand_over(facts),
        GiveOwnGroups(
            key="bring-up",
            phase=BRING_UP,
            groups=own,
            parameter_group=group,
            quarantine=QUARANTINE,
            quiet=QUIET,
            interfaces=2 * len(facts.members),
            instances=_new_members(facts),
            **named,
        ),
        writer,
        AwaitOwnGroups(key="own-groups", phase=CONFIRM, group=QUARANTINE),
        data_api_again(facts, NEW_ID),
        _jobs_again(facts, options, named),
        _on_the_proxies(facts, RegisterProxyTarget, "proxy:on"),
        _on_the_proxies(facts, AwaitProxyTarget, "proxy:routes"),
        *readers,
        scaled_again(facts, NEW_ID),
        *warm_gone(facts, copied=False),
        quotas_back(facts),
        Protect(key="protect", phase=CONFIRM, on=True, former=False, back=NEW_NAME, **named),
        members_tags(facts),
        hand_over_tags(facts, options, facts.arn.rsplit(":", 1)[0] + f":{old}"),
        hook(facts, options, "after", CONFIRM),
    )


def readers_down(facts: ClusterFacts, options: Options, steps: Sequence[Step]) -> Spans:
    """Return while what readers get nothing: until the replacement is let into its own groups, and then while one of them is
    rebooted.
    """
    if len(facts.members) < 2:
        return ()
    up = next(s.key for s in steps if s.opens)
    own = next(
        s.key for s in steps if s.key.startswith(OWN_PARAMETERS)
    )  # the writer is rebooted while the network opens
    last = [s.key for s in steps if s.key.startswith(OWN_PARAMETERS)][-1]
    return (*(Span(span.first, up, beside=own) for span in writers_down(steps)), Span(last, last))


def _members(facts: ClusterFacts, options: Options) -> list[Step | Lanes]:
    """Make the members, the writer first: the first that is there writes. A Multi-AZ DB cluster has brought its own."""
    if not facts.aurora:
        return []
    writer, *readers = facts.members
    return [_member(writer, options), Lanes({m.id: [_member(m, options)] for m in readers})]


def _member(member: MemberFacts, options: Options) -> Step:
    return CreateMember(
        key=f"member:{member.id}",
        phase=CUTOVER,
        cluster=NEW_NAME,
        stands_for=member.id,
        members=compact(member_params(member.described)),
        extra_tags=options.extra_tags,
    )


def _into_own_parameters(facts: ClusterFacts, group: str) -> tuple[Step, ...]:
    """Reboot the replacement's members, the writer first: whoever writes is let in before readers are rebooted."""
    about: dict[str, Any] = {"of_cluster": True, "members": _new_members(facts), "phase": CONFIRM}
    return reboots(OWN_PARAMETERS, facts.id, NEW_ID, group, applying=True, **about)


def _new_id(member: MemberFacts) -> Ref:
    return Ref(f"member:{member.id}", "DbiResourceId")


def _new_members(facts: ClusterFacts) -> tuple[tuple[str, Ref], ...]:
    return tuple((m.id, _new_id(m)) for m in facts.members) if facts.aurora else ()


def _compared_members(facts: ClusterFacts) -> Lanes:
    return Lanes(
        {
            m.id: [
                CompareDatabase(
                    key=f"compare:{m.id}",
                    phase=CUTOVER,
                    database=Ref(f"member:{m.id}", "DBInstanceIdentifier"),
                    resource_id=_new_id(m),
                    was=before_image(MEMBER, m.described),
                    expected=tuple(sorted(MEMBER_BORN_OTHERWISE.items())),
                    key_arn=facts.key.arn,
                    member=True,
                )
            ]
            for m in facts.members
            if facts.aurora
        }
    )


def _members_renamed(facts: ClusterFacts) -> Lanes:
    """Exchange the names of the members; those of a Multi-AZ DB cluster keep the names that they came with."""
    return Lanes(
        {
            m.id: [
                RenameDatabase(
                    key=f"rename:old:{m.id}",
                    phase=CUTOVER,
                    database=m.id,
                    resource_id=m.resource_id,
                    to=set_aside(m.id),
                ),
                TakeName(
                    key=f"rename:new:{m.id}",
                    phase=CUTOVER,
                    member=True,
                    database=Ref(f"member:{m.id}", "DBInstanceIdentifier"),
                    resource_id=_new_id(m),
                    to=m.id,
                ),
            ]
            for m in facts.members
            if facts.aurora
        }
    )


def _endpoints_off(facts: ClusterFacts) -> Lanes:
    return _endpoints(facts, DeleteClusterEndpoint, "endpoint:off", facts.resource_id)


def _endpoints_on(facts: ClusterFacts) -> Lanes:
    return _endpoints(facts, CreateClusterEndpoint, "endpoint:on", NEW_ID)


def _endpoints(
    facts: ClusterFacts, step: type[CreateClusterEndpoint] | type[DeleteClusterEndpoint], key: str, of: Any
) -> Lanes:
    return Lanes(
        {
            e.id: [
                step(
                    key=f"{key}:{e.id}",
                    phase=CUTOVER,
                    endpoint=e.id,
                    cluster=facts.id,
                    resource_id=of,
                    kind=e.kind,
                    static=e.static,
                    excluded=e.excluded,
                    tags=e.tags,
                )
            ]
            for e in facts.endpoints or ()
        }
    )


def _opened(facts: ClusterFacts, options: Options, named: Mapping[str, Any]) -> list[Step]:
    """Let the replacement be written to from inside: what made the source read-only may have come over with the data."""
    if not options.fence_login:
        return []
    about = {**login(facts, options), **named}
    return [OpenWrites(key="writes:new", phase=CUTOVER, former=WRITES, **about)]


def _jobs_again(facts: ClusterFacts, options: Options, named: Mapping[str, Any]) -> Step | None:
    if not options.fence_login:
        return None
    about = {**login(facts, options), **named}
    return StartSchedulers(key="schedulers:new", phase=CONFIRM, former=SCHEDULERS, **about)


def _off_the_proxies(facts: ClusterFacts) -> Lanes:
    return _proxied(facts, DeregisterProxyTarget, "proxy:off", CUTOVER)


def _on_the_proxies(facts: ClusterFacts, step: type[RegisterProxyTarget], key: str) -> Lanes:
    return _proxied(facts, step, key, CONFIRM)


def _proxied(facts: ClusterFacts, step: type[RegisterProxyTarget], key: str, phase: Phase) -> Lanes:
    return Lanes(
        {
            p.proxy: [
                step(
                    key=f"{key}:{p.proxy}",
                    phase=phase,
                    proxy=p.proxy,
                    target_group=p.target_group,
                    database=facts.id,
                    of_cluster=True,
                )
            ]
            for p in facts.proxies or ()
        }
    )


def kept(facts: ClusterFacts) -> tuple[str, ...]:
    """Return what the sources are called while they are retained: they run, fenced off."""
    return tuple(set_aside(name) for name in (facts.id, *(m.id for m in facts.members if facts.aurora)))
