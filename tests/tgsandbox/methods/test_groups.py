"""Groups: who is in them, who may do what, what is pinned."""

import pytest

from tests.tgsandbox.methods.place import Json, Place, png
from tgsandbox import Group, Person

NO_RIGHTS = "400 Bad Request: not enough rights to restrict/unrestrict chat member"
OWNER = "400 Bad Request: can't remove chat owner"


@pytest.fixture
async def owner(place: Place) -> Person:
    return place.tg.user("Owner")


@pytest.fixture
async def club(place: Place, owner: Person) -> Group:
    return place.tg.group("Club", owner, place.buyer, place.bot)


def status(group: Group, who: int) -> str:
    found: str = group.chat.members[str(who)]["status"]
    return found


async def test_a_chat_is_described(place: Place, club: Group) -> None:
    private = await place.call("getChat", chat_id=place.buyer.id)
    assert (private["type"], private["first_name"]) == ("private", "Покупатель")
    place.buyer.user.username = "buyer"
    told = await place.call("getChat", chat_id=place.buyer.id)
    assert told["active_usernames"] == ["buyer"]
    told = await place.call("getChat", chat_id=club.id)
    assert (told["type"], told["title"]) == ("supergroup", "Club")
    assert told["permissions"]["can_send_messages"] is True
    club.chat.username = "tea_club"
    assert (await place.call("getChat", chat_id="@Tea_Club"))["id"] == club.id


async def test_who_is_there(place: Place, owner: Person, club: Group) -> None:
    async def of(who: int, **where: int) -> str:
        told = await place.call("getChatMember", **{"chat_id": club.id, "user_id": who} | where)
        assert told["user"]["id"] == who
        found: str = told["status"]
        return found

    assert await of(owner.id) == "creator"
    assert await of(place.buyer.id) == "member"
    assert await of(place.bot.id, chat_id=place.buyer.id) == "member"
    assert await of(place.tg.user("Stranger").id) == "left"
    assert await place.call("getChatMemberCount", chat_id=club.id) == 3
    assert await place.call("getChatMemberCount", chat_id=place.buyer.id) == 2

    club.promote(place.bot)
    club.add(place.tg.bot("other_bot"))
    club.promote(place.tg.bot("other_bot"))
    told = await place.call("getChatAdministrators", chat_id=club.id)
    assert [each["user"]["id"] for each in told] == [owner.id, place.bot.id]


@pytest.mark.parametrize(
    ("method", "args", "refusal"),
    [
        ("getChat", {}, "chat_id is empty"),
        ("getChatMember", {"chat_id": "here"}, "invalid user_id specified"),
        ("getChatMember", {"chat_id": "here", "user_id": -1}, "invalid user_id specified"),
        ("getChatMember", {"user_id": 1}, "chat_id is empty"),
        ("getChatMember", {"chat_id": "here", "user_id": 1}, "member not found"),
        ("getChatMember", {"chat_id": "here", "user_id": "owner"}, "member not found"),
        ("getChatMember", {"chat_id": "club", "user_id": 1}, "PARTICIPANT_ID_INVALID"),
        (
            "getChatAdministrators",
            {"chat_id": "here"},
            "there are no administrators in the private chat",
        ),
        (
            "leaveChat",
            {"chat_id": "here"},
            "chat member status can't be changed in private chats",
        ),
        ("banChatMember", {"chat_id": "here"}, "invalid user_id specified"),
        (
            "banChatMember",
            {"chat_id": "here", "user_id": 1},
            "can't ban members in private chats",
        ),
        ("banChatMember", {"chat_id": "club", "user_id": 1}, "PARTICIPANT_ID_INVALID"),
        (
            "unbanChatMember",
            {"chat_id": "here", "user_id": 1},
            "method is available only in supergroup and channel chats",
        ),
        ("unbanChatMember", {"chat_id": "club", "user_id": 1}, "PARTICIPANT_ID_INVALID"),
        (
            "promoteChatMember",
            {"chat_id": "here", "user_id": 1},
            "method is available only in supergroup and channel chats",
        ),
        (
            "restrictChatMember",
            {"chat_id": "here", "user_id": 1},
            "method is available only in supergroups",
        ),
        (
            "restrictChatMember",
            {"permissions": "{"},
            "can't parse permissions JSON object",
        ),
        ("restrictChatMember", {"permissions": "[]"}, "object expected as permissions"),
        (
            "restrictChatMember",
            {"permissions": '{"can_send_messages": 1}'},
            'can\'t parse chat permissions: Field "can_send_messages" must be of type Boolean',
        ),
        ("setChatTitle", {"chat_id": "here"}, "title must be non-empty"),
        ("setChatTitle", {"chat_id": "here", "title": "a"}, "can't change private chat title"),
        (
            "setChatTitle",
            {"chat_id": "club", "title": "a"},
            "not enough rights to change chat title",
        ),
        (
            "setChatDescription",
            {"chat_id": "here", "description": "a"},
            "can't change private chat description",
        ),
        (
            "setChatDescription",
            {"chat_id": "club", "description": "a"},
            "not enough rights to set chat description",
        ),
        (
            "unpinAllChatMessages",
            {"chat_id": "club"},
            "not enough rights to manage pinned messages in the chat",
        ),
        ("getUserProfilePhotos", {}, "invalid user_id specified"),
        ("getUserProfilePhotos", {"user_id": 1}, "user not found"),
    ],
)
async def test_refused(place: Place, club: Group, method: str, args: Json, refusal: str) -> None:
    where = {"here": place.buyer.id, "club": club.id, "owner": place.tg.user("Owner").id}
    asked = {name: where.get(value, value) for name, value in args.items()}
    assert await place.refused(method, **asked) == f"400 Bad Request: {refusal}"


