"""How steps of databases judge what they see, and what they leave behind: read without a sandbox."""

from dataclasses import replace
from typing import Any

import pytest

from sealift.clock import VirtualClock, actor
from sealift.errors import WaitFailed
from sealift.recipe import step_from_json, step_to_json
from sealift.step import Call, Context, Found, Phase, Ref, Seen, Step, token_of, undoing
from sealift.steps import (
    AwaitOwnGroups,
    BeginFence,
    DeleteClusterEndpoint,
    DropMemberOfLost,
    EndpointNow,
    GiveOwnGroups,
    RebootMember,
    RenameDatabase,
    RestoreCluster,
    RestoreInstance,
    SwitchOver,
    TakeName,
)
from sealift.steps.db_looks import BROKEN, at_rest, read_database
from sealift.steps.db_snapshots import RenewWarmDbSnapshot, SafetyDbSnapshot
from sealift.watch import Watcher

CTX = Context("mig-1", 1, 1)


@pytest.mark.parametrize("state", sorted(BROKEN))
@pytest.mark.parametrize("noun", ["DBInstanceStatus", "Status"])
def test_a_terminal_state_ends_a_wait_at_once(noun: str, state: str) -> None:
    """Among them all that AWS's own CloudFormation handler gives up on."""
    seen = at_rest()({"DBInstanceIdentifier": "x", noun: state})
    assert (seen.done, state in str(seen.failed)) == (False, True)


@pytest.mark.parametrize("state", [s for s in sorted(BROKEN) if s.startswith("inaccessible-")])
def test_a_key_that_cannot_be_used_is_named(state: str) -> None:
    """Whoever has to enable it looks for no other."""
    seen = at_rest()({"DBInstanceIdentifier": "x", "DBInstanceStatus": state, "KmsKeyId": "arn:aws:kms:…:key/1"})
    assert "RDS cannot use its key arn:aws:kms:…:key/1" in str(seen.failed)


@pytest.mark.parametrize(
    "state",
    [
        "failed",
        "incompatible-create",
        "incompatible-credentials",
        "modify-failed",
        "upgrade-failed",
        "migration-failed",
    ],
)
def test_what_cloudformation_gives_up_on_is_given_up_on(state: str) -> None:
    """aws-cloudformation-resource-providers-rds, DBInstanceStatus.java: terminal."""
    assert state in BROKEN


def switchover() -> Step:
    return SwitchOver(
        key="switchover",
        phase=Phase.BRING_UP,
        deployment="bgd-1",
        database="orders",
        timeout=300,
        members=(("orders", "db-A", "db-B", ("sg-1",), "own", "orders-sealift-new"),),
        quarantine="sg-q",
        quiet="quiet",
        interfaces=1,
    )


@pytest.mark.parametrize(("state", "unused"), [("AVAILABLE", True), ("SWITCHOVER_IN_PROGRESS", False)])
async def test_a_switchover_is_not_waited_for_without_end(state: str, unused: bool) -> None:
    """RDS may say AVAILABLE of one that it took back: then nobody can have been on the new side, and it goes back by itself; one
    that is still under way is for a person.
    """
    clock = VirtualClock()

    async def read(call: Call) -> dict[str, Any]:
        return {"BlueGreenDeployments": [{"BlueGreenDeploymentIdentifier": "bgd-1", "Status": state}]}

    watch = switchover().ready({})
    assert watch is not None
    began = clock.now()
    with actor(clock), pytest.raises(WaitFailed) as caught:
        await Watcher(clock, read).until(watch, step="switchover")
    assert caught.value.unused is unused
    assert 300 < clock.now() - began <= 1300


def test_one_that_was_taken_back_fails_at_once() -> None:
    """SWITCHOVER_FAILED says so: nothing was exchanged."""
    watch = switchover().ready({})
    assert watch is not None
    assert watch.judge({"Status": "SWITCHOVER_FAILED"}) == Seen(
        failed="RDS took the switchover back: no reason given", state="SWITCHOVER_FAILED", unused=True
    )


