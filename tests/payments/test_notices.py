"""What is told as jobs: what stands in them, and how many at once."""

from datetime import timedelta

import pytest

from kassa.errors import Invalid
from kassa.payments import Button, Message, notices
from tests.telegram.test_paying_words import a_payment


def test_a_plain_notice_is_what_it_always_was() -> None:
    assert notices.to(17, "hello", app="shop", args={"name": "Ann"}) == {
        **{"user": 17, "bot": "", "app": "shop", "text": "hello", "args": {"name": "Ann"}}
    }


def test_buttons_are_kept_as_json_with_what_they_do() -> None:
    rows = [
        [Button("yes", data="shop:yes:7"), Button("look", url="https://example.com/7")],
        [Button("open", page="miniapp/{bot}/")],
        [Button("copied", copy="KEY")],
    ]
    said = notices.to(17, "hello", app="shop", bot="5", buttons=rows, html=True)
    assert said["buttons"] == [
        [
            {"text": "yes", "data": "shop:yes:7"},
            {"text": "look", "url": "https://example.com/7"},
        ],
        [{"text": "open", "page": "miniapp/{bot}/"}],
        [{"text": "copied", "copy": "KEY"}],
    ]
    assert (said["html"], said["bot"]) == (True, "5")


@pytest.mark.parametrize(
    ("does", "words"),
    [
        ({}, "needs one of data, url, page, copy"),
        ({"data": "a", "url": "https://example.com"}, "needs one of"),
        ({"data": "я" * 33}, "longer than 64 bytes"),
    ],
)
def test_a_button_that_telegram_would_not_take_is_not_made(
    does: dict[str, str], words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        Button("x", **does)
    Button("x", data="я" * 32)


def test_what_a_delivery_says_goes_by_the_payments_bot_with_all_of_it() -> None:
    message = Message("ready", {"days": 30}, user=18, buttons=[[Button("a", data="b")]], html=True)
    plain, whole = notices.messages(a_payment(bot="5"), [Message("thanks"), message])
    assert plain.payload == {"user": 17, "bot": "5", "app": "test", "text": "thanks", "args": {}}
    assert whole.kind == notices.TO_PERSON
    assert whole.payload == {
        **{"user": 18, "bot": "5", "app": "test", "text": "ready", "args": {"days": 30}},
        **{"buttons": [[{"text": "a", "data": "b"}]], "html": True},
    }


def test_many_are_said_one_after_another() -> None:
    said = [notices.to(number, "hello", app="shop") for number in range(101)]
    jobs = notices.spread(said, per_second=20)
    assert [each.payload["user"] for each in jobs] == list(range(101))
    assert (jobs[0].after, jobs[100].after) == (timedelta(0), timedelta(seconds=5))
