"""edit: what was typed is never lost."""

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .connection import connected, name_argument
from .hints import hinted
from .options import note_option
from .output import say, tell
from .write import print_result, result_option, tell_of_successor

if TYPE_CHECKING:
    from ..client import Client


@click.command("edit", short_help="Change a template in your editor.")
@name_argument
@note_option
@result_option
@connected
def edit(client: "Client", name: str, note: str, output: str) -> None:
    """Change a template in your editor: $VISUAL, $EDITOR or vi. What this release does not know is shown and kept, too.

    A change that someone made meanwhile is not overwritten: your text is kept in a file, and told where. So it is when
    the text is not valid.

    \b
    Example:
      EDITOR=nano binder-registry edit scipy -m "More memory for the course"
    """
    from .documents import shown_members, to_yaml
    from .sources import decoded

    before = client.get_json(name)
    revision = before.get("revision", 0)
    text = f"# {name} at revision {revision}: save to publish, leave unchanged to cancel.\n"
    text += to_yaml(shown_members(before))
    descriptor, kept = tempfile.mkstemp(prefix="binder-registry-", suffix=".yaml")  # its rights are 0600
    path = Path(kept)
    keep = True
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        _run_editor(path)
        edited = decoded(path.read_bytes(), str(path))
        if edited == text:
            keep = False
            say(f"{name} unchanged")
            return
        patch = _patch(edited, path, shown_members(before))
        if not patch:
            keep = False
            say(f"{name} unchanged")
            return
        written = client.patch_template(name, patch, expected=revision, note=note)
        keep = False
        print_result(written, "updated", output)
        if "replaced-by" in patch:
            tell_of_successor(client, name, written.replaced_by)
    finally:
        if keep and path.exists() and path.read_bytes() != text.encode():
            tell(f"Your text is kept in {path}. `{hinted('apply', options=['-f', kept])}` publishes it.")
        else:
            path.unlink(missing_ok=True)


def _run_editor(path: Path) -> None:
    words = _editor()
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:  # which programs inherit, and handlers not
        signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is the editor's, from before it runs
    try:
        code = subprocess.run([*words, str(path)], check=False).returncode  # noqa: S603 - the user's own
    except OSError as error:
        raise click.ClickException(f"The editor {words[0]!r} cannot be run: {error.strerror}. Set EDITOR.") from None
    finally:
        signal.signal(signal.SIGINT, before)
    if code:
        how = f"ended with {code}" if code > 0 else f"was ended by signal {-code}"
        raise click.ClickException(f"The editor {words[0]!r} {how}: nothing was changed.")


def _editor() -> list[str]:
    """The program and its arguments, as a shell splits them."""
    for variable in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(os.environ.get(variable, ""))
        except ValueError as error:
            raise click.ClickException(f"{variable} cannot be read: {error}.") from None
        if words:
            return words
    return ["vi"]


def _patch(text: str, path: Path, before: Mapping[str, Any]) -> dict[str, Any]:
    """What leads from the template to the text: empty where it says nothing new."""
    from ..client.encoding import patch_between
    from .documents import InvalidDocument, load_yaml, shown_members, to_json
    from .yaml_text import LoaderAsWritten

    documents = load_yaml(text, str(path), LoaderAsWritten)
    if len(documents) != 1:
        raise InvalidDocument(f"{path}: must hold one template, and holds {len(documents)}")
    wanted = shown_members({key: value for key, value in to_json(documents[0]).items() if value is not None})
    if wanted.get("name") != before["name"]:
        name = wanted.get("name")
        if not isinstance(name, str) or not name:
            raise InvalidDocument(f"{path}: the template has no name any more: it is {before['name']!r}")
        raise click.ClickException(f"A name is changed with `{hinted('rename', before['name'], name)}`.")
    return patch_between(before, wanted)
