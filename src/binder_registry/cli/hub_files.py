"""Lists of profiles and images as hubs keep them, read as they stand."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..formats.allowed_images import from_allowed_images
from ..formats.helm_values import merged
from ..formats.known_parts import known_profiles
from ..formats.losses import Loss, Losses
from ..formats.marked import plain, unknowns
from ..formats.placeholders import placeholders, unquoted
from ..formats.profile_lists import find_profiles, with_profiles
from ..formats.python_lists import python_values
from ..formats.z2jh import from_z2jh
from .code_in_values import Code, with_code
from .sources import InvalidDocument, read_text, shown
from .values_loader import ValuesLoader, prepared
from .yaml_text import load_yaml

if TYPE_CHECKING:
    from ..template import Template

MOST_NAMED = 5

_PYTHON = re.compile(r"\.py\Z", re.IGNORECASE)


class PlaceholderFound(InvalidDocument):
    exit_code = 3  # all of it is left out


def of_hub(
    sources: Sequence[str], at: str, *, keep_placeholders: bool, bake_image: bool
) -> "tuple[list[Template], Losses]":
    """Raises `InvalidDocument` and `OSError`."""
    files = [(shown(source), read_text(source)) for source in sources]
    return of_texts(files, at, keep_placeholders=keep_placeholders, bake_image=bake_image)


def of_texts(
    files: Sequence[tuple[str, str]], at: str = "", *, keep_placeholders: bool = False, bake_image: bool = False
) -> "tuple[list[Template], Losses]":
    """The same of files by their names and texts. Raises `InvalidDocument`."""
    losses: Losses = []
    names = list(dict.fromkeys(name for name, _ in files))
    where = ", ".join(names)
    try:
        values = _merged([document for name, text in files for document in _documents(text, name, losses)], where)
        code = Code()
        values = with_code(values, code, losses)
        if code.hidden and not _has_list(values, at):
            losses += [Loss(path, f"{unknown}: left out", left_out=True) for path, unknown, _ in code.hidden]
            return [], losses
        found = find_profiles(values, at)
        losses += code.notes()
        if not keep_placeholders:
            _refuse_placeholders([*found.profiles, found.image if bake_image else None])
        if bake_image:
            losses += [
                Loss("values", f"is not carried over ({each})", found.image_at) for each in unknowns(found.image)
            ]
        profiles = known_profiles(found.profiles, losses)
        if not profiles:
            return [], losses
        values = plain(with_profiles(values, found.path, profiles))
        templates, more = from_z2jh(values, at and ".".join(found.path), bake_image=bake_image)
    except RecursionError:
        raise InvalidDocument(f"{where}: an alias within itself, or too many levels") from None
    except ValueError as error:
        left_out = [str(loss) for loss in losses if loss.left_out]  # perhaps the list that is missing
        raise InvalidDocument(_placed(str(error), where, names), *left_out) from None
    return templates, losses + more


def of_images(source: str, *, keep_placeholders: bool) -> "tuple[list[Template], Losses]":
    """Raises `InvalidDocument`."""
    losses: Losses = []
    documents = _documents(read_text(source), shown(source), losses)
    if len(documents) != 1:
        raise InvalidDocument(f"{shown(source)}: must hold one document, and holds {len(documents)}")
    if not keep_placeholders:
        _refuse_placeholders(documents)
    try:
        templates, more = from_allowed_images(plain(documents[0]))
    except ValueError as error:
        raise InvalidDocument(f"{shown(source)}: {error}") from None
    return templates, losses + more


def _documents(text: str, where: str, losses: Losses) -> list[Any]:
    """Raises `InvalidDocument` and `ValueError`."""
    if _PYTHON.search(where):
        values = python_values(text, where)
        if not values:
            raise InvalidDocument(f"{where}: nothing there sets c.KubeSpawner.profile_list")
        return [values]
    text = prepared(text)
    try:
        documents = load_yaml(text, where, partial(ValuesLoader, where, 0, losses))
    except InvalidDocument as error:
        if template := unquoted(text):
            line, what = template
            said = f"line {line} holds a placeholder, {what}: fill the file in first"
            raise PlaceholderFound(f"{error.message}; {said}", line=line) from None
        raise
    return [document for document in documents if document is not None]


def _merged(documents: list[Any], where: str) -> Any:
    if not documents:
        raise InvalidDocument(f"{where}: is empty")
    alone = documents[0] if len(documents) == 1 else None
    if isinstance(alone, list) and any(isinstance(each, Mapping) for each in alone):
        return alone
    if not all(isinstance(document, Mapping) for document in documents):
        raise InvalidDocument(f"{where}: holds no values of a hub, which are a mapping")
    return merged(documents)


def _has_list(values: Any, at: str) -> bool:
    try:
        return bool(find_profiles(values, at))
    except ValueError as error:
        return "several" in str(error)


def _refuse_placeholders(profiles: list[Any]) -> None:
    found = list(dict.fromkeys(placeholders(profiles)))
    if found:
        lines = [f"{place}{': ' if place else ''}holds a placeholder, {what}" for what, place in found[:MOST_NAMED]]
        more = [f"and {len(found) - MOST_NAMED} more"] if len(found) > MOST_NAMED else []
        raise PlaceholderFound(*lines, *more, advice="Fill the file in first, or say --placeholders keep.")


def _placed(message: str, where: str, names: Sequence[str]) -> str:
    """Python's lists name their file and line themselves."""
    named = any(message.startswith(name) for name in names)
    return message if named else f"{where}: {message}"
