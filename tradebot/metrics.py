"""Figures as Prometheus text. They are plain numbers until somebody asks for the text."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4"  # what serves it adds the charset

# Seconds, from 10 us to 10 s: a commit to a disk, a decision, a turn of the loop.
SECONDS = (*(factor * 10.0**power for power in range(-5, 1) for factor in (1.0, 2.5, 5.0)), 10.0)


class Histogram:
    """How often something took how long; to observe costs a fraction of a microsecond."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        """Start empty; ``bounds`` ascend, and a value at a bound belongs below it."""
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def buckets(self) -> Iterator[tuple[str, float]]:
        """Yield each bound and how many values are at it or below."""
        below = 0
        for bound, count in zip((*self.bounds, None), self.counts, strict=True):
            below += count
            yield "+Inf" if bound is None else f"{bound:g}", below


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure, by the values of its labels; without labels under the empty key."""

    name: str  # what only rises ends in _total
    text: str
    labels: tuple[str, ...] = ()
    values: Mapping[tuple[str, ...], float] = {}
    histogram: Histogram | None = None  # instead of values


def one(name: str, text: str, value: float) -> Figure:
    """Return a figure without labels."""
    return Figure(name=name, text=text, values={(): value})


class Exposition(Collector):
    """A registry of its own, which asks its sources when it is asked."""

    def __init__(self, sources: Sequence[Callable[[], Iterable[Figure]]]) -> None:
        """Take what returns the figures."""
        self._sources = sources
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def text(self) -> bytes:
        """Return every figure as it is now."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Return nothing: what there is is known when it is asked for."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield every figure as it is now, as the client library wants it."""
        for source in self._sources:
            yield from map(_family, source())


def _family(figure: Figure) -> Metric:
    if figure.histogram is not None:
        histogram = HistogramMetricFamily(figure.name, figure.text)
        buckets = list(figure.histogram.buckets())
        histogram.add_metric([], buckets=buckets, sum_value=figure.histogram.total)
        return histogram
    kind = CounterMetricFamily if figure.name.endswith("_total") else GaugeMetricFamily
    family = kind(figure.name, figure.text, labels=figure.labels)
    for labels, value in sorted(figure.values.items()):
        family.add_metric(labels, value)
    return family
