"""The programs of the CronJobs, run with the arguments that the chart gives them."""

import json
import os
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from binder_registry import Client, Template
from binder_registry.backends import open_log
from binder_registry.log_store import LogStore
from tests.chart.helm import of_kind, pods
from tests.chart.kubernetes_schemas import RELEASES, faults
from tests.client.stub import Stub, json_answer, running
from tests.ports import free_port
from tests.server.running import KEY, RunningServer, running_server


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The volume of the server."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[RunningServer]:
    with running_server(data, "--protect-reads", db=f"sqlite:///{data}/registry.db") as server:
        with Client(server.url, KEY) as client:
            client.register_template(Template("scipy", "quay.io/jupyter/scipy-notebook:2026-11"))
        yield server


def job(name: str, suffix: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """As its container runs, with folders of ours in the place of volumes."""
    [container] = [pod["containers"][0] for made_by, pod in pods(name).items() if made_by.endswith(suffix)]
    [program, *options] = container["command"]
    [config, *_] = [one["data"] for one in of_kind("ConfigMap", name) if Path(options[-1]).name in one["data"]]
    for mount in container["volumeMounts"]:
        (folder / mount["mountPath"].strip("/")).mkdir(parents=True, exist_ok=True)
    Path(f"{folder}{options[-1]}").write_text(config[Path(options[-1]).name])
    assert program == "python"
    return subprocess.run(
        [
            sys.executable,
            *(re.sub(r"^(sqlite:///)?(?=/)", rf"\1{folder}", word) for word in (*options, *container["args"])),
        ],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.usefixtures("server")
def test_a_backup_is_a_registry_and_the_newest_are_kept(data: Path, tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(data)
    folder = tmp_path / "backup"
    folder.mkdir()
    for day in range(1, 5):
        (folder / f"registry-2026010{day}T031700Z.db").touch()
    (folder / "somebody-elses.db").touch()

    ran = job("jobs", "-backup", tmp_path)

    assert ran.returncode == 0, ran.stderr
    kept = sorted(path.name for path in folder.glob("registry-*"))
    assert kept[:2] == ["registry-20260103T031700Z.db", "registry-20260104T031700Z.db"]
    assert len(kept) == 3
    with closing(LogStore(open_log(f"sqlite:///{folder / kept[-1]}"))) as copy:
        assert [one.name for one in copy.list_templates()] == ["scipy"]
    assert (folder / "somebody-elses.db").exists()


def test_where_no_backup_could_be_made_the_old_ones_stay(tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    folder.mkdir()
    for day in range(1, 6):
        (folder / f"registry-2026010{day}T031700Z.db").touch()

    ran = job("jobs", "-backup", tmp_path)

    assert ran.returncode != 0
    assert len(list(folder.iterdir())) == 5


@pytest.fixture
def authority(tmp_path: Path) -> ssl.SSLContext:
    """And what a pod has mounted, to ask a cluster that has it."""
    mounted = tmp_path / "var" / "run" / "secrets" / "kubernetes.io" / "serviceaccount"
    mounted.mkdir(parents=True)
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", tmp_path / "key", "-out", mounted / "ca.crt"], check=True, capture_output=True)
    (mounted / "token").write_text("the pod's token")
    (mounted / "namespace").write_text("jhub")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(mounted / "ca.crt", tmp_path / "key")
    return tls


def prepulled(cluster: Stub, url: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    place = urlsplit(cluster.url)
    return job(
        *("jobs-alone", "-prepull", folder),
        BINDER_REGISTRY_URL=url,
        BINDER_API_KEY=KEY,
        KUBERNETES_SERVICE_HOST=str(place.hostname),
        KUBERNETES_SERVICE_PORT=str(place.port),
    )


def test_the_cluster_is_told_which_images_to_pull(
    server: RunningServer, authority: ssl.SSLContext, tmp_path: Path
) -> None:
    [account] = [one["metadata"]["name"] for one in of_kind("Role", "jobs-alone")]

    with running(lambda *_: json_answer({}, 201), authority) as cluster:
        ran = prepulled(cluster, server.url, tmp_path)

    assert (ran.returncode, ran.stdout) == (0, f"DaemonSet {account}: 1 images\n"), ran.stderr
    [asked] = cluster.asked
    manifest = json.loads(asked.body)
    assert asked.method == "PATCH"
    assert asked.path.partition("?")[0] == f"/apis/apps/v1/namespaces/jhub/daemonsets/{account}"
    assert asked.headers["authorization"] == "Bearer the pod's token"
    assert asked.headers["content-type"] == "application/apply-patch+yaml"
    assert [faults(manifest, release) for release in RELEASES] == [[]] * len(RELEASES)
    assert manifest["metadata"]["name"] == account
    pod = manifest["spec"]["template"]["spec"]
    assert [one["image"] for one in pod["initContainers"]] == ["quay.io/jupyter/scipy-notebook:2026-11"]
    assert pod["tolerations"]
    assert manifest["spec"]["selector"]["matchLabels"] == manifest["spec"]["template"]["metadata"]["labels"]


def test_what_the_cluster_does_not_take_is_told(
    server: RunningServer, authority: ssl.SSLContext, tmp_path: Path
) -> None:
    with running(lambda *_: json_answer({"message": "forbidden"}, 403), authority) as cluster:
        ran = prepulled(cluster, server.url, tmp_path)

    assert ran.returncode == 1
    assert "forbidden" in ran.stderr


def test_where_the_registry_does_not_answer_the_cluster_is_not_asked(authority: ssl.SSLContext, tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"

    with running(lambda *_: json_answer({}), authority) as cluster:
        ran = prepulled(cluster, nobody, tmp_path)

    assert ran.returncode == 3
    assert cluster.asked == []
