"""What no server should trip over: an error that names the fault, nothing stored, and the next request answered."""

import pytest
from starlette.testclient import TestClient

from binder_registry.lengths import BODY_VALUES
from binder_registry.server.handlers.taken_apart import AT_ONCE

from .asking import SCIPY, error_name, hints
from .running import KEY

MIB = 1024**2
TEMPLATE = b'{"name":"a","image-name":"i"}'
SIX_THOUSAND = b"9" * 6000


MALFORMED = {
    "empty": b"",
    "blank": b" \n",
    "cut short": b'{"name":"a","image-name":"i"',
    "cut in a string": b'{"name":"a',
    "a comma too many": b'{"name":"a","image-name":"i",}',
    "two values": b'{"name":"a","image-name":"i"}{}',
    "a comment": b'{"name":"a","image-name":"i"}//',
    "single quotes": b"{'name':'a'}",
    "NaN": b'{"name":"a","image-name":"i","bind-port":NaN}',
    "Infinity": b'{"name":"a","image-name":"i","bind-port":-Infinity}',
    "a leading zero": b'{"name":"a","image-name":"i","bind-port":01}',
    "a raw control character": b'{"name":"a","image-name":"i","command":"\x01"}',
    "a wrong escape": rb'{"name":"a","image-name":"i","command":"\x41"}',
    "a byte order mark": b"\xef\xbb\xbf" + TEMPLATE,
    "UTF-16": TEMPLATE.decode().encode("utf-16"),
    "invalid UTF-8": b'{"name":"\xff","image-name":"i"}',
    "a lone surrogate": rb'{"name":"\ud83d","image-name":"i"}',
    "a lone surrogate in an unknown key": rb'{"name":"a","image-name":"i","\udc00":1}',
    "depth 100,000": b"[" * 100_000 + b"]" * 100_000,
    "depth 100,000 in a member": b'{"name":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
    "depth 500,000, never closed": b"[" * 500_000,
    "a form": b"name=a&image-name=i",
}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_body_is_refused(client: TestClient, method: str, body: bytes) -> None:
    client.post("/templates", json=SCIPY)
    target = "/templates" if method == "POST" else "/templates/scipy"

    answer = client.request(method, target, content=body)

    assert (answer.status_code, error_name(answer), hints(answer)) == (400, "invalid_request", ["body"])
    assert client.get("/templates").headers["registry-revision"] == "1"


WRONG_MEMBERS = {
    "a number as name": (b'{"name":5,"image-name":"i"}', ["name"]),
    "a list as command": (b'{"name":"a","image-name":"i","command":["x"]}', ["command"]),
    "a list as limits": (b'{"name":"a","image-name":"i","limits":[]}', ["limits"]),
    "a list": (b"[]", ["body"]),
    "a string": (b'"name"', ["body"]),
    "6,000 digits": (b'{"name":"a","image-name":"i","bind-port":%b}' % SIX_THOUSAND, ["bind-port"]),
    "6,000 negative digits": (
        b'{"name":"a","image-name":"i","limits":{"memory":-%b}}' % SIX_THOUSAND,
        ["limits.memory"],
    ),
    "6,000 digits of CPUs": (b'{"name":"a","image-name":"i","limits":{"cpus":%b}}' % SIX_THOUSAND, ["limits.cpus"]),
    "a huge exponent": (b'{"name":"a","image-name":"i","limits":{"cpus":1e999}}', ["limits.cpus"]),
    "2^64": (b'{"name":"a","image-name":"i","bind-port":18446744073709551616}', ["bind-port"]),
    "a half port": (b'{"name":"a","image-name":"i","bind-port":80.5}', ["bind-port"]),
    "negative CPUs": (b'{"name":"a","image-name":"i","limits":{"cpus":-0.5}}', ["limits.cpus"]),
    "a group that is a number": (b'{"name":"a","image-name":"i","allowed-groups":[1]}', ["allowed-groups"]),
    "labels in a list": (b'{"name":"a","image-name":"i","labels":["x"]}', ["labels"]),
    "a label key with spaces": (b'{"name":"a","image-name":"i","labels":{"a b":"x"}}', ["labels.a b"]),
    "a variable with a dash": (b'{"name":"a","image-name":"i","environment":{"A-B":"x"}}', ["environment.A-B"]),
    "replaced by itself": (b'{"name":"a","image-name":"i","replaced-by":"a"}', ["replaced-by"]),
    "two faults": (b'{"name":"a","image-name":"i","bind-port":-1,"display-name":"\\n"}', ["bind-port", "display-name"]),
    "both required": (b"{}", ["name", "image-name"]),
}


@pytest.mark.parametrize(("body", "fields"), WRONG_MEMBERS.values(), ids=WRONG_MEMBERS)
def test_a_wrong_member_is_named(client: TestClient, body: bytes, fields: list[str]) -> None:
    answer = client.post("/templates", content=body)

    assert (answer.status_code, error_name(answer), hints(answer)) == (400, "invalid_template", fields)
    assert client.get("/templates").headers["registry-revision"] == "0"


@pytest.mark.parametrize(
    "unknown", [b"[" * 9_000 + b"]" * 9_000, SIX_THOUSAND, b"1e999", b'{"name":5}', b'"\\ud83d\\ude00"'], ids=len
)
def test_what_an_unknown_member_holds_does_not_matter(client: TestClient, unknown: bytes) -> None:
    answer = client.post("/templates", content=b'{"name":"a","unknown":%b,"image-name":"i"}' % unknown)

    assert answer.status_code == 201
    assert b"unknown" not in client.get("/templates").content


