"""The documentation says what the code does: generated pages are fresh, nothing is undocumented, nothing is invented."""

import ast
import re
import tomllib
from pathlib import Path

import click
import pytest

from docs import citing, generate
from docs.pages import examples, operations, reading
from docs.pages import rules as rules_page
from docs.pages.cli import commands
from sealift.aws.operations import OPERATIONS
from sealift.cli import EXIT_CODES, main
from sealift.kinds import KINDS
from sealift.sandbox.rules import RULES as SANDBOX

ROOT = Path(__file__).parents[2]
WRITTEN = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "sealift").rglob("*.md")])
COMMANDS = dict(commands(main))
LINK = re.compile(r"(?<!\!)\[[^\]]+\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```[a-z]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
SHORT = {"README.md": 150, "CONTRIBUTING.md": 120}


def name(path: Path) -> str:
    """Return a page as a test shows it."""
    return path.relative_to(ROOT).as_posix()


def text(page: str) -> str:
    """Return a page of the repository."""
    return (ROOT / page).read_text(encoding="utf-8")


def prose(body: str) -> str:
    """Return a page without its code blocks."""
    return FENCE.sub("", body)


def typed(body: str) -> list[list[str]]:
    """Return the words of every `sealift` command in a page's code, blocks and spans alike."""
    code = [*FENCE.findall(body), *re.findall(r"`(sealift [^`]+)`", prose(body))]
    found = [line.split("#")[0] for block in code for line in block.splitlines()]
    return [line.split() for line in found if line.strip().startswith("sealift ")]


def anchors(body: str) -> set[str]:
    """Return the anchors that headings of a page make, as GitHub does."""
    headings = re.findall(r"^#+ (.+)$", prose(body), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


def test_generated_pages_are_fresh() -> None:
    """What `make docs` would write is what is there."""
    stale = generate.stale()

    assert not stale, "run `make docs`:\n" + "\n".join(stale)[:4000]


def test_every_generated_page_says_so() -> None:
    """A reader who would edit a generated page is told not to."""
    pages = [path for path in generate.pages() if path.suffix == ".md"]
    assert all(path.read_text(encoding="utf-8").startswith(generate.NOTE) for path in pages)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_is_documented(command: str) -> None:
    """docs/cli.md has a section for each command, and each of its options and its help stand in it."""
    section = text("docs/cli.md").partition(f"## `{command}`\n")[2].partition("\n## ")[0]

    shown = [o for o in COMMANDS[command].params if isinstance(o, click.Option) and not o.hidden]
    missing = [flag for o in shown for flag in o.opts if f"`{flag}" not in section]
    assert section
    assert missing == []


def test_every_option_has_a_help_text() -> None:
    """No option is shown without a word about it."""
    silent = [
        f"{command} {o.opts[0]}"
        for command, about in COMMANDS.items()
        for o in about.params
        if isinstance(o, click.Option) and not o.hidden and not o.help
    ]

    assert silent == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "runbooks").glob("*.md")), ids=name)
def test_every_exit_code_has_its_place_in_the_runbook(page: Path) -> None:
    """Whoever is called at night finds each code, whatever the kind."""
    runbook = page.read_text(encoding="utf-8")
    codes = re.findall(r"^\s+(\d+) ", EXIT_CODES, re.MULTILINE)

    assert [c for c in codes if f"\n| {c} |" not in runbook and f"\n| [{c}](" not in runbook] == []


def test_every_rule_has_an_entry() -> None:
    """Each id that code names stands in docs/rules.md or in the sandbox's README, in a row of its own."""
    both = text("docs/rules.md") + text("sealift/sandbox/README.md")
    entries = set(re.findall(r"^\| ([A-Z][A-Z0-9-]+\d) \|", both, re.MULTILINE))
    named = {i for _, source in reading.sources() for i in reading.RULE_ID.findall(source)}

    assert named - entries == set()


def test_every_rule_says_something_and_can_give_a_verdict() -> None:
    """Each rule of the product is a sentence with a source, and its verdicts are found in its code."""
    for rule in rules_page.product_rules().values():
        assert rule.judge.__doc__, rule.id
        assert rule.source, rule.id
        assert reading.verdicts(rule), rule.id


