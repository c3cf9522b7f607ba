"""The rules for DB clusters, in the order in which they are judged and shown. What a rule says is its docstring."""

from sealift.kind import Rule
from sealift.kinds.aurora.rules import cluster, route
from sealift.kinds.databases import beforehand, common, consent

CLUSTER_RULES: tuple[Rule, ...] = (
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
    common.no_effect,
    common.proxies_known,
    cluster.endpoints_known,
    cluster.scaling_known,
    common.activity_stream,
    cluster.new_resource_ids,
    common.alarms_go_by_name,
    beforehand.under_an_owned_key,
    beforehand.under_aws_rds,
    beforehand.still_made,
    beforehand.encrypted_in_transit,
    beforehand.backups_stay_plain,
    beforehand.of_china,
    beforehand.other_storage_engines,
    beforehand.consumers_of_changes,
    beforehand.subscriptions_go_by_name,
    beforehand.reserved_units,
)

BLUE_GREEN_RULES: tuple[Rule, ...] = (
    route.blue_green_knows_it,
    common.blue_green_takes_a_key,
    common.no_effect_on_blue_green,
    common.own_password,
    common.no_integration,
    common.no_jobs_inside,
    route.no_backtrack,
    route.replicates_logically,
    route.logs_for_blue_green,
    route.nothing_scales,
)

SNAPSHOT_RULES: tuple[Rule, ...] = (
    common.proved_from_inside,
    common.no_effect_on_snapshot,
    common.new_secret,
    beforehand.proxy_knows_the_password,
    beforehand.joins_its_domain,
    common.integrations_break,
    route.scaled_readers,
    route.instances_are_renamed,
    common.renamed_twice,
    common.loads_lazily,
)
