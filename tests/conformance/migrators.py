"""Small migrators as their authors might have written them: wrong ones, and beside each the right one.

Every pair differs in one point. They know boto3 clients and how to wait, and nothing of the sandbox.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

KEY = "alias/app"
REGION, ZONE = "eu-central-1", "eu-central-1a"


@dataclass
class Aws:
    """What an author has at hand: clients, and `sleep`."""

    ec2: Any
    rds: Any
    kms: Any
    sleep: Callable[[float], None]
    _struck: list[Callable[[], None]] = field(default_factory=list)

    def until(self, look: Callable[[], object], value: object) -> None:
        """Poll every ten seconds."""
        for _ in range(10_000):
            if look() == value:
                return
            self.sleep(10)
        raise TimeoutError(value)

    def on(self, operation: str, act: Callable[[], object], nth: int = 1, when: str = "before-call") -> None:
        """Let somebody else act before (or `after-call`) the nth call of `Operation`."""
        events, calls, name = self.ec2.meta.events, iter(range(1, 1000)), f"{when}.ec2.{operation}"

        def strike(**_: object) -> None:
            if next(calls) == nth:
                act()

        events.register(name, strike)
        self._struck.append(lambda: events.unregister(name, strike))

    def close(self) -> None:
        """Nobody else acts any more."""
        for undo in self._struck:
            undo()


# What both of a pair do: instances


def disks(aws: Aws, web: str) -> dict[str, dict]:
    """Return an instance's mappings by device."""
    (found,) = aws.ec2.describe_instances(InstanceIds=[web])["Reservations"][0]["Instances"]
    return {m["DeviceName"]: m["Ebs"] for m in found["BlockDeviceMappings"]}


def power(aws: Aws, web: str) -> str:
    return aws.ec2.describe_instances(InstanceIds=[web])["Reservations"][0]["Instances"][0]["State"]["Name"]


def stop(aws: Aws, web: str) -> None:
    aws.ec2.stop_instances(InstanceIds=[web])
    aws.until(lambda: power(aws, web), "stopped")


def start(aws: Aws, web: str) -> None:
    aws.ec2.start_instances(InstanceIds=[web])
    aws.sleep(60)


