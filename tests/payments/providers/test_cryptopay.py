"""Crypto Pay: signatures, rounding, and how much goes back."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa.config import Settings
from kassa.errors import Invalid
from kassa.money import EXPONENTS, Money
from kassa.payments.providers.cryptopay import CryptoPay, from_settings
from kassa.payments.providers.cryptopay_wire import report_of, share_of
from kassa.payments.providers.protocol import (
    Callback,
    Incoming,
    Refused,
    Report,
    State,
)
from kassa.secret import Secret
from tests.payments.providers.at_cryptopay import INVOICE, NOW, TOKEN, accepted, back


def ours(*tokens: str) -> CryptoPay:
    return CryptoPay(tokens or (TOKEN,))


def signed(body: bytes, token: str = TOKEN) -> Callback:
    key = hashlib.sha256(token.encode()).digest()
    signature = hmac.new(key, body, hashlib.sha256).hexdigest()
    return Callback(body, {"crypto-pay-api-signature": signature})


def update(**changes: Any) -> bytes:
    return json.dumps(
        {
            "update_id": 7,
            "update_type": "invoice_paid",
            "request_date": "2026-11-17T00:00:00Z",
            "payload": INVOICE | changes,
        }
    ).encode()


# -- callbacks ---------------------------------------------------------------------


def test_a_webhook_is_signed_whole_and_so_needs_no_asking() -> None:
    incoming = accepted(ours(), signed(update()))
    assert incoming == Incoming(
        "invoice_paid:528890",
        "invoice_paid",
        (
            Report(
                "528890",
                State.PAID,
                key="key-1",
                amount=Money(145_00, "RUB"),
                received=Money(362_500_000, "TON"),
                fee=Money(10_875_000, "TON"),
                at=datetime(2026, 11, 20, 11, 59, tzinfo=UTC),
            ),
        ),
    )
    body = update()
    for at in range(0, len(body), 7):
        spoilt = bytes([*body[:at], body[at] ^ 1, *body[at + 1 :]])
        with pytest.raises(Refused):
            ours().verify(replace(signed(body), body=spoilt), at=NOW)


@pytest.mark.parametrize("given", [None, "", "é", "Ω" * 64, "0" * 64, "\udc80"])
def test_a_signature_that_is_none_is_refused(given: str | None) -> None:
    headers = {} if given is None else {"crypto-pay-api-signature": given}
    with pytest.raises(Refused):
        ours().verify(Callback(update(), headers), at=NOW)


def test_while_a_token_changes_both_are_taken() -> None:
    made = from_settings(Settings(cryptopay_token=Secret("1:NEW, 1:OLD")))
    assert made is not None
    accepted(made, signed(update(), "1:NEW"))
    accepted(made, signed(update(), "1:OLD"))
    with pytest.raises(Refused):
        made.verify(signed(update(), "1:OLDER"), at=NOW)
    assert made._client._options["headers"] == {"Crypto-Pay-API-Token": "1:NEW"}
    assert from_settings(Settings()) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"paid_asset": "ETH"},  # 18 decimals: no coin of ours
        {"paid_asset": None},
        {"paid_asset": ["TON"]},
        {"fiat": "rub"},
        {"amount": "-1"},
        {"amount": "1e400"},
        {"amount": "99999999999999999999"},
        {"amount": True},
        {"amount": "NaN"},
        {"amount": {}},
        {"status": "refunded"},
        {"status": 1},
        {"invoice_id": 0},
        {"invoice_id": "x"},
        {"invoice_id": 2**70},
        {"invoice_id": None},
        {"is_swapped": True, "swapped_to": "SOL", "swapped_output": "1"},
    ],
)
def test_what_cannot_be_booked_is_refused_although_it_is_signed(changes: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        accepted(ours(), signed(update(**changes)))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b'{"update_type":"invoice_paid"}',
        b'{"update_type":"invoice_paid","payload":[]}',
        b'{"update_type":"invoice_paid","payload":{"invoice_id":1e999999999999999999999}}',
        b'{"update_type":"' + b"x" * 51 + b'"}',
        b'{"update_type":"check_activated"}',
        b'{"update_type":"invoice_paid","payload":' + b"[" * 100_000,
    ],
)
def test_what_is_no_update_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        accepted(ours(), signed(body))


def test_another_kind_of_update_is_nothing_to_us() -> None:
    incoming = accepted(ours(), signed(b'{"update_type":"check_activated","update_id":5}'))
    assert incoming == Incoming("check_activated:5", "check_activated")


def test_an_invoice_of_somebody_else_keeps_its_own_payload() -> None:
    for theirs in ('{"a":"b"}', "x" * 4000, "line\nline", "", 5):
        (report,) = accepted(ours(), signed(update(payload=theirs))).reports
        assert report.key in ("", '{"a":"b"}', "5")


def test_after_a_swap_what_arrived_is_the_other_coin() -> None:
    swapped = {"is_swapped": True, "swapped_to": "USDT", "swapped_output": 1.8125}
    (report,) = accepted(ours(), signed(update(**swapped))).reports
    assert report.received == Money(1_812_500, "USDT")
    assert report.fee is None  # said in TON, which has not arrived


@given(st.integers(0, 10**24), st.integers(0, 10**22))
def test_the_books_never_hold_what_is_not_there(paid: int, fee: int) -> None:
    """Received down, kept up: with 18 decimals on the wire and 6 in the books."""
    wire = {
        "currency_type": "crypto",
        "asset": "USDT",
        "amount": f"{paid // 10**18}.{paid % 10**18:018}",
        "fee_asset": "USDT",
        "fee_amount": f"{fee // 10**18}.{fee % 10**18:018}",
    }
    report = report_of(INVOICE | wire)
    assert report.amount is not None
    assert report.fee is not None
    down, up = Fraction(paid, 10**12), Fraction(fee, 10**12)
    assert 0 <= down - report.amount.amount < 1
    assert 0 <= report.fee.amount - up < 1


@pytest.mark.parametrize("amount", [Money(5_250_000, "USDT"), Money(145_00, "RUB")])
def test_a_simulated_webhook_comes_back_as_it_was_meant(amount: Money) -> None:
    coins = Money(1_812_501, "USDT") if amount.currency == "RUB" else None
    report = Report(
        "5",
        State.PAID,
        key="key-1",
        amount=amount,
        received=coins,
        fee=Money(54_375, "USDT"),
        at=NOW,
    )
    sent = ours().simulate(report, at=NOW)
    assert accepted(ours(), sent).reports == (report,)
    with pytest.raises(Refused):
        ours().verify(ours().simulate(report, at=NOW, forged=True), at=NOW)


# -- how much goes back ------------------------------------------------------------


@given(st.integers(1, 10**9), st.integers(1, 10**15), st.data())
def test_parts_of_a_refund_never_come_to_more_than_arrived(
    paid: int, arrived: int, data: st.DataObject
) -> None:
    received = Money(arrived, "TON")
    assert share_of(back(paid, paid), received) == received
    first = data.draw(st.integers(0, paid))
    given = []
    for part in (first, paid - first):
        if part and arrived * part // paid:
            given.append(share_of(back(part, paid), received).amount)
    assert sum(given) <= arrived
    assert arrived - sum(given) <= 2 or len(given) < 2


def test_less_than_the_smallest_coin_is_not_given_back() -> None:
    with pytest.raises(Invalid, match="smallest TON"):
        share_of(back(1), Money(14_499, "TON"))
    assert share_of(back(1), Money(14_500, "TON")) == Money(1, "TON")


def test_all_that_is_offered_can_be_booked() -> None:
    for method in ours().methods:
        assert set(method.currencies) <= EXPONENTS.keys()
