import pytest
from hypothesis import settings

pytest.register_assert_rewrite("binder_registry.conformance", "tests.store_machine")
settings.register_profile("steady", deadline=None)  # a busy machine is no failure
settings.load_profile("steady")
