"""Answers to conditional requests: a repeated read costs a 304."""

import threading
from collections import OrderedDict

from .answer import Answer

MOST_BYTES = 32 * 2**20  # of bodies: some 100,000 templates
MOST_ANSWERS = 1000


class Cache:
    """The answers used last, by URL. Safe from any thread."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, Answer] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, url: str) -> Answer | None:
        with self._lock:
            if url in self._answers:
                self._answers.move_to_end(url)
            return self._answers.get(url)

    def put(self, url: str, answer: Answer) -> None:
        if "ETag" not in answer.headers or len(answer.body) > MOST_BYTES:
            return
        with self._lock:
            if before := self._answers.pop(url, None):
                self._bytes -= len(before.body)
            self._answers[url] = answer
            self._bytes += len(answer.body)
            while self._bytes > MOST_BYTES or len(self._answers) > MOST_ANSWERS:
                self._bytes -= len(self._answers.popitem(last=False)[1].body)
