"""Notices with tags and buttons, as the person sees them."""

from typing import Any

import pytest

from kassa import outbox
from kassa.apps import App
from kassa.db import Database
from kassa.payments import Button, notices
from kassa.texts import Texts
from kassa.users import Who, see
from tests.conftest import Fresh
from tests.telegram.test_carrying import Speaking, a_speaking
from tests.telegram.whole import a_whole
from tgsandbox import Person
from tgsandbox.seen import Seen

APP = Texts(
    "shop",
    {
        "ru": "ready = <b>Готово</b>, { $name }!\nplain = Готово, { $name }!\n"
        "open = Открыть { $name }\nagain = Ещё раз\nlong = <i>{ $what }</i> &amp; { $what }",
        "uz": "ready = <b>Tayyor</b>, { $name }!\nopen = { $name }ni ochish",
    },
)
ROWS = [
    [Button("again", data="shop:again:7"), Button("open", url="https://example.com/7")],
    [Button("open", page="/miniapp/{bot}/#7")],
    [Button("open", copy="KEY-7")],
]


async def told(
    it: Speaking, text: str = "ready", language: str = "ru", **more: Any
) -> tuple[Person, Seen]:
    """A person, and what they read."""
    it.carrying.texts = {**it.carrying.texts, "shop": APP}
    (ann,) = it.s.people(1)
    user = await it.s.known(ann, it.s.bot, language=language)
    args = more.pop("args", {"name": "<Ann> & Co"})
    await it.put(notices.TO_PERSON, notices.to(user.id, text, app="shop", args=args, **more))
    return ann, await ann.reply()


def sent(it: Speaking) -> dict[str, Any]:
    return dict(it.s.accounts[0].calls("sendMessage")[-1])


def keys(it: Speaking) -> list[list[dict[str, Any]]]:
    found: list[list[dict[str, Any]]] = sent(it)["reply_markup"]["inline_keyboard"]
    return found


async def test_a_notice_with_all_kinds_of_buttons(db: Database) -> None:
    async with a_speaking(db) as it:
        it.carrying.base = "https://example.com"
        _, seen = await told(it, "plain", buttons=ROWS)
        assert seen.text == "Готово, <Ann> & Co!"
        name = "Открыть <Ann> & Co"
        assert keys(it) == [
            [
                {"text": "Ещё раз", "callback_data": "shop:again:7"},
                {"text": name, "url": "https://example.com/7"},
            ],
            [{"text": name, "web_app": {"url": "https://example.com/miniapp/shop_bot/#7"}}],
            [{"text": name, "copy_text": {"text": "KEY-7"}}],
        ]
        assert "parse_mode" not in sent(it)


async def test_buttons_speak_the_persons_language(db: Database) -> None:
    async with a_speaking(db) as it:
        _, seen = await told(it, language="uz", args={"name": "Kalit"}, buttons=[ROWS[2]])
        assert seen.buttons == [["Kalitni ochish"]]


async def test_a_notice_without_buttons_has_no_keyboard(db: Database) -> None:
    async with a_speaking(db) as it:
        await told(it, "plain")
        assert set(sent(it)) == {"chat_id", "text"}


async def test_where_mini_apps_have_no_address_their_button_is_left_out(db: Database) -> None:
    async with a_speaking(db) as it:
        _, seen = await told(it, buttons=ROWS)
        assert [len(row) for row in seen.buttons] == [2, 1]


async def test_what_is_too_long_to_be_copied_is_left_out(db: Database) -> None:
    async with a_speaking(db) as it:
        rows = [[Button("again", copy="x" * 256), Button("open", copy="x" * 257)]]
        _, seen = await told(it, buttons=rows)
        assert seen.buttons == [["Ещё раз"]]


async def test_tags_are_the_texts_own(db: Database) -> None:
    async with a_speaking(db) as it:
        _, seen = await told(it, html=True)
        assert seen.text == "Готово, <Ann> & Co!"
        assert sent(it)["text"] == "<b>Готово</b>, &lt;Ann&gt; &amp; Co!"
        assert sent(it)["parse_mode"] == "HTML"
        assert sent(it)["link_preview_options"] == {"is_disabled": True}


