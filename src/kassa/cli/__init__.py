"""The command line: `kassa run`, `kassa audit` and the rest."""

import os
import signal
import sys


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while we import ends us without a word
    from kassa.cli.commands import app
    from kassa.errors import KassaError

    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        app()
    except KassaError as error:  # (edge: CLI)
        print(error, file=sys.stderr)
        sys.exit(1)
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:  # whoever read it has enough; Python would complain at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
