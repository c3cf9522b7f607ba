"""Rules that refuse a route and leave others open."""

from sealift.kind import BLOCK, NOT_EVALUATED
from sealift.kinds.ebs.facts import VolumeFacts
from sealift.kinds.ebs.routes import COPIES_AT_ONCE
from sealift.kinds.ebs.rules.judging import Facts, Finding, lacking, moving, say, unread
from sealift.options import Options

LARGE_GIB, LARGE_IOPS = 16 * 1024, 64_000


@moving("R-SEALIFT-06", "EC2 API reference, CopyVolumes (Encrypted, KmsKeyId)", deep=True)
def clones_known(facts: Facts, options: Options) -> Finding:
    """EC2 makes encrypted copies of volumes here, as a dry run tells."""
    if facts.clone_supported is None:
        return NOT_EVALUATED, f"whether {facts.region} knows encrypted CopyVolumes was not probed."
    found = (
        [] if facts.clone_supported else [f"the Region or emulator {facts.region} does not know encrypted CopyVolumes"]
    )
    return say(BLOCK, found, "The snapshot route does without it.")


@moving("R-EBS-05", "EBS user guide, Copy a volume: not on Outposts and not in Wavelength Zones")
def clones_here(facts: Facts, options: Options) -> Finding:
    """A volume in a Wavelength Zone or on an Outpost cannot be cloned."""
    found = [f"{v.id} is on an Outpost" for v in facts.plain if v.outpost]
    if facts.zone_type == "wavelength-zone":
        found += [f"{v.id} is in the Wavelength Zone {v.zone}" for v in facts.plain]
    return say(BLOCK, found, "The snapshot route does without a clone.")


@moving(
    "R-EBS-06",
    "EBS user guide, Copy a volume: one copy of a source at a time, none of a copy that initialises",
    deep=True,
)
def hydrated(facts: Facts, options: Options) -> Finding:
    """A volume that is still initialising is not cloned."""
    found = [f"{v.id} is still initialising" for v in facts.plain if v.initialising]
    blocked = say(BLOCK, found, "Wait until it is initialised, or take the snapshot route.")
    return blocked or unread(lacking(facts.plain, "initialising"), "the initialisation", "ec2:DescribeVolumeStatus")


@moving("R-EBS-76", "EBS user guide, Copy a volume: 5 copies in progress in a Region")
def slots(facts: Facts, options: Options) -> Finding:
    """All volumes of a target have their copy slot before the stop."""
    need, have = len(facts.plain), options.clone_slots
    found = [f"{need} volumes need {need} copy slots, the Region has {have}"] if need > have else []
    return say(BLOCK, found, "Raise the quota and --clone-slots, or take the snapshot route.")


@moving("R-EBS-09", "EC2 user guide, Provisioned IOPS volumes: io2 above 16 TiB or 64,000 IOPS and encryption")
def not_too_large(facts: Facts, options: Options) -> Finding:
    """A large io2 volume cannot be made encrypted from a plain snapshot."""
    return say(BLOCK, _large(facts), "The copy route encrypts the snapshot first.")


@moving("R-EBS-09", "EC2 user guide, Provisioned IOPS volumes; EC2 API reference, CopyVolumes says nothing of it")
def not_too_large_to_clone(facts: Facts, options: Options) -> Finding:
    """A large io2 volume is cloned only when that route is asked for: whether EC2 does it was never verified."""
    return (
        None
        if options.route == "clone"
        else say(BLOCK, _large(facts), "Not verified for clones: --route clone tries it.")
    )


def _large(facts: Facts) -> list[str]:
    return [f"{v.id} is an io2 of {v.size} GiB and {v.iops} IOPS" for v in facts.plain if _is_large(v)]


def _is_large(volume: VolumeFacts) -> bool:
    return volume.type == "io2" and (volume.size > LARGE_GIB or (volume.iops or 0) > LARGE_IOPS)


@moving("R-EBS-75", "EBS user guide, Copy a snapshot: 20 copies in progress for a destination")
def copies_at_once(facts: Facts, options: Options) -> Finding:
    """All snapshots of a target can be copied at once."""
    need = len(facts.plain)
    found = [f"{need} snapshots would be copied at once, {COPIES_AT_ONCE} are allowed"] if need > COPIES_AT_ONCE else []
    return say(BLOCK, found, "Take the snapshot route.")
