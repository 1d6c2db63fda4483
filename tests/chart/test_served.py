"""What the chart has the program do, the program does: its arguments are parsed, and servers are started with them."""

import http.client
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest

from binder_registry.cli import cli
from tests.backends.postgres_server import new_registry
from tests.chart.helm import VALUES, Json, of_kind, pods, server
from tests.ports import free_port
from tests.server.running import START_SECONDS

KEY = "k" * 40
SECRETS = {  # by name and member, what is in the Secrets that the values name
    ("binder-registry", "api-keys"): f"{KEY}\n",
    ("registry-keys", "keys"): f"{KEY}\n{'l' * 40}\n",
    ("registry-database", "password"): "pw",
    ("hub", "hub.services.binder-registry.apiToken"): "t" * 64,
    ("hub", "hub.services.spawn-form.apiToken"): "r" * 64,
}
STARTED = ["sqlite-full", "hub-proxied", "jobs", "postgresql", "metrics"]
END_SECONDS = 100  # on a busy machine


def options() -> set[str]:
    found = cli.get_command(click.Context(cli), "serve")
    assert found
    return {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}


def flags(name: str) -> set[str]:
    return {word.partition("=")[0] for word in server(name)["args"] if word.startswith("--")}


@pytest.mark.parametrize("name", VALUES)
def test_every_option_that_is_passed_is_one_of_serve(name: str) -> None:
    assert server(name)["args"][0] == "serve"
    assert flags(name) <= options()


def test_the_values_of_these_tests_pass_nearly_all_of_them() -> None:
    passed = set[str]().union(*map(flags, VALUES))

    by_themselves = {"--host", "--access-log", "--ui"}
    others = {*by_themselves, "--config", "--check-config", "--api-key-file"}  # values and the environment say that
    assert options() - passed <= others


@contextmanager
def started(name: str, folder: Path, url: str = "") -> Iterator[tuple[int, int]]:
    """A server as the pod has it, with folders of ours in the place of volumes; its port, and the one of metrics."""
    files = mounted(name, folder)
    port, metrics, container = free_port(), free_port(), server(name)
    words = [within(word, files).replace(":9090", f":{metrics}") for word in container["args"]]
    words = [f"--port={port}" if word.startswith("--port=") else word for word in words]
    words = [f"--db={url}" if url and word.startswith("--db=") else word for word in words]
    environment = {one["name"]: within(value_of(one), files) for one in container.get("env", [])}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "binder_registry", *words],
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", **environment},  # nor a HOME
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    try:
        until_it_answers(process, port, folder / "log")
        yield port, metrics
        process.send_signal(signal.SIGTERM)
        if "--drain-delay" in flags(name):
            leaves_and_serves(port)
            process.send_signal(signal.SIGTERM)  # which ends the delay
        assert process.wait(END_SECONDS) == 0
    finally:
        process.kill()
        process.wait()


def leaves_and_serves(port: int) -> None:
    end = time.monotonic() + START_SECONDS
    while status(port, "/health?for=reads") != 503:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert status(port, "/templates") == 200


def mounted(name: str, folder: Path) -> dict[str, Path]:
    """The folders of a server's pod, by their paths there."""
    files = {"/data": folder / "data"}
    mounts = {one["name"]: one["mountPath"] for one in server(name)["volumeMounts"]}
    configs = {one["metadata"]["name"]: one["data"] for one in of_kind("ConfigMap", name)}
    for volume in pods(name)["server"]["volumes"]:
        if secret := volume.get("secret"):
            content = {one["path"]: SECRETS[secret["secretName"], one["key"]] for one in secret["items"]}
        else:
            content = configs.get(volume.get("configMap", {}).get("name"), {})
        there = files.setdefault(mounts[volume["name"]], folder / volume["name"])
        there.mkdir()
        for file, text in content.items():
            (there / file).write_text(text)
    files["/data"].mkdir(exist_ok=True)
    return files


def within(text: str, files: dict[str, Path]) -> str:
    """Where what the pod mounts is here."""
    return re.sub(rf"(?<![\w.])({'|'.join(files)})(?=/)", lambda found: str(files[found[1]]), text)


