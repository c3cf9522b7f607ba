"""Rules for DB instances, each on both sides: silent for an ordinary one, and what it says where it does not hold."""

from dataclasses import replace
from typing import Any

import pytest

from sealift.kind import ACK, BLOCK, NOT_EVALUATED, WARN, Rule
from sealift.kinds.databases.facts import GroupFacts, ProxyFacts, Quota
from sealift.kinds.rds import RDS_INSTANCE
from sealift.kinds.rds.facts import InstanceFacts
from sealift.kinds.rds.rules import BLUE_GREEN_RULES, INSTANCE_RULES, SNAPSHOT_RULES
from sealift.options import Options
from sealift.planner import choose, plan_for
from tests.kinds.rds.facts_for_tests import ACCOUNT, DESCRIBED, KEY, OPTIONS, ORDERS, REGION, REPLICA, described, tagged

RULES: dict[str, Rule] = {r.id: r for r in (*INSTANCE_RULES, *BLUE_GREEN_RULES, *SNAPSHOT_RULES)}
ALWAYS = {"R-RDS-29", "R-RDS-33", "R-FENCE-01"}
"""What the snapshot route says of every instance."""


def replica(**about: Any) -> InstanceFacts:
    return replace(ORDERS, replicas=(replace(REPLICA, **about),))


def key(**about: Any) -> InstanceFacts:
    return replace(ORDERS, key=replace(KEY, **about))


LOGIN = replace(OPTIONS, fence_login="arn:aws:secretsmanager:x", fence_from="10.0.0.5/32")

