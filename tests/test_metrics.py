"""Figures as Prometheus reads them."""

from collections import Counter

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tradebot.metrics import SECONDS, Exposition, Figure, Histogram, one


def test_figures_are_read_when_they_are_asked_for():
    counts: Counter[tuple[str, ...]] = Counter()
    figures = Exposition(
        [
            lambda: [one("tradebot_waiting", "What waits.", 3)],
            lambda: [
                Figure(
                    name="tradebot_exits_total", text="Exits.", labels=("reason",), values=counts
                )
            ],
        ]
    )
    assert b"tradebot_waiting 3.0\n" in figures.text()
    counts["stop",] += 2
    counts['a "quoted"\nword',] += 1
    text = figures.text().decode()
    assert 'tradebot_exits_total{reason="stop"} 2.0\n' in text
    assert '{reason="a \\"quoted\\"\\nword"} 1.0\n' in text
    assert "# TYPE tradebot_exits_total counter\n" in text
    assert "# TYPE tradebot_waiting gauge\n" in text


@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ([], [0, 0, 0]),
        ([0.5], [1, 1, 1]),
        ([1.0], [1, 1, 1]),
        ([1.1, 2.0], [0, 2, 2]),
        ([0.0, 1.5, 9.0], [1, 2, 3]),
    ],
)
def test_a_histogram_counts_what_is_at_a_bound_or_below(values, counts):
    histogram = Histogram((1.0, 2.0))
    for value in values:
        histogram.observe(value)
    assert list(histogram.buckets()) == list(zip(("1", "2", "+Inf"), counts, strict=True))
    assert histogram.total == sum(values)


def test_a_histogram_is_one_for_prometheus_too():
    histogram = Histogram()
    histogram.observe(0.003)
    figure = Figure(name="tradebot_lag_seconds", text="Lag.", histogram=histogram)
    text = Exposition([lambda: [figure]]).text().decode()
    (family,) = text_string_to_metric_families(text)
    samples = {(s.name, s.labels.get("le")): s.value for s in family.samples}
    assert family.type == "histogram"
    assert samples["tradebot_lag_seconds_bucket", "0.0025"] == 0
    assert samples["tradebot_lag_seconds_bucket", "0.005"] == 1
    assert samples["tradebot_lag_seconds_count", None] == 1
    assert samples["tradebot_lag_seconds_sum", None] == 0.003


def test_bounds_ascend():
    assert list(SECONDS) == sorted(set(SECONDS))
