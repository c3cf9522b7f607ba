"""Rules for DB clusters, each on both sides: silent for an ordinary one, and what it says where it does not hold."""

from dataclasses import replace

import pytest

from sealift.kind import ACK, BLOCK, NOT_EVALUATED, WARN, Rule
from sealift.kinds.aurora import AURORA_CLUSTER
from sealift.kinds.aurora.facts import ClusterFacts
from sealift.kinds.aurora.rules import BLUE_GREEN_RULES, CLUSTER_RULES, SNAPSHOT_RULES
from sealift.kinds.databases.facts import GroupFacts, ProxyFacts, Quota
from sealift.options import Options
from sealift.planner import choose
from tests.kinds.aurora.facts_for_tests import SHOP, described, member, multi_az, with_member
from tests.kinds.rds.facts_for_tests import KEY, OPTIONS

RULES: dict[str, Rule] = {r.id: r for r in (*CLUSTER_RULES, *BLUE_GREEN_RULES, *SNAPSHOT_RULES)}
ALWAYS = {"R-RDS-29", "R-RDS-33", "R-RDS-71", "R-RDS-73", "R-FENCE-01"}
"""What the routes say of every Aurora PostgreSQL cluster that is prepared for Blue/Green."""

LOGIN = replace(OPTIONS, fence_login="arn:aws:secretsmanager:x", fence_from="10.0.0.5/32")


def tagged(key: str, value: str) -> ClusterFacts:
    return described(TagList=[{"Key": key, "Value": value}])


def claimed_member() -> ClusterFacts:
    shown = {**SHOP.members[1].described, "TagList": [{"Key": "sealift:migration", "Value": "mig-2"}]}
    return with_member(described=shown)


PARAMETERS = replace(SHOP, parameter_group=GroupFacts("shop", "aurora-postgresql17", "in-sync", ()))
MYSQL = replace(SHOP, engine="aurora-mysql", parameter_group=GroupFacts("shop", "aurora-mysql8.0", "in-sync", ()))
OVERRIDES = GroupFacts("mine", "aurora-postgresql17", "in-sync", (("shared_preload_libraries", "pg_cron"),))

PROXIED = replace(
    described(MasterUserSecret={"SecretArn": "arn:s"}), proxies=(ProxyFacts("pool", "default", ("arn:s",)),)
)

