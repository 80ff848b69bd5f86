"""Invoices inside Telegram: what they say, and what Telegram would refuse."""

import json
from typing import Any

import pytest

from kassa import clock
from kassa.errors import Invalid
from kassa.money import Money
from kassa.payments import Invoice, Item, Payer, Started, invoices
from kassa.payments.providers.protocol import Callback, Refused, Why
from tests.conftest import Fresh
from tests.payments.inside import CARDS, STARS
from tests.payments.rig import a_rig, ref

RUB, XTR = Money(50_000, "RUB"), Money(250, "XTR")


@pytest.mark.parametrize(
    ("invoice", "amount", "why"),
    [
        (Invoice(title="x" * 33), RUB, "title of an invoice has 32"),
        (Invoice(description="x" * 256), RUB, "description of an invoice has 255"),
        (Invoice(photo_url="cat.png"), RUB, "https://"),
        (Invoice(max_tip=-1), RUB, "more than nothing"),
        (Invoice(max_tip=500, suggested_tips=(0, 100)), RUB, "more than nothing"),
        (Invoice(max_tip=500, suggested_tips=(1, 2, 3, 4, 5)), RUB, "At most 4"),
        (Invoice(max_tip=500, suggested_tips=(200, 100)), RUB, "smallest to the largest"),
        (Invoice(max_tip=500, suggested_tips=(100, 100)), RUB, "smallest to the largest"),
        (Invoice(max_tip=500, suggested_tips=(501,)), RUB, "larger than"),
        (Invoice(subscription=True), RUB, "Only Stars"),
        (Invoice(max_tip=10), XTR, "no tips"),
        (Invoice(need_email=True), XTR, "asks the payer nothing"),
        (Invoice(flexible=True), XTR, "no shipping"),
        (Invoice(subscription=True), Money(10_001, "XTR"), "At most 10000"),
        (Invoice(), Money(100_001, "XTR"), "At most 100000"),
        (Invoice(), Money(5, "USDT"), "takes no payments"),
    ],
)
def test_what_telegram_would_refuse(invoice: Invoice, amount: Money, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        invoices.check(invoice, amount)


def test_what_it_takes() -> None:
    invoices.check(Invoice(title="x" * 32, max_tip=500, suggested_tips=(100, 500)), RUB)
    invoices.check(Invoice(subscription=True), Money(10_000, "XTR"))


@pytest.mark.parametrize(
    ("text", "most", "cut"),
    [
        ("100 tokens", 32, "100 tokens"),
        (" 100\n tokens ", 32, "100 tokens"),
        ("A very long name of a thing to be sold", 32, "A very long name of a thing to…"),
        ("A thing, and another one", 10, "A thing…"),
        ("x" * 40, 10, "x" * 9 + "…"),
    ],
)
def test_descriptions_are_cut_at_words(text: str, most: int, cut: str) -> None:
    assert invoices.cut(text, most) == cut
    assert len(cut) <= most


def shown(started: Started) -> dict[str, Any]:
    assert started.checkout is not None
    assert started.checkout.invoice is not None
    return dict(started.checkout.invoice)


async def test_an_invoice_in_stars(fresh: Fresh) -> None:
    async with a_rig(fresh, STARS) as rig:
        started = await rig.begin()
        said = shown(started)
        assert said.pop("payload") == ref(started)
        assert said == {
            "title": "A thing",
            "description": "A thing",
            "currency": "XTR",
            "prices": [{"label": "A thing", "amount": 250}],
        }
        again = await rig.payments.start(started.payment.id, provider="stars")
        assert shown(again) == shown(started)


async def test_all_that_an_invoice_may_say(fresh: Fresh) -> None:
    async with a_rig(fresh, CARDS) as rig:
        invoice = Invoice(
            title="A T-shirt",
            description="Black, size M",
            photo_url="https://shop.example.com/shirt.png",
            photo_width=640,
            max_tip=10_000,
            suggested_tips=(1_000, 5_000),
            need_name=True,
            need_phone=True,
            send_email=True,
            flexible=True,
            protect=True,
        )
        items = (Item("A T-shirt", Money(20_000, "RUB"), 2), Item("A box", Money(10_000, "RUB")))
        started = await rig.begin(invoice=invoice, items=items)
        assert (await rig.get(started)).invoice == invoice
        said = shown(started)
        assert said.pop("payload") == ref(started)
        assert said == {
            "title": "A T-shirt",
            "description": "Black, size M",
            "currency": "RUB",
            "prices": [
                {"label": "A T-shirt × 2", "amount": 40_000},
                {"label": "A box", "amount": 10_000},
            ],
            "photo_url": "https://shop.example.com/shirt.png",
            "photo_width": 640,
            "max_tip_amount": 10_000,
            "suggested_tip_amounts": [1_000, 5_000],
            "need_name": True,
            "need_phone_number": True,
            "need_shipping_address": True,
            "send_email_to_provider": True,
            "is_flexible": True,
            "protect_content": True,
            "provider_token": rig.shop.credentials["provider_token"],
        }


async def test_a_providers_token_is_not_kept(fresh: Fresh) -> None:
    async with a_rig(fresh, CARDS) as rig:
        started = await rig.begin()
        assert "provider_token" in shown(started)
        again = await rig.payments.start(started.payment.id, provider="telegram")
        assert shown(again) == shown(started)
        kept = await rig.db.fetch("SELECT row_to_json(a)::text AS row FROM payments.attempt a")
        assert rig.shop.credentials["provider_token"] not in str([row["row"] for row in kept])


async def test_a_receipt_by_54_fz(fresh: Fresh) -> None:
    async with a_rig(fresh, CARDS, yookassa_receipts=True, yookassa_vat_code=4) as rig:
        items = (Item("A thing", Money(25_000, "RUB"), 2, vat=1),)
        said = shown(await rig.begin(items=items))
        assert json.loads(said["provider_data"]) == {
            "receipt": {
                "customer": {"email": "buyer@example.com"},
                "items": [
                    {
                        "description": "A thing",
                        "quantity": 2,
                        "amount": {"value": "250.00", "currency": "RUB"},
                        "vat_code": 1,
                        "payment_mode": "full_payment",
                        "payment_subject": "service",
                    }
                ],
            }
        }
        nobody = Payer(telegram_id=rig.payer)
        asked = shown(await rig.begin(payer=nobody))
        assert (asked["need_email"], asked["send_email_to_provider"]) == (True, True)
        assert json.loads(asked["provider_data"])["receipt"]["items"][0]["vat_code"] == 4
        tipped = await rig.begin(invoice=Invoice(max_tip=100))
        assert (tipped.checkout, tipped.why) == (None, Why.INVALID)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"payer": Payer()}, Why.INVALID),
        ({"bot": "77"}, Why.CONFIGURATION),
        ({"hold": True}, Why.INVALID),
    ],
    ids=["nobody pays", "another bot", "held"],
)
async def test_what_cannot_be_asked_for(fresh: Fresh, more: dict[str, Any], why: Why) -> None:
    async with a_rig(fresh, STARS) as rig:
        started = await rig.begin(**more)
        assert (started.checkout, started.why) == (None, why)
        (attempt,) = await rig.payments.attempts(started.payment.id)
        assert attempt.status == "declined"


