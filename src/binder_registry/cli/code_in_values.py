"""What stands in values as text: Python that sets the list of profiles, and values within a deployment's manifest."""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from msgspec import Struct

from ..formats.losses import Loss, Losses
from ..formats.marked import Text, Unknown
from ..formats.placeholders import placeholder_in
from ..formats.profile_lists import NAMES
from ..formats.python_lists import NARROWED, narrows_by_groups, python_values
from .sources import InvalidDocument
from .values_loader import ValuesLoader
from .yaml_text import load_yaml

_CODE = re.compile(r"^[^#\n]*\.profile_list\s*(?::[^\n=]*)?(?:\+?=(?!=)|\.(?:append|extend)\b)", re.MULTILINE)
_VALUES = re.compile(r"^\s*(?:profileList|profile_list):", re.MULTILINE)


class Code(Struct):
    hidden: list[tuple[str, Unknown, bool]] = []  # where a list is set that is not known; whether code asks for groups

    def notes(self) -> Iterator[Loss]:
        """What is said where there is another list. Code that obeys `allowed_groups` does what the registry does."""
        for path, unknown, groups in self.hidden:
            kept = "only its groups are kept" if groups else "left out, with whatever it withholds"
            yield Loss(path, f"{unknown}: {kept}", left_out=not groups)


def with_code(values: Any, code: Code, losses: Losses, path: tuple[str, ...] = ()) -> Any:
    """With the lists in place of the texts. Lists that are not known are noted, and are not there."""
    if not isinstance(values, Mapping):
        return values
    result = {}
    for key, value in values.items():
        here = (*path, str(key))
        if isinstance(value, Text):
            value = _read(key, value, code, losses, here)
        elif isinstance(value, Unknown) and key in NAMES:
            code.hidden.append((".".join(here), value, False))
            continue
        elif isinstance(value, Unknown) and key == NARROWED:
            code.hidden.append((".".join((*path, "profile_list")), value, True))
            continue
        elif isinstance(value, Mapping):
            value = with_code(value, code, losses, here)
        result[key] = value
    return result


def _read(key: Any, text: Text, code: Code, losses: Losses, path: tuple[str, ...]) -> Any:
    at = ".".join(path)
    try:
        if key in NAMES and text.lstrip()[:1] in ("[", "("):
            return _of_code(f"c.KubeSpawner.profile_list = ({text}\n)", text, code, at)
        if _CODE.search(text):
            return _of_code(str(text), text, code, at)
        if _VALUES.search(text):
            inner = load_yaml(str(text), text.file, partial(ValuesLoader, text.file, text.first - 1, losses))
            mapping = inner[0] if len(inner) == 1 else None
            return with_code(mapping, code, losses, path) if isinstance(mapping, Mapping) else text
    except (ValueError, InvalidDocument) as error:
        losses.append(Loss(at, f"{error}: a list there is left out", left_out=True))
        return text
    if key in NAMES and (placeholder := placeholder_in(text)):
        code.hidden.append((at, Unknown(f"a placeholder, {placeholder},", text.at), False))
    return text


def _of_code(source: str, text: Text, code: Code, at: str) -> Any:
    values = python_values(source, text.file, text.first - 1)
    for spawner, settings in list(values.items()):
        name = f"{at}: c.{spawner}.profile_list"
        if isinstance(settings["profile_list"], Unknown):
            code.hidden.append((name, values.pop(spawner)["profile_list"], narrows_by_groups(text)))
        elif NARROWED in settings:
            code.hidden.append((name, settings.pop(NARROWED), True))
    return values or text
