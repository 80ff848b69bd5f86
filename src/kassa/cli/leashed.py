"""`kassa run` for whoever starts it, and no longer than they live.

    python -m kassa.cli.leashed

It loads what takes long, takes its settings as a line of JSON from stdin, and runs until stdin is
closed, which the kernel does for whoever is killed.
"""

import json
import os
import signal
import sys
import threading
from importlib import import_module

# `kassa run` would load them, too, but only when it has its settings.
_SLOW = ("kassa.telegram.service", "kassa.users.api", "kassa.payments.providers.stripe")


def main() -> None:
    for each in ("kassa.cli.running", *_SLOW):
        import_module(each)
    line = sys.stdin.buffer.readline()
    if line:
        os.environ.update(json.loads(line))
        threading.Thread(target=_follow, args=(sys.stdin.fileno(),), daemon=True).start()
        _run()


def _run() -> None:
    from kassa.cli import running
    from kassa.errors import KassaError

    try:
        running.run(workers=None, host=None, port=None)
    except KassaError as error:  # (edge: CLI)
        sys.exit(str(error))


def _follow(stdin: int) -> None:
    """Nobody writes any more; it is only held."""
    while os.read(stdin, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
