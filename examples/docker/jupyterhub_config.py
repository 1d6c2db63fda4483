"""A hub whose servers are Docker containers; see README.md."""

import os
from typing import Any

from binder_registry.jupyterhub import configure

c: Any = get_config()  # type: ignore[name-defined]  # noqa: F821  # given by JupyterHub

c.JupyterHub.hub_ip = "0.0.0.0"  # containers reach the hub by its name on their network
c.JupyterHub.hub_connect_ip = "hub"
c.JupyterHub.db_url = "sqlite:////srv/jupyterhub/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "/srv/jupyterhub/cookie_secret"

c.JupyterHub.authenticator_class = "dummy"  # for trying out: choose one that asks
c.DummyAuthenticator.password = os.environ["HUB_PASSWORD"]
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {"admin"}

c.JupyterHub.spawner_class = "docker"
c.DockerSpawner.network_name = os.environ["DOCKER_NETWORK"]
c.DockerSpawner.use_internal_ip = True
c.DockerSpawner.volumes = {"jupyterhub-user-{username}": "/home/jovyan/work"}  # containers are removed when they stop
c.DockerSpawner.notebook_dir = "/home/jovyan/work"

configure(
    c,
    url="http://registry:8080",
    allow_commands=["start-singleuser.py", "start-singleuser.sh"],  # of docker-stacks: they run jupyterhub-singleuser
    snapshot="/srv/jupyterhub/environments.json",
)
