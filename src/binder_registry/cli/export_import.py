"""export and import."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .connection import connected
from .options import note_option
from .output import json_text, progress, tell, write_json, write_yaml
from .plan import plan_options, publish

if TYPE_CHECKING:
    from ..client import Client
    from ..template import Template


@click.command("export", short_help="Write all templates to a file.")
@click.option("--file", "-f", type=click.Path(path_type=Path, dir_okay=False), help="Default: standard output.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["yaml", "json", "z2jh", "allowed-images"]),
    default="yaml",
    show_default=True,
    help="z2jh: singleuser.profileList; allowed-images: of DockerSpawner.",
)
@click.option("--label", "-l", multiple=True, metavar="SELECTOR", help="Only those with these labels; repeatable.")
@click.option("--revision", type=int, metavar="N", help="As it was at this revision of the registry.")
@connected
def export(client: "Client", file: Path | None, form: str, label: tuple[str, ...], revision: int | None) -> None:
    """Write all templates, without times and revisions: `apply -f` takes them back and finds them unchanged.

    What the other formats cannot hold is named on stderr.

    \b
    Examples:
      binder-registry export -f templates.yaml
      binder-registry export --format z2jh --label hub=physics > values.yaml
    """
    with progress("Reading"):
        templates = client.list_templates(label=label, revision=revision)
    text = rendered(templates, form)
    if file is None:
        (write_json if form == "json" else write_yaml)(text)
        return
    from .files import replaced

    with replaced(file) as whole:
        whole.write(text.encode())
    tell(f"{len(templates)} templates written to {file}")


def rendered(templates: "list[Template]", form: str) -> str:
    from ..formats.allowed_images import to_allowed_images
    from ..formats.z2jh import to_z2jh
    from .documents import members, to_yaml, to_yaml_documents

    if form == "yaml":
        with progress("Writing", len(templates)) as done:
            return "".join(
                _counted(done, index, to_yaml_documents([members(template)]))
                for index, template in enumerate(templates, 1)
            )
    if form == "json":
        return json_text([members(template) for template in templates], indent=2) + "\n"
    values, notes = (to_z2jh if form == "z2jh" else to_allowed_images)(templates)
    for note in notes:
        tell(note)
    return to_yaml(values)


def _counted(done: Any, index: int, text: str) -> str:
    done(index)
    return text


@click.command("import", short_help="Take templates from a hub's values or another registry.")
@click.argument("source", required=False, metavar="[FILE|-]")
@click.option("--from-url", metavar="URL", help="Read the templates of another registry; one of 2015 will do.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["templates", "z2jh", "allowed-images"]),
    default="templates",
    show_default=True,
    help="z2jh: a values file; allowed-images: of DockerSpawner.",
)
@plan_options
@note_option
@connected
@click.pass_context
def import_templates(
    ctx: click.Context, client: "Client", /, source: str | None, from_url: str | None, form: str, **choices: Any
) -> None:
    """Take templates from a hub's values file, from DockerSpawner's list of images, or from another registry, and apply
    them. What cannot be carried over is named on stderr, and the rest is taken.

    A choice of a profile's options becomes a template of its own, named <slug>-<choice>.

    \b
    Examples:
      binder-registry import --format z2jh values.yaml --dry-run
      binder-registry import --from-url http://old-registry:8080
    """
    if (source is None) == (from_url is None):
        raise click.UsageError("Name a FILE, or another registry with --from-url.")
    if from_url is not None:
        found, notes = _of_registry(from_url), list[str]()
    else:
        assert source is not None, "one of the two is given"
        found, notes = _of_file(source, form)
    templates = _publishable(found, notes)
    for note in notes:
        tell(note)
    publish(ctx, client, templates, **choices)


def _of_registry(url: str) -> "list[Template]":
    from msgspec.structs import replace

    from ..client import Client

    with Client(url, token="", timeout=30.0) as other:
        found = other.list_templates()
    return [replace(template, time_created=None, time_modified=None, revision=0) for template in found]


def _of_file(source: str, form: str) -> "tuple[list[Template], list[str]]":
    from ..formats.allowed_images import from_allowed_images
    from ..formats.z2jh import from_z2jh
    from .documents import InvalidDocument, load_yaml, read_templates

    if form == "templates":
        return read_templates([source]), []
    text = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    where = "standard input" if source == "-" else source
    documents = load_yaml(text, where)
    if len(documents) != 1:
        raise InvalidDocument(f"{where}: must hold one document, and holds {len(documents)}")
    try:
        return (from_z2jh if form == "z2jh" else from_allowed_images)(documents[0])
    except ValueError as error:
        raise InvalidDocument(f"{where}: {error}") from None


def _publishable(templates: "list[Template]", notes: list[str]) -> "list[Template]":
    """Those that keep the rules; the others are named."""
    from ..errors import InvalidTemplate
    from ..template import check

    kept = []
    for template in templates:
        try:
            check(template)
            kept.append(template)
        except InvalidTemplate as error:
            notes.append(f"{template.name or '(no name)'}: left out: {error.message}")
    return kept