async def test_a_bot_without_a_token_for_the_currency(fresh: Fresh) -> None:
    async with a_rig(fresh, CARDS) as rig:
        rig.provider._tokens = {"77": rig.provider._tokens[str(rig.shop.bot.id)]}  # type: ignore[attr-defined]
        started = await rig.begin()
        assert (started.checkout, started.why) == (None, Why.INVALID)


async def test_nobody_tells_of_stars_over_http(fresh: Fresh) -> None:
    async with a_rig(fresh, STARS) as rig:
        answer = await rig.http.post(f"{rig.url}/pay/stars/callback", content=b"{}")
        assert answer.status_code == 404
        with pytest.raises(Refused):
            rig.provider.verify(Callback(b"{}", {}), at=clock.now())


async def test_the_doctor(fresh: Fresh) -> None:
    async with a_rig(fresh, STARS) as rig:
        await rig.paid()
        found = await rig.provider.check()
        assert [(each.fine, each.detail) for each in found] == [
            (True, "@shop_bot"),
            (True, "250 with Telegram"),
        ]
        rig.tg.fault("getMe", error=(401, "Unauthorized"))
        (only,) = await rig.provider.check()
        assert (only.fine, "Unauthorized" in only.detail) == (False, True)
        assert rig.shop.credentials["token"] not in only.detail
