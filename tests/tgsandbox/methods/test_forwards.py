"""Messages that are forwarded, copied, deleted, or reacted to."""

from typing import Any

import pytest

from tests.tgsandbox.methods.place import Json, Place, png

MANY = list(range(1, 102))
MOVED = ("forwardMessage", "copyMessage", "forwardMessages", "copyMessages")


async def test_a_forward_says_where_it_comes_from(place: Place) -> None:
    said = await place.buyer.send("Хочу чай")
    args = {"chat_id": place.buyer.id, "from_chat_id": place.buyer.id, "message_id": said.id}
    sent = await place.call("forwardMessage", **args)
    assert sent["text"] == "Хочу чай"
    assert sent["from"]["id"] == place.bot.id
    origin = sent["forward_origin"]
    assert (origin["type"], origin["sender_user"]["id"]) == ("user", place.buyer.id)

    again = await place.call("forwardMessage", **args | {"message_id": sent["message_id"]})
    assert again["forward_origin"] == origin


async def test_a_copy_does_not(place: Place) -> None:
    said = await place.buyer.photo(png(), caption="Такой")
    args = {"chat_id": place.buyer.id, "from_chat_id": place.buyer.id, "message_id": said.id}
    told = await place.call("copyMessage", **args)
    assert told == {"message_id": said.id + 1}
    copy = place.messages[told["message_id"]]
    assert (copy.origin, copy.sender, copy.text) == (None, place.bot.id, "Такой")

    markup = {"inline_keyboard": [[{"text": "a", "callback_data": "a"}]]}
    told = await place.call(
        "copyMessage", **args, caption="<i>Иной</i>", parse_mode="HTML", reply_markup=markup
    )
    copy = place.messages[told["message_id"]]
    assert (copy.body["caption"], copy.body["caption_entities"][0]["type"]) == ("Иной", "italic")
    assert copy.markup == markup
    bare = await place.call("copyMessage", **args, caption="")
    assert "caption" not in place.messages[bare["message_id"]].body


async def test_an_album_becomes_a_new_one(place: Place) -> None:
    album = await place.buyer.album([png(), png()], to=place.bot, caption="Смотри")
    ids = [each.id for each in album]
    args = {"chat_id": place.buyer.id, "from_chat_id": place.buyer.id, "message_ids": ids}
    told = await place.call("forwardMessages", **args)
    copied = await place.call("copyMessages", **args, remove_caption=True)
    news = [place.messages[each["message_id"]] for each in told + copied]
    assert [each.id for each in news] == [ids[-1] + n for n in (1, 2, 3, 4)]
    assert [bool(each.origin) for each in news] == [True, True, False, False]
    assert [each.text for each in news] == ["Смотри", "", "", ""]
    first, second, third, fourth = [each.album for each in news]
    assert first == second != third == fourth
    assert first != album[0].message.album


async def test_what_is_missing_is_left_out(place: Place) -> None:
    said = await place.buyer.send("Раз")
    args = {"chat_id": place.buyer.id, "from_chat_id": place.buyer.id}
    told = await place.call("copyMessages", **args, message_ids=[said.id, 77])
    assert len(told) == 1


async def test_what_is_protected_stays(place: Place) -> None:
    sent = await place.send("Тайна", protect_content=True)
    assert sent["has_protected_content"] is True
    args = {"chat_id": place.buyer.id, "from_chat_id": place.buyer.id}
    one, some = sent["message_id"], [sent["message_id"]]
    refusals = {
        "forwardMessage": "the message can't be forwarded",
        "copyMessage": "the message can't be copied",
        "forwardMessages": "messages can't be forwarded",
        "copyMessages": "messages can't be forwarded",
    }
    for method, reason in refusals.items():
        asked: Json = {"message_ids": some} if method.endswith("s") else {"message_id": one}
        assert await place.refused(method, **args, **asked) == f"400 Bad Request: {reason}"
    with pytest.raises(Exception, match="may not be forwarded"):
        await place.buyer.forward(await place.buyer.sees("Тайна"))


@pytest.mark.parametrize("method", MOVED)
async def test_where_from_is_asked_first(place: Place, method: str) -> None:
    async def refused(**args: Any) -> str:
        return await place.refused(method, **{"message_id": 1, "message_ids": [1], **args})

    required = '400 Bad Request: parameter "from_chat_id" is required'
    assert await refused(chat_id=place.buyer.id) == required
    assert await refused(from_chat_id=place.buyer.id) == "400 Bad Request: chat_id is empty"
    nowhere = await refused(chat_id=place.buyer.id, from_chat_id=5)
    assert nowhere == "400 Bad Request: chat not found"


@pytest.mark.parametrize("method", ["forwardMessages", "copyMessages", "deleteMessages"])
@pytest.mark.parametrize(
    ("ids", "reason"),
    [
        ("", "message identifiers are not specified"),
        ("[]", "message identifiers are not specified"),
        ("[", "can't parse message_ids JSON object"),
        ("{}", "expected an Array of message identifiers"),
        ("[[]]", "message identifier must be a Number"),
        ('["a"]', "can't parse message identifier as Number"),
        ("[1.5]", "can't parse message identifier as Number"),
        ("[2147483648]", "can't parse message identifier as Number"),
        ("[0]", "invalid message identifier specified"),
        (str(MANY), "too many message identifiers specified"),
    ],
)
async def test_identifiers_refused(place: Place, method: str, ids: str, reason: str) -> None:
    here = place.buyer.id
    refusal = await place.refused(method, chat_id=here, from_chat_id=here, message_ids=ids)
    assert refusal == f"400 Bad Request: {reason}"


