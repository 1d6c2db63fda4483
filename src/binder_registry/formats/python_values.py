"""Values of Python's literals, and of the names that stand for them. Nothing is executed. Pure."""

import ast
import math
import operator
from collections.abc import Callable, Collection
from typing import Any

from .marked import Unknown, text_at

LARGEST = 1 << 63
LONGEST = 100_000  # elements and characters: a few lines can double them many times
MOST_VALUES = 1_000_000

_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}
_HARMLESS = {"print", "len", "str", "repr", "int", "float", "bool", "isinstance"}
_KINDS = {
    ast.Call: "a call",
    ast.JoinedStr: "an f-string",
    ast.Name: "a name",
    ast.Attribute: "a name",
    ast.Lambda: "a function",
    ast.IfExp: "a condition",
    ast.ListComp: "a loop",
    ast.DictComp: "a loop",
    ast.Subscript: "a lookup",
}


class Values:
    """What names stand for so far; lists and dicts are Python's own, so that two names can be one of them."""

    def __init__(self, file: str, before: int) -> None:
        self.file = file
        self.before = before  # lines above the first
        self.named: dict[str, Any] = {}
        self.narrowed: dict[str, Unknown] = {}  # lists that code shows by group

    def unknown(self, node: Any) -> Unknown:
        kind = _KINDS.get(type(node), "what is no literal")
        return Unknown(f"{kind} ({_shown(node)})", self.at(node))

    def at(self, node: Any) -> str:
        return f"{self.file}, line {self.before + node.lineno}"

    def assign(self, name: str, value: Any) -> None:
        for below in [other for other in self.named if other.startswith(f"{name}.")]:
            del self.named[below]
        self.named[name] = value

    def joined(self, left: str, right: str, node: Any) -> Any:
        return text_at(self.bounded(str(left) + str(right), node), self.file, self.before + node.lineno)

    def bounded(self, value: Any, node: Any) -> Any:
        if len(value) > LONGEST:
            raise ValueError(f"{self.at(node)}: is longer than anybody can mean")
        return value

    def of(self, node: ast.AST) -> Any:
        match node:
            case ast.Constant(value=str() as text):
                return text_at(text, self.file, self.before + node.lineno)
            case ast.Constant(value=None | bool() | int() | float() as value):
                return value
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                return self._list(elements)
            case ast.Dict():
                return self._dict(node)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                value = self.of(operand)
                return -value if _is_number(value) else self._lost(node)
            case ast.BinOp(op=op):
                return self._operation(node, type(op))
            case ast.Subscript(value=holder, slice=key):
                return self._inner(node, self.of(holder), self.of(key))
            case ast.Call(func=ast.Name(id="dict" | "list" as kind)) if kind not in self.named:
                return self._made(node, kind)
        name = dotted(node)
        return self.named[name] if name in self.named else self._lost(node)

    def _list(self, elements: list[ast.expr]) -> list[Any]:
        values: list[Any] = []
        for element in elements:
            if isinstance(element, ast.Starred):
                inner = self.of(element.value)
                values += inner if isinstance(inner, list) else [self._lost(element.value)]
                self.bounded(values, element)
            else:
                values.append(self.of(element))
        return values

    def _dict(self, node: ast.Dict) -> Any:
        values: dict[Any, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                inner = self.of(value)
                values |= inner if isinstance(inner, dict) else {self._lost(value): None}
                continue
            name = self.of(key)
            if isinstance(name, (list, dict)):
                return self._lost(node)
            values[name] = self.of(value)
        return values

    def _inner(self, node: ast.AST, holder: Any, key: Any) -> Any:
        try:
            return holder[key] if isinstance(holder, (dict, list)) else self._lost(node)
        except (KeyError, IndexError, TypeError):
            return self._lost(node)

    def _made(self, node: ast.Call, kind: str) -> Any:
        """`dict(a, b=1)` and `list(a)`."""
        names: list[ast.expr | None] = [
            ast.copy_location(ast.Constant(each.arg), each) if each.arg else None for each in node.keywords
        ]
        keywords = ast.Dict(names, [each.value for each in node.keywords])
        start = [self.of(argument) for argument in node.args]
        if kind == "list" and not node.keywords and len(start) <= 1 and all(isinstance(each, list) for each in start):
            return [value for each in start for value in each]
        if kind == "dict" and len(start) <= 1 and all(isinstance(each, dict) for each in start):
            return {key: value for each in (*start, self._dict(keywords)) for key, value in each.items()}
        return self._lost(node)

    def _operation(self, node: ast.BinOp, kind: type[ast.operator]) -> Any:
        left, right = self.of(node.left), self.of(node.right)
        if kind is ast.Add and isinstance(left, list) and isinstance(right, list):
            return self.bounded(left + right, node)
        if kind is ast.Add and isinstance(left, str) and isinstance(right, str):
            return self.joined(left, right, node)
        if kind is ast.Pow and _is_number(left) and _is_number(right) and abs(left) <= 1024 and 0 <= right <= 6:
            return left**right
        if kind in _ARITHMETIC and _is_number(left) and _is_number(right):
            if right == 0 and kind in (ast.Div, ast.FloorDiv):
                return self._lost(node)
            value = _ARITHMETIC[kind](left, right)
            return value if abs(value) < LARGEST else self._lost(node)
        return self._lost(node)

    def _lost(self, node: ast.AST) -> Unknown:
        """What is made of it can be it, or a part of it, under a name that is not followed."""
        unknown = self.unknown(node)
        if not is_harmless(node):
            self.spoil_mentioned(node, unknown)
        return unknown

    def spoil_mentioned(
        self, node: ast.AST, unknown: Unknown, own: Collection[str] = (), but: Collection[int] = ()
    ) -> None:
        for inner in ast.walk(node):
            if dotted(inner) in self.named and root(inner) not in own and id(inner) not in but:
                spoil(self.named[dotted(inner)], unknown)


def is_harmless(node: ast.AST) -> bool:
    """Calls of these change nothing, and keep nothing."""
    return isinstance(node, ast.Call) and dotted(node.func) in _HARMLESS


def spoil(value: Any, unknown: Unknown) -> None:
    """Whoever got hold of a list or dict can have changed it, and all that is in it."""
    if isinstance(value, dict):
        inner = list(value.values())
        value.clear()
        value[Unknown(unknown.what, unknown.at, lost=True)] = None
    elif isinstance(value, list):
        inner = list(value)
        value[:] = [Unknown(unknown.what, unknown.at, lost=True)]
    else:
        return
    for each in inner:
        spoil(each, unknown)


def is_lost(holder: Any) -> bool:
    return isinstance(holder, (list, dict)) and any(isinstance(each, Unknown) and each.lost for each in holder)


def check_size(value: Any, file: str) -> None:
    """Raises `ValueError` for what holds itself, and for what unfolds to too much."""
    if _size(value, {}) > MOST_VALUES:
        raise ValueError(f"{file}: its lists unfold to more than anybody can mean")


def _size(value: Any, known: dict[int, float]) -> float:
    if not isinstance(value, (list, dict)):
        return 1
    if id(value) not in known:
        known[id(value)] = math.inf  # until it is known: what holds itself has no end
        inner = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_size(each, known) for each in inner)
    return known[id(value)]


def dotted(node: ast.AST) -> str:
    """`c.KubeSpawner.profile_list`, or nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        start = dotted(node.value)
        return f"{start}.{node.attr}" if start else ""
    return ""


def root(node: ast.AST) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -math.inf < value < math.inf


def _shown(node: ast.AST) -> str:
    try:
        text = " ".join(ast.unparse(node).split())
    except (ValueError, RecursionError):
        return "…"
    return text if len(text) <= 40 else f"{text[:39]}…"
