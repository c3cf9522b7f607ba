"""Rules of a route: what refuses it, and what has to be known before it is taken."""

from sealift.kind import ACK, BLOCK, WARN
from sealift.kinds.databases.judging import Finding, moving, say, unread
from sealift.kinds.databases.quiet import obeys_parameters
from sealift.kinds.rds.facts import InstanceFacts
from sealift.options import Options

BLUE_GREEN_ENGINES = ("postgres", "mysql", "mariadb")


@moving("R-RDS-43", 'RDS user guide, "Overview of Amazon RDS Blue/Green Deployments": limitations')
def blue_green_knows_it(facts: InstanceFacts, options: Options) -> Finding:
    """Blue/Green is for PostgreSQL, MySQL and MariaDB, and for what is in no other deployment."""
    found = [f"Blue/Green does not know {facts.engine}"] if facts.engine not in BLUE_GREEN_ENGINES else []
    found += [f"{facts.id} is in the deployment {name} already" for name in facts.deployments or ()]
    if facts.deployments is None and not found:
        return BLOCK, "whether it is in a deployment could not be read. Allow rds:DescribeBlueGreenDeployments."
    return say(BLOCK, found, "The snapshot route is for everything; delete a deployment of another.")


@moving("R-RDS-44", "botocore rds TargetResourceConfiguration (since 1.43.105)")
def blue_green_takes_a_key(facts: InstanceFacts, options: Options) -> Finding:
    """CreateBlueGreenDeployment takes a key for the green side, as far as this botocore knows."""
    lacks = facts.blue_green_keys is False
    return say(BLOCK, ["this botocore knows no TargetResourceConfigurations"] if lacks else [], "Upgrade boto3.")


@moving("R-RDS-42", 'RDS user guide, "Limitations and considerations for blue/green deployments"')
def backups_for_blue_green(facts: InstanceFacts, options: Options) -> Finding:
    """Blue/Green needs automated backups."""
    off = not facts.described.get("BackupRetentionPeriod")
    return say(
        BLOCK,
        [f"{facts.id} keeps no automated backups"] if off else [],
        "sealift does not change the source for a route.",
    )


@moving("R-RDS-17", 'RDS user guide, "Password management with Amazon RDS and AWS Secrets Manager": limitations')
def own_password(facts: InstanceFacts, options: Options) -> Finding:
    """Blue/Green is not for an instance whose master password RDS manages."""
    found = [f"RDS manages the master password of {facts.id}"] if facts.managed_password else []
    return say(BLOCK, found, "sealift does not change the source for a route.")


@moving("R-RDS-19", 'RDS user guide, "Limitations and considerations for blue/green deployments": zero-ETL', deep=True)
def no_integration(facts: InstanceFacts, options: Options) -> Finding:
    """Blue/Green is not for the source of a zero-ETL integration."""
    if facts.integrations is None:
        return unread("the zero-ETL integrations", "rds:DescribeIntegrations")
    found = [f"{facts.id} is the source of the integration {name}" for name in facts.integrations]
    return say(BLOCK, found, "Delete it, and make it anew afterwards.")


@moving("R-RDS-55", "botocore rds CreateIntegration.SourceArn", deep=True)
def integrations_break(facts: InstanceFacts, options: Options) -> Finding:
    """A zero-ETL integration does not follow a replacement: it is made anew by hand."""
    found = [f"{facts.id} is the source of the integration {name}" for name in facts.integrations or ()]
    return say(ACK, found, "Make it anew on the replacement: it loads everything again.")


@moving("R-RDS-56", "botocore rds RestoreDBInstanceFromDBSnapshot.ManageMasterUserPassword, ModifyDBInstance")
def new_secret(facts: InstanceFacts, options: Options) -> Finding:
    """A managed master password comes over as another secret with another password."""
    arn = (facts.described.get("MasterUserSecret") or {}).get("SecretArn", "")
    found = [f"the master password of {facts.id} is in {arn}"] if facts.managed_password else []
    return say(WARN, found, "Its ARN and the password change, the old one goes with the source: tell who reads it.")


@moving("R-RDS-29", 'RDS user guide, "Renaming a DB instance"')
def renamed_twice(facts: InstanceFacts, options: Options) -> Finding:
    """The endpoint's name comes back on another address: names are cached."""
    return (
        WARN,
        f"{facts.id} is renamed and its replacement takes the name. Clients that cache names must look up anew.",
    )


@moving("R-RDS-33", 'RDS user guide, "Restoring to a DB instance": lazy loading')
def loads_lazily(facts: InstanceFacts, options: Options) -> Finding:
    """A restored instance loads its blocks from S3 as they are read."""
    return WARN, f"{facts.id} is slower until its {facts.size} GiB are loaded. Read through what must be fast at once."


@moving("R-FENCE-01", "docs/architecture.md, Fence: what each layer stops")
def proved_from_inside(facts: InstanceFacts, options: Options) -> Finding:
    """Without a login the fence is proved by connections alone, and what runs inside by itself must be ruled out by you."""
    if options.fence_login:
        return None
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


@moving("R-RDS-57", 'RDS user guide, "Working with DB instance read replicas"')
def stale_readers(facts: InstanceFacts, options: Options) -> Finding:
    """Read replicas that are not fenced serve the data of the cut until the new ones answer."""
    names = ", ".join(r.id for r in facts.replicas)
    stale = options.readers == "stale" and facts.replicas
    return say(
        ACK,
        [f"{names} would serve old data for the whole cutover and after it"] if stale else [],
        "Say that it is fine.",
    )
