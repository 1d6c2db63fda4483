import pytest

from . import ports


def test_a_port_that_was_given_is_given_to_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = ports.free_port(), ports.free_port()
    drawn = iter([first - 10_000, second - 10_000, 5, 6, 7, 8, 9])
    monkeypatch.setattr("secrets.randbelow", lambda _: next(drawn))

    assert ports.free_port() in range(10_005, 10_010)
