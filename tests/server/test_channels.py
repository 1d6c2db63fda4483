"""What channels show: a template, the list, the past and the feed."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from binder_registry import InMemoryStore, LogStore, Template
from binder_registry.backends import open_log
from binder_registry.changes import Change
from binder_registry.choices import Choice, FreeText, Option
from binder_registry.errors import RegistryError
from binder_registry.go_json import timestamp
from binder_registry.kept_members import channels_of, shown
from binder_registry.options import as_of_today

from .asking import application, asked, error_name, hints, listening, names
from .test_event_stream import streamed

OLD, NEW = Template(name="scipy", image_name="i:1"), Template(name="scipy", image_name="i:2")


class Registry:
    """A store, and a server over it that shows what it holds."""

    def __init__(self, store: LogStore, client: TestClient) -> None:
        self.store, self.client = store, client

    def get(self, target: str, **headers: str) -> Any:
        return self.client.get(target, headers={"Registry-Revision": str(self.store.head().revision), **headers})


@pytest.fixture
def registry(store: InMemoryStore) -> Iterator[Registry]:
    """`scipy` as it was at first is `stable`; `r` is in no channel."""
    store.register_template(OLD)
    store.promote_template("scipy", "stable")
    store.register_template(Template(name="r", image_name="i:r"))
    with asked(application(store)) as client:
        store.update_template(NEW)
        yield Registry(store, client)


def test_a_channel_shows_the_content_that_it_points_at(registry: Registry) -> None:
    stable, newest = registry.get("/templates/scipy?channel=stable"), registry.get("/templates/scipy")

    assert (stable.json()["image-name"], newest.json()["image-name"]) == ("i:1", "i:2")


def test_neither_says_anything_of_channels(registry: Registry) -> None:
    for target in ("/templates/scipy?channel=stable", "/templates/scipy"):
        assert registry.get(target).json().keys() == {
            *("name", "image-name", "command", "limits", "time-created", "time-modified")
        }


def test_what_the_server_itself_writes_carries_channels_on(registry: Registry) -> None:
    for command in ("a", "b"):
        registry.client.patch("/templates/scipy", json={"command": command})
    registry.client.post("/apply", json={"templates": [{"name": "scipy", "image-name": "i:9"}]})

    [found] = registry.get("/templates?channel=stable&view=full").json()

    assert (found["image-name"], found["channels"]) == ("i:1", {"stable": {"revision": 1, "behind": 4}})


def test_a_promotion_and_its_end_are_shown_at_once(registry: Registry) -> None:
    registry.store.promote_template("scipy", "stable")
    promoted = registry.get("/templates/scipy?channel=stable")
    registry.store.demote_template("scipy", "stable")

    assert promoted.json()["image-name"] == "i:2"
    assert registry.get("/templates/scipy?channel=stable").status_code == 404


def test_what_is_not_in_the_channel_is_not_found(registry: Registry) -> None:
    answer = registry.get("/templates/r?channel=stable")

    assert (answer.status_code, error_name(answer), hints(answer)) == (404, "channel_not_found", ["channel"])


def test_with_fallback_it_shows_its_newest_content(registry: Registry) -> None:
    assert registry.get("/templates/r?channel=stable&fallback=latest").json()["image-name"] == "i:r"
    assert registry.get("/templates/scipy?channel=stable&fallback=latest").json()["image-name"] == "i:1"


def test_latest_is_the_newest_revision_as_without(registry: Registry) -> None:
    for target in ("/templates/scipy", "/templates"):
        latest, without = registry.get(f"{target}?channel=latest"), registry.get(target)

        assert (latest.content, latest.headers["etag"]) == (without.content, without.headers["etag"])


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("channel=Stable", "channel"),
        ("channel=", "channel"),
        ("channel=a&channel=b", "channel"),
        ("channel=a&fallback=b", "fallback"),
        ("fallback=b", "fallback"),
    ],
)
@pytest.mark.parametrize("path", ["/templates", "/templates/scipy", "/changes"])
def test_what_is_no_channel_is_refused(registry: Registry, path: str, query: str, parameter: str) -> None:
    answer = registry.get(f"{path}?{query}")

    assert (answer.status_code, hints(answer)) == (400, [parameter])


@pytest.mark.parametrize("fallback", ["", "&fallback=latest"])
def test_a_list_holds_those_in_the_channel(registry: Registry, fallback: str) -> None:
    found = registry.get(f"/templates?channel=stable{fallback}").json()

    assert [one["image-name"] for one in found] == (["i:r", "i:1"] if fallback else ["i:1"])


@pytest.mark.parametrize("fallback", ["", "&fallback=latest"])
def test_a_list_is_kept_up_with_what_is_written(registry: Registry, fallback: str) -> None:
    registry.get(f"/templates?channel=stable{fallback}")
    registry.store.promote_template("r", "stable")
    registry.store.promote_template("scipy", "stable")

    found = registry.get(f"/templates?channel=stable{fallback}").json()
    registry.store.demote_template("r", "stable")
    registry.store.delete_template("scipy")

    assert [one["image-name"] for one in found] == ["i:r", "i:2"]
    assert names(registry.get(f"/templates?channel=stable{fallback}")) == (["r"] if fallback else [])


def test_a_channel_that_nobody_has_is_an_empty_list(registry: Registry) -> None:
    answer = registry.get("/templates?channel=testing")

    assert (answer.status_code, answer.json()) == (200, [])
    assert names(registry.get("/templates?channel=testing&fallback=latest")) == ["r", "scipy"]


def test_a_full_view_says_which_content_it_is_and_where_the_channel_is(registry: Registry) -> None:
    [found] = registry.get("/templates?channel=stable&view=full").json()

    said = ("revision", "content-revision", "channel", "channels")
    assert [found[member] for member in said] == [4, 1, "stable", {"stable": {"revision": 1, "behind": 1}}]


def test_a_query_looks_at_what_the_channel_shows(registry: Registry) -> None:
    assert names(registry.get("/templates?channel=stable&image=i:1")) == ["scipy"]
    assert names(registry.get("/templates?channel=stable&image=i:2")) == []
    assert names(registry.get("/templates?channel=stable&fallback=latest&limit=1&after=r")) == ["scipy"]


def test_a_list_with_tombstones_has_those_of_all_so_that_a_successor_is_found(registry: Registry) -> None:
    registry.store.register_template(Template(name="r-2", image_name="i"))
    registry.store.demote_template("scipy", "stable")
    registry.store.delete_template("scipy", replaced_by="scipy-2")  # which was in it once
    registry.store.delete_template("r", replaced_by="r-2")  # which never was

    found = registry.get("/templates?view=full&deleted=true&channel=stable").json()
    of_one = registry.get("/templates?view=full&deleted=true&channel=stable&name=r*").json()

    assert [(one["name"], one["deleted"], one["replaced-by"]) for one in found] == [
        ("r", True, "r-2"),
        ("scipy", True, "scipy-2"),
    ]
    assert [one["name"] for one in of_one] == ["r"]


def test_the_past_is_shown_as_the_channel_was(registry: Registry) -> None:
    registry.store.promote_template("scipy", "stable")

    assert registry.get("/templates/scipy?channel=stable&revision=4").json()["image-name"] == "i:1"
    assert [one["image-name"] for one in registry.get("/templates?channel=stable&revision=4").json()] == ["i:1"]
    assert error_name(registry.get("/templates/scipy?channel=stable&revision=1")) == "channel_not_found"


def test_options_are_those_that_the_channel_shows(registry: Registry) -> None:
    registry.store.replace_template(replace(OLD, options=(Option(name="size", choices=(Choice(name="big"),)),)))
    registry.store.promote_template("scipy", "stable")
    registry.store.replace_template(NEW)

    answer = registry.get("/templates/scipy?channel=stable&option.size=big")

    assert (answer.status_code, answer.json()["image-name"]) == (200, "i:1")
    assert registry.get("/templates/scipy?option.size=big").status_code == 400


def test_what_a_channel_shows_is_answered_by_the_fast_path(store: InMemoryStore) -> None:
    store.register_template(OLD)
    store.promote_template("scipy", "stable")
    answers = {}
    with listening(application(store)) as port, closing(HTTPConnection("127.0.0.1", port)) as connection:
        for target in ("/templates/scipy?channel=stable", "/templates?channel=stable"):
            for sent in ({"X-Unusual": "1"}, {}):  # which takes the ordinary path
                connection.request("GET", target, headers={"Accept-Encoding": "identity", **sent})
                answer = connection.getresponse()
                headers = {name.lower(): value for name, value in answer.getheaders()}
                was_fast = headers.pop("request-id", None) is None
                answers[target, was_fast] = answer.status, answer.read(), headers["etag"], headers["content-type"]

    for target in ("/templates/scipy?channel=stable", "/templates?channel=stable"):
        assert answers[target, True] == answers[target, False]


# ── ETags ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("target", ["/templates/scipy?", "/templates?", "/templates?view=full&deleted=true&"])
def test_the_etag_of_a_channel_is_known_again(registry: Registry, target: str) -> None:
    tag = registry.get(f"{target}channel=stable").headers["etag"]
    plain = registry.get(target[:-1]).headers["etag"]

    assert tag == f'{plain[:-1]}-stable"'
    assert registry.get(f"{target}channel=stable", **{"If-None-Match": tag}).status_code == 304
    assert registry.get(f"{target}channel=stable", **{"If-None-Match": plain}).status_code == 200
    assert registry.get(f"{target}channel=stable", **{"If-Match": tag}).status_code == 200
    assert registry.get(f"{target}channel=stable", **{"If-Match": plain}).status_code == 412


@pytest.mark.parametrize("channel", ["stable", "gzip", "beef", "a-zstd", "br"])
def test_nothing_is_written_over_by_the_etag_of_a_channel(registry: Registry, channel: str) -> None:
    registry.store.promote_template("scipy", channel, 1)
    tag = registry.get(f"/templates/scipy?channel={channel}").headers["etag"]

    for sent in (tag, f"W/{tag}", f'{tag[:-1]}-gzip"', f'{tag}, "0"'):
        answer = registry.client.patch("/templates/scipy", json={"command": "x"}, headers={"If-Match": sent})
        assert (answer.status_code, error_name(answer)) == (412, "revision_conflict")


# ── rights ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("query", ["", "&fallback=latest", "&view=full", "&revision=5"])
def test_a_right_that_was_taken_away_today_is_gone_in_every_channel(registry: Registry, query: str) -> None:
    registry.store.replace_template(replace(NEW, allowed_groups=("staff",), paused="broken", deprecated="old"))

    found = {one["name"]: one for one in registry.get(f"/templates?channel=stable{query}").json()}["scipy"]

    assert found["image-name"] == "i:1"
    assert (found["allowed-groups"], found["paused"], found["deprecated"]) == (["staff"], "broken", "old")


# ── the feed ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def feed(registry: Registry, query: str = "channel=stable") -> list[tuple[Any, ...]]:
    return [
        (row["revision"], row["action"], row["name"], row.get("template", {}).get("image-name"))
        for row in registry.get(f"/changes?{query}").json()["changes"]
    ]


def test_the_feed_tells_what_changes_for_a_reader_of_the_channel(registry: Registry) -> None:
    registry.store.promote_template("scipy", "stable")
    registry.store.update_template(replace(NEW, image_name="i:3"))
    registry.store.replace_template(replace(NEW, image_name="i:3", paused="broken"))
    registry.store.demote_template("scipy", "stable")

    near, far = feed(registry, "channel=stable&since=4"), feed(registry)

    assert near == [(5, "updated", "scipy", "i:2"), (7, "updated", "scipy", "i:2"), (8, "deleted", "scipy", None)]
    assert far == [(2, "created", "scipy", "i:1"), *near]


def test_the_deletion_of_what_is_in_the_channel_is_told_with_its_successor(registry: Registry) -> None:
    registry.store.delete_template("r")
    registry.store.delete_template("scipy", replaced_by="scipy-2")

    [row] = registry.get("/changes?channel=stable&since=4").json()["changes"]

    assert (row["action"], row["deleted"], row["template"]["replaced-by"]) == ("deleted", True, "scipy-2")


def test_a_row_of_the_feed_is_what_the_list_shows(registry: Registry) -> None:
    registry.store.promote_template("scipy", "stable")
    [row] = registry.get("/changes?channel=stable&since=4").json()["changes"]
    [shown] = registry.get("/templates?channel=stable&view=full").json()

    assert {**row["template"], "revision": row["revision"]} == shown


def test_a_stream_brings_what_changed_before_and_what_changes_now(store: InMemoryStore) -> None:
    store.register_template(OLD)
    store.promote_template("scipy", "stable")
    with listening(application(store)) as port, streamed(port, "?channel=stable&since=0") as stream:
        found = stream.events(1)
        store.update_template(NEW)
        store.promote_template("scipy", "stable")
        store.demote_template("scipy", "stable")
        found += stream.events(2)

    assert [(each["revision"], each["action"]) for each in found] == [(2, "created"), (4, "updated"), (5, "deleted")]
    assert [each["template"]["image-name"] for each in found[:2]] == ["i:1", "i:2"]


def test_the_feed_of_a_channel_goes_on_in_order_alone(registry: Registry) -> None:
    assert hints(registry.get("/changes?channel=stable&order=newest")) == ["order"]


# ── everything, against what is computed from nothing ────────────────────────────────────────────────────────────────

CHANNELS = ("stable", "testing")


def options(order: random.Random) -> tuple[Option, ...]:
    def groups() -> Any:
        return order.choice([None, (), ("staff",), ("staff", "it")])

    choices = [Choice(name=name, allowed_groups=groups()) for name in order.sample("abc", order.randint(1, 3))]
    typed = FreeText(allowed_groups=groups()) if order.random() < 0.5 else None
    return (Option(name=order.choice("xy"), choices=tuple(choices), free_text=typed),) if order.random() < 0.6 else ()


def content(order: random.Random, name: str) -> Template:
    return Template(
        name=name,
        image_name=f"i:{order.randint(1, 9)}",
        allowed_groups=order.choice([(), ("staff",), ("staff", "it")]),
        paused=order.choice(["", "", "broken"]),
        deprecated=order.choice(["", "", "old"]),
        labels=order.choice([{}, {"course": "bio"}]),
        options=options(order),
    )


def step(order: random.Random, store: LogStore) -> None:
    name, channel, revision = order.choice("abc"), order.choice(CHANNELS), order.randint(1, store.head().revision + 1)
    kind = order.choice(
        ["register", "replace", "replace", "delete", "restore", "promote", "promote", "demote", "purge"]
    )
    verbs: dict[str, Callable[[], object]] = {
        "register": lambda: store.register_template(content(order, name)),
        "replace": lambda: store.replace_template(content(order, name)),
        "delete": lambda: order.random() < 0.4 and store.delete_template(name),
        "restore": lambda: store.restore_template(name, revision),
        "promote": lambda: store.promote_template(name, channel, order.choice([None, revision])),
        "demote": lambda: order.random() < 0.4 and store.demote_template(name, channel),
        "purge": lambda: store.purge_change(name, revision),
    }
    with suppress(RegistryError):
        verbs[kind]()


def computed(log: list[Change], channel: str, until: int) -> dict[str, Any]:
    """What the channel showed at that revision, by name; "purged" where nobody can tell any more."""
    by_revision = {change.revision: change for change in log}
    newest = {change.name: change for change in log if change.revision <= until}
    found: dict[str, Any] = {}
    for name, change in sorted(newest.items()):
        if change.deleted:
            continue
        if change.content is None:
            found[name] = "purged"
            continue
        pointer = channels_of(change.content).get(channel)
        if pointer:
            past = by_revision[pointer.revision].content
            today = json.loads(shown(change.content))
            found[name] = "purged" if past is None else as_of_today(today, json.loads(shown(past)))
    return found


def folded(registry: Registry, channel: str, since: int, state: dict[str, Any]) -> dict[str, Any]:
    """`state`, and what the feed told since."""
    state = dict(state)
    for row in registry.get(f"/changes?channel={channel}&since={since}").json()["changes"]:
        if row.get("deleted"):
            state.pop(row["name"], None)
        elif "template" in row:
            beside = ("channels", "content-revision", "channel", "uses")
            state[row["name"]] = {key: value for key, value in row["template"].items() if key not in beside}
    return state


@pytest.mark.parametrize("backend", ["memory", "sqlite"])
@pytest.mark.parametrize("seed", range(4))
def test_what_channels_show_is_what_the_log_says(backend: str, seed: int, tmp_path: Path) -> None:
    order = random.Random(seed)
    store = LogStore(open_log("memory:" if backend == "memory" else f"sqlite:///{tmp_path}/r.sqlite"))
    with asked(application(store)) as client:
        registry, told = Registry(store, client), {channel: (0, dict[str, Any]()) for channel in CHANNELS}
        for number in range(1, 121):
            step(order, store)
            if number % 20:
                continue
            log, head = store.changes(), store.head().revision
            for channel in CHANNELS:
                today = computed(log, channel, head)
                assert {one["name"]: one for one in registry.get(f"/templates?channel={channel}").json()} == today
                for name, one in today.items():
                    assert registry.get(f"/templates/{name}?channel={channel}").json() == one
                since, state = told[channel]
                state = folded(registry, channel, since, state)
                assert state == today
                told[channel] = head, state
        _look_at_the_past(order, registry, store.changes())
    store.close()


def test_a_large_apply_carries_channels_on_and_promotes(tmp_path: Path) -> None:
    labels = {"course": "physics"}
    wanted = [{"name": f"n{number:04}", "image-name": "i:2"} for number in range(2100)]
    wanted[1]["labels"] = wanted[2]["labels"] = labels  # type: ignore[assignment]
    with closing(LogStore(open_log(f"sqlite:///{tmp_path}/r.sqlite"))) as store, asked(application(store)) as client:
        for name in ("n0000", "n0001", "n0003"):
            store.register_template(Template(name=name, image_name="i:1"))
            store.promote_template(name, "testing")

        body = {"templates": wanted, "promote": {"channel": "stable", "label": "course=physics"}}
        answer = client.post("/apply", json=body)

        shown = {one["name"]: one for one in client.get("/templates?view=full").json()}
        wrote = {row.name: row for row in store.changes(since=6, limit=2100)}
        promoted = store.changes(since=2106)
    assert answer.status_code == 200
    assert [(row.action, row.name) for row in promoted] == [("promoted", "n0001"), ("promoted", "n0002")]
    assert {name: one["channels"] for name, one in shown.items() if one.get("channels")} == {
        "n0000": {"testing": {"revision": 1, "behind": 1}},
        "n0001": {"stable": {"revision": 8, "behind": 0}, "testing": {"revision": 3, "behind": 1}},
        "n0002": {"stable": {"revision": 9, "behind": 0}},
        "n0003": {"testing": {"revision": 5, "behind": 1}},
    }
    assert [name for name, one in shown.items() if one["time-modified"] != timestamp(wrote[name].time)] == []


def _look_at_the_past(order: random.Random, registry: Registry, log: list[Change]) -> None:
    with asked(application(registry.store)) as client:
        anew = Registry(registry.store, client)
        for channel in CHANNELS:
            assert folded(anew, channel, 0, {}) == computed(log, channel, len(log))
            assert (
                anew.get(f"/templates?channel={channel}").content
                == registry.get(f"/templates?channel={channel}").content
            )
            for revision in order.sample(range(1, len(log)), 5):
                past = computed(log, channel, revision)
                answer = anew.get(f"/templates?channel={channel}&revision={revision}")
                if "purged" in past.values() or any(
                    change.content is None for change in log if change.revision <= revision
                ):
                    assert answer.status_code in (200, 410)
                else:
                    assert {one["name"]: one for one in answer.json()} == past
