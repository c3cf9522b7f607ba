"""One open box holds any number of accounts: each has its own of every kind of thing, and sees no other's."""

import pytest

REGION = "eu-central-1"
ONE, OTHER = "111111111111", "222222222222"


@pytest.fixture
def act(box):
    """act(account, service) -> a client of that account."""
    keys = {account: box.people.root(account) for account in (ONE, OTHER)}
    return lambda account, service="ec2": box.client(service, REGION, keys[account])


def ids(page, *path):
    """Return what stands at the end of a path through lists and members."""
    found = [page]
    for name in path:
        found = [one for item in found for one in (item[name] if isinstance(item[name], list) else [item[name]])]
    return sorted(found)


def key(act, account):
    return [act(account, "kms").create_key()["KeyMetadata"]["KeyId"]]


def policy(act, account):
    details = {"ResourceTypes": ["VOLUME"], "TargetTags": [{"Key": "a", "Value": "b"}], "Schedules": [SCHEDULE]}
    made = act(account, "dlm").create_lifecycle_policy(
        ExecutionRoleArn=f"arn:aws:iam::{account}:role/dlm", Description="daily", State="ENABLED", PolicyDetails=details
    )
    return [made["PolicyId"]]


SCHEDULE = {"Name": "daily", "CreateRule": {"Interval": 24, "IntervalUnit": "HOURS"}, "RetainRule": {"Count": 1}}

KINDS = {
    "volumes": (
        lambda box, act, a: [box.add_volume(account=a)],
        lambda act, a: ids(act(a).describe_volumes(), "Volumes", "VolumeId"),
    ),
    "instances": (
        lambda box, act, a: [box.add_instance(account=a)],
        lambda act, a: ids(act(a).describe_instances(), "Reservations", "Instances", "InstanceId"),
    ),
    "snapshots": (
        lambda box, act, a: [act(a).create_snapshot(VolumeId=box.add_volume(account=a))["SnapshotId"]],
        lambda act, a: ids(act(a).describe_snapshots(), "Snapshots", "SnapshotId"),
    ),
    "tags": (
        lambda box, act, a: [box.add_instance(name=f"of-{a}", account=a)],
        lambda act, a: ids(act(a).describe_tags(), "Tags", "ResourceId"),
    ),
    "keys": (
        lambda box, act, a: key(act, a),
        lambda act, a: ids(act(a, "kms").list_keys(), "Keys", "KeyId"),
    ),
    "groups": (
        lambda box, act, a: box.add_instance(account=a, asg=f"of-{a}") and [f"of-{a}"],
        lambda act, a: ids(
            act(a, "autoscaling").describe_auto_scaling_groups(), "AutoScalingGroups", "AutoScalingGroupName"
        ),
    ),
    "dlm": (
        lambda box, act, a: policy(act, a),
        lambda act, a: ids(act(a, "dlm").get_lifecycle_policies(), "Policies", "PolicyId"),
    ),
    "databases": (
        lambda box, act, a: [box.add_db_instance(f"of-{a}", account=a)],
        lambda act, a: ids(act(a, "rds").describe_db_instances(), "DBInstances", "DBInstanceIdentifier"),
    ),
    "clusters": (
        lambda box, act, a: [box.add_db_cluster(f"of-{a}", account=a)],
        lambda act, a: ids(act(a, "rds").describe_db_clusters(), "DBClusters", "DBClusterIdentifier"),
    ),
    "secrets": (
        lambda box, act, a: [act(a, "secretsmanager").create_secret(Name=f"of-{a}", SecretString="s")["Name"]],
        lambda act, a: ids(act(a, "secretsmanager").list_secrets(), "SecretList", "Name"),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_two_accounts_of_one_box_are_apart(box, act, kind):
    """What one account has, it sees; the other sees its own, and neither what the box's default account has."""
    make, see = KINDS[kind]
    assert see(act, ONE) == see(act, OTHER) == []
    of_one = make(box, act, ONE)
    assert see(act, ONE) == of_one
    assert see(act, OTHER) == []
    of_other = make(box, act, OTHER)
    assert see(act, ONE) == of_one
    assert see(act, OTHER) == of_other
    assert of_one != of_other


def test_another_accounts_ids_are_not_found(box, act, refused):
    """A volume, an instance and a database of another account are refused as if there were none."""
    volume, machine = box.add_volume(account=ONE), box.add_instance(account=ONE)
    box.add_db_instance("orders", account=ONE)
    ec2, rds = act(OTHER), act(OTHER, "rds")
    assert refused(ec2.describe_volumes, VolumeIds=[volume])[0] == "InvalidVolume.NotFound"
    assert refused(ec2.delete_volume, VolumeId=volume)[0] == "InvalidVolume.NotFound"
    assert refused(ec2.stop_instances, InstanceIds=[machine])[0] == "InvalidInstanceID.NotFound"
    assert refused(rds.describe_db_instances, DBInstanceIdentifier="orders")[0] == "DBInstanceNotFound"


def test_names_aliases_and_tokens_are_each_accounts_own(box, act):
    """The same name, alias and ClientToken do not meet where the accounts differ."""
    made = {}
    for account in (ONE, OTHER):
        arn = box.add_key(REGION, "alias/app", account=account)
        box.add_db_instance("orders", account=account)
        volume = act(account).create_volume(
            AvailabilityZone=f"{REGION}a", Size=4, ClientToken="same", Encrypted=True, KmsKeyId="alias/app"
        )
        assert volume["KmsKeyId"] == arn
        made[account] = volume["VolumeId"], arn
    assert not set(made[ONE]) & set(made[OTHER])


def test_what_happens_in_one_account_is_of_that_account(box, act):
    """The log names the account; an instance that one account stops leaves the other's running."""
    first, second = (box.add_instance(account=a) for a in (ONE, OTHER))
    act(ONE).stop_instances(InstanceIds=[first])
    box.clock.advance(600)
    assert [e.account for e in box.log if e.operation == "ec2:StopInstances"] == [ONE]
    assert box.losses() == []
    assert (box.machine(first).state, box.machine(second).state) == ("stopped", "running")
    assert {a.account for a in map(box.machine, (first, second))} == {ONE, OTHER}


def test_rules_of_use_are_each_accounts_own(box, act):
    """Encryption by default and its key are set in one account only."""
    act(ONE).enable_ebs_encryption_by_default()
    shown = {a: act(a).get_ebs_encryption_by_default()["EbsEncryptionByDefault"] for a in (ONE, OTHER)}
    assert shown == {ONE: True, OTHER: False}
