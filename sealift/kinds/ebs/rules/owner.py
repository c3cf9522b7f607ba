"""Rules about who else has a hand in it: AWS services, orchestrators, templates, another migration, an owner's no."""

from sealift.kind import ACK, BLOCK, WARN
from sealift.kinds.ebs.facts import InstanceFacts
from sealift.kinds.ebs.routes import TAG_LIMIT
from sealift.kinds.ebs.rules.judging import Facts, Finding, all_tags, moving, named, say, tagged, target
from sealift.options import Options

OWNERS = (
    "aws:ec2:fleet-id",
    "aws:eks:",
    "aws:elasticmapreduce:",
    "eks:",
    "elasticbeanstalk:",
    "karpenter.sh/",
    "kubernetes.io/cluster/",
    "AmazonECSManaged",
)
"""Beginnings of tag keys; `aws:autoscaling:groupName` belongs to R-EBS-35, `aws:cloudformation:` to R-EBS-43."""

CSI = ("ebs.csi.aws.com/", "CSIVolumeName", "kubernetes.io/created-for/pvc/", "kubernetes.io/created-for/pv/")
STACK = "aws:cloudformation:stack-id"
TOOLS = ("terraform", "opentofu", "pulumi")
TOOL_KEYS = ("managed-by", "managed_by", "managedby", "provisioner", "provisioned-by", "created-by", "createdby", "iac")
NO = ("false", "no", "0")
OUR_TAGS = ("sealift:migration", "sealift:plan", "sealift:was", "sealift:role")


OF_DATABASES = ("fence_login", "fence_from", "readers", "switchover_timeout")


@moving("R-SEALIFT-24", "docs/cli.md: what each option of `sealift plan` is for")
def no_effect(facts: Facts, options: Options) -> Finding:
    """What has no effect on volumes is named."""
    given = options.given(OF_DATABASES)
    return say(
        WARN, [f"{', '.join(given)}: without effect on {target(facts)}"] if given else [], "It is for databases."
    )


@moving("R-EBS-04", "EC2 API reference, OperatorResponse; VolumeAttachment (AssociatedResource, InstanceOwningService)")
def managed_by_aws(facts: Facts, options: Options) -> Finding:
    """Neither the instance nor a volume that moves is managed by an AWS service: it refuses detaching and new flags."""
    instance = [(facts.id, facts.managed_by)] if isinstance(facts, InstanceFacts) else []
    found = [f"{id_} is managed by {by}" for id_, by in [*instance, *((v.id, v.managed_by) for v in facts.plain)] if by]
    return say(BLOCK, found, "Encrypt it through that service.")


@moving(
    "R-EBS-41", "AWS user guides of EMR, Elastic Beanstalk, ECS, EKS, EC2 Fleet and Karpenter: the tags that they set"
)
def owned_lifecycle(facts: Facts, options: Options) -> Finding:
    """What another system creates and replaces moves only when that is acknowledged."""
    owned = tagged(facts, lambda key, _: key.startswith(OWNERS))
    found = [f"{id_} is tagged {key}={value}" if value else f"{id_} is tagged {key}" for id_, key, value in owned]
    return say(ACK, found, "That system may replace it with a plain one: change its template or launch settings too.")


@moving(
    "R-EBS-42",
    "aws-ebs-csi-driver, docs/example-iam-policy.json; Kubernetes API, CSIPersistentVolumeSource.volumeHandle",
)
def kubernetes_volume(facts: Facts, options: Options) -> Finding:
    """A volume of the EBS CSI driver is not moved: its PersistentVolume names the volume id and cannot be changed."""
    ids = {id_ for id_, key, _ in tagged(facts, lambda key, _: key.startswith(CSI))}
    found = [f"{v.id} belongs to a PersistentVolume" for v in facts.plain if v.id in ids]
    return say(BLOCK, found, "Move it inside Kubernetes: VolumeSnapshot, encrypted StorageClass, new claim.")


