"""What was: a template's history, the registry as of a revision, restoring, and purging."""

from collections.abc import Iterator

import httpx2
import pytest
from starlette.testclient import TestClient

from binder_registry import LogStore
from tests.watched import WatchedLog

from .asking import SCIPY, R, application, asked, error_name, hints, names, without_times


@pytest.fixture
def client() -> Iterator[TestClient]:
    """Revision 1: scipy. 2: r. 3: scipy, with a command and more memory. 4: scipy deleted. 5: scipy again."""
    with asked(application()) as client:
        client.post("/templates", json=SCIPY, headers={"Registry-Note": "for%20the%20course%20%E2%9C%93"})
        client.post("/templates", json=R)
        client.put("/templates/scipy", json={"command": "start.sh", "limits": {"memory": 5}})
        client.delete("/templates/scipy", params={"replaced-by": "r"})
        client.post("/templates", json={**SCIPY, "labels": {"a": "x"}})
        yield client


def test_a_template_is_shown_as_of_every_revision(client: TestClient) -> None:
    answers = [client.get(f"/templates/scipy?revision={revision}") for revision in range(6)]

    assert [answer.status_code for answer in answers] == [404, 200, 200, 200, 404, 200]
    assert without_times(answers[2].json()) == {**SCIPY, "command": "", "limits": {}}
    assert without_times(answers[3].json()) == {**SCIPY, "command": "start.sh", "limits": {"memory": 5}}
    assert [answer.headers.get("etag", "")[:3] for answer in answers] == ["", '"1-', '"1-', '"3-', "", '"5-']


def test_a_list_is_shown_as_of_every_revision(client: TestClient) -> None:
    answers = [client.get(f"/templates?revision={revision}") for revision in range(6)]

    assert [names(answer) for answer in answers] == [
        [],
        ["scipy"],
        ["r", "scipy"],
        ["r", "scipy"],
        ["r"],
        ["r", "scipy"],
    ]
    assert [answer.headers["total-count"] for answer in answers] == ["0", "1", "2", "2", "1", "2"]
    assert answers[5].content == client.get("/templates").content


def test_other_parameters_are_ignored_on_one_template(client: TestClient) -> None:
    answer = client.get("/templates/scipy?x=1&revision=1&label=")

    assert answer.headers["etag"].startswith('"1-')


@pytest.mark.parametrize("target", ["/templates/scipy?revision=6", "/templates?revision=6", "/templates/no?revision=6"])
def test_a_revision_that_is_not_there_yet_is_refused(client: TestClient, target: str) -> None:
    answer = client.get(target)

    assert (answer.status_code, error_name(answer)) == (400, "revision_unknown")


@pytest.mark.parametrize(
    "query", ["revision=x", "revision=", "revision=1&revision=2", "revision=-1", "revision=" + "9" * 20]
)
def test_a_revision_that_is_none_is_refused(client: TestClient, query: str) -> None:
    answer = client.get(f"/templates/scipy?{query}")

    assert (answer.status_code, hints(answer)) == (400, ["revision"])


def test_a_history_says_what_happened_newest_first(client: TestClient) -> None:
    changes = client.get("/templates/scipy/changes").json()["changes"]

    assert [(change["revision"], change["action"], change["previous"]) for change in changes] == [
        (5, "created", 4),
        (4, "deleted", 3),
        (3, "updated", 1),
        (1, "created", 0),
    ]
    assert [change["changed"] for change in changes] == [
        ["name", "image-name", "labels"],
        ["replaced-by"],
        ["command", "limits.memory"],
        ["name", "image-name"],
    ]
    assert [change.get("deleted", False) for change in changes] == [False, True, False, False]
    assert changes[2]["template"] == client.get("/templates/scipy?revision=3").json()
    assert changes[1]["template"]["replaced-by"] == "r"
    assert changes[3]["position"] == client.get("/templates/scipy?revision=1").headers["etag"].strip('"')


