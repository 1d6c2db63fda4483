"""Templates as YAML and JSON documents, in and out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from ..errors import APIErrorResponse, InvalidRequest
from ..must_understand import ONLY_SHOWN
from ..template import WIRE_NAMES, Template
from ..wire import Object, decode_template, encode_template, parse, template_from_members
from .meaning import understood
from .output import tell, write_yaml
from .sources import InvalidDocument as InvalidDocument
from .sources import find, holds_files, read_text, shown
from .yaml_text import LoaderAsWritten, Unquoted
from .yaml_text import load_yaml as load_yaml
from .yaml_text import to_yaml as to_yaml
from .yaml_text import to_yaml_documents as to_yaml_documents

_PRINTED = frozenset(ONLY_SHOWN) - {"deleted"}  # by `get`; an apply takes none of them, and no tombstones
_KNOWN = frozenset(WIRE_NAMES.values())
_OF_A_HUB = frozenset({"singleuser", "jupyterhub", "hub", "profileList", "profile_list"})  # at the top of its values
MOST_NAMED = 10
MEANT_EMPTY = "--allow-empty says that this is meant."


def members(template: Template, *, full: bool = False) -> dict[str, Any]:
    """As a mapping of wire names; `full` with times and revision; empty `command` and `limits` are left out."""
    return shown_members(msgspec.json.decode(encode_template(template, full=full)), full=full)


def shown_members(came: Mapping[str, Any], *, full: bool = False) -> dict[str, Any]:
    """The same of a template's JSON as it came, with what this release does not know."""
    return {
        name: value
        for name, value in came.items()
        if not (name in _KNOWN and value in ("", {})) and (full or name not in ONLY_SHOWN)
    }


def as_template(came: Mapping[str, Any]) -> Template:
    """Of JSON as it came, what this release knows."""
    return decode_template(msgspec.json.encode(came))


def print_yaml(value: Any) -> None:
    write_yaml(to_yaml(value))


class UnclearKey(InvalidRequest):
    """It may be a text or something else."""

    key = ""

    @classmethod
    def of(cls, key: str) -> "UnclearKey":
        error = cls(f"the key {key} must be a string: put it in quotes")
        error.key = key
        return error


class Document(Struct, frozen=True):
    where: str  # file, and which document or element of it
    value: Any


def read_templates(sources: Sequence[str], *, whole: bool = False) -> list[Template]:
    """What files, folders and `-` hold. Raises `InvalidDocument` with everything that is wrong.

    `whole`: what is not among them will be deleted. Then each file must hold some, and no subfolder may be left out.
    """
    found = find(sources)
    if whole and (unread := [folder for folder in found.subfolders if holds_files(folder)]):
        raise InvalidDocument(
            f"{_listed(unread)}: not read, and --prune deletes what only stands there: name it with -f"
        )
    if left := sorted([*found.subfolders, *found.passed_over]):
        tell(f"Passed over: {_listed(left)}")
    templates, empty, problems = list[Template](), list[str](), list[str]()
    for source in found.files:
        documents = list(documents_of(read_text(source), shown(source)))
        empty += [] if documents else [shown(source)]
        for document in documents:
            try:
                templates.append(to_template(document.value))
            except APIErrorResponse as error:
                problems.append(f"{document.where}: {error.message}{_meant(document.value)}")
    if problems:
        more = [f"and {len(problems) - MOST_NAMED} more"] if len(problems) > MOST_NAMED else []
        raise InvalidDocument(*problems[:MOST_NAMED], *more)
    if whole and empty:
        raise InvalidDocument(
            f"{_listed(empty)}: no templates there, and --prune deletes those of before. {MEANT_EMPTY}"
        )
    return templates


def _meant(value: Any) -> str:
    """By what is no template: a hub's values, or the body of an apply."""
    keys = [key for key, _ in value] if isinstance(value, Object) else value if isinstance(value, dict) else ()
    if not _OF_A_HUB.isdisjoint(keys):
        return ": `import --format z2jh` reads a hub's values"
    return ": a file with several templates is a list of them" if "templates" in keys else ""


def to_template(value: Any) -> Template:
    """What `get` or a registry of 2015 printed, or a person wrote. Raises `InvalidTemplate` and `InvalidRequest`."""
    return template_from_members(_understood(value))


def to_json(value: Any) -> dict[str, Any]:
    """The same as JSON, with what this release does not know: which rules it breaks, the registry says."""
    members: dict[str, Any] = as_dict(_understood(value))
    return members


def _understood(value: Any) -> Object:
    return understood(as_members(value))


def as_members(value: Any) -> Object:
    """As they were written, without those that are only printed. Raises `InvalidRequest`."""
    value = as_object(value)
    if not isinstance(value, Object):
        raise InvalidRequest("a template must be an object, with members like name and image-name")
    return Object((key, member) for key, member in value if key not in _PRINTED)


def as_dict(value: Any) -> Any:
    """The way back from `as_object`."""
    if isinstance(value, Object):
        return {key: as_dict(member) for key, member in value}
    if isinstance(value, list):
        return [as_dict(member) for member in value]
    return str(value) if isinstance(value, Unquoted) else value


def as_object(value: Any) -> Any:
    """What `wire` reads: mappings as pairs, at every depth."""
    if isinstance(value, dict):
        return Object((_key(key), as_object(member)) for key, member in value.items())
    if isinstance(value, list) and not isinstance(value, Object):
        return [as_object(member) for member in value]
    return value


def _key(key: Any) -> str:
    if not isinstance(key, str) or (isinstance(key, Unquoted) and not key.clear):
        raise UnclearKey.of(str(key))
    return str(key)


def documents_of(text: str, where: str, *, is_json: bool | None = None) -> Iterator[Document]:
    """Every template-like value; lists are taken apart. Raises `InvalidDocument`."""
    values = _load(text, where, where.lower().endswith(".json") if is_json is None else is_json)
    for number, value in enumerate(values, 1):
        at = f"{where}, document {number}" if len(values) > 1 else where
        if isinstance(value, list) and not isinstance(value, Object):
            yield from (Document(f"{at}, element {index}", one) for index, one in enumerate(value, 1))
        elif value is not None:
            yield Document(at, value)


def _load(text: str, where: str, is_json: bool) -> list[Any]:
    if is_json or text.lstrip()[:1] in ("[", "{"):
        try:
            return [parse(text.encode())]
        except InvalidRequest as error:
            if is_json:
                raise InvalidDocument(f"{where}: {error.message}") from None
    return load_yaml(text, where, LoaderAsWritten)


def _listed(names: Sequence[Any]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(map(str, names[:MOST_NAMED])) + more
