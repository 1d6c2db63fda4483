from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from binder_registry.choices import Choice, FreeText, Option
from binder_registry.formats.losses import Losses
from binder_registry.formats.z2jh import from_z2jh, to_z2jh
from binder_registry.rules import check
from binder_registry.settings import HUBS_OWN_IMAGE, Requests, Settings
from binder_registry.template import ContainerLimits, Template
from binder_registry.wire import encode_template

VALUES = yaml.safe_load((Path(__file__).parent / "z2jh_values.yaml").read_text())
IMAGE = "quay.io/jupyter"


def moved(**profile: Any) -> tuple[Template, list[str]]:
    [template], losses = from_z2jh([{"slug": "p", **profile}])
    return template, said(losses)


def with_choices(choices: dict[Any, Any], **option: Any) -> dict[str, Any]:
    return {"profile_options": {"size": {"choices": choices, **option}}}


def said(losses: Losses) -> list[str]:
    return [str(loss) for loss in losses]


def test_every_profile_becomes_one_template_in_order() -> None:
    templates, _ = from_z2jh(VALUES)

    assert [(template.name, template.order, template.default) for template in templates] == [
        ("minimal", 10, True),
        ("scientific-python", 20, False),
        ("deep-learning", 30, False),
    ]


def test_the_options_of_a_profile_become_those_of_its_template() -> None:
    templates, _ = from_z2jh(VALUES)

    image, size = templates[1].options
    assert image == Option(
        name="image",
        display_name="Image",
        choices=(
            Choice(
                name="01-scipy",
                display_name="SciPy",
                description="For the courses of the first year",
                set=Settings(image_name=f"{IMAGE}/scipy-notebook:2026-11-03"),
            ),
            Choice(
                name="datascience",
                display_name="R & Julia",
                set=Settings(image_name=f"{IMAGE}/datascience-notebook:2026-11-03"),
            ),
        ),
        free_text=FreeText(
            display_name="Another image",
            display_name_in_choices="Another image…",
            pattern=r"^quay\.io/.+:.+$",
            message="An image of quay.io, as <name>:<tag>.",
            set=Settings(image_name="{value}"),
        ),
        build=True,
    )
    assert size.choices == (
        Choice(
            name="small",
            display_name="Small: 2 GB",
            default=True,
            set=Settings(limits=ContainerLimits(memory=2**31, cpus=1), requests=Requests(memory=2**31)),
        ),
        Choice(
            name="mem_8_gb",
            display_name="Large: 8 GB",
            allowed_groups=("staff", "it"),
            set=Settings(
                limits=ContainerLimits(memory=2**33, cpus=2.5),
                requests=Requests(cpus=0.22815625),
                overrides={"kubespawner": msgspec.Raw(b'{"node_selector":{"pool":"large"}}')},
            ),
        ),
    )


