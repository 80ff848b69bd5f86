"""A button that belongs to one person, and who may press it."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa.errors import Invalid
from kassa.telegram import buttons
from kassa.users import User

AT = datetime(2026, 1, 1, tzinfo=UTC)


def user(number: int) -> User:
    return User(
        number, uuid4(), 1000 + number, "A", "", "", "ru", "", False, "", None, "C", None, None, AT
    )


@given(st.text(max_size=20), st.integers(1, 2**63 - 1), st.integers(1, 2**63 - 1))
def test_only_its_owner_opens_it(data: str, owner: int, other: int) -> None:
    if buttons.opened(data, owner) != data:  # it looks like somebody's already
        return
    closed = buttons.owned(data, user(owner)) if len(data.encode()) < 40 else ""
    if closed:
        assert buttons.opened(closed, owner) == data
        assert (buttons.opened(closed, other) == data) == (owner == other)


def test_what_is_nobodys_is_everybodys() -> None:
    for data in ("buy", "channel:@name", "sort~asc", "~@", "a~@UPPER", "a~@not one"):
        assert buttons.opened(data, 17) == data


def test_the_owner_is_written_shortly() -> None:
    assert buttons.owned("buy:12", user(17)) == "buy:12~@h"
    assert len(buttons.owned("", user(2**63 - 1))) == 15


def test_more_than_telegram_takes_is_told_when_it_is_made() -> None:
    assert len(buttons.owned("x" * 61, user(17))) == 64
    with pytest.raises(Invalid, match=r"1 to 64 bytes; 'x+~@h' has 65"):
        buttons.owned("x" * 62, user(17))
    with pytest.raises(Invalid, match="has 66"):
        buttons.fitting("ж" * 33)
    with pytest.raises(Invalid, match="has 0"):
        buttons.fitting("")


def test_it_has_one_owner() -> None:
    with pytest.raises(Invalid, match="belongs to somebody already"):
        buttons.owned(buttons.owned("buy", user(17)), user(18))
