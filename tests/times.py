"""How often the long tests do what they do: once by default, more by `BINDER_REGISTRY_TEST_TIMES=20`."""

import os

TIMES = int(os.environ.get("BINDER_REGISTRY_TEST_TIMES", "1"))
