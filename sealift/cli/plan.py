"""`sealift plan`, `apply`, `migrate`: the dry run, exactly that plan, or both with a question between."""

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from sealift.cli import options as shared

if TYPE_CHECKING:
    from sealift.driver import Driver
    from sealift.options import Options
    from sealift.plan import MigrationPlan

TARGETS = "Give i-…, vol-…, rds:NAME, aurora:NAME or an ARN; `sealift inventory` lists them."
NO_FLEET = "--all works for `inventory` and `plan` alone until the fleet is built: name the targets"


@click.command()
@shared.targets()
@shared.choices()
@click.option("--out", type=click.Path(dir_okay=False, writable=True), help="Keep the plan in a file for `apply`.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 3 where there are changes to make.")
@shared.output("text", "json", "jsonl", "markdown")
@shared.place()
def plan(
    targets: tuple[str, ...], everything: bool, out: str | None, detailed_exitcode: bool, output: str, **values: Any
) -> None:
    """Show what would be done to each target; changes nothing."""
    import sys

    from sealift.cli import run
    from sealift.plan import NEEDS_ACK, READY, REFUSED, Plan

    place = _place(values)
    with run.one_line():
        chosen = run.options(values)
    with run.driver(**place) as driver:
        plans, unreadable = _plan(driver, targets, chosen, everything=everything)
        made = Plan(tuple(plans))
        _show(made, output)
        if out:
            _write(made, out)
            run.say(f"kept in {out}; run it with: sealift apply {out}")
        if output != "text" or not sys.stdout.isatty():  # there it stands above already
            for refused in [m for m in made.migrations if m.status == REFUSED]:
                _say_why(driver, refused)
        if unreadable:
            run.end(1)
        states = {m.status for m in made.migrations}
        if states == {REFUSED}:
            run.end(4)
        if REFUSED in states and len(states) > 1:
            run.end(7)
        run.end(3 if detailed_exitcode and states & {READY, NEEDS_ACK} else 0)


@click.command()
@click.argument("file", type=click.Path(exists=False, dir_okay=False))
@click.option("--local", is_flag=True, help="Without Prefect: library and journal alone.")
@click.option("--yes", is_flag=True, help="The plan is approved: do not ask at the gate.")
@click.option("--no-wait", is_flag=True, help="Leave it at the gate (exit 3) instead of waiting there.")
@shared.breaker()
@shared.output()
@shared.place()
def apply(file: str, local: bool, yes: bool, no_wait: bool, max_failures: int, output: str, **place: Any) -> None:
    """Run exactly the plan in FILE, or refuse."""
    from pathlib import Path

    from sealift.cli import run
    from sealift.plan import Plan

    with run.one_line():
        kept = Plan.load(Path(file))
    notify = tuple({n for m in kept.migrations for n in m.options.notify})
    with run.driver(**place, view=True, notify=notify) as driver:
        _show(kept, "brief")
        approved = _approved(kept.migrations, yes=yes)
        how = _How(local=local, no_wait=no_wait, observed=False, max_failures=max_failures)
        outcomes = run.run(_all(driver, kept.migrations, approved, how))
        run.conclude(outcomes, output)


@click.command()
@shared.targets()
@shared.choices()
@click.option("--local", is_flag=True, help="Without Prefect: library and journal alone.")
@click.option("--yes", is_flag=True, help="Do not ask; acks are still asked for by --ack.")
@click.option("--no-wait", is_flag=True, help="Leave it at the gate (exit 3) instead of waiting there.")
@shared.breaker()
@shared.output()
@shared.place()
def migrate(
    targets: tuple[str, ...],
    everything: bool,
    local: bool,
    yes: bool,
    no_wait: bool,
    max_failures: int,
    output: str,
    **values: Any,
) -> None:
    """Plan, confirm, apply: move each target under the key, an instance with all its unencrypted volumes."""
    from sealift.cli import run
    from sealift.errors import UsageError
    from sealift.plan import REFUSED, Plan

    place = _place(values)
    with run.one_line():
        if everything:
            raise UsageError(NO_FLEET)
        chosen = run.options(values)
    with run.driver(**place, view=True, notify=chosen.notify) as driver:
        made, _ = _plan(driver, targets, chosen, everything=False)
        if len(made) == 1 and len(made[0].blocked) <= 1 and made[0].status == REFUSED:
            driver.refuse_unfit(made[0])  # in one line, which says all of it
        _show(Plan(tuple(made)), "brief")
        for one in made:
            if len(made) == 1 and one.steps:
                driver.refuse_unfit(one)
        approved = _approved(made, yes=yes)
        how = _How(local=local, no_wait=no_wait, observed=True, max_failures=max_failures)
        outcomes = run.run(_all(driver, made, approved, how))
        run.conclude(outcomes, output)


