"""/paysupport, /terms, and the buttons under a payment."""

from typing import Any

import pytest
from aiogram import F, Router
from aiogram.types import CallbackQuery

from kassa import clock, outbox, users
from kassa.db import Database
from kassa.payments import Status
from kassa.telegram.payment_buttons import CALL_OFF
from kassa.telegram.terms import _print
from tests.conftest import Fresh, until
from tests.telegram.core import Shown
from tests.telegram.talking import Talk, a_talk
from tgsandbox import Person


async def known(talk: Talk, language: str = "ru", name: str = "Покупатель") -> Person:
    buyer = talk.tg.user(name, language=language)
    await buyer.send(talk.bot, "/cancel")
    await buyer.reply()
    return buyer


# -- /paysupport ---------------------------------------------------------------------


async def test_paysupport_shows_the_last_five_payments_and_whom_to_write_to(fresh: Fresh) -> None:
    async with a_talk(fresh, support_contact="@shop_support") as talk:
        buyer, other = await known(talk), await known(talk, name="Сосед")
        payments = [await talk.bill(buyer, f"VPN {n}", n * 100) for n in range(1, 7)]
        await talk.bill(other, "чужое")
        await talk.payments.cancel(payments[4].id)
        await talk.bill(buyer, "о" * 80)

        await buyer.send("/paysupport")
        said = (await buyer.reply("Напишите @shop_support")).text
        lines = said.partition("Ваши последние платежи:\n")[2].splitlines()
        assert len(lines) == 5
        first = payments[0].id
        assert lines[0].startswith(f"№ {first + 7} · {'о' * 59}… · $5.00 · Создан")
        assert lines[2] == f"№ {first + 4} · VPN 5 · $5.00 · Отменён"
        assert "чужое" not in said


async def test_paysupport_without_payments_and_without_a_contact(fresh: Fresh) -> None:
    async with a_talk(fresh) as talk:
        buyer = await known(talk, "en")
        await buyer.send("/paysupport")
        said = (await buyer.reply("Write to whoever gave you the link")).text
        assert "Your latest payments" not in said


# -- /terms --------------------------------------------------------------------------

TERMS: Any = {"terms_url": "https://example.com/terms", "terms_version": "2026-01"}


async def test_the_terms_are_accepted_once(fresh: Fresh) -> None:
    async with a_talk(fresh, **TERMS) as talk:
        buyer = await known(talk)
        await buyer.send("/terms")
        shown = await buyer.reply("Условия: https://example.com/terms")
        assert "Редакция: 2026-01" in shown.text
        pressed = await buyer.press("Согласен")
        said = await buyer.edited("Спасибо! Вы приняли условия.")
        assert said.buttons == []
        assert (await pressed.answer()).text == ""
        version, at = await talk.known(buyer, "terms_version, terms_at")
        assert version == "2026-01"

        await buyer.send("/terms")
        again = await buyer.reply("Условия")
        assert f"Вы приняли их {at:%d.%m.%Y}" in again.text
        assert again.buttons == []


async def test_who_has_accepted_older_terms_is_asked_for_these(fresh: Fresh) -> None:
    async with a_talk(fresh, **TERMS) as talk:
        buyer = await known(talk)
        number = await talk.user_id(buyer)
        await talk.db.run(lambda tx: users.accept_terms(tx, number, "2025-01"))
        await buyer.send("/terms")
        shown = await buyer.reply("Редакция: 2026-01")
        assert shown.buttons == [["Согласен"]]


@pytest.mark.parametrize(
    "other", [("https://example.com/terms", "2025-01"), ("https://example.com/old", "2026-01")]
)
async def test_consent_to_other_terms_is_none_to_these(
    fresh: Fresh, other: tuple[str, str]
) -> None:
    older = _print(*other)
    async with a_talk(fresh, **TERMS) as talk:
        buyer = await known(talk)
        await talk.show(buyer, "?", f"terms:{older}")
        pressed = await buyer.press("x")
        assert (await pressed.answer()).text == "Эта кнопка уже не работает"
        assert await talk.known(buyer, "terms_version") == ("",)


