"""Who is asked by bench/update.py: Kassa's worker, the bare webhook, and the Bot API of both."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench import start, update_app, update_bare, update_shop
from bench.common import database
from kassa.config import Settings
from kassa.db import APP, OWNER, Database, EmbeddedServer
from kassa.money import Money
from kassa.payments import Payer, Payments, Purpose
from kassa.payments.providers import configured
from kassa.secret import Secret
from kassa.telegram.webhook import secret_of

PEOPLE = 8000
BOT, TOKEN, KEY = 7_000_000_001, "7000000001:TEST-TOKEN", "a key of the bench, long enough for all"
FIRST_PERSON = 1_000_000


@dataclass
class Served:
    """A worker that gets updates, and the Bot API that it calls."""

    port: int
    stub: str
    secret: str
    worker: int = 0
    statements: Path = Path()
    database: Database | None = None
    number: int = 0  # of the last update

    def told(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.stub}/told") as answer:
            told: dict[str, Any] = json.load(answer)
            return told

    def cpu(self) -> list[float]:
        """Seconds of a core, of the worker and of the PostgreSQL processes that it talks to."""
        here = psutil.Process(self.worker).cpu_times()
        there = 0.0
        for each in psutil.process_iter(["name", "cmdline"]):
            if "kassa_app bench" in " ".join(each.info["cmdline"] or ()):
                with suppress(psutil.Error):
                    times = each.cpu_times()
                    there += times.user + times.system
        return [here.user + here.system, there]

    async def has_said(self, count: int) -> float:
        deadline = time.monotonic() + 60
        while (told := await asyncio.to_thread(self.told))["said"] < count:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{told['said']} replies came, and not {count}")
            await asyncio.sleep(0.005)
        assert told["said"] == count, "something was said twice"
        return float(told["last"])

    def requests(self, text: str, people: Sequence[int]) -> list[bytes]:
        return [self._command(FIRST_PERSON + n % PEOPLE, text) for n in people]

    def _command(self, person: int, text: str) -> bytes:
        who = {"id": person, "is_bot": False, "first_name": "Покупатель", "language_code": "ru"}
        message = {
            "message_id": 10,
            "date": int(time.time()),
            "from": who,
            "chat": {"id": person, "type": "private", "first_name": "Покупатель"},
            "text": text,
            "entities": [{"type": "bot_command", "offset": 0, "length": len(text)}],
        }
        return self._update(message=message)

    def _update(self, **event: Any) -> bytes:
        self.number += 1
        body = json.dumps({"update_id": self.number, **event}).encode()
        return (
            b"POST /telegram/webhook/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: application/json\r\nX-Telegram-Bot-Api-Secret-Token: %b\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (self.secret.encode(), len(body), body)
        )

    async def asked(self, count: int) -> dict[int, bytes]:
        """Payments that wait, and the question about each of them that comes before the money."""
        assert self.database is not None
        db = self.database
        settings: dict[str, Any] = {"telegram_bot_token": Secret(TOKEN), "debug": True}
        settings |= {"secret_key": Secret(KEY), "telegram_api_url": self.stub}
        payments = Payments(
            db,
            providers=configured(Settings(**settings)),
            purposes=[Purpose("update_shop.goods", on_paid=update_shop.deliver)],
        )
        room = asyncio.Semaphore(8)
        rows = await db.fetch(
            "SELECT id, telegram_id FROM users.person ORDER BY id LIMIT $1", count
        )
        made: dict[int, bytes] = {}

        async def one(number: int, user: int, person: int) -> None:
            async with room:
                payment = await db.run(
                    lambda tx: payments.create(
                        tx,
                        user=user,
                        bot=str(BOT),
                        amount=Money(50, "XTR"),
                        purpose="update_shop.goods",
                        description="A thing",
                        payer=Payer(telegram_id=person, language="ru"),
                    )
                )
                started = await payments.start(payment.id, provider="stars")
            assert started.checkout is not None
            assert started.checkout.invoice is not None
            made[number] = self._update(
                pre_checkout_query={
                    "id": f"q{number}",
                    "from": {
                        "id": person,
                        "is_bot": False,
                        "first_name": "П",
                        "language_code": "ru",
                    },
                    "currency": "XTR",
                    "total_amount": 50,
                    "invoice_payload": started.checkout.invoice["payload"],
                }
            )

        await asyncio.gather(*(one(n, row["id"], row["telegram_id"]) for n, row in enumerate(rows)))
        assert len(made) == count
        await payments.close()
        return made


@asynccontextmanager
async def kassa(running: EmbeddedServer) -> AsyncIterator[Served]:
    port = _free_port()
    async with database(running, "bench") as opened:
        await _people(running)
        with stub() as api, tempfile.TemporaryDirectory(prefix="kassa-bench-") as folder:
            shutil.copy(update_shop.__file__, folder)
            address = running.address(APP, "bench")
            url = "postgresql://{}@/bench?host=" + str(address.socket)
            process = subprocess.Popen(
                [sys.executable, "-m", "bench.update_app"],
                cwd=folder,
                env={
                    **os.environ,
                    "PYTHONPATH": str(Path(__file__).parents[1]),
                    "KASSA_HOME": folder,
                    "KASSA_APPS": "update_shop",
                    "KASSA_LOG_LEVEL": "warning",
                    "PORT": str(port),
                    "SECRET_KEY": KEY,
                    "DATABASE_URL": url.format(APP),
                    "DATABASE_OWNER_URL": url.format(OWNER),
                    "TELEGRAM_BOT_TOKEN": TOKEN,
                    "TELEGRAM_API_URL": api,
                    "TELEGRAM_WEBHOOK_URL": f"http://127.0.0.1:{port}/telegram/webhook/",
                    "TELEGRAM_MESSAGES_PER_SECOND": "10000",
                    update_app.STATEMENTS: f"{folder}/statements",
                },
            )
            try:
                while not start.ready(port):
                    if process.poll() is not None:
                        raise RuntimeError("the worker did not get ready")
                    await asyncio.sleep(0.05)
                (worker,) = (
                    each.pid
                    for each in psutil.Process(process.pid).children(recursive=True)
                    if "resource_tracker" not in " ".join(each.cmdline())
                )
                secret = secret_of(Secret(KEY), BOT)
                said = Path(folder, "statements")
                yield Served(port, api, secret, worker, said, opened)
            finally:
                _end(process)


@asynccontextmanager
async def bare(beside: Served) -> AsyncIterator[Served]:
    port = _free_port()
    with stub() as api:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.update_bare"],
            cwd=Path(__file__).parents[1],
            env={
                **os.environ,
                "PORT": str(port),
                update_bare.STUB: api,
                update_bare.TOKEN: TOKEN,
                update_bare.SECRET: beside.secret,
            },
        )
        try:
            deadline = time.monotonic() + 30
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the bare webhook did not get ready")
                await asyncio.sleep(0.05)
            yield Served(port, api, beside.secret)
        finally:
            _end(process)


async def _people(running: EmbeddedServer) -> None:
    """They have written to the bot before."""
    async with Database(running.address(OWNER, "bench"), connections=1) as owner:
        await owner.execute(
            """
            INSERT INTO telegram.reach (bot, user_id, since)
            SELECT $1, (users.see(n, 'Покупатель', '', '', 'ru', now())).id, now()
              FROM generate_series($2::bigint, $2::bigint + $3::bigint - 1) n
            """,
            *(BOT, FIRST_PERSON, PEOPLE),
        )
        await owner.execute("ANALYZE")


class stub:
    """The Bot API's stand-in in a process of its own; its address."""

    def __enter__(self) -> str:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.update_stub"],
            cwd=Path(__file__).parents[1],
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        return f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    def __exit__(self, *_: object) -> None:
        _end(self._process)
        assert self._process.stdout is not None
        self._process.stdout.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """At once: nothing of what it is doing is needed any more."""
    with suppress(psutil.NoSuchProcess):
        main = psutil.Process(process.pid)
        for each in (main, *main.children(recursive=True)):
            each.kill()
    process.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
