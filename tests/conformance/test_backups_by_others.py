"""DLM and AWS Backup: snapshots that nobody asked for, with the tags of what they were taken of."""

import pytest

DAY = 86_400
ROLE = "arn:aws:iam::123456789012:role/service"


@pytest.fixture
def policy(client):
    """policy(retain, copy_tags=, **more) -> id of a daily policy on volumes tagged Backup=daily."""

    def make(retain, *, copy_tags=True, **more):
        schedule = {
            "Name": "daily",
            "CopyTags": copy_tags,
            "CreateRule": {"Interval": 24, "IntervalUnit": "HOURS", "Times": ["03:00"]},
            "RetainRule": retain,
            "TagsToAdd": [{"Key": "by", "Value": "dlm"}],
        }
        details = {
            "ResourceTypes": ["VOLUME"],
            "TargetTags": [{"Key": "Backup", "Value": "daily"}],
            "Schedules": [{**schedule, **more}],
        }
        return client("dlm").create_lifecycle_policy(
            ExecutionRoleArn=ROLE, Description="d", State="ENABLED", PolicyDetails=details
        )["PolicyId"]

    return make


@pytest.fixture
def shots(ec2):
    """shots(volume) -> its snapshots, oldest first."""

    def look(volume):
        found = ec2.describe_snapshots(Filters=[{"Name": "volume-id", "Values": [volume]}])["Snapshots"]
        return sorted(found, key=lambda s: s["StartTime"])

    return look


def tags(thing):
    return {t["Key"]: t["Value"] for t in thing.get("Tags", [])}


def test_a_policy_takes_a_snapshot_a_day(box, policy, shots):
    """SB-DLM-01: of tagged volumes only, within the hour after 03:00.

    Source SB-DLM-01: botocore dlm CreateLifecyclePolicy, CreateRule.Times.
    """
    volume, other = box.add_volume(tags={"Backup": "daily"}), box.add_volume()
    policy({"Count": 7})
    box.clock.advance(3 * DAY)
    found = shots(volume)
    assert len(found) == 3
    assert {s["StartTime"].hour for s in found} == {3}
    assert shots(other) == []


def test_a_policy_hands_tags_on(box, policy, shots):
    """SB-DLM-03: ours too, so that a tag alone proves nothing.

    Source SB-DLM-03: botocore dlm Schedule.CopyTags; the names of its own tags: recorded replies.
    """
    volume = box.add_volume(tags={"Backup": "daily", "sealift:migration": "m-1"})
    made = policy({"Count": 1})
    box.clock.advance(DAY)
    (shot,) = shots(volume)
    assert tags(shot) == {
        "Backup": "daily",
        "sealift:migration": "m-1",
        "by": "dlm",
        "dlm:managed": "true",
        "aws:dlm:lifecycle-policy-id": made,
        "aws:dlm:lifecycle-schedule-name": "daily",
    }
    assert made in shot["Description"]


def test_without_copy_tags_none_are(box, policy, shots):
    """SB-DLM-03.

    Source SB-DLM-03: CopyTags hands on all tags of the volume that are not AWS's; the policy's own are dlm:managed and
      aws:dlm:…. botocore dlm Schedule.CopyTags; the names of its own tags: recorded replies.
    """
    volume = box.add_volume(tags={"Backup": "daily"})
    policy({"Count": 1}, copy_tags=False)
    box.clock.advance(DAY)
    assert "Backup" not in tags(shots(volume)[0])


@pytest.mark.parametrize("retain", [{"Count": 2}, {"Interval": 2, "IntervalUnit": "DAYS"}])
def test_a_policy_deletes_its_own_and_no_others(box, ec2, policy, shots, retain):
    """SB-DLM-04: by count, by age; a snapshot of ours stays.

    Source SB-DLM-04: botocore dlm RetainRule; that age is looked at with the next snapshot is a guess.
    """
    volume = box.add_volume(tags={"Backup": "daily"})
    ours = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    policy(retain)
    box.clock.advance(5 * DAY)
    ids = [s["SnapshotId"] for s in shots(volume)]
    assert ids[0] == ours
    assert len(ids) == 3


def test_a_leap_of_years_makes_no_more_than_is_kept(box, policy, shots):
    """SB-DLM-04: what would have been deleted by now has never been made; the log stays short.

    Source SB-DLM-04: botocore dlm RetainRule; that age is looked at with the next snapshot is a guess.
    """
    volume = box.add_volume(tags={"Backup": "daily"})
    policy({"Count": 3})
    before = len(box.log)
    box.clock.advance(5 * 365 * DAY)
    assert len(shots(volume)) == 3
    assert len(box.log) - before < 20


