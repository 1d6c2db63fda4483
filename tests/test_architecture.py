"""The arrows between the modules point one way: between the parts, between the rooms of the server, and never in a
circle.

What is imported inside a function, or only for the type checker, counts as any import does.
"""

import ast
import sys
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
PACKAGE = "binder_registry"
BACKENDS = ("memory", "postgres", "sqlite")

# What each part may import besides itself. A part is a module or a package of `binder_registry`.
DECLARED = {"lengths", "member_schema", "settings", "choices", "channels", "template"}
RULED = DECLARED | {
    "kept_members",
    "must_understand",
    "errors",
    "error_bodies",
    "options",
    "option_rules",
    "rules",
    "setting_rules",
}
TEMPLATES = RULED | {"go_json", "interpreter", "strict_json", "wire", "wire_values"}
CHANGES = TEMPLATES | {"changes"}
CONTRACTS = CHANGES | {"store", "log_contract", "token_contract"}
STORES = CONTRACTS | {
    "clock",
    "draft_changes",
    "staged_drafts",
    "appending",
    "part",
    "batch",
    "outermost",
    "promotions",
    "purging",
    "token_book",
    "log_store",
}
RULES = STORES | {"selector", "apply", "apply_promotions", "auth", "lookalikes", "differences"}
TOKENS = {"token_text", "token_rules", "token_uses", "tokens"}
VIEW = {"offering", "form_order", "withheld", "view", "ecma_patterns", "start_schema"}
USES = {"catching_up", "planned", "within_reach", "shown_log", "registry"}
DOMAIN = RULES | TOKENS | VIEW | USES | {"apply_body", "docker_run", "fast_body", "reading"}
MAY_IMPORT = {
    "errors": {"error_bodies"},
    "error_bodies": set[str](),
    "lengths": set[str](),
    "member_schema": {"lengths"},
    "settings": {"lengths", "member_schema", "options"},
    "choices": {"lengths", "member_schema", "options", "settings"},
    "channels": {"lengths", "member_schema"},
    "template": {"lengths", "member_schema", "settings", "choices", "channels"},
    "kept_members": {"channels"},
    "matching": set[str](),
    "options": {"matching"},
    "offering": set[str](),
    "form_order": set[str](),
    "withheld": {"options"},
    "view": {"form_order", "offering", "options", "withheld"},
    "ecma_patterns": set[str](),
    "start_schema": {"ecma_patterns", "member_schema", "offering", "options", "view"},
    "setting_rules": {"lengths", "member_schema", "settings"},
    "reading": {"errors"},
    "remembered": set[str](),
    "option_rules": DECLARED - {"template"} | {"options", "remembered", "setting_rules"},
    "rules": DECLARED | {"errors", "option_rules", "setting_rules"},
    "differences": DECLARED | {"remembered"},
    "go_json": set[str](),
    "must_understand": DECLARED | {"kept_members"},
    "interpreter": set[str](),
    "strict_json": {"errors", "interpreter"},
    "wire_values": {"channels", "go_json", "lengths", "strict_json"},
    "wire": RULED | {"go_json", "strict_json", "wire_values"},
    "changes": TEMPLATES,
    "store": CHANGES,
    "log_contract": CHANGES,
    "quantities": set[str](),
    "descriptors": set[str](),
    "docker_run": DECLARED | {"options"},
    "file_names": set[str](),
    "installing": set[str](),
    "jitter": set[str](),
    "sync_folder": set[str](),
    "clock": set[str](),
    "slugs": set[str](),
    "token_text": set[str](),
    "formats": TEMPLATES | {"quantities", "slugs"},
    "verify": CONTRACTS | {"clock", "verify_tokens"},
    "verify_tokens": CONTRACTS,
    "draft_changes": CHANGES,
    "staged_drafts": CONTRACTS | {"clock", "draft_changes"},
    "appending": {"changes", "log_contract"},
    "part": set[str](),
    "batch": CONTRACTS | {"appending", "clock", "draft_changes", "part", "staged_drafts", "token_book"},
    "promotions": CONTRACTS | {"batch", "draft_changes"},
    "purging": CONTRACTS | {"batch", "promotions"},
    "outermost": CONTRACTS | {"appending", "batch", "clock", "token_book"},
    "log_store": CONTRACTS
    | {"batch", "clock", "draft_changes", "outermost", "promotions", "purging", "staged_drafts", "token_book"},
    "token_contract": set[str](),
    "token_book": {"clock", "lengths", "token_contract"},
    "token_rules": {"auth", "errors", "globs", "lengths", "selector"},
    "token_uses": STORES | {"auth", "globs", "token_rules", "token_text"},
    "tokens": {"auth", "clock", "errors", "token_book", "token_contract", "token_rules", "token_text"},
    "globs": {"errors", "lengths"},
    "selector": TEMPLATES,
    "lookalikes": {"errors", "template"},
    "apply_promotions": CHANGES | {"draft_changes", "promotions", "selector"},
    "apply": TEMPLATES | {"apply_promotions", "selector", "differences"},
    "apply_body": TEMPLATES | {"apply", "remembered"},
    "fast_body": TEMPLATES,
    "auth": {"errors", "lengths", "globs", "selector"},
    "catching_up": STORES | {"apply", "planned"},
    "planned": CHANGES | {"apply", "apply_promotions", "draft_changes"},
    "within_reach": RULES | {"planned"},
    "shown_log": STORES,
    "registry": RULES | {"catching_up", "planned", "shown_log", "within_reach", "token_rules", "token_uses"},
    "backends": STORES | {"descriptors", "file_names", "installing", "jitter", "sync_folder"},
    "server": DOMAIN | {"globs", "jitter", "version"},
    "client": DOMAIN | {"file_names", "jitter", "version"},
    "conformance": DOMAIN | {"verify"},
    "hub_auth": {"errors", "auth"},
    "hub_login": {"errors", "hub_auth"},
    "publishers": {"auth", "errors", "globs", "lengths", "token_rules"},
    "hub": {"form_order", "jitter", "offering", "options", "slugs"},
    "jupyterhub": set[str](),
    "prepull": {"hub"},
    "version": set[str](),
}
# The edges, which wire everything, and who imports them.
EDGES = {"cli": {"__main__"}, "client": {"cli", "__init__"}, "__main__": set[str](), "__init__": set[str]()}
FREE = EDGES.keys() - MAY_IMPORT.keys()
# The rooms of the server, from the bottom up: each file imports from its own layer and from those below.
DECLARATIONS = (
    "description.bodies",
    "description.document_parameters",
    "description.parameters",
    "description.schemas",
    "description.token_bodies",
    "description.token_schemas",
    "description.view_bodies",
    "description.view_parameters",
)
SERVER_LAYERS = (
    ("histogram", "lanes", "limits", "rates", "readers", "shares", "turns"),
    ("live",),
    DECLARATIONS,
    ("http",),
    ("metrics",),
    ("server_options",),
    ("service",),
    ("renewed",),
    ("handlers",),
    ("route", "server_routes", "token_routes", "login_routes", "routes"),
    ("description.openapi",),
    ("app", "metrics_listener"),
    ("uvicorn_server",),
)
SERVER_PACKAGES = ("", "description")  # their `__init__` only give names
UVICORN_PARTS = f"{PACKAGE}.server.http.uvicorn_parts"
LONGEST_FILE = 300  # lines
MOUNTED = {"jupyterhub"}  # one file on purpose: hubs mount it
SHOWS_METRICS = {f"{PACKAGE}.hub.metrics", f"{PACKAGE}.jupyterhub"}  # where the hub has what that takes
EMBEDDED_IN_A_HUB = {"form_order", "hub", "jupyterhub", "matching", "offering", "options", "slugs"}


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


