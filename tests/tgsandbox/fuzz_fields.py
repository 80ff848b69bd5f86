"""What random calls are made of: the fields of each method, and what may well stand in them."""

from typing import Any

from hypothesis import strategies as st

from tests.tgsandbox.methods.place import png

Json = dict[str, Any]

SENDING = (
    "chat_id message_thread_id reply_parameters reply_to_message_id reply_markup protect_content "
    "allow_sending_without_reply message_effect_id disable_notification"
)
CAPTION = "caption parse_mode caption_entities show_caption_above_media has_spoiler"
EDITING = "chat_id message_id inline_message_id reply_markup"
FIELDS = {
    "sendmessage": f"{SENDING} text parse_mode entities link_preview_options",
    "sendlocation": f"{SENDING} latitude longitude horizontal_accuracy live_period",
    "sendvenue": f"{SENDING} latitude longitude title address",
    "sendcontact": f"{SENDING} phone_number first_name last_name vcard",
    "senddice": f"{SENDING} emoji",
    "sendchataction": "chat_id action",
    "forwardmessage": f"{SENDING} from_chat_id message_id",
    "forwardmessages": f"{SENDING} from_chat_id message_ids",
    "copymessage": f"{SENDING} from_chat_id message_id {CAPTION}",
    "copymessages": f"{SENDING} from_chat_id message_ids remove_caption",
    "deletemessage": "chat_id message_id",
    "deletemessages": "chat_id message_ids",
    "setmessagereaction": "chat_id message_id reaction",
    "editmessagetext": f"{EDITING} text parse_mode entities link_preview_options",
    "editmessagecaption": f"{EDITING} {CAPTION}",
    "editmessagemedia": f"{EDITING} media",
    "editmessagereplymarkup": EDITING,
    **{
        f"send{kind.replace('_', '')}": f"{SENDING} {CAPTION} {kind} thumbnail duration width title"
        for kind in (
            "photo",
            "document",
            "voice",
            "audio",
            "video",
            "animation",
            "video_note",
            "sticker",
        )
    },
    "sendmediagroup": f"{SENDING} media",
    "sendpaidmedia": f"{SENDING} {CAPTION} media star_count payload",
    "getfile": "file_id",
    "getchat": "chat_id",
    "getchatmember": "chat_id user_id",
    "getchatmembercount": "chat_id",
    "getchatadministrators": "chat_id",
    "leavechat": "chat_id",
    "banchatmember": "chat_id user_id until_date",
    "unbanchatmember": "chat_id user_id only_if_banned",
    "restrictchatmember": "chat_id user_id permissions until_date use_independent_chat_permissions",
    "promotechatmember": "chat_id user_id can_pin_messages can_promote_members",
    "createchatinvitelink": "chat_id name expire_date member_limit creates_join_request",
    "exportchatinvitelink": "chat_id",
    "editchatinvitelink": "chat_id invite_link name expire_date member_limit creates_join_request",
    "revokechatinvitelink": "chat_id invite_link",
    "approvechatjoinrequest": "chat_id user_id",
    "declinechatjoinrequest": "chat_id user_id",
    "setchattitle": "chat_id title",
    "setchatdescription": "chat_id description",
    "pinchatmessage": "chat_id message_id",
    "unpinchatmessage": "chat_id message_id",
    "unpinallchatmessages": "chat_id",
    "getuserprofilephotos": "user_id offset limit",
    "setmycommands": "commands scope language_code",
    "getmycommands": "scope language_code",
    "deletemycommands": "scope language_code",
    "setmyname": "name language_code",
    "getmyname": "language_code",
    "setmydescription": "description language_code",
    "getmydescription": "language_code",
    "setmyshortdescription": "short_description language_code",
    "getmyshortdescription": "language_code",
    "setchatmenubutton": "chat_id menu_button",
    "getchatmenubutton": "chat_id",
    "answercallbackquery": "callback_query_id text show_alert url",
    "answerinlinequery": "inline_query_id results next_offset button",
    "answerwebappquery": "web_app_query_id result",
    "savepreparedinlinemessage": "user_id result",
    "getupdates": "offset limit allowed_updates",
    "setwebhook": "url secret_token max_connections allowed_updates drop_pending_updates",
    "deletewebhook": "drop_pending_updates",
    "sendinvoice": f"{SENDING} title description payload currency prices provider_token "
    "max_tip_amount suggested_tip_amounts provider_data photo_url need_name is_flexible",
    "createinvoicelink": "title description payload currency prices provider_token "
    "subscription_period",
    "answershippingquery": "shipping_query_id ok shipping_options error_message",
    "answerprecheckoutquery": "pre_checkout_query_id ok error_message",
    "refundstarpayment": "user_id telegram_payment_charge_id",
    "getstartransactions": "offset limit",
    "edituserstarsubscription": "user_id telegram_payment_charge_id is_canceled",
}

