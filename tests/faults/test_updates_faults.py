"""Short, seeded pieces of `scripts/faults updates`."""

from pathlib import Path

import pytest

from tests.faults.updates import WAYS, Updates


@pytest.mark.parametrize("way", WAYS)
def test_no_update_is_lost_or_done_twice_whenever_kassa_is_killed(home: Path, way: str) -> None:
    outcome = Updates(home, way, seed=20261120, people=10).run(2, acts=40)
    assert outcome.good, str(outcome)
    assert sum(outcome.kills.values()) >= 2
    assert outcome.charges > 0
