"""Which scope each way to write needs, over HTTP: the quick path and the ordinary one say the same."""

from typing import Any

import msgspec
import pytest

from binder_registry import Identity, InMemoryStore, Registry, Template
from binder_registry.auth import Scope
from binder_registry.server import App, Options
from binder_registry.server.routes import ROUTES
from binder_registry.server.uvicorn_server import protocol_of

from .recording import Connection, started
from .sockets import request

PROMOTE = {"promote": {"channel": "stable", "label": "*"}}
NEEDS: dict[tuple[str, str], list[Any]] = {
    ("POST", "/templates"): [({"name": "r", "image-name": "i"}, {"write"})],
    ("PUT", "/templates/scipy"): [({"command": "c"}, {"write"})],
    ("PATCH", "/templates/scipy"): [({"command": "d"}, {"write"})],
    ("POST", "/templates/scipy/restore"): [({"revision": 1}, {"write"})],
    ("DELETE", "/templates/scipy/changes/2"): [(None, {"admin"})],
    ("PUT", "/templates/scipy/channels/stable"): [(None, {"promote"}), ({"revision": 1}, {"promote"})],
    ("DELETE", "/templates/scipy/channels/stable"): [(None, {"promote"})],
    ("POST", "/apply"): [
        (PROMOTE, {"promote"}),
        ({**PROMOTE, "dry-run": True}, {"promote"}),
        ({"templates": [{"name": "a", "image-name": "i"}]}, {"write"}),
        ({"templates": []}, {"write"}),
        ({**PROMOTE, "templates": [{"name": "b", "image-name": "i"}]}, set()),  # of each scope alone
        ({**PROMOTE, "delete": {"scipy": None}, "dry-run": True}, set()),
        ({**PROMOTE, "prune": "a=b", "allow-empty": True}, set()),
    ],
    ("DELETE", "/templates/scipy"): [(None, {"write"})],
}


class OneScopeEach:
    """A token is the scope that it holds."""

    blocking = False

    def identify(self, token: str) -> Identity:
        return Identity(token, frozenset({Scope(token)}))


@pytest.mark.parametrize("origins", [(), ("https://hub.example",)], ids=["quick", "ordinary"])
@pytest.mark.parametrize("scope", Scope)
def test_each_way_to_write_needs_its_own_scope(scope: Scope, origins: tuple[str, ...]) -> None:
    store = InMemoryStore()
    store.register_template(Template(name="scipy", image_name="i"))
    store.promote_template("scipy", "stable")
    rows = [(method, path, body, needed) for (method, path), every in NEEDS.items() for body, needed in every]

    with started(App(Registry(store, OneScopeEach()), Options(cors_origins=origins))) as (loop, app):
        connection = Connection(loop, protocol_of(app), app)
        taken = []
        for method, path, body, _ in rows:
            before = len(connection.sent)
            content = b"" if body is None else msgspec.json.encode(body)
            connection.receive(request(method, path, content, key=scope))
            loop.turn_until(lambda: len(connection.sent) > before)  # noqa: B023  # called at once
            connection.settle()
            status = bytes(connection.sent[before:])[9:12].decode()
            taken.append((method, path, body, status != "403"))

    assert taken == [(*row, scope in needed) for *row, needed in rows]


def test_every_route_that_writes_templates_is_in_the_table() -> None:
    others = [one for one in ROUTES if one.scope is not Scope.READ and not one.path.startswith("/tokens")]
    writing = {(one.method, one.path) for one in others if one.method != "GET"}
    filled = {(method, path.replace("{name}", "scipy")) for method, path in writing}
    filled = {(method, path.replace("{channel}", "stable").replace("{revision}", "2")) for method, path in filled}

    assert filled == NEEDS.keys()
