"""What a process and those that it began hold in memory, as the kernel counts it."""

from contextlib import suppress
from pathlib import Path

MB = 1000**2
GONE = (FileNotFoundError, ProcessLookupError)


def resident(process: int) -> int:
    """In bytes, now."""
    return _of_all(process, "VmRSS")


def peak(process: int) -> int:
    """In bytes: the most since it started, or since `forget_peak`."""
    return _of_all(process, "VmHWM")


def forget_peak(process: int) -> None:
    for each in (process, *_begun_by(process)):
        Path(f"/proc/{each}/clear_refs").write_text("5")


def _of_all(process: int, name: str) -> int:
    """Raises `ProcessLookupError` where it ended itself."""
    bytes_ = _of(process, name)
    for child in _begun_by(process):
        with suppress(*GONE):
            bytes_ += _of(child, name)
    return bytes_


def _begun_by(process: int) -> list[int]:
    found = list[int]()
    for children in Path(f"/proc/{process}/task").glob("*/children"):  # by the thread that began them
        with suppress(*GONE):
            found += map(int, children.read_text().split())
    return found


def _of(process: int, name: str) -> int:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(f"process {process} has ended")
