"""Every option of every command with odd values, and odd surroundings: one clear line, never a traceback.

No operating system hands a NUL to a program, in its words or in its environment: it is not tried.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.cli import main
from tests.faults.fuzz.test_files import call, said

NOT_TRIED = ("demo", "sandbox serve")
"""What runs until it is stopped, or takes a minute."""

ODD = (
    "", " ", "-1", "0", "9" * 40, "1e999", "nan", "ü" * 300, "x" * 100_000, "a\nb", "\N{SNOWMAN}", "\u202e", "--", "-", "%s%n", "{}", "[]",
    "i-00000000000000000", "vol-0123456789abcdef0", "rds:x", "arn:aws:ec2:eu-central-1:123456789012:instance/i-00000000000000000", "sns:",
    "https://[::1", "http://127.0.0.1:99999/x", "s3://", "s3:///x", "a=b", "=", "a=", "0.0.0.0/0", "::/0", "10.0.0.0/99", "14d",
    "9999999999d", "2030-01-01T00:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00+23:59",
    "mig-0000000000", "~", "/", "/dev/null", "\udcff",
)  # fmt: skip
KEY = ("--key", "alias/app")


def commands(
    group: click.Group = main, before: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command that ends by itself, with its words."""
    for name, command in sorted(group.commands.items()):
        words = (*before, name)
        if isinstance(command, click.Group):
            yield from commands(command, words)
        elif " ".join(words) not in NOT_TRIED:
            yield words, command


COMMANDS = list(commands())


@st.composite
def lines(draw: st.DrawFn) -> list[str]:
    """Draw a command line: a command, its arguments, and some of its options with values of click's own types or odd ones."""
    words, command = draw(st.sampled_from(COMMANDS))
    line = list(words)
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            line += (
                draw(st.lists(st.sampled_from(ODD), min_size=0, max_size=2))
                if parameter.nargs != 1
                else [draw(st.sampled_from(ODD))]
            )
            continue
        if not (parameter.required or draw(st.integers(0, 3)) == 0):
            continue
        line.append(draw(st.sampled_from(parameter.opts)))
        if not getattr(parameter, "is_flag", False):
            line.append(draw(_values(parameter.type)))
    return line


def _values(kind: Any) -> st.SearchStrategy[str]:
    match kind:
        case click.Choice():
            return st.sampled_from((*map(str, kind.choices), *ODD))
        case click.IntRange() | click.FloatRange():
            ends = [str(e + d) for e in (kind.min, kind.max) if e is not None for d in (-1, 0, 1)]
            return st.sampled_from((*ends, *ODD))
        case _:
            return st.sampled_from(ODD)


@given(lines())
def test_a_command_line_ends_in_one_clear_line(line: list[str]) -> None:
    """Whatever is typed: done, or one line with exit 1, 2 or 4, and no fault of sealift's own."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # names without a folder stay in it
        result = call(*line, SEALIFT_JOURNAL=str(Path(folder) / "journal.db"), HOME=folder, XDG_STATE_HOME=folder)
    told = said(result)
    assert result.exit_code in (0, 1, 2, 4), result.stderr
    assert told or result.exit_code == 0 or "Usage:" in result.stderr, (line, result.stderr)


ODD_ENVIRONMENT = (
    "",
    " ",
    "x" * 10_000,
    "\N{SNOWMAN}",
    "-1",
    "a\nb",
    "/",
    "/proc/1/x",
    "http://",
    "http://[",
    "ftp://x",
    "garbage",
    "true",
    "C",
    "xx_YY.UTF-9",
)
VARIABLES = (
    "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE", "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "SEALIFT_JOURNAL", "SEALIFT_DEBUG", "NO_COLOR", "TERM", "LANG", "LC_ALL", "COLUMNS",
    "XDG_STATE_HOME", "HOME", "USER", "LOGNAME", "PREFECT_API_URL", "TZ",
)  # fmt: skip
ASKED = (("status",), ("inventory",), ("plan", "i-00000000000000000", *KEY), ("resume", "mig-1"), ("--help",))


@given(
    st.dictionaries(st.sampled_from(VARIABLES), st.sampled_from(ODD_ENVIRONMENT), max_size=4), st.sampled_from(ASKED)
)
def test_odd_surroundings_end_in_one_clear_line(environment: dict[str, str], words: tuple[str, ...]) -> None:
    """Variables of AWS, of sealift and of the terminal that say something odd: done, or one line."""
    debug = environment.pop("SEALIFT_DEBUG", "")
    assert isinstance(debug, str)  # it asks for a traceback where something is a fault of sealift: it is left out
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # names without a folder stay in it
        patch.setattr("sealift.aws.gateway.Account.identity", _nobody)
        result = call(
            *words,
            **{"HOME": folder, "XDG_STATE_HOME": folder, "SEALIFT_JOURNAL": f"{folder}/journal.db", **environment},
        )
    assert said(result) or result.exit_code == 0, result.stderr
    assert result.exit_code in (0, 1, 2), result.stderr


async def _nobody(self: Any, region: str, patience: float = 0.0) -> str:
    """Make the client, as a first question does, and ask nobody."""
    from botocore.exceptions import BotoCoreError

    from sealift.aws.outcomes import understood
    from sealift.errors import CallError, Retry

    try:
        self.client("sts", region)
    except BotoCoreError as error:
        raise understood(error, "sts:GetCallerIdentity") from None
    raise CallError("nobody answers", operation="sts:GetCallerIdentity", retry=Retry.REFUSED)


def test_a_state_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Where the journal would be by default there is a file: exit 1, and the line says how to give another."""
    (tmp_path / "state").write_text("a letter")
    result = call("status", XDG_STATE_HOME=str(tmp_path / "state"), SEALIFT_JOURNAL=None)
    assert (result.exit_code, "--journal" in said(result)) == (1, True)
