"""Several files of values as one, as Helm merges them. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any


def merged(files: Iterable[Mapping[Any, Any]]) -> dict[Any, Any]:
    """Mappings key by key, all else whole; `null` takes away what an earlier file said."""
    values: dict[Any, Any] = {}
    for file in files:
        values = _merged(values, file)
    return values


def _merged(before: Mapping[Any, Any], new: Mapping[Any, Any]) -> dict[Any, Any]:
    result = dict(before)
    for key, value in new.items():
        earlier = result.get(key)
        if value is None and key in result:
            del result[key]
        elif isinstance(value, Mapping) and isinstance(earlier, Mapping):
            result[key] = _merged(earlier, value)
        else:
            result[key] = value
    return result