# --- what administrators do


async def test_members_are_put_out_and_let_in(place: Place, owner: Person, club: Group) -> None:
    asked = {"chat_id": club.id, "user_id": place.buyer.id}
    assert await place.refused("banChatMember", **asked) == NO_RIGHTS
    club.promote(place.bot)
    assert await place.call("banChatMember", **asked, until_date=77) is True
    assert club.chat.members[str(place.buyer.id)] == {"status": "kicked", "until_date": 77}
    assert await place.call("unbanChatMember", **asked, only_if_banned=True) is True
    assert status(club, place.buyer.id) == "left"
    club.add(place.buyer)
    assert await place.call("unbanChatMember", **asked, only_if_banned=True) is True
    assert status(club, place.buyer.id) == "member"
    assert await place.call("unbanChatMember", **asked) is True
    assert status(club, place.buyer.id) == "left"

    for method in ("banChatMember", "unbanChatMember", "restrictChatMember"):
        assert await place.refused(method, chat_id=club.id, user_id=owner.id) == OWNER
        self_ = await place.refused(method, chat_id=club.id, user_id=place.bot.id)
        assert self_ == "400 Bad Request: can't restrict self"
    club.add(place.buyer)
    club.promote(place.buyer)
    assert await place.refused("banChatMember", **asked) == (
        "400 Bad Request: user is an administrator of the chat"
    )


async def test_members_are_restricted(place: Place, club: Group) -> None:
    asked = {"chat_id": club.id, "user_id": place.buyer.id}
    assert await place.refused("restrictChatMember", **asked) == NO_RIGHTS
    club.promote(place.bot)
    given = {"can_send_polls": True}
    await place.call("restrictChatMember", **asked, permissions=given, until_date=99)
    told = await place.call("getChatMember", **asked)
    assert (told["status"], told["is_member"], told["until_date"]) == ("restricted", True, 99)
    assert (told["can_send_messages"], told["can_send_photos"]) == (True, False)

    given = {"can_send_media_messages": True, "can_pin_messages": True}
    await place.call("restrictChatMember", **asked, permissions=given)
    told = await place.call("getChatMember", **asked)
    able = [name for name in told if name.startswith("can_") and told[name]]
    assert len(able) == 1 + 6 + 2  # messages, all kinds of media, pins and topics
    given = {"can_send_other_messages": True}
    apart = {"use_independent_chat_permissions": True}
    await place.call("restrictChatMember", **asked, permissions=given, **apart)
    assert (await place.call("getChatMember", **asked))["can_send_photos"] is False
    await place.call("restrictChatMember", **asked, permissions=given)
    assert (await place.call("getChatMember", **asked))["can_send_photos"] is True

    stranger = place.tg.user("Stranger")
    await place.call("restrictChatMember", chat_id=club.id, user_id=stranger.id)
    told = await place.call("getChatMember", chat_id=club.id, user_id=stranger.id)
    assert (told["status"], told["is_member"]) == ("restricted", False)
    assert await place.call("getChatMemberCount", chat_id=club.id) == 3

    all_ = dict.fromkeys((await place.call("getChat", chat_id=club.id))["permissions"], True)
    await place.call("restrictChatMember", **asked, permissions=all_)
    assert (await place.call("getChatMember", **asked))["status"] == "member"


async def test_a_restricted_bot_may_not_send(place: Place, club: Group) -> None:
    other = place.tg.bot("other_bot")
    club.add(other)
    club.promote(other)
    await place.call(
        "restrictChatMember",
        bot=other,
        chat_id=club.id,
        user_id=place.bot.id,
        permissions={"can_send_photos": True},
    )
    refusals = {
        "sendMessage": "text messages",
        "sendVoice": "voice notes",
        "sendDocument": "documents",
        "sendDice": "dice",
    }
    for method, what in refusals.items():
        asked = {"chat_id": club.id, "text": "a"}
        files = {"voice": b"x", "document": b"x"}
        refusal = await place.refused(method, **asked, files=files)
        assert refusal == f"400 Bad Request: not enough rights to send {what} to the chat"
    await place.call("sendPhoto", chat_id=club.id, files={"photo": png()})


