import json
from types import SimpleNamespace
from typing import Any

import pytest

from binder_registry.choices import Choice, FreeText, Option
from binder_registry.formats.exported_profiles import exported_profiles
from binder_registry.formats.group_filter import group_filter
from binder_registry.formats.jupyterhub_config import to_jupyterhub_config
from binder_registry.options import ChoiceRefused, resolve, visible
from binder_registry.template import Template
from binder_registry.wire import encode_template
from tests.formats.stock_hub import obeying, settings_of


def named(name: str, **members: object) -> Template:
    return Template(name=name, image_name="i", **members)  # type: ignore[arg-type]


def test_profiles_are_ordered_by_number_and_then_by_title() -> None:
    templates = [
        named("d"),
        named("c", display_name="B"),
        named("b", order=2),
        named("a", order=10),
        named("e", order=1),
    ]

    profiles, _ = exported_profiles(templates)

    assert [profile["slug"] for profile in profiles] == ["e", "b", "a", "c", "d"]


def test_of_two_default_templates_the_first_in_order_is_the_default() -> None:
    profiles, _ = exported_profiles([named("a", order=2, default=True), named("b", order=1, default=True)])

    assert [(profile["slug"], profile.get("default")) for profile in profiles] == [("b", True), ("a", None)]


def test_what_is_out_of_service_is_no_profile_and_named() -> None:
    templates = [named("a", paused="Back on Monday."), named("b", replaced_by="c"), named("c")]

    profiles, losses = exported_profiles(templates)

    assert ([profile["slug"] for profile in profiles], list(map(str, losses))) == (
        ["c"],
        ["a: is paused, and so not in the list", "b: is replaced by c, and so not in the list"],
    )


@pytest.mark.parametrize("member", ["labels", "deprecated", "contact", "icon"])
def test_what_a_profile_cannot_hold_is_named(member: str) -> None:
    _, losses = exported_profiles([named("a", **{member: {"a": "b"} if member == "labels" else "https://x"})])

    assert [str(loss) for loss in losses] == [f"a: `{member}` is not carried over"]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("gpu_large", "gpu_large"),
        ("GPU.2", "GPU.2"),
        ("a--b", "x-612d2d62"),
        ("x-1", "x-782d31"),
        ("ä b", "x-c3a42062"),
    ],
)
def test_a_slug_is_the_name_where_kubespawners_form_can_hold_it(name: str, slug: str) -> None:
    [profile], _ = exported_profiles([named(name)])

    assert profile["slug"] == slug


def test_texts_are_escaped_for_the_form_that_shows_html() -> None:
    typed = FreeText(display_name="<b>", message='"><b> &lt;', pattern=r'"\"\\"')
    option = Option(name="o", display_name="<i>", choices=(Choice(name="c", display_name="<u>"),), free_text=typed)

    [profile], _ = exported_profiles([named("a", display_name="<p>", description="<a> & b", options=(option,))])

    found = profile["profile_options"]["o"]
    assert (profile["display_name"], profile["description"], found["display_name"]) == (
        "&lt;p>",
        "&lt;a> & b",
        "&lt;i>",
    )
    assert found["choices"]["c"]["display_name"] == "&lt;u>"
    assert found["unlisted_choice"] == {
        "enabled": True,
        "display_name": "&lt;b>",
        "validation_regex": r"\x22\x22\\\x22",
        "validation_message": "&quot;><b> &amp;lt;",
    }


def test_who_is_in_no_group_gets_no_environment_of_others() -> None:
    from tornado.web import HTTPError

    profiles, _ = exported_profiles([named("a", allowed_groups=("staff",))])
    offered = obeying(group_filter(profiles), profiles)

    with pytest.raises(HTTPError) as refused:
        settings_of(offered, {}, ("image",), ["students"])

    assert refused.value.status_code == 403


