"""Requisites that are over are shown no longer: nobody sends money to nowhere, or twice."""

from datetime import timedelta

import pytest

from kassa import clock
from tests.apps.subscriptions.chat import NBSP, to_the_bill, to_the_ways
from tests.apps.subscriptions.rig import Till
from tests.apps.tokens.steps import eventually
from tgsandbox import Sandbox
from tgsandbox.providers.shop import Shop
from tgsandbox.seen import Seen

ANOTHER = ["Другой способ"]


def shop_of(till: Till, name: str = "oneplat") -> tuple[Shop, str]:
    shop = till.shops[name]
    ref = shop.payments[-1].ref
    assert ref is not None
    return shop, ref


async def shown(till: Till) -> list[str]:
    return list(await till.db.fetchval("SELECT shown FROM payments.payment ORDER BY id DESC"))


async def is_shown(till: Till) -> None:
    async def so() -> bool:
        return bool(await shown(till))

    await eventually(so)


async def is_shown_nowhere(till: Till) -> None:
    async def so() -> bool:
        return not await shown(till)

    await eventually(so)


async def expires(till: Till) -> None:
    """Its time is over, and the clock that looks at payments has come round."""
    past = clock.now() - timedelta(hours=2)
    await till.db.execute(
        "UPDATE payments.payment SET created_at = $1, expires_at = $1, look_at = $1", past
    )


def now(tg: Sandbox, seen: Seen) -> Seen:
    return Seen.of(tg.world, seen.message)


@pytest.mark.parametrize(
    ("language", "price", "words"),
    [
        ("ru", f"290{NBSP}₽", "✅ Оплачено, спасибо!"),
        ("uz", f"290{NBSP}₽", "✅ Toʻlandi, rahmat!"),
        ("en", "₽290.00", "✅ Paid, thank you!"),
    ],
)
async def test_paid_its_message_says_so_and_shows_no_card(
    till: Till, tg: Sandbox, language: str, price: str, words: str
) -> None:
    person = tg.user("Покупатель")
    bill = await to_the_bill(till, person)
    await is_shown(till)
    await till.db.execute("UPDATE users.person SET language = $1", language)
    shop, ref = shop_of(till)
    await shop.pay(ref)
    over = await person.edited(words)
    assert over.id == bill.id
    assert over.text.splitlines()[0] == f"Подписка на 1 месяц · {price}"
    assert over.buttons == []
    await is_shown_nowhere(till)


async def test_what_has_expired_says_so_and_leads_to_another(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    bill = await to_the_bill(till, person)
    await is_shown(till)
    await expires(till)
    over = await person.edited("Время на оплату вышло")
    assert over.id == bill.id
    assert "Номер карты" not in over.text
    assert over.buttons == [ANOTHER]
    await person.press("Другой способ", under=over)
    await person.edited("Как вам удобнее заплатить?")


async def test_called_off_both_of_its_messages_say_so(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    first = await to_the_bill(till, person)
    second = await to_the_bill(till, person)  # the same purchase, and so the same payment
    assert first.id != second.id
    await person.press("Отменить", under=second)
    edited = {(await person.edited("Счёт отменён.")).id for _ in range(2)}
    assert edited == {first.id, second.id}


async def test_a_message_that_shows_something_else_is_left_alone(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    bill = await to_the_bill(till, person)
    await is_shown(till)
    await person.press("Другой способ", under=bill)
    ways = await person.edited("Как вам удобнее заплатить?")
    await is_shown_nowhere(till)
    shop, ref = shop_of(till)
    await shop.pay(ref)
    await person.reply("🎉 Оплата получена, спасибо!")
    await no_job_is_left(till)
    assert now(tg, bill).text == ways.text
    # And shown again it is told again.
    other = await to_the_bill(till, person)
    shop, ref = shop_of(till)
    await shop.pay(ref)
    assert (await person.edited("✅ Оплачено")).id == other.id


async def test_one_that_failed_may_be_tried_again_and_turn_out_to_be_paid(
    till: Till, tg: Sandbox
) -> None:
    person = tg.user("Покупатель")
    bill = await to_the_bill(till, person)
    await is_shown(till)
    shop, ref = shop_of(till)
    await shop.decline(ref)
    failed = await person.edited("Оплата не прошла")
    assert failed.id == bill.id
    assert "Номер карты" not in failed.text
    assert failed.buttons[0] == ["💳 Карта · 1Plat"]
    assert failed.buttons[-2:] == [ANOTHER, ["Отменить"]]
    await shop.pay(ref)  # after all
    assert (await person.edited("✅ Оплачено")).id == bill.id
    await till.audited()


async def test_a_page_of_a_bank_is_not_opened_any_more(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    await person.press("💎 CryptoBot", under=await to_the_ways(till, person))
    bill = await person.edited("откроется страница оплаты")
    await is_shown(till)
    shop, ref = shop_of(till, "cryptopay")
    await shop.pay(ref)
    over = await person.edited("✅ Оплачено")
    assert (over.id, over.buttons) == (bill.id, [])


async def test_a_message_that_is_gone_stops_nothing(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    await to_the_bill(till, person)
    await is_shown(till)
    tg.fault("editMessageText", error=(400, "Bad Request: message to edit not found"))
    shop, ref = shop_of(till)
    await shop.pay(ref)
    await person.reply("🎉 Оплата получена, спасибо!")
    await is_shown_nowhere(till)
    await no_job_is_left(till)


async def no_job_is_left(till: Till) -> None:
    async def done() -> bool:
        return not await till.db.fetchval(
            "SELECT count(*) FROM outbox.job WHERE kind = 'payments.ended'"
        )

    await eventually(done)
