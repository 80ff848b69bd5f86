"""Inline mode: what a bot offers, and the message that a person makes of it."""

from typing import Any

from tgsandbox.telegram import files
from tgsandbox.telegram.calls import Call
from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.keyboards import inline_only
from tgsandbox.telegram.records import Bot, Chat, Json, Message, User
from tgsandbox.telegram.sending import captioned, formatted_text
from tgsandbox.telegram.text.entities import utf16_length
from tgsandbox.telegram.world import World

_CACHED = {
    "photo": "photo_file_id",
    "gif": "gif_file_id",
    "mpeg4_gif": "mpeg4_file_id",
    "sticker": "sticker_file_id",
    "document": "document_file_id",
    "video": "video_file_id",
    "voice": "voice_file_id",
    "audio": "audio_file_id",
}
_LINKED = {
    "photo": "photo_url",
    "gif": "gif_url",
    "mpeg4_gif": "mpeg4_url",
    "document": "document_url",
    "video": "video_url",
    "voice": "voice_url",
    "audio": "audio_url",
}
_KNOWN = {"article", "contact", "location", "venue", "game", *_CACHED}


def checked_result(call: Call, given: Any) -> Json:
    """The result, with the body and keyboard of the message that it makes."""
    if not isinstance(given, dict):
        raise bad_request("can't parse inline query result: expected an Object")
    kind, result_id = given.get("type"), given.get("id")
    if not isinstance(kind, str) or kind not in _KNOWN:
        raise bad_request("can't parse inline query result: unsupported type specified")
    if not isinstance(result_id, str | int) or not 1 <= len(str(result_id).encode()) <= 64:
        raise bad_request("RESULT_ID_INVALID")
    if kind in ("article", "document", "venue") and not given.get("title"):
        raise bad_request("can't parse inline query result: title is empty")
    body = _body(call, kind, given)
    markup = inline_only(given.get("reply_markup"), private=False, bot_username=call.bot.username)
    return {
        "id": str(result_id),
        "type": kind,
        "title": str(given.get("title") or ""),
        "description": str(given.get("description") or ""),
        "body": body,
        "markup": markup,
    }


def _body(call: Call, kind: str, given: Json) -> Json:
    content = given.get("input_message_content")
    if content is not None:
        return _content(call, content)
    if kind == "article":
        raise bad_request("can't parse inline query result: input_message_content is not specified")
    if kind in ("contact", "location", "venue"):
        return _content(call, given)
    caption = captioned(
        *formatted_text(
            call,
            str(given.get("caption") or ""),
            str(given.get("parse_mode") or ""),
            given.get("caption_entities") or None,
        )
    )
    file_id = given.get(_CACHED.get(kind, ""))
    if file_id:
        stored = call.world.files.find(str(file_id))
        if stored is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        if stored.type == "photo":
            return {"photo": [files.photo_size(stored)], **caption}
        return {stored.type: files.described(stored), **caption}
    link = given.get(_LINKED.get(kind, ""))
    if not link:
        raise bad_request("can't parse inline query result: there is no content")
    # Nothing is fetched for it: the message shows the address itself.
    return {"text": str(link)}


def _content(call: Call, content: Any) -> Json:
    if not isinstance(content, dict):
        raise bad_request("can't parse input message content: expected an Object")
    if "message_text" in content:
        text, entities = formatted_text(
            call,
            str(content["message_text"]),
            str(content.get("parse_mode") or ""),
            content.get("entities") or None,
        )
        if not text:
            raise bad_request("message text is empty")
        if utf16_length(text) > 4096:
            raise bad_request("MESSAGE_TOO_LONG")
        return {"text": text, **({"entities": entities} if entities else {})}
    if "phone_number" in content:
        contact = {name: str(content.get(name) or "") for name in ("phone_number", "first_name")}
        return {"contact": contact}
    latitude, longitude = content.get("latitude"), content.get("longitude")
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        raise bad_request("can't parse input message content")
    location = {"latitude": latitude, "longitude": longitude}
    if "title" in content and "address" in content:
        venue = {
            "location": location,
            "title": str(content["title"]),
            "address": str(content["address"]),
        }
        return {"location": location, "venue": venue}
    return {"location": location}


def result_message(world: World, bot: Bot, user: User, chat: Chat, result: Json) -> Message:
    """The message that the person sends through the bot."""
    inline_id = None
    if result["markup"]:
        inline_id = f"AAAA{world.random.getrandbits(96):024x}"
    message = world.say(
        chat,
        user,
        result["body"],
        markup=result["markup"],
        via=bot.id,
        inline_id=inline_id,
    )
    return message
