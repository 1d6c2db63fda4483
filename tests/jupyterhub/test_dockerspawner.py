"""The real DockerSpawner class and the real docker client, against a recorder of the engine's API."""

import asyncio
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from tornado.web import HTTPError

from binder_registry.jupyterhub import Environments, Rules
from tests.jupyterhub.hubs import need_module
from tests.jupyterhub.samples import HubUser, catalogue, environments, template

need_module("dockerspawner")

RULES = Rules("docker")


class Engine(BaseHTTPRequestHandler):
    """Has every image, no container, and takes note of what it is told to create."""

    created: list[dict[str, Any]]

    def do_GET(self) -> None:
        if "/images/" in self.path:
            self._answer(200, {"Id": "sha256:0"})
        else:
            self._answer(404, {"message": "no such container"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "/containers/create" in self.path:
            self.created.append(json.loads(body))
        self._answer(201, {"Id": "c0ffee", "Warnings": []})

    def _answer(self, status: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def engine() -> Iterator[ThreadingHTTPServer]:
    Engine.created = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Engine) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def created(engine: ThreadingHTTPServer, options: dict[str, Any], hooks: Environments, **config: Any) -> dict[str, Any]:
    """The JSON of `POST /containers/create` after the hub's order of events."""
    from dockerspawner import DockerSpawner
    from traitlets.config import Config

    class Spawner(DockerSpawner):  # type: ignore[misc]
        def get_env(self) -> dict[str, Any]:  # the hub's part needs a hub; `environment` is what we are after
            return dict(self.environment) | {"JUPYTERHUB_DEFAULT_URL": self.format_string(self.default_url or "")}

        def template_namespace(self) -> dict[str, Any]:
            return {"username": "ada", "imagename": "", "servername": "", "raw_username": "ada", "prefix": "jupyter"}

    async def run() -> None:
        Spawner._client = None
        where = {"base_url": f"tcp://127.0.0.1:{engine.server_port}", "version": "1.44"}
        settings = {"client_kwargs": where, "apply_user_options": hooks.apply_user_options, **config}
        spawner = Spawner(config=Config(DockerSpawner=settings), user=HubUser(), hub=None, orm_spawner=None)
        spawner.user_options = options
        try:
            await spawner._run_apply_user_options(spawner.user_options)
            await spawner.pull_image(spawner.image)
            await spawner.create_object()
        finally:
            spawner.client.close()

    asyncio.run(run())
    [container] = Engine.created
    return container


def container(engine: ThreadingHTTPServer, *, config: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    hooks = environments(catalogue(template(**members), rules=RULES), RULES)
    return created(engine, {"template": "scipy"}, hooks, **(config or {}))


def test_the_image_and_the_command_start(engine: ThreadingHTTPServer) -> None:
    found = container(engine, image_name="quay.io/scipy:2", command="jupyterhub-singleuser --debug")

    assert (found["Image"], found["Cmd"]) == ("quay.io/scipy:2", ["jupyterhub-singleuser", "--debug"])


def test_memory_and_cpus_are_caps_and_shares_are_passed_through(engine: ThreadingHTTPServer) -> None:
    host = container(engine, limits={"memory": 64 << 20, "cpu_shares": 512, "cpus": 0.5})["HostConfig"]

    assert (host["Memory"], host["CpuShares"]) == (64 << 20, 512)
    assert host["CpuQuota"] / host["CpuPeriod"] == 0.5


def test_shares_alone_are_no_cap(engine: ThreadingHTTPServer) -> None:
    host = container(engine, limits={"cpu_shares": 512})["HostConfig"]

    assert "CpuQuota" not in host


def test_gpus_are_asked_of_the_engine(engine: ThreadingHTTPServer) -> None:
    [request] = container(engine, limits={"gpus": 2})["HostConfig"]["DeviceRequests"]

    assert (request["Count"], request["Capabilities"]) == (2, [["gpu"]])


def test_the_port_is_bound_at_the_hosts_address_as_2015_meant_it(engine: ThreadingHTTPServer) -> None:
    found = container(engine, bind_port=9000, container_ip="127.0.0.2")

    assert found["HostConfig"]["PortBindings"] == {"9000/tcp": [{"HostIp": "127.0.0.2", "HostPort": ""}]}


def test_environment_and_redirect_come_through_with_their_braces(engine: ThreadingHTTPServer) -> None:
    found = container(engine, environment={"A": "{b}"}, redirect_uri="/lab/{username}", revision=7)

    assert set(found["Env"]) == {
        "A={b}",
        "JUPYTERHUB_DEFAULT_URL=/lab/{username}",
        "BINDER_REGISTRY_TEMPLATE=scipy",
        "BINDER_REGISTRY_REVISION=7",
    }


def test_what_the_hub_configures_for_the_host_stays(engine: ThreadingHTTPServer) -> None:
    config = {"extra_host_config": {"pids_limit": 100}}

    host = container(engine, limits={"cpu_shares": 512}, config=config)["HostConfig"]

    assert (host["PidsLimit"], host["CpuShares"]) == (100, 512)


def test_the_container_is_removed_when_it_stops_so_that_the_next_choice_counts(engine: ThreadingHTTPServer) -> None:
    assert container(engine)["HostConfig"]["AutoRemove"] is True


def test_no_option_but_template_and_revision_has_any_effect(engine: ThreadingHTTPServer) -> None:
    hooks = environments(catalogue(template(), rules=RULES), RULES)

    found = created(engine, {"template": "scipy", "image": "evil", "cmd": "sh", "extra_host_config": {}}, hooks)

    assert (found["Image"], found["Cmd"]) == ("jupyter/scipy:1", ["jupyterhub-singleuser"])


def test_a_choice_of_nothing_creates_nothing(engine: ThreadingHTTPServer) -> None:
    hooks = environments(catalogue(template(), rules=RULES), RULES)

    with pytest.raises(HTTPError, match="There is no environment 'nope'"):
        created(engine, {"template": "nope"}, hooks)

    assert not Engine.created
