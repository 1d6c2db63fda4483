"""The full rounds of faults, by hand: `python -m tests.cluster`. About ten minutes; prints what was found."""

import tempfile
from pathlib import Path

from tests.backends.postgres_server import new_registry, shared_server

from . import faults
from .load import Load


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with new_registry() as url:
            with faults.cluster(folder, url) as servers, Load([server.url for server in servers], seconds=30) as load:
                load.lasts()
            faults.check(load, url)
            print(f"32 clients, 30 s, {faults.SERVERS} servers: {len(load.calls)} calls, 0 problems", flush=True)
        with new_registry() as url:
            print(faults.kill_servers(folder, url, rounds=50), flush=True)
        with new_registry() as url:
            print(faults.restart_one_by_one(folder, url, rounds=5), flush=True)
        with new_registry() as url:
            print(faults.follow_streams(folder, url, streams=1000, rounds=6), flush=True)
        print(faults.kill_the_database(folder, rounds=20), flush=True)
        print(faults.lose_the_network(folder, shared_server(), rounds=10), flush=True)
        print(faults.fail_over(folder, rounds=10), flush=True)


if __name__ == "__main__":
    main()
