from typing import Any

import pytest

from binder_registry.formats.known_parts import known_profiles
from binder_registry.formats.losses import Losses
from binder_registry.formats.marked import Unknown

SECRET = Unknown("!vault …", "v.yaml, line 7")
KNOWN = {"kubespawner_override": {"image": "a"}}


def choosing(*choices: Any, **members: Any) -> dict[str, Any]:
    named = {str(number): choice for number, choice in enumerate(choices)}
    return {"slug": "a", "profile_options": {"o": {"choices": named, **members}}}


@pytest.mark.parametrize(
    "profile",
    [
        SECRET,
        {"slug": SECRET},
        {"slug": "a", "allowed_groups": [SECRET]},
        {"slug": "a", "kubespawner_override": {"environment": {"A": SECRET}}},
        {"slug": "a", SECRET: None},
        choosing({"kubespawner_override": SECRET}),
        choosing(KNOWN, unlisted_choice={"enabled": SECRET}),
        choosing(KNOWN, display_name=SECRET),
    ],
)
def test_a_profile_that_is_not_known_is_left_out_with_its_line(profile: Any) -> None:
    losses: Losses = []

    kept = known_profiles([profile, {"slug": "b"}], losses)

    assert kept == [{"slug": "b"}]
    assert [(loss.left_out, "v.yaml, line 7: !vault" in loss.what) for loss in losses] == [(True, True)]


def test_only_the_choice_that_is_not_known_is_left_out() -> None:
    losses: Losses = []

    [profile] = known_profiles([choosing({"kubespawner_override": {"image": SECRET}}, KNOWN)], losses)

    assert profile["profile_options"]["o"]["choices"] == {"1": KNOWN}
    assert [(loss.where, loss.left_out) for loss in losses] == [("profile a, option o, choice 0", True)]


@pytest.mark.parametrize("place", ["profile", "choice"])
def test_a_description_that_is_not_known_is_no_reason_to_leave_out(place: str) -> None:
    losses: Losses = []
    profile = {"slug": "a", "description": SECRET} if place == "profile" else choosing({"description": SECRET})

    [kept] = known_profiles([profile], losses)

    assert kept == ({"slug": "a"} if place == "profile" else choosing({}))
    assert [(loss.member, loss.left_out) for loss in losses] == [("description", False)]
