"""The log of a registry over HTTP: read, waited for and watched; and what a thread was told of it."""

import math
import sys
import threading
import time
from collections.abc import Iterator, Sequence

from ..changes import PAGE, Change, Position
from .answer import Answer, change_of, feed_decoder, next_page
from .encoding import filters
from .transport import Params, Transport
from .watch import follow

LONGEST_POLL = 30  # seconds of one request that waits for a change


class LogOverHTTP:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._of_thread = threading.local()

    def changes(
        self,
        *,
        since: Position | int = 0,
        name: str | None = None,
        newest_first: bool = False,
        limit: int = 1000,
        label: Sequence[str] = (),
    ) -> list[Change]:
        """At most `limit` changes after `since`, all pages. To callers without a token their `by` is not shown."""
        if newest_first and (limit > PAGE or label):  # which the feed gives oldest first only
            every = self.changes(since=since, name=name, label=label, limit=sys.maxsize)
            return every[::-1][:limit]
        found: list[Change] = []
        order = [("order", "newest")] if newest_first else []
        params: Params | None = [("since", str(since)), *order, *filters(name, label)]
        while params is not None and len(found) < limit:
            chosen = [(key, value) for key, value in params if key != "limit"]
            answer = self._transport.get("/changes", [*chosen, ("limit", str(min(PAGE, limit - len(found))))])
            found += map(change_of, answer.read(feed_decoder).changes)
            params = next_page(answer)
        return found

    def watch(
        self, *, since: Position | int | None = None, name: str | None = None, label: Sequence[str] = ()
    ) -> Iterator[Change]:
        """Every change after `since` (None: from this call on), as it comes and once each, across lost connections.

        Raises `PositionUnknown` when the log no longer holds what was seen: list again, then watch from there. Ends
        when the client is closed.
        """
        position = self.head() if since is None else Position(since) if isinstance(since, int) else since
        return follow(self._transport, position, filters(name, label))

    def head(self) -> Position:
        return self._head([("order", "newest"), ("limit", "1")])

    def wait(self, since: int, timeout: float) -> Position:
        """As `Store.wait`, but to whole seconds: up to one longer than `timeout`."""
        deadline = time.monotonic() + timeout
        head = self.head()
        while head.revision <= since and (left := deadline - time.monotonic()) > 0:
            seconds = min(math.ceil(left), LONGEST_POLL)
            head = self._head([("since", str(head)), ("limit", "1"), ("wait", str(seconds))], seconds)
        return head

    def position(self) -> Position:
        """Of the newest list, apply, write or `head()` of this thread; the head when there was none. What was listed
        and is then watched from here has no gap."""
        seen: Position | None = getattr(self._of_thread, "position", None)
        return seen or self.head()

    def warnings(self) -> list[str]:
        """What the registry had to say about the newest write of this thread, though it took it."""
        return list(getattr(self._of_thread, "warnings", ()))

    def _head(self, params: Params, patience: float = 0) -> Position:
        answer = self._transport.get("/changes", params, wait=patience)
        answer.read(feed_decoder)
        self._saw(answer)
        return answer.position or Position(answer.revision or 0)

    def _saw(self, answer: Answer) -> None:
        if answer.revision is not None:
            self._of_thread.position = answer.position or Position(answer.revision)
