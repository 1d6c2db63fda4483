"""What the page on Kubernetes and the example show is what the chart takes."""

import re
from typing import Any

import pytest
import yaml

from binder_registry.version import __version__
from tests.chart.helm import CHART, ROOT, helm, of_kind
from tests.chart.kubernetes_schemas import RELEASES, faults
from tests.command_lines import FENCED

PAGES = {
    path.name: path.read_text()
    for path in (ROOT / "docs" / "kubernetes.md", ROOT / "examples" / "zero-to-jupyterhub" / "README.md")
}
BLOCKS = [yaml.safe_load(block) for _, language, block in FENCED.findall(PAGES["kubernetes.md"]) if language == "yaml"]
MANIFESTS: list[Any] = [block for block in BLOCKS if "kind" in block]


@pytest.mark.parametrize("block", [block for block in BLOCKS if "kind" not in block], ids=lambda block: "-".join(block))
def test_values_of_the_page_are_the_charts(block: Any) -> None:
    ran = helm("lint", "--strict", str(CHART), "--values", "-", values=yaml.safe_dump(block))

    assert ran.returncode == 0, ran.stdout


def test_the_first_values_of_the_page_are_those_of_the_example() -> None:
    example = yaml.safe_load((ROOT / "examples" / "zero-to-jupyterhub" / "registry.yaml").read_text())

    assert BLOCKS[0] == example


@pytest.mark.parametrize("release", RELEASES)
def test_kubernetes_takes_the_manifests_of_the_page(release: str) -> None:
    assert MANIFESTS
    assert [faults(block, release) for block in MANIFESTS] == [[]] * len(MANIFESTS)


def test_a_restore_has_the_claims_that_the_chart_makes() -> None:
    [job] = MANIFESTS
    [workload] = of_kind("StatefulSet", "example")
    [template] = workload["spec"]["volumeClaimTemplates"]

    claims = {one["persistentVolumeClaim"]["claimName"] for one in job["spec"]["template"]["spec"]["volumes"]}

    name = workload["metadata"]["name"]
    assert claims == {f"{template['metadata']['name']}-{name}-0", f"{name}-backup"}


@pytest.mark.parametrize("page", PAGES)
def test_the_chart_of_the_page_is_that_of_this_release(page: str) -> None:
    assert set(re.findall(r"dist/(\S+\.tgz)", PAGES[page])) == {f"binder-registry-{__version__}.tgz"}


def test_every_setting_that_the_page_names_is_one() -> None:
    there = yaml.safe_load((CHART / "values.yaml").read_text())
    named = re.findall(r"`([a-z]\w+(?:\.\w+)+)(?::[^`]*)?`", FENCED.sub("", PAGES["kubernetes.md"]))

    missing = [name for name in named if name.partition(".")[0] in there and not _is_in(there, name.split("."))]

    assert len(named) > 10
    assert missing == []


def _is_in(values: Any, path: list[str]) -> bool:
    return not path or (isinstance(values, dict) and path[0] in values and _is_in(values[path[0]], path[1:]))
