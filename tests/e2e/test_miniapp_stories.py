"""What a top-up lives through, in the chat page before Kassa itself: coins, a bank that is silent,
impatience, empty pockets, money that goes back, night, and a phone in Uzbek."""

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
import pytest_asyncio
from playwright.async_api import FrameLocator, Locator, Page, Route, expect

from kassa import clock
from kassa.apps.tokens import service
from kassa.payments.reconcile import compare
from tests.apps.tokens.rig import PAID, Till, a_till
from tests.apps.tokens.steps import eventually
from tests.conftest import Fresh
from tests.e2e.conftest import Window
from tests.e2e.test_miniapp import answer, press
from tests.e2e.test_miniapp_looks import WIDER
from tgsandbox import Person, Sandbox

pytestmark = pytest.mark.sandbox(page=True)

DONE = "Платёж успешно выполнен!"
WAITING = "Ждём оплату"
TOP_UP = "💳 Пополнить баланс"
TWICE = "(button) => (button.click(), button.click())"  # sooner than it could be dimmed
NOT_ENOUGH = """❌ Недостаточно средств!

Ваш баланс: 2 токена
Необходимо: 5 токенов

Пополните баланс, чтобы продолжить:"""


@pytest_asyncio.fixture
async def till(fresh: Fresh, tg: Sandbox) -> AsyncIterator[Till]:
    coins = tg.bank.shop("cryptopay")
    given = {"CRYPTOPAY_TOKEN": coins.credentials["token"], "CRYPTOPAY_BASE_URL": coins.base_url}
    async with a_till(fresh, tg, **given) as made:
        coins.callback_url = f"{made.kassa.url}/pay/cryptopay/callback"
        yield made
        await made.audited()


@pytest.fixture
def buyer(tg: Sandbox) -> Person:
    return tg.user("Покупатель", language="ru", stars=300)


async def begun(till: Till, buyer: Person) -> None:
    await buyer.send(till.kassa.bot, "/start")
    await buyer.reply("👋")


async def chatting(buyer: Person, window: Window, *, width: int = 1280) -> Page:
    page = await window(buyer, width=width)
    await page.emulate_media(reduced_motion="reduce")
    await page.locator(".row").first.click()
    return page


async def opened(
    page: Page, balance: str, *, button: str = TOP_UP, under: Locator | None = None
) -> FrameLocator:
    await (under or page).get_by_role("button", name=button).last.click()
    frame = page.frame_locator(".app-stage iframe")
    await expect(frame.locator("#balance")).to_have_text(balance)
    return frame


async def closed(page: Page) -> None:
    """By its cross."""
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Закрыть", exact=True).first.click()
    await expect(page.locator("iframe")).to_have_count(0)


async def chosen(frame: FrameLocator) -> None:
    """100 tokens by card, in dollars."""
    await frame.get_by_role("radio", name="100 токенов").check()
    await frame.get_by_role("radio", name=re.compile("карта.*в долларах")).check()
    await frame.get_by_label("E-mail для чека").fill("buyer@example.com")


async def to_bank(page: Page, frame: FrameLocator) -> Page:
    """The bank's page, where it is to be paid; the Mini App waits for it."""
    await chosen(frame)
    await press(page, "Оплатить $5").click()
    return await at_bank(page, frame)


async def at_bank(page: Page, frame: FrameLocator) -> Page:
    async with page.context.expect_page() as found:
        await answer(page, "Открыть")
    await expect(frame.get_by_role("heading", name=WAITING)).to_be_visible()
    return await found.value


async def paid(bank: Page) -> None:
    await bank.get_by_role("button", name="Pay").first.click()
    await bank.wait_for_url("**/miniapp/success")
    await bank.close()


async def test_by_coins_while_night_falls(
    till: Till, tg: Sandbox, buyer: Person, window: Window
) -> None:
    await begun(till, buyer)
    page = await chatting(buyer, window)
    frame = await opened(page, "0")
    await frame.get_by_role("radio", name="500 токенов").check()
    await frame.get_by_role("radio", name=re.compile("Криптовалюта.*в долларах")).check()
    body, main = frame.locator("body"), press(page, "Оплатить $25")
    await expect(body).to_have_css("background-color", "rgb(240, 240, 240)")
    by_day = await main.evaluate("(own) => own.style.background")

    await page.get_by_role("button", name="Меню", exact=True).first.click()
    await page.get_by_role("menuitem", name="Ночной режим").click()
    await expect(body).to_have_css("background-color", "rgb(24, 24, 24)")
    await expect(frame.locator("html")).to_have_css("color-scheme", "dark")
    await expect(frame.get_by_role("radio", name="500 токенов")).to_be_checked()  # as it was
    await expect(main).not_to_have_css("background-color", by_day)  # Telegram's button, too

    await main.click()
    await paid(await at_bank(page, frame))
    await expect(frame.get_by_role("heading", name=DONE)).to_be_visible()
    await expect(frame.locator(".counted b")).to_have_text("500")
    await expect(body).to_have_css("background-color", "rgb(24, 24, 24)")
    assert "Зачислено: 500 токенов\nСумма: $25" in (await buyer.reply("✅")).text
    assert await till.standing(buyer) == (500, 0, 500)
    assert [each.state for each in tg.bank.shop("cryptopay").payments] == ["paid"]
    assert till.stripe.payments == []