async def test_terms_without_a_version_need_no_consent(fresh: Fresh) -> None:
    async with a_talk(fresh, terms_url="https://example.com/terms") as talk:
        buyer = await known(talk)
        await buyer.send("/terms")
        shown = await buyer.reply()
        assert (shown.text, shown.buttons) == ("📄 Условия: https://example.com/terms", [])


async def test_without_terms_there_is_nothing_to_consent_to(fresh: Fresh) -> None:
    async with a_talk(fresh, terms_version="1") as talk:
        buyer = await known(talk, "uz")
        await buyer.send("/terms")
        assert (await buyer.reply("Hozircha alohida shartlar yoʻq")).buttons == []


# -- the buttons of a payment --------------------------------------------------------


async def test_a_way_to_pay_and_a_check_become_wishes(fresh: Fresh) -> None:
    async with a_talk(fresh) as talk:
        buyer = await known(talk)
        payment = await talk.bill(buyer)
        await talk.show(buyer, "Как?", f"pay:with:{payment.id}:stripe:card")
        message = await buyer.reply("Как?")
        await buyer.press("x")
        await until(lambda: talk.wishes)
        assert talk.wishes.pop() == {"pay": [payment.id, "stripe", "card", message.id]}

        await talk.show(buyer, "Оплачено?", f"pay:check:{payment.id}")
        asked = await buyer.reply("Оплачено?")
        await buyer.press("x")
        await until(lambda: talk.wishes)
        [number, query, shown] = talk.wishes.pop()["check"]
        assert (number, shown) == (payment.id, asked.id)
        assert query


async def test_a_payment_is_called_off(fresh: Fresh) -> None:
    async with a_talk(fresh) as talk:
        buyer = await known(talk)
        payment = await talk.bill(buyer)
        await talk.show(buyer, "Отменить?", f"pay:cancel:{payment.id}")
        pressed = await buyer.press("x")
        assert (await pressed.answer()).text == "Отменяем…"
        said = await buyer.edited("отменён")
        assert said.text == "VPN · $5.00\n\nСчёт отменён."
        assert said.buttons == []
        assert (await talk.payments.get(talk.db, payment.id)).status is Status.CANCELED


async def test_of_a_payment_that_is_over_its_end_is_told(fresh: Fresh) -> None:
    async with a_talk(fresh) as talk:
        buyer = await known(talk, "en")
        payment = await talk.bill(buyer)
        await talk.payments.cancel(payment.id)
        await talk.show(buyer, "?", f"pay:cancel:{payment.id}")
        answer = await (await buyer.press("x")).answer()
        assert answer.text == f"Bill No. {payment.id}: Canceled"
        assert answer.alert
        assert talk.wishes == []


@pytest.mark.parametrize("data", ["pay:with:{}:stripe:card", "pay:check:{}", "pay:cancel:{}"])
async def test_another_persons_payment_is_an_old_button(fresh: Fresh, data: str) -> None:
    async with a_talk(fresh) as talk:
        payer, other = await known(talk), await known(talk, name="Сосед")
        payment = await talk.bill(payer)
        await talk.show(other, "?", data.format(payment.id))
        assert (await (await other.press("x")).answer()).text == "Эта кнопка уже не работает"
        assert talk.wishes == []
        assert (await talk.payments.get(talk.db, payment.id)).is_open


@pytest.mark.parametrize(
    "data",
    [
        "pay:",
        "pay:check:",
        "pay:check:x",
        "pay:check:٣",
        "pay:check:9999999999999999999",
        "pay:with:1",
    ],
)
async def test_what_is_no_button_of_ours_is_an_old_one(fresh: Fresh, data: str) -> None:
    async with a_talk(fresh) as talk:
        buyer = await known(talk)
        await talk.bill(buyer)
        await talk.show(buyer, "?", data)
        assert (await (await buyer.press("x")).answer()).text == "Эта кнопка уже не работает"
        assert talk.wishes == []


