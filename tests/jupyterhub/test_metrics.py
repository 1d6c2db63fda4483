"""What `/hub/metrics` shows of us, as the hub's own library collects it; and what is kept with a server of it."""

import asyncio
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import module_from_spec, spec_from_file_location
from types import SimpleNamespace
from typing import Any

import pytest
from tornado.web import HTTPError

from binder_registry.client import Client
from binder_registry.hub.metrics import HEALED, METRICS, MOST_COUNTED, metrics_prefix
from binder_registry.hub.refusals import REFUSALS
from binder_registry.jupyterhub import Environments, Follower, Rules, show_metrics
from tests.jupyterhub.hubs import PROJECT, Hub, need_module
from tests.jupyterhub.samples import HubUser, catalogue, environments, template
from tests.jupyterhub.test_environments import spawner_for
from tests.jupyterhub.test_hub import publish, seen

need_module("jupyterhub")

from prometheus_client import REGISTRY, generate_latest  # noqa: E402  # comes with the hub
from prometheus_client.parser import text_string_to_metric_families  # noqa: E402

PAGE = (PROJECT / "docs" / "jupyterhub.md").read_text().partition("\n## Metrics\n")[2].partition("\n## ")[0]


@pytest.fixture(autouse=True)
def nothing_stays_registered() -> Iterator[None]:
    yield
    if shown := vars(REGISTRY).pop("binder_registry", None):
        REGISTRY.unregister(shown)


def shown(hooks: Environments, name: str, **labels: str) -> float | None:
    show_metrics(hooks.measured)
    return REGISTRY.get_sample_value(f"jupyterhub_binder_registry_{name}", labels)


def try_to_start(hooks: Environments, options: dict[str, Any], user: HubUser | None = None) -> Any:
    spawner = spawner_for(user)
    with suppress(HTTPError):
        asyncio.run(hooks.apply_user_options(spawner, options))
    return spawner


def test_the_page_has_a_row_for_each_metric_and_each_reason() -> None:
    metrics = dict(
        re.findall(r"^\| `(\w+?)(?:_total)?` \| (?:gauge|counter) \| `(\w+(?:`, `\w+)*)` \|", PAGE, re.MULTILINE)
    )
    reasons = re.findall(r"^\| `([a-z-]+)` \| [^|]+ \|$", PAGE, re.MULTILINE)

    assert {name: tuple(labels.split("`, `")) for name, labels in metrics.items()} == {
        metrics_prefix() + name: metric.labels for name, metric in METRICS.items()
    }
    assert reasons == list(REFUSALS)
    assert f"{MOST_COUNTED} templates" in PAGE
    assert all(f"`{what}`" in PAGE for what in HEALED)


def test_a_start_is_counted_by_its_template_and_channel() -> None:
    rules = Rules("local", channel="stable")
    hooks = environments(catalogue(template("a", channel="stable"), rules=rules), rules)

    try_to_start(hooks, {"template": "a"})
    try_to_start(hooks, {})

    assert shown(hooks, "starts_total", template="a", channel="stable") == 2


def test_without_a_channel_it_is_the_newest_that_starts() -> None:
    hooks = environments(catalogue(template("a")))

    try_to_start(hooks, {"template": "a"})

    assert shown(hooks, "starts_total", template="a", channel="latest") == 1


def test_more_templates_than_have_series_of_their_own_are_counted_together() -> None:
    hooks = environments(catalogue(template("a")))

    for number in range(MOST_COUNTED + 5):
        hooks.counted.start(f"t{number}", "latest")

    assert shown(hooks, "starts_total", template="t0", channel="latest") == 1
    assert shown(hooks, "starts_total", template="other", channel="latest") == 5
    assert len(hooks.counted.starts) == MOST_COUNTED + 1


TYPED = {"name": "size", "choices": [{"name": "s", "default": True}]}
REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # by the reason: members of the template, and the start
    "malformed": ({}, {"template": ["a"]}),
    "unknown": ({}, {"template": "b"}),
    "not-offered": ({"command": "sh"}, {"template": "a"}),
    "paused": ({"paused": "Back on Monday."}, {"template": "a"}),
    "revision": ({}, {"template": "a", "revision": 99}),
    "option": ({"options": [TYPED]}, {"template": "a", "options": {"size": "huge"}}),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_refusal_is_counted_by_its_reason(reason: str) -> None:
    members, options = REFUSED[reason]
    hooks = environments(catalogue(template("a", **members), template("always")))

    try_to_start(hooks, options)

    assert {one for (one,), times in hooks.counted.refused.items() if times} == {reason}
    assert shown(hooks, "refused_starts_total", reason=reason) == 1
    assert not hooks.counted.starts


def test_what_the_spawner_does_not_take_is_a_refusal_and_no_start() -> None:
    def raising(_: Any) -> str:
        raise ValueError

    def override(_: Any, profile: dict[str, Any]) -> dict[str, Any]:
        profile["kubespawner_override"]["default_url"] = raising
        return profile

    rules = Rules("local", override=override)
    hooks = environments(catalogue(template("a"), rules=rules), rules)

    try_to_start(hooks, {"template": "a"})

    assert shown(hooks, "refused_starts_total", reason="settings") == 1
    assert not hooks.counted.starts


def test_who_may_start_nothing_and_who_has_no_list_are_refused_for_that() -> None:
    closed = environments(catalogue(template("a", allowed_groups=["g"])))
    away = environments(None)

    try_to_start(closed, {})
    try_to_start(away, {})

    assert shown(closed, "refused_starts_total", reason="nothing") == 1
    assert shown(away, "refused_starts_total", reason="no-list") == 1


