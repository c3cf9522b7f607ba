"""Rules about the volumes that move, for both kinds."""

from sealift.kind import ACK, BLOCK, NOT_EVALUATED, WARN, rule
from sealift.kinds.ebs.facts import VolumeAlone, VolumeFacts
from sealift.kinds.ebs.routes import user_tags
from sealift.kinds.ebs.rules.judging import Facts, Finding, lacking, moving, say, unread
from sealift.options import Options

MODIFIABLE = ("completed", "optimizing", "none")
INCONSISTENT = "potential-data-inconsistency"
PENDING_LIMIT, PENDING_LIMIT_OF_HDD = 5, 1
HDD = ("st1", "sc1")


@rule("R-EBS-01", "EC2 API reference, ModifyVolume (no encryption member); AWS KMS developer guide, Amazon EBS")
def other_key(facts: Facts, options: Options) -> Finding:
    """An encrypted volume is never treated as a plain one; one under another key than the wanted is not re-keyed."""
    encrypted = [v for v in facts.volumes if v.encrypted]
    if encrypted and not facts.key.arn:
        ids = ", ".join(v.id for v in encrypted)
        return NOT_EVALUATED, f"whether {ids} is under the wanted key cannot be told: {facts.key.error}."
    others = [f"{v.id} is encrypted under {v.kms_key_id}" for v in encrypted if v.kms_key_id != facts.key.arn]
    if facts.plain:
        return say(WARN, others, "It is left as it is: re-keying is not built yet.")
    return say(BLOCK, others, "Re-keying is not built yet; name that key to have it counted as done.")


@moving("R-EBS-02", "EC2 API reference, Volume.State; EBS user guide, Copy a volume")
def usable_state(facts: Facts, options: Options) -> Finding:
    """A volume that moves is `in-use` or `available`."""
    found = [f"{v.id} is '{v.state}'" for v in facts.plain if v.state not in ("in-use", "available")]
    return say(BLOCK, found, "Wait until it is settled, or mend it, and plan again.")


@moving("R-EBS-03", "EBS user guide, Copy a volume; EC2 API reference, VolumeModification", deep=True)
def modified(facts: Facts, options: Options) -> Finding:
    """The last modification of a volume that moves is completed or optimizing."""
    bad = [v for v in facts.plain if v.modification is not None and v.modification not in MODIFIABLE]
    found = [f"{v.id} has a modification that is '{v.modification}'" for v in bad]
    blocked = say(BLOCK, found, "Wait until it is optimizing or completed; modify it again if it failed.")
    operation = "ec2:DescribeVolumesModifications"
    return blocked or unread(lacking(facts.plain, "modification"), "the last modification", operation)


@moving("R-EBS-10", "EC2 user guide, Tag your resources (50 tags, aws: is reserved); EC2 API reference, CreateTags")
def tags_come_over(facts: Facts, options: Options) -> Finding:
    """The user's tags fit on the replacement beside those of sealift; others are named before anything starts."""
    found = []
    for v in facts.plain:
        wanted = [k for k, _ in v.tags if not k.startswith(("aws:", "sealift:"))]
        left = wanted[len(user_tags(v, options)) :]
        if left:
            found.append(f"{v.id} has {len(wanted)} tags, and {', '.join(left)} would not fit on its replacement")
    return say(ACK, found, "Remove tags that are no longer needed, or accept the loss.")


@moving("R-EBS-12", "EC2 API reference, DescribeVolumeStatus; EBS user guide, Volume status checks", deep=True)
def healthy(facts: Facts, options: Options) -> Finding:
    """A volume that moves is not impaired, its I/O is on, no inconsistency is pending; `warning` is fine."""
    found = [f"{v.id} {what}" for v in facts.plain for what in _illness(v)]
    blocked = say(BLOCK, found, "Check its file system, enable its I/O, and plan again.")
    return blocked or unread(lacking(facts.plain, "status"), "the status", "ec2:DescribeVolumeStatus")


def _illness(volume: VolumeFacts) -> list[str]:
    impaired = ["is 'impaired'"] if volume.status == "impaired" else []
    off = ["has I/O disabled"] if volume.io_enabled == "failed" else []
    events = [f"has the event {e}" for e in volume.events if INCONSISTENT in e]
    return impaired + off + events


@moving("R-EBS-13", "EBS user guide, Multi-Attach; EC2 API reference, DetachVolume")
def one_attacher(facts: Facts, options: Options) -> Finding:
    """A volume that moves has one attacher; one that may have several is acknowledged."""
    shared = [f"{v.id} is attached to {', '.join(v.attachers)}" for v in facts.plain if len(v.attachers) > 1]
    blocked = say(BLOCK, shared, "sealift moves a volume that one instance has attached: detach the others first.")
    able = [f"{v.id} has Multi-Attach enabled" for v in facts.plain if v.multi_attach]
    return blocked or say(ACK, able, "Make sure that nothing attaches it elsewhere during the migration.")


