import pytest

from binder_registry.choices import Choice, FreeText, Option
from binder_registry.formats.allowed_images import from_allowed_images, to_allowed_images
from binder_registry.settings import HUBS_OWN_IMAGE, Settings
from binder_registry.template import Template


def test_a_mapping_of_allowed_images_gives_names_for_people() -> None:
    templates, losses = from_allowed_images({"Scientific Python": "quay.io/jupyter/scipy-notebook:1"})

    assert (templates, losses) == (
        [
            Template(
                name="scientific-python",
                image_name="quay.io/jupyter/scipy-notebook:1",
                display_name="Scientific Python",
                order=10,
            )
        ],
        [],
    )


def test_a_list_of_allowed_images_gives_names_from_the_images() -> None:
    templates, _ = from_allowed_images(["quay.io/jupyter/scipy-notebook:2026", "r.example:5000/x/base"])

    assert [template.name for template in templates] == ["scipy-notebook-2026", "base"]


def test_images_whose_names_meet_are_named() -> None:
    templates, losses = from_allowed_images(["a/base", "b/base"])

    assert ([template.image_name for template in templates], list(map(str, losses))) == (
        ["a/base"],
        ["b/base: its name base is taken by a/base, left out"],
    )


def test_allowed_images_that_are_neither_are_refused() -> None:
    with pytest.raises(ValueError, match="a list of images, or a mapping"):
        from_allowed_images("quay.io/jupyter/scipy-notebook")


def test_images_move_to_dockerspawner_and_back() -> None:
    images = {"Scientific Python": "scipy:1", "Base": "base:2"}

    assert to_allowed_images(from_allowed_images(images)[0]) == (images, [])


def test_what_a_list_of_images_cannot_hold_is_named() -> None:
    images, losses = to_allowed_images([Template(name="x", image_name="i", display_name="Shown", command="c")])

    assert (images, list(map(str, losses))) == (
        {"Shown": "i"},
        ["x: only its image is carried over"],
    )


def test_images_within_a_configuration_are_found() -> None:
    assert from_allowed_images({"allowed_images": {"A": "a"}}) == from_allowed_images({"A": "a"})


def test_what_is_no_image_is_left_out_and_named() -> None:
    templates, losses = from_allowed_images({"A": None, "--": "b"})

    assert (templates, list(map(str, losses))) == ([], ["A: has no image, left out", "--: gives no name, left out"])


def test_templates_of_one_display_name_are_told_apart_by_their_names() -> None:
    one, two = (Template(name=name, image_name=name, display_name="Same") for name in ("a", "b"))
    three = Template(name="c", image_name="c", display_name="a")

    images, losses = to_allowed_images([one, three, two, Template(name="b", image_name="d")])

    assert (images, list(map(str, losses))) == (
        {"a": "c", "b": "d", "Same": "a"},
        ["b: its name is another's display name, left out"],
    )


def test_a_template_for_some_groups_is_left_out_of_images_that_everybody_may_start() -> None:
    templates = [Template(name="staff", image_name="i", allowed_groups=("staff",)), Template(name="a", image_name="j")]

    images, losses = to_allowed_images(templates)

    assert (images, [(loss.where, loss.left_out) for loss in losses]) == ({"a": "j"}, [("staff", True)])


@pytest.mark.parametrize(
    "option",
    [
        Option(name="o", choices=(Choice(name="c", allowed_groups=("staff",)),)),
        Option(name="o", free_text=FreeText(allowed_groups=("staff",))),
    ],
)
def test_a_template_with_nothing_for_everybody_in_an_option_is_for_some_groups(option: Option) -> None:
    images, [loss] = to_allowed_images([Template(name="a", image_name="i", options=(option,))])

    assert (images, loss.what) == ({}, "is for some groups only, which allowed_images cannot say: left out")


@pytest.mark.parametrize(
    "images", [{"SciPy": "scipy:1", "Base": "base:2"}, ["quay.io/x/scipy:1", "base"], ["b", "a", "x/c:latest"]]
)
def test_order_and_form_of_images_come_back(images: object) -> None:
    assert to_allowed_images(reversed(from_allowed_images(images)[0])) == (images, [])


@pytest.mark.parametrize("images", ["*", {"allowed_images": "*"}, ["*"], {"any": "*"}])
def test_that_every_image_is_allowed_is_refused(images: object) -> None:
    with pytest.raises(ValueError, match=r"allowed_images|allows every image"):
        from_allowed_images(images)


def choice(name: str, image: str = "", groups: tuple[str, ...] | None = None) -> Choice:
    return Choice(name=name, set=Settings(image_name=image), allowed_groups=groups)


def test_choices_of_images_become_images_but_those_for_some_groups() -> None:
    image = Option(name="image", choices=(choice("scipy", "s:1"), choice("r", "r:1"), choice("gpu", "g:1", ("staff",))))
    size = Option(name="size", choices=(choice("small"), choice("large")))

    images, losses = to_allowed_images([Template(name="a", image_name="i", options=(image, size))])

    assert (images, [loss.left_out for loss in losses]) == ({"a (scipy)": "s:1", "a (r)": "r:1"}, [True, False])


def test_images_whose_other_option_is_for_some_groups_only_are_left_out() -> None:
    image = Option(name="image", choices=(choice("scipy", "s:1"),))
    size = Option(name="size", choices=(choice("small", groups=("staff",)), choice("large")))

    images, losses = to_allowed_images([Template(name="a", image_name="i", options=(image, size))])

    assert (images, losses[0].left_out) == ({}, True)


def test_the_hubs_own_image_is_left_out_and_named() -> None:
    images, losses = to_allowed_images([Template(name="a", image_name=HUBS_OWN_IMAGE)])

    assert (images, losses[0].left_out) == ({}, True)


@pytest.mark.parametrize("state", [{"paused": "Back on Monday."}, {"replaced_by": "b"}])
def test_what_is_out_of_service_is_no_allowed_image(state: dict[str, str]) -> None:
    images, losses = to_allowed_images([Template(name="a", image_name="i", **state)])  # type: ignore[arg-type]

    assert (images, len(losses)) == ({}, 1)
