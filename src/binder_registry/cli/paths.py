"""A template's JSON as paths and values: what people compare, and read line by line. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

APART = ("options", "overrides")


def rows(members: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value by its path, `options.size.large.limits.memory`, as a change names it.

    The names of an option's choices come before what these say: `options.size` is `["small", "large"]`.
    """
    for key, value in members.items():
        path = prefix + key
        if key in ("options", "choices") and _are_named(value):
            above = path if key == "options" else prefix.removesuffix(".")
            yield above, [inner["name"] for inner in value]
            for inner in value:
                yield from rows({key: it for key, it in inner.items() if key != "name"}, f"{above}.{inner['name']}.")
        elif not isinstance(value, Mapping) or not value:
            yield path, value
        elif key == "set":
            yield from rows(value, prefix)
        elif key == "free-text":
            yield from rows(value, f"{path}.")
        elif key == "overrides":
            for kind, settings in value.items():
                yield from _entries(settings, f"{path}.{kind}")
        else:
            yield from _entries(value, path)


def options_apart(members: Mapping[str, Any]) -> dict[str, Any]:
    """The same template, with one entry for each value of its options and overrides: it says by itself whose it is."""
    apart = dict(rows({key: members[key] for key in APART if key in members}))
    return {key: value for key, value in members.items() if key not in APART} | apart


def text(value: Any) -> str:
    """One line for people; texts as they are."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(inner, str) for inner in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)


def _entries(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((f"{path}.{key}", inner) for key, inner in value.items())
    else:
        yield path, value


def _are_named(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, Mapping) and isinstance(one.get("name"), str) for one in value
    )