FIRES: list[tuple[str, InstanceFacts, Options, str, str]] = [
    ("R-RDS-14", key(state="Disabled"), OPTIONS, BLOCK, "Disabled"),
    ("R-RDS-14", key(error="not found", arn=""), OPTIONS, BLOCK, "not found"),
    ("R-RDS-14", key(region="us-east-1"), OPTIONS, BLOCK, "us-east-1"),
    ("R-RDS-14", key(manager="AWS"), OPTIONS, BLOCK, "managed by AWS"),
    ("R-SEALIFT-12", tagged(sealift__migration="mig-1"), OPTIONS, BLOCK, "mig-1"),
    ("R-SEALIFT-12", tagged(sealift__migration="mig-1"), OPTIONS, BLOCK, "sealift adopt rds:orders --key KEY"),
    (
        "R-SEALIFT-12",
        replica(described={"TagList": [{"Key": "sealift:migration", "Value": "mig-2"}]}),
        OPTIONS,
        BLOCK,
        "orders-r1",
    ),
    ("R-SEALIFT-13", tagged(sealift__skip="yes"), OPTIONS, BLOCK, "sealift:skip"),
    ("R-SEALIFT-13", ORDERS, replace(OPTIONS, deny=("rds:orders",)), BLOCK, "deny list"),
    ("R-SEALIFT-13", ORDERS, replace(OPTIONS, allow=("rds:other",)), BLOCK, "allow list"),
    ("R-SEALIFT-14", tagged(**{f"t{n}": "x" for n in range(45)}), OPTIONS, BLOCK, "51"),
    (
        "R-SEALIFT-14",
        replace(tagged(**{f"t{n}": "x" for n in range(44)}), proxies=(ProxyFacts("p" * 60, "t" * 250),)),
        OPTIONS,
        BLOCK,
        "51",
    ),
    ("R-IAC-02", tagged(aws__cloudformation__stack_id="arn"), OPTIONS, BLOCK, "stack"),
    ("R-IAC-01", tagged(team="core"), replace(OPTIONS, iac_tags=("team",)), ACK, "storage_encrypted"),
    ("R-IAC-01", tagged(managed_by="terraform"), OPTIONS, ACK, "prevent_destroy"),
    ("R-RDS-48", tagged(aws__backup__source="x"), OPTIONS, WARN, "aws:backup:source"),
    ("R-RDS-31", replace(ORDERS, snapshots=("old",)), OPTIONS, WARN, "old"),
    ("R-RDS-31", replace(ORDERS, snapshots=None), OPTIONS, NOT_EVALUATED, "rds:DescribeDBSnapshots"),
    ("R-SEALIFT-15", replace(ORDERS, selected_by_arn=("nightly/all",)), OPTIONS, WARN, "nightly/all"),
    ("R-SEALIFT-15", replace(ORDERS, selected_by_arn=None), OPTIONS, NOT_EVALUATED, "backup:"),
    ("R-RDS-04", replace(ORDERS, engine="sqlserver-ex"), OPTIONS, BLOCK, "Express"),
    ("R-RDS-05", described(DBInstanceClass="db.t2.micro"), OPTIONS, BLOCK, "db.t2.micro"),
    ("R-RDS-06", replace(ORDERS, engine="custom-oracle-ee"), OPTIONS, BLOCK, "RDS Custom"),
    ("R-RDS-07", described(DBClusterIdentifier="billing"), OPTIONS, BLOCK, "aurora:billing"),
    ("R-RDS-08", described(ReadReplicaSourceDBInstanceIdentifier="main"), OPTIONS, BLOCK, "rds:main"),
    ("R-RDS-09", replica(region="us-east-1"), OPTIONS, BLOCK, "us-east-1"),
    ("R-RDS-09", replica(state="creating"), OPTIONS, BLOCK, "creating"),
    ("R-RDS-09", replica(described={"ReadReplicaDBInstanceIdentifiers": ["x"]}), OPTIONS, BLOCK, "of its own"),
    ("R-RDS-09", described(ReadReplicaDBClusterIdentifiers=["c"]), OPTIONS, BLOCK, "Aurora replica"),
    ("R-RDS-10", replace(ORDERS, state="modifying"), OPTIONS, BLOCK, "modifying"),
    ("R-RDS-11", replace(ORDERS, state="storage-full"), OPTIONS, BLOCK, "grow"),
    ("R-RDS-12", replace(ORDERS, state="stopped"), OPTIONS, BLOCK, "Start it"),
    ("R-RDS-13", described(PendingModifiedValues={"MultiAZ": True}), OPTIONS, BLOCK, "MultiAZ"),
    ("R-RDS-13", replica(described={"PendingModifiedValues": {"Iops": 1}}), OPTIONS, BLOCK, "orders-r1"),
    (
        "R-RDS-51",
        replace(ORDERS, parameter_group=GroupFacts("p", "f", "pending-reboot")),
        OPTIONS,
        BLOCK,
        "pending-reboot",
    ),
    ("R-RDS-51", replace(ORDERS, parameter_group=GroupFacts("p", "", "in-sync")), OPTIONS, BLOCK, "family"),
    ("R-RDS-35", replace(ORDERS, vpc=""), OPTIONS, BLOCK, "no VPC"),
    ("R-RDS-25", replace(ORDERS, quotas=(Quota("DBInstances", 40, 40),)), OPTIONS, BLOCK, "40 of 40"),
    ("R-RDS-25", replace(ORDERS, quotas=(Quota("ManualSnapshots", 97, 100),)), OPTIONS, BLOCK, "5 more"),
    ("R-RDS-25", replace(ORDERS, quotas=None), OPTIONS, NOT_EVALUATED, "DescribeAccountAttributes"),
    ("R-RDS-27", replace(ORDERS, taken=("orders-sealift-old",)), OPTIONS, BLOCK, "orders-sealift-old"),
    ("R-RDS-27", replace(ORDERS, taken=None), OPTIONS, NOT_EVALUATED, "DescribeDBInstances"),
    ("R-FENCE-02", ORDERS, replace(OPTIONS, fence_login="arn:x"), BLOCK, "--fence-from"),
    ("R-FENCE-02", ORDERS, replace(OPTIONS, fence_from="10.0.0.5/32"), BLOCK, "--fence-login"),
    ("R-FENCE-02", replace(ORDERS, fence_login_error="no such secret"), LOGIN, BLOCK, "no such secret"),
    ("R-RDS-18", replace(ORDERS, proxies=None), OPTIONS, NOT_EVALUATED, "DescribeDBProxies"),
    ("R-RDS-20", described(ActivityStreamStatus="started"), OPTIONS, ACK, "activity stream"),
    ("R-RDS-52", described(DBInstanceAutomatedBackupsReplications=[{}]), OPTIONS, ACK, "replicated"),
    ("R-RDS-53", described(IAMDatabaseAuthenticationEnabled=True), OPTIONS, WARN, "rds-db:connect"),
    ("R-RDS-53", described(PerformanceInsightsEnabled=True), OPTIONS, WARN, "history"),
    ("R-RDS-54", replace(ORDERS, alarms=("cpu",)), OPTIONS, WARN, "cpu"),
    ("R-RDS-54", replace(ORDERS, alarms=None), OPTIONS, NOT_EVALUATED, "cloudwatch:DescribeAlarms"),
    ("R-RDS-34", described(BackupRetentionPeriod=0), OPTIONS, WARN, "no automated backups"),
    ("R-RDS-43", replace(ORDERS, engine="oracle-ee"), OPTIONS, BLOCK, "oracle-ee"),
    ("R-RDS-43", replace(ORDERS, deployments=("theirs",)), OPTIONS, BLOCK, "theirs"),
    ("R-RDS-43", replace(ORDERS, deployments=None), OPTIONS, BLOCK, "DescribeBlueGreenDeployments"),
    ("R-RDS-44", replace(ORDERS, blue_green_keys=False), OPTIONS, BLOCK, "boto3"),
    ("R-RDS-42", described(BackupRetentionPeriod=0), OPTIONS, BLOCK, "no automated backups"),
    ("R-RDS-17", described(MasterUserSecret={"SecretArn": "arn:s"}), OPTIONS, BLOCK, "master password"),
    ("R-RDS-19", replace(ORDERS, integrations=("etl",)), OPTIONS, BLOCK, "etl"),
    ("R-RDS-19", replace(ORDERS, integrations=None), OPTIONS, NOT_EVALUATED, "DescribeIntegrations"),
    ("R-RDS-55", replace(ORDERS, integrations=("etl",)), OPTIONS, ACK, "etl"),
    ("R-RDS-56", described(MasterUserSecret={"SecretArn": "arn:s"}), OPTIONS, WARN, "arn:s"),
    ("R-RDS-29", ORDERS, OPTIONS, WARN, "cache"),
    ("R-RDS-33", ORDERS, OPTIONS, WARN, "100 GiB"),
    ("R-FENCE-01", ORDERS, OPTIONS, ACK, "write position"),
    ("R-FENCE-01", replace(ORDERS, engine="sqlserver-se"), OPTIONS, ACK, "second time"),
    ("R-RDS-57", replica(), replace(OPTIONS, readers="stale"), ACK, "orders-r1"),
]


