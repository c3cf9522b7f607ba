"""sealift/sandbox/README.md: every rule that the sandbox enforces, with its source and its tests; every guess."""

import inspect
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

from docs import citing
from docs.pages.reading import one_line
from sealift.render.markdown import table
from sealift.sandbox.answers import OPERATIONS
from sealift.sandbox.faults import Fault
from sealift.sandbox.physics.durations import Durations
from sealift.sandbox.quotas import Quotas
from sealift.sandbox.rules import RULES

HEAD = """# The sandbox: an AWS account in a box

No test of this project can reach AWS, and stock emulators accept migrations that AWS refuses. So what AWS does is
written down here, from AWS's own pages, from botocore's models and from recorded replies, and the product is tested
against it. It is [moto](https://github.com/getmoto/moto) with what moto lacks: time, the state rules that AWS
enforces, keys and policies that gate, client tokens, paging, throttling, late visibility, quotas, faults, and contents
that running workloads write to from the first second of `running`. "Nothing is lost" is a comparison of contents.

It imports nothing of the product's kinds, rules, steps or gateway: the same misreading must not stand on both sides.

- In a test: `with Sandbox() as box:` and boto3 talks to it. Time moves by `box.clock`, things are put there with
  `box.add_instance(…)`, `box.add_db_instance(…)`, `box.add_key(…)`; `box.losses()` and `box.db_losses()` list the
  acknowledged writes that the serving side lacks.
- For any AWS client: `sealift sandbox serve` (options: [docs/cli.md](../../docs/cli.md)), then
  `AWS_ENDPOINT_URL=…`. Beside AWS's own operations it answers JSON under `/_sandbox/`: `GET /_sandbox/` lists the routes.
- What it does is specified in [tests/conformance](../../tests/conformance): one test for each rule below, run on both
  forms. The same suite can be pointed at another endpoint, or at an account of yours.

Everything below is written from the code that enforces it."""

RULED = """## What it enforces

A request against a rule is refused with the code and the HTTP status that AWS gives; the box's log names the rule. Ids
that begin with `R-` are shared with the product's rules about the same fact of AWS; `SB` ids are the sandbox's own.
*guess*: no page and no recorded reply was found for it, or for the part that the source names."""

TOPICS = {
    "R-EBS": "EBS and EC2: facts shared with the product",
    "R-RDS": "RDS and Aurora: facts shared with the product",
}

ANSWERED = """## What it answers itself

All other operations are moto's; one that neither knows is refused with `UnsupportedOperation` in a form that clients can
parse."""

TIMES = """## Assumed durations

Figures built on them are *modelled*: none was measured on AWS. Names end in their unit; any can be set by keyword
(`Durations(stop_s=600)`), and `jitter` spreads them by a seeded fraction."""

LIMITS = """## Quotas

`Sandbox(quotas=Quotas(…))` sets any of them."""

FAULTS = """## Faults

Data, put in with `box.faults.add(Fault(…))` or as JSON by `POST /_sandbox/faults`. All chance follows the box's seed, and
the log names the fault that hit a call, so that a failing run can be replayed."""

GUESSED = """## Guesses

Everything above for which no page and no recorded reply was found, or that is read the bad way until a real account
settles it."""


def page() -> str:
    """Return the page."""
    parts = [HEAD, RULED, *_rules(), ANSWERED, _operations(), TIMES, durations(), LIMITS, _quotas(), FAULTS, _faults()]
    return "\n\n".join([*parts, GUESSED, table(("what", "says"), list(guesses()))])


def _rules() -> Iterator[str]:
    topics: dict[str, list[str]] = defaultdict(list)
    for rule in RULES:
        topics[rule.rpartition("-")[0]].append(rule)
    tested = _tested()
    for topic in sorted(topics):
        yield f"### {TOPICS.get(topic, topic)}"
        yield table(("id", "rule", "", "source", "tests"), [_rule(i, tested) for i in sorted(topics[topic])])


def _rule(rule_id: str, tested: dict[str, list[str]]) -> tuple[str, ...]:
    rule = RULES[rule_id]
    return rule.id, rule.says, "*guess*" if rule.guess else "", rule.source, ", ".join(sorted(set(tested[rule_id])))


def _tested() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for path, text in citing.files().items():
        for test in citing.tests(text):
            for rule in citing.rules_of(test):
                found[rule].append(path.stem.removeprefix("test_"))
    return found


def _operations() -> str:
    services: dict[str, list[tuple[str, Callable[..., Any]]]] = defaultdict(list)
    for name, function in OPERATIONS.items():
        service, operation = name.split(":")
        services[service].append((operation, function))
    rows = [(f"`{s}`", ", ".join(sorted(name for name, _ in ops))) for s, ops in sorted(services.items())]
    return table(("service", "operations"), rows)


def durations() -> str:
    """Return the table of assumed durations."""
    return table(("name", "value", "where it comes from"), [(n, f"{v:g}", s) for n, v, s in Durations.table()])


def _quotas() -> str:
    return table(("name", "value"), [(f.name, str(f.default)) for f in fields(Quotas)])


def _faults() -> str:
    said = inspect.cleandoc(Fault.__doc__ or "").split("\n\n")
    return "\n\n".join(one_line(paragraph) for paragraph in said)


def guesses() -> Iterator[tuple[str, str]]:
    """Yield (what, what it says) of every guess."""
    yield from ((r.id, f"{r.says} ({r.source})") for r in RULES.values() if r.guess)
    yield from ((n, f"{v:g}: {s}") for n, v, s in Durations.table() if "guess" in s or "bad way" in s)
