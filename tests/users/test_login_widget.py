"""The Login Widget's data, checked by the token of one of our bots."""

from datetime import timedelta
from typing import Any

import pytest
from aiogram.utils.auth_widget import check_signature
from hypothesis import given
from hypothesis import strategies as st

from kassa.secret import Secret
from kassa.users.login_widget import WidgetLogin, WrongLogin, verify
from tests.users.conftest import BOT, NOON, OTHER_BOT, PATIENT, widget

NAMES: dict[str, Any] = {
    "first_name": "Имя",
    "username": "name",
    "photo_url": "https://t.me/i/x.jpg",
}


def read(data: dict[str, Any]) -> WidgetLogin:
    return verify(data, tokens=[Secret(BOT)], at=NOON)


def test_what_telegram_signed_is_read() -> None:
    data = widget(1001, **NAMES)
    assert read(data) == WidgetLogin(
        1001, "Имя", "", "name", "https://t.me/i/x.jpg", auth_date=NOON
    )
    assert check_signature(BOT, **data)  # aiogram agrees


def test_numbers_may_be_texts_as_in_a_query() -> None:
    data = {name: str(value) for name, value in widget(1001, **NAMES).items()}
    assert read(data).id == 1001


def test_of_several_bots_any_may_have_signed() -> None:
    tokens = [Secret(OTHER_BOT), Secret(BOT)]
    assert verify(widget(1001), tokens=tokens, at=NOON).id == 1001


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({}, "hash is missing"),
        ({**widget(1001), "id": 1002}, "token"),
        ({**widget(1001), "more": "x"}, "token"),
        (widget(1001, token=OTHER_BOT), "token"),
        ({**widget(1001), "hash": "é" * 64}, "64 hex"),
        ({**widget(1001), "hash": 5}, "64 hex"),
        ({**widget(1001), "hash": None}, "neither"),
        ({**widget(1001), "id": True}, "neither"),
        ({**widget(1001), "id": 1001.0}, "neither"),
        ({**widget(1001), "id": [1001]}, "neither"),
        ({**widget(1001), "id": 10**5000}, "neither"),
        ({**widget(1001), "photo_url": "x" * 5000}, "longer"),
        ({**widget(1001), "first_name": "\ud800"}, "Unicode"),
        ({**widget(1001), "first_name": "a\nid=1002"}, "line break"),
        ({**widget(1001), "a=b": "c"}, "name"),
        (widget(1001, at=NOON - timedelta(hours=25)), "too long ago"),
        (widget(1001, at=NOON + timedelta(minutes=2)), "future"),
        (widget(0), "positive"),
        (widget(-5), "positive"),
        (widget(10**18), "positive"),
    ],
)
def test_what_is_refused(data: dict[str, Any], why: str) -> None:
    with pytest.raises(WrongLogin, match=why) as error:
        read(data)
    assert error.value.status == 401


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())


@PATIENT
@given(
    st.dictionaries(st.sampled_from(["id", "hash", "auth_date", "first_name"]) | st.text(), VALUES)
)
def test_nothing_raises_anything_else(data: dict[str, Any]) -> None:
    for each in (data, {**widget(1001), **data, "more": ""}):
        with pytest.raises(WrongLogin):
            read(each)
