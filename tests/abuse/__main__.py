"""`python -m tests.abuse`: all abuses in full, over both databases.

One after which others waited too long is tried twice more, and the middle of the three counts. `--docs` writes what was
run into the docs, too, in the place of what stood there of the same.
"""

import argparse
import signal
import sys
import time
from pathlib import Path

from . import report, suite
from .memory import MB
from .rounds import budgets

PAGE = Path(__file__).parents[2] / "docs/operation.md"
BEGIN, END = "<!-- abuse: written by `make abuse ARGS=--docs` -->\n", "<!-- end of abuse -->\n"


def main() -> None:
    every = [*suite.ABUSES, *suite.HONEST]
    parser = argparse.ArgumentParser(prog="python -m tests.abuse", description=__doc__)
    parser.add_argument("--only", metavar="WORDS", action="append", help="abuses with these in their name; repeatable")
    parser.add_argument("--database", choices=suite.DATABASES, action="append")
    parser.add_argument("--list", action="store_true", help="say what there is, and do nothing")
    parser.add_argument("--short", action="store_true", help="little of everything, as the tests do it")
    parser.add_argument("--docs", action="store_true")
    options = parser.parse_args()
    chosen = [abuse for abuse in every if not options.only or any(words in abuse.name for words in options.only)]
    if options.list:
        print("\n".join(f"{abuse.name}: {abuse.sentence}" for abuse in chosen))
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))  # and its servers with it
    begun, outcomes = time.monotonic(), []
    print(f"Budgets: {budgets() / MB:.0f} MB\n\n{report.HEAD}", flush=True)
    run = suite.in_short if options.short else suite.in_full
    for outcome in run(chosen, options.database or suite.DATABASES):
        print(f"{report.row(outcome)}{report.words(outcome)}", flush=True)
        outcomes.append(outcome)
    faulty = sum(bool(report.words(outcome)) for outcome in outcomes)
    print(f"\n{len(outcomes)} rounds in {time.monotonic() - begun:.0f} s, {faulty} of them with faults")
    if options.docs and not options.short:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        old, _, after = rest.partition(END)
        order = [(abuse.sentence, database) for database in suite.DATABASES for abuse in every]
        PAGE.write_text(f"{before}{BEGIN}\n{report.renewed(old, outcomes, order)}\n\n{END}{after}")
    sys.exit(faulty > 0)


if __name__ == "__main__":
    main()
