"""Where a person pays a provider, and what the drawer shows of it, in a browser."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Locator, Page, expect

from tests.e2e.apps import served
from tests.e2e.conftest import Window
from tests.e2e.test_accessible import AXE, LOOK
from tests.e2e.test_drawer import pulled_out
from tgsandbox import Person, Sandbox
from tgsandbox.providers.bank import Shop

Shots = Callable[[Page, str], Awaitable[None]]
pytestmark = pytest.mark.sandbox(page=True)
BACK = "<!doctype html><html lang=ru><title>Лавка</title><h1>Спасибо, ждём вас снова</h1>"


@pytest_asyncio.fixture
async def site() -> AsyncIterator[str]:
    """The shop's own, where the payer comes back to."""
    async with served(back=BACK) as site:
        yield site


@pytest.fixture
def buyer(tg: Sandbox) -> Person:
    return tg.user("Покупатель")


async def by_yookassa(tg: Sandbox, back: str, key: str = "71", **more: Any) -> tuple[Shop, str]:
    """A payment of 599 rubles; its page's address."""
    shop = tg.bank.shop("yookassa")
    auth = (shop.credentials["shop_id"], shop.credentials["secret_key"])
    body = {
        "amount": {"value": "599.00", "currency": "RUB"},
        "confirmation": {"type": "redirect", "return_url": back},
        "capture": True,
        "description": "Кружка «Касса», 300 мл",
        "metadata": {"order_id": key},
        **more,
    }
    async with httpx.AsyncClient(auth=auth) as http:
        headers = {"Idempotence-Key": key}
        answer = await http.post(f"{shop.base_url}/payments", json=body, headers=headers)
    return shop, f"{answer.json()['confirmation']['confirmation_url']}?lang=ru"


async def by_oneplat(tg: Sandbox, key: str = "72") -> tuple[Shop, str]:
    """A transfer of 145 rubles to a card."""
    shop = tg.bank.shop("oneplat")
    headers = {"x-shop": shop.credentials["shop_id"], "x-secret": shop.credentials["secret"]}
    body = {"merchant_order_id": key, "user_id": 1, "amount": 14_500, "email": "buyer@example.com"}
    url = f"{shop.base_url}/api/merchant/order/create/by-api"
    async with httpx.AsyncClient(headers=headers) as http:
        answer = await http.post(url, json=body | {"method": "card"})
    return shop, f"{answer.json()['url']}?lang=ru"


async def by_stripe(tg: Sandbox, site: str) -> tuple[Shop, str]:
    """A Checkout Session of 19.90 dollars."""
    shop = tg.bank.shop("stripe")
    line = "line_items[0]"
    body = {
        "mode": "payment",
        "client_reference_id": "73",
        "success_url": f"{site}/back",
        "cancel_url": f"{site}/canceled",
        f"{line}[quantity]": "1",
        f"{line}[price_data][currency]": "usd",
        f"{line}[price_data][unit_amount]": "1990",
        f"{line}[price_data][product_data][name]": "Tea",
    }
    headers = {"Authorization": f"Bearer {shop.credentials['secret_key']}"}
    async with httpx.AsyncClient(headers=headers) as http:
        answer = await http.post(f"{shop.base_url}/v1/checkout/sessions", data=body)
    return shop, f"{answer.json()['url']}?lang=ru"


async def by_cryptopay(tg: Sandbox) -> tuple[Shop, str]:
    """An invoice of 1.5 TON."""
    shop = tg.bank.shop("cryptopay", name="kiosk")
    headers = {"Crypto-Pay-API-Token": shop.credentials["token"]}
    async with httpx.AsyncClient(headers=headers) as http:
        answer = await http.post(
            f"{shop.base_url}/api/createInvoice",
            json={"asset": "TON", "amount": "1.5", "description": "Чай"},
        )
    return shop, f"{answer.json()['result']['bot_invoice_url']}?lang=ru"


def payments_of(drawer: Locator, shop: str) -> Locator:
    return drawer.get_by_role("article", name=shop).get_by_role("list", name="Платежи")


