"""Which payments a message shows, and when it shows them no more."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from kassa.db import Database, Tx
from kassa.errors import KassaError
from kassa.outbox import Job
from kassa.payments import Delivered, Payment, Started, notices
from kassa.payments.notices import ENDED
from kassa.telegram import bills
from tests.telegram.test_paying import USD, a_till
from tgsandbox.seen import Seen

BELOW = [[{"text": "Открыть", "url": "https://example.com"}], [{"callback_data": "pay:check:7"}]]
EDIT = {"method": "editMessageText", "params": {"chat_id": 5, "message_id": 3, "text": "!"}}
HERE = [(7, "1:5:3")]


def event(keyboard: Any = BELOW, **more: Any) -> dict[str, Any]:
    message = {"message_id": 3, "chat": {"id": 5}, "reply_markup": {"inline_keyboard": keyboard}}
    return {"id": "1", "message": {**message, **more}}


@pytest.mark.parametrize(
    ("said", "call", "expected"),
    [
        (event(), EDIT, HERE),
        (event(), {"pay": [9, "", "", 3]}, HERE),
        (event(), {"method": "deleteMessage", "params": {"message_id": 3}}, HERE),
        (event([[{"callback_data": "pay:with:7:oneplat:card"}]]), EDIT, HERE),
        (event([[{"callback_data": "pay:cancel:7"}]]), EDIT, HERE),
        (event(), {"method": "editMessageText", "params": {"chat_id": 6, "message_id": 3}}, []),
        (event(), {"method": "editMessageReplyMarkup", "params": {"message_id": 3}}, []),
        (event(), {"method": "answerCallbackQuery", "params": {}}, []),
        (event(), {"method": "sendMessage", "params": {"text": "!"}}, []),
        (event(), {"method": "editMessageText", "params": {"message_id": 4}}, []),
        (event(), {"pay": [7, "", "", 0]}, []),
        (event(), {"check": [7, "1", 3]}, []),
        (event([[{"callback_data": "pay:check:x"}]]), EDIT, []),
        (event([[{"callback_data": "sub:pay:7"}]]), EDIT, []),
        (event([]), EDIT, []),
        ({"id": "1", "message": {"message_id": 3, "chat": {"id": 5}, "date": 0}}, EDIT, []),
        ({"id": "1", "inline_message_id": "x"}, EDIT, []),
        ({"message_id": 3, "text": "not a press"}, EDIT, []),
    ],
)
def test_what_a_message_shows_no_more(
    said: dict[str, Any], call: dict[str, Any], expected: list[tuple[int, str]]
) -> None:
    assert bills.left(1, said, [call]) == expected
    assert bills.left(1, said, []) == []


def test_a_place_is_read_as_it_was_written() -> None:
    for chat in (5, -1001234567890):
        assert bills.where(bills.place(1, chat, 3)) == (1, chat, 3)


async def test_paid_while_it_was_being_shown(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_till(db, "stripe") as till:
        payment = await till.bill(USD)
        start = till.payments.start

        async def slowly(*args: Any, **how: Any) -> Started:
            """Its answer is read when the payer has paid already."""
            started = await start(*args, **how)
            await till.shops["stripe"].pay(till.shops["stripe"].payments[-1].ref)
            await till.payments.check(payment.id)
            return started

        monkeypatch.setattr(till.payments, "start", slowly)
        seen = await till.pay(payment)
        await till.paying.ended(await the_job(db))
        assert Seen.of(till.s.tg.world, seen.message).text.endswith("✅ Оплачено, спасибо!")
        assert (await till.payments.get(db, payment.id)).shown == ()


async def test_a_job_that_comes_late_touches_nothing(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        payment = await till.bill(USD)
        seen = await till.pay(payment)
        job = Job(1, ENDED, None, {"payment": payment.id}, 1, 15, 1, None)
        await till.paying.ended(job)  # it has failed, and been begun again, since
        assert Seen.of(till.s.tg.world, seen.message).text == seen.text
        assert len((await till.payments.get(db, payment.id)).shown) == 1


async def test_a_bot_that_is_here_no_more_is_not_asked_to_speak(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        payment = await till.bill(USD)
        seen = await till.pay(payment)
        await till.payments.hidden(payment.id, bills.place(till.s.bot.id, till.buyer.id, seen.id))
        await till.payments.shown(payment.id, "4711:5:3")
        await till.payments.cancel(payment.id)
        await till.paying.ended(Job(1, ENDED, None, {"payment": payment.id}, 1, 15, 1, None))


async def test_only_so_many_messages_of_one_payment_are_kept(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        payment = await till.bill(USD)
        for number in [*range(20), 15]:
            await till.payments.shown(payment.id, f"1:5:{number}")
        now = (await till.payments.get(db, payment.id)).shown
        assert now == tuple(f"1:5:{number}" for number in (12, 13, 14, 16, 17, 18, 19, 15))
        await till.payments.hidden(payment.id, "1:5:15")
        await till.payments.hidden(payment.id, "1:5:99")
        assert (await till.payments.get(db, payment.id)).shown == now[:-1]


def test_one_job_a_payment_so_that_the_last_word_is_how_it_stands() -> None:
    (job,) = notices.ended(7, ["1:5:3", "1:5:4"])
    assert (job.kind, job.key, job.payload) == (ENDED, "7", {"payment": 7})
    assert notices.ended(7, []) == []


async def the_job(db: Database) -> Job:
    row = await db.fetchrow("SELECT id, payload FROM outbox.job WHERE kind = $1", ENDED)
    assert row is not None
    return Job(row["id"], ENDED, None, row["payload"], 1, 15, 1, None)


async def test_where_telegram_hiccups_it_is_told_later(db: Database) -> None:
    """In the other message all the same."""
    async with a_till(db, "stripe") as till:
        payment = await till.bill(USD)
        first, second = await till.pay(payment), await till.pay(payment)
        await till.payments.cancel(payment.id)
        till.s.tg.fault("editMessageText", error=(502, "Bad Gateway"), times=1)
        with pytest.raises(KassaError):
            await till.paying.ended(await the_job(db))
        assert len((await till.payments.get(db, payment.id)).shown) == 1
        await till.paying.ended(await the_job(db))
        assert (await till.payments.get(db, payment.id)).shown == ()
        for each in (first, second):
            assert Seen.of(till.s.tg.world, each.message).text.endswith("Счёт отменён.")


async def test_paid_in_the_moment_in_which_it_is_shown(db: Database) -> None:
    """Whoever settles it has read it before, and writes it after: one of the two tells."""
    async with a_till(db, "stripe") as till:
        showing: list[asyncio.Task[None]] = []

        async def slow(tx: Tx, payment: Payment) -> Delivered:
            place = bills.place(till.s.bot.id, till.buyer.id, 2)
            showing.append(asyncio.create_task(till.payments.shown(payment.id, place)))
            await asyncio.sleep(0.2)
            return Delivered()

        purpose = till.payments.purposes["test.goods"]
        till.payments.purposes["test.goods"] = replace(purpose, on_paid=slow)
        payment = await till.bill(USD)
        await till.payments.start(payment.id, provider="stripe", method="card")
        await till.shops["stripe"].pay(till.shops["stripe"].payments[-1].ref)
        await till.payments.check(payment.id)
        await asyncio.gather(*showing)
        assert (await the_job(db)).payload == {"payment": payment.id}


@pytest.mark.parametrize("reason", ["short", "currency"])
async def test_too_little_is_said_to_be_on_the_balance(
    db: Database, owner_db: Database, reason: str
) -> None:
    async with a_till(db, "stripe") as till:
        payment = await till.bill(USD)
        seen = await till.pay(payment)
        await owner_db.execute("UPDATE payments.payment SET status = 'failed', reason = $1", reason)
        await till.paying.ended(Job(1, ENDED, None, {"payment": payment.id}, 1, 15, 1, None))
        now = Seen.of(till.s.tg.world, seen.message)
        assert "Деньги на вашем балансе" in now.text
        assert now.buttons == []
