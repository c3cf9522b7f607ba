"""Rules about the wanted key."""

from datetime import UTC, datetime

from sealift.keys import KeyFacts
from sealift.kind import ACK, BLOCK, WARN
from sealift.kinds.ebs.facts import InstanceFacts
from sealift.kinds.ebs.rules.judging import Facts, Finding, moving, say, unread
from sealift.options import Options

STORES = ("EXTERNAL_KEY_STORE", "AWS_CLOUDHSM")
AWS_KEY = "alias/aws/ebs"
POLICY = "the policy"


@moving(
    "R-EBS-50", "AWS KMS API reference, KeyMetadata; EC2 API reference, ModifyEbsDefaultKmsKeyId (no asymmetric keys)"
)
def fit(facts: Facts, options: Options) -> Finding:
    """The key is readable, symmetric, for encryption, and enabled."""
    key = facts.key
    if key.error or not key.arn:
        return (
            BLOCK,
            f"the key {key.wanted or '(none)'} could not be read: {key.error}. Check --key and kms:DescribeKey.",
        )
    mend = "cancel its deletion and enable it" if key.state == "PendingDeletion" else "enable this one"
    return say(BLOCK, _unfit(key), f"Name an enabled symmetric key of yours, or {mend}.")


def _unfit(key: KeyFacts) -> list[str]:
    wanted = (("state", "Enabled"), ("spec", "SYMMETRIC_DEFAULT"), ("usage", "ENCRYPT_DECRYPT"))
    return [f"the {f} of {key.arn} is {getattr(key, f)}, not {want}" for f, want in wanted if getattr(key, f) != want]


@moving("R-EBS-60", "AWS KMS API reference, KeyMetadata (Origin, ValidTo); KMS developer guide, Key stores")
def own_material(facts: Facts, options: Options) -> Finding:
    """A key whose material expires or lies in another store is acknowledged: without it nothing starts or attaches."""
    key = facts.key
    if key.origin in STORES:
        remedy = "While that store is out no volume under it can be attached and no instance started."
        return say(ACK, [f"{key.arn} lies in a key store ({key.origin})"], remedy)
    if key.origin == "EXTERNAL" and key.valid_to is not None:
        until = datetime.fromtimestamp(key.valid_to, UTC).strftime("%Y-%m-%d %H:%M UTC")
        return say(ACK, [f"the imported material of {key.arn} expires at {until}"], "Import it again before that day.")
    return None


@moving(
    "R-EBS-61", "EC2 API reference, CopyImage (the key must exist in the destination Region); KMS multi-Region keys"
)
def same_region(facts: Facts, options: Options) -> Finding:
    """The key is in the Region of the volumes; of a multi-Region key, the replica there."""
    key = facts.key
    found = [f"{key.arn} is not in {facts.region}"] if key.arn and key.region != facts.region else []
    replica = "/mrk-" in key.arn
    remedy = (
        f"Name its replica in {facts.region}, or replicate it there." if replica else f"Name a key of {facts.region}."
    )
    return say(BLOCK, found, remedy)


@moving("R-EBS-62", "EC2 API reference, ModifySnapshotAttribute; EBS user guide, Share a snapshot")
def customer_managed(facts: Facts, options: Options) -> Finding:
    """The key is managed by the customer: what is under alias/aws/ebs can never be shared."""
    key = facts.key
    aws = key.manager == "AWS" or key.wanted.endswith(AWS_KEY)
    return say(BLOCK, [f"{key.wanted} is managed by AWS"] if aws else [], "Name a customer-managed key.")


@moving("R-EBS-57", "EBS user guide, Requirements for EBS encryption: permissions for instances", deep=True)
def from_anywhere(facts: Facts, options: Options) -> Finding:
    """No statement of the key policy denies by network place what EC2 itself does with the key."""
    key = facts.key
    if key.bars_by_place is None:
        return _policy_unread(key)
    found = [f"the policy of {key.arn} denies by network place: {s}" for s in key.bars_by_place]
    return say(
        WARN,
        found,
        "EC2 asks KMS as role/aws:ec2-infrastructure and on behalf of callers, from no address and no VPC of yours: copies, "
        "attaches or starts fail. Except that role (ArnNotLike on aws:PrincipalArn) and forwarded calls (Bool "
        "aws:ViaAWSService false); a service control policy can deny them too, and is not read.",
    )


@moving("R-EBS-58", "AWS KMS developer guide, How Amazon EBS uses AWS KMS: encryption context", deep=True)
def for_new_ids(facts: Facts, options: Options) -> Finding:
    """No statement of the key policy is pinned to the ids of volumes or snapshots that there are: replacements have new ones."""
    key = facts.key
    if key.pinned is None:
        return _policy_unread(key)
    found = [f"the policy of {key.arn} is pinned on kms:EncryptionContext:aws:ebs:id: {s}" for s in key.pinned]
    return say(
        WARN,
        found,
        "That context is the id of the replacement, and of the new snapshot on the copy route. Take a pattern such as "
        "vol-* and snap-*; policies of identities may be pinned too, and are not read.",
    )


def _policy_unread(key: KeyFacts) -> Finding:
    return unread([key.arn], POLICY, "kms:GetKeyPolicy") if key.arn else None


@moving("R-EBS-59", "EC2 Auto Scaling user guide, Required key policy for encrypted volumes")
def scaling_role(facts: InstanceFacts, options: Options) -> Finding:
    """A group that launches instances under the key needs its service-linked role in the key policy."""
    found = [f"{facts.asg.name} launches through AWSServiceRoleForAutoScaling"] if facts.asg else []
    return say(WARN, found, "Where its template names the key, allow that role to use it and to create grants.")
