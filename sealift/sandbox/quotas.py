"""AWS limits on things in progress; a test lowers them to reach them."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Quotas:
    """Defaults are AWS's defaults."""

    volume_copies_per_region: int = 5
    volume_copies_per_source: int = 1
    pending_snapshots_per_volume: int = 5
    pending_snapshots_per_hdd_volume: int = 1
    seconds_between_snapshots: float = 15.0
    snapshot_copies_per_destination: int = 20
    volumes_per_instance: int = 27
    tags_per_resource: int = 50
    initialization_mib_per_s: int = 5000
    db_instances: int = 40
    db_clusters: int = 40
    db_manual_snapshots: int = 100
    db_manual_cluster_snapshots: int = 100
    db_storage_gib: int = 100_000
    db_snapshot_copies_per_destination: int = 20
    throttle: bool = False
    """Enforce request buckets (EC2 `RequestLimitExceeded`, 503), refilled on the box's clock."""
