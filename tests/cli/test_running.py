import json
import shlex
from pathlib import Path

import click
import pytest

from binder_registry import Client, ContainerLimits, Template
from binder_registry.cli.run import engine_line

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


def test_every_member_is_in_the_line() -> None:
    assert engine_line(WHOLE, "docker") == [
        *("docker", "run", "--rm", "--publish=0.0.0.0:8899:8899"),
        *("--memory=2147483648", "--cpu-shares=512", "--cpus=1.5", "--gpus=2"),
        *("--env=A=$(touch /tmp/x) `id` \"'\n;", "--env=B=ü 環"),
        *("quay.io/x:1", "jupyter", "lab", "--port=8899", "--ip=0.0.0.0", "--base-url=/", "a b"),
    ]


def test_what_a_template_leaves_open_is_not_in_the_line() -> None:
    assert engine_line(Template(name="x", image_name="i"), "docker") == [
        *("docker", "run", "--rm", "--publish=127.0.0.1:8888:8888", "i"),
    ]


def test_podman_has_its_own_words_for_gpus() -> None:
    line = engine_line(Template(name="x", image_name="i", limits=ContainerLimits(gpus=2)), "podman")

    assert line[4:6] == ["--device=nvidia.com/gpu=0", "--device=nvidia.com/gpu=1"]


def test_another_command_takes_the_place_of_the_templates() -> None:
    assert engine_line(WHOLE, "docker", command=["bash", "-l"])[-3:] == ["quay.io/x:1", "bash", "-l"]


def test_another_port_of_this_machine_is_published() -> None:
    assert "--publish=0.0.0.0:9000:8899" in engine_line(WHOLE, "docker", publish=9000)


def test_an_address_of_ipv6_stands_in_brackets() -> None:
    assert "--publish=[::1]:8888:8888" in engine_line(Template(name="x", image_name="i", bind_ip="::1"), "docker")


@pytest.mark.parametrize(
    "template",
    [Template(name="x", image_name="--privileged"), Template(name="x", image_name="i", command="a 'b")],
)
def test_what_an_engine_would_misread_is_refused(template: Template) -> None:
    with pytest.raises(click.ClickException):
        engine_line(template, "docker")


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
