"""Rules about what would come out behind the fence, or afterwards, and can be known beforehand; for every route."""

from collections.abc import Mapping
from typing import Any

from sealift.kind import ACK, BLOCK, WARN, rule
from sealift.kinds.databases.facts import DatabaseFacts
from sealift.kinds.databases.judging import Finding, moving, say, unread
from sealift.options import Options

WITHOUT_TRANSIT = ("db.t2.", "db.t3.", "db.m3.", "db.m4.", "db.m5.", "db.r3.", "db.r4.", "db.r5.")
"""Classes that are taken to be on hosts without encryption in transit: a guess, no API tells."""


@rule("R-RDS-02", "botocore rds DBCluster.StorageEncrypted; Aurora user guide, Encrypting Amazon Aurora resources")
def under_an_owned_key(facts: DatabaseFacts, options: Options) -> Finding:
    """What is under a key that AWS owns is encrypted: it is moved only where that is asked for."""
    there = facts.encryption.type == "sse-rds" and not options.rekey
    return say(WARN, [f"{facts.id} is under a key that AWS owns"] if there else [], "With --rekey it is moved too.")


@rule("R-RDS-03", 'RDS user guide, "Sharing encrypted snapshots": not under the default key')
def under_aws_rds(facts: DatabaseFacts, options: Options) -> Finding:
    """What is under aws/rds is encrypted, but its snapshots are not shared: it is moved only where that is asked for."""
    there = facts.owned and not options.rekey
    return say(
        WARN, [f"{facts.id} is under aws/rds, the key that AWS manages"] if there else [], "With --rekey it moves."
    )


@moving("R-RDS-24", "botocore rds DescribeOrderableDBInstanceOptions", deep=True)
def still_made(facts: DatabaseFacts, options: Options) -> Finding:
    """RDS makes what it is today as well: class, version, storage, zone; else a restore is refused behind the fence."""
    if facts.unavailable is None:
        return unread(f"whether {facts.id} could be made anew", "rds:DescribeOrderableDBInstanceOptions")
    found = [f"RDS does not offer {what} any more" for what in facts.unavailable]
    return say(BLOCK, found, "Change it to what is offered, in a window of your own first.")


@moving("R-RDS-16", "botocore rds VpcEncryptionControlViolationException; which classes is a guess", deep=True)
def encrypted_in_transit(facts: DatabaseFacts, options: Options) -> Finding:
    """A VPC that enforces encryption in transit refuses a class that has none."""
    if facts.enforced is None:
        return unread(f"the encryption controls of {facts.vpc}", "ec2:DescribeVpcEncryptionControls")
    if not facts.enforced:
        return None
    classes = [(n, str(d.get("DBInstanceClass") or d.get("DBClusterInstanceClass") or "")) for n, d in facts.parts]
    found = [
        f"{n} is of class {c}, and {facts.vpc} enforces encryption" for n, c in classes if c.startswith(WITHOUT_TRANSIT)
    ]
    return say(
        ACK, found, "Such a class may be refused: see that one can be made there today, or change the class first."
    )


@moving("R-RDS-32", "botocore rds DescribeDBSnapshots.SnapshotType: automated, awsbackup", deep=True)
def backups_stay_plain(facts: DatabaseFacts, options: Options) -> Finding:
    """Automated backups of the source and recovery points of AWS Backup stay as they are."""
    if facts.vaulted is None:
        return unread(f"the recovery points of {facts.id}", "rds:DescribeDBSnapshots, rds:DescribeDBClusterSnapshots")
    found = [f"{facts.id} has {len(facts.vaulted)} plain recovery point(s) in AWS Backup"] if facts.vaulted else []
    return say(WARN, found, "They stay plain until their own retention has passed: AWS Backup alone deletes them.")


@moving("R-RDS-36", 'RDS user guide, "Copying a DB snapshot": China Regions')
def of_china(facts: DatabaseFacts, options: Options) -> Finding:
    """In China Regions snapshots stay in their Region, and features come later."""
    found = [f"{facts.id} is in {facts.region}"] if facts.region.startswith("cn-") else []
    return say(WARN, found, "Nothing was tried there: plan a rehearsal on a copy first.")


