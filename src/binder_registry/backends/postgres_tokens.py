"""The registry's own tokens in the PostgreSQL of its log."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..log_contract import bounded
from ..token_contract import AuditEntry, Token, decode_entry, decode_token, encode_stored

_HEAD = "(SELECT coalesce(max(number), 0) AS newest FROM registry_token_audit) AS head"
_TOKENS = (
    f"SELECT newest, content, id, name, number, used FROM {_HEAD}"
    " LEFT JOIN registry_tokens ON number > %s AND content <> ''"
)
_AUDIT = "SELECT content FROM registry_token_audit WHERE number > %s ORDER BY number LIMIT %s"
_USES = "SELECT id, used FROM registry_tokens WHERE used IS NOT NULL AND id = ANY(%s::text[])"
_GIVEN = "SELECT id, name FROM registry_tokens WHERE id = ANY(%s::text[]) OR name = ANY(%s::text[])"
_WRITE = (
    "INSERT INTO registry_tokens (id, name, number, content) VALUES (%s, %s, %s, %s)"
    " ON CONFLICT (id) DO UPDATE SET number = excluded.number, content = excluded.content"
)
_ENTRY = "INSERT INTO registry_token_audit (number, content) VALUES (%s, %s)"
_USED = (
    "UPDATE registry_tokens SET used = new_use"
    " FROM unnest(%s::text[], %s::timestamptz[]) AS new (new_id, new_use) WHERE id = new_id"
)
_FORGET = "UPDATE registry_tokens SET content = '', used = NULL WHERE id = ANY(%s::text[])"
_THERE = "SELECT 1 FROM pg_tables WHERE tablename = 'registry_token_audit' AND schemaname = ANY(current_schemas(false))"

Statement = tuple[str, Sequence[Any]]


class PostgresTokens:
    """What `PostgresLog` has beside its contract. A database that is only read may be older than these tables."""

    if TYPE_CHECKING:
        _read_only: bool

        def _rows(self, query: str, *given: Any) -> list[Any]: ...
        def _add(self, statements: Sequence[Statement]) -> None: ...

    def tokens(self, since: int = 0) -> tuple[int, list[Token]]:
        if not self._keeps_tokens():
            return 0, []
        rows = self._rows(_TOKENS, bounded(since))
        found = [
            decode_token(content, identifier, name, number, used and used.astimezone(UTC))
            for _, content, identifier, name, number, used in rows
            if content
        ]
        return rows[0][0], found

    def when_used(self, identifiers: Collection[str]) -> dict[str, datetime]:
        if not self._keeps_tokens():
            return {}
        return {identifier: used.astimezone(UTC) for identifier, used in self._rows(_USES, list(identifiers))}

    def given(self, texts: Collection[str]) -> set[str]:
        rows = self._rows(_GIVEN, list(texts), list(texts)) if self._keeps_tokens() else []
        return {text for row in rows for text in row} & {*texts}

    def audit(self, since: int, *, limit: int) -> list[AuditEntry]:
        if not self._keeps_tokens():
            return []
        return [decode_entry(content) for (content,) in self._rows(_AUDIT, bounded(since), bounded(limit))]

    def write_tokens(self, changes: Sequence[tuple[Token | None, AuditEntry]]) -> None:
        for token, entry in changes:
            one, content = token or entry, encode_stored(token) if token else b""
            self._add(
                [
                    (_WRITE, (one.id, one.name, one.number, content)),
                    (_ENTRY, (entry.number, encode_stored(entry))),
                ]
            )

    def forget_tokens(self, identifiers: Collection[str]) -> None:
        self._add([(_FORGET, (list(identifiers),))])

    def write_uses(self, uses: Mapping[str, datetime]) -> None:
        self._add([(_USED, (list(uses), list(uses.values())))])

    def _keeps_tokens(self) -> bool:
        return not self._read_only or bool(self._rows(_THERE))
