"""Every view of the top-up page in all themes and widths: axe finds nothing, nothing sticks out."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from importlib.resources import files
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from kassa import clock
from tests.e2e.conftest import Window
from tests.e2e.miniapp_fake import Server, serving
from tgsandbox import Sandbox
from tgsandbox.telegram import mini_apps

pytestmark = pytest.mark.sandbox(page=True)
Shots = Callable[[Page, str], Awaitable[None]]

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
LOOK = """async () => (await axe.run({ resultTypes: ["violations"] })).violations
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}
        ${(node.any[0] ?? node.all[0] ?? node.none[0])?.message}`))"""
WIDER = """() => [...document.querySelectorAll("main *:not(svg *)")]
    .filter((each) => !each.closest(".rain, .unseen") && each.offsetParent)
    .filter((each) => each.getBoundingClientRect().right > innerWidth + 1
        || !each.matches(".hero") && each.scrollWidth > each.clientWidth + 2
            && getComputedStyle(each).display != "inline")
    .map((each) => each.outerHTML.slice(0, 120))"""
# Somebody's own: pale yellow on pale grey, of which hardly anything could be read.
PALE = {
    "bg_color": "#f4f4ea",
    "secondary_bg_color": "#ecece0",
    "text_color": "#8a8a70",
    "hint_color": "#d0d0b8",
    "button_color": "#ffe27a",
    "button_text_color": "#ffffff",
    "accent_text_color": "#ffd54a",
    "link_color": "#ffd54a",
    "destructive_text_color": "#ffb0a8",
}
THEMES = {**mini_apps.THEMES, "pale": PALE, "none": {}}


@pytest_asyncio.fixture
async def server(tg: Sandbox) -> AsyncIterator[Server]:
    async with serving(tg, tg.bot("shop_bot")) as server:
        server.email = "buyer@example.com"
        server.debt = 40
        server.packages[3]["prices"]["USD"] = "40.00"
        kinds = [("topup", 500), ("spend", -10), ("refund", -100), ("gift", 25), ("debt", -40)]
        server.items = [
            {
                "id": str(at),
                "at": (clock.now() - timedelta(hours=9 * at)).isoformat(),
                "kind": kinds[at % 5][0],
                "credits": kinds[at % 5][1],
                "title": "",
            }
            for at in range(12)
        ]
        yield server


def address(tg: Sandbox, server: Server, theme: str) -> str:
    """As a client without frames opens it."""
    init = mini_apps.init_data(tg.world, tg.user("Покупатель").user, tg.bot("shop_bot").record)
    told = {"tgWebAppData": init, "tgWebAppVersion": "8.0", "tgWebAppPlatform": "android"}
    colours = json.dumps(THEMES[theme])
    return f"{server.url}/miniapp/#" + urlencode(told | {"tgWebAppThemeParams": colours})


@pytest.mark.parametrize(
    ("theme", "width", "language"),
    [
        ("light", 390, "ru"),
        ("dark", 390, "ru"),
        ("pale", 320, "uz"),
        ("none", 320, "ru"),
        ("dark", 1100, "uz"),
        ("light", 320, "en"),
    ],
)
async def test_everybody_can_use_it(
    *,
    tg: Sandbox,
    server: Server,
    window: Window,
    shots: Shots,
    theme: str,
    width: int,
    language: str,
    wrong: list[str],
) -> None:
    server.language = language
    dark = "dark" if theme in ("dark", "none") else "light"
    page = await window(path="about:blank", width=width, theme=dark)
    await page.emulate_media(reduced_motion="reduce")
    await page.route("**/telegram-web-app.js", lambda route: route.abort())
    await page.goto(address(tg, server, theme))
    bad: list[str] = []

    async def look(where: str) -> None:
        await page.evaluate(AXE)
        found = [*await page.evaluate(LOOK), *await page.evaluate(WIDER)]
        bad.extend(f"{where}: {each}" for each in found)
        await shots(page, f"miniapp-{where}-{theme}-{width}-{language}")

    own = page.locator(".bar button")
    await expect(own).to_be_visible()
    await look("choosing")
    await page.locator("#email").fill("buyer@gmial.com")
    await own.click()
    await expect(page.locator(".field-told.bad")).to_be_visible()
    await look("email")
    await page.locator(".field-told button").click()

    await page.locator(".hero-history").click()
    await expect(page.locator(".days .row")).to_have_count(10)
    await look("history")
    await page.locator("button.round").click()

    server.hold.clear()
    await own.click()
    await expect(own).to_have_attribute("aria-busy", "true")
    await look("creating")
    server.requisites = [{"name": "Карта", "value": "2200 0000 0000 0004"}, {"name": "Банк", "value": "Банк Примера"}]  # fmt: skip  # noqa: E501
    server.hold.set()
    await expect(page.locator(".requisite")).to_have_count(3)
    await look("transfer")
    server.settle("failed")
    await own.click()
    await expect(page.locator(".sign-bad")).to_be_visible()
    await look("failed")
    await own.click()

    server.requisites = []
    await own.click()  # without Telegram's script it opens where we are
    await page.wait_for_url("**/bank/2")
    await page.goto(address(tg, server, theme))
    await expect(page.locator(".sign-wait")).to_be_visible()
    await look("paying")
    server.settle("succeeded", "2")
    await expect(page.locator(".sign-good")).to_be_visible(timeout=10_000)
    await look("success")
    await page.route("**/state", lambda route: route.abort())
    await page.reload()
    await expect(page.locator(".obstacle")).to_be_visible()
    await look("broken")
    wrong[:] = [each for each in wrong if "telegram" not in each]
    assert not bad, "\n".join(dict.fromkeys(bad))


async def test_pages_for_browsers(tg: Sandbox, server: Server, window: Window) -> None:
    page = await window(path=f"{server.url}/miniapp/", width=320, theme="dark")
    await page.emulate_media(reduced_motion="reduce")
    for name in ("", "success", "cancel"):
        await page.goto(f"{server.url}/miniapp/{name}")
        await expect(page.locator(".ended")).to_be_visible()
        await page.evaluate(AXE)
        assert await page.evaluate(LOOK) == []
