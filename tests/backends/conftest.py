from collections.abc import Iterator

import pytest

from tests.backends.postgres_server import new_registry


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """An empty place on the shared PostgreSQL."""
    with new_registry() as url:
        yield url