def test_a_policy_can_be_changed_and_deleted(box, client, policy, shots, refused):
    """SB-DLM-02: disabled it does nothing, deleted it is not there; neither takes its snapshots along.

    Source SB-DLM-02: botocore dlm GetLifecyclePolicy.
    """
    dlm, volume = client("dlm"), box.add_volume(tags={"Backup": "daily"})
    made = policy({"Count": 5})
    box.clock.advance(DAY)
    dlm.update_lifecycle_policy(PolicyId=made, State="DISABLED")
    assert [p["State"] for p in dlm.get_lifecycle_policies()["Policies"]] == ["DISABLED"]
    assert dlm.get_lifecycle_policies(State="ENABLED")["Policies"] == []
    box.clock.advance(3 * DAY)
    assert len(shots(volume)) == 1
    dlm.update_lifecycle_policy(PolicyId=made, State="ENABLED")
    box.clock.advance(DAY)
    assert len(shots(volume)) == 2
    dlm.delete_lifecycle_policy(PolicyId=made)
    box.clock.advance(3 * DAY)
    assert len(shots(volume)) == 2
    assert refused(dlm.get_lifecycle_policy, PolicyId=made) == ("ResourceNotFoundException", 404)


def test_cron_and_nonsense_are_told_apart(box, client, policy, shots, refused):
    """SB-DLM-01: a cron expression on Mondays; a schedule without a rule is refused.

    Source SB-DLM-01: botocore dlm CreateLifecyclePolicy, CreateRule.Times.
    """
    volume = box.add_volume(tags={"Backup": "daily"})
    policy({"Count": 9}, CreateRule={"CronExpression": "cron(30 4 ? * MON *)"})
    box.clock.advance(21 * DAY)
    assert [s["StartTime"].weekday() for s in shots(volume)] == [0, 0, 0]
    with pytest.raises(client("dlm").exceptions.InvalidRequestException):
        policy({"Count": 1}, CreateRule={"CronExpression": "rate(1 day), at night"})


def test_a_default_policy_covers_what_has_no_backup(box, client, shots):
    """SB-DLM-01: volumes without a recent snapshot, whatever their tags.

    Source SB-DLM-01: botocore dlm CreateLifecyclePolicy, CreateRule.Times.
    """
    volume = box.add_volume()
    client("dlm").create_lifecycle_policy(
        ExecutionRoleArn=ROLE,
        Description="d",
        State="ENABLED",
        DefaultPolicy="VOLUME",
        CreateInterval=1,
        RetainInterval=2,
    )
    box.clock.advance(2 * DAY)
    assert shots(volume) != []


@pytest.fixture
def plan(client):
    """plan(selection, days=) -> id of a plan that backs up at five each day."""
    backup, count = client("backup"), iter(range(9))

    def make(days=3, **selection):
        rule = {"RuleName": "r", "TargetBackupVaultName": "v", "Lifecycle": {"DeleteAfterDays": days}}
        made = backup.create_backup_plan(BackupPlan={"BackupPlanName": f"p{next(count)}", "Rules": [rule]})[
            "BackupPlanId"
        ]
        backup.create_backup_selection(
            BackupPlanId=made, BackupSelection={"SelectionName": "s", "IamRoleArn": ROLE, **selection}
        )
        return made

    return make


def arn(volume):
    return f"arn:aws:ec2:eu-central-1:123456789012:volume/{volume}"