@moving("R-RDS-39", 'RDS user guide, "Viewing DB instance status": incompatible-restore; MySQL storage engines')
def other_storage_engines(facts: DatabaseFacts, options: Options) -> Finding:
    """Tables of MyISAM or Aria are not safe against crashes: a restore may not get through them."""
    found = [f"{facts.id} is {facts.engine}"] if facts.engine in ("mysql", "mariadb") else []
    return say(
        WARN, found, "Where it has tables of MyISAM or Aria, convert them to InnoDB first: a restore may fail on them."
    )


@moving(
    "R-RDS-73",
    "RDS and Aurora user guides: logical replication slots and binary logs are of an instance, and not in a snapshot",
    deep=True,
)
def consumers_of_changes(facts: DatabaseFacts, options: Options) -> Finding:
    """Who reads changes (DMS, Debezium, a slot, a binlog reader) loses its place: the replacement's log is another."""
    told = logs_changes(facts.engine, dict(facts.parameter_group.values or ()))
    return say(
        ACK,
        [f"{facts.id} lets its changes be read: {told}"] if told else [],
        "Stop such readers before the cutover; afterwards make their slots anew, or load again, from the point of the cut.",
    )


def logs_changes(engine: str, values: Mapping[str, str]) -> str:
    """Say by which parameter somebody has made changes readable; empty where nobody has."""
    name = engine.removeprefix("aurora-")
    if name in ("postgres", "postgresql") and values.get("rds.logical_replication") == "1":
        return "rds.logical_replication is 1"
    binlog = values.get("binlog_format", "OFF").upper()
    return f"binlog_format is {binlog}" if name in ("mysql", "mariadb") and binlog != "OFF" else ""


@moving("R-RDS-74", "botocore rds EventSubscription.SourceIdsList", deep=True)
def subscriptions_go_by_name(facts: DatabaseFacts, options: Options) -> Finding:
    """Event subscriptions that name it tell of every step of the cutover, and of whatever bears the name then."""
    if facts.subscriptions is None:
        return unread("the event subscriptions", "rds:DescribeEventSubscriptions")
    found = [f"{facts.id} is named by the event subscription {name}" for name in facts.subscriptions]
    return say(WARN, found, "See that it still names the database afterwards, and not the one that was put aside.")


@moving("R-RDS-78", "botocore rds ModifyDBInstance.DBCapacityReservationIdentifier")
def reserved_units(facts: DatabaseFacts, options: Options) -> Finding:
    """A unit of a capacity reservation is the source's until finalize: the replacement does without."""
    held = [(name, d.get("DBCapacityReservationIdentifier")) for name, d in facts.parts]
    found = [f"{name} uses the capacity reservation {which}" for name, which in held if which]
    return say(
        WARN, found, "Afterwards change its class or Multi-AZ together with the reservation, once the source is gone."
    )


# -- of the snapshot route


@moving("R-RDS-75", "botocore rds UserAuthConfig.SecretArn; TargetHealth.Reason AUTH_FAILURE", deep=True)
def proxy_knows_the_password(facts: DatabaseFacts, options: Options) -> Finding:
    """No proxy logs in with the managed password: the replacement has another one, in another secret."""
    managed = (facts.described.get("MasterUserSecret") or {}).get("SecretArn")
    found = [f"the proxy {p.proxy} logs in with {managed}" for p in facts.proxies or () if managed in p.secrets]
    return say(BLOCK, found if managed else [], "Let it log in as another user first, or take the database off it.")


@moving("R-RDS-76", "botocore rds DomainMembership.Status: failed")
def joins_its_domain(facts: DatabaseFacts, options: Options) -> Finding:
    """A copy that is born in quarantine does not reach its domain: it is joined again once it serves."""
    found = [f"{n} is in the domain {m.get('FQDN') or m.get('Domain')}" for n, m in _memberships(facts)]
    return say(
        ACK,
        found,
        "Until it is joined nobody logs in by Kerberos or Windows authentication: after bring-up see DomainMemberships, and "
        "repeat the join with aws rds modify-db-instance or modify-db-cluster.",
    )


def _memberships(facts: DatabaseFacts) -> list[tuple[str, Mapping[str, Any]]]:
    return [(facts.id, m) for m in facts.described.get("DomainMemberships") or ()]
