"""The real KubeSpawner class, up to the manifest that would go over the wire; no cluster."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tornado.web import HTTPError

from binder_registry.jupyterhub import Catalogue, Environments, Rules
from tests.jupyterhub.hubs import need_module
from tests.jupyterhub.samples import HubUser, catalogue, environments, template

need_module("kubespawner")

RULES = Rules("kubernetes")


@pytest.fixture(autouse=True)
def _a_cluster_that_is_never_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kubeconfig").write_text(
        "{apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: 'http://localhost:9'}}],"
        " contexts: [{name: c, context: {cluster: c, user: u}}], users: [{name: u, user: {}}]}"
    )
    location = "kubernetes_asyncio.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION"  # read when it is imported
    monkeypatch.setattr(location, str(tmp_path / "kubeconfig"))


def spawner_with(hooks: Environments, user: HubUser | None = None, **config: Any) -> Any:
    from kubespawner import KubeSpawner
    from traitlets.config import Config

    config = {"profile_list": hooks.profile_list, "apply_user_options": hooks.apply_user_options, **config}
    spawner = KubeSpawner(config=Config(KubeSpawner=config), _mock=True)
    spawner.user = user or HubUser()
    return spawner


def started(hooks: Environments, options: dict[str, Any], **config: Any) -> Any:
    async def run() -> dict[str, Any]:
        return await start(spawner_with(hooks, **config), options)

    return asyncio.run(run())


async def start(spawner: Any, options: dict[str, Any]) -> dict[str, Any]:
    """In the hub's order: the hook, then KubeSpawner's own start, as far as the manifest."""
    from kubernetes_asyncio.client import ApiClient

    spawner.user_options = options
    spawner._spawn_pending = True
    await spawner._run_apply_user_options(spawner.user_options)
    await spawner.load_user_options()
    async with ApiClient() as api:
        pod: dict[str, Any] = api.sanitize_for_serialization(await spawner.get_pod_manifest())
    spawner._spawn_pending = False
    return pod


def manifest(options: dict[str, Any] | None = None, *, config: dict[str, Any] | None = None, **members: Any) -> Any:
    hooks = environments(catalogue(template(**members), rules=RULES), RULES)
    return started(hooks, options or {"template": members.get("name", "scipy")}, **(config or {}))


def container(pod: dict[str, Any]) -> dict[str, Any]:
    [found] = pod["spec"]["containers"]
    return dict(found)


def variables(pod: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one.get("value", "") for one in container(pod)["env"]}


# ── every member ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_image_and_the_command_start_and_the_images_entrypoint_stays() -> None:
    pod = manifest(image_name="quay.io/scipy:2", command="jupyterhub-singleuser --debug 'a b'")

    assert container(pod)["image"] == "quay.io/scipy:2"
    assert container(pod)["args"] == ["jupyterhub-singleuser", "--debug", "a b"]
    assert "command" not in container(pod)


def test_without_a_command_the_hubs_arguments_still_reach_the_server() -> None:
    pod = manifest(config={"args": ["--allow-root"]})

    assert container(pod)["args"] == ["jupyterhub-singleuser", "--allow-root"]


def test_memory_is_a_limit_in_bytes() -> None:
    assert container(manifest(limits={"memory": 512 << 20}))["resources"]["limits"] == {"memory": 512 << 20}


def test_shares_are_a_request_and_cpus_a_limit() -> None:
    resources = container(manifest(limits={"cpu_shares": 512, "cpus": 1.5}))["resources"]

    assert (resources["requests"]["cpu"], resources["limits"]["cpu"]) == (0.5, 1.5)


def test_gpus_are_asked_as_the_devices_of_the_cluster() -> None:
    assert container(manifest(limits={"gpus": 2}))["resources"]["limits"] == {"nvidia.com/gpu": 2}


@pytest.mark.parametrize(
    ("configured", "limits", "resource"),
    [
        ({"mem_guarantee": "1G"}, {"memory": 384 << 20}, "memory"),
        ({"cpu_guarantee": 2.0}, {"cpus": 0.5}, "cpu"),
        ({"cpu_limit": 0.25}, {"cpu_shares": 2048}, "cpu"),
    ],
)
def test_a_guarantee_is_never_above_its_limit(configured: Any, limits: Any, resource: str) -> None:
    resources = container(manifest(limits=limits, config=configured))["resources"]

    assert resources["requests"][resource] == resources["limits"][resource]


def test_what_a_template_leaves_at_zero_stays_as_the_hub_configured_it() -> None:
    pod = manifest(config={"mem_limit": "2G", "default_url": "/lab", "environment": {"FROM": "hub"}})

    assert container(pod)["resources"]["limits"] == {"memory": 2 << 30}
    assert (variables(pod)["JUPYTERHUB_DEFAULT_URL"], variables(pod)["FROM"]) == ("/lab", "hub")


def test_the_port_and_the_address_are_where_the_server_listens() -> None:
    pod = manifest(bind_port=9000, container_ip="0.0.0.0")

    assert container(pod)["ports"][0]["containerPort"] == 9000
    assert variables(pod)["JUPYTERHUB_SERVICE_URL"].startswith("http://0.0.0.0:9000/")


def test_the_redirect_is_where_the_user_lands_whatever_braces_it_has() -> None:
    assert variables(manifest(redirect_uri="/lab/{username}/{x}"))["JUPYTERHUB_DEFAULT_URL"] == "/lab/{username}/{x}"


def test_braces_in_the_environment_and_in_a_name_come_through() -> None:
    pod = manifest(name="{x}", environment={"A": "{b} {username}"})

    assert variables(pod)["A"] == "{b} {username}"
    assert pod["metadata"]["annotations"]["binder-registry/template"] == "{x}"


def test_what_runs_is_recorded_on_the_pod_and_in_its_environment() -> None:
    pod = manifest(name="My Env", revision=7)

    assert (
        pod["metadata"]["annotations"].items()
        >= {
            "binder-registry/template": "My Env",
            "binder-registry/revision": "7",
        }.items()
    )
    assert (
        pod["metadata"]["labels"].items()
        >= {
            "binder-registry/template": "x-4d7920456e76",
            "binder-registry/revision": "7",
        }.items()
    )
    assert variables(pod)["BINDER_REGISTRY_TEMPLATE"] == "My Env"


# ── the hub's own ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_a_command_what_the_hub_wraps_its_servers_in_still_runs() -> None:
    pod = manifest(config={"cmd": ["wrapper.sh", "jupyterhub-singleuser"], "args": ["--x"]})

    assert container(pod)["args"] == ["wrapper.sh", "jupyterhub-singleuser", "--x"]


@pytest.mark.parametrize(("image_command", "runs"), [(False, ["jupyterhub-singleuser"]), (True, None)])
@pytest.mark.parametrize("cmd", [None, []])
def test_where_nobody_says_a_command_it_is_the_images_own_only_if_the_admin_says_so(
    image_command: bool, runs: Any, cmd: Any
) -> None:
    rules = Rules("kubernetes", image_command=image_command)

    pod = started(environments(catalogue(template(), rules=rules), rules), {"template": "scipy"}, cmd=cmd)

    assert container(pod).get("args") == runs


def expanded(text: str, variables: dict[str, str]) -> str:
    """As the kubelet does it, from its third_party/forked/golang/expansion."""
    out, at = "", 0
    while at < len(text):
        here, at = text[at], at + 1
        if here != "$" or at == len(text):
            out += here
        elif text[at] == "$":
            out, at = out + "$", at + 1
        elif text[at] == "(" and ")" in text[at:]:
            end = text.index(")", at)
            name, at = text[at + 1 : end], end + 1
            out += variables.get(name, f"$({name})")
        else:
            out += "$" + text[at]
            at += 1
    return out


@pytest.mark.parametrize(
    "text", ["$$", "$(SECRET)", "a$$(SECRET)", "$", "US$ 5", "$$$", "${SECRET}", "{$(SECRET)}", "$(", "{{$$}}"]
)
def test_what_the_kubelet_would_expand_reaches_the_server_as_it_is(text: str) -> None:
    pod = manifest(
        name=text, environment={"A": text}, command=f"jupyterhub-singleuser '{text}'", redirect_uri=f"/{text}"
    )

    found, secret = variables(pod), {"SECRET": "of the hub"}
    assert expanded(found["A"], secret) == text
    assert expanded(found["BINDER_REGISTRY_TEMPLATE"], secret) == text
    assert expanded(found["JUPYTERHUB_DEFAULT_URL"], secret) == f"/{text}"
    assert expanded(container(pod)["args"][1], secret) == text


def overridden(settings: dict[str, Any], **config: Any) -> Any:
    def override(template: Any, profile: dict[str, Any]) -> dict[str, Any]:
        profile["kubespawner_override"] |= settings
        return profile

    rules = Rules("kubernetes", override=override)
    return started(environments(catalogue(template(), rules=rules), rules), {"template": "scipy"}, **config)


def test_what_an_override_sets_is_merged_into_what_the_hub_secures() -> None:
    pod = overridden(
        {"container_security_context": {"capabilities": {"add": ["CHOWN"]}, "privileged": None}},
        container_security_context={"capabilities": {"drop": ["ALL"]}, "privileged": True, "runAsNonRoot": True},
    )

    assert (
        container(pod)["securityContext"].items()
        >= {
            "capabilities": {"drop": ["ALL"], "add": ["CHOWN"]},
            "runAsNonRoot": True,
        }.items()
    )
    assert "privileged" not in container(pod)["securityContext"]


def test_a_function_of_the_hub_for_what_an_override_sets_is_still_asked() -> None:
    async def secured(spawner: Any) -> dict[str, Any]:
        return {"capabilities": {"drop": ["ALL"]}}

    pod = overridden({"container_security_context": {"runAsNonRoot": True}}, container_security_context=secured)

    assert (
        container(pod)["securityContext"].items()
        >= {
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
        }.items()
    )


def test_functions_of_an_override_are_asked_with_the_spawner() -> None:
    async def labels(spawner: Any) -> dict[str, str]:
        return {"who": spawner.user.name}

    pod = overridden(
        {"extra_labels": labels, "mem_limit": lambda spawner: "1G", "environment": {"A": lambda spawner: "a"}}
    )

    assert pod["metadata"]["labels"]["who"] == "ada"
    assert container(pod)["resources"]["limits"] == {"memory": 1 << 30}
    assert variables(pod)["A"] == "a"


def test_functions_in_the_hubs_environment_stay() -> None:
    assert variables(manifest(config={"environment": {"A": lambda spawner: spawner.user.name}}))["A"] == "ada"


def test_a_command_that_a_function_of_an_override_gives_is_checked_as_well() -> None:
    with pytest.raises(HTTPError, match="'bash' is not among those"):
        overridden({"cmd": lambda spawner: ["bash"]})


def test_a_hook_that_an_override_sets_is_no_value_to_ask_for() -> None:
    def modify(spawner: Any, pod: Any) -> Any:
        return pod

    rules = Rules(
        "kubernetes", override=lambda template, profile: {"kubespawner_override": {"modify_pod_hook": modify}}
    )

    async def hook() -> Any:
        spawner = spawner_with(environments(catalogue(template(), rules=rules), rules))
        await start(spawner, {"template": "scipy"})
        return spawner.modify_pod_hook

    assert asyncio.run(hook()) is modify


def test_what_an_override_nests_is_not_left_in_the_next_start() -> None:
    def override(template: Any, profile: dict[str, Any]) -> dict[str, Any]:
        if template["name"] == "a":
            profile["kubespawner_override"]["container_security_context"] = {
                "capabilities": {"add": ["X"]},
                "runAsUser": None,
            }
        return profile

    rules = Rules("kubernetes", override=override)
    hooks = environments(catalogue(template("a"), template("b"), rules=rules), rules)
    config: dict[str, Any] = {"container_security_context": {"capabilities": {"drop": ["ALL"]}, "runAsUser": 5}}

    async def both() -> tuple[Any, Any]:
        spawner = spawner_with(hooks, **config)
        await start(spawner, {"template": "a"})
        return await start(spawner, {"template": "b"}), spawner.config.KubeSpawner.container_security_context

    pod, configured = asyncio.run(both())

    assert container(pod)["securityContext"].items() >= config["container_security_context"].items()
    assert configured == {"capabilities": {"drop": ["ALL"]}, "runAsUser": 5}


def test_a_list_that_was_made_for_another_spawner_is_made_anew_for_pods() -> None:
    local = environments(catalogue(template(image_name="late:1", limits={"cpu_shares": 512})))

    pod = started(local, {"template": "scipy"})

    assert container(pod)["image"] == "late:1"
    assert container(pod)["resources"]["requests"] == {"cpu": 0.5}


@pytest.mark.parametrize("function", [False, True])
def test_a_list_that_replaced_ours_starts_nothing(function: bool) -> None:
    hooks = environments(catalogue(template(), rules=RULES), RULES)
    theirs = [{"display_name": "x", "slug": "scipy", "kubespawner_override": {"image": "theirs"}}]

    with pytest.raises(HTTPError) as refused:
        started(hooks, {"template": "scipy"}, profile_list=(lambda spawner: theirs) if function else theirs)

    assert refused.value.status_code == 503


# ── choices ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("options", [{"template": "My Env"}, {"profile": "x-4d7920456e76"}, {"profile": "My Env"}])
def test_a_template_is_chosen_by_name_or_by_slug(options: dict[str, Any]) -> None:
    assert variables(manifest(options, name="My Env"))["BINDER_REGISTRY_TEMPLATE"] == "My Env"


@pytest.mark.parametrize("name", ["gpu_t4", "GPU", "py3.11", "a_b-c", "R_4.5_x"])
def test_a_choice_saved_before_the_move_is_the_template_that_has_the_slug_as_its_name(name: str) -> None:
    hooks = environments(catalogue(template("other"), template(name), rules=RULES), RULES)

    assert variables(started(hooks, {"profile": name}))["BINDER_REGISTRY_TEMPLATE"] == name


def test_no_option_but_template_and_revision_has_any_effect() -> None:
    options = {"template": "scipy", "image": "evil", "cmd": "sh", "profile": "other", "image--unlisted-choice": "evil"}

    pod = manifest(options)

    assert container(pod)["image"] == "jupyter/scipy:1"
    assert container(pod)["args"] == ["jupyterhub-singleuser"]


@pytest.mark.parametrize(
    "options", [{"revision": 5}, {"template": "nope"}, {"profile": "nope"}, {"template": ["scipy"]},
                {"template": {"a": 1}}, {"template": 5}, {"template": "scipy", "revision": "latest"},
                {"template": "scipy", "revision": [1]}, {"template": "scipy", "revision": 99}],
)  # fmt: skip
def test_options_that_name_nothing_are_a_400_and_never_the_default_pod(options: dict[str, Any]) -> None:
    hooks = environments(catalogue(template(), template("other"), rules=RULES), RULES)

    with pytest.raises(HTTPError) as refused:
        started(hooks, options)

    assert refused.value.status_code == 400


def test_a_start_without_a_choice_gets_the_default_that_the_admin_named() -> None:
    hooks = environments(catalogue(template("a"), template("b"), rules=RULES), RULES, default="b")

    pod = started(hooks, {})

    assert variables(pod)["BINDER_REGISTRY_TEMPLATE"] == "b"


def test_a_pinned_revision_starts_as_it_was() -> None:
    old = template("a", 3, image_name="old:3")
    hooks = environments(catalogue(template("a", 9), rules=RULES, versions=2, a=[old]), RULES)

    pod = started(hooks, {"template": "a", "revision": 3})

    assert container(pod)["image"] == "old:3"
    assert pod["metadata"]["annotations"]["binder-registry/revision"] == "3"


def test_nothing_of_a_failed_start_is_left_in_the_next() -> None:
    first = template("a", redirect_uri="/a", environment={"A": "1"}, bind_port=9000,
                     limits={"memory": 1 << 30, "cpus": 1, "gpus": 1, "cpu_shares": 512})  # fmt: skip
    hooks = environments(catalogue(first, template("b"), rules=RULES), RULES)
    config: dict[str, Any] = {"environment": {"A": "hub", "B": "hub"}, "mem_guarantee": "2G"}

    async def both() -> tuple[Any, Any]:
        spawner = spawner_with(hooks, **config)
        await start(spawner, {"template": "a"})
        return await start(spawner, {"template": "b"}), await start(spawner_with(hooks, **config), {"template": "b"})

    after_failure, fresh = asyncio.run(both())

    assert after_failure == fresh


def test_what_a_hook_of_the_admin_sets_between_two_starts_stays() -> None:
    first = template("a", environment={"A": "1"}, limits={"memory": 1 << 30})
    hooks = environments(catalogue(first, template("b"), rules=RULES), RULES)

    async def both() -> Any:
        spawner = spawner_with(hooks)
        await start(spawner, {"template": "a"})
        spawner.environment = {**spawner.environment, "FROM": "a hook"}
        spawner.mem_limit = "3G"
        return await start(spawner, {"template": "b"})

    pod = asyncio.run(both())

    assert variables(pod)["FROM"] == "a hook"
    assert container(pod)["resources"]["limits"] == {"memory": 3 << 30}


def test_a_profile_says_every_trait_of_the_mapping() -> None:
    hooks = environments(catalogue(template("a"), template("b", limits={"memory": 1 << 30}), rules=RULES), RULES)

    async def keys(name: str) -> list[str]:
        spawner = spawner_with(hooks)
        spawner.user_options, spawner._spawn_pending = {"template": name}, True
        [profile] = await hooks.profile_list(spawner)
        return sorted(profile["kubespawner_override"])

    assert asyncio.run(keys("a")) == asyncio.run(keys("b"))


# ── the form ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def form(found: Catalogue | None, last: dict[str, Any] | None = None, user: HubUser | None = None) -> str:
    async def run() -> str:
        spawner = spawner_with(environments(found, RULES), user)
        spawner.user_options = last or {}
        return str(await spawner.get_options_form())

    return asyncio.run(run())


def test_the_form_lists_what_the_user_may_see() -> None:
    found = catalogue(template("a"), template("b", allowed_groups=["g"]), rules=RULES)

    assert 'value="b"' not in form(found)
    assert 'value="b"' in form(found, user=HubUser("g"))


def test_the_form_shows_markup_as_text() -> None:
    hostile = "<script>alert('{{ 1 }}')</script>"
    name = hostile.replace("/", "")  # which no name holds
    page = form(catalogue(template(name, description=hostile, display_name=hostile), rules=RULES))

    assert "<script>alert" not in page
    assert "{{" not in page.rpartition("<script>")[0]


@pytest.mark.parametrize("last", [{"profile": "b"}, {"template": "b"}, {"template": "old"}])
def test_the_last_choice_or_its_successor_is_marked(last: dict[str, Any]) -> None:
    found = catalogue(template("a"), template("b"), template("old", deleted=True, replaced_by="b"), rules=RULES)

    page = " ".join(form(found, last).split())

    assert 'value="b" checked' in page


def test_a_last_choice_from_before_the_move_is_marked_by_its_name() -> None:
    found = catalogue(template("a"), template("gpu_t4"), rules=RULES)

    page = " ".join(form(found, {"profile": "gpu_t4"}).split())

    assert 'value="x-6770755f7434" checked' in page


def test_a_form_of_another_make_gets_the_last_choice_as_default_and_no_settings() -> None:
    hooks = environments(catalogue(template("a"), template("b", environment={"A": "1"}), rules=RULES), RULES)

    async def profiles() -> Any:
        spawner = spawner_with(hooks)
        spawner.user_options = {"template": "b"}
        return await hooks.profile_list(spawner)

    assert asyncio.run(profiles()) == [
        {"slug": "a", "display_name": "a", "description": ""},
        {"slug": "b", "display_name": "b", "description": "", "default": True},
    ]


def test_a_last_choice_that_is_gone_leaves_a_form_with_something_marked() -> None:
    found = catalogue(template("a"), template("gone", deleted=True), rules=RULES)

    page = " ".join(form(found, {"profile": "gone"}).split())

    assert 'value="a" checked' in page


def test_the_form_offers_past_versions_that_can_be_submitted() -> None:
    found = catalogue(template("a", 9), rules=RULES, versions=2, a=[template("a", 3, image_name="old:3")])
    hooks = environments(found, RULES)

    page = form(found)
    options = hooks.options_from_form({"profile": ["a"], "profile-option-a--revision": ["r3"]})

    assert '<select name="profile-option-a--revision"' in page
    assert "revision 3: old:3" in page
    assert options == {"template": "a", "revision": "r3"}


@pytest.mark.parametrize(("found", "status"), [(None, 503), (catalogue(template(allowed_groups=["g"])), 403)])
def test_with_nothing_to_offer_the_form_says_so_and_never_offers_the_default_pod(
    found: Catalogue | None, status: int
) -> None:
    with pytest.raises(HTTPError) as refused:
        form(found)

    assert refused.value.status_code == status


def test_a_start_by_both_hooks_is_counted_once() -> None:
    old = template("old", deleted=True, replaced_by="a")
    hooks = environments(catalogue(template("a"), old, rules=RULES), RULES)

    started(hooks, {"template": "old"})

    assert hooks.counted.starts == {("a", "latest"): 1}
    assert hooks.counted.healed["template",] == 1
