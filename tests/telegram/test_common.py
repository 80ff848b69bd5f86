"""What every bot understands: /cancel, /language, /phone, /login, groups, old buttons."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.methods import AnswerCallbackQuery, SendMessage
from aiogram.types import CallbackQuery, Chat, ChatShared, Contact, Message, TelegramObject
from aiogram.types import User as Account

from kassa import clock, texts, users
from kassa.telegram import Speaker
from kassa.users import codes
from tests.conftest import Fresh
from tests.telegram.core import KEY, Shown
from tests.telegram.talking import Talk, a_talk

AT = datetime(2026, 1, 1, tzinfo=UTC)


def asking() -> Router:
    made = Router()

    @made.message(Command("ask"))
    async def ask(message: Message, state: FSMContext) -> Any:
        await state.set_state("asking")
        await state.update_data(tries=1)
        return message.answer("Как вас зовут?")

    @made.message(Command("keep"))
    async def keep(message: Message, state: FSMContext) -> Any:
        await state.update_data(tries=1)
        return message.answer("Запомнил")

    @made.message(F.text == "hello")
    async def hello(message: Message, t: Speaker) -> Any:
        return message.answer(t("hello", name="X"))

    return made


# -- /cancel -------------------------------------------------------------------------


@pytest.mark.parametrize("begins", ["/ask", "/keep"])
async def test_cancel_leaves_whatever_was_begun(fresh: Fresh, begins: str) -> None:
    async with a_talk(fresh, [Shown(bot=asking())]) as talk:
        buyer = talk.tg.user("Покупатель")
        await buyer.send(talk.bot, begins)
        await buyer.reply()
        assert await talk.db.fetchval("SELECT count(*) FROM telegram.dialog") == 1
        await buyer.send("/cancel")
        await buyer.reply("Отменено")
        assert await talk.db.fetchval("SELECT count(*) FROM telegram.dialog") == 0


async def test_cancel_of_nothing_is_answered_too(fresh: Fresh) -> None:
    async with a_talk(fresh) as talk:
        buyer = talk.tg.user("Buyer", language="en")
        await buyer.send(talk.bot, "/cancel")
        await buyer.reply("There is nothing to cancel")


# -- /language -----------------------------------------------------------------------


async def test_a_language_is_chosen_and_stays(fresh: Fresh) -> None:
    async with a_talk(fresh, [Shown(bot=asking())]) as talk:
        buyer = talk.tg.user("Покупатель", language="en")
        await buyer.send(talk.bot, "/language")
        asked = await buyer.reply("Which language suits you best?")
        assert asked.buttons == [["Русский"], ["O‘zbekcha"], ["English"]]
        await buyer.press("O‘zbekcha")
        said = await buyer.edited("oʻzbekcha gaplashamiz")
        assert said.buttons == []
        await buyer.send("hello")
        await buyer.reply("Salom, X!")
        assert await talk.known(buyer, "language, language_chosen") == ("uz", True)


async def test_a_language_that_nobody_speaks_is_an_old_button(fresh: Fresh) -> None:
    async with a_talk(fresh) as talk:
        buyer = talk.tg.user("Buyer", language="en")
        await buyer.send(talk.bot, "/cancel")
        await talk.show(buyer, "?", "language:de")
        pressed = await buyer.press("x")
        assert (await pressed.answer()).text == "This button does not work any more"
        assert await talk.known(buyer, "language, language_chosen") == ("en", False)


async def test_in_a_group_only_whoever_asked_chooses(fresh: Fresh) -> None:
    async with a_talk(fresh) as talk:
        one, other = talk.tg.user("One", language="en"), talk.tg.user("Other", language="uz")
        group = talk.tg.group("Chat", one, other, talk.bot)
        await one.send(group, "/language@shop_bot")
        await one.reply("Which language")
        await other.sees("Which language")
        pressed = await other.press("Русский")
        assert (await pressed.answer()).text == "Bu tugma siz uchun emas"
        assert await talk.known(other, "language") == ("uz",)
        await one.press("Русский")
        await one.edited("по-русски")
        assert await talk.known(one, "language") == ("ru",)


# -- /phone --------------------------------------------------------------------------


async def test_a_phone_is_typed(fresh: Fresh) -> None:
    async with a_talk(fresh) as talk:
        buyer = talk.tg.user("Покупатель")
        await buyer.send(talk.bot, "/phone +998 90 123-45-67")
        assert (await buyer.reply()).text == "✅ Номер телефона обновлен: +998901234567"
        assert await talk.known(buyer, "phone, phone_proved") == ("+998901234567", False)


@pytest.mark.parametrize("typed", ["998901234567", "+7", "+998901234567890", "да", "+0"])
async def test_a_wrong_phone_is_told(fresh: Fresh, typed: str) -> None:
    async with a_talk(fresh) as talk:
        buyer = talk.tg.user("Покупатель")
        await buyer.send(talk.bot, f"/phone {typed}")
        said = (await buyer.reply()).text
        assert said.startswith("❌ Укажите номер телефона.\nПример: /phone +998901234567\n\n")
        assert await talk.known(buyer, "phone") == ("",)


async def test_a_phone_is_shared_and_proved_and_typing_another_does_not_undo_it(
    fresh: Fresh,
) -> None:
    async with a_talk(fresh) as talk:
        buyer = talk.tg.user("Покупатель", phone="+998901112233")
        await buyer.send(talk.bot, "/phone")
        asked = await buyer.reply()
        assert asked.text == "❌ Укажите номер телефона.\nПример: /phone +998901234567"
        assert buyer.keyboard == [["📱 Отправить мой номер"]]
        await buyer.press("📱 Отправить мой номер")
        await buyer.reply("✅ Номер телефона обновлен: +998901112233")
        assert buyer.keyboard == []
        assert await talk.known(buyer, "phone, phone_proved") == ("+998901112233", True)

        await buyer.send("/phone +79001234567")
        await buyer.reply("Ваш номер +998901112233 подтверждён через Telegram")
        assert await talk.known(buyer, "phone, phone_proved") == ("+998901112233", True)


async def test_another_persons_contact_proves_nothing(fresh: Fresh) -> None:
    async with a_talk(fresh) as talk:
        buyer = talk.tg.user("Покупатель", phone="+998901112233")
        other = talk.tg.user("Сосед", phone="+998904445566")
        await other.send(talk.bot, "/cancel")
        theirs = await other.share_contact()
        await other.reply("+998904445566")
        await buyer.send(talk.bot, "/cancel")
        await buyer.reply()
        await buyer.forward(theirs)
        await buyer.reply("Это не ваш контакт")
        mine = await buyer.share_contact()
        await buyer.reply("+998901112233")
        await talk.db.execute("UPDATE users.person SET phone = '', phone_proved = false")
        await buyer.forward(mine)
        await buyer.reply("Это не ваш контакт")
        assert await talk.known(buyer, "phone, phone_proved") == ("", False)


async def test_a_contact_from_the_address_book_proves_nothing(fresh: Fresh) -> None:
    async with a_talk(fresh) as talk:
        buyer = talk.tg.user("Покупатель")
        await buyer.send(talk.bot, "/cancel")
        await buyer.reply()
        chat = Chat(id=buyer.user.id, type="private")
        async with talk.db.transaction() as tx:
            user = await users.by_telegram(tx, buyer.user.id)
            for owner in (buyer.user.id + 1, None):
                contact = Contact(phone_number="998904445566", first_name="A", user_id=owner)
                message = Message(message_id=1, date=AT, chat=chat, contact=contact)
                said = await said_to(talk, "message", message, user=user, tx=tx, bot=None)
                assert isinstance(said, SendMessage)
                assert said.text.startswith("Это не ваш контакт")
        assert await talk.known(buyer, "phone, phone_proved") == ("", False)


def delivering() -> Router:
    """An app that asks for a contact, in a dialog, and one that asks for something else."""
    made = Router()

    @made.message(Command("deliver", "name"))
    async def ask(message: Message, state: FSMContext) -> Any:
        await state.set_state((message.text or "")[1:])
        return message.answer("Ваш телефон?")

    @made.message(StateFilter("deliver"), F.contact)
    async def shared(message: Message, state: FSMContext) -> Any:
        assert message.contact is not None
        await state.clear()
        return message.answer(f"Позвоним на {message.contact.phone_number}")

    return made


async def test_a_contact_goes_to_the_dialog_that_waits_for_it_and_is_proved_too(
    fresh: Fresh,
) -> None:
    async with a_talk(fresh, [Shown(bot=delivering())]) as talk:
        buyer = talk.tg.user("Покупатель", phone="+998901112233")
        await buyer.send(talk.bot, "/deliver")
        await buyer.reply("Ваш телефон?")
        await buyer.share_contact()
        await buyer.reply("Позвоним на ")
        assert await talk.known(buyer, "phone, phone_proved") == ("+998901112233", True)
        await buyer.share_contact()
        await buyer.reply("Номер телефона обновлен")


async def test_in_a_dialog_another_persons_contact_is_the_apps_and_proves_nothing(
    fresh: Fresh,
) -> None:
    async with a_talk(fresh, [Shown(bot=delivering())]) as talk:
        buyer = talk.tg.user("Покупатель", phone="+998901112233")
        other = talk.tg.user("Сосед", phone="+998904445566")
        await other.send(talk.bot, "/cancel")
        theirs = await other.share_contact()
        await other.reply("4445566")
        await buyer.send(talk.bot, "/deliver")
        await buyer.reply("Ваш телефон?")
        await buyer.forward(theirs)
        await buyer.reply("Позвоним на ")
        assert await talk.known(buyer, "phone, phone_proved") == ("", False)


async def test_a_contact_that_a_dialog_does_not_want_is_kept_and_told(fresh: Fresh) -> None:
    async with a_talk(fresh, [Shown(bot=delivering())]) as talk:
        buyer = talk.tg.user("Покупатель", phone="+998901112233")
        await buyer.send(talk.bot, "/name")
        await buyer.reply()
        await buyer.share_contact()
        await buyer.reply("Номер телефона обновлен: +998901112233")
        assert await talk.db.fetchval("SELECT count(*) FROM telegram.dialog") == 1


# -- /login --------------------------------------------------------------------------


async def test_a_code_logs_in_for_five_minutes_once(fresh: Fresh) -> None:
    async with a_talk(fresh) as talk:
        buyer = talk.tg.user("Buyer", language="en")
        await buyer.send(talk.bot, "/login")
        said = (await buyer.reply("Your login code")).text
        assert "It works for 5 minutes, and only once." in said
        assert "Tell it to nobody" in said
        code = said.partition(": ")[2].partition("\n")[0]
        late = clock.now() + timedelta(minutes=5)

        async def use() -> Any:
            return await talk.db.run(lambda tx: codes.use(tx, buyer.user.id, code, secret=KEY))

        with clock.moved(lambda: late):
            assert await use() is None
        user = await use()
        assert user is not None
        assert user.telegram_id == buyer.user.id
        assert await use() is None


@pytest.mark.parametrize("command", ["login", "phone +998901234567", "paysupport", "terms"])
async def test_what_concerns_one_is_not_told_in_a_group(fresh: Fresh, command: str) -> None:
    async with a_talk(fresh) as talk:
        buyer = talk.tg.user("Покупатель")
        group = talk.tg.group("Chat", buyer, talk.bot)
        await buyer.send(group, f"/{command}")
        said = await buyer.reply("Напишите мне в личные сообщения")
        button = said.button("Перейти в чат")
        assert button is not None
        assert button["url"] == "https://t.me/shop_bot"
        assert await talk.db.fetchval("SELECT count(*) FROM users.login_code") == 0
        assert await talk.known(buyer, "phone") == ("",)


# -- what nobody understands ---------------------------------------------------------


async def test_words_and_things_that_nobody_wants_are_answered_kindly(fresh: Fresh) -> None:
    async with a_talk(fresh) as talk:
        buyer = talk.tg.user("Покупатель")
        await buyer.send(talk.bot, "/unknown")
        await buyer.reply("Не понял вас 🙈 Список команд: /help")
        for what in ("как дела?", "/", "/ start"):
            await buyer.send(what)
            await buyer.reply("Не понял вас")
        await buyer.sticker(b"sticker")
        await buyer.reply("Не понял вас")
        await buyer.voice(b"voice")
        await buyer.reply("Не понял вас")
        await buyer.document(b"document")
        await buyer.reply("Не понял вас")


async def test_a_group_is_not_disturbed(fresh: Fresh) -> None:
    async with a_talk(fresh) as talk:
        buyer = talk.tg.user("Покупатель")
        group = talk.tg.group("Chat", buyer, talk.bot)
        for text in ("/unknown", "/unknown@shop_bot", "/help@other_bot", "/cancel@other_bot"):
            await buyer.send(group, text)
        await buyer.send(group, "/cancel@SHOP_bot")
        await buyer.reply("Отменять нечего")
        assert len(talk.bot.calls("sendMessage")) == 1


async def test_before_a_bot_knows_its_name_its_commands_are_done_all_the_same(
    fresh: Fresh,
) -> None:
    async with a_talk(fresh, named=False) as talk:
        buyer = talk.tg.user("Покупатель")
        group = talk.tg.group("Chat", buyer, talk.bot)
        await buyer.send(group, "/cancel@shop_bot")
        await buyer.reply("Отменять нечего")
        await buyer.send("/login@shop_bot")
        said = await buyer.reply("Напишите мне в личные сообщения")
        assert said.buttons == []


async def test_a_button_that_nobody_knows_is_an_old_one(fresh: Fresh) -> None:
    async with a_talk(fresh) as talk:
        buyer = talk.tg.user("Buyer", language="uz")
        await buyer.send(talk.bot, "/cancel")
        await talk.show(buyer, "?", "of-a-year-ago:1")
        pressed = await buyer.press("x")
        assert (await pressed.answer()).text == "Bu tugma endi ishlamaydi"


async def test_an_app_may_take_a_command_over(fresh: Fresh) -> None:
    mine = Router()

    @mine.message(Command("phone"))
    async def phone(message: Message) -> Any:
        return message.answer("Мой собственный /phone")

    async with a_talk(fresh, [replace(Shown(), bot=mine)]) as talk:
        buyer = talk.tg.user("Покупатель")
        await buyer.send(talk.bot, "/phone +998901234567")
        await buyer.reply("Мой собственный /phone")
        assert await talk.known(buyer, "phone") == ("",)


# -- what is no question -------------------------------------------------------------


async def said_to(talk: Talk, kind: str, event: TelegramObject, **data: Any) -> object:
    ours = texts.load("kassa.telegram")
    return (await talk.house.answer(kind, event, ours, {"user": None, **data}))[0]


async def test_channels_and_anonymous_admins_are_not_answered(fresh: Fresh) -> None:
    async with a_talk(fresh) as talk:
        group = Chat(id=-1, type="supergroup")
        for text in ("/cancel", "/language", "/phone", "/start", "/help", "hello"):
            message = Message(message_id=1, date=AT, chat=group, sender_chat=group, text=text)
            assert await said_to(talk, "message", message, bot=None) is None


async def test_what_happens_in_a_chat_is_no_question(fresh: Fresh) -> None:
    async with a_talk(fresh) as talk:
        buyer = talk.tg.user("Покупатель")
        await buyer.send(talk.bot, "/cancel")
        await buyer.reply()
        user = await talk.db.run(lambda tx: users.by_telegram(tx, buyer.user.id))
        chat = Chat(id=buyer.user.id, type="private")
        who = Account(id=buyer.user.id, is_bot=False, first_name="Покупатель")
        by_bot = Account(id=1, is_bot=True, first_name="Some bot")
        words = Message(message_id=1, date=AT, chat=chat, from_user=who, text="как дела?")
        happenings = [
            words.model_copy(update={"via_bot": by_bot}),
            words.model_copy(update={"text": None, "pinned_message": words}),
            words.model_copy(
                update={"text": None, "chat_shared": ChatShared(request_id=1, chat_id=2)}
            ),
        ]
        for each in happenings:
            assert await said_to(talk, "message", each, user=user, bot=None) is None
        assert await said_to(talk, "message", words, user=user, bot=None) is not None


async def test_a_language_is_chosen_under_a_message_that_is_too_old_to_change(
    fresh: Fresh,
) -> None:
    async with a_talk(fresh) as talk:
        buyer = talk.tg.user("Покупатель")
        await buyer.send(talk.bot, "/cancel")
        await buyer.reply()
        who = Account(id=buyer.user.id, is_bot=False, first_name="Покупатель")
        query = CallbackQuery(id="1", from_user=who, chat_instance="1", data="language:en")
        async with talk.db.transaction() as tx:
            user = await users.by_telegram(tx, buyer.user.id)
            said = await said_to(talk, "callback_query", query, user=user, tx=tx, bot=None)
        assert isinstance(said, list)
        (answer,) = said
        assert isinstance(answer, AnswerCallbackQuery)
        assert answer.text == "✅ Done! We speak English now."
        assert await talk.known(buyer, "language") == ("en",)
