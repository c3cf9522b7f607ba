"""AWS's answers as readers see them: what an answer lacks is named, and nothing is concluded from it.

A reader takes `volume["State"]`. Where AWS (a newer one, an emulator, something on the way) leaves that out, the answer itself
raises `AnswerUnclear` with the request and the place of the member, so that readers stay plain and none has to say it again.
What a reader stumbles over otherwise - a member that it takes for absent and then needs, a text that is no number - is turned
into the same error by `reading`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, SupportsIndex, TypeVar, overload

from sealift.errors import AnswerUnclear, Retry, SealiftError

STUMBLES = (LookupError, TypeError, ValueError, AttributeError, OverflowError)
"""What a reader raises that meets something else than it was written for."""

SHOWN = 3
"""Members that one message names."""

REMEDY = (
    "Ask again; if it stays so, this version of sealift cannot read what AWS says there: nothing is concluded from it."
)

T = TypeVar("T")

_lacking: ContextVar[list[str] | None] = ContextVar("lacking", default=None)


class Members(dict[str, Any]):
    """A structure in an answer: it knows where it stands, and says so where a member is asked for that it lacks."""

    __slots__ = ("operation", "place", "request_id")

    operation: str
    place: str
    request_id: str | None

    def __missing__(self, name: str) -> Any:
        raise lacks(self, f".{name}")

    def with_members(self, members: Mapping[str, Any]) -> "Members":
        """Return other members at the same place of the same answer."""
        made = Members(members)
        if hasattr(self, "place"):
            made.operation, made.place, made.request_id = self.operation, self.place, self.request_id
        return made

    def get(self, name: str, default: Any = None) -> Any:
        """Return a member that may be absent; what was not there is remembered for whoever stumbles later."""
        if name in self:
            return dict.__getitem__(self, name)
        _remember(self, f".{name}")
        return default


class Elements(list[Any]):
    """A list in an answer."""

    __slots__ = ("operation", "place", "request_id")

    operation: str
    place: str
    request_id: str | None

    @overload
    def __getitem__(self, index: SupportsIndex) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...

    def __getitem__(self, index: Any) -> Any:
        try:
            return super().__getitem__(index)
        except IndexError:
            raise lacks(self, f"[{index}]") from None


def answer(reply: Mapping[str, Any], operation: str) -> dict[str, Any]:
    """Return a reply whose structures and lists know where they stand."""
    meta = reply.get("ResponseMetadata")
    request_id = dict(meta).get("RequestId") if isinstance(meta, Mapping) else None
    return _members(reply, operation, "", None if request_id is None else str(request_id))


def _members(value: Mapping[str, Any], operation: str, place: str, request_id: str | None) -> Members:
    made = Members({k: _placed(v, operation, f"{place}.{k}", request_id) for k, v in value.items()})
    made.operation, made.place, made.request_id = operation, place, request_id
    return made


def _placed(value: Any, operation: str, place: str, request_id: str | None) -> Any:
    if isinstance(value, dict):
        return _members(value, operation, place, request_id)
    if isinstance(value, list):
        made = Elements(_placed(v, operation, f"{place}[{n}]", request_id) for n, v in enumerate(value))
        made.operation, made.place, made.request_id = operation, place, request_id
        return made
    return value


def lacks(where: Mapping[str, Any] | Elements, what: str) -> AnswerUnclear:
    """Return the error that an answer lacks a member."""
    operation, place = getattr(where, "operation", "?"), getattr(where, "place", "")
    return AnswerUnclear(
        f"the answer of {operation} lacks {(place + what).lstrip('.')}",
        operation=operation,
        retry=Retry.REFUSED,
        request_id=getattr(where, "request_id", None),
        remedy=REMEDY,
    )


def _remember(where: Members, what: str) -> None:
    if (noted := _lacking.get()) is not None and hasattr(where, "place"):
        noted.append(f"{where.operation} {(where.place + what).lstrip('.')}")


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Let what is read here of AWS's answers end in an error that says so, whatever it stumbles over.

    `what` is the operation, or whose answers they are.

    Raises:
        AnswerUnclear: an answer could not be understood; it names what it lacked last.

    """
    noted: list[str] = []
    mark = _lacking.set(noted)
    try:
        yield
    except SealiftError:
        raise
    except STUMBLES as error:
        about = f"; it lacks, among others, {', '.join(dict.fromkeys(noted[-SHOWN:]))}" if noted else ""
        text = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise AnswerUnclear(
            f"what AWS answers to {what} cannot be understood ({text}){about}",
            operation=what,
            retry=Retry.REFUSED,
            remedy=REMEDY,
        ) from error
    finally:
        _lacking.reset(mark)


def made_of(reply: Mapping[str, Any], operation: str, output: Callable[[Mapping[str, Any]], T]) -> T:
    """Return what a step leaves of the answer to what it has sent.

    Raises:
        AnswerUnclear: the answer does not tell, so the effect is looked for before anything is sent again.

    """
    try:
        with reading(operation):
            return output(reply)
    except AnswerUnclear as error:
        error.retry, error.ambiguous = Retry.EVENTUAL, True
        raise
