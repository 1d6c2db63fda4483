"""A registry of 2015 has no revisions, ignores every parameter and lists in any order: people move away from it."""

from urllib.parse import urlsplit

import pytest

from binder_registry import Client, Template
from binder_registry.errors import InvalidRequest, MethodNotAllowed, RouteNotFound, TemplateNotFound

from .stub import Answers, Asked, Opened

R = b'{"name":"r","image-name":"jupyter/r","command":"","limits":{},"time-created":"2015-10-07T22:18:04.123456789Z",'
R += b'"time-modified":"2015-10-07T22:18:04.08041123Z"}'
PYTHON = b'{"name":"python \\u0026 co","image-name":"jupyter/scipy","command":"start","limits":{"memory":512},'
PYTHON += b'"time-created":"2015-10-07T22:18:04Z","time-modified":"2015-10-07T22:18:04Z","container-ip":"127.0.0.1"}'


def registry_of_2015(asked: Asked, _: int) -> Answers:
    """Its answers as they were recorded."""
    kind = {"Content-Type": "application/json; charset=UTF-8"}
    path = urlsplit(asked.path).path
    if asked.method not in ("GET", "POST", "PUT"):
        return Answers(405)
    if path == "/templates":
        return Answers(200, kind, b"[%b,%b]\n" % (R, PYTHON))
    if path == "/templates/r":
        return Answers(200, kind, R + b"\n")
    if path.startswith("/templates/") and "/" not in path.removeprefix("/templates/"):
        return Answers(404, kind, b'{"message":"Template Not Found"}\n')
    return Answers(404, {"Content-Type": "text/plain; charset=utf-8"}, b"404 page not found\n")


@pytest.fixture
def old(opened: Opened) -> Client:
    client, _ = opened(registry_of_2015)
    return client


def test_its_templates_are_listed_by_name(old: Client) -> None:
    listed = old.list_templates()

    assert [template.name for template in listed] == ["python & co", "r"]
    assert listed[0].limits.memory == 512
    assert listed[0].bind_ip == "127.0.0.1"
    assert [template.revision for template in listed] == [0, 0]


def test_a_time_in_nanoseconds_is_read(old: Client) -> None:
    template = old.get_template("r")

    assert template.time_created is not None
    assert template.time_created.isoformat() == "2015-10-07T22:18:04.123457+00:00"


def test_an_etag_that_a_proxy_made_is_no_revision(opened: Opened) -> None:
    tagged = Answers(200, {"ETag": '"5f3-1b2c"'}, R)
    client, _ = opened(lambda *_: tagged)

    assert client.get_template("r").revision == 0


def test_what_is_not_there_is_not_found(old: Client) -> None:
    with pytest.raises(TemplateNotFound):
        old.get_template("nope")


def test_what_it_would_ignore_is_refused(old: Client) -> None:
    for filtered in ({"label": ["a=b"]}, {"q": "scipy"}, {"image": "jupyter/*"}, {"name": "r*"}, {"revision": 3}):
        with pytest.raises(InvalidRequest, match="registry of 2015"):
            old.list_templates(**filtered)
    with pytest.raises(InvalidRequest, match="registry of 2015"):
        old.get_template("r", revision=3)


def test_what_came_later_is_not_there(old: Client) -> None:
    with pytest.raises(RouteNotFound):
        old.changes()
    with pytest.raises(RouteNotFound):
        next(old.watch(since=0))
    with pytest.raises(RouteNotFound):
        old.apply([Template("r", "jupyter/r")])
    with pytest.raises(MethodNotAllowed):
        old.delete_template("r")