async def test_a_payer_pays_and_is_back_in_the_shop(
    tg: Sandbox, window: Window, site: str, shots: Shots
) -> None:
    shop, url = await by_yookassa(tg, f"{site}/back")
    page = await window(path=url)
    await expect(page.get_by_role("heading", level=1)).to_have_text("599,00 ₽")
    await expect(page.locator("main")).to_contain_text("Кружка «Касса», 300 мл")
    await expect(page.get_by_text("Ждёт оплаты")).to_be_visible()
    await expect(page.get_by_role("button", name="Оплатить дважды")).to_have_count(0)  # not there
    await shots(page, "bank-pay")
    await page.get_by_role("button", name="Оплатить 599,00 ₽").click()
    await expect(page.get_by_text("Спасибо, ждём вас снова")).to_be_visible()
    assert (shop.payments[0].state, shop.payments[0].paid) == ("paid", 59_900)

    await page.goto(url)
    await expect(page.get_by_text("Оплачено")).to_be_visible()
    await expect(page.get_by_role("button")).to_have_count(0)  # it is over
    await page.get_by_role("link", name="Вернуться в магазин").click()
    await expect(page.get_by_text("Спасибо, ждём вас снова")).to_be_visible()


async def test_a_payer_is_declined_or_pays_later(tg: Sandbox, window: Window, site: str) -> None:
    shop, first = await by_yookassa(tg, f"{site}/back", "1")
    _, second = await by_yookassa(tg, f"{site}/back", "2")
    page = await window(path=first)
    await page.get_by_role("button", name="Отказать").click()
    await expect(page.get_by_text("Спасибо, ждём вас снова")).to_be_visible()
    await page.goto(second)
    await page.get_by_role("button", name="Оплатить позже").press("Enter")
    await expect(page.get_by_text("Спасибо, ждём вас снова")).to_be_visible()
    assert [each.state for each in shop.payments] == ["failed", "started"]

    await page.goto(second)
    await expect(page.get_by_text("Обрабатывается")).to_be_visible()
    await shop.pay(shop.payments[1].ref)  # the money has come meanwhile
    await expect(page.get_by_text("Оплачено")).to_be_visible()


async def test_a_transfer_by_hand_comes_less_and_twice(
    tg: Sandbox, window: Window, shots: Shots
) -> None:
    shop, first = await by_oneplat(tg, "1")
    _, second = await by_oneplat(tg, "2")
    page = await window(path=first)
    await expect(page.locator("main")).to_contain_text("2200 0000 0000 0000")
    await page.get_by_role("button", name="Оплатить меньше").click()
    await page.get_by_role("spinbutton", name="Сумма, RUB").fill("100")
    await shots(page, "bank-less")
    await page.get_by_role("button", name="Оплатить", exact=True).click()
    await expect(page.get_by_text("Оплачено")).to_be_visible()
    await page.goto(second)
    await page.get_by_role("button", name="Оплатить дважды").click()
    await expect(page.get_by_text("Оплачено")).to_be_visible()
    assert [each.paid for each in shop.payments] == [10_000, 29_000]


async def test_a_declined_card_may_be_tried_again_and_the_money_disputed(
    tg: Sandbox, buyer: Person, window: Window, site: str
) -> None:
    shop, url = await by_stripe(tg, site)
    page = await window(path=url)
    await expect(page.get_by_role("heading", level=1)).to_have_text("19,90 $")
    leave = page.get_by_role("link", name="Вернуться без оплаты")
    await expect(leave).to_have_attribute("href", f"{site}/canceled")
    await page.get_by_role("button", name="Отказать").click()
    await expect(page.get_by_role("alert")).to_contain_text("Можно попробовать ещё раз")
    await page.get_by_role("button", name="Оплатить 19,90 $").click()
    await expect(page.get_by_text("Спасибо, ждём вас снова")).to_be_visible()

    page = await window(buyer)
    drawer = await pulled_out(page, "Банк")
    row = payments_of(drawer, "Stripe").get_by_role("listitem")
    await row.get_by_role("button", name="Оспорить").click()
    await row.get_by_role("button", name="Спор выигран").click()
    await expect(row.get_by_role("button", name="Оспорить")).to_be_visible()
    kinds = [each.kind for each in shop.books()]
    assert [kinds.count(each) for each in ("paid", "dispute", "dispute_won")] == [1, 1, 1]


async def test_an_invoice_in_coins_has_their_digits(tg: Sandbox, window: Window) -> None:
    shop, url = await by_cryptopay(tg)
    page = await window(path=url)
    await expect(page.get_by_role("heading", level=1)).to_have_text("1,50 TON")
    await page.get_by_role("button", name="Оплатить 1,50 TON").click()
    await expect(page.get_by_text("Оплачено")).to_be_visible()
    assert shop.payments[0].paid == 1_500_000_000


