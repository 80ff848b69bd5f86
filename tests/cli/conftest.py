"""Homes with a database in them, made once and copied."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.process import kassa, swept
from tests.conftest import new_home


@pytest.fixture(scope="session")
def model() -> Iterator[Path]:
    with new_home() as home, swept(home):
        done = kassa("migrate", cwd=home, KASSA_HOME=str(home))
        assert done.returncode == 0, done.stderr
        yield home


@pytest.fixture
def own(home: Path, model: Path) -> Iterator[Path]:
    """A KASSA_HOME with a migrated database, nobody in it, to be started and killed."""
    subprocess.run(["cp", "-a", f"{model}/postgres", str(home)], check=True)
    with swept(home):
        yield home
