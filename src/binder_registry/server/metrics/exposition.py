"""Readings as text: Prometheus's own format, version 0.0.4, which all who scrape can read."""

from collections.abc import Iterable, Iterator
from itertools import accumulate

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from .readings import Buckets, Reading
from .table import METRICS
from .table import Metric as Declared

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4.encode()
PROCESS = ProcessCollector(registry=None)  # memory, processor and descriptors, by the names that all programs have
Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
_FAMILIES: dict[str, type[Family]] = {
    "counter": CounterMetricFamily,
    "gauge": GaugeMetricFamily,
    "histogram": HistogramMetricFamily,
}


class _Read(Collector):
    def __init__(self, readings: Iterable[Reading]) -> None:
        self._readings = readings

    def collect(self) -> Iterator[Metric]:
        families = {metric.name: _family(metric) for metric in METRICS}
        for metric, labels, value in self._readings:
            family = families[metric.name]
            if isinstance(value, Buckets):
                assert isinstance(family, HistogramMetricFamily)
                family.add_metric(labels, _cumulative(value), value.total)
            else:
                assert not isinstance(family, HistogramMetricFamily)
                family.add_metric(labels, value)
        yield from families.values()
        yield from PROCESS.collect()


def rendered(readings: Iterable[Reading]) -> bytes:
    """Every metric of the table, also one without a reading. In any thread: it takes some microseconds for a line."""
    return generate_latest(_Read(readings))


def _family(metric: Declared) -> Family:
    return _FAMILIES[metric.kind](metric.name, metric.meaning, labels=metric.labels)


def _cumulative(value: Buckets) -> list[tuple[str, int]]:
    bounds = [*map(floatToGoString, (*value.bounds, float("inf")))]
    return list(zip(bounds, accumulate(value.counts), strict=True))
