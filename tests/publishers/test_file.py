"""The file of publishers: what is read of it, and what is refused."""

import json
import re
from pathlib import Path

import pytest

from binder_registry.auth import EVERYTHING, Reach, Scope
from binder_registry.publishers import file
from binder_registry.publishers.fetching import Source
from binder_registry.publishers.file import BadPublishers, Publishers, read_publishers
from binder_registry.publishers.rules import Claim, Publisher
from binder_registry.selector import Requirement

from .issuer import jwk_set, rsa_key, self_signed

PAGE = (Path(__file__).parents[2] / "docs" / "publishers.md").read_text()
URL = "https://registry.example.org"
HUB = "https://token.actions.githubusercontent.com"
WHOLE = f"""
[[publisher]]
name = "scipy-image"
issuer = "{HUB}"
audience = "https://other.example.org"
claims = {{ repository_id = "123", workflow_ref = "org/repo/.github/workflows/publish.yml@refs/heads/main" }}
templates = ["scipy*"]
labels = "team=physics"
scopes = ["write"]
"""
FEWEST = {"name": '"a"', "issuer": f'"{HUB}"', "claims": '{ repository_id = "123" }', "scopes": '["write"]'}


def table(**members: str) -> str:
    """Of a publisher that is right, with these members in the place of its own; "" leaves one out."""
    lines = [f"{name} = {value}" for name, value in {**FEWEST, **members}.items() if value]
    return "\n".join(["[[publisher]]", *(line.replace("_file =", "-file =", 1) for line in lines), ""])


def read(folder: Path, text: str, url: str = URL) -> Publishers:
    path = folder / "publishers.toml"
    path.write_text(text)
    return read_publishers(path, url)


def problems(folder: Path, text: str, url: str = URL) -> tuple[str, ...]:
    with pytest.raises(BadPublishers) as refusal:
        read(folder, text, url)
    return refusal.value.problems


def test_every_member_is_read(tmp_path: Path) -> None:
    workflow = Claim(("workflow_ref",), "org/repo/.github/workflows/publish.yml@refs/heads/main")

    found = read(tmp_path, WHOLE)

    reach = Reach((("scipy*",),), (Requirement("team", "=", "physics"),))
    claims = (Claim(("repository_id",), "123"), workflow)
    scopes = frozenset([Scope.WRITE])
    assert found.publishers == [Publisher("scipy-image", HUB, "https://other.example.org", claims, scopes, reach)]
    assert found.sources == [Source(HUB)]


def test_what_may_be_left_out_is_everything_and_the_servers_own_address(tmp_path: Path) -> None:
    [found] = read(tmp_path, table()).publishers

    assert (found.reach, found.audience) == (EVERYTHING, URL)


def test_publishers_stay_in_their_order_and_those_of_one_issuer_share_its_keys(tmp_path: Path) -> None:
    names = ["b", "c", "a"]

    found = read(tmp_path, "".join(table(name=f'"{name}"') for name in names))

    assert [publisher.name for publisher in found.publishers] == names
    assert found.sources == [Source(HUB)]


def test_a_file_without_publishers_lets_nobody_in(tmp_path: Path) -> None:
    assert read(tmp_path, "# nobody\n") == Publishers([], [])


def test_claims_within_objects_are_tables(tmp_path: Path) -> None:
    claims = '{ "kubernetes.io" = { namespace = "ci", serviceaccount = { name = "p", uid = "u" } } }'

    [found] = read(tmp_path, table(issuer='"https://kubernetes.default.svc"', claims=claims)).publishers

    assert [(str(claim), claim.value) for claim in found.claims] == [
        ('"kubernetes.io".namespace', "ci"),
        ('"kubernetes.io".serviceaccount.name', "p"),
        ('"kubernetes.io".serviceaccount.uid', "u"),
    ]


# ── whose claims are enough ──────────────────────────────────────────────────────────────────────────────────────────

ID = "must give repository_id in full: GitHub's names can be taken over by others, and this cannot"


