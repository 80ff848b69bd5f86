"""What people do in their chats: write, press, edit, react, block, join."""

from typing import Any

from tgsandbox.telegram import files, invites, wire
from tgsandbox.telegram.membership import set_blocked, set_standing
from tgsandbox.telegram.methods.messages import checked_reactions, react
from tgsandbox.telegram.records import Bot, Chat, Json, Message, Query, User
from tgsandbox.telegram.text.entities import from_given, parse, utf16_length
from tgsandbox.telegram.world import World

TEXT_LIMIT = 4096


class Impossible(Exception):
    """What nobody could do in Telegram either, in words."""


# --- writing


def write(world: World, user: User, chat: Chat, body: Json, **more: Any) -> Message:
    """A message of a person's. Writing to a bot opens the chat, also one that was blocked."""
    _open(world, user, chat)
    keyboard = chat.keyboard
    if keyboard and "reply_to" not in more and keyboard.get("force_reply"):
        more["reply_to"] = chat.keyboard_from
        hide_keyboard(world, chat)
    if more.get("reply_to") and more["reply_to"] not in chat.messages:
        raise Impossible(f"There is no message {more['reply_to']} to reply to.")
    return world.say(chat, user, body, **more)


def write_text(
    world: World,
    user: User,
    chat: Chat,
    text: str,
    *,
    entities: list[Json] | None = None,
    **more: Any,
) -> Message:
    return write(world, user, chat, text_body(text, entities), **more)


def text_body(text: str, entities: list[Json] | None = None) -> Json:
    """What a person typed, with what Telegram finds in it."""
    clean, found = parse(text, None) if entities is None else from_given(text, entities)
    if not clean:
        raise Impossible("There is nothing to send.")
    if utf16_length(clean) > TEXT_LIMIT:
        raise Impossible(f"A message takes {TEXT_LIMIT} characters at most.")
    body: Json = {"text": clean}
    if found:
        body["entities"] = [each.to_dict() for each in found]
    return body


def send_file(
    world: World,
    user: User,
    chat: Chat,
    kind: str,
    content: bytes,
    *,
    name: str | None = None,
    mime: str | None = None,
    caption: str = "",
    duration: int | None = None,
    **more: Any,
) -> Message:
    if kind == "photo":
        files.check_photo(content)
    stored = world.files.add(kind, content, name=name, mime=mime)
    if duration is not None:
        stored.duration = duration
        world.save(stored)
    shown: Any = [files.photo_size(stored)] if kind == "photo" else files.described(stored)
    body: Json = {kind: shown}
    if caption:
        said = text_body(caption)
        body["caption"] = said["text"]
        if "entities" in said:
            body["caption_entities"] = said["entities"]
    return write(world, user, chat, body, **more)


def send_album(
    world: World, user: User, chat: Chat, photos: list[bytes], *, caption: str = ""
) -> list[Message]:
    if not 2 <= len(photos) <= 10:
        raise Impossible("An album holds 2 to 10 photos.")
    album = str(world.random.getrandbits(53) + 10**16)
    captions = [caption] + [""] * (len(photos) - 1)
    return [
        send_file(world, user, chat, "photo", photo, caption=each, album=album)
        for photo, each in zip(photos, captions, strict=True)
    ]


def share_contact(world: World, user: User, chat: Chat) -> Message:
    """Their own, by the button that asks for it."""
    if not user.phone:
        raise Impossible(f"{user.name} has no phone number.")
    contact: Json = {"phone_number": user.phone, "first_name": user.first_name}
    if user.last_name:
        contact["last_name"] = user.last_name
    contact["user_id"] = user.id
    return write(world, user, chat, {"contact": contact})


def forward(world: World, user: User, message: Message, chat: Chat) -> Message:
    if message.protected or any(each in message.body for each in wire.SERVICE):
        raise Impossible("The message may not be forwarded.")
    return write(world, user, chat, message.body, origin=wire.origin(world, message))


def edit(world: World, user: User, message: Message, text: str) -> None:
    if message.sender != user.id:
        raise Impossible("Only one's own messages can be edited.")
    if not any(each in message.body for each in _EDITABLE):
        raise Impossible("There is nothing to edit in this message.")
    said = text_body(text)
    body = {each: value for each, value in message.body.items() if each not in _SAID}
    if "text" in message.body:
        body |= said
    else:
        body["caption"] = said["text"]
        if "entities" in said:
            body["caption_entities"] = said["entities"]
    world.change(message, body=body)
    world.tell_bots(message.chat, "edited_message", message)


