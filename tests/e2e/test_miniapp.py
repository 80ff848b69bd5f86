"""The top-up page in the chat page's frame: what is bought, how it is paid, how it ends."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import FrameLocator, Page, expect

from kassa import clock
from tests.e2e.conftest import Window
from tests.e2e.miniapp_fake import Server, serving
from tgsandbox import BotAccess, Person, Sandbox

pytestmark = pytest.mark.sandbox(page=True)


@pytest.fixture
def buyer(tg: Sandbox) -> Person:
    return tg.user("Покупатель", stars=600)


@pytest_asyncio.fixture
async def bot(tg: Sandbox, buyer: Person) -> BotAccess:
    bot = tg.bot("shop_bot")
    await buyer.send(bot, "/start")
    return bot


@pytest_asyncio.fixture
async def server(tg: Sandbox, bot: BotAccess, buyer: Person) -> AsyncIterator[Server]:
    async with serving(tg, bot) as server:
        button = {"text": "💳 Пополнить баланс", "web_app": {"url": f"{server.url}/miniapp/"}}
        markup = {"inline_keyboard": [[button]]}
        await bot.call("sendMessage", chat_id=buyer.id, text="💰 Ваш баланс", reply_markup=markup)
        yield server


async def opened(page: Page) -> FrameLocator:
    """By the button under the message."""
    if await page.get_by_role("button", name="Пополнить баланс").count() == 0:
        await page.locator(".row").first.click()
    await page.get_by_role("button", name="Пополнить баланс").click()
    frame = page.frame_locator(".app-stage iframe")
    await expect(frame.locator(".view")).to_be_visible()
    return frame


def press(page: Page, name: str) -> Any:
    """The main button, which is Telegram's."""
    return page.locator(".app-bottom").get_by_role("button", name=name)


async def answer(page: Page, button: str) -> None:
    dialog = page.locator("dialog.app-question")
    await dialog.get_by_role("button", name=button, exact=True).click()
    await expect(dialog).to_have_count(0)


async def paying(page: Page, frame: FrameLocator, sum: str = "$10") -> None:
    """The page of the bank is open in another window."""
    await press(page, f"Оплатить {sum}").click()
    async with page.context.expect_page() as bank:
        await answer(page, "Открыть")
    await (await bank.value).close()
    await expect(frame.get_by_role("heading", name="Ждём оплату")).to_be_visible()


async def test_a_newcomer_pays_by_card(server: Server, buyer: Person, window: Window) -> None:
    server.balance = 0
    page = await window(buyer)
    frame = await opened(page)
    await expect(frame.locator("#balance")).to_have_text("0")
    await frame.get_by_role("radio", name="100 токенов $5 $0.05 за токен", exact=True).check()
    await expect(press(page, "Оплатить $5")).to_be_visible()

    await press(page, "Оплатить $5").click()  # no address yet
    await expect(frame.locator("#email-told")).to_have_text("Впишите e-mail: туда придёт чек")
    await expect(frame.get_by_label("E-mail для чека")).to_be_focused()
    await frame.get_by_label("E-mail для чека").fill("buyer@gmial.com")
    await frame.get_by_role("button", name="Может быть, buyer@gmail.com?").click()
    assert server.asked == []

    await paying(page, frame, "$5")
    assert server.opened == ["1"]
    sent = server.asked[0]
    told = ("email", "credits", "amount", "currency", "payment_method")
    assert [sent[each] for each in told] == ["buyer@gmail.com", 100, 5, "USD", "card"]
    assert "hash=" in sent["init_data"]
    assert sent["key"]

    server.settle("succeeded")
    await expect(frame.get_by_role("heading", name="Платёж успешно выполнен!")).to_be_visible()
    await expect(frame.locator(".counted b")).to_have_text("100")  # it has counted up to there
    await press(page, "Вернуться в чат").click()
    await expect(page.locator("iframe")).to_have_count(0)  # without a question


async def test_a_second_tap_and_a_lost_answer_make_one_payment(
    server: Server, buyer: Person, window: Window, wrong: list[str]
) -> None:
    server.email = "buyer@example.com"
    page = await window(buyer)
    frame = await opened(page)
    server.hold.clear()
    pay = frame.locator(".bar button")
    await press(page, "Оплатить $10").click()
    await expect(page.locator(".app-bottom button[aria-busy=true]")).to_be_disabled()
    await pay.evaluate("(own) => (own.click(), own.click())")
    assert len(server.asked) == 1

    # The answer is lost: the payment is there, and the page does not know.
    await page.route("**/create-payment", lambda route: route.abort())
    await frame.locator("body").evaluate("() => window.stop()")
    server.hold.set()
    await expect(frame.get_by_role("alert")).to_contain_text("второй раз платёж не создастся")
    await page.unroute("**/create-payment")
    await paying(page, frame)

    assert len(server.asked) == 2
    assert server.asked[0]["key"] == server.asked[1]["key"]
    assert list(server.payments) == ["1"]