async def test_members_are_raised_and_lowered(place: Place, owner: Person, club: Group) -> None:
    asked = {"chat_id": club.id, "user_id": place.buyer.id}
    right = {"can_pin_messages": True}
    assert await place.refused("promoteChatMember", **asked, **right) == (
        "400 Bad Request: not enough rights"
    )
    club.promote(place.bot, can_promote_members=True)
    assert await place.call("promoteChatMember", **asked, **right) is True
    told = await place.call("getChatMember", **asked)
    assert (told["status"], told["can_pin_messages"]) == ("administrator", True)
    assert told["can_delete_messages"] is False
    assert await place.call("promoteChatMember", **asked) is True
    assert status(club, place.buyer.id) == "member"

    async def refused(who: int, **rights: bool) -> str:
        args = {"chat_id": club.id, "user_id": who} | (rights or right)
        return await place.refused("promoteChatMember", **args)

    assert await refused(owner.id) == OWNER
    assert await refused(place.bot.id) == "400 Bad Request: can't promote self"
    assert await refused(1) == "400 Bad Request: PARTICIPANT_ID_INVALID"
    stranger = place.tg.user("Stranger")
    assert await refused(stranger.id) == "400 Bad Request: USER_NOT_MUTUAL_CONTACT"
    forbidden = await refused(place.buyer.id, can_manage_topics=True)
    assert forbidden == "400 Bad Request: RIGHT_FORBIDDEN"
    club.remove(place.buyer)
    assert await refused(place.buyer.id) == "400 Bad Request: USER_KICKED"


async def test_a_group_is_named_and_described(place: Place, club: Group) -> None:
    club.promote(place.bot)
    assert await place.call("setChatTitle", chat_id=club.id, title="  Чай " + "я" * 200) is True
    told = await place.call("getChat", chat_id=club.id)
    assert told["title"] == "Чай " + "я" * 124
    said = [each.body for each in club.chat.messages.values()][-1]
    assert said == {"new_chat_title": told["title"]}
    before = len(club.chat.messages)
    await place.call("setChatTitle", chat_id=club.id, title=told["title"])
    assert len(club.chat.messages) == before

    asked = {"chat_id": club.id, "description": "О чае" + "я" * 300}
    assert await place.call("setChatDescription", **asked) is True
    told = await place.call("getChat", chat_id=club.id)
    assert told["description"] == "О чае" + "я" * 250
    assert await place.refused("setChatDescription", **asked) == (
        "400 Bad Request: chat description is not modified"
    )


# --- pins


async def test_messages_are_pinned(place: Place) -> None:
    here = place.buyer.id
    first, second = await place.send("Раз"), await place.send("Два")
    for sent in (first, second):
        asked = {"chat_id": here, "message_id": sent["message_id"]}
        assert await place.call("pinChatMessage", **asked) is True
        assert await place.refused("pinChatMessage", **asked) == (
            "400 Bad Request: CHAT_NOT_MODIFIED"
        )
    chat = await place.call("getChat", chat_id=here)
    assert chat["pinned_message"]["text"] == "Два"
    service = list(place.messages)[-1]
    assert await place.refused("pinChatMessage", chat_id=here, message_id=service) == (
        "400 Bad Request: service messages can't be pinned"
    )

    assert await place.call("unpinChatMessage", chat_id=here) is True
    assert (await place.call("getChat", chat_id=here))["pinned_message"]["text"] == "Раз"
    asked = {"chat_id": here, "message_id": second["message_id"]}
    assert await place.refused("unpinChatMessage", **asked) == (
        "400 Bad Request: CHAT_NOT_MODIFIED"
    )
    await place.call("pinChatMessage", **asked)
    await place.call("deleteMessage", **asked)
    assert (await place.call("getChat", chat_id=here))["pinned_message"]["text"] == "Раз"
    assert await place.call("unpinAllChatMessages", chat_id=here) is True
    assert "pinned_message" not in await place.call("getChat", chat_id=here)
    nothing = "400 Bad Request: message to unpin not found"
    assert await place.refused("unpinChatMessage", chat_id=here) == nothing
    assert await place.refused("unpinChatMessage", chat_id=here, message_id=77) == nothing


async def test_pinning_in_a_group_takes_a_right(place: Place, club: Group) -> None:
    sent = await place.send(chat_id=club.id)
    asked = {"chat_id": club.id, "message_id": sent["message_id"]}
    refusal = "400 Bad Request: not enough rights to manage pinned messages in the chat"
    assert await place.refused("pinChatMessage", **asked) == refusal
    assert await place.refused("unpinChatMessage", **asked) == refusal
    club.promote(place.bot, can_pin_messages=False)
    assert await place.refused("pinChatMessage", **asked) == refusal


async def test_photos_of_a_person(place: Place) -> None:
    stored = [place.tg.world.files.add("photo", png(width, 30)) for width in (10, 20, 30)]
    place.buyer.user.photos = [each.id for each in stored]
    told = await place.call("getUserProfilePhotos", user_id=place.buyer.id, offset=1, limit=1)
    assert told["total_count"] == 3
    assert [sizes[-1]["width"] for sizes in told["photos"]] == [20]
