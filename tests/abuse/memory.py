"""What a process holds in memory, as the kernel counts it."""

from pathlib import Path

MB = 1000**2


def resident(process: int) -> int:
    """In bytes, now."""
    return _of(process, "VmRSS")


def peak(process: int) -> int:
    """In bytes: the most since it started, or since `forget_peak`."""
    return _of(process, "VmHWM")


def forget_peak(process: int) -> None:
    Path(f"/proc/{process}/clear_refs").write_text("5")


def _of(process: int, name: str) -> int:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(f"process {process} has ended")
