"""Chats and who is in them."""

from tgsandbox.telegram import files, wire
from tgsandbox.telegram.calls import Call, method
from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.membership import pin, set_standing, unpin
from tgsandbox.telegram.records import Chat, Json
from tgsandbox.telegram.targets import account_of, chat_known, chat_to_write, message_in

PERMISSIONS = (
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_react_to_messages",
    "can_edit_tag",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
)
_GIFTS = (
    "unlimited_gifts",
    "limited_gifts",
    "unique_gifts",
    "premium_subscription",
    "gifts_from_channels",
)


@method
def get_chat(call: Call) -> Json:
    chat = chat_known(call)
    world = call.world
    found = wire.chat(world, chat)
    found |= {
        "accent_color_id": abs(chat.id) % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(_GIFTS, False),
    }
    if chat.private:
        user = world.users[chat.user_id]
        if user.username:
            found["active_usernames"] = [user.username]
    else:
        found["permissions"] = dict.fromkeys(PERMISSIONS, True)
        if chat.description:
            found["description"] = chat.description
    if chat.pinned:
        message = chat.messages[chat.pinned[-1]]
        found["pinned_message"] = wire.message(world, message, nested=True)
    return found


@method
def get_chat_member(call: Call) -> Json:
    chat, account = chat_known(call), account_of(call)
    if chat.private:
        if not call.world.is_member(chat, account.id):
            raise bad_request("member not found")
        return wire.member(call.world, account, wire.standing("member"))
    standing = chat.members.get(str(account.id))
    if standing is None:
        return wire.member(call.world, account, wire.standing("left"))
    return wire.member(call.world, account, standing)


@method
def get_chat_member_count(call: Call) -> int:
    return len(call.world.people_in(chat_known(call)))


@method
def get_chat_administrators(call: Call) -> list[Json]:
    chat = chat_known(call)
    if chat.private:
        raise bad_request("there are no administrators in the private chat")
    return [
        wire.member(call.world, call.world.accounts[int(each)], standing)
        for each, standing in chat.members.items()
        if standing["status"] in ("creator", "administrator") and int(each) != call.bot.id
    ]


@method
def leave_chat(call: Call) -> bool:
    chat = chat_known(call)
    if chat.private:
        raise bad_request("chat member status can't be changed in private chats")
    set_standing(call.world, chat, call.bot, call.bot, "left")
    return True


# --- what administrators do


@method
def ban_chat_member(call: Call) -> bool:
    return _put(call, "kicked", until_date=call.args.integer("until_date"))


@method
def unban_chat_member(call: Call) -> bool:
    chat, account = _administered(call), account_of(call)
    standing = chat.members.get(str(account.id), {"status": "left"})
    if standing["status"] == "kicked" or not call.args.flag("only_if_banned"):
        set_standing(call.world, chat, account, call.bot, "left")
    return True


@method
def restrict_chat_member(call: Call) -> bool:
    given = call.args.json("permissions", "permissions")
    if not isinstance(given, dict):
        raise bad_request("can't parse permissions JSON object")
    allowed = {name: given.get(name) is True for name in PERMISSIONS}
    if all(allowed.values()):
        return _put(call, "member")
    until = call.args.integer("until_date")
    return _put(call, "restricted", is_member=True, until_date=until, **allowed)


@method
def promote_chat_member(call: Call) -> bool:
    rights = [name for name in wire.ADMIN_RIGHTS if call.args.flag(name)]
    if not rights:
        return _put(call, "member")
    given = {name: name in rights for name in wire.ADMIN_RIGHTS}
    return _put(call, "administrator", **(given | {"can_be_edited": True}))


def _put(call: Call, status: str, **more: object) -> bool:
    chat, account = _administered(call), account_of(call)
    if chat.members.get(str(account.id), {}).get("status") == "creator":
        raise bad_request("can't remove chat owner")
    set_standing(call.world, chat, account, call.bot, status, **more)
    return True


def _administered(call: Call) -> Chat:
    chat = chat_to_write(call)
    if chat.private:
        raise bad_request("chat member status can't be changed in private chats")
    if chat.members[str(call.bot.id)]["status"] not in ("administrator", "creator"):
        raise bad_request("not enough rights to restrict/unrestrict chat member")
    return chat


@method
def set_chat_title(call: Call) -> bool:
    chat = chat_to_write(call)
    title = call.args.text("title").strip()
    if chat.private:
        raise bad_request("can't change private chat title")
    if not 1 <= len(title) <= 128:
        raise bad_request("chat title is empty" if not title else "chat title is too long")
    _may(call, chat, "can_change_info", "not enough rights to change chat title")
    chat.title = title
    call.world.say(chat, call.bot, {"new_chat_title": title})
    return True


@method
def set_chat_description(call: Call) -> bool:
    chat = chat_to_write(call)
    _may(call, chat, "can_change_info", "not enough rights to set chat description")
    chat.description = call.args.text("description")[:255]
    call.world.save(chat)
    return True


def _may(call: Call, chat: Chat, right: str, refusal: str) -> None:
    if not chat.private and chat.members[str(call.bot.id)].get(right) is not True:
        raise bad_request(refusal)


# --- pins, photos


@method
def pin_chat_message(call: Call) -> bool:
    chat = chat_to_write(call)
    message = message_in(call, chat, what="message to pin")
    _may(call, chat, "can_pin_messages", "not enough rights to manage pinned messages in the chat")
    pin(call.world, message, call.bot)
    return True


@method
def unpin_chat_message(call: Call) -> bool:
    chat = chat_to_write(call)
    _may(call, chat, "can_pin_messages", "not enough rights to manage pinned messages in the chat")
    wanted = call.args.integer("message_id") or (chat.pinned[-1] if chat.pinned else 0)
    if wanted not in chat.pinned:
        raise bad_request("message to unpin not found")
    unpin(call.world, chat, [wanted])
    return True


@method
def unpin_all_chat_messages(call: Call) -> bool:
    chat = chat_to_write(call)
    _may(call, chat, "can_pin_messages", "not enough rights to manage pinned messages in the chat")
    unpin(call.world, chat, list(chat.pinned))
    return True


@method
def get_user_profile_photos(call: Call) -> Json:
    account = account_of(call)
    stored = [call.world.files.known[each] for each in account.photos]
    offset = call.args.integer("offset", low=0)
    limit = call.args.integer("limit", 100, low=1, high=100)
    found = stored[offset : offset + limit]
    return {"total_count": len(stored), "photos": [[files.photo_size(each)] for each in found]}
