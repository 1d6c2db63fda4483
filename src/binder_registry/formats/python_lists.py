"""KubeSpawner's profile_list as jupyterhub_config.py writes it, read without executing anything. Pure."""

import ast
import re
import warnings
from typing import Any

from .marked import Unknown
from .python_regions import ADDING, calls_others, functions, touch
from .python_values import Values, check_size, dotted, is_lost, spoil

NARROWED = "narrowed"  # beside a list of which code shows each user a part

_GROUPS = re.compile(r"allowed_(?:groups|teams)")
_SETTINGS = ("profile_list", "image")
_DEEPEST = 200  # levels


def python_values(source: str, file: str, before: int = 0) -> dict[str, dict[str, Any]]:
    """`profile_list` and `image` of each class of spawners that has a list: `{"KubeSpawner": {…}}`.

    What cannot be known is `Unknown`, and so is `narrowed`, the code that shows a list by groups. `before`: lines of
    the file above the first. Raises `ValueError`.
    """
    tree = _parsed(source, file, before)
    values = Values(file, before)
    within = functions(tree)
    for statement in tree.body:
        if narrows_by_groups(source) and (name := _narrowed(values, statement)):
            values.narrowed[name] = values.unknown(statement.value)  # type: ignore[attr-defined]
            continue
        if calls_others(statement):
            _touch_all(values, within)
        _follow(values, statement)
    _touch_all(values, within)
    found: dict[str, dict[str, Any]] = {}
    for name, value in values.named.items():
        spawner, _, setting = name.rpartition(".")
        if spawner.startswith("c.") and setting in _SETTINGS and f"{spawner}.profile_list" in values.named:
            found.setdefault(spawner.removeprefix("c."), {})[setting] = value
    for name, unknown in values.narrowed.items():
        found[name.removeprefix("c.").removesuffix(".profile_list")][NARROWED] = unknown
    check_size(list(found.values()), file)
    return found


def narrows_by_groups(source: str) -> bool:
    return _GROUPS.search(source) is not None


def _narrowed(values: Values, node: ast.stmt) -> str:
    """`c.KubeSpawner.profile_list = only_allowed(c.KubeSpawner.profile_list)`: the list stays what it was."""
    match node:
        case ast.Assign(
            targets=[ast.Attribute(attr="profile_list") as target], value=ast.Call(func=ast.Name()) as call
        ):
            name = dotted(target)
            itself = any(dotted(inner) == name for inner in ast.walk(call))
            return name if itself and isinstance(values.named.get(name), list) else ""
    return ""


def _parsed(source: str, file: str, before: int) -> ast.Module:
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(source)
    except SyntaxError as error:
        line = f", line {before + error.lineno}" if error.lineno else ""
        raise ValueError(f"{file}{line}: not valid Python: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"{file}: not valid Python: {str(error) or 'it is nested too deeply'}") from None
    if _depth(tree) > _DEEPEST:
        raise ValueError(f"{file}: not valid Python: it is nested deeper than {_DEEPEST} levels")
    return tree


def _depth(tree: ast.AST) -> int:
    level, depth = [tree], 0
    while level:
        level, depth = [child for node in level for child in ast.iter_child_nodes(node)], depth + 1
    return depth


def _touch_all(values: Values, within: list[Any]) -> None:
    for function in within:
        touch(values, function, Unknown("what a function adds or changes", values.at(function)))


def _follow(values: Values, node: ast.stmt) -> None:
    match node:
        case ast.Assign(targets=targets, value=value):
            _touch_calls(values, value)
            found = values.of(value)
            for target in targets:
                _store(values, target, found)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            _touch_calls(values, value)
            _store(values, target, values.of(value))
        case ast.AugAssign(target=target, op=ast.Add(), value=value):
            _touch_calls(values, value)
            _add(values, target, value)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=target, attr=method), args=[argument], keywords=[])) if (
            method in ADDING and isinstance(values.of(target), list)
        ):
            _touch_calls(values, argument)
            added = ast.copy_location(ast.List([argument], ast.Load()), argument) if method == "append" else argument
            _add(values, target, added)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            values.named.pop(node.name, None)
        case ast.Import() | ast.ImportFrom():
            for alias in node.names:
                values.named.pop(alias.asname or alias.name, None)
        case ast.Expr() | ast.Assert():
            _touch_calls(values, node)
        case _:
            start = ast.unparse(node).partition("\n")[0]
            touch(values, node, Unknown(f"what `{start[:40]}` does", values.at(node)))


def _touch_calls(values: Values, node: ast.AST) -> None:
    if calls_others(node):
        touch(values, node, values.unknown(node.value if isinstance(node, ast.Expr) else node))


def _store(values: Values, target: ast.expr, value: Any) -> None:
    if name := dotted(target):
        values.assign(name, value)
        return
    if isinstance(target, ast.Subscript):
        holder, key = values.of(target.value), values.of(target.slice)
        fits = isinstance(holder, list) and isinstance(key, int) and -len(holder) <= key < len(holder)
        if fits or (isinstance(holder, dict) and isinstance(key, (str, int))):
            holder[key] = value
            if is_lost(holder):
                spoil(value, values.unknown(target))
            return
    spoil(value, values.unknown(target))
    assignment = ast.Assign([target], ast.Constant(None), lineno=target.lineno)
    touch(values, assignment, values.unknown(target))


def _add(values: Values, target: ast.expr, value: ast.expr) -> None:
    """In place, as `+=`, `append` and `extend` do it."""
    holder, added = values.of(target), values.of(value)
    if is_lost(holder):
        spoil(added, values.unknown(target))
        added = values.unknown(target)
    if isinstance(holder, list):
        holder += added if isinstance(added, list) else [values.unknown(value)]
        values.bounded(holder, value)
    else:
        both = isinstance(holder, str) and isinstance(added, str)
        _store(values, target, values.joined(holder, added, target) if both else values.unknown(target))
