"""Rules for DB instances, each on both sides: silent for an ordinary one, and what it says where it does not hold."""

from dataclasses import replace
from typing import Any

import pytest

from sealift.errors import UsageError
from sealift.keys import NO_KEY, KeyFacts
from sealift.kind import ACK, BLOCK, NOT_EVALUATED, WARN, Rule
from sealift.kinds.databases.facts import GroupFacts, ProxyFacts, Quota
from sealift.kinds.rds import RDS_INSTANCE
from sealift.kinds.rds.facts import InstanceFacts
from sealift.kinds.rds.rules import BLUE_GREEN_RULES, INSTANCE_RULES, SNAPSHOT_RULES
from sealift.options import Options
from sealift.plan import NOTHING, REFUSED
from sealift.planner import choose, plan_for
from tests.kinds.rds.facts_for_tests import ACCOUNT, DESCRIBED, KEY, OPTIONS, ORDERS, REGION, REPLICA, described, tagged

RULES: dict[str, Rule] = {r.id: r for r in (*INSTANCE_RULES, *BLUE_GREEN_RULES, *SNAPSHOT_RULES)}
ALWAYS = {"R-RDS-29", "R-RDS-33", "R-FENCE-01"}
"""What the snapshot route says of every instance."""


def replica(**about: Any) -> InstanceFacts:
    return replace(ORDERS, replicas=(replace(REPLICA, **about),))


def with_values(engine: str, **values: str) -> InstanceFacts:
    return replace(
        ORDERS,
        engine=engine,
        parameter_group=GroupFacts("own", "f", "in-sync", tuple((k.replace("__", "."), v) for k, v in values.items())),
    )


def key(**about: Any) -> InstanceFacts:
    return replace(ORDERS, key=replace(KEY, **about))


LOGIN = replace(OPTIONS, fence_login="arn:aws:secretsmanager:x", fence_from="10.0.0.5/32")

MASTER = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1-aBcDeF"


def as_login(secret: str) -> Options:
    return replace(LOGIN, fence_login=secret)


MANAGED = described(MasterUserSecret={"SecretArn": "arn:s"})
PROXIED = replace(MANAGED, proxies=(ProxyFacts("pool", "default", ("arn:s",)),))
MIRRORED = replace(ORDERS, engine="sqlserver-se", described={**DESCRIBED, "Engine": "sqlserver-se", "MultiAZ": True})


def under(how: str, key: str | None = None, wanted: KeyFacts = KEY) -> InstanceFacts:
    return replace(described(StorageEncryptionType=how, StorageEncrypted=how == "sse-kms", KmsKeyId=key), key=wanted)