def _place(values: dict[str, Any]) -> dict[str, Any]:
    return {k: values.pop(k) for k in ("region", "profile", "endpoint_url", "journal")}


def _plan(
    driver: "Driver", targets: tuple[str, ...], chosen: "Options", *, everything: bool
) -> "tuple[list[MigrationPlan], bool]":
    """Return the plans, and whether a whole kind could not be looked for; what was unreadable is said."""
    from sealift.cli import run
    from sealift.cli.inventory import say_gaps
    from sealift.clock import actor
    from sealift.errors import UsageError
    from sealift.inventory import take

    if not targets and not everything:
        raise UsageError("no TARGET was given", remedy=TARGETS)

    async def work() -> "tuple[list[MigrationPlan], bool]":
        wanted, lacking = targets, False
        if everything:
            found = await take(driver, (), everything=False)
            say_gaps(found)
            wanted, lacking = (*targets, *found.targets), found.whole_unreadable
        with actor(driver.clock):
            return await driver.plan(wanted, chosen), lacking

    return run.run(work())


def _show(made: Any, output: str) -> None:
    from sealift.cli import run
    from sealift.render import text

    if output == "json":
        run.as_json(made.to_json())
    elif output == "jsonl":
        import json

        for row in made.migrations:
            run.data(json.dumps(row.to_json(), default=str))
    elif output == "markdown":
        from sealift.render import markdown

        run.data(markdown.plan(made))
    elif output == "brief":
        run.say(text.plan(made, steps=False))
    else:
        run.data(text.plan(made))


def _say_why(driver: "Driver", refused: "MigrationPlan") -> None:
    from sealift.cli import run
    from sealift.errors import Refused

    try:
        driver.refuse_unfit(refused)
    except Refused as error:
        run.say(f"sealift: {error}", color="red")


def _write(made: Any, out: str) -> None:
    import json
    from pathlib import Path

    from sealift.errors import UsageError

    try:
        Path(out).write_text(json.dumps(made.to_json(), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the plan cannot be kept in {out}: {error.strerror}", remedy="Give another --out.") from None


def _approved(plans: Any, *, yes: bool) -> str | None:
    """Return who approved: --yes, or an answer at a terminal; None leaves it to `sealift approve`."""
    import sys

    from sealift.cli import run

    if not any(p.steps for p in plans):
        return None
    if yes:
        return f"{run.who()} (--yes)"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        run.say("no terminal and no --yes: it prepares, then waits at the gate for `sealift approve`", color="yellow")
        return None
    moving = [p for p in plans if p.steps]
    if len(moving) == 1:
        (one,) = moving
        answer = click.prompt(f"Type {one.target} to {_what(one)}", default="", show_default=False, err=True)
        confirmed = _names(answer, one)
    else:
        for one in moving:
            run.say(f"{one.target}: {_what(one)}")
        confirmed = click.confirm("Run this plan?", err=True)
    if not confirmed:
        run.say("not confirmed; nothing was changed", color="yellow")
        run.end(1)
    return f"{run.who()} (terminal)"


def _what(one: "MigrationPlan") -> str:
    """Say what is agreed to: what is moved, and how long it is down."""
    from sealift.render import text

    return f"move it under {one.options.key} ({text.down(one)})"


def _names(answer: str, one: "MigrationPlan") -> bool:
    """Tell whether an answer is the target: as it is shown, or as people paste it (with its prefix, its ARN)."""
    from sealift.errors import UsageError
    from sealift.targets import parse

    text = answer.strip()
    try:
        return text == one.target or parse(text).id == one.target
    except UsageError:
        return False


class _How(NamedTuple):
    """How plans are run: without Prefect; left at the gate; made just now; and after how many failures no more begin."""

    local: bool
    no_wait: bool
    observed: bool
    max_failures: int


async def _all(driver: "Driver", plans: Any, approved: str | None, how: _How) -> Any:
    if not how.local:
        from sealift.project import with_prefect

        return await with_prefect(
            driver,
            plans,
            approved_by=approved,
            no_wait=how.no_wait,
            observed=how.observed,
            max_failures=how.max_failures,
        )
    work = [
        lambda p=p: driver.migrate(p, approved_by=approved, no_wait=how.no_wait, observed=how.observed) for p in plans
    ]
    return await driver.many(work, max_failures=how.max_failures)
