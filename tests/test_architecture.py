"""The arrows between the modules point one way."""

import ast
import sys
from importlib.util import resolve_name
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
PACKAGE = "binder_registry"
BACKENDS = ("memory", "postgres", "sqlite")

# What each part may import besides itself. A part is a module or a package of `binder_registry`.
DECLARED = {"members", "settings", "choices", "template"}
RULED = DECLARED | {"errors", "options", "option_rules", "rules", "setting_rules"}
TEMPLATES = RULED | {"strict_json", "wire"}
CHANGES = TEMPLATES | {"changes"}
CONTRACTS = CHANGES | {"store", "log_contract"}
STORES = CONTRACTS | {"batch", "log_store"}
RULES = STORES | {"selector", "apply", "auth", "lookalikes", "differences"}
DOMAIN = RULES | {"registry"}
MAY_IMPORT = {
    "errors": set[str](),
    "members": set[str](),
    "settings": {"members", "options"},
    "choices": {"members", "options", "settings"},
    "template": {"members", "settings", "choices"},
    "options": set[str](),
    "setting_rules": {"members", "settings"},
    "option_rules": DECLARED - {"template"} | {"options", "setting_rules"},
    "rules": DECLARED | {"errors", "option_rules", "setting_rules"},
    "differences": DECLARED,
    "strict_json": {"errors"},
    "wire": RULED | {"strict_json"},
    "changes": TEMPLATES,
    "store": CHANGES,
    "log_contract": CHANGES,
    "quantities": set[str](),
    "slugs": set[str](),
    "formats": TEMPLATES | {"quantities", "slugs"},
    "verify": CONTRACTS,
    "batch": CONTRACTS,
    "log_store": CONTRACTS | {"batch"},
    "selector": TEMPLATES,
    "lookalikes": {"errors", "template"},
    "apply": TEMPLATES | {"selector", "differences"},
    "auth": {"errors"},
    "registry": RULES,
    "backends": STORES,
    "server": DOMAIN,
    "client": DOMAIN,
    "conformance": DOMAIN,
    "hub_auth": {"errors", "auth"},
    "hub": {"options", "slugs"},
    "jupyterhub": set[str](),
    "prepull": {"jupyterhub"},
}
# The edges, which wire everything: nothing else imports them.
EDGES = {"cli", "config", "__main__", "__init__"}
EMBEDDED_IN_A_HUB = {"hub", "jupyterhub", "options", "slugs"}


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted((SOURCE / PACKAGE).rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def source_of(node: ast.ImportFrom, module: str) -> str:
    """The full name of what `from … import` names, in `module`."""
    if not node.level:
        return str(node.module)
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    return resolve_name("." * node.level + (node.module or ""), package)


def imports(module: str) -> set[str]:
    """Full names of what a module imports, inside functions too; `from a import b` is `a.b` where that is a module."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = source_of(node, module)
            named = {f"{source}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else source for name in named}
    return found


def part(module: str) -> str:
    """`binder_registry.backends.sqlite` is of the part `backends`."""
    _, _, inner = module.partition(".")
    return inner.partition(".")[0] or "__init__"


def parts_imported(module: str) -> set[str]:
    """Without the package itself, of which only `__version__` is there before the lazy names are asked for."""
    return {part(name) for name in imports(module) if name.startswith(f"{PACKAGE}.")} - {part(module)}


@pytest.mark.parametrize("module", [module for module in MODULES if part(module) not in EDGES])
def test_a_module_imports_only_what_its_part_may(module: str) -> None:
    allowed = MAY_IMPORT.get(part(module))

    assert allowed is not None, f"say in MAY_IMPORT what {part(module)} may import"
    assert parts_imported(module) <= allowed


def test_the_arrows_make_no_circle() -> None:
    reachable = {name: set(allowed) for name, allowed in MAY_IMPORT.items()}

    for _ in MAY_IMPORT:
        for name, found in reachable.items():
            reachable[name] = found.union(*(reachable[other] for other in found))

    assert [name for name, found in reachable.items() if name in found] == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_backends_do_not_import_each_other(backend: str) -> None:
    own = [module for module in MODULES if module.startswith(f"{PACKAGE}.backends.{backend}")]
    others = tuple(f"{PACKAGE}.backends.{other}" for other in BACKENDS if other != backend)

    assert own
    assert [name for module in own for name in imports(module) if name.startswith(others)] == []


@pytest.mark.parametrize("module", [module for module in MODULES if part(module) in EMBEDDED_IN_A_HUB])
def test_what_a_hub_imports_needs_nothing_of_ours(module: str) -> None:
    others = {name.partition(".")[0] for name in imports(module)} - {PACKAGE, *sys.stdlib_module_names}

    assert others <= {"tornado"}


@pytest.mark.parametrize("third_party", ["starlette", "uvicorn", "httpx2", "click", "rich", "psycopg"])
def test_the_domain_knows_no_technology(third_party: str) -> None:
    domain = [module for module in MODULES if part(module) in DOMAIN]

    assert domain
    assert [module for module in domain for name in imports(module) if name.partition(".")[0] == third_party] == []


@pytest.mark.parametrize("module", [module for module in MODULES if part(module) not in EDGES])
def test_of_the_package_itself_only_its_version_is_imported(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text())

    taken = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and source_of(node, module) == PACKAGE
        for alias in node.names
        if f"{PACKAGE}.{alias.name}" not in MODULES
    }

    assert taken <= {"__version__"}
