"""The page of one's subscription in every view, by the keyboard, in light, dark and odd colours,
wide and narrow: what axe-core has to say about it, and what is wider than the screen."""

import json
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.apps.subscriptions.api_rig import Caller
from tests.apps.subscriptions.chat import panel_of, with_panel
from tests.apps.subscriptions.rig import Till
from tests.conftest import Fresh
from tests.e2e.conftest import Window
from tests.e2e.test_miniapp_looks import AXE, LOOK, THEMES, WIDER
from tgsandbox import Person, Sandbox
from tgsandbox.telegram import mini_apps

pytestmark = pytest.mark.sandbox(page=True)


@pytest_asyncio.fixture
async def till(fresh: Fresh, tg: Sandbox) -> AsyncIterator[Till]:
    async with with_panel(fresh, tg) as made:
        yield made


def address(tg: Sandbox, till: Till, buyer: Person, theme: str) -> str:
    """As a client without frames opens it."""
    init = mini_apps.init_data(tg.world, buyer.user, till.kassa.bot.record)
    told = {"tgWebAppData": init, "tgWebAppVersion": "8.0", "tgWebAppPlatform": "android"}
    colours = json.dumps(THEMES[theme])
    return f"{till.kassa.url}/subscription/#" + urlencode(told | {"tgWebAppThemeParams": colours})


@pytest.mark.parametrize(
    ("theme", "width", "language"),
    [
        ("light", 390, "ru"),
        ("dark", 390, "ru"),
        ("pale", 320, "uz"),
        ("none", 320, "ru"),
        ("dark", 1100, "en"),
    ],
)
async def test_everybody_can_use_it(
    *,
    till: Till,
    tg: Sandbox,
    window: Window,
    theme: str,
    width: int,
    language: str,
    wrong: list[str],
) -> None:
    buyer = tg.user("Покупатель", language=language)
    caller = Caller(till, buyer)
    await caller.has("300")
    dark = "dark" if theme in ("dark", "none") else "light"
    page = await window(path="about:blank", width=width, theme=dark)
    await page.emulate_media(reduced_motion="reduce")
    await page.route("**/telegram-web-app.js", lambda route: route.abort())
    bad: list[str] = []
    take = shooting(page, f"{theme}-{width}-{language}")

    async def look(where: str) -> None:
        await page.evaluate(AXE)
        found = [*await page.evaluate(LOOK), *await page.evaluate(WIDER)]
        bad.extend(f"{where}: {each}" for each in found)
        await take(where)
        text = await page.evaluate("document.body.innerText")
        if language != "ru":  # what the bank calls itself is in capitals
            assert not re.search("[а-яё]", text), text

    await page.goto(address(tg, till, buyer, theme))
    own = page.locator(".bar button")
    await expect(own).to_be_visible()
    await look("new")
    await page.locator(".promo, .quiet").nth(1).scroll_into_view_if_needed()
    await page.get_by_role("radio").first.focus()  # by the keyboard alone
    await page.keyboard.press("Space")
    await page.locator("input[value='oneplat.card.RUB']").focus()
    await page.keyboard.press("Space")
    await own.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".requisite").first).to_be_visible()
    await look("transfer")
    shop = till.shops["oneplat"]
    await shop.pay(shop.payments[-1].ref)
    await expect(page.locator(".sign-good")).to_be_visible(timeout=10_000)
    await till.provisioned(await till.user(buyer))
    await expect(page.locator(".link-text")).to_be_visible(timeout=10_000)
    await look("done")
    mine = await till.has(await till.user(buyer))
    panel = panel_of(till)
    for number, model in enumerate(("Pixel 9", "MacBook Air")):
        panel.connect(mine.username, str(number), model=model)
    panel.use(mine.username, 12 * 1024**3 + 3 * 1024**2)
    await own.click()
    await expect(page.locator(".device")).to_have_count(2)
    await look("mine")
    await page.locator(".copy").nth(1).click()
    await expect(page.locator(".code svg")).to_be_visible()
    await look("code")
    await page.locator("button.round").click()
    await page.locator(".row-button").last.click()
    await expect(page.locator(".days .row")).to_have_count(1)
    await look("history")
    await page.locator("button.round").click()
    await own.click()
    await expect(page.locator(".package")).to_have_count(4)
    await look("renewing")
    await page.route("**/subscriptions/me", lambda route: route.abort())
    await page.reload()
    await expect(page.locator(".obstacle")).to_be_visible()
    await look("broken")
    wrong[:] = [each for each in wrong if "telegram" not in each]
    assert not bad, "\n".join(dict.fromkeys(bad))


def shooting(page: Page, name: str) -> Callable[[str], Awaitable[None]]:
    """Pictures to look at, made with KASSA_SHOTS=folder."""

    async def take(where: str) -> None:
        if folder := os.environ.get("KASSA_SHOTS"):
            await page.wait_for_timeout(300)
            path = str(Path(folder) / f"subscription-{where}-{name}.png")
            await page.screenshot(path=path, full_page=True)

    return take