def test_an_endpoint_that_is_gone_is_neither_named_nothing_nor_deleted() -> None:
    """Its former name stands for it, under which there is nothing; `find` says so before anything is sent."""
    now = EndpointNow(key="e", phase=Phase.RESTORE, endpoint_resource="cluster-endpoint-A", was="reports")
    query = now.observe(CTX)
    assert query is not None
    assert query.read({"DBClusterEndpoints": []}) == {"name": "reports"}
    shown = {"DBClusterEndpointResourceIdentifier": "cluster-endpoint-A", "DBClusterEndpointIdentifier": "reports-old1"}
    assert query.read({"DBClusterEndpoints": [shown]}) == {"name": "reports-old1"}
    delete = DeleteClusterEndpoint(
        key="d", phase=Phase.RESTORE, endpoint="reports", cluster="shop", resource_id="c", kind="READER"
    )
    assert delete.looks_first
    assert delete.find(CTX).read({"DBClusterEndpoints": []}) is not None


COPY: dict[str, Any] = {
    "key": "restore",
    "phase": Phase.CUTOVER,
    "groups": (),
    "members": "{}",
    "key_arn": "k",
    "size": 1,
}


@pytest.mark.parametrize(
    "restore",
    [
        RestoreInstance(snapshot="s", **COPY),
        RestoreCluster(snapshot="s", parameter_group="quiet", **COPY),
    ],
)
@pytest.mark.parametrize("served", [True, False])
def test_only_what_has_served_keeps_its_automated_backups(restore: Step, served: bool) -> None:
    """R-RDS-30: retained ones count against a quota, and of a copy that nobody wrote to there is nothing to restore."""
    (delete,) = undoing(restore, brought_up=served)
    assert isinstance(delete.do(CTX).params["SkipFinalSnapshot"], bool)
    assert delete.do(CTX).params["DeleteAutomatedBackups"] is not served
    assert isinstance(getattr(delete, "resource_id", None), Ref)


def test_a_snapshot_whose_time_is_not_told_yet_is_not_too_old() -> None:
    """RDS is still making it: it is waited for, not deleted. One that is not there is made anew."""
    renew = RenewWarmDbSnapshot(
        key="renew", phase=Phase.PREPARE, database="orders", resource_id="db-1", size=1, warm="warm", max_age=60
    )
    fresh = renew.fresh({"name": "snap-1"})

    assert Found({}) == fresh.read({"DBSnapshots": [{"DBSnapshotIdentifier": "snap-1", "Status": "creating"}]})
    assert fresh.read({"DBSnapshots": []}) is None


def test_a_fence_of_an_earlier_plan_is_read_and_its_undo_waits_for_no_network() -> None:
    """A stored plan goes on, and back, as it was made: it names no quarantine where the fence begins."""
    about: dict[str, Any] = {"key": "begin", "phase": Phase.CUTOVER, "database": "orders", "resource_id": "db-A"}
    begin = BeginFence(groups=("sg-1",), quarantine=Ref("quarantine", "GroupId"), **about)
    assert [s.key for s in undoing(begin)] == ["undo:begin"]
    row = step_to_json(begin)
    del row["fields"]["quarantine"]
    earlier = step_from_json(row)
    assert earlier == BeginFence(groups=("sg-1",), **about)
    assert undoing(earlier) == ()


def test_a_member_of_a_cluster_has_one_network_interface() -> None:
    """An instance in two zones has two; the members of a cluster are in one zone each, whatever is said of their cluster."""
    fenced = {"MultiAZ": True, "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1", "Status": "active"}]}
    reply = {"DBInstances": [fenced, {**fenced, "DBClusterIdentifier": "bank"}, {**fenced, "VpcSecurityGroups": []}]}
    step = AwaitOwnGroups(key="own-groups", phase=Phase.CONFIRM, group="sg-1")

    assert {"fenced": 3} == step.observe(CTX).read(reply)


@pytest.mark.parametrize("of_cluster", [False, True])
def test_a_database_that_somebody_has_renamed_does_not_get_its_name_back_by_itself(of_cluster: bool) -> None:
    """A way back waits for a rename that has not begun yet; a name that is neither the old nor the new one is named, with what mends it."""
    about: dict[str, Any] = {"resource_id": "db-A", "of_cluster": of_cluster}
    step = RenameDatabase(key="undo:rename", phase=Phase.RESTORE, database="orders", to="orders-sealift-old", **about)
    noun = "DBCluster" if of_cluster else "DBInstance"

    def seen(name: str, state: str = "available") -> Seen:
        return step.needs().judge({f"{noun}Identifier": name, "Status" if of_cluster else "DBInstanceStatus": state})

    assert (True, None) == (seen("orders").done, seen("orders").stray)
    for waits in (seen("orders-sealift-old"), seen("orders-hand", "renaming"), step.needs().judge(None)):
        assert (False, None, None) == (waits.done, waits.stray, waits.mend)
    theirs = seen("orders-hand")
    mend = {f"{noun}Identifier": "orders-hand", f"New{noun}Identifier": "orders", "ApplyImmediately": True}
    assert (False, "somebody has named it orders-hand") == (theirs.done, theirs.stray)
    assert theirs.mend == Call(f"rds:Modify{noun}", mend)


