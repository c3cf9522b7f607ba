"""What people paste as TARGET: `i-…`, `vol-…`, `rds:NAME`, `aurora:NAME` or an ARN."""

import re
from dataclasses import dataclass

from sealift.errors import UsageError


@dataclass(frozen=True)
class Target:
    """A target as parsed: what it looks like, its id, and the account and Region that an ARN names."""

    prefix: str  # instance, volume
    id: str
    region: str | None = None
    account: str | None = None


_ID = re.compile(r"^(i|vol)-(?:[0-9a-f]{8}|[0-9a-f]{17})\Z")
_ARN = re.compile(r"^arn:aws[a-z-]*:ec2:([a-z0-9-]+):(\d{12}):(instance|volume)/(.+)\Z")
_PREFIXES = {"i": "instance", "vol": "volume"}


def parse(text: str) -> Target:
    """Parse what was given.

    Raises:
        UsageError: it is none of the forms, or of a kind that is not built yet.

    """
    if arn := _ARN.match(text):
        region, account, prefix, name = arn.groups()
        inner = parse(name)
        if inner.prefix != prefix:
            raise UsageError(f"{text!r} names a {prefix} with the id of a {inner.prefix}")
        return Target(prefix, name, region, account)
    if found := _ID.match(text):
        return Target(_PREFIXES[found.group(1)], text)
    if text.startswith(("rds:", "aurora:")):
        raise UsageError(f"{text!r}: databases are not built yet", remedy="This version moves i-… and vol-….")
    raise UsageError(f"{text!r} is no target", remedy="Give i-…, vol-… or their ARN.")
