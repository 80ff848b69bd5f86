"""A message of an admin's to many: each has it once, whoever is killed or stops in between."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from kassa import clock
from kassa.apps.subscriptions import service
from kassa.apps.subscriptions.admin import broadcast_sending, broadcasting
from kassa.apps.subscriptions.admin.broadcasting import Broadcast
from kassa.apps.subscriptions.models import Length
from kassa.botapi import NotKnown
from kassa.db import Tx
from kassa.outbox import Job
from kassa.users.service import Who, see
from tests.apps.subscriptions.admins import ADMINS, an_admin
from tests.apps.subscriptions.rig import Till, a_till
from tests.apps.tokens.steps import eventually
from tests.conftest import Fresh
from tgsandbox import Sandbox
from tgsandbox.people import Person

PEOPLE = 60
GONE = "SELECT count(*) FROM telegram.reach WHERE gone_at IS NOT NULL"


@pytest.fixture
async def till(fresh: Fresh, tg: Sandbox) -> AsyncIterator[Till]:
    admins = ",".join(str(tg.user(name).id) for name in ADMINS)
    async with a_till(fresh, tg, ADMIN_IDS=admins, TELEGRAM_MESSAGES_PER_SECOND="20") as made:
        yield made


async def a_crowd(till: Till, count: int = PEOPLE) -> list[Person]:
    """People whom the bot reaches."""
    people = [till.tg.user(f"Человек {n}") for n in range(count)]
    for each in people:
        await each.send(till.kassa.bot, "/start")
    for each in people:
        await each.reply()
    return people


def has(person: Person, words: str) -> int:
    """How many messages with the words a person has."""
    chats = person._world.chats_of(person.id)
    return sum(words in each.text for chat in chats for each in chat.messages.values())


async def writes(till: Till, admin: Person, whom: str, words: str) -> None:
    await admin.send(till.kassa.bot, "/admin")
    await admin.reply("Админка")
    await admin.press("📣 Рассылка")
    shown = await admin.edited("Кому написать?")
    await admin.press(next(row[0] for row in shown.buttons if row[0].startswith(whom)))
    await admin.edited("Пришлите сообщение")
    await admin.send(words)


async def the_only(till: Till) -> Broadcast:
    number = await till.db.fetchval("SELECT max(id) FROM subscriptions.broadcast")
    found = await broadcasting.get_one(till.db, number)
    assert found is not None
    return found


async def test_sixty_people_one_of_whom_is_gone_with_a_stop_and_a_second_part(
    till: Till,
) -> None:
    admin = an_admin(till)
    people = await a_crowd(till)
    people[7].block(till.kassa.bot)

    async def told() -> bool:
        return bool(await till.db.fetchval(GONE) == 1)

    await eventually(told)
    # As if Telegram had not told that: it is found out by writing.
    await till.db.execute("UPDATE telegram.reach SET gone_at = NULL")
    await writes(till, admin, "Всем", "Скидка до пятницы")
    preview = await admin.reply("Скидка до пятницы")
    assert preview.sender == "vpn_bot"
    sure = await admin.reply("Так это увидят")
    assert f"Всем: {PEOPLE + 1}" in sure.text  # the admin, too
    assert sum(has(each, "Скидка") for each in people) == 0
    await admin.press(f"📣 Отправить: {PEOPLE + 1}", under=sure)
    await admin.press(f"📣 Отправить: {PEOPLE + 1}", under=sure)  # a double tap
    await admin.edited("Рассылаем")

    async def some() -> bool:
        return (await the_only(till)).sent > 10

    await eventually(some)
    await admin.press("⏸ Остановить")
    await admin.reply("⏸ Рассылка остановлена")
    stopped = await the_only(till)
    assert stopped.status == "stopped"
    assert 10 < stopped.done < PEOPLE
    assert sum(has(each, "Скидка до пятницы") for each in people) <= stopped.sent
    await admin.edited("Рассылка остановлена")
    await admin.press("▶️ Продолжить")
    report = await admin.reply("✅ Рассылка закончена")
    assert f"получили {PEOPLE}, заблокировали бота 1" in report.text
    assert {has(each, "Скидка до пятницы") for each in people[:7] + people[8:]} == {1}
    assert has(people[7], "Скидка до пятницы") == 0
    assert await told()
    await admin.sees("100 %")


async def test_killed_in_between_nobody_gets_it_twice(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: dict[int, int] = {}
    begun = 0
    kassa = till.kassa.kassa
    bot = kassa.bots.all[0].id

    async def people(tx: Tx) -> int:
        for n in range(40):
            user = await see(tx, Who(50_000 + n, f"Человек {n}"))
            await tx.execute(
                "INSERT INTO telegram.reach (bot, user_id, since) VALUES ($1, $2, $3)",
                *(bot, user.id, clock.now()),
            )
        found = await broadcasting.draft(
            tx, admin=user.id, bot=bot, audience="all", from_chat=1, message=1
        )
        await tx.execute(
            "UPDATE subscriptions.broadcast SET status = 'running' WHERE id = $1", found.id
        )
        return found.id

    number = await till.db.run(people)

    async def call(bot: Any, method: str, params: Mapping[str, Any], **more: Any) -> None:
        nonlocal begun
        if method != "copyMessage":
            return
        begun += 1
        got[params["chat_id"]] = got.get(params["chat_id"], 0) + 1  # it has arrived
        if begun == 17:
            await asyncio.sleep(3600)  # and we never hear of it

    monkeypatch.setattr(type(kassa.sender), "call", staticmethod(call))

    def job(claim: int) -> Job:
        payload = {"broadcast": number}
        return Job(1, broadcasting.SEND, str(number), payload, 1, 15, claim, None)

    first = asyncio.create_task(broadcast_sending.send(kassa, job(10**9)))

    async def all_but_one_are_told() -> bool:
        return begun == 40 and (await the_only(till)).sent == 39

    await eventually(all_but_one_are_told)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    before = await the_only(till)
    # Whoever had it before that, and was slow, does not get it back.
    await broadcast_sending.send(kassa, job(10**9 - 1))
    assert await the_only(till) == before
    await broadcast_sending.send(kassa, job(10**9 + 1))
    after = await the_only(till)
    assert (after.status, after.sent, after.unknown) == ("done", 39, 1)
    assert set(got.values()) == {1}
    assert len(got) == 40


async def test_of_what_nobody_knows_nothing_is_repeated(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await a_crowd(till, 3)
    admin = an_admin(till)
    lost = people[1].id
    real = till.kassa.kassa.sender.call

    async def call(bot: Any, method: str, params: Mapping[str, Any], **more: Any) -> Any:
        came = await real(bot, method, params, **more)
        if method == "copyMessage" and params["chat_id"] == lost:
            raise NotKnown("no answer")
        return came

    monkeypatch.setattr(till.kassa.kassa.sender, "call", call)
    await writes(till, admin, "Всем", "Привет")
    sure = await admin.reply("Так это увидят")
    await admin.press("📣 Отправить: 4", under=sure)
    report = await admin.reply("✅ Рассылка закончена")
    assert "получили 3" in report.text
    assert "неизвестно 1" in report.text
    assert [has(each, "Привет") for each in people] == [1, 1, 1]


async def test_the_audiences_are_who_they_say(till: Till) -> None:
    admin = an_admin(till)
    people = await a_crowd(till, 5)
    buyer, trying, over, nobody, blocked = [await till.user(each) for each in people]
    grade = till.options.grade("standard")

    async def world(tx: Tx) -> None:
        for user, kind, days in (
            *((buyer, "trial", 1), (buyer, "paid", 30), (trying, "trial", 3)),
            *((over, "paid", 1), (blocked, "paid", 30)),
        ):
            await service.extend(
                *(tx, user.id, Length.days(days)),
                kind=kind,
                cause=f"{kind}:{user.id}",
                grade=grade,
            )
        await tx.execute(
            "UPDATE subscriptions.subscription SET expires_at = $2 WHERE user_id = $1",
            *(over.id, clock.now()),
        )
        await tx.execute(
            "UPDATE users.person SET blocked_at = $2 WHERE id = $1", blocked.id, clock.now()
        )

    await till.db.run(world)
    await admin.send(till.kassa.bot, "/admin")
    await admin.reply("Админка")
    await admin.press("📣 Рассылка")
    shown = await admin.edited("Кому написать?")
    assert [row[0] for row in shown.buttons[:4]] == [
        "Всем: 5",  # the admin is one of them
        "С подпиской: 2",
        "У кого закончилась: 1",
        "На пробном: 1",
    ]
    await writes(till, admin, "На пробном", "Понравилось?")
    sure = await admin.reply("Так это увидят")
    await admin.press("📣 Отправить: 1", under=sure)
    await admin.reply("✅ Рассылка закончена")
    assert [has(each, "Понравилось?") for each in people] == [0, 1, 0, 0, 0]
    assert nobody.id


async def test_a_photo_keeps_its_words_and_an_album_is_not_taken(till: Till) -> None:
    admin = an_admin(till)
    (person,) = await a_crowd(till, 1)
    await admin.send(till.kassa.bot, "/admin")
    await admin.reply("Админка")
    await admin.press("📣 Рассылка")
    await admin.edited("Кому написать?")
    await admin.press("Всем: 2")
    await admin.edited("Пришлите сообщение")
    await admin.album([_PNG, _PNG], caption="двое")
    await admin.reply("Альбом не получится")
    await admin.photo(_PNG, caption="Новое!")
    await admin.reply("Новое!")
    sure = await admin.reply("Так это увидят")
    await admin.press("📣 Отправить: 2", under=sure)
    seen = await person.reply("Новое!")
    assert seen.kind == "photo"
    await admin.reply("✅ Рассылка закончена")


async def test_called_off_before_it_begins_nobody_hears_of_it(till: Till) -> None:
    admin = an_admin(till)
    (person,) = await a_crowd(till, 1)
    await writes(till, admin, "Всем", "Ошибка")
    sure = await admin.reply("Так это увидят")
    await admin.press("Нет, не надо", under=sure)
    await admin.edited("Не отправили")
    assert (await the_only(till)).status == "dropped"
    assert has(person, "Ошибка") == 0


async def test_whose_message_is_gone_stops_and_says_why(till: Till) -> None:
    admin = an_admin(till)
    people = await a_crowd(till, 12)
    await writes(till, admin, "Всем", "Уже не нужно")
    sure = await admin.reply("Так это увидят")
    found = await the_only(till)
    await admin.delete(admin.message(found.message))
    await admin.press("📣 Отправить: 13", under=sure)
    report = await admin.reply("⏸ Рассылка остановлена")
    assert "to copy not found" in report.text
    assert (await the_only(till)).sent == 0
    assert sum(has(each, "Уже не нужно") for each in people) == 0


def _png() -> bytes:
    import io

    from PIL import Image

    kept = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 30, 30)).save(kept, "PNG")
    return kept.getvalue()


_PNG = _png()
