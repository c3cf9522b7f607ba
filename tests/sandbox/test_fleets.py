"""The fleets that demos and benches start from."""

import time

from sealift.sandbox import Sandbox, fleets


def test_the_demo_has_six_instances_and_two_keys(box, ec2, client):
    """Each shows one thing a migration meets: a bare root, fast disks, a stopped box, a group, a fragile key."""
    ids = fleets.seed(box, "demo")

    assert list(ids) == ["web-1", "db-1", "app-1", "batch-1", "asg-1", "pay-1"]
    found = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
    states = {i["Tags"][0]["Value"]: i["State"]["Name"] for i in found}
    assert states.pop("batch-1") == "stopped"
    assert set(states.values()) == {"running"}
    kms = client("kms")
    for alias in ("alias/sealift-demo", "alias/sealift-fragile"):
        assert kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyState"] == "Enabled"
    asg = client("autoscaling").describe_auto_scaling_instances(InstanceIds=[ids["asg-1"]])
    assert asg["AutoScalingInstances"][0]["AutoScalingGroupName"] == "demo-asg"
    assert box.losses() == []


def test_the_demo_database_keeps_its_shape(box, ec2):
    """db-1 has an io2 data disk of 100 GiB with 6,000 IOPS that survives the instance."""
    ids = fleets.seed(box, "demo")
    filters = [{"Name": "attachment.instance-id", "Values": [ids["db-1"]]}]

    volumes = {v["Attachments"][0]["Device"]: v for v in ec2.describe_volumes(Filters=filters)["Volumes"]}

    data = volumes["/dev/sdf"]
    assert (data["VolumeType"], data["Size"], data["Iops"]) == ("io2", 100, 6000)
    assert data["Attachments"][0]["DeleteOnTermination"] is False
    assert volumes["/dev/xvda"]["Attachments"][0]["DeleteOnTermination"] is True


def test_a_number_seeds_that_many_ordinary_instances():
    """A hundred instances with two disks each are there in well under a second or two."""
    started = time.monotonic()
    with Sandbox() as box:
        ids = fleets.seed(box, 100)
        assert len(ids) == 100
        assert len(box.world.region("123456789012", "eu-central-1").volumes) == 200
    assert time.monotonic() - started < 8
