"""Short, seeded pieces of `scripts/faults payments`."""

from pathlib import Path

import pytest

from tests.faults.payments import Payments


@pytest.mark.parametrize("seed", [20261120])
def test_no_payment_is_lost_doubled_or_stuck_whenever_we_are_killed(home: Path, seed: int) -> None:
    outcome = Payments(home, seed=seed, postgres=1).run(12)
    assert outcome.good, str(outcome)
    assert sum(outcome.kills.values()) > 5
    assert sum(outcome.faults.values()) > 10
    assert outcome.of_postgres > 0


def test_a_real_process_that_is_killed_loses_nothing_either(home: Path) -> None:
    outcome = Payments(home, seed=7).run(0, kills=1)
    assert outcome.good, str(outcome)
    assert outcome.really == 1
    assert outcome.charges > 0
