"""What the aliases of a YAML document unfold to, measured before anything is made of it."""

from collections.abc import Iterator
from typing import Any, NoReturn

import yaml

DEEPEST = 100  # levels
# Values, or 64 characters of a text, each: a few hundred bytes of aliases can stand for billions.
MOST_UNFOLDED = 500_000
MOST_TIMES = 20  # more than `MOST_UNFOLDED` by so many times what was written

_CAP = 1 << 62


class Unfolding:
    """Of all documents of one text."""

    def __init__(self) -> None:
        self.written = 0
        self.unfolded = 0

    def add(self, root: Any) -> None:
        """Raises `yaml.YAMLError` for an alias within what it stands for, and for what is too much or too deep."""
        measured: dict[int, tuple[int, int]] = {}  # size and depth
        entered = {id(root)}
        pending = [(root, _inner(root))]
        while pending:
            node, inner = pending[-1]
            for child in inner:
                if id(child) in measured:
                    continue
                if id(child) in entered:
                    _refuse("an alias stands within what it is an alias of", node)
                entered.add(id(child))
                pending.append((child, _inner(child)))
                break
            else:
                pending.pop()
                measured[id(node)] = self._measure(node, [measured[id(child)] for child in _inner(node)])
        self.unfolded += measured[id(root)][0]
        if self.unfolded > MOST_UNFOLDED + MOST_TIMES * self.written:
            _refuse("its aliases unfold to more than anybody can mean", root)

    def _measure(self, node: Any, inner: list[tuple[int, int]]) -> tuple[int, int]:
        own = 1 + (len(node.value) // 64 if isinstance(node, yaml.ScalarNode) else 0)
        self.written += own
        depth = 1 + max((depth for _, depth in inner), default=0)
        if depth > DEEPEST:
            _refuse(f"it is nested deeper than {DEEPEST} levels", node)
        return min(own + sum(size for size, _ in inner), _CAP), depth


def _inner(node: Any) -> Iterator[Any]:
    if isinstance(node, yaml.MappingNode):
        return (part for pair in node.value for part in pair)
    return iter(node.value if isinstance(node, yaml.SequenceNode) else ())


def _refuse(problem: str, node: Any) -> NoReturn:
    raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
