"""`kassa demo` as a process, in a folder of its own."""

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Self

import httpx
import psutil

from tests.cli.process import KASSA, environ, free_port, processes_in
from tests.conftest import until
from tgsandbox.telegram.records import Message


def two_ports() -> tuple[int, int]:
    return free_port(), free_port()


class Demo:
    """`ports` are of the page and of Kassa; without them it finds its own."""

    def __init__(
        self, home: Path, *arguments: str, ports: tuple[int, int] | None = None, **more: str
    ) -> None:
        self.home = home
        self._said = Path(tempfile.mkstemp(dir=home, suffix=".said")[1])
        if ports:
            arguments += ("--port", str(ports[0]), "--kassa-port", str(ports[1]))
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                [KASSA, "demo", *arguments],
                env=environ(KASSA_HOME=str(home), **more),
                cwd=home,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    @property
    def said(self) -> str:
        return self._said.read_text()

    @property
    def address(self) -> str:
        """All that it has said that can be opened."""
        return " ".join(re.findall(r"http\S+", self.said))

    @property
    def page(self) -> str:
        return self.address.partition("/#")[0]

    @property
    def kassa(self) -> psutil.Process:
        """Its process of Kassa; PostgreSQL's come and go beside it."""
        (found,) = (
            each
            for each in psutil.Process(self.process.pid).children()
            if "kassa.cli.leashed" in each.cmdline()
        )
        return found

    async def ready(self, *, seconds: float = 90) -> Self:
        await until(
            lambda: "Ctrl-C" in self.said or self.process.poll() is not None,
            seconds=seconds,
            what=f"the demo: {self.said}",
        )
        assert self.process.poll() is None, self.said
        return self

    async def end(self, *, seconds: float = 60) -> int:
        """Its exit code."""
        await until(lambda: self.process.poll() is not None, seconds=seconds, what=self.said)
        return self.process.wait()

    async def gone(self, *, seconds: float = 60) -> None:
        await until(lambda: not processes_in(self.home), seconds=seconds, what="all to end")

    def bot(self, username: str) -> int:
        """Its number."""
        people = httpx.get(f"{self.page}/page/api/people").raise_for_status().json()
        (found,) = (each["id"] for each in people["bots"] if each["username"] == username)
        return int(found)

    def chat(self, username: str = "") -> list[dict[str, Any]]:
        """What is written in the chat that the address opens, or in that bot's."""
        person, chat = self.address.partition("#")[2].split("/")
        if username:
            chat = f"{self.bot(username)}:{person}"
        asked = {"person": person, "chat": chat}
        answer = httpx.get(f"{self.page}/page/api/chat", params=asked)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["messages"]
        return found

    def kept(self) -> int:
        """How many messages would be there after a kill."""
        file = self.home / "demo/telegram/sandbox.db"
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
            asked = "SELECT count(*) FROM record WHERE kind = ?"
            found: int = db.execute(asked, (Message.kind,)).fetchone()[0]
        return found
