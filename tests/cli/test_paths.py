import pytest

from binder_registry.cli.documents import as_template, shown_members
from binder_registry.cli.paths import options_apart, rows, text
from binder_registry.differences import changed_members

SIZED = {
    "name": "sized",
    "image-name": "i",
    "limits": {"memory": 1},
    "labels": {"set": "x"},
    "options": [
        {
            "name": "size",
            "display-name": "Size",
            "choices": [
                {"name": "small", "default": True},
                {"name": "large", "set": {"limits": {"memory": 2}, "environment": {"choices": "y"}}},
            ],
        },
        {"name": "image", "free-text": {"pattern": "a", "set": {"image-name": "{value}"}}},
    ],
    "overrides": {"kubespawner": {"volumes": [{"name": "v"}], "mem_limit": None}},
}


def test_every_value_has_a_path() -> None:
    assert dict(rows(SIZED)) == {
        "name": "sized",
        "image-name": "i",
        "limits.memory": 1,
        "labels.set": "x",
        "options": ["size", "image"],
        "options.size": ["small", "large"],
        "options.size.display-name": "Size",
        "options.size.small.default": True,
        "options.size.large.limits.memory": 2,
        "options.size.large.environment.choices": "y",
        "options.image.free-text.pattern": "a",
        "options.image.free-text.image-name": "{value}",
        "overrides.kubespawner.volumes": [{"name": "v"}],
        "overrides.kubespawner.mem_limit": None,
    }


def test_paths_are_those_that_changes_name() -> None:
    whole = as_template(SIZED)

    named = {path for path in changed_members(None, whole) if path.count(".") > 1}

    assert named - {"options.size.large.environment"} <= set(dict(rows(shown_members(SIZED))))


def test_options_stand_apart_and_the_rest_stays() -> None:
    apart = options_apart(SIZED)

    assert (apart["limits"], apart["options.size.large.limits.memory"]) == ({"memory": 1}, 2)
    assert not {"overrides"} & set(apart)


@pytest.mark.parametrize(
    ("value", "shown"),
    [("a b", "a b"), (["a", "b"], "a, b"), (True, "true"), (None, "null"), (1.0, "1.0"), ([{"a": 1}], '[{"a": 1}]')],
)
def test_values_are_one_line(value: object, shown: str) -> None:
    assert text(value) == shown
