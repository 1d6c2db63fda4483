"""docs/tutorial.md, done command by command, with a real hub and a browser where it says "you see"."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.jupyterhub.hubs import JUPYTERHUB, PROJECT, START_SECONDS, eventually, need_hub, need_module, started
from tests.node import NODE
from tests.ports import free_port

PAGE = (PROJECT / "docs" / "tutorial.md").read_text()
BLOCK = re.compile(r"^```(console|python|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
REGISTRY, HUB = "127.0.0.1:8080", "127.0.0.1:8000"  # on the page
PICTURES = os.environ.get("BINDER_REGISTRY_PICTURES")  # a folder: where to keep them
# Beside what the page has in the hub's file: what it says of root, ports that nobody else has, and a busy machine. A
# user's server is the same as always, without the grammar that `JUPYTERHUB` leaves out, too.
SERVER = JUPYTERHUB[1].replace("jupyterhub.app", "jupyterhub.singleuser")
OURS = f"""
import sys
c.Spawner.args = ["--allow-root"]
c.JupyterHub.hub_port = {{}}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{{}}"
c.Spawner.start_timeout = c.Spawner.http_timeout = 120
c.Spawner.cmd = [sys.executable, "-c", {SERVER!r}]
"""

Commands = list[tuple[str, str]]  # each with what the page shows of its output


class Reader:
    """Does what the page says, block after block, in an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        registry, hub = (f"127.0.0.1:{free_port()}" for _ in range(2))
        self.registry, self.hub = f"http://{registry}", f"http://{hub}"
        self._blocks = iter(BLOCK.findall(PAGE.replace(REGISTRY, registry).replace(HUB, hub)))
        path = [NODE / "node_modules" / ".bin", Path(sys.executable).parent, os.environ["PATH"]]
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("BINDER_")} | {
            "PATH": os.pathsep.join(map(str, path)),
            "BINDER_REGISTRY_PORT": registry.partition(":")[2],
            "BINDER_REGISTRY_URL": self.registry,
            "XDG_CONFIG_HOME": str(folder),
        }

    def save(self, name: str, language: str, more: str = "") -> None:
        assert f"Save this as `{name}`" in PAGE
        found, block = next(self._blocks)
        assert found == language
        (self.folder / name).write_text(block + more)

    def commands(self) -> Commands:
        """Of the next block."""
        found, block = next(self._blocks)
        assert found == "console"
        parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
        return [(command, shown) for command, _, shown in (part.partition("\n") for part in parts)]

    def run(self, commands: Commands) -> None:
        """They print what the page shows, where it shows anything."""
        for command, shown in commands:
            if variable := re.match(r"export (\w+)=(.*)", command):
                self._environment[variable[1]] = self._output(f"echo {variable[2]}").strip()
            else:
                output = self._output(command)
                assert not shown or output == shown

    def _output(self, command: str) -> str:
        ran = subprocess.run(
            ["bash", "-euc", command],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, f"{command}: {ran.stderr}"
        return ran.stdout

    @contextmanager
    def serving(self, command: str, health: str) -> Iterator[None]:
        """In a terminal of its own, from when it answers until the reader leaves it."""

        def answers() -> bool:
            assert process.poll() is None, (self.folder / "hub.log").read_text()[-4000:]
            try:
                return httpx2.get(health, timeout=5, trust_env=False).is_success
            except httpx2.TransportError:
                return False

        shell = ["bash", "-c", f"exec env {command}"]
        with started(shell, self.folder, environment=self._environment) as process:
            eventually(answers, START_SECONDS)
            yield

    def finished(self) -> bool:
        return next(self._blocks, None) is None


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    need_hub()
    need_module("jupyterlab")
    return Reader(tmp_path)


def window(browser: Any) -> Any:
    """A private one."""
    page = browser.new_context(viewport={"width": 1000, "height": 640}).new_page()
    page.set_default_timeout(120_000)
    return page


def logged_in(browser: Any, reader: Reader, user: str) -> Any:
    page = window(browser)
    page.goto(f"{reader.hub}/hub/login?next=/hub/spawn")
    page.fill("#username_input", user)
    page.fill("#password_input", "try-it")
    page.click("#login_submit")
    page.wait_for_selector(".binder-registry")
    return page


def titles(form: Any) -> list[str]:
    form.reload()
    return [title.strip() for title in form.locator(".binder-registry strong").all_text_contents()]


def start(form: Any) -> None:
    form.click('#spawn_form [type="submit"]')


def variable(reader: Reader, user: str, name: str) -> str:
    """Of the user's server, as its process has it; "" where it has none."""
    home = f"HOME={reader.folder}/homes/{user}"
    found = list[str]()

    def runs() -> bool:
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                lines = path.read_text().split("\0")
            except OSError:  # it ended, or is somebody else's
                continue
            if home in lines:
                found[:] = lines
        return bool(found)

    eventually(runs, 60)
    return next((line.partition("=")[2] for line in found if line.startswith(f"{name}=")), "")


def picture(page: Any, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"tutorial-{name}.png")


def test_what_the_page_installs_is_what_the_tests_have() -> None:
    install = BLOCK.findall(PAGE)[0][1]
    [python], [npm] = (
        re.findall(r"^\$ pip install (.*)$", install, re.MULTILINE),
        re.findall("npm install .* (.*)", install),
    )

    assert len(install.splitlines()) == 4  # a place for it all, and the way there
    assert [name for name in python.split() if not distribution(name)] == []
    assert json.loads((NODE / "node_modules" / npm / "package.json").read_text())["name"] == npm


@pytest.mark.timeout(300)
def test_an_hour_from_nothing_to_a_live_hub(reader: Reader, browser: Any) -> None:
    assert PAGE.count("**You see**") == 8  # each is looked at here
    reader.commands()  # install: the test above
    [make_key, (serve, _)] = reader.commands()
    reader.run([make_key])
    page = window(browser)

    with reader.serving(serve, f"{reader.registry}/health"):
        page.goto(reader.registry)
        page.get_by_text("There is no environment yet.").wait_for()

        reader.run(reader.commands())
        page.get_by_text("Scientific Python").wait_for()

        reader.save("jupyterhub_config.py", "python", OURS.format(free_port(), free_port()))
        [(hub, _)] = reader.commands()
        quick = f"{shlex.join([sys.executable, *JUPYTERHUB])} "
        with reader.serving(re.sub("^jupyterhub ", lambda _: quick, hub), f"{reader.hub}/hub/health"):
            ada = logged_in(browser, reader, "ada")
            assert titles(ada) == ["Scientific Python"]
            picture(ada, "first")
            start(ada)
            ada.wait_for_url("**/user/ada/lab**")
            ada.locator("#jp-top-panel").wait_for()

            reader.run(reader.commands())
            bob = logged_in(browser, reader, "bob")
            eventually(lambda: titles(bob) == ["Scientific Python, new"])
            start(bob)
            assert [variable(reader, user, "COURSE") for user in ("ada", "bob")] == ["", "physics"]

            reader.save("templates.yaml", "yaml")
            reader.run(reader.commands())
            eve = logged_in(browser, reader, "eve")
            eventually(lambda: titles(eve) == ["R", "Scientific Python, new"])
            assert eve.get_by_label("Size").locator("option").all_text_contents() == ["Small", "Large"]
            picture(eve, "second")

            reader.run(reader.commands())
            eventually(lambda: titles(eve) == ["R", "Scientific Python"])
            page.goto(f"{reader.registry}/ui/templates/scipy/history")
            page.get_by_text("The new image does not start").wait_for()
    assert reader.finished()
