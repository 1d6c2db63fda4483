"""Connections that write, and remember what was acknowledged."""

import json
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from itertools import count
from threading import Thread
from typing import Any

from tests.server.running import KEY

NAMES = 10  # of each writer
APPLIED = 5  # templates of one apply
MANY_APPLIED = 2200  # of a large one, which a log takes before its lock
PATIENCE = 30.0  # seconds

Acknowledged = dict[int, tuple[str, str]]
"""Revision → name, and the command that the change set ("" for a deletion)."""


class Client:
    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def ask(self, method: str, target: str, body: object = None, *, token: str = KEY) -> tuple[int, str, bytes]:
        """Status, ETag and body."""
        content = None if body is None else json.dumps(body)
        self._connection.request(method, target, content, {"Authorization": f"token {token}"})
        answer = self._connection.getresponse()
        return answer.status, answer.getheader("ETag", ""), answer.read()

    def close(self) -> None:
        self._connection.close()


class Writer(Thread):
    """Creates, updates, deletes and applies templates of its own, as fast as it can, until `going_on` says no or the
    server is gone. What it was never answered may have been written or not."""

    def __init__(self, port: int, label: str, number: int, going_on: Callable[[], bool]) -> None:
        super().__init__(daemon=True)
        self.acknowledged: Acknowledged = {}
        self.unexpected: list[str] = []
        self._client = Client(port)
        self._label, self._number, self._going_on = label, number, going_on

    def run(self) -> None:
        try:
            for turn in count():
                if not self._going_on():
                    break
                self._write(turn, f"{self._label}.{self._number}.{turn}")
        except (OSError, HTTPException):
            pass
        finally:
            self._client.close()

    def _write(self, turn: int, command: str) -> None:
        name = self._template(turn)
        if turn % 7 == 6:
            self._apply(turn, command)
        elif turn % 11 == 10:
            self._note(name, "", *self._client.ask("DELETE", f"/templates/{name}"))
        else:
            status, tag, body = self._client.ask("PUT", f"/templates/{name}", {"command": command})
            if status == 404:
                template = {"name": name, "image-name": "i", "command": command}
                status, tag, body = self._client.ask("POST", "/templates", template)
            self._note(name, command, status, tag, body)

    def _template(self, turn: int) -> str:
        return f"w{self._number}.{turn % NAMES}"

    def _apply(self, turn: int, command: str, number: int = APPLIED) -> None:
        wanted = [
            {"name": self._template(turn + step), "image-name": "i", "command": command} for step in range(number)
        ]
        status, _, body = self._client.ask("POST", "/apply", {"templates": wanted})
        if status != 200:
            self.unexpected.append(f"POST /apply: {status} {body!r}")
            return
        plan: list[dict[str, Any]] = json.loads(body)["plan"]
        self.acknowledged.update({step["revision"]: (step["name"], command) for step in plan})

    def _note(self, name: str, command: str, status: int, tag: str, body: bytes) -> None:
        if status in (200, 201, 202):
            revision = int(tag.strip('"').partition("-")[0])
            if revision in self.acknowledged:
                self.unexpected.append(f"revision {revision} was given twice")
            self.acknowledged[revision] = (name, command)
        elif not (status == 404 and command == ""):
            self.unexpected.append(f"{name}: {status} {body!r}")


class LargeApplier(Writer):
    """Applies many templates at once, the same ones again and again."""

    def _write(self, turn: int, command: str) -> None:
        self._apply(0, command, MANY_APPLIED)

    def _template(self, turn: int) -> str:
        return f"many.{turn}"
