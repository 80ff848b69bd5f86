"""People in tests: what they read, where, and in which order; what they pay with."""

import pytest

from tgsandbox import BotAccess, Impossible, Late, PaymentFailed, Person, Sandbox
from tgsandbox.telegram import acts


@pytest.fixture
def buyer(tg: Sandbox) -> Person:
    return tg.user("Покупатель", stars=100)


async def say(bot: BotAccess, to: Person, *texts: str) -> None:
    for text in texts:
        await bot.call("sendMessage", chat_id=to.id, text=text)


async def test_of_two_chats_one_is_read(tg: Sandbox, buyer: Person) -> None:
    shop, post = tg.bot("shop_bot"), tg.bot("post_bot")
    for bot in (shop, post):
        await buyer.send(bot, "/start")
    await say(shop, buyer, "tea", "cups")
    await say(post, buyer, "parcel", "letter")

    assert (await buyer.reply(where=post)).text == "parcel"
    assert (await buyer.reply("letter", where=post)).text == "letter"
    assert [each.text for each in buyer.unread] == ["tea", "cups"]
    assert (await buyer.reply("cups")).text == "cups"  # the tea is passed over
    assert buyer.unread == []


async def test_an_edit_among_edits(tg: Sandbox, buyer: Person) -> None:
    bot = tg.bot("shop_bot")
    await buyer.send(bot, "/start")
    sent = await bot.call("sendMessage", chat_id=buyer.id, text="0 %")
    for text in ("50 %", "100 %"):
        await bot.call(
            "editMessageText", chat_id=buyer.id, message_id=sent["message_id"], text=text
        )
    assert (await buyer.edited("100")).text == "100 %"
    with pytest.raises(Late, match="an edit to '50'"):
        await buyer.edited("50", timeout=0.01)


async def test_what_a_bot_was_called_with(tg: Sandbox, buyer: Person) -> None:
    bot = tg.bot("shop_bot")
    await buyer.send(bot, "/start")
    await bot.call("sendChatAction", chat_id=buyer.id, action="typing")
    await say(bot, buyer, "hello")
    assert bot.calls("sendchataction") == [{"chat_id": buyer.id, "action": "typing"}]


async def test_a_bot_without_privacy_sees_all_of_a_group(tg: Sandbox, buyer: Person) -> None:
    shy, curious = tg.bot("shy_bot"), tg.bot("curious_bot", privacy=False)
    group = tg.group("Рынок", buyer, shy, curious)
    assert group.members == ["Покупатель", "shy_bot", "curious_bot"]
    await buyer.send(group, "hello everybody")

    def heard(bot: BotAccess) -> list[str]:
        return [
            each["message"]["text"] for each in bot.pending if "text" in each.get("message", {})
        ]

    assert (heard(shy), heard(curious)) == ([], ["hello everybody"])


@pytest.mark.parametrize("agreed", [True, False])
async def test_the_bank_asks_again(tg: Sandbox, buyer: Person, agreed: bool) -> None:
    bot = tg.bot("shop_bot")
    await buyer.send(bot, "/start")
    await bot.call(
        "sendInvoice",
        chat_id=buyer.id,
        title="Tea",
        description="Green",
        payload="tea",
        currency="USD",
        provider_token=bot.provider_token,
        prices=[{"label": "Tea", "amount": 500}],
    )
    from tests.e2e.bots import serve

    async def agree(bot: BotAccess, update: dict[str, dict[str, str]]) -> None:
        if query := update.get("pre_checkout_query"):
            await bot.call("answerPreCheckoutQuery", pre_checkout_query_id=query["id"], ok=True)

    async with serve(tg, "shop_bot", agree):
        if agreed:
            assert (await buyer.pay(card="3ds")).charge.amount == 500
        else:
            with pytest.raises(PaymentFailed, match="Your bank did not confirm"):
                await buyer.pay(card="3ds", confirm=False)
    assert len(tg.books()) == agreed


async def test_a_query_that_nobody_answers_is_forgotten(tg: Sandbox, buyer: Person) -> None:
    bot = tg.bot("shop_bot")
    await buyer.send(bot, "/start")
    keyboard = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    await bot.call("sendMessage", chat_id=buyer.id, text="?", reply_markup=keyboard)
    await buyer.press("Go")
    assert len(tg.world.queries) == 1
    await tg.clock.move(151)
    assert tg.world.queries == {}


async def test_who_rules_in_a_group(tg: Sandbox, buyer: Person) -> None:
    seller, bot = tg.user("Продавец"), tg.bot("shop_bot", privacy=False)
    group = tg.group("Рынок", seller, buyer, bot)
    with pytest.raises(Impossible, match="Покупатель is no administrator of Рынок"):
        acts.remove(tg.world, buyer.user, group.chat, seller.user)
    group.promote(buyer)
    with pytest.raises(Impossible, match="Продавец made the group"):
        acts.remove(tg.world, buyer.user, group.chat, seller.user)

    acts.remove(tg.world, buyer.user, group.chat, bot.record)
    assert group.members == ["Продавец", "Покупатель"]
    last = group.chat.messages[group.chat.last_id]
    assert last.body["left_chat_member"]["username"] == "shop_bot"
    assert bot.pending[-1]["my_chat_member"]["new_chat_member"]["status"] == "kicked"
