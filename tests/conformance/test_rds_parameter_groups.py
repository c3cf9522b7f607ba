"""Parameter groups: what is copied, how much at once and how many, and parameters with which no engine starts."""

import pytest

from sealift.sandbox import Quotas

KINDS = ["db", "db_cluster"]
WRONG = ("InvalidParameterCombination", 400)


class Groups:
    """The operations on groups of one kind."""

    def __init__(self, rds, kind):
        self.noun = "DBClusterParameterGroup" if kind == "db_cluster" else "DBParameterGroup"
        self.family = "aurora-mysql8.0" if kind == "db_cluster" else "mysql8.4"
        self.rds = rds

    def call(self, verb, **params):
        return self.rds._make_api_call(f"{verb}{self.noun}", params)

    def create(self, name="mine"):
        self.call("Create", **{f"{self.noun}Name": name}, DBParameterGroupFamily=self.family, Description="-")

    def copy(self, source, target="two"):
        ends = {f"Source{self.noun}Identifier": source, f"Target{self.noun}Identifier": target}
        self.call("Copy", **ends, **{f"Target{self.noun}Description": "-"})

    def modify(self, values, name="mine"):
        listed = [{"ParameterName": k, "ParameterValue": v, "ApplyMethod": "pending-reboot"} for k, v in values.items()]
        self.call("Modify", **{f"{self.noun}Name": name}, Parameters=listed)

    def told(self, name, **more):
        describe = self.noun.replace("Group", "s")
        found = self.rds._make_api_call(f"Describe{describe}", {f"{self.noun}Name": name, **more})
        return {p["ParameterName"]: p["ParameterValue"] for p in found["Parameters"]}