FIRES: list[tuple[str, InstanceFacts, Options, str, str]] = [
    ("R-RDS-01", under("sse-kms", "arn:other"), OPTIONS, BLOCK, "under arn:other"),
    ("R-RDS-01", under("sse-kms", KEY.arn, NO_KEY), OPTIONS, NOT_EVALUATED, "no key was asked for"),
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
    ("R-RDS-09", replica(described={"EngineVersion": "18.1"}), OPTIONS, BLOCK, "18.1"),
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
    ("R-FENCE-02", described(MasterUserSecret={"SecretArn": MASTER}), as_login(MASTER), BLOCK, "that RDS manages"),
    ("R-FENCE-02", described(MasterUserSecret={"SecretArn": MASTER}), as_login(MASTER[:-7]), BLOCK, "that RDS manages"),
    ("R-FENCE-02", ORDERS, replace(LOGIN, fence_from="0.0.0.0/0"), BLOCK, "as wide as a VPC"),
    ("R-FENCE-02", ORDERS, replace(LOGIN, fence_from="2001:db8::/56"), BLOCK, "as wide as a VPC"),
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
    ("R-RDS-70", with_values("postgres", shared_preload_libraries="pg_cron"), OPTIONS, BLOCK, "loads pg_cron"),
    ("R-RDS-70", with_values("mysql"), OPTIONS, BLOCK, "event_scheduler is ON, the default"),
    ("R-RDS-70", with_values("mariadb", event_scheduler="ON"), OPTIONS, BLOCK, "event_scheduler is ON (own)"),
    ("R-RDS-70", replace(ORDERS, parameter_group=GroupFacts("own", "f")), OPTIONS, BLOCK, "DescribeDBParameters"),
    ("R-RDS-72", with_values("postgres", rds__logical_replication="1"), OPTIONS, ACK, "logical_replication"),
    ("R-RDS-02", described(StorageEncryptionType="sse-rds"), OPTIONS, WARN, "--rekey"),
    ("R-RDS-03", replace(described(StorageEncryptionType="sse-kms"), owned=True), OPTIONS, WARN, "aws/rds"),
    ("R-RDS-24", replace(ORDERS, unavailable=("orders: db.m1.large of postgres 17.4",)), OPTIONS, BLOCK, "db.m1.large"),
    ("R-RDS-24", replace(ORDERS, unavailable=None), OPTIONS, NOT_EVALUATED, "DescribeOrderableDBInstanceOptions"),
    ("R-RDS-16", replace(described(DBInstanceClass="db.m5.large"), enforced=True), OPTIONS, ACK, "vpc-1 enforces"),
    ("R-RDS-16", replace(ORDERS, enforced=None), OPTIONS, NOT_EVALUATED, "DescribeVpcEncryptionControls"),
    ("R-RDS-32", replace(ORDERS, vaulted=("awsbackup:job-1",)), OPTIONS, WARN, "1 plain recovery point"),
    ("R-RDS-32", replace(ORDERS, vaulted=None), OPTIONS, NOT_EVALUATED, "DescribeDBSnapshots"),
    ("R-RDS-36", replace(ORDERS, region="cn-north-1"), OPTIONS, WARN, "cn-north-1"),
    ("R-RDS-39", replace(ORDERS, engine="mariadb"), OPTIONS, WARN, "Aria"),
    ("R-RDS-73", with_values("postgres", rds__logical_replication="1"), OPTIONS, ACK, "slots"),
    ("R-RDS-73", with_values("mysql", binlog_format="ROW"), OPTIONS, ACK, "binlog_format is ROW"),
    ("R-RDS-74", replace(ORDERS, subscriptions=("oncall",)), OPTIONS, WARN, "oncall"),
    ("R-RDS-74", replace(ORDERS, subscriptions=None), OPTIONS, NOT_EVALUATED, "DescribeEventSubscriptions"),
    ("R-RDS-78", described(DBCapacityReservationIdentifier="dbcr-1"), OPTIONS, WARN, "dbcr-1"),
    ("R-RDS-78", replica(described={"DBCapacityReservationIdentifier": "dbcr-2"}), OPTIONS, WARN, "orders-r1"),
    ("R-RDS-75", PROXIED, OPTIONS, BLOCK, "pool logs in with arn:s"),
    ("R-RDS-76", described(DomainMemberships=[{"FQDN": "corp.example"}]), OPTIONS, ACK, "corp.example"),
    ("R-RDS-79", described(MultiTenant=True, MasterUserSecret={"SecretArn": "arn:s"}), OPTIONS, BLOCK, "multi-tenant"),
    ("R-RDS-80", replace(MANAGED, replicas=(REPLICA,)), OPTIONS, BLOCK, "has replicas"),
    ("R-FENCE-01", MIRRORED, LOGIN, ACK, "1468"),
    ("R-RDS-55", replace(ORDERS, integrations=("etl",)), OPTIONS, ACK, "etl"),
    ("R-RDS-56", described(MasterUserSecret={"SecretArn": "arn:s"}), OPTIONS, WARN, "arn:s"),
    ("R-RDS-29", ORDERS, OPTIONS, WARN, "cache"),
    ("R-RDS-33", ORDERS, OPTIONS, WARN, "100 GiB"),
    ("R-FENCE-01", ORDERS, OPTIONS, ACK, "write position"),
    ("R-FENCE-01", replace(ORDERS, engine="sqlserver-se"), OPTIONS, ACK, "second time"),
    ("R-RDS-64", described(AllocatedStorage=100, MaxAllocatedStorage=109), OPTIONS, BLOCK, "109 GiB"),
    (
        "R-RDS-64",
        replica(described={"AllocatedStorage": 100, "MaxAllocatedStorage": 100}),
        OPTIONS,
        BLOCK,
        "orders-r1",
    ),
    ("R-RDS-57", replica(), replace(OPTIONS, readers="stale"), ACK, "orders-r1"),
    ("R-RDS-81", replica(), replace(OPTIONS, readers="primary"), ACK, "sends nobody to orders"),
    ("R-RDS-83", described(AvailabilityZone="eu-central-1b"), OPTIONS, WARN, "orders is in eu-central-1b"),
    ("R-RDS-84", ORDERS, replace(OPTIONS, watchdog="arn:aws:iam::1:role/w"), BLOCK, "stand by for orders"),
    ("R-SEALIFT-21", ORDERS, replace(OPTIONS, readers="stale"), WARN, "--readers has no effect on orders"),
    ("R-SEALIFT-22", replica(), replace(OPTIONS, readers="stale"), WARN, "--readers has no effect on Blue/Green"),
    (
        "R-SEALIFT-21",
        ORDERS,
        replace(OPTIONS, asg="standby", clone_slots=9),
        WARN,
        "--asg, --clone-slots have no effect",
    ),
    ("R-SEALIFT-22", ORDERS, LOGIN, WARN, "--fence-login, --fence-from have no effect on Blue/Green"),
    ("R-SEALIFT-23", ORDERS, replace(OPTIONS, switchover_timeout=60), WARN, "--switchover-timeout has no effect"),
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
        for options in (OPTIONS, LOGIN) if rule != "R-SEALIFT-22" else (OPTIONS,):
            assert RULES[rule](facts, options) is None


def test_a_user_beside_the_managed_master_may_be_the_login() -> None:
    """R-FENCE-02: what RDS manages is the master's password alone: other users are in the copy as they were (R-RDS-17)."""
    assert RULES["R-FENCE-02"](described(MasterUserSecret={"SecretArn": MASTER}), LOGIN) is None


def test_a_limit_that_can_be_set_is_no_finding() -> None:
    """R-RDS-64: 10 % above the storage, no less, is what AWS takes."""
    assert RULES["R-RDS-64"](described(AllocatedStorage=100, MaxAllocatedStorage=110), OPTIONS) is None


def test_a_login_rules_out_what_runs_inside() -> None:
    """R-FENCE-01: with a login nothing has to be acknowledged."""
    assert RULES["R-FENCE-01"](ORDERS, LOGIN) is None


@pytest.mark.parametrize(
    "facts",
    [
        with_values("mysql", event_scheduler="OFF"),
        with_values("postgres", shared_preload_libraries="pg_stat_statements"),
        with_values("oracle-ee"),
    ],
)
def test_blue_green_is_for_an_engine_that_runs_nothing(facts: InstanceFacts) -> None:
    """R-RDS-70: event_scheduler that is off, and PostgreSQL without pg_cron, are no reason against Blue/Green."""
    assert RULES["R-RDS-70"](facts, OPTIONS) is None


def test_an_encrypted_instance_has_nothing_to_say() -> None:
    """R-RDS-01: what is under a key of its own is done: no rule speaks, and the plan has no steps."""
    done = described(StorageEncryptionType="sse-kms", StorageEncrypted=True, KmsKeyId=KEY.arn)
    assert [r for r in RULES.values() if r(done, OPTIONS) is not None] == []
    assert plan_for(RDS_INSTANCE, done, OPTIONS, "orders", ACCOUNT, REGION).steps == ()


OTHER = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/2"


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"StorageEncryptionType": "sse-kms", "KmsKeyId": KEY.arn}, "nothing to do: orders is under the wanted key"),
        ({"StorageEncryptionType": "sse-rds"}, "under a key that AWS owns, not under alias/app"),
    ],
)
def test_nothing_to_do_is_said_with_the_key_that_it_is_under(told: dict[str, Any], says: str) -> None:
    """R-RDS-02, R-RDS-03: encrypted is not under the wanted key: the plan names the key, and how it would be moved."""
    plan = plan_for(RDS_INSTANCE, described(**told), OPTIONS, "orders", ACCOUNT, REGION)
    assert (plan.status, plan.steps) == (NOTHING, ())
    assert says in plan.note


