"""The count of what a body holds outside of its texts, in pieces."""

import json
import random

import pytest

from binder_registry.server.handlers import taken_apart
from binder_registry.server.handlers.taken_apart import _outside_texts

TEXT = '\\",[{a'


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_pieces_end_where_they_may_within_texts_and_escapes(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(taken_apart, "PIECE", size)
    order = random.Random(size)
    for _ in range(200):
        texts = ["".join(order.choices(TEXT, k=order.randrange(9))) for _ in range(order.randrange(5))]

        found = b"".join(_outside_texts(json.dumps({"a": texts}).encode()))

        assert found == json.dumps({"": ["" for _ in texts]}).replace('"', "").encode()
