"""Messages that a bot sends: what comes of them, and the words in which others are refused."""

from typing import Any

import pytest

from tests.tgsandbox.methods.place import Cases, Json, Place, png

BAD: Cases = [
    ({"text": ""}, "message text is empty"),
    ({"text": " \n "}, "text must be non-empty"),
    ({"text": "<b></b>", "parse_mode": "HTML"}, "text must be non-empty"),
    ({"text": "я" * 4097}, "message is too long"),
    ({"text": "😀" * 2048 + "a"}, "message is too long"),
    ({"text": "a" * 32769}, "text is too long"),
    ({"parse_mode": "BBCode"}, "unsupported parse_mode"),
    (
        {"text": "<b>a", "parse_mode": "HTML"},
        "can't parse entities: Can't find end tag corresponding to start tag \"b\"",
    ),
    (
        {"text": "<x>a</x>", "parse_mode": "html"},
        'can\'t parse entities: Unsupported start tag "x" at byte offset 0',
    ),
    (
        {"text": "a.", "parse_mode": "MarkdownV2"},
        "can't parse entities: Character '.' is reserved and must be escaped with the "
        "preceding '\\'",
    ),
    ({"entities": [1]}, "can't parse MessageEntity: expected an Object"),
    ({"link_preview_options": "["}, "can't parse link preview options JSON object"),
    ({"link_preview_options": []}, "object expected as link preview options"),
    ({"link_preview_options": {"url": []}}, 'field "url" must be of type String'),
    ({"reply_parameters": "{"}, "can't parse reply parameters JSON object"),
    ({"reply_parameters": []}, "object expected as reply parameters"),
    ({"reply_parameters": {"quote": "a"}}, 'can\'t find field "message_id"'),
    ({"reply_parameters": {"message_id": "x"}}, 'field "message_id" must be a valid Number'),
    ({"reply_parameters": {"message_id": 99}}, "message to be replied not found"),
    ({"reply_to_message_id": 99}, "message to be replied not found"),
    ({"reply_parameters": {"message_id": 1, "quote": "no"}}, "QUOTE_TEXT_INVALID"),
    ({"reply_parameters": {"message_id": 1, "chat_id": 5}}, "chat not found"),
    ({"message_thread_id": 3}, "message thread not found"),
    ({"reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
    ({"reply_markup": "[]"}, "object expected as reply markup"),
    (
        {"reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "я" * 32 + "a"}]]}},
        "BUTTON_DATA_INVALID",
    ),
    (
        {"reply_markup": {"inline_keyboard": [[{"text": "a"}]]}},
        "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
    ),
    (
        {"reply_markup": {"inline_keyboard": [[{"text": "Pay", "pay": True}]]}},
        "BUTTON_TYPE_INVALID",
    ),
]
NOWHERE = [
    ("", "400 Bad Request: chat_id is empty"),
    ("0", "400 Bad Request: chat not found"),
    ("abc", "400 Bad Request: chat not found"),
    ("12345", "400 Bad Request: chat not found"),
    ("-1001", "400 Bad Request: chat not found"),
    ("9" * 400, "400 Bad Request: chat not found"),
    ("@nobody", "400 Bad Request: chat not found"),
    ("@shop_bot", "400 Bad Request: chat not found"),
]


async def test_a_message_arrives(place: Place) -> None:
    sent = await place.send("Цена: <b>5 €</b>", parse_mode="HTML", disable_notification=True)
    assert sent.pop("date") > 0
    assert sent == {
        "message_id": 2,
        "from": {
            "id": place.bot.id,
            "is_bot": True,
            "first_name": "shop_bot",
            "username": "shop_bot",
        },
        "chat": {"id": place.buyer.id, "first_name": "Покупатель", "type": "private"},
        "text": "Цена: 5 €",
        "entities": [{"type": "bold", "offset": 6, "length": 3}],
    }
    assert (await place.buyer.reply()).text == "Цена: 5 €"
    assert place.messages[2].silent


async def test_what_is_shown_of_a_link(place: Place) -> None:
    shown = {"url": "https://shop.example", "prefer_large_media": True}
    given = shown | {"show_above_text": False}
    assert (await place.send(link_preview_options=given))["link_preview_options"] == shown
    old = await place.send(disable_web_page_preview=True)
    assert old["link_preview_options"] == {"is_disabled": True}
    assert "link_preview_options" not in await place.send(link_preview_options={})


async def test_entities_as_they_are_given(place: Place) -> None:
    given = [{"type": "bold", "offset": 0, "length": 2}]
    assert (await place.send("Чай", entities=given))["entities"] == given
    assert "entities" not in await place.send("Чай", entities="[")  # as in the real server
    assert "entities" not in await place.send("Чай", entities="{}")
    both = await place.send("<i>Чай</i>", entities=given, parse_mode="HTML")
    assert [each["type"] for each in both["entities"]] == ["italic"]


async def test_who_is_mentioned_must_be_known(place: Place) -> None:
    link = f"<a href='tg://user?id={place.buyer.id}'>Вы</a>"
    mention = (await place.send(link, parse_mode="HTML"))["entities"][0]
    assert (mention["type"], mention["user"]["first_name"]) == ("text_mention", "Покупатель")
    nobody = await place.send("<a href='tg://user?id=77'>Кто</a>", parse_mode="HTML")
    assert "entities" not in nobody


async def test_ids_are_counted_in_each_chat(place: Place) -> None:
    other = place.tg.user("Buyer")
    await other.start(place.bot)
    ids = [(await place.send(chat_id=who.id))["message_id"] for who in (place.buyer, other) * 2]
    assert ids == [2, 2, 3, 3]


@pytest.mark.parametrize(("args", "reason"), BAD)
async def test_refused(place: Place, args: Json, reason: str) -> None:
    asked = {"chat_id": place.buyer.id, "text": "a"} | args
    assert await place.refused("sendMessage", **asked) == f"400 Bad Request: {reason}"
    assert list(place.messages) == [1]


@pytest.mark.parametrize("text", ["я" * 4096, "😀" * 2048, "<b>" + "a" * 4096 + "</b>"])
async def test_as_long_as_may_be(place: Place, text: str) -> None:
    sent = await place.send(text, parse_mode="HTML")
    assert len(sent["text"].encode("utf-16-le")) == 2 * 4096


@pytest.mark.parametrize(("chat_id", "refusal"), NOWHERE)
async def test_there_is_no_such_chat(place: Place, chat_id: str, refusal: str) -> None:
    assert await place.refused("sendMessage", chat_id=chat_id, text="a") == refusal
    assert await place.refused("sendChatAction", chat_id=chat_id, action="typing") == refusal


async def test_not_to_those_who_do_not_want_or_cannot(place: Place) -> None:
    async def refused(who: int) -> str:
        refusals = {
            await place.refused("sendMessage", chat_id=who, text="a"),
            await place.refused("sendDice", chat_id=who),
            await place.refused("sendChatAction", chat_id=who, action="typing"),
            await place.refused("sendContact", chat_id=who, phone_number="1", first_name="a"),
            await place.refused("sendPhoto", chat_id=who, files={"photo": png()}),
        }
        assert len(refusals) == 1
        return refusals.pop()

    place.buyer.block(place.bot)
    assert await refused(place.buyer.id) == "403 Forbidden: bot was blocked by the user"
    place.buyer.unblock(place.bot)
    await place.send()

    other = place.tg.bot("other_bot")
    assert await refused(other.id) == "403 Forbidden: the bot can't send messages to the bot"

    group = place.tg.group("Club", place.buyer, place.bot)
    stranger = place.tg.user("Stranger")
    assert await refused(stranger.id) == "400 Bad Request: chat not found"
    group.add(stranger)
    assert (
        await refused(stranger.id) == "403 Forbidden: bot can't initiate conversation with a user"
    )
    stranger.user.deactivated = True
    assert await refused(stranger.id) == "403 Forbidden: user is deactivated"
    stranger.user.deactivated = False
    place.bot.chat_with(stranger.user)  # is open on the screen, and that is all
    assert await refused(stranger.id) == (
        "403 Forbidden: bot can't initiate conversation with a user"
    )
    stranger.allow_writing(place.bot)
    await place.send(chat_id=stranger.id)

    place.buyer.user.deactivated = True
    assert await refused(place.buyer.id) == "403 Forbidden: user is deactivated"


async def test_not_where_the_bot_is_no_more(place: Place) -> None:
    group = place.tg.group("Club", place.buyer, place.bot)
    assert (await place.send(chat_id=group.id))["chat"] == {
        "id": group.id,
        "title": "Club",
        "type": "supergroup",
    }
    group.remove(place.bot)
    kicked = "403 Forbidden: bot was kicked from the supergroup chat"
    assert await place.refused("sendMessage", chat_id=group.id, text="a") == kicked
    assert await place.refused("getChat", chat_id=group.id) == kicked
    group.add(place.bot)
    await place.call("leaveChat", chat_id=group.id)
    left = "403 Forbidden: bot is not a member of the supergroup chat"
    assert await place.refused("sendMessage", chat_id=group.id, text="a") == left
    assert await place.refused("getChat", chat_id=group.id) == left


# --- replies


async def test_a_reply_shows_what_it_answers(place: Place) -> None:
    said = await place.buyer.send("Сколько стоит чай?")
    sent = await place.send("5", reply_parameters={"message_id": said.id, "quote": "чай"})
    assert sent["reply_to_message"]["text"] == "Сколько стоит чай?"
    assert sent["quote"] == {"text": "чай", "position": 14, "is_manual": True}
    assert place.messages[sent["message_id"]].reply_to == said.id
    old = await place.send("6", reply_to_message_id=said.id)
    assert old["reply_to_message"]["message_id"] == said.id


async def test_a_reply_to_nothing_may_be_allowed(place: Place) -> None:
    asked: list[Json] = [
        {"reply_parameters": {"message_id": 99, "allow_sending_without_reply": True}},
        {"reply_to_message_id": 99, "allow_sending_without_reply": True},
        {"reply_parameters": {}},
        {"reply_parameters": {"message_id": -1}},
    ]
    for args in asked:
        assert "reply_to_message" not in await place.send(**args)


async def test_a_reply_to_another_chat(place: Place) -> None:
    group = place.tg.group("Club", place.buyer, place.bot)
    said = await place.buyer.send(group, "/price")
    sent = await place.send(reply_parameters={"message_id": said.id, "chat_id": group.id})
    assert sent["external_reply"]["chat"]["id"] == group.id
    assert sent["external_reply"]["origin"]["sender_user"]["id"] == place.buyer.id
    assert "reply_to_message" not in sent


# --- keyboards


async def test_keyboards_come_and_go(place: Place) -> None:
    chat = place.bot.chat_with(place.buyer.user)
    first = await place.send(reply_markup={"keyboard": [["Чай", "Кофе"]], "resize_keyboard": True})
    assert chat.keyboard == {
        "keyboard": [[{"text": "Чай"}, {"text": "Кофе"}]],
        "resize_keyboard": True,
    }
    assert "reply_markup" not in first
    await place.send("Ещё")
    assert chat.keyboard
    assert chat.keyboard_from == first["message_id"]
    await place.send(reply_markup={"remove_keyboard": True})
    assert chat.keyboard is None

    await place.send(reply_markup={"keyboard": [["Чай"]], "one_time_keyboard": True})
    await place.buyer.press("Чай")
    assert chat.keyboard is None

    asked = await place.send("Имя?", reply_markup={"force_reply": True})
    said = await place.buyer.send("Покупатель")
    assert said.message.reply_to == asked["message_id"]


async def test_an_inline_keyboard_stands_under_the_message(place: Place) -> None:
    markup = {"inline_keyboard": [[{"text": "Да", "callback_data": "я" * 32}]]}
    sent = await place.send(reply_markup=markup)
    assert sent["reply_markup"] == markup


# --- other than text


@pytest.mark.parametrize(
    ("method", "args", "body"),
    [
        (
            "sendContact",
            {"phone_number": "+1", "first_name": "Buyer", "vcard": "v"},
            {"contact": {"phone_number": "+1", "first_name": "Buyer", "vcard": "v"}},
        ),
        (
            "sendLocation",
            {"latitude": "41.5", "longitude": 69, "horizontal_accuracy": 15},
            {"location": {"latitude": 41.5, "longitude": 69.0, "horizontal_accuracy": 15.0}},
        ),
        (
            "sendLocation",
            {"latitude": "x", "longitude": "y", "live_period": 60},
            {"location": {"latitude": 0.0, "longitude": 0.0, "live_period": 60}},
        ),
        (
            "sendVenue",
            {"latitude": 41, "longitude": 69, "title": "Shop", "address": "Amir Temur 1"},
            {
                "location": {"latitude": 41.0, "longitude": 69.0},
                "venue": {
                    "location": {"latitude": 41.0, "longitude": 69.0},
                    "title": "Shop",
                    "address": "Amir Temur 1",
                },
            },
        ),
    ],
)
async def test_other_things_arrive(place: Place, method: str, args: Any, body: Json) -> None:
    sent = await place.call(method, chat_id=place.buyer.id, **args)
    assert {name: sent[name] for name in body} == body
    assert place.messages[sent["message_id"]].body == body


@pytest.mark.parametrize(
    ("emoji", "most"), [("", 6), ("🎯", 6), ("🏀", 5), ("⚽️", 5), ("🎰", 64), ("🎳", 6)]
)
async def test_dice_fall_as_they_may(place: Place, emoji: str, most: int) -> None:
    dice = (await place.call("sendDice", chat_id=place.buyer.id, emoji=emoji))["dice"]
    assert dice["emoji"] == (emoji.removesuffix("\ufe0f") or "🎲")
    assert 1 <= dice["value"] <= most


@pytest.mark.parametrize(
    ("method", "args", "reason"),
    [
        ("sendContact", {"first_name": "a"}, 'parameter "phone_number" is required'),
        ("sendContact", {"phone_number": "1"}, 'parameter "first_name" is required'),
        ("sendLocation", {"longitude": 1}, "latitude is empty"),
        ("sendLocation", {"latitude": 1, "longitude": " "}, "longitude is empty"),
        ("sendLocation", {"latitude": 91, "longitude": 1}, "wrong location specified"),
        ("sendLocation", {"latitude": "nan", "longitude": 1}, "wrong location specified"),
        (
            "sendLocation",
            {"latitude": 1, "longitude": 1, "live_period": 59},
            "wrong live location period specified",
        ),
        ("sendVenue", {"title": "a", "address": "b"}, "latitude is empty"),
        ("sendVenue", {"latitude": 1, "longitude": 1}, "VENUE_TITLE_EMPTY"),
        ("sendVenue", {"latitude": 1, "longitude": 1, "title": "a"}, "VENUE_ADDRESS_EMPTY"),
        ("sendChatAction", {}, "wrong parameter action in request"),
        ("sendChatAction", {"action": "singing"}, "wrong parameter action in request"),
        ("sendDice", {"emoji": "🍎"}, "EMOTICON_INVALID"),
    ],
)
async def test_other_things_refused(place: Place, method: str, args: Json, reason: str) -> None:
    refusal = await place.refused(method, chat_id=place.buyer.id, **args)
    assert refusal == f"400 Bad Request: {reason}"


async def test_the_bot_types(place: Place) -> None:
    assert await place.call("sendChatAction", chat_id=place.buyer.id, action="TYPING") is True
    seen = [each.data["action"] for each in place.tg.world.events.since(0) if each.kind == "typing"]
    assert seen == ["typing"]


async def test_effects_are_for_private_chats(place: Place) -> None:
    assert (await place.send(message_effect_id="5104841245755180586"))["effect_id"]
    group = place.tg.group("Club", place.buyer, place.bot)
    refusal = await place.refused("sendMessage", chat_id=group.id, text="a", message_effect_id=5)
    assert refusal == "400 Bad Request: can't use message effects in the chat"
