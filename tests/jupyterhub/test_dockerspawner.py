"""The real DockerSpawner class and the real docker client, against a recorder of the engine's API."""

import asyncio
import json
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import MappingProxyType
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
            self._answer(200, {"Id": "sha256:0", "Config": {"Cmd": ["of-the-image"]}})
        elif "/tasks" in self.path:
            self._answer(200, [{}])
        else:
            self._answer(404, {"message": "no such container"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.partition("?")[0].endswith(("/containers/create", "/services/create")):
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


def created(
    engine: ThreadingHTTPServer, options: dict[str, Any], hooks: Environments, cls: str = "DockerSpawner", **config: Any
) -> dict[str, Any]:
    """The JSON of `POST /containers/create`, or of a swarm's service, after the hub's order of events."""
    import dockerspawner
    from traitlets.config import Config

    class Spawner(getattr(dockerspawner, cls)):  # type: ignore[misc]
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


class Host:
    def secured(self, spawner: Any) -> dict[str, Any]:
        return {"cap_drop": ["ALL"]}

    async def __call__(self, spawner: Any) -> dict[str, Any]:
        return self.secured(spawner)


@pytest.mark.parametrize(
    "function",
    [
        Host().secured,
        Host(),
        partial(Host.secured, Host()),
        partial(Host.__call__, Host()),
        lambda spawner: MappingProxyType({"cap_drop": ["ALL"]}),
    ],
    ids=["method", "object", "partial", "asynchronous partial", "read-only mapping"],
)
def test_whatever_kind_of_function_the_hub_has_its_security_stays(engine: ThreadingHTTPServer, function: Any) -> None:
    host = container(engine, limits={"cpu_shares": 512}, config={"extra_host_config": function})["HostConfig"]

    assert (host["CapDrop"], host["CpuShares"]) == (["ALL"], 512)


def test_where_the_hubs_function_for_the_host_fails_nothing_is_created(engine: ThreadingHTTPServer) -> None:
    def failing(spawner: Any) -> dict[str, Any]:
        raise LookupError("no host")

    with pytest.raises(LookupError):
        container(engine, limits={"cpu_shares": 512}, config={"extra_host_config": failing})

    assert not Engine.created


@pytest.mark.parametrize("answer", [None, [], [("cap_drop", ["ALL"])], "cap_drop=ALL"])
def test_where_the_hubs_function_for_the_host_answers_no_mapping_nothing_is_created(
    engine: ThreadingHTTPServer, answer: Any
) -> None:
    """DockerSpawner would not start either: what the function forgot is not taken for a permission."""
    with pytest.raises(TypeError, match="the hub's own function gives no mapping"):
        container(engine, limits={"cpu_shares": 512}, config={"extra_host_config": lambda spawner: answer})

    assert not Engine.created


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_function_of_the_hub_for_the_host_is_still_asked(engine: ThreadingHTTPServer, asynchronous: bool) -> None:
    async def later(spawner: Any) -> dict[str, Any]:
        return secured(spawner)

    def secured(spawner: Any) -> dict[str, Any]:
        return {"security_opt": ["no-new-privileges"], "cap_drop": ["ALL"], "pids_limit": len(spawner.user.name)}

    config = {"extra_host_config": later if asynchronous else secured}
    host = container(engine, limits={"cpu_shares": 512}, config=config)["HostConfig"]

    assert (host["SecurityOpt"], host["CapDrop"]) == (["no-new-privileges"], ["ALL"])
    assert (host["PidsLimit"], host["CpuShares"]) == (3, 512)


def test_a_function_of_the_hub_is_asked_where_the_template_says_nothing(engine: ThreadingHTTPServer) -> None:
    host = container(engine, config={"extra_host_config": lambda spawner: {"cap_drop": ["ALL"]}})["HostConfig"]

    assert host["CapDrop"] == ["ALL"]


def test_what_an_override_nests_for_the_engine_is_merged(engine: ThreadingHTTPServer) -> None:
    def override(template: Any, profile: dict[str, Any]) -> dict[str, Any]:
        profile["kubespawner_override"]["extra_create_kwargs"] = {"labels": {"b": "2"}}
        return profile

    rules = Rules("docker", override=override)
    hooks = environments(catalogue(template(), rules=rules), rules)
    config: dict[str, Any] = {"extra_create_kwargs": {"labels": {"a": "1"}}}

    assert created(engine, {"template": "scipy"}, hooks, **config)["Labels"] == {"a": "1", "b": "2"}


@pytest.mark.parametrize("limit", ["1G", lambda spawner: "1G"])
def test_a_limit_that_the_hub_has_as_text_or_as_a_function_bounds_its_guarantee(
    engine: ThreadingHTTPServer, limit: Any
) -> None:
    host = container(engine, config={"mem_limit": limit, "mem_guarantee": "2G"})["HostConfig"]

    assert host["Memory"] == 1 << 30


def test_without_a_command_the_hubs_own_runs(engine: ThreadingHTTPServer) -> None:
    assert container(engine, config={"cmd": ["wrapper.sh"], "args": ["--x"]})["Cmd"] == ["wrapper.sh", "--x"]


def test_a_template_without_a_command_runs_the_images_where_the_admin_says_so(engine: ThreadingHTTPServer) -> None:
    rules = Rules("docker", image_command=True)
    hooks = environments(catalogue(template(), rules=rules), rules)

    assert created(engine, {"template": "scipy"}, hooks)["Cmd"] == ["of-the-image"]


@pytest.mark.parametrize("name", ["$(A)", "$$"])
def test_dollars_come_through_as_they_are(engine: ThreadingHTTPServer, name: str) -> None:
    found = container(engine, environment={"A": name}, command=f"jupyterhub-singleuser '{name}'")

    assert f"A={name}" in found["Env"]
    assert found["Cmd"][1] == name


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


# ── a swarm ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def service(engine: ThreadingHTTPServer, *, config: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    rules = Rules("swarm")
    hooks = environments(catalogue(template(**members), rules=rules), rules)
    task: dict[str, Any] = created(engine, {"template": "scipy"}, hooks, "SwarmSpawner", **(config or {}))[
        "TaskTemplate"
    ]
    return task


def test_on_a_swarm_a_template_starts_with_its_limits(engine: ThreadingHTTPServer) -> None:
    limits = {"memory": 64 << 20, "cpus": 0.5, "cpu_shares": 512}

    task = service(engine, image_name="quay.io/x:1", limits=limits, environment={"A": "$(b)"}, container_ip="127.0.0.2")

    assert task["Resources"]["Limits"] == {"MemoryBytes": 64 << 20, "NanoCPUs": 500_000_000}
    assert (task["ContainerSpec"]["Image"], task["ContainerSpec"]["Args"]) == ("quay.io/x:1", ["jupyterhub-singleuser"])
    assert "A=$(b)" in task["ContainerSpec"]["Env"]


@pytest.mark.parametrize("text", ["{{.Node.ID}}", "{{", "{{{x}}}", "}}", "{x}"])
def test_what_a_swarm_would_take_for_a_template_of_its_own_reaches_the_server(
    engine: ThreadingHTTPServer, text: str
) -> None:
    spec = service(engine, environment={"A": text}, redirect_uri=f"/{text}")["ContainerSpec"]

    rendered = [variable.replace('{{"{{"}}', "{{") for variable in spec["Env"]]  # as a swarm does it: a text in quotes
    assert {f"A={text}", f"JUPYTERHUB_DEFAULT_URL=/{text}"} <= {*rendered}
    assert not any("{{" in variable.replace('{{"{{"}}', "") for variable in spec["Env"])


def test_a_command_on_a_swarm_is_no_template(engine: ThreadingHTTPServer) -> None:
    spec = service(engine, command="jupyterhub-singleuser '{{.Node.ID}}' '$(x)' '$$'")["ContainerSpec"]

    assert spec["Args"][1:] == ["{{.Node.ID}}", "$(x)", "$$"]


def test_what_a_swarm_sets_aside_is_what_was_asked_for(engine: ThreadingHTTPServer) -> None:
    task = service(engine, requests={"memory": 64 << 20, "cpus": 0.25}, limits={"memory": 128 << 20})

    assert task["Resources"]["Reservations"] == {"MemoryBytes": 64 << 20, "NanoCPUs": 250_000_000}


def test_what_the_hub_mounts_on_a_swarm_stays(engine: ThreadingHTTPServer) -> None:
    [mount] = service(engine, config={"volumes": {"/srv/ada": "/home"}})["ContainerSpec"]["Mounts"]

    assert (mount["Source"], mount["Target"]) == ("/srv/ada", "/home")


def test_without_a_command_the_hubs_own_runs_on_a_swarm_too(engine: ThreadingHTTPServer) -> None:
    spec = service(engine, config={"cmd": ["wrapper.sh"], "args": ["--x"]})["ContainerSpec"]

    assert spec["Args"] == ["wrapper.sh", "--x"]


def test_what_the_hub_tells_a_swarm_stays(engine: ThreadingHTTPServer) -> None:
    config = {"extra_container_spec": {"user": "1000"}, "extra_placement_spec": {"constraints": ["node.role==worker"]}}

    task = service(engine, config={"mem_guarantee": "1G"} | config, limits={"memory": 64 << 20})

    assert task["ContainerSpec"]["User"] == "1000"
    assert task["Placement"] == {"Constraints": ["node.role==worker"]}
    assert task["Resources"]["Reservations"] == {"MemoryBytes": 64 << 20}
