"""What a hub's `/hub/metrics` shows of its list and of its starts; nothing where there is no prometheus_client."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

from tornado.web import HTTPError

from .refusals import REFUSALS, refusal_of

MOST_COUNTED = 200  # templates with series of their own
OTHER_TEMPLATES = "other"
Values = Mapping[tuple[str, ...], float]  # by the values of the labels


class Metric(NamedTuple):
    kind: Literal["gauge", "counter"]
    labels: tuple[str, ...]
    help: str


METRICS = {  # by what stands behind the prefix; the names of counters end in _total
    "list_age_seconds": Metric("gauge", ("channel",), "Seconds since the registry last said that the list is current."),
    "offered_templates": Metric("gauge", ("channel",), "Templates that this hub offers now."),
    "starts": Metric("counter", ("template", "channel"), "Starts that went on to the spawner."),
    "refused_starts": Metric("counter", ("reason",), "Starts that were refused."),
    "healed_starts": Metric("counter", ("what",), "Starts whose saved choice was gone, and something in its place."),
}
HEALED = ("template", "option")


class Counted:
    """Since the hub's start; in its loop, as all hooks are."""

    def __init__(self) -> None:
        self.starts: Counter[tuple[str, ...]] = Counter()
        self.refused: Counter[tuple[str, ...]] = Counter({(reason,): 0 for reason in REFUSALS})
        self.healed: Counter[tuple[str, ...]] = Counter({(what,): 0 for what in HEALED})
        self._named: set[str] = set()

    def start(self, template: str, channel: str) -> None:
        if template not in self._named and len(self._named) >= MOST_COUNTED:
            template = OTHER_TEMPLATES
        self._named.add(template)
        self.starts[template, channel] += 1

    @contextmanager
    def refusals(self) -> Iterator[None]:
        try:
            yield
        except HTTPError as error:
            if reason := refusal_of(error):
                self.refused[reason,] += 1
            raise


def metrics_prefix() -> str:
    """The hub's own, and ours."""
    return f"{os.environ.get('JUPYTERHUB_METRICS_PREFIX', 'jupyterhub')}_binder_registry_"


class _Collector:
    def __init__(self, values: Callable[[], Mapping[str, Values]]) -> None:
        self._values, self._prefix = values, metrics_prefix()

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        families = {"gauge": GaugeMetricFamily, "counter": CounterMetricFamily}
        values = self._values()
        for name, metric in METRICS.items():
            family = families[metric.kind](self._prefix + name, metric.help, labels=metric.labels)
            for labels, value in dict(values[name]).items():
                family.add_metric(labels, value)
            yield family


def show_metrics(values: Callable[[], Mapping[str, Values]]) -> None:
    """In the place of what was shown before: the last `configure` is the one whose hooks are called, and this module
    may be in a hub twice, installed and mounted."""
    try:
        from prometheus_client import REGISTRY
    except ImportError:
        return
    shown = vars(REGISTRY)
    if before := shown.get("binder_registry"):
        REGISTRY.unregister(before)
    shown["binder_registry"] = collector = _Collector(values)
    REGISTRY.register(collector)
