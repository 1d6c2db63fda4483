"""A whole hub on this machine, its registry included. For trying out: it believes everybody who knows the password.

jupyterhub -f jupyterhub_config.py
"""

import os
import sys
from pathlib import Path
from typing import Any

from binder_registry.jupyterhub import configure

c: Any = get_config()  # type: ignore[name-defined]  # noqa: F821  # given by JupyterHub
state = Path(os.environ.get("LOCAL_HUB_STATE", "state")).resolve()
state.mkdir(exist_ok=True)


def port(name: str, usual: int) -> int:
    return int(os.environ.get(name, usual))


# ── the hub ──────────────────────────────────────────────────────────────────────────────────────────────────────────

c.JupyterHub.bind_url = f"http://127.0.0.1:{port('HUB_PORT', 8000)}"
c.JupyterHub.hub_port = port("HUB_API_PORT", 8081)
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{port('PROXY_API_PORT', 8001)}"
c.JupyterHub.db_url = f"sqlite:///{state}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = f"{state}/cookie_secret"

c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = os.environ.get("LOCAL_HUB_PASSWORD", "try-it")
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {"admin"}

c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = f"{state}/home/{{username}}"
if os.geteuid() == 0:
    c.Spawner.args = ["--allow-root"]  # appended to the template's command


def greet(spawner: Any) -> None:
    """Runs after the registry's own hook."""
    home = state / "home" / spawner.user.name
    home.mkdir(parents=True, exist_ok=True)
    (home / "welcome.html").write_text("<h1>It runs.</h1><p>Your files are in this folder.</p>\n")


c.Spawner.pre_spawn_hook = greet

# ── the registry, as a service that the hub starts ───────────────────────────────────────────────────────────────────

REGISTRY_PORT = port("REGISTRY_PORT", 8095)
READER, PUBLISHER = "read-by-the-hub-itself-0123456789", "publish-with-this-token-0123456789"  # secrets elsewhere

c.JupyterHub.custom_scopes = {
    "custom:binder-registry:read": {"description": "Read the templates of environments"},
    "custom:binder-registry:write": {
        "description": "Create and change templates of environments",
        "subscopes": ["custom:binder-registry:read"],
    },
    "custom:binder-registry:admin": {
        "description": "Purge what templates once were",
        "subscopes": ["custom:binder-registry:write"],
    },
}
c.JupyterHub.services = [
    {
        "name": "binder-registry",
        "url": f"http://127.0.0.1:{REGISTRY_PORT}",
        "command": [
            *(sys.executable, "-m", "binder_registry", "serve", "--auth", "jupyterhub", "--protect-reads"),
            *("--db", f"sqlite:///{state}/registry.db"),
        ],
    },
    {"name": "spawn-form", "api_token": READER},
    {"name": "publisher", "api_token": PUBLISHER},
]
c.JupyterHub.load_roles = [
    {"name": "registry-reader", "scopes": ["custom:binder-registry:read"], "services": ["spawn-form"]},
    {"name": "registry-writer", "scopes": ["custom:binder-registry:write"], "services": ["publisher"]},
    {"name": "registry-admin", "scopes": ["custom:binder-registry:admin"], "users": ["admin"]},
    {"name": "user", "scopes": ["self", "access:services!service=binder-registry"]},
]

# ── the list of environments ─────────────────────────────────────────────────────────────────────────────────────────

configure(
    c,
    url=f"http://127.0.0.1:{REGISTRY_PORT}/services/binder-registry",  # the proxy leaves the prefix on, and so do we
    token=READER,
    versions=3,
    snapshot=f"{state}/environments.json",
)
