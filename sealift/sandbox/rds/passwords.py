"""Users of an engine and their passwords: they are in the data, and copied with them (SB-ENG-04)."""

from sealift.sandbox.rds.state import Store

SEEDED = "x"
"""The master password of what is seeded, where none is named and RDS manages none."""


def give(store: Store, user: str, password: str) -> None:
    """Let `user` log in with this password from now on, and with no other."""
    inside = _inside(store)
    inside.kept = {word for word in inside.kept if not word.startswith(_prefix(user))} | {_prefix(user) + password}


def fits(store: Store, user: str, password: str) -> bool:
    """Say whether there is such a user, with this password."""
    return _prefix(user) + password in _inside(store).kept


def part(store: Store) -> None:
    """Let a replica that goes its own way have the users that its source has now."""
    ours = {word for word in _inside(store).kept if word.startswith(_USER)}
    store.kept = {word for word in store.kept if not word.startswith(_USER)} | ours


_USER = "user "


def _prefix(user: str) -> str:
    return f"{_USER}{user}: "


def _inside(store: Store) -> Store:
    """Return whose users log in to a replica: its source's."""
    while store.follows:
        store = store.follows
    return store
