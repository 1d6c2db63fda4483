"""Where a client goes and as whom: what it was told, else what the environment says."""

import os

import httpx2

from ..file_names import as_text
from .address import registry_url
from .credentials import Credential, given
from .id_token import of_job
from .transport import Transport

DEFAULT_URL = "http://127.0.0.1:8080"
KEY_VARIABLE = "BINDER_API_KEY"


def opened(url: str | None, token: str | None, *, timeout: float, retries: int, verify: bool | str) -> Transport:
    """None leaves either to the environment; an empty token is none."""
    registry = address(url)
    credential = of_environment(registry) if token is None else given(token, "the argument token")
    return Transport(registry, credential, timeout=timeout, retries=retries, verify=verify)


def address(url: str | None) -> httpx2.URL:
    return registry_url(url or as_text(os.environ.get("BINDER_REGISTRY_URL", "")) or DEFAULT_URL)


def of_environment(registry: httpx2.URL) -> Credential:
    """The key that is set, else what a job of a CI system has; nobody is asked for a token before it is needed."""
    key = given(os.environ.get(KEY_VARIABLE, ""), KEY_VARIABLE)
    return key if key.source else of_job(registry)
