"""Everything that sealift raises.

    SealiftError                    exit 1
    ├── UsageError                  exit 2   malformed input: target, option, plan file
    ├── Refused                     exit 4   a rule, an unfit key, drift, a lock or a claim held
    ├── CallError                   exit 1   an AWS call did not succeed; `retry` says what may be done about it
    │   ├── AccessDenied            exit 4
    │   ├── CredentialsLost         exit 130 before the quiesce, 6 after it
    │   ├── NotSupported            exit 1   the Region, account or emulator does not know the operation
    │   └── AnswerUnclear           exit 1   AWS answered, and what is needed is not in it or cannot be understood
    ├── WaitFailed                  exit 5   a resource reached a state from which it does not come back
    ├── CheckFailed                 exit 5   what was made differs from what was wanted
    ├── CutVoid                     exit 5   someone touched the source after the cut: the last copies are stale
    ├── HookFailed                  exit 5   the user's command said no
    ├── TurnBack                    exit 5   the window's turn-back time passed before bring-up
    │   └── AskedBack               exit 5   a person has asked for it; it ends with 0, as a rollback does
    ├── Halted                      exit 1   a lane that came to rest because another one failed; never the reason of anything
    ├── Unexpected                  exit 1   a fault of sealift, in a step or beside one
    ├── LeftAtGate                  exit 3   prepared; waits for an approval or a window
    ├── NotBegun                    exit 130 somebody has asked all that is driven to go back before this one began
    ├── NeedsPerson                 exit 6   the message says what state things are in and which commands mend it
    ├── LeaseLost                   exit 130 another driver took the migration over
    ├── ClockLost                   exit 130 a sandbox that held the clock is gone
    └── JournalError                exit 1   the journal cannot be read or is of another version

Each carries the fact, and where they apply the resource, the step, the AWS code, the request id and the remedy; the
journal keeps them (`SealiftError.as_row`): in a `failed` row of its step what a call answered, in a note `trouble` what
else ended a try (a read, a wait, a check), in a note `failure` what a migration was given up for.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Retry(StrEnum):
    """What may be done about a call that failed. The delays are in `sealift.pace`."""

    TRANSIENT = "transient"  # a fault of the wire or the service: the effect may have happened
    THROTTLED = "throttled"  # refused before any effect
    EVENTUAL = "eventual"  # a state that AWS reaches by itself: propagation, a transition under way
    DIFFERS = "differs"  # what was made is not described as it was wanted, or not yet
    QUOTA = "quota"  # a slot that somebody else holds; never waited for while a workload is down
    CAPACITY = "capacity"  # EC2 has no room for the instance just now
    REFUSED = "refused"  # the same call will be refused again
    FATAL = "fatal"  # it cannot be sent from here (no credentials, no Region), or nobody knows what went wrong


class SealiftError(Exception):
    """The root: one sentence with the fact, then what names the place and the way out."""

    exit_code = 1
    retry = Retry.FATAL

    def __init__(
        self,
        message: str,
        *,
        resource: str | None = None,
        step: str | None = None,
        code: str | None = None,
        request_id: str | None = None,
        remedy: str | None = None,
        rule: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message, self.resource, self.step = message, resource, step
        self.code, self.request_id, self.remedy, self.rule = code, request_id, remedy, rule

    def __str__(self) -> str:
        head = f"{self.rule}: {self.message}" if self.rule else self.message
        return f"{head.rstrip('.')}. {self.remedy}" if self.remedy else head

    def told(self) -> str:
        """Return the error as one sentence with the request id, for whoever has no journal to find it in."""
        return f"{self} [request {self.request_id}]" if self.request_id else str(self)

    def about(self) -> dict[str, Any]:
        """Return what an error that follows from this one carries on: where it was, and what AWS called it."""
        return {"step": self.step, "resource": self.resource, "code": self.code, "request_id": self.request_id}

    def placed(self, step: str, resource: str) -> "SealiftError":
        """Say where it was, as far as that is not said yet, and return it."""
        self.step, self.resource = self.step or step, self.resource or resource
        return self

    def as_row(self) -> Mapping[str, Any]:
        """Return the fields that are set, for the journal and for logs."""
        fields = ("message", "resource", "step", "code", "request_id", "remedy", "rule")
        return {"error": type(self).__name__} | {f: v for f in fields if (v := getattr(self, f)) is not None}


class UsageError(SealiftError):
    """Input that cannot be used as it stands; nothing was changed."""

    exit_code = 2


class Refused(SealiftError):
    """A rule, an unfit key, drift, a lock or a claim: sealift will not do it as things are."""

    exit_code = 4
    retry = Retry.REFUSED


class CallError(SealiftError):
    """An AWS call that did not succeed.

    `waited`: the seconds for which a read has been tried again before that was said.
    """

    def __init__(self, message: str, *, operation: str, retry: Retry, ambiguous: bool = False, **fields: Any) -> None:
        super().__init__(message, **fields)
        self.operation, self.retry, self.ambiguous = operation, retry, ambiguous
        self.waited = 0.0

    def as_row(self) -> Mapping[str, Any]:
        """Return the fields that are set, and whether the effect is unknown."""
        return {**super().as_row(), "ambiguous": self.ambiguous}


class AccessDenied(CallError):
    """The identity lacks a permission."""

    exit_code = 4


class CredentialsLost(CallError):
    """There are no credentials, or they have expired."""

    exit_code = 1


class NotSupported(CallError):
    """The operation is not known where it was sent."""


class AnswerUnclear(CallError):
    """AWS answered, and the answer lacks what is needed or cannot be understood: nothing is concluded from it."""


class WaitFailed(SealiftError):
    """A resource reached a terminal state, or did not reach the wanted one before the deadline.

    `unused`: no workload can have run on it. `no_room`: AWS lacked the capacity. `late`: it may still get there.
    """

    exit_code = 5

    def __init__(
        self, message: str, *, unused: bool = False, no_room: bool = False, late: bool = False, **fields: Any
    ) -> None:
        super().__init__(message, **fields)
        self.unused, self.late = unused, late
        self.retry = Retry.CAPACITY if no_room else Retry.FATAL


class CheckFailed(SealiftError):
    """What was made is not what was wanted."""

    exit_code = 5
    retry = Retry.DIFFERS


class CutVoid(SealiftError):
    """The source was touched after the cut; a copy made since is not the last state."""

    exit_code = 5


class HookFailed(SealiftError):
    """The user's command exited with another code than 0, or took too long."""

    exit_code = 5