BY_TAG = {"ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "Backup", "ConditionValue": "daily"}]}


def test_a_plan_backs_up_what_its_tag_names(box, client, plan, shots):
    """SB-BAK-02: a snapshot with the volume's tags, a recovery point in the vault.

    Source SB-BAK-02: the managed policies of AWS Backup name the tag; botocore rds DescribeDBSnapshots.SnapshotType.
    """
    volume, other = box.add_volume(tags={"Backup": "daily", "sealift:migration": "m-1"}), box.add_volume()
    made = plan(**BY_TAG)
    box.clock.advance(DAY)
    (shot,) = shots(volume)
    expected = {"Backup": "daily", "sealift:migration": "m-1", "aws:backup:source-resource": arn(volume)}
    assert tags(shot) == expected
    assert shots(other) == []
    backup = client("backup")
    (point,) = backup.list_recovery_points_by_resource(ResourceArn=arn(volume))["RecoveryPoints"]
    assert point["RecoveryPointArn"].endswith(shot["SnapshotId"])
    assert (point["BackupVaultName"], point["Status"]) == ("v", "COMPLETED")
    (listed,) = backup.list_recovery_points_by_backup_vault(BackupVaultName="v")["RecoveryPoints"]
    assert (listed["ResourceArn"], listed["CreatedBy"]["BackupPlanId"]) == (arn(volume), made)
    (known,) = backup.list_protected_resources()["Results"]
    assert (known["ResourceArn"], known["ResourceType"]) == (arn(volume), "EBS")


def test_a_selection_is_read_as_written(box, plan, shots):
    """SB-BAK-01: ARNs with conditions, exclusions.

    Source SB-BAK-01: botocore backup BackupSelection; how ARNs and ListOfTags go together is a guess.
    """
    one, two = box.add_volume(tags={"a": "b"}), box.add_volume()
    conditions = {"StringEquals": [{"ConditionKey": "aws:ResourceTag/a", "ConditionValue": "b"}]}
    plan(Resources=["arn:aws:ec2:*:*:volume/*"], Conditions=conditions)
    box.clock.advance(DAY)
    assert (len(shots(one)), len(shots(two))) == (1, 0)
    plan(Resources=[arn(two)])
    plan(Resources=["*"], NotResources=[arn(one), arn(two)])
    box.clock.advance(DAY)
    assert (len(shots(one)), len(shots(two))) == (2, 1)


def test_retention_deletes_recovery_points(box, client, plan, shots):
    """SB-BAK-03: point and snapshot, also after a leap of years.

    Source SB-BAK-03: botocore backup GetBackupSelection, Lifecycle.
    """
    volume = box.add_volume(tags={"Backup": "daily"})
    plan(days=3, **BY_TAG)
    box.clock.advance(10 * DAY)
    assert len(shots(volume)) == 3
    before = len(box.log)
    box.clock.advance(3 * 365 * DAY)
    assert len(shots(volume)) == 3
    assert len(box.log) - before < 20
    assert len(client("backup").list_recovery_points_by_resource(ResourceArn=arn(volume))["RecoveryPoints"]) == 3


def test_what_is_not_there_is_refused_and_an_end_is_an_end(box, client, plan, shots, refused):
    """SB-BAK-03: unknown plans, selections, points; a selection that is deleted backs nothing up.

    Source SB-BAK-03: botocore backup GetBackupSelection, Lifecycle.
    """
    backup, volume = client("backup"), box.add_volume(tags={"Backup": "daily"})
    made = plan(**BY_TAG)
    found = refused(backup.get_backup_selection, BackupPlanId=made, SelectionId="no")
    assert found == ("ResourceNotFoundException", 400)
    gone = {"BackupVaultName": "v", "RecoveryPointArn": "arn:aws:ec2:eu-central-1::snapshot/snap-0"}
    assert refused(backup.delete_recovery_point, **gone)[0] == "ResourceNotFoundException"
    (selection,) = backup.list_backup_selections(BackupPlanId=made)["BackupSelectionsList"]
    backup.delete_backup_selection(BackupPlanId=made, SelectionId=selection["SelectionId"])
    box.clock.advance(2 * DAY)
    assert shots(volume) == []


def test_ec2_does_not_delete_a_recovery_point(box, client, ec2, plan, shots, refused):
    """SB-BAK-04: AWS Backup does.

    Source SB-BAK-04: remembered of the field: InvalidParameterValue (guess).
    """
    volume = box.add_volume(tags={"Backup": "daily"})
    plan(**BY_TAG)
    box.clock.advance(DAY)
    (shot,) = shots(volume)
    assert refused(ec2.delete_snapshot, SnapshotId=shot["SnapshotId"]) == ("InvalidParameterValue", 400)
    backup = client("backup")
    (point,) = backup.list_recovery_points_by_resource(ResourceArn=arn(volume))["RecoveryPoints"]
    backup.delete_recovery_point(BackupVaultName="v", RecoveryPointArn=point["RecoveryPointArn"])
    assert shots(volume) == []


def test_databases_are_backed_up_too(box, rds, plan):
    """SB-BAK-02: snapshots of type awsbackup, with the tags of the database.

    Source SB-BAK-02: the managed policies of AWS Backup name the tag; botocore rds DescribeDBSnapshots.SnapshotType.
    """
    box.add_db_instance(name="db")
    name = "arn:aws:rds:eu-central-1:123456789012:db:db"
    rds.add_tags_to_resource(ResourceName=name, Tags=[{"Key": "Backup", "Value": "daily"}])
    plan(**BY_TAG)
    box.clock.advance(DAY)
    found = [s for s in rds.describe_db_snapshots()["DBSnapshots"] if s["SnapshotType"] == "awsbackup"]
    assert [s["DBInstanceIdentifier"] for s in found] == ["db"]
    assert found[0]["DBSnapshotIdentifier"].startswith("awsbackup:job-")
    assert {"Key": "Backup", "Value": "daily"} in found[0]["TagList"]