async def test_identifiers_that_say_nothing(place: Place) -> None:
    await place.send("2")
    args = {"chat_id": place.buyer.id, "from_chat_id": place.buyer.id}
    for method in ("forwardMessages", "copyMessages"):
        none = await place.refused(method, **args, message_ids=[76, 77])
        assert none == "400 Bad Request: there are no messages to forward"
        back = await place.refused(method, **args, message_ids=[2, 1])
        assert back == (
            "400 Bad Request: message identifiers must be in a strictly increasing order"
        )


@pytest.mark.parametrize("message_id", ["", "0", "-1", "x", "77", "99999999999999"])
@pytest.mark.parametrize(
    ("method", "what"),
    [
        ("forwardMessage", "message to forward"),
        ("copyMessage", "message to copy"),
        ("pinChatMessage", "message to pin"),
        ("setMessageReaction", "message to react"),
    ],
)
async def test_there_is_no_such_message(
    place: Place, method: str, what: str, message_id: str
) -> None:
    here = place.buyer.id
    refusal = await place.refused(method, chat_id=here, from_chat_id=here, message_id=message_id)
    assert refusal == f"400 Bad Request: {what} not found"


# --- deleting


async def test_messages_are_deleted(place: Place) -> None:
    said = await place.buyer.send("Раз")
    sent = await place.send("Два", reply_to_message_id=said.id)
    answer = await place.send("Три", reply_to_message_id=sent["message_id"])
    assert await place.call("deleteMessage", chat_id=place.buyer.id, message_id=said.id) is True
    assert said.id not in place.messages
    ids = [sent["message_id"], 77]
    assert await place.call("deleteMessages", chat_id=place.buyer.id, message_ids=ids) is True
    assert list(place.messages) == [1, answer["message_id"]]
    later = await place.send("Четыре")
    assert later["message_id"] == answer["message_id"] + 1  # an id is never used twice


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ({"chat_id": ""}, "chat identifier is not specified"),
        ({"message_id": ""}, "message identifier is not specified"),
        ({"message_id": -5}, "message identifier is not specified"),
        ({"message_id": 77}, "message to delete not found"),
        ({"chat_id": 5}, "chat not found"),
    ],
)
async def test_deleting_refused(place: Place, args: Json, reason: str) -> None:
    asked = {"chat_id": place.buyer.id, "message_id": 1} | args
    assert await place.refused("deleteMessage", **asked) == f"400 Bad Request: {reason}"


async def test_after_two_days_it_is_too_late(place: Place) -> None:
    sent = await place.send()
    asked = {"chat_id": place.buyer.id, "message_id": sent["message_id"]}
    await place.tg.clock.move(days=2, seconds=60)
    late = "400 Bad Request: message can't be deleted"
    assert await place.refused("deleteMessage", **asked) == late


async def test_dice_stay_for_a_day(place: Place) -> None:
    sent = await place.call("sendDice", chat_id=place.buyer.id)
    asked = {"chat_id": place.buyer.id, "message_id": sent["message_id"]}
    early = "400 Bad Request: message can't be deleted"
    assert await place.refused("deleteMessage", **asked) == early
    await place.tg.clock.move(days=1, seconds=60)
    assert await place.call("deleteMessage", **asked) is True


async def test_what_others_say_in_a_group_is_for_administrators(place: Place) -> None:
    group = place.tg.group("Club", place.buyer, place.bot)
    said = await place.buyer.send(group, "Раз")
    asked = {"chat_id": group.id, "message_id": said.id}
    refusal = await place.refused("deleteMessage", **asked)
    assert refusal == "400 Bad Request: message can't be deleted"
    group.promote(place.bot)
    assert await place.call("deleteMessage", **asked) is True


# --- reacting


async def test_a_reaction_takes_the_place_of_the_one_before(place: Place) -> None:
    asked = {"chat_id": place.buyer.id, "message_id": 1}
    for emoji, kept in (("👍", "👍"), ("❤️", "❤")):
        given = [{"type": "emoji", "emoji": emoji}]
        assert await place.call("setMessageReaction", **asked, reaction=given) is True
        assert place.messages[1].reactions == {
            str(place.bot.id): [{"type": "emoji", "emoji": kept}]
        }
    own: list[Json] = [{"type": "custom_emoji", "custom_emoji_id": "5"}]
    assert await place.call("setMessageReaction", **asked, reaction=own) is True
    assert place.messages[1].reactions == {str(place.bot.id): own}
    assert await place.call("setMessageReaction", **asked) is True
    assert place.messages[1].reactions == {}


@pytest.mark.parametrize(
    ("reaction", "reason"),
    [
        ("[", "can't parse reaction types JSON object"),
        ("{}", "expected an Array of ReactionType"),
        ("[1]", "can't parse ReactionType: expected an Object"),
        ("[{}]", "can't parse ReactionType: Can't find field \"type\""),
        ('[{"type": "paid"}]', "can't parse ReactionType: invalid reaction type specified"),
        ('[{"type": "emoji"}]', "can't parse ReactionType: Can't find field \"emoji\""),
        ('[{"type": "emoji", "emoji": "🍎"}]', "REACTION_INVALID"),
        ('[{"type": "emoji", "emoji": ""}]', "REACTION_INVALID"),
        (
            '[{"type": "custom_emoji", "custom_emoji_id": "x"}]',
            'can\'t parse ReactionType: Field "custom_emoji_id" must be a valid Number',
        ),
        (
            '[{"type": "emoji", "emoji": "👍"}, {"type": "emoji", "emoji": "👎"}]',
            "REACTIONS_TOO_MANY",
        ),
    ],
)
async def test_reactions_refused(place: Place, reaction: str, reason: str) -> None:
    refusal = await place.refused(
        "setMessageReaction", chat_id=place.buyer.id, message_id=1, reaction=reaction
    )
    assert refusal == f"400 Bad Request: {reason}"