_EDITABLE = ("text", "photo", "video", "animation", "audio", "voice", "document", "paid_media")
_SAID = ("text", "entities", "caption", "caption_entities")


# --- buttons


def press(world: World, user: User, message: Message, data: str) -> Query:
    """A button with callback data; the bot's answer will be in the query."""
    bot = world.bots[message.via or message.sender]
    query = world.ask("callback", bot, user, message=message.key, data=data)
    body: Json = {
        "id": query.id,
        "from": wire.user(user),
        "chat_instance": world.chat_instance(message.chat),
        "data": data,
    }
    if message.inline_id:
        body["inline_message_id"] = message.inline_id
    elif message.id in message.chat.messages:
        body["message"] = wire.message(world, message)
    else:
        body["message"] = wire.inaccessible(world, message.chat, message.id)
    world.events.emit("pressed", chat=message.chat, message=message, user=user, data=data)
    world.inboxes[bot.id].push("callback_query", body, f"callback:{user.id}")
    return query


def tap(world: World, user: User, chat: Chat, button: Any) -> Message:
    """A button of the reply keyboard that says its own text, or shares something."""
    about: Json = button if isinstance(button, dict) else {"text": str(button)}
    if about.get("request_location"):
        raise Impossible("The button asks for a location: share_location() answers it.")
    if about.get("web_app"):
        raise Impossible("The button opens a Mini App: open_mini_app() does that.")
    keyboard = chat.keyboard
    if about.get("request_contact"):
        message = share_contact(world, user, chat)
    else:
        more: Any = {} if chat.private else {"reply_to": chat.keyboard_from}
        message = write_text(world, user, chat, about["text"], **more)
    if keyboard and keyboard.get("one_time_keyboard") and chat.keyboard is keyboard:
        hide_keyboard(world, chat)
    return message


def hide_keyboard(world: World, chat: Chat) -> None:
    chat.keyboard = None
    chat.keyboard_from = 0
    world.save(chat)
    world.events.emit("keyboard", chat=chat, keyboard=None)


def react_with(world: World, user: User, message: Message, emoji: str | None) -> None:
    before = message.reactions.get(str(user.id), [])
    after = checked_reactions([{"type": "emoji", "emoji": emoji}] if emoji else [])
    react(world, message, user.id, after)
    body = {
        "chat": wire.chat(world, message.chat),
        "message_id": message.id,
        "user": wire.user(user),
        "date": world.clock.now(),
        "old_reaction": before,
        "new_reaction": after,
    }
    for bot in world.bots_in(message.chat):
        if message.chat.private or _admin(message.chat, bot):
            world.inboxes[bot.id].push("message_reaction", body, f"reaction:{message.chat.id}")


def delete(world: World, user: User, message: Message) -> None:
    """Bots are not told."""
    if not message.chat.private and message.sender != user.id:
        raise Impossible("Only one's own messages can be deleted in a group.")
    world.delete(message)


# --- inline mode


def ask_inline(
    world: World, user: User, bot: Bot, *, chat: Chat, text: str, offset: str = ""
) -> Query:
    if not bot.inline:
        raise Impossible(f"@{bot.username} has no inline mode.")
    query = world.ask("inline", bot, user, chat=chat.key, text=text)
    body = {
        "id": query.id,
        "from": wire.user(user),
        "chat_type": "sender" if chat.bot_id == bot.id else chat.type,
        "query": text,
        "offset": offset,
    }
    world.inboxes[bot.id].push("inline_query", body, f"inline:{user.id}")
    return query


def chosen(
    world: World, user: User, bot: Bot, *, message: Message, result_id: str, text: str
) -> None:
    body: Json = {"result_id": result_id, "from": wire.user(user), "query": text}
    if message.inline_id:
        body["inline_message_id"] = message.inline_id
    world.inboxes[bot.id].push("chosen_inline_result", body, f"chosen:{user.id}")


# --- who is where


def block(world: World, user: User, bot: Bot) -> None:
    set_blocked(world, world.private_chat(user, bot), blocked=True)


