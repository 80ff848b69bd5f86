"""A home that was used before: making a database anew takes five times as long as a start."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import new_home
from tests.db.support import running


@pytest.fixture(scope="session")
def _used_before() -> Iterator[Path]:
    with new_home() as home:
        with running(home):
            pass
        yield home


@pytest.fixture
def used(home: Path, _used_before: Path) -> Path:
    """Like `home`, and a server has run in it."""
    subprocess.run(["cp", "-a", _used_before / "postgres", home], check=True)
    return home
