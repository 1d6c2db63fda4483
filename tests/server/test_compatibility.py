"""Where we differ from 2015: one test for each row of docs/compatibility.md."""

import re
import signal
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest
from starlette.testclient import TestClient

from binder_registry import LogStore, TokenAuthStore, open_store
from binder_registry.server import Limits

from .asking import SCIPY, application, asked, error_name, hints, without_times
from .failing import FailingLog
from .running import KEY, running_server
from .sockets import connected

PAGE = Path(__file__).parents[2] / "docs/compatibility.md"
TESTED = set[str]()

Test = Callable[..., None]


def row(start: str) -> Callable[[Test], Test]:
    """The test holds the row whose first cell begins so."""

    def noted(test: Test) -> Test:
        TESTED.add(start)
        return test

    return noted


def test_every_row_has_a_test() -> None:
    table = PAGE.read_text().partition("## Where it differs")[2]

    rows = re.findall(r"^\| (.+?) \|", table, re.MULTILINE)[2:]

    assert len(rows) >= 16
    assert [cell for cell in rows if not any(cell.startswith(start) for start in TESTED)] == []
    assert [start for start in TESTED if not any(cell.startswith(start) for cell in rows)] == []


@row("PUT changes only")
def test_put_changes_what_is_given_and_not_zero(client: TestClient) -> None:
    client.post("/templates", json={**SCIPY, "limits": {"memory": 1, "cpu_shares": 2}, "redirect-uri": "/lab"})

    answer = client.put(
        "/templates/scipy", json={"limits": {"memory": 3, "cpu_shares": 0}, "bind-port": 80, "command": ""}
    )

    assert without_times(answer.json()) == {
        **SCIPY,
        "command": "",
        "limits": {"memory": 3, "cpu_shares": 2},
        "redirect-uri": "/lab",
        "bind-port": 80,
    }


@row("nothing can be cleared")
def test_patch_clears_with_null(client: TestClient) -> None:
    client.post("/templates", json={**SCIPY, "command": "start.sh", "limits": {"memory": 1, "cpu_shares": 2}})

    answer = client.patch("/templates/scipy", json={"command": None, "limits": {"memory": None}})

    assert without_times(answer.json()) == {**SCIPY, "command": "", "limits": {"cpu_shares": 2}}


@row("`/templates/` and `/templates/{name}/` redirect")
def test_a_slash_at_the_end_is_as_none(client: TestClient) -> None:
    created = client.post("/templates/", json=SCIPY)
    updated = client.put("/templates/scipy/", json={"command": "start.sh"})

    assert (created.status_code, updated.status_code) == (201, 202)
    assert client.get("/templates/").content == client.get("/templates").content
    assert client.get("/templates/scipy/").content == updated.content


@row("`//templates` and dot segments redirect")
@pytest.mark.parametrize(
    "target",
    [
        "//templates",
        "/templates//scipy",
        "/./templates",
        "/x/../templates",
        "/templates/%2e%2e",
        "/templates//",
        "/templates/.",
    ],
)
def test_paths_are_not_cleaned(port: int, target: str) -> None:
    with connected(port) as connection:
        answer = connection.ask("GET", target)

    assert (answer.status, answer.headers["registry-error"]) == (404, "route_not_found")


@row("`a/b`, `.`, `..`, control characters")
@pytest.mark.parametrize("name", ["a/b", ".", "..", "/", "a\nb", "\0", "\x7f", "\x9f", "é" * 1025])
def test_a_name_that_no_path_reaches_is_refused(client: TestClient, name: str) -> None:
    answer = client.post("/templates", json={**SCIPY, "name": name})

    assert (answer.status_code, hints(answer)) == (400, ["name"])
    assert client.get("/templates").content == b"[]\n"


@row("`a/b`, `.`, `..`, control characters")
@pytest.mark.parametrize("image", ["a\nb", "\x1b[2J"])
def test_an_image_name_with_control_characters_is_refused(client: TestClient, image: str) -> None:
    client.post("/templates", json=SCIPY)

    answers = [
        client.post("/templates", json={"name": "r", "image-name": image}),
        client.put("/templates/scipy", json={"image-name": image}),
    ]

    assert [(answer.status_code, hints(answer)) for answer in answers] == [(400, ["image-name"])] * 2
    assert client.get("/templates/scipy").json()["image-name"] == "jupyter/scipy"


