"""How much of something there is at once: for the whole server, and for each client. On the event loop only."""

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address
from math import inf

from ..errors import TooBusy, TooManyRequests

NOBODY = "-"  # a client without an address, as of a UNIX socket: has no share of its own


class Share:
    """Bounded by the limits `name` and `name-per-client`; 0 bounds nothing."""

    def __init__(self, name: str, most: int, most_each: int) -> None:
        self.name = name
        self.taken = 0
        self._most, self._most_each = most or inf, most_each or inf
        self._each: dict[str, int] = {}  # of clients that hold some

    def renew(self, most: int, most_each: int) -> None:
        """What is taken stays, also where it is more than these."""
        self._most, self._most_each = most or inf, most_each or inf

    def take(self, client: str, amount: int = 1) -> None:
        """Give it back afterwards. Raises `TooBusy` and `TooManyRequests`, and has taken nothing then."""
        held = self._each.get(client, 0) + amount
        if held > self._most_each and client != NOBODY:
            limit = f"{self.name}-per-client"
            raise TooManyRequests(f"Your share of this server is used up: its limit {limit}; try again", reason=limit)
        if self.taken + amount > self._most:
            raise TooBusy(f"This server is at its limit {self.name}; try again", reason=self.name)
        self.taken += amount
        self._each[client] = held

    def give_back(self, client: str, amount: int = 1) -> None:
        self.taken -= amount
        left = self._each[client] - amount
        if left:
            self._each[client] = left
        else:
            del self._each[client]

    def held(self, client: str) -> int:
        return self._each.get(client, 0)

    def pass_on(self, giver: str, taker: str, amount: int) -> None:
        """What the one held the other does, whatever its share: it takes no more then."""
        self.give_back(giver, amount)
        self.taken += amount
        self._each[taker] = self.held(taker) + amount

    @contextmanager
    def place(self, client: str) -> Iterator[None]:
        self.take(client)
        try:
            yield
        finally:
            self.give_back(client)


def client_of(address: str) -> str:
    """Who has a share: an address, and of IPv6 the network of 64 bits, all of which are one customer's."""
    if ":" not in address:
        return address or NOBODY
    try:
        whole = IPv6Address(address.partition("%")[0])
    except ValueError:  # the path of a socket
        return NOBODY
    return str(whole.ipv4_mapped or whole.exploded[:19])
