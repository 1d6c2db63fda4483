"""Any sequence of writes over HTTP, compared with a plain dict."""

from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings
from starlette.testclient import TestClient

from binder_registry import ContainerLimits, InMemoryStore, Template
from binder_registry.wire import encode_template

from .asking import application, asked, names, without_times

State = dict[str, dict[str, Any]]
NAMES = st.sampled_from(["a", "b", "c d", "é"])
MEMBERS = st.fixed_dictionaries(
    {"image-name": st.sampled_from(["i", "j:1"])},
    optional={
        "command": st.sampled_from(["", "c"]),
        "limits": st.dictionaries(st.sampled_from(["memory", "cpu_shares"]), st.integers(0, 2), max_size=2),
        "labels": st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from(["", "1"]), max_size=2),
        "bind-port": st.integers(0, 2),
    },
)
WRITES = st.one_of(
    st.tuples(st.just("POST"), NAMES, MEMBERS),
    st.tuples(st.just("PUT"), NAMES, MEMBERS),
    st.tuples(st.just("PATCH"), NAMES, MEMBERS),
    st.tuples(st.just("DELETE"), NAMES, st.just({})),
    st.tuples(st.just("restore"), NAMES, st.integers(1, 12)),
    st.tuples(st.just("apply"), NAMES, MEMBERS),
)
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def whole(members: dict[str, Any]) -> dict[str, Any]:
    """A template as it is sent: without zeros, but for the members that are always there."""
    limits = {limit: value for limit, value in members.get("limits", {}).items() if value}
    always = {"name": members["name"], "image-name": members["image-name"], "command": members.get("command", "")}
    return {**{name: value for name, value in members.items() if value}, **always, "limits": limits}


def patched(before: dict[str, Any], members: dict[str, Any]) -> dict[str, Any]:
    """By PATCH: maps merge."""
    given = [name for name in ("limits", "labels") if name in members]
    maps: dict[str, Any] = {name: {**before.get(name, {}), **members[name]} for name in given}
    return whole({**before, **members, **maps})


def put(before: dict[str, Any], members: dict[str, Any]) -> dict[str, Any]:
    """By PUT: what is not zero replaces, limits one by one."""
    limits = {**before["limits"], **{limit: value for limit, value in members.get("limits", {}).items() if value}}
    return whole({**before, **{name: value for name, value in members.items() if value}, "limits": limits})


class Registry:
    """A registry, and the states that a plain dict had after every revision of it."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.states: list[State] = [{}]

    def write(self, verb: str, name: str, members: Any) -> None:
        state = self.states[-1]
        target = f"/templates/{name}"
        if verb == "POST":
            answer = self.client.post("/templates", json={"name": name, **members})
            self._expect(answer, 409 if name in state else 201, name, whole({"name": name, **members}))
        elif verb == "DELETE":
            self._expect(self.client.delete(target), 200 if name in state else 404, name, None)
        elif verb == "restore":
            self._restore(name, members)
        elif verb == "apply":
            wanted = whole({"name": name, **members})
            answer = self.client.post("/apply", json={"templates": [{"name": name, **members}]})
            assert answer.status_code == 200
            if state.get(name) != wanted:
                self._remember(name, wanted)
        else:
            answer = self.client.request(verb, target, json=members)
            known = state.get(name)
            after = None if known is None else (put if verb == "PUT" else patched)(known, members)
            self._expect(answer, (202 if verb == "PUT" else 200) if known else 404, name, after)

    def _restore(self, name: str, revision: int) -> None:
        answer = self.client.post(f"/templates/{name}/restore", json={"revision": revision})
        ever = [state for state in self.states if name in state]
        there = [state[name] for state in self.states[1 : revision + 1] if name in state]
        status = 404 if not ever else 400 if revision >= len(self.states) or not there else 200
        self._expect(answer, status, name, there[-1] if there else None)

    def _expect(self, answer: Any, status: int, name: str, after: dict[str, Any] | None) -> None:
        assert answer.status_code == status, answer.text
        if status < 300:
            self._remember(name, after)

    def _remember(self, name: str, after: dict[str, Any] | None) -> None:
        state = dict(self.states[-1])
        if after is None:
            del state[name]
        else:
            state[name] = after
        self.states.append(state)


def shown(answer: Any) -> State:
    assert answer.status_code == 200
    return {template["name"]: without_times(template) for template in answer.json()}


@SLOW
@given(st.lists(WRITES, max_size=25))
def test_the_state_at_every_revision_is_that_of_a_plain_dict(writes: list[tuple[str, str, Any]]) -> None:
    with asked(application()) as client:
        registry = Registry(client)

        for verb, name, members in writes:
            registry.write(verb, name, members)

        for revision, state in enumerate(registry.states):
            listed = client.get("/templates", params={"revision": revision})
            assert shown(listed) == state
            assert names(listed) == sorted(state)
            for name in {"a", "b", *state}:
                one = client.get(f"/templates/{name}", params={"revision": revision})
                assert one.status_code == (200 if name in state else 404)
        assert shown(client.get("/templates")) == registry.states[-1]


@SLOW
@given(st.lists(WRITES, max_size=25), st.integers(1, 5))
def test_folding_the_feed_gives_the_list_from_wherever_it_is_resumed(
    writes: list[tuple[str, str, Any]], page: int
) -> None:
    with asked(application()) as client:
        registry = Registry(client)
        for verb, name, members in writes:
            registry.write(verb, name, members)
        head = len(registry.states) - 1

        state: State = {}
        position, seen = "0", []
        while rows := client.get("/changes", params={"since": position, "limit": page}).json()["changes"]:
            for row in rows:
                seen.append(row["revision"])
                state.pop(row["name"], None)
                if not row.get("deleted"):
                    state[row["name"]] = without_times(row["template"])
            assert state == registry.states[rows[-1]["revision"]]
            position = rows[-1]["position"]

        assert seen == list(range(1, head + 1))
        assert state == shown(client.get("/templates"))


def test_the_list_of_ten_thousand_templates_is_that_of_the_store() -> None:
    store = InMemoryStore()
    with store.atomic():
        for number in range(10_000):
            limits = ContainerLimits(memory=number, cpus=number / 4)
            store.register_template(
                Template(f"t {number}", f"image<{number}>", "é & \u2028", limits, labels={"a": "b"})
            )

    with asked(application(store)) as client:
        client.put("/templates/t 17", json={"command": "new"})
        client.delete("/templates/t 4")
        answer = client.get("/templates")

    rendered = b",".join(encode_template(template) for template in store.list_templates())
    assert answer.content == b"[%b]\n" % rendered
    assert answer.content.count(b'"name":') == 9_999
