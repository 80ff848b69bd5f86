"""What holds for every text: no crash, no crossing, no lost character."""

import html
import json
import re
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tgsandbox.text.telling import entity
from tgsandbox.telegram.text.entities import Entity, ParseError, from_given, parse, utf16_length

TEXTS = st.text(max_size=30) | st.text("ab я🏟\n\r\t.@#$/_*~|`[]()<>!&;\\", max_size=40)
PIECES = """<b> </b> <a\thref='t.me'> </a> <pre> </pre> &lt; * _ __ || ~ ` ``` [ ](t.me) ![
](tg://emoji?id=5) **> \\ 🏟 я @name #tag t.me""".replace("\n", " ").split(" ")
MARKUP = st.lists(st.sampled_from([*PIECES, " ", "\n", "\r", "\n>"]) | TEXTS, max_size=15).map(
    "".join
)
MODES = st.sampled_from([None, "HTML", "Markdown", "MarkdownV2"])


def assert_sound(text: str, entities: list[Entity]) -> None:
    borders = {utf16_length(text[:at]) for at in range(len(text) + 1)}
    assert text == text.rstrip(" \n")
    for each in entities:
        assert each.length > 0
        assert {each.offset, each.end} <= borders
        json.dumps(each.to_dict()).encode()
    for at, outer in enumerate(entities):
        for inner in entities[at + 1 :]:
            assert outer.offset <= inner.offset
            assert inner.offset >= outer.end or inner.end <= outer.end, "crossed"
            if inner.offset < outer.end:
                assert outer.type != inner.type
                assert outer.type not in ("code", "pre", "date_time")


@settings(deadline=None)
@given(MARKUP, MODES)
def test_any_text_is_parsed_or_refused(markup: str, mode: str | None) -> None:
    with suppress(ParseError):
        assert_sound(*parse(markup, mode))


@settings(deadline=None)
@given(
    MARKUP,
    st.lists(
        st.builds(
            entity,
            st.sampled_from(["bold", "italic", "code", "pre", "blockquote", "url", "x"]),
            st.integers(-1, 15),
            st.integers(-1, 8),
        ),
        max_size=5,
    ),
)
def test_any_entities_are_taken_or_refused(text: str, entities: list[dict[str, Any]]) -> None:
    with suppress(ParseError):
        assert_sound(*from_given(text, entities))


@settings(deadline=None)
@given(MARKUP)
def test_escaped_text_comes_back(text: str) -> None:
    plain = parse(text.replace("\0", " "), None)
    assert parse(html.escape(text.replace("\0", " ")), "HTML") == plain
    assert parse(re.sub(r"([\x01-\x7e])", r"\\\1", text.replace("\0", " ")), "MarkdownV2") == plain


@settings(deadline=None)
@given(MARKUP)
def test_what_is_formatted_keeps_its_text(text: str) -> None:
    text = text.replace("\0", " ")
    escaped = re.sub(r"([\x01-\x7e])", r"\\\1", text)
    plain, _ = parse(f"x{text}y", None)
    bold = Entity(type="bold", offset=0, length=utf16_length(plain))
    for markup, mode in (
        (f"<b>x{html.escape(text)}y</b>", "HTML"),
        (f"*x{escaped}y*", "MarkdownV2"),
    ):
        formatted, entities = parse(markup, mode)
        assert formatted == plain
        assert sum(each.length for each in entities if each.type == "bold") == bold.length


@settings(deadline=None)
@given(TEXTS)
def test_utf16_length(text: str) -> None:
    assert utf16_length(text) == len(text.encode("utf-16-le", "surrogatepass")) // 2
