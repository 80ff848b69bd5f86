"""What the tests of the database share: servers that may be killed, and other processes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from kassa.db import APP, Address, EmbeddedServer
from kassa.db.embedded import MAJOR, SUPERUSER

FAST = {"fsync": "off", "full_page_writes": "off"}
SOURCE = Path(__file__).parents[2]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")


@contextmanager
def running(home: Path, settings: Mapping[str, str] | None = None) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(home, settings=settings or FAST)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        for process in of(server):  # only where a test has failed
            with suppress(psutil.NoSuchProcess):
                process.kill()


def psql(
    address: Address, sql: str, server: EmbeddedServer, *, user: str | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [server.binaries / "psql", "-XAtqw", "-v", "ON_ERROR_STOP=1", "-c", sql],
        env={"PATH": os.defpath, **address.environ()},
        user=user,
        group=None if user is None else _group(user),
        extra_groups=None if user is None else [],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def _group(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


def ask(server: EmbeddedServer, sql: str, role: str = APP) -> str:
    done = psql(server.address(role), sql, server)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def answers(server: EmbeddedServer) -> bool:
    return psql(server.address(SUPERUSER, "postgres"), "SELECT 1", server).returncode == 0


def postmaster(server: EmbeddedServer) -> psutil.Process:
    return psutil.Process(int((server.place.data / "postmaster.pid").read_text().split()[0]))


def of(server: EmbeddedServer) -> list[psutil.Process]:
    """All processes of the server, by what the list of processes says of them."""
    found = []
    for process in psutil.process_iter(["cmdline", "username", "status"]):
        words = " ".join(process.info["cmdline"] or [])
        named = f"cluster_name={server._name}" in words or f"postgres: {server._name}" in words
        if named and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def kill(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    wait_for(lambda: not any(map(lives, processes)), what="the killed to be dead")


def lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def wait_for(condition: Callable[[], object], *, seconds: float = 30, what: str = "it") -> None:
    """`until` for tests that are no coroutines."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.01)


def environ(*more: Path) -> dict[str, str]:
    """For another Python of ours, which also finds what lies in `more`."""
    path = [SOURCE / "src", SOURCE, *more, *os.environ.get("PYTHONPATH", "").split(":")]
    return {**os.environ, "PYTHONPATH": ":".join(map(str, path))}


HOLD = """
import sys
from pathlib import Path
from kassa.db import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]), settings={"fsync": "off", "full_page_writes": "off"})
server.start()
print("started", flush=True)
sys.stdin.readline()
server.stop()
print("stopped", flush=True)
"""


class Child:
    """Another process of ours that uses the server in a home until it is told to leave."""

    def __init__(
        self, home: Path, *, script: str = HOLD, before: Sequence[str] = (), umask: int = -1
    ) -> None:
        self.process = subprocess.Popen(
            [*before, sys.executable, "-c", script, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            umask=umask,
            env=environ(),
        )

    def hear(self, word: str) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == word

    def leave(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.hear("stopped")
        assert self.process.wait(10) == 0

    def kill(self) -> None:
        self.process.kill()
        assert self.process.wait(10) == -signal.SIGKILL

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


def copy_tree(source: Path, target: Path) -> None:
    """With links instead of copies where the disk is the same: the wheel is large."""

    def link(one: str, other: str) -> None:
        try:
            os.link(one, other)
        except OSError:
            shutil.copy(one, other)

    ignored = shutil.ignore_patterns("include", "*.a", "pgxs", "__pycache__", "doc", "man")
    shutil.copytree(source, target, copy_function=link, ignore=ignored, symlinks=True)


def wheel() -> Path:
    from kassa.db.place import _wheel

    return _wheel()


def programs(major: int, target: Path) -> Path:
    """The wheel's PostgreSQL of that major version, where any user may run it."""
    folder = "pginstall" if major != MAJOR else f"pginstall{MAJOR}"
    copy_tree(wheel() / folder, target / wheel().name / folder)
    libraries = wheel().with_name(f"{wheel().name}.libs")
    copy_tree(libraries, target / libraries.name)
    return target / wheel().name / folder / "bin"
