"""What the routes of a cluster share: what identifies it, the claim, the fence and its proof, the tags of its members."""

from typing import Any

from sealift.fields import before_image
from sealift.fields.cluster import CLUSTER
from sealift.fields.member import MEMBER
from sealift.kinds.aurora.facts import ClusterFacts
from sealift.kinds.databases import pieces
from sealift.kinds.databases.pieces import CONFIRM, CUTOVER, QUARANTINE, QUIET, login, user_tags
from sealift.options import Options
from sealift.recipe import Lanes
from sealift.step import Id, Ref, Step
from sealift.steps import (
    AwaitQuarantine,
    FenceDatabase,
    GiveDbTags,
    LetInByDataApi,
    ProveQuiet,
    ResumeReaderScaling,
    SetDataApi,
    SuspendReaderScaling,
)
from sealift.steps.db_reboots import Members, reboots


def identity(facts: ClusterFacts) -> dict[str, Any]:
    """Return the facts whose change refuses a target: what is restored, where it is, under which key. Others are noted."""
    members = {
        m.id: {"resource": m.resource_id, "writer": m.writer, **dict(before_image(MEMBER, m.described))}
        for m in facts.members
    }
    return {
        "cluster": facts.id,
        "resource": facts.resource_id,
        "account": facts.account,
        "region": facts.region,
        "key": facts.key.arn,
        "fields": dict(before_image(CLUSTER, facts.described)),
        "members": members,
        "endpoints": [[e.id, e.kind, e.static, e.excluded] for e in facts.endpoints or ()],
        "scaling": facts.scaling or "",
        "proxies": [f"{p.proxy}/{p.target_group}" for p in facts.proxies or ()],
    }


def mark(facts: ClusterFacts, options: Options, route: str) -> list[Lanes]:
    """Claim the cluster and its members."""
    return pieces.mark(facts, options, route, identity(facts))


def own_members(facts: ClusterFacts) -> Members:
    """Return the members that are rebooted one by one: those of Aurora; a Multi-AZ DB cluster is rebooted as a whole."""
    return tuple((m.id, m.resource_id) for m in facts.members) if facts.aurora else ()


def without_scaling(facts: ClusterFacts) -> Step | None:
    """Suspend the scaling of readers: it would add one behind the fence."""
    if not facts.scaling:
        return None
    return SuspendReaderScaling(key="scaling", phase=CUTOVER, database=facts.id, former=facts.scaling)


def scaled_again(facts: ClusterFacts, new: Id) -> Step | None:
    """Let the replacement's readers be scaled as the source's were: a scalable target goes by name."""
    if not facts.scaling:
        return None
    return ResumeReaderScaling(
        key="scaling:on", phase=CONFIRM, database=facts.id, resource_id=new, former=facts.scaling
    )


def without_data_api(facts: ClusterFacts) -> Step | None:
    """Turn the Data API off: no security group stops what comes in that way."""
    if not facts.data_api:
        return None
    return SetDataApi(
        key="data-api", phase=CUTOVER, database=facts.id, arn=facts.arn, resource_id=facts.resource_id, on=False
    )


def data_api_again(facts: ClusterFacts, new: Id, *, former: bool = False) -> Step | None:
    """Turn it on for the replacement, after bring-up: it is a way in for clients."""
    if not facts.data_api:
        return None
    return LetInByDataApi(
        key="data-api:on",
        phase=CONFIRM,
        database=facts.id,
        arn=facts.arn,
        resource_id=new,
        on=True,
        former=former,
    )


def fence(facts: ClusterFacts, options: Options) -> list[Step | Lanes]:
    """Put the cluster into quarantine with all its members, wait for the network, reboot them, the writer first, prove it."""
    members = own_members(facts)
    return [
        FenceDatabase(
            key="fence",
            phase=CUTOVER,
            database=facts.id,
            resource_id=facts.resource_id,
            quarantine=QUARANTINE,
            groups=facts.groups,
            parameter_group=facts.parameter_group.name,
            quiet=QUIET,
            of_cluster=True,
            instances=members,
        ),
        AwaitQuarantine(
            key="carried",
            phase=CUTOVER,
            group=QUARANTINE,
            interfaces=len(facts.members),
            databases=(facts.resource_id,),
            of_cluster=True,
        ),
        *reboots("reboot", facts.id, facts.resource_id, QUIET, of_cluster=True, members=members, phase=CUTOVER),
        proof("proof", facts, options),
    ]


def proof(key: str, facts: ClusterFacts, options: Options, *, since: str = "") -> Step:
    """Prove that nothing is connected to any member and nothing written."""
    about: dict[str, Any] = {"resource_id": facts.resource_id, "of_cluster": True}
    if options.fence_login:
        about |= login(facts, options)
    if since:
        about |= {"since": Ref(since, "position")} if options.fence_login else {"after": Ref(since, "began")}
    return ProveQuiet(key=key, phase=CUTOVER, databases=(facts.id,), **about)


def members_tags(facts: ClusterFacts) -> Lanes:
    """Give new members the tags of those that they stand for, where they bear their names."""
    return Lanes(
        {
            m.id: [
                GiveDbTags(
                    key=f"tags:{m.id}",
                    phase=CONFIRM,
                    arn=m.arn,
                    tags=(*user_tags(m.tags), ("sealift:role", "replacement")),
                )
            ]
            for m in facts.members
            if facts.aurora
        }
    )
