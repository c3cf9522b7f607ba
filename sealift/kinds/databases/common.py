"""Rules that hold for instances and clusters alike, whatever the route; those about who else has a hand in it: `consent`."""

from collections.abc import Sequence
from ipaddress import ip_network

from sealift.kind import ACK, BLOCK, WARN
from sealift.kinds.databases.facts import DatabaseFacts
from sealift.kinds.databases.judging import Finding, moving, say, unread
from sealift.kinds.databases.names import LONGEST
from sealift.kinds.databases.quiet import closes_writes, obeys_parameters, runs_jobs
from sealift.options import Options

BLUE_GREEN_IGNORES = ("fence_login", "fence_from", "warm_max_age")
SNAPSHOT_IGNORES = ("switchover_timeout",)
ALL_IGNORE = ("asg", "reserve_capacity", "initialization_rate", "clone_slots", "max_degraded", "stop_deadline")


def without_effect(options: Options, names: Sequence[str], where: str, why: str) -> Finding:
    """Name the options that were given and have no effect here."""
    given = options.given(names)
    return (
        (WARN, f"{', '.join(given)} {'has' if len(given) == 1 else 'have'} no effect {where}. {why}") if given else None
    )


@moving("R-SEALIFT-21", "docs/cli.md: what each option of `sealift plan` is for")
def no_effect(facts: DatabaseFacts, options: Options) -> Finding:
    """What has no effect on a database is named."""
    readers = () if has_replicas(facts) else ("readers",)
    remedy = "They are for volumes and their instances; --readers is for an instance with read replicas."
    return without_effect(options, (*ALL_IGNORE, *readers), f"on {facts.id}", remedy)


@moving("R-RDS-84", "docs/adr/0011-the-watchdog.md: why not for databases")
def no_watchdog(facts: DatabaseFacts, options: Options) -> Finding:
    """No watchdog stands by for a database: a fixed list of calls cannot take back renames or a switchover, and may lose writes."""
    found = [f"--watchdog would stand by for {facts.id}"] if options.watchdog else []
    remedy = (
        "It cannot: which name leads where, and whether the fenced source or its replacement has the last writes, is for a "
        "driver to read; opening the wrong one loses them. Leave it out, and keep a driver where it can be taken up again."
    )
    return say(BLOCK, found, remedy)


def has_replicas(facts: DatabaseFacts) -> bool:
    """Tell whether clients read from replicas of an instance; those of a cluster are its members."""
    return bool(getattr(facts, "replicas", ()))


@moving("R-RDS-25", "botocore rds DescribeAccountAttributes", deep=True)
def within_quotas(facts: DatabaseFacts, options: Options) -> Finding:
    """The account has room for the replacement beside its source, which stays until finalize."""
    if facts.quotas is None:
        return unread("the quotas of the account", "rds:DescribeAccountAttributes")
    needs = facts.needs
    short = [q for q in facts.quotas if needs.get(q.name, 0) > q.free]
    found = [f"{q.name}: {q.used + q.planned} of {q.max} are used, {needs[q.name]} more are needed" for q in short]
    return say(BLOCK, found, "Have the quota raised (Service Quotas, Amazon RDS), or finalize what is retained.")


@moving("R-RDS-27", "botocore rds DBInstanceAlreadyExistsFault", deep=True)
def names_free(facts: DatabaseFacts, options: Options) -> Finding:
    """The names under which sources and replacements are put aside are free."""
    if facts.taken is None:
        return unread("the names in use", "rds:DescribeDBInstances")
    return say(
        BLOCK,
        [f"{name} is there already" for name in facts.taken],
        f"Rename it (up to {LONGEST} characters), or delete it.",
    )


@moving("R-RDS-20", "botocore rds StartActivityStream: a new stream")
def activity_stream(facts: DatabaseFacts, options: Options) -> Finding:
    """A database activity stream is started again by hand, under a new name."""
    status = facts.described.get("ActivityStreamStatus")
    found = [f"{facts.id} has an activity stream ({status})"] if status not in (None, "stopped") else []
    return say(ACK, found, "Start one on the replacement, and move its consumers to the new stream.")