@pytest.mark.parametrize(
    "option",
    [
        Option(name="o", choices=(Choice("a", allowed_groups=()),)),
        Option(name="o", free_text=FreeText(allowed_groups=())),
    ],
)
def test_what_is_for_nobody_stays_so(option: Option) -> None:
    """The rules refuse it, but a database or a program may hold it."""
    profiles, _ = exported_profiles([named("a", options=(option,)), named("b")])

    offered = obeying(group_filter(profiles), profiles)

    with pytest.raises(ValueError, match="No such profile: a"):
        settings_of(offered, {"profile": "a"}, ("image",), ["staff"])


def test_a_profile_without_a_choice_for_a_user_is_not_offered_to_them() -> None:
    option = Option(name="o", choices=(Choice(name="c", allowed_groups=("staff",)),))
    profiles, _ = exported_profiles([named("a", options=(option,)), named("b")])

    offered = obeying(group_filter(profiles), profiles)

    with pytest.raises(ValueError, match="No such profile: a"):
        settings_of(offered, {"profile": "a"}, ("image",), ["students"])


@pytest.mark.parametrize("groups", [(), ("students",), ("staff",), ("staff", "students")])
def test_a_stock_hub_offers_what_is_visible(groups: tuple[str, ...]) -> None:
    staff = ("staff",)
    mixed = (Choice(name="all"), Choice(name="some", allowed_groups=staff))
    templates = [
        named("open"),
        named("closed", allowed_groups=staff),
        named("mixed", options=(Option(name="o", choices=mixed, free_text=FreeText(allowed_groups=staff)),)),
        named("nothing", options=(Option(name="o", choices=mixed[1:]),)),
        named("typed", options=(Option(name="o", free_text=FreeText(allowed_groups=staff)),)),
    ]
    profiles, _ = exported_profiles(templates)
    members = [SimpleNamespace(name=group) for group in groups]

    found = obeying(group_filter(profiles), profiles)(SimpleNamespace(user=SimpleNamespace(groups=members)))

    offered = {
        profile["slug"]: [
            ([*option["choices"]], bool(option["unlisted_choice"])) for option in profile["profile_options"].values()
        ]
        for profile in found
    }
    seen = [visible(json.loads(encode_template(template)), groups) for template in templates]
    assert offered == {
        template["name"]: [
            ([choice["name"] for choice in option.get("choices", ())], "free-text" in option)
            for option in template.get("options", ())
        ]
        for template in filter(None, seen)
    }


@pytest.mark.parametrize("groups", [(), ("staff",)])
@pytest.mark.parametrize("choice", ["all", "some", {"free-text": "a"}])
def test_a_stock_hub_offers_what_a_start_takes(choice: str | dict[str, str], groups: tuple[str, ...]) -> None:
    some = Choice(name="some", allowed_groups=("staff",))
    option = Option(name="o", choices=(Choice(name="all"), some), free_text=FreeText(allowed_groups=("staff",)))
    template = named("a", options=(option,))
    profiles, _ = exported_profiles([template])
    members = [SimpleNamespace(name=group) for group in groups]

    [profile] = obeying(group_filter(profiles), profiles)(SimpleNamespace(user=SimpleNamespace(groups=members)))

    found = profile["profile_options"]["o"]
    offered = choice in found["choices"] if isinstance(choice, str) else bool(found["unlisted_choice"])
    assert offered == takes(json.loads(encode_template(template)), choice, groups)


def takes(template: dict[str, Any], choice: str | dict[str, str], groups: tuple[str, ...]) -> bool:
    try:
        resolve(template, {"o": choice}, groups)
    except ChoiceRefused:
        return False
    return True


def test_lines_for_a_hub_without_helm_run_there() -> None:
    text, _ = to_jupyterhub_config([named("a", allowed_groups=("staff",)), named("b", redirect_uri="/lab")])

    offered = obeying(text, [])

    assert settings_of(offered, {}, ("default_url",), ["students"]) == {"default_url": "/lab"}
