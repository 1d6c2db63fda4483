"""`run --option`: what is chosen, and what an engine cannot honour."""

import shlex
from typing import Any

import pytest

from binder_registry import Client
from binder_registry.settings import HUBS_OWN_IMAGE

from .invoking import CommandLine

SIZED = {
    "name": "sized",
    "image-name": "quay.io/a/small:1",
    "options": [
        {
            "name": "size",
            "choices": [
                {"name": "small", "set": {"limits": {"memory": 1 << 30}}},
                {"name": "large", "set": {"limits": {"memory": 4 << 30}}, "allowed-groups": ["staff"]},
            ],
        },
        {
            "name": "image",
            "choices": [{"name": "stock"}],
            "free-text": {"pattern": "quay.io/.+", "message": "Of quay.io only.", "set": {"image-name": "{value}"}},
        },
    ],
}
TYPED = {
    "name": "typed",
    "image-name": "i",
    "options": [{"name": "image", "free-text": {"set": {"image-name": "{value}"}}}],
}


def words(registry: CommandLine, *arguments: str) -> list[str]:
    return shlex.split(registry("run", "--print", "--engine", "docker", *arguments).out)


def test_what_is_not_chosen_is_the_default(registry: CommandLine, client: Client) -> None:
    client.apply([SIZED])

    assert words(registry, "sized")[4:] == ["--memory=1073741824", "quay.io/a/small:1"]


def test_a_choice_is_taken_and_nobodys_groups_are_asked(registry: CommandLine, client: Client) -> None:
    client.apply([SIZED])

    assert "--memory=4294967296" in words(registry, "sized", "--option", "size=large")


def test_a_text_of_ones_own_is_taken(registry: CommandLine, client: Client) -> None:
    client.apply([SIZED])

    assert words(registry, "sized", "--option", "image.free-text=quay.io/a/b:c")[-1] == "quay.io/a/b:c"


@pytest.mark.parametrize("key", ["image", "image.free-text"])
def test_where_there_is_nothing_else_to_choose_a_text_needs_no_suffix(
    registry: CommandLine, client: Client, key: str
) -> None:
    client.apply([TYPED])

    assert words(registry, "typed", "--option", f"{key}=a=b")[-1] == "a=b"


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [
        (["size=huge"], "There is no such choice of 'size': choose 'small' or 'large'"),
        (["image=quay.io/a/b:c"], "There is no such choice of 'image': choose 'stock' or a text of your own"),
        (["image.free-text=docker.io/x"], "Of quay.io only."),
        (["size.free-text=x"], "There is no such choice of 'size'"),
        (["colour=red"], "There is no option 'colour': there are 'size', 'image'."),
    ],
)
def test_what_cannot_be_chosen_is_refused_with_what_there_is(
    registry: CommandLine, client: Client, chosen: list[str], problem: str
) -> None:
    client.apply([SIZED])

    result = registry("run", "--print", "sized", *(f"--option={one}" for one in chosen))

    assert (result.code, result.out, problem in result.err) == (1, "", True)


@pytest.mark.parametrize(
    "chosen", [["size=small", "size=large"], ["image=stock", "image.free-text=x"], ["size"], ["=x"]]
)
def test_what_chooses_nothing_or_twice_is_wrong_usage(registry: CommandLine, client: Client, chosen: list[str]) -> None:
    client.apply([SIZED])

    assert registry("run", "--print", "sized", *(f"--option={one}" for one in chosen)).code == 2


def test_an_option_may_be_called_as_a_free_text_is(registry: CommandLine, client: Client) -> None:
    option = {"name": "image.free-text", "choices": [{"name": "x"}, {"name": "y", "set": {"command": "y"}}]}
    client.apply([{"name": "odd", "image-name": "i", "options": [option]}])

    assert words(registry, "odd", "--option", "image.free-text=y")[-1] == "y"


def test_an_image_that_is_the_hubs_own_cannot_be_run(registry: CommandLine, client: Client) -> None:
    client.apply([{"name": "own", "image-name": HUBS_OWN_IMAGE}])

    result = registry("run", "--print", "own")

    assert (result.code, result.out, HUBS_OWN_IMAGE in result.err) == (1, "", True)


def test_a_choice_may_name_an_image_where_the_template_has_none(registry: CommandLine, client: Client) -> None:
    client.apply([{**TYPED, "image-name": HUBS_OWN_IMAGE}])

    assert words(registry, "typed", "--option", "image=quay.io/a/b:c")[-1] == "quay.io/a/b:c"


@pytest.mark.parametrize(
    ("member", "told"),
    [
        (
            {"overrides": {"kubespawner": {"tolerations": [], "mem_limit": None}}},
            "Left out, as only a hub's spawner has it: "
            "overrides.kubespawner.tolerations, overrides.kubespawner.mem_limit",
        ),
        ({"paused": "Back on Monday."}, "Paused: Back on Monday."),
    ],
)
def test_what_differs_from_a_hub_is_told(
    registry: CommandLine, client: Client, member: dict[str, Any], told: str
) -> None:
    client.apply([{"name": "x", "image-name": "i"} | member])

    result = registry("run", "--print", "--engine", "docker", "x")

    assert (result.code, result.err.strip()) == (0, told)
