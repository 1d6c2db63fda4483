"""What helm prints once the chart is installed can be pasted: into the hub's values, and into a shell."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from traitlets.config import Config

from tests.chart.helm import ROOT, TOOLS, Json, notes, of_kind, server
from tests.jupyterhub.hubs import need_module

MODULE = ROOT / "src" / "binder_registry" / "jupyterhub.py"
BESIDE_A_HUB = ["example", "hub", "hub-own-host", "hub-proxied"]
PASTED = re.compile(r"^# --- registry-hub.yaml\n(.*)^# --- end of registry-hub.yaml$", re.MULTILINE | re.DOTALL)


def hub_values(name: str) -> Json:
    found = PASTED.search(notes(name))
    assert found
    values: Json = yaml.safe_load(found[1])["hub"]
    return values


def configured(values: Json, folder: Path) -> Config:
    """As zero-to-jupyterhub makes a hub's configuration of its values, with the module mounted."""
    need_module("kubespawner")
    mounted = Path(values["extraFiles"]["registryHooks"]["mountPath"])
    (folder / mounted.name).write_text(MODULE.read_text())
    c = Config()
    c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
    c.JupyterHub.services = [
        {"name": name, "api_token": f"token-of-{name}", **service} for name, service in values["services"].items()
    ]
    [code] = values["extraConfig"].values()
    assert f'"{mounted.parent}"' in code
    ours = code.replace(str(mounted.parent), str(folder)).replace("/srv/jupyterhub", str(folder))
    before = sys.path.copy()
    try:
        exec(compile(ours, "extraConfig", "exec"), {"c": c})
    finally:
        sys.path[:] = before
        sys.modules.pop(mounted.stem, None)
    return c


@pytest.mark.parametrize("name", BESIDE_A_HUB)
def test_a_hub_is_configured_by_what_is_pasted(name: str, tmp_path: Path) -> None:
    c = configured(hub_values(name), tmp_path)

    assert callable(c.KubeSpawner.profile_list)
    assert callable(c.Spawner.apply_user_options)


@pytest.mark.parametrize("name", BESIDE_A_HUB)
def test_the_hub_asks_the_service_with_a_token_that_it_made(name: str) -> None:
    values = hub_values(name)
    [service] = of_kind("Service", name)
    [code] = values["extraConfig"].values()
    prefix = "".join(word.partition("=")[2] for word in server(name)["args"] if word.startswith("--prefix="))

    [url] = re.findall(r'url="(.*)"', code)
    [reader] = re.findall(r'one\["name"\] == "(.*)"', code)

    assert url == f"http://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}{prefix}"
    assert reader in values["services"]
    assert values["loadRoles"]["registry-reader"]["services"] == [reader]


@pytest.mark.parametrize("name", BESIDE_A_HUB)
def test_the_roles_give_scopes_that_are_defined(name: str) -> None:
    values = hub_values(name)

    scopes = {scope for role in values["loadRoles"].values() for scope in role["scopes"]}

    ours = {scope for scope in scopes if scope.startswith("custom:")}
    assert ours <= set(values["config"]["JupyterHub"]["custom_scopes"])
    assert scopes - ours <= {"self", f"access:services!service={asking(name)}"}
    services = {one for role in values["loadRoles"].values() for one in role.get("services", ())}
    assert services <= set(values["services"])


@pytest.mark.parametrize("name", BESIDE_A_HUB)
def test_the_registry_is_a_service_whose_token_it_reads(name: str) -> None:
    assert asking(name) in hub_values(name)["services"]


def asking(name: str) -> str:
    """The service that the server is, by the token that it has of the hub."""
    [token] = [one["valueFrom"]["secretKeyRef"] for one in server(name)["env"] if one["name"] == "JUPYTERHUB_API_TOKEN"]
    assert token["name"] == "hub"
    found = re.fullmatch(r"hub\.services\.(.+)\.apiToken", token["key"])  # as zero-to-jupyterhub calls them
    assert found
    return found[1]


def test_people_who_log_in_come_back_to_where_the_registry_is() -> None:
    service = hub_values("hub-own-host")["services"][asking("hub-own-host")]
    environment = {one["name"]: one.get("value") for one in server("hub-own-host")["env"]}

    assert service["oauth_redirect_uri"] == "https://registry.example.org/oauth_callback"
    assert environment["JUPYTERHUB_CLIENT_ID"] == f"service-{asking('hub-own-host')}"
    assert environment["JUPYTERHUB_HOST"] == "https://hub.example.org"
    assert "--public-url=https://registry.example.org" in server("hub-own-host")["args"]


def test_the_example_has_all_of_it() -> None:
    example = yaml.safe_load((ROOT / "examples" / "zero-to-jupyterhub" / "values.yaml").read_text())["hub"]

    [code] = example["extraConfig"].values()
    example["extraConfig"] = {"binder-registry": code.replace("    versions=3,\n", "")}
    assert lacking(hub_values("example"), example) == []


def lacking(wanted: Any, there: Any, at: str = "hub") -> list[str]:
    """What the one has and the other has not, nor more of it."""
    if isinstance(wanted, dict) and isinstance(there, dict):
        return [fault for key in wanted for fault in lacking(wanted[key], there.get(key), f"{at}.{key}")]
    if isinstance(wanted, list) and isinstance(there, list):
        return [f"{at}: {one}" for one in wanted if one not in there]
    return [] if wanted == there else [f"{at}: {wanted!r} is {there!r}"]


def test_the_module_comes_out_of_an_image(tmp_path: Path) -> None:
    [command] = re.findall(r"--entrypoint python \S+ \\\n\s+(-c '.*?') >", notes("hub"))

    printed = subprocess.run([sys.executable, *shlex.split(command)], capture_output=True, text=True, check=True).stdout

    assert printed == MODULE.read_text()


@pytest.mark.parametrize("name", ["defaults", "sqlite-full"])
def test_the_secret_of_keys_is_made_as_it_says(name: str) -> None:
    [command] = re.findall(r"^  (python3 -c .*? \|\n .*)$", notes(name), re.MULTILINE)
    [mounted] = [
        volume["secret"]
        for workload in of_kind("StatefulSet", name)
        for volume in workload["spec"]["template"]["spec"]["volumes"]
        if volume["name"] == "api-keys"
    ]

    made = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{command} --dry-run=client --output=yaml"],
        env={"PATH": f"{TOOLS}:{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=True,
    )

    secret = yaml.safe_load(made.stdout)
    assert (secret["metadata"]["name"], secret["metadata"]["namespace"]) == (mounted["secretName"], "jhub")
    assert list(secret["data"]) == [mounted["items"][0]["key"]]


@pytest.mark.parametrize("name", ["defaults", "sqlite-full"])
def test_an_image_that_nobody_can_pull_is_told(name: str) -> None:
    image = server(name)["image"]

    assert (f"NOBODY CAN PULL {image}" in notes(name)) == image.startswith("registry.example.org/")
