"""What the registry of 2015 did, beyond its recordings."""

import pytest
from starlette.testclient import TestClient

from .asking import SCIPY, error_name, hints
from .running import KEY
from .sockets import Answer, Connection, chunked, connected, request

JSON = "application/json; charset=UTF-8"
NO_TOKEN = "Authorization header not set. Should be of format 'Authorization: token key'"
NO_FIELD = "Token field not present in Authorization header. Should be of format 'Authorization: token key'"
BODY = b'{"name":"scipy","image-name":"jupyter/scipy"}'


def posted(port: int, *headers: str) -> Answer:
    with connected(port) as connection:
        return connection.ask("POST", "/templates", BODY, *headers)


@pytest.mark.parametrize(
    "header",
    [f"Authorization: TOKEN {KEY}", f"Authorization: token {KEY} ", f"AUTHORIZATION:token {KEY}"],
    ids=["capitals", "a space at the end", "no space before"],
)
def test_a_key_is_taken(port: int, header: str) -> None:
    answer = posted(port, header)

    assert answer.status == 201


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", NO_FIELD),
        (KEY, NO_FIELD),
        ("token", NO_FIELD),
        ("token ", NO_FIELD),
        (f"token  {KEY}", NO_FIELD),
        (f"token {KEY} x", NO_FIELD),
        (f"token\t{KEY}", NO_FIELD),
        (f"tokens {KEY}", NO_FIELD),
        ("token wrong", "Invalid token"),
        (f"token {KEY.lower()}", "Invalid token"),
        ("token \xff", "Invalid token"),
    ],
)
def test_a_header_that_holds_no_key_is_refused(port: int, value: str, message: str) -> None:
    answer = posted(port, f"Authorization: {value}")

    assert (answer.status, answer.body) == (401, b'{"message":"%b"}\n' % message.encode())
    assert answer.headers["content-type"] == JSON


def test_of_two_headers_the_first_counts(port: int) -> None:
    right, wrong = f"Authorization: token {KEY}", "Authorization: token wrong"

    answers = [posted(port, wrong, right), posted(port, right, wrong)]

    assert [answer.status for answer in answers] == [401, 201]


def test_without_a_header_the_message_says_how_it_is_written(client: TestClient) -> None:
    answer = client.post("/templates", json=SCIPY, headers={"Authorization": ""})
    del client.headers["Authorization"]
    without = client.post("/templates", json=SCIPY)

    assert answer.json() == {"message": NO_FIELD}
    assert (without.status_code, without.json()) == (401, {"message": NO_TOKEN})


def test_reads_ignore_a_wrong_key(client: TestClient) -> None:
    answer = client.get("/templates", headers={"Authorization": "token wrong"})

    assert (answer.status_code, answer.content) == (200, b"[]\n")


@pytest.mark.parametrize(
    ("headers", "body", "status", "message"),
    [
        ({"Authorization": "token wrong"}, b"{", 401, "Invalid token"),
        ({}, b'{"name":5,"image-name":"i"', 400, "unexpected end of JSON input"),
        ({}, b'{"name":5}', 400, "name must be a string"),
        ({}, b'{"name":"scipy"}', 400, "name and image-name must be specified"),
        ({}, BODY, 409, "Template already exists"),
    ],
    ids=["key", "syntax", "type", "required members", "conflict"],
)
def test_the_first_of_several_faults_is_named(
    client: TestClient, headers: dict[str, str], body: bytes, status: int, message: str
) -> None:
    client.post("/templates", content=BODY)

    answer = client.post("/templates", content=body, headers=headers)

    assert (answer.status_code, answer.json()["message"]) == (status, message)


def test_a_put_to_an_unknown_name_is_read_before_the_name_is(client: TestClient) -> None:
    malformed = client.put("/templates/nothing", content=b"{")
    well_formed = client.put("/templates/nothing", content=b"{}")

    assert malformed.status_code == 400
    assert (well_formed.status_code, well_formed.content) == (404, b'{"message":"Template Not Found"}\n')


@pytest.mark.parametrize("target", ["/%74emplates/a%20b", "/templates/a%20b?x=1", "/templates/a%20%62"])
def test_a_path_is_matched_as_it_decodes(port: int, target: str) -> None:
    with connected(port) as connection:
        connection.ask("POST", "/templates", b'{"name":"a b","image-name":"i"}')

        answer = connection.ask("GET", target)

    assert answer.json()["name"] == "a b"


