"""The command line: `kassa run`, `kassa audit` and the rest."""

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
