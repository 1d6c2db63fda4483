"""Whose a verified token is."""

import logging
from typing import Any

import pytest

from binder_registry.auth import EVERYTHING, Reach, Scope
from binder_registry.errors import ErrorHint, NoPublisher
from binder_registry.publishers.rules import Claim, Publisher, holder_of

from .issuer import AUDIENCE, GITHUB, GITHUB_NEW, GITLAB, GOOGLE, KUBERNETES

ISSUER = "https://token.actions.githubusercontent.com"
MAIN = Claim(("workflow_ref",), "octo-org/octo-repo/.github/workflows/publish.yml@refs/heads/main")
REPOSITORY = Claim(("repository_id",), "456789")
NAMESPACE = Claim(("kubernetes.io", "namespace"), "ci")


def publisher(name: str, *claims: Claim, issuer: str = ISSUER, audience: str = AUDIENCE) -> Publisher:
    return Publisher(name, issuer, audience, claims, frozenset([Scope.WRITE]), EVERYTHING)


def whose(claims: dict[str, Any], *publishers: Publisher) -> str:
    return holder_of(publishers, AUDIENCE, claims | {"exp": 1_800_000_000}).by


def differing(claims: dict[str, Any], *publishers: Publisher) -> str:
    with pytest.raises(NoPublisher) as refusal:
        whose(claims, *publishers)
    return refusal.value.errors[0].field


@pytest.mark.parametrize("claims", [GITHUB, GITHUB_NEW])
def test_a_token_whose_claims_all_fit_is_the_publishers(claims: dict[str, Any]) -> None:
    assert whose(claims, publisher("scipy", REPOSITORY, MAIN)) == "publisher:scipy"


def test_the_first_that_fits_in_the_order_of_the_file_has_it() -> None:
    other = publisher("other", Claim(("repository_id",), "1"))

    assert (
        whose(GITHUB, other, publisher("wide", REPOSITORY), publisher("narrow", REPOSITORY, MAIN)) == "publisher:wide"
    )


@pytest.mark.parametrize(
    ("value", "found", "fits"),
    [
        ("a", "a", True),
        ("a", "A", False),
        ("a", "ab", False),
        ("a*", "abc", True),
        ("a*c", "abcd", False),
        ("*", "", True),
        ("a?", "ab", False),  # without a star it is no glob
        ("[a]*", "ab", True),
        ("123", 123, False),
        (123, "123", False),
        (123, 123, True),
        (1, True, False),
        (True, 1, False),
        (True, True, True),
        (True, "true", False),
        (1, 1.0, False),
        ("a", ["a"], False),
        ("a*", ["a"], False),
        ("*", None, False),
        ("*", {"a": "a"}, False),
        ("*", 1, False),
        ("None", None, False),
    ],
)
def test_a_claim_is_the_same_value_of_the_same_type_or_fits_a_glob(value: Any, found: Any, fits: bool) -> None:
    assert Claim(("ref",), value).fits({"ref": found}) is fits


def test_a_claim_that_is_not_there_fits_nothing() -> None:
    assert not Claim(("ref",), "*").fits({})


@pytest.mark.parametrize(
    "found", [{}, {"kubernetes.io": "ci"}, {"kubernetes.io": ["namespace"]}, {"kubernetes.io": {}}]
)
def test_a_claim_within_what_is_no_object_fits_nothing(found: dict[str, Any]) -> None:
    assert not NAMESPACE.fits(found)


def test_claims_within_objects_are_asked_for_by_their_path() -> None:
    uid = Claim(("kubernetes.io", "serviceaccount", "uid"), "14ee3fa4-a7e2-420f-9f9a-dbc4507c3798")

    assert whose(KUBERNETES, publisher("jobs", NAMESPACE, uid)) == "publisher:jobs"


def test_a_google_account_is_told_by_its_address_and_number() -> None:
    email, verified = Claim(("email",), str(GOOGLE["email"])), Claim(("email_verified",), True)

    assert (
        whose(GOOGLE, publisher("builds", email, verified, Claim(("sub",), str(GOOGLE["sub"])))) == "publisher:builds"
    )


@pytest.mark.parametrize("event", ["pull_request_target", "workflow_run"])
def test_events_that_run_for_strangers_are_refused_unless_a_rule_names_them(event: str) -> None:
    claims = GITHUB | {"event_name": event}

    assert differing(claims, publisher("scipy", REPOSITORY)) == "event_name"
    assert differing(claims, publisher("scipy", REPOSITORY, Claim(("event_name",), "*"))) == "event_name"
    assert whose(claims, publisher("scipy", REPOSITORY, Claim(("event_name",), event))) == "publisher:scipy"


