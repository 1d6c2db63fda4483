"""`python -m tests.crash ROUNDS`: kill the server under load, ROUNDS times. `--load SECONDS`: only load it."""

import argparse
import secrets
import tempfile
from pathlib import Path

from .load import load
from .rounds import Figures, crash


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description="Kill the server, and look for losses.")
    parser.add_argument("rounds", nargs="?", type=int, default=20, help="how often it is killed (default: 20)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="of the moments; printed")
    parser.add_argument("--load", type=float, metavar="SECONDS", help="64 connections at once, and no kill")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.load:
            print(load(Path(folder), arguments.load))
            return
        print(f"seed {arguments.seed}")
        print("nothing lost:", crash(Path(folder), arguments.rounds, arguments.seed, _tell))


def _tell(figures: Figures) -> None:
    if figures.rounds % 10 == 0:
        print(figures, flush=True)


if __name__ == "__main__":
    main()
