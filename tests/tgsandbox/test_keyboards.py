"""Keyboards: what of a reply_markup is kept, and in which words the rest is refused."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tgsandbox.telegram.errors import ApiError
from tgsandbox.telegram.keyboards import Markup, checked_web_app, has_pay, inline_only, markup_of

Json = dict[str, Any]
INLINE = "can't parse inline keyboard button: "
REPLY = "can't parse keyboard button: "


def markup(value: Any, *, private: bool = True) -> Markup:
    return markup_of(value, private=private, bot_username="shop_bot")


def refused(value: Any, *, private: bool = True) -> str:
    with pytest.raises(ApiError) as caught:
        markup(value, private=private)
    assert caught.value.code == 400
    assert caught.value.description.startswith("Bad Request: ")
    return caught.value.description.removeprefix("Bad Request: ")


def inline(*buttons: Any) -> Json:
    return {"inline_keyboard": [list(buttons)]}


def reply(*buttons: Any) -> Json:
    return {"keyboard": [list(buttons)]}


@pytest.mark.parametrize("value", [None, {}, {"inline_keyboard": []}, {"keyboard": []}])
def test_nothing_is_no_markup(value: Any) -> None:
    assert markup(value) == Markup()
    assert inline_only(value, private=True, bot_username="shop_bot") is None


def test_a_keyboard_without_buttons_is_no_markup() -> None:
    assert markup({"inline_keyboard": [[], []]}) == Markup()
    assert markup(inline({"text": "", "callback_data": "a"})) == Markup()
    assert markup({"keyboard": [[], [""]]}) == Markup()


@pytest.mark.parametrize(
    ("button", "kept"),
    [
        ({"url": "Example.com"}, {"url": "http://example.com/"}),
        ({"url": "tg://user?id=42"}, {"url": "tg://user?id=42"}),
        ({"url": "tg:user?id=42&x=1"}, {"url": "tg://user?id=42"}),
        ({"url": "tg://resolve?domain=x"}, {"url": "tg://resolve?domain=x"}),
        ({"url": "t.me", "callback_data": "a"}, {"url": "http://t.me/"}),
        ({"url": "", "callback_data": "a"}, {"callback_data": "a"}),
        ({"callback_data": "я" * 32}, {"callback_data": "я" * 32}),
        ({"callback_data": 7}, {"callback_data": "7"}),
        ({"callback_data": "\ud800"}, {"callback_data": "INVALID"}),
        ({"pay": False}, {"pay": True}),
        ({"switch_inline_query": ""}, {"switch_inline_query": ""}),
        ({"switch_inline_query_current_chat": "a\tb"}, {"switch_inline_query_current_chat": "a b"}),
        (
            {"switch_inline_query_chosen_chat": {"query": "a", "allow_user_chats": True}},
            {
                "switch_inline_query_chosen_chat": {
                    "query": "a",
                    "allow_user_chats": True,
                    "allow_bot_chats": False,
                    "allow_group_chats": False,
                    "allow_channel_chats": False,
                }
            },
        ),
        (
            {
                "switch_inline_query_chosen_chat": {
                    "allow_user_chats": True,
                    "allow_bot_chats": True,
                    "allow_group_chats": True,
                    "allow_channel_chats": True,
                }
            },
            {"switch_inline_query": ""},
        ),
        ({"login_url": {"url": "https://a.b", "forward_text": "x"}}, {"url": "https://a.b/"}),
        (
            {"login_url": {"url": "https://a.b", "bot_username": "@Shop_Bot"}},
            {"url": "https://a.b/"},
        ),
        ({"web_app": {"url": "HTTPS://A.b?x"}}, {"web_app": {"url": "https://a.b/?x"}}),
        ({"copy_text": {"text": "c" * 256}}, {"copy_text": {"text": "c" * 256}}),
        ({"disabled": {"x": 1}}, {"disabled": {}}),
        (
            {"callback_data": "a", "style": "Danger", "icon_custom_emoji_id": "5"},
            {"icon_custom_emoji_id": "5", "style": "danger", "callback_data": "a"},
        ),
        (
            {"callback_data": "a", "style": "default", "icon_custom_emoji_id": 0},
            {"callback_data": "a"},
        ),
    ],
)
def test_an_inline_button(button: Json, kept: Json) -> None:
    assert markup(inline({"text": "T", **button})) == Markup(inline=inline({"text": "T", **kept}))


@pytest.mark.parametrize(
    ("button", "error"),
    [
        ({"text": None, "pay": True}, f'{INLINE}Field "text" must be of type String'),
        ({"text": True, "pay": True}, f'{INLINE}Field "text" must be of type String'),
        ({}, f"{INLINE}Text buttons are unallowed in the inline keyboard"),
        ({"callback_data": ""}, f"{INLINE}Text buttons are unallowed in the inline keyboard"),
        ({"url": None, "callback_data": "a"}, f'{INLINE}Field "url" must be of type String'),
        ({"url": "not-a-url"}, "inline keyboard button URL 'not-a-url' is invalid: Wrong HTTP URL"),
        (
            {"url": "ftp://example.com"},
            "inline keyboard button URL 'ftp://example.com' is invalid: Unsupported URL protocol",
        ),
        ({"url": "\ud800"}, "inline keyboard button URL is invalid: Wrong HTTP URL"),
        ({"url": "a.b/\ud800"}, "inline keyboard button URL must be encoded in UTF-8"),
        ({"text": "\ud800", "url": "a.b"}, "inline keyboard button text must be encoded in UTF-8"),
        ({"text": "\r", "url": "a.b"}, "inline keyboard button text must be non-empty"),
        (
            {"text": "", "url": "a.b", "icon_custom_emoji_id": "5"},
            "inline keyboard button text must be non-empty",
        ),
        ({"callback_data": "я" * 32 + "a"}, "BUTTON_DATA_INVALID"),
        ({"callback_data": "\ud800" * 22}, "BUTTON_DATA_INVALID"),
        ({"callback_game": {}}, "BUTTON_TYPE_INVALID"),
        (
            {"switch_inline_query": {}},
            f'{INLINE}Field "switch_inline_query" must be of type String',
        ),
        (
            {"switch_inline_query": "\ud800"},
            "inline keyboard button switch inline query must be encoded in UTF-8",
        ),
        (
            {"switch_inline_query_chosen_chat": {"allow_user_chats": "yes"}},
            f'{INLINE}Field "allow_user_chats" must be of type Boolean',
        ),
        (
            {"switch_inline_query_chosen_chat": {"query": "a"}},
            "at least one chat type must be allowed",
        ),
        ({"login_url": "a"}, f'{INLINE}Field "login_url" must be of type Object'),
        ({"login_url": {}}, f'{INLINE}Can\'t find field "url"'),
        (
            {"login_url": {"url": "https://a.b", "request_write_access": "yes"}},
            f'{INLINE}Field "request_write_access" must be of type Boolean',
        ),
        (
            {"login_url": {"url": "https://a.b", "bot_username": "@"}},
            f"{INLINE}LoginUrl bot username is invalid",
        ),
        (
            {"login_url": {"url": "https://a.b", "bot_username": "tele-gram"}},
            f"{INLINE}LoginUrl bot username is invalid",
        ),
        (
            {"login_url": {"url": "https://a.b", "bot_username": "telegram"}},
            'bot "telegram" not found',
        ),
        (
            {"login_url": {"url": "http://localhost"}},
            "inline keyboard button login URL 'http://localhost' is invalid: "
            "Only HTTPS links are allowed",
        ),
        (
            {"login_url": {"url": "tg://user?id=5"}},
            "link to a user can't be used in login URL buttons",
        ),
        (
            {"login_url": {"url": "https://a.b", "forward_text": "\ud800"}},
            "inline keyboard button forward text must be encoded in UTF-8",
        ),
        ({"web_app": "https://a.b"}, f'{INLINE}Field "web_app" must be of type Object'),
        ({"copy_text": "A"}, f'{INLINE}Field "copy_text" must be of type Object'),
        ({"copy_text": {"text": ""}}, "BUTTON_COPY_TEXT_INVALID"),
        ({"copy_text": {"text": "c" * 257}}, "BUTTON_COPY_TEXT_INVALID"),
        (
            {"copy_text": {"text": "\ud800"}},
            "inline keyboard button copied text must be encoded in UTF-8",
        ),
        ({"disabled": True}, f'{INLINE}Field "disabled" must be of type Object'),
        ({"pay": True, "style": "link"}, f"{INLINE}invalid button style specified"),
        (
            {"pay": True, "icon_custom_emoji_id": "x"},
            f'{INLINE}Field "icon_custom_emoji_id" must be a valid Number',
        ),
        (
            {"pay": True, "icon_custom_emoji_id": []},
            f'{INLINE}Field "icon_custom_emoji_id" must be a Number',
        ),
    ],
)
def test_a_refused_inline_button(button: Json, error: str) -> None:
    assert refused(inline({"text": "A", **button})) == error


def test_what_is_no_inline_button() -> None:
    assert refused(inline("A")) == f"{INLINE}InlineKeyboardButton must be an Object"
    assert refused(inline({"pay": True})) == f'{INLINE}Can\'t find field "text"'


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://example.com/app?a=b#c", "https://example.com/app?a=b#c"),
        ("http://localhost:8000/app", "http://localhost:8000/app"),
        ("HTTP://LocalHost", "http://localhost/"),
        ("https://localhost?x", "https://localhost/?x"),
        ("http://127.0.0.1:5173", "http://127.0.0.1:5173/"),
        ("http://[::1]:80/127.0.0.1", "http://[::1]:80/127.0.0.1"),
    ],
)
def test_where_a_mini_app_may_live(url: str, kept: str) -> None:
    button = {"text": "A", "web_app": {"url": url}}
    shown = {"text": "A", "web_app": {"url": kept}}
    assert markup(inline(button)).inline == inline(shown)
    assert markup(reply(button)).keyboard == reply(shown)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("bad", "Only HTTPS links are allowed"),
        ("http://example.com", "Only HTTPS links are allowed"),
        ("http://localhost.example.com", "Only HTTPS links are allowed"),
        ("http://localhost:80@example.com", "Only HTTPS links are allowed"),
        ("http://127.0.0.10", "Only HTTPS links are allowed"),
        ("tg://resolve?domain=x", "Only HTTPS links are allowed"),
        ("tg:https://example.com", "Only HTTPS links are allowed"),
        ("https://example", "Wrong HTTP URL"),
        ("", "URL host is empty"),
        ("http://localhost:0", "Wrong port number specified in the URL"),
        ("https://a b.c", "Disallowed character in URL host"),
    ],
)
def test_where_a_mini_app_may_not_live(url: str, error: str) -> None:
    button = {"text": "A", "web_app": {"url": url}}
    told = f"button Web App URL '{url}' is invalid: {error}"
    assert refused(inline(button)) == f"inline keyboard {told}"
    assert refused(reply(button)) == f"keyboard {told}"


def test_a_mini_app_is_not_a_person() -> None:
    button = {"text": "A", "web_app": {"url": "tg://user?id=5"}}
    told = "link to a user can't be used in Web App URL buttons"
    assert refused(inline(button)) == refused(reply(button)) == told


def test_a_mini_app_opens_in_private_chats_only() -> None:
    button = {"text": "A", "web_app": {"url": "https://a.b"}}
    assert refused(inline(button), private=False) == "BUTTON_TYPE_INVALID"
    told = "web App buttons can be used in private chats only"
    assert refused(reply(button), private=False) == told


def test_the_mini_app_of_a_menu_button() -> None:
    assert checked_web_app({"url": "http://localhost:8000"}) == "http://localhost:8000/"
    for app, error in [
        ({}, "can't parse menu button: Can't find field \"url\""),
        (
            {"url": "http://a.b"},
            "menu button web app URL 'http://a.b' is invalid: Only HTTPS links are allowed",
        ),
    ]:
        with pytest.raises(ApiError) as caught:
            checked_web_app(app)
        assert caught.value.description == f"Bad Request: {error}"


def test_pay_stands_first_or_nowhere() -> None:
    pay = {"text": "Pay", "pay": True}
    other = {"text": "A", "callback_data": "a"}
    rows = [[pay, other], [other]]
    assert has_pay(markup({"inline_keyboard": rows}).inline)
    assert not has_pay(markup(inline(other)).inline)
    assert not has_pay(None)
    assert refused(inline(other, pay)) == "BUTTON_POS_INVALID"
    assert refused({"inline_keyboard": [[pay], [pay]]}) == "BUTTON_POS_INVALID"


@pytest.mark.parametrize(
    ("button", "kept"),
    [
        ({"text": 5}, {"text": "5"}),
        ({"style": "success"}, {"style": "success"}),
        ({"request_contact": True}, {"request_contact": True}),
        ({"request_phone_number": True}, {"request_contact": True}),
        ({"request_contact": False}, {}),
        ({"request_location": True}, {"request_location": True}),
        ({"request_poll": {}}, {"request_poll": {}}),
        ({"request_poll": {"type": "quiz"}}, {"request_poll": {"type": "quiz"}}),
        ({"request_poll": {"type": "x"}}, {"request_poll": {}}),
        (
            {"request_user": {"request_id": "7", "user_is_bot": False}},
            {
                "text": "A",
                "request_users": {"request_id": 7, "user_is_bot": False, "max_quantity": 1},
            },
        ),
        (
            {
                "text": "A",
                "request_users": {"request_id": 7, "max_quantity": 10, "request_name": True},
            },
            {
                "text": "A",
                "request_users": {"request_id": 7, "max_quantity": 10, "request_name": True},
            },
        ),
        (
            {
                "request_chat": {
                    "request_id": 1,
                    "chat_is_forum": False,
                    "chat_is_created": True,
                    "user_administrator_rights": {"can_pin_messages": True, "can_x": False, "y": 1},
                    "bot_is_member": True,
                }
            },
            {
                "request_chat": {
                    "request_id": 1,
                    "chat_is_channel": False,
                    "chat_is_forum": False,
                    "chat_is_created": True,
                    "user_administrator_rights": {"can_pin_messages": True},
                    "bot_is_member": True,
                }
            },
        ),
        (
            {"request_managed_bot": {"request_id": 1, "suggested_name": "B"}},
            {"request_managed_bot": {"request_id": 1, "suggested_name": "B"}},
        ),
    ],
)
def test_a_reply_button(button: Json, kept: Json) -> None:
    assert markup(reply({"text": "A", **button})).keyboard == reply({"text": "A", **kept})


def test_a_text_is_a_reply_button() -> None:
    assert markup(reply("A")) == Markup(keyboard=reply({"text": "A"}))


@pytest.mark.parametrize(
    ("button", "error"),
    [
        (5, f"{REPLY}KeyboardButton must be a String or an Object"),
        ({}, f'{REPLY}Can\'t find field "text"'),
        ({"text": "\x0d"}, "keyboard button text must be non-empty"),
        ("\ud800", "keyboard button text must be encoded in UTF-8"),
        (
            {"text": "A", "request_contact": "yes"},
            f'{REPLY}Field "request_contact" must be of type Boolean',
        ),
        ({"text": "A", "web_app": {}}, f'{REPLY}Can\'t find field "url"'),
        (
            {"text": "A", "request_chat": {"chat_is_channel": True}},
            f'{REPLY}Can\'t find field "request_id"',
        ),
        (
            {"text": "A", "request_chat": {"request_id": 1, "chat_is_forum": "yes"}},
            f'{REPLY}Field "chat_is_forum" must be of type Boolean',
        ),
        (
            {"text": "A", "request_users": {"request_id": 2**31}},
            f'{REPLY}Field "request_id" must be a valid Number',
        ),
        (
            {"text": "A", "request_users": {"request_id": 1, "max_quantity": 999}},
            "BUTTON_QUANTITY_MAX_INVALID",
        ),
        ({"text": "A", "style": "warning"}, f"{REPLY}invalid button style specified"),
    ],
)
def test_a_refused_reply_button(button: Any, error: str) -> None:
    assert refused(reply(button)) == error


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"request_contact": True}, "phone number can be requested in private chats only"),
        ({"request_location": True}, "location can be requested in private chats only"),
        ({"request_poll": {}}, "poll can be requested in private chats only"),
        ({"request_users": {"request_id": 1}}, "users can be requested in private chats only"),
        ({"request_chat": {"request_id": 1}}, "chats can be requested in private chats only"),
        (
            {"request_managed_bot": {"request_id": 1}},
            "managed bots can be requested in private chats only",
        ),
    ],
)
def test_a_group_is_not_asked(asked: Json, error: str) -> None:
    assert refused(reply({"text": "A", **asked}), private=False) == error
    assert markup(reply({"text": "A", **asked})).keyboard


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"remove_keyboard": True}, {"remove_keyboard": True}),
        ({"hide_keyboard": True, "selective": True}, {"remove_keyboard": True, "selective": True}),
        ({"remove_keyboard": True, "input_field_placeholder": "A"}, {"remove_keyboard": True}),
        ({"remove_keyboard": False}, None),
        (
            {"force_reply": True, "input_field_placeholder": "p" * 64, "personal_keyboard": True},
            {"force_reply": True, "input_field_placeholder": "p" * 64, "selective": True},
        ),
        ({"force_reply_keyboard": True}, {"force_reply": True}),
        ({"keyboard": [], "force_reply": True}, {"force_reply": True}),
        (
            {
                "keyboard": [["A"]],
                "resize_keyboard": True,
                "one_time_keyboard": True,
                "is_persistent": True,
                "force_reply": True,
                "selective": True,
                "input_field_placeholder": "p",
            },
            {
                "keyboard": [[{"text": "A"}]],
                "is_persistent": True,
                "resize_keyboard": True,
                "one_time_keyboard": True,
                "force_reply": True,
                "input_field_placeholder": "p",
                "selective": True,
            },
        ),
        (
            {"keyboard": [["A"]], "inline_keyboard": [[{"text": "B", "pay": True}]]},
            {"keyboard": [[{"text": "A"}]]},
        ),
    ],
)
def test_the_other_kinds(value: Json, kept: Json | None) -> None:
    assert markup(value, private=False) == Markup(keyboard=kept)
    if kept is not None:
        kept.pop("selective", None)  # in a private chat there is nobody to choose from
    assert markup(value) == Markup(keyboard=kept)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ([], "object expected as reply markup"),
        ("{}", "object expected as reply markup"),
        ({"inline_keyboard": "bad"}, 'field "inline_keyboard" must be of type Array'),
        ({"inline_keyboard": None}, 'field "inline_keyboard" must be of type Array'),
        (
            {"inline_keyboard": [{"text": "A", "pay": True}]},
            'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
        ),
        ({"keyboard": {}}, 'field "keyboard" must be of type Array'),
        ({"keyboard": ["A"]}, 'field "keyboard" must be an Array of Arrays'),
        ({"remove_keyboard": "yes"}, 'field "remove_keyboard" must be of type Boolean'),
        ({"force_reply": "yes"}, 'field "force_reply" must be of type Boolean'),
        ({"keyboard": [["A"]], "selective": 1}, 'field "selective" must be of type Boolean'),
        (
            {"keyboard": [["A"]], "resize_keyboard": "yes"},
            'field "resize_keyboard" must be of type Boolean',
        ),
        (
            {"force_reply": True, "input_field_placeholder": True},
            'field "input_field_placeholder" must be of type String',
        ),
        ({"force_reply": True, "input_field_placeholder": "p" * 65}, "REPLY_MARKUP_INVALID"),
    ],
)
def test_a_refused_markup(value: Any, error: str) -> None:
    assert refused(value) == error


def test_reading_comes_before_judging() -> None:
    wrong, unreadable = {"text": "A", "url": "x"}, {"text": "A"}
    assert refused(inline(wrong, unreadable)).startswith(INLINE)
    too_long = {"text": "A", "callback_data": "x" * 65}
    assert refused(inline(too_long, wrong)).startswith("inline keyboard button URL")


def test_an_edit_takes_inline_keyboards_only() -> None:
    button = {"text": "A", "callback_data": "a"}
    value = {"inline_keyboard": [[button]], "force_reply": True}
    assert inline_only(value, private=True, bot_username="shop_bot") == value
    for other in ({"keyboard": [["A"]]}, {"remove_keyboard": True}, {"force_reply": True}):
        with pytest.raises(ApiError, match=r"^Bad Request: inline keyboard expected$"):
            inline_only(other, private=True, bot_username="shop_bot")


def test_how_many_inline_buttons_there_may_be() -> None:
    button = {"text": "A", "callback_data": "a"}
    kept = markup({"inline_keyboard": [[button] * 9, [], [button]]}).inline
    assert kept == {"inline_keyboard": [[button] * 8, [button]]}
    hundred = {"inline_keyboard": [[button] * 5] * 20}
    assert markup(hundred).inline == hundred
    assert (
        refused({"inline_keyboard": [[button] * 5] * 20 + [[button]]}) == "reply markup is too long"
    )
    long = {"text": "A" * 64, "callback_data": "a" * 64}
    assert refused({"inline_keyboard": [[long]] * 90}) == "reply markup is too long"
    assert refused({"keyboard": [["A" * 100]] * 100}) == "reply markup is too long"


def test_reply_buttons_beyond_the_bounds_are_left_out() -> None:
    kept = markup({"keyboard": [["A"] * 13, ["B"]]}).keyboard
    assert kept == {"keyboard": [[{"text": "A"}] * 12, [{"text": "B"}]]}
    kept = markup({"keyboard": [["A"] * 10] * 31}).keyboard
    assert kept == {"keyboard": [[{"text": "A"}] * 10] * 30}


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
SCALARS |= st.sampled_from(
    ["\ud800", "https://a.b", "http://localhost:1", "tg://user?id=1", "t.me"]
)
KNOWN = """text style icon_custom_emoji_id url callback_data callback_game pay switch_inline_query
switch_inline_query_chosen_chat switch_inline_query_current_chat login_url web_app copy_text
disabled query allow_user_chats bot_username request_contact request_location request_poll type
request_users request_user request_chat request_managed_bot request_id suggested_name
user_administrator_rights can_pin_messages max_quantity forward_text"""
NAMES = st.sampled_from(KNOWN.split())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=8,
)
BUTTONS = st.builds(
    lambda text, name, value, more: {"text": text, name: value, **more},
    st.text(max_size=3) | SCALARS,
    NAMES,
    VALUES,
    st.dictionaries(NAMES, VALUES, max_size=2),
)
ROWS = st.lists(st.lists(BUTTONS | VALUES, max_size=2) | VALUES, max_size=2) | VALUES
OPTIONS = st.dictionaries(
    st.sampled_from(["selective", "force_reply", "remove_keyboard", "input_field_placeholder"]),
    st.booleans() | SCALARS,
    max_size=2,
)
MARKUPS = st.builds(
    lambda name, rows, options: {name: rows, **options},
    st.sampled_from(["keyboard", "inline_keyboard"]),
    ROWS,
    OPTIONS,
)


@settings(deadline=None, max_examples=500)
@given(MARKUPS | VALUES, st.booleans())
def test_any_json_is_kept_or_refused(value: Any, private: bool) -> None:
    with suppress(ApiError):
        found = markup(value, private=private)
        for kept in (found.inline, found.keyboard):
            json.dumps(kept, ensure_ascii=False).encode()
            assert markup(kept, private=private) in (found, Markup()), "what is kept is kept again"


def test_depth_is_no_danger() -> None:
    deep: Any = "A"
    for _ in range(5_000):
        deep = [deep]
    assert refused({"inline_keyboard": deep}).startswith(INLINE)
    assert refused(inline({"text": deep, "pay": True})).startswith(INLINE)
    assert refused(reply({"text": "A", "web_app": deep})).startswith(REPLY)
