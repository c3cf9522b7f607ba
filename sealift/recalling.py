"""What every kind reads of the tags of a migration whose journal is lost: whose it is, by which plan, which attempt and cut."""

from collections.abc import Iterable, Mapping

from sealift.errors import Refused

Tags = Mapping[str, str]


def only(target: str, sources: Iterable[Tags]) -> str:
    """Return the one migration that the sources of a target are marked with.

    Raises:
        Refused: they are marked with none, or with several.

    """
    migrations = {tags["sealift:migration"] for tags in sources if "sealift:migration" in tags}
    if len(migrations) != 1:
        raise Refused(
            f"the sources of {target} carry the mark of {len(migrations) or 'no'} migration(s)", resource=target
        )
    return migrations.pop()


def plan_of(tags: Tags) -> tuple[str, str]:
    """Return the route and the digest that a source's claim names."""
    _, route, digest = (tags["sealift:plan"] + "  ").split(" ", 2)
    return route, digest.strip()


def newest(made: Iterable[Tags]) -> tuple[int, int]:
    """Return the latest attempt and cut that what was made carries."""
    numbers = [t for t in made if t.get("sealift:role") != "source"]
    attempt = max((int(t.get("sealift:attempt", 1)) for t in numbers), default=1)
    return attempt, max((int(t.get("sealift:epoch", 0)) for t in numbers), default=0)
