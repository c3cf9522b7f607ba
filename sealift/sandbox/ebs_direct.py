"""EBS direct APIs, the reading half: which blocks a snapshot has, which differ from another's, and their data."""

import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import Any

from sealift.sandbox import kms
from sealift.sandbox.ec2 import tiers
from sealift.sandbox.ec2.keys import context_of
from sealift.sandbox.errors import ApiError
from sealift.sandbox.physics import blocks
from sealift.sandbox.state import Snapshot
from sealift.sandbox.world import Call, World, iso

_LEAST, _MOST = 100, 10_000
_TOKEN_S, _PAGE_S = 7 * 86_400.0, 3600.0


def list_blocks(world: World, call: Call) -> dict[str, Any]:
    """ListSnapshotBlocks: written blocks only, in order."""
    shot = _readable(world, call, call.params["SnapshotId"])
    indexes, more = _page(call, blocks.written(shot.held, world.rates), shot.id)
    listed = [{"BlockIndex": i, "BlockToken": _token(shot.id, i, call.at)} for i in indexes]
    return {"Blocks": listed, **_frame(shot, call), **more}


def list_changed(world: World, call: Call) -> dict[str, Any]:
    """ListChangedBlocks: against an earlier snapshot of the same lineage, or against nothing."""
    second = _readable(world, call, call.params["SecondSnapshotId"])
    wanted = call.params.get("FirstSnapshotId")
    first = _readable(world, call, wanted) if wanted else None
    if first and _lineage(first) != _lineage(second):
        message = f"{first.id} and {second.id} are not snapshots of the same volume."
        raise _invalid("UNRELATED_SNAPSHOTS", message)
    there = set(blocks.written(second.held, world.rates))
    before = set(blocks.written(first.held, world.rates)) if first else set()
    changed = blocks.differing(first.held, second.held, world.rates) if first else sorted(there)
    indexes, more = _page(call, changed, f"{wanted}:{second.id}")
    listed = []
    for index in indexes:
        block: dict[str, Any] = {"BlockIndex": index}
        if first and index in before:
            block["FirstBlockToken"] = _token(first.id, index, call.at)
        if index in there:
            block["SecondBlockToken"] = _token(second.id, index, call.at)
        listed.append(block)
    return {"ChangedBlocks": listed, **_frame(second, call), **more}


def get(world: World, call: Call) -> dict[str, Any]:
    """GetSnapshotBlock: the data as the guest wrote them, with their SHA-256."""
    shot = _readable(world, call, call.params["SnapshotId"])
    index = call.params["BlockIndex"]
    _check_token(call, shot.id, index)
    denied = kms.unusable(shot.kms_key) or kms.service_may(world, call, shot.kms_key, ("Decrypt",), context_of(shot))
    if denied:
        message = f"The key of {shot.id} cannot be used: {denied}."
        raise ApiError("SB-EBD-03", "AccessDeniedException", message, 403, reason="DEPENDENCY_ACCESS_DENIED")
    data = blocks.data(shot.held, world.rates, index)
    checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
    return {"DataLength": len(data), "BlockData": data, "Checksum": checksum, "ChecksumAlgorithm": "SHA256"}


def _readable(world: World, call: Call, wanted: str) -> Snapshot:
    if not wanted.startswith("snap-"):
        raise _invalid("INVALID_SNAPSHOT_ID", f"The snapshot id '{wanted}' is not valid.")
    shot = world.here(call).snapshots.get(wanted) or _shared(world, call, wanted)
    if shot is None or shot.visible > call.at:
        message = f"The snapshot '{wanted}' does not exist."
        raise ApiError("SB-EBD-01", "ResourceNotFoundException", message, 404, reason="SNAPSHOT_NOT_FOUND")
    if shot.state != "completed" or tiers.tier_of(world, shot, call.at) == "archive":
        raise _invalid("INVALID_SNAPSHOT_ID", f"The snapshot '{wanted}' is {shot.state}, or archived.")
    call.resource = shot.id
    return shot


def _shared(world: World, call: Call, wanted: str) -> Snapshot | None:
    shot = world.shared(call, wanted)
    return shot if shot and call.account in shot.shared_with else None  # public ones are not supported


def _lineage(shot: Snapshot) -> tuple[Any, ...]:
    return shot.account, shot.region, shot.lineage, shot.is_copy, shot.kms_key


def _invalid(reason: str, message: str) -> ApiError:
    return ApiError("SB-EBD-02", "ValidationException", message, 400, reason=reason)


def _frame(shot: Snapshot, call: Call) -> dict[str, Any]:
    return {"VolumeSize": shot.size, "BlockSize": blocks.BLOCK, "ExpiryTime": iso(call.at + _TOKEN_S)}


def _page(call: Call, indexes: list[int], what: str) -> tuple[list[int], dict[str, str]]:
    """Cut one page from `StartingBlockIndex`, or from where the token says."""
    sent, most = call.params.get("NextToken"), call.params.get("MaxResults", _MOST)
    if most > _MOST:
        raise _invalid("INVALID_PARAMETER_VALUE", f"MaxResults is {_LEAST} to {_MOST}.")
    start = _next(call, sent, what) if sent else call.params.get("StartingBlockIndex", 0)
    left = [i for i in indexes if i >= start]
    page = left[: max(most, _LEAST)]
    if len(page) == len(left):
        return page, {}
    return page, {"NextToken": _pack(what, left[len(page)], int(call.at + _PAGE_S))}


def _next(call: Call, sent: str, what: str) -> int:
    try:
        about, index, until = _unpack(sent)
    except ValueError as error:
        raise _invalid("INVALID_PAGE_TOKEN", "The page token is not valid.") from error
    if about != what or until < call.at:
        raise _invalid("INVALID_PAGE_TOKEN", "The page token is of another request, or has expired.")
    return index


def _token(shot: str, index: int, now: float) -> str:
    return _pack(shot, index, int(now + _TOKEN_S))


def _check_token(call: Call, shot: str, index: int) -> None:
    try:
        about, named, until = _unpack(call.params["BlockToken"])
    except ValueError as error:
        raise _invalid("INVALID_BLOCK_TOKEN", "The block token is not valid.") from error
    if (about, named) != (shot, index) or until < call.at:
        raise _invalid("INVALID_BLOCK_TOKEN", "The block token is of another block, or has expired.")


def _pack(what: str, index: int, until: int) -> str:
    return base64.b64encode(f"{what}|{index}|{until}".encode()).decode()


def _unpack(token: str) -> tuple[str, int, int]:
    try:
        what, index, until = base64.b64decode(token, validate=True).decode().split("|")
    except binascii.Error as error:
        raise ValueError(token) from error
    return what, int(index), int(until)


def unwritten(world: World, call: Call) -> dict[str, Any]:
    """Refuse the writing half."""
    raise ApiError("SB-API-02", "UnsupportedOperation", f"The sandbox does not know {call.name}.")


OPERATIONS: dict[str, Callable[[World, Call], dict[str, Any] | None]] = {
    "ebs:ListSnapshotBlocks": list_blocks,
    "ebs:ListChangedBlocks": list_changed,
    "ebs:GetSnapshotBlock": get,
    "ebs:StartSnapshot": unwritten,
    "ebs:PutSnapshotBlock": unwritten,
    "ebs:CompleteSnapshot": unwritten,
}
