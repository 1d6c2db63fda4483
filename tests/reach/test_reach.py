"""Whoever holds a token writes what lies in its reach, and nothing else.

`python -m tests.reach` runs the same for longer.
"""

import pytest

from .rounds import rounds

STEPS = 200


@pytest.mark.parametrize("seed", range(4))
def test_tokens_and_their_children_write_exactly_what_the_oracle_lets(seed: int) -> None:
    figures = rounds(STEPS, seed)

    assert min(figures.written, figures.beyond, figures.unscoped, figures.ended) > 0