async def looked_at(till: Till, at: datetime) -> None:
    """When Kassa itself looks after what is not paid yet."""
    asked = "UPDATE payments.payment SET look_at = $1 WHERE status = 'awaiting_payer'"
    assert await till.kassa.database.execute(asked, at) == "UPDATE 1"


async def compared(till: Till) -> None:
    """Kassa compares its books with the bank's as it begins: that is over."""

    async def is_over() -> bool:
        kept = "SELECT EXISTS (SELECT FROM payments.comparison WHERE provider = 'stripe')"
        return bool(await till.kassa.database.fetchval(kept))

    await eventually(is_over)


async def test_the_bank_never_tells(till: Till, buyer: Person, window: Window) -> None:
    till.stripe.fault_in_callbacks("lost", times=None)
    hour = timedelta(hours=1)
    await begun(till, buyer)
    await compared(till)
    page = await chatting(buyer, window)
    # A page that is come back to asks by itself; here it is put off, until the button is pressed.
    await page.route("**/payment-check/*", lambda route: route.fulfill(status=429, json={}))
    frame = await opened(page, "0")
    bank = await to_bank(page, frame)
    await looked_at(till, clock.now() + hour)
    await paid(bank)
    assert await till.standing(buyer) == (0, 0, 0)
    day = {"since": clock.now() - hour, "until": clock.now() + hour}
    found = await compare(till.payments, "stripe", **day)
    assert [each.mended for each in found.findings] == [True]
    await expect(frame.get_by_role("heading", name=DONE)).to_be_visible()
    assert (await buyer.reply("✅")).text == PAID

    await frame.get_by_role("button", name="Пополнить ещё").click()
    bank = await to_bank(page, frame)
    await looked_at(till, clock.now() + hour)
    await paid(bank)
    assert await till.standing(buyer) == (100, 0, 100)
    await page.unroute("**/payment-check/*")
    await press(page, "Проверить").click()
    await expect(frame.get_by_role("heading", name=DONE)).to_be_visible()
    assert (await buyer.reply("✅")).text == PAID

    # And nobody asks: the page is closed, and the payer away.
    await frame.get_by_role("button", name="Пополнить ещё").click()
    bank = await to_bank(page, frame)
    await looked_at(till, clock.now() + hour)
    await page.close()
    await paid(bank)
    assert await till.standing(buyer) == (200, 0, 200)
    await looked_at(till, clock.now())
    assert (await buyer.reply("✅")).text == PAID
    assert await till.standing(buyer) == (300, 0, 300)
    assert all(each.lost for each in till.stripe.sent)


async def test_pressed_twice(till: Till, buyer: Person, window: Window) -> None:
    keys: list[str] = []

    async def losing(route: Route) -> None:
        """The server hears of it, and the page never hears what came of it."""
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) > 1:
            await route.continue_()
        else:
            assert (await route.fetch()).ok
            await route.abort()

    await begun(till, buyer)
    page = await chatting(buyer, window)
    frame = await opened(page, "0")
    await chosen(frame)
    await page.route("**/create-payment", losing)
    await press(page, "Оплатить $5").evaluate(TWICE)
    await expect(frame.get_by_role("alert")).to_contain_text("второй раз платёж не создастся")
    assert len(keys) == 1
    await press(page, "Оплатить $5").evaluate(TWICE)
    await paid(await at_bank(page, frame))
    await expect(frame.get_by_role("heading", name=DONE)).to_be_visible()

    assert len(keys) == 2
    assert [each.paid for each in till.stripe.payments] == [500]
    assert await till.kassa.database.fetchval("SELECT count(*) FROM payments.payment") == 1
    assert (await buyer.reply("✅")).text == PAID
    assert await till.standing(buyer) == (100, 0, 100)


