"""YooKassa: who may call, what a notification says, and how little it proves."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa.config import Settings
from kassa.errors import Invalid
from kassa.payments.providers.protocol import Callback, Item, Payer, Refused, Report, State
from kassa.payments.providers.yookassa import METHODS, from_settings
from kassa.payments.providers.yookassa_shapes import payment_for, report_of
from kassa.secret import Secret
from tests.payments.providers.at_yookassa import order, ours, rub

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


# -- who may call ------------------------------------------------------------------


def called_from(address: str) -> Callback:
    return Callback(b"{}", {}, address=address)


@pytest.mark.parametrize(
    "address", ["185.71.76.1", "77.75.156.35", "2a02:5180:0:1509::7", "::ffff:185.71.77.2"]
)
def test_yookassas_own_networks_may_call(address: str) -> None:
    ours().verify(called_from(address), at=NOW)


@pytest.mark.parametrize("address", ["", "shop", "185.71.78.1", "77.75.156.36", "127.0.0.1", "::1"])
def test_nobody_else_may(address: str) -> None:
    with pytest.raises(Refused) as refused:
        ours().verify(called_from(address), at=NOW)
    assert refused.value.status == 403


def test_without_networks_the_endpoint_is_off_unless_somebody_debugs() -> None:
    with pytest.raises(Refused, match="switched off"):
        ours(yookassa_networks=()).verify(called_from("185.71.76.1"), at=NOW)
    ours(yookassa_networks=(), debug=True).verify(called_from("192.0.2.1"), at=NOW)
    with pytest.raises(Refused):  # where networks are named, they count
        ours(debug=True).verify(called_from("192.0.2.1"), at=NOW)


@pytest.mark.parametrize("host", ["127.0.0.1:8081", "localhost:8081", "[::1]:8081"])
def test_a_sandbox_on_this_machine_may_call(host: str) -> None:
    sandbox = ours(yookassa_base_url=f"http://{host}/v3")
    sandbox.verify(called_from("127.0.0.1"), at=NOW)
    sandbox.verify(called_from("::1"), at=NOW)
    with pytest.raises(Refused):
        sandbox.verify(called_from("192.0.2.1"), at=NOW)


# -- what it says ------------------------------------------------------------------


def said(kind: str, **about: Any) -> Callback:
    thing: dict[str, Any] = {
        "id": "pay-1",
        "status": kind.partition(".")[2],
        "amount": {"value": "500.00", "currency": "RUB"},
        "metadata": {"kassa": "key-1"},
        "recipient": {"account_id": "100500", "gateway_id": "1"},
    }
    return Callback(
        json.dumps({"type": "notification", "event": kind, "object": thing | about}).encode(), {}
    )


def test_every_notification_is_only_a_reason_to_ask() -> None:
    incoming = ours().parse(said("payment.succeeded"))
    assert (incoming.event, incoming.confirm) == ("payment.succeeded:pay-1", True)
    (report,) = incoming.reports
    assert (report.ref, report.key, report.state) == ("pay-1", "key-1", State.PAID)
    assert report.amount == rub(500_00)
    variant = said("payment.succeeded", description="with something else in it")
    assert ours().parse(variant).event == incoming.event
    refund = ours().parse(said("refund.succeeded", id="back-1", payment_id="pay-1"))
    assert refund.event == "refund.succeeded:back-1"
    assert refund.reports == (Report("pay-1", State.PAID),)


def test_what_is_nothing_to_us_says_nothing() -> None:
    assert ours().parse(said("payout.succeeded")).reports == ()


@pytest.mark.parametrize(
    "callback",
    [
        Callback(b"", {}),
        Callback(b"[]", {}),
        Callback(b'{"type":"notification","event":"payment.succeeded"}', {}),
        Callback(b'{"type":"other","event":"payment.succeeded","object":{"id":"1"}}', {}),
        said("payment.succeeded", recipient={"account_id": "100501"}),
        said("payment.succeeded", id=5),
        said("payment.succeeded", id="x" * 65),
        said("payment.succeeded", amount={"value": "5.001", "currency": "RUB"}),
        said("payment.succeeded", amount={"value": 500.0, "currency": "RUB"}),
        said("payment.succeeded", amount={"value": "500.00", "currency": "COW"}),
    ],
)
def test_what_cannot_be_meant_for_us_is_refused(callback: Callback) -> None:
    with pytest.raises(Refused):
        ours().parse(callback)


@given(st.binary(max_size=300))
def test_whatever_comes_is_refused_and_breaks_nothing(body: bytes) -> None:
    with pytest.raises(Refused):
        ours().parse(Callback(body, {}))


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("expired_on_confirmation", State.EXPIRED),
        ("expired_on_capture", State.EXPIRED),
        ("canceled_by_merchant", State.CANCELED),
        ("insufficient_funds", State.FAILED),
        ("something_new", State.FAILED),
    ],
)
def test_a_canceled_payment_says_why(reason: str, state: State) -> None:
    details = {"party": "yoo_money", "reason": reason}
    (report,) = ours().parse(said("payment.canceled", cancellation_details=details)).reports
    assert (report.state, report.reason, report.amount) == (state, reason, None)


@given(st.integers(1, 10**12), st.integers(0, 10**12))
def test_the_fee_is_what_does_not_arrive(amount: int, fee: int) -> None:
    report = report_of(
        {
            "id": "pay-1",
            "status": "succeeded",
            "amount": {"value": f"{amount // 100}.{amount % 100:02}", "currency": "RUB"},
            "income_amount": {
                "value": str(rub(max(amount - fee, 0)).decimal),
                "currency": "RUB",
            },
        }
    )
    assert report.amount == rub(amount)
    assert report.fee == rub(min(fee, amount))
    assert report.refunded == rub(0)


@pytest.mark.parametrize(
    "report",
    [
        Report("pay-1", State.PAID, "key-1", amount=rub(5_00), refunded=rub(0)),
        Report("pay-1", State.AUTHORIZED, "key-1", amount=rub(5_00)),
        Report("pay-1", State.CANCELED, "key-1", reason="canceled_by_merchant"),
        Report("pay-1", State.EXPIRED, "key-1", reason="expired_on_confirmation"),
        Report("pay-1", State.FAILED, "key-1", reason="insufficient_funds"),
    ],
)
def test_what_is_simulated_is_understood(report: Report) -> None:
    yookassa = ours()
    callback = yookassa.simulate(report, at=NOW)
    yookassa.verify(callback, at=NOW)
    (found,) = yookassa.parse(callback).reports
    assert replace(found, at=None) == report
    with pytest.raises(Refused):
        yookassa.verify(yookassa.simulate(report, at=NOW, forged=True), at=NOW)
    given_back = yookassa.parse(yookassa.simulate(replace(report, refunded=rub(1_00)), at=NOW))
    assert given_back.kind == "refund.succeeded"


def test_without_a_shop_there_is_no_yookassa() -> None:
    assert from_settings(Settings(yookassa_shop_id="100500")) is None
    assert from_settings(Settings(yookassa_shop_id="1", yookassa_secret_key=Secret("test_TEST")))


# -- what is asked -----------------------------------------------------------------


def test_a_receipt_has_a_line_for_each_thing() -> None:
    items = [Item("Чай", rub(100_00), 2), Item("Ч" * 200, rub(300_00), vat=6)]
    asked = order(payer=Payer(phone="+79000000000"), items=items)
    receipt = payment_for(asked, METHODS, vat=4, home="")["receipt"]
    assert receipt["customer"] == {"phone": "79000000000"}
    told = [(each["description"], each["quantity"], each["vat_code"]) for each in receipt["items"]]
    assert told == [("Чай", 2, 4), ("Ч" * 128, 1, 6)]
    assert receipt["items"][0]["amount"] == {"value": "100.00", "currency": "RUB"}
    with pytest.raises(Invalid, match="do not come to"):
        payment_for(replace(asked, items=items[:1]), METHODS, vat=4, home="")
    with pytest.raises(Invalid, match="email or phone"):
        payment_for(replace(asked, payer=Payer()), METHODS, vat=4, home="")
    assert "receipt" not in payment_for(asked, METHODS, vat=None, home="")


def test_a_long_description_is_cut() -> None:
    asked = replace(order(return_url=""), description="О" * 500)
    body = payment_for(asked, METHODS, vat=None, home="https://shop.example")
    assert body["description"] == "О" * 128
    assert body["confirmation"]["return_url"] == "https://shop.example"
