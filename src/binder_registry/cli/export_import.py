"""export and import."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .arguments import File
from .connection import connected
from .options import note_option, whole
from .output import json_text, progress, tell, write_json, write_yaml
from .plan import plan_options, publish

if TYPE_CHECKING:
    from ..client import Client
    from ..formats.losses import Losses
    from ..template import Template

    Wanted = Template | Mapping[str, Any]

LEFT_OUT = 3  # exit code


@click.command("export", short_help="Write all templates to a file.")
@click.option("--file", "-f", type=File(path_type=Path, dir_okay=False), help="Default: standard output.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["yaml", "json", "z2jh", "jupyterhub-config", "allowed-images"]),
    default="yaml",
    show_default=True,
    help="z2jh: singleuser.profileList; jupyterhub-config: KubeSpawner's; allowed-images: of DockerSpawner.",
)
@click.option("--label", "-l", multiple=True, metavar="SELECTOR", help="Only those with these labels; repeatable.")
@click.option("--revision", type=whole(), metavar="N", help="As it was at this revision of the registry.")
@connected
@click.pass_context
def export(
    ctx: click.Context,
    client: "Client",
    /,
    file: Path | None,
    form: str,
    label: tuple[str, ...],
    revision: int | None,
) -> None:
    """Write all templates, without times and revisions: `apply -f` takes them back and finds them unchanged.

    What the other formats cannot hold is named on stderr. A template that they would open to everybody, or cannot hold
    at all, is left out, and the exit code is 3. KubeSpawner alone passes over groups: beside a list of profiles that
    has some stands the code that makes a hub obey them.

    \b
    Examples:
      binder-registry export -f templates.yaml
      binder-registry export --format z2jh --label hub=physics > values.yaml
    """
    with progress("Reading"):
        templates = client.list_json(label=label, revision=revision)
    text, losses = rendered(templates, form)
    tell_of(losses)
    if file is None:
        (write_json if form == "json" else write_yaml)(text)
    else:
        from .files import replaced

        with replaced(file) as whole:
            whole.write(text.encode())
        tell(f"{len(templates) - sum(loss.left_out for loss in losses)} templates written to {file}")
    ctx.exit(exit_code(losses))


def rendered(templates: list[dict[str, Any]], form: str) -> "tuple[str, Losses]":
    from ..formats.allowed_images import to_allowed_images
    from ..formats.jupyterhub_config import to_jupyterhub_config
    from ..formats.z2jh import to_z2jh
    from .documents import as_template, shown_members, to_yaml, to_yaml_documents

    if form == "yaml":
        with progress("Writing", len(templates)) as done:
            return "".join(
                _counted(done, index, to_yaml_documents([shown_members(template)]))
                for index, template in enumerate(templates, 1)
            ), []
    if form == "json":
        return json_text([shown_members(template) for template in templates], indent=2) + "\n", []
    known = [as_template(one) for one in templates]
    if form == "jupyterhub-config":
        return to_jupyterhub_config(known)
    values, losses = (to_z2jh if form == "z2jh" else to_allowed_images)(known)
    return to_yaml(values), losses


def tell_of(losses: "Losses", output: str = "text") -> None:
    from ..formats.losses import lines, records

    for line in [json_text(records(losses))] if output == "json" else lines(losses):
        tell(line)


def exit_code(losses: "Losses") -> int:
    return LEFT_OUT if any(loss.left_out for loss in losses) else 0


def _counted(done: Any, index: int, text: str) -> str:
    done(index)
    return text


@click.command("import", short_help="Take templates from a hub's values or another registry.")
@click.argument("sources", nargs=-1, metavar="[FILE|-]...")
@click.option(
    "--file", "-f", "files", multiple=True, metavar="FILE", help="The same as an argument, as Helm has it; repeatable."
)
@click.option("--from-url", metavar="URL", help="Read the templates of another registry; one of 2015 will do.")
@click.option("--from-context", metavar="NAME", help="The same, of a registry named with `context add`.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["templates", "z2jh", "allowed-images"]),
    default="templates",
    show_default=True,
    help="z2jh: values, or jupyterhub_config.py; allowed-images: of DockerSpawner.",
)
@click.option("--at", default="", metavar="PATH", help="Which list of profiles, where there are two: a.jupyterhub.")
@click.option(
    "--placeholders",
    type=click.Choice(["refuse", "keep"]),
    default="refuse",
    show_default=True,
    help="What is to be done with ${...}, {{ }}, <tag> and the like in a hub's list.",
)
@click.option("--bake-image", is_flag=True, help="Write singleuser.image into templates that leave it to the hub.")
@click.option("--merge-flattened", is_flag=True, help="Replace the templates per choice of before options.")
@click.option("--lossy", is_flag=True, help="Exit with 0 although something was left out.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to name what was lost, on stderr.",
)
@plan_options
@note_option
@connected
@click.pass_context
def import_templates(
    ctx: click.Context,
    client: "Client",
    /,
    sources: tuple[str, ...],
    files: tuple[str, ...],
    from_url: str | None,
    from_context: str | None,
    form: str,
    at: str,
    placeholders: str,
    bake_image: bool,
    merge_flattened: bool,
    lossy: bool,
    output: str,
    **choices: Any,
) -> None:
    """Take templates from a hub's values, from its jupyterhub_config.py, from DockerSpawner's list of images, or from
    another registry, and apply them. What cannot be carried over is named on stderr, and the rest is taken.

    Several files of values are merged in their order, as Helm merges them. The list is found wherever it stands, also
    in Python, which is read and never run. A profile becomes one template, with its options. What is offered to some
    only, and could not be kept so, is left out, and so is what cannot be read or known: the exit code is 3 then, unless
    --lossy. Losses are named in one line for each kind, or with -o json as one line that is a list of them, with every
    place. With --merge-flattened the templates <slug>-<choice> of before options get the one with options as their
    successor.

    The token for the other registry comes from its context, or from BINDER_REGISTRY_FROM_TOKEN.

    \b
    Examples:
      binder-registry import --format z2jh values.yaml --dry-run
      binder-registry import --format z2jh -f common.yaml -f hub.yaml
      binder-registry import --format z2jh values.yaml --at basehub.jupyterhub
      helm get values --all hub | binder-registry import --format z2jh -
      binder-registry import --format z2jh jupyterhub_config.py
      binder-registry import --from-url http://old-registry:8080
    """
    from ..formats.losses import Loss
    from .import_sources import of_files, of_registry

    if [sources or None, files or None, from_url, from_context].count(None) != 3:
        raise click.UsageError(
            "Name files, as arguments or with -f, or another registry with --from-url or --from-context."
        )
    if (at or bake_image or merge_flattened) and form != "z2jh":
        raise click.UsageError("--at, --bake-image and --merge-flattened go with --format z2jh.")
    keep = placeholders == "keep"
    if keep and form == "templates":
        raise click.UsageError("--placeholders goes with --format z2jh and allowed-images.")
    found: Sequence[Wanted]
    if sources or files:
        all_of_it = choices["prune"] is not None and not choices["allow_empty"]
        found, losses = of_files(
            sources or files, form, at, whole=all_of_it, keep_placeholders=keep, bake_image=bake_image
        )
    else:
        found, losses = of_registry(from_url, from_context), list[Loss]()
    templates = _publishable(found, losses)
    tell_of(losses, output)
    if merge_flattened:
        templates += _with_successors(client, templates)
    code = 0 if lossy else exit_code(losses)
    try:
        publish(ctx, client, templates, left_out=[loss.where for loss in losses if loss.left_out], **choices)
    except click.exceptions.Exit as planned:
        code = code or planned.exit_code
    ctx.exit(code)


def _with_successors(client: "Client", templates: "Sequence[Wanted]") -> "Iterator[dict[str, Any]]":
    """What takes the place of the templates of before options: these, as they came, with their successors."""
    from ..formats.flattened import replaced
    from .documents import as_template

    there = {came["name"]: came for came in client.list_json()}
    known = [as_template(one) if isinstance(one, Mapping) else one for one in templates]
    for old in replaced(known, map(as_template, there.values())):
        yield there[old.name] | {"replaced-by": old.replaced_by}


def _publishable(templates: "Sequence[Wanted]", losses: "Losses") -> "list[Wanted]":
    """Those that keep the rules; the others are named. What this release does not know, the registry judges."""
    from ..errors import InvalidTemplate
    from ..formats.losses import Loss
    from ..rules import check
    from .documents import as_template

    kept = []
    for one in templates:
        template = as_template(one) if isinstance(one, Mapping) else one
        try:
            check(template)
            kept.append(one)
        except InvalidTemplate as error:
            losses.append(Loss(template.name or "(no name)", f"left out: {error.message}", left_out=True))
    return kept
