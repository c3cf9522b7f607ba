"""docs/rules.md: every rule of the product, every assumed duration of plans, every guess."""

from collections.abc import Iterable, Iterator

from docs.pages import reading, sandbox
from docs.pages.reading import one_line
from sealift import estimate
from sealift.kind import Rule
from sealift.kinds import KINDS
from sealift.render.markdown import table

HEAD = """# Rules and assumptions

A rule has an id, one sentence and a source. The same id in the product and in the sandbox is about the same fact of
AWS; the two sides are written apart, so that a misreading on one side shows in a test.

Every figure that rests on an assumed duration is *modelled*: none was measured on AWS."""

PRODUCT = """## Rules of the product

Judged for each target before anything starts, and again by `apply`. *block*: refused, exit 4. *ack*: it runs only with
`--ack RULE`, which `--yes` never implies. *warn*: said, no more. *not evaluated*: the fact could not be read, or takes
a call for each resource (*deep*), which an inventory does not spend. A rule with nothing to say is silent."""

ROUTES = """### Rules that refuse a route

They leave the other routes of the kind open."""

OTHER = """### Facts that code stands on elsewhere

Ids that steps, waits or the planner name. A verdict of the planner is shown in a plan like any other."""

BOX = """## Rules of the sandbox

They stand, with their sources, their tests and the assumed durations of the sandbox, in
[sealift/sandbox/README.md](../sealift/sandbox/README.md)."""

TIMES = """## Assumed durations

What a plan adds up; *modelled*. The sandbox has [its own](../sealift/sandbox/README.md#assumed-durations)."""

GUESSES = """## Guesses

Everything above for which no page and no recorded reply was found, or that is read the bad way until a real account
settles it."""

UNSURE = ("guess", "unsettled", "bad way")


def page() -> str:
    """Return the page."""
    parts = [HEAD, PRODUCT, *_product(), ROUTES, *_routes(), OTHER, _elsewhere(), BOX, TIMES, *_durations()]
    return "\n\n".join([*parts, GUESSES, table(("what", "where", "says"), list(_guesses()))])


def product_rules() -> dict[int, Rule]:
    """Return every rule of every kind and route once, by identity."""
    return {id(r): r for kind in KINDS for r in (*kind.rules, *(r for route in kind.routes for r in route.rules))}


def _product() -> Iterator[str]:
    kinds = {k.name: k.rules for k in KINDS}
    rules = {id(r): r for rules in kinds.values() for r in rules}.values()
    rows = [(*_row(r), ", ".join(n for n, has in kinds.items() if r in has), r.source) for r in rules]
    yield table(("id", "rule", "verdicts", "deep", "kinds", "source"), sorted(rows))


def _routes() -> Iterator[str]:
    routes: dict[int, tuple[Rule, set[str]]] = {}
    for kind in KINDS:
        for route in kind.routes:
            for r in route.rules:
                routes.setdefault(id(r), (r, set()))[1].add(route.name)
    rows = [(*_row(r), ", ".join(sorted(names)), r.source) for r, names in routes.values()]
    yield table(("id", "rule", "verdicts", "deep", "routes", "source"), sorted(rows))


def _row(rule: Rule) -> tuple[str, str, str, str]:
    sentence = one_line(rule.judge.__doc__)
    return rule.id, sentence, ", ".join(reading.verdicts(rule)), "deep" if rule.deep else ""


def _elsewhere() -> str:
    listed = {r.id for r in product_rules().values()}
    named = {i for path, text in reading.sources() if _product_code(path) for i in reading.RULE_ID.findall(text)}
    said = {i: [x for x in dict.fromkeys(reading.said_of(i)) if _product_code(x[0])] for i in named - listed}
    rows = [(i, s, f"`{path}`") for i in sorted(said) for path, s in said[i]]
    return table(("id", "what is said", "where"), rows)


def _product_code(path: str) -> bool:
    return not path.startswith("sealift/sandbox/")


def _durations() -> Iterator[str]:
    yield "`sealift/estimate.py`. Spans are *expected, worst* in seconds."
    yield table(("name", "value", "where it comes from"), list(reading.constants(estimate)))
    yield _sources()


def _sources() -> str:
    doc = one_line(estimate.__doc__)
    return doc[doc.index("Sources:") :]


def _guesses() -> Iterable[tuple[str, str, str]]:
    yield from ((what, "sandbox", says) for what, says in sandbox.guesses())
    times = [(n, "estimate", f"{v}: {s}") for n, v, s in reading.constants(estimate)]
    yield from (row for row in times if any(word in row[2].lower() for word in UNSURE))
