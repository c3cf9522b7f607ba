"""Rules of the other services: id, sentence, source; the fourth says that it is a guess. Part of `rules.RULES`."""

_TRAIL = "docs.aws.amazon.com/awscloudtrail/latest/"
_SSM = "docs.aws.amazon.com/systems-manager/latest/userguide/"
_ASG = "docs.aws.amazon.com/autoscaling/ec2/userguide/"

SERVICES: tuple[tuple[str, str, str, bool], ...] = (
    (
        "SB-CT-01",
        "Every management call is an event, refusals with errorCode, and shows up minutes later; services are invokedBy.",
        _TRAIL
        + "userguide/cloudtrail-event-reference-record-contents.html, how-cloudtrail-works.html; the spelling of "
        "EC2's parameters follows the page's examples, the rest by the same pattern",
        True,
    ),
    (
        "SB-CT-02",
        "LookupEvents takes one attribute, 1 to 50 results, a span within 90 days, and a token for the same request only.",
        "botocore cloudtrail LookupEvents",
        False,
    ),
    (
        "SB-CT-03",
        "LookupEvents may be asked twice a second for an account and Region.",
        "botocore cloudtrail LookupEvents; the code ThrottlingException is a guess",
        True,
    ),
    (
        "SB-ASG-01",
        "A group, member or process that is not there, or a member in another state, is ValidationError.",
        "botocore autoscaling; recorded reply: The instance … is not part of Auto Scaling group …; other texts are guesses",
        True,
    ),
    (
        "SB-ASG-02",
        "A member in service whose instance is not running is unhealthy, terminated and replaced by a new one.",
        _ASG
        + "healthcheck.html; what that takes in time, and that no grace period spares it, are guesses, the bad way",
        True,
    ),
    (
        "SB-ASG-03",
        "A member in Standby is not looked at; back in service it is. Without a decrement it is replaced meanwhile.",
        _ASG + "as-enter-exit-standby.html; botocore autoscaling EnterStandby",
        False,
    ),
    (
        "SB-ASG-04",
        "Without HealthCheck nothing is found, without ReplaceUnhealthy or Terminate nothing goes, without Launch nothing "
        "comes until it is resumed.",
        _ASG + "understand-how-suspending-processes-affects-other-processes.html",
        False,
    ),
    (
        "SB-ASG-05",
        "The desired capacity stays between the sizes: EnterStandby, ExitStandby and terminate are refused past them.",
        "botocore autoscaling EnterStandby; recorded reply of EnterStandby: has min-size=…; the others by its pattern",
        True,
    ),
    (
        "SB-AAS-01",
        "A scalable target of readers is an Aurora cluster by name (cluster:NAME), with a range and switches that a later "
        "registration changes one by one; its policies go with it, its readers stay.",
        "botocore application-autoscaling RegisterScalableTarget, DeregisterScalableTarget, PutScalingPolicy; recorded: "
        "The scalable target that you tried to tag already exists (terraform-aws-modules/terraform-aws-rds-aurora#420); "
        "texts, and the code for a cluster that is not there, are guesses",
        True,
    ),
    (
        "SB-AAS-02",
        "While scale-out is not suspended, policies add readers up to the maximum to whichever cluster bears the name; a "
        "registration that names a range fills up to its minimum, suspended or not.",
        "botocore application-autoscaling RegisterScalableTarget, SuspendedState; "
        "docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Integrating.AutoScaling.html; when a metric asks for "
        "one, and that a renamed cluster leaves its target behind, are guesses",
        True,
    ),
    (
        "SB-DLM-01",
        "A policy takes snapshots of the volumes with one of its tags on each schedule, within the hour after its time.",
        "botocore dlm CreateLifecyclePolicy, CreateRule.Times",
        False,
    ),
    (
        "SB-DLM-02",
        "A policy that is not there is ResourceNotFoundException, 404.",
        "botocore dlm GetLifecyclePolicy",
        False,
    ),
    (
        "SB-DLM-03",
        "CopyTags hands on all tags of the volume that are not AWS's; the policy's own are dlm:managed and aws:dlm:….",
        "botocore dlm Schedule.CopyTags; the names of its own tags: recorded replies",
        False,
    ),
    (
        "SB-DLM-04",
        "A schedule deletes what is beyond its count or age, and only its own.",
        "botocore dlm RetainRule; that age is looked at with the next snapshot is a guess",
        True,
    ),
    (
        "SB-BAK-01",
        "A selection names by ARN and all of its conditions, or by any tag of ListOfTags; NotResources are left out.",
        "botocore backup BackupSelection; how ARNs and ListOfTags go together is a guess",
        True,
    ),
    (
        "SB-BAK-02",
        "A backup of a volume is a snapshot with the volume's tags and aws:backup:source-resource; of a database, one of "
        "type awsbackup.",
        "the managed policies of AWS Backup name the tag; botocore rds DescribeDBSnapshots.SnapshotType",
        False,
    ),
    (
        "SB-BAK-03",
        "A plan, selection or recovery point that is not there is ResourceNotFoundException; retention deletes points.",
        "botocore backup GetBackupSelection, Lifecycle",
        False,
    ),
    (
        "SB-BAK-04",
        "EC2 does not delete a snapshot that is a recovery point.",
        "remembered of the field: InvalidParameterValue",
        True,
    ),
    (
        "SB-OBJ-01",
        "S3 asks the caller's policies and the bucket's: one of them allows, none denies; else AccessDenied, 403.",
        "docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html; the text is a guess",
        True,
    ),
    (
        "SB-OBJ-02",
        "An object under a key is read and written only where the key is enabled and the caller may use it through S3.",
        "docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html; the codes KMS.DisabledException and "
        "KMS.KMSInvalidStateException are on AWS's pages about exports to S3, the status 400 and KMS.NotFoundException "
        "are guesses",
        True,
    ),
    (
        "SB-SEC-01",
        "A secret under a key is read and written only where the key is enabled and the caller may use it through "
        "Secrets Manager.",
        "botocore secretsmanager DecryptionFailure, EncryptionFailure; recorded reply of a denial: Access to KMS is not "
        "allowed; that a disabled key is a DecryptionFailure is a guess",
        True,
    ),
    (
        "SB-TAG-01",
        "GetResources finds what has tags, by all keys and any value of each.",
        "botocore resourcegroupstaggingapi GetResources",
        False,
    ),
    (
        "SB-SSM-01",
        "A node is listed while its instance runs and its agent answers; an unknown filter is InvalidFilterKey.",
        "botocore ssm DescribeInstanceInformation",
        False,
    ),
    (
        "SB-SSM-02",
        "A command goes to nodes that answer only (InvalidInstanceId, InvalidDocument), and is not known at once.",
        "botocore ssm SendCommand, GetCommandInvocation; recorded reply: not in a valid state for account …",
        False,
    ),
    (
        "SB-SSM-03",
        "An automation acts in time and waits for the state; its runbook and InstanceId must be there.",
        "botocore ssm StartAutomationExecution; the texts, and an hour until it gives up, are guesses",
        True,
    ),
    (
        "SB-SSM-04",
        "An execution that is not there, or over when it is to be stopped, is refused; what it has done stays.",
        "botocore ssm StopAutomationExecution",
        False,
    ),
    (
        "SB-SSM-05",
        "An Automation document has a name of 3 to 128 characters that no other has and that does not begin as AWS's do, and "
        "64 KB at most; lists go by the beginning of names; one that is not there is InvalidDocument.",
        "botocore ssm CreateDocument, DeleteDocument, ListDocuments; texts are guesses, and that the reserved beginnings are "
        "compared without regard to case",
        True,
    ),
    (
        "SB-SSM-06",
        "A document of schemaVersion 0.3 is run step by step: nextStep, isEnd, onFailure (Abort, Continue, step:NAME), isCritical, "
        "maxAttempts, timeoutSeconds; 100 run at a time, more are Pending. A branch takes its first choice that holds, else Default.",
        _SSM + "automation-actions.html, automation-action-branch.html, automation-handling-timeouts.html, "
        "adaptive-concurrency.html; that more wait, the time between steps and tries, and that an unknown action is refused with the "
        "document, are guesses",
        True,
    ),
    (
        "SB-SSM-07",
        "A sleep takes an ISO 8601 Duration, or a Timestamp that is past at once where it has passed; 604,799 seconds at most.",
        _SSM + "automation-action-sleep.html",
        False,
    ),
    (
        "SB-SSM-08",
        "A step that calls an operation fails where that is refused, or where a selector finds nothing (an option: it leaves an "
        "empty text, or no value); a wait looks until the value is there and times out, after an hour unless told otherwise.",
        _SSM
        + "automation-action-executeAwsApi.html, automation-action-waitForAwsResourceProperty.html; that a selector which finds "
        "nothing fails its step is a guess",
        True,
    ),
    (
        "SB-SSM-09",
        "Whoever starts an automation with an assume role must be allowed to pass that role to ssm.amazonaws.com, which it must "
        "trust; the calls are judged by the role's policies.",
        _SSM + "automation-setup.html; recorded reply: The defined assume role is unable to be assumed.",
        False,
    ),
    (
        "SB-QTA-01",
        "A quota that is not there is NoSuchResourceException; one that is has the value that is enforced.",
        "botocore service-quotas GetServiceQuota; codes of EBS: published output of ListServiceQuotas",
        False,
    ),
)
