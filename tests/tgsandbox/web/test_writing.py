"""Messages and buttons on the page: what they do to the world, and what is refused in words."""

import pytest

from tgsandbox import BotAccess, Person, Sandbox

from .client import KEYS, Client, Json, chat

pytestmark = pytest.mark.sandbox(page=True)


def said(tg: Sandbox, client: Client) -> dict[int, str]:
    return {each.id: each.text for each in tg.world.chats[client.home].messages.values()}


async def test_a_message_is_written_answered_changed_and_taken_back(
    client: Client, tg: Sandbox, bot: BotAccess
) -> None:
    first = (await client.do("send", text="Чай"))["message"]
    assert (first["text"], first["out"], first["taken"]) == ("Чай", True, False)
    second = (await client.do("send", text="Кофе", reply_to=first["message_id"]))["message"]
    assert second["reply_to_message"]["text"] == "Чай"
    assert "reply_to_message" not in (await client.do("send", text="x", reply_to=0))["message"]

    await client.do("edit", message=first["message_id"], text="Зелёный чай")
    assert said(tg, client)[first["message_id"]] == "Зелёный чай"
    assert bot.pending[-1]["edited_message"]["text"] == "Зелёный чай"

    await client.do("delete", message=first["message_id"])
    assert first["message_id"] not in said(tg, client)


async def test_only_what_was_written_can_be_edited(client: Client, bot: BotAccess) -> None:
    shared = (await client.do("contact"))["message"]["message_id"]
    assert await client.refused("edit", message=shared, text="x") == (
        409,
        "There is nothing to edit in this message.",
    )
    sent = await bot.call("sendMessage", chat_id=client.person.id, text="Чай")
    status, words = await client.refused("edit", message=sent["message_id"], text="x")
    assert (status, words) == (409, "Only one's own messages can be edited.")


async def test_a_message_is_forwarded_to_chats_of_ones_own(
    client: Client, tg: Sandbox, bot: BotAccess, other: Person
) -> None:
    text = (await client.do("send", text="Чай"))["message"]["message_id"]
    group = tg.group("Чайная", other, bot)
    for target in (chat(bot, other), f"0:{group.id}", "nowhere", ""):
        assert (await client.refused("forward", message=text, to=target))[0] in (400, 404)
    group.add(client.person)
    told = await client.do("forward", message=text, to=f"0:{group.id}")
    assert told["message"]["forward_origin"]["sender_user"]["id"] == client.person.id
    assert group.chat.messages[group.chat.last_id].text == "Чай"


async def test_a_payment_is_not_made_by_forwarding_its_receipt(
    client: Client, tg: Sandbox, bot: BotAccess
) -> None:
    here = tg.world.chats[client.home]
    receipt = {"currency": "EUR", "total_amount": 1200, "invoice_payload": "tea-1"}
    paid = tg.world.say(here, client.person.user, {"successful_payment": receipt})
    before = len(bot.pending)
    for act, given in (("forward", {"to": client.home}), ("edit", {"text": "x"})):
        status, _ = await client.attempt(act, {"message": paid.id, **given})
        assert status == 409
    assert len(bot.pending) == before


async def test_a_reaction_comes_and_goes(client: Client, bot: BotAccess) -> None:
    sent = await bot.call("sendMessage", chat_id=client.person.id, text="Чай")
    for emoji, shown in (("👍", [{"emoji": "👍", "count": 1, "mine": True}]), (None, None)):
        await client.do("react", message=sent["message_id"], emoji=emoji)
        assert (await client.messages())[-1].get("reactions") == shown


async def test_a_message_is_pinned_and_taken_down(client: Client, tg: Sandbox) -> None:
    here = tg.world.chats[client.home]
    number = (await client.do("send", text="Чай"))["message"]["message_id"]
    await client.do("pin", message=number)
    opened = await client.get("chat", chat=client.home)
    assert [each["text"] for each in opened["pinned"]] == ["Чай"]
    await client.do("pin", message=number)
    assert here.pinned == []


async def test_what_is_read_is_read_up_to_the_end_and_never_less(
    client: Client, tg: Sandbox
) -> None:
    here, who = tg.world.chats[client.home], str(client.person.id)
    for message, read in ((1, 1), (0, 1), (10**9, here.last_id)):
        await client.do("read", message=message)
        assert here.read[who] == read