def test_what_is_under_another_key_of_the_customers_is_refused_and_not_called_done() -> None:
    """R-RDS-01: it is not re-keyed: who asked for the wanted key is not told that all is well."""
    plan = plan_for(RDS_INSTANCE, under("sse-kms", OTHER), OPTIONS, "orders", ACCOUNT, REGION)
    assert plan.status == REFUSED
    assert OTHER in plan.blocked[0].message


def test_a_key_that_is_not_there_refuses_what_is_encrypted_too() -> None:
    """R-RDS-14: whether it is under the wanted key cannot be told by a key that nobody can read."""
    done = described(StorageEncryptionType="sse-kms", KmsKeyId=OTHER)
    facts = replace(done, key=replace(KEY, wanted="alias/nosuch", arn="", error="it is not there"))
    assert plan_for(RDS_INSTANCE, facts, OPTIONS, "orders", ACCOUNT, REGION).status == REFUSED


@pytest.mark.parametrize("route", ["clone", "copy"])
def test_a_route_of_another_kind_is_a_wrong_use(route: str) -> None:
    """It is no plan with nothing to do: exit 2, with the routes that there are."""
    with pytest.raises(UsageError, match=r"no rds-instance is moved by .* Give --route auto, blue-green or snapshot"):
        plan_for(RDS_INSTANCE, ORDERS, replace(OPTIONS, route=route), "orders", ACCOUNT, REGION)


