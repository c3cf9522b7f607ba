"""Rules about the cluster itself, whatever the route."""

from sealift.kind import BLOCK, WARN
from sealift.kinds.aurora.facts import ClusterFacts
from sealift.kinds.databases.judging import Finding, moving, say
from sealift.kinds.databases.quiet import quiet_parameters
from sealift.options import Options

NOT_ENCRYPTED_CLASSES = ("db.t2.micro",)
AT_REST = ("available", "storage-optimization", "storage-initialization")


@moving("R-RDS-22", "botocore rds DBCluster.EngineMode, ClusterScalabilityType, CrossAccountClone")
def neither_serverless_v1_nor_limitless(facts: ClusterFacts, options: Options) -> Finding:
    """Aurora Serverless v1, Limitless and a clone from another account are not moved."""
    d = facts.described
    found = []
    if d.get("EngineMode") not in (None, "", "provisioned"):
        found.append(f"{facts.id} is of the engine mode {d['EngineMode']}")
    if d.get("ClusterScalabilityType") == "limitless" or d.get("LimitlessDatabase"):
        found.append(f"{facts.id} is a Limitless database")
    if d.get("CrossAccountClone"):
        found.append(f"{facts.id} is a clone from another account")
    return say(BLOCK, found, "Serverless v1 is moved to v2 first; the others by their own means.")


@moving("R-RDS-21", "botocore rds DBCluster.GlobalClusterIdentifier")
def not_global(facts: ClusterFacts, options: Options) -> Finding:
    """A member of a global cluster is not moved: its other Regions replicate from this very storage."""
    name = facts.described.get("GlobalClusterIdentifier")
    return say(BLOCK, [f"{facts.id} is in {name}"] if name else [], "Remove it from the global cluster first.")


@moving("R-RDS-58", "botocore rds DBCluster.ReplicationSourceIdentifier, ReadReplicaIdentifiers")
def replicates_alone(facts: ClusterFacts, options: Options) -> Finding:
    """The cluster replicates from no other, and none from it."""
    d = facts.described
    source = d.get("ReplicationSourceIdentifier")
    found = [f"{facts.id} replicates from {source}"] if source else []
    found += [f"{name} replicates from {facts.id}" for name in d.get("ReadReplicaIdentifiers") or ()]
    return say(BLOCK, found, "Promote or delete one of the two, and make the replica anew afterwards.")


@moving("R-RDS-05", 'Aurora user guide, "Encrypting Amazon Aurora resources": DB instance classes')
def class_encrypts(facts: ClusterFacts, options: Options) -> Finding:
    """The class of every member can be encrypted."""
    named = [(m.id, str(m.described.get("DBInstanceClass", ""))) for m in facts.members]
    found = [f"{name} is of class {c}, which is not encrypted" for name, c in named if c in NOT_ENCRYPTED_CLASSES]
    return say(BLOCK, found, "Change its class in a window of your own first.")


@moving("R-RDS-35", "botocore rds DBCluster.VPCNetworkingEnabled, DBInstance.DBSubnetGroup")
def in_a_vpc(facts: ClusterFacts, options: Options) -> Finding:
    """The cluster is in a VPC: what has no network interface there cannot be put into quarantine."""
    outside = facts.described.get("VPCNetworkingEnabled") is False or not facts.vpc
    return say(BLOCK, [f"{facts.id} is in no VPC"] if outside else [], "Give it VPC networking first.")


@moving("R-RDS-59", "botocore rds DBCluster.DBClusterMembers")
def has_members(facts: ClusterFacts, options: Options) -> Finding:
    """The cluster has a writer: without one nothing can be fenced, proved or switched over."""
    writers = [m.id for m in facts.members if m.writer]
    return say(BLOCK, [] if writers else [f"{facts.id} has no writer"], "Make an instance of it first.")


@moving("R-RDS-12", "botocore rds StopDBCluster: starts by itself after seven days")
def runs(facts: ClusterFacts, options: Options) -> Finding:
    """The cluster runs: a stopped one can be neither fenced nor switched over."""
    return say(BLOCK, [f"{facts.id} is stopped"] if facts.state == "stopped" else [], "Start it, then plan again.")