def unblock(world: World, user: User, bot: Bot) -> None:
    set_blocked(world, world.private_chat(user, bot), blocked=False)


def allow_writing(world: World, user: User, bot: Bot, *, app: str | None = None) -> Message:
    """What a Mini App asks for: the bot may write although the person has not."""
    chat = world.private_chat(user, bot)
    chat.writable = True
    world.save(chat)
    allowed: Json = {"web_app_name": app} if app else {"from_request": True}
    return world.say(chat, user, {"write_access_allowed": allowed})


def add_to_group(world: World, by: User, chat: Chat, account: User | Bot) -> None:
    if not world.is_member(chat, by.id):
        raise Impossible(f"{by.name} is not in {chat.title}.")
    if chat.type == "channel" and not rules(chat, by):
        raise Impossible(f"{by.name} is no administrator of {chat.title}.")
    if isinstance(account, Bot) and not account.joins_groups:
        raise Impossible(f"@{account.username} does not join groups.")
    as_what = "administrator" if isinstance(account, Bot) and chat.type == "channel" else "member"
    set_standing(world, chat, account, by, as_what)


def promote(world: World, by: User, chat: Chat, account: User | Bot, **rights: bool) -> None:
    _expect_ruling(by, chat, account)
    more: Json = rights | {"can_be_edited": True}
    set_standing(world, chat, account, by, "administrator", **more)


def join_by(world: World, user: User, link: str) -> Chat:
    """By an invite link: one is let in at once, or waits for the answer of an administrator."""
    found = invites.led_to(world, link)
    if found is None or found[0].members.get(str(user.id), {}).get("status") == "kicked":
        raise Impossible("The link has expired, or is none.")
    chat, code = found
    if user.deactivated:
        raise Impossible(f"{user.name} is deactivated.")
    if world.is_member(chat, user.id):
        raise Impossible(f"{user.name} is in {chat.title} already.")
    invites.enter(world, chat, user, code)
    return chat


def let_in(world: World, by: User, chat: Chat, user: User) -> None:
    _expect_asking(by, chat, user)
    invites.approve(world, chat, user, by=by)


def turn_down(world: World, by: User, chat: Chat, user: User) -> None:
    _expect_asking(by, chat, user)
    invites.decline(world, chat, user)


def _expect_asking(by: User, chat: Chat, user: User) -> None:
    _expect_ruling(by, chat, user)
    if str(user.id) not in chat.requests:
        raise Impossible(f"{user.name} does not ask to join {chat.title}.")


def leave(world: World, user: User, chat: Chat) -> None:
    set_standing(world, chat, user, user, "left")


def remove(world: World, by: User, chat: Chat, account: User | Bot) -> None:
    _expect_ruling(by, chat, account)
    set_standing(world, chat, account, by, "kicked")


def rules(chat: Chat, user: User) -> bool:
    return chat.members.get(str(user.id), {}).get("status") in ("creator", "administrator")


def _expect_ruling(by: User, chat: Chat, account: User | Bot) -> None:
    """Administrators put out and raise others, but not whoever made the group."""
    if not rules(chat, by):
        raise Impossible(f"{by.name} is no administrator of {chat.title}.")
    if chat.members.get(str(account.id), {}).get("status") == "creator":
        raise Impossible(f"{account.name} made the group.")


def may_write(chat: Chat, user: User) -> bool:
    """In a channel, who made it, and administrators that may."""
    if chat.type != "channel":
        return True
    standing = chat.members.get(str(user.id), {})
    return standing.get("status") == "creator" or standing.get("can_post_messages") is True


def _admin(chat: Chat, bot: Bot) -> bool:
    return bool(chat.members.get(str(bot.id), {}).get("status") == "administrator")


def _open(world: World, user: User, chat: Chat) -> None:
    if user.deactivated:
        raise Impossible(f"{user.name} is deactivated.")
    if not world.is_member(chat, user.id):
        raise Impossible(f"{user.name} is not in {chat.title}.")
    if not may_write(chat, user):
        raise Impossible(f"Only administrators write in {chat.title}.")
    if not chat.private:
        return
    set_blocked(world, chat, blocked=False)
    if not chat.started:
        chat.started = True
        world.save(chat)
