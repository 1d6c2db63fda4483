"""The examples of the documentation run, and do what they say."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from binder_registry import Client

from .servers import TOKEN
from .stub import Opened
from .test_registry_of_2015 import registry_of_2015

DOCS = Path(__file__).parents[2] / "docs"


def examples(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", (DOCS / page).read_text(), re.DOTALL | re.MULTILINE)


def run(script: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """In a shell that stops at the first failure; what installs the package is left out: it is here already."""
    commands = Path(sys.executable).parent
    path = f"{commands}{os.pathsep}{os.environ['PATH']}"
    script = re.sub(r"^pip install .*\n", "", script, flags=re.MULTILINE)
    return subprocess.run(
        ["sh", "-eu"],
        input=script,
        cwd=folder,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def test_the_examples_of_the_client_give_what_they_say(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINDER_REGISTRY_URL", url)
    monkeypatch.setenv("BINDER_API_KEY", TOKEN)
    shared: dict[str, object] = {}
    outcomes = []

    for number, example in enumerate(examples("client.md", "pycon")):
        test = doctest.DocTestParser().get_doctest(example, shared, f"example {number}", "docs/client.md", 0)
        outcomes.append(doctest.DocTestRunner().run(test, clear_globs=False))
        shared |= test.globs

    assert isinstance(shared["registry"], Client)
    shared["registry"].close()
    assert sum(outcome.attempted for outcome in outcomes) > 20
    assert sum(outcome.failed for outcome in outcomes) == 0


def test_a_pipeline_publishes_in_five_lines(client: Client, url: str, tmp_path: Path) -> None:
    [script] = examples("ci.md", "sh")
    settings = {
        "BINDER_REGISTRY_URL": url,
        "BINDER_API_KEY": TOKEN,
        "IMAGE": "quay.io/scipy@sha256:00",
        "COMMIT": "c0ffee",
    }

    run(script, tmp_path, **settings)
    run(script, tmp_path, **settings)

    assert len(script.splitlines()) == 5
    assert client.get_template("scipy").image_name == "quay.io/scipy@sha256:00"
    assert [change.note for change in client.changes()] == ["c0ffee"]


@pytest.mark.parametrize("way", [0, 1], ids=["import", "apply"])
def test_one_command_moves_a_registry_of_2015(
    client: Client, url: str, opened: Opened, tmp_path: Path, way: int
) -> None:
    old, stub = opened(registry_of_2015)
    script = examples("moving-from-2015.md", "sh")[way]

    run(script, tmp_path, BINDER_REGISTRY_URL=url, BINDER_API_KEY=TOKEN, OLD_URL=stub.url)

    assert moved(client) == moved(old)
    assert {change.first for change in client.changes()} == {1}


def test_the_move_in_python_does_the_same(
    client: Client, url: str, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, stub = opened(registry_of_2015)
    monkeypatch.setenv("BINDER_REGISTRY_URL", url)
    monkeypatch.setenv("BINDER_API_KEY", TOKEN)
    monkeypatch.setenv("OLD_URL", stub.url)
    [script] = examples("moving-from-2015.md", "python")

    exec(script, {})

    assert moved(client) == moved(old)


def moved(registry: Client) -> list[tuple[object, ...]]:
    """What carries over."""
    return [(one.name, one.image_name, one.command, one.limits, one.bind_ip) for one in registry.list_templates()]
