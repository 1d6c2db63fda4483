import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from binder_registry import jupyterhub
from binder_registry.jupyterhub import Follower, Rules
from tests.jupyterhub.registry_stub import RegistryStub
from tests.jupyterhub.samples import template


@pytest.fixture
def registry() -> Iterator[RegistryStub]:
    with RegistryStub() as stub:
        stub.publish(template("a"))
        yield stub


@contextmanager
def following(registry: RegistryStub, **options: Any) -> Iterator[Follower]:
    options = {"poll": 0.05, **options}
    follower = Follower(registry.url, options.pop("token", ""), Rules(), **options)
    follower.start()
    try:
        yield follower
    finally:
        follower.stop()
        registry.stop()  # which ends the stream that the thread reads
        follower.join(10)
        assert not follower.is_alive()


def eventually(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def offers(follower: Follower) -> list[str]:
    return sorted(follower.catalogue.offers) if follower.catalogue else []


def offered(follower: Follower, name: str) -> bool:
    return name in offers(follower)


# ── fresh ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_published_comes_over_the_stream(registry: RegistryStub) -> None:
    with following(registry, poll=60) as follower:
        eventually(lambda: offers(follower) == ["a"])

        registry.publish(template("b"))

        eventually(lambda: offers(follower) == ["a", "b"])
        assert registry.fetched == [200]


def test_a_deleted_template_leaves_the_list_and_stays_known(registry: RegistryStub) -> None:
    with following(registry) as follower:
        eventually(lambda: offers(follower) == ["a"])

        registry.publish(template("a", replaced_by="b"), action="deleted", deleted=True)

        eventually(lambda: offers(follower) == [])
        assert follower.catalogue
        assert follower.catalogue.templates["a"]["replaced-by"] == "b"


def test_without_a_stream_the_list_is_polled_and_sent_only_when_it_changed(registry: RegistryStub) -> None:
    registry.streams = False
    with following(registry) as follower:
        eventually(lambda: len(registry.fetched) >= 3)
        registry.publish(template("b"))

        eventually(lambda: offers(follower) == ["a", "b"])
        assert registry.fetched.count(200) == 2


def test_after_an_outage_only_what_was_missed_is_sent(registry: RegistryStub) -> None:
    with following(registry) as follower:
        eventually(lambda: offers(follower) == ["a"])
        registry.stop()
        registry.start()

        registry.publish(template("b"))

        eventually(lambda: offers(follower) == ["a", "b"])


def test_another_log_at_the_same_address_is_loaded_anew(registry: RegistryStub) -> None:
    with following(registry) as follower:
        eventually(lambda: offers(follower) == ["a"])
        registry.stop()
        registry.mark, registry.changes = "b" * 16, []
        registry.publish(template("other"))
        registry.start()

        eventually(lambda: offers(follower) == ["other"])


def test_the_token_is_sent(registry: RegistryStub) -> None:
    registry.token = "t"
    with following(registry, token="t") as follower:
        eventually(lambda: offers(follower) == ["a"])


def test_a_token_that_was_read_from_a_file_may_end_with_its_line(registry: RegistryStub) -> None:
    registry.token = "t"
    with following(registry, token="t\n") as follower:
        eventually(lambda: offers(follower) == ["a"])


@pytest.mark.parametrize("token", ["sec\nret", "sec ret", "sec\tret", "Bearer hunter2", "sécret", "sec\u00a0ret"])
def test_a_token_that_cannot_be_one_is_refused_without_repeating_it(token: str) -> None:
    with pytest.raises(ValueError, match="token= holds") as refused:
        Follower("http://localhost:9", token, Rules())

    assert not re.search("sec|sé|ret|hunter", str(refused.value))


@pytest.mark.parametrize("url", ["", "registry:8080", "ftp://registry", "http://"])
def test_what_is_no_url_of_a_registry_is_refused_when_the_hub_starts(url: str) -> None:
    with pytest.raises(ValueError, match="is not the URL of a registry"):
        Follower(url, "", Rules())


@pytest.mark.parametrize(
    "url",
    [
        "http://ada:hunter2@registry:8080",
        "http://hunter2@registry",
        "https://:hunter2@registry",
        "http://ada%3Ahunter2%40registry",
        "ftp://ada:hunter2@registry",
        "ada:hunter2@registry:8080",
        "http://ada:hunter#2@registry",
        "http://ada:hunter2@registry:port",
        "http://[ada:hunter2@registry",
        "http://registry?token=hunter2",
        "http://registry/prefix?hunter2@x",
        "http://registry#hunter2",
        "hunter2",
        "http:hunter2",
    ],
)
def test_a_url_that_holds_what_is_secret_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="url=") as refused:
        Follower(url, "", Rules())

    assert "hunter" not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_where_to_put_a_password_instead_is_said() -> None:
    with pytest.raises(ValueError, match="token="):
        Follower("http://ada:hunter2@registry:8080", "", Rules())