def value_of(variable: Json) -> str:
    if "value" in variable:
        return str(variable["value"])
    secret = variable["valueFrom"]["secretKeyRef"]
    return SECRETS[secret["name"], secret["key"]]


def until_it_answers(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            status(port, "/")
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.05)
        else:
            return


def status(port: int, path: str, method: str = "GET", **sent: Any) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path, **sent)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("name", STARTED)
def test_a_server_starts_with_what_its_pod_has_and_passes_its_probes(name: str, tmp_path: Path) -> None:
    probes = {kind: server(name)[kind]["httpGet"] for kind in ("startupProbe", "readinessProbe", "livenessProbe")}

    with at_database(name) as url, started(name, tmp_path, url) as (port, metrics):
        passed = {kind: status(port, probe["path"]) for kind, probe in probes.items()}
        below = status(port, f"{argument(name, '--prefix')}/health?for=reads")  # as proxies leave it on
        scraped = status(metrics, "/metrics") if "--metrics-listen" in flags(name) else None
        written = status(port, "/templates", method="POST", body=TEMPLATE, headers={"Authorization": f"token {KEY}"})

    assert passed == dict.fromkeys(probes, 200)
    assert below == 200
    assert scraped == (200 if name == "metrics" else None)
    keyed = any(one["name"] == "BINDER_API_KEY_FILE" for one in server(name).get("env", []))
    assert written == (201 if keyed else 503)  # no hub is there to be asked
    assert (tmp_path / "data" / "registry.db").exists() == (name != "postgresql")


TEMPLATE = json.dumps({"name": "scipy", "image-name": "quay.io/jupyter/scipy-notebook:2026-11"})


@contextmanager
def at_database(name: str) -> Iterator[str]:
    """Of PostgreSQL, which is elsewhere than the values say; "" leaves it as it is."""
    if name != "postgresql":
        yield ""
        return
    with new_registry() as url:
        yield url


@pytest.mark.parametrize("name", VALUES)
def test_probes_and_services_name_ports_that_the_container_has(name: str) -> None:
    container = server(name)
    ports = {one["name"]: one["containerPort"] for one in container["ports"]}
    [service] = of_kind("Service", name)

    assert {container[probe]["httpGet"]["port"] for probe in container if probe.endswith("Probe")} == {"http"}
    assert {one["targetPort"] for one in service["spec"]["ports"]} == set(ports)
    assert ports["http"] == int(argument(name, "--port"))
    listen = argument(name, "--metrics-listen")
    assert ports.get("metrics") == (int(listen.rpartition(":")[2]) if listen else None)


def argument(name: str, option: str) -> str:
    [*found] = [word.partition("=")[2] for word in server(name)["args"] if word.startswith(f"{option}=")]
    return found[0] if found else ""


@pytest.mark.parametrize("name", ["jobs", "jobs-alone"])
def test_the_prepuller_asks_the_service(name: str) -> None:
    [service] = of_kind("Service", name)
    [container] = [pod["containers"][0] for made_by, pod in pods(name).items() if made_by.endswith("-prepull")]

    [url] = [one["value"] for one in container["env"] if one["name"] == "BINDER_REGISTRY_URL"]

    assert url == f"http://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"


def test_what_comes_through_an_ingress_ends_at_the_service() -> None:
    [service] = of_kind("Service", "hub-own-host")
    [ingress] = of_kind("Ingress", "hub-own-host")

    [rule] = ingress["spec"]["rules"]

    [path] = rule["http"]["paths"]
    assert path["backend"]["service"] == {"name": service["metadata"]["name"], "port": {"name": "http"}}


def test_what_comes_through_a_gateway_ends_at_the_service() -> None:
    [service] = of_kind("Service", "gateway")
    [route] = of_kind("HTTPRoute", "gateway")

    [rule] = route["spec"]["rules"]

    [port] = service["spec"]["ports"]
    assert rule["backendRefs"] == [{"name": service["metadata"]["name"], "port": port["port"]}]