async def test_the_page_speaks_three_languages_and_knows_what_is_not_there(
    tg: Sandbox, window: Window, site: str
) -> None:
    _, url = await by_yookassa(tg, f"{site}/back")
    page = await window(path=url.replace("lang=ru", ""))
    await expect(page.get_by_role("button", name="Pay later")).to_be_visible()  # the browser's own
    await page.get_by_label("Language").select_option("uz")
    await expect(page.get_by_role("button", name="Keyinroq to‘lash")).to_be_visible()
    await page.reload()
    await page.get_by_label("Til").select_option("en")
    await expect(page.get_by_role("button", name="Decline")).to_be_visible()
    await page.goto(f"{tg.url}/bank/yookassa/nothing")
    await expect(page.locator("main")).to_contain_text("There is no such payment")


async def test_only_the_page_itself_may_press(tg: Sandbox, site: str) -> None:
    shop, url = await by_yookassa(tg, "javascript://x/%0aalert(1)")
    url = url.partition("?")[0]
    act = url.replace("/bank/", "/bank/api/") + "/pay"
    async with httpx.AsyncClient() as http:
        assert (await http.get(url.replace("/bank/", "/bank/api/"))).json()["success_url"] == ""
        for headers in (
            {"origin": site},
            {"sec-fetch-site": "cross-site"},
            {"host": "evil.example"},
            {"origin": "null"},
        ):
            answer = await http.post(act, json={}, headers=headers)
            assert answer.status_code == 403, headers
        assert (await http.post(act, data={})).status_code == 415
        assert (await http.post(act, json={"amount": 1.5})).status_code == 400
        assert (await http.post(act.replace("/pay", "/refund"), json={})).status_code == 404
        assert (await http.get(url, headers={"host": "evil.example"})).status_code == 403
        assert (await http.get(f"{tg.url}/bank/static/drawer.js")).status_code == 404
        assert shop.payments[0].state == "waiting"
        assert (await http.post(act, json={}, headers={"origin": tg.url})).status_code == 200
        answer = await http.post(act, json={}, headers={"origin": tg.url})
        assert (answer.status_code, shop.payments[0].state) == (409, "paid")


async def test_the_drawer_shows_payments_as_they_are_and_refunds_them(
    tg: Sandbox, buyer: Person, window: Window, site: str, shots: Shots
) -> None:
    page = await window(buyer)
    drawer = await pulled_out(page, "Банк")
    await expect(drawer).to_contain_text("Ни один магазин ещё не подключён.")
    shop, _ = await by_yookassa(tg, f"{site}/back")
    await by_oneplat(tg)
    row = payments_of(drawer, "YooKassa").get_by_role("listitem")
    await expect(row).to_contain_text("Ждёт оплаты")
    await row.get_by_role("button", name="Оплатить", exact=True).click()
    await expect(row).to_contain_text("Оплачено")
    article = drawer.get_by_role("article", name="YooKassa")
    await expect(article.locator(".held")).to_contain_text("578,03")  # less 3.5 %

    await row.get_by_role("textbox").fill("99")
    await row.get_by_role("button", name="Вернуть").click()
    await expect(row).to_contain_text("Возвращено: 99,00")
    await article.get_by_text("Книги").click()
    await expect(article.get_by_role("table").first).to_contain_text("комиссия")
    await shots(page, "drawer-shops")
    assert shop.held() == {"RUB": 47_903}
    await row.get_by_role("textbox").fill("9999")
    await row.get_by_role("button", name="Вернуть").click()
    await expect(page.locator(".toast")).to_contain_text("cannot be refunded")
    await row.get_by_role("textbox").fill("сто")
    await row.get_by_role("button", name="Вернуть").click()
    await expect(page.locator(".toast").last).to_have_text("Сумма: сто?")
    assert shop.held() == {"RUB": 47_903}  # not all of it went back instead

    by_hand = payments_of(drawer, "1Plat").get_by_role("listitem")
    await by_hand.get_by_role("button", name="Оплатить дважды").click()
    await expect(by_hand).to_contain_text("290,00")