async def test_spent_down_to_not_enough(till: Till, buyer: Person, window: Window) -> None:
    await begun(till, buyer)
    number = await till.number(buyer)
    await till.kassa.database.run(lambda tx: service.give(tx, number, 12, key="welcome"))
    page = await chatting(buyer, window)
    field, last = page.get_by_role("textbox", name="Сообщение"), page.locator(".stack").last
    for _ in range(2):
        await field.fill("/generate тихое море")
        await field.press("Enter")
        await expect(last).to_contain_text("5 токенов")
        await expect(last.locator("img")).to_be_visible()
    await last.get_by_role("button", name="Ещё", exact=True).click()
    await expect(last).to_contain_text("Недостаточно средств!")
    assert (await buyer.reply("❌")).text == NOT_ENOUGH
    assert await till.standing(buyer) == (2, 0, 0)  # nothing was charged for it

    frame = await opened(page, "2", under=last)
    await frame.get_by_role("radio", name="100 токенов").check()
    await frame.get_by_role("radio", name="Telegram Stars").check()
    await press(page, "Оплатить 250 ⭐").click()
    await page.locator("dialog.sheet").get_by_role("button", name="Подтвердить и").click()
    await expect(frame.locator(".counted b")).to_have_text("102")
    await press(page, "Вернуться в чат").click()

    await field.fill("/generate тихое море")
    await field.press("Enter")
    await expect(last.locator("img")).to_be_visible()
    assert await till.standing(buyer) == (97, 0, 100)


async def test_money_goes_back(till: Till, buyer: Person, window: Window) -> None:
    await begun(till, buyer)
    number = await till.buys(buyer)
    assert (await buyer.reply("✅")).text == PAID
    await till.payments.refund(number, key="unspent")
    told = "Деньги вернулись, и 100 токенов с баланса списаны."
    assert (await buyer.reply("Деньги")).text == told
    page = await chatting(buyer, window)
    frame = await opened(page, "0")
    await expect(frame.locator(".debt")).to_have_count(0)
    await frame.get_by_role("button", name="История операций").click()
    await expect(frame.locator(".days .row").first).to_contain_text("−100")
    await closed(page)

    number = await till.buys(buyer)
    await till.spends(buyer, 70)
    await till.payments.refund(number, key="spent", even_if_spent=True)
    assert "поэтому у вас долг: 70 токенов." in (await buyer.reply("Деньги")).text
    frame = await opened(page, "0")
    await expect(frame.locator(".debt")).to_have_text(
        "Долг 70 токенов: спишется с ближайшего пополнения"
    )
    await paid(await to_bank(page, frame))
    await expect(frame.get_by_role("heading", name=DONE)).to_be_visible()
    await expect(frame.locator(".counted b")).to_have_text("30")
    told = "Зачислено: 100 токенов\nИз них погасили долг: 70\nСумма: $5"
    assert told in (await buyer.reply("Из них")).text
    assert await till.standing(buyer) == (30, 0, 100)
    await frame.get_by_role("button", name="Пополнить ещё").click()
    await expect(frame.locator("#balance")).to_have_text("30")
    await expect(frame.locator(".debt")).to_have_count(0)


async def test_on_a_phone_in_uzbek(till: Till, tg: Sandbox, window: Window) -> None:
    buyer = tg.user("Xaridor", language="uz")
    await begun(till, buyer)
    page = await chatting(buyer, window, width=360)
    frame = await opened(page, "0", button="💳 Balansni toʻldirish")
    await frame.get_by_role("radio", name="100 token").check()
    await frame.get_by_role("radio", name=re.compile("Bank kartasi.*dollarda")).check()
    await frame.get_by_label("Chek uchun e-mail").fill("xaridor@example.com")
    inside = page.frames[-1]
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    assert await inside.evaluate(WIDER) == []
    assert not re.search("[а-яё]", await inside.evaluate("document.body.innerText"), re.IGNORECASE)
    await press(page, "$5 toʻlash").click()
    async with page.context.expect_page() as found:
        await page.locator("dialog.app-question").get_by_role("button").last.click()
    bank = await found.value
    await expect(frame.get_by_role("heading", name="Toʻlovni kutyapmiz")).to_be_visible()
    assert await inside.evaluate(WIDER) == []
    await bank.get_by_role("button", name="Pay").first.click()
    await expect(frame.get_by_role("heading", name="Toʻlov muvaffaqiyatli oʻtdi!")).to_be_visible()
    await expect(frame.locator(".counted b")).to_have_text("100")
    assert await inside.evaluate(WIDER) == []
    told = (await buyer.reply("✅")).text
    assert "Hisobga tushdi: 100 token\nSumma: $5" in told
    assert till.stripe.payments[-1].title == "100 token"
    assert await till.standing(buyer) == (100, 0, 100)
