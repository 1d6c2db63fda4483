"""Where an issuer's keys come from: what its discovery document names, or a file. Nobody else is asked."""

import asyncio
import ssl
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import msgspec
from msgspec import Struct

from .issuer_keys import Keys, KeysAway, read_keys

FETCH_SECONDS = 5.0  # for both documents
LONGEST = 256 * 1024  # bytes of one


class Source(Struct, frozen=True):
    """`bearer_file` is read each time: such tokens are short-lived."""

    issuer: str
    keys_file: str = ""
    ca_file: str = ""
    bearer_file: str = ""


class _Discovery(Struct):
    issuer: str
    jwks_uri: str


def fetched(source: Source) -> Keys:
    """Raises `KeysAway`."""
    if source.keys_file:
        return read_keys(_read(source.keys_file))
    try:
        return read_keys(asyncio.run(_fetched(source)))
    except TimeoutError:
        raise KeysAway(f"no answer in {FETCH_SECONDS:g} seconds") from None
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise KeysAway(f"{type(error).__name__}: {error}"[:500]) from None


def check_source(source: Source) -> None:
    """That its files can be used. Raises `ValueError`, which begins with the member."""
    for member, named, use in (
        ("keys-file", source.keys_file, fetched),
        ("ca-file", source.ca_file, _context),
        ("bearer-file", source.bearer_file, _headers),
    ):
        try:
            if named:
                use(source)
        except (KeysAway, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise ValueError(f"{member}: {reason}") from None


def is_address(url: str, *, loopback: bool = True) -> bool:
    """Of an issuer or of its keys: https, or, with `loopback`, http on this machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and not set(url) & set(' "\\<>^`{|}')
    if not host or not plain or parts.username is not None or parts.password is not None or "#" in url:
        return False
    return parts.scheme == "https" or (loopback and parts.scheme == "http" and _is_loopback(host))


async def _fetched(source: Source) -> bytes:
    local = _is_plain(source)
    async with (
        asyncio.timeout(FETCH_SECONDS),
        httpx2.AsyncClient(
            verify=_context(source), trust_env=not local, follow_redirects=False, headers=_headers(source)
        ) as client,
    ):
        url = f"{source.issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            found = msgspec.json.decode(await _body(client, url), type=_Discovery)
        except (msgspec.MsgspecError, RecursionError):
            raise KeysAway(f"{url} is no discovery document") from None
        if found.issuer != source.issuer:
            raise KeysAway(f"{url} is of another issuer")
        if not is_address(found.jwks_uri, loopback=local):
            raise KeysAway(f"{url} names no address of keys that is asked")
        return await _body(client, found.jwks_uri)


async def _body(client: httpx2.AsyncClient, url: str) -> bytes:
    async with client.stream("GET", url) as answer:
        if answer.status_code != 200:
            raise KeysAway(f"{url[:200]} answers {answer.status_code}")
        parts, size = list[bytes](), 0
        async for part in answer.aiter_raw():  # as it came: what is packed could become any size
            parts.append(part)
            size += len(part)
            if size > LONGEST:
                raise KeysAway(f"{url[:200]} answers more than {LONGEST} bytes")
    return b"".join(parts)


def _context(source: Source) -> ssl.SSLContext:
    try:
        if source.ca_file:
            return ssl.create_default_context(cafile=source.ca_file)
    except ssl.SSLError:
        raise KeysAway("it holds no certificate") from None
    if _is_plain(source):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which trusts nobody, and takes no time
    return httpx2.create_ssl_context()


def _is_plain(source: Source) -> bool:
    """Of an issuer on this machine."""
    return urlsplit(source.issuer).scheme == "http"


def _headers(source: Source) -> dict[str, str]:
    headers = {"Accept": "application/json, application/jwk-set+json", "Accept-Encoding": "identity"}
    if source.bearer_file:
        bearer = _read(source.bearer_file).decode("ascii", "replace").strip()
        if not bearer or not bearer.isascii() or not bearer.isprintable() or " " in bearer:
            raise KeysAway("it holds no token")
        headers["Authorization"] = f"Bearer {bearer}"
    return headers


def _read(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            text = file.read(LONGEST + 1)
    except OSError as error:
        raise KeysAway(f"{path}: {error.strerror}") from None
    if len(text) > LONGEST:
        raise KeysAway(f"{path} has more than {LONGEST} bytes")
    return text


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
