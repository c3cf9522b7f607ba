"""Whatever an answer lacks, a reader answers or says what is lacking; in doubt it never says found, done, or no difference."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.answers import answer, reading
from sealift.aws.operations import OPERATIONS
from sealift.errors import AnswerUnclear, CallError, Retry, SealiftError
from sealift.recipe import queries
from sealift.step import Call, Ref
from sealift.subjects import SUBJECTS
from tests.contract.shapes import finalizing, planned
from tests.faults.fuzz.recording import SHORT, Surveyed, cases, confident, long, record
from tests.faults.fuzz.shapes import Path, altered, answers_of, spelled

MAY_BE_ABSENT = {
    "Ebs": "a mapping without it is of no volume, and a disk that has to be there is then missed",
    "Progress": "`initialization-state` says the same, and without either nothing is taken for initialised",
    "StorageEncryptionType": "newer than the key's ARN, which is compared as well",
    "DynamicScalingInSuspended": "a switch that is not told is not turned",
    "DynamicScalingOutSuspended": "a switch that is not told is not turned",
    "ScheduledScalingSuspended": "a switch that is not told is not turned",
}
"""Members whose absence a confident reader takes for good though another value would not be, and why that does no harm."""

LOOKS_FOR_A_FAULT = {
    "holds_slot": "it asks whether a slot is still held: in doubt it is",
    "Delete": "what a deletion looks for is gone where it is not described",
    "DetachVolume": "a volume that is not described is attached to nothing; the wait that follows tells",
}
"""Readers whose confidence means something else, by a part of their name."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Try every shape in the long form, and one of each kind otherwise."""
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", cases(), ids="/".join)


def test_no_reader_of_a_step_stumbles_or_concludes_from_what_is_not_told(case: tuple[str, str]) -> None:
    """Every true answer of a whole run, with each member in turn missing or of another value."""
    harm: list[str] = []
    for made in record(*case).readings.values():
        true = confident(made.said)
        verdicts: dict[Path, dict[str, bool | None]] = defaultdict(dict)
        for how, place, reply in altered(made.reply):
            if how == "lacks" and place == (OPERATIONS[made.operation].result,):
                continue  # the gateway's: see test_gateway
            try:
                verdicts[place][how] = confident(made.of(reply))
            except SealiftError:
                verdicts[place][how] = None
        odd = any(part in made.name for part in LOOKS_FOR_A_FAULT)
        for place, said in verdicts.items():
            where = f"{made.name} of {made.operation}: {spelled(place)}"
            if not true and said.get("lacks") and not odd:
                harm.append(f"{where} is lacking, and that is taken for good")
            others = [v for how, v in said.items() if how != "lacks"]
            if true and said.get("lacks") and not all(others) and place[-1] not in MAY_BE_ABSENT and not odd:
                harm.append(f"{where} counts, and is not asked for: {said}")
    assert not harm, "\n".join(dict.fromkeys(harm))


SAMPLED = 19
"""Of the alterations of what a survey is answered, the short form tries one of so many."""


async def _asked_again(survey: Surveyed, name: str) -> list[str]:
    harm: list[str] = []
    judges = name.rsplit(maxsplit=1)[-1] in ("settled", "unusable", "barred")
    for question, reply in survey.answers.items():
        operation = question.split()[0]
        verdicts: dict[Path, dict[str, Any]] = defaultdict(dict)
        for number, (how, place, other) in enumerate(altered(dict(reply))):
            if not (long() or judges) and number % SAMPLED:
                continue
            try:
                verdicts[place][how] = await survey.of({**survey.answers, question: other})
            except SealiftError:
                verdicts[place][how] = AnswerUnclear
        for place, said in verdicts.items() if judges else ():
            lists = place == (OPERATIONS[operation].result,)
            counts = any(v != survey.said for how, v in said.items() if how != "lacks")
            if said.get("lacks") == survey.said and counts and not lists and place[-1] not in MAY_BE_ABSENT:
                harm.append(f"{name} of {operation}: {spelled(place)} counts, and is not asked for")
    return harm


def test_no_reader_of_a_kind_stumbles_or_concludes_from_what_is_not_told(case: tuple[str, str]) -> None:
    """Observe, settled, stays, unusable, barred, recall and the inventory, each asked again with one member altered."""
    surveys = record(*case).surveys

    async def each() -> list[str]:
        return [why for name, survey in surveys.items() for why in await _asked_again(survey, name)]

    harm = asyncio.run(each())
    assert not harm, "\n".join(dict.fromkeys(harm))


@cache
def readers() -> dict[str, tuple[str, Callable[[Mapping[str, Any]], Any]]]:
    """Return every reader that the steps of all recipes declare, undos and finalize too, by name."""
    found: dict[str, tuple[str, Callable[[Mapping[str, Any]], Any]]] = {}
    for case in cases():
        for step in (*planned(*case).steps, *finalizing(*case)):
            out = {name: Ref(step.key, name) for name in step.outputs}
            for query in queries(step):
                found.setdefault(
                    f"{query.read.__qualname__} {query.call.operation}", (query.call.operation, query.read)
                )
            for watch in (step.needs(), step.ready(out)):
                if watch is not None:
                    kind = SUBJECTS[watch.subject]
                    name = f"{watch.judge.__qualname__} {kind.operation}"
                    found.setdefault(
                        name, (kind.operation, lambda r, k=kind, w=watch: [w.judge(x) for x in k.resources(r)])
                    )
    return found


@given(data=st.data())
def test_no_reader_stumbles_over_a_made_up_answer(data: st.DataObject) -> None:
    """Well-typed answers that botocore's shapes allow: unknown words, odd ids, fifty tags, long names, no members at all."""
    every = readers()
    name = data.draw(st.sampled_from(sorted(every)), label="reader")
    operation, read = every[name]
    reply = data.draw(answers_of(operation), label=operation)
    with suppress(AnswerUnclear), reading(operation):
        read(answer(reply, operation))


@given(data=st.data())
def test_nothing_that_reads_a_kind_stumbles_over_made_up_answers(data: st.DataObject) -> None:
    """The readers of a kind, every question of theirs answered with something made up."""
    surveys = record(*SHORT[0]).surveys
    name = data.draw(st.sampled_from(sorted(surveys)), label="reader")
    made: dict[str, Any] = {}

    async def read(call: Call) -> Any:
        if call.operation not in made:
            made[call.operation] = data.draw(answers_of(call.operation), label=call.operation)
        reply = made[call.operation]
        if OPERATIONS[call.operation].result not in (None, *reply):
            raise CallError("the list is lacking", operation=call.operation, retry=Retry.REFUSED)  # the gateway's
        return answer(reply, call.operation)

    async def ask() -> None:
        with reading("a survey"):
            await surveys[name].ask(read)

    with suppress(SealiftError):
        asyncio.run(ask())
