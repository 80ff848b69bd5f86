"""A bot in another language, tested by HTTP: the example of the docs, with grammY."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from tgsandbox import Sandbox

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
FILES = ("package.json", "grammy_shop.mjs", "grammy_shop.test.mjs")


@pytest.mark.skipif(not shutil.which("npm"), reason="node and npm are not installed")
@pytest.mark.sandbox(control=True)
async def test_the_example_with_grammy(tg: Sandbox, tmp_path: Path) -> None:
    for name in FILES:
        shutil.copy(EXAMPLES / name, tmp_path)
    await run(tmp_path, "npm", "install", "--no-audit", "--no-fund", "--loglevel=error")
    told = await run(tmp_path, "node", "--test", TGSANDBOX=tg.url)
    assert "# pass 1" in told or "pass 1" in told
    assert [each["amount"] for each in tg.books()] == [50]


async def run(folder: Path, *command: str, **environ: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, told.decode()
    return told.decode()