async def test_what_only_begins_like_ours_is_the_apps(fresh: Fresh) -> None:
    app = Router()

    @app.callback_query(F.data == "pay:order:17")
    async def order(query: CallbackQuery) -> Any:
        return query.answer("Заказ 17")

    async with a_talk(fresh, [Shown(bot=app)]) as talk:
        buyer = await known(talk)
        for data, said in (
            ("pay:order:17", "Заказ 17"),
            ("pay:order:18", "Эта кнопка уже не работает"),
        ):
            await talk.show(buyer, "?", data)
            await buyer.reply()
            assert (await (await buyer.press("x")).answer()).text == said


async def test_in_a_group_it_is_still_the_payers(fresh: Fresh) -> None:
    async with a_talk(fresh) as talk:
        payer, other = await known(talk), await known(talk, name="Сосед")
        payment = await talk.bill(payer)
        group = talk.tg.group("Chat", payer, other, talk.bot)
        await talk.show(group.id, "Отменить?", f"pay:cancel:{payment.id}")
        await other.sees("Отменить?")
        await payer.sees("Отменить?")
        assert (await (await other.press("x")).answer()).text == "Эта кнопка уже не работает"
        await payer.press("x")
        await payer.edited("Счёт отменён.")


async def test_what_was_paid_in_between_stays_and_this_is_told(
    fresh: Fresh, owner_db: Database
) -> None:
    async with a_talk(fresh) as talk:
        buyer = await known(talk)
        payment = await talk.bill(buyer)
        await talk.show(buyer, "Отменить?", f"pay:cancel:{payment.id}")
        message = await buyer.reply("Отменить?")
        await owner_db.execute(
            "UPDATE payments.payment SET status = 'succeeded', paid_at = $1", clock.now()
        )
        payload = {
            **{"payment": payment.id, "bot": talk.bot.id, "chat": buyer.user.id},
            **{"message": message.id, "invoice": False, "language": "ru"},
        }
        await talk.db.run(lambda tx: outbox.put(tx, CALL_OFF, payload))
        said = await buyer.edited("Оплачено")
        assert said.text == "VPN · $5.00\n\n✅ Оплачено, спасибо!"
        assert (await talk.payments.get(talk.db, payment.id)).status is Status.SUCCEEDED


async def test_an_invoice_is_called_off_with_its_message(fresh: Fresh) -> None:
    async with a_talk(fresh) as talk:
        buyer = await known(talk)
        payment = await talk.bill(buyer)
        rows = [
            [{"text": "Оплатить", "pay": True}],
            [{"text": "x", "callback_data": f"pay:cancel:{payment.id}"}],
        ]
        await talk.bot.call(
            "sendInvoice",
            chat_id=buyer.user.id,
            title="VPN",
            description="VPN",
            payload="1",
            currency="XTR",
            prices=[{"label": "VPN", "amount": 50}],
            reply_markup={"inline_keyboard": rows},
        )
        invoice = await buyer.reply()
        await buyer.press("x")
        assert (await buyer.reply()).text == "VPN · $5.00\n\nСчёт отменён."
        await buyer.gone(invoice)


async def test_of_a_payment_that_failed_no_button_is_left(fresh: Fresh, owner_db: Database) -> None:
    async with a_talk(fresh) as talk:
        buyer = await known(talk)
        payment = await talk.bill(buyer)
        await owner_db.execute("UPDATE payments.payment SET status = 'failed'")
        await talk.show(buyer, "?", f"pay:cancel:{payment.id}")
        await buyer.press("x")
        assert (await buyer.edited("Счёт отменён")).buttons == []