@pytest.mark.parametrize(
    "url", ["http://[::1]:8080/", "https://registry.example.org/a/b", " http://registry:8080\n", "http://registry/a@b"]
)
def test_what_is_a_url_of_a_registry_is_taken(url: str) -> None:
    assert Follower(url, "", Rules())


@pytest.mark.parametrize("versions", [-1, 1.0, True, "3", None, 500, 10**30])
def test_a_number_of_versions_that_cannot_be_meant_is_refused(versions: Any) -> None:
    with pytest.raises(ValueError, match=r"^versions= has"):
        Follower("http://registry", "", Rules(), versions=versions)


@pytest.mark.parametrize("poll", [0, -5, float("nan"), float("inf"), True, "5", None, 10**9])
def test_a_pause_that_cannot_be_meant_is_refused(poll: Any) -> None:
    with pytest.raises(ValueError, match=r"^poll= has"):
        Follower("http://registry", "", Rules(), poll=poll)


@pytest.mark.parametrize("members", [{"token": None}, {"token": b"t"}, {"url": None}])
def test_what_is_not_even_text_is_refused_by_its_name(members: dict[str, Any]) -> None:
    [name] = members

    with pytest.raises(ValueError, match=f"{name}="):
        Follower(**{"url": "http://registry", "token": "", "rules": Rules(), **members})


