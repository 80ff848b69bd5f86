"""scripts/faults [WHAT] [--rounds N] [--seed S]: kills, and what was lost then."""

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

from kassa import log

PER_KILL = 250  # rounds for each kill of a real process


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__)
    known = ("ledger", "payments", "subscriptions", "updates")
    parser.add_argument("what", nargs="?", choices=known, default="ledger")
    parser.add_argument("--rounds", type=int, default=None)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument(
        "--only", type=int, default=None, help="the round of payments to play again"
    )
    options = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    print(f"seed          {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="kassa-faults-") as folder:
        if options.what == "payments":
            return _payments(Path(folder), seed, options.rounds or 200, options.only)
        if options.what == "subscriptions":
            return _subscriptions(Path(folder), seed, options.rounds or 200)
        if options.what == "updates":
            return _updates(Path(folder), seed, options.rounds or 20)
        return _ledger(Path(folder), seed, options.rounds or 30)


def _ledger(home: Path, seed: int, rounds: int) -> int:
    from tests.faults.chaos import Chaos

    log.configure("json", "error")
    outcome = Chaos(home, seed=seed).run(rounds)
    print(outcome)
    return 0 if outcome.good else 1


def _subscriptions(home: Path, seed: int, rounds: int) -> int:
    from tests.faults.subscriptions import Subscriptions

    log.configure("json", "critical")
    home.chmod(0o711)
    outcome = Subscriptions(home, seed=seed).run(rounds)
    print(outcome)
    return 0 if outcome.good else 1


def _updates(home: Path, seed: int, rounds: int) -> int:
    from tests.faults.updates import play

    log.configure("json", "critical")
    home.chmod(0o711)
    outcome = play(home, seed=seed, rounds=rounds)
    print(outcome)
    return 0 if outcome.good else 1


def _payments(home: Path, seed: int, rounds: int, only: int | None) -> int:
    from tests.faults.payments import Payments

    log.configure("json", "critical")  # what goes wrong on purpose is not to be read about
    home.chmod(0o711)
    rounds = max(rounds, only + 1 if only is not None else 0)
    kills = 0 if only is not None else max(2, rounds // PER_KILL)
    payments = Payments(home, seed=seed)
    payments.on_progress = lambda so_far: print(so_far.in_short, file=sys.stderr, flush=True)
    outcome = payments.run(rounds, only=only, kills=kills)
    print(outcome)
    return 0 if outcome.good else 1


if __name__ == "__main__":
    sys.exit(main())