def test_a_token_for_another_publishers_audience_is_not_this_ones() -> None:
    assert differing(GITHUB, publisher("scipy", REPOSITORY, audience="https://other.example.org")) == "aud"


def test_the_refusal_names_the_first_claim_that_differs_in_the_nearest_rule() -> None:
    far = publisher("far", Claim(("repository_id",), "1"), Claim(("ref",), "x"))
    near = publisher("near", REPOSITORY, Claim(("ref",), "refs/heads/dev"), MAIN)

    assert differing(GITHUB, far, near) == "ref"


def test_a_rule_of_which_something_fits_is_nearer_than_one_of_which_nothing_does() -> None:
    short = publisher("short", Claim(("repository_id",), "1"))
    long = publisher("long", REPOSITORY, Claim(("ref",), "refs/heads/dev"), Claim(("environment",), "prod"))

    assert differing(GITHUB, short, long) == "ref"


def test_the_refusal_names_neither_a_rule_nor_its_value_and_the_log_has_both(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), pytest.raises(NoPublisher) as refusal:
        whose(GITHUB, publisher("secret-rule", Claim(("repository_id",), "987")))

    assert refusal.value.errors == (ErrorHint("Token", "repository_id", "invalid"),)
    assert not {word for word in ("secret-rule", "987", "456789") if word in refusal.value.message}
    assert "'secret-rule'" in caplog.text
    assert "'987'" in caplog.text
    assert "456789" not in caplog.text


def test_a_claim_within_an_object_is_named_as_toml_writes_it() -> None:
    assert differing(GITHUB, publisher("jobs", NAMESPACE)) == '"kubernetes.io".namespace'


def test_the_holder_has_the_rules_rights_until_the_token_ends() -> None:
    rule = Publisher("s", ISSUER, AUDIENCE, (REPOSITORY,), frozenset([Scope.READ]), Reach((("scipy*",),)))

    holder = holder_of([rule], AUDIENCE, GITHUB | {"exp": 1_800_000_000})

    assert (holder.kind, holder.scopes, holder.reach) == ("publisher", rule.scopes, rule.reach)
    assert holder.expires is not None
    assert holder.expires.isoformat() == "2027-01-15T08:00:00+00:00"


# ── the note ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def note(issuer: str, claims: dict[str, Any]) -> str:
    rule = publisher("any", Claim(("sub",), "*"), issuer=issuer)
    return holder_of([rule], AUDIENCE, claims | {"exp": 1_800_000_000}).note


@pytest.mark.parametrize(
    ("issuer", "web"),
    [
        (ISSUER, "https://github.com"),
        (f"{ISSUER}/octo-enterprise", "https://github.com"),
        ("https://git.example.org/_services/token", "https://git.example.org"),
        ("https://token.actions.octo.ghe.com", "https://octo.ghe.com"),
    ],
)
def test_the_note_leads_to_the_run_of_a_github(issuer: str, web: str) -> None:
    commit = "6dcb09b5b57875f334f61aebed695e2e4193db5e"

    assert note(issuer, GITHUB) == f"{commit} {web}/octo-org/octo-repo/actions/runs/30433642"


def test_the_note_leads_to_the_job_of_a_gitlab() -> None:
    commit = "714a629c0b401fdce83e847fc9589983fc6f46bc"

    assert note("https://git.example.org", GITLAB) == f"{commit} https://git.example.org/physics/images/-/jobs/302"


def test_the_note_leads_to_the_pipeline_where_no_job_is_told() -> None:
    found = note("https://git.example.org/lab", {key: value for key, value in GITLAB.items() if key != "job_id"})

    assert found.endswith(" https://git.example.org/lab/physics/images/-/pipelines/574")


def test_the_note_names_the_pod_of_a_cluster() -> None:
    assert note("https://kubernetes.default.svc", KUBERNETES) == "pod ci/publish-x7k2p"


@pytest.mark.parametrize(
    "change",
    [
        {"repository": "octo-org/octo repo\n"},
        {"repository": "no-owner"},
        {"repository": None},
        {"run_id": "1/../../x"},
        {"run_id": 30433642},
        {"repository": f"o/{'r' * 2000}"},
    ],
)
def test_what_is_no_place_of_a_run_is_left_out_of_the_note(change: dict[str, Any]) -> None:
    assert note(ISSUER, GITHUB | change) == GITHUB["sha"]


@pytest.mark.parametrize("sha", [None, 1, "main", "6DCB09B5", "6dcb09\n"])
def test_what_is_no_commit_is_left_out_of_the_note(sha: Any) -> None:
    assert note(ISSUER, GITHUB | {"sha": sha}).startswith("https://")
