"""The link in the chat: as a picture, made anew, and on which devices it is open."""

import io
from zoneinfo import ZoneInfo

import segno
from PIL import Image

from kassa.apps.subscriptions import words
from kassa.apps.subscriptions.bot import qr
from tests.apps.subscriptions.chat import begun, bought, panel_of, shows, with_panel
from tests.apps.subscriptions.rig import Till
from tests.apps.tokens.steps import eventually
from tests.conftest import Fresh
from tgsandbox import Sandbox


async def test_the_link_comes_as_a_picture_that_another_device_reads(
    fresh: Fresh, tg: Sandbox
) -> None:
    async with with_panel(fresh, tg) as till:
        person = tg.user("Покупатель")
        user = await begun(till, person)
        await till.buys(user)
        told = await person.reply("🎉")
        await person.press("🔳 QR", under=told)
        picture = await person.reply("Наведите камеру", timeout=5)
        mine = await till.has(user)
        assert picture.kind == "photo"
        assert read(picture.file, mine.link)
        assert mine.expires_at is not None
        assert words.moment(mine.expires_at, ZoneInfo("Europe/Moscow"), "ru") in picture.text
        assert picture.buttons == [["Моя подписка"]]
        await person.press("Моя подписка", under=picture)
        await person.reply("Ваша подписка")  # a new message: a picture cannot become one
        start = {"inline_keyboard": [[{"text": "x", "callback_data": "start"}]]}
        file = picture.json()["photo"][-1]["file_id"]
        await till.kassa.bot.call(
            "sendPhoto", chat_id=person.id, photo=file, caption="?", reply_markup=start
        )
        await person.press("x", under=await person.reply("?"))
        await person.reply("👋 Здравствуйте")


def read(picture: bytes, text: str) -> bool:
    """Whether it shows this text, module by module, on light, with a quiet zone around it."""
    image = Image.open(io.BytesIO(picture)).convert("L")
    code = segno.make_qr(text, error="m", boost_error=True)
    side = code.symbol_size(border=qr.QUIET)[0]
    step = image.width / side
    for y, row in enumerate(code.matrix_iter(border=qr.QUIET)):
        for x, dark in enumerate(row):
            seen = image.getpixel((int((x + 0.5) * step), int((y + 0.5) * step)))
            assert isinstance(seen, int)
            if (seen < 128) != bool(dark):
                return False
    return True


def test_a_long_link_is_drawn_too() -> None:
    link = "https://example.com/".ljust(qr.MOST, "a")
    assert read(qr.draw(link), link)
    assert not read(qr.draw(link), link[:-1] + "b")


