"""`python -m tests.image`: builds the image, pushes it, pulls it, and runs it as a pod, under load when it is stopped.

The pods are one of our own, which drains, and what the chart renders, with SQLite, where there are a chart and helm.
"""

import argparse
import contextlib
import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from binder_registry.version import __version__
from tests.command_lines import FENCED
from tests.server.running import KEY

from .engines import NAME, ROOT, Podman, base, buildah, built, image_registry, missing, ran
from .load import Outcome
from .pods import Pod, podman_arguments

HERE = Path(__file__).parent
CHART = ROOT / "chart/binder-registry"
HELM = Path(sys.prefix) / "chart-tools/helm"
START_SECONDS = 60.0
ANOTHER_USER = "1000680000:0"  # as OpenShift chooses it: a user that no file knows, in group 0
# Of /proc/PID/status: what the security context comes to.
BOUNDED = {"CapEff": "0000000000000000", "CapBnd": "0000000000000000", "NoNewPrivs": "1", "Seccomp": "2"}


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    print(f"{time.monotonic() - begun:7.1f} s  {name}", flush=True)


def pods() -> dict[str, Pod]:
    """By who says what they are."""
    manifests = {"our own": (HERE / "server.yaml").read_text()}
    if CHART.is_dir() and HELM.exists():
        manifests["the chart's"] = ran(str(HELM), "template", "registry", str(CHART))
    return {whose: Pod(f"{text}\n---\n{(HERE / 'secrets.yaml').read_text()}") for whose, text in manifests.items()}


def rounds(folder: Path) -> None:
    with step("built by `make image` on a base of Debian's packages"):
        image = built(folder)
    with step("installed on such a base by the commands of docs/deploying.md, without systemd"):
        installed_as_documented(folder)
    podman = Podman(folder)
    with image_registry(folder) as address:
        pushed = f"{address}/{NAME}"
        with step("pushed to a registry of images on loopback"):
            ran(*buildah(folder), "push", "--quiet", "--tls-verify=false", image, f"docker://{pushed}")
        with step("pulled from there"):
            podman("pull", "--quiet", "--tls-verify=false", pushed)
    try:
        podman("run", "--rm", "--network", "none", "--entrypoint", "true", pushed)
    except AssertionError as error:
        print(f"skipped: podman cannot run containers here: {error}")
        return
    try:
        for number, (whose, pod) in enumerate(pods().items()):
            with step(f"ran as {whose} pod, and stopped under load"):
                outcome = stopped_under_load(podman, pod, pushed, folder / f"volumes-{number}")
            print(f"{outcome.answered} requests answered, none lost; refused {outcome.refused_after} s after SIGTERM")
        with step("ran as another user, without HOME, on a volume of the image's own"):
            as_another_user(podman, pushed)
        with step("ran by the command of docs/deploying.md"):
            as_documented(podman, pushed, folder)
    finally:
        podman("rm", "--all", "--force", "--time", "0")


def stopped_under_load(podman: Podman, pod: Pod, image: str, volumes: Path) -> Outcome:
    container = started(podman, podman_arguments(pod, image, volumes))
    pid = podman.state(container)["Pid"]
    port, path = pod.probe("readinessProbe")
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        answers(podman, container, *pod.probe(name))
    bounded(pid, pod)
    readiness = pod.container["readinessProbe"]
    begun = time.monotonic()
    outcome = msgspec.json.decode(
        ran(
            *("nsenter", "--target", str(pid), "--net", sys.executable, "-m", "tests.image.load", str(pid), str(port)),
            *("--path", path, "--period", str(readiness.get("periodSeconds", 10))),
            *("--failures", str(readiness.get("failureThreshold", 3))),
            *(["--drains"] if pod.drains else []),
            environment={**os.environ, "BINDER_API_KEY": KEY, "PYTHONPATH": str(ROOT)},
        ),
        type=Outcome,
    )
    status = podman("wait", container).strip()
    assert outcome.lost == [], outcome.lost[:5]
    assert status == "0", f"exit status {status}:\n{podman('logs', container)[-2000:]}"
    assert outcome.refused_after <= pod.grace_seconds, f"{outcome.refused_after} s, of {pod.grace_seconds}"
    if pod.drains:
        assert outcome.refused_after >= outcome.drained_after, (
            "connections were refused while it was still sent requests"
        )
    assert time.monotonic() - begun < START_SECONDS + pod.grace_seconds
    again = started(podman, podman_arguments(pod, image, volumes))
    answers(podman, again, port, path)
    kept = asked(podman, again, port, "/templates")
    assert [name for name in outcome.acknowledged if f'"{name}"' not in kept] == [], "a write that was answered is gone"
    podman("stop", "--time", str(pod.grace_seconds), again)
    return outcome


