"""Invite links on the page, and the door of a channel."""

import pytest

from tgsandbox import BotAccess, Group, Person, Sandbox

from .client import Client

pytestmark = pytest.mark.sandbox(page=True)


@pytest.fixture
def club(tg: Sandbox, bot: BotAccess) -> Group:
    return tg.channel("Клуб", tg.user("Owner"), bot)


async def test_a_link_is_looked_at_and_asked_by(
    client: Client, bot: BotAccess, buyer: Person, club: Group
) -> None:
    link = club.invite_link(asks=True)
    told = await client.do("look_at_link", link=link)
    assert told == {
        "key": club.chat.key,
        "type": "channel",
        "title": "Клуб",
        "about": "",
        "members": 2,
        "standing": "asks",
    }
    assert (await client.do("join", link=link))["standing"] == "pending"
    assert (await client.do("look_at_link", link=link))["standing"] == "pending"
    await bot.call("approveChatJoinRequest", chat_id=club.id, user_id=buyer.id)
    assert (await client.do("look_at_link", link=link))["standing"] == "in"
    listed = {each["key"]: each for each in (await client.get("chats"))["chats"]}
    assert listed[club.chat.key]["writes"] is False

    free = club.invite_link()
    buyer.leave(club)
    assert (await client.do("look_at_link", link=free))["standing"] == "free"
    assert (await client.do("join", link=free))["standing"] == "in"


async def test_a_link_that_leads_nowhere(client: Client) -> None:
    for act, status in (("look_at_link", 404), ("join", 409)):
        told = await client.refused(act, link="https://t.me/+nothing")
        assert told == (status, "The link has expired, or is none.")


async def test_the_owner_answers_at_the_door(
    client: Client, stranger: Client, tg: Sandbox, bot: BotAccess, other: Person
) -> None:
    made = await client.do("new_group", chat="", title="Чай", members=[bot.id], channel=True)
    key = made["chat"]
    chat = tg.world.chats[key]
    assert chat.type == "channel"
    assert chat.members[str(bot.id)]["can_invite_users"] is True
    link = (await bot.call("createChatInviteLink", chat_id=chat.id, creates_join_request=True))[
        "invite_link"
    ]

    await stranger.do("join", link=link)
    (asking,) = (await client.do("door", chat=key))["asking"]
    assert asking["id"] == other.id
    nobody = await client.refused("let_in", chat=key, account=1)
    assert nobody == (404, "There is nobody of that number.")
    await client.do("turn_down", chat=key, account=other.id)
    assert (await client.do("door", chat=key))["asking"] == []
    await stranger.do("join", link=link)
    await client.do("let_in", chat=key, account=other.id)
    await tg.user("Third").ask_to_join(link)
    assert (await stranger.do("door", chat=key))["asking"] == []  # a reader sees nobody there
    refused = await stranger.refused("let_in", chat=key, account=other.id)
    assert refused == (409, "Buyer is no administrator of Чай.")

    await client.do("send", chat=key, text="Новость")
    (post,) = (await stranger.get("chat", chat=key))["messages"]
    assert (post["from"]["first_name"], post["out"]) == ("Чай", False)
    refused = await stranger.refused("send", chat=key, text="А я?")
    assert refused == (409, "Only administrators write in Чай.")
