"""Pieces of recipes that instances and clusters share: the claim, the quarantine, what a login does, the hand-over of tags."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sealift.kinds.databases import image
from sealift.kinds.databases.facts import DatabaseFacts, Described
from sealift.kinds.databases.quiet import closes_writes, quiet_parameters
from sealift.options import Options
from sealift.recipe import Lanes
from sealift.step import Id, Phase, Ref, Step, Tags, safe_key
from sealift.steps import (
    AddRole,
    AdmitLogin,
    CloneParameterGroup,
    CloseQuarantine,
    CloseWrites,
    CreateQuarantine,
    DeleteDbSnapshot,
    EndSessions,
    GiveDbTags,
    HandOver,
    LookInside,
    MakeParameterGroup,
    MarkDatabase,
    MarkInside,
    NoteInside,
    QuietParameters,
    ReleaseQuotas,
    RemoveDbTags,
    RunHook,
    SaveState,
    SetDbAside,
    StopSchedulers,
)
from sealift.steps.db_looks import id_of, name_of

PREPARE, CUTOVER, BRING_UP, CONFIRM = Phase.PREPARE, Phase.CUTOVER, Phase.BRING_UP, Phase.CONFIRM
FORMAT = "1"
TAG_LIMIT, OUR_TAGS = 50, 6
QUARANTINE = Ref("quarantine", "GroupId")
QUIET = Ref("quiet", "name")
WRITES, SCHEDULERS = Ref("inside", "writes"), Ref("inside", "schedulers")
APART = frozenset({
    "acks", "allow", "asg", "clone_slots", "deny", "drop_backups", "iac_tags", "initialization_rate", "key", "max_degraded", "notify",
    "rekey", "reserve_capacity", "retain", "route", "skip_tags", "state_url", "stop_deadline", "ticket", "watchdog", "window_end",
    "window_last_quiesce", "window_start",
})  # fmt: skip
"""Options that decide whether and when, not what (and where the plan is kept), and those of other kinds."""


def arn_of(described: Described) -> str:
    """Return the ARN of an instance or cluster."""
    return str(described.get("DBInstanceArn") or described["DBClusterArn"])


def compact(members: Mapping[str, Any]) -> str:
    """Return members as JSON in one line, in a fixed order."""
    return json.dumps(members, sort_keys=True, separators=(",", ":"))


def inputs_digest(identity: Mapping[str, Any], facts: DatabaseFacts, options: Options, route: str) -> str:
    """Digest what a recipe is made of, so that `adopt` can tell whether it rebuilt the same one."""
    chosen = {k: v for k, v in asdict(options).items() if k not in APART}
    body = {"identity": identity, "route": route, "key": facts.key.arn, "options": chosen}
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()[:16]


def user_tags(tags: Tags) -> Tags:
    """Return the tags that come over: without `aws:*` (reserved, R-RDS-48) and ours, within the limit of 50."""
    kept = [(k, v) for k, v in tags if not k.startswith(("aws:", "sealift:"))]
    return tuple(kept[: TAG_LIMIT - OUR_TAGS])


def mark(facts: DatabaseFacts, options: Options, route: str, identity: Mapping[str, Any]) -> list[Lanes]:
    """Claim the database, then what moves with it, and write down on each how it was: a claim on these alone would be nobody's."""
    plan = safe_key(f"{FORMAT} {route} {inputs_digest(identity, facts, options, route)}")
    extra = tuple(t for t in options.protect_tags if t[0] not in dict(facts.tags))
    lanes: dict[str, list[Step]] = {}
    for described, words in facts.images:
        was = image.pack(words)
        begins = was.pop(image.FIRST)
        name = name_of(described)
        lanes[name] = [
            MarkDatabase(
                key=f"mark:{name}",
                phase=PREPARE,
                arn=arn_of(described),
                plan=plan,
                was=begins,
                more=tuple(was.items()),
                extra_tags=extra,
                resource_id=id_of(described),
                of_cluster="DBInstanceIdentifier" not in described,
            )
        ]
    first, *others = lanes.items()
    return [Lanes(dict([first])), Lanes(dict(others))]


def hand_over(facts: DatabaseFacts) -> Step:
    """Write on the replacement, directly before clients can reach it, that it may have been written to."""
    return HandOver(key="handed", phase=CUTOVER, arn=facts.arn, tags=(("sealift:role", "replacement"),))


def state(facts: DatabaseFacts, options: Options) -> Step | None:
    """Write the whole plan to S3, where that was asked for."""
    return SaveState(key="state", phase=PREPARE, source=facts.id, url=options.state_url) if options.state_url else None


