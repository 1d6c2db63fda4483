"""What a `Log` must do that keeps tokens."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from ..log_contract import Log
from ..log_store import LogStore
from ..token_contract import AuditEntry, Token, TokenAction, TokenChange, TokenStore
from .samples import SCIPY

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
CI = Token(
    id="00000001",
    name="ci",
    note="ü 😀",
    by="key:api-key",
    scopes=("read", "write"),
    templates=("scipy*", "r"),
    labels="team=physics,!old",
    bounds=((("*",), "a=b"), ((), "c")),
    parent="00000000",
    digest=bytes(range(32)),
    old_digest=b"\xff" * 32,
    old_until=NOON + timedelta(hours=1),
    created=NOON.replace(microsecond=1),
    expires=NOON + timedelta(days=90),
    number=1,
)


def change(token: Token, number: int, action: TokenAction = TokenAction.MADE) -> TokenChange:
    token = replace(token, number=number)
    return token, AuditEntry(number=number, time=NOON, by="user:ada", action=action, id=token.id, name=token.name)


class TokenStores:
    """Passed over by a log that keeps no tokens."""

    def reopen(self, log: Log) -> Log:
        raise NotImplementedError

    @pytest.fixture
    def tokens(self, log: Log) -> TokenStore:
        if not isinstance(log, TokenStore):
            pytest.skip("this log keeps no tokens")
        return log

    def test_a_new_log_has_no_tokens(self, tokens: TokenStore) -> None:
        assert tokens.tokens() == (0, [])
        assert tokens.audit(0, limit=10) == []

    def test_a_token_comes_back_as_it_was_written(self, log: Log, tokens: TokenStore) -> None:
        with log.writing():
            tokens.write_tokens([change(CI, 1)])

        assert tokens.tokens() == (1, [CI])

    def test_a_token_is_as_it_was_written_last(self, log: Log, tokens: TokenStore) -> None:
        revoked = replace(CI, revoked=NOON, old_digest=b"", old_until=None)
        with log.writing():
            tokens.write_tokens([change(CI, 1)])

        with log.writing():
            tokens.write_tokens([change(revoked, 2, TokenAction.REVOKED)])

        assert tokens.tokens() == (2, [replace(revoked, number=2)])

    def test_only_the_tokens_that_changed_since_are_given(self, log: Log, tokens: TokenStore) -> None:
        other = replace(CI, id="00000002", name="other")
        with log.writing():
            tokens.write_tokens([change(CI, 1), change(other, 2)])

        assert [[token.id for token in tokens.tokens(since)[1]] for since in (0, 1, 2, 99)] == [
            ["00000001", "00000002"],
            ["00000002"],
            [],
            [],
        ]
        assert [tokens.tokens(since)[0] for since in (1, 2, 99)] == [2, 2, 2]

    def test_the_audit_is_read_in_pages(self, log: Log, tokens: TokenStore) -> None:
        made = [change(replace(CI, id=f"0000000{number}", name=str(number)), number) for number in range(1, 6)]
        with log.writing():
            tokens.write_tokens(made)

        pages = [tokens.audit(since, limit=2) for since in (0, 2, 4, 5)]

        assert [entry for page in pages for entry in page] == [entry for _, entry in made]

    def test_tokens_share_the_fate_of_their_block(self, log: Log, tokens: TokenStore) -> None:
        with pytest.raises(KeyError), log.writing():
            tokens.write_tokens([change(CI, 1)])
            tokens.write_uses({CI.id: NOON})
            tokens.forget_tokens([CI.id])
            raise KeyError

        with log.writing():
            pass

        assert tokens.tokens() == (0, [])
        assert tokens.audit(0, limit=10) == []

    def test_when_a_token_was_used_is_kept_and_changes_nothing_else(self, log: Log, tokens: TokenStore) -> None:
        with log.writing():
            tokens.write_tokens([change(CI, 1)])

        with log.writing():
            tokens.write_uses({CI.id: NOON, "no-such-": NOON})

        assert tokens.tokens() == (1, [replace(CI, used=NOON)])
        assert tokens.tokens(1) == (1, [])

    def test_when_tokens_were_used_is_told_of_many_at_once(self, log: Log, tokens: TokenStore) -> None:
        others = [replace(CI, id=f"0000000{number}", name=str(number)) for number in (2, 3)]
        with log.writing():
            tokens.write_tokens([change(each, number) for number, each in enumerate([CI, *others], 1)])
            tokens.write_uses({CI.id: NOON, others[0].id: NOON + timedelta(minutes=1)})

        told = tokens.when_used([CI.id, others[1].id, "no-such-"])

        assert told == {CI.id: NOON}

    def test_when_a_token_was_used_outlives_a_change_of_it(self, log: Log, tokens: TokenStore) -> None:
        with log.writing():
            tokens.write_tokens([change(CI, 1)])
        with log.writing():
            tokens.write_uses({CI.id: NOON})
        [token] = tokens.tokens()[1]

        with log.writing():
            tokens.write_tokens([change(replace(token, revoked=NOON), 2)])

        assert [found.used for found in tokens.tokens()[1]] == [NOON]

    def test_what_is_forgotten_leaves_its_id_and_name_and_the_audit(self, log: Log, tokens: TokenStore) -> None:
        others = [replace(CI, id=f"0000000{number}", name=str(number)) for number in (2, 3)]
        with log.writing():
            tokens.write_tokens([change(each, number) for number, each in enumerate([CI, *others], 1)])
            tokens.write_uses({CI.id: NOON})

        with log.writing():
            tokens.forget_tokens([CI.id, others[1].id, "no-such-"])

        assert tokens.tokens() == (3, [replace(others[0], number=2)])
        assert tokens.when_used([CI.id]) == {}
        assert tokens.given([CI.id, "2", "3", "other"]) == {CI.id, "2", "3"}
        assert [entry.id for entry in tokens.audit(0, limit=10)] == [CI.id, "00000002", "00000003"]

    def test_a_token_may_be_written_that_is_forgotten(self, log: Log, tokens: TokenStore) -> None:
        _, entry = change(CI, 1)
        with log.writing():
            tokens.write_tokens([(None, entry)])

        assert tokens.tokens() == (1, [])
        assert (tokens.given([CI.id, CI.name]), tokens.audit(0, limit=10)) == ({CI.id, CI.name}, [entry])

    def test_tokens_are_no_changes_of_the_log(self, log: Log, tokens: TokenStore) -> None:
        before = log.head()

        with log.writing():
            tokens.write_tokens([change(CI, 1)])

        assert log.head() == before
        assert LogStore(log).register_template(SCIPY).revision == 1

    def test_tokens_outlive_the_process(self, log: Log, tokens: TokenStore) -> None:
        with log.writing():
            tokens.write_tokens([change(CI, 1)])
        audit = tokens.audit(0, limit=10)

        again = self.reopen(log)

        assert isinstance(again, TokenStore)
        assert again.tokens() == (1, [CI])
        assert again.audit(0, limit=10) == audit
