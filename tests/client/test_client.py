"""What a client does beyond a store's verbs, against a real server."""

import json
import logging
from itertools import islice
from pathlib import Path

import pytest
from msgspec import Raw
from msgspec.structs import replace

from binder_registry import Client, ContainerLimits, Position, Template
from binder_registry.changes import content_digest, next_mark
from binder_registry.client import PAGE, PlanStep
from binder_registry.conformance.samples import EVERY_MEMBER, SCIPY, R, content
from binder_registry.errors import (
    InvalidRequest,
    InvalidTemplate,
    MissingAuthHeader,
    PositionUnknown,
    RevisionConflict,
    TemplateNotFound,
)
from binder_registry.wire import parse, template_from_members
from tests.server.running import KEY, running_server

from .stub import Opened, json_answer

MANY = [Template(f"t{number:04}", "i") for number in range(PAGE + 1)]


# ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_list_is_all_pages(client: Client) -> None:
    client.apply(MANY)
    then = client.head().revision
    client.delete_template("t0000")

    assert [template.name for template in client.list_templates(revision=then)] == [want.name for want in MANY]
    assert len(client.list_templates()) == PAGE


def test_a_list_can_be_narrowed(client: Client) -> None:
    client.register_template(replace(SCIPY, labels={"team": "a"}, display_name="Science"))
    client.register_template(R)
    client.register_template(Template("gone", "jupyter/gone"))
    client.delete_template("gone")

    def names(**chosen: object) -> list[str]:
        return [template.name for template in client.list_templates(**chosen)]  # type: ignore[arg-type]

    assert names() == ["r", "scipy"]
    assert names(label=["team=a"]) == ["scipy"]
    assert names(label=["team", "!team"]) == []
    assert names(q="science") == ["scipy"]
    assert names(image="jupyter/r*") == ["r"]
    assert names(name="s*") == ["scipy"]
    assert names(deleted=True) == ["gone", "r", "scipy"]
    assert names(revision=1) == ["scipy"]


def test_what_may_be_started_is_asked_for_oneself_and_by_admins_for_others(client: Client) -> None:
    staff = replace(R, allowed_groups=("staff",), labels={"team": "a"})
    client.apply([SCIPY, staff])

    own, theirs, some = client.view(), client.view(groups=["staff"]), client.view(groups=["staff"], label=["team=a"])
    explained, schema = client.view(explain=True), client.view(schema=True)

    offered = [[template["name"] for template in view["offered"]] for view in (own, theirs, some)]
    assert offered == [["scipy"], ["r", "scipy"], ["r"]]
    assert [row["name"] for row in explained["hidden"]] == ["r"]
    assert [one["properties"]["template"] for one in schema["oneOf"]] == [{"const": "scipy"}]
    with pytest.raises(InvalidRequest, match="no hub to ask"):
        client.view(user="alice")


def test_tombstones_are_told_apart(client: Client) -> None:
    client.register_template(SCIPY)
    client.delete_template("scipy", replaced_by="r")

    [tombstone] = client.list_templates(deleted=True)

    assert (tombstone.deleted, tombstone.revision, tombstone.replaced_by) == (True, 2, "r")


def test_a_parameter_that_the_server_refuses_is_named(client: Client) -> None:
    with pytest.raises(InvalidRequest, match="label"):
        client.list_templates(label=["=no selector"])


