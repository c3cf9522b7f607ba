"""What a volume holds: for each workload, the spans of time whose writes are on it. Nothing is stored but intervals."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Span = tuple[float, float]


@dataclass(frozen=True)
class Contents:
    """A value: equal contents are equal data. Keys are streams (`instance:device`), values merged, sorted spans."""

    streams: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)

    def plus(self, stream: str, start: float, end: float) -> "Contents":
        """Return these contents with the writes of `stream` between `start` and `end` added."""
        if end <= start:
            return self
        return Contents({**self.streams, stream: _merged((*self.streams.get(stream, ()), (start, end)))})

    def minus(self, other: "Contents") -> "Contents":
        """Return what is here and not there."""
        left = {s: tuple(_cut(spans, other.streams.get(s, ()))) for s, spans in self.streams.items()}
        return Contents({s: spans for s, spans in left.items() if spans})

    def only(self, stream: str) -> "Contents":
        """Return the writes of one stream."""
        return Contents({stream: self.streams[stream]} if stream in self.streams else {})

    def mib(self, rates: Mapping[str, float]) -> float:
        """Return how much was written, given each stream's MiB per second."""
        return sum((end - start) * rates.get(s, 1.0) for s, spans in self.streams.items() for start, end in spans)

    def __bool__(self) -> bool:
        return bool(self.streams)

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.streams.items())))


def _merged(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return tuple(out)


def _cut(spans: tuple[Span, ...], holes: tuple[Span, ...]) -> Iterator[Span]:
    for start, end in spans:
        at = start
        for hole_start, hole_end in holes:
            if hole_end <= at or hole_start >= end:
                continue
            if hole_start > at:
                yield at, hole_start
            at = max(at, hole_end)
        if at < end:
            yield at, end
