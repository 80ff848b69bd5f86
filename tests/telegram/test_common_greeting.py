"""/start and /help: one app's own words, ours, and several apps' menus together."""

from dataclasses import dataclass

import pytest

from kassa.telegram import MenuItem
from kassa.texts import Texts
from tests.conftest import Fresh
from tests.telegram.core import Shown
from tests.telegram.talking import a_talk

SHOP = {
    "ru": """
title = Магазин <всего>
label-catalog = Каталог
label-site = Сайт
label-app = Открыть
label-buy = Купить
command-orders = Заказы <и возвраты>
""",
    "uz": """
title = Doʻkon
label-catalog = Katalog
label-site = Sayt
label-app = Ochish
label-buy = Sotib olish
command-orders = Buyurtmalarim
""",
    "en": """
title = Shop
label-catalog = Catalog
label-site = Site
label-app = Open
label-buy = Buy
command-orders = My orders
""",
}
MENU = (
    MenuItem("label-catalog", command="catalog"),
    MenuItem("label-catalog", command="orders"),
    MenuItem("label-app", page="/miniapp/{bot}/"),
    MenuItem("label-buy", data="buy"),
    MenuItem("label-site", url="https://example.com/"),
)
OWN = "start = Добро пожаловать, { $name }!\nhelp = Вопросы? { $contact }\n"


def shop(own: str = "", name: str = "shop") -> Shown:
    words = {language: text + own for language, text in SHOP.items()}
    return Shown(name, texts=Texts(name, words), menu=MENU)


async def test_the_only_app_greets_in_its_own_words_with_its_menu(fresh: Fresh) -> None:
    base = "https://example.com"
    async with a_talk(fresh, [shop(OWN)], support_contact="@s", public_base_url=base) as talk:
        buyer = talk.tg.user("Анна <b>")
        await buyer.start(talk.bot)
        said = await buyer.reply("Добро пожаловать, Анна <b>!")
        assert said.buttons == [["Открыть"], ["Купить"], ["Сайт"]]
        button = said.button("Открыть")
        assert button is not None
        assert button["web_app"]["url"] == "https://example.com/miniapp/shop/"
        await buyer.send("/help")
        assert (await buyer.reply()).text == "Вопросы? @s"


async def test_an_app_without_words_of_its_own_is_greeted_for(fresh: Fresh) -> None:
    async with a_talk(fresh, [shop()]) as talk:
        buyer = talk.tg.user("A & <B>", language="en")
        await buyer.start(talk.bot)
        said = await buyer.reply("Hello, A & <B>!")
        assert "/catalog — Catalog\n/orders — My orders\n" in said.text
        assert "Shop" not in said.text
        assert said.buttons == [["Buy"], ["Site"]]  # no Mini App without an address


async def test_several_apps_have_a_section_each(fresh: Fresh) -> None:
    apps = [shop(OWN), Shown("tokens", menu=[MenuItem("hello", command="balance")])]
    async with a_talk(fresh, apps, support_contact="@s") as talk:
        buyer = talk.tg.user("Анна")
        await buyer.start(talk.bot)
        said = (await buyer.reply("Здравствуйте, Анна!")).text
        shown = "Магазин <всего>\n/catalog — Каталог\n/orders — Заказы <и возвраты>\n\nTokens\n"
        assert shown in said
        await buyer.send("/help")
        helped = (await buyer.reply("Основные команды")).text
        assert shown in helped
        assert "/paysupport — Помощь с оплатой\n" in helped
        assert helped.endswith("❓ Вопросы? Напишите @s")


async def test_a_group_gets_no_button_that_it_cannot_have(fresh: Fresh) -> None:
    async with a_talk(fresh, [shop()], public_base_url="https://example.com") as talk:
        buyer = talk.tg.user("Анна")
        group = talk.tg.group("Chat", buyer, talk.bot)
        await buyer.send(group, "/start@shop_bot")
        assert (await buyer.reply("Здравствуйте")).buttons == [["Купить"], ["Сайт"]]


@dataclass
class Case:
    payload: str
    counts: bool


@pytest.mark.parametrize(
    "case",
    [
        Case("ref_{code}", True),
        Case("{code}", False),
        Case("ref_AAAAAAAA", False),
        Case("ref_", False),
        Case("", False),
    ],
    ids=lambda case: case.payload or "nothing",
)
async def test_who_came_by_an_invitation_is_the_inviters(fresh: Fresh, case: Case) -> None:
    async with a_talk(fresh) as talk:
        inviter, guest = talk.tg.user("Хозяин"), talk.tg.user("Гость")
        await inviter.start(talk.bot)
        await inviter.reply()
        code, number = await talk.known(inviter, "referral_code, id")
        await guest.start(talk.bot, case.payload.format(code=code))
        await guest.reply("Здравствуйте, Гость")
        assert await talk.known(guest, "referred_by") == (number if case.counts else None,)
        await inviter.start(talk.bot, f"ref_{code}")
        await inviter.reply("Здравствуйте")
        assert await talk.known(inviter, "referred_by") == (None,)
