"""What the documentation and the examples say is so."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from binder_registry.jupyterhub import configure, offered
from tests.jupyterhub.hubs import PROJECT

PAGES = sorted((PROJECT / "docs").glob("jupyterhub*.md"))
EXAMPLES = PROJECT / "examples"


def test_every_option_of_configure_has_its_row_with_its_default() -> None:
    page = (PROJECT / "docs" / "jupyterhub.md").read_text().partition("## Options of `configure`")[2]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (.*?) \|", page, re.MULTILINE)
    documented = {name: default for names, default in rows for name in re.findall(r"`(\w+)`", names)}

    options = inspect.signature(configure).parameters

    assert set(options) - {"c"} <= set(documented)
    for name, value in {"versions": 0, "gpu_resource": "nvidia.com/gpu", "poll": 5, "escape": True}.items():
        assert options[name].default == value
        assert documented[name].strip("`") == str(value)
    assert options["max_stale"].default == 7 * 86400
    assert documented["snapshot"].strip("`") == options["snapshot"].default


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_picture_and_page_that_is_pointed_to_is_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_python_example_is_python(page: Path) -> None:
    for code in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        compile(code, str(page), "exec")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/templates.yaml")), ids=lambda path: path.parent.name)
def test_a_hub_offers_every_template_of_the_examples(path: Path) -> None:
    templates = yaml.safe_load(path.read_text())

    offers, left_out = offered({"revision": 1, **template} for template in templates)

    assert len(offers) == len(templates)
    assert not left_out


def test_the_charts_values_configure_the_hub_from_the_mounted_file() -> None:
    values = yaml.safe_load((EXAMPLES / "zero-to-jupyterhub" / "values.yaml").read_text())["hub"]
    code = values["extraConfig"]["binder-registry"]

    compile(code, "values.yaml", "exec")
    assert f'sys.path.insert(0, "{Path(values["extraFiles"]["registryHooks"]["mountPath"]).parent}")' in code
    keywords = set(re.findall(r"^    (\w+)=", code, re.MULTILINE))
    assert keywords <= set(inspect.signature(configure).parameters)


def test_the_roles_of_the_example_give_scopes_that_it_defines() -> None:
    hub: Any = yaml.safe_load((EXAMPLES / "zero-to-jupyterhub" / "values.yaml").read_text())["hub"]

    scopes = {scope for role in hub["loadRoles"].values() for scope in role["scopes"]}
    services = {service for role in hub["loadRoles"].values() for service in role.get("services", ())}

    ours = {scope for scope in scopes if scope.startswith("custom:")}
    assert ours
    assert ours <= set(hub["config"]["JupyterHub"]["custom_scopes"])
    assert services <= set(hub["services"])