def _volume(aws: Aws, volume: str) -> str:
    aws.until(lambda: aws.ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"], "available")
    return volume


def _shot(aws: Aws, shot: str) -> str:
    aws.until(lambda: aws.ec2.describe_snapshots(SnapshotIds=[shot])["Snapshots"][0]["State"], "completed")
    return shot


def snapshot(aws: Aws, volume: str) -> str:
    return _shot(aws, aws.ec2.create_snapshot(VolumeId=volume)["SnapshotId"])


def from_snapshot(aws: Aws, shot: str, key: str = KEY) -> str:
    ask = {"SnapshotId": shot, "AvailabilityZone": ZONE, "VolumeType": "gp3"}
    return _volume(aws, aws.ec2.create_volume(**ask, Encrypted=True, KmsKeyId=key)["VolumeId"])


def clone(aws: Aws, volume: str, **more: object) -> str:
    ask = {"SourceVolumeId": volume, "VolumeType": "gp3", "Encrypted": True, "KmsKeyId": KEY, **more}
    return _volume(aws, aws.ec2.copy_volumes(**ask)["Volumes"][0]["VolumeId"])


def detach(aws: Aws, web: str, volume: str) -> None:
    aws.ec2.detach_volume(VolumeId=volume, InstanceId=web)
    _volume(aws, volume)


def attach(aws: Aws, web: str, device: str, volume: str) -> None:
    aws.ec2.attach_volume(VolumeId=volume, InstanceId=web, Device=device)
    aws.until(lambda: disks(aws, web)[device]["Status"], "attached")


def keep(aws: Aws, web: str, device: str, on_termination: bool) -> None:
    """Set a disk's DeleteOnTermination."""
    one = {"DeviceName": device, "Ebs": {"DeleteOnTermination": on_termination}}
    aws.ec2.modify_instance_attribute(InstanceId=web, BlockDeviceMappings=[one])


def swap(aws: Aws, web: str, device: str, new: str) -> None:
    """Put `new` in a disk's place, with its flag."""
    old = disks(aws, web)[device]
    detach(aws, web, old["VolumeId"])
    attach(aws, web, device, new)
    keep(aws, web, device, old["DeleteOnTermination"])


def root(aws: Aws, web: str) -> str:
    return disks(aws, web)["/dev/xvda"]["VolumeId"]


# No key on the copy


def copies_without_a_key(aws: Aws, web: str) -> None:
    stop(aws, web)
    made = aws.ec2.copy_volumes(SourceVolumeId=root(aws, web), VolumeType="gp3")
    swap(aws, web, "/dev/xvda", _volume(aws, made["Volumes"][0]["VolumeId"]))
    start(aws, web)


def copies_with_the_key(aws: Aws, web: str) -> None:
    stop(aws, web)
    made = aws.ec2.copy_volumes(SourceVolumeId=root(aws, web), VolumeType="gp3", Encrypted=True, KmsKeyId=KEY)
    swap(aws, web, "/dev/xvda", _volume(aws, made["Volumes"][0]["VolumeId"]))
    start(aws, web)


# The copy's type is left to AWS


def leaves_the_type_to_aws(aws: Aws, web: str) -> None:
    stop(aws, web)
    made = aws.ec2.copy_volumes(SourceVolumeId=root(aws, web), Encrypted=True, KmsKeyId=KEY)
    swap(aws, web, "/dev/xvda", _volume(aws, made["Volumes"][0]["VolumeId"]))
    start(aws, web)


# An alias moves between two tries


def _each_disk(aws: Aws, web: str, key: str) -> None:
    stop(aws, web)
    for device, disk in sorted(disks(aws, web).items()):
        shot = snapshot(aws, disk["VolumeId"])
        try:
            new = from_snapshot(aws, shot, key)
        except ClientError:
            aws.sleep(60)
            new = from_snapshot(aws, shot, key)
        swap(aws, web, device, new)
    start(aws, web)


def names_the_alias_in_every_call(aws: Aws, web: str) -> None:
    _each_disk(aws, web, KEY)


def resolves_the_alias_once(aws: Aws, web: str) -> None:
    _each_disk(aws, web, aws.kms.describe_key(KeyId=KEY)["KeyMetadata"]["Arn"])


# The snapshot and the stop


def snapshots_before_the_stop(aws: Aws, web: str) -> None:
    shot = snapshot(aws, root(aws, web))
    stop(aws, web)
    swap(aws, web, "/dev/xvda", from_snapshot(aws, shot))
    start(aws, web)


def snapshots_after_the_stop(aws: Aws, web: str) -> None:
    stop(aws, web)
    shot = snapshot(aws, root(aws, web))
    swap(aws, web, "/dev/xvda", from_snapshot(aws, shot))
    start(aws, web)


# A stop is no fence: somebody starts and stops the instance after the copy


def copies_while_attached(aws: Aws, web: str) -> None:
    stop(aws, web)
    old = root(aws, web)
    new = clone(aws, old)
    detach(aws, web, old)
    attach(aws, web, "/dev/xvda", new)
    keep(aws, web, "/dev/xvda", True)
    start(aws, web)


def copies_after_the_detach(aws: Aws, web: str) -> None:
    stop(aws, web)
    old = root(aws, web)
    detach(aws, web, old)
    new = clone(aws, old)
    attach(aws, web, "/dev/xvda", new)
    keep(aws, web, "/dev/xvda", True)
    start(aws, web)


# DeleteOnTermination of the replacement


def forgets_the_flag(aws: Aws, web: str) -> None:
    stop(aws, web)
    old = root(aws, web)
    new = clone(aws, old)
    detach(aws, web, old)
    attach(aws, web, "/dev/xvda", new)
    start(aws, web)


def gives_the_flag_back(aws: Aws, web: str) -> None:
    stop(aws, web)
    old = root(aws, web)
    new = clone(aws, old)
    detach(aws, web, old)
    attach(aws, web, "/dev/xvda", new)
    keep(aws, web, "/dev/xvda", True)
    start(aws, web)


# DeleteOnTermination of the source: somebody terminates the instance during the cutover


def leaves_the_source_to_the_instance(aws: Aws, web: str) -> None:
    gives_the_flag_back(aws, web)


def keeps_the_source_first(aws: Aws, web: str) -> None:
    keep(aws, web, "/dev/xvda", False)
    gives_the_flag_back(aws, web)


# The order at the device


def attaches_before_it_detaches(aws: Aws, web: str) -> None:
    stop(aws, web)
    old = root(aws, web)
    new = clone(aws, old)
    attach(aws, web, "/dev/xvda", new)
    detach(aws, web, old)
    keep(aws, web, "/dev/xvda", True)
    start(aws, web)


# The way back: the key is disabled just before the start


def _or_back(aws: Aws, web: str, old: str, new: str) -> None:
    if power(aws, web) == "running":
        return
    detach(aws, web, new)
    attach(aws, web, "/dev/xvda", old)
    keep(aws, web, "/dev/xvda", True)
    start(aws, web)


def deletes_the_source_early(aws: Aws, web: str) -> None:
    stop(aws, web)
    old = root(aws, web)
    new = clone(aws, old)
    swap(aws, web, "/dev/xvda", new)
    start(aws, web)
    aws.ec2.delete_volume(VolumeId=old)
    aws.sleep(10)
    _or_back(aws, web, old, new)


def keeps_the_source(aws: Aws, web: str) -> None:
    stop(aws, web)
    old = root(aws, web)
    new = clone(aws, old)
    swap(aws, web, "/dev/xvda", new)
    start(aws, web)
    aws.sleep(10)
    _or_back(aws, web, old, new)


# A second stop: the first try fails at the attach, goes back, and the workload writes on


def _twice(aws: Aws, web: str, token: Callable[[str, int], str]) -> None:
    for number in (1, 2):
        stop(aws, web)
        old = root(aws, web)
        new = clone(aws, old, ClientToken=token(old, number))
        detach(aws, web, old)
        try:
            attach(aws, web, "/dev/xvda", new)
        except ClientError:
            attach(aws, web, "/dev/xvda", old)
        keep(aws, web, "/dev/xvda", True)
        start(aws, web)
        if root(aws, web) == new:
            return
        aws.sleep(3600)


def one_token_for_every_stop(aws: Aws, web: str) -> None:
    _twice(aws, web, lambda volume, _: f"encrypt-{volume}")


def a_token_for_each_stop(aws: Aws, web: str) -> None:
    _twice(aws, web, lambda volume, number: f"encrypt-{volume}-{number}")


# What both of a pair do: databases


def status(aws: Aws, name: str) -> str:
    return aws.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]["DBInstanceStatus"]