def test_proxies_of_the_environment_do_not_matter(registry: RegistryStub, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    with following(registry) as follower:
        eventually(lambda: offers(follower) == ["a"])


# ── a stream that does not get through ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("held", ["headers", "body"])
def test_beside_a_stream_that_is_held_back_the_list_is_polled(
    registry: RegistryStub, held: Any, caplog: pytest.LogCaptureFixture
) -> None:
    registry.held = held
    with following(registry) as follower:
        eventually(lambda: registry.opened)

        registry.publish(template("b"))

        eventually(lambda: offers(follower) == ["a", "b"])
        assert follower.mode == "polling"
        assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


def test_a_stream_that_times_out_is_told_once_and_not_as_a_warning(
    registry: RegistryStub, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jupyterhub, "STREAM_SILENCE", 0.05)
    caplog.set_level(logging.INFO)
    registry.held = "headers"
    with following(registry, poll=0.01):
        eventually(lambda: registry.opened > 4)
        told = list(caplog.records)

    assert [one.levelno for one in told] == [logging.INFO]
    assert "does not get through" in told[0].getMessage()
    assert "timed out" in told[0].getMessage()


def test_a_stream_that_gets_through_ends_the_polling(registry: RegistryStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jupyterhub, "STREAM_OPENING", 0.0)
    with following(registry) as follower:
        eventually(lambda: registry.opened)
        registry.say(":\n\n")
        eventually(lambda: follower.mode == "streaming")
        asked = len(registry.fetched)

        for name in "bcdefgh":
            registry.publish(template(name))
            eventually(partial(offered, follower, name))

        assert registry.fetched[asked:] == []


def test_a_stream_that_falls_silent_is_polled_through(registry: RegistryStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jupyterhub, "STREAM_OPENING", 0.0)
    monkeypatch.setattr(jupyterhub, "STREAM_QUIET", 0.0)
    with following(registry) as follower:
        eventually(lambda: registry.opened)
        registry.say(":\n\n")
        eventually(lambda: follower.mode == "streaming")

        eventually(lambda: follower.mode == "polling")
        asked = len(registry.fetched)

        eventually(lambda: len(registry.fetched) > asked)


def test_a_heartbeat_may_say_how_far_the_registry_is(registry: RegistryStub) -> None:
    position = f"9-{registry.mark}"
    with following(registry, poll=60) as follower:
        eventually(lambda: registry.opened)

        registry.say(f": hb\nid: {position}\n\n")

        eventually(lambda: follower.catalogue and follower.catalogue.position == position)
        assert offers(follower) == ["a"]


def test_it_resumes_from_where_a_heartbeat_said(registry: RegistryStub) -> None:
    with following(registry, poll=1) as follower:
        eventually(lambda: registry.opened)
        position = f"9-{registry.mark}"
        registry.say(f"id:{position}\n\n")
        eventually(lambda: follower.catalogue and follower.catalogue.position == position)
        registry.tag, registry.listed = "", (304, {}, b"")
        registry.stop()
        registry.start()

        eventually(lambda: f"/changes?since={position}" in registry.requests)


@pytest.mark.parametrize("said", ["id: 12\n\n", "id: \n\n", "id: x-y\n\n", "retry: 5\n\n", "\n\n"])
def test_what_is_no_position_leaves_it_where_it_is(registry: RegistryStub, said: str) -> None:
    with following(registry, poll=60) as follower:
        eventually(lambda: registry.opened)
        registry.say(said)
        registry.publish(template("b"))

        eventually(lambda: offers(follower) == ["a", "b"])
        assert follower.catalogue
        assert follower.catalogue.position == registry.position


@pytest.mark.parametrize(
    "said", ["data: {\n\n", "id: 2-aaaaaaaaaaaaaaaa\ndata: []\n\n", 'id: 2-aaaaaaaaaaaaaaaa\ndata: {"name": 5}\n\n']
)
def test_an_event_that_is_no_change_ends_the_stream_and_nothing_else(
    registry: RegistryStub, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with following(registry) as follower:
        eventually(lambda: registry.opened)
        registry.say(said)
        registry.publish(template("b"))

        eventually(lambda: offers(follower) == ["a", "b"])
        assert caplog.text == ""


# ── trouble ──────────────────────────────────────────────────────────────────────────────────────────────────────────


JSON_TYPE = {"Content-Type": "application/json"}
ETAG = {"ETag": f'"9-{"b" * 16}"'}
TROUBLES = {
    "401": ((401, {}, b"{}"), "401 Unauthorized: it wants a token="),
    "403": ((403, {}, b"{}"), "403 Forbidden: the token= may not read"),
    "404": ((404, {}, b"404 page not found"), "404 Not Found: is a prefix missing in url=?"),
    "304 without a condition": ((304, {}, b""), "304 Not Modified"),
    "a redirect": (
        (302, {"Location": "https://sso.example.org/login?state=hunter2"}, b""),
        "302 Found, to sso.example.org/login, which is not followed: url= has to name the registry",
    ),
    "a page": (
        (200, {"Content-Type": "text/html", **ETAG}, b"<html>Sign in</html>"),
        "the answer is not JSON, but text/html",
    ),
    "nothing": ((200, JSON_TYPE | ETAG, b""), "the answer is not JSON, but application/json"),
    "compressed": ((200, {"Content-Encoding": "gzip", **ETAG}, b"\x1f\x8b\x08"), "the answer is not JSON, but gzip"),
    "cut off": ((200, {"Content-Length": "99", **ETAG}, b"[]"), "the answer was cut off"),
    "an object": ((200, ETAG, b"{}"), "the answer is not a list of templates"),
    "null": ((200, ETAG, b"null"), "the answer is not a list of templates"),
    "a list of other things": ((200, ETAG, b"[5]"), "the list holds something without the name and the revision"),
    "a registry of 2015": ((200, {}, b'[{"name": "a"}]'), "the list holds something without the name and the revision"),
    "deep": ((200, ETAG, b"[" * 100_000), "the answer is not JSON"),
}


@pytest.mark.parametrize(("answer", "told"), TROUBLES.values(), ids=TROUBLES)
def test_an_answer_that_is_no_list_is_told_once_and_changes_nothing(
    registry: RegistryStub,
    answer: tuple[int, dict[str, str], bytes],
    told: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jupyterhub, "LONGEST_PAUSE", 0.02)
    registry.listed = answer
    with following(registry) as follower:
        eventually(lambda: len(registry.fetched) > 3)
        assert follower.catalogue is None
        registry.listed = None

        eventually(lambda: offers(follower) == ["a"] and "gives its list again" in caplog.text)
        messages = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]

    assert [told in message for message in messages] == [True, False]
    assert "gives its list again, after 0 s" in messages[1]
    assert "hunter2" not in caplog.text


def test_an_empty_list_without_a_position_takes_nothing_away(registry: RegistryStub) -> None:
    with following(registry) as follower:
        eventually(lambda: offers(follower) == ["a"])
        registry.listed = (200, {}, b"[]")
        registry.stop()
        registry.start()
        asked = len(registry.fetched)

        eventually(lambda: len(registry.fetched) > asked + 1)
        assert offers(follower) == ["a"]


def test_a_port_that_refuses_is_told_as_the_cause_and_so_is_the_end(caplog: pytest.LogCaptureFixture) -> None:
    registry = RegistryStub()
    registry.start()
    registry.publish(template("a"))
    registry.stop()
    with following(registry) as follower:
        eventually(lambda: "Connection refused" in caplog.text)
        registry.start()

        eventually(lambda: offers(follower) == ["a"])
        eventually(lambda: "gives its list again" in caplog.text)
        assert len(caplog.records) == 2


def test_another_cause_is_told_too(
    registry: RegistryStub, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jupyterhub, "LONGEST_PAUSE", 0.02)
    registry.listed = (502, {}, b"{}")
    with following(registry):
        eventually(lambda: "502" in caplog.text)

        registry.listed = (403, {}, b"{}")

        eventually(lambda: "403" in caplog.text)


@pytest.mark.parametrize("tag", ['W/"{}"', '"{}-gzip"', 'W/"{}-br"', "{}", '"{};gzip"'])
def test_a_tag_that_a_proxy_marked_still_holds_the_position(registry: RegistryStub, tag: str) -> None:
    registry.tag = tag
    with following(registry, poll=60) as follower:
        eventually(lambda: offers(follower) == ["a"])

        registry.publish(template("b"))

        eventually(lambda: offers(follower) == ["a", "b"])
        assert f"/changes?since=1-{registry.mark}" in registry.requests


@pytest.mark.parametrize("tag", ["", '"5f2b"', '"1"', '"1-aaaaaaaaaaaaaaaaa"'])
def test_a_list_without_the_registrys_tag_is_polled_and_told_once(
    registry: RegistryStub, tag: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    registry.tag = tag
    with following(registry) as follower:
        eventually(lambda: len(registry.fetched) > 3)
        before = follower.catalogue
        asked = len(registry.fetched)
        eventually(lambda: len(registry.fetched) > asked)
        assert follower.catalogue is before

        registry.publish(template("b"))

        eventually(lambda: offers(follower) == ["a", "b"])
        [told] = [one.getMessage() for one in caplog.records]
    assert told.endswith("takes up to 0.05 s to show: the list comes without the registry's ETag")


def test_a_registry_that_fails_leaves_the_list_as_it_was_and_is_told_once(
    registry: RegistryStub, caplog: pytest.LogCaptureFixture
) -> None:
    with following(registry) as follower:
        eventually(lambda: offers(follower) == ["a"])
        registry.status = 500
        registry.stop()
        registry.start()

        eventually(lambda: "500" in caplog.text)
        asked = len(registry.requests)
        eventually(lambda: len(registry.requests) > asked)
        assert offers(follower) == ["a"]
        assert len([one for one in caplog.records if "500" in one.getMessage()]) == 1


class FirstPause(threading.Event):
    """Ends the follower at its first pause."""

    seconds: float | None = None

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds = timeout
        return True


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "least", "most"), [("7", 7, 7), ("3600", 60, 60), ("0", 0.25, 0.5), ("soon", 0.25, 0.5), ("", 0.25, 0.5)]
)
def test_a_registry_is_left_alone_for_as_long_as_it_asks_within_a_minute(
    registry: RegistryStub, status: int, header: str, least: float, most: float
) -> None:
    registry.listed = status, {"Retry-After": header}, b"{}"
    follower = Follower(registry.url, "", Rules())
    follower._ended = pause = FirstPause()

    follower.run()

    assert pause.seconds is not None
    assert least <= pause.seconds <= most


