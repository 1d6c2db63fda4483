"""What abuses cost, with little of everything: `python -m tests.abuse` does the same in full, and measures times."""

import pytest

from .suite import ABUSES, DATABASES, HONEST, in_short


@pytest.mark.parametrize("database", DATABASES)
def test_no_abuse_costs_others_their_answers_or_the_server_its_memory(database: str) -> None:
    outcomes = list(in_short([*ABUSES, *HONEST], [database]))

    assert {outcome.abuse.name: outcome.faults() for outcome in outcomes if outcome.faults()} == {}
