"""`python -m tests.reach STEPS`: tokens do random things, and an oracle says which of these they may."""

import argparse
import secrets

from .rounds import Figures, rounds


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.reach", description="Hold the reach of tokens to an oracle.")
    parser.add_argument("steps", nargs="?", type=int, default=20_000, help="(default: 20000)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="printed")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    print("in step with the oracle:", rounds(arguments.steps, arguments.seed, _tell))


def _tell(figures: Figures) -> None:
    if figures.steps % 1000 == 0:
        print(figures, flush=True)


if __name__ == "__main__":
    main()
