"""One's subscription in the chat page's frame, before Kassa itself and a panel."""

import gzip
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import FrameLocator, Page, Route, expect

from kassa.apps.subscriptions import promos
from kassa.apps.subscriptions.web.pages import PAGES
from tests.apps.subscriptions.api_rig import Caller
from tests.apps.subscriptions.chat import panel_of, with_panel
from tests.apps.subscriptions.rig import Till
from tests.conftest import Fresh
from tests.e2e.conftest import Window
from tests.e2e.test_miniapp import answer, press
from tests.e2e.test_miniapp_looks import AXE, LOOK
from tgsandbox import Person, Sandbox

pytestmark = pytest.mark.sandbox(page=True)

TWICE = "(button) => (button.click(), button.click())"  # sooner than it could be dimmed
OPEN = "📱 Моя подписка"
DONE = "Подписка включена!"


@pytest_asyncio.fixture
async def till(fresh: Fresh, tg: Sandbox) -> AsyncIterator[Till]:
    async with with_panel(fresh, tg) as made:
        yield made
        await made.audited()


@pytest.fixture
def buyer(tg: Sandbox) -> Person:
    return tg.user("Покупатель", language="ru", stars=300)


@pytest.fixture
def caller(till: Till, buyer: Person) -> Caller:
    return Caller(till, buyer)


async def chatting(till: Till, buyer: Person, window: Window, *, width: int = 1280) -> Page:
    """With the button in front of them."""
    await buyer.send(till.kassa.bot, "/start")
    button = {"text": OPEN, "web_app": {"url": f"{till.kassa.url}/subscription/"}}
    markup = {"inline_keyboard": [[button]]}
    await till.kassa.bot.call("sendMessage", chat_id=buyer.id, text="!", reply_markup=markup)
    page = await window(buyer, width=width)
    await page.emulate_media(reduced_motion="reduce")
    await page.locator(".row").first.click()
    return page


async def opened(page: Page) -> FrameLocator:
    await page.get_by_role("button", name=OPEN).last.click()
    frame = page.frame_locator(".app-stage iframe")
    await expect(frame.locator(".view")).to_be_visible()
    return frame


async def closed(page: Page) -> None:
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Закрыть", exact=True).first.click()
    await expect(page.locator("iframe")).to_have_count(0)


async def sure(page: Page) -> None:
    """Yes, to a question of Telegram's."""
    dialog = page.locator("dialog.app-question")
    await dialog.get_by_role("button").first.click()
    await expect(dialog).to_have_count(0)


async def test_a_newcomer_by_sbp_to_the_link(till: Till, buyer: Person, window: Window) -> None:
    page = await chatting(till, buyer, window)
    frame = await opened(page)
    await expect(frame.get_by_role("heading", name="Оформить подписку")).to_be_visible()
    await expect(frame.locator(".badge").nth(0)).to_have_text("−9 %")
    await frame.get_by_role("radio", name="1 месяц").check()
    await frame.get_by_role("radio", name="СБП Перевод").check()
    await press(page, "Оплатить 290 ₽").click()

    await expect(frame.get_by_role("heading", name="Переведите 290 ₽")).to_be_visible()
    await expect(frame.get_by_role("timer")).to_contain_text(re.compile(r"[12]\d:\d\d"))
    await expect(frame.get_by_role("button", name="Скопировать: Телефон")).to_be_visible()
    await press(page, "Я перевёл, проверить").click()
    await expect(frame.locator(".about")).to_contain_text("Пока не пришёл")
    shop = till.shops["oneplat"]
    await shop.pay(shop.payments[-1].ref)
    await expect(frame.get_by_role("heading", name=DONE)).to_be_visible()
    user = await till.provisioned(await till.user(buyer))
    await expect(frame.locator(".link-text")).to_have_text(user.link)
    await press(page, "Готово").click()

    days = await frame.locator("#days").inner_text()
    assert days in ("28", "29", "30", "31")
    await expect(frame.locator(".link-text")).to_have_text(user.link)
    await expect(frame.get_by_text("Пока ни одного, можно до 3")).to_be_visible()


async def test_lost_callback_and_the_button(till: Till, buyer: Person, window: Window) -> None:
    till.shops["oneplat"].fault_in_callbacks("lost", times=None)
    page = await chatting(till, buyer, window)
    frame = await opened(page)
    await frame.get_by_role("radio", name="1 месяц").check()
    await frame.get_by_role("radio", name="Банковская карта Перевод").check()
    await press(page, "Оплатить 290 ₽").click()
    await expect(frame.get_by_role("heading", name="Переведите")).to_be_visible()
    shop = till.shops["oneplat"]
    await shop.pay(shop.payments[-1].ref)
    await press(page, "Я перевёл, проверить").click()
    await expect(frame.get_by_role("heading", name=DONE)).to_be_visible()
    assert all(each.lost for each in shop.sent)


