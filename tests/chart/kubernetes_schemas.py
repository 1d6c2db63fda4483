"""What Kubernetes takes, release by release: the strict schemas of `kubernetes-validate`, without its code.

Its own validator reads a megabyte of definitions anew for each document.
"""

import json
import re
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import jsonschema_rs

from tests.chart.helm import Json

OLDEST = (1, 32)
ADDRESS = "https://kubernetes.io/api/_definitions.json"
_FOLDER = Path(str(distribution("kubernetes-validate").locate_file("kubernetes_validate/kubernetes-json-schema")))
RELEASES = sorted(
    match[1]
    for path in _FOLDER.iterdir()
    if (match := re.fullmatch(r"v(1\.\d+)\.\d+-local-strict", path.name))
    and tuple(map(int, match[1].split("."))) >= OLDEST
)


def faults(document: Json, release: str) -> list[str]:
    """Raises `FileNotFoundError` for what this release does not have."""
    group, _, version = document["apiVersion"].rpartition("/")
    kind = "-".join(filter(None, (document["kind"].lower(), group.partition(".")[0], version)))
    return [f"{error.instance_path}: {error.message}" for error in _validator(release, kind).iter_errors(document)]


@cache
def _validator(release: str, kind: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(_schema(release, kind), registry=_definitions(release))


@cache
def _definitions(release: str) -> jsonschema_rs.Registry:
    return jsonschema_rs.Registry([(ADDRESS, _schema(release, "_definitions"))])


def _schema(release: str, name: str) -> Json:
    found: Json = json.loads((_FOLDER / f"v{release}.0-local-strict" / f"{name}.json").read_text())
    return found
