"""The rules for DB instances, in the order in which they are judged and shown. What a rule says is its docstring."""

from sealift.kind import Rule
from sealift.kinds.databases import common, consent
from sealift.kinds.rds.rules import instance, route

INSTANCE_RULES: tuple[Rule, ...] = (
    consent.wanted,
    consent.unclaimed,
    consent.room_for_our_tags,
    consent.fit_key,
    consent.in_a_stack,
    consent.in_a_pipeline,
    consent.tags_come_over,
    consent.plain_snapshots,
    consent.selected_by_arn,
    instance.no_member,
    instance.no_replica,
    instance.not_custom,
    instance.not_express,
    instance.class_encrypts,
    instance.in_a_vpc,
    instance.runs,
    instance.has_room,
    instance.at_rest,
    instance.nothing_pending,
    instance.parameters_in_sync,
    instance.replicas_can_be_rebuilt,
    common.within_quotas,
    common.names_free,
    common.login_gets_in,
    common.no_effect,
    common.proxies_known,
    common.activity_stream,
    instance.backups_replicated,
    instance.new_resource_id,
    common.alarms_go_by_name,
    common.backups_on,
)

BLUE_GREEN_RULES: tuple[Rule, ...] = (
    route.blue_green_knows_it,
    common.blue_green_takes_a_key,
    common.no_effect_on_blue_green,
    route.backups_for_blue_green,
    route.another_zone,
    common.own_password,
    common.no_integration,
)

SNAPSHOT_RULES: tuple[Rule, ...] = (
    common.proved_from_inside,
    common.no_effect_on_snapshot,
    common.new_secret,
    common.integrations_break,
    route.stale_readers,
    route.readers_reach_the_primary,
    common.renamed_twice,
    common.loads_lazily,
)