async def test_a_contact_and_a_location_are_shared(client: Client, bot: BotAccess) -> None:
    contact = (await client.do("contact"))["message"]["contact"]
    assert contact["phone_number"] == client.person.user.phone
    assert contact["user_id"] == client.person.id
    await client.do("location", latitude=41, longitude=-69.25)
    assert bot.pending[-1]["message"]["location"] == {"latitude": 41, "longitude": -69.25}


# --- buttons


async def test_a_button_is_pressed(client: Client, bot: BotAccess) -> None:
    sent = await bot.call("sendMessage", chat_id=client.person.id, text="Чай", reply_markup=KEYS)
    query = (await client.do("press", message=sent["message_id"], row=0, column=0))["query"]
    assert bot.pending[-1]["callback_query"]["id"] == query
    assert bot.pending[-1]["callback_query"]["data"] == "buy"
    status, words = await client.refused("press", message=sent["message_id"], row=0, column=1)
    assert (status, words) == (409, "The buttons have changed.")
    assert (await client.refused("press", message=sent["message_id"], row=-1))[0] == 400


async def test_a_button_of_an_address_says_nothing(client: Client, bot: BotAccess) -> None:
    link = {"inline_keyboard": [[{"text": "Сайт", "url": "https://shop.example/"}]]}
    sent = await bot.call("sendMessage", chat_id=client.person.id, text="Чай", reply_markup=link)
    assert await client.refused("press", message=sent["message_id"]) == (
        409,
        "The button has nothing to say to the bot.",
    )


async def test_the_keyboard_is_tapped(client: Client, bot: BotAccess) -> None:
    keys = {"keyboard": [["Чай"], [{"text": "Телефон", "request_contact": True}]]}
    await bot.call("sendMessage", chat_id=client.person.id, text="?", reply_markup=keys)
    assert (await client.do("tap"))["message"]["text"] == "Чай"
    assert "contact" in (await client.do("tap", row=1))["message"]
    assert await client.refused("tap", row=2) == (409, "The buttons have changed.")


# --- inline mode


ARTICLE: Json = {
    "type": "article",
    "id": "1",
    "title": "Чай",
    "input_message_content": {"message_text": "Чай, 12 €"},
    "reply_markup": KEYS,
}


async def offered(client: Client, bot: BotAccess) -> Json:
    """What the page hears of the bot's answer."""
    async with client.follow() as stream:
        query = (await client.do("ask_inline", bot="shop_bot", text="чай"))["query"]
        assert bot.pending[-1]["inline_query"]["query"] == "чай"
        await bot.call("answerInlineQuery", inline_query_id=query, results=[ARTICLE])
        kind, data, _ = await stream.next()
        while kind != "answered":
            kind, data, _ = await stream.next()
    assert (data["query"], data["type"]) == (query, "inline")
    result: Json = data["answer"]["results"][0]
    return result


async def test_a_result_is_chosen(client: Client, bot: BotAccess) -> None:
    result = await offered(client, bot)
    told = await client.do("choose", bot="shop_bot", text="чай", result=result)
    assert told["message"]["text"] == "Чай, 12 €"
    assert told["message"]["via_bot"]["username"] == "shop_bot"
    chosen = bot.pending[-1]["chosen_inline_result"]
    assert (chosen["result_id"], chosen["query"]) == ("1", "чай")


async def test_what_was_not_offered_to_this_person_cannot_be_chosen(
    client: Client, stranger: Client, tg: Sandbox, bot: BotAccess
) -> None:
    result = await offered(client, bot)
    tg.bot("other_bot")
    made_up: Json = {"body": 1}
    for who, name, given in (
        (client, "shop_bot", result | {"body": {"text": "Кофе"}}),
        (client, "shop_bot", made_up),
        (client, "other_bot", result),
        (stranger, "shop_bot", result),
    ):
        status, words = await who.refused("choose", bot=name, result=given)
        assert (status, words) == (409, f"@{name} has not offered this.")


async def test_no_bot_is_no_bot(client: Client) -> None:
    for act in ("ask_inline", "choose"):
        assert await client.refused(act, bot="nobody_bot") == (
            404,
            "There is no bot @nobody_bot.",
        )
