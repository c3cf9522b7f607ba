"""A plan is data: what would be done to each target, why a route was refused, how long it takes. `apply` runs exactly
that.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
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
                target=row["target"],
                kind=row["kind"],
                account=row["account"],
                region=row["region"],
                route=row["route"],
                steps=tuple(step_from_json(s) for s in row["steps"]),
                rules=tuple(Verdict(**v) for v in row["rules"]),
                refused_routes=tuple(RefusedRoute(**r) for r in row["refused_routes"]),
                down=Seconds(**row["down_seconds"]),
                back=Seconds(**row["way_back_seconds"]),
                back_once_up=Seconds(**row.get("way_back_after_bring_up_seconds", {})),
                readers_down=Seconds(**row["reader_down_seconds"]),
                degraded=row["degraded_seconds"],
                kept=tuple(row.get("kept", ())),
                facts=row["facts"],
                options=_options(row["options"]),
                locks=tuple(row["locks"]),
                note=row.get("note", ""),
            )
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise UsageError(f"the plan cannot be read: {type(error).__name__} {error}") from None


def _options(row: Mapping[str, Any]) -> Options:
    def tuples(value: Any) -> Any:
        return tuple(tuples(v) for v in value) if isinstance(value, list | tuple) else value

    return Options(**{k: tuples(v) for k, v in row.items()})


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
