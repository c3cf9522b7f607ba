"""What flows are asked for, as models whose descriptions make the form in Prefect's UI explain itself.

Spans carry their unit in the name and moments their zone; `options()` turns a form into what a recipe is made of.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from sealift.errors import UsageError
from sealift.options import DAY, Options
from sealift.targets import parse

MINUTE, HOUR = 60, 3600


def _target(prefix: str) -> Any:
    def fits(text: str) -> str:
        try:
            found = parse(text.strip())
        except UsageError as error:
            raise ValueError(str(error)) from None
        if found.prefix != prefix:
            raise ValueError(f"{text} is no {prefix}")
        return text.strip()

    return AfterValidator(fits)


def _network(text: str) -> str:
    from ipaddress import ip_network  # noqa: PLC0415

    try:
        return str(ip_network(text)) if text else ""
    except ValueError as error:
        raise ValueError(f"no address or CIDR: {error}") from None


def _tag_keys(tags: dict[str, str]) -> dict[str, str]:
    if reserved := [k for k in tags if k.lower().startswith("aws:")]:
        raise ValueError(f"tags that begin with aws: are reserved: {', '.join(reserved)}")
    return tags


def _places(places: list[str]) -> list[str]:
    if odd := [p for p in places if not p.startswith(("https://", "http://", "sns:arn:"))]:
        raise ValueError(f"neither a URL nor sns:ARN: {', '.join(odd)}")
    return places


GivenTags = Annotated[dict[str, str], AfterValidator(_tag_keys)]
Places = Annotated[list[str], AfterValidator(_places)]
MigrationId = Annotated[str, Field(pattern=r"^mig-[0-9a-f]+$", examples=["mig-0123456789"])]


class Route(StrEnum):
    """How the last copy of a volume is made."""

    AUTO = "auto"
    CLONE = "clone"
    SNAPSHOT = "snapshot"
    COPY = "copy"


class DatabaseRoute(StrEnum):
    """How a database is encrypted."""

    AUTO = "auto"
    BLUE_GREEN = "blue-green"
    SNAPSHOT = "snapshot"


class Readers(StrEnum):
    """What clients of read replicas get until the new ones answer."""

    FENCED = "fenced"
    STALE = "stale"
    PRIMARY = "primary"


class AutoScaling(StrEnum):
    """What is done about the instance's Auto Scaling group."""

    STANDBY = "standby"
    SUSPEND = "suspend"


class Decision(StrEnum):
    """What a person says at the gate."""

    APPROVE = "approve"
    POSTPONE = "postpone"
    REFUSE = "refuse"


class Form(BaseModel):
    """What all forms share: nothing that is not asked for is taken."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Window(Form):
    """When the cutover may happen. Moments need a zone; each may be left out."""

    start: AwareDatetime | None = None
    """No quiesce before this moment."""

    last_quiesce: AwareDatetime | None = None
    """No quiesce after this moment."""

    end: AwareDatetime | None = None
    """By then it is over: worst cutover and worst way back must fit, and the run turns back in time."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        moments = [m for m in (self.start, self.last_quiesce, self.end) if m is not None]
        if moments != sorted(moments):
            raise ValueError("start, last quiesce and end are not in that order")
        return self


