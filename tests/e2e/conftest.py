"""A browser for all tests, a window for each person."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from tgsandbox import Person, Sandbox

CHROMIUM = "/usr/bin/chromium"
ARGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--remote-debugging-port=0",
]
Window = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="session")
def chromium() -> Iterator[str]:
    """One for the whole run; tests connect to it, each in contexts of its own."""
    profile = tempfile.mkdtemp(prefix="kassa-chromium-")
    process = subprocess.Popen(
        [CHROMIUM, *ARGS, f"--user-data-dir={profile}", "about:blank"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stderr
        for line in process.stderr:
            if found := re.search(r"DevTools listening on (ws://\S+)", line):
                break
        else:
            raise RuntimeError("Chromium did not start.")
        yield found[1]
    finally:
        process.terminate()
        process.wait(20)
        if process.stderr:
            process.stderr.close()
        shutil.rmtree(profile, ignore_errors=True)


@pytest_asyncio.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.connect_over_cdp(chromium)
        yield browser
        for context in browser.contexts[1:]:
            await context.close()
        await browser.close()


@pytest.fixture
def wrong() -> list[str]:
    """What has gone wrong in the windows; a test takes out what it has asked for."""
    return []


@pytest_asyncio.fixture
async def window(browser: Browser, tg: Sandbox, wrong: list[str]) -> AsyncIterator[Window]:
    """`await window(buyer)`: a window of that person; nothing may go wrong in it unheard."""

    async def opened(
        person: Person | None = None,
        *,
        width: int = 1280,
        theme: str = "light",
        path: str | None = None,
        permissions: list[str] | None = None,
    ) -> Page:
        context = await browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if theme == "dark" else "light",
            permissions=permissions or [],
        )
        context.set_default_timeout(10_000)
        page = await context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda told: wrong.append(told.text) if told.type == "error" else None)
        await page.goto(path or (f"{tg.url}/#{person.id}" if person else f"{tg.url}/"))
        return page

    yield opened
    assert [each for each in wrong if "Failed to load resource" not in each] == []  # refusals


@pytest.fixture
def shots(request: pytest.FixtureRequest) -> Callable[[Page, str], Awaitable[None]]:
    """Pictures for the docs, made with KASSA_SHOTS=folder."""
    import os

    folder = os.environ.get("KASSA_SHOTS")

    async def take(page: Page, name: str) -> None:
        if folder:
            await page.wait_for_timeout(400)
            path = str(Path(folder) / f"{name}.jpg")
            await page.screenshot(path=path, type="jpeg", quality=82)

    return take