CHARACTERS = st.characters(blacklist_categories=["Cs"])
TOLD = [
    *["", " ", "a", "Чай", "<b>a</b>", "<b>a", "*a* _b_ [c](http://d.e)", "x" * 4097, "😀" * 2048],
    *["/start", "@shop_bot #чай $TEA a@b.co https://a.b", "<a href='tg://user?id=1'>a</a>", "\0"],
    *["<pre><code class='language-x'>a</code></pre>", ">a\n>b||", "&#x1F600;&lt;&#0;", "a\u202eb"],
]
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=40),
    st.text("<>/b&;*_`[]()|~\\\n >a😀", max_size=30),
)
NUMBERS = st.one_of(
    st.integers(-2, 7),
    st.sampled_from([50, 2**31 - 1, 2**31, -(2**31), 2**53, 2**63, 10**30, 25_000, 2_592_000]),
)
RUBBISH = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)

_BUTTON = {"text": "Да", "callback_data": "yes"}
_ARTICLE = {
    "type": "article",
    "id": "1",
    "title": "a",
    "input_message_content": {"message_text": "a"},
}
_APP = {"text": "App", "web_app": {"url": "https://a.b/"}}
_PRICES = [{"label": "Чай", "amount": 100}]
_MEDIUM = {"type": "photo", "media": "attach://pixels", "caption": "a"}
ENTITY = {"type": "bold", "offset": 0, "length": 1}
SHAPES: dict[str, list[Any]] = {  # what a field of JSON may well be
    "reply_markup": [
        {"inline_keyboard": [[_BUTTON, {"text": "b", "url": "https://a.b"}], [_APP]]},
        {"inline_keyboard": [[{"text": "c", "copy_text": {"text": "c"}}]]},
        {"inline_keyboard": [[{"text": "Pay", "pay": True}]]},
        {"inline_keyboard": [[{"text": "i", "switch_inline_query": "q", "style": "danger"}]]},
        {"inline_keyboard": [[{"text": "l", "login_url": {"url": "https://a.b"}}]]},
        {"keyboard": [["a", {"text": "b", "request_contact": True}]], "one_time_keyboard": True},
        {"remove_keyboard": True},
        {"force_reply": True, "selective": True, "input_field_placeholder": "p"},
    ],
    "reply_parameters": [{"message_id": 1}, {"message_id": 2, "quote": "a", "chat_id": "x"}],
    "entities": [[ENTITY], [ENTITY | {"type": "text_mention", "user": {"id": 1}}]],
    "caption_entities": [[ENTITY | {"type": "text_link", "url": "a.b"}]],
    "link_preview_options": [{"is_disabled": True}, {"url": "https://a.b"}],
    "message_ids": [[1, 2, 3], [1]],
    "reaction": [[{"type": "emoji", "emoji": "👍"}], []],
    "media": [_MEDIUM, [_MEDIUM, _MEDIUM], [_MEDIUM | {"type": "document"}]],
    "permissions": [{"can_send_messages": False}, {"can_send_other_messages": True}],
    "commands": [[{"command": "start", "description": "d"}]],
    "scope": [{"type": "default"}, {"type": "chat", "chat_id": 1}],
    "menu_button": [{"type": "commands"}, {"type": "web_app", **_APP}],
    "results": [[_ARTICLE], [{"type": "photo", "id": "1", "photo_url": "https://a.b"}]],
    "result": [_ARTICLE | {"reply_markup": {"inline_keyboard": [[_BUTTON]]}}, _ARTICLE],
    "button": [{"text": "a", "start_parameter": "b"}],
    "allowed_updates": [["message", "message_reaction"], []],
    "prices": [_PRICES],
    "suggested_tip_amounts": [[1, 2]],
    "shipping_options": [[{"id": "1", "title": "a", "prices": _PRICES}]],
}
WORDS: dict[str, list[Any]] = {
    "parse_mode": ["HTML", "Markdown", "MarkdownV2", "", "none"],
    "emoji": ["🎲", "🎰", "", "🍎"],
    "action": ["typing", "upload_photo"],
    "language_code": ["", "ru", "xyz"],
    "currency": ["XTR", "EUR", "CLP"],
    "provider_token": ["1:TEST:1", ""],
    "payload": ["p"],
    "provider_data": ["{}"],
    "subscription_period": [2_592_000],
    "max_tip_amount": [10],
    "star_count": [5],
    "url": ["http://127.0.0.1:1/x", "https://t.me/a", "https://[", "x", ""],
    "photo_url": ["https://a.b/c.jpg"],
    "phone_number": ["+1"],
    "secret_token": ["a-_1"],
}
NUMERIC = (
    *("message_thread_id", "message_effect_id", "latitude", "longitude", "horizontal_accuracy"),
    *(
        "live_period",
        "duration",
        "width",
        "until_date",
        "expire_date",
        "member_limit",
        "offset",
        "limit",
    ),
    "max_connections",
)
QUERY = {
    "callback": "callback_query_id",
    "inline": "inline_query_id",
    "web_app": "web_app_query_id",
    "shipping": "shipping_query_id",
    "pre_checkout": "pre_checkout_query_id",
    "prepared": "",
}
CONTENTS = [png(9000, 9000), b"", b"content", b"OggS" + b"\0" * 40]
RARE = {
    "message_thread_id",
    "message_effect_id",
    "reply_parameters",
    "reply_to_message_id",
    "inline_message_id",
    "live_period",
    "entities",
    "caption_entities",
    "url",
    "language_code",
    "scope",
}
