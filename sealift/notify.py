"""Notices to people: when the gate opens, at quiesce, up, back, and when a person is needed. A notice that fails
disturbs nothing.
"""

import asyncio
import json
import urllib.request
from collections.abc import Awaitable, Callable, Sequence

import structlog

from sealift.errors import UsageError
from sealift.events import Event
from sealift.step import Call

Send = Callable[[Call], Awaitable[object]]
TIMEOUT = 10
"""Seconds for one notice."""


def check(places: Sequence[str]) -> None:
    """Refuse places of an unknown form.

    Raises:
        UsageError: neither a URL nor an SNS topic.

    """
    for place in places:
        if not place.startswith(("https://", "http://", "sns:arn:")):
            raise UsageError(f"--notify {place!r} is neither a URL nor sns:ARN")


def worth(event: Event) -> str | None:
    """Return the sentence for an event that people want to hear of, None for the others."""
    match event.name:
        case "gate":
            waits = event.data.get("waiting_for")
            return (
                f"{event.target} waits for {waits} ({event.migration})"
                if waits
                else f"the gate of {event.target} is open"
            )
        case "breaker":
            return str(event.data["text"])
        case "held":
            return f"{event.target} is held at its gate: {event.data.get('why')}. See: sealift status {event.migration}"
        case "quiesce":
            return f"{event.target} goes down for its cutover" if event.data.get("down", True) else None
        case "bring-up":
            return f"{event.target} {event.data.get('text', 'runs on its replacement')}"
        case "stuck":
            return f"{event.target} is down; its way back waits for {event.data.get('waiting_for')}. See: sealift status {event.migration}"
        case "direction":
            return f"{event.target} goes back: {event.data.get('why')}"
        case "end":
            how = event.data.get("as")
            if how == "needs-person":
                return f"{event.target} NEEDS A PERSON: {event.data.get('why')}. See: sealift status {event.migration}"
            if how == "given-up":
                return f"{event.target} is given up: {event.data.get('why')}. See: sealift status {event.migration}"
            return f"{event.target} rests: {how}"
    return None


class Notifier:
    """Listens, and sends from the side."""

    def __init__(self, places: Sequence[str], send: Send) -> None:
        check(places)
        self._places, self._send = tuple(places), send
        self._under_way: set[asyncio.Task[None]] = set()

    def listen(self, event: Event) -> None:
        """Take an event in."""
        text = worth(event)
        if text is None:
            return
        for place in self._places:
            task = asyncio.get_running_loop().create_task(self._tell(place, text, event))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def drain(self) -> None:
        """Wait for what is under way, for as long as one notice may take."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=TIMEOUT)

    async def _tell(self, place: str, text: str, event: Event) -> None:
        body = {
            "text": text,
            "event": event.name,
            "migration": event.migration,
            "target": event.target,
            "region": event.region,
        }
        try:
            if place.startswith("sns:"):
                message = {
                    "TopicArn": place.removeprefix("sns:"),
                    "Subject": f"sealift: {event.name}",
                    "Message": json.dumps(body),
                }
                await self._send(Call("sns:Publish", message))
            else:
                await asyncio.to_thread(_post, place, body)
        except Exception as error:  # noqa: BLE001 - a notice that fails disturbs nothing
            structlog.get_logger().warning("notice-failed", place=place, error=str(error))


def _post(url: str, body: object) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310
    urllib.request.urlopen(request, timeout=TIMEOUT).close()  # noqa: S310 - http and https only, checked