def test_a_history_keeps_the_note_and_who_wrote_it(client: TestClient) -> None:
    first = client.get("/templates/scipy/changes?order=oldest&limit=1").json()["changes"][0]

    assert (first["note"], first["by"]) == ("for the course ✓", "key:api-key")
    assert "note" not in client.get("/templates/r/changes").json()["changes"][0]


@pytest.mark.parametrize("authorization", [None, "token wrong", "nonsense"])
def test_who_wrote_it_is_shown_only_with_a_token(client: TestClient, authorization: str | None) -> None:
    del client.headers["Authorization"]
    headers = {"Authorization": authorization} if authorization else {}

    answers = [client.get(target, headers=headers) for target in ("/templates/scipy/changes", "/changes")]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [b'"by"' in answer.content for answer in answers] == [False, False]


def test_a_history_is_read_in_pages(client: TestClient) -> None:
    pages = {
        query: [change["revision"] for change in client.get(f"/templates/scipy/changes?{query}").json()["changes"]]
        for query in ("limit=2", "since=3", "since=1&limit=1", "order=oldest&since=1&limit=2", "order=newest")
    }

    assert pages == {
        "limit=2": [5, 4],
        "since=3": [5, 4],
        "since=1&limit=1": [5],
        "order=oldest&since=1&limit=2": [3, 4],
        "order=newest": [5, 4, 3, 1],
    }


def test_a_page_of_a_history_says_what_changed_in_its_oldest_change_too(client: TestClient) -> None:
    [change] = client.get("/templates/scipy/changes?since=1&limit=1&order=oldest").json()["changes"]

    assert change["changed"] == ["command", "limits.memory"]


def test_the_history_of_a_deleted_template_stays(client: TestClient) -> None:
    client.delete("/templates/scipy")

    changes = client.get("/templates/scipy/changes").json()["changes"]

    assert [change["revision"] for change in changes] == [6, 5, 4, 3, 1]


def test_a_name_that_never_was_has_no_history(client: TestClient) -> None:
    answer = client.get("/templates/nothing/changes")

    assert (answer.status_code, error_name(answer)) == (404, "template_not_found")


def test_a_restore_is_a_new_change_with_the_old_content(client: TestClient) -> None:
    old = client.get("/templates/scipy?revision=3").json()

    answer = client.post("/templates/scipy/restore", json={"revision": 3}, headers={"Registry-Note": "as it was"})

    assert answer.status_code == 200
    assert without_times(answer.json()) == without_times(old)
    assert answer.json()["time-created"] == old["time-created"]
    assert answer.headers["registry-revision"] == "6"
    [change] = client.get("/templates/scipy/changes?limit=1").json()["changes"]
    assert (change["action"], change["note"], change["previous"]) == ("restored", "as it was", 5)


def test_a_restore_brings_back_what_was_deleted(client: TestClient) -> None:
    client.delete("/templates/r")

    answer = client.post("/templates/r/restore", json={"revision": 2})

    assert answer.status_code == 200
    assert client.get("/templates/r").content == answer.content
    assert names(client.get("/templates")) == ["r", "scipy"]


@pytest.mark.parametrize(
    ("target", "revision", "status", "error"),
    [
        ("/templates/r/restore", 1, 400, "revision_unknown"),
        ("/templates/r/restore", 6, 400, "revision_unknown"),
        ("/templates/nothing/restore", 1, 404, "template_not_found"),
    ],
)
def test_what_was_not_there_cannot_be_restored(
    client: TestClient, target: str, revision: int, status: int, error: str
) -> None:
    answer = client.post(target, json={"revision": revision})

    assert (answer.status_code, error_name(answer)) == (status, error)
    assert client.get("/templates").headers["registry-revision"] == "5"


def test_a_delete_answers_with_what_was(client: TestClient) -> None:
    before = client.get("/templates/scipy")

    answer = client.delete("/templates/scipy", params={"replaced-by": "r"})

    assert (answer.status_code, answer.content) == (200, before.content)
    assert client.get("/templates/scipy").status_code == 404
    [tombstone] = client.get("/templates?name=scipy&view=full&deleted=true").json()
    assert (tombstone["deleted"], tombstone["replaced-by"], tombstone["revision"]) == (True, "r", 6)


