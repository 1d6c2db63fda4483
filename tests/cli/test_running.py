import json
import shlex
from pathlib import Path

import pytest

from binder_registry import Client, ContainerLimits, Template
from binder_registry.docker_run import engine_line

from .invoking import CommandLine

WHOLE = Template(
    name="whole",
    image_name="quay.io/x:1",
    command="jupyter lab --port={port} --ip={ip} '--base-url={base_path}' \"a b\"",
    limits=ContainerLimits(memory=2**31, cpu_shares=512, cpus=1.5, gpus=2),
    redirect_uri="/lab",
    bind_ip="0.0.0.0",
    bind_port=8899,
    environment={"A": "$(touch /tmp/x) `id` \"'\n;", "B": "ü 環"},
)


def test_the_printed_line_is_for_a_shell(registry: CommandLine, client: Client) -> None:
    client.register_template(WHOLE)

    result = registry("run", "--print", "--engine", "podman", "whole")

    assert shlex.split(result.out) == engine_line(WHOLE, "podman")


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_the_engine_gets_the_values_as_they_are(
    registry: CommandLine, client: Client, tmp_path: Path, locale: str
) -> None:
    client.register_template(WHOLE)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "LC_ALL": locale, "PYTHONCOERCECLOCALE": "0"}
    engine = tmp_path / "docker"
    words = "[os.fsencode(word).decode() for word in sys.argv[1:]]"
    engine.write_text(f"#!/usr/bin/env python3\nimport json, os, sys\nprint(json.dumps({words}))\nsys.exit(7)\n")
    engine.chmod(0o755)

    program = registry.started("run", "--engine", "docker", "whole", "--", "-c", "x", PYTHONUTF8="0", **environment)
    out, err = program.communicate(timeout=30)

    assert (program.returncode, json.loads(out)) == (7, engine_line(WHOLE, "docker", command=["-c", "x"])[1:])
    assert err == "http://127.0.0.1:8899/lab\n"


def test_a_machine_without_an_engine_is_told_about_print(registry: CommandLine, client: Client, tmp_path: Path) -> None:
    client.register_template(Template(name="x", image_name="i"))

    result = registry("run", "x", PATH=str(tmp_path))

    assert (result.code, "--print shows the line" in result.err) == (1, True)


def test_a_deprecated_template_says_so(registry: CommandLine, client: Client) -> None:
    client.register_template(Template(name="x", image_name="i", deprecated="Use y"))

    assert registry("run", "--print", "x").err == "Deprecated: Use y\n"


@pytest.mark.parametrize(
    "arguments",
    [("x", "--print", "bash"), ("--print", "x", "bash"), ("x", "bash", "--print"), ("x", "--print", "--", "bash")],
)
def test_options_are_ours_wherever_they_stand(
    registry: CommandLine, client: Client, arguments: tuple[str, ...]
) -> None:
    client.register_template(Template(name="x", image_name="i"))

    result = registry("run", "--engine", "docker", *arguments)

    assert shlex.split(result.out) == engine_line(Template(name="x", image_name="i"), "docker", command=["bash"])


def test_after_two_dashes_everything_is_the_containers(registry: CommandLine, client: Client) -> None:
    client.register_template(Template(name="x", image_name="i"))

    result = registry("run", "--print", "x", "--", "bash", "--print", "--", "-c", "--help")

    assert shlex.split(result.out)[-5:] == ["bash", "--print", "--", "-c", "--help"]


@pytest.mark.parametrize("arguments", [("x", "--pirnt"), ("x", "bash", "-l")])
def test_an_option_that_is_not_ours_is_refused_with_a_hint(
    registry: CommandLine, client: Client, arguments: tuple[str, ...]
) -> None:
    client.register_template(Template(name="x", image_name="i"))

    result = registry("run", *arguments)

    assert (result.code, "run NAME -- COMMAND" in result.err) == (2, True)
