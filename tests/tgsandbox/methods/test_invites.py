"""Private channels: links that lead into them, people who ask, posts, who is put out again."""

import asyncio
from pathlib import Path

import pytest

from tests.tgsandbox.methods.place import Json, Place, png
from tgsandbox import BotAccess, Group, Person, Sandbox
from tgsandbox.telegram import acts
from tgsandbox.telegram.acts import Impossible

ALL = ["message", "callback_query", "chat_join_request", "chat_member", "channel_post"]


@pytest.fixture
async def owner(place: Place) -> Person:
    return place.tg.user("Owner")


@pytest.fixture
async def club(place: Place, owner: Person) -> Group:
    await place.call("getUpdates", allowed_updates=ALL)
    channel = place.tg.channel("Клуб", owner, place.bot)
    await told(place)
    return channel


async def told(place: Place, bot: BotAccess | None = None) -> list[Json]:
    """The updates that the bot has not had yet, without their numbers."""
    bot = bot or place.bot
    found = await bot.call("getUpdates")
    if found:
        await bot.call("getUpdates", offset=found[-1]["update_id"] + 1)
    return [{name: each[name] for name in each if name != "update_id"} for each in found]


async def link(place: Place, club: Group, **about: object) -> str:
    made = await place.call("createChatInviteLink", chat_id=club.id, **about)
    found: str = made["invite_link"]
    return found


# --- being let in


async def test_somebody_asks_and_is_let_in(place: Place, club: Group) -> None:
    stranger = place.tg.user("Stranger", username="stranger")
    address = await link(place, club, name="Подписка", creates_join_request=True)
    await told(place)
    assert await stranger.ask_to_join(address) == "pending"
    assert not stranger.is_in(club)
    assert club.asking == ["Stranger"]

    (update,) = await told(place)
    request = update["chat_join_request"]
    assert request["chat"] == {"id": club.id, "title": "Клуб", "type": "channel"}
    assert (request["from"]["id"], request["user_chat_id"]) == (stranger.id, stranger.id)
    assert request["date"] == place.tg.clock.now()
    me = await place.call("getMe")
    assert request["invite_link"] == {
        "invite_link": address,
        "name": "Подписка",
        "creator": {each: me[each] for each in ("id", "is_bot", "first_name", "username")},
        "pending_join_request_count": 1,
        "creates_join_request": True,
        "is_primary": False,
        "is_revoked": False,
    }
    asked = {"chat_id": club.id, "user_id": stranger.id}
    assert (await place.call("getChatMember", **asked))["status"] == "left"

    assert await place.call("approveChatJoinRequest", **asked) is True
    await stranger.let_in(club)
    assert (stranger.is_in(club), club.asking) == (True, [])
    (update,) = await told(place)
    change = update["chat_member"]
    assert change["from"]["id"] == place.bot.id
    assert change["old_chat_member"]["status"] == "left"
    assert change["new_chat_member"]["status"] == "member"
    assert change["via_join_request"] is True
    assert change["invite_link"]["invite_link"] == address
    assert "pending_join_request_count" not in change["invite_link"]
    assert (await place.call("getChatMember", **asked))["status"] == "member"
    assert await place.call("getChatMemberCount", chat_id=club.id) == 3
    assert club.chat.messages == {}  # a channel tells nobody who comes

    again = await place.refused("approveChatJoinRequest", **asked)
    assert again == "400 Bad Request: USER_ALREADY_PARTICIPANT"


async def test_somebody_is_turned_down_and_may_ask_again(place: Place, club: Group) -> None:
    address = await link(place, club, creates_join_request=True)
    asked = {"chat_id": club.id, "user_id": place.buyer.id}
    assert await place.buyer.ask_to_join(address) == "pending"
    assert await place.buyer.ask_to_join(address) == "pending"
    heard = [each for each in await told(place) if "chat_join_request" in each]
    assert len(heard) == 1  # asking twice is asking once
    assert await place.call("declineChatJoinRequest", **asked) is True
    assert club.asking == []
    for method in ("approveChatJoinRequest", "declineChatJoinRequest"):
        refusal = await place.refused(method, **asked)
        assert refusal == "400 Bad Request: HIDE_REQUESTER_MISSING"
    assert await place.buyer.ask_to_join(address) == "pending"
    assert len(await told(place)) == 1