@pytest.mark.parametrize(
    ("status", "title"),
    [
        ("failed", "Оплата не прошла"),
        ("expired", "Время на оплату вышло"),
        ("canceled", "Платёж отменён"),
    ],
)
async def test_what_fails_has_a_way_out(
    server: Server, buyer: Person, window: Window, status: str, title: str
) -> None:
    server.email = "buyer@example.com"
    page = await window(buyer)
    frame = await opened(page)
    await frame.get_by_role("radio", name="500 токенов").check()
    await paying(page, frame, "$25")
    server.settle(status)
    await expect(frame.get_by_role("heading", name=title)).to_be_visible()

    await press(page, "Попробовать ещё раз").click()
    await expect(frame.get_by_role("radio", name="500 токенов")).to_be_checked()
    await paying(page, frame, "$25")
    assert server.asked[0]["key"] != server.asked[1]["key"]  # another payment


async def test_the_server_refuses_in_words(server: Server, buyer: Person, window: Window) -> None:
    server.email = "buyer@example.com"
    page = await window(buyer)
    frame = await opened(page)

    no = {"code": "bad_email", "detail": "На этот адрес письмо не дойдёт"}
    server.refusal = (400, no)
    await press(page, "Оплатить $10").click()
    await expect(frame.locator("#email-told")).to_have_text(no["detail"])

    server.refusal = (409, {"code": "no_requisites", "detail": "Карт пока нет", "others": ["sbp"]})
    await press(page, "Оплатить $10").click()
    await expect(frame.locator(".note")).to_have_text("Карт пока нет")
    await expect(frame.get_by_role("radio", name="СБП")).to_be_checked()
    await expect(press(page, "Оплатить 980 ₽")).to_be_visible()

    server.refusal = (503, {"code": "", "detail": "Банк не отвечает"})
    await press(page, "Оплатить 980 ₽").click()
    await expect(frame.get_by_role("alert")).to_have_text("Банк не отвечает")

    server.refusal = (400, {"code": "wrong_amount", "detail": "8 и 5"})
    server.packages[1]["prices"]["RUB"] = "1100.00"  # prices have changed meanwhile
    await press(page, "Оплатить 980 ₽").click()
    await expect(press(page, "Оплатить 1 100 ₽")).to_be_visible()
    await expect(frame.locator(".note")).to_contain_text("Цены изменились")


async def test_what_nobody_knows_yet_is_followed(
    server: Server, buyer: Person, window: Window
) -> None:
    server.email = "buyer@example.com"
    server.payments["1"] = {"amount": 10.0, "currency": "USD", "credits": 200, "status": "pending"}
    server.refusal = (409, {"code": "checking", "detail": "Проверяем", "payment_id": "1"})
    page = await window(buyer)
    frame = await opened(page)
    await press(page, "Оплатить $10").click()
    await expect(frame.get_by_role("heading", name="Ждём оплату")).to_be_visible()
    server.settle("succeeded")
    await expect(frame.locator(".counted b")).to_have_text("1 450")


async def test_prices_are_those_of_the_way_to_pay(
    server: Server, buyer: Person, window: Window
) -> None:
    server.methods.append({"id": "card", "currency": "UZS", "recommended": False})
    server.packages[2]["prices"]["USD"] = "20.00"
    page = await window(buyer)
    frame = await opened(page)
    await expect(frame.locator(".badge")).to_have_text("Выгоднее −20 %")
    await frame.get_by_role("radio", name="1 000 токенов").check()

    await frame.get_by_role("radio", name="Telegram Stars").check()
    await expect(press(page, "Оплатить 2 500 ⭐")).to_be_visible()
    await expect(frame.locator(".badge")).to_have_count(0)  # all alike in Stars
    await expect(frame.get_by_label("E-mail для чека")).to_be_hidden()

    await frame.get_by_role("radio", name="в сумах").check()
    thousand = frame.get_by_role("radio", name="1 000 токенов")
    await expect(thousand).to_be_disabled()  # there is no price for it
    await expect(press(page, "Оплатить 126 000 сум")).to_be_visible()