@cache
def imports(module: str) -> frozenset[str]:
    """Full names of what a module imports, inside functions too; `from a import b` is `a.b` where that is a module."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = source_of(node, module)
            named = {f"{source}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else source for name in named}
    return frozenset(found)


def part(module: str) -> str:
    """`binder_registry.backends.sqlite` is of the part `backends`."""
    _, _, inner = module.partition(".")
    return inner.partition(".")[0] or "__init__"


def parts_imported(module: str) -> set[str]:
    return {part(name) for name in imports(module) if name.partition(".")[0] == PACKAGE} - {part(module)}


@pytest.mark.parametrize("module", [module for module in MODULES if part(module) not in FREE])
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

    assert others <= {"tornado"} | ({"prometheus_client"} if module in SHOWS_METRICS else set())


@pytest.mark.parametrize("reader", ["offering_of", "rules_read"])
def test_a_registry_says_what_a_hub_offers_without_what_hubs_need(reader: str) -> None:
    inner = {module: set(imports(module) & MODULES.keys()) for module in MODULES}
    needed = {f"{PACKAGE}.hub.{reader}", *_reachable(f"{PACKAGE}.hub.{reader}", inner)}

    others = {name.partition(".")[0] for module in needed for name in imports(module)}
    assert others - {PACKAGE, *sys.stdlib_module_names} == set()


@pytest.mark.parametrize("third_party", ["starlette", "uvicorn", "httpx2", "click", "rich", "psycopg"])
def test_the_domain_knows_no_technology(third_party: str) -> None:
    domain = [module for module in MODULES if part(module) in DOMAIN]

    assert domain
    assert [module for module in domain for name in imports(module) if name.partition(".")[0] == third_party] == []


@pytest.mark.parametrize("edge", EDGES)
def test_nothing_but_an_edge_imports_an_edge(edge: str) -> None:
    importers = {part(module) for module in MODULES if edge in parts_imported(module)}

    assert importers <= EDGES[edge]


def test_every_part_that_is_named_is_there() -> None:
    named = MAY_IMPORT.keys() | EDGES.keys() | EMBEDDED_IN_A_HUB | set[str]().union(*MAY_IMPORT.values())

    assert named - {part(module) for module in MODULES} - {"__init__"} == set()


def test_no_modules_import_each_other_by_any_way() -> None:
    inner = {module: set(imports(module) & MODULES.keys() - {module}) for module in MODULES}

    assert circles(inner) == []


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """The sets of modules that are all reachable from each other (strongly connected components of two or more)."""
    reachable = {module: _reachable(module, arrows) for module in arrows}
    together = {
        tuple(sorted(other for other in found if module in reachable[other]))
        for module, found in reachable.items()
        if module in found
    }
    return sorted(map(list, together))


def _reachable(module: str, arrows: dict[str, set[str]]) -> set[str]:
    found, left = set[str](), [module]
    while left:
        new = arrows[left.pop()] - found
        found |= new
        left += new
    return found


def layer(module: str) -> int | None:
    """The layer of a module of the server; None outside of it, and for packages that only give names."""
    inner = module.removeprefix(f"{PACKAGE}.server").removeprefix(".")
    if part(module) != "server" or inner in SERVER_PACKAGES:
        return None
    [number] = [
        number
        for number, rooms in enumerate(SERVER_LAYERS)
        if any(f"{inner}.".startswith(f"{room}.") for room in rooms)
    ]
    return number


@pytest.mark.parametrize("module", [module for module in MODULES if layer(module) is not None])
def test_in_the_server_no_arrow_points_up(module: str) -> None:
    own = layer(module)
    assert own is not None

    assert [name for name in imports(module) if name in MODULES and (layer(name) or 0) > own] == []


def test_every_layer_of_the_server_is_there() -> None:
    assert {layer(module) for module in MODULES} - {None} == set(range(len(SERVER_LAYERS)))


@pytest.mark.parametrize("module", [module for module in MODULES if part(module) == "server"])
def test_the_server_asks_the_registry_and_not_what_lies_behind_it(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text())

    assert parts_imported(module) & {"backends", "log_contract", "log_store", "store"} == set()
    assert [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "store"] == []


def test_only_the_service_knows_where_tokens_are_kept() -> None:
    trees = {module: ast.parse(MODULES[module].read_text()) for module in MODULES if part(module) == "server"}

    reaching = {
        module
        for module, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "auth_store"
    }
    assert reaching == {f"{PACKAGE}.server.service"}


def test_what_is_private_to_uvicorn_is_imported_in_one_file() -> None:
    private = [module for module in MODULES for name in imports(module) if name.startswith("uvicorn.")]

    assert set(private) == {UVICORN_PARTS}


@pytest.mark.parametrize("module", [module for module in MODULES if part(module) not in MOUNTED])
def test_no_file_is_too_long_to_read(module: str) -> None:
    assert len(MODULES[module].read_text().splitlines()) <= LONGEST_FILE
