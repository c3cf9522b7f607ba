"""Rules about the key, and about who else has a hand in it: an owner's no, another migration, templates, backups."""

from sealift.kind import ACK, BLOCK, NOT_EVALUATED, WARN, rule
from sealift.kinds.databases import image
from sealift.kinds.databases.facts import DatabaseFacts
from sealift.kinds.databases.judging import Finding, moving, say, tagged, unread
from sealift.options import Options
from sealift.step import tags_of
from sealift.steps.db_looks import name_of
from sealift.steps.db_tags import INSIDE

TAG_LIMIT, OUR_TAGS = 50, 5  # beside the before-image
STACK = "aws:cloudformation:"
TOOLS = ("terraform", "opentofu", "pulumi")


@rule("R-RDS-14", "botocore rds KMSKeyNotAccessibleFault; AWS KMS API reference, KeyMetadata")
def fit_key(facts: DatabaseFacts, options: Options) -> Finding:
    """The key is readable, of this Region, the customer's own, symmetric, for encryption, and enabled."""
    key = facts.key
    if key.error or not key.arn:
        return (
            BLOCK,
            f"the key {key.wanted or '(none)'} could not be read: {key.error}. Check --key and kms:DescribeKey.",
        )
    if not facts.plain:
        return None
    wanted = (
        ("state", "Enabled"),
        ("spec", "SYMMETRIC_DEFAULT"),
        ("usage", "ENCRYPT_DECRYPT"),
        ("region", facts.region),
    )
    found = [f"the {f} of {key.arn} is {getattr(key, f)}, not {want}" for f, want in wanted if getattr(key, f) != want]
    if key.manager == "AWS":
        found.append(f"{key.wanted} is managed by AWS: what is under it cannot be shared")
    return say(BLOCK, found, f"Name an enabled symmetric key of yours in {facts.region}.")


@rule("R-RDS-01", "botocore rds ModifyDBInstance, ModifyDBCluster (no KmsKeyId); DBCluster.StorageEncryptionType")
def other_key(facts: DatabaseFacts, options: Options) -> Finding:
    """A database under another customer's key than the wanted one is not re-keyed, and not called done."""
    if facts.plain or facts.of_aws:
        return None
    if not facts.key.arn:
        return NOT_EVALUATED, f"whether {facts.id} is under the wanted key cannot be told: {facts.key.error}."
    under = facts.encryption.key or "a key that is not shown"
    found = [] if under == facts.key.arn else [f"{facts.id} is encrypted under {under}"]
    return say(BLOCK, found, "Re-keying is not built yet; name that key to have it counted as done.")


@moving("R-SEALIFT-12", "docs/architecture.md, Locks: the claim tag sealift:migration")
def unclaimed(facts: DatabaseFacts, options: Options) -> Finding:
    """No other migration has a claim on the database or on what moves with it."""
    held = [(name, by) for name, by in facts.claims if by]
    first = held[0][1] if held else ""
    again = f"sealift adopt {facts.prefix}:{facts.id} --key KEY"
    remedy = f"See it with `sealift status {first}`; where its journal is lost, `{again}` with the options of then."
    return say(BLOCK, [f"{name} is claimed by migration {by}" for name, by in held], remedy)


@moving(
    "R-SEALIFT-13",
    "docs/architecture.md, Other people's automation: sealift:skip, deny and allow lists win over everything",
)
def wanted(facts: DatabaseFacts, options: Options) -> Finding:
    """The database is not opted out by a tag or a deny list, and an allow list, where there is one, names it."""
    names = {facts.id, f"{facts.prefix}:{facts.id}", facts.arn}
    found = [f"{facts.id} is tagged {key}" for key, _ in tagged(facts, options.skip_tags)]
    if names & set(options.deny):
        found.append(f"{facts.id} is on the deny list")
    if options.allow and not names & set(options.allow):
        found.append(f"{facts.id} is not on the allow list")
    return say(BLOCK, found, "It stays as it is until its owner takes that back.")


