"""Options that several commands share, and how their values are read."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Duration(click.ParamType[int]):
    """A time span: 90s, 30m, 6h, 14d; a bare number is seconds. Becomes whole seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read a time span."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d+)([smhd]?)", str(value).strip())
        if found is None:
            self.fail(f"{value!r} is no time span; give one like 90s, 30m, 6h or 14d", param, ctx)
        return int(found.group(1)) * _UNITS[found.group(2) or "s"]


class Moment(click.ParamType[float]):
    """A moment with its zone, as ISO 8601: 2027-01-15T22:00+01:00. Becomes Unix seconds."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read a moment."""
        from datetime import datetime

        if isinstance(value, float):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no moment; give one like 2027-01-15T22:00+01:00", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{value!r} has no zone; add one, like +01:00 or Z", param, ctx)
        return moment.timestamp()


class TagPair(click.ParamType[tuple[str, str]]):
    """A tag as KEY=VALUE."""

    name = "key=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Read a tag."""
        if isinstance(value, tuple):
            return value
        key, sign, text = str(value).partition("=")
        if not key or not sign:
            self.fail(f"{value!r} is no tag; give KEY=VALUE", param, ctx)
        if key.lower().startswith("aws:"):
            self.fail(f"{value!r}: tags that begin with aws: are reserved", param, ctx)
        return key, text


class Role(click.ParamType[str]):
    """The ARN of an IAM role."""

    name = "role"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read an ARN."""
        if value and not re.fullmatch(r"arn:aws[a-z-]*:iam::\d{12}:role/.+", str(value)):
            self.fail(f"{value!r} is no role; give arn:aws:iam::ACCOUNT:role/NAME", param, ctx)
        return str(value)


class Network(click.ParamType[str]):
    """An address, or a network as CIDR: 10.0.0.5, 10.0.0.0/24. Becomes CIDR."""

    name = "cidr"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read a network."""
        from ipaddress import ip_network

        try:
            return str(ip_network(str(value))) if value else ""
        except ValueError as error:
            self.fail(f"{value!r} is no address or CIDR: {error}", param, ctx)


class Failures(click.ParamType[int]):
    """How many failures hold the others: 1 or more. 0 could mean that none is borne, or that none is counted: it is refused."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read a number of failures."""
        text = str(value).strip()
        if not re.fullmatch(r"[1-9]\d{0,8}", text):
            self.fail(f"{text!r} is not 1 or more; with 1 the first failure holds the others", param, ctx)
        return int(text)


def _apply(options: list[Callable[[F], F]]) -> Callable[[F], F]:
    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def place() -> Callable[[F], F]:
    """Which AWS, which journal."""
    return _apply(
        [
            click.option("--region", help="AWS Region; otherwise AWS_REGION or the profile's."),
            click.option("--profile", help="AWS profile."),
            click.option("--endpoint-url", help="Another endpoint, such as a sandbox; otherwise AWS_ENDPOINT_URL."),
            click.option(
                "--journal",
                type=click.Path(dir_okay=False),
                help="Journal file; otherwise SEALIFT_JOURNAL, or the user's state folder.",
            ),
        ]
    )


def breaker() -> Callable[[F], F]:
    """When a run with several targets begins no more of them; it is about the run, and no part of a plan."""
    return click.option(
        "--max-failures",
        type=Failures(),
        default=1,
        show_default=True,
        metavar="N",
        help="After N failed targets no new cutover starts: the others are held at their gate (exit 3).",
    )


def output(*formats: str) -> Callable[[F], F]:
    """How data is written to stdout."""
    return click.option(
        "--output",
        type=click.Choice(formats or ("text", "json", "jsonl")),
        default="text",
        show_default=True,
        help="Format of the data on stdout; progress and logs go to stderr.",
    )


def targets(*, required: bool = True) -> Callable[[F], F]:
    """What people paste."""
    return _apply(
        [
            click.argument("targets", nargs=-1, metavar="TARGET..."),
            click.option(
                "--all",
                "everything",
                is_flag=True,
                help="Every finding of the Region (inventory and plan only, until the fleet is built).",
            ),
            click.option("--allow-list", type=click.File(), help="File with ids, one a line: only these are touched."),
            click.option("--deny-list", type=click.File(), help="File with ids, one a line: these are never touched."),
        ]
    )


