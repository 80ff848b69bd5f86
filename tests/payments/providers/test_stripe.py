"""Stripe: its units, its signatures, and what its events say."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa.config import Settings
from kassa.errors import Invalid
from kassa.money import EXPONENTS, Money
from kassa.payments.providers.protocol import Callback, Dispute, Incoming, Refused, Report, State
from kassa.payments.providers.stripe import Stripe, from_settings
from kassa.payments.providers.stripe_reading import from_stripe, of_charge, to_stripe
from kassa.secret import Secret
from tests.payments.providers.at_stripe import ours, usd

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OLD, NEW = "whsec_OLD", "whsec_NEW"


# -- amounts -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        (10_00, "USD", 1000),
        (500, "JPY", 500),  # without decimals
        (5, "UGX", 500),  # without decimals, but counted with two
        (5, "ISK", 500),
        (5_00, "HUF", 500),
        (5_00, "TWD", 500),
        (5_00, "MGA", 5),  # with two, but counted without
        (5_120, "KWD", 5120),
    ],
)
def test_stripe_counts_some_currencies_in_its_own_way(
    amount: int, currency: str, units: int
) -> None:
    assert to_stripe(Money(amount, currency)) == units
    assert from_stripe(units, currency.lower()) == Money(amount, currency)


@pytest.mark.parametrize(("amount", "currency"), [(5_123, "KWD"), (5_01, "MGA"), (5, "USDT")])
def test_what_stripe_cannot_say_is_refused_before_it_is_asked(amount: int, currency: str) -> None:
    with pytest.raises(Invalid):
        to_stripe(Money(amount, currency))


def test_half_a_krona_is_no_amount() -> None:
    with pytest.raises(Invalid):
        from_stripe(550, "isk")


@given(st.integers(1, 10**9), st.sampled_from(sorted(EXPONENTS)))
def test_an_amount_comes_back_as_it_went(amount: int, currency: str) -> None:
    try:
        units = to_stripe(Money(amount, currency))
    except Invalid:
        return
    assert from_stripe(units, currency) == Money(amount, currency)


# -- signatures --------------------------------------------------------------------


def signed(body: bytes, secret: str, at: datetime = NOW, *, more: str = "") -> Callback:
    """As Stripe's pages describe it."""
    stamp = int(at.timestamp())
    right = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return Callback(body, {"stripe-signature": f"t={stamp}{more},v1={right}"})


BODY = b'{"id":"evt_1","type":"ping","livemode":false,"data":{"object":{}}}'


def test_either_secret_is_right_while_they_are_changed() -> None:
    stripe = ours(OLD, NEW)
    for secret in (OLD, NEW):
        stripe.verify(signed(BODY, secret), at=NOW)
    stripe.verify(signed(BODY, NEW, more=f",v1={'0' * 64},v0=abc"), at=NOW)
    with pytest.raises(Refused, match="wrong"):
        stripe.verify(signed(BODY, "whsec_STRANGER"), at=NOW)


def test_the_body_is_signed_to_the_byte() -> None:
    callback = signed(BODY, NEW)
    with pytest.raises(Refused, match="wrong"):
        ours(NEW).verify(replace(callback, body=BODY + b" "), at=NOW)
    odd = b'{"name":"\xff\xfe"}'  # no text at all
    ours(NEW).verify(signed(odd, NEW), at=NOW)


@pytest.mark.parametrize("seconds", [-301, 301, -86_400, 10**9])
def test_a_signature_is_good_for_five_minutes(seconds: int) -> None:
    stripe, callback = ours(NEW), signed(BODY, NEW)
    stripe.verify(callback, at=NOW + timedelta(seconds=300))
    stripe.verify(callback, at=NOW - timedelta(seconds=300))
    with pytest.raises(Refused, match="too old"):
        stripe.verify(callback, at=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=1",
        "v1=abc",
        "t=,v1=",
        "t=1,t=2,v1=a",
        "t=-5,v1=a",
        "t=١,v1=a",
        "t=1,v1=\udc80",
        "t=9" * 2000,
    ],
)
def test_a_header_that_cannot_be_read_is_refused(header: str) -> None:
    with pytest.raises(Refused):
        ours(NEW).verify(Callback(BODY, {"stripe-signature": header}), at=NOW)


def test_without_a_secret_the_endpoint_is_off() -> None:
    with pytest.raises(Refused, match="switched off") as refused:
        ours(" , ").verify(signed(BODY, ""), at=NOW)
    assert refused.value.status == 403


@given(st.binary(max_size=200), st.text(max_size=200))
def test_whatever_comes_is_refused_and_breaks_nothing(body: bytes, header: str) -> None:
    stripe, callback = ours(NEW), Callback(body, {"stripe-signature": header})
    with pytest.raises(Refused):
        stripe.verify(callback, at=NOW)
    with pytest.raises(Refused):
        stripe.parse(callback)


# -- events ------------------------------------------------------------------------


def event(kind: str, thing: dict[str, Any], **more: Any) -> Callback:
    fields = {"id": "evt_1", "type": kind, "livemode": False, "created": 1_700_000_000}
    return Callback(json.dumps(fields | {"data": {"object": thing}} | more).encode(), {})


