"""The snapshot route of an instance: fence, last snapshot, encrypted copy, restore in quarantine, names, own groups.

The warm pair is made while the database serves. Nothing is written from the fence on until the replacement is given its own
groups, which is bring-up; the replacement is born in quarantine with its schedulers off, so that no job runs twice (R-RDS-42).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sealift.fields import before_image
from sealift.fields.instance import BORN_OTHERWISE, INSTANCE, modify_params, replica_params, restore_params
from sealift.kinds.databases.names import NEW, set_aside
from sealift.kinds.databases.quiet import quiet_parameters
from sealift.kinds.rds.facts import InstanceFacts, ReplicaFacts
from sealift.options import Options
from sealift.recipe import Lanes, recipe
from sealift.step import Phase, Ref, Step, Tags, safe_key
from sealift.steps import (
    AddRole,
    AdmitLogin,
    AwaitProxyTarget,
    AwaitQuarantine,
    BeginFence,
    CloneParameterGroup,
    CloseQuarantine,
    CloseWrites,
    CompareDatabase,
    CopyDbSnapshot,
    CreateQuarantine,
    CreateReplica,
    DbClaimHeld,
    DeleteDbSnapshot,
    DeregisterProxyTarget,
    EndSessions,
    FenceInstance,
    GiveDbTags,
    GiveOwnGroups,
    LastDbSnapshot,
    MakeParameterGroup,
    ManagePassword,
    MarkDatabase,
    OpenWrites,
    Protect,
    ProveQuiet,
    QuietParameters,
    RebootInstance,
    RegisterProxyTarget,
    RemoveDbTags,
    RenameInstance,
    RenewWarmDbSnapshot,
    ReserveQuotas,
    RestoreInstance,
    RunHook,
    SaveState,
    SetAttributes,
    SetDbAside,
    StartSchedulers,
    StopSchedulers,
    WarmDbSnapshot,
)

PREPARE, CUTOVER, BRING_UP, CONFIRM = Phase.PREPARE, Phase.CUTOVER, Phase.BRING_UP, Phase.CONFIRM
FORMAT = "1"
TAG_LIMIT, OUR_TAGS = 50, 6
QUARANTINE = Ref("quarantine", "GroupId")
QUIET = Ref("quiet", "name")
NEW_NAME, NEW_ID = Ref("restore", "DBInstanceIdentifier"), Ref("restore", "DbiResourceId")
APART = frozenset({
    "acks", "allow", "asg", "clone_slots", "deny", "iac_tags", "initialization_rate", "key", "max_degraded", "notify",
    "reserve_capacity", "retain", "route", "skip_tags", "stop_deadline", "ticket", "window_end", "window_last_quiesce",
    "window_start",
})  # fmt: skip
"""Options that decide whether and when, not what, and those of other kinds."""


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
    fenced = [facts.described, *(r.described for r in fenced_replicas(facts, options))]
    return sum(2 if d.get("MultiAZ") else 1 for d in fenced)


def fenced_replicas(facts: InstanceFacts, options: Options) -> tuple[ReplicaFacts, ...]:
    """Return the replicas that are fenced with their primary: all, unless their readers may see stale data."""
    return () if options.readers == "stale" else facts.replicas


# -- pieces that the routes share


def mark(facts: InstanceFacts, options: Options, route: str) -> Lanes:
    """Claim the instance and its replicas."""
    plan = safe_key(f"{FORMAT} {route} {inputs_digest(facts, options, route)}")
    extra = tuple(t for t in options.protect_tags if t[0] not in dict(facts.tags))
    sources = [(facts.id, facts.arn, facts.described), *((r.id, r.arn, r.described) for r in facts.replicas)]
    return Lanes(
        {
            name: [MarkDatabase(key=f"mark:{name}", phase=PREPARE, arn=arn, plan=plan, was=was(d), extra_tags=extra)]
            for name, arn, d in sources
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
    fenced = [(facts.id, facts.resource_id, facts.described, facts.parameter_group.name)]
    fenced += [(r.id, r.resource_id, r.described, r.parameter_group.name) for r in fenced_replicas(facts, options)]
    put, reboot = {}, {}
    for name, resource, described, group in fenced:
        own = tuple(g["VpcSecurityGroupId"] for g in described.get("VpcSecurityGroups", ()))
        put[name] = [
            FenceInstance(
                key=f"fence:{name}",
                phase=phase,
                database=name,
                resource_id=resource,
                quarantine=QUARANTINE,
                groups=own,
                parameter_group=group,
                quiet=QUIET,
            )
        ]
        reboot[name] = [
            RebootInstance(
                key=f"reboot:{name}", phase=phase, database=name, resource_id=resource, parameter_group=QUIET
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


# -- the route


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
    count = 2 if facts.multi_az else 1
    return recipe(
        mark(facts, options, "snapshot"),
        state(facts, options),
        ReserveQuotas(key="quotas", phase=PREPARE, source=facts.id, wanted=wanted_quotas(facts)),
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
        BeginFence(key="begin", phase=CUTOVER, groups=own, **source),
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
        _roles(facts, new),
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
        RenameInstance(key="rename:old", phase=CUTOVER, to=old, **source),
        RenameInstance(key="rename:new", phase=CUTOVER, to=facts.id, **new),
        *_opened(facts, options, named),
        GiveOwnGroups(
            key="bring-up",
            phase=BRING_UP,
            groups=own,
            parameter_group=group,
            quarantine=QUARANTINE,
            quiet=QUIET,
            interfaces=count,
            **named,
        ),
        RebootInstance(key="own-parameters", phase=BRING_UP, parameter_group=group, **named),
        _jobs_again(facts, options, named),
        _on_the_proxies(facts, RegisterProxyTarget, "proxy:on"),
        _on_the_proxies(facts, AwaitProxyTarget, "proxy:routes"),
        _replicas_renamed(facts),
        _replicas_made(facts, options),
        Protect(key="protect", phase=CONFIRM, on=True, former=False, back=NEW_NAME, **named),
        hand_over_tags(facts, options, old),
        hook(facts, options, "after", CONFIRM),
        DeleteDbSnapshot(key="warm:copy:gone", phase=CONFIRM, snapshot=Ref("warm:copy", "name"), roles=("copy",)),
    )


def compact(members: Mapping[str, Any]) -> str:
    """Return members as JSON in one line, in a fixed order."""
    return json.dumps(members, sort_keys=True, separators=(",", ":"))


def wanted_quotas(facts: InstanceFacts) -> tuple[tuple[str, int], ...]:
    """Return what the cutover takes of each quota of the account; sources count until finalize (R-RDS-25)."""
    replicas = len(facts.replicas)
    storage = facts.size + sum(int(r.described.get("AllocatedStorage") or 0) for r in facts.replicas)
    return (("DBInstances", 1 + replicas), ("ManualSnapshots", 5), ("AllocatedStorage", storage))


def _roles(facts: InstanceFacts, new: Mapping[str, Any]) -> Lanes:
    roles = facts.described.get("AssociatedRoles") or ()
    return Lanes(
        {
            "roles": [
                AddRole(
                    key=f"role:{number}",
                    phase=CUTOVER,
                    role=r["RoleArn"],
                    feature=r.get("FeatureName", ""),
                    **new,
                )
                for number, r in enumerate(roles, 1)
            ]
        }
    )


def _opened(facts: InstanceFacts, options: Options, named: Mapping[str, Any]) -> list[Step]:
    """Let the replacement be written to from inside: what made the source read-only may have come over with the data."""
    if not options.fence_login:
        return []
    former = Ref("read-only", "former")
    return [OpenWrites(key="writes:new", phase=CUTOVER, former=former, **named, **login(facts, options))]


def _jobs_again(facts: InstanceFacts, options: Options, named: Mapping[str, Any]) -> Step | None:
    if not options.fence_login:
        return None
    former = Ref("schedulers", "former")
    return StartSchedulers(key="schedulers:new", phase=CONFIRM, former=former, **named, **login(facts, options))


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


def _replicas_renamed(facts: InstanceFacts) -> Lanes:
    return Lanes(
        {
            r.id: [
                RenameInstance(
                    key=f"rename:old:{r.id}",
                    phase=CONFIRM,
                    database=r.id,
                    resource_id=r.resource_id,
                    to=set_aside(r.id),
                )
            ]
            for r in facts.replicas
        }
    )


def _replicas_made(facts: InstanceFacts, options: Options) -> Lanes:
    return Lanes(
        {
            r.id: [
                CreateReplica(
                    key=f"replica:{r.id}",
                    phase=CONFIRM,
                    source=facts.id,
                    name=r.id,
                    aside=set_aside(r.id, NEW),
                    members=compact(replica_params(r.described)),
                    key_arn=facts.key.arn,
                    extra_tags=options.extra_tags,
                )
            ]
            for r in facts.replicas
        }
    )


def hand_over_tags(facts: InstanceFacts, options: Options, old: str) -> Lanes:
    """Move the user's tags: all to the replacement, and from the retained source those that backups and schedulers select
    by.
    """
    selecting = {*(facts.selectors or ()), *options.selector_tags}
    aside = tuple((k, value) for k, value in user_tags(facts.tags) if k in selecting)
    old_arn = facts.arn.rsplit(":", 1)[0] + f":{old}"
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
