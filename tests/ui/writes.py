"""What is written to the registry beside the page, as somebody else would."""

import json
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

from tests.server.running import AUTHORIZATION, RunningServer


def write(server: RunningServer, method: str, path: str, body: Any = None, *, note: str = "") -> Any:
    """The answer's JSON. Raises for what is refused."""
    headers = {**AUTHORIZATION, "Registry-Note": quote(note)}
    content = None if body is None else json.dumps(body).encode()
    with urlopen(Request(server.url + path, content, headers, method=method), timeout=20) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def read(server: RunningServer, path: str) -> Any:
    return write(server, "GET", path)


def template(server: RunningServer, name: str, **members: Any) -> None:
    """A new one. `image_name` is `image-name`."""
    image = "quay.io/jupyter/scipy-notebook:1"
    write(server, "POST", "/templates", {"name": name, "image-name": image, **_named(members)})


def change(server: RunningServer, name: str, *, note: str = "", **members: Any) -> None:
    """Members of it; None clears one."""
    write(server, "PATCH", f"/templates/{quote(name, safe='')}", _named(members), note=note)


def promote(server: RunningServer, name: str, channel: str) -> None:
    write(server, "PUT", f"/templates/{quote(name, safe='')}/channels/{channel}", {})


def revision(server: RunningServer, name: str) -> int:
    """Of its newest change."""
    return int(read(server, f"/templates/{quote(name, safe='')}/changes?limit=1")["changes"][0]["revision"])


def _named(members: dict[str, Any]) -> dict[str, Any]:
    return {member.replace("_", "-"): value for member, value in members.items()}
