"""Options on the real KubeSpawner class: what its form shows and sends, and the manifest that a choice makes."""

import asyncio
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binder_registry.jupyterhub import Rules
from tests.jupyterhub.hubs import need_module
from tests.jupyterhub.samples import HubUser, catalogue, environments, template
from tests.jupyterhub.test_kubespawner import (
    RULES,
    _a_cluster_that_is_never_asked,
    container,
    form,
    spawner_with,
    start,
    started,
    variables,
)

need_module("kubespawner")

__all__ = ["_a_cluster_that_is_never_asked"]  # a fixture

SIZES = {"small": (1 << 30, 0.5), "large": (4 << 30, 2.0)}
SIZE = {
    "name": "mem_1_9",
    "display-name": "<Size>",
    "choices": [
        {"name": name, "set": {"limits": {"memory": memory}, "requests": {"memory": memory // 2, "cpus": cpus}}}
        for name, (memory, cpus) in SIZES.items()
    ],
}
IMAGE = {
    "name": "image",
    "choices": [
        {"name": "01-python", "default": True, "set": {"image-name": "python:1"}},
        {"name": "gpu", "set": {"overrides": {"kubespawner": {"node_selector": {"pool": "gpu"}, "mem_limit": None}}}},
    ],
    "free-text": {
        "display-name": "Your own",
        "display-name-in-choices": "Another <image>",
        "pattern": "^[^ ]+$",
        "message": "An image.",
        "set": {"image-name": "{value}"},
    },
    "build": True,
}
LAB = template("lab", options=[SIZE, IMAGE])


def pod(options: dict[str, Any], config: dict[str, Any] | None = None, lab: dict[str, Any] = LAB) -> dict[str, Any]:
    hooks = environments(catalogue(lab, rules=RULES), RULES)
    found: dict[str, Any] = started(hooks, options, **(config or {}))
    return found


def stock_pod(options: dict[str, Any], profile: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """What a hub without us makes of such a list."""

    async def run() -> dict[str, Any]:
        spawner = spawner_with(environments(catalogue(LAB, rules=RULES), RULES), **config)
        spawner.profile_list = [profile]
        spawner.apply_user_options = None
        return await start(spawner, options)

    return asyncio.run(run())


STOCK = {
    "slug": "lab",
    "display_name": "lab",
    "kubespawner_override": {"image": "jupyter/scipy:1", "cmd": ["jupyterhub-singleuser"]},
    "profile_options": {
        "mem_1_9": {
            "display_name": "Size",
            "choices": {
                name: {
                    "display_name": name,
                    "kubespawner_override": {"mem_limit": memory, "mem_guarantee": memory // 2, "cpu_guarantee": cpus},
                }
                for name, (memory, cpus) in SIZES.items()
            },
        },
        "image": {
            "display_name": "image",
            "choices": {
                "01-python": {"display_name": "p", "default": True, "kubespawner_override": {"image": "python:1"}},
                "gpu": {
                    "display_name": "g",
                    "kubespawner_override": {"node_selector": {"pool": "gpu"}, "mem_limit": None},
                },
            },
            "unlisted_choice": {"enabled": True, "kubespawner_override": {"image": "{value}"}},
        },
    },
}


def comparable(manifest: dict[str, Any]) -> dict[str, Any]:
    """Without what we add to say what runs."""
    ours = ("binder-registry/", "BINDER_REGISTRY_", "JUPYTER_IMAGE")
    metadata = manifest["metadata"]
    for key in ("labels", "annotations"):
        metadata[key] = {name: value for name, value in metadata.get(key, {}).items() if not name.startswith(ours)}
    own = container(manifest)
    own["env"] = [one for one in own["env"] if not one["name"].startswith(ours)]
    manifest["spec"]["containers"] = [own]
    return manifest


@settings(max_examples=12, deadline=None)
@given(
    size=st.sampled_from([None, *SIZES]),
    image=st.sampled_from([None, "01-python", "gpu"]),
    typed=st.sampled_from(["", "quay.io/a/b:c"]),
    hubs=st.sampled_from([{}, {"mem_limit": "2G", "node_selector": {"zone": "a"}}]),
)
def test_a_choice_makes_the_pod_that_a_stock_hub_makes(
    size: str | None, image: str | None, typed: str, hubs: dict[str, Any]
) -> None:
    saved = {"profile": "lab", "mem_1_9": size, "image": image, "image--unlisted-choice": typed}
    options = {key: value for key, value in saved.items() if value}

    assert comparable(pod(options, hubs)) == comparable(stock_pod(options, STOCK, hubs))


def test_what_rest_names_is_what_starts() -> None:
    manifest = pod({"template": "lab", "options": {"mem_1_9": "large", "image": {"free-text": "quay.io/a/b:c"}}})

    assert container(manifest)["image"] == "quay.io/a/b:c"
    assert container(manifest)["resources"]["limits"] == {"memory": 4 << 30}


def test_nothing_of_a_choice_is_left_in_the_next_start() -> None:
    hooks = environments(catalogue(LAB, rules=RULES), RULES)
    config: dict[str, Any] = {"node_selector": {"zone": "a"}, "mem_limit": "2G"}

    async def both() -> tuple[Any, Any]:
        spawner = spawner_with(hooks, **config)
        await start(spawner, {"template": "lab", "options": {"image": "gpu"}})
        return await start(spawner, {"template": "lab"}), await start(
            spawner_with(hooks, **config), {"template": "lab"}
        )

    after, fresh = asyncio.run(both())

    assert after == fresh


def test_a_function_of_the_hub_is_asked_where_a_choice_sets_a_mapping() -> None:
    override = {"overrides": {"kubespawner": {"container_security_context": {"runAsNonRoot": True}}}}
    lab = template("lab", options=[{"name": "a", "choices": [{"name": "b", "set": override}]}])
    rules = Rules("kubernetes", allow_overrides=["container_security_context"])

    manifest = started(
        environments(catalogue(lab, rules=rules), rules),
        {"template": "lab"},
        container_security_context=lambda spawner: {"capabilities": {"drop": ["ALL"]}},
    )

    wanted = {"runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}}
    assert container(manifest)["securityContext"].items() >= wanted.items()


@pytest.mark.parametrize("text", ["{username}", "{value.__class__}", "$(HOME)", "--ServerApp.token="])
def test_what_is_typed_reaches_the_pod_as_it_is(text: str) -> None:
    free = {"set": {"environment": {"TYPED": "{value}"}, "command": "jupyterhub-singleuser --x={value}"}}
    lab = template("lab", options=[{"name": "data", "free-text": free}])

    manifest = pod({"template": "lab", "options": {"data": {"free-text": text}}}, lab=lab)

    kubelets = text.replace("$(", "$$(")  # which the kubelet makes one dollar of
    assert variables(manifest)["TYPED"] == kubelets
    assert container(manifest)["args"] == ["jupyterhub-singleuser", f"--x={kubelets}"]


DOLLARS = ["$(HOME)", "$$", "$$(HOME)", "$$$", "a$$b$(B)$", "$(", "$()", "{$(B)}", "$${x}", "$HOME ${B}", "a{0}$$"]


def as_a_kubelet_has_it(text: str) -> str:
    """`$$` is a dollar, `$(X)` the variable: here each is called X."""
    return re.sub(r"\$\$|\$\([^)]*\)", lambda found: "$" if found[0] == "$$" else "X", text)


@pytest.mark.parametrize("text", DOLLARS)
def test_what_a_kubelet_makes_of_dollars_is_what_was_written(text: str) -> None:
    members: dict[str, Any] = {
        "environment": {"A": text},
        "command": f"jupyterhub-singleuser '{text}'",
        "redirect_uri": f"/{text}",
    }

    manifest = pod({"template": "lab"}, lab=template("lab", **members))

    found = variables(manifest)["A"], container(manifest)["args"][1], variables(manifest)["JUPYTERHUB_DEFAULT_URL"]
    assert [*map(as_a_kubelet_has_it, found)] == [text, text, f"/{text}"]


@pytest.mark.parametrize("text", DOLLARS)
def test_what_a_kubelet_makes_of_dollars_is_what_was_typed(text: str) -> None:
    free = {"set": {"environment": {"A": "$(B){value}"}, "command": "jupyterhub-singleuser --x={value}"}}
    lab = template("lab", options=[{"name": "data", "free-text": free}])

    manifest = pod({"template": "lab", "options": {"data": {"free-text": text}}}, lab=lab)

    found = variables(manifest)["A"], container(manifest)["args"][1]
    assert [*map(as_a_kubelet_has_it, found)] == [f"$(B){text}", f"--x={text}"]


def test_a_choice_saved_before_the_move_keeps_its_options() -> None:
    lab = template("gpu_t4", options=[SIZE])

    manifest = pod({"profile": "gpu_t4", "mem_1_9": "large"}, lab=lab)

    assert container(manifest)["resources"]["limits"]["memory"] == 4 << 30


# ── the form ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def profiles(last: dict[str, Any] | None = None, user: HubUser | None = None) -> list[dict[str, Any]]:
    hooks = environments(catalogue(LAB, rules=RULES), RULES)

    async def run() -> Any:
        spawner = spawner_with(hooks, user)
        spawner.user_options = last or {}
        return await hooks.profile_list(spawner)

    found: list[dict[str, Any]] = asyncio.run(run())
    return found


def test_options_have_kubespawners_own_shape() -> None:
    [profile] = profiles()

    assert profile["profile_options"] == {
        "mem_1_9": {
            "display_name": "&lt;Size&gt;",
            "choices": {"small": {"display_name": "small", "default": True}, "large": {"display_name": "large"}},
        },
        "image": {
            "display_name": "image",
            "choices": {"01-python": {"display_name": "01-python", "default": True}, "gpu": {"display_name": "gpu"}},
            "unlisted_choice": {
                "enabled": True,
                "display_name": "Your own",
                "display_name_in_choices": "Another &lt;image&gt;",
                "validation_regex": "^[^ ]+$",
                "validation_message": "An image.",
            },
            "dynamic_image_building": {"enabled": True},
        },
    }


def test_what_was_typed_last_is_not_matched_in_the_hubs_loop() -> None:
    [profile] = profiles({"profile": "lab", "image--unlisted-choice": "quay.io/a/b:c"})

    assert "validation_regex" not in profile["profile_options"]["image"]["unlisted_choice"]


def test_the_form_knows_the_choices_of_the_last_time() -> None:
    page = form(catalogue(LAB, rules=RULES), {"profile": "lab", "mem_1_9": "large", "image": "gone"})

    assert 'const userOptions = {"profile": "lab", "mem_1_9": "large"};' in page


@pytest.mark.parametrize("menu", ["unlisted-choice", "unlisted_choice", "--extra-selectable-item"])
def test_what_is_typed_or_built_in_other_forms_starts(menu: str) -> None:
    hooks = environments(catalogue(LAB, rules=RULES), RULES)
    sent = {"profile": ["lab"], "profile-option-lab--image": [menu]}
    sent |= {"profile-option-lab--image--unlisted-choice": ["quay.io/a/b:c"]}

    assert container(started(hooks, hooks.options_from_form(sent)))["image"] == "quay.io/a/b:c"


def test_an_option_with_nothing_to_choose_is_not_in_the_form_and_starts() -> None:
    lab = template("lab", options=[{"name": "image", "build": True}])
    hooks = environments(catalogue(lab, rules=RULES), RULES)

    async def shown() -> Any:
        return await hooks.profile_list(spawner_with(hooks))

    [profile] = asyncio.run(shown())
    assert "profile_options" not in profile
    assert container(pod({"profile": "lab"}, lab=lab))["image"] == "jupyter/scipy:1"


def test_what_the_form_sends_starts() -> None:
    hooks = environments(catalogue(LAB, rules=RULES), RULES)
    sent = {"profile": ["lab"], "profile-option-lab--mem_1_9": ["large"]}
    sent |= {"profile-option-lab--image--unlisted-choice": ["quay.io/a/b:c"]}

    manifest = started(hooks, hooks.options_from_form(sent))

    assert container(manifest)["image"] == "quay.io/a/b:c"
    assert container(manifest)["resources"]["limits"] == {"memory": 4 << 30}
