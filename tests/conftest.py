import pytest

pytest.register_assert_rewrite("binder_registry.conformance", "tests.store_machine")
