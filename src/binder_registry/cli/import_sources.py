"""What `import` reads: files of templates, other registries, and hubs' own files."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..file_names import on_disk
from .documents import read_templates
from .sources import STANDARD_INPUT, InvalidDocument

if TYPE_CHECKING:
    from ..formats.losses import Losses
    from ..template import Template

TOKEN_VARIABLE = "BINDER_REGISTRY_FROM_TOKEN"  # noqa: S105 - where a token is, not a token


def of_files(
    sources: Sequence[str], form: str, at: str, *, whole: bool, keep_placeholders: bool, bake_image: bool
) -> "tuple[list[Template], Losses]":
    """Raises `InvalidDocument`; where the `whole` is wanted, also for what holds nothing."""
    if form == "templates":
        return read_templates(sources, whole=whole), []
    for source in sources:
        if source != STANDARD_INPUT and Path(on_disk(source)).is_dir():
            raise InvalidDocument(f"{source}: is a folder: name its files, in their order")
    from .hub_files import of_hub, of_images

    if form == "z2jh":
        return of_hub(sources, at, keep_placeholders=keep_placeholders, bake_image=bake_image)
    if len(sources) > 1:
        raise InvalidDocument("Lists of images are not merged: name one file.")
    return of_images(sources[0], keep_placeholders=keep_placeholders)


def of_registry(url: str | None, context: str | None) -> list[dict[str, Any]]:
    """As they came, with what this release does not know. With the token of that registry and never the one of the
    registry that is written to."""
    from ..client import Client
    from ..errors import Unauthorized
    from .context_file import address
    from .failures import Explained

    found, token = address(None, context) if context else (url, None)
    with Client(found, token=token or os.environ.get(TOKEN_VARIABLE, "").strip(), timeout=30.0) as other:
        try:
            return other.list_json()
        except Unauthorized as error:
            raise Explained(error, f"{TOKEN_VARIABLE} holds the token of the registry that is read.") from None