class Migrate(Form):
    """What the migration of an instance and of a single volume are both asked for."""

    target: str
    key: str = Field(min_length=1, examples=["alias/app"])
    """The customer-managed KMS key: alias/NAME, key id or ARN, in the Region of the target."""

    region: str | None = Field(None, examples=["eu-central-1"])
    """AWS Region of the target; left out, that of the worker's environment."""

    dry_run: bool = False
    """Publish the plan as an artifact of this run and stop; nothing is changed."""

    approve: bool = False
    """Approve the cutover now. Otherwise all is prepared while the workload runs on, and the run waits at its gate
    until somebody approves."""

    wait_at_gate: bool = True
    """Wait at the gate. Otherwise the run ends there in the state Prepared, and the deployment `resume` goes on."""

    digest: str | None = None
    """Digest of a plan that was read before: a plan that comes out differently now is refused."""

    window: Window = Field(default_factory=Window)
    """When the cutover may happen; empty: at any time after the approval."""

    acks: list[str] = Field(default_factory=list, examples=[["R-EBS-41"]])
    """Ids of the rules that you acknowledge, as the plan asks for them."""

    warm_max_age_hours: float = Field(6, gt=0)
    """A warm snapshot older than this is renewed after the gate, before anything is stopped."""

    retain_days: float = Field(14, ge=0)
    """Days that the plain sources are kept before finalize may delete them."""

    extra_tags: GivenTags = Field(default_factory=dict)
    """Tags for everything that is made, where a tag policy demands them."""

    protect_tags: GivenTags = Field(default_factory=dict)
    """Tags for the retained sources, where a janitor must pass them over."""

    selector_tags: list[str] = Field(default_factory=list)
    """Tag keys by which a scheduler or backup selects; set aside on the retained source."""

    iac_tags: list[str] = Field(default_factory=list)
    """Tag keys that say that Terraform or another pipeline owns a resource."""

    skip_tags: list[str] = Field(default_factory=lambda: ["sealift:skip"])
    """Tag keys that opt a resource out."""

    allow: list[str] = Field(default_factory=list)
    """Ids: where any are given, only these are touched."""

    deny: list[str] = Field(default_factory=list)
    """Ids that are never touched."""

    ticket: str = ""
    """Change ticket, kept in plan and journal."""

    state_url: str = Field("", pattern=r"^(s3://.+)?$")
    """Where the plan is kept as well, so that a lost journal can be rebuilt: s3://BUCKET/PREFIX."""

    notify: Places = Field(default_factory=list)
    """Who is told when the gate opens, at quiesce, up, back and when a person is needed: a URL or sns:ARN."""

    @property
    def says(self) -> str:
        """What the run does, in a few words: its name."""
        return f"{'plan' if self.dry_run else 'migrate'} {self.target} under {self.key}"

    def options(self) -> Options:
        """Return what a recipe is made of."""
        given = self.model_dump()
        made: dict[str, Any] = {k: _tuples(v) for k, v in given.items() if k in Options.__dataclass_fields__}
        made |= {name: round(given[field] * unit) for name, (field, unit) in _SPANS.items() if field in given}
        made |= {f"window_{k}": v.timestamp() if v else None for k, v in given["window"].items()}
        made |= {k: str(given[k] or "") for k in ("route", "asg", "readers") if k in given}  # a choice is a word
        return Options(**made)

    @classmethod
    def of(cls, target: str, options: Options, **more: Any) -> Self:
        """Fill the form in for options that were given elsewhere, such as on a command line."""
        wanted = cls.model_fields
        same = [k for k in Options.__dataclass_fields__ if k in wanted]
        filled = {k: _lists(getattr(options, k), wanted[k].annotation) for k in same}
        filled |= {field: getattr(options, name) / unit for name, (field, unit) in _SPANS.items() if field in wanted}
        if "asg" in wanted:
            filled["asg"] = options.asg or None
        moments = {k: getattr(options, f"window_{k}") for k in Window.model_fields}
        window = {k: None if at is None else datetime.fromtimestamp(at, UTC) for k, at in moments.items()}
        return cls.model_validate({**filled, "target": target, "window": window, **more})


class MigrateVolumes(Migrate):
    """What is asked for wherever volumes are moved."""

    route: Route = Route.AUTO
    """How the last copy is made: auto takes the possible one with the least downtime."""

    max_degraded_minutes: float = Field(30, ge=0)
    """Longest time that a fast disk may be slower after the swap than before; a slower route is not taken by auto."""

    initialization_rate: int | None = Field(None, ge=100, le=300)
    """MiB/s to buy for volumes made of snapshots; left out: only where a fast disk needs it."""

    clone_slots: int = Field(5, ge=1)
    """Volume copies in progress that the Region allows; raise it where AWS has raised yours."""


class Hooks(Form):
    """Commands of the user, around the cutover."""

    quiesce: str = ""
    """Command run on the worker before the stop; another exit code than 0 sends the run back."""

    after: str = ""
    """Command run on the worker after bring-up, and on the way back."""

    hook_timeout_minutes: float = Field(10, gt=0)
    """Longest time that one of these commands may take."""


class MigrateInstance(MigrateVolumes, Hooks):
    """Move all unencrypted volumes of an instance under a key, in one stop."""

    target: Annotated[str, _target("instance")] = Field(examples=["i-0123456789abcdef0"])
    """The instance: i-… or its ARN."""

    asg: AutoScaling | None = None
    """What to do about the instance's Auto Scaling group, if it is in one: refused without."""

    reserve_capacity: bool = False
    """Hold an On-Demand Capacity Reservation from the opening of the gate until the instance is up again."""

    watchdog: str = Field("", pattern=r"^(arn:aws[a-z-]*:iam::\d{12}:role/.+)?$")
    """ARN of a role for Systems Manager: an Automation is armed before the stop that puts the original back if no driver
    lives to do it."""

    stop_deadline_minutes: float = Field(15, gt=0)
    """How long the stop may take; it is never forced."""


class MigrateVolume(MigrateVolumes):
    """Move a volume that is attached to nothing under a key; nothing is stopped."""

    target: Annotated[str, _target("volume")] = Field(examples=["vol-0123456789abcdef0"])
    """The volume: vol-… or its ARN."""


