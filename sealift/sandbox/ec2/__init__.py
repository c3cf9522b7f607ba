"""EC2 and EBS as AWS answers them: one file per noun, one function per operation."""

from collections.abc import Callable
from typing import Any

from sealift.sandbox.ec2 import (
    attachments,
    attributes,
    bins,
    capacity,
    clones,
    encryption,
    fast_restores,
    image_copies,
    images,
    instances,
    launching,
    locks,
    power,
    roots,
    security_groups,
    snapshots,
    tagging,
    tiers,
    volume_status,
    volumes,
    vpc_controls,
)
from sealift.sandbox.world import Call, World

OPERATIONS: dict[str, Callable[[World, Call], dict[str, Any] | None]] = {
    **volumes.OPERATIONS,
    **clones.OPERATIONS,
    **attachments.OPERATIONS,
    **snapshots.OPERATIONS,
    **instances.OPERATIONS,
    **launching.OPERATIONS,
    **images.OPERATIONS,
    **power.OPERATIONS,
    **attributes.OPERATIONS,
    **volume_status.OPERATIONS,
    **tagging.OPERATIONS,
    **encryption.OPERATIONS,
    **capacity.OPERATIONS,
    **bins.OPERATIONS,
    **locks.OPERATIONS,
    **tiers.OPERATIONS,
    **fast_restores.OPERATIONS,
    **roots.OPERATIONS,
    **image_copies.OPERATIONS,
    **security_groups.OPERATIONS,
    **vpc_controls.OPERATIONS,
}
"""All EC2 operations that the sandbox answers itself; the rest is moto's."""
