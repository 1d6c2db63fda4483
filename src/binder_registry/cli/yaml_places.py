"""On which lines of a text of YAML the members of its templates stand. Pure."""

from collections.abc import Collection, Iterator
from typing import Any

import yaml

from .yaml_text import LoaderAsWritten

_NULL = "tag:yaml.org,2002:null"


def lines_of(text: str, paths: Collection[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """By the number of the template and the path of the member, as hints have it: the line of its key, or of what is
    nearest to it. None where the text is JSON that is no YAML."""
    wanted = {index for index, _ in paths}
    try:
        nodes = {index: node for index, node in enumerate(_templates(text)) if index in wanted}
    except yaml.YAMLError:
        return {}
    return {(index, path): _line(nodes[index], path) for index, path in paths if index in nodes}


def line_of_key(text: str, key: str) -> int:
    """Of the first that was written so; 0 where there is none."""
    pending: list[Any] = [root for root in yaml.compose_all(text, Loader=LoaderAsWritten) if root is not None]
    pending.reverse()
    seen = set[int]()
    while pending:
        node = pending.pop()
        if id(node) in seen or isinstance(node, yaml.ScalarNode):
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            for one, _ in node.value:
                if isinstance(one, yaml.ScalarNode) and one.value == key:
                    return int(one.start_mark.line) + 1
            pending += [value for _, value in reversed(node.value)]
        else:
            pending += reversed(node.value)
    return 0


def _templates(text: str) -> Iterator[Any]:
    """Their nodes, in the order of `documents_of`."""
    for root in yaml.compose_all(text, Loader=LoaderAsWritten):
        if isinstance(root, yaml.SequenceNode):
            yield from root.value
        elif root is not None and root.tag != _NULL:
            yield root


def _line(node: Any, path: str) -> int:
    line = node.start_mark.line
    while path:
        if isinstance(node, yaml.MappingNode):
            found = _member(node, path)
            if found is None:
                break
            key, node, path = found
            line = key.start_mark.line
        elif isinstance(node, yaml.SequenceNode) and path.startswith("["):
            number, _, path = path[1:].partition("]")
            if not number.isdecimal() or int(number) >= len(node.value):
                break
            node = node.value[int(number)]
            line, path = node.start_mark.line, path.removeprefix(".")
        else:
            break
    return int(line) + 1


def _member(node: Any, path: str) -> tuple[Any, Any, str] | None:
    """The key, its value and what is left of the path: keys may have dots in them."""
    for key, value in node.value:
        rest = path.removeprefix(key.value) if isinstance(key, yaml.ScalarNode) else path
        if rest != path and (not rest or rest[0] in ".["):
            return key, value, rest.removeprefix(".")
    return None
