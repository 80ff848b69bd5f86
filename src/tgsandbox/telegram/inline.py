"""Inline mode: what a bot offers, and the message that a person makes of it."""

from typing import Any

from tgsandbox.telegram import files
from tgsandbox.telegram.calls import Call
from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.fields import FieldError, object_, real, string
from tgsandbox.telegram.keyboards import has_pay, inline_only
from tgsandbox.telegram.records import Bot, Chat, Json, Message, User
from tgsandbox.telegram.sending import CAPTION_LIMIT, TEXT_LIMIT, captioned, formatted_text
from tgsandbox.telegram.text.entities import utf16_length
from tgsandbox.telegram.world import World

MOST_ID = 64  # bytes
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
_NEEDED = {
    "contact": ("phone_number", "first_name"),
    "location": ("latitude", "longitude"),
    "venue": ("latitude", "longitude", "title", "address"),
}
_TITLED = ("article", "document", "video", "voice", "location", "venue")
_EMPTY_TITLE = {  # what Telegram itself says of it
    "article": "ARTICLE_TITLE_EMPTY",
    "document": "FILE_TITLE_EMPTY",
    "video": "VIDEO_TITLE_EMPTY",
}


def checked_result(call: Call, given: Any) -> Json:
    """The result, with the body and keyboard of the message that it makes."""
    if not isinstance(given, dict):
        raise FieldError("Inline query result must be an object")
    kind, result_id = string(given, "type").lower(), string(given, "id")
    if kind not in _KNOWN:
        raise FieldError(f'type "{kind}" is unsupported for the inline query result')
    body = _body(call, kind, given)
    markup = inline_only(given.get("reply_markup"), private=False, bot_username=call.bot.username)
    title = string(given, "title") if kind in _TITLED else string(given, "title", "")
    if not 1 <= len(result_id.encode()) <= MOST_ID:
        raise bad_request("RESULT_ID_INVALID" if result_id else "RESULT_ID_EMPTY")
    if not title and kind in _EMPTY_TITLE:
        raise bad_request(_EMPTY_TITLE[kind])
    if has_pay(markup):
        raise bad_request("BUTTON_TYPE_INVALID")
    return {
        "id": result_id,
        "type": kind,
        "title": title,
        "description": string(given, "description", ""),
        "body": body,
        "markup": markup,
    }


def _body(call: Call, kind: str, given: Json) -> Json:
    if "input_message_content" in given:
        content = _content(call, object_(given, "input_message_content"))
        if content:
            return content
        if kind == "article":
            raise FieldError("Input message content is not specified")
    elif kind == "article" or "message_text" in given:
        return _text(call, given, string(given, "message_text"))
    caption = _caption(call, given)
    if kind == "game":
        return {"text": string(given, "game_short_name")}  # the sandbox has no games
    if kind not in _CACHED:
        for name in _NEEDED[kind]:
            string(given, name)
        return _content(call, given) or {}
    if link := string(given, _LINKED.get(kind, ""), ""):
        # Nothing is fetched for it: the message shows the address itself.
        return {"text": link}
    return _file(call, kind, string(given, _CACHED[kind])) | caption


def _caption(call: Call, given: Json) -> Json:
    text, mode = string(given, "caption", ""), string(given, "parse_mode", "")
    text, entities = formatted_text(call, text, mode, given.get("caption_entities"))
    if utf16_length(text) > CAPTION_LIMIT:
        raise bad_request("MEDIA_CAPTION_TOO_LONG")
    return captioned(text, entities)


def _file(call: Call, kind: str, file_id: str) -> Json:
    stored = call.world.files.find(file_id)
    if stored is None:
        raise bad_request("wrong remote file identifier specified: can't unserialize it")
    if stored.type == "photo":
        return {"photo": [files.photo_size(stored)]}
    return {stored.type: files.described(stored)}


def _content(call: Call, content: Json) -> Json | None:
    if text := string(content, "message_text", ""):
        return _text(call, content, text)
    if "latitude" in content and "longitude" in content:
        return _place(content)
    if "phone_number" in content:
        contact = {name: string(content, name) for name in ("phone_number", "first_name")}
        contact |= {
            name: said for name in ("last_name", "vcard") if (said := string(content, name, ""))
        }
        return {"contact": contact}
    return None


def _text(call: Call, content: Json, text: str) -> Json:
    if not text:
        raise FieldError("Message text is empty")
    mode = string(content, "parse_mode", "")
    text, entities = formatted_text(call, text, mode, content.get("entities"))
    if not text:
        raise bad_request("text must be non-empty")
    if utf16_length(text) > TEXT_LIMIT:
        raise bad_request("MESSAGE_TOO_LONG")
    return {"text": text, **({"entities": entities} if entities else {})}


def _place(content: Json) -> Json:
    location = {name: real(content, name) for name in ("latitude", "longitude")}
    if abs(location["latitude"]) > 90 or abs(location["longitude"]) > 180:
        raise bad_request("wrong location specified")
    if "title" in content and "address" in content:
        venue = {name: string(content, name) for name in ("title", "address")}
        return {"location": location, "venue": {"location": location, **venue}}
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
