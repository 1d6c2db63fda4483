"""A list that is too large to be drawn in one page, and what making its form leaves to others."""

import asyncio
from typing import Any

import pytest

from binder_registry.hub.turns import PART, TURNS
from binder_registry.hub.view import MOST_DRAWN
from binder_registry.jupyterhub import Catalogue, Environments, Rules, Standing, configure
from tests.jupyterhub.hubs import need_module
from tests.jupyterhub.samples import HubUser, catalogue, environments, template
from tests.jupyterhub.test_kubespawner import _a_cluster_that_is_never_asked, spawner_with

need_module("jupyterhub")
need_module("kubespawner")

__all__ = ["_a_cluster_that_is_never_asked"]  # a fixture

SIZES = [{"name": f"s{number}"} for number in range(9)] + [{"name": "huge", "allowed-groups": ["staff"]}]
OPTIONS = [{"name": "size", "choices": SIZES}]
COUNT = MOST_DRAWN // len(SIZES)
STAFF, ANYBODY = HubUser("staff"), HubUser("chemistry")


def large(rules: Rules, **members: Any) -> Catalogue:
    many = [template(f"env-{number}", options=OPTIONS) for number in range(COUNT)]
    return catalogue(*many, template("zzz", options=OPTIONS, **members), rules=rules)


@pytest.fixture(scope="module")
def found() -> Catalogue:
    return large(Rules("local"), allowed_groups=["staff"])


@pytest.fixture(scope="module")
def for_pods() -> Catalogue:
    return large(Rules("kubernetes"))


def spawner_for(user: HubUser, last: dict[str, Any] | None = None) -> Any:
    from jupyterhub.spawner import SimpleLocalProcessSpawner

    spawner = SimpleLocalProcessSpawner(user=user, hub=None)
    spawner.user_options = last or {}
    return spawner


def page(hooks: Environments, user: HubUser = ANYBODY, last: dict[str, Any] | None = None) -> str:
    return asyncio.run(hooks.options_form(spawner_for(user, last)))


def kubespawners_page(hooks: Environments, **config: Any) -> str:
    async def shown() -> str:
        spawner = spawner_with(hooks, ANYBODY, options_form=hooks.options_form, **config)
        return str(await spawner.get_options_form())

    return asyncio.run(shown())


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_large_form_holds_the_fields_of_what_is_marked_and_the_same_fields_once(found: Catalogue) -> None:
    shown = page(environments(found), last={"template": "env-7", "options": {"size": "s3"}})

    assert shown.count('name="template"') == COUNT
    assert shown.count("<fieldset>") == 2
    assert shown.count('<label data-fields="0">') == COUNT - 1
    assert '<template id="binder-registry-0"><fieldset><legend>Options of {title}</legend>' in shown
    assert '<select id="profile-option-env-7--size"' in shown
    assert '<option value="s3" selected>' in shown


def test_what_people_wrote_stands_for_nothing_in_shared_fields() -> None:
    options = [{"name": "size", "display-name": "{slug}{title}", "choices": SIZES}]
    many = [template(f"env-{number}", display_name="{slug}", options=options) for number in range(COUNT + 1)]

    shown = page(environments(catalogue(*many)))

    assert "&#123;slug&#125;&#123;title&#125;</label>" in shown
    assert "<legend>Options of &#123;slug&#125;</legend>" in shown


def test_a_list_that_is_not_large_is_drawn_whole() -> None:
    shown = page(environments(catalogue(template("a", options=OPTIONS), template("b", options=OPTIONS))))

    assert shown.count("<fieldset>") == 2
    assert "<template" not in shown


def test_a_page_that_many_share_is_never_shown_to_other_groups(found: Catalogue) -> None:
    hooks = environments(found)

    pages = [page(hooks, user) for user in (STAFF, ANYBODY, STAFF, ANYBODY)]

    assert ["huge" in shown for shown in pages] == [True, False, True, False]
    assert ['value="zzz"' in shown for shown in pages] == [True, False, True, False]


# ── turns ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def turns_beside(*forms: Any) -> list[str]:
    """What happened, in order: "." for a turn of another request."""
    events: list[str] = []

    async def opened(form: Any) -> None:
        await form
        events.append("form")

    async def others() -> None:
        while events.count("form") < len(forms):
            events.append(".")
            await asyncio.sleep(0)

    await asyncio.gather(*map(opened, forms), others())
    return events


def test_between_two_forms_another_request_can_be_answered() -> None:
    hooks = environments(catalogue(template("a")))

    happened = asyncio.run(turns_beside(*(hooks.options_form(spawner_for(ANYBODY)) for _ in range(5))))

    between = "".join(happened).split("form")
    assert [len(turns) >= TURNS for turns in between[:5]] == [True] * 5


def test_a_page_for_other_groups_is_made_in_parts() -> None:
    hooks = environments(large(Rules("local")))

    happened = asyncio.run(turns_beside(hooks.options_form(spawner_for(STAFF))))

    assert len(happened) > TURNS + 2 * (COUNT // PART)  # what they see, and how it is drawn


def test_a_list_for_kubespawner_is_made_in_parts(for_pods: Catalogue) -> None:
    hooks = environments(for_pods)

    async def listed() -> None:
        await hooks.profile_list(spawner_with(hooks, STAFF))

    happened = asyncio.run(turns_beside(listed()))

    assert len(happened) > TURNS + COUNT // PART


@pytest.mark.parametrize("user", [ANYBODY, STAFF])
def test_what_a_start_without_a_choice_gets_is_the_first_default_that_is_theirs(user: HubUser) -> None:
    found = catalogue(template("a"), template("b", default=True, allowed_groups=["staff"]), template("c", default=True))
    standing = Standing(False, frozenset(group.name for group in user.groups))

    default = found.default(standing)

    assert default
    assert default.name == ("b" if user is STAFF else "c")


# ── KubeSpawner ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_on_kubespawner_a_large_list_has_our_form(for_pods: Catalogue) -> None:
    shown = kubespawners_page(environments(for_pods))

    assert shown.count('name="template"') == COUNT + 1
    assert "kubespawner-profiles-list" not in shown


def test_on_kubespawner_another_list_has_its_own_form() -> None:
    shown = kubespawners_page(environments(catalogue(template("a"), rules=Rules("kubernetes"))))

    assert "kubespawner-profiles-list" in shown


def test_on_kubespawner_a_form_of_another_make_is_kept(for_pods: Catalogue) -> None:
    shown = kubespawners_page(environments(for_pods), profile_form_template="{{ profile_list|length }} of them")

    assert shown == f"{COUNT + 1} of them"


def test_on_kubespawner_a_form_of_the_hubs_own_is_kept() -> None:
    from traitlets.config import Config

    def theirs(spawner: Any) -> str:
        return "a form"

    c = Config(JupyterHub={"spawner_class": "kubespawner.KubeSpawner"}, KubeSpawner={"options_form": theirs})
    configure(c, "http://localhost:9", snapshot=None)

    assert c.KubeSpawner.options_form is theirs


def test_a_second_configure_replaces_the_form_of_the_first() -> None:
    from traitlets.config import Config

    c = Config(JupyterHub={"spawner_class": "kubespawner.KubeSpawner"})
    configure(c, "http://localhost:9", snapshot=None)
    second = configure(c, "http://localhost:9", snapshot=None)

    assert c.KubeSpawner.options_form == second.options_form
