"""JSON as the registry of 2015 read and wrote it, beyond its recordings."""

import re

import pytest
from starlette.testclient import TestClient

from .asking import SCIPY, R, hints, without_times


@pytest.mark.parametrize("body", [b"null", b"{}", b'{"name":"other"}', b' \t\r\n{"command":null}\n'])
def test_a_put_that_says_nothing_still_counts_as_a_change(client: TestClient, body: bytes) -> None:
    before = client.post("/templates", json=SCIPY).json()

    answer = client.put("/templates/scipy", content=body)

    assert answer.status_code == 202
    assert without_times(answer.json()) == without_times(before)
    assert answer.json()["time-created"] == before["time-created"]
    assert answer.json()["time-modified"] > before["time-modified"]


@pytest.mark.parametrize(
    ("body", "member", "value"),
    [
        (b'{"NAME":"a","Image-Name":"i","CoMmAnD":"c"}', "command", "c"),
        (b'{"name":"a","image-name":"i","limit\xc5\xbf":{"CPU_Share\xc5\xbf":7}}', "limits", {"cpu_shares": 7}),
        (b'{"n\\u0061me":"a","image-name":"i"}', "name", "a"),
        (b'{"name":"x","name":"a","image-name":"i"}', "name", "a"),
        (b'{"name":"a","name":null,"image-name":"i"}', "name", "a"),
        (
            b'{"name":"a","image-name":"i","limits":{"memory":5},"limits":{"cpu_shares":2}}',
            "limits",
            {"memory": 5, "cpu_shares": 2},
        ),
        (b'{"name":"a","image-name":"i","limits":{"memory":5},"limits":null}', "limits", {"memory": 5}),
        (b'{"name":"a","image-name":"i","image_name":"j","unknown":[1e999,{}]}', "image-name", "i"),
        (b'{"name":"a","image-name":"i","limits":{"memory":-0}}', "limits", {}),
        (b'{"name":"a","image-name":" "}', "image-name", " "),
    ],
)
def test_members_are_read_as_go_reads_them(client: TestClient, body: bytes, member: str, value: object) -> None:
    answer = client.post("/templates", content=body)

    assert answer.status_code == 201
    assert answer.json()[member] == value


@pytest.mark.parametrize(
    "time", ["2015-10-07T01:02:03+02:00", "2015-10-07T01:02:03,5Z", "0000-02-29T01:02:03Z", "2015-10-07T01:02:03Z"]
)
def test_a_time_that_a_client_sends_is_read_and_dropped(client: TestClient, time: str) -> None:
    answer = client.post("/templates", json={**SCIPY, "time-created": time, "time-modified": None})

    assert answer.status_code == 201
    assert answer.json()["time-created"] == answer.json()["time-modified"] > "2020"


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    "time",
    ["yesterday", "", "2015-10-07", 5, "2015-10-07t01:02:03z", "2015-10-07T01:02:03+0200", "2015-10-07T01:02:60Z"],
)
def test_a_time_that_is_none_is_refused(client: TestClient, method: str, time: object) -> None:
    client.post("/templates", json=SCIPY)
    target = "/templates" if method == "POST" else "/templates/scipy"

    answer = client.request(method, target, json={**R, "time-created": time})

    assert (answer.status_code, hints(answer)) == (400, ["time-created"])


@pytest.mark.parametrize("number", [b"1.0", b"1e3", b"1.5", b"9223372036854775808", b'"512m"', b"true"])
def test_a_limit_that_is_no_64_bit_integer_is_refused(client: TestClient, number: bytes) -> None:
    answer = client.post("/templates", content=b'{"name":"a","image-name":"i","limits":{"memory":%b}}' % number)

    assert (answer.status_code, hints(answer)) == (400, ["limits.memory"])


def test_the_largest_number_is_kept(client: TestClient) -> None:
    client.post("/templates", json={**SCIPY, "limits": {"memory": 2**63 - 1}})

    assert b'"limits":{"memory":9223372036854775807}' in client.get("/templates/scipy").content


def test_text_goes_out_with_gos_escapes(client: TestClient) -> None:
    command = "<a> & 'b' / \u2028\u2029 \x08\x0c\n\r\t\x1f\x7f é 😀"

    answer = client.post("/templates", json={**SCIPY, "command": command})

    expected = rb"\u003ca\u003e \u0026 'b' / \u2028\u2029 \u0008\u000c\n\r\t\u001f" + "\x7f é 😀".encode()
    assert b'"command":"%b"' % expected in answer.content
    assert answer.json()["command"] == command


def test_times_end_in_no_zero_and_equal_each_other_at_first(client: TestClient) -> None:
    times = [client.post("/templates", json={**SCIPY, "name": f"t{number}"}).json() for number in range(50)]

    for template in times:
        assert template["time-created"] == template["time-modified"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?Z", template["time-created"])


def test_members_that_are_zero_are_left_out_but_for_four(client: TestClient) -> None:
    answer = client.post("/templates", json=SCIPY)

    assert list(answer.json()) == ["name", "image-name", "command", "limits", "time-created", "time-modified"]
    assert answer.content.endswith(b"}\n")
    assert b": " not in answer.content
