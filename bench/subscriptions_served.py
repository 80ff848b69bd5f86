"""`kassa run` with the app subscriptions, as both halves of bench/subscriptions.py need it."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench import start, update_served
from bench.common import database
from bench.update_served import BOT, KEY, TOKEN
from kassa.db import APP, OWNER, Database, EmbeddedServer
from kassa.secret import Secret
from kassa.telegram.webhook import secret_of


@dataclass
class Served:
    port: int
    secret: str  # of the webhook
    worker: int  # its pid
    database: Database


@asynccontextmanager
async def kassa(
    running: EmbeddedServer, settings: Mapping[str, str], *, file: str = ""
) -> AsyncIterator[Served]:
    """`file` is its kassa.toml. Without a bot in the settings, it is the one of bench/update.py."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="kassa-bench-") as folder:
        Path(folder, "kassa.toml").write_text(file)
        async with database(running, "bench", connections=4) as opened:
            address = running.address(APP, "bench")
            url = "postgresql://{}@/bench?host=" + str(address.socket)
            process = subprocess.Popen(
                [Path(sys.executable).with_name("kassa"), "run"],
                cwd=folder,
                env={
                    **os.environ,
                    "KASSA_HOME": folder,
                    "KASSA_APPS": "subscriptions",
                    "KASSA_LOG_LEVEL": "error",
                    "PORT": str(port),
                    "SECRET_KEY": KEY,
                    "DATABASE_URL": url.format(APP),
                    "DATABASE_OWNER_URL": url.format(OWNER),
                    "TELEGRAM_BOT_TOKEN": TOKEN,
                    "TELEGRAM_WEBHOOK_URL": f"http://127.0.0.1:{port}/telegram/webhook/",
                    "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
                    **settings,
                },
            )
            try:
                while not start.ready(port):
                    if process.poll() is not None:
                        raise RuntimeError("kassa run did not get ready")
                    await asyncio.sleep(0.05)
                (worker,) = (
                    each.pid
                    for each in psutil.Process(process.pid).children(recursive=True)
                    if "resource_tracker" not in " ".join(each.cmdline())
                )
                yield Served(port, secret_of(Secret(KEY), BOT), worker, opened)
            finally:
                update_served._end(process)
