"""Rules of a route: what refuses it, and what has to be known before it is taken."""

from sealift.kind import ACK, BLOCK, WARN
from sealift.kinds.aurora.facts import ClusterFacts
from sealift.kinds.databases.judging import Finding, moving, say
from sealift.options import Options

UNCHANGED = "sealift does not change the source for a route."


@moving("R-RDS-43", 'RDS user guide, "Overview of Amazon RDS Blue/Green Deployments": limitations')
def blue_green_knows_it(facts: ClusterFacts, options: Options) -> Finding:
    """Blue/Green is for Aurora, and for what is in no other deployment."""
    found = [] if facts.aurora else [f"Blue/Green does not know Multi-AZ DB clusters: {facts.id}"]
    found += [f"{facts.id} is in the deployment {name} already" for name in facts.deployments or ()]
    if facts.deployments is None and not found:
        return BLOCK, "whether it is in a deployment could not be read. Allow rds:DescribeBlueGreenDeployments."
    return say(BLOCK, found, "The snapshot route is for everything; delete a deployment of another.")


@moving("R-RDS-41", 'Aurora user guide, "Creating a blue/green deployment": preparing a cluster')
def logs_for_blue_green(facts: ClusterFacts, options: Options) -> Finding:
    """Blue/Green of Aurora replicates logically: logical replication, or binary logging, has to be in effect already."""
    if not facts.aurora:
        return None
    values = dict(facts.parameter_group.values or ())
    if facts.engine == "aurora-postgresql":
        off = values.get("rds.logical_replication") != "1"
        return say(BLOCK, [f"rds.logical_replication is not on for {facts.id}"] if off else [], UNCHANGED)
    off = values.get("binlog_format", "OFF").upper() == "OFF"
    return say(BLOCK, [f"{facts.id} writes no binary log"] if off else [], UNCHANGED)


@moving(
    "R-RDS-62", 'Aurora user guide, "Limitations and considerations for Aurora blue/green deployments": Auto Scaling'
)
def nothing_scales(facts: ClusterFacts, options: Options) -> Finding:
    """Blue/Green does not know readers that come and go: the green side has those that there were at its creation."""
    return say(BLOCK, [f"the readers of {facts.id} are scaled"] if facts.scaling else [], UNCHANGED)


@moving("R-RDS-77", 'Aurora user guide, "Limitations and considerations for blue/green deployments": Aurora MySQL')
def no_backtrack(facts: ClusterFacts, options: Options) -> Finding:
    """Blue/Green does not bring backtrack over: the green side has none, and none is turned on afterwards."""
    window = facts.described.get("BacktrackWindow")
    return say(BLOCK, [f"{facts.id} has a backtrack window of {window} s"] if window else [], UNCHANGED)


@moving(
    "R-RDS-71",
    'Aurora user guide, "Limitations and considerations for blue/green deployments": logical replication of PostgreSQL',
)
def replicates_logically(facts: ClusterFacts, options: Options) -> Finding:
    """Blue/Green of Aurora PostgreSQL replicates logically, and what that does not carry only its owners know."""
    return say(
        ACK,
        [f"{facts.id} would be replicated logically"] if facts.engine == "aurora-postgresql" else [],
        "Say that every table that is updated or deleted from has a primary key or a replica identity; that there are no "
        "unlogged tables and no large objects; that nobody changes definitions (DDL, REFRESH MATERIALIZED VIEW) from now "
        "until the switchover; that it publishes and subscribes to nothing; and that pg_partman, pglogical and pgactive are "
        "off. Otherwise rows are missing afterwards, or take --route snapshot.",
    )


MADE_BY_SCALING = "application-autoscaling-"


@moving(
    "R-RDS-82", 'Aurora user guide, "Amazon Aurora Auto Scaling with Aurora Replicas": it removes only what it created'
)
def scaled_readers(facts: ClusterFacts, options: Options) -> Finding:
    """Readers that are scaled: those that scaling has made come back as ordinary ones, and later ones are in no plan."""
    if not facts.scaling:
        return None
    made = [m.id for m in facts.members if m.id.startswith(MADE_BY_SCALING)]
    found = [f"{', '.join(made)} come back as readers that scaling does not remove any more"] if made else []
    found.append("readers that it adds after bring-up are in no plan, and a way back neither ends nor deletes them")
    return say(
        WARN,
        found,
        "Delete the former once the replacement serves. Before a rollback after bring-up, delete the latter: else the encrypted "
        "cluster stays beside the source, and is named among what is left over.",
    )


@moving("R-RDS-63", 'RDS user guide, "Renaming a Multi-AZ DB cluster"')
def instances_are_renamed(facts: ClusterFacts, options: Options) -> Finding:
    """The instances of a Multi-AZ DB cluster come with the restore, under other names."""
    names = ", ".join(m.id for m in facts.members)
    return say(WARN, [] if facts.aurora else [f"{names} get other names"], "Clients use the cluster's endpoints.")
