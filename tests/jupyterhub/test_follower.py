import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

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


# ── fresh ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_published_comes_over_the_stream(registry: RegistryStub) -> None:
    with following(registry) as follower:
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


def test_a_token_that_no_header_can_carry_is_refused_without_repeating_it() -> None:
    with pytest.raises(ValueError, match="no header can carry") as refused:
        Follower("http://localhost:9", "sec\nret", Rules())

    assert "ret" not in str(refused.value)


@pytest.mark.parametrize("url", ["", "registry:8080", "ftp://registry", "http://"])
def test_what_is_no_url_of_a_registry_is_refused_when_the_hub_starts(url: str) -> None:
    with pytest.raises(ValueError, match="is not the URL of a registry"):
        Follower(url, "", Rules())


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


def test_a_purged_version_can_no_longer_be_pinned(registry: RegistryStub) -> None:
    registry.publish(template("a", image_name="a:2"))
    with following(registry, versions=2) as follower:
        eventually(lambda: versions(follower, "a") == ["r1"])

        del registry.changes[0]["template"]
        registry.publish(template("a", image_name="a:2"), action="purged")

        eventually(lambda: "r1" not in versions(follower, "a"))


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
