"""Tokens under a server that is killed: what was answered is so afterwards, and what was not is whole or not at all."""

import json
from collections import Counter
from collections.abc import Callable
from http.client import HTTPException
from itertools import count
from threading import Thread
from typing import Any

from .writers import Client

KEPT = 3  # living tokens of one keeper


class TokenKeeper(Thread):
    """Makes, renews and revokes tokens of its own, until `going_on` says no or the server is gone."""

    def __init__(self, port: int, label: str, going_on: Callable[[], bool]) -> None:
        super().__init__(daemon=True)
        self.good: dict[str, str] = {}  # texts, by the ids of those that were made or renewed
        self.ended: set[str] = set()  # texts: of before, or revoked
        self.unsure = ""  # the id of the one that was being renewed or revoked
        self.unexpected: list[str] = []
        self.acknowledged = 0
        self._client = Client(port)
        self._label, self._going_on = label, going_on

    def run(self) -> None:
        try:
            for turn in count():
                if not self._going_on():
                    break
                self._make(f"{self._label}-{turn}")
                self._renew(min(self.good))
                if len(self.good) > KEPT:
                    self._revoke(min(self.good))
        except (OSError, HTTPException):
            pass
        finally:
            self._client.close()

    def _make(self, name: str) -> None:
        made = self._told(201, "POST", "/tokens", {"name": name, "scopes": ["read"]})
        self.good[made["id"]] = made["token"]

    def _renew(self, identifier: str) -> None:
        self.unsure = identifier
        renewed = self._told(200, "POST", f"/tokens/{identifier}/rotate")
        self.ended.add(self.good[identifier])
        self.good[identifier] = renewed["token"]
        self.unsure = ""

    def _revoke(self, identifier: str) -> None:
        self.unsure = identifier
        self._told(204, "DELETE", f"/tokens/{identifier}")
        self.ended.add(self.good.pop(identifier))
        self.unsure = ""

    def _told(self, wanted: int, method: str, target: str, body: object = None) -> dict[str, Any]:
        status, _, answer = self._client.ask(method, target, body)
        if status != wanted:
            self.unexpected.append(f"{method} {target}: {status} {answer!r}")
            raise HTTPException
        self.acknowledged += 1
        return json.loads(answer) if answer else {}


def compare(client: Client, keeper: TokenKeeper) -> None:
    """With what the server knows that was started again."""
    assert keeper.unexpected == []
    for identifier, text in keeper.good.items():
        status, _, answer = client.ask("GET", "/tokens/self", token=text)
        assert status == 200 or (status == 401 and identifier == keeper.unsure), answer
    for text in keeper.ended:
        assert client.ask("GET", "/tokens/self", token=text)[0] == 401


def check_whole(client: Client) -> None:
    """Of every token there is an entry that made it, of every entry a token, and no number is left out."""
    entries, since = list[dict[str, Any]](), 0
    while page := json.loads(client.ask("GET", f"/audit?since={since}")[2])["entries"]:
        entries += page
        since = page[-1]["number"]
    tokens, after = dict[str, dict[str, Any]](), ""
    while some := json.loads(client.ask("GET", f"/tokens?after={after}")[2])["tokens"]:
        tokens |= {token["id"]: token for token in some}
        after = some[-1]["name"]
    done = {action: Counter(entry["id"] for entry in entries if entry["action"] == action) for action in _ACTIONS}
    assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
    assert done["made"] == Counter(tokens.keys())
    assert done["revoked"] == Counter(identifier for identifier, token in tokens.items() if "revoked" in token)


_ACTIONS = ("made", "rotated", "revoked")
