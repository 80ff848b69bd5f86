"""Chats and who is in them."""

from tgsandbox.telegram import files, wire
from tgsandbox.telegram.calls import Call, method
from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.fields import FieldError, flag
from tgsandbox.telegram.invites import address, primary_of
from tgsandbox.telegram.membership import pin, set_standing, unpin
from tgsandbox.telegram.records import Account, Chat, Json
from tgsandbox.telegram.targets import account_of, chat_known, chat_to_write, message_in
from tgsandbox.telegram.text.shape import clean

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
_MEDIA = PERMISSIONS[1:7]  # from audios to voice notes
NOBODY = "PARTICIPANT_ID_INVALID"
MOST_TITLE, MOST_DESCRIPTION = 128, 255
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
        if chat.type != "channel":
            found["permissions"] = dict.fromkeys(PERMISSIONS, True)
        if chat.description:
            found["description"] = chat.description
        if primary := primary_of(chat, call.bot):
            found["invite_link"] = address(primary)
    if chat.pinned:
        message = chat.messages[chat.pinned[-1]]
        found["pinned_message"] = wire.message(world, message, nested=True)
    return found


@method
def get_chat_member(call: Call) -> Json:
    chat = _chat_of_somebody(call)
    missing = "member not found" if chat.private else NOBODY
    account = account_of(call, missing=missing)
    if chat.private:
        if not call.world.is_member(chat, account.id):
            raise bad_request(missing)
        return wire.member(call.world, account, wire.standing("member"))
    standing = chat.members.get(str(account.id), wire.standing("left"))
    return wire.member(call.world, account, standing)


def _chat_of_somebody(call: Call) -> Chat:
    """Whom it is about is asked before where."""
    if call.args.integer("user_id") <= 0:
        raise bad_request("invalid user_id specified")
    return chat_known(call)


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
        if standing["status"] in ("creator", "administrator") and not _other_bot(call, int(each))
    ]


def _other_bot(call: Call, account_id: int) -> bool:
    return account_id in call.world.bots and account_id != call.bot.id


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
    chat = _chat_of_somebody(call)
    if chat.private:
        raise bad_request("can't ban members in private chats")
    account = _to_restrict(call, chat)
    until = call.args.integer("until_date", low=0)
    set_standing(call.world, chat, account, call.bot, "kicked", until_date=until)
    return True


@method
def unban_chat_member(call: Call) -> bool:
    """Whoever is not banned is put out, but for `only_if_banned`."""
    chat = _one_of(call, *_LARGE)
    account = account_of(call, missing=NOBODY)
    standing = chat.members.get(str(account.id), wire.standing("left"))
    if standing["status"] != "kicked" and call.args.flag("only_if_banned"):
        return True
    _to_restrict(call, chat)
    set_standing(call.world, chat, account, call.bot, "left")
    return True


@method
def restrict_chat_member(call: Call) -> bool:
    given = call.args.json("permissions", "permissions")
    if given is None:
        given = {}
    if not isinstance(given, dict):
        raise bad_request("object expected as permissions")
    try:
        allowed = _allowed(given, apart=call.args.flag("use_independent_chat_permissions"))
    except FieldError as error:
        raise bad_request(f"can't parse chat permissions: {error}") from None
    chat = _one_of(call, "method is available only in supergroups", "supergroup")
    account = _to_restrict(call, chat)
    there = call.world.is_member(chat, account.id)
    if all(allowed.values()):
        set_standing(call.world, chat, account, call.bot, "member" if there else "left")
        return True
    more: Json = {"is_member": there, "until_date": call.args.integer("until_date", low=0)}
    set_standing(call.world, chat, account, call.bot, "restricted", **more | allowed)
    return True


def _allowed(given: Json, *, apart: bool) -> dict[str, bool]:
    """Unless they are set apart, who may send one thing may send what is less."""
    allowed = {name: flag(given, name) for name in PERMISSIONS}
    if not any(name in given for name in _MEDIA):
        media = flag(given, "can_send_media_messages")
        allowed |= dict.fromkeys(_MEDIA, media)
        if media and not apart:
            allowed["can_send_messages"] = True
    if "can_manage_topics" not in given:
        allowed["can_manage_topics"] = allowed["can_pin_messages"]
    if apart:
        return allowed
    if allowed["can_send_other_messages"] or allowed["can_add_web_page_previews"]:
        allowed |= dict.fromkeys((*_MEDIA, "can_send_messages"), True)
    if allowed["can_send_polls"]:
        allowed["can_send_messages"] = True
    return allowed


