"""A plan is data: what would be done to each target, why a route was refused, how long it takes. `apply` runs exactly
that.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sealift.errors import UsageError
from sealift.kind import ACK, BLOCK, Verdict
from sealift.options import Options
from sealift.recipe import step_from_json, step_to_json
from sealift.step import Seconds, Step

FORMAT = "sealift.plan/1"
WITHOUT_EFFECT = frozenset({"R-SEALIFT-21", "R-SEALIFT-22", "R-SEALIFT-23", "R-SEALIFT-24"})
"""The rules that name an option which has no effect on what is moved, or on the way it is moved."""
LAZY = "R-RDS-33"
"""The rule that says so of a restored database."""
READY, NEEDS_ACK, REFUSED, NOTHING = "ready", "needs-ack", "refused", "nothing-to-do"


@dataclass(frozen=True)
class RefusedRoute:
    """A route that was not taken, and the rule that refused it."""

    route: str
    rule: str
    message: str = ""


@dataclass(frozen=True)
class MigrationPlan:
    """What would be done to one target."""

    target: str
    kind: str
    account: str
    region: str
    route: str | None
    steps: tuple[Step, ...]
    rules: tuple[Verdict, ...] = ()
    refused_routes: tuple[RefusedRoute, ...] = ()
    down: Seconds = field(default_factory=Seconds)
    back: Seconds = field(default_factory=Seconds)
    back_once_up: Seconds = field(default_factory=Seconds)
    readers_down: Seconds = field(default_factory=Seconds)
    degraded: float = 0.0
    kept: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    locks: tuple[str, ...] = ()
    note: str = ""

    @property
    def unacknowledged(self) -> list[Verdict]:
        """The acks that were asked for and not given: an ack is never implied by --yes."""
        return [v for v in self.rules if v.verdict == ACK and v.id not in self.options.acks]

    @property
    def blocked(self) -> list[Verdict]:
        """The rules that refuse the target."""
        return [v for v in self.rules if v.verdict == BLOCK]

    @property
    def loads(self) -> bool:
        """Whether it loads its data as they are read, for a time that nobody can tell."""
        return any(v.id == LAZY for v in self.rules)

    @property
    def status(self) -> str:
        """Whether it can be run as it stands."""
        if self.blocked or (self.route is None and self.refused_routes):
            return REFUSED
        if not self.steps:
            return NOTHING
        return NEEDS_ACK if self.unacknowledged else READY

    def to_json(self) -> dict[str, Any]:
        """Return the plan as stored and shown."""
        return {
            "target": self.target,
            "kind": self.kind,
            "account": self.account,
            "region": self.region,
            "status": self.status,
            "route": self.route,
            "refused_routes": [asdict(r) for r in self.refused_routes],
            "rules": [asdict(v) for v in self.rules],
            "steps": [step_to_json(s) for s in self.steps],
            "down_seconds": asdict(self.down),
            "reader_down_seconds": asdict(self.readers_down),
            "way_back_seconds": asdict(self.back),
            "way_back_after_bring_up_seconds": asdict(self.back_once_up),
            "degraded_seconds": self.degraded,
            "kept": list(self.kept),
            "note": self.note,
            "locks": list(self.locks),
            "facts": self.facts,
            "options": asdict(self.options),
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "MigrationPlan":
        """Rebuild a plan.

        Raises:
            UsageError: it was written by another version, or by hand.

        """
        try:
            return cls(
                target=rebuilt(str, row["target"]),
                kind=rebuilt(str, row["kind"]),
                account=rebuilt(str, row["account"]),
                region=rebuilt(str, row["region"]),
                route=rebuilt(str | None, row["route"]),
                steps=tuple(map(step_from_json, rebuilt(list[dict[str, Any]], row["steps"]))),
                rules=rebuilt(tuple[Verdict, ...], row["rules"]),
                refused_routes=rebuilt(tuple[RefusedRoute, ...], row["refused_routes"]),
                down=_seconds(row["down_seconds"]),
                back=_seconds(row["way_back_seconds"]),
                back_once_up=_seconds(row.get("way_back_after_bring_up_seconds", {})),
                readers_down=_seconds(row["reader_down_seconds"]),
                degraded=rebuilt(float, row["degraded_seconds"]),
                kept=rebuilt(tuple[str, ...], row.get("kept", ())),
                facts=row["facts"],
                options=_options(row["options"]),
                locks=rebuilt(tuple[str, ...], row["locks"]),
                note=rebuilt(str, row.get("note", "")),
            )
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise UsageError(f"the plan cannot be read: {type(error).__name__} {error}") from None


def _seconds(row: Mapping[str, Any]) -> Seconds:
    return Seconds(**rebuilt(dict[str, float], row))


def _options(row: Mapping[str, Any]) -> Options:
    Options(**row)  # no option is passed over: another version's may mean anything
    options: Options = rebuilt(Options, row)
    return options


def rebuilt(shape: Any, row: Any) -> Any:
    """Return a value of a type, such as a dataclass, from json.

    Raises:
        ValueError: it is of another shape; the message names the members.

    """
    from pydantic import ValidationError  # noqa: PLC0415 - at the edge, and only where a plan is read

    try:
        return _reader(shape).validate_python(row)
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, e["loc"])) or str(e["msg"]) for e in error.errors()[:3])
        raise ValueError(wrong) from None


@cache
def _reader(shape: Any) -> Any:
    """Return what reads a type from json; to make one takes longer than to read a hundred plans."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - as above

    return TypeAdapter(shape)


def digest(migrations: Sequence[Mapping[str, Any]]) -> str:
    """Return the digest that an approval names: over everything that is stored, in one canonical form."""
    text = json.dumps(list(migrations), sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Plan:
    """What would be done to several targets."""

    migrations: tuple[MigrationPlan, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the plan file's contents."""
        rows = [m.to_json() for m in self.migrations]
        return {"format": FORMAT, "digest": digest(rows), "migrations": rows}

    @classmethod
    def from_json(cls, body: Any) -> "Plan":
        """Rebuild a plan and compare its digest.

        Raises:
            UsageError: another format, or edited since it was written.

        """
        if not isinstance(body, dict) or "format" not in body:
            raise UsageError("this is no plan of sealift")
        if body["format"] != FORMAT:
            raise UsageError(
                f"the plan is of format {body['format']!r}, this version reads {FORMAT!r}",
                remedy="Make it again: sealift plan",
            )
        rows = body.get("migrations")
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            raise UsageError(
                "the plan cannot be read: it has no list of migrations", remedy="Make it again: sealift plan"
            )
        if body.get("digest") != digest(rows):
            raise UsageError(
                "the plan was changed after it was made: its digest does not fit", remedy="Make it again: sealift plan"
            )
        return cls(tuple(MigrationPlan.from_json(m) for m in rows))

    @classmethod
    def load(cls, path: Path) -> "Plan":
        """Read a plan file.

        Raises:
            UsageError: unreadable, of another format, or edited.

        """
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise UsageError(f"{path} cannot be read as a plan: {error}") from None
        return cls.from_json(body)
