"""uvicorn's HTTP protocol without its holes: limits, refusals in JSON, half-closes, slow readers.

The ordinary path of every request, and the base of the fast one.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar

import httptools

from ...errors import HeadTooLarge, InvalidRequest, RegistryError, RequestTimeout
from . import body_pieces
from .access_log import address
from .deadlines import BETWEEN, BODY, HEAD, PATIENCE, TimedProtocol
from .error_status import error_reply
from .raw_head import TooLarge, end_of_head, quoted, size_of_head, without_upgrade
from .recorder import Exchange, Recorder, disconnect, let_end, too_busy
from .uvicorn_parts import STATUS_LINE, RequestResponseCycle, service_unavailable

HEAD_BYTES = 64 * 1024
MOST_HEADERS = 200  # in memory, one of few bytes takes thirty times as many
MOST_ESCAPES = 4096  # in a target: to decode one takes as long as hundreds of other bytes
SLICE_BYTES = 4096  # fed to the parser at once: what waits behind one slow request stays small
LINGER = 2.0  # seconds to read on after a last answer: closing at once would reset the connection under it


class SafeProtocol(TimedProtocol):
    recorder: ClassVar[Recorder]
    _stage = BETWEEN
    _silence = 0  # bytes since the parser last got anywhere
    _received = _pieces = _promised = 0  # of this body: bytes, in how many pieces; bytes in all

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.access_log = False  # uvicorn's own
        self.idle: bool | None = False  # the next byte begins a request; None: a plain write is answered, else nothing
        self._upgrading = False
        self._held = b""  # read, and fed to the parser when the requests before are answered
        self._running: RequestResponseCycle | None = None  # the one begun last; `cycle` is the one read last
        self.refusal: RegistryError | None = None  # the last answer of this connection
        self._lingers = False
        self.ended = False  # the client sends no more
        self.on_end: Any = None  # is called then

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family != socket.AF_UNIX:
            with suppress(OSError, AttributeError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(PATIENCE * 1000))
        self.peer = address(self.client)
        self._settle()

    def connection_lost(self, exc: Exception | None) -> None:
        self.idle = False
        running, flow = self._running, self.flow
        answering = running is not None and not running.response_complete
        if answering:
            running.disconnected = True  # type: ignore[union-attr]
        self.pipeline.clear()
        self._held = b""
        self.cycle = self._running = None  # type: ignore[assignment]  # they know this: to find a thousand cycles is long
        self.flow = None  # type: ignore[assignment]  # else uvicorn wakes at once what waits
        super().connection_lost(exc)
        self.flow = flow
        if answering or flow.write_paused:
            self.wake(partial(let_end, running, flow))

    def wake(self, waiting: Callable[[], None]) -> None:
        """Of a connection that was lost: `waiting` lets end what goes on for it."""
        waiting()

    def eof_received(self) -> bool:  # type: ignore[override]
        self.idle, self.ended = False, True
        if self.on_end:
            self.on_end()
        return bool(self._held) or self._answers_after_end()

    def data_received(self, data: bytes) -> None:
        self.idle = False
        if self._held:
            self._held += data
            self.flow.pause_reading()
        else:
            self._feed(data)

    def pause_writing(self) -> None:
        self.idle = False
        super().pause_writing()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stage == BETWEEN:
            self.since = self._now()
        self._settle()

    def shutdown(self) -> None:
        self.idle = False
        super().shutdown()

    # What the parser is fed, and what it calls.

    def _feed(self, data: bytes) -> None:
        start, before = 0, self._pieces
        while start < len(data):
            if self._pieces - before > body_pieces.A_TURN and self.lets_others(data[start:]):
                return
            if self.refusal or self._lingers or self.transport.is_closing():
                return
            if self.pipeline:
                self._held = data[start:]
                self.flow.pause_reading()
                return
            sure = max(SLICE_BYTES, self._promised - self._received)  # of a body, whose pieces are joined one by one
            end = start + sure if self._stage == BODY else end_of_head(data, start, SLICE_BYTES)
            self._parse(data[start:end])
            start = end
        self._settle()

    def lets_others(self, _rest: bytes) -> bool:
        return False  # the rest of what came is not taken later

    def _parse(self, data: bytes) -> None:
        self._silence += len(data)
        if self._stage == BETWEEN and not data.isascii():
            data = quoted(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._parse(self._read_anew() + data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            too_large = isinstance(error.__context__, TooLarge)
            self._refuse(HeadTooLarge() if too_large else InvalidRequest("The request is not valid HTTP/1.1"))
        else:
            if self._silence > HEAD_BYTES and self._stage != BETWEEN:
                self._refuse(HeadTooLarge())
            elif self._pieces > body_pieces.MOST and (small := body_pieces.refusal(self._pieces, self._received)):
                self._refuse(small)

    def _read_anew(self) -> bytes:
        """The head read last, for a parser that is to read it as an ordinary request: we upgrade to nothing."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._upgrading = False
        return without_upgrade(method, self.url, version, self.headers)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._enter(HEAD)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._stage == HEAD:  # and not a trailer
            super().on_header(name, value)
            if len(self.headers) > MOST_HEADERS:
                raise TooLarge

    def on_headers_complete(self) -> None:
        # The slice in which a head begins is not counted in `_silence`.
        too_long = self._silence > HEAD_BYTES - SLICE_BYTES and size_of_head(self.url, self.headers) > HEAD_BYTES
        if too_long or self.url.count(b"%") > MOST_ESCAPES:
            raise TooLarge
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise httptools.HttpParserError("a proxy's method")
            self._upgrading = True
            return
        super().on_headers_complete()
        self._enter(BODY)
        self._promised = body_pieces.promised(self.headers)

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._received += len(body)
        self._pieces += 1
        self._silence = 0

    def on_message_complete(self) -> None:
        if not self._upgrading:
            super().on_message_complete()
            self._enter(BETWEEN)

    def _enter(self, stage: int) -> None:
        self._stage = stage
        self._silence = self._received = self._pieces = self._promised = 0
        self.since = self._now()

    # Answers.

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        app = too_busy if app is service_unavailable else app
        exchange: Any = Exchange(self, cycle, app)
        super()._start_asgi_task(cycle, exchange)

    def answer_ended(self) -> None:
        """The application is done with a request that was begun."""

    async def next_turn(self) -> None:
        """Of the event loop, for what a long answer still owes."""
        await asyncio.sleep(0)

    def answer_started(self, cycle: RequestResponseCycle) -> None:
        """An answer that closes, to a request that still comes in: close only after having read on."""
        if not cycle.keep_alive and cycle is self.cycle and self._stage == BODY:
            cycle.keep_alive = True  # else uvicorn closes at once
            self._lingers = True

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        self.since = self._now()
        if self.transport.is_closing():
            return
        if self._lingers:
            self._linger()
            return
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        if not self.pipeline:
            self.flow.resume_reading()
            if self._held:
                held, self._held = self._held, b""
                self._feed(held)
        if self.refusal and self._answered():
            self._send_refusal(self.refusal)
        elif self.ended and not self._held and not self._answers_after_end():
            self.transport.close()
        self._settle()

    def _answered(self) -> bool:
        running = self._running
        return not self.pipeline and (running is None or running.response_complete or running.disconnected)

    def _settle(self) -> None:
        # Whatever is held waits behind the pipeline; a refusal leaves the parser within a message.
        done = self._stage == BETWEEN and self._answered()
        self.idle = done and not self.flow.write_paused and not self.transport.is_closing()

    def _answers_after_end(self) -> bool:
        """Whether answers are owed to a client that has sent its last byte. A request cut short gets none."""
        if self._stage == BODY and not self._drop_incomplete():
            return False
        return not self._answered()

    def _drop_incomplete(self) -> bool:
        """Take back the request whose body cannot be read to its end; False when its answer has begun."""
        if self.pipeline and self.pipeline[0][0] is self.cycle:
            self.pipeline.popleft()
            return True
        if self.cycle.response_started:
            return False
        disconnect(self.cycle)
        return True

    def _refuse(self, error: RegistryError) -> None:
        """Answer what is no request, after the requests before it, and close."""
        self.recorder.counters.refuse(error)
        self.refusal = error
        if self._stage == BODY and not self._drop_incomplete():
            self.transport.close()
        elif self._answered():
            self._send_refusal(error)

    def _send_refusal(self, error: RegistryError) -> None:
        reply = error_reply(error)
        request_id = self.recorder.add_refusal(reply, self.scope if self._stage == BODY else None, self.peer)
        last = [(b"request-id", request_id), (b"connection", b"close")]
        headers = dict([*self.server_state.default_headers, *reply.headers, *last])
        lines = [b"%b: %b\r\n" % header for header in headers.items()]
        self.transport.writelines([STATUS_LINE[reply.status], *lines, b"\r\n", reply.body])
        self._linger()

    def _linger(self) -> None:
        self._lingers = True
        self.flow.resume_reading()
        self.close_after(LINGER)
        if self.ended:
            self.transport.close()
        elif self.transport.can_write_eof():
            self.transport.write_eof()

    def hang_up(self) -> None:
        """Nobody waits for an answer any more."""
        self.transport.close()

    # Deadlines.

    def drop_reader(self) -> None:
        self.recorder.counters.drop("reader", "answer")
        super().drop_reader()

    def _expire(self) -> None:
        if self._stage == BETWEEN:
            self.transport.close()
        elif self.refusal is None:
            self._refuse(RequestTimeout())