def test_an_answer_that_is_no_list_of_templates_changes_nothing(registry: RegistryStub) -> None:
    with following(registry) as follower:
        eventually(lambda: offers(follower) == ["a"])
        registry.mark = "c" * 16
        registry.current = lambda: [{"message": "not a template"}]  # type: ignore[method-assign]
        registry.stop()
        registry.start()
        asked = len(registry.fetched)

        eventually(lambda: len(registry.fetched) > asked + 1)
        assert offers(follower) == ["a"]


def test_the_reason_to_leave_one_out_is_told_once(registry: RegistryStub, caplog: pytest.LogCaptureFixture) -> None:
    with following(registry) as follower:
        registry.publish(template("bad", command="sh"))
        eventually(lambda: "'bad'" in caplog.text)
        registry.publish(template("b"))

        eventually(lambda: offers(follower) == ["a", "b"])
        told = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
        assert told == [
            "The environment 'bad' is not offered: the command 'sh' is not among those that this hub allows"
        ]


# ── versions ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def versions(follower: Follower, name: str) -> list[str]:
    return list(follower.catalogue.offers[name].versions) if follower.catalogue else []


def test_past_versions_are_fetched_and_then_kept_by_the_stream(registry: RegistryStub) -> None:
    for tag in "23":
        registry.publish(template("a", image_name=f"a:{tag}"))
    with following(registry, versions=2) as follower:
        eventually(lambda: versions(follower, "a") == ["r2", "r1"])

        for tag in "45":
            registry.publish(template("a", image_name=f"a:{tag}"))

        eventually(lambda: versions(follower, "a") == ["r4", "r3"])
        assert len([path for path in registry.requests if path.startswith("/templates/a/")]) == 1


