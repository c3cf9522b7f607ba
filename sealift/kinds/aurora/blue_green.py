"""The Blue/Green route of an Aurora cluster: RDS builds an encrypted green side beside the load, and exchanges the names.

One entry for the cluster encrypts its members too. The old side keeps running and is read-only only until somebody reboots
it: it goes into quarantine in the same cutover.
"""

from collections.abc import Sequence
from typing import Any

from sealift.fields import before_image
from sealift.fields.cluster import CLUSTER
from sealift.fields.instance import GREEN_OTHERWISE
from sealift.fields.member import MEMBER
from sealift.kinds.aurora.facts import ClusterFacts, MemberFacts
from sealift.kinds.aurora.shared import data_api_again, mark, members_tags
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
    ReleaseQuotas,
    ReserveQuotas,
    RetireDatabase,
    SetDataApi,
    SwitchOver,
)
from sealift.steps.db_reboots import reboots

DEPLOYMENT = Ref("blue-green", "id")
SLOT_MOST = 16.0 * 2**20
"""Bytes that green may still have to receive: a segment of the write-ahead log, which goes over in a moment. A guess."""
CLUSTER_OTHERWISE = {
    "DBClusterIdentifier": "its name is exchanged at the switchover",
    "DeletionProtection": "turned on afterwards",
    "HttpEndpointEnabled": "the Data API is turned on after the switchover",
}
"""What a green cluster is not before the switchover."""


def _new(name: str) -> Id:
    return Ref(f"green:{name}", "DbiResourceId")


def _pair(name: str) -> Id:
    return Ref(f"pair:{name}", "name")


def blue_green_recipe(facts: ClusterFacts, options: Options) -> tuple[Step, ...]:
    """Return the steps that encrypt an Aurora cluster by a Blue/Green deployment."""
    count, group = len(facts.members), facts.parameter_group.name
    switched = (facts.id, facts.resource_id, _new(facts.id), facts.groups, group, set_aside(facts.id, NEW))
    instances = tuple((m.id, m.resource_id, _new(m.id), set_aside(m.id, NEW)) for m in facts.members)
    old: dict[str, Any] = {"database": Ref(f"old:{facts.id}", "name"), "resource_id": facts.resource_id}
    retired = tuple((Ref(f"old:{m.id}", "name"), m.resource_id) for m in facts.members)
    return recipe(
        *mark(facts, options, "blue-green"),
        state(facts, options),
        ReserveQuotas(key="quotas", phase=PREPARE, source=facts.id, wanted=(("DBClusters", 1), ("DBInstances", count))),
        *quarantine(facts, options, logs_in=False),
        CreateBlueGreen(
            key="blue-green",
            phase=PREPARE,
            source=facts.arn,
            members=(facts.arn,),
            key_arn=facts.key.arn,
            extra_tags=options.extra_tags,
        ),
        _green_cluster(facts, options),
        _green_members(facts, options),
        ReleaseQuotas(key="quotas:back", phase=PREPARE, source=facts.id, names=("DBClusters", "DBInstances")),
        DbClaimHeld(key="claim", phase=CUTOVER, resource_id=facts.resource_id, of_cluster=True),
        hook(facts, options, "quiesce", CUTOVER),
        BeginSwitchover(key="begin", phase=CUTOVER, deployment=DEPLOYMENT),
        _still(facts),
        SwitchOver(
            key="switchover",
            phase=BRING_UP,
            deployment=DEPLOYMENT,
            database=facts.id,
            timeout=options.switchover_timeout,
            members=(switched,),
            quarantine=QUARANTINE,
            quiet=QUIET,
            interfaces=count,
            of_cluster=True,
            instances=instances,
            endpoints=tuple((e.id, e.resource_id, e.kind, e.static, e.excluded) for e in facts.endpoints or ()),
            proxies=tuple((p.proxy, p.target_group) for p in facts.proxies or ()),
        ),
        _named_now(facts),
        _old_data_api(facts),
        data_api_again(facts, _new(facts.id), former=False),
        RetireDatabase(
            key="retire",
            phase=CONFIRM,
            quarantine=QUARANTINE,
            groups=facts.groups,
            parameter_group=group,
            quiet=QUIET,
            of_cluster=True,
            **old,
        ),
        AwaitQuarantine(
            key="carried",
            phase=CONFIRM,
            group=QUARANTINE,
            interfaces=count,
            databases=(facts.resource_id,),
            of_cluster=True,
        ),
        *reboots(
            "retire:reboot",
            old["database"],
            facts.resource_id,
            QUIET,
            of_cluster=True,
            members=retired,
            phase=CONFIRM,
        ),
        DeleteBlueGreen(key="record", phase=CONFIRM, deployment=DEPLOYMENT, with_green=False),
        Protect(
            key="protect",
            phase=CONFIRM,
            on=True,
            former=False,
            back=set_aside(facts.id, NEW),
            database=facts.id,
            resource_id=_new(facts.id),
            of_cluster=True,
        ),
        members_tags(facts),
        hand_over_tags(facts, options, Ref(f"old:{facts.id}", "arn")),
        hook(facts, options, "after", CONFIRM),
    )


