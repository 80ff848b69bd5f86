"""A short, seeded piece of `scripts/faults subscriptions`."""

from pathlib import Path

from tests.faults.subscriptions import Subscriptions


def test_each_is_let_in_once_whoever_speaks_and_dies(home: Path) -> None:
    outcome = Subscriptions(home, seed=20261120).run(20)
    assert outcome.good, str(outcome)
    assert outcome.kills == 2
    assert outcome.callbacks > 60
