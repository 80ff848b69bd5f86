"""The demo as a newcomer meets it: the address, a top-up, a picture. KASSA_PICTURES=docs/pictures
makes the pictures of the README anew."""

import base64
import os
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FrameLocator, Page, expect

from tests.cli.demos import Demo, two_ports
from tests.cli.process import swept

Picture = Callable[[Page, str], Awaitable[None]]
BUTTON = ".app-bottom button:visible"  # the Mini App's main one


@pytest_asyncio.fixture
async def demo(home: Path) -> AsyncIterator[Demo]:
    with swept(home), Demo(home, ports=two_ports()) as demo:
        yield await demo.ready()
        demo.process.send_signal(signal.SIGINT)
        assert await demo.end() == 0


@pytest_asyncio.fixture
async def page(browser: Browser, demo: Demo) -> AsyncIterator[Page]:
    """The address that the demo says, opened; nothing may go wrong in it unheard."""
    wrong: list[str] = []
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="ru-RU")
    context.set_default_timeout(15_000)
    page = await context.new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda told: wrong.append(told.text) if told.type == "error" else None)
    await page.goto(demo.address)
    yield page
    await context.close()
    assert wrong == []


@pytest.fixture
def picture() -> Picture:
    folder = os.environ.get("KASSA_PICTURES")

    async def take(page: Page, name: str) -> None:
        if folder:
            await page.wait_for_timeout(500)
            session = await page.context.new_cdp_session(page)
            asked = {"format": "webp", "quality": 80}
            taken = await session.send("Page.captureScreenshot", asked)
            (Path(folder) / f"{name}.webp").write_bytes(base64.b64decode(taken["data"]))

    return take


async def mini_app(page: Page) -> FrameLocator:
    await page.get_by_role("button", name="Пополнить баланс").last.click()
    await expect(page.locator(BUTTON)).to_contain_text("Оплатить")
    return page.frame_locator(".app-stage iframe")


async def test_a_newcomer_pays_by_card_draws_pays_by_transfer_and_subscribes(
    page: Page, picture: Picture
) -> None:
    bubbles = page.locator(".bubble")
    await expect(bubbles).to_have_count(2)  # Start has been pressed, and the bot has answered
    await picture(page, "start")

    app = await mini_app(page)
    await app.get_by_role("radio", name=re.compile("^100 токенов")).check()
    await picture(page, "top-up")
    await app.get_by_role("radio", name=re.compile("карта.*в долларах")).check()
    await app.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill("guest@example.com")
    await expect(page.locator(BUTTON)).to_have_text(re.compile(r"Оплатить.*5"))
    await page.locator(BUTTON).click()
    async with page.expect_popup() as opening:
        await page.get_by_role("dialog").get_by_role("button", name="Открыть").last.click()
    bank = await opening.value
    await picture(bank, "bank")
    await bank.get_by_role("button", name="Оплатить").first.click()
    await bank.wait_for_url("**/miniapp/tokens/success*")
    await bank.close()
    await expect(bubbles.last).to_contain_text("Зачислено: 100 токенов")
    await expect(bubbles.last).to_contain_text("Сумма: $5")
    await expect(app.get_by_text("Платёж успешно выполнен")).to_be_visible()
    await expect(app.get_by_text("100", exact=True)).to_be_visible()  # counted up to
    await picture(page, "paid")
    await page.locator(BUTTON).click()

    await page.get_by_role("button", name="Нарисовать картинку").last.click()
    await page.get_by_role("button", name="Закат над Самаркандом").last.click()
    await expect(bubbles.last).to_contain_text("5 токенов")
    await expect(bubbles.last.locator("img")).to_be_visible()
    await picture(page, "picture")

    app = await mini_app(page)
    await app.get_by_role("radio", name=re.compile("^СБП")).check()
    await page.locator(BUTTON).click()
    await expect(app.get_by_role("heading", name="Переведите 490")).to_be_visible()
    await app.get_by_role("button", name="Или оплатите на странице").click()
    async with page.expect_popup() as opening:
        await page.get_by_role("dialog").get_by_role("button", name="Открыть").last.click()
    bank = await opening.value
    await bank.get_by_role("button", name="Оплатить").first.click()
    await expect(bubbles.last).to_contain_text("Сумма: 490")
    await expect(app.get_by_text("195 токенов")).to_be_visible()
    await page.get_by_role("dialog").get_by_role("button", name="Закрыть").first.click()
    await subscribed(page, picture)


async def subscribed(page: Page, picture: Picture) -> None:
    """At the other bot, whose first word waits in the list; /admin is theirs, too."""
    bubbles, last = page.locator(".bubble"), page.locator(".message:not(.out)").last

    async def press(name: str) -> None:
        await last.get_by_role("button", name=name, exact=True).click()

    await page.locator(".row").filter(has_text="VPN по подписке").click()
    await expect(bubbles).to_have_count(2)
    async with page.expect_popup() as opening:
        await page.get_by_role("link", name="/terms").click()
    terms = await opening.value
    await expect(terms.get_by_role("heading", name="Условия")).to_be_visible()
    await terms.close()
    await press("✅ Принимаю")
    await press("Оформить подписку")
    await press("12 месяцев · 2 690 ₽ · −23 %")
    await press("💳 1Plat (карта, СБП)")
    await press("💳 Банковская карта")
    async with page.expect_popup() as opening:
        await press("Оплатить 2 690 ₽")
        await page.get_by_role("dialog").get_by_role("button").last.click()
    bank = await opening.value
    await bank.get_by_role("button", name="Оплатить").first.click()
    await expect(last).to_contain_text("Подписка на 12 месяцев активна до")
    await bank.close()
    await page.get_by_role("textbox", name="Сообщение").fill("/subscription")
    await page.keyboard.press("Enter")
    await expect(last).to_contain_text("✅ Активна")
    await picture(page, "subscription")
    await press("🔳 QR")
    await expect(last.locator("img").first).to_be_visible()
    await page.get_by_role("textbox", name="Сообщение").fill("/admin")
    await page.keyboard.press("Enter")
    await expect(last).to_contain_text("Админка")
