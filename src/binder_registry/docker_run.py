"""The line that runs a template with docker or podman. Pure."""

import shlex
from collections.abc import Sequence

from .settings import HUBS_OWN_IMAGE
from .template import Template

ENGINES = ("docker", "podman")
PORT = 8888  # where Jupyter servers listen, and what launchers of 2015 took for 0
LOOPBACK = "127.0.0.1"


class NotRunnable(ValueError):
    """Why there is no such line. `member` is the template's that it lies with."""

    def __init__(self, message: str, member: str) -> None:
        super().__init__(message)
        self.member = member


def engine_line(
    template: Template,
    engine: str,
    *,
    command: Sequence[str] = (),
    publish: int | None = None,
    interactive: bool = False,
) -> list[str]:
    """Of a template without options. Raises `NotRunnable`, also for what an engine would take for something else."""
    if template.image_name == HUBS_OWN_IMAGE:
        message = f"{template.name} leaves its image to the hub, {HUBS_OWN_IMAGE}: there is nothing to run here."
        raise NotRunnable(message, "image-name")
    if template.image_name.startswith("-"):
        message = f"The image name {template.image_name!r} would be read as an option of {engine}."
        raise NotRunnable(message, "image-name")
    limits, port = template.limits, template.bind_port or PORT
    address = template.bind_ip or LOOPBACK
    line = [engine, "run", "--rm"]
    line += ["--interactive", "--tty"] if interactive else []
    line += [f"--publish={f'[{address}]' if ':' in address else address}:{publish or port}:{port}"]
    line += [f"--memory={limits.memory}"] if limits.memory else []
    line += [f"--cpu-shares={limits.cpu_shares}"] if limits.cpu_shares else []
    line += [f"--cpus={limits.cpus}"] if limits.cpus else []
    if limits.gpus and engine == "docker":
        line += [f"--gpus={limits.gpus}"]
    elif limits.gpus:
        line += [f"--device=nvidia.com/gpu={device}" for device in range(limits.gpus)]
    line += [f"--env={variable}={value}" for variable, value in template.environment.items()]
    return [*line, template.image_name, *(command or _command(template, port))]


def printed(line: Sequence[str]) -> str:
    """As a shell takes it, with its end of line."""
    return f"{shlex.join(line)}\n"


def _command(template: Template, port: int) -> list[str]:
    """The words of the command, with the placeholders of 2015's launchers filled in."""
    try:
        words = shlex.split(template.command)
    except ValueError as error:
        raise NotRunnable(f"The command {template.command!r} cannot be split: {error}.", "command") from None
    for placeholder, value in (("{base_path}", "/"), ("{port}", str(port)), ("{ip}", "0.0.0.0")):  # noqa: S104 - inside the container
        words = [word.replace(placeholder, value) for word in words]
    return words