class TurnBack(SealiftError):
    """Going on would end after the window: the run goes back while it still fits."""

    exit_code = 5


class AskedBack(TurnBack):
    """Somebody has asked the driver to go back while it works."""


class Halted(SealiftError):
    """A lane that came to rest because another one failed; never the reason of anything."""


class Unexpected(SealiftError):
    """What nobody has thought of: an answer of another form, a fault of sealift. Service comes back all the same."""

    @classmethod
    def of(cls, error: Exception, **place: str) -> "Unexpected":
        """Return it for what was raised."""
        said = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        return cls(f"unexpected {said}", remedy="This is a fault of sealift: report it with `sealift status`.", **place)


class LeftAtGate(SealiftError):
    """Prepared, and waiting for an approval or for the window to open."""

    exit_code = 3


class NotBegun(SealiftError):
    """Its turn had not come when somebody asked all that is driven to go back."""

    exit_code = 130


class NeedsPerson(SealiftError):
    """Nothing more is done without a person; the remedy names the commands."""

    exit_code = 6


class LeaseLost(SealiftError):
    """Another driver has taken the migration over; this one does nothing more."""

    exit_code = 130


class ClockLost(SealiftError):
    """A sandbox that held the clock is gone or cannot be joined: there is no time to go on in."""

    exit_code = 130


class JournalError(SealiftError):
    """The journal cannot be used: another schema version, no such migration, an unreadable file."""