async def test_stars(tg: Sandbox, server: Server, bot: BotAccess, buyer: Person, window: Window) -> None:  # fmt: skip  # noqa: E501
    server.invoice = await bot.call(
        "createInvoiceLink",
        title="100 токенов", description="Надолго", payload="tokens",
        currency="XTR", prices=[{"label": "100 токенов", "amount": 250}],
    )  # fmt: skip
    page = await window(buyer)
    frame = await opened(page)
    await frame.get_by_role("radio", name="100 токенов").check()
    await frame.get_by_role("radio", name="Telegram Stars").check()
    sheet = page.locator("dialog.sheet")

    await press(page, "Оплатить 250 ⭐").click()
    await sheet.get_by_role("button", name="Закрыть").click()
    await expect(frame.locator(".note")).to_contain_text("Счёт закрыт, оплата не пришла")

    # What Telegram tells of the sheet is a hint: it was closed, and it is paid all the same.
    await press(page, "Оплатить 250 ⭐").click()
    await expect(sheet).to_be_visible()
    server.settle("succeeded", "2")
    await sheet.get_by_role("button", name="Закрыть").click()
    await expect(frame.get_by_role("heading", name="Платёж успешно выполнен!")).to_be_visible()
    await expect(frame.locator(".counted b")).to_have_text("1 350")


async def test_a_transfer_by_hand(server: Server, buyer: Person, window: Window) -> None:
    server.email = "buyer@example.com"
    server.requisites = [{"name": "Номер карты", "value": "2200 0000 0000 0004"}]
    page = await window(buyer, permissions=["clipboard-read", "clipboard-write"])
    frame = await opened(page)
    await frame.get_by_role("radio", name="СБП").check()
    await press(page, "Оплатить 980 ₽").click()
    await expect(frame.get_by_role("heading", name="Переведите 980 ₽")).to_be_visible()
    await expect(frame.get_by_role("timer")).to_contain_text("14:5")
    await frame.get_by_role("button", name="Скопировать: Номер карты").click()
    await expect(frame.locator("#said")).to_have_text("Скопировано")

    await press(page, "Я перевёл, проверить").click()
    await expect(frame.locator(".about")).to_contain_text("Пока не пришёл")
    assert server.checks == 1

    # Whoever would rather pay on the provider's page sees the way there at once.
    there = frame.get_by_role("button", name="Или оплатите на странице")
    ground = await frame.locator("body").evaluate("(own) => getComputedStyle(own).backgroundColor")
    await expect(there).to_have_css("background-color", re.compile(r"^rgb\("))
    await expect(there).not_to_have_css("background-color", ground)
    await there.click()
    async with page.context.expect_page() as bank:
        await answer(page, "Открыть")
    await (await bank.value).close()
    assert server.opened == ["1"]
    server.settle("succeeded")
    await expect(frame.locator(".counted b")).to_have_text("1 450")


async def test_who_comes_back_finds_the_payment(
    server: Server, buyer: Person, window: Window
) -> None:
    server.email = "buyer@example.com"
    page = await window(buyer)
    frame = await opened(page)
    await paying(page, frame)
    close = page.get_by_role("dialog").get_by_role("button", name="Закрыть", exact=True)
    await close.first.click()
    await answer(page, "Закрыть")  # asked, since a payment is under way
    await expect(page.locator("iframe")).to_have_count(0)

    frame = await opened(page)
    await expect(frame.locator(".about")).to_contain_text("Пока не пришёл")
    assert server.checks == 1  # the provider was asked at once
    await frame.get_by_role("button", name="Отменить платёж").click()
    await (
        page.get_by_role("dialog", name="shop_bot", exact=True).get_by_role("button").first.click()
    )
    await expect(frame.get_by_role("heading", name="Платёж отменён")).to_be_visible()
    assert server.payments["1"]["status"] == "canceled"


async def test_without_a_connection(
    server: Server, buyer: Person, window: Window, wrong: list[str]
) -> None:
    server.email = "buyer@example.com"
    page = await window(buyer)
    frame = await opened(page)
    await paying(page, frame)
    await page.context.set_offline(True)
    banner = frame.get_by_text("Нет связи. Как появится, продолжим с того же места.")
    await expect(banner).to_be_visible()
    server.settle("succeeded")
    await page.context.set_offline(False)
    await expect(frame.get_by_role("heading", name="Платёж успешно выполнен!")).to_be_visible()
    await expect(banner).to_be_hidden()


