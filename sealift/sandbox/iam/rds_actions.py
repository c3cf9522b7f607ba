"""Which resources RDS's actions are checked against, and which other actions they need.

A request names its resources by parameters of the same name in every operation, so that an operation which nobody has
thought of is checked like the others.

Source: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html;
docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-authorizing-access.html.
"""

from collections.abc import Iterator
from typing import Any

from sealift.sandbox.iam.other_actions import named, tags_of
from sealift.sandbox.iam.touches import Touched, at
from sealift.sandbox.world import Call, World

_KINDS = {
    "BlueGreenDeploymentIdentifier": "deployment",
    "BlueGreenDeploymentName": "deployment",
    "DBClusterEndpointIdentifier": "cluster-endpoint",
    "TargetDBInstanceIdentifier": "db",
    "DBInstanceIdentifier": "db",
    "DBClusterIdentifier": "cluster",
    "DBSnapshotIdentifier": "snapshot",
    "DBClusterSnapshotIdentifier": "cluster-snapshot",
    "TargetDBSnapshotIdentifier": "snapshot",
    "TargetDBClusterSnapshotIdentifier": "cluster-snapshot",
    "Source": "db",
    "SourceDBInstanceIdentifier": "db",
    "SourceDBClusterIdentifier": "cluster",
    "SnapshotIdentifier": "cluster-snapshot",
    "DBInstanceIdentifiers": "db",
    "DBClusterIdentifiers": "cluster",
    "TargetDBParameterGroupIdentifier": "pg",
    "TargetDBClusterParameterGroupIdentifier": "cluster-pg",
    "TargetOptionGroupIdentifier": "og",
    "DBSubnetGroupName": "subgrp",
    "OptionGroupName": "og",
    "DBParameterGroupName": "pg",
    "DBClusterParameterGroupName": "cluster-pg",
    "SubscriptionName": "es",
    "ResourceName": "db",
    "ResourceArn": "cluster",
    "ResourceIdentifier": "db",
    "SourceDBInstanceArn": "db",
    "DBInstanceAutomatedBackupsArn": "auto-backup",
    "IntegrationIdentifier": "integration",
}
"""The kind of what a parameter names, unless it is an ARN. What a request makes comes before what it is made from."""

_LISTED = {
    "DescribeBlueGreenDeployments": "deployment",
    "DescribeDBClusterEndpoints": "cluster-endpoint",
    "DescribeDBClusterParameterGroups": "cluster-pg",
    "DescribeDBClusterSnapshots": "cluster-snapshot",
    "DescribeDBClusters": "cluster",
    "DescribeDBInstanceAutomatedBackups": "auto-backup",
    "DescribeDBInstances": "db",
    "DescribeDBParameterGroups": "pg",
    "DescribeDBProxies": "db-proxy",
    "DescribeDBSnapshots": "snapshot",
    "DescribeDBSubnetGroups": "subgrp",
    "DescribeEventSubscriptions": "es",
    "DescribeOptionGroups": "og",
}
"""What a describe is checked against that names nothing: all of a kind."""

TAGGING = tuple(f"rds:{verb}" for verb in ("Create", "Copy", "Restore"))
"""Actions whose `Tags` need rds:AddTagsToResource on what they make."""


def touched_by(world: World, call: Call) -> Iterator[Touched]:
    """Name what an RDS request is about."""
    found = [
        one for path, kind in _KINDS.items() if _counts(call, path) for one in named("rds", kind, path)(world, call)
    ]
    found += [*_of_proxy(world, call), *_of_global(call), *_of_integration(world, call)]
    if not found and call.operation in _LISTED:
        found.append(Touched(_any(call, _LISTED[call.operation]), {}))
    yield from found


_NOT_CHECKED = {
    ("FailoverDBCluster", "TargetDBInstanceIdentifier"),
    ("CopyDBSnapshot", "OptionGroupName"),
    ("RegisterDBProxyTargets", "DBInstanceIdentifiers"),
    ("RegisterDBProxyTargets", "DBClusterIdentifiers"),
}
"""What an operation names and is not checked against."""

_GLOBAL = ("CreateGlobalCluster", "DeleteGlobalCluster", "RemoveFromGlobalCluster")
_ON_PROXIES = ("DescribeDBProxyTargetGroups", "DescribeDBProxyTargets", "DeregisterDBProxyTargets")
_NOT_ON_TARGETS = ("DescribeDBProxyTargetGroups",)


def _counts(call: Call, path: str) -> bool:
    """Say whether a parameter names a resource; `Source` of parameters is who set them."""
    if path == "Source":
        return call.operation == "CreateBlueGreenDeployment"
    return (call.operation, path) not in _NOT_CHECKED


def _of_global(call: Call) -> Iterator[Touched]:
    """Name a global cluster, which is of no Region, and the member that is removed, by its ARN."""
    if call.operation in _GLOBAL:
        name = call.params.get("GlobalClusterIdentifier", "*")
        yield Touched(f"arn:aws:rds::{call.account}:global-cluster:{name}", {})
        for member in at(call.params, "DbClusterIdentifier"):
            yield Touched(str(member) if str(member).startswith("arn:") else _any(call, "cluster"), {})


