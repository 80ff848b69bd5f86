"""An admin and promo codes, and the pool of keys."""

from collections.abc import AsyncIterator

import pytest

from kassa.apps.subscriptions import promos
from kassa.apps.subscriptions.models import NoSuchPromo
from tests.apps.subscriptions.admins import ADMINS, an_admin
from tests.apps.subscriptions.chat import sells
from tests.apps.subscriptions.rig import Till, a_till
from tests.apps.tokens.steps import eventually
from tests.conftest import Fresh
from tgsandbox import Sandbox


@pytest.fixture
async def till(fresh: Fresh, tg: Sandbox) -> AsyncIterator[Till]:
    admins = ",".join(str(tg.user(name).id) for name in ADMINS)
    async with a_till(fresh, tg, ADMIN_IDS=admins) as made:
        yield made


@pytest.fixture
def pool(till: Till) -> Till:
    """The same, where access is a key."""
    sells(till, panel="keys")
    return till


async def test_a_promo_code_is_made_used_and_closed(till: Till) -> None:
    admin = an_admin(till)
    await admin.send(till.kassa.bot, "/admin")
    await admin.reply("Админка")
    await admin.press("🏷 Промокоды")
    await admin.edited("Промокодов пока нет")
    await admin.press("➕ Новый")
    await admin.edited("Какой код?")
    await admin.send("!")
    await admin.reply("Какой код?")
    await admin.send("Лето-2027")
    await admin.reply("Что он даёт?")
    await admin.press("Скидку суммой")
    await admin.edited("Какая сумма?")
    for wrong in ("100", "100 RUB, 50 RUB", "-1 RUB", "100 ЫЫЫ"):
        await admin.send(wrong)
        await admin.reply("Какая сумма?")
    await admin.send("100 RUB, 1 usd")
    await admin.reply("всего?")
    await admin.send("50")
    await admin.reply("одному человеку?")
    await admin.press("Один раз")
    await admin.edited("Сколько дней он действует?")
    await admin.send("30")
    sure = await admin.reply("Лето-2027")
    assert "0 / 50" in sure.text
    await admin.press("✅ Создать", under=sure)
    await admin.press("✅ Создать", under=sure)
    await admin.edited("создан")
    row = await till.db.fetchrow("SELECT * FROM subscriptions.promo")
    assert row is not None
    assert (row["kind"], row["amounts"], row["most"], row["each"]) == (
        *("amount", {"RUB": 10000, "USD": 100}),
        *(50, 1),
    )
    user = await till.user(till.tg.user("Покупатель"))
    purchase = await till.chooses(user)
    prices = await till.db.run(lambda tx: promos.apply(tx, "лето-2027", purchase, till.options))
    assert str(prices["RUB"]) == "190.00 RUB"
    await admin.press("« Назад")
    listed = await admin.edited("использовано / можно")
    assert listed.buttons[0] == ["▶️ Лето-2027 · 1 / 50"]
    await admin.press("▶️ Лето-2027 · 1 / 50")
    await admin.edited("Скидка: ")
    await admin.press("⏹ Закрыть")
    await admin.edited("⏹ Закрыт")
    other = await till.chooses(await till.user(till.tg.user("Второй покупатель")))
    with pytest.raises(NoSuchPromo):
        await till.db.run(lambda tx: promos.apply(tx, "лето-2027", other, till.options))


async def test_a_code_that_looks_like_another_is_not_made(till: Till) -> None:
    admin = an_admin(till)
    await till.db.run(lambda tx: promos.create(tx, "BETA", "days", value=7))
    await admin.send(till.kassa.bot, "/admin")
    await admin.reply("Админка")
    await admin.press("🏷 Промокоды")
    await admin.edited("использовано / можно")
    await admin.press("➕ Новый")
    await admin.edited("Какой код?")
    await admin.send("ВЕТА")  # in Cyrillic
    await admin.reply("уже есть")


async def test_keys_come_by_message_and_by_file(pool: Till) -> None:
    admin = an_admin(pool)
    await admin.send(pool.kassa.bot, "/admin")
    await admin.reply("Админка")
    await admin.press("🔑 Ключи")
    await admin.edited("Свободных ключей: 0")
    await admin.press("➕ Добавить")
    await admin.edited("Пришлите ключи")
    await admin.send("key-1\n\n  key-2 \nkey-1")
    said = await admin.reply("Добавлено ключей: 2")
    assert "Свободно: 2" in said.text
    await admin.press("« Назад")
    await admin.edited("Свободных ключей: 2")
    await admin.press("➕ Добавить")
    await admin.edited("Пришлите ключи")
    await admin.document(b"x" * (2**20 + 1), name="keys.txt")
    await admin.reply("больше 1 МБ")
    await admin.document("\ufeffkey-2\r\nkey-3\r\n".encode(), name="keys.txt")
    await admin.reply("Читаем файл")
    told = await admin.reply("Добавлено ключей: 1")
    assert "Уже были: 1" in told.text

    async def three() -> bool:
        return bool(await pool.db.fetchval("SELECT count(*) FROM subscriptions.key") == 3)

    await eventually(three)


async def test_a_file_that_is_no_text_brings_no_keys(pool: Till) -> None:
    admin = an_admin(pool)
    await admin.send(pool.kassa.bot, "/admin")
    await admin.reply("Админка")
    await admin.press("🔑 Ключи")
    await admin.edited("Свободных ключей: 0")
    await admin.press("➕ Добавить")
    await admin.edited("Пришлите ключи")
    await admin.document(b"\xff\xfe\x00\x01", name="keys.bin")
    await admin.reply("Ключей не вижу")
    assert await pool.db.fetchval("SELECT count(*) FROM subscriptions.key") == 0


async def test_without_a_pool_there_is_no_such_button(till: Till) -> None:
    admin = an_admin(till)
    await admin.send(till.kassa.bot, "/admin")
    said = await admin.reply("Админка")
    assert not any("Ключи" in text for row in said.buttons for text in row)
