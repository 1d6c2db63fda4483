"""The line about the groups in which a hub saw a user."""

import asyncio
import logging
from typing import Any

import pytest

from binder_registry.hub.groups_seen import MOST_TOLD, TOLD_AGAIN, GroupsSeen
from tests.jupyterhub.hubs import need_module
from tests.jupyterhub.samples import HubUser, catalogue, environments, template

need_module("jupyterhub")


@pytest.fixture(autouse=True)
def at_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "JupyterHub.binder_registry")


def forms(user: HubUser, count: int = 1, **options: Any) -> None:
    from jupyterhub.spawner import SimpleLocalProcessSpawner

    hooks = environments(catalogue(template("a")), **options)
    spawner = SimpleLocalProcessSpawner(user=user, hub=None)
    for _ in range(count):
        asyncio.run(hooks.options_form(spawner))


@pytest.mark.parametrize(
    ("user", "options", "said"),
    [
        (HubUser("staff", "physics"), {}, "hub: physics, staff; auth state: not asked"),
        (HubUser("physics"), {"auth_state_groups": "groups"}, "hub: physics; auth state: none"),
        (
            HubUser(auth_state={"groups": ["b", 5, "a\nb"]}),
            {"auth_state_groups": "groups"},
            "hub: none; auth state: 'a\\nb', b",
        ),
        (HubUser(admin=True), {}, "hub: none; auth state: not asked; an admin, who sees all"),
    ],
)
def test_the_log_says_which_groups_came_from_where(
    user: HubUser, options: dict[str, Any], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    forms(user, **options)

    assert caplog.messages == [f"Groups of ada: {said}"]


def test_it_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    forms(HubUser("physics"), 3)

    assert len(caplog.messages) == 1


def told(times: list[tuple[float, str]]) -> None:
    now = 0.0
    seen = GroupsSeen(lambda: now)
    for now, user in times:  # noqa: B007  # the clock reads it
        seen.tell(user, [], None, admin=False)


def test_after_an_hour_it_says_so_again(caplog: pytest.LogCaptureFixture) -> None:
    told([(0, "ada"), (10, "bob"), (TOLD_AGAIN - 1, "ada"), (TOLD_AGAIN, "ada"), (TOLD_AGAIN, "bob")])

    assert [message.split()[2] for message in caplog.messages] == ["ada:", "bob:", "ada:"]


def test_of_more_users_than_are_remembered_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "JupyterHub.binder_registry")
    seen = GroupsSeen(lambda: 0.0)
    for number in range(MOST_TOLD):
        seen.tell(str(number), [], None, admin=False)
    caplog.set_level(logging.INFO, "JupyterHub.binder_registry")

    seen.tell("one more", [], None, admin=False)
    seen.tell("one more", [], None, admin=False)

    assert caplog.messages == []


def test_a_user_in_many_groups_has_a_short_line(caplog: pytest.LogCaptureFixture) -> None:
    GroupsSeen().tell("ada", [f"g{number:03}" for number in range(500)], None, admin=False)

    assert caplog.messages[0].endswith("g019 and 480 more; auth state: not asked")
