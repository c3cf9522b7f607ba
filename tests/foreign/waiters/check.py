"""boto3's own waiters, unmodified: each comes back, and what it waited for is there."""

from concurrent.futures import ThreadPoolExecutor

import boto3
from asked import REGION, ask, must

ec2, rds = boto3.client("ec2", REGION), boto3.client("rds", REGION)
ZONE = REGION + "a"


def waited(client, name, **params):
    """Wait as boto3 does; a WaiterError ends the script with its trace."""
    client.get_waiter(name).wait(**params)
    must(name, True)


def volumes():
    made = ec2.create_volume(AvailabilityZone=ZONE, Size=1, VolumeType="gp3")["VolumeId"]
    waited(ec2, "volume_available", VolumeIds=[made])
    shot = ec2.create_snapshot(VolumeId=made)["SnapshotId"]
    waited(ec2, "snapshot_completed", SnapshotIds=[shot])
    web = ask("instances", {"region": REGION, "name": "volumes"})["instance"]
    ec2.attach_volume(VolumeId=made, InstanceId=web, Device="/dev/sdf")
    waited(ec2, "volume_in_use", VolumeIds=[made])
    ec2.detach_volume(VolumeId=made, InstanceId=web)
    waited(ec2, "volume_available", VolumeIds=[made])
    ec2.delete_volume(VolumeId=made)
    waited(ec2, "volume_deleted", VolumeIds=[made])


def instances():
    web = ask("instances", {"region": REGION, "name": "instances"})["instance"]
    waited(ec2, "instance_running", InstanceIds=[web])
    ec2.stop_instances(InstanceIds=[web])
    waited(ec2, "instance_stopped", InstanceIds=[web])
    ec2.start_instances(InstanceIds=[web])
    waited(ec2, "instance_running", InstanceIds=[web])
    waited(ec2, "instance_status_ok", InstanceIds=[web])
    waited(ec2, "system_status_ok", InstanceIds=[web])
    ec2.terminate_instances(InstanceIds=[web])
    waited(ec2, "instance_terminated", InstanceIds=[web])


def databases():
    one = {"DBInstanceIdentifier": "app"}
    rds.create_db_instance(
        **one, Engine="postgres", DBInstanceClass="db.m6g.large", AllocatedStorage=20, MasterUsername="somebody",
        MasterUserPassword="secret-of-nobody",
    )  # fmt: skip
    waited(rds, "db_instance_available", **one)
    rds.create_db_snapshot(**one, DBSnapshotIdentifier="shot")
    waited(rds, "db_snapshot_available", DBSnapshotIdentifier="shot")
    waited(rds, "db_snapshot_completed", DBSnapshotIdentifier="shot")
    rds.delete_db_instance(**one, SkipFinalSnapshot=True)
    waited(rds, "db_instance_deleted", **one)
    rds.delete_db_snapshot(DBSnapshotIdentifier="shot")
    waited(rds, "db_snapshot_deleted", DBSnapshotIdentifier="shot")


def clusters():
    one = {"DBClusterIdentifier": "au"}
    rds.create_db_cluster(**one, Engine="aurora-postgresql", MasterUsername="somebody", MasterUserPassword="secret")
    waited(rds, "db_cluster_available", **one)
    rds.create_db_cluster_snapshot(**one, DBClusterSnapshotIdentifier="au-shot")
    waited(rds, "db_cluster_snapshot_available", DBClusterSnapshotIdentifier="au-shot")
    rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="au-shot")
    waited(rds, "db_cluster_snapshot_deleted", DBClusterSnapshotIdentifier="au-shot")
    rds.delete_db_cluster(**one, SkipFinalSnapshot=True)
    waited(rds, "db_cluster_deleted", **one)


with ThreadPoolExecutor(4) as pool:
    for lane in [pool.submit(lane) for lane in (volumes, instances, databases, clusters)]:
        lane.result()
