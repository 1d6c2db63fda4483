"""`binder-registry`, and `python -m binder_registry`: what happens before anything else is imported."""

import os
import signal
import sys


def main() -> None:
    """Half a second may pass until the program is read, and signals come in it: a server that is told to stop ends
    with 0, also as process 1, and SIGHUP does not end it."""
    try:
        if sys.argv[1:2] == ["serve"]:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: os._exit(0))  # an exception in an import may get lost
            if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under `nohup`
                signal.signal(signal.SIGHUP, lambda *_: None)
        from .cli import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
