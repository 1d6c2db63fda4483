"""Publishers of a server: the file that `--publishers` names, and the address that their id-tokens are for."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from ..installing import installs, is_missing
from .arguments import File
from .environment import Setting
from .options import Quantity
from .output import counted, say, tell

if TYPE_CHECKING:
    from ..publishers.file import Publishers
    from ..publishers.store import PublisherTokens

_PORTS = {"http": 80, "https": 443}
_ANY = "\0"  # in the place of an audience that only the server knows
F = TypeVar("F", bound=Callable[..., Any])
logger = logging.getLogger("binder_registry")


def public_url_option(command: F) -> F:
    return click.option(
        "--public-url",
        cls=Setting,
        default="",
        type=Quantity("URL", _public_url),
        metavar="URL",
        envvar="BINDER_REGISTRY_PUBLIC_URL",
        help="Where people reach this registry: the audience of publishers that name none.",
    )(command)


def publishers_option(command: F) -> F:
    return click.option(
        "--publishers",
        cls=Setting,
        type=File(path_type=Path),
        metavar="FILE",
        envvar="BINDER_REGISTRY_PUBLISHERS",
        help="Which CI jobs may publish, with id-tokens of theirs: TOML.",
    )(command)


def publisher_tokens(path: Path | None, public_url: str) -> "PublisherTokens | None":
    """None where no file is named. Raises `click.ClickException` for one that cannot be used."""
    if path is None:
        return None
    found = read_file(path, public_url)
    from ..publishers.store import PublisherTokens

    logging.getLogger("httpx2").setLevel(logging.WARNING)  # it tells each request, and we tell what came of it
    logger.info("%s has %d publishers", path, len(found.publishers))
    return PublisherTokens(found.publishers, found.sources)


def reread(tokens: "PublisherTokens", path: Path, public_url: str) -> None:
    """Where the file cannot be used, the publishers of before stay, all of them."""
    try:
        found = read_file(path, public_url)
    except click.ClickException as error:
        logger.error("SIGHUP: %s: the publishers of before stay in force", error.message)
    else:
        tokens.renew(found.publishers, found.sources)
        logger.info("SIGHUP: read %d publishers from %s", len(found.publishers), path)


def check_publishers(path: Path, public_url: str) -> None:
    """Says what it holds. Raises as above."""
    found = read_file(path, public_url or _ANY)
    if relying := [publisher.name for publisher in found.publishers if publisher.audience == _ANY]:
        tell(f"warning: without an audience, {', '.join(relying[:10])} need `serve --public-url`")
    say(f"{path}: {counted(len(found.publishers), 'publisher')}, {counted(len(found.sources), 'issuer')}")


def read_file(path: Path, public_url: str) -> "Publishers":
    """Raises `click.ClickException`, which says all that is wrong with it."""
    try:
        from ..publishers.file import BadPublishers, read_publishers
    except ImportError as error:
        if not is_missing(error, "jwt", "cryptography"):
            raise
        raise click.ClickException(f"Publishers need an extra: {installs('binder-registry[oidc]')}") from None
    try:
        return read_publishers(path, public_url)
    except BadPublishers as error:
        raise click.ClickException("\n".join(f"{path}: {problem}" for problem in error.problems)) from None


def _public_url(text: str) -> str:
    """As clients write the audience that they ask for: in small letters, without the usual port and a slash at its end.
    Raises `ValueError`, which does not repeat it."""
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError:
        host = None
    plain = text.isascii() and text.isprintable() and not set(' ?#"<>\\') & set(text)
    if not text:
        return ""
    if not host or not plain or url.scheme not in _PORTS:
        raise ValueError("this is no address, such as https://registry.example.org")
    named = f"[{host}]" if ":" in host else host
    shown = "" if port in (None, _PORTS[url.scheme]) else f":{port}"
    return f"{url.scheme}://{named}{shown}{url.path}".rstrip("/")