@pytest.mark.parametrize("successor", ["scipy", "a/b", "\n"])
def test_a_delete_names_another_template_as_successor_or_none(client: TestClient, successor: str) -> None:
    answer = client.delete("/templates/scipy", params={"replaced-by": successor})

    assert (answer.status_code, hints(answer)) == (400, ["replaced-by"])
    assert client.get("/templates/scipy").status_code == 200


@pytest.mark.parametrize("query", ["replace-by=r", "replaced-by=r&replaced-by=q"])
def test_a_misspelt_successor_deletes_nothing(client: TestClient, query: str) -> None:
    answer = client.delete(f"/templates/scipy?{query}")

    assert (answer.status_code, len(hints(answer))) == (400, 1)
    assert client.get("/templates/scipy").status_code == 200


class TestPurge:
    @pytest.fixture
    def purged(self, client: TestClient) -> httpx2.Response:
        """Of revision 3. It is revision 6."""
        return client.delete("/templates/scipy/changes/3", headers={"Registry-Note": "a%20secret"})

    def test_it_is_a_change_of_its_own(self, client: TestClient, purged: httpx2.Response) -> None:
        [change] = client.get("/templates/scipy/changes?limit=1").json()["changes"]

        assert (purged.status_code, purged.content) == (204, b"")
        assert purged.headers["etag"].startswith('"6-')
        assert (change["action"], change["note"], change["changed"]) == ("purged", "a secret", [])
        assert client.get("/templates/scipy").headers["etag"] == purged.headers["etag"]

    def test_its_content_is_gone_everywhere(self, client: TestClient, purged: httpx2.Response) -> None:
        answers = [
            client.get("/templates/scipy?revision=3"),
            client.get("/templates?revision=3"),
            client.post("/templates/scipy/restore", json={"revision": 3}),
            client.delete("/templates/scipy/changes/3"),
        ]

        assert [(answer.status_code, error_name(answer)) for answer in answers] == [(410, "revision_purged")] * 4
        for target in ("/changes", "/templates/scipy/changes"):
            [change] = [row for row in client.get(target).json()["changes"] if row["revision"] == 3]
            assert "template" not in change

    def test_copies_are_looked_for_before_others_have_to_wait(self) -> None:
        with asked(application(LogStore(log := WatchedLog()))) as client:
            client.post("/templates", json=SCIPY)
            for number in range(30):
                client.put("/templates/scipy", json={"command": f"c{number % 2}"})
            log.read_under_lock = 0

            answer = client.delete("/templates/scipy/changes/2")

            assert answer.status_code == 204
            assert client.get("/templates/scipy?revision=4").status_code == 410
            assert log.read_under_lock == 2

    def test_the_number_the_mark_and_the_digest_stay(self, client: TestClient) -> None:
        kept = ("revision", "position", "digest", "time", "action", "by")
        before = client.get("/changes?since=2&limit=1").json()["changes"][0]

        client.delete("/templates/scipy/changes/3")
        after = client.get("/changes?since=2&limit=1").json()["changes"][0]

        assert {member: after[member] for member in kept} == {member: before[member] for member in kept}

    def test_what_it_did_not_touch_stays_readable(self, client: TestClient, purged: httpx2.Response) -> None:
        answers = [client.get(f"/templates/scipy?revision={revision}") for revision in (1, 5, 6)]

        assert [answer.status_code for answer in answers] == [200] * 3
        assert client.get("/templates?revision=5").status_code == 200

    @pytest.mark.parametrize(
        ("target", "status", "error"),
        [
            ("/templates/scipy/changes/5", 409, "revision_is_current"),
            ("/templates/scipy/changes/2", 400, "revision_unknown"),
            ("/templates/scipy/changes/9", 400, "revision_unknown"),
            ("/templates/nothing/changes/1", 404, "template_not_found"),
            ("/templates/scipy/changes/0", 400, "revision_unknown"),
            ("/templates/scipy/changes/x", 400, "invalid_request"),
        ],
    )
    def test_what_cannot_be_purged_says_why(self, client: TestClient, target: str, status: int, error: str) -> None:
        answer = client.delete(target)

        assert (answer.status_code, error_name(answer)) == (status, error)
        assert client.get("/templates").headers["registry-revision"] == "5"


