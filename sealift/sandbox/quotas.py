"""AWS limits on things in progress; a test lowers them to reach them."""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, kw_only=True)
class Quotas:
    """Defaults are AWS's defaults."""

    volume_copies_per_region: int = 5
    volume_copies_per_source: int = 1
    pending_snapshots_per_volume: int = 5
    pending_snapshots_per_hdd_volume: int = 1
    pending_snapshots: int = 100
    """Of an account in a Region, all volumes together."""
    snapshots: int = 100_000
    """Of an account in a Region, all states."""
    seconds_between_snapshots: float = 15.0
    snapshot_copies_per_destination: int = 20
    volumes_per_instance: int = 27
    storage_tib_gp2: float = 50
    storage_tib_gp3: float = 50
    storage_tib_io1: float = 50
    storage_tib_io2: float = 20
    storage_tib_st1: float = 50
    storage_tib_sc1: float = 50
    storage_tib_standard: float = 50
    """Of all volumes of a type in a Region, in TiB; newer accounts and Regions have 300 of most."""
    iops_io1: int = 300_000
    iops_io2: int = 100_000
    fast_restored_snapshots: int = 5
    tags_per_resource: int = 50
    automations: int = 100
    """Of Systems Manager, in progress at a time in an account and Region; more wait as Pending."""
    initialization_mib_per_s: int = 5000
    db_instances: int = 40
    db_clusters: int = 40
    db_manual_snapshots: int = 100
    db_manual_cluster_snapshots: int = 100
    db_storage_gib: int = 100_000
    db_parameter_groups: int = 50
    db_cluster_parameter_groups: int = 50
    """Groups of one's own: default groups are AWS's."""
    db_snapshot_copies_per_destination: int = 20
    throttle: bool = False
    """Enforce request buckets (EC2 `RequestLimitExceeded`, 503; RDS `Throttling`, 400), refilled on the box's clock."""


class Code(NamedTuple):
    """A quota as Service Quotas names it: `member` of `Quotas` holds its value; no `code`: none was found, none is shown."""

    service: str
    code: str
    name: str
    member: str
    adjustable: bool = False
    source: str = (
        "code: the names of quotas that public checkers of quotas use; value: the page of the service's quotas"
    )


_EACH = "Concurrent snapshots per {} volume"
_NONE = "no code was found: not shown"
_STORAGE = "Storage for {} volumes, in TiB"
_IOPS = "IOPS for Provisioned IOPS SSD ({}) volumes"
_LISTED = "code, name and value: published output of ListServiceQuotas"

CODES: tuple[Code, ...] = (
    Code("ebs", "L-D18FCD1D", _STORAGE.format("General Purpose SSD (gp2)"), "storage_tib_gp2", True, _LISTED),
    Code("ebs", "L-7A658B76", _STORAGE.format("General Purpose SSD (gp3)"), "storage_tib_gp3", True, _LISTED),
    Code("ebs", "L-FD252861", _STORAGE.format("Provisioned IOPS SSD (io1)"), "storage_tib_io1", True, _LISTED),
    Code("ebs", "L-09BD8365", _STORAGE.format("Provisioned IOPS SSD (io2)"), "storage_tib_io2", True, _LISTED),
    Code("ebs", "L-82ACEF56", _STORAGE.format("Throughput Optimized HDD (st1)"), "storage_tib_st1", True, _LISTED),
    Code("ebs", "L-17AF77E8", _STORAGE.format("Cold HDD (sc1)"), "storage_tib_sc1", True, _LISTED),
    Code("ebs", "L-9CF3C2EB", _STORAGE.format("Magnetic (standard)"), "storage_tib_standard", True, _LISTED),
    Code("ebs", "L-B3A130E6", _IOPS.format("io1"), "iops_io1", True, _LISTED),
    Code("ebs", "L-8D977E7E", _IOPS.format("io2"), "iops_io2", True, _LISTED),
    Code("ebs", "L-309BACF6", "Snapshots per Region", "snapshots", True, _LISTED),
    Code("ebs", "L-94D7AB7D", "Pending snapshots per account", "pending_snapshots", source=_LISTED),
    Code("ebs", "L-631ECBD3", "Fast snapshot restore", "fast_restored_snapshots", True, _LISTED),
    Code("ebs", "L-750405C3", _EACH.format("Magnetic (standard)"), "pending_snapshots_per_volume"),
    Code("ebs", "L-835364B2", _EACH.format("General Purpose SSD (gp2)"), "pending_snapshots_per_volume"),
    Code("ebs", "L-D8F37C68", _EACH.format("General Purpose SSD (gp3)"), "pending_snapshots_per_volume"),
    Code("ebs", "L-DB70D580", _EACH.format("Provisioned IOPS SSD (io1)"), "pending_snapshots_per_volume"),
    Code("ebs", "L-D0291BE3", _EACH.format("Provisioned IOPS SSD (io2)"), "pending_snapshots_per_volume"),
    Code("ebs", "L-915A3DBB", _EACH.format("Cold HDD (sc1)"), "pending_snapshots_per_hdd_volume"),
    Code("ebs", "L-9F6E7C4E", _EACH.format("Throughput Optimized HDD (st1)"), "pending_snapshots_per_hdd_volume"),
    Code(
        "ebs",
        "",
        "Concurrent snapshot copies per destination Region",
        "snapshot_copies_per_destination",
        source=f"ebs-resource-quotas.html has the value; {_NONE}",
    ),
    Code("ebs", "", "Volume copies in progress per Region", "volume_copies_per_region", source=_NONE),
    Code("ebs", "", "Volume initialization rate per Region", "initialization_mib_per_s", source=_NONE),
    Code("rds", "L-7B6409FD", "DB instances", "db_instances", adjustable=True),
    Code("rds", "L-952B80B8", "DB clusters", "db_clusters", adjustable=True),
    Code("rds", "L-272F1212", "Manual DB instance snapshots", "db_manual_snapshots", adjustable=True),
    Code("rds", "L-9B510759", "Manual DB cluster snapshots", "db_manual_cluster_snapshots", adjustable=True),
    Code("rds", "L-7ADDB58A", "Total storage for all DB instances", "db_storage_gib", adjustable=True),
    Code("rds", "L-DE55804A", "Parameter groups", "db_parameter_groups", adjustable=True),
    Code("rds", "L-E4C808A8", "DB cluster parameter groups", "db_cluster_parameter_groups", adjustable=True),
    Code("rds", "", "DB snapshot copies per destination Region", "db_snapshot_copies_per_destination", source=_NONE),
)
"""Quotas that the box enforces, by Service Quotas' codes (AmazonRDS UserGuide CHAP_Limits.html links them; EBS's page
ebs-resource-quotas.html has the values only, so its codes rest on published lists)."""
