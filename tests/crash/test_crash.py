"""What was acknowledged outlives the server, and nobody's writes get lost in a crowd.

`python -m tests.crash` runs the same for longer.
"""

from pathlib import Path

from .load import load
from .rounds import crash

SEED = 2015
ROUNDS = 3
SECONDS = 5.0


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    figures = crash(tmp_path, ROUNDS, SEED)

    assert figures.rounds == ROUNDS
    assert min(figures.acknowledged, figures.tokens) > 0


def test_64_connections_lose_and_double_no_revision(tmp_path: Path) -> None:
    figures = load(tmp_path, SECONDS)

    assert figures.writes > 64
    assert figures.reads > 64
