"""Changing what was sent: the text, the caption, the media, the keyboard."""

from typing import Any

import pytest

from tests.tgsandbox.methods.place import Json, Place, png

NOT_MODIFIED = (
    "400 Bad Request: message is not modified: specified new message content and reply markup are "
    "exactly the same as a current content and reply markup of the message"
)
MARKUP = {"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}]]}
EDITS: dict[str, Json] = {
    "editMessageText": {"text": "Новое"},
    "editMessageCaption": {"caption": "Новое"},
    "editMessageReplyMarkup": {"reply_markup": MARKUP},
}


async def test_a_text_is_changed(place: Place) -> None:
    sent = await place.send("Старое", reply_markup=MARKUP)
    asked = {"chat_id": place.buyer.id, "message_id": sent["message_id"]}
    told = await place.call("editMessageText", **asked, text="<b>Новое</b>", parse_mode="HTML")
    assert (told["text"], told["entities"][0]["type"]) == ("Новое", "bold")
    assert told["edit_date"] >= sent["date"]
    assert "reply_markup" not in told  # it was not given again
    assert (await place.buyer.edited()).text == "Новое"
    assert [each.text for each in place.messages.values()] == ["/start", "Новое"]


async def test_a_keyboard_alone_is_no_edit_of_the_message(place: Place) -> None:
    sent = await place.send()
    asked = {"chat_id": place.buyer.id, "message_id": sent["message_id"]}
    told = await place.call("editMessageReplyMarkup", **asked, reply_markup=MARKUP)
    assert told["reply_markup"] == MARKUP
    assert "edit_date" not in told
    assert await place.refused("editMessageReplyMarkup", **asked, reply_markup=MARKUP) == (
        NOT_MODIFIED
    )
    told = await place.call("editMessageReplyMarkup", **asked)
    assert "reply_markup" not in told
    assert await place.refused("editMessageReplyMarkup", **asked) == NOT_MODIFIED


async def test_the_same_again_is_refused(place: Place) -> None:
    sent = await place.send("Цена: <b>5</b>", parse_mode="HTML", reply_markup=MARKUP)
    asked = {"chat_id": place.buyer.id, "message_id": sent["message_id"]}
    same = {"text": "Цена: *5*", "parse_mode": "MarkdownV2", "reply_markup": MARKUP}
    assert await place.refused("editMessageText", **asked, **same) == NOT_MODIFIED
    assert await place.call("editMessageText", **asked, text="Цена: 5", reply_markup=MARKUP)


async def test_a_caption_is_changed_and_taken_away(place: Place) -> None:
    sent = await place.call(
        "sendPhoto", chat_id=place.buyer.id, caption="Старое", files={"photo": png()}
    )
    asked = {"chat_id": place.buyer.id, "message_id": sent["message_id"]}
    told = await place.call(
        "editMessageCaption", **asked, caption="Новое", show_caption_above_media=True
    )
    assert (told["caption"], told["show_caption_above_media"]) == ("Новое", True)
    assert told["photo"] == sent["photo"]
    told = await place.call("editMessageCaption", **asked)
    assert "caption" not in told
    assert "show_caption_above_media" not in told
    assert await place.refused("editMessageCaption", **asked) == NOT_MODIFIED
    long = await place.refused("editMessageCaption", **asked, caption="😀" * 512 + "a")
    assert long == "400 Bad Request: message caption is too long"


async def test_media_are_exchanged(place: Place) -> None:
    sent = await place.call("sendDocument", chat_id=place.buyer.id, files={"document": b"pdf"})
    asked = {"chat_id": place.buyer.id, "message_id": sent["message_id"]}
    media = {"type": "photo", "media": "attach://new", "caption": "Фото", "has_spoiler": True}
    told = await place.call("editMessageMedia", **asked, media=media, files={"new": png(70, 50)})
    assert "document" not in told
    assert (told["photo"][-1]["width"], told["caption"]) == (70, "Фото")
    assert told["has_media_spoiler"] is True
    again = {"type": "document", "media": sent["document"]["file_id"]}
    told = await place.call("editMessageMedia", **asked, media=again)
    assert told["document"]["file_unique_id"] == sent["document"]["file_unique_id"]
    assert "photo" not in told
    assert "caption" not in told

    text = await place.send()
    asked["message_id"] = text["message_id"]
    told = await place.call("editMessageMedia", **asked, media=again)
    assert "text" not in told


async def test_media_of_an_album_stay_of_its_kind(place: Place) -> None:
    album = [{"type": "photo", "media": "attach://a"}, {"type": "photo", "media": "attach://b"}]
    sent = await place.call(
        "sendMediaGroup", chat_id=place.buyer.id, media=album, files={"a": png(), "b": png()}
    )
    asked = {"chat_id": place.buyer.id, "message_id": sent[0]["message_id"]}
    document = {"type": "document", "media": "attach://a"}
    refusal = await place.refused("editMessageMedia", **asked, media=document, files={"a": b"x"})
    assert refusal == "400 Bad Request: can't change media type in the album"
    video = {"type": "video", "media": "attach://a"}
    told = await place.call("editMessageMedia", **asked, media=video, files={"a": b"x"})
    assert told["media_group_id"] == sent[0]["media_group_id"]


@pytest.mark.parametrize("method", EDITS)
async def test_the_message_cannot_be_edited(place: Place, method: str) -> None:
    async def refused(**asked: Any) -> str:
        return await place.refused(method, **{"chat_id": place.buyer.id} | EDITS[method] | asked)

    not_found = "400 Bad Request: message to edit not found"
    not_ours = "400 Bad Request: message can't be edited"
    assert await refused(message_id=77) == not_found
    assert await refused(message_id=-1) == not_found
    assert await refused() == not_found
    unnamed = "400 Bad Request: message identifier is not specified"
    assert await refused(chat_id="") == unnamed
    assert await refused(chat_id="", message_id=1) == "400 Bad Request: chat_id is empty"
    nothing = await refused(chat_id="", inline_message_id="AAAA")
    assert nothing == "400 Bad Request: MESSAGE_ID_INVALID"
    assert await refused(message_id=1) == not_ours
    keyboard = await place.send(reply_markup={"keyboard": [["a"]]})
    assert await refused(message_id=keyboard["message_id"]) == not_ours
    here = place.buyer.id
    args = {"chat_id": here, "from_chat_id": here, "message_id": keyboard["message_id"]}
    forwarded = await place.call("forwardMessage", **args)
    assert await refused(message_id=forwarded["message_id"]) == not_ours


async def test_each_kind_has_its_own_edits(place: Place) -> None:
    text = await place.send()
    photo = await place.call("sendPhoto", chat_id=place.buyer.id, files={"photo": png()})
    voice = await place.call("sendVoice", chat_id=place.buyer.id, files={"voice": b"x"})

    async def refused(method: str, message: Json, **args: Any) -> str:
        asked = {"chat_id": place.buyer.id, "message_id": message["message_id"]} | args
        return await place.refused(method, **asked)

    assert await refused("editMessageText", photo, text="a") == (
        "400 Bad Request: there is no text in the message to edit"
    )
    assert await refused("editMessageCaption", text, caption="a") == (
        "400 Bad Request: there is no caption in the message to edit"
    )
    media = {"type": "photo", "media": photo["photo"][0]["file_id"]}
    assert await refused("editMessageMedia", voice, media=media) == (
        "400 Bad Request: message media can't be edited"
    )
    assert await refused("editMessageText", text, text="") == (
        "400 Bad Request: message text is empty"
    )
    assert await refused("editMessageText", text, text="я" * 4097) == (
        "400 Bad Request: message is too long"
    )
    pay = {"inline_keyboard": [[{"text": "Pay", "pay": True}]]}
    assert await refused("editMessageText", text, text="a", reply_markup=pay) == (
        "400 Bad Request: BUTTON_TYPE_INVALID"
    )
    keyboard = {"keyboard": [["a"]]}
    assert await refused("editMessageText", text, text="a", reply_markup=keyboard) == (
        "400 Bad Request: inline keyboard expected"
    )


@pytest.mark.parametrize(
    ("media", "reason"),
    [
        ("", 'parameter "media" is required'),
        ("{", "can't parse input media JSON object"),
        ("[]", "can't parse InputMedia: expected an Object"),
        ("{}", "can't parse InputMedia: media not found"),
        ('{"media": "attach://x", "type": "photo"}', "can't parse InputMedia: media not found"),
        ('{"media": "x"}', "can't parse InputMedia: Can't find field \"type\""),
        (
            '{"media": "x", "type": "sticker"}',
            'can\'t parse InputMedia: type "sticker" is unsupported',
        ),
        (
            '{"media": "x", "type": "photo", "caption": []}',
            'can\'t parse InputMedia: Field "caption" must be of type String',
        ),
        ('{"media": "x", "type": "photo"}', "wrong file identifier/HTTP URL specified"),
        ('{"media": "http://127.0.0.1:1/a", "type": "photo"}', "failed to get HTTP URL content"),
    ],
)
async def test_media_refused(place: Place, media: str, reason: str) -> None:
    sent = await place.send()
    asked = {"chat_id": place.buyer.id, "message_id": sent["message_id"]}
    refusal = await place.refused("editMessageMedia", **asked, media=media)
    assert refusal == f"400 Bad Request: {reason}"
