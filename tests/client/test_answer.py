"""Errors come back as the classes that the server raised; changes as the log holds them."""

import pytest
from httpx2 import Headers

from binder_registry import Template
from binder_registry.client.answer import Answer
from binder_registry.errors import (
    DatabaseRefused,
    ErrorHint,
    InvalidRequest,
    InvalidTemplate,
    MethodNotAllowed,
    MissingScope,
    RegistryError,
    RevisionConflict,
    RouteNotFound,
    StoreUnavailable,
    TemplateExists,
    TemplateNotFound,
    Unauthorized,
    UnexpectedError,
    error_classes,
    error_name,
)
from binder_registry.server.http.error_status import error_reply

from .stub import Answers, Asked, Opened, json_answer

OURS = [error for error in error_classes()[1:] if error.__module__ == RegistryError.__module__]
ON_THE_WIRE = [error for error in OURS if error is not DatabaseRefused]


@pytest.mark.parametrize("kind", ON_THE_WIRE, ids=error_name)
def test_every_error_of_a_server_is_raised_as_its_own_class(opened: Opened, kind: type[RegistryError]) -> None:
    raised = kind(message="what went wrong")
    raised.errors = (ErrorHint("Template", "limits.memory", "invalid"),)
    reply = error_reply(raised)
    headers = {name.decode(): value.decode() for name, value in reply.headers if name != b"content-length"}
    client, _ = opened(lambda *_: Answers(reply.status, headers, reply.body), retries=0)

    with pytest.raises(RegistryError) as failure:
        client.get_template("scipy")

    assert failure.value == raised


def test_a_conflict_names_what_is_there_now(opened: Opened) -> None:
    tag = '"7-0123456789abcdef"'
    stale = json_answer({"message": "m"}, 412, Registry_Error="revision_conflict", ETag=tag, Registry_Revision="9")
    client, _ = opened(lambda *_: stale)

    with pytest.raises(RevisionConflict) as conflict:
        client.update_template(Template("scipy", "new"), expected=3)

    assert conflict.value.current == "7-0123456789abcdef"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequest),
        (401, Unauthorized),
        (403, MissingScope),
        (404, RouteNotFound),
        (405, MethodNotAllowed),
        (409, TemplateExists),
        (418, InvalidRequest),
        (500, UnexpectedError),
        (502, StoreUnavailable),
        (503, StoreUnavailable),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<h1>nginx</h1>", b'{"message": 5}', b"\xff"])
def test_without_its_name_an_error_is_told_by_its_status(
    opened: Opened, status: int, kind: type[RegistryError], body: bytes
) -> None:
    client, stub = opened(lambda *_: Answers(status, {"Registry-Error": "of_a_later_release"}, body), retries=0)

    with pytest.raises(kind) as failure:
        client.get_template("scipy")

    assert type(failure.value) is kind
    assert f"{stub.url}/templates/scipy answered {status}" in str(failure.value)


def test_the_404_of_2015_is_a_template_that_is_not_there(opened: Opened) -> None:
    client, _ = opened(lambda *_: json_answer({"message": "Template Not Found"}, 404))

    with pytest.raises(TemplateNotFound):
        client.get_template("scipy")


@pytest.mark.parametrize(
    "tag",
    [
        *('W/"7-0123456789abcdef"', '"7-0123456789abcdef-gzip"', 'W/"7-0123456789abcdef-br"', '"7"', '"7-gzip"'),
        *(
            '"7-0123456789abcdef--gzip"',
            '"7-0123456789abcdef;gzip"',
            '"7-0123456789abcdef:dtagent1-x"',
            "7-0123456789abcdef",
        ),
    ],
)
def test_an_etag_that_a_proxy_changed_still_names_its_revision(opened: Opened, tag: str) -> None:
    client, _ = opened(lambda *_: json_answer({"name": "scipy"}, Registry_Revision="9", ETag=tag))

    assert client.get_template("scipy").revision == 7


@pytest.mark.parametrize(
    "tag", ['"63514212-1b"', '"5f3e-1a2b"', '"7a"', '"7-0123"', '"7-0123456789abcdef0"', '"x7"', ""]
)
def test_what_a_proxy_made_up_is_no_position(tag: str) -> None:
    answer = Answer("http://h", 200, Headers({"Registry-Revision": "9", "ETag": tag}), b"")

    assert (answer.position, answer.stripped) == (None, True)


def test_warnings_of_a_write_are_kept_until_the_next_one(opened: Opened) -> None:
    def answer(asked: Asked, turn: int) -> Answers:
        warning = "" if turn else "name%20looks%20like%20%22scipy%22, n%C3%A4chste%2C ,%ff"
        return json_answer({"name": "scipy"}, Registry_Revision="7", ETag='"7"', Registry_Warning=warning)

    client, _ = opened(answer)

    client.register_template(Template("scipy", "i"))
    first = client.warnings()
    client.register_template(Template("scipy", "i"))

    assert (first, client.warnings()) == (['name looks like "scipy"', "nächste,", "\N{REPLACEMENT CHARACTER}"], [])


def test_a_warning_header_may_come_several_times() -> None:
    answer = Answer("http://h", 200, Headers([("Registry-Warning", "one"), ("registry-warning", "two%0A")]), b"")

    assert answer.warnings == ["one", "two\n"]


def test_what_cannot_be_written_as_json_is_refused_here(opened: Opened) -> None:
    client, stub = opened(lambda *_: Answers(500))

    with pytest.raises(InvalidTemplate):
        client.register_template(Template("scipy", "\ud800"))
    with pytest.raises(InvalidRequest):
        client.patch_template("scipy", {"labels": {"a": object()}})
    with pytest.raises(InvalidRequest):
        client.restore_template("scipy", 1, note="\ud800")

    assert stub.asked == []
