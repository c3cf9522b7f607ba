"""The rules for EBS, in the order in which they are judged and shown. What a rule says is its docstring."""

from sealift.kind import Rule
from sealift.kinds.ebs.rules import instance, key, owner, region, route, volume, watchdog

CONSENT: tuple[Rule, ...] = (owner.wanted, owner.unclaimed, owner.room_for_our_tags)

SOURCES: tuple[Rule, ...] = (
    volume.usable_state,
    owner.managed_by_aws,
    volume.in_the_region,
    volume.firmly_attached,
    volume.one_attacher,
    volume.tags_come_over,
    volume.modified,
    volume.healthy,
    volume.product_codes,
    volume.auto_enable_io,
    volume.room_for_snapshots,
    volume.unseen_writes,
)

OWNERS: tuple[Rule, ...] = (owner.owned_lifecycle, owner.kubernetes_volume, owner.in_a_template, owner.no_effect)

INSTANCES: tuple[Rule, ...] = (
    instance.settled,
    instance.root_on_ebs,
    instance.not_spot,
    instance.scaling_group,
    instance.stoppable,
    instance.no_hibernation,
    instance.instance_store,
    instance.public_address,
    instance.windows,
    instance.credits_on_a_host,
    instance.shutdown_from_inside,
    instance.capacity,
    instance.who_starts_it,
    instance.serial_numbers,
    key.scaling_role,
    watchdog.something_to_bring_back,
    watchdog.can_be_armed,
    watchdog.left_undone,
)

KEYS: tuple[Rule, ...] = (
    key.fit,
    key.customer_managed,
    key.same_region,
    key.own_material,
    key.from_anywhere,
    key.for_new_ids,
)

REGIONS: tuple[Rule, ...] = (
    region.has_room,
    region.alarms,
    region.backups,
    region.default_key,
    region.default_is_on,
    region.default_and_way_back,
    region.plain_snapshots,
)

INSTANCE_RULES: tuple[Rule, ...] = (volume.other_key, *CONSENT, *KEYS, *SOURCES, *INSTANCES, *OWNERS, *REGIONS)
VOLUME_RULES: tuple[Rule, ...] = (
    volume.other_key,
    *CONSENT,
    volume.unattached,
    *KEYS,
    *SOURCES,
    watchdog.something_to_bring_back,
    *OWNERS,
    *REGIONS,
)

CLONE_RULES: tuple[Rule, ...] = (
    route.clones_known,
    route.clones_here,
    route.hydrated,
    route.slots,
    route.not_too_large_to_clone,
)
SNAPSHOT_RULES: tuple[Rule, ...] = (route.not_too_large,)
COPY_RULES: tuple[Rule, ...] = (route.copies_at_once,)

RULES: tuple[Rule, ...] = tuple(
    dict.fromkeys((*INSTANCE_RULES, *VOLUME_RULES, *CLONE_RULES, *SNAPSHOT_RULES, *COPY_RULES))
)
"""Every rule of the room once."""
