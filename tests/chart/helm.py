"""The chart as helm renders it, and what helm says where it does not."""

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "chart" / "binder-registry"
TOOLS = Path(sys.prefix) / "chart-tools"  # where the Makefile unpacks them
VALUES = {path.stem: path for path in sorted((Path(__file__).parent / "values").glob("*.yaml"))}
VALUES["example"] = ROOT / "examples" / "zero-to-jupyterhub" / "registry.yaml"

Json = dict[str, Any]


def helm(*arguments: str, values: str = "") -> "subprocess.CompletedProcess[str]":
    """`values` is what `--values -` reads."""
    return subprocess.run(
        [TOOLS / "helm", *arguments], input=values, capture_output=True, text=True, timeout=60, check=False
    )


@cache
def documents(name: str) -> list[Json]:
    """Of the values of that name, in the namespace `jhub`."""
    ran = helm("template", "registry", str(CHART), "--namespace", "jhub", "--values", str(VALUES[name]))
    assert ran.returncode == 0, ran.stderr
    return [found for found in yaml.safe_load_all(ran.stdout) if found]


def of_kind(kind: str, name: str) -> list[Json]:
    return [document for document in documents(name) if document["kind"] == kind]


def pods(name: str) -> dict[str, Json]:
    """The specs of all pods that come of it, by what makes them."""
    found = {}
    for document in documents(name):
        match document["kind"]:
            case "StatefulSet" | "Deployment":
                found["server"] = document["spec"]["template"]["spec"]
            case "CronJob":
                found[document["metadata"]["name"]] = document["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return found


def server(name: str) -> Json:
    """The server's container."""
    [container] = pods(name)["server"]["containers"]
    return dict(container)


@cache
def notes(name: str) -> str:
    """What helm prints once it is installed."""
    ran = helm(
        *("install", "registry", str(CHART), "--namespace", "jhub", "--dry-run=client"),
        *("--hide-secret", "--values", str(VALUES[name])),
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.partition("\nNOTES:\n")[2]
