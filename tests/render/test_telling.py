"""A story's lines: what a comparison found is read there, not in json alone."""

from sealift.journal import Entry
from sealift.render.telling import tell


def rows(key: str, **output: object) -> list[Entry]:
    """Return the rows of a look that has ended well."""
    intent = Entry(1, "mig-1", 1, key, "intent", 0.0, 1, {"title": "compare orders with its source, field by field"})
    return [intent, *(Entry(n, "mig-1", 1, key, what, 0.0, 1, output) for n, what in ((2, "made"), (3, "done")))]


def test_what_differs_as_expected_is_told_field_by_field() -> None:
    """The field, both values and why."""
    difference = 'AvailabilityZone: was "eu-central-1a", is "eu-central-1b" (RDS chooses the zone of a green member)'
    told = "\n".join(tell(rows("compare", expected=[difference], unexpected=[]), {}))
    assert f"  · {difference}" in told


def test_what_is_the_same_in_every_field_is_told_so() -> None:
    """Nothing was found, and something was looked for."""
    assert "field by field   the same in every field" in "\n".join(
        tell(rows("compare", expected=[], unexpected=[]), {})
    )
    assert "same" not in "\n".join(tell(rows("other", name="x"), {}))


def test_an_undo_that_was_never_begun_is_not_told() -> None:
    """It has become void by a step that was done again: a raw key says nothing to anybody."""
    void = Entry(1, "mig-1", 1, "undo:warm:copy", "void", 0.0, 1, {})
    assert tell([void], {}) == []
