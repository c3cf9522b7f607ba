"""What people paste."""

import pytest

from sealift.errors import UsageError
from sealift.targets import Target, parse

I, V = "i-0123456789abcdef0", "vol-0123456789abcdef0"  # noqa: E741


@pytest.mark.parametrize(
    ("text", "target"),
    [
        (I, Target("instance", I)),
        (V, Target("volume", V)),
        ("i-01234567", Target("instance", "i-01234567")),
        (f"arn:aws:ec2:eu-west-1:123456789012:instance/{I}", Target("instance", I, "eu-west-1", "123456789012")),
        (f"arn:aws:ec2:eu-west-1:123456789012:volume/{V}", Target("volume", V, "eu-west-1", "123456789012")),
        ("rds:orders", Target("rds", "orders")),
        ("rds:Orders-2", Target("rds", "orders-2")),
        ("aurora:billing", Target("aurora", "billing")),
        ("arn:aws:rds:eu-west-1:123456789012:db:orders", Target("rds", "orders", "eu-west-1", "123456789012")),
        (
            "arn:aws-us-gov:rds:us-gov-west-1:123456789012:cluster:billing",
            Target("aurora", "billing", "us-gov-west-1", "123456789012"),
        ),
        (f"arn:aws-cn:ec2:cn-north-1:123456789012:volume/{V}", Target("volume", V, "cn-north-1", "123456789012")),
    ],
)
def test_ids_and_arns_are_understood(text: str, target: Target) -> None:
    """An ARN brings its Region and account."""
    assert target == parse(text)


@pytest.mark.parametrize(
    "text",
    ["", "web-1", "i-", "i-012345678", "vol-XYZ", "rds:", f" {I}", f"{I}\n", "arn:aws:s3:::bucket", "*",
     f"arn:aws:ec2:eu-west-1:123456789012:instance/{V}", f"arn:aws:ec2:eu-west-1:123456789012:volume/{I}",
     f"arn:aws:ec2:eu-west-1:1:instance/{I}", "snap-0123456789abcdef0", "I-0123456789abcdef0",
     "rds:2nd", "rds:a--b", "rds:a-", "rds:a_b", f"rds:{'a' * 64}", "arn:aws:rds:eu-west-1:123456789012:snapshot:orders"],
)  # fmt: skip
def test_what_is_no_target_is_a_usage_error(text: str) -> None:
    """One sentence that repeats what was given (exit 2)."""
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert 2 == caught.value.exit_code
