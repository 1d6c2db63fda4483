"""The registry's address and its answers: what is none is said in words."""

import json
import re
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any
from urllib.parse import urlsplit

from .rules import Template

_POSITION = re.compile(r"([0-9]+-[0-9a-f]{16})(?![0-9a-f])")  # compressing proxies add "-gzip" and the like


def checked_url(url: str) -> str:
    """Raises `ValueError`, which does not show it: it may be the token. It goes into the log and the snapshot."""
    refused = "url= is not the URL of a registry, such as http://registry:8080"
    if not isinstance(url, str):
        raise ValueError(refused)
    url = url.strip()
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # raises
    except ValueError:
        raise ValueError(refused) from None
    if "@" in parts.netloc or "%40" in parts.netloc:
        raise ValueError("url= holds a user name or a password, which would be logged: give a token as token=")
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise ValueError("url= has a query or a fragment, which would be logged: give a token as token=")
    plain = parts.path.isascii() and not re.search(r"[\s\x00-\x1f\x7f]", url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise ValueError(refused)
    return url


def checked_token(token: str) -> str:
    if not isinstance(token, str):
        raise ValueError("the registry's token= is not text; leave it out where reads need none")
    token = token.strip()  # one that was read from a file ends with its line
    if not (token.isascii() and token.isprintable()):
        raise ValueError("the registry's token= holds characters that no header can carry")
    if " " in token:
        raise ValueError("the registry's token= holds a blank: it is the token alone, without a word before it")
    return token


class Refused(HTTPException):
    """An answer with a status that says no. `retry_after` is in seconds."""

    def __init__(self, response: HTTPResponse) -> None:
        super().__init__(refusal_text(response))
        text = response.headers.get("Retry-After", "").strip()
        self.retry_after = float(text[:9]) if text.isascii() and text.isdigit() else 0.0


def body_of(response: HTTPResponse) -> bytes:
    if response.status != 200:
        raise Refused(response)
    try:
        return response.read()
    except IncompleteRead:  # whose text counts bytes: another one each time
        raise HTTPException("the answer was cut off") from None


def parsed_body(body: bytes, response: HTTPResponse) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        coding = response.headers.get("Content-Encoding", "")
        kind = " ".join(filter(None, [coding, response.headers.get("Content-Type", "")]))
        raise HTTPException(f"the answer is not JSON{kind and f', but {kind}'}") from None


def listed_templates(found: Any) -> list[Template]:
    if not isinstance(found, list):
        raise HTTPException("the answer is not a list of templates")
    for one in found:
        whole = isinstance(one, dict) and isinstance(one.get("name"), str) and type(one.get("revision")) is int
        if not whole:
            raise HTTPException("the list holds something without the name and the revision of a template")
    return found


def refusal_text(response: HTTPResponse) -> str:
    """Without the query of an address: it may hold what is secret."""
    hints = {401: "it wants a token=", 403: "the token= may not read", 404: "is a prefix missing in url=?"}
    text = f"{response.status} {response.reason}".rstrip()
    if 300 <= response.status < 400:
        target = urlsplit(response.headers.get("Location", ""))
        return f"{text}, to {target.hostname or ''}{target.path}, which is not followed: url= has to name the registry"
    return f"{text}: {hints[response.status]}" if response.status in hints else text


def position_of(tag: str | None) -> str:
    """Of an ETag, also a weak one or one that a proxy marked; "" when it is none of the registry's."""
    found = _POSITION.match((tag or "").removeprefix("W/").strip('"'))
    return found[1] if found else ""


def words_of(error: Exception) -> str:
    return str(error) if type(error) in (HTTPException, Refused) else f"{type(error).__name__}: {error}"