def test_a_replacement_that_is_not_in_quarantine_is_open_to_clients() -> None:
    """Whoever has given it other groups has brought it up: its bring-up says so, whatever groups they are."""
    step = GiveOwnGroups(
        key="bring-up",
        phase=Phase.BRING_UP,
        database="orders",
        resource_id="db-A",
        groups=("sg-own",),
        parameter_group="own",
        quarantine="sg-q",
    )

    def said(*groups: str) -> list[str]:
        database = {"DBInstanceIdentifier": "orders", "VpcSecurityGroups": [{"VpcSecurityGroupId": g} for g in groups]}
        return list(step.started(CTX).read({"DBInstances": [database]}))

    assert ([], []) == (said("sg-q"), list(step.started(CTX).read({"DBInstances": []})))
    assert ["orders is in sg-own: somebody has let clients in"] == said("sg-own")
    assert ["orders is in sg-own, sg-q: somebody has let clients in"] == said("sg-q", "sg-own")


# -- a replacement whose key is lost -------------------------------------------------------------------------------------

LOST = "inaccessible-encryption-credentials"
TEMPORARY = f"sealift-{token_of(CTX, 'member:shop-1')[:24]}"


def drops() -> list[Step]:
    """Return what takes the name of a cluster back, before it has been brought up."""
    taking = TakeName(
        key="rename:new",
        phase=Phase.CUTOVER,
        database="sealift-1",
        resource_id="cluster-1",
        to="shop",
        of_cluster=True,
        instances=(("shop-1", "member:shop-1"), ("shop-2", "member:shop-2")),
    )
    return list(undoing(taking))


def test_the_instances_of_a_lost_cluster_go_before_it_and_then_it_gives_its_name_up() -> None:
    """AWS deletes no cluster of Aurora whose instances stay (SB-AUR-04); after bring-up nothing is deleted in the way."""
    keys = ["undo:rename:new:lost:shop-1", "undo:rename:new:lost:shop-2", "undo:rename:new:lost", "undo:rename:new"]
    assert keys == [s.key for s in drops()]
    assert [True, True, True, False] == [s.conditional and s.looks_first for s in drops()]
    assert {Phase.RESTORE} == {s.phase for s in drops()}


@pytest.mark.parametrize(
    ("status", "name", "members", "deletes"),
    [
        (LOST, "shop", [TEMPORARY], True),
        (f"{LOST}-recoverable", "SHOP", ["another", TEMPORARY], True),
        ("available", "shop", [TEMPORARY], False),
        ("deleting", "shop", [TEMPORARY], False),
        (LOST, "sealift-1", [TEMPORARY], False),
        (LOST, "shop", ["shop-1"], False),
        (LOST, "shop", None, False),
    ],
)
def test_an_instance_is_deleted_where_its_cluster_is_lost_and_has_it(
    status: str, name: str, members: list[str] | None, deletes: bool
) -> None:
    """By the name that it was made with; a cluster that RDS can use, that goes or has given its name up already, keeps it."""
    drop = drops()[0]
    shown: dict[str, Any] = {"DBClusterIdentifier": name.lower(), "DbClusterResourceId": "cluster-1", "Status": status}
    if members is not None:
        shown["DBClusterMembers"] = [{"DBInstanceIdentifier": m} for m in members]
    query = drop.find(CTX)
    assert query is not None
    assert query.call.params == {"Filters": [{"Name": "db-cluster-resource-id", "Values": ["cluster-1"]}]}
    assert (None if deletes else Found({})) == query.read({"DBClusters": [shown]})
    assert Found({}) == query.read({"DBClusters": []})