@pytest.mark.parametrize("note", ["%", "%zz", "%ff", "%00", "a" * 1025, "%c3%a9" * 513, "%ed%a0%80"])
def test_a_broken_note_is_refused(client: TestClient, note: str) -> None:
    answer = client.post("/templates", json=SCIPY, headers={"Registry-Note": note})

    assert (answer.status_code, hints(answer)) == (400, ["Registry-Note"])
    assert client.get("/templates").content == b"[]\n"


@pytest.mark.parametrize("value", ["x", "-1", "1.0", "", "9" * 30, "²", "0x1", "1-2"])
def test_a_broken_awaited_revision_is_refused(client: TestClient, value: str) -> None:
    answer = client.get("/templates", headers={b"Registry-Revision": value.encode("latin-1")})

    assert (answer.status_code, hints(answer)) == (400, ["Registry-Revision"])


@pytest.mark.parametrize(
    "value", ["x", '"x', '"1-2"', "1-", '"1" "2"', "-1", "9" * 30, '""', "²", '"1-zzzzzzzzzzzzzzzz"']
)
def test_a_broken_condition_is_refused(client: TestClient, value: str) -> None:
    client.post("/templates", json=SCIPY)

    answer = client.put("/templates/scipy", json={}, headers={b"If-Match": value.encode("latin-1")})

    assert (answer.status_code, hints(answer)) == (400, ["If-Match"])
    assert client.get("/templates").headers["registry-revision"] == "1"


@pytest.mark.parametrize(
    "query",
    [
        "&".join(f"label=a{number}" for number in range(101)),
        "name=%ff",
        "%ff=1",
        "limit=0",
        "limit=1001",
        "limit=" + "9" * 5000,
        "limit=1&limit=2",
        "revision=-1",
        "revision=x",
        "revision=9223372036854775808",
        "view=half",
        "deleted=true",
        "deleted=yes&view=full",
        "label=",
        "label=a b",
        "label=a=b=c",
        "label=!",
        "after=a&after=b",
        "x" * 60_000,
    ],
    ids=lambda query: query[:20],
)
def test_an_odd_query_is_refused(client: TestClient, query: str) -> None:
    answer = client.get(f"/templates?{query}")

    assert answer.status_code == 400
    assert len(hints(answer)) == 1
    assert len(answer.content) < 1000


def test_a_query_of_many_characters_is_answered(client: TestClient) -> None:
    client.post("/templates", json=SCIPY)

    answer = client.get("/templates", params={"q": "x" * 50_000})

    assert answer.content == b"[]\n"


@pytest.mark.parametrize("glob", ["*" * 30 + "!", "[", "[!", "[]", "[z-a]", "?", "\\", "(a+)+$", "*a" * 20])
def test_any_glob_is_answered_soon(client: TestClient, glob: str) -> None:
    client.post("/templates", json={"name": "a" * 200, "image-name": "a" * 200})

    answers = [client.get("/templates", params={parameter: glob}) for parameter in ("name", "image")]

    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize(
    "body", [b'{"revision":0}', b'{"revision":"1"}', b'{"revision":true}', b"{}", b'{"revision":1.0}']
)
def test_a_restore_names_a_revision(client: TestClient, body: bytes) -> None:
    client.post("/templates", json=SCIPY)

    answer = client.post("/templates/scipy/restore", content=body)

    assert (answer.status_code, hints(answer)) == (400, ["revision"])


def test_a_restore_has_no_other_member(client: TestClient) -> None:
    client.post("/templates", json=SCIPY)

    answer = client.post("/templates/scipy/restore", json={"revision": 1, "revison": 2})

    assert (answer.status_code, hints(answer)) == (400, ["revison"])


@pytest.mark.parametrize("key", ["\xff", "\xe9" * 1000, KEY + "\0"])
def test_odd_keys_are_wrong_keys(client: TestClient, key: str) -> None:
    answer = client.post("/templates", json=SCIPY, headers={b"Authorization": b"token " + key.encode("latin-1")})

    assert (answer.status_code, error_name(answer)) == (401, "invalid_token")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_body_of_too_many_values_is_refused(client: TestClient, method: str) -> None:
    client.post("/templates", content=TEMPLATE)
    many = b'{"name":"a","image-name":"i","labels":{%b}}' % b",".join(b'"k%d":""' % n for n in range(BODY_VALUES))

    answer = client.request(method, "/templates" if method == "POST" else "/templates/a", content=many)

    assert (answer.status_code, hints(answer)) == (400, ["body"])
    assert "25,000" in answer.json()["message"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_marks_within_texts_are_no_values(client: TestClient, method: str) -> None:
    client.post("/templates", content=TEMPLATE)
    value = r"\\\"[,{" * 6000
    body = b'{"name":"a","image-name":"i","environment":{%b}}' % b",".join(
        b'"K%d":"%b"' % (number, value[:24_000].encode()) for number in range(4)
    )

    answer = client.request(method, "/templates" if method == "POST" else "/templates/a", content=body)

    assert answer.status_code == (409 if method == "POST" else 202 if method == "PUT" else 200)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_body_of_many_values_is_answered_as_a_small_one(client: TestClient, method: str) -> None:
    client.post("/templates", content=TEMPLATE)
    groups = b",".join(b'"g%d"' % number for number in range(AT_ONCE + 1))
    body = b'{"name":"a","image-name":"i","allowed-groups":[%b]}' % groups

    answer = client.request(method, "/templates" if method == "POST" else "/templates/a", content=body)

    assert (answer.status_code, hints(answer)) == (400, ["allowed-groups"])