@pytest.mark.parametrize(
    ("rule", "facts", "options", "verdict", "says"), FIRES, ids=lambda x: x if isinstance(x, str) else ""
)
def test_a_rule_says_the_fact_and_the_remedy(
    rule: str, facts: InstanceFacts, options: Options, verdict: str, says: str
) -> None:
    """Where it does not hold, each rule gives its verdict with the fact that was found."""
    found = RULES[rule](facts, options)
    assert found is not None
    assert (found.id, found.verdict) == (rule, verdict)
    assert says in found.message


def test_every_rule_is_tried() -> None:
    """A rule without a case that fires fails here."""
    assert {case[0] for case in FIRES} == set(RULES)


@pytest.mark.parametrize("rule", sorted(set(RULES) - ALWAYS))
def test_an_ordinary_instance_is_silent(rule: str) -> None:
    """Each rule has nothing to say of an ordinary instance, with a replica, and with a login or without."""
    for facts in (ORDERS, replica()):
        for options in (OPTIONS, LOGIN):
            assert RULES[rule](facts, options) is None


def test_a_login_rules_out_what_runs_inside() -> None:
    """R-FENCE-01: with a login nothing has to be acknowledged."""
    assert RULES["R-FENCE-01"](ORDERS, LOGIN) is None


def test_an_encrypted_instance_has_nothing_to_say() -> None:
    """R-RDS-01: what is under a key of its own is done: no rule speaks, and the plan has no steps."""
    done = described(StorageEncryptionType="sse-kms", StorageEncrypted=True, KmsKeyId=KEY.arn)
    assert [r for r in RULES.values() if r(done, OPTIONS) is not None] == []
    assert plan_for(RDS_INSTANCE, done, OPTIONS, "orders", ACCOUNT, REGION).steps == ()


def test_encryption_is_read_from_its_type() -> None:
    """R-RDS-02: StorageEncrypted says false under an AWS-owned key; what is of type sse-rds is not moved as plain."""
    owned = described(StorageEncryptionType="sse-rds", StorageEncrypted=False)
    assert (owned.encryption.type, owned.plain) == ("sse-rds", False)


def test_auto_takes_blue_green_where_the_rules_allow() -> None:
    """The route with the least downtime is taken, whatever the size."""
    for size in (20, 4000):
        route, refused, _ = choose(
            RDS_INSTANCE, described(AllocatedStorage=size, StorageType="io1", Iops=3000), OPTIONS
        )
        assert (route.name if route else None, refused) == ("blue-green", [])


def test_auto_names_the_rule_that_refused_the_faster_route() -> None:
    """R-RDS-43: SQL Server goes by a snapshot, and the plan says which rule refused Blue/Green and what has to be acknowledged."""
    facts = replace(ORDERS, engine="sqlserver-se", described={**DESCRIBED, "Engine": "sqlserver-se"})
    route, refused, said = choose(RDS_INSTANCE, facts, OPTIONS)
    assert route is not None
    assert (route.name, [(r.route, r.rule) for r in refused]) == ("snapshot", [("blue-green", "R-RDS-43")])
    assert "R-FENCE-01" in {v.id for v in said}
