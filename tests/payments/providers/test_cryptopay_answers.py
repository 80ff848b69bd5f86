"""Crypto Pay's answers, as they should not be."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from kassa.money import Money
from kassa.payments.providers.cryptopay import CryptoPay
from kassa.payments.providers.protocol import (
    Declined,
    Mute,
    NoSuchPayment,
    Refunded,
    Unknown,
    Why,
)
from tests.payments.providers.at_cryptopay import INVOICE, NOW, TOKEN, back, order
from tests.payments.providers.letters import Strange

# -- answers that it should not give -----------------------------------------------

WAITING = INVOICE | {"status": "active", "bot_invoice_url": "https://t.me/CryptoBot?start=IVTEST"}


@pytest.fixture
async def asker(odd: Strange) -> AsyncIterator[CryptoPay]:
    made = CryptoPay([TOKEN], base_url=odd.url)
    yield made
    await made.close()


def ok(result: object) -> dict[str, object]:
    return {"ok": True, "result": result}


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"<html>", 200),
        ([], 200),
        ({"ok": True}, 200),
        ({"result": []}, 200),
        (ok([5]), 200),
        (ok({"items": [{"invoice_id": 528890, "status": "odd", "payload": "key-1"}]}), 200),
        ({"ok": False, "error": {"code": 401, "name": "UNAUTHORIZED"}}, 401),
        ({"ok": False}, 200),
        (b"<html>", 404),
        (ok([]), 302),
        (ok([]), 500),
    ],
)
async def test_an_answer_not_understood_is_silence(
    odd: Strange, asker: CryptoPay, said: object, status: int
) -> None:
    odd.say(said, status=status)
    with pytest.raises(Mute):
        await asker.status("528890")
    with pytest.raises(Mute):
        await asker.find(order())
    asked = replace(back(145_00), received=Money(5, "TON"))
    assert not isinstance(await asker.refund(asked), Refunded)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"", 200),
        (ok(None), 200),
        (ok({}), 200),
        (ok(WAITING | {"bot_invoice_url": "javascript:1"}), 200),
        (ok(WAITING | {"invoice_id": "?"}), 200),
        (ok(WAITING), 301),
        (ok(WAITING), 503),
    ],
)
async def test_whether_it_was_made_nobody_knows(
    odd: Strange, asker: CryptoPay, said: object, status: int
) -> None:
    odd.say(said, status=status)
    assert isinstance(await asker.create(order()), Unknown)
    refunded = await asker.refund(replace(back(145_00), received=Money(5, "TON")))
    assert isinstance(refunded, Unknown)


@pytest.mark.parametrize(
    ("error", "status", "why"),
    [
        ({"code": 400, "name": "AMOUNT_TOO_SMALL"}, 400, Why.LIMIT),
        ({"code": 400, "name": "ASSET_INVALID"}, 200, Why.INVALID),
        ({"code": 403, "name": "METHOD_DISABLED"}, 403, Why.CONFIGURATION),
        ({"code": 429, "name": "TOO_MANY_REQUESTS"}, 429, Why.DOWN),
        (None, 404, Why.CONFIGURATION),
    ],
)
async def test_a_no_is_a_no(
    odd: Strange, asker: CryptoPay, error: object, status: int, why: Why
) -> None:
    odd.say({"ok": False, "error": error}, status=status)
    declined = await asker.create(order())
    assert isinstance(declined, Declined)
    assert declined.why is why


async def test_an_answer_about_other_things_proves_nothing(odd: Strange, asker: CryptoPay) -> None:
    """As from an API that does not know what it was asked for by."""
    odd.say(ok({"items": [INVOICE | {"invoice_id": 1}]}))
    with pytest.raises(NoSuchPayment):
        await asker.status("528890")
    odd.say(ok([{"transfer_id": 5, "spend_id": "another", "status": "completed"}]))
    assert isinstance(await asker.find_refund(back(145_00)), Declined)
    odd.say(ok([{"transfer_id": 5, "spend_id": "refund-1", "status": "pending"}]))
    assert await asker.find_refund(back(145_00)) == Refunded("5", done=False)


async def test_what_has_not_arrived_is_not_given_back(odd: Strange, asker: CryptoPay) -> None:
    odd.say(ok({"items": [WAITING]}))
    declined = await asker.refund(replace(back(145_00), ref="528890"))
    assert isinstance(declined, Declined)
    assert declined.why is Why.DOWN
    assert odd.asked == ["/api/getInvoices"]


async def test_coins_that_were_asked_for_are_those_that_came(
    odd: Strange, asker: CryptoPay
) -> None:
    price = Money(5_250_000, "USDT")
    odd.say(ok({"transfer_id": 9, "status": "completed"}))
    assert await asker.refund(replace(back(1), amount=price, paid=price)) == Refunded("9")
    assert odd.asked == ["/api/transfer"]


async def test_a_name_that_is_no_number_is_not_asked_for(odd: Strange, asker: CryptoPay) -> None:
    for ref in ("../getMe", "1,2", "", "٣"):
        with pytest.raises(NoSuchPayment):
            await asker.status(ref)
        await asker.cancel(ref)
    assert odd.asked == []


async def test_pages_end_where_they_are_shorter_than_asked_for(
    odd: Strange, asker: CryptoPay
) -> None:
    newest = INVOICE | {"created_at": "2099-01-01T00:00:00Z"}
    odd.say(ok({"items": [newest]}), ok({"items": []}))
    assert await asker.find(order("another")) is None
    assert len(odd.asked) == 1


async def test_the_doctor_does_not_guess(odd: Strange, asker: CryptoPay) -> None:
    odd.say(b"<html>")
    assert [(each.what, each.fine) for each in await asker.check()] == [("credentials", None)]
    odd.say(ok({"name": "Shop"}), b"<html>")
    assert [(each.what, each.fine) for each in await asker.check()] == [
        ("credentials", True),
        ("currencies", None),
        ("signature", True),
    ]


async def test_one_invoice_that_cannot_be_read_hides_no_other(
    odd: Strange, asker: CryptoPay
) -> None:
    in_ether = INVOICE | {"invoice_id": 7, "paid_asset": "ETH"}
    odd.say(ok({"items": [in_ether, INVOICE]}))
    with pytest.raises(Mute):
        await asker.find(order())
    seen = []
    with pytest.raises(Mute, match="invoice 7: ETH is not in the books"):
        async for each in asker.list(NOW - timedelta(days=1), NOW):
            seen.append(each.ref)
    assert seen == ["528890"]
