"""What somebody else does by hand to what a call has just made or changed: deletes it, or changes it back."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from sealift.plan import digest
from tests.faults.tapped import Sent
from tests.world import REGION

Params = Mapping[str, Any]
By = Callable[[Any, Params, Params], None]
"""Given the client of the operation's service, the request's parameters and its answer."""


def _volume(ec2: Any, params: Params, reply: Params) -> None:
    for volume in reply.get("Volumes") or [reply]:
        ec2.delete_volume(VolumeId=volume["VolumeId"])


def _group(kind: str) -> By:
    def delete(rds: Any, params: Params, reply: Params) -> None:
        name = params.get(f"{kind}Name") or params[f"Target{kind}Identifier"]
        getattr(rds, {"DBParameterGroup": "delete_db_parameter_group"}.get(kind, "delete_db_cluster_parameter_group"))(
            **{f"{kind}Name": name}
        )

    return delete


def _database(rds: Any, params: Params, reply: Params) -> None:
    rds.delete_db_instance(DBInstanceIdentifier=params["DBInstanceIdentifier"], SkipFinalSnapshot=True)


DELETED: dict[str, By] = {
    "ec2:CopyVolumes": _volume,
    "ec2:CreateVolume": _volume,
    "ec2:CreateSnapshot": lambda c, p, r: c.delete_snapshot(SnapshotId=r["SnapshotId"]),
    "ec2:CopySnapshot": lambda c, p, r: c.delete_snapshot(SnapshotId=r["SnapshotId"]),
    "ec2:CreateCapacityReservation": lambda c, p, r: c.cancel_capacity_reservation(
        CapacityReservationId=r["CapacityReservation"]["CapacityReservationId"]
    ),
    "ec2:CreateSecurityGroup": lambda c, p, r: c.delete_security_group(GroupId=r["GroupId"]),
    "rds:CreateDBSnapshot": lambda c, p, r: c.delete_db_snapshot(DBSnapshotIdentifier=p["DBSnapshotIdentifier"]),
    "rds:CopyDBSnapshot": lambda c, p, r: c.delete_db_snapshot(DBSnapshotIdentifier=p["TargetDBSnapshotIdentifier"]),
    "rds:CreateDBClusterSnapshot": lambda c, p, r: c.delete_db_cluster_snapshot(
        DBClusterSnapshotIdentifier=p["DBClusterSnapshotIdentifier"]
    ),
    "rds:RestoreDBInstanceFromDBSnapshot": _database,
    "rds:CreateDBInstance": _database,
    "rds:CreateDBInstanceReadReplica": _database,
    "rds:RestoreDBClusterFromSnapshot": lambda c, p, r: c.delete_db_cluster(
        DBClusterIdentifier=p["DBClusterIdentifier"], SkipFinalSnapshot=True
    ),
    "rds:CreateBlueGreenDeployment": lambda c, p, r: c.delete_blue_green_deployment(
        BlueGreenDeploymentIdentifier=r["BlueGreenDeployment"]["BlueGreenDeploymentIdentifier"]
    ),
    "rds:CreateDBParameterGroup": _group("DBParameterGroup"),
    "rds:CopyDBParameterGroup": _group("DBParameterGroup"),
    "rds:CreateDBClusterParameterGroup": _group("DBClusterParameterGroup"),
    "rds:CopyDBClusterParameterGroup": _group("DBClusterParameterGroup"),
}
"""How the owner of the account deletes what a call has made."""


def _flip(ec2: Any, params: Params, reply: Params) -> None:
    told = [
        {**m, "Ebs": {**m["Ebs"], "DeleteOnTermination": not m["Ebs"]["DeleteOnTermination"]}}
        for m in params["BlockDeviceMappings"]
    ]
    ec2.modify_instance_attribute(InstanceId=params["InstanceId"], BlockDeviceMappings=told)


CHANGED: dict[str, By] = {
    "ec2:AttachVolume": lambda c, p, r: c.detach_volume(VolumeId=p["VolumeId"]),
    "ec2:DetachVolume": lambda c, p, r: c.attach_volume(
        VolumeId=p["VolumeId"], InstanceId=p["InstanceId"], Device=p["Device"]
    ),
    "ec2:StopInstances": lambda c, p, r: c.start_instances(InstanceIds=p["InstanceIds"]),
    "ec2:StartInstances": lambda c, p, r: c.stop_instances(InstanceIds=p["InstanceIds"]),
    "ec2:CreateTags": lambda c, p, r: c.delete_tags(
        Resources=p["Resources"], Tags=[{"Key": t["Key"]} for t in p["Tags"]]
    ),
    "ec2:ModifyInstanceAttribute": _flip,
    "ec2:CopyVolumes": lambda c, p, r: c.delete_tags(
        Resources=[v["VolumeId"] for v in r["Volumes"]], Tags=[{"Key": "sealift:migration"}]
    ),
    "ec2:CreateVolume": lambda c, p, r: c.delete_tags(Resources=[r["VolumeId"]], Tags=[{"Key": "sealift:migration"}]),
    "ec2:CreateSnapshot": lambda c, p, r: c.delete_tags(
        Resources=[r["SnapshotId"]], Tags=[{"Key": "sealift:migration"}]
    ),
    "rds:AddTagsToResource": lambda c, p, r: c.remove_tags_from_resource(
        ResourceName=p["ResourceName"], TagKeys=[t["Key"] for t in p["Tags"]]
    ),
    "rds:ModifyDBInstance": lambda c, p, r: c.modify_db_instance(
        DBInstanceIdentifier=p.get("NewDBInstanceIdentifier") or p["DBInstanceIdentifier"],
        PreferredMaintenanceWindow="sun:03:00-sun:04:00",
        ApplyImmediately=True,
    ),
    "rds:ModifyDBCluster": lambda c, p, r: c.modify_db_cluster(
        DBClusterIdentifier=p.get("NewDBClusterIdentifier") or p["DBClusterIdentifier"],
        PreferredMaintenanceWindow="sun:03:00-sun:04:00",
        ApplyImmediately=True,
    ),
    "rds:RebootDBInstance": lambda c, p, r: c.reboot_db_instance(DBInstanceIdentifier=p["DBInstanceIdentifier"]),
    "ec2:AuthorizeSecurityGroupIngress": lambda c, p, r: c.revoke_security_group_ingress(
        GroupId=p["GroupId"], IpPermissions=p["IpPermissions"]
    ),
}
"""How somebody takes back, or does once more, what a call has just done."""


@dataclass(frozen=True)
class Meanwhile:
    """Something that a person does between a call and the driver's next look."""

    name: str
    how: Mapping[str, By]

    @property
    def operations(self) -> frozenset[str]:
        """The operations after which it can be done."""
        return frozenset(self.how)

    def act(self, stage: Any, sent: Sent) -> bool:
        """Do it, and say so; where AWS lets nobody do so in this state, nothing has happened."""
        service: Any = sent.operation.split(":", 1)[0]
        client = boto3.client(service, region_name=REGION)
        with suppress(ClientError):
            self.how[sent.operation](client, sent.params, sent.params["reply"])
            return True
        return False


