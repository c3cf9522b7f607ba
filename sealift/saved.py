"""The plan as it is kept in S3 besides the journal (`--state`): where, in what form, and what is asked of it before it is believed.

Its digest tells what was altered by mistake or cut short, and its migration, target and place are those that the tags on the
sources name. It is no signature: whoever may write there can say what a lost migration was, so only operators may.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sealift.errors import UsageError
from sealift.kinds import named
from sealift.plan import MigrationPlan, digest


def s3_place(url: str, migration: str) -> tuple[str, str]:
    """Return bucket and key for a migration under `s3://bucket/prefix`.

    Raises:
        UsageError: it is no such URL.

    """
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme != "s3" or not parts.netloc:
        raise UsageError(f"--state {url!r} is not of the form s3://bucket/prefix")
    return parts.netloc, f"{parts.path.strip('/')}/{migration}.json".lstrip("/")


def written(migration: str, plan: Mapping[str, Any]) -> bytes:
    """Return what is kept of a migration: its plan, as the journal has it."""
    return json.dumps({"migration": migration, "plan": plan, "digest": digest([plan])}).encode()


def read(body: bytes, where: str, migration: str, unit: str, place: tuple[str, str]) -> MigrationPlan:
    """Return the plan that was kept of a migration of `unit`, in `place` (account, Region); `where` is the object's URL.

    Raises:
        UsageError: it is not what was kept; where it is the plan of another target, the remedy names that.

    """
    try:
        kept = json.loads(body)
        named, row, told = kept["migration"], kept["plan"], kept["digest"]
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise UsageError(f"{where} is not the plan that was kept of {migration} ({why})") from None
    if told != digest([row]):
        raise UsageError(f"{where} was changed after the plan was kept there: its digest does not fit")
    plan = MigrationPlan.from_json(row)
    for what, is_so, wanted in (
        ("migration", named, migration),
        ("target", plan.target if unit not in plan.locks else unit, unit),
        ("account", plan.account, place[0]),
        ("Region", plan.region, place[1]),
    ):
        if is_so != wanted:
            remedy = f"Adopt that: sealift adopt {_as_typed(plan)}" if what == "target" else None
            raise UsageError(f"{where} holds the plan of another {what} than {wanted}: {is_so!r:.60}", remedy=remedy)
    return plan


def _as_typed(plan: MigrationPlan) -> str:
    """Return a plan's target as people type it: a database with what its kind begins with."""
    prefix = getattr(named(plan.kind).facts, "prefix", "")
    return f"{prefix}:{plan.target}" if prefix else plan.target
