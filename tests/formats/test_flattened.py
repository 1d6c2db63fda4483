import pytest

from binder_registry.choices import Choice, FreeText, Option
from binder_registry.formats.flattened import replaced
from binder_registry.template import Template

IMAGE = Option(name="image", choices=(Choice(name="01-scipy"), Choice(name="r")), free_text=FreeText())
SIZE = Option(name="size", choices=(Choice(name="mem_1_9"), Choice(name="r-r")))
TYPED = Option(name="path", free_text=FreeText())
NEW = [
    Template(name="course", image_name="i", options=(IMAGE, TYPED, SIZE)),
    Template(name="course-r-r-r", image_name="i"),
    Template(name="plain", image_name="i"),
]


@pytest.mark.parametrize("name", ["course-01-scipy-mem-1-9", "course-r-mem-1-9", "course-01-scipy-r-r"])
def test_a_template_of_a_combination_is_replaced_and_keeps_the_rest(name: str) -> None:
    old = Template(name=name, image_name="old", contact="c", revision=7)

    assert list(replaced(NEW, [old])) == [Template(name=name, image_name="old", contact="c", replaced_by="course")]


@pytest.mark.parametrize(
    "name", ["course", "course-r", "course-r-mem-1-9-x", "course-x-mem-1-9", "other-r-r-r", "plain-r", "course-r-r-r"]
)
def test_a_template_of_another_name_stays(name: str) -> None:
    assert list(replaced(NEW, [Template(name=name, image_name="i")])) == []


def test_a_template_that_has_a_successor_keeps_it() -> None:
    assert list(replaced(NEW, [Template(name="course-r-mem-1-9", image_name="i", replaced_by="x")])) == []
