"""The suites that hold the contracts, for backends of your own too. They need pytest.

Subclass one in a test file and give its fixture; it must be empty at first:

    class TestMyLog(LogConformance):
        @pytest.fixture
        def log(self):
            with closing(MyLog()) as log:
                yield log

    class TestMyStore(StoreConformance):
        @pytest.fixture
        def store(self):
            with closing(LogStore(MyLog())) as store:
                yield store

`pytest.register_assert_rewrite("binder_registry.conformance")` in a `conftest.py` makes failures tell more.
"""

from .auth_stores import AuthStoreConformance as AuthStoreConformance
from .logs import LogConformance as LogConformance
from .stores import StoreConformance as StoreConformance
