"""Processes that read documents for the server, which reads no YAML itself: each is warm, bounded, and ended at will.

They are asked in the threads of a lane, so one thread has one of them at a time.
"""

import logging
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from threading import Lock

import msgspec

from ..errors import ErrorHint, InvalidRequest, TooBusy, UnexpectedError
from ..reading import ANSWER_HEAD, DONE, FAULT, REFUSED, Question, Refusal, answer_head, question_frame
from .lanes import THREADS, go_on

TICK_MILLISECONDS = 50  # after which it is looked whether somebody still waits
PIECE = 256 * 1024  # bytes
# What a process cannot have at all lies so much beyond what it may take: Python without any memory can turn in a circle
# for ever, and there would be no telling why.
BEYOND = 64 << 20
PAGE = os.sysconf("SC_PAGE_SIZE")
_OTHERS_SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM)

Process = subprocess.Popen[bytes]
logger = logging.getLogger(__name__)


class Readers:
    """`command` begins one, with what it may take for its last argument; all together take `most_bytes` of memory.

    One that is idle stays, for the next question.
    """

    def __init__(self, command: Sequence[str], most_bytes: int) -> None:
        self._command, self._bytes = command, most_bytes // THREADS
        self._idle: list[Process] = []
        self._living: set[Process] = set()
        self._lock = Lock()
        self._closed = False

    def ask(self, question: Question, body: bytes) -> bytes:
        """Raises `InvalidRequest` for what cannot be read, and `TooBusy`; also where it takes too long, or where nobody
        waits any more: then it is ended."""
        process = self._taken()
        stays = False
        try:
            kind, stays, answer = _exchanged(process, question_frame(question, body), question.most_bytes, self._bytes)
        except MemoryError:
            raise self._too_large() from None
        except EOFError:
            self._end(process)
            raise self._why_ended(process.returncode) from None
        finally:
            self._give_back(process, stays=stays)
        if kind == DONE:
            return answer
        if kind == REFUSED:
            refusal = msgspec.json.decode(answer, type=Refusal)
            raise InvalidRequest(refusal.message, refusal.hints)
        if kind == FAULT:
            logger.error("a document could not be read: %s", answer.decode(errors="replace"))
            raise UnexpectedError
        raise self._too_large()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            living = list(self._living)
        for process in living:
            process.kill()
            if process in self._idle:
                self._end(process)

    def _taken(self) -> Process:
        """One that was idle, and lives, or a new one."""
        with self._lock:
            process = self._idle.pop() if self._idle else None
        if process is not None:
            if process.poll() is None:
                return process
            self._end(process)
        process = _started([*self._command, str(self._bytes + BEYOND)])
        with self._lock:
            self._living.add(process)
            if self._closed:
                process.kill()
        return process

    def _give_back(self, process: Process, *, stays: bool) -> None:
        with self._lock:
            if stays and not self._idle and not self._closed:
                self._idle.append(process)
                return
        self._end(process)

    def _end(self, process: Process) -> None:
        process.kill()
        for pipe in (process.stdin, process.stdout):
            assert pipe
            pipe.close()
        process.wait()
        with self._lock:
            self._living.discard(process)

    def _why_ended(self, status: int) -> InvalidRequest | TooBusy:
        if -status in _OTHERS_SIGNALS:
            message = "What reads documents was ended meanwhile, and nothing was done; try again"
            return TooBusy(message, reason="reading-bytes")
        return self._too_large()

    def _too_large(self) -> InvalidRequest:
        problem = f"takes more than {self._bytes} bytes of memory to read, or cannot be read at all: make several of it"
        return InvalidRequest(f"The body {problem}", [ErrorHint("Request", "body", "invalid")])


def _started(command: Sequence[str]) -> Process:
    """With the modules of this process, and nothing else of it: no secret, no descriptor, no terminal. Raises
    `TooBusy`."""
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUTF8": "1"}
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    try:
        process = subprocess.Popen(  # noqa: S603  # what the operator's own program named
            command,
            env=environment | {"PYTHONDONTWRITEBYTECODE": "1"},
            stdin=pipe,
            stdout=pipe,
            stderr=nowhere,
            bufsize=0,
            start_new_session=True,
        )
    except OSError as error:
        logger.error("a process that reads documents cannot be started: %s", error)
        raise TooBusy("What reads documents cannot be started; try again", reason="reading-bytes") from None
    for stream in (process.stdin, process.stdout):
        assert stream
        os.set_blocking(stream.fileno(), False)
    return process


def _exchanged(process: Process, question: bytes, longest: int, memory: int) -> tuple[bytes, bool, bytes]:
    """The kind of the answer, whether another question is taken, and the answer. Raises `EOFError` where the process
    ended, `MemoryError` where it takes more than `memory` or says too much, and what `go_on` does."""
    assert process.stdin
    assert process.stdout
    writes, reads = process.stdin.fileno(), process.stdout.fileno()
    left, found = memoryview(question), bytearray()
    poll = select.poll()
    poll.register(writes, select.POLLOUT)
    poll.register(reads, select.POLLIN)
    while len(found) < ANSWER_HEAD or len(found) < ANSWER_HEAD + answer_head(found)[2]:
        go_on()
        if _taken_by(process) > memory:
            raise MemoryError
        for descriptor, _ in poll.poll(TICK_MILLISECONDS):
            if descriptor == reads:
                some = os.read(reads, PIECE)
                found += some
                if not some:
                    raise EOFError
                if len(found) > longest + PIECE:
                    raise MemoryError
                continue
            try:
                left = left[os.write(writes, left[:PIECE]) :]
            except BrokenPipeError:
                raise EOFError from None
            if not left:
                poll.unregister(writes)
    kind, stays, size = answer_head(found)
    return kind, stays, bytes(memoryview(found)[ANSWER_HEAD : ANSWER_HEAD + size])


def _taken_by(process: Process) -> int:
    """Bytes of memory; 0 where the system does not tell."""
    try:
        with open(f"/proc/{process.pid}/statm", "rb") as file:  # noqa: PTH123  # twenty times a second
            return int(file.read().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0
