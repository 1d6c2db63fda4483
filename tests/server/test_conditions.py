"""Conditions on writes that more than one tag, a proxy or a clock has to do with: `If-Match` alone is in
`test_conditional`."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest
from starlette.testclient import TestClient

from binder_registry import InMemoryStore, LogStore
from binder_registry.backends.memory import MemoryLog

from .asking import SCIPY, R, application, asked, error_name, hints, listening
from .sockets import connected

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
WRITES = [
    ("PUT", "/templates/scipy", {"command": "c"}),
    ("PATCH", "/templates/scipy", {"command": "c"}),
    ("DELETE", "/templates/scipy", None),
    ("POST", "/templates/scipy/restore", {"revision": 1}),
    ("PUT", "/templates/scipy/channels/stable", {"revision": 1}),
    ("DELETE", "/templates/scipy/changes/1", None),
    ("POST", "/apply", {"templates": [R]}),
    ("POST", "/apply", {"templates": [R], "dry-run": True}),
]
every_write = pytest.mark.parametrize(("method", "target", "body"), WRITES, ids=lambda value: str(value)[:40])


@pytest.fixture
def etag(client: TestClient) -> str:
    """Of scipy, and of the registry: revision 2."""
    client.post("/templates", json=SCIPY)
    tag: str = client.put("/templates/scipy", json={"command": "b"}).headers["etag"]
    return tag


def revision(client: TestClient) -> str:
    return client.get("/templates").headers["registry-revision"]


@every_write
@pytest.mark.parametrize("form", ["*", "{0}", "W/{0}", '"9", {0}', '{0},"foreign"', ' {0} ,, "9"', "{1}", "{2}"])
def test_what_if_none_match_names_is_not_written_to(
    client: TestClient, etag: str, method: str, target: str, body: object, form: str
) -> None:
    condition = form.format(etag, etag.strip('"'), f'{etag[:-1]}-gzip"')

    answer = client.request(method, target, json=body, headers={"If-None-Match": condition})

    assert (answer.status_code, error_name(answer), hints(answer)) == (412, "revision_conflict", ["If-None-Match"])
    assert answer.headers["etag"] == etag
    assert revision(client) == "2"


@every_write
@pytest.mark.parametrize("condition", ['"1"', '"foreign, with a comma"', '"1-0123456789abcdef", "3"', 'W/"x"'])
def test_other_states_are_written_to(
    client: TestClient, etag: str, method: str, target: str, body: object, condition: str
) -> None:
    answer = client.request(method, target, json=body, headers={"If-None-Match": condition})

    assert answer.status_code in (200, 202, 204)


@every_write
@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
@pytest.mark.parametrize("condition", ["", ",", "x", '"2', '*, "2"', '"1" "2"', "9" * 30, "9223372036854775808"])
def test_a_broken_condition_is_refused(
    client: TestClient, etag: str, method: str, target: str, body: object, header: str, condition: str
) -> None:
    answer = client.request(method, target, json=body, headers={header: condition})

    assert (answer.status_code, hints(answer)) == (400, [header])
    assert revision(client) == "2"


@every_write
@pytest.mark.parametrize(
    "form",
    ['"1", {0}', '{0},"7"', "1,2", 'W/"1", W/{0}', '"2-gzip"', '"2--gzip"', '"2;br"', '"foreign", {0}', '{0}, W/"x,y"'],
)
def test_one_of_a_list_is_enough(
    client: TestClient, etag: str, method: str, target: str, body: object, form: str
) -> None:
    answer = client.request(method, target, json=body, headers={"If-Match": form.format(etag)})

    assert answer.status_code in (200, 202, 204)


@every_write
@pytest.mark.parametrize("condition", ['"1"', '"1", "3"', "0", '"1", "foreign"', '"foreign", W/"x"'])
def test_a_list_without_the_current_state_is_refused(
    client: TestClient, etag: str, method: str, target: str, body: object, condition: str
) -> None:
    answer = client.request(method, target, json=body, headers={"If-Match": condition})

    assert (answer.status_code, hints(answer)) == (412, ["If-Match"])
    assert revision(client) == "2"


def test_a_list_may_come_in_several_headers(client: TestClient, etag: str) -> None:
    headers = [("If-Match", '"1"'), ("If-Match", etag)]

    answer = client.put("/templates/scipy", json={"command": "c"}, headers=headers)

    assert answer.status_code == 202


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
def test_several_headers_are_one_list_for_reads_too(client: TestClient, etag: str, header: str) -> None:
    answer = client.get("/templates/scipy", headers=[(header, '"1"'), (header, etag)])

    assert answer.status_code == (200 if header == "If-Match" else 304)


def test_both_conditions_must_hold(client: TestClient, etag: str) -> None:
    answer = client.put("/templates/scipy", json={}, headers={"If-Match": etag, "If-None-Match": "*"})

    assert (answer.status_code, hints(answer)) == (412, ["If-None-Match"])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": "*"}, 201),
        ({"If-None-Match": '"1"'}, 201),
        ({"If-Match": "0"}, 201),
        ({"If-Match": "*"}, 412),
        ({"If-Match": '"2"'}, 412),
        ({"If-Unmodified-Since": format_datetime(NOON, usegmt=True)}, 201),
    ],
)
def test_a_create_is_conditional_on_what_it_creates(
    client: TestClient, etag: str, headers: dict[str, str], status: int
) -> None:
    answer = client.post("/templates", json=R, headers=headers)

    assert answer.status_code == status
    assert revision(client) == ("3" if status == 201 else "2")


def test_a_create_of_what_is_there_says_which_condition_failed(client: TestClient, etag: str) -> None:
    answer = client.post("/templates", json=SCIPY, headers={"If-None-Match": "*"})

    assert (answer.status_code, hints(answer), answer.headers["etag"]) == (412, ["If-None-Match"], etag)


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"If-None-Match": "*"}, 200), ({"If-Match": "*"}, 412), ({"If-Match": "0"}, 200), ({"If-Match": "3"}, 200)],
)
def test_what_is_deleted_is_not_there(client: TestClient, etag: str, headers: dict[str, str], status: int) -> None:
    client.delete("/templates/scipy")

    answer = client.post("/templates/scipy/restore", json={"revision": 1}, headers=headers)

    assert answer.status_code == status


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
def test_a_change_of_what_is_not_there_is_not_found_whatever_it_asks(client: TestClient, header: str) -> None:
    answers = [client.request(method, target, json=body, headers={header: "*"}) for method, target, body in WRITES[:5]]

    assert {answer.status_code for answer in answers} == {404}


class TestUnmodifiedSince:
    @pytest.fixture
    def client(self) -> Iterator[TestClient]:
        """scipy was written at half a second past noon, and changed a minute later."""
        times = iter([NOON + timedelta(seconds=0.5), *(NOON + timedelta(minutes=1, seconds=n) for n in range(9))])
        with asked(application(LogStore(MemoryLog(), now=lambda: next(times)))) as client:
            client.post("/templates", json=SCIPY)
            client.put("/templates/scipy", json={"command": "b"})
            yield client

    @every_write
    @pytest.mark.parametrize(("seconds", "refused"), [(59, True), (60, False), (61, False)])
    def test_a_write_to_what_was_written_later_is_refused(
        self, client: TestClient, method: str, target: str, body: object, seconds: int, refused: bool
    ) -> None:
        since = format_datetime(NOON + timedelta(seconds=seconds), usegmt=True)

        answer = client.request(method, target, json=body, headers={"If-Unmodified-Since": since})

        assert (answer.status_code == 412) == refused

    def test_if_match_wins(self, client: TestClient) -> None:
        headers = {"If-Match": "2", "If-Unmodified-Since": format_datetime(NOON, usegmt=True)}

        assert client.put("/templates/scipy", json={}, headers=headers).status_code == 202

    @pytest.mark.parametrize(
        "date",
        [
            "",
            "yesterday",
            "2026-01-05",
            "1767614400",
            "Mon, 99 Jan 2026 12:00:00 GMT",
            "Mon, 05 Jan 99999999999999999999 12:00:00 GMT",
            "Mon, 05 Jan 2026 99999999999999999999:00:00 GMT",
            "Mon, 05 Jan 2026 12:00:00 +99999999999999",
            "Mon, 05 Jan 2099 12:00:00 GMT, Mon, 05 Jan 2026 12:00:00 GMT",
        ],
    )
    def test_a_broken_date_is_refused(self, client: TestClient, date: str) -> None:
        answer = client.put("/templates/scipy", json={}, headers={"If-Unmodified-Since": date})

        assert (answer.status_code, hints(answer)) == (400, ["If-Unmodified-Since"])


READS = ["/templates/scipy", "/templates", "/templates?name=*", "/templates/scipy?revision=2"]


@pytest.mark.parametrize("target", READS)
@pytest.mark.parametrize(("form", "status"), [("{0}", 200), ("*", 200), ('"1", {0}', 200), ('"1"', 412)])
def test_a_read_of_another_state_than_if_match_names_is_refused(
    client: TestClient, etag: str, target: str, form: str, status: int
) -> None:
    answer = client.get(target, headers={"If-Match": form.format(etag)})

    assert answer.status_code == status


def test_the_fast_path_leaves_a_conditional_read_to_the_ordinary_one(store: InMemoryStore) -> None:
    with listening(application(store)) as port, connected(port) as connection:
        connection.ask("POST", "/templates", b'{"name":"scipy","image-name":"i"}')

        answer = connection.ask("GET", "/templates/scipy", b"", 'If-Match: "7"')

    assert answer.status == 412


FORMS = ["{0}", '"{0}"', 'W/"{0}"', "W/{0}", "{0}-gzip", '"{0}-zstd"', 'W/"{0}-gzip"', '"{0}--gzip"', '"{0};br"']


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("target", ["/changes", "/templates/scipy/changes"])
def test_since_takes_an_etag_as_it_was_sent(client: TestClient, etag: str, target: str, form: str) -> None:
    client.put("/templates/scipy", json={"command": "c"})

    answer = client.get(target, params={"since": form.format(etag.strip('"'))})

    assert [change["revision"] for change in answer.json()["changes"]] == [3]


@pytest.mark.parametrize("form", FORMS)
def test_the_last_event_id_may_be_an_etag(client: TestClient, etag: str, form: str) -> None:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": form.format(etag.strip('"'))}

    answer = client.head("/changes", headers=headers)

    assert answer.status_code == 200


TOO_LARGE = ["9223372036854775808", "9999999999999999999", "9223372036854775808-0123456789abcdef", "1" * 5000]


@pytest.mark.parametrize("number", TOO_LARGE)
@pytest.mark.parametrize(
    ("target", "field"),
    [
        ("/changes?since={0}", "since"),
        ("/changes?limit={0}", "limit"),
        ("/changes?wait={0}", "wait"),
        ("/templates/scipy/changes?since={0}", "since"),
        ("/templates/scipy/changes?limit={0}", "limit"),
        ("/templates/scipy?revision={0}", "revision"),
        ("/templates?revision={0}", "revision"),
        ("/templates?limit={0}", "limit"),
    ],
)
def test_a_number_that_no_log_can_reach_is_refused(client: TestClient, target: str, field: str, number: str) -> None:
    answer = client.get(target.format(number))

    assert (answer.status_code, hints(answer)) == (400, [field])


@pytest.mark.parametrize("number", TOO_LARGE)
def test_a_header_that_no_log_can_reach_is_refused(client: TestClient, number: str) -> None:
    stream = {"Accept": "text/event-stream", "Last-Event-ID": number}

    answers: list[httpx2.Response] = [
        client.get("/changes", headers=stream),
        client.get("/changes", headers={"Registry-Revision": number}),
        client.delete(f"/templates/scipy/changes/{number}"),
    ]

    assert [answer.status_code for answer in answers] == [400] * 3


@pytest.mark.parametrize(
    ("name", "value"),
    [("Registry-Revision", "1"), ("Last-Event-ID", "1"), ("If-Unmodified-Since", "Mon, 05 Jan 2099 12:00:00 GMT")],
)
def test_a_header_that_says_one_thing_may_not_come_twice(client: TestClient, etag: str, name: str, value: str) -> None:
    method, target = ("PUT", "/templates/scipy") if name == "If-Unmodified-Since" else ("GET", "/changes")
    headers = [(name, value), (name, value), ("Accept", "text/event-stream")]

    answer = client.request(method, target, json={} if method == "PUT" else None, headers=headers)

    assert (answer.status_code, hints(answer)) == (400, [name])


def test_the_largest_numbers_are_only_too_new(client: TestClient, etag: str) -> None:
    largest = str(2**63 - 1)

    answers = [
        client.get(f"/changes?since={largest}"),
        client.get(f"/templates/scipy?revision={largest}"),
        client.put("/templates/scipy", json={}, headers={"If-Match": largest}),
        client.get("/templates", headers={"Registry-Revision": largest}),
        client.delete(f"/templates/scipy/changes/{largest}"),
    ]

    assert [answer.status_code for answer in answers] == [410, 400, 412, 412, 400]
