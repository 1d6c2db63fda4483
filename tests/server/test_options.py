"""Options and overrides over HTTP: what a history, the feed, an apply and a restore make of them."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from .asking import without_times

LARGE = {"name": "large", "set": {"limits": {"memory": 2}, "overrides": {"kubespawner": {"mem_limit": None}}}}
TEMPLATE = {
    "name": "scipy",
    "image-name": "i",
    "limits": {},
    "command": "",
    "requests": {"memory": 1},
    "options": [{"name": "size", "choices": [LARGE]}],
    "overrides": {"kubespawner": {"tolerations": [{"key": "<gpu>"}], "uid": 1}},
}
USES = ["requests", "options", "overrides"]


def with_memory(memory: int) -> dict[str, Any]:
    choice = {**LARGE, "set": {**LARGE["set"], "limits": {"memory": memory}}}  # type: ignore[dict-item]
    return {**TEMPLATE, "options": [{"name": "size", "choices": [choice]}]}


@pytest.fixture
def scipy(client: TestClient) -> dict[str, Any]:
    written: dict[str, Any] = client.post("/templates", json=TEMPLATE).json()
    return written


def test_a_history_names_what_changed_within_a_choice(client: TestClient, scipy: dict[str, Any]) -> None:
    client.post("/apply", json={"templates": [with_memory(3)]})

    [change, _] = client.get("/templates/scipy/changes").json()["changes"]

    assert change["changed"] == ["options.size.large.limits.memory"]


def test_what_a_template_uses_is_in_the_full_view_and_the_feed_only(client: TestClient, scipy: dict[str, Any]) -> None:
    full = client.get("/templates?view=full").json()[0]
    fed = client.get("/changes").json()["changes"][0]["template"]
    history = client.get("/templates/scipy/changes").json()["changes"][0]["template"]

    assert [one.get("uses") for one in (full, fed, history)] == [USES, USES, USES]
    assert without_times(scipy) == TEMPLATE
    assert client.get("/templates").json() == [client.get("/templates/scipy").json()] == [scipy]


def test_what_was_read_is_applied_without_a_change(client: TestClient, scipy: dict[str, Any]) -> None:
    full = client.get("/templates?view=full").json()[0]
    del full["revision"]

    [step] = client.post("/apply", json={"templates": [full]}).json()["plan"]

    assert (full["uses"], step["action"], step["changed"]) == (USES, "unchanged", [])


def test_a_restored_template_has_its_options_again(client: TestClient, scipy: dict[str, Any]) -> None:
    client.delete("/templates/scipy")

    restored = client.post("/templates/scipy/restore", json={"revision": 1}).json()

    assert without_times(restored) == TEMPLATE


def test_a_patch_replaces_overrides_whole(client: TestClient, scipy: dict[str, Any]) -> None:
    patched = client.patch("/templates/scipy", json={"overrides": {"kubespawner": {"uid": None}}}).json()

    assert patched["overrides"] == {"kubespawner": {"uid": None}}


def test_an_update_merges_requests(client: TestClient, scipy: dict[str, Any]) -> None:
    updated = client.put("/templates/scipy", json={"requests": {"cpus": 0.5}}).json()

    assert without_times(updated) == {**TEMPLATE, "requests": {"memory": 1, "cpus": 0.5}}
