"""/admin: who has it, who is found by it, days that are given and taken, and the numbers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiogram.types import Message

from kassa import clock, users
from kassa.apps.subscriptions import service
from kassa.apps.subscriptions.admin import days as admin_days
from kassa.apps.subscriptions.admin import finding
from kassa.apps.subscriptions.admin.days import Gift
from kassa.apps.subscriptions.models import Length
from kassa.apps.subscriptions.options import Options
from kassa.users.service import Who, see
from tests.apps.subscriptions.admins import ADMINS, an_admin, opens
from tests.apps.subscriptions.rig import Till, a_till
from tests.apps.tokens.steps import eventually
from tests.conftest import Fresh
from tgsandbox import Sandbox
from tgsandbox.telegram import acts


@pytest.fixture
async def till(fresh: Fresh, tg: Sandbox) -> AsyncIterator[Till]:
    admins = ",".join(str(tg.user(name).id) for name in ADMINS)
    async with a_till(fresh, tg, ADMIN_IDS=admins) as made:
        yield made


# -- who has it --------------------------------------------------------------------


async def test_a_stranger_does_not_learn_that_there_is_such_a_command(till: Till) -> None:
    stranger = till.tg.user("Прохожий")
    for said in ("/admin", "/nosuchcommand"):
        await stranger.send(till.kassa.bot, said)
        assert (await stranger.reply()).text.startswith("Не понял вас"), said


async def test_an_admin_in_a_group_is_nobody(till: Till) -> None:
    admin = an_admin(till)
    group = till.tg.group("Соседи", admin)
    group.add(till.kassa.bot)
    await admin.send(group, "/admin@vpn_bot")
    await admin.nothing(0.5)


@pytest.mark.parametrize("data", ["main", "u:1", "days:1:7", "block:1", "cast", "send:1", "promos"])
async def test_a_stranger_who_presses_an_admins_button_reaches_nothing(
    till: Till, data: str
) -> None:
    admin, stranger = an_admin(till), till.tg.user("Прохожий")
    await admin.send(till.kassa.bot, "/start")
    await admin.reply()
    await stranger.send(till.kassa.bot, "/start")
    shown = (await stranger.reply()).message
    query = acts.press(till.tg.world, stranger.user, shown, f"sub:admin:{data}")
    await stranger.until(lambda: query.answer, "an answer", None)
    assert query.answer is not None
    assert "кнопк" in query.answer["text"].lower()
    await stranger.nothing(0.2)


async def test_who_is_no_admin_any_more_has_dead_buttons(till: Till) -> None:
    admin = an_admin(till)
    await admin.send(till.kassa.bot, "/admin")
    shown = (await admin.reply("Админка")).message
    settings = till.kassa.kassa.settings
    object.__setattr__(settings, "admin_ids", ())
    query = acts.press(till.tg.world, admin.user, shown, "sub:admin:find")
    await admin.until(lambda: query.answer, "an answer", None)
    await admin.send("17")
    await admin.reply("Не понял вас")


# -- finding -----------------------------------------------------------------------


async def test_a_person_is_found_by_all_that_one_may_have_of_them(till: Till) -> None:
    admin = an_admin(till)
    person = till.tg.user("Искомый", username="wanted_one")
    user = await till.user(person, username="wanted_one")
    mine = await till.db.run(
        lambda tx: service.open_for(tx, user.id, till.options.grade("standard"))
    )
    # Somebody whose number at Telegram is this one's number here.
    other = await till.db.run(lambda tx: see(tx, Who(user.id, "Тёзка")))
    await opens(till, admin, "@wanted_one")
    card = await admin.reply("Искомый")
    assert f"№{user.id}" in card.text
    await opens(till, admin, f"№{user.id}")
    await admin.reply("Искомый")
    for said in ("WANTED_one", "https://t.me/wanted_one", str(person.id), mine.username):
        await opens(till, admin, said)
        await admin.reply("Искомый")
    await opens(till, admin, str(user.id))
    several = await admin.reply("Подходят несколько: 2")
    assert [row[0] for row in several.buttons[:2]] == [
        f"№{user.id} · Искомый",
        f"№{other.id} · Тёзка",
    ]
    await admin.press(f"№{user.id} · Искомый")
    await admin.edited("Подписки ещё не было")


async def test_a_person_is_found_by_a_message_that_was_passed_on(till: Till) -> None:
    admin, person = an_admin(till), till.tg.user("Искомый")
    await till.user(person)
    group = till.tg.group("Соседи", admin, person)
    said = await person.send(group, "всем привет")
    await opens(till, admin, "@nobody_at_all")
    await admin.reply("Никого не нашлось")
    await admin.forward(said, till.kassa.bot)
    await admin.reply("Искомый")


async def test_a_person_is_found_by_their_phone(till: Till) -> None:
    admin, person = an_admin(till), till.tg.user("Искомый")
    user = await till.user(person)
    await till.db.run(lambda tx: users.set_phone(tx, user.id, "+998901234567", proved=True))
    await opens(till, admin, "998 90 123-45-67")
    await admin.reply("Искомый")


async def test_a_person_is_found_by_a_contact_or_an_answer_to_their_words(till: Till) -> None:
    user = await till.user(till.tg.user("Искомый"))
    await till.db.run(lambda tx: users.set_phone(tx, user.id, "+998901234567", proved=True))
    sender = {"id": user.telegram_id, "is_bot": False, "first_name": "Искомый"}
    passed_on = {"forward_origin": {"type": "user", "date": 1, "sender_user": sender}}
    phone = {"phone_number": "998901234567", "first_name": "Искомый"}
    said: dict[str, Any] = {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}}
    for more in (
        {"contact": {**phone, "user_id": user.telegram_id}},
        {"contact": phone},
        {"text": "кто это?", "reply_to_message": {**said, **passed_on}},
    ):
        message = Message.model_validate({**said, **more})
        assert [each.id for each in await finding.by_message(till.db, message)] == [user.id]


async def test_whoever_goes_elsewhere_is_asked_no_more(till: Till) -> None:
    admin = an_admin(till)
    await opens(till, admin, "/admin")
    await admin.reply("Админка")
    await admin.send("17")
    await admin.reply("Не понял вас")


# -- days --------------------------------------------------------------------------


async def test_days_are_given_for_a_reason_and_told_of(till: Till) -> None:
    admin, person = an_admin(till), till.tg.user("Подписчик", language="uz")
    await person.send(till.kassa.bot, "/start")
    await person.reply()
    user = await till.user(person)
    await opens(till, admin, str(person.id))
    await admin.reply("Подписчик")
    await admin.press("+7")
    await admin.edited("По какой причине?")
    await admin.document(b"why", name="why.txt")
    await admin.reply("Без причины нельзя")
    await admin.send("x" * 201)
    await admin.reply("Без причины нельзя")
    await admin.press("Были неполадки")
    sure = await admin.edited("Проверьте")
    assert "Было до: нет" in sure.text
    assert "+7 дней" in sure.text
    assert await till.db.fetchval("SELECT count(*) FROM subscriptions.term") == 0
    await admin.press("✅ Дать", under=sure)
    await admin.press("✅ Дать", under=sure)  # at once
    await admin.edited("✅ Готово")
    term = (await service.terms(till.db, user.id))[0]
    admins = await users.by_telegram(till.db, admin.id)
    assert (term.kind, term.seconds, term.given_by) == ("admin", 7 * 86_400, admins.id)
    assert term.reason == "Были неполадки"
    told = await person.reply("Nosozlik boʻldi")  # in their own words
    assert "7" in told.text
    await eventually(lambda: _terms(till, 1))
    await admin.press("👤 К человеку")
    await admin.edited("✅ Активна")
    await admin.press("🗓 Лента времени")
    page = await admin.edited("Как менялось время")
    assert "вручную · +7 дней" in page.text
    assert "Админ: Были неполадки" in page.text
    await till.audited()


async def test_a_reason_is_told_without_a_name(till: Till) -> None:
    """As `kassa subscriptions give` gives."""
    admin, person = an_admin(till), till.tg.user("Подписчик")
    await person.send(till.kassa.bot, "/start")
    await person.reply()
    user = await till.user(person)
    grade = Options().grade("standard")
    await till.db.run(
        lambda tx: service.extend(
            *(tx, user.id, Length.days(7)),
            kind="admin",
            cause="admin:1",
            grade=grade,
            reason="Сервер <лежал>",
        )
    )
    await opens(till, admin, str(person.id))
    await admin.reply("Подписчик")
    await admin.press("🗓 Лента времени")
    assert "↳ Сервер <лежал>" in (await admin.edited("Как менялось время")).text


async def _terms(till: Till, count: int) -> bool:
    return bool(await till.db.fetchval("SELECT count(*) FROM subscriptions.term") == count)


async def test_days_are_taken_as_far_as_there_are_any(till: Till) -> None:
    admin, person = an_admin(till), till.tg.user("Подписчик")
    await person.send(till.kassa.bot, "/start")
    await person.reply()
    user = await till.user(person)
    await opens(till, admin, str(person.id))
    await admin.reply("Подписчик")
    await admin.press("−7")
    await admin.edited("Забирать нечего")
    grade = till.options.grade("standard")
    await till.db.run(
        lambda tx: service.extend(tx, user.id, Length.days(5), kind="trial", cause="t", grade=grade)
    )
    await opens(till, admin, str(person.id))
    await admin.reply("Подписчик")
    await admin.press("Другое")
    await admin.edited("Сколько дней?")
    for wrong in ("много", "0", "99999", "3.5"):
        await admin.send(wrong)
        await admin.reply("Сколько дней?")
    await admin.send("− 30")
    await admin.reply("По какой причине?")
    await admin.send("вернули деньги\nна карту")
    await admin.reply("вернули деньги на карту")
    await admin.press("✅ Забрать")
    done = await admin.edited("✅ Готово")
    assert "−5 дней" in done.text
    told = await person.reply("вернули деньги на карту")
    assert "5 дней" in told.text
    ends = await till.ends(user)
    assert ends is not None
    assert ends <= clock.now()
    await till.audited()


async def test_two_admins_at_once_both_count_and_each_once(till: Till) -> None:
    user = await till.user(till.tg.user("Подписчик"))
    first = await till.user(an_admin(till))
    second = await till.user(an_admin(till, "Второй"))
    kassa = till.kassa.kassa

    async def give(by: users.User, code: str) -> bool:
        gift = Gift(user.id, 7, "так надо", code)
        return await till.db.run(lambda tx: admin_days.give(tx, kassa, by, gift)) is not None

    came = await asyncio.gather(
        *(give(first, "a" * 16) for _ in range(5)), *(give(second, "b" * 16) for _ in range(5))
    )
    assert sum(came) == 2
    ends = await till.ends(user)
    assert ends is not None
    assert timedelta(days=13.9) < ends - clock.now() <= timedelta(days=14)
    await till.audited()


async def test_an_old_confirmation_does_nothing(till: Till) -> None:
    admin, person = an_admin(till), till.tg.user("Подписчик")
    await till.user(person)
    await opens(till, admin, str(person.id))
    await admin.reply("Подписчик")
    await admin.press("+30")
    await admin.edited("По какой причине?")
    await admin.send("первый раз")
    old = await admin.reply("Проверьте")
    await admin.send("/admin")
    await admin.reply("Админка")
    pressed = await admin.press("✅ Дать", under=old)
    assert "не действует" in (await pressed.answer()).text
    await opens(till, admin, str(person.id))
    await admin.reply("Подписчик")
    await admin.press("+7")
    await admin.edited("По какой причине?")
    await admin.send("второй раз")
    await admin.reply("Проверьте")
    pressed = await admin.press("✅ Дать", under=old)  # of the thirty days
    assert "не действует" in (await pressed.answer()).text
    assert await till.db.fetchval("SELECT count(*) FROM subscriptions.term") == 0


# -- a person ----------------------------------------------------------------------


async def test_a_person_is_blocked_and_let_in_again_and_an_admin_never(till: Till) -> None:
    admin, person = an_admin(till), till.tg.user("Буян")
    await person.send(till.kassa.bot, "/start")
    await person.reply()
    await opens(till, admin, str(person.id))
    await admin.reply("Буян")
    await admin.press("🚫 Заблокировать")
    await admin.edited("🚫 Заблокирован")
    await person.send("/start")
    refused = await person.reply()
    assert "закры" in refused.text.lower() or "заблок" in refused.text.lower(), refused.text
    await admin.press("✅ Разблокировать")
    assert "Заблокирован" not in (await admin.edited("Буян")).text
    await opens(till, admin, str(admin.id))
    await admin.reply("Админ")
    pressed = await admin.press("🚫 Заблокировать")
    assert "нельзя" in (await pressed.answer()).text


async def test_the_panel_is_told_anew_and_no_time_changes(till: Till) -> None:
    admin, person = an_admin(till), till.tg.user("Подписчик")
    user = await till.user(person)
    await till.buys(user)
    before = await till.provisioned(user)
    await opens(till, admin, str(person.id))
    await admin.reply("✅ Активна")
    await admin.press("♻️ Выдать заново")
    await admin.edited("Подписчик")
    after = await till.provisioned(user)
    assert after.wanted == before.wanted + 1
    assert after.expires_at == before.expires_at
    await till.audited()
