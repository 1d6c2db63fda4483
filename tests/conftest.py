import gc
import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path

import httpcore2
import pytest
from hypothesis import settings

from binder_registry.backends.memory import InMemoryStore
from binder_registry.token_uses import TokenUses

from .clock import Clock

pytest.register_assert_rewrite("binder_registry.conformance", "tests.store_machine", "tests.apply_machine")
settings.register_profile("steady", deadline=None)  # a busy machine is no failure
settings.load_profile("steady")

# Each client would read all authorities' certificates, which takes longer than most tests.
pytest.MonkeyPatch().setattr(httpcore2, "default_ssl_context", cache(httpcore2.default_ssl_context))
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]  # it compiles a grammar for seconds, and none needs it

# They take longest, so that they begin first: what began last would be waited for alone. Those of the page, which share
# a browser, are the last.
LONG = ("server/test_schemathesis.py", "cluster/", "abuse/", "jupyterhub/", "crash/", "server/test_operation.py")


def pytest_xdist_auto_num_workers() -> int:
    """One more than processors: tests wait for servers, which wait for disks."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Thousands of tests stay until the end: to look through them again and again is more than half of the time that
    finding them takes, and is felt afterwards."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> list[bool]:
        return [item.nodeid.startswith("tests/ui"), *(not item.nodeid.startswith(f"tests/{long}") for long in LONG)]

    items.sort(key=place)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Without its keywords, which nobody here looks at: a worker sends three reports of each test."""
    report = yield
    report.keywords = {}
    return report


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=False, capture_output=True, text=True
    )
    if mounted.returncode and not os.environ.get("CI"):
        pytest.skip(f"only root can make a small disk: {mounted.stderr.strip()}")
    assert mounted.returncode == 0, mounted.stderr
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> InMemoryStore:
    return InMemoryStore()


@pytest.fixture
def uses(store: InMemoryStore, clock: Clock) -> TokenUses:
    return TokenUses(store, now=clock)
