"""Templates as YAML and JSON documents, in and out.

Strings stay strings: what YAML, of one version or the other, would read as a number, a date or a truth is quoted on the
way out, and what looks like a date is a string on the way in.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
import yaml
from msgspec import Struct, structs

from ..errors import APIErrorResponse, InvalidRequest
from ..template import Template
from ..wire import Object, encode_template, parse, template_from_members
from .output import printable

SUFFIXES = (".yaml", ".yml", ".json")
KEPT_BY_REGISTRY = ("time-created", "time-modified", "revision")  # printed by `get`; an apply takes none of them

_BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BaseDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

# What YAML 1.2 or Go's reader takes for something else than a string, and PyYAML writes without quotes.
_QUOTED = re.compile(r"[-+.]?[0-9][0-9a-fA-F_xXoObBeE.:+-]*|[yYnN]")


class InvalidDocument(click.ClickException):
    """What is wrong with a file, and where."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n       ".join(map(printable, lines)))  # as wide as click's "Error: "


class _Loader(_BaseLoader):  # type: ignore[misc]
    yaml_implicit_resolvers = {
        start: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for start, resolvers in _BaseLoader.yaml_implicit_resolvers.items()
    }

    def flatten_mapping(self, node: Any) -> None:
        """Also refuses a key that stands twice, once per mapping: merging adds keys that do."""
        if not hasattr(node, "checked"):
            node.checked = True
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            if len(set(keys)) < len(keys):
                raise yaml.constructor.ConstructorError(None, None, "a key stands here twice", node.start_mark)
        super().flatten_mapping(node)


class _Dumper(_BaseDumper):  # type: ignore[misc]
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: Any, text: str) -> Any:
    style = "|" if "\n" in text else '"' if _QUOTED.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def to_yaml(value: Any) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
    return text


def to_yaml_documents(values: Iterable[Any]) -> str:
    text: str = yaml.dump_all(
        values, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120, explicit_start=True
    )
    return text


def load_yaml(text: str | bytes, where: str, loader: Any = _Loader) -> list[Any]:
    """The documents. Raises `InvalidDocument`."""
    try:
        return list(yaml.load_all(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f", line {mark.line + 1}" if mark else ""
        raise InvalidDocument(f"{where}{at}: not valid YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise InvalidDocument(f"{where}: not valid YAML: {str(error).splitlines()[0]}") from None


def members(template: Template, *, full: bool = False) -> dict[str, Any]:
    """As a mapping of wire names; `full` with times and revision; empty `command` and `limits` are left out."""
    if not full:
        template = structs.replace(template, time_created=None, time_modified=None)
    shown: dict[str, Any] = msgspec.json.decode(encode_template(template, full=full))
    return {name: value for name, value in shown.items() if value not in ("", {})}


class Document(Struct, frozen=True):
    where: str  # file, and which document or element of it
    value: Any


def read_documents(sources: Iterable[str]) -> Iterator[Document]:
    """Every template-like value in files, folders (sorted) and `-`; lists are taken apart. Raises `InvalidDocument`."""
    for source in sources:
        for path in _files(source):
            text = sys.stdin.buffer.read() if path is None else path.read_bytes()
            where = "standard input" if path is None else str(path)
            documents = _load(text, where)
            for number, value in enumerate(documents, 1):
                at = f"{where}, document {number}" if len(documents) > 1 else where
                if isinstance(value, list) and not isinstance(value, Object):
                    yield from (Document(f"{at}, element {index}", one) for index, one in enumerate(value, 1))
                elif value is not None:
                    yield Document(at, value)


def read_templates(sources: Iterable[str]) -> list[Template]:
    """Raises `InvalidDocument` with everything that is wrong."""
    templates, problems = list[Template](), list[str]()
    for document in read_documents(sources):
        try:
            templates.append(to_template(document.value))
        except APIErrorResponse as error:
            problems.append(f"{document.where}: {error.message}")
    if problems:
        more = [f"and {len(problems) - 10} more"] if len(problems) > 10 else []
        raise InvalidDocument(*problems[:10], *more)
    return templates


def to_template(value: Any) -> Template:
    """What `get` or a registry of 2015 printed, or a person wrote. Raises `InvalidTemplate`."""
    value = as_object(value)
    if isinstance(value, Object):
        value = Object((key, member) for key, member in value if key not in KEPT_BY_REGISTRY)
    return template_from_members(value)


def as_object(value: Any) -> Any:
    """What `wire` reads: mappings as pairs."""
    if isinstance(value, dict):
        return Object((_key(key), as_object(member)) for key, member in value.items())
    return value


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise InvalidRequest(f"the key {key!r} must be a string: put it in quotes")
    return key


def _load(text: bytes, where: str) -> list[Any]:
    if where.endswith(".json") or text.lstrip()[:1] in (b"[", b"{"):
        try:
            return [parse(text)]
        except InvalidRequest as error:
            if where.endswith(".json"):
                raise InvalidDocument(f"{where}: {error.message}") from None
    return load_yaml(text, where)


def _files(source: str) -> list[Path | None]:
    if source == "-":
        return [None]
    path = Path(source)
    if not path.is_dir():
        return [path]
    found: list[Path | None] = [*sorted(each for each in path.iterdir() if each.suffix in SUFFIXES and each.is_file())]
    if not found:
        raise InvalidDocument(f"{path}: no {', '.join(SUFFIXES)} files in this folder")
    return found
