"""Which registry a command talks to."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, NamedTuple, ParamSpec, TypeVar

import click
from click.shell_completion import CompletionItem

from .context_file import address, complete_context
from .output import tell

if TYPE_CHECKING:
    from ..client import Client

P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])


class Chosen(NamedTuple):
    """What --url and --context say, before or after the command's name."""

    url: str | None = None
    context: str | None = None


def url_option(command: F) -> F:
    return click.option("--url", metavar="URL", help="The registry's address.")(command)


def context_option(command: F) -> F:
    help_text = "A registry named with `context add`."
    return click.option("--context", metavar="NAME", shell_complete=complete_context, help=help_text)(command)


def connected(command: "Callable[Concatenate[Client, P], None]") -> Callable[..., None]:
    """Calls `command` with an open client of the chosen registry."""

    @url_option
    @context_option
    @click.pass_context
    @wraps(command)
    def connect(ctx: click.Context, /, *args: P.args, **kwargs: P.kwargs) -> None:
        url, context = kwargs.pop("url", None), kwargs.pop("context", None)
        outer: Chosen = ctx.obj or Chosen()
        chosen = Chosen(url, context) if url or context else outer  # type: ignore[arg-type]
        client = open_client(chosen)
        from ..errors import RegistryError  # which the client has imported by now
        from .failures import Explained

        try:
            command(client, *args, **kwargs)
        except RegistryError as error:
            raise Explained(error) from error
        finally:
            for warning in client.warnings():
                tell(f"warning: {warning}")
            client.close()

    return connect


def open_client(chosen: Chosen, *, timeout: float = 30.0, retries: int = 3) -> "Client":
    from ..client import Client

    url, token = address(chosen.url, chosen.context)
    return Client(url, token, timeout=timeout, retries=retries)


def complete_name(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The names of templates, for the shell. Says nothing when the registry cannot be asked."""
    own, outer = (Chosen(each.params.get("url"), each.params.get("context")) for each in (ctx, ctx.find_root()))
    try:
        client = open_client(own if own.url or own.context else outer, timeout=2.0, retries=0)
        try:
            templates = client.list_templates(name=f"{incomplete}*")
        finally:
            client.close()
    except Exception:  # noqa: BLE001 - an error text would end up in the middle of the line that is being typed
        return []
    return [CompletionItem(template.name, help=template.display_name or None) for template in templates]


def name_argument(command: F) -> F:
    return click.argument("name", shell_complete=complete_name)(command)
