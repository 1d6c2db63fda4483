"""What `configure` takes, and what it refuses by name."""

import functools
import inspect
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from binder_registry.hub.parameters import PARAMETERS, SELECTOR, check_parameters
from binder_registry.jupyterhub import configure
from binder_registry.selector import SELECTOR as OF_THE_REGISTRY

SECRET = "hunter2"


async def asynchronous(template: Any, profile: Any) -> None:
    """An override that would be asked in vain."""


REFUSED: dict[str, list[Any]] = {
    "escape": [None, 0, 1, "", "no", "False", [], 1.0],
    "image_command": [None, 1, "yes"],
    "ignore_group_case": [None, 1, "yes"],
    "max_stale": [float("nan"), -1, -0.5, 0, float("-inf"), True, False, "60", None, [60], b"60"],
    "allow_commands": ["start.sh", "", b"start.sh", None, 5, True, [5], [None], ["start.sh", ""], [" "], {"x": 1}],
    "allow_overrides": ["volumes", "", b"x", None, True, [5], [""], ["volumes "], ["kubespawner.volumes"], {"x": 1}],
    "override": ["", "module.function", 5, {}, True, [len], asynchronous],
    "auth_state_groups": [
        None,
        5,
        True,
        b"x",
        {"groups"},
        {"a": 1},
        " ",
        "a..b",
        ".a",
        "a. b",
        ["a", 5],
        [""],
        [["a"]],
    ],
    "default": [None, 5, True, b"scipy", ["scipy"], " ", "\t", "a/b", "a\n"],
    "gpu_resource": [None, 5, b"a/b", "", " ", "gpu", "nvidia.com/", "/gpu", "nvidia.com /gpu", "a.b/gpu ", "a/b/c"],
    "label": [None, 5, b"a=b", ["hub=a"], " ", ",", "a,", "a==b", "a in (b, c)", "hub=a b", "=a", "!a=b", "a=b\n"],
    "channel": [None, 5, b"stable", "Stable", "1", "a_b", " ", "-a", "stable\n", "a" * 64, ["stable"]],
    "try_out": [
        *(None, 5, "testing", ("testing",), ("testing", ""), ("", "testers"), ("latest", "testers")),
        *(("testing", "testers", "more"), ("testing", ["testers"]), {"testing": "testers"}, ("Testing", "testers")),
    ],
    "snapshot": ["", "  ", 3, b"x", True, ["x"], "a\0b"],
    "rules_file": ["", "  ", 3, b"x", True, ["x"], "a\0b"],
}
TAKEN: dict[str, list[Any]] = {
    "max_stale": [1, 0.5, float("inf"), 10**400],
    "allow_commands": [[], (), {"a"}, frozenset({"jupyter labhub"}), {"start.sh": 1}.keys()],
    "allow_overrides": [[], ("volumes", "volume_mounts")],
    "override": [None, len, lambda template, profile: None, functools.partial(max, 1)],
    "auth_state_groups": ["", [], (), "groups", "oauth_user.groups", "my groups", ["user", "https://a.org/groups"]],
    "default": ["", "scipy", "My Env", "ä"],
    "gpu_resource": ["nvidia.com/gpu", "amd.com/gpu", "nvidia.com/mig-1g.5gb", "gpu.intel.com/i915"],
    "label": ["", "hub", "!hub", "hub=", "hub=a,site!=north", "example.org/hub=a , !old"],
    "channel": ["", "stable", "latest", "a-1"],
    "try_out": [(), [], ("testing", "testers"), ["testing", "my group"]],
    "snapshot": [None, "list.json", Path("/srv/list.json"), "a b.json"],
    "rules_file": [None, "rules.json", Path("/srv/rules.json"), "a b.json"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in REFUSED.items() for value in values])
def test_what_cannot_be_meant_is_refused_by_its_name(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name}= has to be "):
        configure(None, "http://localhost:9", **{name: value})


def test_what_everybody_is_offered_is_not_tried_out_beside_it() -> None:
    with pytest.raises(ValueError, match=r"^try_out= has to be of another channel"):
        configure(None, "http://localhost:9", channel="stable", try_out=("stable", "testers"))


@pytest.mark.parametrize("channel", ["", "latest", "stable"])
def test_another_channel_is_tried_out_beside_any(channel: str) -> None:
    check_parameters(channel=channel, try_out=("testing", "testers"))


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in TAKEN.items() for value in values])
def test_what_can_be_meant_is_taken(name: str, value: Any) -> None:
    check_parameters(**{name: value})


@pytest.mark.parametrize("name", PARAMETERS)
@pytest.mark.parametrize("value", [SECRET.encode(), [SECRET, 5]])
def test_a_secret_in_a_wrong_place_is_not_repeated(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name) as refused:
        configure(None, "http://localhost:9", **{name: value})

    assert SECRET not in str(refused.value)


def test_every_parameter_is_checked_here_or_by_the_follower() -> None:
    assert {*inspect.signature(configure).parameters} - {*PARAMETERS} == {"c", "url", "token", "versions", "poll"}


def test_a_selector_is_what_the_registry_takes_for_one() -> None:
    assert SELECTOR == OF_THE_REGISTRY


@pytest.mark.parametrize(
    "call",
    [
        'configure(c, url="http://ada:hunter2@registry:8080")',
        'configure(\n    c,\n    url="http://ada:hunter2@registry:8080",\n)',
        'configure(c, url="http://registry:8080", token="two hunter2")',
        'configure(c, url="http://registry:8080", token="hunter2", escape="no")',
        'configure(c, url="http://registry:8080", token="hunter2", lable="hub=physics")',
        'def ours(url):\n    configure(c, url)\n\nours("http://ada:hunter2@registry:8080")',
    ],
    ids=["url", "on several lines", "token", "another parameter", "a misspelt one", "by way of a function"],
)
def test_the_traceback_of_a_mistake_does_not_show_what_was_given(call: str, tmp_path: Path) -> None:
    file = tmp_path / "jupyterhub_config.py"
    file.write_text(f"from binder_registry.jupyterhub import configure\n{call}\n")

    with pytest.raises((ValueError, TypeError)) as refused:
        exec(compile(file.read_text(), str(file), "exec"), {"c": SimpleNamespace(JupyterHub={"spawner_class": None})})

    shown = "".join(traceback.format_exception(refused.value))
    assert f'"{file}", line' in shown
    assert SECRET not in shown
