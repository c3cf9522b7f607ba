"""Write the generated pages: `python -m docs.generate`, or `--check` to fail with a diff where one is stale.

What code lists already is listed nowhere else: commands and options, rules, assumptions, operations, recipes. The
sources in the docstrings of conformance tests are written by the same verb.
"""

import difflib
from pathlib import Path

import click

from docs import citing
from docs.pages import PAGES

TOP = Path(__file__).parents[1]
NOTE = "<!-- Written by `make docs` from the code it is about. Do not edit. -->\n\n"


def pages() -> dict[Path, str]:
    """Return every generated page, and every file with generated parts, as it should be now, by its path."""
    return {TOP / name: NOTE + write().strip() + "\n" for name, write in PAGES.items()} | citing.files()


def stale() -> list[str]:
    """Return a diff for each page that is not as it should be."""
    return [diff for path, wanted in pages().items() if (diff := _difference(path, wanted))]


def _difference(path: Path, wanted: str) -> str:
    has = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = (has.splitlines(keepends=True), wanted.splitlines(keepends=True))
    name = path.relative_to(TOP).as_posix()
    return "".join(difflib.unified_diff(*lines, name, f"{name}, as generated", n=1))


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; fail with a diff where a page is stale.")
def main(check: bool) -> None:
    """Write the generated pages, or check them."""
    if check:
        if diffs := stale():
            click.echo("\n".join(diffs))
            raise click.ClickException("generated pages are stale; write them again with: make docs")
        return
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
