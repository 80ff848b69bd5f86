"""kassa.testing, as whoever tests an app has it: nothing configured, and a handler that raises."""

import subprocess
import sys
from pathlib import Path

from tests.cli.process import environ, on
from tests.conftest import Fresh

SCRIPT = """
import asyncio, os
import structlog
from aiogram import Router
from kassa.apps import App
from kassa.testing import running

router = Router()

@router.message()
async def broken(message):
    a_local_of_mine = "drawn"
    raise ValueError("it breaks")

async def main():
    database = {name: os.environ[name] for name in ("DATABASE_URL", "DATABASE_OWNER_URL")}
    async with running(App("broken", bot=router, free_text=True), **database) as kassa:
        buyer = kassa.tg.user("Buyer", language="en")
        await buyer.send(kassa.bot, "hello")
        await buyer.reply(timeout=30)
    assert not structlog.is_configured()

asyncio.run(main())
"""


def test_an_exception_in_the_log_is_plain(fresh: Fresh, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        check=False,
        env=environ(**on(fresh)),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "ValueError: it breaks" in done.stdout
    assert "Traceback (most recent call last)" in done.stdout
    assert "╭" not in done.stdout, "no frames with local variables"
