"""What the routes of an instance share: the claim, the quarantine, the fence and its proof, the hand-over of tags."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sealift.fields import Described, before_image
from sealift.fields.instance import INSTANCE
from sealift.kinds.databases.quiet import quiet_parameters
from sealift.kinds.rds.facts import InstanceFacts, ReplicaFacts
from sealift.options import Options
from sealift.recipe import Lanes
from sealift.step import Id, Phase, Ref, Step, Tags, safe_key
from sealift.steps import (
    AdmitLogin,
    AwaitQuarantine,
    CloneParameterGroup,
    CloseQuarantine,
    CloseWrites,
    CreateQuarantine,
    EndSessions,
    FenceInstance,
    GiveDbTags,
    MakeParameterGroup,
    MarkDatabase,
    ProveQuiet,
    QuietParameters,
    RebootInstance,
    RemoveDbTags,
    RunHook,
    SaveState,
    SetDbAside,
    StopSchedulers,
)

PREPARE, CUTOVER, BRING_UP, CONFIRM = Phase.PREPARE, Phase.CUTOVER, Phase.BRING_UP, Phase.CONFIRM
FORMAT = "1"
TAG_LIMIT, OUR_TAGS = 50, 6
QUARANTINE = Ref("quarantine", "GroupId")
QUIET = Ref("quiet", "name")
APART = frozenset({
    "acks", "allow", "asg", "clone_slots", "deny", "iac_tags", "initialization_rate", "key", "max_degraded", "notify",
    "reserve_capacity", "retain", "route", "skip_tags", "stop_deadline", "ticket", "window_end", "window_last_quiesce",
    "window_start",
})  # fmt: skip
"""Options that decide whether and when, not what, and those of other kinds."""


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


def inputs_digest(facts: InstanceFacts, options: Options, route: str) -> str:
    """Digest what a recipe is made of, so that `adopt` can tell whether it rebuilt the same one."""
    chosen = {k: v for k, v in asdict(options).items() if k not in APART}
    body = {"identity": identity(facts), "route": route, "key": facts.key.arn, "options": chosen}
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()[:16]


def was(described: Mapping[str, Any]) -> str:
    """Pack the former values that the way back needs into RDS's tag alphabet, at most 256 characters."""
    groups = "/".join(g["VpcSecurityGroupId"] for g in described.get("VpcSecurityGroups", ()))
    parameters = next((g["DBParameterGroupName"] for g in described.get("DBParameterGroups", ())), "")
    words = {
        "n": described["DBInstanceIdentifier"],
        "r": described["DbiResourceId"],
        "g": groups,
        "p": parameters,
        "d": str(int(bool(described.get("DeletionProtection")))),
    }
    return safe_key(" ".join(f"{k}={v}" for k, v in words.items()))[:256]


def user_tags(tags: Tags) -> Tags:
    """Return the tags that come over: without `aws:*` (reserved, R-RDS-48) and ours, within the limit of 50."""
    kept = [(k, v) for k, v in tags if not k.startswith(("aws:", "sealift:"))]
    return tuple(kept[: TAG_LIMIT - OUR_TAGS])


def interfaces(facts: InstanceFacts, options: Options) -> int:
    """Return how many network interfaces the fence puts into quarantine: a standby has one of its own."""
    return sum(interfaces_of(d) for d in (facts.described, *(r.described for r in fenced_replicas(facts, options))))


def fenced_replicas(facts: InstanceFacts, options: Options) -> tuple[ReplicaFacts, ...]:
    """Return the replicas that are fenced with their primary: all, unless their readers may see stale data."""
    return () if options.readers == "stale" else facts.replicas


# -- pieces that the routes share


def mark(facts: InstanceFacts, options: Options, route: str) -> Lanes:
    """Claim the instance and its replicas."""
    plan = safe_key(f"{FORMAT} {route} {inputs_digest(facts, options, route)}")
    extra = tuple(t for t in options.protect_tags if t[0] not in dict(facts.tags))
    return Lanes(
        {
            m.name: [
                MarkDatabase(
                    key=f"mark:{m.name}", phase=PREPARE, arn=m.arn, plan=plan, was=was(m.described), extra_tags=extra
                )
            ]
            for m in members_of(facts)
        }
    )


def state(facts: InstanceFacts, options: Options) -> Step | None:
    """Write the whole plan to S3, where that was asked for."""
    return SaveState(key="state", phase=PREPARE, source=facts.id, url=options.state_url) if options.state_url else None