@moving("R-SEALIFT-14", 'RDS user guide, "Tagging Amazon RDS resources": at most 50 tags')
def room_for_our_tags(facts: DatabaseFacts, options: Options) -> Finding:
    """The source has room for our tags: claim, before-image, role, protection, and the selection tags set aside."""
    selecting = {*(facts.selectors or ()), *options.selector_tags}
    found = []
    for described, words in facts.images:
        itself = described is facts.described
        keys = {k for k in tags_of(described) if not k.startswith("aws:")}
        ours = OUR_TAGS + len(image.pack(words)) + len({k for k, _ in options.protect_tags} - keys)
        if itself:
            ours += len(keys & selecting) + (len(INSIDE) if options.fence_login else 0)
        if len(keys) + ours > TAG_LIMIT:
            found.append(
                f"{name_of(described)} has {len(keys)} tags and would have {len(keys) + ours} with those of sealift"
            )
    return say(BLOCK, found, f"At most {TAG_LIMIT} are allowed: remove some that are no longer needed.")


@moving("R-IAC-02", "CloudFormation, AWS::RDS::DBInstance, DBCluster (StorageEncrypted, KmsKeyId: replacement)")
def in_a_stack(facts: DatabaseFacts, options: Options) -> Finding:
    """A database that CloudFormation owns is not moved: its next update would replace the result."""
    stacks = [f"{facts.id} is tagged {k}={v}" for k, v in facts.tags if k.startswith(STACK)]
    return say(BLOCK, stacks[:1], "Take it out of the stack first (DeletionPolicy: Retain), and import it afterwards.")


@moving("R-IAC-01", "Terraform aws_db_instance, aws_rds_cluster (storage_encrypted, kms_key_id: forces replacement)")
def in_a_pipeline(facts: DatabaseFacts, options: Options) -> Finding:
    """A database that Terraform or another pipeline owns moves only when acknowledged: its next run destroys the result."""
    looks = [(k, v) for k, v in facts.tags if any(t in f"{k}={v}".lower() for t in TOOLS) and not k.startswith("aws:")]
    found = [f"{facts.id} is tagged {k}={v}" for k, v in dict.fromkeys([*tagged(facts, options.iac_tags), *looks])]
    return say(
        ACK,
        found,
        f"Freeze the pipeline, then set storage_encrypted = true and kms_key_id = {facts.key.arn or 'its key'}, with prevent_destroy: an "
        "apply before that destroys and recreates it. Deletion protection is on until finalize.",
    )


@moving("R-RDS-48", 'RDS user guide, "Tagging Amazon RDS resources": aws: is reserved')
def tags_come_over(facts: DatabaseFacts, options: Options) -> Finding:
    """Tags of AWS's own do not come over: nobody but AWS sets them."""
    found = [f"{facts.id} is tagged {k}" for k, _ in facts.tags if k.startswith("aws:") and not k.startswith(STACK)]
    return say(WARN, found, "The service that set them sets them anew, or not: see to it.")


@moving("R-RDS-31", "botocore rds DescribeDBSnapshots, DescribeDBClusterSnapshots", deep=True)
def plain_snapshots(facts: DatabaseFacts, options: Options) -> Finding:
    """Manual snapshots that are there stay plain."""
    if facts.snapshots is None:
        return unread(f"the snapshots of {facts.id}", "rds:DescribeDBSnapshots")
    found = [f"{facts.id} has {len(facts.snapshots)} plain manual snapshot(s): {', '.join(facts.snapshots[:3])}"]
    return say(
        WARN,
        found if facts.snapshots else [],
        "Copy them under the key and delete them, where the finding counts them.",
    )


@moving("R-SEALIFT-15", "AWS Backup developer guide, Assigning resources", deep=True)
def selected_by_arn(facts: DatabaseFacts, options: Options) -> Finding:
    """A backup selection that names the ARN backs up what bears the name."""
    if facts.selected_by_arn is None:
        return unread(
            f"the backup selections of {facts.id}", "backup:ListBackupPlans, ListBackupSelections, GetBackupSelection"
        )
    found = [f"{facts.arn} is named by the backup selection {name}" for name in facts.selected_by_arn]
    return say(WARN, found, "It goes by name, and follows the replacement; recovery points of the source stay plain.")
