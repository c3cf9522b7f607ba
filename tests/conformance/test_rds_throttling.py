"""Request rates of RDS."""

from sealift.sandbox import Quotas

RATE = ("Throttling", 400)


def test_too_many_requests_are_throttled(opened, client, refused):
    """SB-RDS-34: where requests are limited at all; reads and changes apart, and a second later there is room again.

    Source SB-RDS-34: recorded: Throttling, Rate exceeded, 400 (aws/aws-cli#8604, cloud-custodian/cloud-custodian#3340);
      RDS publishes no rate: how many, and that all reads share one bucket and all changes another, are guesses.
    """
    box = opened(quotas=Quotas(throttle=True))
    box.add_db_instance("app")
    rds = client("rds")
    arn = rds.describe_db_instances()["DBInstances"][0]["DBInstanceArn"]
    for _ in range(59):
        rds.describe_db_instances()
    assert refused(rds.describe_db_clusters) == RATE
    for n in range(20):
        rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": f"k{n}", "Value": "v"}])
    assert refused(rds.create_db_snapshot, DBInstanceIdentifier="app", DBSnapshotIdentifier="s") == RATE
    box.clock.advance(1)
    assert rds.describe_db_snapshots()["DBSnapshots"] == []
    rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")


def test_each_region_has_rates_of_its_own(opened, client, refused):
    """SB-RDS-34: one that is used up says nothing of another.

    Source SB-RDS-34: recorded: Throttling, Rate exceeded, 400 (aws/aws-cli#8604, cloud-custodian/cloud-custodian#3340);
      RDS publishes no rate: how many, and that all reads share one bucket and all changes another, are guesses.
    """
    opened(quotas=Quotas(throttle=True))
    for _ in range(60):
        client("rds").describe_db_instances()
    assert refused(client("rds").describe_db_instances) == RATE
    client("rds", "eu-west-1").describe_db_instances()


def test_by_default_nobody_is_throttled(box, rds):
    """SB-RDS-34: the box limits requests where a test asks for it.

    Source SB-RDS-34: recorded: Throttling, Rate exceeded, 400 (aws/aws-cli#8604, cloud-custodian/cloud-custodian#3340);
      RDS publishes no rate: how many, and that all reads share one bucket and all changes another, are guesses.
    """
    for _ in range(100):
        rds.describe_db_instances()
    assert {event.outcome for event in box.log} == {"ok"}