async def test_a_link_that_no_picture_holds(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    user = await bought(till, person)
    await till.db.execute(
        "UPDATE subscriptions.subscription SET link = $2 WHERE user_id = $1",
        *(user.id, "https://example.com/".ljust(qr.MOST + 1, "a")),
    )
    pressed = await person.press("x", under=await shows(till, person, "sub:qr"))
    assert (await pressed.answer()).text == "Ссылка слишком длинная для QR-кода. Скопируйте её."


async def test_without_a_link_it_is_said(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    await bought(till, person)
    for data in ("sub:qr", "sub:relink", "sub:relink:yes", "sub:devices"):
        pressed = await person.press("x", under=await shows(till, person, data))
        assert (await pressed.answer()).text.startswith("Ссылки сейчас нет")


async def test_a_new_link_is_asked_for_twice_and_opens_in_the_olds_place(
    fresh: Fresh, tg: Sandbox
) -> None:
    async with with_panel(fresh, tg) as till:
        person = tg.user("Покупатель")
        user = await bought(till, person)
        old = (await till.has(user)).link
        await person.send(till.kassa.bot, "/subscription")
        mine = await person.reply("Ваша подписка")
        await person.press("🔗 Новая ссылка", under=mine)
        asked = await person.edited("Сделать новую ссылку?")
        await person.press("◀️ Назад", under=asked)
        mine = await person.edited("Ваша подписка")
        assert (await till.has(user)).link == old
        await person.press("🔗 Новая ссылка", under=mine)
        await person.press("Да, сделать новую", under=await person.edited("Сделать новую"))
        told = await person.reply("🔗 Новая ссылка")
        new = (await till.has(user)).link
        assert new != old
        assert new in told.text
        assert panel_of(till).calls.count("revoke") == 1
        await till.audited()


async def test_a_panel_that_is_down_gives_the_new_link_later(fresh: Fresh, tg: Sandbox) -> None:
    async with with_panel(fresh, tg) as till:
        person = tg.user("Покупатель")
        user = await bought(till, person)
        old = (await till.has(user)).link
        panel_of(till).fault("revoke", "error_before")
        await person.press("x", under=await shows(till, person, "sub:relink:yes"))
        await person.edited("Делаем новую ссылку")

        async def waits() -> bool:
            return bool(
                await till.db.fetchval(
                    """
                    SELECT true FROM outbox.job
                     WHERE kind = 'subscriptions.relink' AND last_error IS NOT NULL
                    """
                )
            )

        await eventually(waits)
        assert (await till.has(user)).link == old
        await till.db.execute("UPDATE outbox.job SET due_at = now() WHERE kind LIKE '%.relink'")
        await person.reply("🔗 Новая ссылка", timeout=20)
        assert (await till.has(user)).link != old


# -- devices -----------------------------------------------------------------------


async def test_devices_are_seen_and_unlinked(fresh: Fresh, tg: Sandbox) -> None:
    async with with_panel(fresh, tg) as till:
        person = tg.user("Покупатель")
        user = await bought(till, person)
        name = (await till.has(user)).username
        panel = panel_of(till)
        panel.connect(name, "hwid-1", os="Android", model="Pixel <8>")
        panel.connect(name, "hwid-2", os="iOS", model="iPhone")
        panel.use(name, 1_650_000_000)
        await person.send(till.kassa.bot, "/subscription")
        mine = await person.reply("Ваша подписка")
        pressed = await person.press("📱 Устройства и трафик", under=mine)
        assert (await pressed.answer()).text == "Спрашиваем…"
        shown = await person.edited("📱 Подключено: 2 из 3")
        assert "📊 Трафик за месяц: 1,5 ГБ, без ограничений" in shown.text
        assert "• Pixel <8>, Android\n• iPhone, iOS" in shown.text
        await person.press("Отвязать: Pixel <8>", under=shown)
        shown = await person.edited("📱 Подключено: 1 из 3")
        assert "Pixel" not in shown.text
        # Pressed once more from an older message: nothing else goes.
        old = await shows(till, person, f"sub:unbind:{'0' * 16}")
        await person.press("x", under=old)
        shown = await person.edited("📱 Подключено: 1 из 3")
        await person.press("◀️ Назад", under=shown)
        await person.edited("Ваша подписка")


async def test_a_panel_that_does_not_answer_is_no_dead_end(fresh: Fresh, tg: Sandbox) -> None:
    async with with_panel(fresh, tg) as till:
        person = tg.user("Покупатель")
        await bought(till, person)
        panel_of(till).fault("by_username", "error_before")
        await person.press("x", under=await shows(till, person, "sub:devices"))
        shown = await person.edited("Сервер сейчас не отвечает")
        await person.press("🔄 Обновить", under=shown)
        shown = await person.edited("Пока ничего не подключено")
        assert "📱 Подключено: 0 из 3" in shown.text


async def test_a_panel_that_refuses_a_new_link_leaves_the_old_one(
    fresh: Fresh, tg: Sandbox
) -> None:
    async with with_panel(fresh, tg) as till:
        person = tg.user("Покупатель")
        user = await bought(till, person)
        old = (await till.has(user)).link
        panel_of(till).fault("revoke", "error_before", status=400)
        await person.press("x", under=await shows(till, person, "sub:relink:yes"))
        await person.reply("Новую ссылку сделать не получилось, прежняя работает")
        assert (await till.has(user)).link == old


async def test_whom_the_panel_has_forgotten_has_no_devices(fresh: Fresh, tg: Sandbox) -> None:
    async with with_panel(fresh, tg) as till:
        person = tg.user("Покупатель")
        user = await bought(till, person)
        panel_of(till).forget((await till.has(user)).username)
        await person.press("x", under=await shows(till, person, "sub:devices"))
        await person.edited("📱 Подключено: 0 из 3")


async def test_while_the_panel_is_down_it_is_said_that_access_comes(
    fresh: Fresh, tg: Sandbox
) -> None:
    async with with_panel(fresh, tg) as till:
        person = tg.user("Покупатель")
        user = await begun(till, person)
        panel_of(till).fault("*", "down", times=None)
        await till.buys(user)
        await person.reply("Доступ настраивается чуть дольше обычного")
        await person.send(till.kassa.bot, "/subscription")
        mine = await person.reply("⏳ Настраиваем доступ")
        assert "QR" not in str(mine.buttons)
        panel_of(till).faults.clear()
        await person.reply("🎉 Оплата получена, спасибо!", timeout=30)