async def test_who_is_put_out_has_to_be_forgiven_first(place: Place, club: Group) -> None:
    address = await link(place, club)
    asked = {"chat_id": club.id, "user_id": place.buyer.id}
    assert await place.buyer.ask_to_join(address) == "joined"
    with pytest.raises(Impossible, match="in Клуб already"):
        await place.buyer.ask_to_join(address)
    await told(place)
    waiting = asyncio.create_task(place.buyer.put_out(club))
    await asyncio.sleep(0)  # it has begun to wait
    await place.call("banChatMember", **asked)
    await asyncio.wait_for(waiting, 2)  # who is put out hears of it, too
    (update,) = await told(place)
    assert update["chat_member"]["new_chat_member"]["status"] == "kicked"
    assert (await place.call("getChatMember", **asked))["status"] == "kicked"
    with pytest.raises(Impossible, match="expired"):
        await place.buyer.ask_to_join(address)

    assert await place.call("unbanChatMember", **asked, only_if_banned=True) is True
    assert (await place.call("getChatMember", **asked))["status"] == "left"
    assert await place.buyer.ask_to_join(address) == "joined"
    assert await place.call("unbanChatMember", **asked, only_if_banned=True) is True
    assert place.buyer.is_in(club)
    await told(place)
    await place.call("unbanChatMember", **asked)  # and without it whoever is there has to go
    assert not place.buyer.is_in(club)


async def test_a_ban_answers_the_request(place: Place, club: Group) -> None:
    asked = {"chat_id": club.id, "user_id": place.buyer.id}
    await place.buyer.ask_to_join(await link(place, club, creates_join_request=True))
    await place.call("banChatMember", **asked)
    refusal = await place.refused("approveChatJoinRequest", **asked)
    assert refusal == "400 Bad Request: HIDE_REQUESTER_MISSING"


async def test_the_owner_may_answer_as_well(place: Place, club: Group, owner: Person) -> None:
    address = club.invite_link(asks=True, name="По знакомству")
    second = place.tg.user("Second")
    for each in (place.buyer, second):
        await each.ask_to_join(address)
    shown = (await told(place))[0]["chat_join_request"]["invite_link"]
    assert shown["creator"]["id"] == owner.id
    assert shown["invite_link"] == f"{address[:22]}..."  # whose it is not sees how it begins
    club.let_in(place.buyer)
    club.turn_down(second)
    assert (place.buyer.is_in(club), second.is_in(club), club.asking) == (True, False, [])
    (update,) = await told(place)
    assert update["chat_member"]["from"]["id"] == owner.id
    with pytest.raises(Impossible, match="does not ask"):
        club.let_in(second)


async def test_only_bots_that_may_invite_are_asked(place: Place, club: Group) -> None:
    other = place.tg.bot("other_bot")
    club.add(other)
    club.promote(other, can_invite_users=False)
    await told(place, other)
    await place.buyer.ask_to_join(await link(place, club, creates_join_request=True))
    assert await told(place, other) == []
    asked = {"chat_id": club.id, "user_id": place.buyer.id, "bot": other}
    rights = "400 Bad Request: not enough rights to manage chat"
    assert await place.refused("approveChatJoinRequest", **asked) == f"{rights} join requests"
    refusal = await place.refused("createChatInviteLink", chat_id=club.id, bot=other)
    assert refusal == f"{rights} invite link"


async def test_who_asks_may_be_written_to_for_five_minutes(place: Place, club: Group) -> None:
    stranger = place.tg.user("Stranger")
    told = {"chat_id": stranger.id, "text": "Сначала оплатите"}
    assert await place.refused("sendMessage", **told) == "400 Bad Request: chat not found"
    await stranger.ask_to_join(await link(place, club, creates_join_request=True))
    await place.call("sendMessage", **told)
    await stranger.reply("Сначала оплатите")
    await place.tg.clock.move(301)
    refusal = await place.refused("sendMessage", **told)
    assert refusal == "403 Forbidden: bot can't initiate conversation with a user"


async def test_a_supergroup_greets_whom_it_lets_in(place: Place, owner: Person) -> None:
    group = place.tg.group("Друзья", owner, place.bot)
    group.promote(place.bot)
    made = await place.call("createChatInviteLink", chat_id=group.id, creates_join_request=True)
    await place.buyer.ask_to_join(made["invite_link"])
    await place.call("approveChatJoinRequest", chat_id=group.id, user_id=place.buyer.id)
    second = place.tg.user("Second")
    await second.ask_to_join(made["invite_link"])
    group.let_in(second)
    greeted = [each for each in group.chat.messages.values() if "new_chat_members" in each.body]
    assert [each.sender for each in greeted[-2:]] == [place.buyer.id, second.id]