@pytest.mark.parametrize(
    ("issuer", "claims"),
    [
        (HUB, '{ repository_id = "1" }'),
        (HUB, '{ repository_id = "1", sub = "repo:*" }'),
        ("https://gitlab.com", '{ project_id = "1", ref_protected = "true" }'),
        ("https://git.example.org", '{ project_id = "1", project_path = "a/b" }'),
        ("https://kubernetes.default.svc", '{ "kubernetes.io" = { namespace = "ci" } }'),
        ("https://oidc.example.org/id/1", '{ "kubernetes.io" = { serviceaccount = { uid = "u" } } }'),
        ("https://accounts.google.com", '{ sub = "1122", email = "a@b.iam.gserviceaccount.com" }'),
        ("https://accounts.google.com", '{ email = "a@b.iam.gserviceaccount.com", email_verified = true }'),
        ("https://accounts.google.com", '{ hd = "example.org", sub = "1122" }'),
        ("https://issuer.example.org", '{ team = "physics", level = 3 }'),
    ],
)
def test_claims_with_an_id_that_stays_are_enough(tmp_path: Path, issuer: str, claims: str) -> None:
    assert read(tmp_path, table(issuer=f'"{issuer}"', claims=claims)).publishers


@pytest.mark.parametrize(
    ("issuer", "claims", "problem"),
    [
        (HUB, '{ repository = "org/repo", ref = "x" }', ID),
        (f"{HUB}/octo-enterprise", '{ environment = "prod", ref = "x" }', ID),
        ("https://git.example.org/_services/token", '{ ref = "x", environment = "prod" }', ID),
        ("https://token.actions.octo.ghe.com", '{ ref = "x" }', ID),
        ("https://other.example.org", '{ workflow_ref = "x" }', ID),
        ("https://other.example.org", '{ sub = "repo:org/repo:*", ref = "x" }', ID),
        (HUB, '{ repository_id = "*" }', ID),
        (HUB, '{ repository_id = "12*" }', ID),
        (HUB, "{ repository_id = 123 }", ID),
        (HUB, '{ repository_owner_id = "12" }', ID),
        ("https://gitlab.com", '{ ref = "main" }', "must give project_id in full"),
        ("https://git.example.org", '{ project_path = "a/b" }', "must give project_id in full"),
        ("https://git.example.org", '{ sub = "project_path:a/b:*", ref = "main" }', "must give project_id in full"),
        (
            "https://cluster.example.org",
            '{ "kubernetes.io" = { serviceaccount = { name = "p" } } }',
            'must give "kubernetes.io".serviceaccount.uid or "kubernetes.io".namespace in full',
        ),
        (
            "https://cluster.example.org",
            '{ sub = "system:serviceaccount:ci:p", other = "x" }',
            'must give "kubernetes.io".serviceaccount.uid or "kubernetes.io".namespace in full',
        ),
        (
            "https://kubernetes.default.svc",
            '{ sub = "someone", other = "x" }',
            'must give "kubernetes.io".serviceaccount.uid or "kubernetes.io".namespace in full',
        ),
        ("https://issuer.example.org", '{ sub = "someone" }', "sub alone is not enough"),
        ("https://accounts.google.com", '{ sub = "1122" }', "sub alone is not enough"),
        (HUB, '{ sub = "repo:org/repo:ref:refs/heads/main" }', "sub alone is not enough"),
        ("https://issuer.example.org", '{ sub = "someone", email = "*" }', "sub alone is not enough"),
        ("https://issuer.example.org", "{}", "must say which tokens these are"),
        ("https://issuer.example.org", '{ email = "*", sub = "**" }', "must say whose tokens these are"),
        ("https://git.example.org", '{ ref = "refs/heads/main", ref_protected = "true" }', "must say whose tokens"),
        ("https://git.example.org", '{ environment = "production", user_email = "*" }', "must say whose tokens"),
        ("https://accounts.google.com", '{ hd = "example.org" }', "must say whose tokens"),
        ("https://accounts.google.com", '{ hd = "example.org", email_verified = true }', "must say whose tokens"),
        ("https://accounts.google.com", '{ email_verified = true, email = "*" }', "must say whose tokens"),
        (HUB, '{ repository_id = "1", iss = "x" }', "iss: cannot be asked for: it is the member issuer"),
        (HUB, '{ repository_id = "1", aud = "x" }', "aud: cannot be asked for: it is the member audience"),
        (HUB, '{ repository_id = "1", exp = 3 }', "exp: cannot be asked for: it is another in every token"),
        (HUB, '{ repository_id = "1", ref = "" }', "ref: must be a text, true, false, a whole number or a table"),
        (HUB, '{ repository_id = "1", ref = ["a"] }', "ref: must be a text, true, false, a whole number or a table"),
        (HUB, '{ repository_id = "1", ref = 1.5 }', "ref: must be a text, true, false, a whole number or a table"),
        (HUB, '{ repository_id = "1", ref = {} }', "ref: must be a text, true, false, a whole number or a table"),
        (HUB, f'{{ repository_id = "1", ref = "{"a*" * 200}" }}', "ref: must be a glob of at most 256 characters"),
        (HUB, f'{{ repository_id = "1", ref = "{"a" * 5000}" }}', "ref: has more than 2048 characters"),
    ],
)
def test_claims_that_would_let_in_more_than_they_say_are_refused(
    tmp_path: Path, issuer: str, claims: str, problem: str
) -> None:
    found = problems(tmp_path, table(issuer=f'"{issuer}"', claims=claims))

    assert any(each.startswith(f"publisher 'a': claims: {problem}") for each in found), found


