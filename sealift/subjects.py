"""What can be watched, and how each kind is read in batches."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sealift.step import Call


@dataclass(frozen=True)
class Subject:
    """How resources of a kind are read in batches, and where their id stands."""

    operation: str
    filter: str | None
    resources: Callable[[Mapping[str, Any]], list[Mapping[str, Any]]]
    id: str
    params: Mapping[str, Any] = field(default_factory=dict)
    batch: int = 200  # ids in one request (R-EBS-85)
    key: str = "Name"  # what a filter's name is called

    def call(self, ids: list[str]) -> Call:
        """Return the read for these ids."""
        if self.filter is None:
            return Call(self.operation, {**self.params, self.id + "s": ids})
        return Call(self.operation, {**self.params, "Filters": [{self.key: self.filter, "Values": ids}]})


def _list(name: str) -> Callable[[Mapping[str, Any]], list[Mapping[str, Any]]]:
    return lambda reply: list(reply.get(name, ()))


def _instances(reply: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [i for r in reply.get("Reservations", ()) for i in r["Instances"]]


def _interfaces(reply: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the security groups of an answer, each with the network interfaces that carry it."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for interface in reply.get("NetworkInterfaces", ()):
        for group in interface.get("Groups", ()):
            found.setdefault(group["GroupId"], []).append(interface)
    return [{"GroupId": group, "interfaces": interfaces} for group, interfaces in found.items()]


SUBJECTS: dict[str, Subject] = {
    "volume": Subject("ec2:DescribeVolumes", "volume-id", _list("Volumes"), "VolumeId"),
    "snapshot": Subject(
        "ec2:DescribeSnapshots", "snapshot-id", _list("Snapshots"), "SnapshotId", {"OwnerIds": ["self"]}
    ),
    "instance": Subject("ec2:DescribeInstances", "instance-id", _instances, "InstanceId"),
    "instance-status": Subject(
        "ec2:DescribeInstanceStatus",
        None,
        _list("InstanceStatuses"),
        "InstanceId",
        {"IncludeAllInstances": True},  # else one that somebody has stopped is not described at all
    ),
    "asg-instance": Subject(
        "autoscaling:DescribeAutoScalingInstances", None, _list("AutoScalingInstances"), "InstanceId", batch=50
    ),
    "capacity-reservation": Subject(
        "ec2:DescribeCapacityReservations", None, _list("CapacityReservations"), "CapacityReservationId"
    ),
    "automation": Subject(
        "ssm:DescribeAutomationExecutions",
        "ExecutionId",
        _list("AutomationExecutionMetadataList"),
        "AutomationExecutionId",
        batch=10,
        key="Key",
    ),
    "db-instance": Subject("rds:DescribeDBInstances", "dbi-resource-id", _list("DBInstances"), "DbiResourceId"),
    "db-cluster": Subject(
        "rds:DescribeDBClusters", "db-cluster-resource-id", _list("DBClusters"), "DbClusterResourceId"
    ),
    "db-snapshot": Subject("rds:DescribeDBSnapshots", "db-snapshot-id", _list("DBSnapshots"), "DBSnapshotIdentifier"),
    "db-cluster-snapshot": Subject(
        "rds:DescribeDBClusterSnapshots",
        "db-cluster-snapshot-id",
        _list("DBClusterSnapshots"),
        "DBClusterSnapshotIdentifier",
    ),
    "db-cluster-endpoint": Subject(
        "rds:DescribeDBClusterEndpoints",
        "db-cluster-endpoint-id",
        _list("DBClusterEndpoints"),
        "DBClusterEndpointIdentifier",
    ),
    "db-interfaces": Subject("ec2:DescribeNetworkInterfaces", "group-id", _interfaces, "GroupId"),
    "blue-green": Subject(
        "rds:DescribeBlueGreenDeployments",
        "blue-green-deployment-identifier",
        _list("BlueGreenDeployments"),
        "BlueGreenDeploymentIdentifier",
    ),
}