def readers_down(facts: ClusterFacts, options: Options, steps: Sequence[Step]) -> Spans:
    """Return while what the reader endpoint answers nobody: the same as for who writes."""
    return writers_down(steps) if len(facts.members) > 1 else ()


def _green_cluster(facts: ClusterFacts, options: Options) -> Lanes:
    return Lanes(
        {
            facts.id: [
                PairOf(key=f"pair:{facts.id}", phase=PREPARE, deployment=DEPLOYMENT, arn=facts.arn),
                GreenMember(
                    key=f"green:{facts.id}",
                    phase=PREPARE,
                    database=_pair(facts.id),
                    key_arn=facts.key.arn,
                    size=facts.size,
                    aside=set_aside(facts.id, NEW),
                    extra_tags=options.extra_tags,
                    of_cluster=True,
                ),
                *roles(
                    facts.described,
                    "",
                    PREPARE,
                    {"database": _pair(facts.id), "resource_id": _new(facts.id)},
                    of_cluster=True,
                ),
            ]
        }
    )


def _green_members(facts: ClusterFacts, options: Options) -> Lanes:
    return Lanes(
        {
            m.id: [
                PairOf(key=f"pair:{m.id}", phase=PREPARE, deployment=DEPLOYMENT, arn=m.arn),
                GreenMember(
                    key=f"green:{m.id}",
                    phase=PREPARE,
                    database=_pair(m.id),
                    key_arn=facts.key.arn,
                    size=0,
                    aside=set_aside(m.id, NEW),
                    extra_tags=options.extra_tags,
                    member=True,
                ),
                *([_caught_up(facts, m)] if m.writer else []),
            ]
            for m in facts.members
        }
    )


def _caught_up(facts: ClusterFacts, writer: MemberFacts) -> Step:
    """Wait for the green writer by what its engine tells: Aurora MySQL's own lag, or what blue's slots still hold (SB-AUR-47)."""
    about: dict[str, Any] = {"key": f"lag:{writer.id}", "phase": PREPARE}
    if facts.engine == "aurora-postgresql":
        return AwaitLag(database=writer.id, metric="OldestReplicationSlotLag", most=SLOT_MOST, unit="bytes", **about)
    return AwaitLag(database=_pair(writer.id), metric="AuroraBinlogReplicaLag", **about)


def _still(facts: ClusterFacts) -> Lanes:
    """See directly before the switchover that the green side is there, under the key, and as the blue one is."""
    lanes: dict[str, list[Step]] = {
        facts.id: [
            GreenStill(
                key=f"still:{facts.id}",
                phase=CUTOVER,
                database=_pair(facts.id),
                resource_id=_new(facts.id),
                key_arn=facts.key.arn,
                of_cluster=True,
            ),
            CompareDatabase(
                key=f"compare:{facts.id}",
                phase=CUTOVER,
                database=_pair(facts.id),
                resource_id=_new(facts.id),
                was=before_image(CLUSTER, facts.described),
                expected=tuple(sorted(CLUSTER_OTHERWISE.items())),
                key_arn=facts.key.arn,
                of_cluster=True,
            ),
        ]
    }
    for m in facts.members:
        lanes[m.id] = [
            CompareDatabase(
                key=f"compare:{m.id}",
                phase=CUTOVER,
                database=_pair(m.id),
                resource_id=_new(m.id),
                was=before_image(MEMBER, m.described),
                expected=tuple(sorted(GREEN_OTHERWISE.items())),
                key_arn=facts.key.arn,
                member=True,
            )
        ]
    return Lanes(lanes)


def _named_now(facts: ClusterFacts) -> Lanes:
    named: dict[str, list[Step]] = {
        facts.id: [
            NameNow(key=f"old:{facts.id}", phase=CONFIRM, resource_id=facts.resource_id, was=facts.id, of_cluster=True)
        ]
    }
    for m in facts.members:
        named[m.id] = [NameNow(key=f"old:{m.id}", phase=CONFIRM, resource_id=m.resource_id, was=m.id)]
    return Lanes(named)


def _old_data_api(facts: ClusterFacts) -> Step | None:
    """Turn it off for the old side: it reads and, once rebooted, writes there."""
    if not facts.data_api:
        return None
    return SetDataApi(
        key="data-api",
        phase=CONFIRM,
        database=facts.id,
        arn=Ref(f"old:{facts.id}", "arn"),
        resource_id=facts.resource_id,
        on=False,
    )


def kept(facts: ClusterFacts) -> tuple[str, ...]:
    """Return what the sources are called while they are retained: they run, fenced off."""
    return tuple(switched_over(name) for name in (facts.id, *(m.id for m in facts.members if facts.aurora)))
