"""Whether a text fits somebody's pattern, which may take for ever. Standard library only: hubs hold a copy of it."""

import json
import subprocess
import sys
import threading

PATTERN_SECONDS = 0.2


def matches_in_time(pattern: str, text: str) -> bool:
    """As `re.match`, in a process of its own that has 200 ms: what takes for ever is a refusal, and no hang."""
    command = [sys.executable, "-I", "-S", "-c", _MATCHER]
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere) as child:  # noqa: S603  # our own program
        assert child.stdout
        child.stdout.readline()  # it is there: from now on the time counts
        timer = threading.Timer(PATTERN_SECONDS, child.kill)
        timer.start()
        try:
            answer, _ = child.communicate(json.dumps([pattern, text]).encode())
        finally:
            timer.cancel()
    return answer.strip() == b"yes"


_MATCHER = """
import json, re, sys
print(flush=True)
print("yes" if re.match(*json.load(sys.stdin)) else "no")
"""
