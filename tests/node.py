"""Where the tools from npm are, and why they are not."""

import os
from pathlib import Path

NODE = Path(os.environ.get("BINDER_REGISTRY_TEST_NODE", Path(__file__).parents[1] / ".venv" / "node"))


def package(name: str) -> str:
    """For a message that it is missing."""
    reason = NODE / "unavailable"  # as tests/install-tools left it
    why = f": {' '.join(reason.read_text().split())[:500]}" if reason.exists() else ""
    return f"{name} in {NODE} (tests/install-tools {NODE}){why}"
