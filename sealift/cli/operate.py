"""The verbs for a migration that exists: look, decide, go on, go back, end."""

from typing import Any

import click

from sealift.cli import options as shared


@click.command()
@click.argument("migration", required=False)
@shared.output()
@shared.place()
def status(migration: str | None, output: str, **place: Any) -> None:
    """Show every migration, or tell the story of one, in order and with times."""
    from sealift.cli import run
    from sealift.render import story

    with run.driver(**place) as driver:
        driver.follow_sandbox()
        if migration:
            told = story.of(driver.journal, migration)
            run.as_json(told.to_json()) if output != "text" else run.data(told.text())
        else:
            rows = story.all_of(driver.journal)
            if output == "text":
                run.data(story.listing(rows))
            elif output == "jsonl":
                import json

                for row in rows:
                    run.data(json.dumps(row))
            else:
                run.as_json({"format": "sealift.status/1", "migrations": rows})


def _decide(migration: str, what: str, place: dict[str, Any], **note: Any) -> None:
    from sealift.cli import run

    with run.driver(**place) as driver:
        driver.follow_sandbox()
        driver.decide(migration, what, by=run.who(), **note)
        _, _, free, gone = driver.journal.lease(migration)
        then = (
            f"nobody drives it just now: sealift resume {migration}" if free or gone else "its driver goes on by itself"
        )
        run.say(f"{migration}: {what}; {then}")


@click.command()
@click.argument("migration")
@click.option("--why", default="", help="Reason, kept in the journal.")
@shared.place()
def approve(migration: str, why: str, **place: Any) -> None:
    """Open the gate of a migration: its cutover may begin."""
    _decide(migration, "approved", place, why=why)


@click.command()
@click.argument("migration")
@click.option("--until", required=True, type=shared.Moment(), help="Not before this moment, with its zone.")
@click.option("--why", default="", help="Reason, kept in the journal.")
@shared.place()
def postpone(migration: str, until: float, why: str, **place: Any) -> None:
    """Keep the gate of a migration shut until a moment."""
    _decide(migration, "postponed", place, until=until, why=why)


@click.command()
@click.argument("migration")
@click.option("--why", default="", help="Reason, kept in the journal.")
@shared.place()
def refuse(migration: str, why: str, **place: Any) -> None:
    """Refuse the cutover of a migration: what was prepared is cleaned up when it is resumed."""
    _decide(migration, "refused", place, why=why)


@click.command()
@click.argument("migrations", nargs=-1, required=True, metavar="MIGRATION...")
@click.option(
    "--yes", is_flag=True, help="Approve the cutover: after a rollback that was asked for it waits for that again."
)
@click.option("--no-wait", is_flag=True, help="Leave it at the gate (exit 3) instead of waiting there.")
@shared.breaker()
@shared.output()
@shared.place()
def resume(migrations: tuple[str, ...], yes: bool, no_wait: bool, max_failures: int, output: str, **place: Any) -> None:
    """Go on with a migration from where it rests, in its direction."""
    from sealift.cli import run

    with run.driver(**place, view=True) as driver:
        by = f"{run.who()} (--yes)" if yes else None
        work = [lambda m=m: driver.resume(m, approved_by=by, no_wait=no_wait) for m in dict.fromkeys(migrations)]
        outcomes = run.run(driver.many(work, max_failures=max_failures))
        run.conclude(outcomes, output)


@click.command()
@click.argument("migration")
@click.option(
    "--discard-writes", is_flag=True, help="After bring-up: leave the writes made since behind, in a snapshot."
)
@click.option(
    "--without-safety-snapshot",
    is_flag=True,
    help="Where the key is unusable: keep the replacement itself instead of a snapshot of it.",
)
@shared.output()
@shared.place()
def rollback(migration: str, discard_writes: bool, without_safety_snapshot: bool, output: str, **place: Any) -> None:
    """Put the original back, at any stage before finalize."""
    import sys

    from sealift.cli import run
    from sealift.render import text

    with run.driver(**place, view=True) as driver:
        if not discard_writes and sys.stdin.isatty() and (since := driver.writes_since(migration)):
            run.say(
                f"The workload has written to its replacement since {since}. Going back takes "
                f"{text.going_back(driver.way_back(migration))}, and leaves those writes in a snapshot.",
                color="yellow",
            )
            discard_writes = (
                click.prompt("Type DISCARD to go back", default="", show_default=False, err=True).strip() == "DISCARD"
            )
        outcome = run.run(
            driver.rollback(migration, discard_writes=discard_writes, salvage=not without_safety_snapshot),
            driver.clock,
        )
        run.conclude([outcome], output)


