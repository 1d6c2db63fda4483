"""The registry's own tokens in the SQLite file of its log."""

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..log_contract import bounded
from ..token_contract import AuditEntry, Token, decode_entry, decode_token, encode_stored
from .sqlite_failures import Failures
from .sqlite_microseconds import microseconds_of, time_of

_HEAD = "(SELECT coalesce(max(number), 0) AS newest FROM token_audit)"
_TOKENS = (
    f"SELECT newest, content, id, name, number, used FROM {_HEAD} LEFT JOIN tokens ON number > ? AND content <> x''"
)
_AUDIT = "SELECT content FROM token_audit WHERE number > ? ORDER BY number LIMIT ?"
_USES = "SELECT id, used FROM tokens WHERE used IS NOT NULL AND id IN (SELECT value FROM json_each(?))"
_GIVEN = "SELECT value FROM json_each(?) WHERE value IN (SELECT id FROM tokens) OR value IN (SELECT name FROM tokens)"
_WRITE = (
    "INSERT INTO tokens (id, name, number, content) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET number = excluded.number, content = excluded.content"
)
_FORGET = "UPDATE tokens SET content = x'', used = NULL WHERE id = ?"


class SQLiteTokens:
    """What `SQLiteLog` has beside its contract. A file that is only read may be older than these tables."""

    if TYPE_CHECKING:
        mode: str
        _failures: Failures

        def _rows(self, query: str, *parameters: Any) -> list[Any]: ...
        def _writes_on(self) -> sqlite3.Connection: ...

    def tokens(self, since: int = 0) -> tuple[int, list[Token]]:
        if not self._keeps_tokens():
            return 0, []
        rows = self._rows(_TOKENS, bounded(since))
        found = [
            decode_token(content, identifier, name, number, used and time_of(used))
            for _, content, identifier, name, number, used in rows
            if content
        ]
        return rows[0][0], found

    def when_used(self, identifiers: Collection[str]) -> dict[str, datetime]:
        if not self._keeps_tokens():
            return {}
        return {identifier: time_of(used) for identifier, used in self._rows(_USES, json.dumps(list(identifiers)))}

    def given(self, texts: Collection[str]) -> set[str]:
        return {text for (text,) in self._rows(_GIVEN, json.dumps(list(texts)))} if self._keeps_tokens() else set()

    def audit(self, since: int, *, limit: int) -> list[AuditEntry]:
        if not self._keeps_tokens():
            return []
        return [decode_entry(content) for (content,) in self._rows(_AUDIT, bounded(since), bounded(limit))]

    def write_tokens(self, changes: Sequence[tuple[Token | None, AuditEntry]]) -> None:
        with self._failures:
            connection = self._writes_on()
            for token, entry in changes:
                one, content = token or entry, encode_stored(token) if token else b""
                connection.execute(_WRITE, (one.id, one.name, one.number, content))
                connection.execute("INSERT INTO token_audit VALUES (?, ?)", (entry.number, encode_stored(entry)))

    def forget_tokens(self, identifiers: Collection[str]) -> None:
        with self._failures:
            self._writes_on().executemany(_FORGET, [(identifier,) for identifier in identifiers])

    def write_uses(self, uses: Mapping[str, datetime]) -> None:
        with self._failures:
            rows = [(microseconds_of(time), identifier) for identifier, time in uses.items()]
            self._writes_on().executemany("UPDATE tokens SET used = ? WHERE id = ?", rows)

    def _keeps_tokens(self) -> bool:
        return self.mode == "rw" or bool(self._rows("SELECT 1 FROM sqlite_schema WHERE name = 'token_audit'"))
