"""The load of `make image-test`, on a server without a container."""

from pathlib import Path

import pytest

from tests.server.running import KEY, running_server

from .load import FEWEST, loaded_and_stopped


@pytest.mark.parametrize("drain", ["0", "2"])
def test_a_server_that_is_told_to_stop_under_load_answers_all_that_it_was_sent(tmp_path: Path, drain: str) -> None:
    with running_server(tmp_path, "--drain-delay", drain, "--no-access-log") as server:
        outcome = loaded_and_stopped(
            server.port,
            KEY,
            server.process.terminate,
            drains=drain != "0",
            path="/health?for=reads",
            period=0.3,
            failures=2,
        )
        status = server.process.wait(15)

    assert outcome.lost == []
    assert "slow" in outcome.acknowledged
    assert outcome.answered >= FEWEST
    assert outcome.refused_after >= outcome.drained_after
    assert status == 0


def test_what_was_sent_to_a_server_that_is_killed_counts_as_lost(tmp_path: Path) -> None:
    with running_server(tmp_path, "--no-access-log") as server:
        outcome = loaded_and_stopped(
            server.port, KEY, server.kill, drains=False, path="/health", period=0.3, failures=2
        )

    assert any("slow" in lost for lost in outcome.lost)
