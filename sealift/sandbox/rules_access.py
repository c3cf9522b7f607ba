"""Rules of IAM and KMS: id, sentence, source; the fourth says that it is a guess. They become part of `rules.RULES`."""

_IAM = "docs.aws.amazon.com/IAM/latest/UserGuide/"
_KMS = "docs.aws.amazon.com/kms/latest/developerguide/"
_EBS = "docs.aws.amazon.com/ebs/latest/userguide/"
_SAR = "docs.aws.amazon.com/service-authorization/latest/reference/"

ACCESS: tuple[tuple[str, str, str, bool], ...] = (
    (
        "SB-IAM-01",
        "An action is refused unless a policy of the caller allows it on each of its resources and none denies it.",
        _IAM + "reference_policies_evaluation-logic.html",
        False,
    ),
    (
        "SB-IAM-02",
        "An action without a resource type is allowed only by Resource *, one with a type by the ARN of each resource.",
        _SAR + "list_amazonec2.html; actions that the sandbox's tables lack count as without: a guess",
        True,
    ),
    (
        "SB-IAM-03",
        "A missing context key fails a condition, holds a negated, IfExists or ForAllValues one.",
        _IAM + "reference_policies_elements_condition_operators.html",
        False,
    ),
    (
        "SB-IAM-04",
        "Tags at creation need ec2:CreateTags on the new resource, which says ec2:CreateAction and aws:RequestTag.",
        "docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html",
        False,
    ),
    (
        "SB-IAM-05",
        "EC2 refuses with UnauthorizedOperation, 403, dry run or not; query services with AccessDenied, JSON ones with "
        "AccessDeniedException.",
        "docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html; recorded replies; the texts are guesses",
        True,
    ),
    (
        "SB-IAM-06",
        "A role is assumed where its trust policy names the caller, or the caller's account and the caller's policies "
        "allow it; between accounts both must.",
        _IAM + "reference_policies_evaluation-logic-cross-account.html",
        False,
    ),
    (
        "SB-IAM-07",
        "An unknown access key or an expired session is refused; names that are no AWS keys are the account's root here.",
        "docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html; the root is the sandbox's own",
        True,
    ),
    (
        "SB-IAM-08",
        "A permissions boundary and a session policy only take away.",
        _IAM + "access_policies_boundaries.html",
        False,
    ),
    (
        "SB-IAM-09",
        "SimulatePrincipalPolicy judges identity policies by the context it is given and names the keys it lacks; "
        "no policy of a resource is fetched.",
        "botocore iam SimulatePrincipalPolicy",
        False,
    ),
    (
        "SB-IAM-10",
        "CreateVolume, CopySnapshot and CopyVolumes are checked against source and result; request tags are the "
        "result's alone.",
        _SAR + "list_amazonec2.html, CreateVolume; aws.amazon.com/blogs/storage/enhancing-resource-level-permissions-"
        "for-copying-amazon-ebs-snapshots/; CopyVolumes' source is a guess",
        True,
    ),
    (
        "SB-IAM-11",
        "Blue/Green operations need the actions that RDS does for the caller, a role that RDS is given iam:PassRole.",
        "docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-authorizing-access.html; "
        + _SAR
        + "list_amazonrds.html; that each is asked at the request is a guess",
        True,
    ),
    (
        "SB-KEY-04",
        "A key's policy decides; policies of IAM count only where it names the account.",
        _KMS + "key-policies.html",
        False,
    ),
    (
        "SB-KEY-05",
        "A key of another account is used where its policy names that account or principal and the caller's policies "
        "allow it; it is managed by its owner only.",
        _KMS + "key-policy-modifying-external-accounts.html",
        False,
    ),
    (
        "SB-KEY-06",
        "A grant allows its operations within its constraints, is the same for the same request under a Name, and ends "
        "when revoked or retired.",
        _KMS + "grants.html; botocore kms CreateGrant, RetireGrant",
        False,
    ),
    (
        "SB-KEY-07",
        "KMS answers a dry run DryRunOperationException or AccessDeniedException, and does nothing.",
        _KMS + "testing-permissions.html; the status 400 is a guess",
        True,
    ),
    (
        "SB-KEY-08",
        "aws/ebs may be used through EC2 by all of its account, and its policy cannot be changed.",
        _KMS + "concepts.html, AWS managed keys; the policy's text is remembered",
        True,
    ),
    (
        "SB-KEY-09",
        "A key policy must be a policy, with principals that exist, and leave its author able to change it.",
        _KMS + "key-policy-default.html; botocore kms PutKeyPolicy",
        False,
    ),
    (
        "SB-KEY-10",
        "EBS uses a key for the caller: GenerateDataKeyWithoutPlaintext and DescribeKey, from a plain source Decrypt "
        "and CreateGrant too, from one under another key ReEncrypt on both.",
        _EBS + "how-ebs-encryption-works.html, ebs-encryption-requirements.html; which call needs which is in part a "
        "guess, the bad way",
        True,
    ),
    (
        "SB-KEY-11",
        "EC2 has a grant to decrypt for every attached encrypted volume, seen by ListGrants, retired at detach.",
        _KMS + "determining-access-grants.html; that a stop retires it too is a guess",
        True,
    ),
    (
        "R-EBS-56",
        "AttachVolume and StartInstances need kms:CreateGrant of whoever calls them.",
        "repost.aws/knowledge-center/kms-iam-ec2-permission; " + _EBS + "ebs-encryption-requirements.html",
        False,
    ),
    (
        "R-EBS-57",
        "A denial by source address in a key policy hits EC2 itself, which decrypts as role/aws:ec2-infrastructure.",
        _EBS + "ebs-encryption-requirements.html",
        False,
    ),
    (
        "R-EBS-58",
        "The encryption context aws:ebs:id is the new volume's id, and the new snapshot's for CopySnapshot.",
        _KMS + "services-ebs.html",
        False,
    ),
    (
        "R-EBS-62",
        "A snapshot under aws/ebs cannot be shared.",
        _EBS + "ebs-modifying-snapshot-permissions.html; recorded reply: OperationNotPermitted",
        False,
    ),
    (
        "R-EBS-82",
        "An encrypted snapshot that is shared is of use only to who may use its key; without a key of its own a copy is "
        "under the receiver's default key.",
        _EBS + "ebs-modifying-snapshot-permissions.html",
        False,
    ),
)