@pytest.mark.parametrize("name", ["a+b", "a;b", "é", "a%2Bb", "100%", "a?b", "a#b", " "])
def test_names_of_all_kinds_are_reached_by_their_location(client: TestClient, name: str) -> None:
    created = client.post("/templates", json={"name": name, "image-name": "i"})

    answer = client.get(created.headers["location"])

    assert (answer.status_code, answer.json()["name"]) == (200, name)


def test_raw_utf_8_in_a_path_is_a_name(port: int) -> None:
    with connected(port) as connection:
        connection.ask("POST", "/templates", '{"name":"é","image-name":"i"}'.encode())

        connection.send("GET /templates/é HTTP/1.1\r\nHost: r\r\n\r\n".encode())
        answer = connection.answer()

    assert answer.json()["name"] == "é"


@pytest.mark.parametrize("target", ["/Templates", "/template", "/templates/a/b", "/templates/a%2Fb", "/status"])
def test_another_path_is_not_found(client: TestClient, target: str) -> None:
    answer = client.get(target)

    assert (answer.status_code, error_name(answer)) == (404, "route_not_found")


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "text/plain; charset=latin-1", "nonsense"]
)
def test_any_content_type_is_taken(client: TestClient, content_type: str) -> None:
    answer = client.post("/templates", content=BODY, headers={"Content-Type": content_type})

    assert answer.status_code == 201


def test_a_body_in_chunks_is_taken(port: int) -> None:
    with connected(port) as connection:
        answer = connection.ask("POST", "/templates", chunked(BODY[:10], BODY[10:]), "Transfer-Encoding: chunked")

    assert answer.status == 201


def test_a_body_with_a_content_encoding_is_read_as_it_is(client: TestClient) -> None:
    answer = client.post("/templates", content=b"\x1f\x8b\x08", headers={"Content-Encoding": "gzip"})

    assert (answer.status_code, hints(answer)) == (400, ["body"])


def test_the_body_of_a_get_is_ignored(port: int) -> None:
    with connected(port) as connection:
        answer = connection.ask("GET", "/templates", b"{")

        assert answer.body == b"[]\n"
        assert connection.ask("GET", "/templates").body == b"[]\n"


def test_http_1_0_is_answered(port: int) -> None:
    with connected(port) as connection:
        connection.send(b"POST /templates HTTP/1.0\r\n", f"Authorization: token {KEY}\r\n".encode())
        connection.send(b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY))

        assert connection.answer().status == 201
        assert connection.ended()


def test_a_body_of_a_mebibyte_is_taken(client: TestClient) -> None:
    answer = client.post("/templates", content=BODY.ljust(1024**2))

    assert answer.status_code == 201


def test_before_a_key_is_shown_no_body_is_asked_for(port: int) -> None:
    with connected(port) as connection:
        connection.send(b"POST /templates HTTP/1.1\r\nHost: r\r\nExpect: 100-continue\r\nContent-Length: 45\r\n\r\n")

        first = connection.sock.recv(20)

    assert first.startswith(b"HTTP/1.1 401")


def test_with_a_key_the_body_is_asked_for(port: int) -> None:
    with connected(port) as connection:
        connection.send(request("POST", "/templates", b"", "Expect: 100-continue", f"Content-Length: {len(BODY)}"))

        asked = connection.sock.recv(100)
        connection.send(BODY)

        assert asked == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert connection.answer().status == 201


def test_no_answer_names_the_server(port: int) -> None:
    with connected(port) as connection:
        answers = [connection.ask("GET", target) for target in ("/", "/templates", "/nothing")]

    assert [answer for answer in answers if "server" in answer.headers] == []


def test_the_index_is_the_literal_of_2015(client: TestClient) -> None:
    answer = client.get("/?any=query&revision=x")

    assert answer.content == b'{"status": "Binder Registry Live!"}\n'
    assert answer.headers["content-type"] == JSON


def test_a_client_that_sends_the_bare_key_still_reads(port: int) -> None:
    """As the npm client did, with a slash that its path of the list ends in."""
    with connected(port) as connection:
        answer = connection.ask("GET", "/templates/", b"", f"Authorization: {KEY}", "accept: application/json")

    assert answer.body == b"[]\n"


def test_many_requests_share_one_connection(port: int) -> None:
    def turn(connection: Connection, number: int) -> list[int]:
        body = b'{"name":"t%d","image-name":"i"}' % number
        written = connection.ask("POST", "/templates", body)
        return [written.status, connection.ask("GET", f"/templates/t{number}").status]

    with connected(port) as connection:
        statuses = [turn(connection, number) for number in range(20)]

    assert statuses == [[201, 200]] * 20
