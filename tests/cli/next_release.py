"""A registry of a release to come, in a process of its own: its templates have one more member, `colour`."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from tests.server.running import KEY


@contextmanager
def next_release() -> Iterator[str]:
    """Its URL."""
    with subprocess.Popen([sys.executable, "-m", __name__], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.terminate()


def become() -> None:
    """From now on this process is of the next release. Before it has read anything of this one."""
    from binder_registry import template as domain
    from binder_registry.member_schema import Member, declared

    class Template(domain.Template, frozen=True, omit_defaults=True, rename=domain._wire_name):
        colour: Annotated[str, Member("How it looks.", must_understand=True)] = ""

    domain.Template = Template  # type: ignore[misc]  # before any other module has it
    domain.MEMBERS = declared(Template)
    domain.WIRE_NAMES = {one.attribute: one.wire for one in domain.MEMBERS}


def _serve() -> None:
    become()
    from binder_registry import InMemoryStore, Registry, TokenAuthStore
    from binder_registry.server import App, Options
    from binder_registry.server import uvicorn_server as serving

    with serving.listen("127.0.0.1", 0) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        serving.run(App(Registry(InMemoryStore(), TokenAuthStore(KEY)), Options()), listener)


if __name__ == "__main__":
    _serve()