@pytest.mark.parametrize("status", [500, 403, 0])
def test_a_history_that_fails_leaves_its_template_without_and_the_rest_goes_on(
    registry: RegistryStub, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    registry.publish(template("a", image_name="a:2"))
    for tag in "12":
        registry.publish(template("b", image_name=f"b:{tag}"))
    registry.history_fails["a"] = status
    with following(registry, versions=2) as follower:
        eventually(lambda: versions(follower, "b") == ["r3"])
        assert versions(follower, "a") == []

        registry.publish(template("c"))

        eventually(lambda: offers(follower) == ["a", "b", "c"])
        assert [one.getMessage()[:40] for one in caplog.records] == ["Past versions of 'a' are not offered for"]


def test_a_history_that_failed_is_asked_for_again(registry: RegistryStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jupyterhub, "HISTORY_AGAIN", 0.0)
    registry.publish(template("a", image_name="a:2"))
    registry.history_fails["a"] = 503
    with following(registry, versions=2) as follower:
        eventually(lambda: offers(follower) == ["a"])
        registry.publish(template("a", image_name="a:3"))
        eventually(lambda: follower.catalogue and follower.catalogue.offers["a"].revision == 3)
        assert versions(follower, "a") == []

        registry.history_fails.clear()

        eventually(lambda: versions(follower, "a") == ["r2", "r1"])


def test_histories_that_fail_do_not_hold_up_the_others_for_good(
    registry: RegistryStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jupyterhub, "HISTORY_AGAIN", 0.0)
    registry.changes.clear()
    for name in "abcde":
        registry.publish(template(name, image_name="x:1"))
        registry.publish(template(name, image_name="x:2"))
    registry.history_fails = dict.fromkeys("abcd", 0)  # one more than there is patience for

    with following(registry, versions=2) as follower:
        eventually(lambda: offered(follower, "e") and versions(follower, "e") == ["r9"])


def test_a_registry_without_histories_is_not_asked_for_all_of_them_each_time(registry: RegistryStub) -> None:
    for name in "bcdefgh":
        registry.publish(template(name))
    registry.history_fails = dict.fromkeys("abcdefgh", 0)
    with following(registry, versions=2):
        eventually(lambda: len(registry.fetched) > 3)

    assert len([path for path in registry.requests if path.startswith("/templates/")]) == jupyterhub.HISTORY_PATIENCE


def test_a_purged_version_can_no_longer_be_pinned(registry: RegistryStub) -> None:
    registry.publish(template("a", image_name="a:2"))
    with following(registry, versions=2) as follower:
        eventually(lambda: versions(follower, "a") == ["r1"])

        del registry.changes[0]["template"]
        registry.publish(template("a", image_name="a:2"), action="purged")

        eventually(lambda: "r1" not in versions(follower, "a"))


# ── a part of the registry ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_label_selects_the_list_and_the_stream(registry: RegistryStub) -> None:
    with following(registry, label="hub=a b,c") as follower:
        eventually(lambda: follower.catalogue and registry.opened)

    assert {path.partition("&label=")[2] for path in registry.requests} == {"hub%3Da%20b%2Cc"}


def test_the_snapshot_of_another_part_is_not_taken(registry: RegistryStub, tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    saved(registry, path)

    follower = Follower(registry.url, "", Rules(), snapshot=str(path), label="hub=physics")

    assert follower.catalogue is None


def test_a_choice_that_is_not_offered_is_told_once(registry: RegistryStub, caplog: pytest.LogCaptureFixture) -> None:
    choices = [{"name": "plain"}, {"name": "shell", "set": {"command": "bash"}}]
    registry.publish(template("lab", options=[{"name": "size", "choices": choices}]))

    with following(registry) as follower:
        eventually(lambda: offered(follower, "lab"))
        registry.publish(template("b"))
        eventually(lambda: offered(follower, "b"))

    told = [line for line in caplog.messages if "size=shell" in line]
    assert told == [
        "Of the environment 'lab', size=shell is not offered: "
        "the command 'bash' is not among those that this hub allows"
    ]


def test_a_paused_template_is_no_trouble_in_the_log(registry: RegistryStub, caplog: pytest.LogCaptureFixture) -> None:
    registry.publish(template("lab", paused="Back on Monday."))

    with following(registry) as follower:
        eventually(lambda: follower.catalogue)

    assert [line for line in caplog.messages if "lab" in line] == []


# ── the snapshot ─────────────────────────────────────────────────────────────────────────────────────────────────────


def saved(registry: RegistryStub, path: Path) -> None:
    with following(registry, snapshot=str(path)):
        eventually(path.exists)


def test_a_hub_that_starts_while_the_registry_is_down_has_the_last_list(registry: RegistryStub, tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    saved(registry, path)

    follower = Follower(registry.url, "", Rules(), snapshot=str(path))

    assert offers(follower) == ["a"]


def test_a_hub_that_offers_more_versions_than_before_fetches_them(registry: RegistryStub, tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    for tag in "23":
        registry.publish(template("a", image_name=f"a:{tag}"))
    with following(registry, snapshot=str(path), versions=1) as follower:
        eventually(lambda: versions(follower, "a") == ["r2"])
        eventually(lambda: path.exists() and "a:2" in path.read_text())
    registry.start()

    with following(registry, snapshot=str(path), versions=2) as follower:
        eventually(lambda: versions(follower, "a") == ["r2", "r1"])


def test_the_snapshot_is_for_this_user_alone(registry: RegistryStub, tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"

    saved(registry, path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_snapshot_is_as_old_as_the_registrys_last_word(registry: RegistryStub, tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    saved(registry, path)
    os.utime(path, (1000, 1000))

    follower = Follower(registry.url, "", Rules(), snapshot=str(path))

    assert follower.contact == 1000


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"url": "URL"}', '{"url": "URL", "position": 1, "templates": [5]}']
)
def test_a_broken_snapshot_is_told_and_left_alone(
    registry: RegistryStub, tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "snapshot.json"
    path.write_text(content.replace("URL", registry.url))

    follower = Follower(registry.url, "", Rules(), snapshot=str(path))

    assert follower.catalogue is None
    assert "cannot be used" in caplog.text


def test_each_word_of_the_registry_makes_the_snapshot_as_fresh(registry: RegistryStub, tmp_path: Path) -> None:
    registry.streams = False
    path = tmp_path / "snapshot.json"
    with following(registry, snapshot=str(path)):
        eventually(path.exists)

        os.utime(path, (1000, 1000))

        eventually(lambda: path.stat().st_mtime > 1000)


def test_the_snapshot_of_another_registry_is_not_used(registry: RegistryStub, tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    path.write_text(
        json.dumps({"url": "http://other", "versions": 0, "position": "", "history": {}, "templates": [template("b")]})
    )

    assert offers(Follower(registry.url, "", Rules(), snapshot=str(path))) == []


def test_a_snapshot_that_cannot_be_written_does_not_stop_the_list(
    registry: RegistryStub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with following(registry, snapshot=str(tmp_path / "missing" / "snapshot.json")) as follower:
        eventually(lambda: offers(follower) == ["a"])
        registry.publish(template("b"))

        eventually(lambda: offers(follower) == ["a", "b"])


def test_a_default_that_nobody_can_start_is_told_to_those_who_run_the_hub(
    registry: RegistryStub, caplog: pytest.LogCaptureFixture
) -> None:
    with following(registry, default="b") as follower:
        eventually(lambda: "names, is not in the registry's list" in caplog.text)
        registry.publish(template("b"))
        eventually(lambda: offers(follower) == ["a", "b"])

        registry.publish(template("b", command="sh"))

        eventually(lambda: "names, is not offered" in caplog.text)

    told = [message for message in caplog.messages if "default=" in message]
    assert [message.split(",")[0] for message in told] == ["The environment 'b'"] * 2


@pytest.mark.parametrize("default", ["", "a", "old"])
def test_a_default_that_leads_to_something_is_not_told_of(
    registry: RegistryStub, caplog: pytest.LogCaptureFixture, default: str
) -> None:
    registry.publish(template("old") | {"replaced-by": "a"})

    with following(registry, default=default) as follower:
        eventually(lambda: offers(follower) == ["a"])

    assert "default=" not in caplog.text
