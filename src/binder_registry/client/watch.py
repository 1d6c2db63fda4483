"""The event stream of a registry, which survives its connection."""

import logging
import time
from collections.abc import Iterator

import httpx2
import msgspec

from ..changes import Change, Position
from ..errors import AuthUnavailable, RevisionNotShown, RouteNotFound, StoreUnavailable, UnexpectedError
from .answer import change_of, event_decoder
from .transport import LONGEST_DELAY, NotReady, Params, Transport, backoff

SILENCE = 50.0  # seconds: the server sends a comment every 15, so three of them were lost

log = logging.getLogger(__name__)


def follow(transport: Transport, position: Position, params: Params) -> Iterator[Change]:
    """Every change after `position`, once each, for as long as the client is open.

    A registry that cannot be reached at first raises `StoreUnavailable` after the usual retries; one that was reached
    is waited for without end.
    """
    attempt, reached = 0, False
    while not transport.closed:
        opened, delay = time.monotonic(), 0.0
        try:
            for sent in _events(transport, position, params):
                reached = True
                if sent is None or sent.revision <= position.revision:
                    continue
                position, attempt = sent if isinstance(sent, Position) else sent.position, 0
                transport.saw(position.revision)
                if not isinstance(sent, Position):
                    yield sent
            problem = "it ended"
        except RevisionNotShown:
            continue  # without the revision this time: the registry says whether the position is in its log
        except NotReady as refusal:
            if not reached and attempt >= transport.retries:
                raise refusal.error from None
            problem, delay = str(refusal), refusal.delay
        except httpx2.RequestError as error:
            if not reached and attempt >= transport.retries:
                raise transport.unreachable(error) from None
            problem = str(error) or type(error).__name__
        except AuthUnavailable as error:  # of whoever makes id-tokens, and was asked again and again
            if not reached:
                raise
            problem = str(error)
        except StoreUnavailable:
            if not transport.closed:
                raise
            return
        if time.monotonic() - opened > LONGEST_DELAY:
            attempt = 0
        log.info("The stream of %s stopped after %s (%s)", transport.shown, position, problem)
        time.sleep(max(delay, backoff(attempt)))
        attempt += 1


def _events(transport: Transport, position: Position, params: Params) -> Iterator[Change | Position | None]:
    """One connection; None first, when it is open; a position where nothing up to there was for this reader."""
    headers = {"Accept": "text/event-stream", "Last-Event-ID": str(position)}
    with transport.stream("/changes", params, headers, silence=SILENCE) as response:
        if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
            raise RouteNotFound(f"{transport.shown} does not stream changes: is this the URL of a registry?")
        yield None
        for event in httpx2.EventSource(response, max_event_size=None):
            if event.data:
                yield _change(event.data)
            elif event.id:
                yield Position.parse(event.id)


def _change(text: str) -> Change:
    try:
        return change_of(event_decoder.decode(text))
    except msgspec.MsgspecError as error:
        raise UnexpectedError(f"The registry sent an event that this release cannot read: {error}") from None