def as_another_user(podman: Podman, image: str) -> None:
    """The image alone, with nothing but what OpenShift gives: its own volume for /data, and the program's defaults."""
    port, path = 8080, "/health"
    container = started(
        podman,
        [
            *("--user", ANOTHER_USER, "--read-only", "--read-only-tmpfs=false", "--cap-drop", "all"),
            *("--security-opt", "no-new-privileges", "--env", f"BINDER_API_KEY={KEY}"),
            *("--entrypoint", '["env", "--unset", "HOME", "binder-registry"]', image, "serve"),
        ],
    )
    answers(podman, container, port, path)
    files = podman("exec", container, "ls", "/data").split()
    assert "binder-registry.db" in files, files
    podman("stop", "--time", "20", container)
    assert podman.state(container)["ExitCode"] == 0


def documented(beginning: str) -> str:
    """The block of commands that begins so."""
    page = (ROOT / "docs/deploying.md").read_text().replace("\\\n", " ")
    [block] = [block for _, _, block in FENCED.findall(page) if block.startswith(beginning)]
    return str(block)


def installed_as_documented(folder: Path) -> None:
    """In a copy of the base, in which `systemctl` does nothing."""
    root = folder / "installed"
    ran("cp", "--archive", str(base(folder)), str(root))
    ran("git", "clone", "--quiet", str(ROOT), str(root / "src"))
    lines = ("set -e", "cd /src", "systemctl() { :; }", documented("useradd "))
    ran("chroot", str(root), "/bin/bash", "-c", "\n".join(lines), environment={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    program = "/opt/binder-registry/bin/binder-registry"
    assert ran("chroot", str(root), program, "--version") == f"binder-registry {__version__}\n"
    keys = (root / "etc/binder-registry/api-keys").stat()
    assert (keys.st_mode & 0o777, keys.st_size) == (0o640, 65)
    assert (root / "etc/systemd/system/binder-registry.service").exists()
    shutil.rmtree(root)


def as_documented(podman: Podman, image: str, folder: Path) -> None:
    """Its `podman run`, in a network of its own."""
    _, _, *options, name = shlex.split(documented("podman run "))
    podman("tag", image, name)
    (folder / "api-keys").write_text(f"{KEY}\n")
    podman("secret", "create", "api-keys", str(folder / "api-keys"))
    container = started(podman, [*options, name])
    answers(podman, container, 8080, "/health")
    assert "registry.db" in podman("exec", container, "ls", "/data")
    podman("stop", "--time", "20", container)
    assert podman.state(container)["ExitCode"] == 0


def started(podman: Podman, arguments: list[str]) -> str:
    """In a network of its own, with loopback alone."""
    return podman("run", "--detach", "--network", "none", *arguments).strip().splitlines()[-1]


def bounded(pid: int, pod: Pod) -> None:
    """What the kernel says of the process."""
    lines = (line.partition(":") for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    status = {name: value.strip() for name, _, value in lines}
    user = pod.spec["securityContext"]["runAsUser"]
    assert {name: status[name] for name in BOUNDED} == BOUNDED
    assert status["Uid"].split() == [str(user)] * 4
    mounts = [line.split() for line in Path(f"/proc/{pid}/mounts").read_text().splitlines()]
    assert next(options for _, place, _, options, *_ in mounts if place == "/").split(",")[0] == "ro"


def asked(podman: Podman, container: str, port: int, path: str) -> str:
    """From within its network."""
    program = f"import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:{port}{path}').read().decode())"
    pid = podman.state(container)["Pid"]
    return ran("nsenter", "--target", str(pid), "--net", sys.executable, "-c", program)


def answers(podman: Podman, container: str, port: int, path: str) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        assert podman.state(container)["Running"], podman("logs", container)[-2000:]
        try:
            asked(podman, container, port, path)
        except AssertionError:
            assert time.monotonic() < end, f"{path} does not answer:\n{podman('logs', container)[-2000:]}"
            time.sleep(0.2)
        else:
            return


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.image", description="Build, push, pull and run the image.")
    parser.add_argument("--folder", type=Path, help="to work in and leave; its base is used again")
    given = parser.parse_args()
    if why := missing():
        print(f"skipped: {why}")
        return
    with contextlib.ExitStack() as kept:
        folder = given.folder or Path(kept.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        rounds(folder)


if __name__ == "__main__":
    main()
