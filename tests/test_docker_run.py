import shlex

import pytest

from binder_registry import ContainerLimits, Template
from binder_registry.docker_run import NotRunnable, engine_line, printed
from binder_registry.settings import HUBS_OWN_IMAGE

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
    [
        Template(name="x", image_name="--privileged"),
        Template(name="x", image_name="i", command="a 'b"),
        Template(name="x", image_name=HUBS_OWN_IMAGE),
    ],
)
def test_what_an_engine_would_misread_is_refused(template: Template) -> None:
    with pytest.raises(NotRunnable):
        engine_line(template, "docker")


def test_a_printed_line_is_one_for_a_shell() -> None:
    line = engine_line(WHOLE, "docker")

    assert shlex.split(printed(line)) == line
    assert printed(line)[-1] == "\n"
