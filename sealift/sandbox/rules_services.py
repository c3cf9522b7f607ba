"""Rules of the other services: id, sentence, source; the fourth says that it is a guess. Part of `rules.RULES`."""

_TRAIL = "docs.aws.amazon.com/awscloudtrail/latest/"

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
        "SB-QTA-01",
        "A quota that is not there is NoSuchResourceException; one that is has the value that is enforced.",
        "botocore service-quotas GetServiceQuota; codes of EBS from public lists",
        True,
    ),
)
