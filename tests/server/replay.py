"""Recorded exchanges of the registry of 2015, and how an answer of ours is compared with the recorded one.

`recordings.jsonl` is what the original, package v0.0.2, answered on the wire: one scenario a line, each of which starts
from an empty registry.
- `status` exactly; `content_type` exactly where the recording holds one.
- `body` byte for byte, once every timestamp is replaced by <t1>, <t2>, … in the order in which its value first appears
  in the scenario. The elements of an array may stand in any order: the original lists a Go map. An error's body may
  carry a list of hints, `errors`, as its last member.
- `body_shape` "error" instead of `body`: an object whose `message` is a string that is not empty, since the text of a
  parse error is the language's own.
"""

import json
import re
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

RECORDINGS = Path(__file__).with_name("recordings.jsonl")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d*[1-9])?Z")  # RFC 3339; no fraction ends in 0
_decoder = json.JSONDecoder()


def scenarios() -> list[dict[str, Any]]:
    return [json.loads(line) for line in RECORDINGS.read_text().splitlines()]


def differences(scenario: dict[str, Any], port: int) -> list[str]:
    """What a registry that was empty before answers otherwise than the original."""
    labels: dict[str, str] = {}
    found = []
    for number, step in enumerate(scenario["steps"], 1):
        problem = difference(step["response"], exchange(port, step["request"]), labels)
        if problem:
            found.append(f"step {number}, {step['request']}: {problem}")
    return found


def exchange(port: int, request: dict[str, Any]) -> dict[str, Any]:
    """The answer, in the form of the recordings."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    body = request.get("body")
    try:
        connection.putrequest(request["method"], request["path"], skip_accept_encoding=True)
        for name, value in request.get("headers", []):
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body.encode())))
        connection.endheaders(None if body is None else body.encode())
        response = connection.getresponse()
        text = response.read().decode("utf-8", "surrogateescape")
        return {"status": response.status, "content_type": response.getheader("Content-Type"), "body": text}
    finally:
        connection.close()


def difference(recorded: dict[str, Any], answer: dict[str, Any], labels: dict[str, str]) -> str:
    """What is wrong with `answer`, or nothing. `labels` are those of the scenario's timestamps so far."""
    if answer["status"] != recorded["status"]:
        return f"status {answer['status']} with {answer['body']!r}, not {recorded['status']}"
    if recorded.get("content_type") and answer["content_type"] != recorded["content_type"]:
        return f"content type {answer['content_type']!r}, not {recorded['content_type']!r}"
    if recorded.get("body_shape") == "error":
        return "" if _has_message(answer["body"]) else f"no error with a message: {answer['body']!r}"
    body = _TIME.sub(lambda time: labels.setdefault(time[0], f"<t{len(labels) + 1}>"), answer["body"])
    expected = recorded.get("body", body)
    if _elements(body) != _elements(expected) and not _with_hints(body, expected):
        return f"body {body!r}, not {expected!r}"
    return ""


def _has_message(body: str) -> bool:
    try:
        message = json.loads(body)["message"]
    except (ValueError, KeyError, TypeError):
        return False
    return isinstance(message, str) and message != ""


def _with_hints(body: str, recorded: str) -> bool:
    """Whether `body` is the recorded one with a list of hints added, and nothing else."""
    if not (body.startswith(recorded.removesuffix("}\n") + ',"errors":[') and body.endswith("]}\n")):
        return False
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _elements(body: str) -> str | list[str]:
    """The elements of a compact array in a fixed order, byte for byte; any other text as it is."""
    if not (body.startswith("[{") and body.endswith("}]\n")):
        return body
    found, at = [], 1
    while True:
        try:
            _, end = _decoder.raw_decode(body, at)
        except ValueError:
            return body
        found.append(body[at:end])
        if body[end:] == "]\n":
            return sorted(found)
        if body[end] != ",":
            return body
        at = end + 1