def _up(aws: Aws, name: str) -> None:
    """Wait for `available`: the status says so too for some time after a modify has returned."""
    aws.sleep(60)
    aws.until(lambda: status(aws, name), "available")


def _db_shot(aws: Aws, name: str) -> str:
    look = lambda: aws.rds.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0]["Status"]  # noqa: E731
    aws.until(look, "available")
    return name


def encrypted_snapshot(aws: Aws, name: str, mark: str = "last") -> str:
    aws.rds.create_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier=f"{name}-{mark}")
    shot, copy = _db_shot(aws, f"{name}-{mark}"), f"{name}-{mark}-copy"
    aws.rds.copy_db_snapshot(SourceDBSnapshotIdentifier=shot, TargetDBSnapshotIdentifier=copy, KmsKeyId=KEY)
    return _db_shot(aws, copy)


def restore(aws: Aws, shot: str, **more: object) -> None:
    aws.rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="new", DBSnapshotIdentifier=shot, **more)
    _up(aws, "new")


def rename(aws: Aws, name: str, to: str) -> None:
    aws.rds.modify_db_instance(DBInstanceIdentifier=name, NewDBInstanceIdentifier=to, ApplyImmediately=True)
    aws.sleep(900)
    _up(aws, to)


def groups(aws: Aws, name: str) -> list[str]:
    shown = aws.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
    return [g["VpcSecurityGroupId"] for g in shown["VpcSecurityGroups"]]


def quarantine(aws: Aws) -> str:
    """Make a security group without ingress and egress."""
    vpc = aws.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    made = aws.ec2.create_security_group(GroupName="quarantine", Description="closed", VpcId=vpc)["GroupId"]
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    aws.ec2.revoke_security_group_egress(GroupId=made, IpPermissions=everything)
    return made


def calm(aws: Aws) -> str:
    """Make a parameter group under which pg_cron runs nothing."""
    aws.rds.create_db_parameter_group(
        DBParameterGroupName="calm", DBParameterGroupFamily="postgres17", Description="no jobs"
    )
    off = {"ParameterName": "cron.max_running_jobs", "ParameterValue": "0", "ApplyMethod": "pending-reboot"}
    aws.rds.modify_db_parameter_group(DBParameterGroupName="calm", Parameters=[off])
    return "calm"


def fence(aws: Aws, name: str, **more: object) -> str:
    """Shut clients out: the group, then its arrival at the interfaces, then the end of what is open."""
    group = quarantine(aws)
    aws.rds.modify_db_instance(DBInstanceIdentifier=name, VpcSecurityGroupIds=[group], ApplyImmediately=True, **more)
    by_group = [{"Name": "group-id", "Values": [group]}]
    carried = lambda: bool(aws.ec2.describe_network_interfaces(Filters=by_group)["NetworkInterfaces"])  # noqa: E731
    aws.until(carried, True)
    _up(aws, name)
    aws.rds.reboot_db_instance(DBInstanceIdentifier=name)
    _up(aws, name)
    return group


def take_over(aws: Aws) -> None:
    rename(aws, "app", "app-old")
    rename(aws, "new", "app")


# Security groups of the restored instance


def restores_without_groups(aws: Aws, app: str) -> None:
    fence(aws, app)
    restore(aws, encrypted_snapshot(aws, app))
    take_over(aws)


def restores_with_the_groups(aws: Aws, app: str) -> None:
    own = groups(aws, app)
    fence(aws, app)
    restore(aws, encrypted_snapshot(aws, app), VpcSecurityGroupIds=own)
    take_over(aws)


