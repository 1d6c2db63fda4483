"""The client that people had in 2016 (binder-client 1.0.3, from npm) reads from our server."""

import json
import os
import subprocess

import pytest

from binder_registry import Client, ContainerLimits, Template
from tests.node import NODE, package

MODULES = NODE / "node_modules"
FETCH = """
const [modules, port, verb, name] = process.argv.slice(1)
const client = require(modules + '/binder-client')
const asked = {host: '127.0.0.1', port: port, 'api-key': 'a-bare-key', 'template-name': name}
client.registry[verb](asked, (error, found) => console.log(JSON.stringify({error: error && error.message, found})))
"""


@pytest.fixture(autouse=True)
def binder_client() -> None:
    if not (MODULES / "binder-client").is_dir():
        needed = f"{package('binder-client')} is missing"
        pytest.fail(needed) if os.environ.get("CI") else pytest.skip(needed)


def fetched(url: str, verb: str, name: str = "") -> dict[str, object]:
    command = ["node", "--no-deprecation", "-e", FETCH, str(MODULES), url.rpartition(":")[2], verb, name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_it_fetches_one(client: Client, url: str) -> None:
    client.register_template(Template("a b", "jupyter/scipy", "start", ContainerLimits(memory=5)))

    answer = fetched(url, "fetch", "a b")

    assert answer["error"] is None
    assert isinstance(answer["found"], dict)
    assert answer["found"]["image-name"] == "jupyter/scipy"
    assert answer["found"]["limits"] == {"memory": 5}


def test_it_fetches_all(client: Client, url: str) -> None:
    client.apply([Template("a", "i"), Template("b", "i")])

    answer = fetched(url, "fetchAll")

    assert answer["error"] is None
    assert isinstance(answer["found"], list)
    assert [template["name"] for template in answer["found"]] == ["a", "b"]


def test_it_hears_that_there_is_none(client: Client, url: str) -> None:
    answer = fetched(url, "fetch", "nope")

    assert "Template Not Found" in str(answer["error"])
    assert "found" not in answer
