"""`db`, a new database for each test, as Kassa's own tests have it. Elsewhere,
`kassa.runtime.open_database(Settings(home=...))` opens one."""

import os
import shutil
import tempfile

import pytest

from tests.conftest import _memory, db, fresh, server  # noqa: F401


def pytest_configure(config: pytest.Config) -> None:
    if "KASSA_TEST_HOME" not in os.environ:  # these tests run without the others
        home = tempfile.mkdtemp(prefix="kassa-test-", dir=_memory())
        os.environ["KASSA_TEST_HOME"] = home
        config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