SCALED = replace(SHOP, scaling="{}", members=(*SHOP.members, replace(SHOP.members[-1], id="application-autoscaling-1")))
FIRES: list[tuple[str, ClusterFacts, Options, str, str]] = [
    ("R-RDS-01", described(StorageEncryptionType="sse-kms", KmsKeyId="arn:other"), OPTIONS, BLOCK, "under arn:other"),
    ("R-RDS-14", replace(SHOP, key=replace(KEY, state="Disabled")), OPTIONS, BLOCK, "Disabled"),
    ("R-SEALIFT-12", tagged("sealift:migration", "mig-1"), OPTIONS, BLOCK, "mig-1"),
    ("R-SEALIFT-12", claimed_member(), OPTIONS, BLOCK, "shop-2"),
    ("R-SEALIFT-13", tagged("sealift:skip", "yes"), OPTIONS, BLOCK, "sealift:skip"),
    ("R-SEALIFT-13", SHOP, replace(OPTIONS, deny=("aurora:shop",)), BLOCK, "deny list"),
    ("R-SEALIFT-14", described(TagList=[{"Key": f"t{n}", "Value": "x"} for n in range(45)]), OPTIONS, BLOCK, "51"),
    ("R-IAC-02", tagged("aws:cloudformation:stack-id", "arn"), OPTIONS, BLOCK, "stack"),
    ("R-IAC-01", tagged("managed-by", "terraform"), OPTIONS, ACK, "prevent_destroy"),
    ("R-RDS-48", tagged("aws:backup:source", "x"), OPTIONS, WARN, "aws:backup:source"),
    ("R-RDS-31", replace(SHOP, snapshots=("old",)), OPTIONS, WARN, "old"),
    ("R-SEALIFT-15", replace(SHOP, selected_by_arn=("nightly/all",)), OPTIONS, WARN, "nightly/all"),
    ("R-RDS-22", described(EngineMode="serverless"), OPTIONS, BLOCK, "engine mode serverless"),
    ("R-RDS-22", described(ClusterScalabilityType="limitless"), OPTIONS, BLOCK, "Limitless"),
    ("R-RDS-22", described(CrossAccountClone=True), OPTIONS, BLOCK, "another account"),
    ("R-RDS-21", described(GlobalClusterIdentifier="world"), OPTIONS, BLOCK, "world"),
    ("R-RDS-58", described(ReplicationSourceIdentifier="arn:main"), OPTIONS, BLOCK, "arn:main"),
    ("R-RDS-58", described(ReadReplicaIdentifiers=["arn:copy"]), OPTIONS, BLOCK, "arn:copy"),
    ("R-RDS-05", with_member(described={"DBInstanceClass": "db.t2.micro"}), OPTIONS, BLOCK, "db.t2.micro"),
    ("R-RDS-35", described(VPCNetworkingEnabled=False), OPTIONS, BLOCK, "no VPC"),
    ("R-RDS-35", replace(SHOP, vpc=""), OPTIONS, BLOCK, "no VPC"),
    ("R-RDS-59", replace(SHOP, members=()), OPTIONS, BLOCK, "no writer"),
    ("R-RDS-12", replace(SHOP, state="stopped"), OPTIONS, BLOCK, "Start it"),
    ("R-RDS-10", replace(SHOP, state="modifying"), OPTIONS, BLOCK, "modifying"),
    ("R-RDS-10", with_member(state="rebooting"), OPTIONS, BLOCK, "shop-2 is 'rebooting'"),
    ("R-RDS-13", described(PendingModifiedValues={"EngineVersion": "18"}), OPTIONS, BLOCK, "EngineVersion"),
    ("R-RDS-13", with_member(described={"PendingModifiedValues": {"DBInstanceClass": "x"}}), OPTIONS, BLOCK, "shop-2"),
    ("R-RDS-51", with_member(applied="pending-reboot"), OPTIONS, BLOCK, "pending-reboot"),
    ("R-RDS-51", with_member(parameter_group=GroupFacts("own", "f", "applying", ())), OPTIONS, BLOCK, "applying"),
    ("R-RDS-51", replace(SHOP, parameter_group=GroupFacts("shop", "")), OPTIONS, BLOCK, "family"),
    ("R-FENCE-03", with_member(parameter_group=OVERRIDES), OPTIONS, BLOCK, "shared_preload_libraries"),
    ("R-FENCE-03", with_member(parameter_group=GroupFacts("own", "f")), OPTIONS, BLOCK, "could not be read"),
    ("R-RDS-25", replace(SHOP, quotas=(Quota("DBInstances", 39, 40),)), OPTIONS, BLOCK, "2 more"),
    ("R-RDS-25", replace(SHOP, quotas=None), OPTIONS, NOT_EVALUATED, "DescribeAccountAttributes"),
    ("R-RDS-27", replace(SHOP, taken=("shop-1-sealift-old",)), OPTIONS, BLOCK, "shop-1-sealift-old"),
    ("R-FENCE-02", SHOP, replace(OPTIONS, fence_login="arn:x"), BLOCK, "--fence-from"),
    (
        "R-FENCE-02",
        described(MasterUserSecret={"SecretArn": LOGIN.fence_login}),
        LOGIN,
        BLOCK,
        "another password",
    ),
    ("R-RDS-18", replace(SHOP, proxies=None), OPTIONS, NOT_EVALUATED, "DescribeDBProxies"),
    ("R-RDS-60", replace(SHOP, endpoints=None), OPTIONS, BLOCK, "DescribeDBClusterEndpoints"),
    ("R-RDS-61", replace(SHOP, scaling=None), OPTIONS, BLOCK, "DescribeScalableTargets"),
    ("R-RDS-20", described(ActivityStreamStatus="started"), OPTIONS, ACK, "activity stream"),
    ("R-RDS-53", described(IAMDatabaseAuthenticationEnabled=True), OPTIONS, WARN, "rds-db:connect"),
    ("R-RDS-53", with_member(described={"PerformanceInsightsEnabled": True}), OPTIONS, WARN, "shop-2"),
    ("R-RDS-54", replace(SHOP, alarms=("cpu",)), OPTIONS, WARN, "cpu"),
    ("R-RDS-43", multi_az(), OPTIONS, BLOCK, "Multi-AZ"),
    ("R-RDS-43", replace(SHOP, deployments=("theirs",)), OPTIONS, BLOCK, "theirs"),
    ("R-RDS-43", replace(SHOP, deployments=None), OPTIONS, BLOCK, "DescribeBlueGreenDeployments"),
    ("R-RDS-44", replace(SHOP, blue_green_keys=False), OPTIONS, BLOCK, "boto3"),
    ("R-RDS-17", described(MasterUserSecret={"SecretArn": "arn:s"}), OPTIONS, BLOCK, "master password"),
    ("R-RDS-19", replace(SHOP, integrations=("etl",)), OPTIONS, BLOCK, "etl"),
    ("R-RDS-41", PARAMETERS, OPTIONS, BLOCK, "rds.logical_replication"),
    ("R-RDS-41", MYSQL, OPTIONS, BLOCK, "binary log"),
    ("R-RDS-70", MYSQL, OPTIONS, BLOCK, "event_scheduler"),
    ("R-RDS-70", replace(SHOP, parameter_group=GroupFacts("shop", "f")), OPTIONS, BLOCK, "could not be read"),
    ("R-RDS-71", SHOP, OPTIONS, ACK, "primary key"),
    ("R-RDS-77", described(BacktrackWindow=86400), OPTIONS, BLOCK, "86400"),
    ("R-RDS-02", described(StorageEncryptionType="sse-rds"), OPTIONS, WARN, "--rekey"),
    ("R-RDS-03", replace(described(StorageEncryptionType="sse-kms"), owned=True), OPTIONS, WARN, "aws/rds"),
    ("R-RDS-24", replace(SHOP, unavailable=("shop-2: db.r3.large",)), OPTIONS, BLOCK, "shop-2"),
    ("R-RDS-24", replace(SHOP, unavailable=None), OPTIONS, NOT_EVALUATED, "DescribeOrderableDBInstanceOptions"),
    (
        "R-RDS-16",
        replace(with_member(described={"DBInstanceClass": "db.r5.large"}), enforced=True),
        OPTIONS,
        ACK,
        "shop-2",
    ),
    ("R-RDS-32", replace(SHOP, vaulted=("awsbackup:job-1",)), OPTIONS, WARN, "recovery point"),
    ("R-RDS-36", replace(SHOP, region="cn-north-1"), OPTIONS, WARN, "cn-north-1"),
    ("R-RDS-39", replace(multi_az(), engine="mysql"), OPTIONS, WARN, "MyISAM"),
    ("R-RDS-73", SHOP, OPTIONS, ACK, "rds.logical_replication is 1"),
    ("R-RDS-74", replace(SHOP, subscriptions=("oncall",)), OPTIONS, WARN, "oncall"),
    ("R-RDS-78", with_member(described={"DBCapacityReservationIdentifier": "dbcr-1"}), OPTIONS, WARN, "shop-2"),
    ("R-RDS-75", PROXIED, OPTIONS, BLOCK, "arn:s"),
    ("R-RDS-76", described(DomainMemberships=[{"Domain": "d-1"}]), OPTIONS, ACK, "d-1"),
    ("R-RDS-82", replace(SHOP, scaling="{}"), OPTIONS, WARN, "in no plan"),
    ("R-RDS-82", SCALED, OPTIONS, WARN, "application-autoscaling-1 come back"),
    ("R-RDS-62", replace(SHOP, scaling="{}"), OPTIONS, BLOCK, "scaled"),
    ("R-RDS-55", replace(SHOP, integrations=("etl",)), OPTIONS, ACK, "etl"),
    ("R-RDS-56", described(MasterUserSecret={"SecretArn": "arn:s"}), OPTIONS, WARN, "arn:s"),
    ("R-RDS-63", multi_az(), OPTIONS, WARN, "shop-1, shop-2"),
    ("R-RDS-29", SHOP, OPTIONS, WARN, "cache"),
    ("R-RDS-33", SHOP, OPTIONS, WARN, "its data"),
    ("R-FENCE-01", SHOP, OPTIONS, ACK, "write position"),
    ("R-RDS-84", SHOP, replace(OPTIONS, watchdog="arn:aws:iam::1:role/w"), BLOCK, "stand by for shop"),
    ("R-SEALIFT-21", SHOP, replace(OPTIONS, asg="standby", clone_slots=9), WARN, "--asg, --clone-slots have no effect"),
    ("R-SEALIFT-22", SHOP, LOGIN, WARN, "--fence-login, --fence-from have no effect on Blue/Green"),
    ("R-SEALIFT-23", SHOP, replace(OPTIONS, switchover_timeout=60), WARN, "--switchover-timeout has no effect"),
]