# A group change is no fence


def changes_the_group_only(aws: Aws, app: str) -> None:
    own = groups(aws, app)
    aws.rds.modify_db_instance(DBInstanceIdentifier=app, VpcSecurityGroupIds=[quarantine(aws)], ApplyImmediately=True)
    _up(aws, app)
    restore(aws, encrypted_snapshot(aws, app), VpcSecurityGroupIds=own)
    take_over(aws)


def fences_to_the_end(aws: Aws, app: str) -> None:
    own = groups(aws, app)
    fence(aws, app)
    restore(aws, encrypted_snapshot(aws, app), VpcSecurityGroupIds=own)
    take_over(aws)


# A job inside the restored copy, while the source still serves


def rehearses_with_jobs(aws: Aws, app: str) -> None:
    shown = aws.rds.describe_db_instances(DBInstanceIdentifier=app)["DBInstances"][0]
    own = shown["DBParameterGroups"][0]["DBParameterGroupName"]
    restore(aws, encrypted_snapshot(aws, app), VpcSecurityGroupIds=[quarantine(aws)], DBParameterGroupName=own)
    aws.sleep(600)
    aws.rds.delete_db_instance(DBInstanceIdentifier="new", SkipFinalSnapshot=True)
    aws.sleep(600)


def rehearses_without_jobs(aws: Aws, app: str) -> None:
    restore(aws, encrypted_snapshot(aws, app), VpcSecurityGroupIds=[quarantine(aws)], DBParameterGroupName=calm(aws))
    aws.sleep(600)
    aws.rds.delete_db_instance(DBInstanceIdentifier="new", SkipFinalSnapshot=True)
    aws.sleep(600)


# A job inside the source: no group and no reboot stops it


def fences_the_network_only(aws: Aws, app: str) -> None:
    own, none = groups(aws, app), calm(aws)
    fence(aws, app)
    restore(aws, encrypted_snapshot(aws, app), VpcSecurityGroupIds=own, DBParameterGroupName=none)
    take_over(aws)


def fences_the_jobs_too(aws: Aws, app: str) -> None:
    own, none = groups(aws, app), calm(aws)
    fence(aws, app, DBParameterGroupName=none)
    restore(aws, encrypted_snapshot(aws, app), VpcSecurityGroupIds=own, DBParameterGroupName=none)
    take_over(aws)


# After the renames `app` is another database


def _retire(aws: Aws, name: str) -> None:
    aws.rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    aws.sleep(900)


def tracks_by_name(aws: Aws, app: str) -> None:
    source = aws.rds.describe_db_instances(DBInstanceIdentifier=app)["DBInstances"][0]
    fences_to_the_end(aws, app)
    _retire(aws, source["DBInstanceIdentifier"])


def tracks_by_resource_id(aws: Aws, app: str) -> None:
    source = aws.rds.describe_db_instances(DBInstanceIdentifier=app)["DBInstances"][0]
    fences_to_the_end(aws, app)
    by_id = [{"Name": "dbi-resource-id", "Values": [source["DbiResourceId"]]}]
    (found,) = aws.rds.describe_db_instances(Filters=by_id)["DBInstances"]
    _retire(aws, found["DBInstanceIdentifier"])


# Where a cluster is encrypted


def _cluster_shot(aws: Aws, name: str) -> str:
    aws.rds.create_db_cluster_snapshot(DBClusterIdentifier=name, DBClusterSnapshotIdentifier="last")
    return _cluster_shot_ready(aws, "last")


def _cluster_shot_ready(aws: Aws, shot: str) -> str:
    ask = {"DBClusterSnapshotIdentifier": shot}
    aws.until(lambda: aws.rds.describe_db_cluster_snapshots(**ask)["DBClusterSnapshots"][0]["Status"], "available")
    return shot


def _restored(aws: Aws, shot: str, **key: str) -> None:
    ask = {"DBClusterIdentifier": "new", "SnapshotIdentifier": shot, "Engine": "aurora-postgresql"}
    aws.rds.restore_db_cluster_from_snapshot(**ask, **key)
    aws.until(lambda: aws.rds.describe_db_clusters(DBClusterIdentifier="new")["DBClusters"][0]["Status"], "available")


def encrypts_a_cluster_at_the_copy(aws: Aws, au: str) -> None:
    ask = {"SourceDBClusterSnapshotIdentifier": _cluster_shot(aws, au), "TargetDBClusterSnapshotIdentifier": "copy"}
    aws.rds.copy_db_cluster_snapshot(**ask, KmsKeyId=KEY)
    _restored(aws, _cluster_shot_ready(aws, "copy"))


def encrypts_a_cluster_at_the_restore(aws: Aws, au: str) -> None:
    _restored(aws, _cluster_shot(aws, au), KmsKeyId=KEY)
