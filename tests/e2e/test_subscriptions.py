"""A subscription bought in the chat, before Kassa itself, its banks and its panel: by card, SBP,
coins and Stars, in Russian and Uzbek; with what goes wrong on the way, as a gift, by invitation."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from kassa.apps.subscriptions import service
from kassa.telegram import sender
from tests.apps.subscriptions.chat import NBSP, panel_of, with_panel
from tests.apps.subscriptions.rig import Till
from tests.conftest import Fresh
from tests.e2e.conftest import Window
from tgsandbox import Person, Sandbox

Shots = Callable[[Page, str], Awaitable[None]]
pytestmark = pytest.mark.sandbox(page=True)

PAID = "🎉 Оплата получена, спасибо!"
COPYING = ["clipboard-read", "clipboard-write"]
COPIED = "navigator.clipboard.readText()"
LOADED = "(image) => image.complete && image.naturalWidth > 100"


@dataclass(frozen=True)
class Words:
    """What one language calls what is pressed and read on the way."""

    accept: str
    hello: str
    buy: str
    plan: str
    card: str
    sbp: str
    transfer: str
    number: str
    phone: str
    pay: str
    paid: str
    mine: str
    active: str


RU = Words(
    accept="✅ Принимаю",
    hello="👋 Здравствуйте, Покупатель!",
    buy="Оформить подписку",
    plan=f"1 месяц · 290{NBSP}₽",
    card="💳 Банковская карта",
    sbp="📱 СБП (телефон)",
    transfer="💳 1Plat (карта, СБП)",
    number="📋 Номер карты",
    phone="📋 Телефон",
    pay=f"Оплатить 290{NBSP}₽",
    paid=PAID,
    mine="Моя подписка",
    active="✅ Активна",
)
UZ = Words(
    accept="✅ Qabul qilaman",
    hello="👋 Assalomu alaykum, Xaridor!",
    buy="Obunani rasmiylashtirish",
    plan=f"1 oy · 290{NBSP}₽",
    card="💳 Bank kartasi",
    sbp="📱 SBP (telefon)",
    transfer="💳 1Plat (karta, SBP)",
    number="📋 Karta raqami",
    phone="📋 Telefon",
    pay=f"Toʻlash: 290{NBSP}₽",
    paid="🎉 Toʻlov qabul qilindi, rahmat!",
    mine="Mening obunam",
    active="✅ Faol",
)


@pytest.fixture(autouse=True)
def nobody_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chat hears a message a second, after the first three: tests/telegram holds that."""
    monkeypatch.setattr(sender, "CHAT", (0.02, 20))


@pytest_asyncio.fixture
async def till(fresh: Fresh, tg: Sandbox) -> AsyncIterator[Till]:
    terms = {"TERMS_URL": "https://example.com/terms", "TERMS_VERSION": "2026-01"}
    async with with_panel(fresh, tg, **terms) as made:
        yield made
        await made.audited()


@pytest.fixture
def buyer(tg: Sandbox) -> Person:
    return tg.user("Покупатель", language="ru", stars=1000)


# -- steps -------------------------------------------------------------------------


async def chatting(
    till: Till, person: Person, window: Window, words: Words = RU, **look: Any
) -> Page:
    """In the bot's chat, with the terms accepted."""
    await person.start(till.kassa.bot)
    await person.reply("2026-01")
    page = await window(person, **look)
    await page.emulate_media(reduced_motion="reduce")
    await page.locator(".row").first.click()
    await press(page, words.accept)
    await shows(page, words.hello)
    return page


def last(page: Page) -> Locator:
    return page.locator(".message:not(.out)").last


async def press(page: Page, text: str) -> None:
    await last(page).get_by_role("button", name=text, exact=True).click()


async def shows(page: Page, *texts: str) -> None:
    for each in texts:
        await expect(last(page)).to_contain_text(each)


async def says(page: Page, text: str) -> None:
    field = page.locator(".composer textarea")
    await field.fill(text)
    await field.press("Enter")


async def at_bank(page: Page, button: str) -> Page:
    """The payment's page, opened from the chat."""
    async with page.expect_popup() as opening:
        await press(page, button)
        await page.get_by_role("dialog").get_by_role("button").last.click()
    return await opening.value


async def paid(bank: Page) -> None:
    await bank.locator("main button").filter(has_text="290").click()
    await expect(bank.locator("main button").filter(has_text="290")).to_have_count(0)
    await bank.close()


async def to_the_ways(page: Page, words: Words = RU) -> None:
    await says(page, "/buy")
    await press(page, words.plan)
    await shows(page, "CryptoBot")


async def has_bought(page: Page, till: Till, person: Person, words: Words = RU) -> str:
    """The link, which came by itself."""
    await shows(page, words.paid)
    mine = await till.provisioned(await till.user(person))
    await shows(page, mine.link)
    assert panel_of(till).status(mine.username) == "ACTIVE"
    return mine.link