class TestPages:
    @pytest.fixture
    def client(self) -> Iterator[TestClient]:
        """The changes 1, 3, 5 … 13 are of a, the others of b."""
        with asked(application()) as client:
            for number in range(7):
                for name in ("a", "b"):
                    body = {"name": name, "image-name": f"i{number}"}
                    client.request(*(("PUT", f"/templates/{name}") if number else ("POST", "/templates")), json=body)
            yield client

    @pytest.mark.parametrize("order", ["newest", "oldest"])
    @pytest.mark.parametrize(
        ("target", "expected"),
        [
            ("/templates/a/changes", [1, 3, 5, 7, 9, 11, 13]),
            ("/templates/a/changes?since=3&before=11", [5, 7, 9]),
            ("/changes?name=a&before=8", [1, 3, 5, 7]),
            ("/changes", list(range(1, 15))),
            ("/changes?since=4&before=9", [5, 6, 7, 8]),
        ],
    )
    @pytest.mark.parametrize("limit", [1, 2, 3, 1000])
    def test_links_lead_through_all_of_it_once(
        self, client: TestClient, target: str, expected: list[int], order: str, limit: int
    ) -> None:
        found, pages = [], 0
        answer = client.get(target, params={**dict(httpx2.URL(target).params), "order": order, "limit": limit})
        while True:
            found += [change["revision"] for change in answer.json()["changes"]]
            pages += 1
            if "next" not in answer.links:
                break
            answer = client.get(answer.links["next"]["url"])

        assert found == (expected if order == "oldest" else expected[::-1])
        assert pages <= len(expected) // limit + 1

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("before=0", []),
            ("before=1", []),
            ("before=2", [1]),
            ("before=5&since=9", []),
            ("before=99&limit=1", [13]),
            ('before="5"&order=oldest', [1, 3]),
        ],
    )
    def test_before_is_exclusive(self, client: TestClient, query: str, expected: list[int]) -> None:
        changes = client.get(f"/templates/a/changes?{query}").json()["changes"]

        assert [change["revision"] for change in changes] == expected

    @pytest.mark.parametrize("path", ["/changes", "/templates/a/changes"])
    def test_before_a_position_of_another_log_is_gone(self, client: TestClient, path: str) -> None:
        answer = client.get(f"{path}?before=5-0123456789abcdef")

        assert (answer.status_code, error_name(answer)) == (410, "position_unknown")

    @pytest.mark.parametrize("query", ["before=x", "before=1&before=2", "before=9223372036854775808", "before="])
    def test_before_is_a_position(self, client: TestClient, query: str) -> None:
        answers = [client.get(f"{path}?{query}") for path in ("/changes", "/templates/a/changes")]

        assert [(answer.status_code, hints(answer)) for answer in answers] == [(400, ["before"])] * 2

    @pytest.mark.parametrize("query", ["wait=1&before=5", "wait=1&order=newest"])
    def test_what_is_past_is_not_waited_for(self, client: TestClient, query: str) -> None:
        answer = client.get(f"/changes?{query}")

        assert (answer.status_code, hints(answer)) == (400, ["wait"])


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("POST", "/apply?dry-run=true", {"templates": [R], "prune": "*"}),
        ("PATCH", "/templates/r?dry-run=true", {"command": "c"}),
        ("POST", "/templates/scipy/restore?revision=1", {"revision": 3}),
        ("DELETE", "/templates/scipy/changes/1?dry-run", None),
        ("GET", "/templates/scipy/changes?name=r", None),
        ("GET", "/changes?revision=1", None),
        ("GET", "/health?wait=1", None),
    ],
)
def test_what_a_route_does_not_describe_is_not_accepted(
    client: TestClient, method: str, target: str, body: object
) -> None:
    answer = client.request(method, target, json=body)

    assert (answer.status_code, len(hints(answer))) == (400, 1)
    assert client.get("/templates").headers["registry-revision"] == "5"
