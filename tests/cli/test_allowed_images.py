import pytest

from binder_registry.cli.allowed_images import from_allowed_images, slugify, to_allowed_images
from binder_registry.template import Template


def test_a_mapping_of_allowed_images_gives_names_for_people() -> None:
    templates, notes = from_allowed_images({"Scientific Python": "quay.io/jupyter/scipy-notebook:1"})

    assert (templates, notes) == (
        [
            Template(
                name="scientific-python",
                image_name="quay.io/jupyter/scipy-notebook:1",
                display_name="Scientific Python",
            )
        ],
        [],
    )


def test_a_list_of_allowed_images_gives_names_from_the_images() -> None:
    templates, _ = from_allowed_images(["quay.io/jupyter/scipy-notebook:2026", "r.example:5000/x/base"])

    assert [template.name for template in templates] == ["scipy-notebook-2026", "base"]


def test_images_whose_names_meet_are_named() -> None:
    templates, notes = from_allowed_images(["a/base", "b/base"])

    assert ([template.image_name for template in templates], notes) == (
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
    images, notes = to_allowed_images([Template(name="x", image_name="i", display_name="Shown", command="c")])

    assert (images, notes) == (
        {"Shown": "i"},
        ["x: only its image is carried over"],
    )


@pytest.mark.parametrize(
    ("text", "slug"), [("Scientific Python", "scientific-python"), ("Räume (2)", "raume-2"), ("--", "")]
)
def test_slugs_are_made_as_kubespawner_makes_them(text: str, slug: str) -> None:
    assert slugify(text) == slug
