"""`kassa run` that ends when whoever started it does, however that ends: its stdin is closed then.

python -m kassa.cli.leashed
"""

import os
import signal
import sys
import threading

from kassa.cli import running
from kassa.errors import KassaError


def main() -> None:
    threading.Thread(target=_follow, args=(sys.stdin.fileno(),), daemon=True).start()
    try:
        running.run(workers=None, host=None, port=None)
    except KassaError as error:  # (edge: CLI)
        sys.exit(str(error))


def _follow(stdin: int) -> None:
    """Nobody writes to it; it is only held."""
    while os.read(stdin, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