def _of_integration(world: World, call: Call) -> Iterator[Touched]:
    """Name the source of a new integration, and the integration, whose id is not known yet."""
    if call.operation == "CreateIntegration":
        yield Touched(str(call.params["SourceArn"]), tags_of(world, str(call.params["SourceArn"])))
        yield Touched(_any(call, "integration"), {})


def _any(call: Call, kind: str) -> str:
    return f"arn:aws:rds:{call.region}:{call.account}:{kind}:*"


def _of_proxy(world: World, call: Call) -> list[Touched]:
    """Name a proxy, its target group, or both, by ARNs in which its name is not; a new proxy has none yet."""
    from sealift.sandbox.rds.state import here

    if call.operation == "CreateDBProxy":
        return []
    found = []
    for name in at(call.params, "DBProxyName"):
        proxy: dict[str, Any] = here(world, call).book("proxy").get(str(name), {})
        arn = str(proxy.get("DBProxyArn") or _any(call, "db-proxy"))
        group = "Target" in call.operation
        if not group or call.operation in _ON_PROXIES:
            found.append(Touched(arn, tags_of(world, arn)))
        if group and call.operation not in _NOT_ON_TARGETS:
            arn = arn.replace(":db-proxy:", ":target-group:")
            found.append(Touched(arn, tags_of(world, arn)))
    return found


_BLUE_GREEN: dict[tuple[str, bool], tuple[tuple[str, str], ...]] = {
    ("CreateBlueGreenDeployment", False): (("AddTagsToResource", "deployment"), ("CreateDBInstanceReadReplica", "db")),
    ("CreateBlueGreenDeployment", True): (
        ("AddTagsToResource", "deployment"),
        ("CreateDBCluster", "cluster"),
        ("CreateDBInstance", "db"),
        ("CreateDBClusterEndpoint", "cluster-endpoint"),
    ),
    ("SwitchoverBlueGreenDeployment", False): (("ModifyDBInstance", "db"), ("PromoteReadReplica", "db")),
    ("SwitchoverBlueGreenDeployment", True): (
        ("ModifyDBCluster", "cluster"),
        ("PromoteReadReplicaDBCluster", "cluster"),
    ),
    ("DeleteBlueGreenDeployment", False): (("DeleteDBInstance", "db"),),
    ("DeleteBlueGreenDeployment", True): (
        ("DeleteDBCluster", "cluster"),
        ("DeleteDBInstance", "db"),
        ("DeleteDBClusterEndpoint", "cluster-endpoint"),
    ),
}
"""What RDS does on the caller's behalf, by operation and whether it is Aurora; names are RDS's own, so any of a kind."""

_PASSED = {
    "MonitoringRoleArn": "monitoring.rds.amazonaws.com",
    "RoleArn": "rds.amazonaws.com",
}


def dependents(world: World, call: Call) -> Iterator[tuple[str, Touched]]:
    """Name the other actions that a request needs, each with what it is done to."""
    blue = _blue(world, call)
    for action, kind in _BLUE_GREEN.get((call.operation, ":cluster:" in blue), ()):
        yield f"rds:{action}", Touched(_any(call, kind), tags_of(world, blue) if blue else {})
    yield from _of_secret(call)
    yield from _of_final_snapshot(world, call)
    for member, service in _PASSED.items():
        if call.params.get(member) and not call.operation.startswith(("Remove", "Describe")):
            yield "iam:PassRole", Touched(str(call.params[member]), {"iam:PassedToService": service})


def _of_secret(call: Call) -> Iterator[tuple[str, Touched]]:
    """Name what a managed master password needs: RDS makes and rotates the secret in the caller's name."""
    secret = Touched(f"arn:aws:secretsmanager:{call.region}:{call.account}:secret:rds!*", {})
    if call.params.get("ManageMasterUserPassword"):
        yield "secretsmanager:CreateSecret", secret
        yield "secretsmanager:TagResource", secret
    if call.params.get("RotateMasterUserPassword"):
        yield "secretsmanager:RotateSecret", secret


def _of_final_snapshot(world: World, call: Call) -> Iterator[tuple[str, Touched]]:
    """Name what a delete needs that leaves a final snapshot: to take one of this database."""
    kind = {"DeleteDBInstance": "", "DeleteDBCluster": "Cluster"}.get(call.operation)
    name = call.params.get("FinalDBSnapshotIdentifier")
    if kind is None or not name:
        return
    of, to = ("cluster", "cluster-snapshot") if kind else ("db", "snapshot")
    for touched in named("rds", of, f"DB{kind or 'Instance'}Identifier")(world, call):
        yield f"rds:CreateDB{kind}Snapshot", touched
    yield f"rds:CreateDB{kind}Snapshot", Touched(f"arn:aws:rds:{call.region}:{call.account}:{to}:{name}", {})


def _blue(world: World, call: Call) -> str:
    """Return the ARN of a deployment's source, where there is one."""
    from sealift.sandbox.rds.state import here

    if call.operation == "CreateBlueGreenDeployment":
        return str(call.params["Source"])
    found = here(world, call).deployments.get(call.params.get("BlueGreenDeploymentIdentifier", ""))
    return found.pairs[0].blue.arn if found else ""
