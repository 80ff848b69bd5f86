"""What a payer reads below what they buy, whatever it is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kassa import clock, texts
from kassa.money import Money
from kassa.payments import Checkout, Offer, Payer, Payment, Requisite, Status
from kassa.telegram import Speaker, paying_words

T = Speaker(texts.load("kassa.telegram"), "ru")
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def a_payment(**changes: Any) -> Payment:
    made = Payment(
        *(
            7,
            17,
            "",
            "test.goods",
            "",
            Money(5_00, "USD"),
            "Чай",
            Payer(),
            (),
            "",
            "",
            {},
            False,
            False,
        ),
        *(Status.CREATED, "", "none", None, NOW, NOW + timedelta(minutes=30), None),
    )
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(seconds=20), "ещё 1 минуту"),
        (timedelta(minutes=2, seconds=59), "ещё 2 минуты"),
        (timedelta(minutes=99), "ещё 99 минут"),
        (timedelta(minutes=121), "ещё 2 часа"),
        (timedelta(hours=47), "ещё 47 часов"),
        (timedelta(days=3), "ещё 3 дня"),
    ],
)
def test_how_long_there_is_yet(left: timedelta, words: str) -> None:
    with clock.moved(lambda: NOW):
        payment = a_payment(expires_at=NOW + timedelta(days=30))
        shown = Checkout(url="https://pay.example.com", expires_at=NOW + left)
        assert words in paying_words.page(T, payment, shown, another=False).lines[-1]


def test_a_picture_of_a_code_is_a_link() -> None:
    picture = "https://pay.example.com/qr.png"
    lines = (Requisite("qr", "00020101"), Requisite("qr_image", picture), Requisite("bank", "A&B"))
    with clock.moved(lambda: NOW):
        said = paying_words.page(T, a_payment(), Checkout(requisites=lines), another=False)
    assert "Код для QR: <code>00020101</code>\nБанк: <code>A&amp;B</code>" in said.lines
    assert said.buttons[0] == [
        {"text": "📋 Код для QR", "copy_text": {"text": "00020101"}},
        {"text": "QR-код", "url": picture},
    ]


def test_a_name_that_no_button_can_hold_is_left_out() -> None:
    offers = [Offer("x" * 60, "card"), Offer("x" * 40, "card"), Offer("stripe", "qr")]
    rows = paying_words.ways(T, a_payment(), offers)
    assert [each["callback_data"] for (each,) in rows] == [
        f"pay:with:7:{'x' * 40}:card",
        "pay:with:7:stripe:qr",
    ]