@moving("R-RDS-54", 'CloudWatch user guide, Concepts: dimensions; RDS user guide, "Renaming a DB instance"', deep=True)
def alarms_go_by_name(facts: DatabaseFacts, options: Options) -> Finding:
    """Alarms go by the database's name: they see the cutover, then the replacement."""
    if facts.alarms is None:
        return unread(f"the alarms on {facts.id}", "cloudwatch:DescribeAlarms")
    found = [f"{facts.id} has alarms: {', '.join(facts.alarms[:5])}"] if facts.alarms else []
    return say(WARN, found, "They may fire during the cutover; silence their actions for the window.")


@moving("R-RDS-34", 'RDS user guide, "Encrypting Amazon RDS resources": a key that cannot be used')
def backups_on(facts: DatabaseFacts, options: Options) -> Finding:
    """Without automated backups a database whose key cannot be used is lost at once."""
    off = not facts.described.get("BackupRetentionPeriod")
    return say(WARN, [f"{facts.id} keeps no automated backups"] if off else [], "Turn them on before it is encrypted.")


@moving(
    "R-FENCE-02",
    "docs/adr/0008: the quarantine admits nobody but who is named; VPC user guide, VPC CIDR blocks: /16 at the widest, a "
    "subnet of IPv6 is a /64; botocore rds ModifyDBInstance.ManageMasterUserPassword",
)
def login_gets_in(facts: DatabaseFacts, options: Options) -> Finding:
    """A login for the fence comes with the address that the quarantine lets in, its own and no whole VPC's, and with a secret
    that holds a user and a password; it is in the replacement too: the master secret that RDS manages is not (R-RDS-17).
    """
    found = []
    if options.fence_login and not options.fence_from:
        found.append(f"--fence-login is given without --fence-from: the quarantine would shut the login out. {_FROM}")
    if options.fence_from and not options.fence_login:
        found.append("--fence-from is given without --fence-login. Give the ARN of the secret that logs in, too.")
    if options.fence_from and _wide(options.fence_from):
        found.append(
            f"--fence-from {options.fence_from} is as wide as a VPC or wider: clients would get through the fence. {_FROM}"
        )
    if facts.fence_login_error:
        found.append(facts.fence_login_error)
    master = str((facts.described.get("MasterUserSecret") or {}).get("SecretArn") or "")
    if master and options.fence_login in (master, master.rpartition("-")[0]):
        found.append(
            "--fence-login is the master secret that RDS manages: the replacement gets another password and another secret. "
            "Make a user of its own inside the engine, and give the secret with its password."
        )
    return (BLOCK, " ".join(found)) if found else None


_FROM = "Give the address from which this host reaches the database (10.0.0.5/32)."


def _wide(network: str) -> bool:
    found = ip_network(network, strict=False)
    return found.prefixlen <= 16 if found.version == 4 else found.prefixlen < 64


@moving("R-RDS-18", "botocore rds DBProxyTarget.RdsResourceId", deep=True)
def proxies_known(facts: DatabaseFacts, options: Options) -> Finding:
    """Proxies that route to the database are known: on the snapshot route they are taken off it and put on again."""
    return None if facts.proxies is not None else unread("the proxies of the Region", "rds:DescribeDBProxies")


# -- of routes


@moving("R-SEALIFT-22", "docs/cli.md: what each option of `sealift plan` is for")
def no_effect_on_blue_green(facts: DatabaseFacts, options: Options) -> Finding:
    """What has no effect on a Blue/Green deployment is named: RDS closes writes itself, and warms nothing up."""
    readers = ("readers",) if has_replicas(facts) else ()
    return without_effect(
        options, (*BLUE_GREEN_IGNORES, *readers), "on Blue/Green", "RDS closes writes itself, and builds the replicas."
    )


@moving("R-SEALIFT-23", "docs/cli.md: what each option of `sealift plan` is for")
def no_effect_on_snapshot(facts: DatabaseFacts, options: Options) -> Finding:
    """What has no effect on the snapshot route is named."""
    return without_effect(options, SNAPSHOT_IGNORES, "on the snapshot route", "There is no switchover.")


@moving("R-RDS-44", "botocore rds TargetResourceConfiguration (since 1.43.105)")
def blue_green_takes_a_key(facts: DatabaseFacts, options: Options) -> Finding:
    """CreateBlueGreenDeployment takes a key for the green side, as far as this botocore knows."""
    lacks = facts.blue_green_keys is False
    return say(BLOCK, ["this botocore knows no TargetResourceConfigurations"] if lacks else [], "Upgrade boto3.")


