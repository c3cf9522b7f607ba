"""What is known of an instance and its volumes: only what a rule or a recipe reads."""

from dataclasses import dataclass, field

from sealift.estimate import CLONE_CAP_IOPS, CLONE_CAP_MIB_S
from sealift.keys import KeyFacts
from sealift.step import Tags


@dataclass(frozen=True)
class VolumeFacts:
    """One volume and its attachment to the instance of the facts (device None: attached to nothing)."""

    id: str
    state: str
    zone: str
    type: str
    size: int  # GiB
    encrypted: bool
    iops: int | None = None
    throughput: int | None = None  # MiB/s
    kms_key_id: str | None = None
    multi_attach: bool = False
    tags: Tags = ()
    device: str | None = None
    card: int | None = None
    delete_on_termination: bool = False
    attachers: tuple[str, ...] = ()
    managed_by: str | None = None  # Operator or InstanceOwningService
    outpost: str | None = None
    # what takes a call for each volume; None: not evaluated
    auto_enable_io: bool | None = None
    product_codes: tuple[str, ...] | None = None
    status: str | None = None  # DescribeVolumeStatus: ok, warning, impaired, insufficient-data
    io_enabled: str | None = None  # passed, failed
    events: tuple[str, ...] = ()  # volume status events, e.g. potential-data-inconsistency
    initialising: bool | None = None  # a copy that is still hydrating
    modification: str | None = None  # modifying, optimizing, completed, failed; "none" where there was none
    pending_snapshots: int | None = None
    attachment: str = "attached"  # attaching, attached, detaching, busy

    @property
    def fast(self) -> bool:
        """Whether it is provisioned above what a hydrating clone gives (3,000 IOPS, 125 MiB/s)."""
        provisioned = self.type in ("gp3", "io1", "io2") and (self.iops or 0) > CLONE_CAP_IOPS
        return provisioned or (self.throughput or 0) > CLONE_CAP_MIB_S


@dataclass(frozen=True)
class AsgFacts:
    """The Auto Scaling group that the instance belongs to."""

    name: str
    lifecycle: str
    desired: int
    minimum: int
    suspended: tuple[str, ...] = ()


@dataclass(frozen=True)
class Room:
    """What the Region may hold of one volume type, in GiB or in IOPS, and what it holds."""

    type: str
    unit: str  # GiB, IOPS
    quota: int
    used: int
    planned: int = 0  # for targets that were planned before this one in the same run

    @property
    def free(self) -> int:
        """What is left for this target."""
        return self.quota - self.used - self.planned


@dataclass(frozen=True)
class InstanceFacts:
    """An instance with all its volumes, encrypted ones included, the wanted key, and what surrounds it."""

    id: str
    account: str
    region: str
    zone: str
    state: str
    root_device: str
    key: KeyFacts
    volumes: tuple[VolumeFacts, ...] = ()
    root_type: str = "ebs"
    instance_type: str = ""
    platform: str = "Linux/UNIX"
    lifecycle: str = ""  # "", spot, scheduled, capacity-block
    tenancy: str = "default"
    placement_group: str = ""
    bare_metal: bool = False
    hibernation: bool = False
    public_ip: str = ""
    elastic_ip: bool = False
    instance_store: bool | None = None
    stop_protected: bool | None = None
    shutdown_behaviour: str | None = None
    unlimited_credits: bool | None = None
    managed_by: str | None = None
    zone_type: str = "availability-zone"
    asg: AsgFacts | None = None
    tags: Tags = ()
    launch_time: str = ""
    # the account and Region
    clone_supported: bool | None = None
    encryption_by_default: bool | None = None
    default_key: str | None = None
    alarms: tuple[str, ...] | None = None  # names of alarms on the volumes
    selectors: tuple[str, ...] | None = None  # tag keys by which DLM and Backup select
    selected_by_arn: tuple[str, ...] | None = None  # backup selections that name a volume's ARN
    default_policies: tuple[str, ...] | None = None  # of DLM: they take every volume, whatever its tags
    unread: tuple[str, ...] = ()  # services that could not be asked where None would not tell: autoscaling, dlm, backup
    room: tuple[Room, ...] = ()  # one is absent: not evaluated

    @property
    def plain(self) -> tuple[VolumeFacts, ...]:
        """The volumes to move: the unencrypted ones."""
        return tuple(v for v in self.volumes if not v.encrypted)

    @property
    def root_moves(self) -> bool:
        """Whether the root is among the volumes to move: then its absence is the fence."""
        return any(v.device == self.root_device for v in self.plain)


@dataclass(frozen=True)
class VolumeAlone:
    """A volume that is attached to nothing, the wanted key, and what surrounds it."""

    volume: VolumeFacts
    account: str
    region: str
    key: KeyFacts
    zone_type: str = "availability-zone"
    clone_supported: bool | None = None
    encryption_by_default: bool | None = None
    default_key: str | None = None
    alarms: tuple[str, ...] | None = None
    selectors: tuple[str, ...] | None = None
    selected_by_arn: tuple[str, ...] | None = None
    asg: AsgFacts | None = field(default=None)
    default_policies: tuple[str, ...] | None = None
    unread: tuple[str, ...] = ()
    room: tuple[Room, ...] = ()

    @property
    def plain(self) -> tuple[VolumeFacts, ...]:
        """The volume, where it is unencrypted."""
        return () if self.volume.encrypted else (self.volume,)

    @property
    def volumes(self) -> tuple[VolumeFacts, ...]:
        """The volume, as a set like an instance's."""
        return (self.volume,)