@moving("R-EBS-14", "EC2 API reference, AttachVolume, DetachVolume, CreateSnapshot (product codes)", deep=True)
def product_codes(facts: Facts, options: Options) -> Finding:
    """A volume with product codes of AWS Marketplace moves only when that is acknowledged."""
    found = [f"{v.id} has the product codes {', '.join(v.product_codes)}" for v in facts.plain if v.product_codes]
    remedy = "The account must stay subscribed: else the replacement cannot be attached."
    what, operation = "the product codes", "ec2:DescribeVolumeAttribute"
    return say(ACK, found, remedy) or unread(lacking(facts.plain, "product_codes"), what, operation)


@moving("R-EBS-11", "EC2 API reference, DescribeVolumeAttribute and ModifyVolumeAttribute (AutoEnableIO)", deep=True)
def auto_enable_io(facts: Facts, options: Options) -> Finding:
    """Whether I/O is enabled automatically comes over, so it has to be known."""
    without = lacking(facts.plain, "auto_enable_io")
    if not without:
        return None
    return NOT_EVALUATED, (
        f"AutoEnableIO of {', '.join(without)} could not be read, and would be off on the replacement. "
        "Allow ec2:DescribeVolumeAttribute to have it come over."
    )


@moving("R-EBS-24", "EBS user guide, Detach a volume; EC2 API reference, VolumeAttachment.State")
def firmly_attached(facts: Facts, options: Options) -> Finding:
    """No attachment is half-way: one that is `busy` or `detaching` is never forced."""
    found = [f"the attachment of {v.id} is '{v.attachment}'" for v in facts.plain if v.attachment != "attached"]
    return say(BLOCK, found, "Unmount it in the guest, or wait, until it is attached or gone.")


@moving("R-EBS-74", "EBS user guide, Create snapshots; EC2 API reference, ConcurrentSnapshotLimitExceeded", deep=True)
def room_for_snapshots(facts: Facts, options: Options) -> Finding:
    """There is room for a snapshot: at most five of a volume are pending, one of an st1 or sc1."""
    found = [(v, f"{v.id} has {v.pending_snapshots} pending snapshots") for v in facts.plain if v.pending_snapshots]
    full = [text for v, text in found if (v.pending_snapshots or 0) >= pending_limit(v)]
    blocked = say(BLOCK, full, "Wait until they are completed: no further one is taken before.")
    some = say(WARN, [text for _, text in found], "The last snapshot waits for them; plan outside the backup window.")
    what, operation = "the number of pending snapshots", "ec2:DescribeSnapshots"
    return blocked or unread(lacking(facts.plain, "pending_snapshots"), what, operation) or some


def pending_limit(volume: VolumeFacts) -> int:
    """Return how many snapshots of a volume may be pending."""
    return PENDING_LIMIT_OF_HDD if volume.type in HDD else PENDING_LIMIT


@moving("R-SEALIFT-05", "EC2 API reference, CreateVolume (OutpostArn): without it the volume is made in the Region")
def in_the_region(facts: Facts, options: Options) -> Finding:
    """A volume on an Outpost is not moved: no route of sealift creates there."""
    found = [f"{v.id} is on {v.outpost}" for v in facts.plain if v.outpost]
    return say(BLOCK, found, "Volumes on Outposts are not built yet.")


@moving("R-SEALIFT-08", "EC2 API reference, DescribeVolumes: a volume tells its attachments, never those it had")
def unseen_writes(facts: Facts, options: Options) -> Finding:
    """What is attached elsewhere, written to and detached again after its copy is not seen in any description."""
    ids = ", ".join(v.id for v in facts.plain)
    found = [
        f"from its copy to the hand-over {ids} is attached to nothing; an attachment that comes and goes is not seen"
    ]
    return say(WARN, found, "Let nobody attach it meanwhile; AttachVolume in CloudTrail tells afterwards.")


@moving("R-SEALIFT-07", "docs/architecture.md, EBS: the unit is the instance")
def unattached(facts: VolumeAlone, options: Options) -> Finding:
    """A volume that is attached moves with its instance, never alone."""
    found = [f"{v.id} is attached to {', '.join(v.attachers)}" for v in facts.plain if v.attachers]
    return say(BLOCK, found, "Plan that instance: all its plain volumes move in one stop.")
