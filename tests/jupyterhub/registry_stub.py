"""A registry that can be made to misbehave: what the hub's follower asks of one, over real HTTP."""

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit


class RegistryStub:
    def __init__(self) -> None:
        self.mark = "a" * 16  # of this log; another one is another log
        self.changes: list[dict[str, Any]] = []
        self.token = ""
        self.streams = True
        self.held: Literal["", "headers", "body"] = ""  # back, of a stream, as a proxy does
        self.tag = '"{}"'  # the list's ETag, of a position
        self.listed: tuple[int, dict[str, str], bytes] | None = None  # what answers the list, when set
        self.history_fails: dict[str, int] = {}  # name → status; 0 drops the connection
        self.said: list[str] = []  # to streams, beside the changes
        self.opened = 0  # streams
        self.delay = 0.0  # seconds before every answer
        self.status = 0  # of every answer, when set
        self.requests: list[str] = []
        self.fetched: list[int] = []  # the statuses of the list
        self.news = Condition()
        self.server: ThreadingHTTPServer | None = None
        self.port = 0

    def __enter__(self) -> "RegistryStub":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        stub = self

        class Handler(_Handler):
            registry = stub

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        server, self.server = self.server, None
        if server:
            server.shutdown()
            server.server_close()
            with self.news:
                self.news.notify_all()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def position(self) -> str:
        return f"{len(self.changes)}-{self.mark}"

    def publish(self, template: dict[str, Any], action: str = "updated", **members: Any) -> None:
        """As one more change; the template's revision is the change's."""
        with self.news:
            revision = len(self.changes) + 1
            content = {key: value for key, value in template.items() if key != "revision"}
            change = {"revision": revision, "action": action, "name": template["name"], "template": content, **members}
            self.changes.append(change)
            self.news.notify_all()

    def say(self, text: str) -> None:
        """To whoever reads a stream, as it is."""
        with self.news:
            self.said.append(text)
            self.news.notify_all()

    def current(self) -> list[dict[str, Any]]:
        return list({one["name"]: {**one["template"], "revision": one["revision"]} for one in self.changes}.values())


class _Handler(BaseHTTPRequestHandler):
    registry: RegistryStub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        registry, url = self.registry, urlsplit(self.path)
        registry.requests.append(self.path)
        time.sleep(registry.delay)
        if registry.status:
            return self._answer(registry.status, b"{}")
        if registry.token and self.headers.get("Authorization") != f"token {registry.token}":
            return self._answer(401, b"{}")
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        if parts == ["templates"]:
            return self._list()
        if parts == ["changes"]:
            return self._stream(parse_qs(url.query).get("since", [""])[0])
        own = [change for change in reversed(registry.changes) if change["name"] == parts[1]]
        if parts[1] in registry.history_fails:
            return self._fail(registry.history_fails[parts[1]])
        limit = int(parse_qs(url.query)["limit"][0])
        return self._answer(200, json.dumps({"changes": own[:limit]}).encode())

    def _list(self) -> None:
        if self.registry.listed:
            status, headers, body = self.registry.listed
            self.registry.fetched.append(status)
            return self._answer(status, body, **headers)
        etag = self.registry.tag.format(self.registry.position)
        same = self.headers.get("If-None-Match") == f'"{self.registry.position}"'
        self.registry.fetched.append(304 if same else 200)
        if same:
            return self._answer(304, b"", ETag=etag)
        return self._answer(200, json.dumps(self.registry.current()).encode(), ETag=etag)

    def _stream(self, since: str) -> None:
        registry = self.registry
        revision, _, mark = since.partition("-")
        if not registry.streams or not mark:
            return self._answer(406, b"{}")
        if mark != registry.mark or int(revision) > len(registry.changes):
            return self._answer(410, b"{}")
        sent, said = int(revision), len(registry.said)
        registry.opened += 1
        if registry.held == "headers":
            return self._hold()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b":\n\n")
        if registry.held == "body":
            return self._hold()
        while self._goes_on():
            for change in registry.changes[sent:]:
                event = f"id: {change['revision']}-{registry.mark}\ndata: {json.dumps(change)}\n\n"
                self.wfile.write(event.encode())
                sent += 1
            for text in registry.said[said:]:
                self.wfile.write(text.encode())
                said += 1
            with registry.news:
                if (len(registry.changes), len(registry.said)) == (sent, said) and self._goes_on():
                    registry.news.wait(10)
        self.close_connection = True
        return None

    def _hold(self) -> None:
        with self.registry.news:
            self.registry.news.wait_for(lambda: not self._goes_on(), 30)
        self.close_connection = True

    def _fail(self, status: int) -> None:
        if status:
            return self._answer(status, b"{}")
        self.close_connection = True
        return None

    def _goes_on(self) -> bool:
        return self.server is self.registry.server

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304 and "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.close_connection or "Content-Length" in headers  # one that is not true

    def log_message(self, *_: Any) -> None:
        pass