def test_every_guess_is_in_the_list() -> None:
    """What the sandbox marks as a guess stands in the one list of guesses, and in the sandbox's part of it."""
    for page, row in (("docs/rules.md", "| {} | sandbox |"), ("sealift/sandbox/README.md", "| {} |")):
        guesses = text(page).partition("\n## Guesses\n")[2]
        assert [r.id for r in SANDBOX.values() if r.guess and row.format(r.id) not in guesses] == [], page


def test_every_conformance_test_names_a_rule_and_its_source() -> None:
    """Read as a specification: which rule a test is about stands in its docstring, and below it where that comes from."""
    silent = [
        f"{path.name}: {test.name}"
        for path, as_written in citing.files().items()
        for test in citing.tests(as_written)
        if not citing.rules_of(test) or "Source " not in (ast.get_docstring(test) or "")
    ]

    assert silent == []


def test_every_operation_has_a_row() -> None:
    """docs/operations.md lists the whole table."""
    page = text("docs/operations.md")

    assert [op for op in OPERATIONS if f"| `{op}` |" not in page] == []


def test_examples_reach_every_step() -> None:
    """Every step class stands in a recipe that is shown, so that its operations are told of."""
    assert operations.unused() == set()


def test_every_kind_and_route_is_shown() -> None:
    """docs/recipes.md has a section for each."""
    page = text("docs/recipes.md")

    missing = [f"{k.name} {r.name}" for k in KINDS for r in k.routes if f"### {k.name}: `{r.name}`" not in page]
    assert missing == []
    assert all(examples.of(kind).facts for kind in KINDS)


@pytest.mark.parametrize("page", WRITTEN, ids=name)
def test_commands_that_are_shown_exist(page: Path) -> None:
    """Every `sealift …` that a page shows is a command, and takes the options that are shown with it."""
    for words in typed(page.read_text(encoding="utf-8")):
        command: click.Command = main
        rest = words[1:]
        while (
            isinstance(command, click.Group) and rest and not rest[0].startswith("-") and rest[0] not in ("…", "TARGET")
        ):
            assert rest[0] in command.commands, f"{name(page)}: {' '.join(words)}"
            command, rest = command.commands[rest[0]], rest[1:]
        known = {flag for o in command.params for flag in (*o.opts, *o.secondary_opts)} | {"--help", "-h", "--version"}
        given = {w.split("=")[0] for w in rest if w.startswith("--")}
        assert given - known == set(), f"{name(page)}: {' '.join(words)}"


@pytest.mark.parametrize("page", WRITTEN, ids=name)
def test_options_that_prose_names_exist(page: Path) -> None:
    """Every option that a page names is one of some command here, or of another tool."""
    known = {flag for about in COMMANDS.values() for o in about.params for flag in (*o.opts, *o.secondary_opts)}
    spans = re.findall(r"`(--[a-z-]+)[^`]*`", prose(page.read_text(encoding="utf-8")))

    assert set(spans) - known - {"--help"} == set()


@pytest.mark.parametrize("page", WRITTEN, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file that is there, and a heading in it."""
    broken = []
    for link in LINK.findall(prose(page.read_text(encoding="utf-8"))):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there.read_text(encoding="utf-8"))):
            broken.append(link)

    assert broken == []


@pytest.mark.parametrize(
    "verb", re.findall(r"^make ([a-z-]+)", text("README.md") + text("CONTRIBUTING.md"), re.MULTILINE)
)
def test_make_verbs_that_are_shown_exist(verb: str) -> None:
    """`make VERB` in README and CONTRIBUTING is a target of the Makefile."""
    assert re.search(rf"^{verb}:", text("Makefile"), re.MULTILINE)


@pytest.mark.parametrize("page", SHORT)
def test_short_pages_stay_short(page: str) -> None:
    """What everybody reads first is read to its end."""
    assert len(text(page).splitlines()) <= SHORT[page]


def test_every_dependency_earns_its_line() -> None:
    """ADR 6 has a line for each dependency, those for development too."""
    project = tomllib.loads(text("pyproject.toml"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    wanted += [d for extra in project["project"]["optional-dependencies"].values() for d in extra]
    names = [re.split(r"[\[<>=~! ]", w)[0] for w in wanted]

    page = text("docs/adr/0006-dependencies.md")
    assert [n for n in names if not re.search(rf"\b{re.escape(n)}\b", page)] == []


def test_the_newest_version_is_in_the_changelog() -> None:
    """What is released is told."""
    version = tomllib.loads(text("pyproject.toml"))["project"]["version"]

    assert f"## {version}" in text("CHANGELOG.md")