# --- links


async def test_a_link_ends(place: Place, club: Group) -> None:
    now, (one, two) = place.tg.clock.now(), [place.tg.user(name) for name in ("One", "Two")]
    short = await link(place, club, expire_date=now + 60)
    for_one = await link(place, club, member_limit=1)
    assert await one.ask_to_join(for_one) == "joined"
    with pytest.raises(Impossible, match="expired"):
        await two.ask_to_join(for_one)
    one.leave(club)
    assert await two.ask_to_join(for_one) == "joined"  # so many at a time
    assert await one.ask_to_join(short.replace("https://t.me/+", "tg://join?invite=")) == "joined"
    one.leave(club)
    await place.tg.clock.move(60)
    for dead in (short, "https://t.me/+AbCdEfGhIjKlMnOp", "https://t.me/shop_bot"):
        with pytest.raises(Impossible, match="expired"):
            await one.ask_to_join(dead)


async def test_a_link_is_changed_and_taken_back(place: Place, club: Group) -> None:
    made = await place.call("createChatInviteLink", chat_id=club.id, name="a" * 40, member_limit=2)
    assert (made["name"], made["member_limit"]) == ("a" * 32, 2)
    assert made["invite_link"].startswith("https://t.me/+")
    asked = {"chat_id": club.id, "invite_link": made["invite_link"]}
    until = place.tg.clock.now() + 60
    changed = await place.call("editChatInviteLink", **asked, name="b", expire_date=until)
    assert (changed["name"], changed["expire_date"]) == ("b", until)
    assert "member_limit" not in changed  # what is not said again is no more

    revoked = await place.call("revokeChatInviteLink", **asked)
    assert (revoked["is_revoked"], revoked["invite_link"]) == (True, made["invite_link"])
    with pytest.raises(Impossible, match="expired"):
        await place.buyer.ask_to_join(made["invite_link"])
    for method in ("editChatInviteLink", "revokeChatInviteLink"):
        assert await place.refused(method, **asked) == "400 Bad Request: INVITE_HASH_EXPIRED"


async def test_the_primary_link_is_always_there(place: Place, club: Group) -> None:
    first = await place.call("exportChatInviteLink", chat_id=club.id)
    assert (await place.call("getChat", chat_id=club.id))["invite_link"] == first
    second = await place.call("exportChatInviteLink", chat_id=club.id)
    with pytest.raises(Impossible, match="expired"):
        await place.buyer.ask_to_join(first)
    asked = {"chat_id": club.id, "invite_link": second}
    refusal = await place.refused("editChatInviteLink", **asked)
    assert refusal == "400 Bad Request: CHAT_INVITE_PERMANENT"
    revoked = await place.call("revokeChatInviteLink", **asked)
    assert (revoked["is_primary"], revoked["is_revoked"]) == (True, True)
    third = (await place.call("getChat", chat_id=club.id))["invite_link"]
    assert third not in (first, second)
    assert await place.buyer.ask_to_join(third) == "joined"


@pytest.mark.parametrize(
    ("method", "args", "refusal"),
    [
        ("createChatInviteLink", {"chat_id": "here"}, "can't invite members to a private chat"),
        (
            "createChatInviteLink",
            {"creates_join_request": True, "member_limit": 1},
            "member limit can't be specified for links requiring administrator approval",
        ),
        ("createChatInviteLink", {"expire_date": 1}, "EXPIRE_DATE_INVALID"),
        ("createChatInviteLink", {"member_limit": 100_000}, "USAGE_LIMIT_INVALID"),
        ("editChatInviteLink", {}, "invite link must be non-empty"),
        ("editChatInviteLink", {"invite_link": "https://t.me/+nothing"}, "INVITE_HASH_EXPIRED"),
        ("revokeChatInviteLink", {"invite_link": "owner's"}, "CHAT_ADMIN_REQUIRED"),
        ("approveChatJoinRequest", {}, "invalid user_id specified"),
        ("approveChatJoinRequest", {"user_id": 1}, "USER_ID_INVALID"),
        (
            "approveChatJoinRequest",
            {"chat_id": "here", "user_id": 1},
            "the chat can't have join requests",
        ),
    ],
)
async def test_refused(place: Place, club: Group, method: str, args: Json, refusal: str) -> None:
    known = {"here": place.buyer.id, "owner's": club.invite_link()}
    asked = {name: known.get(value, value) for name, value in args.items()}
    told = await place.refused(method, **{"chat_id": club.id, **asked})
    assert told == f"400 Bad Request: {refusal}"


