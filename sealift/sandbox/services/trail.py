"""CloudTrail's event history: LookupEvents over the box's own log, read only when somebody asks (SB-CT-01 to 03).

A log line becomes an event when it is looked at; no call pays for it. Source of the forms:
docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html, and botocore.
"""

import base64
import binascii
import hashlib
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sealift.sandbox.errors import ApiError
from sealift.sandbox.log import Event
from sealift.sandbox.services import trail_records as records
from sealift.sandbox.world import Call, World, iso

HISTORY_S = 90 * 86_400.0
RATE = 2.0
_DATA = ("s3:", "ebs:", "sns:Publish", "sqs:", "lambda:Invoke", "rds-data:", "monitoring:", "logs:")
"""What are data events, or no events at all: they are not in the event history."""

_ATTRIBUTES: dict[str, Callable[[dict[str, Any], str], bool]] = {
    "EventId": lambda event, value: event["EventId"] == value,
    "EventName": lambda event, value: event["EventName"] == value,
    "ReadOnly": lambda event, value: event["ReadOnly"] == value,
    "Username": lambda event, value: event.get("Username") == value,
    "EventSource": lambda event, value: event["EventSource"] == value,
    "AccessKeyId": lambda event, value: event.get("AccessKeyId") == value,
    "ResourceType": lambda event, value: any(r["ResourceType"] == value for r in event["Resources"]),
    "ResourceName": lambda event, value: any(r["ResourceName"] == value for r in event["Resources"]),
}


def lookup(world: World, call: Call) -> dict[str, Any]:
    """LookupEvents: the newest first, some minutes late, of this Region and the last 90 days."""
    _throttle(world, call)
    attributes, most = _asked(call)
    start, end = _span(call)
    first = _after_token(call, len(world.log))
    found: list[dict[str, Any]] = []
    for index, event in _newest_first(world, call, first, start, end):
        if not _worth_building(event, attributes):
            continue
        shown = _shown(world, index, event)
        if all(_ATTRIBUTES[a["AttributeKey"]](shown, a["AttributeValue"]) for a in attributes):
            if len(found) == most:
                return {"Events": found, "NextToken": _token(call, index)}
            found.append(shown)
    return {"Events": found}


def _worth_building(event: Event, attributes: list[dict[str, str]]) -> bool:
    """Say whether an event can be what is looked for, by what its log line says at once."""
    for one in attributes:
        key, value = one["AttributeKey"], one["AttributeValue"]
        if key in ("EventName", "EventSource") and records.names(event)[key == "EventName"] != value:
            return False
        if key == "AccessKeyId" and event.by != value:
            return False
        if key == "ResourceName" and not any(r["ResourceName"] == value for r in records.resources(event)):
            return False
    return True


def _throttle(world: World, call: Call) -> None:
    """Two requests a second for an account and Region (SB-CT-03), as a bucket refilled on the box's clock."""
    if not world.quotas.throttle:
        return
    left, since = world.rooms.get(("trail-bucket", call.account, call.region), (RATE, call.at))
    left = min(RATE, left + (call.at - since) * RATE)
    if left < 1:
        raise ApiError("SB-CT-03", "ThrottlingException", "Rate exceeded")
    world.rooms["trail-bucket", call.account, call.region] = (left - 1, call.at)


def _asked(call: Call) -> tuple[list[dict[str, str]], int]:
    attributes, most = call.params.get("LookupAttributes", []), call.params.get("MaxResults", 50)
    if len(attributes) > 1 or any(a.get("AttributeKey") not in _ATTRIBUTES for a in attributes):
        message = "You can only specify one lookup attribute, of those that the request knows."
        raise ApiError("SB-CT-02", "InvalidLookupAttributesException", message)
    if not 1 <= most <= 50:
        message = "The maximum number of results must be between 1 and 50."
        raise ApiError("SB-CT-02", "InvalidMaxResultsException", message)
    return attributes, most


def _span(call: Call) -> tuple[float, float]:
    oldest, params = call.at - HISTORY_S, call.params
    start = params["StartTime"].timestamp() if params.get("StartTime") else oldest
    end = params["EndTime"].timestamp() if params.get("EndTime") else call.at
    if start > end:
        message = "The specified start time is after the specified end time."
        raise ApiError("SB-CT-02", "InvalidTimeRangeException", message)
    return max(start, oldest), end


def _newest_first(world: World, call: Call, first: int, start: float, end: float) -> Iterator[tuple[int, Event]]:
    log, here = world.log, (call.account, call.region)
    for index in range(min(first, len(log)) - 1, -1, -1):
        event = log[index]
        if (event.account, event.region) != here or not start <= event.at <= end:
            continue
        if not event.operation.startswith(_DATA) and event.at + _lag(world, index) <= call.at:
            yield index, event


def _lag(world: World, index: int) -> float:
    """Return how long this event takes to show up: between the least and the most, by its id, the same each time."""
    part = hashlib.blake2s(f"{world.seed}/{index}".encode(), digest_size=2).digest()
    least, most = world.durations.trail_s, world.durations.trail_most_s
    return least + (most - least) * int.from_bytes(part) / 0xFFFF


def _shown(world: World, index: int, event: Event) -> dict[str, Any]:
    event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{world.seed}/{index}"))
    source, name = records.names(event)
    identity, user, key = records.identity(event)
    record = records.record(event, event_id, source, name, identity)
    shown = {
        "EventId": event_id,
        "EventName": name,
        "ReadOnly": str(record["readOnly"]).lower(),
        "AccessKeyId": key,
        "EventTime": iso(event.at),
        "EventSource": source,
        "Username": user,
        "Resources": records.resources(event),
        "CloudTrailEvent": json.dumps(record, default=str),
    }
    return {k: v for k, v in shown.items() if v is not None}


def _fingerprint(call: Call) -> str:
    asked: Mapping[str, Any] = {k: v for k, v in call.params.items() if k != "NextToken"}
    return hashlib.blake2s(json.dumps(asked, sort_keys=True, default=str).encode(), digest_size=8).hexdigest()


def _token(call: Call, index: int) -> str:
    return base64.urlsafe_b64encode(f"{_fingerprint(call)}:{index + 1}".encode()).decode()


def _after_token(call: Call, whole: int) -> int:
    token = call.params.get("NextToken")
    if not token:
        return whole
    try:
        mark, index = base64.urlsafe_b64decode(token).decode().split(":")
        if mark == _fingerprint(call):
            return int(index)
    except (ValueError, binascii.Error):
        pass
    message = "The token is not valid, or was given for a request with other parameters."
    raise ApiError("SB-CT-02", "InvalidNextTokenException", message)


OPERATIONS = {"cloudtrail:LookupEvents": lookup}