@pytest.mark.parametrize(
    ("rule", "facts"),
    [
        ("R-RDS-16", replace(described(DBInstanceClass="db.m7g.large"), enforced=True)),
        ("R-RDS-16", described(DBInstanceClass="db.m5.large")),
        ("R-RDS-73", with_values("mysql", event_scheduler="OFF")),
        ("R-RDS-75", replace(MANAGED, proxies=(ProxyFacts("pool", "default", ("arn:other",)),))),
        ("R-RDS-75", replace(ORDERS, proxies=(ProxyFacts("pool", "default", ("arn:s",)),))),
        ("R-RDS-79", MANAGED),
        ("R-RDS-79", described(MultiTenant=True)),
        ("R-RDS-80", MANAGED),
        ("R-RDS-80", replace(MANAGED, engine="sqlserver-se", replicas=(REPLICA,))),
    ],
)
def test_what_comes_near_is_let_through(rule: str, facts: InstanceFacts) -> None:
    """A rule does not speak of what merely looks like its case."""
    assert RULES[rule](facts, OPTIONS) is None


AWS_OWNED = [
    described(StorageEncryptionType="sse-rds"),
    replace(described(StorageEncryptionType="sse-kms"), owned=True),
]


@pytest.mark.parametrize("facts", AWS_OWNED)
def test_a_key_of_awss_is_left_only_where_that_is_asked_for(facts: InstanceFacts) -> None:
    """R-RDS-02, R-RDS-03: --rekey moves what is under an AWS-owned key or aws/rds, and every rule judges it; otherwise nothing is
    pending, and the plan says how it would be.
    """
    rekey = replace(OPTIONS, rekey=True)
    assert not RDS_INSTANCE.pending(facts)
    assert {r.id for r in RULES.values() if r(facts, OPTIONS)} <= {"R-RDS-02", "R-RDS-03"}
    asked = replace(facts, rekey=True)
    assert RDS_INSTANCE.pending(asked)
    assert RULES["R-RDS-29"](asked, rekey) is not None
    assert plan_for(RDS_INSTANCE, asked, rekey, "orders", ACCOUNT, REGION).steps


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_mirrored_sql_server_is_not_set_read_only(mirrored: bool) -> None:
    """R-FENCE-01: error 1468: the layer is not in the plan, neither closed nor opened again."""
    facts = replace(MIRRORED, described={**MIRRORED.described, "MultiAZ": mirrored})
    plan = plan_for(RDS_INSTANCE, facts, LOGIN, "orders", ACCOUNT, REGION)
    kinds = {type(s).__name__ for s in plan.steps}
    assert {"CloseWrites", "OpenWrites"} & kinds == (set() if mirrored else {"CloseWrites", "OpenWrites"})
    assert {"NoteInside", "StopSchedulers", "EndSessions", "StartSchedulers"} <= kinds


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
