"""What a client keeps of the answers it got: against a server that says what the test wants."""

import pytest

from binder_registry.errors import RevisionNotShown

from .stub import Answers, Asked, Opened, json_answer

SCIPY = {"name": "scipy", "image-name": "jupyter/scipy", "command": "", "limits": {}}
TAG = '"7-0123456789abcdef"'
FOUND = json_answer(SCIPY, Registry_Revision="7", ETag=TAG)


def conditional(asked: Asked, _: int) -> Answers:
    if asked.headers.get("if-none-match") == TAG:
        return Answers(304, {"ETag": TAG, "Registry-Revision": "9"})
    listed = json_answer([SCIPY | {"revision": 7}], Registry_Revision="7", ETag=TAG)
    return FOUND if asked.path.startswith("/templates/") else listed


def test_a_repeated_read_costs_a_304(opened: Opened) -> None:
    client, stub = opened(conditional)

    assert client.get_template("scipy") == client.get_template("scipy")
    assert client.list_templates() == client.list_templates()
    assert stub.heads("if-none-match") == [None, TAG, None, TAG]


def test_each_url_is_cached_by_itself(opened: Opened) -> None:
    client, stub = opened(conditional)

    client.get_template("scipy")
    client.get_template("scipy", revision=7)
    client.get_template("r")

    assert stub.heads("if-none-match") == [None, None, None]


def test_the_cache_holds_no_more_than_its_bound(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("binder_registry.client.cache.MOST_BYTES", 2 * len(FOUND.body))
    client, stub = opened(conditional)

    for name in ("a", "b", "a", "c", "b", "a"):
        client.get_template(name)

    assert stub.heads("if-none-match") == [None, None, TAG, None, None, None]


# ── what was seen ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_read_asks_for_the_newest_revision_that_was_seen(opened: Opened) -> None:
    client, stub = opened(conditional)

    client.get_template("scipy")
    client.get_template("scipy")
    client.get_template("scipy")

    assert stub.heads("registry-revision") == [None, "7", "9"]


def test_a_registry_that_went_back_is_refused_once_and_then_read(opened: Opened) -> None:
    def answer(asked: Asked, _: int) -> Answers:
        if int(asked.headers.get("registry-revision", 0)) > 3:
            return json_answer({"message": "not yet"}, 412, Registry_Error="revision_not_shown", Registry_Revision="3")
        revision = "7" if asked.path.endswith("/before") else "3"
        return json_answer(SCIPY, Registry_Revision=revision, ETag=TAG)

    client, _ = opened(answer)
    client.get_template("before")

    with pytest.raises(RevisionNotShown):
        client.get_template("scipy")
    assert client.get_template("scipy").name == "scipy"
