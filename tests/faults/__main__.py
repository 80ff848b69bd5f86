"""scripts/faults [--rounds N] [--seed S]: kills under load, and what was lost or doubled."""

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

from kassa import log
from tests.faults.chaos import Chaos


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    log.configure("json", "error")
    print(f"seed          {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="kassa-faults-") as folder:
        outcome = Chaos(Path(folder), seed=seed).run(options.rounds)
    print(outcome)
    return 0 if outcome.good else 1


if __name__ == "__main__":
    sys.exit(main())