@row("negative limits, ports outside")
def test_numbers_out_of_range_are_named_all_at_once(client: TestClient) -> None:
    limits = {"memory": -1, "cpu_shares": -(2**63)}

    answer = client.post("/templates", json={**SCIPY, "bind-port": 65536, "limits": limits})

    assert answer.status_code == 400
    assert set(hints(answer)) == {"bind-port", "limits.memory", "limits.cpu_shares"}


@row("a body over 1 MiB is cut")
def test_a_body_over_1_mib_is_too_large(client: TestClient) -> None:
    answer = client.post("/templates", content=b'{"name":"a","image-name":"i"}'.ljust(1024**2 + 1))

    assert (answer.status_code, error_name(answer), hints(answer)) == (413, "body_too_large", ["body"])
    assert client.get("/templates").content == b"[]\n"


@row("invalid UTF-8 and lone surrogates")
@pytest.mark.parametrize("character", [rb"\ud800", rb"\udc00\ud800", b"\xff", b"\xe2\x82(", b"\xed\xa0\x80"])
def test_what_is_no_text_is_refused(client: TestClient, character: bytes) -> None:
    answer = client.post("/templates", content=b'{"name":"a","image-name":"i","command":"%b"}' % character)

    assert (answer.status_code, hints(answer)) == (400, ["body"])


@row("in a path `%ff`")
@pytest.mark.parametrize("escape", ["%ff", "%zz", "%", "%e2%82", "%ed%a0%80"])
def test_a_path_that_is_no_escaped_utf_8_is_refused_in_json(port: int, escape: str) -> None:
    with connected(port) as connection:
        answer = connection.ask("GET", f"/templates/{escape}")

        assert (answer.status, answer.hints()) == (400, ["path"])
        assert connection.ask("GET", "/templates").status == 200


@row("any query is ignored")
def test_a_misspelt_filter_is_refused_and_other_queries_are_ignored(client: TestClient) -> None:
    client.post("/templates", json=SCIPY)

    answer = client.get("/templates?lable=a")

    assert (answer.status_code, hints(answer)) == (400, ["lable"])
    assert client.get("/?lable=a").status_code == 200
    assert client.get("/templates/scipy?lable=a&%zz").status_code == 200