async def test_it_did_not_load(server: Server, buyer: Person, window: Window) -> None:
    page = await window(buyer)
    await page.route("**/api/miniapp/state", lambda route: route.abort())
    frame = await opened(page)
    await expect(frame.get_by_role("heading", name="Не получилось загрузить")).to_be_visible()
    await page.unroute("**/api/miniapp/state")
    server.unproved = True
    await press(page, "Повторить").click()
    await expect(frame.get_by_role("heading", name="Страница устарела")).to_be_visible()
    await press(page, "Закрыть").click()
    await expect(page.locator("iframe")).to_have_count(0)


async def test_history(server: Server, buyer: Person, window: Window) -> None:
    what = [("topup", 500, ""), ("spend", -20, "Картинка «закат»"), ("refund", -100, "")]
    server.items = [
        {
            "id": str(at),
            "at": (clock.now() - timedelta(days=at // 4)).isoformat(),
            **dict(zip(("kind", "credits", "title"), what[at % 3], strict=True)),
        }
        for at in range(14)
    ]
    page = await window(buyer)
    frame = await opened(page)
    await frame.get_by_role("button", name="История операций").click()
    rows = frame.locator(".days .row")
    await expect(rows).to_have_count(10)
    await expect(rows.nth(1)).to_contain_text("Картинка «закат»")
    await expect(rows.nth(1)).to_contain_text("−20")
    await expect(frame.get_by_role("figure")).to_contain_text("За 30 дней пополнено")
    await frame.get_by_role("button", name="Показать ещё").click()
    await expect(rows).to_have_count(14)
    headings = await frame.locator(".days h2").all_inner_texts()
    assert headings[:2] == ["Сегодня", "Вчера"]
    assert len(headings) == len(set(headings)) == 4

    await page.get_by_role("dialog", name="shop_bot").get_by_role("button", name="Назад").click()
    await expect(frame.locator("#balance")).to_have_text("1 250")


async def test_it_follows_the_theme(server: Server, buyer: Person, window: Window) -> None:
    page = await window(buyer)
    frame = await opened(page)
    body = frame.locator("body")
    await expect(body).to_have_css("background-color", "rgb(240, 240, 240)")
    await page.get_by_role("button", name="Меню", exact=True).first.click()
    await page.get_by_role("menuitem", name="Ночной режим").click()
    await expect(body).to_have_css("background-color", "rgb(24, 24, 24)")
    await expect(frame.locator("html")).to_have_css("color-scheme", "dark")


async def test_by_keyboard_alone_and_without_telegrams_script(
    server: Server, buyer: Person, window: Window, wrong: list[str]
) -> None:
    server.email = "buyer@example.com"
    page = await window(buyer)
    await page.route("**/telegram-web-app.js", lambda route: route.abort())
    frame = await opened(page)
    own = frame.locator(".bar button")
    await expect(own).to_be_visible()
    await expect(own).to_have_text("Оплатить $10")
    await expect(page.locator(".app-wait")).to_have_count(0)

    await frame.get_by_role("radio", name="200 токенов").focus()
    await page.keyboard.press("ArrowRight")
    await expect(own).to_have_text("Оплатить $25")
    await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowDown")
    await expect(own).to_have_text("Оплатить 2 450 ₽")
    await page.keyboard.press("Tab")
    await expect(frame.get_by_label("E-mail для чека")).to_be_focused()
    server.requisites = [{"name": "Номер карты", "value": "2200 0000 0000 0004"}]
    await own.focus()
    await page.keyboard.press("Enter")
    title = frame.get_by_role("heading", name="Переведите 2 450 ₽")
    await expect(title).to_be_focused()
    wrong[:] = [each for each in wrong if "telegram" not in each]


async def test_nothing_to_pay_with(server: Server, buyer: Person, window: Window) -> None:
    server.methods.clear()
    page = await window(buyer)
    frame = await opened(page)
    await expect(frame.get_by_role("heading", name="Сейчас пополнить нельзя")).to_be_visible()


async def test_outside_telegram(server: Server, window: Window) -> None:
    page = await window(path=f"{server.url}/miniapp/")
    link = page.get_by_role("link", name="Открыть бота")
    if await link.count() == 0:  # the browser's language may be another
        link = page.get_by_role("link", name="Open the bot")
    assert await link.evaluate("(link) => link.href") == f"{server.url}/miniapp/open"

    await page.goto(f"{server.url}/miniapp/success")
    await expect(page.get_by_role("heading", name="Thank you!")).to_be_visible()
    await page.goto(f"{server.url}/miniapp/cancel")
    await expect(page.get_by_role("heading", name="cancelled")).to_be_visible()
