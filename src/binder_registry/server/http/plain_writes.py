"""A plain write under way, and its answer."""

from binascii import b2a_hex
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

from msgspec import Struct

from ...auth import Identity
from ...changes import Position
from ...errors import RegistryError
from ...kept_members import shown
from ..live.answer import JSON
from ..live.read_model import ReadModel
from .error_status import logged_reply
from .recorder import GONE, Recorder
from .replies import Header, Reply, Written
from .uvicorn_parts import STATUS_LINE

# A whole answer: what `Beginnings` gives, its id, when the token ends, and then as `change_reply` has it.
_WRITTEN = b'%%b%%b\r\n%%bcontent-type: %b\r\ncontent-length: %%d\r\netag: "%%d-%%b"\r\n%%b\r\n%%b\n' % JSON


class Beginnings:
    """The first bytes of an answer, up to its id: remembered, as long as nothing in them changes."""

    def __init__(self, model: ReadModel) -> None:
        self._model = model
        self._position = Position(0)
        self._headers: list[Header] = []
        self._lines = b""  # of these
        self._of: dict[int, bytes] = {}

    def of(self, status: int, headers: list[Header]) -> bytes:
        """`headers` are uvicorn's, renewed each second."""
        position = self._model.position
        if position is not self._position or headers is not self._headers:
            self._position = position
            self._of.clear()
            if headers is not self._headers:
                self._headers, self._lines = headers, lines(headers)
        found = self._of.get(status)
        if found is None:
            parts = STATUS_LINE[status], self._lines, position.revision
            found = self._of[status] = b"%b%bregistry-revision: %d\r\nrequest-id: " % parts
        return found


class Connection(Protocol):
    """What is asked of the protocol that a write came over."""

    recorder: ClassVar[Recorder]
    beginnings: ClassVar[Beginnings]
    transport: Any
    server_state: Any
    told_who: bytes
    ends: bytes

    def write_ended(self, write: "PlainWrite") -> None: ...


class PlainWrite(Struct, eq=False):
    """A write under way, with what the protocol asks of uvicorn's cycle: pipelining, half-closes, disconnects and
    draining run through the code that is there."""

    protocol: Connection
    method: bytes
    line: bytes  # the first one, up to the version
    who: Identity
    started: int  # by `perf_counter_ns`
    keep_alive: bool = True
    response_complete: bool = False
    disconnected: bool = False

    response_started: ClassVar[bool] = False
    waiting_for_100_continue: ClassVar[bool] = False
    scope: ClassVar[Mapping[str, Any]] = {}

    @property
    def message_event(self) -> "PlainWrite":
        """Which nobody waits for. (As an attribute it would be a cycle, and each write garbage to be looked for.)"""
        return self

    def set(self) -> None:
        """Of `message_event`."""

    def resolve(self, outcome: "Reply | Written | RegistryError") -> None:
        """Answer, as the ordinary path does. On the loop; all in one function, since each call is felt here."""
        protocol = self.protocol
        recorder, transport = protocol.recorder, protocol.transport
        request_id = recorder.ids.new()
        if isinstance(outcome, RegistryError):
            recorder.counters.refuse(outcome)
            outcome = logged_reply(outcome, request_id.decode())
        status = outcome.status
        beginning = protocol.beginnings.of(status, protocol.server_state.default_headers)
        if isinstance(outcome, Written):
            change = outcome.change
            content = shown(change.content)  # type: ignore[arg-type]  # what is new is not purged
            more = lines(outcome.more) if outcome.more else b""
            sent = len(content) + 1
            tag = change.revision, b2a_hex(change.mark)
            answer = _WRITTEN % (beginning, request_id, protocol.ends, sent, *tag, more, content)
        else:
            sent = len(outcome.body)
            headers = lines(outcome.headers)
            answer = b"%b%b\r\n%b%b\r\n%b" % (beginning, request_id, protocol.ends, headers, outcome.body)
        self.response_complete = True
        if self.disconnected or transport.is_closing():
            status, sent = GONE, 0
        else:
            transport.write(answer)
            if not self.keep_alive:
                transport.close()
        recorder.add_write(self.method, self.line, status, sent, request_id, protocol.told_who, self.started)
        protocol.write_ended(self)


def lines(headers: Sequence[Header]) -> bytes:
    text = b""
    for header in headers:  # few, so that this is quicker than to join them
        text += b"%b: %b\r\n" % header
    return text