def test_only_what_the_migration_has_made_is_deleted_with_a_lost_cluster() -> None:
    """A name alone proves nothing: the tags have to be those of this migration, and of what it has made."""
    drop = drops()[0]
    assert isinstance(drop, DropMemberOfLost)
    assert "delete the instance that stands for shop-1 if RDS cannot use the key of shop" == drop.title()
    assert {"DBInstanceIdentifier": TEMPORARY, "SkipFinalSnapshot": True} == drop.do(CTX).params
    query = drop.before(CTX)
    assert query.call.params == {"Filters": [{"Name": "db-instance-id", "Values": [TEMPORARY]}]}

    def wrong(**tags: str) -> list[str]:
        listed = [{"Key": f"sealift:{k}", "Value": v} for k, v in tags.items()]
        return list(query.read({"DBInstances": [{"DBInstanceIdentifier": TEMPORARY, "TagList": listed}]}))

    assert [] == wrong(migration="mig-1", role="copy") == wrong(migration="mig-1", role="replacement")
    assert [f"{TEMPORARY} does not carry the tag of mig-1: it is not deleted"] == wrong(migration="mig-2", role="copy")
    assert [f"{TEMPORARY} has the role 'source': it is not deleted"] == wrong(migration="mig-1", role="source")


# -- a replacement that is gone ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("of_cluster", [True, False])
@pytest.mark.parametrize(
    ("states", "gone"), [([], True), (["deleting"], True), (["available"], False), (["failed"], False)]
)
def test_what_somebody_has_deleted_or_does_has_nothing_to_keep(states: list[str], gone: bool, of_cluster: bool) -> None:
    """It is named by what no rename changes, and waited for until its name is free."""
    keeper = SafetyDbSnapshot(
        key="safety:restore", phase=Phase.RESTORE, database="a", resource_id="db-9", size=1, of_cluster=of_cluster
    )
    noun, status = ("DBClusters", "Status") if of_cluster else ("DBInstances", "DBInstanceStatus")
    answer = keeper.past().read({noun: [{status: state} for state in states]})
    assert ("the replacement db-9" if gone else "") == answer
    assert keeper.past().call == read_database("db-9", of_cluster=of_cluster)
    departed = keeper.departed()
    assert ("db-9", "db-cluster" if of_cluster else "db-instance") == (departed.id, departed.subject)
    assert (True, False) == (departed.judge(None).done, departed.judge({status: "deleting"}).done)


def test_a_member_that_bears_another_name_on_a_way_back_is_rebooted_by_a_person() -> None:
    """Its old name may be another's by then: the command names it as it is; once all run under the parameters it is done."""
    step = RebootMember(
        key="undo:bring-up:reboot:1",
        phase=Phase.RESTORE,
        database="orders-1",
        resource_id="db-A",
        cluster="cluster-A",
        parameter_group="quiet",
    )

    def seen(name: str) -> Seen:
        return step.needs().judge({"DBInstanceIdentifier": name, "DBInstanceStatus": "available"})

    def cluster(status: str, name: str) -> dict[str, Any]:
        member = {"DBInstanceIdentifier": name, "DBClusterParameterGroupStatus": status}
        return {
            "DBClusterIdentifier": "orders",
            "Status": "available",
            "DBClusterParameterGroup": "quiet",
            "DBClusterMembers": [member],
        }

    def found(status: str, name: str) -> Found | None:
        query = step.find(CTX)
        assert query is not None
        return query.read({"DBClusters": [cluster(status, name)]})

    assert (True, None) == (seen("orders-1").done, seen("orders-1").stray)
    assert (False, None) == (step.needs().judge(None).done, step.needs().judge(None).stray)
    by_hand = Call("rds:RebootDBInstance", {"DBInstanceIdentifier": "sealift-1"})
    assert (False, "it is sealift-1 by now", by_hand) == (
        seen("sealift-1").done,
        seen("sealift-1").stray,
        seen("sealift-1").mend,
    )
    assert (None, None) == (found("pending-reboot", "sealift-1"), found("in-sync", "orders-1"))
    assert Found({}) == found("in-sync", "sealift-1")
    judge = step.ready({}).judge
    assert (True, False) == (judge(cluster("in-sync", "x")).done, judge(cluster("pending-reboot", "orders-1")).done)
    assert not replace(step, phase=Phase.CUTOVER).ready({}).judge(cluster("in-sync", "x")).done
    assert replace(step, phase=Phase.CUTOVER).find(CTX) is None
