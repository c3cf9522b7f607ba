"""What contents look like in blocks of 512 KiB: equal contents are equal blocks, and what differs differs in a block.

A workload writes round a ring in the first GiB of its disk (no volume is smaller), each half MiB of writes into the
next block. A block's data name all writes that ever went into it, so that no later write hides a lost one.
"""

import hashlib
import math
from collections.abc import Mapping

from sealift.sandbox.physics.contents import Contents, Span

BLOCK = 524_288
RING = 2048
_PER_MIB = 2

Written = list[tuple[int, int]]


def written(contents: Contents, rates: Mapping[str, float]) -> list[int]:
    """Return the indexes of the blocks that were ever written, in order."""
    found: set[int] = set()
    for stream, spans in contents.streams.items():
        start, pace = _start(stream), rates.get(stream, 1.0) * _PER_MIB
        for span in spans:
            first, last = _cells(span, pace)
            found.update((start + cell) % RING for cell in range(first, min(last, first + RING)))
    return sorted(found)


def differing(one: Contents, other: Contents, rates: Mapping[str, float]) -> list[int]:
    """Return the indexes of the blocks whose data are not the same."""
    return sorted({*written(one.minus(other), rates), *written(other.minus(one), rates)})


def data(contents: Contents, rates: Mapping[str, float], index: int) -> bytes:
    """Return the data of one block; zeros where nothing was written."""
    told = "\n".join(_told(contents, rates, index))
    return hashlib.shake_256(told.encode()).digest(BLOCK) if told else bytes(BLOCK)


def _told(contents: Contents, rates: Mapping[str, float], index: int) -> list[str]:
    lines = []
    for stream, spans in sorted(contents.streams.items()):
        start, pace = _start(stream), rates.get(stream, 1.0) * _PER_MIB
        for span in spans:
            first, last = _cells(span, pace)
            cell = first + (index - start - first) % RING
            while cell < last:
                lines.append(f"{stream} {cell} {_part(span, cell, pace)}")
                cell += RING
    return lines


def _start(stream: str) -> int:
    return int.from_bytes(hashlib.sha256(stream.encode()).digest()[:4], "big") % RING


def _cells(span: Span, pace: float) -> tuple[int, int]:
    return math.floor(span[0] * pace), math.ceil(span[1] * pace)


def _part(span: Span, cell: int, pace: float) -> str:
    start, end = cell / pace, (cell + 1) / pace
    return "all" if span[0] <= start and end <= span[1] else f"{max(start, span[0])!r}-{min(end, span[1])!r}"
