"""The command line. Each command's module is imported when the command runs, so that `--help` is quick."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import NamedTuple, NoReturn

import click
from click.shell_completion import CompletionItem

from ..file_names import as_text
from ..version import __version__
from .arguments import in_utf8
from .connection import Chosen, context_option, url_option
from .output import escape_what_output_cannot_hold, tell


class Entry(NamedTuple):
    home: str  # module and attribute
    help: str  # the command's short help, known without importing it; a test compares the two


SECTIONS = {
    "Read": {
        "list": Entry("list_get:list_templates", "Show the templates."),
        "get": Entry("list_get:get", "Show one template."),
        "changes": Entry("history:changes", "Show who changed what, and when."),
        "diff": Entry("history:diff", "Compare two revisions of a template."),
        "watch": Entry("history:watch", "Follow changes as they come."),
        "view": Entry("view:view", "Show what somebody may start, and why not the rest."),
        "channels": Entry("channels:channels", "Show where channels point."),
        "run": Entry("run:run", "Run a template with docker or podman."),
    },
    "Write": {
        "create": Entry("write:create", "Publish a new template."),
        "update": Entry("write:update", "Change members of a template."),
        "edit": Entry("edit:edit", "Change a template in your editor."),
        "delete": Entry("delete_restore:delete", "Delete a template."),
        "rename": Entry("delete_restore:rename", "Give a template another name."),
        "restore": Entry("delete_restore:restore", "Bring back an old revision."),
        "purge": Entry("delete_restore:purge", "Erase the content of an old revision for good."),
        "promote": Entry("channels:promote", "Point a channel at a revision."),
        "demote": Entry("channels:demote", "End a channel of a template."),
        "apply": Entry("apply:apply", "Make the registry look like your files."),
    },
    "Move": {
        "export": Entry("export_import:export", "Write all templates to a file."),
        "import": Entry("export_import:import_templates", "Take templates from a hub's values or another registry."),
        "prepull": Entry("hub:prepull", "Print the images of what a hub offers."),
    },
    "Operate": {
        "serve": Entry("serve:serve", "Serve the registry over HTTP."),
        "backup": Entry("database:backup", "Copy a live SQLite registry to a file."),
        "restore-backup": Entry("database:restore_backup", "Put a backup in the place of a SQLite database."),
        "check": Entry("database:check", "Verify a database."),
        "check-hub": Entry("hub:check_hub", "Name what a hub cannot offer."),
        "usage": Entry("usage:usage", "Count the servers of a hub by what they run."),
        "copy": Entry("database:copy", "Move a registry to another database."),
    },
    "Tokens": {
        "token": Entry("tokens:token", "Make, list, renew and revoke tokens."),
        "whoami": Entry("tokens:whoami", "Say whose token you use, and what it may do."),
    },
    "Set up": {
        "context": Entry("contexts:context", "Name the registries that you work with."),
        "completion": Entry("setup:completion", "Print the completion script of a shell."),
        "version": Entry("setup:version", "Print the version."),
    },
}
COMMANDS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}

EXIT_CODES = """\b
Exit codes:
  0    done, or nothing to do
  1    the registry said no, or something else failed
  2    wrong usage; or `apply --dry-run --exit-code` would change something
  3    the registry or the hub cannot be reached, or cannot answer now; or `import` or `export` left something out
  4    conflict: something was changed meanwhile
  5    the token is missing, wrong, or may not do this
  6    `delete --unless-used`: servers run it
  130  interrupted with Ctrl-C
"""


class LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].home.partition(":")
        command: click.Command = getattr(import_module(f".{module}", __name__), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not ctx.resilient_parsing and (close := _close_to(name)):
            raise click.UsageError(f"No such command {name!r}. Did you mean {' or '.join(close)}?", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, entries in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, entry.help) for name, entry in entries.items()], col_max=16)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [
            CompletionItem(name, help=entry.help) for name, entry in COMMANDS.items() if name.startswith(incomplete)
        ]


def _close_to(name: str) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(name, COMMANDS)


@click.group(
    "binder-registry", cls=LazyGroup, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]}
)
@url_option
@context_option
@click.version_option(__version__, prog_name="binder-registry", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, url: str | None, context: str | None) -> None:
    """Publish, read and follow templates of interactive environments.

    The registry is the one that --url names, or --context, or BINDER_REGISTRY_URL, or the current context, or
    http://127.0.0.1:8080. The token for it comes from the context, from BINDER_API_KEY, or from the CI job.

    \b
    Example:
      binder-registry create scipy --image quay.io/jupyter/scipy-notebook --memory 2G
    """
    ctx.obj = Chosen(url, context)


def _explained(error: Exception) -> tuple[int, str]:
    try:
        from .failures import explain
    except OSError as problem:  # where no more files can be opened, that is it
        return 1, f"Error: {problem.strerror}."
    return explain(error)


def main() -> NoReturn:
    # Python has no stream where a caller closed it: `>&-`.
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115, PTH123
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115, PTH123
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115, PTH123
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """The exit code; all errors are told on stderr."""
    escape_what_output_cannot_hold()
    try:
        try:
            result = cli.main(in_utf8(arguments), prog_name="binder-registry", standalone_mode=False)
            sys.stdout.flush()
            return result if isinstance(result, int) else 0
        except click.ClickException as error:
            with suppress(OSError):  # a full disk, a closed pipe: the exit code says it, too
                error.message = as_text(error.message)  # type: ignore[misc]  # shown, and no more
                error.show(sys.stderr)
            return error.exit_code
        except click.Abort:
            return 130
        except Exception as error:  # noqa: BLE001 - the last stop: people get a line, never a traceback
            code, line = _explained(error)
            tell(line)
            return code
    except BrokenPipeError:  # `| head` has seen enough; and nothing is flushed again at the exit
        sys.stdout = None
        return 1
    except KeyboardInterrupt:
        return 130