def test_events_of_the_other_mode_are_refused() -> None:
    thing = {"id": "cs_1", "metadata": {"kassa": "k"}}
    for key, live in (("sk_test_TEST", True), ("sk_live_TEST", False), ("rk_live_TEST", False)):
        with pytest.raises(Refused, match="other mode"):
            ours(key=key).parse(event("checkout.session.expired", thing, livemode=live))
    parsed = ours(key="sk_live_TEST").parse(event("checkout.session.expired", thing, livemode=True))
    assert parsed.reports[0].state is State.EXPIRED


def test_what_is_nothing_to_us_says_nothing() -> None:
    session = {"id": "cs_1", "metadata": {}, "payment_status": "paid"}
    parse = ours().parse
    assert parse(event("customer.created", {"id": "cus_1"})) == Incoming(
        "evt_1", "customer.created"
    )
    assert parse(event("checkout.session.completed", session)).reports == ()  # somebody else's
    expired = event("checkout.session.expired", session | {"metadata": {"kassa": "k"}})
    assert parse(expired).reports
    assert parse(replace(expired, body=expired.body[:-1] + b',"account":"acct_1"}')).reports == ()


def test_a_declined_card_ends_a_charge_but_not_a_page() -> None:
    intent: dict[str, Any] = {
        "id": "pi_1",
        "status": "requires_payment_method",
        "last_payment_error": {"code": "card_declined", "decline_code": "insufficient_funds"},
    }
    parse, kind = ours().parse, "payment_intent.payment_failed"
    assert parse(event(kind, intent | {"metadata": {"kassa": "k"}})).reports == ()
    saved = intent | {"metadata": {"kassa": "k", "kassa_saved": "1"}}
    (report,) = parse(event(kind, saved)).reports
    assert (report.ref, report.state) == ("pi_1", State.FAILED)
    assert report.reason == "insufficient_funds"


def test_what_was_held_and_let_go_is_no_refund() -> None:
    """Stripe counts it as refunded: 10.00 held, 6.00 captured, 1.00 of that given back."""
    charge: dict[str, Any] = {
        "id": "ch_1",
        "payment_intent": "pi_1",
        "status": "succeeded",
        "captured": True,
        "amount": 1000,
        "amount_captured": 600,
        "amount_refunded": 500,
        "currency": "usd",
        "metadata": {"kassa": "k"},
    }
    report = of_charge(charge)
    assert (report.state, report.amount, report.refunded) == (State.PAID, usd(6_00), usd(1_00))
    released = charge | {"captured": False, "refunded": True, "amount_captured": 0}
    assert of_charge(released).state is State.CANCELED


def test_money_that_arrives_in_another_currency() -> None:
    charge: dict[str, Any] = {
        "id": "ch_1",
        "payment_intent": "pi_1",
        "status": "succeeded",
        "captured": True,
        "amount": 1000,
        "amount_captured": 1000,
        "amount_refunded": 0,
        "currency": "usd",
        "balance_transaction": {"id": "txn_1", "amount": 920, "fee": 50, "currency": "eur"},
    }
    report = of_charge(charge)
    assert report.amount == usd(10_00)
    assert (report.received, report.fee) == (Money(920, "EUR"), Money(50, "EUR"))


def test_an_inquiry_moves_no_money() -> None:
    dispute = {"id": "dp_1", "payment_intent": "pi_1", "amount": 100, "currency": "usd"}
    for status in ("warning_needs_response", "warning_under_review", "warning_closed"):
        parsed = ours().parse(event("charge.dispute.created", dispute | {"status": status}))
        assert parsed.reports == ()


def test_a_refund_that_failed_is_a_reason_to_ask() -> None:
    refund = {"id": "re_1", "payment_intent": "pi_1", "status": "failed"}
    incoming = ours().parse(event("refund.failed", refund))
    assert incoming.confirm
    assert incoming.reports == (Report("", State.PAID, charge="pi_1"),)
    assert not ours().parse(event("refund.updated", refund | {"status": "succeeded"})).reports


@pytest.mark.parametrize(
    "report",
    [
        Report("cs_1", State.PAID, "k", "pi_1", usd(5_00)),
        Report("cs_1", State.PROCESSING, "k", "pi_1"),
        Report("cs_1", State.AUTHORIZED, "k", "pi_1", usd(5_00)),
        Report("cs_1", State.FAILED, "k", "pi_1"),
        Report("cs_1", State.EXPIRED, "k"),
        Report("pi_1", State.PAID, "k", "pi_1", usd(5_00)),
        Report("pi_1", State.FAILED, "k", "pi_1", reason="card_declined"),
        Report("", State.PAID, "k", "pi_1", usd(5_00), refunded=usd(2_00)),
        Report("", State.PAID, charge="pi_1", disputes=(Dispute("dp_1", usd(5_00), "open"),)),
        Report("", State.PAID, charge="pi_1", disputes=(Dispute("dp_1", usd(5_00), "lost"),)),
    ],
)
def test_what_is_simulated_is_understood(report: Report) -> None:
    stripe = ours(OLD, NEW)
    callback = stripe.simulate(report, at=NOW)
    stripe.verify(callback, at=NOW)
    (found,) = stripe.parse(callback).reports
    assert replace(found, at=None) == report
    with pytest.raises(Refused, match="wrong"):
        stripe.verify(stripe.simulate(report, at=NOW, forged=True), at=NOW)


def test_without_a_key_there_is_no_stripe() -> None:
    assert from_settings(Settings()) is None
    assert isinstance(from_settings(Settings(stripe_secret_key=Secret("sk_test_TEST"))), Stripe)
