"""The process that reads documents for a server: `python -m binder_registry.cli.reader BYTES`, which it may take.

It answers questions from its standard input until that ends, one after the other. Whoever asked ends it where it takes
too long. It holds no secret, writes no file, and goes behind all others for the processor.
"""

import ctypes
import gc
import os
import resource
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path

import msgspec

from ..reading import DONE, FAULT, FULL, REFUSED, Question, answer_frame, read_question
from .reading import Refused, answer_of

LARGE = 256 * 1024  # bytes of a body or an answer, after which it is quicker to begin anew than to find garbage
SPARE_SECONDS = 2  # after those that somebody waits
NICE = 10
_PDEATHSIG = 1  # of `prctl`, in Linux


def main() -> None:
    _restrict(int(sys.argv[1]))
    gc.disable()
    stays = True
    while stays and (asked := read_question(sys.stdin.buffer.read)):
        question, body = asked
        signal.alarm(question.seconds + SPARE_SECONDS)  # kills it also where nobody is left to do that
        kind, answer = _answered(question, body)
        signal.alarm(0)
        stays = kind in (DONE, REFUSED) and max(len(body), len(answer)) < LARGE
        sys.stdout.buffer.write(answer_frame(kind, answer, stays=stays))
        sys.stdout.buffer.flush()
        del asked, question, body, answer
        if stays:
            gc.collect()


def _answered(question: Question, body: bytes) -> tuple[bytes, bytes]:
    try:
        return DONE, answer_of(question, body)
    except Refused as error:
        return REFUSED, msgspec.json.encode(error.refusal)
    except MemoryError:
        return FULL, b""
    except Exception:  # noqa: BLE001  # the server logs it
        return FAULT, traceback.format_exc(limit=-4).encode(errors="replace")


def _restrict(most: int) -> None:
    """For good. Where a system has no such bound, the others stay."""
    with suppress(OSError):  # where memory is short it is this process that has to go, and not the server
        Path("/proc/self/oom_score_adj").write_text("1000")
    for limit, bound in (
        (resource.RLIMIT_AS, most),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        with suppress(ValueError, OSError):
            resource.setrlimit(limit, (bound, bound))
    with suppress(OSError):
        os.nice(NICE)
    with suppress(OSError, AttributeError):  # with the server, however that ends
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
