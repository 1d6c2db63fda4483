"""The files that a process may have open at a time: `ulimit -n`."""

import errno
import os
from contextlib import ExitStack

EXHAUSTED = f"{os.strerror(errno.EMFILE)}: raise `ulimit -n`"


def are_left(number: int) -> bool:
    """Whether so many more could be opened."""
    with ExitStack() as taken:
        try:
            for _ in range(number):
                taken.callback(os.close, os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except OSError as error:
            return error.errno not in (errno.EMFILE, errno.ENFILE)
    return True
