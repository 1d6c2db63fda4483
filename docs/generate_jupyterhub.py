"""Writes src/binder_registry/jupyterhub.py, which hubs mount, from hub/: `make hub`. A test holds the file to them."""

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "binder_registry"
FILE = SOURCE / "jupyterhub.py"
PARTS = (  # each stands on those before it
    *("slugs", "jitter", "matching", "options"),
    *("hub/texts", "hub/refusals", "hub/rules", "hub/channels", "hub/commands"),
    *("hub/overrides", "hub/images"),
    *(
        "hub/marks",
        "hub/merging",
        "hub/kinds",
        "hub/limits",
        "hub/settings",
        "hub/groups",
        "hub/groups_seen",
        "hub/offerable",
        "hub/choosing",
    ),
    *(
        "hub/turns",
        "hub/form",
        "hub/profile_options",
        "form_order",
        "hub/offers",
        "hub/view",
        "hub/catalogue",
        "hub/answers",
        "hub/pauses",
        "hub/snapshot",
    ),
    *(
        "hub/event_stream",
        "hub/telling",
        "hub/histories",
        "hub/follower",
        "hub/resolving",
        "hub/start",
        "hub/metrics",
        "hub/parameters",
        "hub/hooks",
    ),
    *("hub/rules_file", "hub/configure"),
)
INTRODUCTION = '''\
"""What a JupyterHub imports, so that its list of environments is the registry's, live.

    # jupyterhub_config.py
    from binder_registry.jupyterhub import configure
    configure(c, url="http://registry:8080", token="…")

A single file, standard library and tornado only: it can be mounted into a hub's image as it is. Written by `make hub`
from hub/, slugs.py, jitter.py, matching.py, options.py and form_order.py: change those.
"""
'''


def written() -> str:
    """Raises `ValueError` where two parts call something the same."""
    imports: list[str] = []
    bodies: list[str] = []
    names: Counter[str] = Counter()
    for part in PARTS:
        text = (SOURCE / f"{part}.py").read_text()
        tree = ast.parse(text)
        bodies.append(f"\n# ── {part}.py ──\n{_body(text, tree)}")
        imports += [ast.unparse(node) for node in tree.body if _is_import(node) and not _is_own(node)]
        names.update(name for node in tree.body for name in _defined(node))
    if doubled := [name for name, times in names.items() if times > 1]:
        raise ValueError(f"two parts define {', '.join(doubled)}")
    return _tidied("\n".join([INTRODUCTION, *imports, *bodies]))


def _body(text: str, tree: ast.Module) -> str:
    """Its docstring as a comment, and everything but the imports."""
    lines = text.splitlines()
    docstring, *rest = tree.body
    for node in (docstring, *filter(_is_import, rest)):
        assert node.end_lineno
        lines[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
    said = (ast.get_docstring(tree) or "").splitlines()
    return "\n".join([*(f"# {line}".rstrip() for line in said), *lines])


def _is_import(node: ast.AST) -> bool:
    return isinstance(node, (ast.Import, ast.ImportFrom))


def _is_own(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom) and node.level and any(alias.asname for alias in node.names):
        raise ValueError(f"{ast.unparse(node)}: the single file has no place for another name")
    return isinstance(node, ast.ImportFrom) and bool(node.level)


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)]


def _tidied(text: str) -> str:
    ruff = [sys.executable, "-m", "ruff"]
    file = ["--stdin-filename", str(FILE), "-"]
    for command in (["check", "--quiet", "--select", "I", "--fix"], ["format", "--quiet"]):
        done = subprocess.run([*ruff, *command, *file], input=text, capture_output=True, text=True, check=True)  # noqa: S603
        text = done.stdout
    return text


if __name__ == "__main__":
    FILE.write_text(written())
