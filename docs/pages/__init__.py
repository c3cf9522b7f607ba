"""The generated pages, by their path from the top: one writer for each."""

from collections.abc import Callable

from docs.pages import cli, contracts, operations, recipes, reliability, rules, sandbox

PAGES: dict[str, Callable[[], str]] = {
    "docs/cli.md": cli.page,
    "docs/rules.md": rules.page,
    "docs/operations.md": operations.page,
    "docs/recipes.md": recipes.page,
    "docs/contracts.md": contracts.page,
    "docs/reliability.md": reliability.page,
    "sealift/sandbox/README.md": sandbox.page,
}