def test_saved_choices_that_healed_are_counted() -> None:
    old = template("old", deleted=True, replaced_by="a")
    hooks = environments(catalogue(template("a", options=[TYPED]), old))

    try_to_start(hooks, {"template": "old"})
    try_to_start(hooks, {"profile": "a", "size": "gone"})
    try_to_start(hooks, {"profile": "a", "size": "s"})

    assert shown(hooks, "healed_starts_total", what="template") == 1
    assert shown(hooks, "healed_starts_total", what="option") == 1


def test_the_list_is_as_old_as_the_registrys_last_word_and_as_long_as_what_is_offered() -> None:
    hooks = environments(catalogue(template("a"), template("b"), template("sh", command="sh")))
    hooks.follower.contact = time.time() - 1000

    age = shown(hooks, "list_age_seconds", channel="latest")

    assert age is not None
    assert 1000 <= age < 1100
    assert shown(hooks, "offered_templates", channel="latest") == 2


def test_a_list_that_never_came_is_as_old_as_the_hub() -> None:
    hooks = environments(None)
    hooks.follower.contact = 0

    age = shown(hooks, "list_age_seconds", channel="latest")

    assert age is not None
    assert age < 100


def test_what_is_tried_out_has_a_list_of_its_own() -> None:
    rules = Rules("local", try_out=("testing", "testers"))
    beside = Follower("http://localhost:9", "", rules, tries_out=True)
    hooks = environments(catalogue(template("a"), rules=rules), rules, beside=beside)

    assert shown(hooks, "offered_templates", channel="latest") == 1
    assert shown(hooks, "offered_templates", channel="testing") == 0


def test_a_module_that_is_there_twice_shows_the_last_that_was_configured() -> None:
    spec = spec_from_file_location("mounted_hooks", PROJECT / "src" / "binder_registry" / "jupyterhub.py")
    assert spec is not None
    assert spec.loader is not None
    mounted = module_from_spec(spec)
    sys.modules["mounted_hooks"] = mounted  # dataclasses look their module up
    spec.loader.exec_module(mounted)
    first, second = environments(catalogue(template("a"))), environments(catalogue(template("a"), template("b")))

    show_metrics(first.measured)
    mounted.show_metrics(first.measured)
    mounted.show_metrics(second.measured)

    families = list(text_string_to_metric_families(generate_latest(REGISTRY).decode()))
    [offered] = [one for one in families if one.name == "jupyterhub_binder_registry_offered_templates"]
    assert [sample.value for sample in offered.samples] == [2]
    del sys.modules["mounted_hooks"]


def test_the_hubs_prefix_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_METRICS_PREFIX", "physics")

    show_metrics(environments(catalogue(template("a"))).measured)

    assert REGISTRY.get_sample_value("physics_binder_registry_offered_templates", {"channel": "latest"}) == 1


def test_without_prometheus_client_a_hub_starts_what_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    hooks = environments(catalogue(template("a")))

    show_metrics(hooks.measured)

    assert try_to_start(hooks, {"template": "a"}).cmd == ["jupyterhub-singleuser"]


def test_what_runs_is_kept_beside_the_choice_which_stays_as_it_was_made() -> None:
    hooks = environments(catalogue(template("a", 7), versions=1, a=[template("a", 3)]), default="a")
    spawner = spawner_for()
    kept = []

    for options in ({}, {"template": "a", "revision": 3}):
        spawner.orm_spawner = SimpleNamespace(user_options=options, server=None)
        asyncio.run(hooks.apply_user_options(spawner, options))
        kept.append(spawner.orm_spawner.user_options)

    marks = {"binder-registry/template": "a", "binder-registry/revision": "7"}
    assert kept == [marks, {"template": "a", "revision": 3, **marks, "binder-registry/revision": "3"}]
    assert spawner.user_options["binder-registry/revision"] == "3"


def test_what_ran_last_is_no_choice_when_it_is_replayed() -> None:
    hooks = environments(catalogue(template("a", 7), template("b", 8)), default="b")
    last = {"binder-registry/template": "a", "binder-registry/revision": "3", "binder-registry/channel": "old"}

    spawner = try_to_start(hooks, last)

    assert spawner.user_options == {
        "template": "b",
        "profile": "b",
        "binder-registry/template": "b",
        "binder-registry/revision": "8",
    }


def _metrics(hub: Hub) -> Callable[..., float]:
    with hub.visit("admin") as browser:
        answer = browser.get("/hub/metrics")
    assert answer.status_code == 200, answer.text[:500]
    samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]

    def value(name: str, **labels: str) -> float:
        found = [one.value for one in samples if one.name == metrics_prefix() + name and one.labels == labels]
        return found[0] if found else 0

    return value


def test_a_hubs_own_page_of_metrics_shows_them(hub: Hub, publisher: Client) -> None:
    publish(publisher, "measured")
    seen(hub, "measured")
    before = _metrics(hub)

    hub.start("meg", {"template": "measured"})
    hub.environment("meg")
    hub.start("mia", {"template": "no such one"})

    after = _metrics(hub)
    assert after("starts_total", template="measured", channel="latest") == 1
    assert after("refused_starts_total", reason="unknown") == before("refused_starts_total", reason="unknown") + 1
    assert after("offered_templates", channel="latest") >= 1
    assert after("list_age_seconds", channel="latest") < 60
    hub.stop_server("meg")