# -- the whole way -----------------------------------------------------------------


LOOKS: Mapping[str, Mapping[str, Any]] = {
    "ru": {"width": 1280, "theme": "light"},
    "uz": {"width": 390, "theme": "dark"},
}


@pytest.mark.parametrize(("language", "words"), [("ru", RU), ("uz", UZ)])
async def test_by_card_by_sbp_and_by_coins(
    *, till: Till, tg: Sandbox, window: Window, shots: Shots, language: str, words: Words
) -> None:
    person = tg.user({"ru": "Покупатель", "uz": "Xaridor"}[language], language=language)
    look = {**LOOKS[language], "permissions": COPYING}
    page = await chatting(till, person, window, words, **look)
    await shots(page, f"{language}-1-start")
    await press(page, words.buy)
    await shots(page, f"{language}-2-plans")
    await press(page, words.plan)
    await shots(page, f"{language}-3-ways")
    await press(page, words.transfer)
    await press(page, words.card)
    await shows(page, "2200 0000 0000 0000", f"290{NBSP}₽")
    await shots(page, f"{language}-4-card")
    await press(page, words.number)
    assert await page.evaluate(COPIED) == "2200 0000 0000 0000"
    bank = await at_bank(page, words.pay)
    await shots(bank, f"{language}-5-bank")
    await paid(bank)
    link = await has_bought(page, till, person, words)
    await shots(page, f"{language}-6-link")
    await last(page).locator("code").click()
    assert await page.evaluate(COPIED) == link

    await press(page, "🔳 QR")
    picture = last(page).locator("img").first
    await expect(picture).to_be_visible()
    assert await picture.evaluate(LOADED)
    await shots(page, f"{language}-7-qr")
    await says(page, "/subscription")
    await shows(page, words.active, "▰", link)
    await shots(page, f"{language}-8-mine")

    await to_the_ways(page, words)
    await press(page, words.transfer)
    await press(page, words.sbp)
    await shows(page, "+7", f"290{NBSP}₽")
    await shots(page, f"{language}-9-sbp")
    await press(page, words.phone)
    assert re.fullmatch(r"\+7\d{10}", await page.evaluate(COPIED))
    await paid(await at_bank(page, words.pay))
    assert await has_bought(page, till, person, words) == link

    await to_the_ways(page, words)
    await press(page, "💎 CryptoBot (USDT, TON, BTC)")
    await shows(page, f"290{NBSP}₽")
    await shots(page, f"{language}-10-coins")
    bank = await at_bank(page, words.pay)
    await shots(bank, f"{language}-11-coins-bank")
    await paid(bank)
    assert await has_bought(page, till, person, words) == link
    await shots(page, f"{language}-12-thrice")

    user = await till.user(person)
    terms = await service.terms(till.db, user.id)
    assert [(each.kind, each.months) for each in terms] == [("paid", 1)] * 3
    assert user.terms_version == "2026-01"
    assert await page.evaluate("document.documentElement.scrollWidth") == look["width"]
    if language == "uz":
        said = await page.locator(".message:not(.out)").all_inner_texts()
        assert not re.search("[а-яё]", " ".join(said))  # requisites are in capitals


# -- what goes wrong ---------------------------------------------------------------


async def test_no_requisites_and_a_callback_that_is_lost(
    till: Till, buyer: Person, window: Window, shots: Shots
) -> None:
    shop = till.shops["oneplat"]
    shop.fault("create", "no_requisites")
    shop.fault_in_callbacks("lost", times=None)
    page = await chatting(till, buyer, window, width=390)
    await to_the_ways(page)
    await press(page, "💳 1Plat (карта, СБП)")
    await press(page, "💳 Банковская карта")
    await shows(page, "Сейчас нет свободных реквизитов.")
    await shots(page, "wrong-1-no-requisites")
    await press(page, "⚡ СБП · 1Plat")
    await shows(page, "Переведите ровно")
    await press(page, "Проверить оплату")
    await expect(page.get_by_text("Оплаты пока не видно")).to_be_visible()
    await shots(page, "wrong-2-not-yet")
    await page.keyboard.press("Escape")
    await shop.pay(shop.payments[-1].ref)
    assert await service.standing(till.db, (await till.user(buyer)).id) is None
    await press(page, "Проверить оплату")
    await has_bought(page, till, buyer)
    await shots(page, "wrong-3-found")
    assert all(each.lost for each in shop.sent)