@method
def promote_chat_member(call: Call) -> bool:
    chat = _one_of(call, *_LARGE)
    rights = wire.CHANNEL_RIGHTS if chat.type == "channel" else wire.ADMIN_RIGHTS
    wanted = {name: call.args.flag(name) for name in rights if name != "can_be_edited"}
    account = account_of(call, missing=NOBODY)
    ours, theirs = _standing_of(call, chat, call.bot), _standing_of(call, chat, account)
    if account.id == call.bot.id:
        raise bad_request("can't promote self")
    if theirs["status"] == "creator":
        raise bad_request("can't remove chat owner")
    if ours.get("can_promote_members") is not True:
        raise bad_request("not enough rights")
    if not any(wanted.values()):
        if theirs["status"] == "administrator":
            set_standing(call.world, chat, account, call.bot, "member")
        return True
    if theirs["status"] == "kicked":
        raise bad_request("USER_KICKED")
    if not call.world.is_member(chat, account.id):
        raise bad_request("USER_NOT_MUTUAL_CONTACT")
    if any(asked and ours.get(name) is not True for name, asked in wanted.items()):
        raise bad_request("RIGHT_FORBIDDEN")
    more: Json = wanted | {"can_be_edited": True, "can_manage_chat": True}
    set_standing(call.world, chat, account, call.bot, "administrator", **more)
    return True


_LARGE = (
    "method is available only in supergroup and channel chats",
    "supergroup",
    "channel",
)


def _one_of(call: Call, refusal: str, *types: str) -> Chat:
    chat = _chat_of_somebody(call)
    if chat.type not in types:
        raise bad_request(refusal)
    return chat


def _to_restrict(call: Call, chat: Chat) -> Account:
    """Whom the bot is to restrict or to put out, if it may."""
    account = account_of(call, missing=NOBODY)
    if account.id == call.bot.id:
        raise bad_request("can't restrict self")
    status = _standing_of(call, chat, account)["status"]
    if status == "creator":
        raise bad_request("can't remove chat owner")
    if _standing_of(call, chat, call.bot).get("can_restrict_members") is not True:
        raise bad_request("not enough rights to restrict/unrestrict chat member")
    if status == "administrator":
        raise bad_request("user is an administrator of the chat")
    return account


def _standing_of(call: Call, chat: Chat, account: Account) -> Json:
    return chat.members.get(str(account.id)) or wire.standing("left")


@method
def set_chat_title(call: Call) -> bool:
    chat = chat_to_write(call)
    title = clean(call.args.text("title")).strip()[:MOST_TITLE]
    if not title:
        raise bad_request("title must be non-empty")
    if chat.private:
        raise bad_request("can't change private chat title")
    _may(call, chat, "can_change_info", "not enough rights to change chat title")
    if title != chat.title:
        chat.title = title
        call.world.say(chat, call.bot, {"new_chat_title": title})
    return True


@method
def set_chat_description(call: Call) -> bool:
    chat = chat_to_write(call)
    if chat.private:
        raise bad_request("can't change private chat description")
    _may(call, chat, "can_change_info", "not enough rights to set chat description")
    description = call.args.text("description").strip()[:MOST_DESCRIPTION]
    if description == (chat.description or ""):
        raise bad_request("chat description is not modified")
    chat.description = description
    call.world.save(chat)
    return True


def _may(call: Call, chat: Chat, right: str, refusal: str) -> None:
    if chat.type == "channel" and right == "can_pin_messages":
        right = "can_edit_messages"
    if not chat.private and chat.members[str(call.bot.id)].get(right) is not True:
        raise bad_request(refusal)


# --- pins, photos

PINS = "not enough rights to manage pinned messages in the chat"


@method
def pin_chat_message(call: Call) -> bool:
    chat = chat_to_write(call)
    message = message_in(call, chat, what="message to pin")
    if any(each in message.body for each in wire.SERVICE):
        raise bad_request("service messages can't be pinned")
    _may(call, chat, "can_pin_messages", PINS)
    if message.id in chat.pinned:
        raise bad_request("CHAT_NOT_MODIFIED")
    pin(call.world, message, call.bot)
    return True


@method
def unpin_chat_message(call: Call) -> bool:
    chat = chat_to_write(call)
    wanted = call.args.message_id() or (chat.pinned[-1] if chat.pinned else 0)
    if wanted not in chat.messages:
        raise bad_request("message to unpin not found")
    _may(call, chat, "can_pin_messages", PINS)
    if wanted not in chat.pinned:
        raise bad_request("CHAT_NOT_MODIFIED")
    unpin(call.world, chat, [wanted])
    return True


@method
def unpin_all_chat_messages(call: Call) -> bool:
    chat = chat_to_write(call)
    _may(call, chat, "can_pin_messages", PINS)
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
