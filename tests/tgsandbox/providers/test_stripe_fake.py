"""Stripe in a box: what its official client does not show."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.tgsandbox.providers.hearing import Heard, hearing
from tests.tgsandbox.providers.test_bank import FORM, asked, ordered
from tgsandbox import Impossible, Sandbox
from tgsandbox.providers.stripe import Stripe
from tgsandbox.providers.stripe_objects import HOLD_SECONDS
from tgsandbox.providers.stripe_wire import nested

HELD = FORM | {"payment_intent_data[capture_method]": "manual"}


@pytest.fixture
async def heard() -> AsyncIterator[Heard]:
    async with hearing() as found:
        yield found


@pytest.fixture
def shop(tg: Sandbox, heard: Heard) -> Stripe:
    found = tg.bank.shop("stripe", callback_url=heard.url)
    assert isinstance(found, Stripe)
    return found


async def told(shop: Stripe) -> list[tuple[str, Any]]:
    """What was said so far, by type, in the order in which it happened."""
    await shop.delivered()
    events = [each.json for each in shop.sent]
    order = list(shop.kind("evt"))
    events.sort(key=lambda each: order.index(each["id"]))
    return [(each["type"], each["data"]["object"]) for each in events]


async def got(shop: Stripe, path: str) -> Any:
    answer = await asked(shop, "GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_is_paid_days_later(shop: Stripe) -> None:
    payment = await ordered(shop)
    await shop.start(payment.ref)
    assert (payment.state, shop.held()) == ("started", {})
    session = await got(shop, f"/v1/checkout/sessions/{payment.ref}")
    assert (session["status"], session["payment_status"]) == ("complete", "unpaid")
    intent = await got(shop, f"/v1/payment_intents/{session['payment_intent']}")
    assert intent["status"] == "processing"
    await shop.pay(payment.ref)
    assert (payment.state, shop.held()) == ("paid", {"EUR": 941})
    assert [(type_, about.get("payment_status")) for type_, about in await told(shop)] == [
        ("checkout.session.completed", "unpaid"),
        ("payment_intent.succeeded", None),
        ("checkout.session.async_payment_succeeded", "paid"),
    ]


async def test_what_was_to_be_paid_later_fails(shop: Stripe) -> None:
    payment = await ordered(shop)
    await shop.start(payment.ref)
    await shop.decline(payment.ref)
    assert (payment.state, shop.held()) == ("failed", {})
    assert [(type_, about["payment_status"]) for type_, about in await told(shop)] == [
        ("checkout.session.completed", "unpaid"),
        ("checkout.session.async_payment_failed", "unpaid"),
    ]
    with pytest.raises(Impossible, match="failed"):
        await shop.pay(payment.ref)


async def test_after_a_declined_card_another_one_pays(shop: Stripe) -> None:
    payment = await ordered(shop)
    await shop.decline(payment.ref)
    session = await got(shop, f"/v1/checkout/sessions/{payment.ref}")
    assert (session["status"], payment.state) == ("open", "waiting")
    intent = await got(shop, f"/v1/payment_intents/{session['payment_intent']}")
    assert intent["last_payment_error"]["code"] == "card_declined"
    await shop.pay(payment.ref)
    paid = await got(shop, f"/v1/payment_intents/{session['payment_intent']}")
    assert (paid["status"], paid["amount_received"]) == ("succeeded", 1000)
    assert [type_ for type_, _ in await told(shop)] == [
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]


async def test_a_hold_ends_by_itself_also_after_a_restart(tmp_path: Path) -> None:
    async with Sandbox(data=tmp_path) as tg:
        shop = tg.bank.shop("stripe")
        await asked(shop, "POST", "/v1/checkout/sessions", **HELD)
        ref = shop.payments[0].ref
        await shop.pay(ref)
        assert shop.payments[0].state == "authorized"
    async with Sandbox(data=tmp_path) as tg:
        shop = tg.bank.shop("stripe")
        await tg.clock.move(HOLD_SECONDS - 60)
        assert shop.payments[0].state == "authorized"
        await tg.clock.move(61)
        assert (shop.payments[0].state, shop.held()) == ("canceled", {})


async def test_a_hold_is_let_go(shop: Stripe) -> None:
    for by_api in (True, False):
        await asked(shop, "POST", "/v1/checkout/sessions", **HELD)
        payment = shop.payments[-1]
        await shop.authorize(payment.ref)
        where = f"/v1/payment_intents/{payment.data['intent']}"
        if by_api:
            answer = await asked(shop, "POST", f"{where}/cancel")
            assert answer.json()["status"] == "canceled"
        else:
            await shop.cancel(payment.ref)
        assert (payment.state, shop.held()) == ("canceled", {})
        late = await asked(shop, "POST", f"{where}/capture")
        assert late.json()["error"]["code"] == "payment_intent_unexpected_state"
        with pytest.raises(Impossible):
            await shop.cancel(payment.ref)


async def test_a_refund_comes_to_its_end_or_does_not(shop: Stripe) -> None:
    payment = await ordered(shop)
    await shop.pay(payment.ref)
    form = {"payment_intent": payment.data["intent"], "amount": "300"}
    shop.fault("refund", "refund_pending")
    refund = (await asked(shop, "POST", "/v1/refunds", **form)).json()
    assert (refund["status"], payment.refunded) == ("pending", 300)
    await shop.settle_refund(refund["id"])
    assert (await got(shop, f"/v1/refunds/{refund['id']}"))["status"] == "succeeded"
    await shop.settle_refund(refund["id"], well=False)
    assert (payment.refunded, shop.held()) == (0, {"EUR": 941})
    moved = (await got(shop, "/v1/balance_transactions"))["data"]
    assert [each["net"] for each in moved] == [300, -300, 941]
    assert [(type_, about.get("status")) for type_, about in await told(shop)] == [
        ("payment_intent.succeeded", "succeeded"),
        ("checkout.session.completed", "complete"),
        ("charge.refunded", "succeeded"),
        ("refund.updated", "succeeded"),
        ("refund.failed", "failed"),
        ("refund.updated", "failed"),
    ]
    with pytest.raises(Impossible):
        await shop.settle_refund(refund["id"])


async def test_what_is_disputed_is_not_refunded(shop: Stripe) -> None:
    payment = await ordered(shop)
    await shop.pay(payment.ref)
    await shop.dispute(payment.ref, 600)
    assert shop.held() == {"EUR": 941 - 600 - 1500}
    form = {"payment_intent": payment.data["intent"]}
    answer = await asked(shop, "POST", "/v1/refunds", **form)
    assert answer.json()["error"]["code"] == "charge_disputed"
    for again in (shop.dispute(payment.ref), shop.refund(payment.ref)):
        with pytest.raises(Impossible):
            await again
    await shop.close_dispute(payment.ref, won=True)
    assert shop.held() == {"EUR": 941 - 1500}
    with pytest.raises(Impossible, match="no open dispute"):
        await shop.close_dispute(payment.ref, won=False)
    ends = [about["status"] for type_, about in await told(shop) if type_.endswith("closed")]
    assert ends == ["won"]


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"mode": "subscription"}, "mode"),
        ({"ui_mode": "elements"}, "ui_mode"),
        ({"line_items[0][quantity]": "0"}, "line_items[0][quantity]"),
        ({"line_items[0][quantity]": "two"}, "line_items[0][quantity]"),
        (
            {"line_items[0][price_data][unit_amount]": "4.99"},
            "line_items[0][price_data][unit_amount]",
        ),
        (
            {"line_items[0][price_data][unit_amount]": "-5"},
            "line_items[0][price_data][unit_amount]",
        ),
        ({"line_items[0][price_data][currency]": "xyz"}, "line_items[0][price_data][currency]"),
        (
            {"line_items[0][price_data][product_data][name]": ""},
            "line_items[0][price_data][product_data][name]",
        ),
        ({"line_items[0][price]": "price_1"}, "line_items[0][price]"),
        ({"client_reference_id": "x" * 201}, "client_reference_id"),
        ({"metadata[x]": "y" * 501}, "metadata[x]"),
        ({"metadata": "x"}, "metadata"),
        ({"customer": "cus_none"}, "customer"),
        ({"cancel_url": "/back"}, "cancel_url"),
        ({"payment_intent_data[capture_method]": "soon"}, "payment_intent_data[capture_method]"),
        ({"line_items": "x"}, "line_items"),
    ],
)
async def test_a_session_that_stripe_would_not_make(
    shop: Stripe, change: dict[str, str], param: str
) -> None:
    answer = await asked(shop, "POST", "/v1/checkout/sessions", **(FORM | change))
    assert answer.status_code in (400, 404), answer.text
    error = answer.json()["error"]
    assert (error["type"], error.get("param")) == ("invalid_request_error", param)
    assert shop.payments == []


async def test_lists_that_are_asked_for_wrongly(shop: Stripe) -> None:
    for query in ("limit=0", "limit=101", "starting_after=cs_none", "created[x]=1", "what=1"):
        answer = await asked(shop, "GET", f"/v1/checkout/sessions?{query}")
        assert answer.status_code == 400, query
    payment = await ordered(shop)
    for expand in ("nothing", "payment_intent.a.b.c.d.e"):
        path = f"/v1/checkout/sessions/{payment.ref}?expand[]={expand}"
        assert (await asked(shop, "GET", path)).status_code == 400


async def test_a_page_before_and_after(shop: Stripe) -> None:
    refs = [(await ordered(shop)).ref for _ in range(5)][::-1]
    before = await got(shop, f"/v1/checkout/sessions?limit=2&ending_before={refs[3]}")
    assert ([each["id"] for each in before["data"]], before["has_more"]) == (refs[1:3], True)
    after = await got(shop, f"/v1/checkout/sessions?limit=2&starting_after={refs[2]}")
    assert ([each["id"] for each in after["data"]], after["has_more"]) == (refs[3:], False)
    at = (await got(shop, f"/v1/checkout/sessions/{refs[0]}"))["created"]
    path = f"/v1/checkout/sessions?created[gte]={at + 1}"
    assert (await got(shop, path))["data"] == []
    lines = await got(shop, f"/v1/checkout/sessions/{refs[0]}/line_items")
    assert [(each["description"], each["amount_total"]) for each in lines["data"]] == [
        ("Tea", 1000)
    ]


async def test_all_events_if_they_are_wanted(shop: Stripe) -> None:
    shop.enabled_events = ["*"]
    payment = await ordered(shop)
    await shop.pay(payment.ref)
    assert [type_ for type_, _ in await told(shop)] == [
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]
    (first, *_) = shop.sent
    assert json.loads(first.body) == first.json
    assert first.body.startswith(b'{\n  "id": "evt_')


def test_a_form_in_a_form() -> None:
    text = "a=1&b[c]=2&b[d][0]=3&b[d][1]=4&e[0][f]=5&e[1][f]=6&g[]=7&g[]=8&h=&i%5Bj%5D=%26"
    assert nested(text) == {
        "a": "1",
        "b": {"c": "2", "d": ["3", "4"]},
        "e": [{"f": "5"}, {"f": "6"}],
        "g": ["7", "8"],
        "h": "",
        "i": {"j": "&"},
    }


async def test_what_was_made_in_a_span_of_time(tg: Sandbox, shop: Stripe) -> None:
    made = []
    for _ in range(3):
        made.append((await ordered(shop)).ref)
        await tg.clock.move(100)
    first, second, third = (shop.kind("cs")[ref]["created"] for ref in made)
    for span, found in (
        (f"created[gt]={first}", made[1:]),
        (f"created[gte]={first}&created[lt]={third}", made[:2]),
        (f"created[lte]={second}", made[:2]),
        (f"created={second}", made[1:2]),
    ):
        listed = await got(shop, f"/v1/checkout/sessions?{span}")
        assert [each["id"] for each in listed["data"]] == found[::-1], span
