"""Draws the form of a JSON Schema in a terminal, and starts what was chosen: it knows hubs, and no registry.

TOKEN=… python start.py https://hub.example.org/hub/api https://hub.example.org/services/binder-registry/view?as=schema
"""

import json
import os
import sys
from typing import Any
from urllib.request import Request, urlopen


def ask(url: str, body: Any = None) -> Any:
    headers = {"Authorization": f"token {os.environ['TOKEN']}"}
    with urlopen(Request(url, body and json.dumps(body).encode(), headers)) as answer:
        return json.loads(answer.read() or "null")


def fill(schema: Any) -> Any:
    if "const" in schema:
        return schema["const"]
    if "oneOf" in schema:
        for number, one in enumerate(schema["oneOf"], 1):
            print(f"  {number}. {one['title']}", "(default)" if one.get("const") == schema.get("default", "") else "")
        chosen = input(f"{schema['title']}: ")
        return fill(schema["oneOf"][int(chosen) - 1]) if chosen else schema["default"]
    if schema.get("type") == "object":
        return {name: fill(member) for name, member in schema.get("properties", {}).items()}
    return (
        input(schema.get("description", "Your own") + ": ") if schema.get("type") == "string" else sys.exit("Nothing")
    )


hub, view = sys.argv[1:]
user = ask(f"{hub}/user")["name"]
ask(f"{hub}/users/{user}/server", fill(ask(view)))
print(f"started a server for {user}")
