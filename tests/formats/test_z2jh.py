from pathlib import Path
from typing import Any

import pytest
import yaml

from binder_registry.formats.losses import Losses
from binder_registry.formats.z2jh import MOST_CHOICES, from_z2jh, to_z2jh
from binder_registry.rules import check
from binder_registry.template import ContainerLimits, Template

VALUES = yaml.safe_load((Path(__file__).parent / "z2jh_values.yaml").read_text())

WHOLE = Template(
    name="course-2026",
    image_name="quay.io/jupyter/scipy-notebook:2026-11",
    command="jupyterhub-singleuser --ServerApp.terminals_enabled=False '--x=a b'",
    limits=ContainerLimits(memory=2**31, cpu_shares=512, cpus=1.5, gpus=2),
    redirect_uri="/lab/tree/{x}",
    bind_ip="0.0.0.0",
    bind_port=8899,
    display_name="Course <2026> & more",
    description="Two\nlines",
    environment={"COURSE": "42"},
    allowed_groups=("physics",),
)


def profile(**override: Any) -> dict[str, Any]:
    return {
        "singleuser": {"profileList": [{"display_name": "One", "kubespawner_override": {"image": "i", **override}}]}
    }


def only(values: Any) -> Template:
    [template], _ = from_z2jh(values)
    return template


def said(losses: Losses) -> list[str]:
    return [str(loss) for loss in losses]


def test_every_profile_and_choice_of_a_real_values_file_becomes_a_template() -> None:
    templates, _ = from_z2jh(VALUES)

    assert [template.name for template in templates] == [
        "minimal",
        "scientific-python-scipy-small",
        "scientific-python-scipy-large",
        "scientific-python-datascience-small",
        "scientific-python-datascience-large",
        "deep-learning",
    ]


def test_what_profiles_override_becomes_members() -> None:
    templates, _ = from_z2jh(VALUES)

    found = {template.name: template for template in templates}
    assert found["deep-learning"] == Template(
        name="deep-learning",
        image_name="quay.io/jupyter/pytorch-notebook:cuda12-2026-11-03",
        command="jupyterhub-singleuser --LabApp.collaborative=true",
        limits=ContainerLimits(memory=16 * 2**30, cpu_shares=2048, cpus=4, gpus=1),
        redirect_uri="/lab",
        display_name="Deep learning",
        description="PyTorch on one GPU",
        environment={"CUDA_CACHE_DISABLE": "1", "DATASETS": "/srv/datasets", "OFFLINE": "true"},
        allowed_groups=("gpu-users",),
    )


def test_a_choice_overrides_its_profile() -> None:
    templates, _ = from_z2jh(VALUES)

    large = {template.name: template for template in templates}["scientific-python-datascience-large"]
    assert (large.image_name, large.limits.memory, large.display_name) == (
        "quay.io/jupyter/datascience-notebook:2026-11-03",
        8 * 2**30,
        "Scientific Python (Data science, Large: 8 GB)",
    )


def test_a_profile_without_an_image_takes_that_of_all_users() -> None:
    templates, _ = from_z2jh(VALUES)

    assert templates[0].image_name == "quay.io/jupyter/minimal-notebook:2026-11-03"


@pytest.mark.parametrize(
    "lost",
    [
        "profile Deep learning: kubespawner_override.node_selector is not carried over",
        "profile Deep learning: kubespawner_override.environment.SECRET is not a text, not carried over",
        "profile Deep learning: kubespawner_override.extra_resource_limits.example.com/fpga is not carried over",
        "profile Scientific Python: the free text of option image (unlisted_choice) is not carried over",
        "profile Scientific Python, option size, choice small: default is not carried over",
        "profile Minimal: default is not carried over",
        "profile Minimal: description holds HTML, which will be shown as text",
        "profile Minimal: kubespawner_override.default_url holds a placeholder, which will stand for itself: "
        "'/user/{username}/tree'",
    ],
)
def test_what_cannot_be_carried_over_is_named(lost: str) -> None:
    _, losses = from_z2jh(VALUES)

    assert lost in said(losses)


def test_what_a_values_file_gives_is_publishable() -> None:
    templates, _ = from_z2jh(VALUES)

    for template in templates:
        check(template)