async def test_by_stars_and_then_a_year_by_coins(
    till: Till, buyer: Person, caller: Caller, window: Window
) -> None:
    page = await chatting(till, buyer, window)
    frame = await opened(page)
    await frame.get_by_role("radio", name="1 месяц").check()
    await frame.get_by_role("radio", name="Telegram Stars").check()
    auto = frame.get_by_role("switch", name="Автопродление")
    await auto.check()
    await press(page, "Оплатить 150 ⭐").click()
    await page.locator("dialog.sheet").get_by_role("button", name="Подписаться").click()
    await expect(frame.get_by_role("heading", name=DONE)).to_be_visible()
    assert buyer.stars == 150
    await press(page, "Готово").click()
    await expect(frame.get_by_role("switch", name="Автопродление")).to_be_checked()
    await frame.get_by_role("switch", name="Автопродление").click()
    await sure(page)
    await expect(frame.locator("#said")).to_have_text("Автопродление отключено")
    assert (await caller.get("me"))["auto"]["on"] is False

    await press(page, "Продлить").click()
    await frame.get_by_role("radio", name="12 месяцев").check()
    await frame.get_by_role("radio", name="CryptoBot").check()
    await expect(frame.get_by_role("switch", name="Автопродление")).to_be_hidden()
    await press(page, "Оплатить 2 690 ₽").click()
    async with page.context.expect_page() as found:
        await answer(page, "Открыть")
    await (await found.value).close()
    await expect(frame.get_by_role("heading", name="Ждём оплату")).to_be_visible()
    shop = till.shops["cryptopay"]
    await shop.pay(shop.payments[-1].ref)
    await expect(frame.get_by_role("heading", name=DONE)).to_be_visible()
    assert (await caller.get("me"))["days_left"] > 390


async def test_pressed_twice_and_the_answer_lost(
    till: Till, buyer: Person, caller: Caller, window: Window
) -> None:
    keys: list[str] = []

    async def losing(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) > 1:
            await route.continue_()
        else:
            assert (await route.fetch()).ok
            await route.abort()

    await caller.has("580")
    page = await chatting(till, buyer, window)
    frame = await opened(page)
    await frame.get_by_role("radio", name="1 месяц").check()
    await frame.get_by_role("radio", name="С баланса На балансе 580 ₽").check()
    await page.route("**/api/subscriptions/", losing)
    await press(page, "Оплатить 290 ₽").evaluate(TWICE)
    await expect(frame.get_by_role("alert")).to_contain_text("второй раз платёж не создастся")
    await press(page, "Оплатить 290 ₽").evaluate(TWICE)
    await expect(frame.get_by_role("heading", name=DONE)).to_be_visible()
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert (await caller.get("plans"))["balance"] == {"RUB": 290.0}


async def test_called_off_and_a_code(
    till: Till, buyer: Person, caller: Caller, window: Window
) -> None:
    await till.db.run(lambda tx: promos.create(tx, "ВЕСНА", "percent", value=50))
    page = await chatting(till, buyer, window)
    frame = await opened(page)
    await frame.get_by_role("radio", name="1 месяц").check()
    await frame.get_by_role("button", name="Есть промокод?").click()
    await frame.get_by_label("Промокод").fill("зима")
    await frame.get_by_role("button", name="Применить").click()
    await expect(frame.locator("#promo-told")).to_contain_text("Такого промокода нет")
    await frame.get_by_label("Промокод").fill("весна")
    await page.keyboard.press("Enter")
    await expect(frame.locator(".note")).to_contain_text("Промокод применён")
    await expect(frame.locator("s")).to_have_text("290 ₽")
    await press(page, "Оплатить 145 ₽").click()
    await expect(frame.get_by_role("heading", name="Переведите 145 ₽")).to_be_visible()
    await frame.get_by_role("button", name="Отменить платёж").click()
    await sure(page)
    await expect(frame.get_by_role("heading", name="Платёж отменён")).to_be_visible()
    assert await till.db.fetchval("SELECT used FROM subscriptions.promo") == 0
    await press(page, "Попробовать ещё раз").click()
    await expect(press(page, "Оплатить 290 ₽")).to_be_visible()


