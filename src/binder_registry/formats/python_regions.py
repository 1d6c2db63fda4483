"""Python that is not followed (conditions, loops, functions, calls): what it can have changed. Pure.

Whatever it may have got hold of is spoiled; where it only adds to a list, the rest of the list stays known.
"""

import ast
from collections.abc import Iterator

from .marked import Unknown
from .python_values import Values, dotted, is_harmless, root

ADDING = ("append", "extend")
_MAKING = ("dict", "list")
_CHANGING = {"insert", "update", "pop", "popitem", "remove", "clear", "setdefault", "sort", "reverse", *ADDING}

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def functions(tree: ast.AST) -> list[Function]:
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def calls_others(node: ast.AST) -> bool:
    return any(_is_other_call(inner) for inner in ast.walk(node))


def touch(values: Values, node: ast.AST, unknown: Unknown) -> None:
    """What the code may change of what is known, is not known from here on."""
    given = _given(node)
    own = given | _own_names(node)
    added = {id(target): target for target, _ in _added_to(node) if isinstance(values.of(target), list)}
    for target, value in _added_to(node):
        if id(target) in added and root(target) not in own:
            _append(values, target, unknown)
            values.spoil_mentioned(value, unknown, own)
    stored = {name for name in _stored(node, added) if name.partition(".")[0] not in own}
    changes = any(_changes(inner, given) for inner in ast.walk(node) if not _adds_to(inner, added))
    if changes or stored:  # another name can be an alias
        values.spoil_mentioned(node, unknown, own, added)
    for inner in ast.walk(node):
        if _is_other_call(inner) and not _adds_to(inner, added):
            values.spoil_mentioned(inner, unknown, own, added)
    for name in stored:
        values.assign(name, unknown)


def _append(values: Values, target: ast.expr, unknown: Unknown) -> None:
    holder = values.of(target)
    if not holder or holder[-1] != unknown:
        holder.append(unknown)


def _added_to(node: ast.AST) -> Iterator[tuple[ast.expr, ast.AST]]:
    """The lists, and what is added."""
    for inner in ast.walk(node):
        match inner:
            case ast.Call(func=ast.Attribute(value=target, attr="append" | "extend"), args=[value], keywords=[]):
                yield target, value
            case ast.AugAssign(target=target, op=ast.Add(), value=value):
                yield target, value


def _adds_to(node: ast.AST, added: dict[int, ast.expr]) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=target)) | ast.AugAssign(target=target):
            return id(target) in added
    return False


def _changes(node: ast.AST, given: set[str]) -> bool:
    """In place: what a local name stands for can be part of what is known. What a caller gives was spoiled there."""
    match node:
        case ast.Subscript(ctx=ast.Store() | ast.Del()):
            return root(node) not in given
        case ast.Call(func=ast.Attribute(value=target, attr=method)):
            return method in _CHANGING and root(target) not in given
        case ast.AugAssign(target=target):
            return root(target) not in given
    return False


def _is_other_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and not is_harmless(node) and dotted(node.func) not in _MAKING


def _given(node: ast.AST) -> set[str]:
    if not isinstance(node, Function):
        return set()
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return {each.arg for each in every if each}


def _own_names(node: ast.AST) -> set[str]:
    """Of a function: what it assigns to without `global`."""
    if not isinstance(node, Function):
        return set()
    shared = {name for inner in ast.walk(node) if isinstance(inner, (ast.Global, ast.Nonlocal)) for name in inner.names}
    return _stored(node, {}) - shared


def _stored(node: ast.AST, added: dict[int, ast.expr]) -> set[str]:
    return {name for inner in ast.walk(node) if id(inner) not in added for name in _stored_by(inner)} - {""}


def _stored_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(ctx=ast.Store() | ast.Del()) | ast.Attribute(ctx=ast.Store() | ast.Del()):
            yield dotted(node)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case (
            ast.MatchAs(name=name)
            | ast.MatchStar(name=name)
            | ast.MatchMapping(rest=name)
            | ast.ExceptHandler(name=name)
        ):
            yield name or ""
        case ast.alias(name=name, asname=other):
            yield other or name
