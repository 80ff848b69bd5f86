"""Changing a message that was sent: its text, caption, media, keyboard."""

from typing import Any

from tgsandbox.telegram import wire
from tgsandbox.telegram.calls import Call, method
from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.keyboards import has_pay, inline_only
from tgsandbox.telegram.media import EDITABLE, from_json, goes_with
from tgsandbox.telegram.records import Json, Message
from tgsandbox.telegram.sending import CAPTION, caption_body, text_body
from tgsandbox.telegram.targets import chat_to_write, message_in

_MEDIA = ("photo", "video", "animation", "audio", "document", "voice", "paid_media")
_TEXT = ("text", "entities", "link_preview_options")
_ABOUT_MEDIA = (*CAPTION, *EDITABLE, "has_media_spoiler")


@method
def edit_message_text(call: Call) -> Json | bool:
    body = text_body(call)
    message = _to_edit(call)
    if "text" not in message.body:
        raise bad_request("there is no text in the message to edit")
    return _change(call, message, _without(message, _TEXT) | body)


@method
def edit_message_caption(call: Call) -> Json | bool:
    body = caption_body(call)
    message = _to_edit(call)
    if not any(kind in message.body for kind in _MEDIA):
        raise bad_request("there is no caption in the message to edit")
    return _change(call, message, _without(message, CAPTION) | body)


@method
def edit_message_media(call: Call) -> Json | bool:
    call.args.required("media")
    item, caption = from_json(call, call.args.json("media", "input media"))
    message = _to_edit(call)
    if not any(kind in message.body for kind in (*EDITABLE, "text")):
        raise bad_request("message media can't be edited")
    if message.album and not any(goes_with(item.kind, kind) for kind in message.body):
        raise bad_request("can't change media type in the album")
    body = _without(message, (*_ABOUT_MEDIA, *_TEXT)) | item.body() | caption
    return _change(call, message, body)


@method
def edit_message_reply_markup(call: Call) -> Json | bool:
    message = _to_edit(call)
    return _change(call, message, message.body)


def _to_edit(call: Call) -> Message:
    if not call.args.text("chat_id") and not call.args.message_id():
        inline_id = call.args.text("inline_message_id")
        if not inline_id:
            raise bad_request("message identifier is not specified")
        found = call.world.inline.get(inline_id)
        if found is None or found.via != call.bot.id:
            raise bad_request("MESSAGE_ID_INVALID")
        return found
    message = message_in(call, chat_to_write(call), what="message to edit")
    ours = message.sender == call.bot.id and not message.origin
    if not ours or message.had_keyboard or any(each in message.body for each in wire.SERVICE):
        raise bad_request("message can't be edited")
    return message


def _change(call: Call, message: Message, body: Json) -> Json | bool:
    """A keyboard that is not given again is gone."""
    given: Any = call.args.json("reply_markup", "reply keyboard markup")
    private = message.chat.private
    markup = inline_only(given, private=private, bot_username=call.bot.username)
    if has_pay(markup) and message.invoice is None:
        raise bad_request("BUTTON_TYPE_INVALID")
    if body == message.body and markup == message.markup:
        raise bad_request(
            "message is not modified: specified new message content and reply markup are exactly "
            "the same as a current content and reply markup of the message"
        )
    only_keyboard = body == message.body
    call.world.change(message, body=body, markup=markup, edited=not only_keyboard)
    if not call.args.text("chat_id"):
        return True
    return wire.message(call.world, message)


def _without(message: Message, names: tuple[str, ...]) -> Json:
    return {name: value for name, value in message.body.items() if name not in names}
