"""What `import` reads: files of hubs, files of templates, and other registries."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..formats.losses import Losses
from ..formats.scalars import WrittenFloat, WrittenInt
from .documents import read_templates
from .sources import InvalidDocument
from .yaml_text import Loader, load_yaml

if TYPE_CHECKING:
    from ..template import Template

TOKEN_VARIABLE = "BINDER_REGISTRY_FROM_TOKEN"  # noqa: S105 - where a token is, not a token


class _ValuesLoader(Loader):
    """Numbers as Helm reads them, which remember how they were written where that says more: `1.10`, `0512`."""

    def construct_unquoted(self, node: Any) -> Any:
        value = super().construct_unquoted(node)
        if isinstance(value, bool):
            return value
        for kind, read in ((WrittenInt, self.construct_yaml_int), (WrittenFloat, self.construct_yaml_float)):
            try:
                number = kind(read(node))
            except ValueError:
                continue
            number.written = node.value
            return number
        return value


def of_file(
    source: str, form: str, at: str, *, whole: bool, bake_image: bool = False
) -> "tuple[list[Template], Losses]":
    """Raises `InvalidDocument`; where the `whole` is wanted, also for what holds nothing."""
    from ..formats.allowed_images import from_allowed_images
    from ..formats.z2jh import from_z2jh

    if form == "templates":
        return read_templates([source], whole=whole), []
    text = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    where = "standard input" if source == "-" else source
    documents = load_yaml(text, where, _ValuesLoader)
    if len(documents) != 1:
        raise InvalidDocument(f"{where}: must hold one document, and holds {len(documents)}")
    try:
        return (
            from_z2jh(documents[0], at, bake_image=bake_image) if form == "z2jh" else from_allowed_images(documents[0])
        )
    except RecursionError:
        raise InvalidDocument(f"{where}: an alias within itself, or too many levels") from None
    except ValueError as error:
        raise InvalidDocument(f"{where}: {error}") from None


def of_registry(url: str | None, context: str | None) -> "list[Template]":
    """With the token of that registry and never the one of the registry that is written to."""
    from msgspec.structs import replace

    from ..client import Client
    from .context_file import address

    found, token = address(None, context) if context else (url, None)
    with Client(found, token=token or os.environ.get(TOKEN_VARIABLE, "").strip(), timeout=30.0) as other:
        templates = other.list_templates()
    return [replace(template, time_created=None, time_modified=None, revision=0) for template in templates]