@click.command()
@click.argument("migration")
@shared.output()
@shared.place()
def accept(migration: str, output: str, **place: Any) -> None:
    """End a migration in doubt by keeping the replacement. Where not all of it can be kept or put back any more (a disk or a database of
    which nothing is left, a terminated instance), also on its way back: give it up; nothing is deleted.

    Once more, it resumes the processes of an Auto Scaling group that it could not resume then, as a member was stopped.
    """
    from sealift.cli import run

    with run.driver(**place, view=True) as driver:
        run.conclude([run.run(driver.accept(migration), driver.clock)], output)


@click.command()
@click.argument("migrations", nargs=-1, metavar="[MIGRATION...]")
@click.option(
    "--all", "everything", is_flag=True, help="Every migration that is retained; so it is where none is named."
)
@shared.output()
@shared.place()
def verify(migrations: tuple[str, ...], everything: bool, output: str, **place: Any) -> None:
    """Read again all that verify cold and finalize read; changes nothing.

    Without a MIGRATION: every one whose source is retained, as the flow `verify` does every day.
    """
    from sealift.cli import run
    from sealift.errors import UsageError

    with run.driver(**place) as driver:
        if everything and migrations:
            raise UsageError("--all takes no MIGRATION", remedy="Give the one or the other.")
        outcomes = run.run(driver.verify_each(migrations))
        if not outcomes and output == "text":
            run.data("nothing is retained: there is nothing to verify")
        run.conclude(outcomes, output)


@click.command()
@click.argument("migration")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared.output()
@shared.place()
def finalize(migration: str, yes: bool, output: str, **place: Any) -> None:
    """Delete the plain sources and snapshots once retention has passed; irreversible."""
    import sys

    from sealift.cli import run
    from sealift.errors import UsageError
    from sealift.render import text

    with run.driver(**place, view=True) as driver:
        if not yes:
            if not sys.stdin.isatty():
                raise UsageError("finalize deletes for good and there is no terminal to ask at", remedy="Give --yes.")
            if will := driver.deletions(migration):
                run.say("\n".join(["finalize does this, and none of it can be taken back:", *(f"  {w}" for w in will)]))
            if (
                click.prompt(
                    f"Type {migration} to delete its sources", default="", show_default=False, err=True
                ).strip()
                != migration
            ):
                run.say("not confirmed; nothing was changed", color="yellow")
                run.end(1)
        outcome, lists = run.run(driver.finalize(migration), driver.clock)
        if output == "text" and outcome.exit_code == 0:
            run.data(text.final_lists(lists))
        elif output != "text":
            run.as_json({"outcome": outcome.__dict__, **lists})
            run.end(outcome.exit_code)
        run.conclude([outcome], output)


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="TARGET")
@shared.choices()
@click.option("--allow-list", type=click.File(), hidden=True)
@click.option("--deny-list", type=click.File(), hidden=True)
@shared.output()
@shared.place()
def adopt(targets: tuple[str, ...], output: str, **values: Any) -> None:
    """Rebuild a lost journal from what the sources' tags say; give the same options as then."""
    from sealift.cli import run

    place = {k: values.pop(k) for k in ("region", "profile", "endpoint_url", "journal")}
    with run.one_line():
        chosen = run.options(values)
    with run.driver(**place, view=True) as driver:
        run.conclude([run.run(driver.adopt(t, chosen), driver.clock) for t in targets], output)
