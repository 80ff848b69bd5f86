"""Answers: to buttons, to inline queries, to Mini Apps."""

import asyncio

import pytest

from tests.tgsandbox.methods.place import Cases, Json, Place, png
from tgsandbox import Pressed
from tgsandbox.telegram.mini_apps import QUERY_LIVES
from tgsandbox.telegram.records import Query

TOO_OLD = "400 Bad Request: query is too old and response timeout expired or query ID is invalid"
ARTICLE = {
    "type": "article",
    "id": "1",
    "title": "Чай",
    "input_message_content": {"message_text": "Чай, 5 €"},
}


async def pressed(place: Place) -> tuple[Pressed, str]:
    """The press of a button, and the id of its query."""
    await place.send(reply_markup={"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}]]})
    press = await place.buyer.press("Да")
    return press, place.bot.pending[-1]["callback_query"]["id"]


async def test_a_press_is_answered_once(place: Place) -> None:
    press, query_id = await pressed(place)
    asked = {"callback_query_id": query_id}
    args = {"text": "Готово", "show_alert": True, "url": "https://t.me/shop_bot?start=a"}
    assert await place.call("answerCallbackQuery", **asked, **args) is True
    answer = await press.answer()
    assert (answer.text, answer.url) == ("Готово", "https://t.me/shop_bot?start=a")
    assert await place.refused("answerCallbackQuery", **asked) == TOO_OLD


async def test_a_press_waits_for_150_seconds(place: Place) -> None:
    _, query_id = await pressed(place)
    await place.tg.clock.move(149)
    asked = {"callback_query_id": query_id}
    assert await place.refused("answerCallbackQuery", **asked, text="a" * 201) == (
        "400 Bad Request: MESSAGE_TOO_LONG"
    )
    assert await place.refused("answerCallbackQuery", **asked, url="ftp://a") == (
        "400 Bad Request: URL_INVALID"
    )
    await place.tg.clock.move(2)
    assert await place.refused("answerCallbackQuery", **asked) == TOO_OLD


async def test_a_query_is_for_the_bot_that_was_asked(place: Place) -> None:
    _, query_id = await pressed(place)
    other = place.tg.bot("other_bot")
    asked = {"callback_query_id": query_id}
    assert await place.refused("answerCallbackQuery", bot=other, **asked) == TOO_OLD
    for method, name in (
        ("answerCallbackQuery", "callback_query_id"),
        ("answerInlineQuery", "inline_query_id"),
    ):
        for unknown in ("", "0", "x", "77"):
            assert await place.refused(method, **{name: unknown}) == TOO_OLD
    assert await place.refused("answerInlineQuery", inline_query_id=query_id) == TOO_OLD
    asked = {"web_app_query_id": query_id}
    assert await place.refused("answerWebAppQuery", **asked, result=ARTICLE) == TOO_OLD


# --- inline mode


async def inline_query(place: Place) -> tuple["asyncio.Task[object]", str]:
    asking = asyncio.create_task(place.buyer.ask_inline(place.bot, "чай"))
    await asyncio.sleep(0)
    return asking, place.bot.pending[-1]["inline_query"]["id"]


async def test_an_inline_query_is_answered(place: Place) -> None:
    asking, query_id = await inline_query(place)
    voice = await place.call("sendVoice", chat_id=place.buyer.id, files={"voice": b"x"})
    file_id = voice["voice"]["file_id"]
    results = [
        ARTICLE,
        {"type": "voice", "id": "2", "title": "Голос", "voice_file_id": file_id, "caption": "a"},
        {"type": "location", "id": "3", "title": "Тут", "latitude": 41, "longitude": "69.5"},
        {"type": "contact", "id": "4", "phone_number": "1", "first_name": "Shop"},
        {"type": "photo", "id": "5", "photo_url": "https://shop.example/a.jpg"},
        {"type": "venue", "id": "6", "latitude": 1, "longitude": 1, "title": "a", "address": "b"},
    ]
    button = {"text": "Войти", "start_parameter": "inline"}
    asked = {"inline_query_id": query_id, "results": results, "button": button}
    assert await place.call("answerInlineQuery", **asked) is True
    found = await asking
    assert isinstance(found, list)
    sent = [await place.buyer.choose(each) for each in found]
    bodies = [each.message.body for each in sent]
    assert bodies[0] == {"text": "Чай, 5 €"}
    assert (bodies[1]["voice"]["file_id"], bodies[1]["caption"]) == (file_id, "a")
    assert bodies[2] == {"location": {"latitude": 41.0, "longitude": 69.5}}
    assert bodies[3] == {"contact": {"phone_number": "1", "first_name": "Shop"}}
    assert bodies[4]["text"] == "https://shop.example/a.jpg"
    assert bodies[5]["venue"]["address"] == "b"
    assert {each.message.via for each in sent} == {place.bot.id}
    assert await place.refused("answerInlineQuery", **asked) == TOO_OLD


def article(**more: object) -> Json:
    return {"results": [ARTICLE | more]}


def result(**about: object) -> Json:
    return {"results": [{"id": "1", **about}]}


READ = "can't parse InlineQueryResult: "
INLINE: Cases = [
    ({"results": "{}"}, "expected an Array of inline query results"),
    ({"results": [ARTICLE] * 51}, "too many inline query results specified"),
    ({"results": [ARTICLE] * 2}, "RESULT_ID_DUPLICATE"),
    ({"results": [1]}, READ + "Inline query result must be an object"),
    ({"results": [{}]}, READ + 'Can\'t find field "type"'),
    ({"results": [{"type": "article"}]}, READ + 'Can\'t find field "id"'),
    (result(type="article", title="a"), READ + 'Can\'t find field "message_text"'),
    (article(input_message_content={}), READ + "Input message content is not specified"),
    (
        article(input_message_content=[]),
        READ + 'Field "input_message_content" must be of type Object',
    ),
    (article(id=""), "RESULT_ID_EMPTY"),
    (article(id="я" * 33), "RESULT_ID_INVALID"),
    (article(title=""), "ARTICLE_TITLE_EMPTY"),
    (article(input_message_content={"message_text": "a" * 4097}), "MESSAGE_TOO_LONG"),
    (article(input_message_content={"message_text": " "}), "text must be non-empty"),
    (
        article(input_message_content={"message_text": "<b>", "parse_mode": "HTML"}),
        "can't parse entities: Can't find end tag corresponding to start tag \"b\"",
    ),
    (
        article(reply_markup={"inline_keyboard": [[{"text": "a", "callback_data": "a" * 65}]]}),
        "BUTTON_DATA_INVALID",
    ),
    (result(type="photo"), READ + 'Can\'t find field "photo_file_id"'),
    (
        result(type="photo", photo_url="https://a.b", caption="a" * 1025),
        "MEDIA_CAPTION_TOO_LONG",
    ),
    (
        result(type="photo", photo_file_id="AgAD"),
        "wrong remote file identifier specified: can't unserialize it",
    ),
    (result(type="video", video_url="https://a.b"), READ + 'Can\'t find field "title"'),
    (result(type="video", video_url="https://a.b", title=""), "VIDEO_TITLE_EMPTY"),
    (
        result(type="venue", latitude=1, longitude=1, title="a"),
        READ + 'Can\'t find field "address"',
    ),
    (
        result(type="location", title="a", latitude=91, longitude=1),
        "wrong location specified",
    ),
    (
        article(reply_markup={"inline_keyboard": [[{"text": "Pay", "pay": True}]]}),
        "BUTTON_TYPE_INVALID",
    ),
    (result(type="article", message_text=""), READ + "Message text is empty"),
    (result(type="location", title="a"), READ + 'Can\'t find field "latitude"'),
    (
        result(type="location", title="a", latitude=1, longitude="x"),
        READ + 'Field "longitude" must be a Number',
    ),
    (
        result(type="hologram", message_text="a"),
        READ + 'type "hologram" is unsupported for the inline query result',
    ),
    ({"next_offset": "я" * 33}, "NEXT_OFFSET_INVALID"),
    ({"button": "{"}, "can't parse inline query results button JSON object"),
    (
        {"button": "[]"},
        "can't parse inline query results button: InlineQueryResultsButton must be an Object",
    ),
    (
        {"button": {"text": "a"}},
        "can't parse inline query results button: "
        "InlineQueryResultsButton must have exactly one optional field",
    ),
    ({"button": {"text": "a", "start_parameter": ""}}, "can't use empty start_parameter"),
    (
        {"button": {"text": "a", "start_parameter": "a" * 65}},
        "too long start_parameter specified",
    ),
    (
        {"button": {"text": "a", "start_parameter": "чай"}},
        "unallowed characters in start_parameter are used",
    ),
]


@pytest.mark.parametrize(("args", "reason"), INLINE)
async def test_inline_answers_refused(place: Place, args: Json, reason: str) -> None:
    asking, query_id = await inline_query(place)
    refusal = await place.refused("answerInlineQuery", inline_query_id=query_id, **args)
    assert refusal == f"400 Bad Request: {reason}"
    assert await place.call("answerInlineQuery", inline_query_id=query_id) is True
    assert await asking == []


# --- Mini Apps


def opened(place: Place) -> Query:
    chat = place.bot.chat_with(place.buyer.user)
    return place.tg.world.ask(
        "web_app", place.bot.record, place.buyer.user, lives=QUERY_LIVES, chat=chat.key
    )


async def test_a_mini_app_says_something(place: Place) -> None:
    query = opened(place)
    markup = {"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}]]}
    args = {"web_app_query_id": query.id, "result": ARTICLE | {"reply_markup": markup}}
    told = await place.call("answerWebAppQuery", **args)
    sent = list(place.messages.values())[-1]
    assert (sent.sender, sent.via, sent.text) == (place.buyer.id, place.bot.id, "Чай, 5 €")
    assert told == {"inline_message_id": sent.inline_id}
    assert await place.refused("answerWebAppQuery", **args) == TOO_OLD
    edited = await place.call("editMessageText", **told, text="Продано")
    assert edited is True
    assert (sent.text, sent.markup) == ("Продано", None)


@pytest.mark.parametrize("method", ["answerWebAppQuery", "savePreparedInlineMessage"])
@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("", "result isn't specified"),
        ("{}", 'can\'t find field "type"'),
        ("[]", "inline query result must be an object"),
    ],
)
async def test_results_refused(place: Place, method: str, given: str, reason: str) -> None:
    asked = {"web_app_query_id": opened(place).id, "user_id": place.buyer.id}
    refusal = await place.refused(method, **asked, result=given)
    assert refusal == f"400 Bad Request: {reason}"


async def test_a_message_is_prepared(place: Place) -> None:
    asked = {"user_id": place.buyer.id, "result": ARTICLE, "allow_user_chats": True}
    told = await place.call("savePreparedInlineMessage", **asked)
    assert told["expiration_date"] > place.tg.clock.now()
    assert place.tg.world.queries[told["id"]].about["result"]["title"] == "Чай"
    for user_id, reason in ((0, "invalid user_id specified"), (5, "user not found")):
        refusal = await place.refused("savePreparedInlineMessage", user_id=user_id, result=ARTICLE)
        assert refusal == f"400 Bad Request: {reason}"


async def test_a_photo_of_an_inline_message_is_exchanged(place: Place) -> None:
    markup = {"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}]]}
    args = {"web_app_query_id": opened(place).id, "result": ARTICLE | {"reply_markup": markup}}
    told = await place.call("answerWebAppQuery", **args)
    media = {"type": "photo", "media": "attach://a"}
    files = {"a": png()}
    assert await place.call("editMessageMedia", **told, media=media, files=files) is True
    other = place.tg.bot("other_bot")
    assert await place.refused("editMessageText", bot=other, **told, text="a") == (
        "400 Bad Request: MESSAGE_ID_INVALID"
    )