async def test_the_trial_devices_and_the_code(
    till: Till, buyer: Person, caller: Caller, window: Window
) -> None:
    page = await chatting(till, buyer, window)
    frame = await opened(page)
    await frame.get_by_role("button", name="Попробовать бесплатно: 3 дн.").click()
    await expect(frame.locator("#days")).to_have_text("3")
    mine = await till.provisioned(await till.user(buyer))
    panel = panel_of(till)
    panel.connect(mine.username, "1", model="Pixel 9")
    panel.connect(mine.username, "2", model="Laptop")
    panel.use(mine.username, 3 * 1024**3)
    await closed(page)

    frame = await opened(page)
    await expect(frame.locator(".device")).to_have_count(2)
    await expect(frame.get_by_text("3 ГБ, без ограничений")).to_be_visible()
    await frame.get_by_role("button", name=re.compile("Отвязать: .*Pixel")).click()
    await sure(page)
    await expect(frame.locator(".device")).to_have_count(1)
    assert len(panel.users[mine.username].devices) == 1

    await frame.get_by_role("button", name="QR-код").click()
    code = frame.get_by_role("button", name="Увеличить QR-код")
    await expect(code.locator("svg")).to_be_visible()
    await code.click()
    await expect(code).to_have_attribute("aria-expanded", "true")
    await frame.get_by_role("button", name="Сменить ссылку").click()
    await sure(page)
    await expect(frame.locator("#said")).to_have_text("Ссылка новая")
    await expect(frame.locator(".link-text")).not_to_have_text(mine.link)

    panel.fault("*", "down", times=None)
    await closed(page)
    frame = await opened(page)
    await expect(frame.get_by_text("Сервер пока не отвечает")).to_be_visible()
    panel.mend()
    await frame.locator(".use").get_by_role("button", name="Повторить").click()
    await expect(frame.locator(".use")).to_contain_text("без ограничений")


async def test_history_and_back_and_the_night(
    till: Till, buyer: Person, caller: Caller, window: Window
) -> None:
    user = await till.user(buyer)
    await till.db.run(lambda tx: promos.create(tx, "DAY", "days", value=1, each=25))
    for _ in range(25):
        await till.db.run(lambda tx: promos.redeem(tx, "DAY", user.id, till.options, bot=""))
    page = await chatting(till, buyer, window)
    frame = await opened(page)
    await expect(frame.locator("#days")).to_have_text("25")
    await frame.get_by_role("button", name="История").click()
    rows = frame.locator(".days .row")
    await expect(rows).to_have_count(20)
    await expect(rows.first).to_contain_text("+1 день")
    await frame.get_by_role("button", name="Показать ещё").click()
    await expect(rows).to_have_count(25)
    dialog = page.get_by_role("dialog", name="vpn_bot")
    await dialog.get_by_role("button", name="Назад").click()
    await expect(frame.locator("#days")).to_have_text("25")

    await expect(frame.locator("body")).to_have_css("background-color", "rgb(240, 240, 240)")
    await page.get_by_role("button", name="Меню", exact=True).first.click()
    await page.get_by_role("menuitem", name="Ночной режим").click()
    await expect(frame.locator("body")).to_have_css("background-color", "rgb(24, 24, 24)")


async def test_without_a_connection(till: Till, buyer: Person, window: Window) -> None:
    page = await chatting(till, buyer, window)
    await page.route("**/api/subscriptions/me", lambda route: route.abort())
    frame = await opened(page)
    await expect(frame.get_by_role("heading", name="Не получилось загрузить")).to_be_visible()
    await page.unroute("**/api/subscriptions/me")
    await press(page, "Повторить").click()
    await expect(frame.get_by_role("heading", name="Оформить подписку")).to_be_visible()


async def test_outside_telegram(till: Till, tg: Sandbox, window: Window) -> None:
    page = await window(path=f"{till.kassa.url}/subscription/")
    await page.emulate_media(reduced_motion="reduce")  # what fades in is hard to read meanwhile
    link = page.locator("a.main-button")
    await expect(link).to_be_visible()
    assert await link.evaluate("(link) => link.href") == f"{till.kassa.url}/subscription/open"
    for name in ("success", "cancel"):
        await page.goto(f"{till.kassa.url}/subscription/{name}")
        await expect(page.locator(".ended h1")).to_be_visible()
        await page.evaluate(AXE)
        assert await page.evaluate(LOOK) == []


def test_it_weighs_little() -> None:
    first = [each for each in PAGES.files if each not in PAGES.later and each != "back.html"]
    weight = sum(len(PAGES.files[each].packed) for each in [*first, "ru.js"])
    assert weight < 40_000
    for name, file in PAGES.files.items():
        for wanted in re.findall(
            r'from "\./(\w+\.js)"|import\("\./(\w+\.js)"\)', str(file.content)
        ):
            assert "".join(wanted) in PAGES.files, name
        assert gzip.decompress(file.packed) == file.content
        assert len(file.content.splitlines()) < 400
