"""Rules about the instance: whether it can be stopped, what a stop costs, and whether it comes back."""

from sealift.kind import ACK, BLOCK, WARN
from sealift.kinds.ebs.facts import AsgFacts, InstanceFacts
from sealift.kinds.ebs.rules.judging import Finding, moving, say, unread
from sealift.options import Options

GROUP_TAG = "aws:autoscaling:groupName"
ATTRIBUTE = "ec2:DescribeInstanceAttribute"


@moving("R-SEALIFT-04", "EC2 user guide, Instance state changes")
def settled(facts: InstanceFacts, options: Options) -> Finding:
    """The instance is running or stopped."""
    found = [f"{facts.id} is '{facts.state}'"] if facts.state not in ("running", "stopped") else []
    return say(BLOCK, found, "Wait until it is running or stopped, and plan again.")


@moving("R-EBS-25", "EBS user guide, Detach a volume, Windows; EC2 user guide, Stop and start")
def windows(facts: InstanceFacts, options: Options) -> Finding:
    """On Windows a replaced data disk may come up offline or under another drive letter: this is acknowledged."""
    data = [v.id for v in facts.plain if v.device != facts.root_device]
    found = [f"{facts.id} runs {facts.platform}, and {', '.join(data)} is a data disk"] if data else []
    remedy = "Check after the start that each disk is online under its letter; SAN policy OnlineAll helps."
    return say(ACK, found if "windows" in facts.platform.lower() else [], remedy)


@moving("R-EBS-26", "EC2 user guide, Amazon EBS and NVMe: the serial number is the volume id")
def serial_numbers(facts: InstanceFacts, options: Options) -> Finding:
    """Whatever names a disk by its volume id in the guest has to be changed: the replacement has another."""
    ids = ", ".join(v.id.replace("vol-", "vol") for v in facts.plain)
    remedy = "Mount by file system UUID or label: those come over."
    return say(WARN, [f"paths such as /dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_{{{ids}}} will be gone"], remedy)


@moving("R-EBS-29", "EC2 API reference, StopInstances; EC2 user guide, Root volumes")
def root_on_ebs(facts: InstanceFacts, options: Options) -> Finding:
    """The root device is an EBS volume: an instance with an instance-store root cannot be stopped."""
    found = [f"the root of {facts.id} is {facts.root_type}"] if facts.root_type != "ebs" else []
    return say(BLOCK, found, "Build it anew from an AMI with an encrypted EBS root.")


@moving("R-EBS-30", "EC2 user guide, Stop and start: data on instance store volumes is lost", deep=True)
def instance_store(facts: InstanceFacts, options: Options) -> Finding:
    """What lies on instance store volumes is lost at the stop: this is acknowledged."""
    if facts.state != "running":
        return None
    if facts.instance_store is None:
        return unread([facts.id], "whether there is an instance store", "ec2:DescribeInstanceTypes")
    found = [f"{facts.id} ({facts.instance_type}) has an instance store"] if facts.instance_store else []
    return say(ACK, found, "Its data is lost at the stop: copy what has to stay.")


@moving("R-EBS-31", "EC2 user guide, Stop and start; EC2 instance IP addressing")
def public_address(facts: InstanceFacts, options: Options) -> Finding:
    """A public address that is no Elastic IP is lost at the stop: this is acknowledged."""
    lost = facts.state == "running" and facts.public_ip and not facts.elastic_ip
    found = [f"{facts.id} has the public address {facts.public_ip}, which is no Elastic IP"] if lost else []
    return say(ACK, found, "It comes back with another one: give it an Elastic IP, or update what names the address.")


@moving(
    "R-EBS-32",
    "EC2 user guide, Stop protection; EC2 API reference, ModifyInstanceAttribute (DisableApiStop)",
    deep=True,
)
def stoppable(facts: InstanceFacts, options: Options) -> Finding:
    """Stop protection is off, or the instance is stopped already."""
    if facts.state != "running":
        return None
    if facts.stop_protected is None:
        return unread([facts.id], "stop protection", ATTRIBUTE)
    found = [f"{facts.id} has stop protection"] if facts.stop_protected else []
    command = (
        f"aws ec2 modify-instance-attribute --region {facts.region} --instance-id {facts.id} --no-disable-api-stop"
    )
    return say(BLOCK, found, f"Take it off for the migration: {command}")


@moving("R-EBS-33", "EC2 user guide, Change the instance initiated shutdown behavior", deep=True)
def shutdown_from_inside(facts: InstanceFacts, options: Options) -> Finding:
    """An instance that terminates when it is shut down from inside is stopped by StopInstances alone."""
    if facts.state != "running":
        return None
    if facts.shutdown_behaviour is None:
        return unread([facts.id], "what a shutdown from inside does", ATTRIBUTE)
    found = (
        [f"{facts.id} terminates when it is shut down from inside"] if facts.shutdown_behaviour == "terminate" else []
    )
    return say(WARN, found, "sealift stops it by API; a quiesce hook must never shut it down.")


@moving("R-EBS-34", "EC2 user guide, Stop a Spot Instance: without its root volume it is terminated at the restart")
def not_spot(facts: InstanceFacts, options: Options) -> Finding:
    """The instance is no Spot Instance: EC2 restarts those by itself, and terminates one whose root is missing."""
    found = [f"{facts.id} is a Spot Instance"] if facts.lifecycle == "spot" else []
    return say(BLOCK, found, "Launch it anew with encrypted volumes (launch template, default encryption).")


