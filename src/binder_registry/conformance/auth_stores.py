"""What every `AuthStore` must do."""

from contextlib import suppress
from datetime import UTC

import pytest

from ..auth import AuthStore, Identity, Scope, known, stays
from ..errors import InvalidToken
from .reading_out import run_in_threads


class AuthStoreConformance:
    """Give the fixtures `auth_store`, `token` (one that it knows) and, where it lacks some, the `scopes` it holds."""

    scopes = frozenset(Scope)

    @pytest.fixture
    def auth_store(self) -> AuthStore:
        raise NotImplementedError

    @pytest.fixture
    def token(self) -> str:
        raise NotImplementedError

    def test_a_known_token_names_its_holder_and_scopes(self, auth_store: AuthStore, token: str) -> None:
        identity = auth_store.identify(token)

        assert identity.name
        assert identity.scopes == self.scopes

    def test_what_the_log_keeps_of_a_holder_begins_with_the_kind(self, auth_store: AuthStore, token: str) -> None:
        identity = auth_store.identify(token)

        assert identity.by.partition(":") == (identity.kind, ":", identity.name)

    def test_how_far_a_holder_reaches_is_said_in_values_that_do_not_change(
        self, auth_store: AuthStore, token: str
    ) -> None:
        identity = auth_store.identify(token)

        assert hash(identity) == hash(auth_store.identify(token))
        assert identity.reach.is_everything or not identity.reach.names_it("\0")
        assert identity.expires is None or identity.expires.tzinfo is UTC

    def test_one_token_is_always_the_same_identity(self, auth_store: AuthStore, token: str) -> None:
        assert auth_store.identify(token) == auth_store.identify(token)

    @pytest.mark.parametrize(
        "change", [lambda t: "", lambda t: t + "x", lambda t: t[:-1], lambda t: t + "\0", lambda t: t + "é"]
    )
    def test_a_token_that_is_nearly_right_is_refused(self, auth_store: AuthStore, token: str, change: object) -> None:
        assert callable(change)

        with pytest.raises(InvalidToken):
            auth_store.identify(change(token))

    def test_the_refusal_does_not_repeat_the_token(self, auth_store: AuthStore) -> None:
        with pytest.raises(InvalidToken) as refusal:
            auth_store.identify("a-wrong-token")

        assert "a-wrong-token" not in str(refusal.value)

    def test_it_says_whether_it_may_block(self, auth_store: AuthStore) -> None:
        assert isinstance(auth_store.blocking, bool)

    def test_what_is_known_of_a_token_is_what_asking_says(self, auth_store: AuthStore, token: str) -> None:
        asked = auth_store.identify(token)

        assert known(auth_store, token) in (asked, None)

    def test_a_token_that_stays_somebodys_is_known_as_theirs(self, auth_store: AuthStore, token: str) -> None:
        asked = auth_store.identify(token)

        is_good = stays(auth_store, token, asked)

        assert is_good is None or (is_good() and known(auth_store, token) is asked)

    def test_no_token_stays_somebody_elses(self, auth_store: AuthStore, token: str) -> None:
        auth_store.identify(token)

        assert stays(auth_store, token, Identity("somebody", frozenset(Scope))) is None

    def test_a_token_that_was_refused_is_not_known_as_anybodys(self, auth_store: AuthStore, token: str) -> None:
        with pytest.raises(InvalidToken):
            auth_store.identify(token + "x")

        with suppress(InvalidToken):
            assert known(auth_store, token + "x") is None

    def test_any_thread_may_ask(self, auth_store: AuthStore, token: str) -> None:
        found: list[Identity] = []

        run_in_threads(lambda _: found.append(auth_store.identify(token)), 8)

        assert set(found) == {auth_store.identify(token)}