async def test_a_text_that_is_too_long_is_cut_without_its_tags(db: Database) -> None:
    async with a_speaking(db) as it:
        _, seen = await told(it, "long", args={"what": "а" * 2100}, html=True)
        assert len(seen.text) == 4000
        assert seen.text.startswith("а" * 2100 + " & а")
        assert "parse_mode" not in sent(it)


async def test_tags_do_not_count(db: Database) -> None:
    async with a_speaking(db) as it:
        _, seen = await told(it, "long", args={"what": "<" * 600}, html=True)
        assert seen.text == "<" * 600 + " & " + "<" * 600
        assert len(sent(it)["text"]) > 4000


@pytest.mark.parametrize(
    "words",
    [
        "Bad Request: inline keyboard button URL 'http://x' is invalid: Wrong HTTP URL",
        "Bad Request: inline keyboard button Web App URL is invalid: Only HTTPS links are allowed",
    ],
)
async def test_an_address_that_telegram_dislikes_holds_up_no_notice(
    db: Database, words: str
) -> None:
    async with a_speaking(db) as it:
        it.carrying.base = "https://example.com"
        it.s.tg.fault("sendMessage", error=(400, words), times=1)
        _, seen = await told(it, buttons=ROWS)
        assert [len(row) for row in seen.buttons] == [1, 1]
        (line,) = it.lines("send.no_such_address")
        assert line["why"] == words


async def test_with_no_address_in_it_a_no_is_a_no(db: Database) -> None:
    """It is not said a second time in the same words."""
    async with a_speaking(db) as it:
        it.carrying.texts = {**it.carrying.texts, "shop": APP}
        (ann,) = it.s.people(1)
        user = await it.s.known(ann, it.s.bot)
        it.s.tg.fault("sendMessage", error=(400, "Bad Request: no such link"))
        said = notices.to(user.id, "again", app="shop", buttons=[[Button("again", data="a")]])
        await it.put(notices.TO_PERSON, said)
        assert "no such link" in (await it.dead())[0]
        assert len(it.s.accounts[0].calls("sendMessage")) == 1


async def test_a_button_that_has_no_text_is_set_aside_in_words(db: Database) -> None:
    async with a_speaking(db) as it:
        it.carrying.texts = {**it.carrying.texts, "shop": APP}
        (ann,) = it.s.people(1)
        user = await it.s.known(ann, it.s.bot)
        rows = [[Button("nothing-like-it", data="a")]]
        await it.put(notices.TO_PERSON, notices.to(user.id, "again", app="shop", buttons=rows))
        assert await it.dead() == ["shop has no text 'nothing-like-it'."]


async def test_what_is_said_meanwhile_does_not_wait_for_the_many(db: Database) -> None:
    """300 notices over ten seconds; one that comes after them is read before most of them."""
    async with a_speaking(db, limits=True, hurried=False) as it:
        it.carrying.texts = {**it.carrying.texts, "shop": APP}
        people = it.s.people(301)
        users = [await it.s.known(each, it.s.bot) for each in people]
        many = [notices.to(each.id, "again", app="shop") for each in users[:-1]]
        async with db.transaction() as tx:
            await outbox.put_many(tx, notices.spread(many, per_second=25))
        await it.put(notices.TO_PERSON, notices.to(users[-1].id, "again", app="shop"))
        await people[-1].reply("Ещё раз")
        before = sum(bool(it.s.heard(each)) for each in people[:-1])
        assert before < 60
        assert it.s.refused == 0


async def test_a_page_is_below_the_settings_address(fresh: Fresh) -> None:
    shop = App("shop", words={"ru": "again = Ещё раз"})
    url = "https://shop.example.com"
    database = Database(fresh.address())
    async with a_whole(database, apps=[shop], webhook=False, public_base_url=url) as whole:
        ann = whole.tg.user("Ann")
        ann.allow_writing(whole.bot)
        user = await whole.db.run(lambda tx: see(tx, Who(ann.id)))
        rows = [[Button("again", page="miniapp/{bot}/")]]
        said = notices.to(user.id, "again", app="shop", bot=str(whole.bot.id), buttons=rows)
        await whole.db.run(lambda tx: outbox.put(tx, notices.TO_PERSON, said))
        await ann.reply("Ещё раз")
        (call,) = whole.bot.calls("sendMessage")
        ((button,),) = call["reply_markup"]["inline_keyboard"]
        assert button["web_app"] == {"url": f"{url}/miniapp/whole_bot/"}
