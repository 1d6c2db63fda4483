"""A hub that answers whose a token is, and can be told to fail or to hang."""

import json
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

PATIENCE = 20.0  # seconds that a hub hangs at most, should a test forget it
SCOPES = [f"custom:binder-registry:{scope}" for scope in ("read", "write", "admin", "promote", "metrics", "tokens")]
BOSS = {"kind": "user", "name": "boss", "scopes": [*SCOPES, "self"]}


class HubStub:
    """`GET /hub/api/user` as a hub answers it, 403 for a token that it does not know; `/hub/api/users/{name}`, and
    `/hub/api/users` in pages; and `POST /hub/api/oauth2/token`, 400 for a code that it does not know."""

    def __init__(self) -> None:
        self.models: dict[str, Any] = {"boss-token": BOSS}
        self.users: dict[str, Any] = {}  # by name, for all tokens that it knows
        self.listed: list[Any] = []  # models of users, for all tokens that it knows
        self.page = 200  # of them at a time, at most
        self.turned: Callable[[], None] = lambda: None  # called after each page
        self.codes: dict[str, str] = {}  # the token for each
        self.forms: list[dict[str, str]] = []  # that came with codes
        self.deleted: list[str] = []
        self.status = 0  # of every answer, when set
        self.body: bytes | None = None  # of every answer, when set
        self.asked: list[str] = []
        self.answering = Event()  # it hangs while this is not set
        self.answering.set()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.asked.append(self.path)
                hub.answering.wait(PATIENCE)
                scheme, _, token = self.headers["Authorization"].partition(" ")
                model = hub.models.get(token) if scheme == "token" else None
                status = 200 if model else 403
                if model and "/users/" in self.path:
                    model = hub.users.get(unquote(self.path.rpartition("/")[2]))
                    status = 200 if model else 404
                elif model and "/users?" in self.path:
                    model = hub.listed_page(dict(parse_qsl(urlsplit(self.path).query)))
                self.send_response(hub.status or status)
                self.end_headers()
                with suppress(OSError):  # who asked may have given up
                    self.wfile.write(hub.body if hub.body is not None else json.dumps(model or {}).encode())

            def do_POST(self) -> None:
                form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                hub.forms.append(form)
                token = hub.codes.get(form["code"], "")
                self.send_response(hub.status or (200 if token else 400))
                self.end_headers()
                self.wfile.write(json.dumps({"access_token": token}).encode())

            def do_DELETE(self) -> None:
                hub.deleted.append(self.path)
                self.send_response(hub.status or 204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hub/api"
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def listed_page(self, query: dict[str, str]) -> dict[str, Any]:
        offset, limit = int(query["offset"]), min(int(query["limit"]), self.page)
        items, total = self.listed[offset : offset + limit], len(self.listed)
        following = {"offset": offset + limit, "limit": limit} if offset + limit < total else None
        self.turned()
        return {"items": items, "_pagination": {"offset": offset, "limit": limit, "total": total, "next": following}}

    def stop(self) -> None:
        self.answering.set()
        self.server.shutdown()
        self.server.server_close()