def test_more_claims_than_anybody_needs_are_refused(tmp_path: Path) -> None:
    claims = ", ".join(f'c{number} = "x"' for number in range(33))

    assert problems(tmp_path, table(claims=f'{{ repository_id = "1", {claims} }}'))[0].endswith("are more than 32")


# ── the other members ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"issuer": ""}, "issuer: is missing"),
        ({"claims": ""}, "claims: is missing"),
        ({"scopes": ""}, "scopes: is missing"),
        ({"claims": '"repository_id"'}, "claims: must be a table"),
        ({"issuer": "1"}, "issuer: must be a text that is not empty"),
        ({"audience": '""'}, "audience: must be a text that is not empty"),
        ({"scopes": '"write"'}, "scopes: must be a list of texts that is not empty"),
        ({"scopes": "[]"}, "scopes: must be a list of texts that is not empty"),
        ({"scopes": '["write", 1]'}, "scopes: must be a list of texts that is not empty"),
        ({"scopes": '["wirte"]'}, "scopes: 'wirte' is none of read, write"),
        ({"scopes": '["write", "tokens"]'}, "scopes: tokens is not for publishers"),
        ({"templates": "[]"}, "templates: must be a list of texts that is not empty"),
        ({"templates": '[""]'}, "templates: must be a list of texts that is not empty"),
        ({"templates": f'["{"x" * 300}"]'}, "templates: must be a glob of at most 256 characters"),
        ({"templates": str([f"x{n}" for n in range(65)])}, "templates: must not hold more than 64 globs"),
        ({"labels": '"team in (a)"'}, "labels: 'team in (a)' is not key=value"),
        ({"labels": '""'}, "labels: must be a text that is not empty"),
        ({"subject": '"x"'}, "subject: is not a member here"),
        ({"claim": '"x"'}, "claim: is not a member here"),
        ({"name": '"A b"'}, "name: must have 1 to 64 characters"),
    ],
)
def test_a_member_that_is_wrong_is_named_with_its_publisher(
    tmp_path: Path, members: dict[str, str], problem: str
) -> None:
    [found] = problems(tmp_path, table(**members))

    name = "A b" if "name" in members else "a"
    assert found.startswith(f"publisher '{name}': {problem}")


@pytest.mark.parametrize(
    "issuer",
    [
        "http://token.actions.githubusercontent.com",
        "http://127.0.0.1.example.org",
        "http://10.0.0.1",
        "ftp://localhost",
        "token.actions.githubusercontent.com",
        "https://",
        "https://user:password@issuer.example.org",
        "https://user@issuer.example.org",
        "https://issuer.example.org?tenant=1",
        "https://issuer.example.org#x",
        "https://issuer example.org",
        "https://issuer.example.org:port",
        "https://[::1",
        "https://issuer.example.org/\\u00e9",
        "file:///etc/passwd",
    ],
)
def test_an_issuer_is_asked_over_https_at_an_address_that_is_one(tmp_path: Path, issuer: str) -> None:
    [found] = problems(tmp_path, table(issuer=f'"{issuer}"'))

    assert found.startswith("publisher 'a': issuer: must be an address with https://")
    assert "password" not in found


@pytest.mark.parametrize("host", ["127.0.0.1:80", "127.8.9.1", "localhost:8080", "[::1]:8080"])
def test_an_issuer_on_this_machine_needs_no_https(tmp_path: Path, host: str) -> None:
    assert read(tmp_path, table(issuer=f'"http://{host}/path"')).publishers