def test_what_did_not_change_is_not_sent_again(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    client.register_template(SCIPY)

    def read() -> tuple[object, ...]:
        return client.list_templates(), client.list_templates(q="sci"), client.get_template("scipy")

    first = read()
    caplog.set_level(logging.INFO, "httpx2")
    caplog.clear()

    assert read() == first
    assert ["304" in record.getMessage() for record in caplog.records] == [True, True, True]


def test_a_registry_below_a_path_is_read_page_by_page(tmp_path: Path) -> None:
    prefix = "/services/registry"
    with running_server(tmp_path, "--prefix", prefix) as server, Client(f"{server.url}{prefix}/", KEY) as client:
        client.apply(MANY)
        client.register_template(SCIPY)

        assert len(client.list_templates(revision=len(MANY))) == len(MANY)
        assert len(client.changes(limit=5000)) == len(MANY) + 1


# ── patch and apply ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_patch_sets_merges_and_clears(client: Client) -> None:
    client.register_template(replace(SCIPY, labels={"a": "1", "b": "2"}))

    patched = client.patch_template("scipy", {"command": None, "labels": {"a": None, "c": "3"}, "bind-port": 80})

    assert content(patched) == replace(SCIPY, command="", labels={"b": "2", "c": "3"}, bind_port=80)
    assert client.get_template("scipy") == patched


def test_a_patch_from_a_stale_state_is_refused_with_what_is_there(client: Client) -> None:
    client.register_template(SCIPY)
    client.patch_template("scipy", {"command": "new"})

    with pytest.raises(RevisionConflict) as conflict:
        client.patch_template("scipy", {"command": "newer"}, expected=1)

    assert conflict.value.current == str(client.head())


def test_a_replacement_clears_whatever_it_does_not_name(client: Client) -> None:
    client.register_template(EVERY_MEMBER)

    replaced = client.replace_template(Template(EVERY_MEMBER.name, "new", labels={"a": "", "b": "x"}))

    assert content(replaced) == Template(EVERY_MEMBER.name, "new", labels={"a": "", "b": "x"})


def test_an_apply_does_what_its_dry_run_said(client: Client) -> None:
    client.register_template(SCIPY)
    client.register_template(R)
    client.register_template(Template("old", "i", labels={"team": "a"}))
    wanted = [replace(SCIPY, limits=ContainerLimits(memory=7)), EVERY_MEMBER]

    planned = client.apply(wanted, delete={"r": "scipy"}, prune="team=a", dry_run=True)
    before = client.head().revision
    done = client.apply(wanted, delete={"r": "scipy"}, prune="team=a", note="spring cleaning")

    assert before == 3
    assert [(step.action, step.name) for step in done] == [
        ("updated", "scipy"),
        ("created", EVERY_MEMBER.name),
        ("deleted", "r"),
        ("deleted", "old"),
    ]
    assert done[0] == PlanStep("updated", "scipy", ["limits.memory"], 4)
    assert [replace(step, revision=0) for step in done] == planned
    assert {(change.first, change.note) for change in client.changes(since=3)} == {(4, "spring cleaning")}


def test_what_was_read_is_found_unchanged_when_it_is_applied(client: Client) -> None:
    client.register_template(EVERY_MEMBER)

    plan = client.apply(client.list_templates())

    assert [step.action for step in plan] == ["unchanged"]


def test_an_apply_with_one_wrong_template_does_nothing(client: Client) -> None:
    with pytest.raises(InvalidTemplate) as refusal:
        client.apply([SCIPY, Template("r"), Template("x", "i", bind_port=-1)])

    assert [hint.field for hint in refusal.value.errors] == ["templates[1].image-name", "templates[2].bind-port"]
    assert client.list_templates() == []


def test_an_apply_that_was_overtaken_is_refused(client: Client) -> None:
    client.register_template(SCIPY)
    client.list_templates()
    planned_on = client.position()
    client.register_template(R)

    with pytest.raises(RevisionConflict):
        client.apply(delete={"scipy": None}, expected=planned_on)

    assert len(client.list_templates()) == 2


# ── the log ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_changes_are_all_pages_both_ways(client: Client) -> None:
    client.apply(MANY)
    client.patch_template("t0000", {"command": "c"})
    every = list(range(1, PAGE + 3))

    assert [change.revision for change in client.changes(limit=5000)] == every
    assert [change.revision for change in client.changes(limit=5000, newest_first=True)] == every[::-1]
    assert [change.revision for change in client.changes(limit=PAGE + 1)] == every[: PAGE + 1]
    assert [change.revision for change in client.changes(limit=PAGE + 1, newest_first=True)] == every[:0:-1]


def test_changes_can_be_narrowed_to_a_selector(client: Client) -> None:
    client.register_template(replace(SCIPY, labels={"team": "a"}))
    client.register_template(R)
    client.patch_template("scipy", {"labels": {"team": "b"}})

    found = client.changes(label=["team=a"])

    assert [(change.revision, change.deleted, change.template is None) for change in found] == [
        (1, False, False),
        (3, True, True),
    ]
    assert client.changes(label=["team=a"], newest_first=True) == found[::-1]


def test_the_chain_of_marks_can_be_verified_by_a_reader_with_a_token(client: Client) -> None:
    origin = client.head()
    client.register_template(EVERY_MEMBER, note="why; ü & <b>")
    client.apply([SCIPY, R], delete={EVERY_MEMBER.name: "r"})
    streamed = list(islice(client.watch(since=0), 4))

    for changes in (client.changes(), streamed):
        mark = origin.mark
        for change in changes:
            assert change.content is not None
            assert change.digest == content_digest(change.content)
            assert change.mark == next_mark(mark, change)
            mark = change.mark
        assert changes[-1].position == client.head()


def test_what_follows_a_list_begins_where_the_list_ends(client: Client) -> None:
    client.register_template(SCIPY)
    client.list_templates()
    listed = client.position()
    client.register_template(R)

    assert [change.name for change in islice(client.watch(since=listed), 1)] == ["r"]


def test_a_watch_without_a_start_begins_now(client: Client) -> None:
    client.register_template(SCIPY)
    changes = client.watch()
    client.register_template(R)

    assert next(changes).name == "r"


def test_what_was_purged_is_not_streamed_either(client: Client) -> None:
    client.register_template(replace(SCIPY, environment={"PASSWORD": "secret"}))
    client.replace_template(SCIPY)
    client.purge_change("scipy", 1)

    streamed = list(islice(client.watch(since=0), 3))

    assert streamed == client.changes()
    assert streamed[0].content is None


def test_a_watch_from_another_log_is_refused(client: Client) -> None:
    client.register_template(SCIPY)

    for position in (Position(1, b"elsewher"), 99):
        with pytest.raises(PositionUnknown):
            next(client.watch(since=position))


def test_reads_need_no_token_and_writes_say_so(client: Client, url: str) -> None:
    client.register_template(SCIPY)

    with Client(url, "") as reader:
        with pytest.raises(MissingAuthHeader):
            reader.register_template(R)
        assert [template.name for template in reader.list_templates()] == ["scipy"]
        assert [change.by for change in reader.changes()] == [""]
    assert [change.by for change in client.changes()] == ["key:api-key"]


def test_health_names_the_revision(client: Client) -> None:
    client.register_template(SCIPY)

    assert client.health() == {"status": "ok", "revision": 1, "reads": True, "writes": True}


def test_a_name_of_any_characters_comes_through(client: Client) -> None:
    for name in ("a b", "%2e%2e", "ü 😀", "?x#y", "a+b;c=d&e", "..."):
        client.register_template(Template(name, "i"))

        assert client.get_template(name).name == name
        assert client.changes(name=name)[0].name == name
        client.delete_template(name)
        with pytest.raises(TemplateNotFound):
            client.get_template(name)


# ── what this release does not know ──────────────────────────────────────────────────────────────────────────────────


def test_json_comes_as_the_registry_wrote_it(opened: Opened) -> None:
    written = {"name": "a", "limits": {"disk": 5}, "options": [{"name": "size", "shape": "round"}], "one": 1.0}
    client, _ = opened(lambda asked, number: json_answer(written, ETag='"7-00000000000000ff"', Registry_Revision="7"))

    assert repr(client.get_json("a")) == repr(written | {"revision": 7})


def test_a_list_of_json_is_all_pages_by_name(client: Client) -> None:
    client.apply(MANY)

    assert [came["name"] for came in client.list_json(revision=client.head().revision)] == [one.name for one in MANY]


def test_what_came_is_applied_whole_but_for_what_the_registry_keeps(opened: Opened) -> None:
    came = {"name": "a", "limits": {"disk": 5}, "revision": 7, "time-created": "x", "uses": ["limits"]}
    client, stub = opened(lambda asked, number: json_answer({"plan": []}))

    client.apply([came])

    assert json.loads(stub.asked[0].body)["templates"] == [{"name": "a", "limits": {"disk": 5}}]


def test_a_replacement_leaves_what_it_does_not_know_and_does_not_change(opened: Opened) -> None:
    current = {"name": "a", "image-name": "i", "limits": {"memory": 1, "disk": 5}, "options": [{"name": "x", "y": 1}]}
    client, stub = opened(
        lambda asked, number: json_answer(current, ETag='"7-00000000000000ff"', Registry_Revision="7")
    )

    client.replace_template(replace(client.get_template("a"), image_name="j"))

    assert (stub.asked[-1].method, json.loads(stub.asked[-1].body)) == ("PATCH", {"image-name": "j"})


@pytest.mark.parametrize("kept", [{"mem_limit": None}, {"mem_limit": None, "uid": 1}])
def test_a_replacement_keeps_the_nulls_of_overrides(client: Client, kept: dict[str, object]) -> None:
    client.register_template(replace(SCIPY, overrides={"kubespawner": Raw(b'{"mem_limit":null,"cpu_limit":2}')}))

    client.replace_template(replace(SCIPY, overrides={"kubespawner": Raw(json.dumps(kept).encode())}))

    assert client.get_json("scipy")["overrides"] == {"kubespawner": kept}


def test_a_replaced_template_has_the_overrides_that_were_given_and_no_others(client: Client) -> None:
    template = template_from_members(parse(b'{"name":"a","image-name":"i","overrides":{"docker":{"x":1,"y":2}}}'))
    client.register_template(template)
    fewer = template_from_members(parse(b'{"name":"a","image-name":"i","overrides":{"docker":{"y":null}}}'))

    client.replace_template(fewer)

    assert client.get_template("a").overrides == fewer.overrides


def test_a_change_has_the_content_of_its_digest_whatever_it_uses(client: Client) -> None:
    template = template_from_members(parse(b'{"name":"a","image-name":"i","paused":"Back on Monday."}'))
    client.register_template(template)

    [change] = client.changes()

    assert change.content is not None
    assert content_digest(change.content) == change.digest
    assert client.list_templates() == [client.get_template("a")]