@moving(
    "R-EBS-43",
    "CloudFormation, AWS::EC2::Volume (Encrypted: replacement); Terraform aws_ebs_volume (encrypted: forces new)",
)
def in_a_template(facts: Facts, options: Options) -> Finding:
    """What CloudFormation or Terraform describes moves only when acknowledged: its next run may undo the result."""
    stacks = tagged(facts, lambda key, _: key == STACK)
    tools = tagged(facts, lambda key, value: named(options.iac_tags)(key, value) or _looks_described(key, value))
    if stacks:
        return say(ACK, [f"{id_} is of the stack {value}" for id_, _, value in stacks], _STACK_REMEDY)
    return say(ACK, [f"{id_} is tagged {key}={value}" for id_, key, value in tools], _TOOL_REMEDY)


_STACK_REMEDY = (
    "Freeze stack updates until the hand-over; then set Encrypted and KmsKeyId, no SnapshotId (AWS::EC2::Volume or "
    "BlockDeviceMappings) in the template, DeletionPolicy: Retain, and import the new volume id: an update before that "
    "replaces it."
)
_TOOL_REMEDY = (
    "Freeze the pipeline until the hand-over; then set encrypted = true, kms_key_id and no snapshot_id (all force a "
    "new resource) and prevent_destroy, `terraform state rm` the old volume and attachment and `terraform import` the "
    "new id: an apply before that destroys and recreates it, or attaches the plain source again."
)


def _looks_described(key: str, value: str) -> bool:
    key, value = key.lower(), value.lower()
    if any(tool in key for tool in TOOLS):
        return value not in NO
    return key in TOOL_KEYS and any(tool in value for tool in TOOLS)


@moving("R-SEALIFT-01", "docs/architecture.md, Locks: the claim tag sealift:migration")
def unclaimed(facts: Facts, options: Options) -> Finding:
    """No volume that moves is claimed by another migration."""
    claims = [(v.id, dict(v.tags)["sealift:migration"]) for v in facts.plain if "sealift:migration" in dict(v.tags)]
    found = [f"{id_} is claimed by migration {by}" for id_, by in claims]
    first = claims[0][1] if claims else ""
    again = f"sealift adopt {target(facts)} --key KEY"
    remedy = f"See it with `sealift status {first}`; where its journal is lost, `{again}` with the options of then."
    return say(BLOCK, found, remedy)


@moving(
    "R-SEALIFT-02",
    "docs/architecture.md, Other people's automation: sealift:skip, deny and allow lists win over everything",
)
def wanted(facts: Facts, options: Options) -> Finding:
    """Nothing that moves is opted out by a tag or a deny list, and an allow list, where there is one, names it."""
    ids = [target(facts), *(v.id for v in facts.plain)]
    skipped = [f"{id_} is tagged {key}" for id_, key, _ in tagged(facts, named(options.skip_tags))]
    denied = [f"{id_} is on the deny list" for id_ in dict.fromkeys(ids) if id_ in options.deny]
    return say(
        BLOCK, skipped + denied + _not_allowed(ids, options), "It stays as it is until its owner takes that back."
    )


def _not_allowed(ids: list[str], options: Options) -> list[str]:
    first, *volumes = ids
    allowed = not options.allow or first in options.allow or all(v in options.allow for v in volumes)
    return [] if allowed else [f"{first} is not on the allow list"]


@moving("R-SEALIFT-03", "EC2 user guide, Tag restrictions: at most 50 tags, those of aws: not counted")
def room_for_our_tags(facts: Facts, options: Options) -> Finding:
    """Each source has room for our tags: claim, before-image, role, protection, and the selection tags set aside."""
    selecting = {*(facts.selectors or ()), *options.selector_tags}
    found = []
    for id_, tags in all_tags(facts)[-len(facts.plain) :]:
        keys = {k for k, _ in tags if not k.startswith("aws:")}
        ours = {*OUR_TAGS, *(k for k, _ in options.protect_tags), *(f"sealift:was-tag:{k}" for k in keys & selecting)}
        if (total := len(keys | ours)) > TAG_LIMIT:
            found.append(f"{id_} has {len(keys)} tags and would have {total} with those of sealift")
    return say(BLOCK, found, f"At most {TAG_LIMIT} are allowed: remove some that are no longer needed.")