class MigrateDatabases(Migrate, Hooks):
    """What the forms of instances and clusters share."""

    route: DatabaseRoute = DatabaseRoute.AUTO
    """How it is encrypted: auto takes Blue/Green where the rules allow it, and names the rule that refused it otherwise."""

    fence_login: str = Field("", pattern=r"^(arn:aws[a-z-]*:secretsmanager:.+)?$")
    """ARN of the secret with a master login: the engine is closed and proved quiet from inside."""

    fence_from: Annotated[str, AfterValidator(_network)] = Field("", examples=["10.0.0.5/32"])
    """Address (CIDR) from which the worker reaches the database: the quarantine lets that login in, and nothing else."""

    rekey: bool = False
    """Move a database that is under a key of AWS's too: an AWS-owned one, or aws/rds."""

    drop_backups: bool = False
    """Let finalize delete the source's automated backups with it. Otherwise they are kept for as long as their retention says."""

    switchover_timeout: int = Field(300, ge=30, le=3600)
    """Seconds after which RDS takes a Blue/Green switchover back by itself."""


class MigrateDatabase(MigrateDatabases):
    """Move a DB instance with its read replicas under a key."""

    target: Annotated[str, _target("rds")] = Field(examples=["rds:orders"])
    """The instance: rds:NAME or its ARN."""

    readers: Readers = Readers.FENCED
    """What clients of read replicas get until the new ones answer: nothing (fenced), stale data, or the primary's alias."""


class MigrateCluster(MigrateDatabases):
    """Move an Aurora or Multi-AZ DB cluster with its members under a key."""

    target: Annotated[str, _target("aurora")] = Field(examples=["aurora:shop"])
    """The cluster: aurora:NAME or its ARN."""


_SPANS: Mapping[str, tuple[str, int]] = {
    "max_degraded": ("max_degraded_minutes", MINUTE),
    "warm_max_age": ("warm_max_age_hours", HOUR),
    "stop_deadline": ("stop_deadline_minutes", MINUTE),
    "hook_timeout": ("hook_timeout_minutes", MINUTE),
    "retain": ("retain_days", DAY),
}
"""Seconds of `Options`, the field that asks for them in people's units, and the unit in seconds."""


class MigrationRun(Form):
    """What all forms about a migration that exists share."""

    migration: MigrationId
    """The migration's id, as `sealift status` and the artifacts of its run show it."""


class ResumeRun(MigrationRun):
    """Go on with a migration from where it rests, in its direction."""

    wait_at_gate: bool = True
    """Wait at the gate. Otherwise the run ends there in the state Prepared."""


class RollbackRun(MigrationRun):
    """Put the original back, at any stage before finalize."""

    discard_writes: bool = False
    """The workload has run on its replacement: leave the writes made since behind, in a snapshot. Without this it is
    refused."""

    without_safety_snapshot: bool = False
    """Where the key is unusable: keep the replacement itself instead of a snapshot of it."""


class FinalizeRun(MigrationRun):
    """Delete the plain sources and snapshots of a migration once its retention has passed. Irreversible."""

    confirm: Literal[True]
    """This deletes for good: say yes."""


class VerifyRun(Form):
    """Read again whether what is retained is as it should be; changes nothing."""

    migrations: list[MigrationId] = Field(default_factory=list)
    """Ids of the migrations to look at; left out: every one whose source is retained."""

    @property
    def says(self) -> str:
        """What the run does, in a few words: its name."""
        return f"verify {', '.join(self.migrations) or 'what is retained'}"


class ApproveRun(Form):
    """Say what happens at the gate of one or several migrations."""

    migrations: list[MigrationId] = Field(min_length=1)
    """Ids of the migrations that wait at their gate."""

    decision: Decision = Decision.APPROVE
    """approve: the cutover may begin; postpone: not before a moment; refuse: what was prepared is cleaned up."""

    reason: str = ""
    """Why, kept in the journal."""

    by: str = ""
    """Who decides, kept in the journal; left out: the name of this run."""

    until: AwareDatetime | None = None
    """With postpone: not before this moment. Needs a zone."""

    @model_validator(mode="after")
    def _until_when(self) -> Self:
        if (self.until is not None) != (self.decision is Decision.POSTPONE):
            raise ValueError("`until` goes with postpone, and postpone needs it")
        return self

    @property
    def says(self) -> str:
        """What the run does, in a few words: its name."""
        return f"{self.decision.value} {', '.join(self.migrations)}"


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple(value.items())
    return tuple(value) if isinstance(value, list) else value


def _lists(value: Any, annotation: Any) -> Any:
    if not isinstance(value, tuple):
        return value
    return dict(value) if "dict" in str(annotation) else list(value)