async def test_a_fault_is_switched_with_a_click(
    tg: Sandbox, buyer: Person, window: Window, site: str, shots: Shots
) -> None:
    shop, _ = await by_yookassa(tg, f"{site}/back")
    page = await window(buyer)
    drawer = await pulled_out(page, "Банк")
    article = drawer.get_by_role("article", name="YooKassa")
    await article.get_by_text("Сбои").click()
    await article.get_by_label("Вызов").select_option("status")
    await article.get_by_role("button", name="503, закрыто").click()
    pressed = article.locator('button[aria-pressed="true"]')
    await expect(pressed).to_have_text("503, закрыто")
    await article.get_by_role("button", name="Дважды").click()
    await expect(pressed).to_have_count(2)
    await shots(page, "drawer-bank-faults")
    assert (shop.faults.calls[0].call, shop.faults.calls[0].times) == ("status", None)
    auth = (shop.credentials["shop_id"], shop.credentials["secret_key"])
    async with httpx.AsyncClient(auth=auth) as http:
        url = f"{shop.base_url}/payments/{shop.payments[0].ref}"
        assert (await http.get(url)).status_code == 503
        await article.get_by_role("button", name="503, закрыто").click()
        await expect(pressed).to_have_count(1)
        await expect(pressed).to_have_text("Дважды")
        assert (await http.get(url)).status_code == 200
        await article.get_by_role("button", name="Убрать сбои").click()
        await expect(pressed).to_have_count(0)
        await article.get_by_role("button", name="Сменить ключ").click()
        await expect(page.locator(".toast")).to_have_text("Готово")
        assert (await http.get(url)).status_code == 401


async def test_callbacks_are_seen_with_their_answers_and_sent_again(
    tg: Sandbox, buyer: Person, window: Window, site: str, shots: Shots
) -> None:
    heard: list[Any] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append(await request.json())
        return web.Response(status=500 if len(heard) == 1 else 200)

    app = web.Application()
    app.router.add_post("/callback", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shop, _ = await by_yookassa(tg, f"{site}/back")
    shop.callback_url = f"http://127.0.0.1:{runner.addresses[0][1]}/callback"
    try:
        await shop.pay(shop.payments[0].ref)
        await asyncio.wait_for(shop.delivered(), 5)
        page = await window(buyer)
        drawer = await pulled_out(page, "Банк")
        article = drawer.get_by_role("article", name="YooKassa")
        await article.locator("summary").filter(has_text="Уведомления").click()
        sent = article.locator(".sent > li")
        await expect(sent).to_have_count(1)
        await expect(sent).to_contain_text("payment.succeeded")
        await expect(sent).to_contain_text("500")
        await sent.get_by_role("button", name="Послать ещё раз").click()
        await expect(sent).to_have_count(2)
        await expect(sent.first).to_contain_text("200")
        await sent.first.locator("summary").click()
        await expect(sent.first.locator("pre")).to_contain_text('"event": "payment.succeeded"')
        await shots(page, "drawer-bank-callbacks")
        assert heard[0] == heard[1]
    finally:
        await shop.callbacks.stop()
        await runner.cleanup()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
async def test_everybody_can_pay(  # noqa: PLR0917
    tg: Sandbox, buyer: Person, window: Window, site: str, shots: Shots, width: int, theme: str
) -> None:
    shop, url = await by_yookassa(tg, f"{site}/back")
    _, by_hand = await by_oneplat(tg)
    await by_stripe(tg, site)
    await by_cryptopay(tg)
    await buyer.send(tg.bot("shop_bot"), "/start")
    wrong: list[str] = []

    async def look(page: Page, where: str) -> None:
        await page.evaluate(AXE)
        found: list[str] = await page.evaluate(LOOK)
        wrong.extend(f"{where}: {each}" for each in found)
        await shots(page, f"bank-{where}-{theme}-{width}")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), where

    page = await window(path=by_hand, width=width, theme=theme)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await look(page, "transfer")
    await page.get_by_role("button", name="Оплатить меньше").click()
    await look(page, "less")
    await page.goto(url)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await look(page, "card")
    await shop.pay(shop.payments[0].ref)
    await expect(page.get_by_text("Оплачено")).to_be_visible()
    await look(page, "paid")
    await shop.refund(shop.payments[0].ref, 9_900)
    await page.goto(f"{tg.url}/#{buyer.id}")
    await page.reload()
    await page.emulate_media(reduced_motion="reduce")
    drawer = await pulled_out(page, "Банк")
    await expect(payments_of(drawer, "YooKassa")).to_contain_text("Оплачено")
    await look(page, "shops")
    article = drawer.get_by_role("article", name="YooKassa")
    for each in ("Сбои", "Уведомления", "Книги", "Адрес"):
        await article.locator("summary").filter(has_text=each).click()
    await article.locator("summary").first.scroll_into_view_if_needed()
    await look(page, "unfolded")
    assert not wrong, "\n".join(dict.fromkeys(wrong))
