"""Payloads of invoices: ours are known again, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa.errors import Invalid
from kassa.money import Money
from kassa.payments import payload
from kassa.payments.payload import MOST, Payload
from kassa.secret import Secret

KEY = payload.key_from(Secret("a key of thirty-two characters .."))
ONE = Payload("kassa-0123456789abcdef0123", "123456", 7_000_000_001, Money(250, "XTR"), False)

keys = st.from_regex(r"[A-Za-z0-9._-]{1,26}", fullmatch=True)
amounts = st.integers(0, 10**15)
payloads = st.builds(
    Payload,
    key=keys,
    bot=st.integers(1, 10**12).map(str),
    payer=st.integers(1, 10**12),
    price=st.builds(Money, amounts, st.sampled_from(["XTR", "RUB", "UZS"])),
    subscription=st.booleans(),
)


@given(payloads)
def test_what_is_made_is_read(one: Payload) -> None:
    text = payload.make(KEY, one)
    assert len(text.encode()) <= MOST
    assert payload.read(KEY, text) == one


@given(st.integers(0, 200), st.characters())
def test_no_character_can_be_changed(place: int, character: str) -> None:
    text = payload.make(KEY, ONE)
    place %= len(text)
    changed = text[:place] + character + text[place + 1 :]
    assert (payload.read(KEY, changed) is None) == (changed != text)


@pytest.mark.parametrize(
    "text", ["", "kassa:", "order 17", "k" * 1000, "kassa:\0", None, 17, ["kassa:"], b"kassa:"]
)
def test_what_is_not_ours(text: object) -> None:
    assert payload.read(KEY, text) is None


def test_another_key_makes_another_payload() -> None:
    other = payload.key_from(Secret("another key of thirty-two characters"))
    assert payload.read(other, payload.make(KEY, ONE)) is None


def test_what_cannot_be_said() -> None:
    with pytest.raises(Invalid):
        payload.make(KEY, Payload("a:b", "1", 1, Money(1, "XTR"), False))
