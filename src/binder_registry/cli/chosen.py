"""What `run --option` chooses: a template without options."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from .output import tell

if TYPE_CHECKING:
    from ..template import Template

FREE_TEXT = ".free-text"


def resolved(came: Mapping[str, Any], pairs: Iterable[tuple[str, str | None]]) -> "Template":
    """Raises `click.ClickException` for what cannot be chosen; tells what an engine does not honour."""
    from ..options import ChoiceRefused, resolve
    from .documents import as_template

    try:
        one = resolve(came, _choices(came, pairs), groups=None)
    except ChoiceRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    for kind, settings in one.get("overrides", {}).items():
        tell(f"Left out, as only a hub's spawner has it: {', '.join(f'overrides.{kind}.{key}' for key in settings)}")
    return as_template(one)


def _choices(came: Mapping[str, Any], pairs: Iterable[tuple[str, str | None]]) -> dict[str, Any]:
    """By option, as `resolve` takes them. `image.free-text=…` is a text of one's own, and so is `image=…` where there
    is nothing else to choose."""
    options = {option["name"]: option for option in came.get("options", ())}
    choices: dict[str, Any] = {}
    for key, value in pairs:
        name = key.removesuffix(FREE_TEXT) if key not in options else key
        if name in choices:
            raise click.BadParameter(f"{name!r} is chosen twice", param_hint="--option")
        only_text = name in options and not options[name].get("choices")
        choices[name] = {"free-text": value} if name != key or only_text else value
    return choices
