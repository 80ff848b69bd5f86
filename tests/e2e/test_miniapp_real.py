"""The top-up page before Kassa itself: from the button in the chat to tokens, in the chat page."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import FrameLocator, Page, expect

from tests.apps.tokens.rig import PAID, Till, a_till
from tests.conftest import Fresh
from tests.e2e.conftest import Window
from tests.e2e.test_miniapp import answer, press
from tgsandbox import Person, Sandbox

pytestmark = pytest.mark.sandbox(page=True)


@pytest_asyncio.fixture
async def till(fresh: Fresh, tg: Sandbox) -> AsyncIterator[Till]:
    async with a_till(fresh, tg) as made:
        yield made


@pytest.fixture
def buyer(tg: Sandbox) -> Person:
    return tg.user("Покупатель", language="ru", stars=300)


async def opened(till: Till, buyer: Person, window: Window) -> tuple[Page, FrameLocator]:
    """A newcomer's way: /start, and the menu's button."""
    await buyer.send(till.kassa.bot, "/start")
    await buyer.reply()
    page = await window(buyer)
    await page.locator(".row").first.click()
    await page.get_by_role("button", name="💳 Пополнить баланс").first.click()
    frame = page.frame_locator(".app-stage iframe")
    await expect(frame.locator("#balance")).to_have_text("0")
    return page, frame


async def banked(page: Page, name: str) -> Page:
    """The bank's page, in a window of its own (in the browser's language), where one presses."""
    address = page.locator("dialog.app-question .text")  # however long it is, it can be read
    assert await address.evaluate("(own) => own.scrollWidth <= own.clientWidth")
    async with page.context.expect_page() as found:
        await answer(page, "Открыть")
    bank = await found.value
    await bank.get_by_role("button", name=name).first.click()
    return bank


async def test_by_card(till: Till, buyer: Person, window: Window) -> None:
    page, frame = await opened(till, buyer, window)
    await frame.get_by_role("radio", name="100 токенов").check()
    await frame.get_by_role("radio", name="в долларах").check()
    await frame.get_by_label("E-mail для чека").fill("buyer@example.com")
    await press(page, "Оплатить $5").click()
    bank = await banked(page, "Pay")
    await bank.wait_for_url("**/miniapp/success")
    await expect(bank.get_by_role("heading")).to_have_text("Thank you!")  # of no certain person
    await bank.close()

    await expect(frame.get_by_role("heading", name="Платёж успешно выполнен!")).to_be_visible()
    await expect(frame.locator(".counted b")).to_have_text("100")
    assert (await buyer.reply(PAID)).text == PAID
    assert await till.standing(buyer) == (100, 0, 100)

    await frame.get_by_role("button", name="Пополнить ещё").click()
    await expect(frame.get_by_label("E-mail для чека")).to_have_value("buyer@example.com")
    await frame.get_by_role("button", name="История операций").click()
    await expect(frame.locator(".days .row")).to_contain_text("+100")


async def test_by_stars(till: Till, buyer: Person, window: Window) -> None:
    page, frame = await opened(till, buyer, window)
    await frame.get_by_role("radio", name="100 токенов").check()
    await frame.get_by_role("radio", name="Telegram Stars").check()
    await press(page, "Оплатить 250 ⭐").click()
    await page.locator("dialog.sheet").get_by_role("button", name="Подтвердить и").click()
    await expect(frame.get_by_role("heading", name="Платёж успешно выполнен!")).to_be_visible()
    await expect(frame.locator(".counted b")).to_have_text("100")
    assert buyer.stars == 50
    assert await till.standing(buyer) == (100, 0, 100)


async def test_by_a_transfer(till: Till, buyer: Person, window: Window) -> None:
    page, frame = await opened(till, buyer, window)
    await frame.get_by_role("radio", name="200 токенов").check()
    await frame.get_by_role("radio", name="СБП").check()
    await press(page, "Оплатить 980 ₽").click()
    await expect(frame.get_by_role("heading", name="Переведите 9")).to_be_visible()
    await expect(frame.locator(".requisite")).not_to_have_count(1)
    await till.oneplat.pay(till.oneplat.payments[-1].ref)
    await expect(frame.get_by_role("heading", name="Платёж успешно выполнен!")).to_be_visible()
    assert await till.standing(buyer) == (200, 0, 200)


async def test_declined_and_then_called_off(till: Till, buyer: Person, window: Window) -> None:
    page, frame = await opened(till, buyer, window)
    await frame.get_by_role("radio", name="в долларах").check()
    await frame.get_by_label("E-mail для чека").fill("buyer@example.com")
    await press(page, "Оплатить $10").click()
    bank = await banked(page, "Decline")
    await expect(bank.get_by_text("The bank has declined")).to_be_visible()
    await bank.close()
    await frame.get_by_role("button", name="Отменить платёж").click()
    await page.locator("dialog.app-question").get_by_role("button").first.click()
    await expect(frame.get_by_role("heading", name="Платёж отменён")).to_be_visible()
    assert await till.standing(buyer) == (0, 0, 0)
    await press(page, "Попробовать ещё раз").click()
    await expect(press(page, "Оплатить $10")).to_be_visible()