@pytest.mark.parametrize(
    ("rule", "facts", "options", "verdict", "says"), FIRES, ids=lambda x: x if isinstance(x, str) else ""
)
def test_a_rule_says_the_fact_and_the_remedy(
    rule: str, facts: ClusterFacts, options: Options, verdict: str, says: str
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
def test_an_ordinary_cluster_is_silent(rule: str) -> None:
    """Each rule has nothing to say of an ordinary cluster, alone or with readers, with a login or without."""
    for facts in (SHOP, replace(SHOP, members=(member("shop-1", writer=True),))):
        for options in (OPTIONS, LOGIN) if rule != "R-SEALIFT-22" else (OPTIONS,):
            assert RULES[rule](facts, options) is None


@pytest.mark.parametrize("rule", sorted({r.id for r in CLUSTER_RULES} - {"R-RDS-73"}))
def test_an_ordinary_multi_az_cluster_is_silent(rule: str) -> None:
    """No rule that is not of a route has anything to say of a Multi-AZ DB cluster."""
    assert RULES[rule](multi_az(), OPTIONS) is None


def test_what_is_under_a_key_has_nothing_to_say() -> None:
    """R-RDS-01: what is encrypted already is not judged; an AWS-owned key is one, whatever StorageEncrypted says (R-RDS-02)."""
    for told in (
        {"StorageEncryptionType": "sse-kms", "KmsKeyId": KEY.arn},
        {"StorageEncryptionType": "sse-rds", "StorageEncrypted": False},
    ):
        facts = described(**told, GlobalClusterIdentifier="world")
        assert not AURORA_CLUSTER.pending(facts)
        assert RULES["R-RDS-21"](facts, OPTIONS) is None


def test_a_key_of_awss_is_left_only_where_that_is_asked_for() -> None:
    """R-RDS-02: new Aurora clusters are under a key that AWS owns; --rekey moves them."""
    facts = replace(described(StorageEncryptionType="sse-rds", StorageEncrypted=False), rekey=True)
    assert AURORA_CLUSTER.pending(facts)
    assert RULES["R-RDS-02"](facts, replace(OPTIONS, rekey=True)) is None


def test_what_only_its_owners_know_is_asked() -> None:
    """R-RDS-71: auto takes Blue/Green of Aurora PostgreSQL only where its owners have said what logical replication leaves out."""
    asked = choose(AURORA_CLUSTER, SHOP, OPTIONS)[2]
    assert {(v.id, v.verdict) for v in asked} == {("R-RDS-71", ACK)}


def test_auto_takes_blue_green_where_the_rules_allow() -> None:
    """Prepared by its owners, Aurora goes by Blue/Green."""
    route, refused, _ = choose(AURORA_CLUSTER, SHOP, OPTIONS)
    assert (route.name if route else None, refused) == ("blue-green", [])


def test_auto_names_the_rule_that_refused_the_faster_route() -> None:
    """R-RDS-41: without logical replication it goes by a snapshot, and the plan says why; the source is not reconfigured."""
    route, refused, said = choose(AURORA_CLUSTER, PARAMETERS, OPTIONS)
    assert route is not None
    assert (route.name, [(r.route, r.rule) for r in refused]) == ("snapshot", [("blue-green", "R-RDS-41")])
    assert "R-FENCE-01" in {v.id for v in said}
