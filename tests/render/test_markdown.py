"""Plans as markdown: everything that the text has, in tables that hold."""

from sealift.driver import Outcome
from sealift.plan import Plan
from sealift.render import markdown
from tests.world import DATA, ROOT, World


async def test_a_plan_shows_rules_routes_costs_every_step_and_its_digest(world: World) -> None:
    """One section for each question that an approver asks."""
    made = await world.plan(world.instance(ROOT, DATA))

    text = markdown.plan(Plan((made,)))

    for part in (
        "**Ready.**",
        "## Rules",
        "## Route `clone`",
        "down, worst",
        "way back until bring-up, worst",
        "way back after bring-up, worst",
        "modelled",
        "Digest: `sha256:",
    ):
        assert part in text
    assert all(step.title() in text for step in made.steps)
    assert text.count("\n| ---") == text.count("| --- |\n") >= 5


async def test_a_refused_plan_says_so_and_lists_no_steps(world: World) -> None:
    """The rule and its remedy are what is left to read."""
    made = await world.plan(world.instance(ROOT, asg="web"))

    text = markdown.plan(Plan((made,)))

    assert "**Refused.**" in text
    assert "R-EBS-35" in text
    assert "Digest" not in text


async def test_a_missing_ack_is_named(world: World) -> None:
    """The flag to type stands in the text."""
    made = await world.plan(world.instance(ROOT), acks=())

    assert "`--ack R-EBS-31`" in markdown.plan(Plan((made,)))


def test_a_cell_cannot_break_its_table() -> None:
    """Pipes and line ends of a message stay inside."""
    assert markdown.table(("a",), [("x|y\nz",)]) == "| a |\n| --- |\n| x\\|y z |"


def test_final_lists_say_what_is_gone_and_what_stays() -> None:
    """Three lists, with the command for what stays."""
    lists = {
        "gone_now": ["vol-1"],
        "goes_by_itself": [],
        "stays_until_you_act": [{"id": "ami-1", "what": "pins", "command": "aws x"}],
    }

    text = markdown.final_lists(lists)

    assert "| vol-1 |" in text
    assert "| ami-1 | pins | `aws x` |" in text
    assert "## Goes by itself\n\nNothing." in text


def test_verdicts_put_what_is_wrong_first_with_what_to_type() -> None:
    """A row for each migration that was looked at, in the words of `verify`."""
    text = markdown.verdicts([Outcome("a", "mig-1", 0, "a: sound"), Outcome("b", "mig-2", 6, "b: is | open")])

    rows = [line for line in text.splitlines() if line.startswith("| ") and "mig-" in line]
    assert rows == [
        "| b | **no** | b: is \\| open | `sealift status mig-2` |",
        "| a | yes | a: sound | `sealift status mig-1` |",
    ]
