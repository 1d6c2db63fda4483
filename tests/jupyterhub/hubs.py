"""Real hubs for tests: jupyterhub and configurable-http-proxy as processes of their own, on free ports."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.forks import HUB, Fork, fork
from tests.node import NODE, package
from tests.ports import free_port

PROJECT = Path(__file__).parents[2]
PROXY = NODE / "node_modules" / ".bin" / "configurable-http-proxy"
ADMIN_TOKEN = "a" * 40
PASSWORD = "pw"
START_SECONDS = 100  # a busy machine takes a minute for the imports of a hub alone
# As `python -m jupyterhub`, without a grammar that one of its libraries compiles at each start: half the time of that.
JUPYTERHUB = ["-c", "import sys; sys.modules['rfc3987_syntax'] = None; from jupyterhub.app import main; main()"]
TINY_SERVER = f"{sys.executable} {Path(__file__).parent / 'tiny_server.py'}"  # as a template's command

CONFIG = """
import os
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {password!r}
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {{"admin"}}
c.JupyterHub.services = [{{"name": "tests", "api_token": {token!r}}}]
c.JupyterHub.load_roles = [{{"name": "tests", "services": ["tests"], "scopes": [
    "admin:users", "admin:servers", "admin:server_state", "admin:groups", "admin:auth_state", "tokens", "list:users"]}}]
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {folder!r} + "/home/{{username}}"
c.Spawner.args = ["--allow-root"]
c.Spawner.start_timeout = c.Spawner.http_timeout = 30
c.JupyterHub.log_level = "INFO"
"""


def need(there: object, what: str) -> None:
    """Skip where a piece is missing, but not on CI: there a missing piece is a failure."""
    if not there:
        if os.environ.get("CI"):
            pytest.fail(f"{what} is missing")
        pytest.skip(f"{what} is missing")


def need_module(name: str) -> None:
    """For the head of a test file."""
    if os.environ.get("CI"):
        import_module(name)
    else:
        pytest.importorskip(name)


def need_hub() -> None:
    need_module("jupyterhub")
    need(PROXY.exists(), package("configurable-http-proxy"))
    need(shutil.which("node"), "node")


class Hub:
    def __init__(self, folder: Path, process: "subprocess.Popen[bytes] | Fork", port: int, hub_port: int) -> None:
        self.folder, self.process = folder, process
        self.url = f"http://127.0.0.1:{port}"
        self.api_url = f"http://127.0.0.1:{hub_port}/hub/api"
        self.log = folder / "hub.log"

    def api(self, method: str, path: str, body: Any = None, token: str = ADMIN_TOKEN) -> httpx2.Response:
        return httpx2.request(
            method,
            f"{self.url}/hub/api{path}",
            json=body,
            headers={"Authorization": f"token {token}"},
            timeout=60,
            trust_env=False,
        )

    def start(self, user: str, options: Any) -> httpx2.Response:
        """By the REST API, as anybody may with any JSON; the user is made when it is new."""
        self.api("POST", f"/users/{user}")
        return self.api("POST", f"/users/{user}/server", options)

    def stop_server(self, user: str) -> None:
        self.api("DELETE", f"/users/{user}/server")
        eventually(lambda: not self.api("GET", f"/users/{user}").json()["servers"])

    def environment(self, user: str) -> dict[str, str]:
        """Of the user's running server, as its process has it."""
        eventually(lambda: self.api("GET", f"/users/{user}").json()["servers"].get("", {}).get("ready"), 40)
        pid = self.api("GET", f"/users/{user}").json()["servers"][""]["state"]["pid"]
        lines = Path(f"/proc/{pid}/environ").read_text().split("\0")
        return dict(line.partition("=")[::2] for line in lines)

    @contextmanager
    def visit(self, user: str, password: str = PASSWORD) -> Iterator[httpx2.Client]:
        """Logged in, as a browser would be."""
        with httpx2.Client(base_url=self.url, follow_redirects=True, timeout=60, trust_env=False) as client:
            client.get("/hub/login")
            form = {"username": user, "password": password, "_xsrf": client.cookies["_xsrf"]}
            assert client.post("/hub/login?next=/hub/home", data=form).status_code == 200
            yield client


def logged_in(browser: Any, hub: Hub, user: str) -> Any:
    page = browser.new_context().new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{hub.url}/hub/login")
    page.fill("#username_input", user)
    page.fill("#password_input", PASSWORD)
    page.click("#login_submit")
    page.wait_for_url("**/hub/**")
    page.goto(f"{hub.url}/hub/spawn")
    return page


@contextmanager
def running_hub(
    folder: Path, config: str, *, python: str = sys.executable, environment: Mapping[str, str] | None = None
) -> Iterator[Hub]:
    """`config` is Python that follows CONFIG; it may say `c.…`."""
    need_hub()
    ports = free_port(), free_port(), free_port()
    settings = {"port": ports[0], "hub_port": ports[1], "proxy_port": ports[2], "proxy": str(PROXY)}
    text = CONFIG.format(**settings, password=PASSWORD, token=ADMIN_TOKEN, folder=str(folder)) + config
    (folder / "jupyterhub_config.py").write_text(text)
    command = [python, *JUPYTERHUB, "-f", "jupyterhub_config.py"]
    with started(command, folder, python, environment) as process:
        hub = Hub(folder, process, ports[0], ports[1])
        wait_for(hub)
        yield hub


@contextmanager
def started(
    command: list[str], folder: Path, python: str = sys.executable, environment: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes] | Fork"]:
    """A hub's process. Its end is awaited: it stops its services, its servers and its proxy."""
    log, path = folder / "hub.log", os.pathsep.join([str(Path(python).parent), os.environ["PATH"]])
    variables = {**os.environ, "PATH": path, **(environment or {})}
    process: subprocess.Popen[bytes] | Fork
    if command[:3] == [sys.executable, *JUPYTERHUB]:
        process = fork(*command[3:], folder=folder, environment=variables, log=log, program=HUB)
    else:
        with log.open("ab") as output:
            process = subprocess.Popen(
                command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(hub: Hub) -> None:
    def answers() -> bool:
        assert hub.process.poll() is None, hub.log.read_text()[-4000:]
        try:
            return httpx2.get(f"{hub.url}/hub/health", timeout=5, trust_env=False).status_code == 200
        except httpx2.TransportError:
            return False

    eventually(answers, START_SECONDS)


def eventually(condition: Callable[[], Any], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