def quarantine(facts: DatabaseFacts, options: Options, *, logs_in: bool = True) -> list[Step]:
    """Make the quarantine group, and the parameter group in which nothing runs by itself; the login that goes through it is
    tried first, where the route `logs_in` at all.
    """
    values = dict(facts.parameter_group.values or ())
    about: dict[str, Any] = {"phase": PREPARE, "extra_tags": options.extra_tags}
    of_cluster = facts.of_cluster
    logs_in = logs_in and bool(options.fence_login)
    made: list[Step] = []
    if logs_in:
        inside: dict[str, Any] = {"database": facts.id, "resource_id": facts.resource_id, **login(facts, options)}
        made.append(LookInside(key="look", phase=PREPARE, **inside))
    made += [
        CreateQuarantine(key="quarantine", vpc=facts.vpc, target=facts.id, **about),
        CloseQuarantine(key="quarantine:close", phase=PREPARE, group=QUARANTINE),
        CloseQuarantine(key="quarantine:close:v6", phase=PREPARE, group=QUARANTINE, v6=True),
    ]
    if logs_in and options.fence_from:
        made.append(
            AdmitLogin(
                key="quarantine:login", phase=PREPARE, group=QUARANTINE, port=facts.port, source=options.fence_from
            )
        )
    group = facts.parameter_group
    made.append(
        MakeParameterGroup(key="quiet", family=group.family, of_cluster=of_cluster, **about)
        if group.default
        else CloneParameterGroup(key="quiet", source=group.name, of_cluster=of_cluster, **about)
    )
    if parameters := quiet_parameters(facts.engine, values):
        made.append(
            QuietParameters(key="quiet:off", phase=PREPARE, group=QUIET, parameters=parameters, of_cluster=of_cluster)
        )
    return made


def hook(facts: DatabaseFacts, options: Options, when: str, phase: Phase) -> Step | None:
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


def login(facts: DatabaseFacts, options: Options) -> dict[str, Any]:
    """Return the members of a step that logs in."""
    return {"engine": facts.engine, "secret": options.fence_login, "of_cluster": facts.of_cluster}


def inside(facts: DatabaseFacts, options: Options) -> list[Step]:
    """Close the engine from inside, where there is a login."""
    if not options.fence_login:
        return []
    about: dict[str, Any] = {
        "phase": CUTOVER,
        "database": facts.id,
        "resource_id": facts.resource_id,
        **login(facts, options),
    }
    closed = closes_writes(facts.engine, facts.described)
    return [
        NoteInside(key="inside", **about),
        MarkInside(key="inside:mark", phase=CUTOVER, arn=facts.arn, writes=WRITES, schedulers=SCHEDULERS),
        StopSchedulers(key="schedulers", former=SCHEDULERS, **about),
        *([CloseWrites(key="read-only", former=WRITES, **about)] if closed else []),
        EndSessions(key="sessions", **about),
    ]


def roles(
    described: Described, name: str, phase: Phase, new: Mapping[str, Any], *, of_cluster: bool = False
) -> list[Step]:
    """Associate the roles that a database has with what is to stand for it; `name` tells the steps apart."""
    return [
        AddRole(
            key=f"role:{name}{number}",
            phase=phase,
            role=r["RoleArn"],
            feature=r.get("FeatureName", ""),
            of_cluster=of_cluster,
            **new,
        )
        for number, r in enumerate(described.get("AssociatedRoles") or (), 1)
    ]


def warm_gone(facts: DatabaseFacts, *, copied: bool) -> list[Step]:
    """Let the warm snapshots go, the last ones being there: a snapshot needs none that is older. They go once the replacement
    serves, so that nobody waits for it.

    Where the warm one was young enough, `renew` has taken it over, and finds it gone.
    """
    plain: dict[str, Any] = {"phase": CONFIRM, "roles": ("baseline",), "of_cluster": facts.of_cluster}
    gone: list[Step] = [
        DeleteDbSnapshot(key="warm:gone", snapshot=Ref("warm", "name"), **plain),
        DeleteDbSnapshot(key="renew:gone", snapshot=Ref("renew", "name"), **plain),
    ]
    if copied:
        copy = Ref("warm:copy", "name")
        gone.append(DeleteDbSnapshot(key="warm:copy:gone", phase=CONFIRM, snapshot=copy, roles=("copy",)))
    return gone


def quotas_back(facts: DatabaseFacts) -> Step:
    """Give back what was reserved, when everything has been made: it is among what AWS counts."""
    return ReleaseQuotas(key="quotas:back", phase=CONFIRM, source=facts.id, names=tuple(facts.needs))


def hand_over_tags(facts: DatabaseFacts, options: Options, old_arn: Id) -> Lanes:
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
