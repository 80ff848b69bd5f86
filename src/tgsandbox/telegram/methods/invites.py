"""Invite links, and people who ask to be let in."""

from typing import Any

from tgsandbox.telegram import invites
from tgsandbox.telegram.calls import Call, method
from tgsandbox.telegram.errors import bad_request, forbidden
from tgsandbox.telegram.records import Chat, Json, User
from tgsandbox.telegram.targets import chat_to_write
from tgsandbox.telegram.text.shape import clean

MOST_NAME, MOST_MEMBERS = 32, 99_999
GONE = "INVITE_HASH_EXPIRED"


@method
def create_chat_invite_link(call: Call) -> Json:
    chat, about = _chat(call), _about(call)
    return _shown(call, chat, invites.new_link(call.world, chat, call.bot, **about))


@method
def export_chat_invite_link(call: Call) -> str:
    """A new primary link in place of the bot's last."""
    chat = _chat(call)
    if old := invites.primary_of(chat, call.bot):
        invites.change_link(call.world, chat, old, {"revoked": True})
    return invites.address(invites.new_link(call.world, chat, call.bot, primary=True))


@method
def edit_chat_invite_link(call: Call) -> Json:
    chat, about = _chat(call), _about(call)
    found = _link(call, chat)
    if chat.links[found]["primary"]:
        raise bad_request("CHAT_INVITE_PERMANENT")
    invites.edit_link(call.world, chat, found, **about)
    return _shown(call, chat, found)


@method
def revoke_chat_invite_link(call: Call) -> Json:
    """In place of a primary one there is another at once."""
    chat = _chat(call)
    found = _link(call, chat)
    invites.change_link(call.world, chat, found, {"revoked": True})
    if chat.links[found]["primary"]:
        invites.new_link(call.world, chat, call.bot, primary=True)
    return _shown(call, chat, found)


def _chat(call: Call) -> Chat:
    """Where the bot may invite."""
    chat = chat_to_write(call)
    if chat.private:
        raise bad_request("can't invite members to a private chat")
    if not _may_invite(call, chat):
        raise bad_request("not enough rights to manage chat invite link")
    return chat


def _may_invite(call: Call, chat: Chat) -> bool:
    return chat.members[str(call.bot.id)].get("can_invite_users") is True


def _about(call: Call) -> dict[str, Any]:
    """What is said of a link."""
    args = call.args
    expires, limit = args.integer("expire_date", low=0), args.integer("member_limit", low=0)
    asks = args.flag("creates_join_request")
    if asks and limit:
        raise bad_request(
            "member limit can't be specified for links requiring administrator approval"
        )
    if 0 < expires <= call.world.clock.now():
        raise bad_request("EXPIRE_DATE_INVALID")
    if limit > MOST_MEMBERS:
        raise bad_request("USAGE_LIMIT_INVALID")
    name = clean(args.text("name")).strip()[:MOST_NAME]
    return {"name": name, "expires": expires, "limit": limit, "asks": asks}


def _link(call: Call, chat: Chat) -> str:
    """One that the bot has made and not taken back."""
    given = call.args.text("invite_link")
    if not given:
        raise bad_request("invite link must be non-empty")
    found = invites.hash_in(given)
    if found is None or found not in chat.links or chat.links[found]["revoked"]:
        raise bad_request(GONE)
    if chat.links[found]["creator"] != call.bot.id:
        raise bad_request("CHAT_ADMIN_REQUIRED")
    return found


def _shown(call: Call, chat: Chat, found: str) -> Json:
    return invites.shown(call.world, chat, found, call.bot)


# --- people who ask


@method
def approve_chat_join_request(call: Call) -> bool:
    chat, user = _asking(call)
    if call.world.is_member(chat, user.id):
        raise bad_request("USER_ALREADY_PARTICIPANT")
    invites.approve(call.world, chat, _waiting(chat, user), by=call.bot)
    return True


@method
def decline_chat_join_request(call: Call) -> bool:
    chat, user = _asking(call)
    invites.decline(call.world, chat, _waiting(chat, user))
    return True


def _asking(call: Call) -> tuple[Chat, User]:
    number = call.args.integer("user_id")
    if number <= 0:
        raise bad_request("invalid user_id specified")
    chat = chat_to_write(call)
    if chat.private:
        raise bad_request("the chat can't have join requests")
    if not _may_invite(call, chat):
        raise bad_request("not enough rights to manage chat join requests")
    user = call.world.users.get(number)
    if user is None:
        raise bad_request("USER_ID_INVALID")
    if user.deactivated:
        raise forbidden("user is deactivated")
    return chat, user


def _waiting(chat: Chat, user: User) -> User:
    if str(user.id) not in chat.requests:
        raise bad_request("HIDE_REQUESTER_MISSING")
    return user
