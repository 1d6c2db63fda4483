"""completion and version."""

import platform

import click

from ..version import __version__


@click.command("completion", short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell. It also completes the names of templates.

    \b
    Examples:
      binder-registry completion bash > ~/.local/share/bash-completion/completions/binder-registry
      binder-registry completion zsh > "${fpath[1]}/_binder-registry"
      binder-registry completion fish > ~/.config/fish/completions/binder-registry.fish
    """
    from click.shell_completion import get_completion_class

    from . import cli

    of_shell = get_completion_class(shell)
    assert of_shell is not None, "click knows the three shells"
    click.echo(of_shell(cli, {}, "binder-registry", "_BINDER_REGISTRY_COMPLETE").source())


@click.command("version", short_help="Print the version.")
def version() -> None:
    """Print the version of this program, and of the Python that runs it.

    \b
    Example:
      binder-registry version
    """
    click.echo(f"binder-registry {__version__} (Python {platform.python_version()})")
