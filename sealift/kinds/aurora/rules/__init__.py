"""The rules for DB clusters, in the order in which they are judged and shown. What a rule says is its docstring."""

from sealift.kind import Rule
from sealift.kinds.aurora.rules import cluster, route
from sealift.kinds.databases import common, consent

CLUSTER_RULES: tuple[Rule, ...] = (
    consent.other_key,
    consent.wanted,
    consent.unclaimed,
    consent.room_for_our_tags,
    consent.fit_key,
    consent.in_a_stack,
    consent.in_a_pipeline,
    consent.tags_come_over,
    consent.plain_snapshots,
    consent.selected_by_arn,
    cluster.neither_serverless_v1_nor_limitless,
    cluster.not_global,
    cluster.replicates_alone,
    cluster.class_encrypts,
    cluster.in_a_vpc,
    cluster.has_members,
    cluster.runs,
    cluster.at_rest,
    cluster.nothing_pending,
    cluster.parameters_in_sync,
    cluster.members_obey,
    common.within_quotas,
    common.names_free,
    common.login_gets_in,
    common.proxies_known,
    cluster.endpoints_known,
    cluster.scaling_known,
    common.activity_stream,
    cluster.new_resource_ids,
    common.alarms_go_by_name,
)

BLUE_GREEN_RULES: tuple[Rule, ...] = (
    route.blue_green_knows_it,
    common.blue_green_takes_a_key,
    common.own_password,
    common.no_integration,
    route.logs_for_blue_green,
    route.nothing_scales,
)

SNAPSHOT_RULES: tuple[Rule, ...] = (
    common.proved_from_inside,
    common.new_secret,
    common.integrations_break,
    route.instances_are_renamed,
    common.renamed_twice,
    common.loads_lazily,
)