def test_a_publisher_without_an_audience_needs_the_servers_address(tmp_path: Path) -> None:
    assert problems(tmp_path, table(), url="") == (
        "publisher 'a': audience: is missing, and serve has no --public-url",
    )
    assert read(tmp_path, table(audience='"x"'), url="").publishers[0].audience == "x"


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = table(name="", scopes="") + table(name='"b"') + table(name='"b"', templates="[]")

    assert problems(tmp_path, text) == (
        "publisher 1: name: is missing",
        "publisher 1: scopes: is missing",
        "publisher 'b': templates: must be a list of texts that is not empty",
        "publisher 'b': name: there is another of this name before it",
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[publisher]\n", "this is no TOML"),
        ("name = 1\nname = 2\n", "this is no TOML"),
        ("[publisher]\nname = 'a'\n", "publisher is no list of tables"),
        ("publisher = [1]\n", "publisher is no list of tables"),
        ("[[publishers]]\n", "publishers is not a member here: a file holds [[publisher]] tables"),
        ("[[publisher]]\n" * 1001, "it holds more than 1000 publishers"),
        ("x = " + "[" * 50_000, "this is no TOML"),
        ("#" * (1024 * 1024 + 1), "it has more than 1048576 bytes"),
    ],
)
def test_what_is_no_file_of_publishers_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    [found] = problems(tmp_path, text)

    assert found.startswith(problem)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff")

    for name, problem in (("none", "No such file or directory"), (".", "Is a directory"), ("bytes", "this is no TOML")):
        with pytest.raises(BadPublishers, match=problem):
            read_publishers(tmp_path / name, URL)


# ── files that it names ──────────────────────────────────────────────────────────────────────────────────────────────


def test_files_are_looked_for_beside_it(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_bytes(jwk_set(rsa_key()))

    assert read(tmp_path, table(keys_file='"keys.json"')).sources == [Source(HUB, str(tmp_path / "keys.json"))]


def test_a_bearer_is_read_when_it_is_needed(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")

    assert read(tmp_path, table(bearer_file='"token"')).sources == [Source(HUB, bearer_file=str(tmp_path / "token"))]


@pytest.mark.parametrize(
    ("member", "content", "problem"),
    [
        ("keys_file", None, "No such file or directory"),
        ("keys_file", b"{}", "this is no set of keys"),
        ("keys_file", b"not JSON", "this is no set of keys"),
        ("keys_file", b'{"keys": []}', "no key is there for RS256, ES256, EdDSA"),
        ("keys_file", b'{"keys": 5}', "this is no set of keys"),
        ("keys_file", json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}).encode(), "no key is there"),
        ("keys_file", b"[" * 5000, "this is no set of keys"),
        ("keys_file", b" " * 300_000, "has more than 262144 bytes"),
        ("ca_file", None, "No such file or directory"),
        ("ca_file", b"text", "it holds no certificate"),
        ("bearer_file", None, "No such file or directory"),
        ("bearer_file", b"\n", "it holds no token"),
        ("bearer_file", b"two words", "it holds no token"),
        ("bearer_file", b"t\xc3\xa9", "it holds no token"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, member: str, content: bytes | None, problem: str) -> None:
    if content is not None:
        (tmp_path / "named").write_bytes(content)

    [found] = problems(tmp_path, table(**{member: '"named"'}))

    assert found.startswith(f"publisher 'a': {member.replace('_', '-')}: ")
    assert problem in found
    assert not content or content.decode(errors="replace") not in found


def test_keys_from_a_file_leave_nothing_to_fetch(tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(jwk_set(rsa_key()))

    assert problems(tmp_path, table(keys_file='"k"', ca_file='"k"'))[0].startswith(
        "publisher 'a': keys-file: leaves nothing to fetch"
    )


def test_publishers_of_one_issuer_say_the_same_of_its_keys(tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(jwk_set(rsa_key()))

    [found] = problems(tmp_path, table(keys_file='"k"') + table(name='"b"'))

    assert found.startswith("publisher 'b': issuer: keys-file, ca-file, bearer-file must be as in publisher 'a'")


@pytest.mark.parametrize("example", re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
def test_the_examples_of_the_docs_are_right(tmp_path: Path, example: str) -> None:
    for name, content in (("ca.crt", self_signed(tmp_path).read_bytes()), ("token", b"t")):
        (tmp_path / name).write_bytes(content)

    assert read(tmp_path, example.replace("/var/run/secrets/kubernetes.io/serviceaccount/", "")).publishers


@pytest.mark.parametrize("member", ["name", "issuer", "claims", *file._TEXTS, *file._LISTS])
def test_every_member_is_documented(member: str) -> None:
    assert re.search(rf"^\|[^|]*`{member}`", PAGE, re.MULTILINE)
