"""What people paste as TARGET: `i-…`, `vol-…`, `rds:NAME`, `aurora:NAME` or an ARN."""

import re
from dataclasses import dataclass

from sealift.errors import UsageError


@dataclass(frozen=True)
class Target:
    """A target as parsed: what it looks like, its id, and the account and Region that an ARN names."""

    prefix: str  # instance, volume, rds, aurora
    id: str
    region: str | None = None
    account: str | None = None


_ID = re.compile(r"^(i|vol)-(?:[0-9a-f]{8}|[0-9a-f]{17})\Z")
_ARN = re.compile(r"^arn:aws[a-z-]*:ec2:([a-z0-9-]+):(\d{12}):(instance|volume)/(.+)\Z")
_NAME = r"[a-z](?:-?[a-z0-9])*"
_DATABASE = re.compile(rf"^(rds|aurora):({_NAME})\Z", re.IGNORECASE)
_DATABASE_ARN = re.compile(rf"^arn:aws[a-z-]*:rds:([a-z0-9-]+):(\d{{12}}):(db|cluster):({_NAME})\Z", re.IGNORECASE)
_DATABASES = {"db": "rds", "cluster": "aurora"}
LONGEST_NAME = 63
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
    if arn := _DATABASE_ARN.match(text):
        region, account, kind, name = arn.groups()
        return _database(_DATABASES[kind.lower()], name, region, account)
    if found := _DATABASE.match(text):
        return _database(found.group(1).lower(), found.group(2))
    raise UsageError(f"{text!r} is no target", remedy="Give i-…, vol-…, rds:NAME, aurora:NAME or their ARN.")


def _database(prefix: str, name: str, region: str | None = None, account: str | None = None) -> Target:
    """Return a database's target; RDS keeps names in lower case."""
    if len(name) > LONGEST_NAME:
        raise UsageError(f"{name!r} is no database: names have up to {LONGEST_NAME} characters")
    return Target(prefix, name.lower(), region, account)