@moving("R-RDS-10", "botocore rds CreateDBClusterSnapshot, InvalidDBClusterStateFault")
def at_rest(facts: ClusterFacts, options: Options) -> Finding:
    """The cluster and its members are at rest."""
    states = [(facts.id, facts.state), *((m.id, m.state) for m in facts.members)]
    found = [f"{name} is '{state}'" for name, state in states if state not in (*AT_REST, "stopped")]
    return say(BLOCK, found, "Wait until it is available.")


@moving("R-RDS-13", "botocore rds ModifyDBCluster.ApplyImmediately: applies what is pending too")
def nothing_pending(facts: ClusterFacts, options: Options) -> Finding:
    """Nothing is pending: any change of ours would apply it as well."""
    found = []
    for name, described in ((facts.id, facts.described), *((m.id, m.described) for m in facts.members)):
        if pending := sorted(described.get("PendingModifiedValues") or {}):
            found.append(f"{name} has pending modifications: {', '.join(pending)}")
    return say(BLOCK, found, "Apply them in a window of your own, or take them back, first.")


@moving("R-RDS-51", 'Aurora user guide, "Working with parameter groups": pending-reboot')
def parameters_in_sync(facts: ClusterFacts, options: Options) -> Finding:
    """No parameter waits for a reboot: the fence reboots, and the source would come back as another."""
    found = [
        f"{m.id} has not applied its cluster's parameters: {m.applied}" for m in facts.members if m.applied != "in-sync"
    ]
    own = [(m.id, m.parameter_group) for m in facts.members]
    found += [f"the parameter group {g.name} of {n} is '{g.status}'" for n, g in own if g.status != "in-sync"]
    if not facts.parameter_group.family:
        found.append(f"the family of the parameter group {facts.parameter_group.name} could not be read")
    return say(BLOCK, found, "Reboot it in a window of your own first; allow rds:DescribeDBClusterParameterGroups.")


@moving(
    "R-FENCE-03",
    "Aurora user guide, \"Working with parameter groups\": an instance's own value goes before its cluster's",
    deep=True,
)
def members_obey(facts: ClusterFacts, options: Options) -> Finding:
    """No member's own parameter group sets what keeps schedulers off: it would go before the cluster's."""
    quiet = {name for name, _ in quiet_parameters(facts.engine, {})}
    found = []
    for m in facts.members:
        group = m.parameter_group
        if group.values is None:
            found.append(f"what {group.name} of {m.id} sets could not be read")
        else:
            found += [f"{group.name} of {m.id} sets {name}" for name, _ in group.values if name in quiet]
    return say(BLOCK, found, "Set it in the cluster's group, and reboot, first; allow rds:DescribeDBParameters.")


@moving("R-RDS-60", "botocore rds DescribeDBClusterEndpoints", deep=True)
def endpoints_known(facts: ClusterFacts, options: Options) -> Finding:
    """Custom endpoints are known: on the snapshot route they are taken off the source and made anew."""
    if facts.endpoints is not None:
        return None
    return (
        BLOCK,
        "its custom endpoints could not be read. Allow rds:DescribeDBClusterEndpoints and rds:ListTagsForResource.",
    )


@moving("R-RDS-61", "botocore application-autoscaling DescribeScalableTargets", deep=True)
def scaling_known(facts: ClusterFacts, options: Options) -> Finding:
    """Whether readers are scaled is known: what cannot be suspended adds a reader behind the fence."""
    if facts.scaling is not None:
        return None
    return BLOCK, "the scaling of its readers could not be read. Allow application-autoscaling:DescribeScalableTargets."


@moving("R-RDS-53", "botocore rds DBCluster.DbClusterResourceId; Aurora user guide, IAM database authentication")
def new_resource_ids(facts: ClusterFacts, options: Options) -> Finding:
    """What names a resource id has to be told the new one: rds-db:connect, Performance Insights, log streams."""
    found = []
    if facts.described.get("IAMDatabaseAuthenticationEnabled"):
        found.append(f"{facts.id} has IAM authentication")
    insights = [m.id for m in facts.members if m.described.get("PerformanceInsightsEnabled")]
    found += [f"{', '.join(insights)} have Performance Insights, whose history stays behind"] if insights else []
    remedy = (
        f"{facts.resource_id} and its members' ids change: edit policies with rds-db:connect, dashboards, log filters."
    )
    return say(WARN, found, remedy)
