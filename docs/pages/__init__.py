"""The generated pages: one writer for each."""

from collections.abc import Callable

from docs.pages import cli, contracts, operations, recipes, rules

PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli.page,
    "rules.md": rules.page,
    "operations.md": operations.page,
    "recipes.md": recipes.page,
    "contracts.md": contracts.page,
}
