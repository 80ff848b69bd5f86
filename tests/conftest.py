"""A real PostgreSQL for every test: one server for all processes of a run, a database a test."""

import asyncio
import fcntl
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
import uvloop

from kassa.db import APP, OWNER, Address, Database, EmbeddedServer
from kassa.db.database import connect
from kassa.db.embedded import SUPERUSER
from kassa.db.migrate import migrate, steps
from kassa.runtime import PACKAGES

TEMPLATE = "kassa_template"


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that runs the product."""
    return {"uvloop": uvloop.new_event_loop}


def pytest_configure(config: pytest.Config) -> None:
    # Drawn with its local variables, an exception in the log takes seconds.
    plain = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])
    # Started in the background by a shell, we ignore Ctrl-C, and so would all whom we start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):  # the controller; its workers inherit the name
        os.environ["KASSA_TEST_HOME"] = tempfile.mkdtemp(prefix="kassa-test-", dir=_memory())


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(_home(), ignore_errors=True)


def _memory() -> str | None:
    """Where files are written ten times as fast as on some disks, if there is room."""
    try:
        found = os.statvfs("/dev/shm")
    except OSError:
        return None
    room = found.f_bavail * found.f_frsize > 4 * 2**30
    return "/dev/shm" if room and not found.f_flag & os.ST_NOEXEC else None


def _home() -> Path:
    return Path(os.environ["KASSA_TEST_HOME"])


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """The run's server. Not for tests that stop or kill it: those make their own."""
    running = EmbeddedServer(
        _home(),
        settings={"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"},
    )
    running.start()
    with (_home() / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        asyncio.run(_make_template(running))
    yield running
    running.stop()


async def _make_template(server: EmbeddedServer) -> None:
    root = await connect(server.address(SUPERUSER, "postgres"))
    try:
        if await root.fetchval("SELECT true FROM pg_database WHERE datname = $1", TEMPLATE):
            return
        await root.execute(f"CREATE DATABASE {TEMPLATE}_new OWNER {OWNER}")
        owner = await connect(server.address(OWNER, f"{TEMPLATE}_new"))
        await migrate(owner, steps(PACKAGES, app=APP))
        await owner.close()
        await root.execute(f"ALTER DATABASE {TEMPLATE}_new RENAME TO {TEMPLATE}")
    finally:
        await root.close()


@contextmanager
def new_home() -> Iterator[Path]:
    """A KASSA_HOME for a server of one's own, which must have stopped at the end. (Root's
    PostgreSQL cannot enter pytest's tmp_path: its data would go to /var/lib/kassa and stay.)"""
    folder = Path(tempfile.mkdtemp(prefix="kassa-test-", dir=_memory()))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def home() -> Iterator[Path]:
    with new_home() as folder:
        yield folder


@dataclass(frozen=True)
class Fresh:
    """A database of one test."""

    server: EmbeddedServer
    name: str

    def address(self, role: str = APP) -> Address:
        return self.server.address(role, self.name)


@pytest.fixture
async def fresh(server: EmbeddedServer) -> AsyncIterator[Fresh]:
    """A new migrated database, nobody in it."""
    name = f"test_{secrets.token_hex(6)}"
    root = await connect(server.address(SUPERUSER, "postgres"))
    try:
        await root.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER {OWNER}")
        yield Fresh(server, name)
        await root.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await root.close()


@pytest.fixture
async def db(fresh: Fresh) -> AsyncIterator[Database]:
    """That database, as the application sees it."""
    async with Database(fresh.address()) as database:
        yield database


@pytest.fixture
async def owner_db(fresh: Fresh) -> AsyncIterator[Database]:
    """The same, as the owner of the tables."""
    async with Database(fresh.address(OWNER)) as database:
        yield database


async def until(
    condition: Callable[[], object], *, seconds: float = 30, what: str = "it to happen"
) -> None:
    """Waits for a condition, with a deadline."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"waited {seconds} s for {what}")
        await asyncio.sleep(0.01)