@moving("R-RDS-17", 'RDS user guide, "Password management with Amazon RDS and AWS Secrets Manager": limitations')
def own_password(facts: DatabaseFacts, options: Options) -> Finding:
    """Blue/Green is not for a database whose master password RDS manages."""
    found = [f"RDS manages the master password of {facts.id}"] if facts.managed_password else []
    return say(BLOCK, found, "sealift does not change the source for a route.")


@moving("R-RDS-19", 'RDS user guide, "Limitations and considerations for blue/green deployments": zero-ETL', deep=True)
def no_integration(facts: DatabaseFacts, options: Options) -> Finding:
    """Blue/Green is not for the source of a zero-ETL integration."""
    if facts.integrations is None:
        return unread("the zero-ETL integrations", "rds:DescribeIntegrations")
    found = [f"{facts.id} is the source of the integration {name}" for name in facts.integrations]
    return say(BLOCK, found, "Delete it, and make it anew afterwards.")


@moving(
    "R-RDS-70",
    'RDS and Aurora user guides, "Limitations and considerations for blue/green deployments": event_scheduler, pg_cron',
)
def no_jobs_inside(facts: DatabaseFacts, options: Options) -> Finding:
    """Blue/Green is not for an engine that runs jobs by itself: they would run on the green and the old side too."""
    group = facts.parameter_group
    if group.values is None:
        return BLOCK, f"what {group.name} of {facts.id} sets could not be read. Allow rds:DescribeDBParameters."
    on = runs_jobs(facts.engine, dict(group.values))
    return say(
        BLOCK,
        [f"{facts.id}: {on} ({group.name})"] if on else [],
        "Turn it off there where nothing needs it, in a window of your own; sealift does not change the source for a route.",
    )


@moving("R-RDS-55", "botocore rds CreateIntegration.SourceArn", deep=True)
def integrations_break(facts: DatabaseFacts, options: Options) -> Finding:
    """A zero-ETL integration does not follow a replacement: it is made anew by hand."""
    found = [f"{facts.id} is the source of the integration {name}" for name in facts.integrations or ()]
    return say(ACK, found, "Make it anew on the replacement: it loads everything again.")


@moving(
    "R-RDS-56",
    "botocore rds RestoreDBInstanceFromDBSnapshot.ManageMasterUserPassword, ModifyDBInstance, ModifyDBCluster",
)
def new_secret(facts: DatabaseFacts, options: Options) -> Finding:
    """A managed master password comes over as another secret with another password."""
    arn = (facts.described.get("MasterUserSecret") or {}).get("SecretArn", "")
    found = [f"the master password of {facts.id} is in {arn}"] if facts.managed_password else []
    return say(WARN, found, "Its ARN and the password change, the old one goes with the source: tell who reads it.")


@moving("R-RDS-29", 'RDS user guide, "Renaming a DB instance"')
def renamed_twice(facts: DatabaseFacts, options: Options) -> Finding:
    """The endpoint's name comes back on another address: names are cached."""
    return (
        WARN,
        f"{facts.id} is renamed and its replacement takes the name. Clients that cache names must look up anew.",
    )


@moving("R-RDS-33", 'RDS user guide, "Restoring to a DB instance": lazy loading')
def loads_lazily(facts: DatabaseFacts, options: Options) -> Finding:
    """A restored database loads its blocks from S3 as they are read."""
    what = "its data are" if facts.of_cluster else f"its {facts.size} GiB are"
    return WARN, f"{facts.id} is slower until {what} loaded. Read through what must be fast at once."


@moving("R-FENCE-01", "docs/architecture.md, Fence: what each layer stops")
def proved_from_inside(facts: DatabaseFacts, options: Options) -> Finding:
    """Without a login the fence is proved by connections alone, and what runs inside by itself must be ruled out by you."""
    if options.fence_login and closes_writes(facts.engine, facts.described):
        return None
    if options.fence_login:
        return (
            ACK,
            f"{facts.id} is mirrored for Multi-AZ: its databases cannot be set read-only (error 1468), so that network, ended "
            "sessions and the write position alone keep writers out. Rule out who writes from inside.",
        )
    if not obeys_parameters(facts.engine):
        return (
            ACK,
            f"no parameter group stops the jobs inside {facts.engine}, and there is no --fence-login. See that none runs, or "
            "they write behind the fence, and run a second time in the restored copy.",
        )
    return (
        ACK,
        "there is no --fence-login: connections are counted, but the write position cannot be read. Rule out writers inside "
        "the engine that its scheduler does not know (replication that it pulls, triggers of extensions).",
    )
