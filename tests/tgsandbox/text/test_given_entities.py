"""Entities that a request gives instead of markup."""

from typing import Any

import pytest

from tests.tgsandbox.text.telling import entity, told
from tgsandbox.telegram.text.entities import ParseError, from_given


@pytest.mark.parametrize(
    ("given_entities", "kept"),
    [
        ([("italic", 1, 1), ("italic", 0, 1)], ["italic 0+2"]),
        ([("italic", 0, 2), ("bold", 1, 2)], ["italic 0+1", "bold 1+2", "italic 1+1"]),
        ([("underline", 0, 2), ("spoiler", 0, 1)], ["underline 0+2", "spoiler 0+1"]),
        ([("pre", 1, 1), ("bold", 0, 3)], ["bold 0+1", "pre 1+1", "bold 2+1"]),
        ([("code", 0, 3), ("pre", 0, 3)], ["pre 0+3"]),
        ([("code", 0, 2), ("pre", 1, 2)], ["code 0+2"]),
        ([("blockquote", 0, 3), ("code", 1, 1)], ["blockquote 0+3", "code 1+1"]),
        ([("code", 0, 3), ("blockquote", 1, 1)], ["blockquote 1+1"]),
        ([("blockquote", 0, 3), ("expandable_blockquote", 1, 1)], ["blockquote 0+3"]),
        ([("bold", 0, 0), ("url", 0, 3), ("mention", 0, 3)], []),
    ],
)
def test_nesting(given_entities: list[tuple[str, int, int]], kept: list[str]) -> None:
    text, entities = from_given("abc", [entity(*each) for each in given_entities])
    assert (text, told(entities)) == ("abc", kept)


def test_given_entities_with_more_to_say() -> None:
    text, entities = from_given(
        "a👍b c d e",
        [
            entity("custom_emoji", 1, 2, custom_emoji_id="5"),
            entity("text_link", 3, 1, url="T.me"),
            entity("text_mention", 5, 1, user={"id": 42, "first_name": "Ann"}),
            entity("pre", 7, 1, language="sh"),
            entity("date_time", 9, 1, unix_time=5, date_time_format="Ddt"),
        ],
    )
    assert [each.to_dict() for each in entities] == [
        {"type": "custom_emoji", "offset": 1, "length": 2, "custom_emoji_id": "5"},
        {"type": "text_link", "offset": 3, "length": 1, "url": "http://t.me/"},
        {"type": "text_mention", "offset": 5, "length": 1, "user": {"id": 42}},
        {"type": "pre", "offset": 7, "length": 1, "language": "sh"},
        {
            "type": "date_time",
            "offset": 9,
            "length": 1,
            "unix_time": 5,
            "date_time_format": "dt",
        },
    ]
    assert text == "a👍b c d e"
    moment = entity("date_time", 0, 1, unix_time="5", date_time_format="R")
    assert told(from_given("a", [moment])[1]) == ["date_time 0+1 5 r"]
    link = entity("text_link", 0, 1, url="tg://user?id=8")
    assert told(from_given("a", [link])[1]) == ["text_mention 0+1 {'id': 8}"]


NOT_ENTITY = "can't parse MessageEntity: "


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("bold", NOT_ENTITY + "expected an Object"),
        ({"offset": 0, "length": 1}, NOT_ENTITY + 'Can\'t find field "type"'),
        ({"type": "bold", "length": 1}, NOT_ENTITY + 'Can\'t find field "offset"'),
        (entity("bold", 0, True), NOT_ENTITY + 'Field "length" must be a Number'),
        ({"offset": 0.5}, NOT_ENTITY + 'Field "offset" must be a valid Number'),
        (entity("", 0, 1), NOT_ENTITY + "Type is not specified"),
        (entity("blink", 0, 1), NOT_ENTITY + "Unsupported type specified"),
        (entity("text_link", 0, 1), NOT_ENTITY + 'Can\'t find field "url"'),
        (entity("pre", 0, 1, language=[]), NOT_ENTITY + 'Field "language" must be of type String'),
        (entity("text_mention", 0, 1), NOT_ENTITY + 'Can\'t find field "user"'),
        (entity("text_mention", 0, 1, user=1), NOT_ENTITY + 'Field "user" must be of type Object'),
        (
            entity("date_time", 0, 1, unix_time=1, date_time_format="x"),
            NOT_ENTITY + "Invalid date-time format specified",
        ),
        (entity("date_time", 0, 1, unix_time=0), "invalid date specified"),
        (entity("text_mention", 0, 1, user={"id": 0}), "user not found"),
        (
            entity("custom_emoji", 0, 1, custom_emoji_id="0"),
            "invalid custom emoji identifier specified",
        ),
        (entity("pre", 0, 1, language="\ud83d"), "strings must be encoded in UTF-8"),
        (entity("bold", -1, 1), "receive an entity with incorrect offset -1"),
        (entity("bold", 0, -1), "receive an entity with incorrect length -1"),
        (entity("bold", 6, 1), "entity begins after the end of the text at UTF-16 offset 6"),
        (
            entity("bold", 1, 9),
            "entity beginning at UTF-16 offset 1 "
            "ends after the end of the text at UTF-16 offset 10",
        ),
        (
            entity("bold", 2, 1),
            "entity begins in a middle of a UTF-16 symbol at byte offset 6",
        ),
        (
            entity("bold", 0, 2),
            "entity beginning at UTF-16 offset 0 "
            "ends in a middle of a UTF-16 symbol at byte offset 6",
        ),
    ],
)
def test_given_entities_that_are_wrong(value: Any, reason: str) -> None:
    with pytest.raises(ParseError) as caught:
        from_given("я👍ab", [value])
    assert caught.value.description == reason


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("T.me", "http://t.me/"),
        ("http://u:p@x.com:080?a b#c ", "http://u:p@x.com:80/?a%20b#c"),
        ("http://[::1]/x", "http://[::1]/x"),
        ("я.рф/я", "http://я.рф/я"),
        ("TG:resolve/?a=b", "tg://resolve?a=b"),
        ("tonsite://x.ton/", "tonsite://x.ton/"),
    ],
)
def test_links_are_rewritten(url: str, kept: str) -> None:
    assert from_given("a", [entity("text_link", 0, 1, url=url)])[1][0].url == kept


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("x", "Wrong HTTP URL"),
        ("ftp://x.com", "Unsupported URL protocol"),
        ("x.com:99999", "Wrong port number specified in the URL"),
        ("x.com:", "Wrong port number specified in the URL"),
        ("http://", "URL host is empty"),
        ("http://./", "Host is invalid"),
        ("http://[::g]/", "Wrong IPv6 address specified in the URL"),
        ("x .com", "Disallowed character in URL host"),
        ("x%2.com", "Wrong percent-encoded symbol in URL host"),
        ("tg:https://x", "Wrong tg URL"),
        ("ton://x:80", "Wrong ton URL"),
        ("tg://x.y", "Unallowed characters in URL host"),
    ],
)
def test_links_are_refused(url: str, reason: str) -> None:
    with pytest.raises(ParseError) as caught:
        from_given("a", [entity("text_link", 0, 1, url=url)])
    assert caught.value.description == f"entity URL '{url}' is invalid: {reason}"