def choices() -> Callable[[F], F]:
    """What decides how a migration goes; kept in the plan."""
    span, moment, pair = Duration(), Moment(), TagPair()
    return _apply(
        [
            click.option("--key", required=True, help="The customer-managed key: alias/NAME, id or ARN."),
            click.option(
                "--route",
                type=click.Choice(["auto", "clone", "snapshot", "copy", "blue-green"]),
                default="auto",
                show_default=True,
                help="How it is encrypted: volumes by clone, snapshot or copy, databases by blue-green or snapshot.",
            ),
            click.option(
                "--fence-login",
                default="",
                metavar="SECRET_ARN",
                help="Secret with a master login: the engine is closed and proved quiet from inside.",
            ),
            click.option(
                "--fence-from",
                type=Network(),
                default="",
                metavar="CIDR",
                help="Where that login comes from: the quarantine lets it in, and nothing else.",
            ),
            click.option(
                "--readers",
                type=click.Choice(["fenced", "stale", "primary"]),
                default="fenced",
                show_default=True,
                help="What clients of read replicas get until the new ones answer.",
            ),
            click.option(
                "--rekey",
                is_flag=True,
                help="Move a database that is under a key of AWS's too: an AWS-owned one, or aws/rds.",
            ),
            click.option(
                "--drop-backups",
                is_flag=True,
                help="Let finalize delete the source's automated backups with it; they are kept for their retention otherwise.",
            ),
            click.option(
                "--switchover-timeout",
                type=click.IntRange(30, 3600),
                default=300,
                show_default=True,
                help="Seconds after which RDS takes a Blue/Green switchover back.",
            ),
            click.option(
                "--asg",
                type=click.Choice(["standby", "suspend"]),
                help="What to do about the instance's Auto Scaling group; refused without.",
            ),
            click.option(
                "--reserve-capacity",
                is_flag=True,
                help="Hold a Capacity Reservation from the opening of the gate until bring-up.",
            ),
            click.option(
                "--watchdog",
                type=Role(),
                default="",
                metavar="ROLE_ARN",
                help="Arm an Automation, under this role, that puts the original back if no driver lives to do it.",
            ),
            click.option(
                "--max-degraded",
                type=span,
                default="30m",
                show_default=True,
                help="Longest time a fast disk may be slower after the swap.",
            ),
            click.option(
                "--warm-max-age",
                type=span,
                default="6h",
                show_default=True,
                help="A warm snapshot older than this is renewed after the gate.",
            ),
            click.option(
                "--stop-deadline",
                type=span,
                default="15m",
                show_default=True,
                help="How long a stop may take; it is never forced.",
            ),
            click.option(
                "--initialization-rate",
                type=click.IntRange(100, 300),
                help="MiB/s to buy for volumes made of snapshots.",
            ),
            click.option(
                "--clone-slots",
                type=click.IntRange(1),
                default=5,
                show_default=True,
                help="Volume copies in progress that the Region allows.",
            ),
            click.option(
                "--retain",
                type=span,
                default="14d",
                show_default=True,
                help="How long the sources are kept before finalize may delete them.",
            ),
            click.option(
                "--quiesce", default="", metavar="COMMAND", help="Run before the stop; non-zero sends the run back."
            ),
            click.option("--after", default="", metavar="COMMAND", help="Run after bring-up, and on the way back."),
            click.option(
                "--hook-timeout", type=span, default="10m", show_default=True, help="Longest time a hook may take."
            ),
            click.option(
                "--extra-tag",
                "extra_tags",
                type=pair,
                multiple=True,
                help="Tag for everything that is made (tag policies).",
            ),
            click.option(
                "--protect-tag",
                "protect_tags",
                type=pair,
                multiple=True,
                help="Tag for retained sources (janitors' exemption).",
            ),
            click.option(
                "--selector-tag",
                "selector_tags",
                multiple=True,
                metavar="KEY",
                help="Tag key by which a scheduler or backup selects; set aside on the source.",
            ),
            click.option(
                "--iac-tag",
                "iac_tags",
                multiple=True,
                metavar="KEY",
                help="Tag key that says Terraform or another pipeline owns it.",
            ),
            click.option(
                "--skip-tag",
                "skip_tags",
                multiple=True,
                metavar="KEY",
                help="Tag key that opts a resource out, besides sealift:skip.",
            ),
            click.option(
                "--ack",
                "acks",
                multiple=True,
                metavar="RULE",
                help="Acknowledge what a rule asks for; never implied by --yes.",
            ),
            click.option("--ticket", default="", help="Change ticket, kept in plan and journal."),
            click.option(
                "--state",
                "state_url",
                default="",
                metavar="s3://BUCKET/PREFIX",
                help="Also keep the plan there, for `adopt`.",
            ),
            click.option("--window-start", type=moment, help="No quiesce before."),
            click.option("--last-quiesce", "window_last_quiesce", type=moment, help="No quiesce after."),
            click.option("--window-end", type=moment, help="By then it is over; the run turns back in time."),
            click.option(
                "--notify",
                multiple=True,
                metavar="URL|sns:ARN",
                help="Tell when the gate opens, at quiesce, up, back, and when a person is needed.",
            ),
        ]
    )