@pytest.mark.parametrize(
    ("written", "size"), [("2G", 2 * 2**30), ("512M", 2**29), (1073741824, 2**30), ("1.5G", 3 * 2**29), (None, 0)]
)
def test_memory_is_read_as_kubespawner_reads_it(written: object, size: int) -> None:
    assert only(profile(mem_limit=written)).limits.memory == size


def test_a_profile_whose_limit_cannot_be_read_is_left_out() -> None:
    templates, losses = from_z2jh(profile(mem_limit="lots"))

    assert (templates, said(losses), losses[0].left_out) == (
        [],
        [
            "profile One: kubespawner_override.mem_limit cannot be read "
            "('lots' is not a size: write bytes, or 512M, 2G, 1.5G): left out"
        ],
        True,
    )


def test_profiles_of_the_hubs_own_configuration_are_read_too() -> None:
    profiles = profile()["singleuser"]["profileList"]

    assert only({"hub": {"config": {"KubeSpawner": {"profile_list": profiles}}}}) == only(profiles)


def test_a_profile_without_any_image_is_left_out_and_named() -> None:
    templates, losses = from_z2jh([{"display_name": "Empty"}])

    assert (templates, said(losses)) == (
        [],
        ["profile Empty: has no image, and the values have no singleuser.image: left out"],
    )


def test_the_second_profile_of_one_name_is_left_out_and_named() -> None:
    one = profile()["singleuser"]["profileList"]

    templates, losses = from_z2jh([*one, *one])

    assert (len(templates), said(losses)) == (1, ["one: there are two profiles of this name, the second is left out"])


def test_combinations_of_choices_have_an_end() -> None:
    choices: dict[str, Any] = {str(number): {"kubespawner_override": {}} for number in range(20)}
    options = {option: {"choices": choices} for option in "abcdef"}

    templates, losses = from_z2jh(
        [{"slug": "many", "kubespawner_override": {"image": "i"}, "profile_options": options}]
    )

    assert (len(templates), said(losses)) == (
        MOST_CHOICES,
        [f"profile many: has more than {MOST_CHOICES} combinations of choices, the others are left out"],
    )


@pytest.mark.parametrize("values", [{}, {"singleuser": {}}, "text", None, {"singleuser": {"profileList": "text"}}])
def test_a_file_without_profiles_is_refused(values: object) -> None:
    with pytest.raises(ValueError, match=r"there is no singleuser\.profileList"):
        from_z2jh(values)


def test_a_template_moves_to_a_values_file_and_back() -> None:
    values, _ = to_z2jh([WHOLE])

    assert from_z2jh(yaml.safe_load(yaml.safe_dump(values))) == ([WHOLE], [])


def test_that_a_stock_hub_passes_over_groups_is_said() -> None:
    _, losses = to_z2jh([WHOLE])

    assert said(losses) == [
        "course-2026: allowed_groups is passed over by a stock KubeSpawner, which offers this to everybody"
    ]


def test_a_name_that_is_no_slug_moves_to_a_values_file_and_back() -> None:
    template = Template(name="Räume & x-1", image_name="i")

    values, _ = to_z2jh([template])

    assert only(values).name == template.name


def test_texts_are_escaped_for_the_form_that_shows_html() -> None:
    values, _ = to_z2jh([Template(name="x", image_name="i", description="<script>alert(1)</script>")])

    assert values["singleuser"]["profileList"][0]["description"] == "&lt;script&gt;alert(1)&lt;/script&gt;"


@pytest.mark.parametrize(
    ("member", "template"),
    [
        ("labels is", Template(name="x", image_name="i", labels={"a": "b"})),
        ("deprecated is", Template(name="x", image_name="i", deprecated="Use y")),
        ("replaced-by is", Template(name="x", image_name="i", replaced_by="y")),
        ("its command cannot be split,", Template(name="x", image_name="i", command="a 'b")),
    ],
)
def test_what_a_values_file_cannot_hold_is_named(member: str, template: Template) -> None:
    _, losses = to_z2jh([template])

    assert said(losses) == [f"x: {member} not carried over"]


@pytest.mark.parametrize(
    ("profiles", "note"),
    [
        (["text"], "profile 1: is not a mapping: left out"),
        ([{"description": "x"}], "profile 1: has neither a slug nor"),
    ],
)
def test_what_is_no_profile_is_left_out_and_named(profiles: list[object], note: str) -> None:
    templates, losses = from_z2jh(profiles)

    assert (templates, said(losses)[-1].startswith(note)) == ([], True)
