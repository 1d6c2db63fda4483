"""Shares of what there is at once: the server's, and each client's."""

import pytest

from binder_registry.errors import TooBusy, TooManyRequests
from binder_registry.server.shares import NOBODY, Share, client_of


def test_beyond_the_servers_limit_nobody_takes_any() -> None:
    share = Share("streams", 2, 0)
    share.take("a")
    share.take("b")

    with pytest.raises(TooBusy, match="limit streams;") as refused:
        share.take("c")

    assert (type(refused.value), refused.value.reason) == (TooBusy, "streams")


def test_beyond_a_clients_limit_others_take_still() -> None:
    share = Share("streams", 9, 2)
    share.take("a", 2)

    with pytest.raises(TooManyRequests, match="streams-per-client") as refused:
        share.take("a")
    share.take("b", 2)

    assert refused.value.reason == "streams-per-client"


def test_what_was_refused_was_not_taken() -> None:
    share = Share("bytes", 10, 8)
    with pytest.raises(TooBusy):
        share.take("a", 9)

    share.take("a", 8)

    assert share.taken == 8


def test_what_is_given_back_is_there_again() -> None:
    share = Share("streams", 1, 1)
    with share.place("a"):
        pass

    share.take("a")

    assert share.taken == 1


def test_clients_that_hold_nothing_are_forgotten() -> None:
    share = Share("streams", 9, 9)
    for client in "abc":
        with share.place(client):
            pass

    assert share._each == {}


def test_no_limit_is_0() -> None:
    share = Share("streams", 0, 0)

    share.take("a", 10**9)

    assert share.taken == 10**9


def test_clients_without_an_address_have_no_share_of_their_own() -> None:
    share = Share("streams", 9, 1)

    share.take(NOBODY, 9)

    assert share.taken == 9


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:0:1:a:b:c:d", "2001:0db8:0000:0001"),
        ("2001:db8:0:1::9", "2001:0db8:0000:0001"),
        ("fe80::1%eth0", "fe80:0000:0000:0000"),
        ("", NOBODY),
        ("/run/a:b.sock", NOBODY),
    ],
)
def test_a_client_is_an_address_or_a_network_of_64_bits(address: str, client: str) -> None:
    assert client_of(address) == client