def quarantine(facts: InstanceFacts, options: Options) -> list[Step]:
    """Make the quarantine group, and the parameter group in which nothing runs by itself."""
    values = dict(facts.parameter_group.values or ())
    about: dict[str, Any] = {"phase": PREPARE, "extra_tags": options.extra_tags}
    made: list[Step] = [
        CreateQuarantine(key="quarantine", vpc=facts.vpc, target=facts.id, **about),
        CloseQuarantine(key="quarantine:close", phase=PREPARE, group=QUARANTINE),
    ]
    if options.fence_login and options.fence_from:
        port = int((facts.described.get("Endpoint") or {}).get("Port") or 0)
        made.append(
            AdmitLogin(key="quarantine:login", phase=PREPARE, group=QUARANTINE, port=port, source=options.fence_from)
        )
    group = facts.parameter_group
    made.append(
        MakeParameterGroup(key="quiet", family=group.family, **about)
        if group.default
        else CloneParameterGroup(key="quiet", source=group.name, **about)
    )
    if parameters := quiet_parameters(facts.engine, values):
        made.append(QuietParameters(key="quiet:off", phase=PREPARE, group=QUIET, parameters=parameters))
    return made


def hook(facts: InstanceFacts, options: Options, when: str, phase: Phase) -> Step | None:
    """Run the user's command."""
    command, other = (options.quiesce, options.after) if when == "quiesce" else (options.after, options.quiesce)
    if not command:
        return None
    return RunHook(
        key=f"hook:{when}",
        phase=phase,
        command=command,
        counterpart=other,
        when=when,
        timeout=options.hook_timeout,
        instance=facts.id,
    )


def login(facts: InstanceFacts, options: Options) -> dict[str, Any]:
    """Return the members of a step that logs in."""
    return {"engine": facts.engine, "secret": options.fence_login}


def inside(facts: InstanceFacts, options: Options) -> list[Step]:
    """Close the engine from inside, where there is a login."""
    if not options.fence_login:
        return []
    about: dict[str, Any] = {
        "phase": CUTOVER,
        "database": facts.id,
        "resource_id": facts.resource_id,
        **login(facts, options),
    }
    return [
        StopSchedulers(key="schedulers", **about),
        CloseWrites(key="read-only", **about),
        EndSessions(key="sessions", **about),
    ]


def fence(facts: InstanceFacts, options: Options, phase: Phase = CUTOVER) -> list[Step | Lanes]:
    """Put the instance and its replicas into quarantine, wait for the network, reboot them, and prove it."""
    stale = {r.id for r in facts.replicas} - {r.id for r in fenced_replicas(facts, options)}
    put, reboot = {}, {}
    for m in (m for m in members_of(facts) if m.name not in stale):
        put[m.name] = [
            FenceInstance(
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
    carried = AwaitQuarantine(key="carried", phase=phase, group=QUARANTINE, interfaces=interfaces(facts, options))
    return [Lanes(put), carried, Lanes(reboot), proof("proof", facts, options, phase=phase)]


def proof(key: str, facts: InstanceFacts, options: Options, *, since: str = "", phase: Phase = CUTOVER) -> Step:
    """Prove that nothing is connected and nothing written."""
    names = (facts.id, *(r.id for r in fenced_replicas(facts, options)))
    about: dict[str, Any] = {}
    if options.fence_login:
        about |= {"resource_id": facts.resource_id, **login(facts, options)}
        about["since"] = Ref(since, "position") if since else ""
    return ProveQuiet(key=key, phase=phase, databases=names, **about)


def hand_over_tags(facts: InstanceFacts, options: Options, old_arn: Id) -> Lanes:
    """Move the user's tags: all to the replacement, and from the retained source those that backups and schedulers select
    by.
    """
    selecting = {*(facts.selectors or ()), *options.selector_tags}
    aside = tuple((k, value) for k, value in user_tags(facts.tags) if k in selecting)
    lane: list[Step] = [
        GiveDbTags(
            key="tags",
            phase=CONFIRM,
            arn=facts.arn,
            tags=(*user_tags(facts.tags), ("sealift:role", "replacement")),
        )
    ]
    if aside:
        noted = tuple((f"sealift:was-tag:{k}"[:128], value) for k, value in aside)
        lane += [
            SetDbAside(key="aside", phase=CONFIRM, arn=old_arn, back=facts.arn, tags=noted),
            RemoveDbTags(
                key="untag", phase=CONFIRM, arn=old_arn, keys=tuple(k for k, _ in aside), former=aside, back=facts.arn
            ),
        ]
    return Lanes({facts.id: lane})
