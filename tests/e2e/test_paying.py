"""Paying on the chat page: Stars, cards, shipping, refusals, refunds."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect

from tests.e2e.bots import invoice, serve, shop
from tests.e2e.conftest import Window
from tgsandbox import Person, Sandbox

Shots = Callable[[Page, str], Awaitable[None]]
pytestmark = pytest.mark.sandbox(page=True)


@pytest.fixture
def buyer(tg: Sandbox) -> Person:
    return tg.user("Покупатель", stars=60)


async def asked(page: Page, command: str, count: int) -> None:
    """The person asks for something, and the invoices are there."""
    await page.locator(".row").first.click()
    field = page.get_by_role("textbox", name="Сообщение")
    await field.fill(command)
    await field.press("Enter")
    await expect(page.locator(".bubble.invoice")).to_have_count(count)


async def test_stars_are_paid_and_come_back(
    tg: Sandbox, buyer: Person, window: Window, shots: Shots
) -> None:
    async with serve(tg, "shop_bot", shop) as bot:
        await buyer.send(bot, "/start")
        page = await window(buyer)
        await asked(page, "/goods", 2)
        await page.get_by_role("button", name="Заплатить ⭐ 50").click()
        sheet = page.get_by_role("dialog")
        await expect(sheet).to_contain_text("100 токенов")
        await shots(page, "stars-sheet")
        await sheet.get_by_role("button", name="Подтвердить и заплатить").click()

        await expect(page.locator(".bubble").last).to_contain_text("Спасибо! Получено 50 XTR.")
        await expect(page.locator(".service").last).to_contain_text("Вы успешно перевели")
        assert (buyer.stars, bot.stars) == (10, 50)
        (charge,) = tg.books()
        await bot.call(
            "refundStarPayment",
            user_id=buyer.id,
            telegram_payment_charge_id=charge["telegram_payment_charge_id"],
        )
        await expect(page.locator(".service").last).to_contain_text("вернул вам")
        assert (buyer.stars, bot.stars) == (60, 0)


async def test_too_few_stars_and_more_are_bought(tg: Sandbox, window: Window) -> None:
    buyer = tg.user("Покупатель", stars=10)
    async with serve(tg, "shop_bot", shop) as bot:
        await buyer.send(bot, "/start")
        page = await window(buyer)
        await asked(page, "/goods", 2)
        await page.get_by_role("button", name="Заплатить ⭐ 50").click()
        sheet = page.get_by_role("dialog")
        await expect(sheet).to_contain_text("Не хватает: ⭐ 40")
        await sheet.get_by_role("button", name="Купить звёзды").click()
        await sheet.locator("button", has_text="50").first.click()
        await sheet.get_by_role("button", name="Подтвердить и заплатить").click()

        await expect(page.locator(".bubble").last).to_contain_text("Спасибо!")
        assert (buyer.stars, bot.stars) == (10, 50)


async def test_a_card_is_declined_and_another_pays(
    tg: Sandbox, buyer: Person, window: Window, shots: Shots
) -> None:
    async with serve(tg, "shop_bot", shop) as bot:
        await buyer.send(bot, "/start")
        page = await window(buyer)
        await asked(page, "/goods", 2)
        await page.get_by_role("button", name="Заплатить 599,00 ₽").click()
        sheet = page.get_by_role("dialog")
        await sheet.get_by_role("button", name="Способ оплаты").click()
        await sheet.get_by_text("Банк откажет").click()
        await sheet.get_by_role("button", name="Оплатить").click()
        await expect(sheet.get_by_role("alert")).to_contain_text("Банк отклонил карту")
        await shots(page, "card-declined")
        assert tg.books() == []

        await sheet.get_by_role("button", name="Другая карта").click()
        await sheet.get_by_text("Оплата пройдёт").click()
        await sheet.get_by_role("button", name="Оплатить").click()
        await expect(page.locator(".bubble").last).to_contain_text("Получено 59900 RUB")
        await expect(page.get_by_role("button", name="Квитанция")).to_be_visible()
        assert [each["amount"] for each in tg.books()] == [59_900]


async def test_the_bank_asks_again(tg: Sandbox, buyer: Person, window: Window) -> None:
    async with serve(tg, "shop_bot", shop) as bot:
        await buyer.send(bot, "/start")
        page = await window(buyer)
        await asked(page, "/goods", 2)
        await page.get_by_role("button", name="Заплатить 599,00 ₽").click()
        sheet = page.get_by_role("dialog")
        await sheet.get_by_role("button", name="Способ оплаты").click()
        await sheet.get_by_text("3-D Secure").click()
        await sheet.get_by_role("button", name="Оплатить").click()
        await sheet.get_by_role("button", name="Подтвердить").click()
        await expect(page.locator(".bubble").last).to_contain_text("Получено 59900 RUB")


async def test_a_photo_of_what_is_sold(tg: Sandbox, buyer: Person, window: Window) -> None:
    async with serve(tg, "shop_bot", shop) as bot:
        await buyer.send(bot, "/start")
        photo = f"{tg.url}/page/icon.svg"
        await invoice(bot, buyer.id, "Самовар", "samovar", (50, "XTR"), photo_url=photo)
        page = await window(buyer)
        await page.locator(".row").first.click()
        shown = page.locator(".bubble.invoice img")
        await expect(shown).to_have_js_property("complete", True)
        assert await shown.evaluate("(image) => image.naturalWidth") > 0
        await page.get_by_role("button", name="Заплатить ⭐ 50").click()
        sheet = page.get_by_role("dialog")
        await expect(sheet.locator("img")).to_have_attribute("src", photo)


async def test_the_bot_does_not_sell(tg: Sandbox, buyer: Person, window: Window) -> None:
    async with serve(tg, "shop_bot", shop) as bot:
        await buyer.send(bot, "/start")
        page = await window(buyer)
        await asked(page, "/gone", 1)
        await page.get_by_role("button", name="Заплатить 999,00 ₽").click()
        sheet = page.get_by_role("dialog")
        await sheet.get_by_role("button", name="Оплатить").click()
        await expect(sheet.get_by_role("alert")).to_contain_text("Товар закончился")
        await page.keyboard.press("Escape")
        await expect(sheet).to_be_hidden()
    assert tg.books() == []


async def test_an_order_is_shipped(
    tg: Sandbox, buyer: Person, window: Window, shots: Shots
) -> None:
    async with serve(tg, "shop_bot", shop) as bot:
        await buyer.send(bot, "/start")
        page = await window(buyer, width=375)
        await asked(page, "/ship", 1)
        await page.locator(".key").last.click()
        sheet = page.get_by_role("dialog")
        await sheet.get_by_role("button", name="Имя").click()
        await sheet.get_by_label("Имя").fill("Покупатель")
        await sheet.get_by_label("Страна").select_option("UZ")
        await sheet.get_by_label("Город").fill("Ташкент")
        await sheet.get_by_label("Улица и дом").fill("Навои, 1")
        await sheet.get_by_label("Индекс").fill("100000")
        await sheet.get_by_role("button", name="Продолжить").click()
        await sheet.get_by_text("Курьер").click()
        await shots(page, "shipping")
        await sheet.get_by_role("button", name="Оплатить").click()

        await expect(page.locator(".bubble").last).to_contain_text("Получено 25050000 UZS")
    (row,) = tg.books()
    assert row["amount"] == 25_050_000