@pytest.fixture
def groups(rds):
    return lambda kind="db": Groups(rds, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_default_group_is_not_copied(groups, refused, kind):
    """SB-RDS-22: one's own is, with what it sets; a name is taken once (SB-RDS-08).

    Source SB-RDS-22: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithParamGroups.html; botocore rds
      CopyDBParameterGroup; recorded: InvalidParameterValue, Cannot modify a default parameter group (ankane/pghero#66),
      InvalidParameterCombination, Cannot modify more than 20 parameters in a single request
      (hashicorp/terraform-provider-aws#1298); the code of a copy is a guess.
    Source SB-RDS-08: botocore rds CreateDBSubnetGroup, ModifyDBSubnetGroup; the code for a second VPC, and for the
      default group, is a guess.
    """
    mine = groups(kind)
    assert refused(mine.copy, source=f"default.{mine.family}") == ("InvalidParameterValue", 400)
    mine.create()
    mine.modify({"event_scheduler": "off"})
    mine.copy("mine")
    assert mine.told("two", Source="user") == {"event_scheduler": "off"}
    assert refused(mine.copy, source="mine") == ("DBParameterGroupAlreadyExists", 400)


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_changes_twenty_parameters(groups, refused, kind):
    """SB-RDS-22: and a second request twenty more.

    Source SB-RDS-22: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithParamGroups.html; botocore rds
      CopyDBParameterGroup; recorded: InvalidParameterValue, Cannot modify a default parameter group (ankane/pghero#66),
      InvalidParameterCombination, Cannot modify more than 20 parameters in a single request
      (hashicorp/terraform-provider-aws#1298); the code of a copy is a guess.
    """
    mine, values = groups(kind), {f"p{n}": "1" for n in range(21)}
    mine.create()
    assert refused(mine.modify, values=values) == WRONG
    del values["p20"]
    mine.modify(values)
    mine.modify({"p20": "1"})
    assert len(mine.told("mine", Source="user")) == 21


@pytest.mark.parametrize("kind", KINDS)
def test_groups_are_limited_and_counted(opened, client, refused, kind):
    """R-RDS-25: one's own, of each kind; default groups do not count; deleted ones neither.

    Source R-RDS-25: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html.
    """
    box = opened(quotas=Quotas(db_parameter_groups=2, db_cluster_parameter_groups=2))
    box.add_db_instance("app", "mysql")
    box.add_db_cluster("au", "aurora-mysql")
    rds = client("rds")
    mine = Groups(rds, kind)
    mine.told(f"default.{mine.family}")
    mine.create("one")
    mine.create("two")
    full = ("DBParameterGroupQuotaExceeded", 400)
    assert refused(mine.create, name="three") == full
    assert refused(mine.copy, source="one", target="three") == full
    (told,) = [
        q for q in rds.describe_account_attributes()["AccountQuotas"] if q["AccountQuotaName"] == mine.noun + "s"
    ]
    assert (told["Used"], told["Max"]) == (2, 2)
    mine.call("Delete", **{f"{mine.noun}Name": "one"})
    mine.create("three")


@pytest.mark.parametrize(
    ("engine", "family", "name", "much", "fitting"),
    [
        ("mysql", "mysql8.4", "innodb_buffer_pool_size", str(9 * 2**30), str(4 * 2**30)),
        ("postgres", "postgres17", "shared_buffers", str(9 * 2**17), "{DBInstanceClassMemory/32768}"),
    ],
)
def test_parameters_that_need_too_much_memory(box, rds, db, refused, engine, family, name, much, fitting):
    """SB-RDS-33: from the reboot that applies them to the one after the group was mended; nothing is written meanwhile.

    Source SB-RDS-33: repost.aws/knowledge-center/aurora-mysql-incompatible-parameter;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html; that innodb_buffer_pool_size and
      shared_buffers alone count, and from what size, are guesses.
    """
    box.add_db_instance("app", engine)
    rds.create_db_parameter_group(DBParameterGroupName="mine", DBParameterGroupFamily=family, Description="-")
    mine = Groups(rds, "db")
    mine.modify({name: much})
    one = {"DBInstanceIdentifier": "app"}
    rds.modify_db_instance(**one, DBParameterGroupName="mine", ApplyImmediately=True)
    box.clock.advance(300)
    assert db("app")["DBInstanceStatus"] == "available"
    rds.reboot_db_instance(**one)
    box.clock.advance(300)
    assert db("app")["DBInstanceStatus"] == "incompatible-parameters"
    before = box.db_contents("app")
    wrong = ("InvalidDBInstanceState", 400)
    assert refused(rds.modify_db_instance, **one, DBInstanceClass="db.r6g.large") == wrong
    assert refused(rds.create_db_snapshot, **one, DBSnapshotIdentifier="s") == wrong
    rds.reboot_db_instance(**one)
    box.clock.advance(300)
    assert db("app")["DBInstanceStatus"] == "incompatible-parameters"
    assert box.db_contents("app") == before
    mine.modify({name: fitting})
    rds.reboot_db_instance(**one)
    box.clock.advance(300)
    assert db("app")["DBInstanceStatus"] == "available"
    assert db("app")["DBParameterGroups"][0]["ParameterApplyStatus"] == "in-sync"
    assert box.db_contents("app") != before
    assert box.db_losses() == []


def test_a_smaller_class_and_a_restore_have_to_fit_too(box, rds, db, groups):
    """SB-RDS-33: a class change starts the engine, and so does a restore.

    Source SB-RDS-33: repost.aws/knowledge-center/aurora-mysql-incompatible-parameter;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html; that innodb_buffer_pool_size and
      shared_buffers alone count, and from what size, are guesses.
    """
    box.add_db_instance("app", "mysql", DBInstanceClass="db.r6g.large")
    mine = groups()
    mine.create()
    mine.modify({"innodb_buffer_pool_size": str(12 * 2**30)})
    one = {"DBInstanceIdentifier": "app", "ApplyImmediately": True}
    rds.modify_db_instance(**one, DBParameterGroupName="mine")
    box.clock.advance(300)
    rds.reboot_db_instance(DBInstanceIdentifier="app")
    box.clock.advance(300)
    assert db("app")["DBInstanceStatus"] == "available"
    rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")
    box.clock.advance(2000)
    restore = {"DBSnapshotIdentifier": "s", "DBParameterGroupName": "mine"}
    for name, size in (("same", "db.r6g.large"), ("small", "db.m6g.large")):
        rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier=name, DBInstanceClass=size, **restore)
    box.clock.advance(3000)
    assert db("same")["DBInstanceStatus"] == "available"
    assert db("small")["DBInstanceStatus"] == "incompatible-parameters"
    rds.modify_db_instance(**one, DBInstanceClass="db.m6g.large")
    box.clock.advance(3000)
    assert db("app")["DBInstanceStatus"] == "incompatible-parameters"