Overwrite = Callable[[bytes], bytes]


def _of_another(body: bytes) -> bytes:
    """Return a plan of another migration."""
    kept = json.loads(body)
    return json.dumps({**kept, "migration": "mig-0000000000"}).encode()


def _of_another_target(body: bytes) -> bytes:
    """Return a whole plan, of something else."""
    kept = json.loads(body)
    plan = {**kept["plan"], "target": "i-00000000000000000"}
    return json.dumps({**kept, "plan": plan, "digest": digest([plan])}).encode()


def _changed(body: bytes) -> bytes:
    """Return the same plan, which goes on longer."""
    kept = json.loads(body)
    return json.dumps({**kept, "plan": {**kept["plan"], "steps": kept["plan"]["steps"][:-1]}}).encode()


OBJECTS: dict[str, Overwrite | None] = {
    "the kept plan is deleted": None,
    "something else is in its place": lambda body: b"\xff\xfe not JSON",
    "JSON that is no plan is in its place": lambda body: b"[]",
    "half of it is in its place": lambda body: body[: len(body) // 2],
    "a plan of another migration is in its place": _of_another,
    "a plan of another target is in its place": _of_another_target,
    "it has been edited": _changed,
}
"""What somebody does to the object that a plan is kept in."""


def overwrite(sent: Sent, how: Overwrite | None) -> None:
    """Delete, or write anew, the object that a request is about."""
    s3 = boto3.client("s3", region_name=REGION)
    place = {"Bucket": sent.params["Bucket"], "Key": sent.params["Key"]}
    if how is None:
        s3.delete_object(**place)
    else:
        s3.put_object(**place, Body=how(s3.get_object(**place)["Body"].read()))


MEANWHILE = (Meanwhile("someone deletes it meanwhile", DELETED), Meanwhile("someone changes it meanwhile", CHANGED))
