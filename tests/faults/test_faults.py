"""A short, seeded piece of `scripts/faults`."""

from pathlib import Path

import pytest

from tests.faults.chaos import Chaos


@pytest.mark.parametrize("seed", [20261120])
def test_nothing_acknowledged_is_lost_and_nothing_is_done_twice(home: Path, seed: int) -> None:
    outcome = Chaos(home, seed=seed).run(8)
    assert outcome.good, str(outcome)
    assert outcome.acknowledged > 200
