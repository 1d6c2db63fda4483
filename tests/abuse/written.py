"""What abuses and their preparations write."""

import json
from typing import Any

from .wire import TOKEN, Answer, Seen, Target, ask, write


def templates(count: int, prefix: str, size: int = 0, **members: Any) -> list[dict[str, Any]]:
    """Of about `size` bytes each."""
    if size:
        members["description"] = "d" * min(size, 10_000)
    return [{"name": f"{prefix}-{number}", "image-name": "i", **members} for number in range(count)]


async def apply(target: Target, wanted: list[dict[str, Any]], seen: Seen | None = None, **more: Any) -> Answer:
    """For preparations it has to work."""
    got = await ask(
        target,
        seen or Seen(),
        "POST",
        "/apply",
        TOKEN,
        body=json.dumps({"templates": wanted, **more}).encode(),
        patience=80,
    )
    assert seen or got.status == 200, got.body[:1000]
    return got


async def large(target: Target, name: str, size: int) -> None:
    """One template of about that size."""
    environment = {f"V{number}": "v" * min(10_000, size) for number in range(max(1, size // 10_000))}
    got = await write(target, Seen(), "POST", "/templates", {"name": name, "image-name": "i", **_in_two(environment)})
    assert got.status in (201, 409), got.body[:1000]


def _in_two(environment: dict[str, str]) -> dict[str, Any]:
    return {"environment": environment}
