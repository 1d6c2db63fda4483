"""What a job of a CI system finds in its environment, and id-tokens that nobody signed."""

import json
from base64 import urlsafe_b64encode
from typing import Any

# What can change what a client shows, and so is taken out of the environment of those who run the tests.
OF_JOBS = (
    "BINDER_REGISTRY_ID_TOKEN",
    "BINDER_REGISTRY_ID_TOKEN_FILE",
    "BINDER_REGISTRY_ID_TOKEN_AUDIENCE",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
)
ENDPOINT_KEY = "the-key-of-the-endpoint"


def minted(signature: str = "signature", *, seconds: int = 300, **claims: Any) -> str:
    """Made in 2026, for so many seconds."""
    times = {"iat": 1_795_000_000, "exp": 1_795_000_000 + seconds}
    return f"{_part({'alg': 'RS256'})}.{_part(times | claims)}.{signature}"


def of_github(endpoint: str) -> dict[str, str]:
    return {
        "GITHUB_ACTIONS": "true",
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{endpoint}/token?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": ENDPOINT_KEY,
    }


def _part(value: Any) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