@moving("R-EBS-35", "EC2 Auto Scaling user guide, Temporarily remove instances; Suspend and resume processes")
def scaling_group(facts: InstanceFacts, options: Options) -> Finding:
    """A member of an Auto Scaling group is on standby, or the group's processes are suspended, while it is stopped."""
    group = facts.asg
    if group is None:
        return _group_unread(facts)
    member = f"{facts.id} is a member of the Auto Scaling group {group.name}"
    if group.lifecycle not in ("InService", "Standby"):
        return BLOCK, f"{member} and '{group.lifecycle}'. Wait until it is InService."
    if group.lifecycle == "InService" and options.asg not in ("standby", "suspend"):
        return BLOCK, (
            f"{member}, which replaces a stopped instance. Say --asg standby or --asg suspend; where members are "
            "replaceable, encrypt the launch template and refresh the group in place of moving volumes."
        )
    return _standby_fits(member, group, options) or (
        WARN,
        f"{member}. What the group launches later follows its launch template and the Region's default: encrypt those.",
    )


def _standby_fits(member: str, group: AsgFacts, options: Options) -> Finding:
    down = group.lifecycle == "InService" and options.asg == "standby" and group.desired - 1 < group.minimum
    found = [f"{member}, with {group.desired} desired and a minimum of {group.minimum}"] if down else []
    return say(BLOCK, found, "Standby would go below the minimum: lower it for the migration, or say --asg suspend.")


def _group_unread(facts: InstanceFacts) -> Finding:
    if "autoscaling" not in facts.unread:
        return None
    name = dict(facts.tags).get(GROUP_TAG)
    found = (
        [f"{facts.id} is tagged as a member of the Auto Scaling group {name}, which could not be read"] if name else []
    )
    remedy = "Allow autoscaling:DescribeAutoScalingInstances and autoscaling:DescribeAutoScalingGroups."
    operation = "autoscaling:DescribeAutoScalingInstances"
    return say(BLOCK, found, remedy) or unread([facts.id], "membership in an Auto Scaling group", operation)


@moving(
    "R-EBS-36", "EC2 user guide, Troubleshoot launch issues (InsufficientInstanceCapacity); CreateCapacityReservation"
)
def capacity(facts: InstanceFacts, options: Options) -> Finding:
    """EC2 may have no room when a stopped instance is started again: a reservation holds it, where one can."""
    if facts.state != "running":
        return None
    if not options.reserve_capacity:
        where = f"in placement group {facts.placement_group}" if facts.placement_group else f"in {facts.zone}"
        found = [f"nothing holds the capacity of {facts.id} ({facts.instance_type} {where}) while it is stopped"]
        return say(WARN, found, "--reserve-capacity holds it from before the stop until it is back.")
    if facts.tenancy == "host":
        found = [f"{facts.id} is on a Dedicated Host, which no Capacity Reservation covers"]
        return say(
            BLOCK,
            found,
            "Leave --reserve-capacity out; the host keeps its room as long as nothing else is placed there.",
        )
    found = [f"{facts.id} is in the placement group {facts.placement_group}"] if facts.placement_group else []
    return say(WARN, found, "The reservation is made outside that group and may not hold room in it.")


@moving("R-EBS-37", "EC2 API reference, StartInstances: T3 on a Dedicated Host with unlimited credits", deep=True)
def credits_on_a_host(facts: InstanceFacts, options: Options) -> Finding:
    """A T3 instance on a Dedicated Host does not use unlimited credits: it would not start again."""
    if facts.tenancy != "host" or not facts.instance_type.startswith("t3."):
        return None
    if facts.unlimited_credits is None:
        return unread([facts.id], "the credit option", "ec2:DescribeInstanceCreditSpecifications")
    found = [f"{facts.id} is a T3 on a Dedicated Host with unlimited credits"] if facts.unlimited_credits else []
    standard = f'"InstanceId={facts.id},CpuCredits=standard"'
    command = f"aws ec2 modify-instance-credit-specification --region {facts.region}"
    return say(BLOCK, found, f"Set its credits to standard: {command} --instance-credit-specification {standard}")


@moving("R-EBS-38", "EC2 user guide, Hibernation prerequisites; EBS user guide, Create snapshots")
def no_hibernation(facts: InstanceFacts, options: Options) -> Finding:
    """The instance is not configured for hibernation: memory would be on a disk that is copied."""
    found = [f"{facts.id} is configured for hibernation"] if facts.hibernation else []
    return say(BLOCK, found, "Hibernation demands an encrypted root from launch: build it anew.")


@moving(
    "R-EBS-56",
    "AWS re:Post, An instance with an encrypted volume stops at once; EBS user guide, Encryption requirements",
)
def who_starts_it(facts: InstanceFacts, options: Options) -> Finding:
    """Whoever starts the instance, or attaches its volumes, needs kms:CreateGrant on the key from now on."""
    found = [
        f"people, schedulers and services that start {facts.id} or attach its volumes need kms:CreateGrant on the key"
    ]
    return say(WARN, found, "Add them to the key policy, with kms:GrantIsForAWSResource.")