def test_what_a_profile_overrides_becomes_members_and_overrides() -> None:
    template = from_z2jh(VALUES)[0][2]

    assert msgspec.structs.replace(template, overrides={}) == Template(
        name="deep-learning",
        image_name=f"{IMAGE}/pytorch-notebook:cuda12-2026-11-03",
        command="jupyterhub-singleuser --LabApp.collaborative=true",
        limits=ContainerLimits(memory=16 * 2**30, cpus=4),
        requests=Requests(cpus=2),
        redirect_uri="/lab",
        display_name="Deep learning",
        description="PyTorch on one GPU",
        environment={"CUDA_CACHE_DISABLE": "1", "DATASETS": "/srv/datasets", "OFFLINE": "true"},
        allowed_groups=("gpu-users",),
        order=30,
    )
    assert msgspec.json.decode(template.overrides["kubespawner"]) == {
        "environment": {"SECRET": {"valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}},
        "extra_resource_limits": {"nvidia.com/gpu": "1", "example.com/fpga": "1"},
        "node_selector": {"accelerator": "nvidia-a100"},
        "mem_guarantee": None,
        "init_containers": [{"name": "home", "image": "busybox", "command": ["chown", "1000", "/home/jovyan"]}],
    }


def test_what_is_said_of_a_real_values_file() -> None:
    _, losses = from_z2jh(VALUES)

    allowed = "is carried, for hubs whose admin allows it (allow_overrides)"
    passed_over = "is passed over by KubeSpawner: dropped"
    assert said(losses) == [
        f"profile Minimal: `default_url` {allowed}",
        "profile Minimal: `description` holds HTML, which becomes text",
        f"profile Scientific Python: `cmd` of profiles {passed_over}",
        f"profile Scientific Python, option image, choice 01-scipy: `slug` of choices {passed_over}",
        f"profile Scientific Python, option image, choice datascience: `slug` of choices {passed_over}",
        "profile Deep learning: `environment.OFFLINE` is true or false, and becomes a text",
        f"profile Deep learning: `environment` {allowed}",
        f"profile Deep learning: `init_containers` {allowed}",
    ]


class Marked(str):
    """What a reader makes of a text whose line it remembers."""


def marked(value: Any) -> Any:
    if isinstance(value, dict):
        return {marked(key): marked(inner) for key, inner in value.items()}
    return [marked(inner) for inner in value] if isinstance(value, list) else _marked(value)


def _marked(value: Any) -> Any:
    return Marked(value) if isinstance(value, str) else value


def test_texts_of_a_reader_become_plain_texts() -> None:
    templates, _ = from_z2jh(marked(VALUES))

    assert [encode_template(template) for template in templates] == [
        encode_template(template) for template in from_z2jh(VALUES)[0]
    ]


def test_a_real_values_file_is_publishable() -> None:
    templates, _ = from_z2jh(VALUES)

    for template in templates:
        check(template)


def test_a_profile_without_an_image_leaves_it_to_the_hub() -> None:
    assert moved()[0].image_name == HUBS_OWN_IMAGE


def test_the_image_of_the_hub_is_baked_in_where_that_is_wanted() -> None:
    templates, _ = from_z2jh(VALUES, bake_image=True)

    assert templates[0].image_name == f"{IMAGE}/minimal-notebook:2026-11-03"


@pytest.mark.parametrize(
    ("flags", "default", "losses"),
    [
        ([False, False], 0, 0),
        ([False, True], 1, 0),
        ([True, True], 0, 1),
    ],
)
def test_the_default_is_the_profile_that_kubespawner_takes(flags: list[bool], default: int, losses: int) -> None:
    profiles = [{"slug": f"p{number}", "default": flag} for number, flag in enumerate(flags)]

    templates, found = from_z2jh(profiles)

    spawner = pytest.importorskip("kubespawner").KubeSpawner
    initialized = spawner._get_initialized_profile_list(None, profiles)
    assert [template.default for template in templates].index(True) == default
    assert (spawner._get_profile(None, None, initialized)["slug"], len(found)) == (f"p{default}", losses)


def test_of_two_default_choices_the_first_counts() -> None:
    template, losses = moved(**with_choices({"a": {}, "b": {"default": True}, "c": {"default": True}}))

    assert ([choice.default for choice in template.options[0].choices], losses) == (
        [False, True, False],
        ["profile p, option size, choice c: `default` counts for the first choice that has it: dropped"],
    )


@pytest.mark.parametrize("name", ["a--b", "-a", "a b", "ä", "", "x" * 64, "a/b"])
def test_a_choice_whose_name_does_not_fit_is_left_out_and_none_is_renamed(name: str) -> None:
    [template], losses = from_z2jh([{"slug": "p", **with_choices({"a": {}, name: {}})}])

    assert ([choice.name for choice in template.options[0].choices], [loss.left_out for loss in losses]) == (
        ["a"],
        [True],
    )


@pytest.mark.parametrize("name", ["mem_1_9", "01-python", "1.10", "A", 2026])
def test_names_of_choices_stay_as_they_are(name: Any) -> None:
    template, losses = moved(**with_choices({name: {}}))

    assert (template.options[0].choices[0].name, losses) == (str(name), [])


@pytest.mark.parametrize(
    "profile",
    [
        {"profile_options": {"profile": {"choices": {"a": {}}}}},
        {"profile_options": {"a b": {"choices": {"a": {}}}}},
        {"profile_options": {f"o{number}": {"choices": {"a": {}}} for number in range(17)}},
        {"profile_options": ["a"]},
        {"profile_options": {"a": "text"}},
        {"profile_options": {"a": {"choices": ["b"]}}},
        {"kubespawner_override": "text"},
        {"slug": ["x"]},
        {"slug": True},
        {"kubespawner_override": {"tolerations": [float("nan")]}},
    ],
)
def test_a_profile_that_would_mean_something_else_in_part_is_left_out_and_named(profile: dict[str, Any]) -> None:
    templates, losses = from_z2jh([{"slug": "p", **profile}])

    assert (templates, [loss.left_out for loss in losses]) == ([], [True])


@pytest.mark.parametrize("choice", ["text", {"kubespawner_override": ["x"]}, {"display_name": "x" * 201}])
def test_a_choice_that_cannot_be_read_is_left_out_and_named(choice: Any) -> None:
    template, losses = moved(**with_choices({"a": {}, "b": choice}))

    assert ([one.name for one in template.options[0].choices], losses[0].endswith(": left out")) == (["a"], True)


def test_choices_have_an_end() -> None:
    template, losses = moved(**with_choices({str(number): {} for number in range(300)}))

    assert (len(template.options[0].choices), losses) == (
        256,
        ["profile p, option size: has more than 256 choices, the others are left out"],
    )


@pytest.mark.parametrize(
    ("profile", "name", "options"),
    [
        ({"profile_options": None}, "p", []),
        ({"profile_options": {"a": None}}, "p", []),
        ({"profile_options": {"a": {"choices": None}}}, "p", []),
        ({"profile_options": {"a": {"choices": {"b": None}}}}, "p", ["a"]),
        ({"profile_options": {"a": {"choices": {"b": {}}, "unlisted_choice": None}}}, "p", ["a"]),
        ({"profile_options": {"a": {"dynamic_image_building": {"enabled": True}}}}, "p", ["a"]),
        ({"profile_options": {1: {"unlisted_choice": {"enabled": True}}}}, "p", ["1"]),
        ({"slug": 1524699}, "1524699", []),
        ({"slug": None, "display_name": 2026}, "2026", []),
        ({"kubespawner_override": None}, "p", []),
    ],
)
def test_what_is_empty_or_a_number_is_read(profile: dict[str, Any], name: str, options: list[str]) -> None:
    template, _ = moved(**profile)

    assert (template.name, [option.name for option in template.options]) == (name, options)


@pytest.mark.parametrize(
    ("part", "line"),
    [
        ({"renderer": "radio"}, "`renderer` of options is passed over by KubeSpawner: dropped"),
        ({"unlisted_choice": {"enabled": False}}, "`unlisted_choice` is not enabled: dropped"),
        ({"dynamic_image_building": {"enabled": False}}, "`dynamic_image_building` is not enabled: dropped"),
        (
            {"unlisted_choice": {"enabled": True, "x": 1}},
            "`x` of unlisted_choice is passed over by KubeSpawner: dropped",
        ),
        ({"display_name": "a\nb"}, "`display_name` has breaks, which become blanks"),
    ],
)
def test_what_an_option_cannot_keep_is_named(part: dict[str, Any], line: str) -> None:
    _, losses = moved(**with_choices({"a": {}}, **part))

    assert [loss.partition(": ")[2] for loss in losses] == [line]


@pytest.mark.parametrize(
    "override",
    [
        {"image": "{value!r}"},
        {"image": "{value.x}"},
        {"image": "x{{y}}"},
        {"image": "{value"},
        {"node_selector": {"{value}": "1"}},
        {"volumes": [{"name": "{value}"}]},
        {"default_url": "{value}"},
    ],
)
def test_a_free_text_that_could_become_anything_is_left_out(override: dict[str, Any]) -> None:
    typed = {"unlisted_choice": {"enabled": True, "kubespawner_override": override}}

    [template], losses = from_z2jh([{"slug": "p", **with_choices({"a": {}}, **typed)}])

    assert (template.options[0].free_text, [loss.left_out for loss in losses][-1]) == (None, True)


def test_devices_of_a_profile_stay_together() -> None:
    gpus = {"extra_resource_limits": {"nvidia.com/gpu": "1"}}
    none = {"extra_resource_limits": {"nvidia.com/gpu": None}}

    template, _ = moved(kubespawner_override=gpus, **with_choices({"a": {"kubespawner_override": none}}))

    assert (template.limits.gpus, list(template.overrides)) == (0, ["kubespawner"])


def test_profiles_of_the_hubs_own_configuration_are_read_too() -> None:
    profiles = [{"display_name": "One"}]

    assert from_z2jh({"hub": {"config": {"KubeSpawner": {"profile_list": profiles}}}}) == from_z2jh(profiles)


def test_the_second_profile_of_one_name_is_left_out_and_named() -> None:
    templates, losses = from_z2jh([{"display_name": "One"}, {"slug": "one"}])

    assert (len(templates), said(losses)) == (
        1,
        ["profile one: there are two profiles of this name, the second is left out"],
    )


@pytest.mark.parametrize("values", [{}, {"singleuser": {}}, "text", None, {"singleuser": {"profileList": "text"}}])
def test_a_file_without_profiles_is_refused(values: object) -> None:
    with pytest.raises(ValueError, match=r"there is no singleuser\.profileList"):
        from_z2jh(values)


@pytest.mark.parametrize(
    ("profiles", "note"),
    [
        (["text"], "profile 1: is not a mapping: left out"),
        ([{"description": "x"}], "profile 1: has neither a slug nor a display name: left out"),
    ],
)
def test_what_is_no_profile_is_left_out_and_named(profiles: list[object], note: str) -> None:
    templates, losses = from_z2jh(profiles)

    assert (templates, said(losses)) == ([], [note])


def test_a_values_file_has_the_code_that_obeys_its_groups() -> None:
    open_to_all, _ = to_z2jh([Template(name="a", image_name="i")])
    closed, _ = to_z2jh([Template(name="a", image_name="i", allowed_groups=("staff",))])

    assert (list(open_to_all), list(closed["hub"]["extraConfig"])) == (["singleuser"], ["obey-allowed-groups"])