async def test_somebody_deactivated_cannot_be_let_in(place: Place, club: Group) -> None:
    await place.buyer.ask_to_join(await link(place, club, creates_join_request=True))
    place.buyer.user.deactivated = True
    asked = {"chat_id": club.id, "user_id": place.buyer.id}
    refusal = await place.refused("approveChatJoinRequest", **asked)
    assert refusal == "403 Forbidden: user is deactivated"


async def test_who_asks_is_known_after_a_restart(tmp_path: Path) -> None:
    async with Place(data=tmp_path) as place:
        club = place.tg.channel("Клуб", place.tg.user("Owner"), place.bot)
        link_, spent = club.invite_link(asks=True), club.invite_link(limit=1)
        await place.buyer.ask_to_join(link_)
        await place.tg.user("Second").ask_to_join(spent)
    async with Sandbox(data=tmp_path) as tg:
        (chat,) = tg.world.groups.values()
        club, buyer = tg.group_of(chat), tg.user("Покупатель")
        assert (chat.type, club.asking) == ("channel", ["Покупатель"])
        with pytest.raises(Impossible, match="expired"):
            await buyer.ask_to_join(spent)
        club.let_in(buyer)
        assert buyer.is_in(club)


# --- in the channel


async def test_a_channel_speaks_with_one_voice(place: Place, club: Group, owner: Person) -> None:
    club.add(place.buyer)
    await told(place)
    markup = {"inline_keyboard": [[{"text": "Ещё", "callback_data": "more"}]]}
    post = await place.call("sendMessage", chat_id=club.id, text="Новость", reply_markup=markup)
    assert "from" not in post
    assert (
        post["sender_chat"] == post["chat"] == {"id": club.id, "title": "Клуб", "type": "channel"}
    )
    assert (await place.buyer.reply("Новость", where=club)).sender == "shop_bot"
    await place.buyer.press("Ещё")
    (update,) = await told(place)
    assert update["callback_query"]["message"]["sender_chat"]["title"] == "Клуб"

    said = await owner.send(club, "И ещё новость")
    await owner.edit(said, "И ещё")
    updates = await told(place)
    assert [next(iter(each)) for each in updates] == ["channel_post"]  # nobody asked for edits
    with pytest.raises(Impossible, match="Only administrators write"):
        await place.buyer.send(club, "А я?")
    with pytest.raises(Impossible, match="is no administrator"):
        acts.add_to_group(place.tg.world, place.buyer.user, club.chat, place.tg.user("Two").user)

    there = {"chat_id": place.buyer.id, "from_chat_id": club.id, "message_id": said.id}
    forwarded = (await place.call("forwardMessage", **there))["forward_origin"]
    assert forwarded == {
        "type": "channel",
        "date": said.message.date,
        "chat": post["chat"],
        "message_id": said.id,
    }


async def test_a_bot_needs_its_rights_in_a_channel(
    place: Place, club: Group, owner: Person
) -> None:
    rights = await place.call("getChatMember", chat_id=club.id, user_id=place.bot.id)
    assert (rights["can_post_messages"], "can_pin_messages" in rights) == (True, False)
    post = await place.call("sendPhoto", chat_id=club.id, files={"photo": png()})
    at = {"chat_id": club.id, "message_id": post["message_id"]}
    await place.call("pinChatMessage", **at)

    club.promote(place.bot, can_post_messages=False, can_invite_users=False)
    needed = "400 Bad Request: need administrator rights in the channel chat"
    assert await place.refused("sendMessage", chat_id=club.id, text="a") == needed
    await place.call("getChat", chat_id=club.id)
    club.remove(place.bot)
    refusal = await place.refused("sendMessage", chat_id=club.id, text="a")
    assert refusal == "403 Forbidden: bot was kicked from the channel chat"


async def test_administrators_of_a_channel(place: Place, club: Group) -> None:
    club.promote(place.bot, can_promote_members=True)
    club.add(place.buyer)
    asked = {"chat_id": club.id, "user_id": place.buyer.id}
    await place.call("promoteChatMember", **asked, can_post_messages=True)
    await place.buyer.send(club, "Теперь и я")
    refusal = await place.refused("restrictChatMember", **asked)
    assert refusal == "400 Bad Request: method is available only in supergroups"