async def test_by_stars_and_the_money_goes_back(
    till: Till, buyer: Person, window: Window, shots: Shots
) -> None:
    page = await chatting(till, buyer, window, width=390, theme="dark")
    await to_the_ways(page)
    await press(page, f"⭐ Telegram Stars · 150{NBSP}⭐")
    await shots(page, "stars-1-invoice")
    await press(page, f"Оплатить 150{NBSP}⭐")
    sheet = page.locator("dialog.sheet")
    await expect(sheet).to_contain_text("Подписка на 1 месяц")
    await shots(page, "stars-2-sheet")
    await sheet.get_by_role("button", name="Подтвердить и").click()
    await has_bought(page, till, buyer)
    assert buyer.stars == 850
    await shots(page, "stars-3-paid")

    number = await till.db.fetchval("SELECT max(id) FROM payments.payment")
    await till.payments.refund(number, key="asked for")
    await expect(page.locator(".service").last).to_contain_text("вернул вам")
    await shows(page, "Деньги вернули", "Подписка закончилась.")
    await expect(last(page).get_by_role("button")).to_have_text(["Моя подписка"])
    assert buyer.stars == 1000
    await shots(page, "stars-4-back")
    await says(page, "/subscription")
    await shows(page, "Закончилась")
    await press(page, "📜 История")
    await shows(page, "возврат")
    await shots(page, "stars-5-history")


# -- friends -----------------------------------------------------------------------


async def shared(page: Page, button: str, group: str) -> None:
    """With a chat of theirs."""
    await press(page, button)
    await page.get_by_role("dialog").get_by_role("button", name=group).click()
    await expect(page.locator(".message.out .bubble").last).to_contain_text("t.me/vpn_bot?start=")


async def came(window: Window, friend: Person, **look: Any) -> Page:
    """By the link in that chat."""
    page = await window(friend, **look)
    await page.emulate_media(reduced_motion="reduce")
    await page.locator(".row").filter(has_text="Друзья").click()
    await page.get_by_role("link", name="t.me/vpn_bot").click()
    await page.get_by_role("button", name="НАЧАТЬ", exact=True).click()
    return page


async def back(page: Page) -> None:
    """To the bot's chat."""
    await page.locator(".row").filter(has=page.locator(".name", has_text="vpn_bot")).click()


async def by_stars(page: Page) -> None:
    await press(page, f"⭐ Telegram Stars · 150{NBSP}⭐")
    await press(page, f"Оплатить 150{NBSP}⭐")
    await page.locator("dialog.sheet").get_by_role("button", name="Подтвердить и").click()


async def test_a_gift_for_a_friend(
    till: Till, tg: Sandbox, buyer: Person, window: Window, shots: Shots
) -> None:
    friend = tg.user("Подруга", language="ru")
    tg.group("Друзья", buyer, friend)
    page = await chatting(till, buyer, window)
    await says(page, "/gift")
    await shots(page, "gift-1-plans")
    await press(page, f"1 месяц — 290{NBSP}₽")
    await by_stars(page)
    await shows(page, "🎁 Подарок оплачен: подписка на 1 месяц")
    await shots(page, "gift-2-paid")
    await shared(page, "🎁 Подарить", "Друзья")
    await shots(page, "gift-3-shared")

    hers = await came(window, friend, width=390, theme="dark")
    await shows(hers, "условия")
    await press(hers, "✅ Принимаю")
    await shows(hers, "🎁 Покупатель дарит вам подписку на 1 месяц!")
    await shots(hers, "gift-4-card")
    await press(hers, "🎁 Принять подарок")
    await shows(hers, "🎁 Подарок ваш")
    await shots(hers, "gift-5-hers")
    mine = await till.provisioned(await till.user(friend))
    await shows(hers, mine.link)
    await back(page)
    await shows(page, "Ваш подарок (подписка на 1 месяц) открыт!")
    await shots(page, "gift-6-opened")
    assert await service.standing(till.db, (await till.user(buyer)).id) is None


async def test_a_friend_is_invited(
    till: Till, tg: Sandbox, buyer: Person, window: Window, shots: Shots
) -> None:
    friend = tg.user("Друг", language="ru", stars=1000)
    tg.group("Друзья", buyer, friend)
    page = await chatting(till, buyer, window)
    await says(page, "/invite")
    await shows(page, "+7 дней", "Оплатили: 0")
    await shots(page, "invite-1")
    await shared(page, "👥 Пригласить друга", "Друзья")

    his = await came(window, friend, width=390)
    await shows(his, "условия")
    await shots(his, "invite-2-came")
    await expect(his.locator(".message").filter(has_text="👋 Вас приглашает")).to_have_count(1)
    await press(his, "✅ Принимаю")
    await press(his, "Оформить подписку")
    await press(his, f"1 месяц · 290{NBSP}₽")
    await by_stars(his)
    await has_bought(his, till, friend)

    await back(page)
    await shows(page, "🎉 Ваш друг оформил подписку. Вам +7 дней, спасибо!")
    await shots(page, "invite-3-thanks")
    await says(page, "/invite")
    await shows(page, "Оплатили: 1", "Вы заработали дней: 7")
    await shots(page, "invite-4-count")
