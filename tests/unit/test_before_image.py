"""The before-image of a database: packed into the alphabet and the length of RDS's tags, and read back as it was."""

import re

from sealift.kinds.databases import image
from sealift.steps.db_tags import INSIDE, TOO_LONG, inside_tags, read_inside


def test_what_is_packed_is_read_back() -> None:
    """Values of any characters and any length, in tags that RDS takes: none of them begins or ends with a space."""
    words = {
        "n": "shop",
        "p": image.escape("default:a b=c/d@é"),
        "e": image.listed([["x" * 63, "READER", ["a", "b"]]] * 9),
    }
    tags = image.pack(words)
    assert len(tags) > 2
    for key, value in tags.items():
        assert re.fullmatch(r"sealift:was(-\d+)?", key)
        assert re.fullmatch(r"[A-Za-z0-9 _.:/=+@-]{1,256}", value)
        assert value == value.strip()
    assert image.unpack(tags) == words
    assert image.unescape(words["p"]) == "default:a b=c/d@é"
    assert image.read_listed(words["e"]) == [["x" * 63, "READER", ["a", "b"]]] * 9


def test_every_length_of_words_is_read_back() -> None:
    """Wherever a tag is full: in a word, before a space, after one."""
    for length in range(240, 262):
        words = {"n": "a" * length, "r": "b", "g": "c" * 300}
        assert image.unpack(image.pack(words)) == words


def test_how_a_database_is_set_inside_is_read_back_or_said_to_be_too_long() -> None:
    """Nothing noted is empty; what does not fit into four tags is told apart from that."""
    inside = {"writes": {"orders": "", "crm": "off"}, "schedulers": {"cron": [1, 2], "subscriptions": ["a/b"]}}
    assert read_inside(inside_tags(inside)) == inside
    assert read_inside({}) == {}
    many = {"writes": {}, "schedulers": {"jobs": [f"{n * 7919 % 104729:x}-{n * n:x}" for n in range(2000)]}}
    assert inside_tags(many) == {INSIDE[0]: TOO_LONG}
    assert read_inside(inside_tags(many)) is None
