"""Records as the Bot API shows them."""

from typing import TYPE_CHECKING, Any

from tgsandbox.telegram.records import Account, Bot, Chat, Json, Message, User

if TYPE_CHECKING:
    from tgsandbox.telegram.world import World


# What happened, rather than what somebody said.
SERVICE = (
    "new_chat_members",
    "left_chat_member",
    "new_chat_title",
    "pinned_message",
    "successful_payment",
    "refunded_payment",
    "web_app_data",
    "write_access_allowed",
    "group_chat_created",
)


def user(account: Account) -> Json:
    shown: Json = {
        "id": account.id,
        "is_bot": isinstance(account, Bot),
        "first_name": account.first_name,
    }
    if isinstance(account, User) and account.last_name:
        shown["last_name"] = account.last_name
    if account.username:
        shown["username"] = account.username
    if isinstance(account, User):
        if account.language:
            shown["language_code"] = account.language
        if account.premium:
            shown["is_premium"] = True
    return shown


def me(bot: Bot) -> Json:
    return user(bot) | {
        "can_join_groups": bot.joins_groups,
        "can_read_all_group_messages": not bot.privacy,
        "supports_inline_queries": bot.inline,
        "can_connect_to_business": False,
        "has_main_web_app": bot.main_app is not None,
    }


def chat(world: "World", shown: Chat) -> Json:
    if not shown.private:
        found: Json = {"id": shown.id, "title": shown.title, "type": shown.type}
        if shown.username:
            found["username"] = shown.username
        return found
    person = world.users[shown.user_id]
    found = {"id": person.id, "first_name": person.first_name}
    if person.last_name:
        found["last_name"] = person.last_name
    if person.username:
        found["username"] = person.username
    found["type"] = "private"
    return found


def message(world: "World", shown: Message, *, nested: bool = False) -> Json:
    where = chat(world, shown.chat)
    found: Json = {"message_id": shown.id}
    if shown.chat.type == "channel":
        found["sender_chat"] = where  # who wrote it is nobody's business
    else:
        found["from"] = user(world.accounts[shown.sender])
    found |= {"chat": where, "date": shown.date}
    if shown.edited:
        found["edit_date"] = shown.edited
    if shown.origin:
        found["forward_origin"] = shown.origin
    if shown.reply_to and not nested:
        target = shown.chat.messages.get(shown.reply_to)
        if target:
            found["reply_to_message"] = message(world, target, nested=True)
        if shown.quote:
            found["quote"] = shown.quote
    if shown.via:
        found["via_bot"] = user(world.bots[shown.via])
    if shown.album:
        found["media_group_id"] = shown.album
    if shown.protected:
        found["has_protected_content"] = True
    if shown.effect:
        found["effect_id"] = shown.effect
    found.update(shown.body)
    if shown.markup:
        found["reply_markup"] = shown.markup
    return found


def origin(world: "World", shown: Message) -> Json:
    """Where a message comes from that is forwarded or answered elsewhere."""
    if shown.origin:
        return shown.origin
    if shown.chat.type == "channel":
        where = chat(world, shown.chat)
        return {"type": "channel", "date": shown.date, "chat": where, "message_id": shown.id}
    sender = user(world.accounts[shown.sender])
    return {"type": "user", "date": shown.date, "sender_user": sender}


def inaccessible(world: "World", where: Chat, message_id: int) -> Json:
    """A message that is no longer there."""
    return {"chat": chat(world, where), "message_id": message_id, "date": 0}


def member(world: "World", account: Account, standing: Json) -> Json:
    return {"user": user(account), **standing}


ADMIN_RIGHTS = {
    "can_be_edited": False,
    "is_anonymous": False,
    "can_manage_chat": True,
    "can_delete_messages": True,
    "can_manage_video_chats": True,
    "can_restrict_members": True,
    "can_promote_members": False,
    "can_change_info": True,
    "can_invite_users": True,
    "can_post_stories": False,
    "can_edit_stories": False,
    "can_delete_stories": False,
    "can_send_welcome_messages": True,
    "can_pin_messages": True,
    "can_manage_topics": False,
    "can_manage_tags": True,
}


CHANNEL_RIGHTS = {
    "can_be_edited": False,
    "can_manage_chat": True,
    "can_change_info": True,
    "can_post_messages": True,
    "can_edit_messages": True,
    "can_delete_messages": True,
    "can_invite_users": True,
    "can_restrict_members": True,
    "can_promote_members": False,
    "can_manage_video_chats": True,
    "can_post_stories": True,
    "can_edit_stories": True,
    "can_delete_stories": True,
    "can_send_welcome_messages": False,
    "can_manage_direct_messages": False,
    "is_anonymous": True,
}


def standing(status: str, *, channel: bool = False, **more: Any) -> Json:
    """A ChatMember without its user."""
    match status:
        case "creator":
            return {"status": status, "is_anonymous": False, **more}
        case "administrator":
            return {"status": status, **(CHANNEL_RIGHTS if channel else ADMIN_RIGHTS), **more}
        case "kicked":
            return {"status": status, "until_date": 0, **more}
        case _:
            return {"status": status, **more}
