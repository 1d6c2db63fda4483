from pathlib import Path

import pytest

from .invoking import CommandLine


@pytest.fixture
def command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Without a registry, and without the settings of whoever runs the tests."""
    for name in ("BINDER_REGISTRY_URL", "BINDER_API_KEY", "NO_COLOR", "FORCE_COLOR", "BINDER_REGISTRY_DB"):
        monkeypatch.delenv(name, raising=False)
    return CommandLine(monkeypatch, {"XDG_CONFIG_HOME": str(tmp_path / "config")})