@row("another method: 405 without `Allow`")
@pytest.mark.parametrize(
    ("method", "target", "allowed"),
    [
        ("POST", "/", {"GET", "HEAD", "OPTIONS"}),
        ("DELETE", "/templates", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("POST", "/templates/scipy", {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"}),
        ("PURGE", "/templates", {"GET", "HEAD", "OPTIONS", "POST"}),
    ],
)
def test_another_method_is_told_which_there_are(
    client: TestClient, method: str, target: str, allowed: set[str]
) -> None:
    answer = client.request(method, target)

    assert (answer.status_code, error_name(answer)) == (405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == allowed
    assert answer.json()["message"]


@row("another method: 405 without `Allow`")
def test_an_unknown_path_is_an_error_in_json(client: TestClient) -> None:
    answer = client.post("/nothing")

    assert (answer.status_code, error_name(answer)) == (404, "route_not_found")
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    assert answer.json()["message"]


@row("no HEAD, no OPTIONS")
@pytest.mark.parametrize("target", ["/", "/templates", "/templates/scipy", "/templates?name=*", "/templates/nothing"])
def test_head_is_get_without_the_body(port: int, target: str) -> None:
    with connected(port) as connection:
        connection.ask("POST", "/templates", b'{"name":"scipy","image-name":"i"}')
        get = connection.ask("GET", target)

        head = connection.ask("HEAD", target)

        assert (head.status, head.body) == (get.status, b"")
        varying = {"date": "", "request-id": ""}
        assert head.headers | varying == get.headers | varying
        assert connection.ask("GET", target).body == get.body


@row("no HEAD, no OPTIONS")
def test_options_tells_which_methods_there_are(client: TestClient) -> None:
    answer = client.options("/templates/scipy")

    assert (answer.status_code, answer.content) == (204, b"")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"}


@row("`GET /` is one answer")
@pytest.mark.parametrize(("ui", "status"), [(True, 303), (False, 200)])
def test_who_names_html_is_sent_to_the_page(ui: bool, status: int) -> None:
    with asked(application(ui=ui)) as client:
        plain = client.get("/")
        answer = client.get("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})

    assert (plain.status_code, answer.status_code) == (200, status)
    assert answer.headers.get("location") == ("/ui/" if ui else None)
    assert answer.content == (b"" if ui else plain.content)


@row("a failing store reads as")
def test_a_failing_store_is_no_missing_template(caplog: pytest.LogCaptureFixture) -> None:
    log = FailingLog()
    with asked(application(LogStore(log))) as client:
        log.commits_fail = True

        answer = client.post("/templates", json=SCIPY)

    assert (answer.status_code, error_name(answer)) == (503, "store_unavailable")
    assert answer.content == b'{"message":"Internal Server Error. Don\'t Panic. We will."}\n'
    assert answer.headers["request-id"] in caplog.text


@row("`Bearer` is refused")
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_a_bearer_of_the_key_may_write(client: TestClient, scheme: str) -> None:
    answer = client.post("/templates", json=SCIPY, headers={"Authorization": f"{scheme} {KEY}"})

    assert answer.status_code == 201


@row("`If-None-Match`, `If-Match` and")
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("If-None-Match", "*", 412),
        ("If-Match", '"9"', 412),
        ("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT", 412),
        ("If-None-Match", "", 400),
        ("If-Match", "x", 400),
        ("If-Unmodified-Since", "yesterday", 400),
    ],
)
def test_a_write_that_a_condition_excludes_does_not_happen(
    client: TestClient, method: str, name: str, value: str, status: int
) -> None:
    before = client.post("/templates", json=SCIPY).json()

    answer = client.request(method, "/templates/scipy", json={"command": "x"}, headers={name: value})

    assert (answer.status_code, client.get("/templates/scipy").json()) == (status, before)


@row("on reads, too")
@pytest.mark.parametrize("target", ["/templates", "/templates/scipy"])
def test_a_read_may_be_conditional(client: TestClient, target: str) -> None:
    client.post("/templates", json=SCIPY)
    tag = client.get(target).headers["etag"]

    answers = [client.get(target, headers={name: tag}) for name in ("If-None-Match", "If-Match")]
    other = client.get(target, headers={"If-Match": '"9"'})

    assert [answer.status_code for answer in (*answers, other)] == [304, 200, 412]


@row("every wrong token is 401")
def test_who_sends_wrong_tokens_without_an_end_is_told_to_wait() -> None:
    with asked(application(limits=Limits(failed_tokens_burst=3))) as client:
        answers = [client.post("/templates", json=SCIPY, headers={"Authorization": "token no"}) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert (Limits().failed_tokens_burst, Limits().failed_tokens_per_minute) == (2000, 600)


@row("an `Accept-Encoding`")
def test_a_list_is_compressed_for_who_takes_it(client: TestClient) -> None:
    for number in range(50):
        client.post("/templates", json={**SCIPY, "name": f"scipy-{number}"})

    for _ in range(1000):  # it is answered as it is until it is compressed
        packed = client.get("/templates", headers={"Accept-Encoding": "gzip"})
        if "content-encoding" in packed.headers:
            break
    plain = client.get("/templates", headers={"Accept-Encoding": "identity"})

    assert (packed.headers["content-encoding"], "content-encoding" in plain.headers) == ("gzip", False)


@row("a key with blanks")
def test_keys_that_no_request_can_name_are_mended_or_refused() -> None:
    known = TokenAuthStore(" k3y\n").identify("k3y")

    with pytest.raises(ValueError, match="a token may hold"):
        TokenAuthStore("two words")
    assert known.by == "key:api-key"


@row("SIGHUP ends")
def test_sighup_does_not_end_the_server(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        server.process.send_signal(signal.SIGHUP)
        while "SIGHUP" not in server.log.read_text():
            assert server.process.poll() is None

        status = server.stop()

    assert status == 0


@row("a head of up to 1 MiB")
def test_a_head_over_64_kib_is_too_large(port: int) -> None:
    with connected(port) as connection:
        answer = connection.ask("GET", "/", b"", "X: " + "x" * 65536)

    assert (answer.status, answer.headers["registry-error"]) == (431, "head_too_large")


@row("writes at once kill the process")
def test_writes_at_once_are_all_there_after_a_restart(tmp_path: Path) -> None:
    def write(client: TestClient, number: int) -> None:
        for turn in range(10):
            client.post("/templates", json={**SCIPY, "name": f"{number}.{turn}"})
            client.put(f"/templates/{number}.{turn}", json={"command": "start.sh"})

    store = open_store(f"sqlite:///{tmp_path}/registry.db")
    with asked(application(store)) as client:
        threads = [Thread(target=write, args=(client, number)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        before = client.get("/templates").json()
    store.close()
    again = open_store(f"sqlite:///{tmp_path}/registry.db")

    with asked(application(again)) as client:
        after = client.get("/templates")
    again.close()

    assert len(after.json()) == 80
    assert after.json() == before
    assert after.headers["registry-revision"] == "160"
