"""Which payments a message shows, and when it shows them no more."""

from typing import Any

import pytest

from kassa.db import Database
from kassa.outbox import Job
from kassa.payments import Started
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
        (event(), {"method": "editMessageReplyMarkup", "params": {"message_id": 3}}, HERE),
        (event([[{"callback_data": "pay:with:7:oneplat:card"}]]), EDIT, HERE),
        (event([[{"callback_data": "pay:cancel:7"}]]), EDIT, HERE),
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
        for number in [*range(20), 1]:
            now = await till.payments.shown(payment.id, f"1:5:{number}")
        assert now.shown == tuple(f"1:5:{number}" for number in range(8))
        await till.payments.hidden(payment.id, "1:5:0")
        await till.payments.hidden(payment.id, "1:5:99")
        assert len((await till.payments.get(db, payment.id)).shown) == 7
