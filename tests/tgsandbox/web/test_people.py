"""People, groups and Stars on the page."""

import pytest

from tgsandbox import BotAccess, Person, Sandbox

from .client import PNG, Client, Json, sells

pytestmark = pytest.mark.sandbox(page=True)
MONTHLY: Json = {
    "title": "Клуб",
    "description": "Чай каждый день",
    "payload": "club",
    "currency": "XTR",
    "prices": [{"label": "Клуб", "amount": 40}],
    "subscription_period": 2_592_000,
}


async def test_the_first_person_needs_nobody_else(tg: Sandbox, client: Client) -> None:
    path, about = "do/new_person", {"name": "  Покупатель 2 ", "language": "uz", "last_name": None}
    status, told = await client.ask("POST", path, about, params={})
    assert status == 200
    made = tg.world.users[told["person"]["id"]]
    assert (made.first_name, made.language, made.last_name) == ("Покупатель 2", "uz", None)
    assert made.phone
    assert made.phone.startswith("+99890")


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({}, "A person has a name."),
        ({"name": "  "}, "A person has a name."),
        ({"name": 5}, "`name` is a text."),
        ({"name": "A", "age": 5}, "Unknown: age. There are language, last_name, name, username."),
        ({"name": "A", "username": "shop_bot"}, "The username @shop_bot is taken."),
    ],
)
async def test_who_is_no_person(client: Client, about: Json, words: str) -> None:
    assert await client.ask("POST", "do/new_person", about) == (400, {"detail": words})


async def test_a_person_changes(client: Client, buyer: Person) -> None:
    me = (await client.do("change", chat="", first_name=" Новое имя ", premium=True))["me"]
    assert (me["first_name"], me["premium"], me["language"]) == ("Новое имя", True, "ru")
    await client.do("change", language="", phone="", last_name="x" * 99)
    assert (buyer.user.language, buyer.user.phone) == (None, None)
    assert buyer.user.last_name == "x" * 64
    assert buyer.user.premium
    await client.do("change", deactivated=True)
    assert (await client.refused("send", text="Чай"))[1] == f"{buyer.name} is deactivated."
    before = buyer.user.row()
    for wrong in ({"first_name": " "}, {"premium": 1}, {"phone": 5}, {"stars": 10**6}):
        status, _ = await client.attempt("change", {"language": "en", **wrong})
        assert status == 400
    assert buyer.user.row() == before


async def test_a_bot_is_blocked_and_let_in_again(client: Client, bot: BotAccess) -> None:
    chat = bot.chat_with(client.person.user)
    await client.do("block")
    assert chat.blocked
    assert bot.pending[-1]["my_chat_member"]["new_chat_member"]["status"] == "kicked"
    await client.do("block", blocked=False)
    assert not chat.blocked


# --- groups


async def test_a_group_and_who_is_in_it(
    client: Client, tg: Sandbox, bot: BotAccess, other: Person
) -> None:
    made = await client.do("new_group", chat="", title=" Чайная ", members=[other.id])
    group, key = tg.world.chats[made["chat"]], made["chat"]
    assert group.title == "Чайная"

    def standing(who: Person | BotAccess) -> str:
        return str(group.members[str(who.id)]["status"])

    await client.do("add", chat=key, account=bot.id)
    await client.do("promote", chat=key, account=bot.id)
    assert (standing(client.person), standing(other), standing(bot)) == (
        "creator",
        "member",
        "administrator",
    )
    await client.do("remove", chat=key, account=other.id)
    assert standing(other) == "kicked"
    for act in ("remove", "promote"):
        told = await client.refused(act, chat=key, account=other.id)
        assert told == (409, "Buyer is not in Чайная.")
    await client.do("leave", chat=key)
    assert standing(client.person) == "left"
    assert await client.refused("send", chat=key, text="x") == (404, "There is no such chat.")


async def test_a_group_that_cannot_be_is_not_made(client: Client, tg: Sandbox) -> None:
    for given, status in (
        ({"title": " "}, 400),
        ({"title": "Чайная", "members": 5}, 400),
        ({"title": "Чайная", "members": [5]}, 404),
        ({"title": "Чайная", "members": [[]]}, 404),
        ({"title": "Чайная", "members": [True]}, 404),
    ):
        assert (await client.attempt("new_group", given))[0] == status
    assert tg.world.groups == {}


async def test_a_chat_with_a_bot_is_no_group(client: Client, bot: BotAccess, other: Person) -> None:
    for act in ("add", "remove", "promote", "leave"):
        given = {} if act == "leave" else {"account": other.id}
        assert await client.refused(act, **given) == (409, "This is no group.")
    assert bot.chat_with(client.person.user).members == {}


# --- Stars


async def test_stars_are_bought(client: Client, buyer: Person) -> None:
    assert (await client.do("buy_stars", chat="", amount=50))["me"]["stars"] == 150
    for amount in (0, -5, 1.5, True, "5", None, 10**10):
        assert (await client.refused("buy_stars", amount=amount))[0] == 400
    assert buyer.stars == 150


async def test_what_is_hidden_stays_hidden_in_answers_and_pins(
    client: Client, buyer: Person, bot: BotAccess
) -> None:
    photo = (await buyer.photo(PNG)).body["photo"][0]["file_id"]
    media = [{"type": "photo", "media": photo}]
    to = {"chat_id": buyer.id}
    paid = await bot.call("sendPaidMedia", **to, star_count=10, media=media)
    number = paid["message_id"]
    await bot.call("sendMessage", **to, text="Ну как?", reply_parameters={"message_id": number})
    await bot.call("pinChatMessage", **to, message_id=number)
    for each in (await client.messages())[-3:]:
        assert "paid_media" in str(each)
        assert photo not in str(each)

    sent = (await client.do("forward", message=number, to=client.home))["message"]
    assert photo not in str(sent)
    assert (await client.refused("unlock", message=sent["message_id"]))[0] == 400
    await client.do("unlock", message=number)
    assert all(photo in str(each) for each in (await client.messages())[-4:-1])
    assert await client.refused("unlock", message=number) == (
        402,
        "MEDIA_ALREADY_PAID: You have bought this already.",
    )
    assert buyer.stars == 90


async def test_a_subscription_is_stopped_and_gone_on_with(
    client: Client, stranger: Client, tg: Sandbox, bot: BotAccess
) -> None:
    sells(tg, bot)
    link = await bot.call("createInvoiceLink", **MONTHLY)
    key = (await client.step("open", link=link))["id"]
    assert (await client.step("pay", id=key))["amount"] == 40
    (known,) = (await client.do("subscriptions", chat=""))["subscriptions"]
    assert (known["title"], known["state"], known["amount"]) == ("Клуб", "active", 40)
    assert known["bot"]["username"] == "shop_bot"

    about = {"id": known["id"]}
    assert (await stranger.do("subscriptions"))["subscriptions"] == []
    assert await stranger.refused("subscription", **about) == (
        404,
        "There is no such subscription.",
    )
    for go_on, state in ((False, "canceled"), (True, "active")):
        await client.do("subscription", **about, go_on=go_on)
        assert tg.world.till.subscriptions.known[known["id"]].state == state
