"""Stripe's own SDK against our Stripe."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import stripe

from tests.tgsandbox.providers.hearing import Heard, hearing
from tgsandbox import Sandbox
from tgsandbox.providers.bank import Shop
from tgsandbox.providers.stripe import Stripe

# How the SDK hands a form to httpx, which has another wish.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")


def _events(heard: Heard, secret: str) -> list[stripe.Event]:
    """Each checked by the SDK."""
    return [_checked(body, mark, secret) for body, mark in _got(heard)]


def _got(heard: Heard) -> list[tuple[bytes, str]]:
    return [(body, headers["stripe-signature"]) for _, _, headers, body in heard.requests]


def _checked(body: bytes, mark: str, secret: str) -> stripe.Event:
    event: stripe.Event = stripe.Webhook.construct_event(body, mark, secret)
    return event


@pytest.fixture
async def inbox() -> AsyncIterator[Heard]:
    async with hearing() as found:
        yield found


@pytest.fixture
def shop(tg: Sandbox, inbox: Heard) -> Shop:
    shop = tg.bank.shop("stripe", callback_url=inbox.url)
    assert isinstance(shop, Stripe)
    shop.enabled_events = [  # one for each thing that happens
        each
        for each in shop.enabled_events
        if each not in ("payment_intent.succeeded", "payment_intent.canceled", "refund.failed")
    ]
    return shop


@pytest.fixture
async def client(shop: Shop) -> AsyncIterator[stripe.StripeClient]:
    http = stripe.HTTPXClient(timeout=10)
    yield stripe.StripeClient(
        shop.credentials["secret_key"],
        base_addresses={"api": shop.base_url},
        http_client=http,
        max_network_retries=0,
    )
    await http.close_async()  # type: ignore[no-untyped-call]


def _asked(key: str = "pay-1", amount: int = 1999, **more: Any) -> Any:
    return {
        "mode": "payment",
        "client_reference_id": key,
        "metadata": {"payment": key},
        "payment_intent_data": {"metadata": {"payment": key}},
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "usd",
                    "unit_amount": amount,
                    "product_data": {"name": "A month"},
                },
            }
        ],
        "success_url": "https://shop.example/thanks?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://shop.example/",
        "expires_at": int(time.time()) + 3600,
        **more,
    }


async def test_a_session_is_made_and_paid_and_told(
    client: stripe.StripeClient, shop: Shop, inbox: Heard
) -> None:
    made = await client.v1.checkout.sessions.create_async(_asked())
    assert (made.status, made.payment_status, made.amount_total) == ("open", "unpaid", 1999)
    assert made.payment_intent is None
    assert made.url == shop.page_of(made.id)

    await shop.pay(made.id)
    await shop.delivered()
    found = await client.v1.checkout.sessions.retrieve_async(
        made.id, {"expand": ["payment_intent.latest_charge.balance_transaction", "line_items"]}
    )
    assert (found.status, found.payment_status) == ("complete", "paid")
    intent = found.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert intent.metadata["payment"] == "pay-1"
    charge = intent.latest_charge
    assert isinstance(charge, stripe.Charge)
    moved = charge.balance_transaction
    assert isinstance(moved, stripe.BalanceTransaction)
    assert (moved.amount, moved.fee, moved.net) == (1999, 88, 1911)
    assert found.line_items is not None
    assert found.line_items.data[0].description == "A month"
    assert shop.held() == {"USD": 1911}

    (event,) = _events(inbox, shop.credentials["webhook_secret"])
    assert event.type == "checkout.session.completed"
    assert event.livemode is False
    assert event.data.object["client_reference_id"] == "pay-1"
    listed = await client.v1.events.list_async({"type": "checkout.session.completed"})
    assert [each.id for each in listed.data] == [event.id]


async def test_lists_are_paged_and_filtered(client: stripe.StripeClient, shop: Shop) -> None:
    made = [
        await client.v1.checkout.sessions.create_async(_asked(f"pay-{number}"))
        for number in range(5)
    ]
    first = await client.v1.checkout.sessions.list_async({"limit": 2})
    assert [each.id for each in first.data] == [made[4].id, made[3].id]
    every = [each.id async for each in first.auto_paging_iter()]
    assert every == [each.id for each in reversed(made)]
    later = await client.v1.checkout.sessions.list_async({"created": {"gt": int(time.time()) + 9}})
    assert later.data == []

    await shop.pay(made[1].id)
    paid = await client.v1.checkout.sessions.retrieve_async(made[1].id)
    assert isinstance(paid.payment_intent, str)
    found = await client.v1.checkout.sessions.list_async({"payment_intent": paid.payment_intent})
    assert [each.id for each in found.data] == [made[1].id]


async def test_an_open_session_is_expired_once(
    client: stripe.StripeClient, shop: Shop, inbox: Heard
) -> None:
    made = await client.v1.checkout.sessions.create_async(_asked())
    gone = await client.v1.checkout.sessions.expire_async(made.id)
    assert (gone.status, gone.url) == ("expired", None)
    with pytest.raises(stripe.InvalidRequestError, match="status of expired"):
        await client.v1.checkout.sessions.expire_async(made.id)
    await shop.delivered()
    (event,) = _events(inbox, shop.credentials["webhook_secret"])
    assert event.type == "checkout.session.expired"


async def test_refunds_in_parts_and_not_more(
    client: stripe.StripeClient, shop: Shop, inbox: Heard
) -> None:
    made = await client.v1.checkout.sessions.create_async(_asked())
    await shop.pay(made.id)
    paid = await client.v1.checkout.sessions.retrieve_async(made.id)
    intent = str(paid.payment_intent)

    asked: Any = {"payment_intent": intent, "amount": 500}
    once = await client.v1.refunds.create_async(asked, {"idempotency_key": "refund-1"})
    again = await client.v1.refunds.create_async(asked, {"idempotency_key": "refund-1"})
    assert (once.id, once.status, once.amount) == (again.id, "succeeded", 500)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded") as too_much:
        await client.v1.refunds.create_async({"payment_intent": intent, "amount": 1500})
    assert too_much.value.param == "amount"
    await client.v1.refunds.create_async({"payment_intent": intent})
    with pytest.raises(stripe.InvalidRequestError) as nothing_left:
        await client.v1.refunds.create_async({"payment_intent": intent})
    assert nothing_left.value.code == "charge_already_refunded"

    listed = await client.v1.refunds.list_async({"payment_intent": intent})
    assert [each.amount for each in listed.data] == [1499, 500]
    assert shop.held() == {"USD": -88}
    await shop.delivered()
    types = [each.type for each in _events(inbox, shop.credentials["webhook_secret"])]
    assert sorted(types) == [
        "charge.refunded",
        "charge.refunded",
        "checkout.session.completed",
        "refund.updated",
        "refund.updated",
    ]


async def test_money_is_held_and_part_of_it_taken(client: stripe.StripeClient, shop: Shop) -> None:
    data: Any = {"capture_method": "manual"}
    made = await client.v1.checkout.sessions.create_async(_asked(payment_intent_data=data))
    await shop.authorize(made.id)
    session = await client.v1.checkout.sessions.retrieve_async(made.id)
    assert (session.status, session.payment_status) == ("complete", "unpaid")
    intent = await client.v1.payment_intents.retrieve_async(str(session.payment_intent))
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 1999)
    assert shop.held() == {}

    with pytest.raises(stripe.InvalidRequestError) as too_much:
        await client.v1.payment_intents.capture_async(intent.id, {"amount_to_capture": 2000})
    assert too_much.value.code == "amount_too_large"
    taken = await client.v1.payment_intents.capture_async(intent.id, {"amount_to_capture": 1000})
    assert (taken.status, taken.amount_received) == ("succeeded", 1000)
    assert shop.held() == {"USD": 1000 - 59}
    with pytest.raises(stripe.InvalidRequestError) as over:
        await client.v1.payment_intents.cancel_async(intent.id)
    assert over.value.code == "payment_intent_unexpected_state"


async def test_a_saved_card_is_charged_later(client: stripe.StripeClient, shop: Shop) -> None:
    data: Any = {"setup_future_usage": "off_session"}
    made = await client.v1.checkout.sessions.create_async(_asked(payment_intent_data=data))
    await shop.pay(made.id)
    session = await client.v1.checkout.sessions.retrieve_async(
        made.id, {"expand": ["payment_intent"]}
    )
    first = session.payment_intent
    assert isinstance(first, stripe.PaymentIntent)
    assert first.customer == session.customer

    asked: Any = {
        "amount": 1999,
        "currency": "usd",
        "customer": first.customer,
        "payment_method": first.payment_method,
        "off_session": True,
        "confirm": True,
        "metadata": {"client_reference_id": "renewal-1"},
    }
    renewed = await client.v1.payment_intents.create_async(asked)
    assert renewed.status == "succeeded"
    assert shop.payments[-1].key == "renewal-1"
    assert shop.held() == {"USD": 2 * 1911}

    shop.fault("charge", "card_declined")
    with pytest.raises(stripe.CardError) as declined:
        await client.v1.payment_intents.create_async(asked)
    assert (declined.value.code, declined.value.http_status) == ("card_declined", 402)
    assert shop.held() == {"USD": 2 * 1911}


async def test_errors_as_the_sdk_knows_them(client: stripe.StripeClient, shop: Shop) -> None:
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key"):
        await client.v1.balance.retrieve_async(options={"api_key": "sk_test_OTHER"})
    with pytest.raises(stripe.InvalidRequestError) as nothing:
        await client.v1.checkout.sessions.retrieve_async("cs_test_none")
    assert (nothing.value.code, nothing.value.http_status) == ("resource_missing", 404)
    for wrong, param in (
        ({"mode": None}, "mode"),
        ({"line_items": None}, "line_items"),
        ({"success_url": None}, "success_url"),
        ({"success_url": "nowhere"}, "success_url"),
        ({"customer_email": "nobody"}, "customer_email"),
        ({"expires_at": int(time.time()) + 60}, "expires_at"),
        ({"expires_at": int(time.time()) + 90_000}, "expires_at"),
        ({"surprise": "1"}, "surprise"),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await client.v1.checkout.sessions.create_async(_asked(**wrong))
        assert refused.value.param == param
    with pytest.raises(stripe.InvalidRequestError) as small:
        await client.v1.checkout.sessions.create_async(_asked(amount=49))
    assert small.value.code == "amount_too_small"
    assert shop.payments == []
    shop.fault("create", "limit")
    with pytest.raises(stripe.RateLimitError):
        await client.v1.checkout.sessions.create_async(_asked())


async def test_a_key_is_good_for_one_call(client: stripe.StripeClient, shop: Shop) -> None:
    asked, options = _asked(), {"idempotency_key": "create-1"}
    once = await client.v1.checkout.sessions.create_async(asked, options)  # type: ignore[arg-type]
    again = await client.v1.checkout.sessions.create_async(asked, options)  # type: ignore[arg-type]
    assert once.id == again.id
    assert again.last_response is not None
    assert again.last_response.headers["idempotent-replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError):
        await client.v1.checkout.sessions.create_async(_asked("pay-2"), options)  # type: ignore[arg-type]
    shop.fault("create", "conflict")
    with pytest.raises(stripe.StripeError) as busy:
        await client.v1.checkout.sessions.create_async(_asked("pay-3"))
    assert busy.value.error is not None
    assert (busy.value.http_status, busy.value.error.code) == (409, "idempotency_key_in_use")
    assert len(shop.payments) == 1


async def test_a_stored_500_is_said_again_until_the_key_is_forgotten(
    client: stripe.StripeClient, shop: Shop, tg: Sandbox
) -> None:
    asked, options = _asked(expires_at=int(time.time()) + 86_000), {"idempotency_key": "create-1"}
    shop.fault("create", "error_after")
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            await client.v1.checkout.sessions.create_async(asked, options)  # type: ignore[arg-type]
    assert len(shop.payments) == 1
    await tg.clock.move(days=1, seconds=1)
    asked["expires_at"] += 86_401
    await client.v1.checkout.sessions.create_async(asked, options)  # type: ignore[arg-type]
    assert len(shop.payments) == 2


async def test_an_answer_that_never_comes(client: stripe.StripeClient, shop: Shop) -> None:
    shop.fault("create", "timeout_before")
    with pytest.raises(stripe.APIConnectionError):
        await client.v1.checkout.sessions.create_async(_asked())
    assert shop.payments == []
    shop.fault("create", "timeout_after")
    options: Any = {"idempotency_key": "create-1"}
    with pytest.raises(stripe.APIConnectionError):
        await client.v1.checkout.sessions.create_async(_asked(), options)
    assert len(shop.payments) == 1
    found = await client.v1.checkout.sessions.create_async(_asked(), options)
    assert (found.id, len(shop.payments)) == (shop.payments[0].ref, 1)


async def test_two_signatures_while_the_secret_changes(
    client: stripe.StripeClient, shop: Shop, inbox: Heard
) -> None:
    old = shop.credentials["webhook_secret"]
    new = shop.rotate(overlap=86_400)["webhook_secret"]
    made = await client.v1.checkout.sessions.create_async(_asked())
    await shop.pay(made.id)
    await shop.delivered()
    assert old != new
    assert [each.id for each in _events(inbox, old)] == [each.id for each in _events(inbox, new)]
    assert _got(inbox)[0][1].count("v1=") == 2


async def test_what_the_sdk_must_not_believe(
    client: stripe.StripeClient, shop: Shop, inbox: Heard
) -> None:
    made = await client.v1.checkout.sessions.create_async(_asked())
    shop.fault_in_callbacks("bad_signature")
    shop.fault_in_callbacks("old")
    await shop.pay(made.id)
    await shop.refund(made.id, 100)
    await shop.delivered()
    secret = shop.credentials["webhook_secret"]
    wrong: dict[str, str] = {}
    for body, mark in _got(inbox)[:3]:
        try:
            wrong[_checked(body, mark, secret).type] = ""
        except stripe.SignatureVerificationError as error:
            wrong[str(error).split(" ")[0]] = str(error)
    assert sorted(wrong) == ["No", "Timestamp", "refund.updated"]


async def test_a_dispute_is_lost(client: stripe.StripeClient, shop: Shop, inbox: Heard) -> None:
    made = await client.v1.checkout.sessions.create_async(_asked())
    await shop.pay(made.id)
    await shop.dispute(made.id)
    (dispute,) = (await client.v1.disputes.list_async()).data
    assert (dispute.status, dispute.amount) == ("needs_response", 1999)
    assert [each.net for each in dispute.balance_transactions] == [-1999 - 1500]
    await shop.close_dispute(made.id, won=False)
    assert (await client.v1.disputes.retrieve_async(dispute.id)).status == "lost"
    assert shop.held() == {"USD": 1911 - 1999 - 1500}
    moved = await client.v1.balance_transactions.list_async()
    assert sum(each.net for each in moved.data) == shop.held()["USD"]
    await shop.delivered()
    types = {each.type for each in _events(inbox, shop.credentials["webhook_secret"])}
    assert {"charge.dispute.created", "charge.dispute.closed"} <= types


async def test_the_account_its_balance_and_where_events_go(
    client: stripe.StripeClient, shop: Shop, inbox: Heard, tg: Sandbox
) -> None:
    (endpoint,) = (await client.v1.webhook_endpoints.list_async()).data
    assert (endpoint.url, endpoint.status) == (inbox.url, "enabled")
    assert "checkout.session.completed" in endpoint.enabled_events
    moved = await client.v1.webhook_endpoints.create_async(
        {"url": "https://shop.example/hook", "enabled_events": ["*"]}
    )
    assert moved.secret == shop.credentials["webhook_secret"]
    assert shop.callback_url == "https://shop.example/hook"
    assert (await client.v1.accounts.retrieve_current_async()).charges_enabled

    shop.callback_url = ""
    made = await client.v1.checkout.sessions.create_async(_asked())
    await shop.pay(made.id)
    balance = await client.v1.balance.retrieve_async()
    assert [each.amount for each in balance.pending] == [1911]
    await tg.clock.move(days=2, seconds=1)
    balance = await client.v1.balance.retrieve_async()
    assert [each.amount for each in balance.available] == [1911]
