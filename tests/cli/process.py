"""`kassa` as a person starts it: real processes, in folders of their own."""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
import psutil

from kassa.db import OWNER
from tests.conftest import Fresh, until

KASSA = Path(sys.executable).with_name("kassa")
ROOT = Path(__file__).parents[2]


def environ(**more: str) -> dict[str, str]:
    """Nothing of whoever runs the tests, but the way to the programs and the coverage."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    kept |= {name: value for name, value in os.environ.items() if name.startswith("COV")}
    return {**kept, **more}


def on(fresh: Fresh) -> dict[str, str]:
    """The settings of a database of one's own, as DATABASE_URL names it."""

    def url(role: str) -> str:
        address = fresh.address(role)
        return f"postgresql://{role}@/{address.database}?host={address.socket}&port=5432"

    return {"DATABASE_URL": url("kassa_app"), "DATABASE_OWNER_URL": url(OWNER)}


def kassa(
    *arguments: str | Path, cwd: Path, stdin: str = "", **more: str
) -> "subprocess.CompletedProcess[str]":
    """One command, to its end."""
    return subprocess.run(
        [KASSA, *arguments],
        check=False,
        env=environ(**more),
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )


def _hear_hangups() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Running:
    """`kassa run`, or something that stands for it, on a port of its own."""

    def __init__(self, folder: Path, *arguments: str, program: Sequence[str] = (), **more: str):
        self.port = int(more.setdefault("PORT", str(free_port())))
        self._log = Path(tempfile.mkstemp(dir=folder, suffix=".log")[1])
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            timeout=5,
            limits=httpx.Limits(max_keepalive_connections=0),  # anew each time, to any worker
        )
        with self._log.open("wb") as stderr:
            self.process = subprocess.Popen(
                [*(program or [str(KASSA), "run"]), *arguments],
                env=environ(PYTHONPATH=str(ROOT), **more),
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,  # a process group of its own, as a shell makes one
                preexec_fn=_hear_hangups,  # noqa: PLW1509 (it only sets a signal)
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # and workers that lost their parent
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.http.close()

    @property
    def main(self) -> psutil.Process:
        return psutil.Process(self.process.pid)

    def workers(self) -> list[psutil.Process]:
        """They are forked, so they look like it; PostgreSQL's programs come and go beside them."""
        found = []
        for each in self.main.children():
            with contextlib.suppress(psutil.Error):
                if each.cmdline() == self.main.cmdline():
                    found.append(each)
        return found

    @property
    def log(self) -> str:
        return self._log.read_text()

    def events(self) -> list[str]:
        return [line["event"] for line in self.lines()]

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.splitlines()]

    def is_ready(self) -> bool:
        try:
            return self.http.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    async def ready(self, *, seconds: float = 20) -> Self:
        await until(
            lambda: self.is_ready() or self.process.poll() is not None,
            seconds=seconds,
            what=f"kassa run to be ready: {self.log}",
        )
        assert self.process.poll() is None, self.log
        return self

    def tell(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def end(self, *, seconds: float = 30) -> int:
        """Its exit code."""
        await until(lambda: self.process.poll() is not None, seconds=seconds, what=self.log)
        return self.process.wait()

    def said(self) -> str:
        """What it said on stdout, where nothing belongs; after its end."""
        assert self.process.stdout is not None
        return self.process.stdout.read().decode()


def free_port() -> int:
    """Below those that the kernel gives to outgoing connections."""
    while True:
        port = 20_000 + secrets.randbelow(10_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def processes_in(home: Path) -> list[psutil.Process]:
    """Those of the PostgreSQL of this home: they all work in its data folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd().startswith(f"{home}/"):
                found.append(process)
        except psutil.Error:
            continue
    return found


@contextmanager
def swept(home: Path) -> Iterator[Path]:
    """Whatever a killed process left running in this home is gone at the end."""
    try:
        yield home
    finally:
        for process in processes_in(home):
            with contextlib.suppress(psutil.NoSuchProcess):  # it ends just now
                process.kill()
        deadline = time.monotonic() + 10
        while processes_in(home) and time.monotonic() < deadline:
            time.sleep(0.01)
