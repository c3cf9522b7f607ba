"""The rules for DB instances, in the order in which they are judged and shown. What a rule says is its docstring."""

from sealift.kind import Rule
from sealift.kinds.rds.rules import consent, instance, route

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
    instance.within_quotas,
    instance.names_free,
    instance.login_gets_in,
    instance.proxies_known,
    instance.activity_stream,
    instance.backups_replicated,
    instance.new_resource_id,
    instance.alarms_go_by_name,
    instance.backups_on,
)

BLUE_GREEN_RULES: tuple[Rule, ...] = (
    route.blue_green_knows_it,
    route.blue_green_takes_a_key,
    route.backups_for_blue_green,
    route.own_password,
    route.no_integration,
)

SNAPSHOT_RULES: tuple[Rule, ...] = (
    route.proved_from_inside,
    route.new_secret,
    route.integrations_break,
    route.stale_readers,
    route.renamed_twice,
    route.loads_lazily,
)
