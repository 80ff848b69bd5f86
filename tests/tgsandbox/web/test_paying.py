"""The payment sheet over HTTP, step by step."""

import asyncio

import pytest

from tests.tgsandbox.delivery.plain import eventually, eventually_async
from tgsandbox import BotAccess, Sandbox
from tgsandbox.web import paying

from .client import Client, Json, sells

pytestmark = pytest.mark.sandbox(page=True)
TEA: Json = {
    "title": "Чай",
    "description": "Зелёный",
    "payload": "tea-1",
    "currency": "EUR",
    "prices": [{"label": "Чай", "amount": 1200}],
    "max_tip_amount": 500,
}
GEMS: Json = {
    "title": "Самоцветы",
    "description": "Мешок",
    "payload": "gems-1",
    "currency": "XTR",
    "prices": [{"label": "Самоцветы", "amount": 30}],
}
ADDRESS = {
    "country_code": "UZ",
    "state": "",
    "city": "Ташкент",
    "street_line1": "Навои 1",
    "street_line2": "",
    "post_code": "100000",
}
CLOSED = (402, "CHECKOUT_CLOSED")


def tea(bot: BotAccess, **more: object) -> Json:
    return TEA | {"provider_token": bot.provider_token} | more


async def sent(client: Client, bot: BotAccess, about: Json) -> Json:
    """Where the invoice stands, as the page names it."""
    message = await bot.call("sendInvoice", chat_id=client.person.id, **about)
    return {"chat": client.home, "message": message["message_id"]}


async def opened(client: Client, bot: BotAccess, **more: object) -> str:
    key: str = (await client.step("open", **await sent(client, bot, tea(bot, **more))))["id"]
    return key


def charged(tg: Sandbox) -> list[int]:
    return [each.amount for each in tg.world.till.charges.values()]


def states(tg: Sandbox) -> list[str]:
    return [
        str(each.data["code"]) for each in tg.world.events.since(0) if each.kind == "payment_failed"
    ]


async def test_from_the_sheet_to_the_receipt(client: Client, tg: Sandbox, bot: BotAccess) -> None:
    sells(tg, bot)
    where = await sent(client, bot, tea(bot))
    told = await client.step("open", **where)
    form = told["form"]
    assert (form["title"], form["total_amount"], form["exponent"]) == ("Чай", 1200, 2)
    assert (form["state"], form["paid"], form["test"]) == ("open", False, True)

    paid = await client.step("pay", id=told["id"], card="ok", tip=300)
    assert (paid["paid"], paid["currency"], paid["amount"]) == (True, "EUR", 1500)
    assert charged(tg) == [1500]
    last = (await client.messages())[-1]
    assert (last["message_id"], last["out"]) == (paid["message"], False)
    assert last["successful_payment"]["total_amount"] == 1500

    receipt = await client.step("receipt", charge=paid["charge"])
    assert (receipt["title"], receipt["extra"], receipt["refunded"]) == ("Чай", 300, None)
    assert receipt["prices"] == TEA["prices"]
    assert (await client.step("close", id=told["id"])) == {"state": "paid"}
    shown = next(each for each in await client.messages() if each["message_id"] == where["message"])
    assert shown["invoice"]["paid"] is True


async def test_a_receipt_is_for_whoever_paid(
    client: Client, stranger: Client, tg: Sandbox, bot: BotAccess
) -> None:
    sells(tg, bot)
    paid = await client.step("pay", id=await opened(client, bot))
    for who, charge in ((stranger, paid["charge"]), (client, "x")):
        told = await who.failed("receipt", charge=charge)
        assert told == (404, "There is no such payment.")


async def test_details_and_shipping_come_first(client: Client, tg: Sandbox, bot: BotAccess) -> None:
    sells(tg, bot)
    needs = {"need_name": True, "need_shipping_address": True, "is_flexible": True}
    key = await opened(client, bot, **needs)
    assert await client.failed("pay", id=key) == (402, "REQUESTED_INFO_MISSING")
    info = {"name": "Покупатель", "shipping_address": ADDRESS}
    for wrong, code in (
        ({"name": ""}, "REQ_INFO_NAME_INVALID"),
        ({"shipping_address": "x"}, "ADDRESS_COUNTRY_INVALID"),
        ({"shipping_address": ADDRESS | {"city": 5}}, "ADDRESS_CITY_INVALID"),
    ):
        assert await client.failed("submit", id=key, info=info | wrong) == (402, code)
    assert await client.failed("submit", id=key, info=[1]) == (402, "REQ_INFO_NAME_INVALID")
    offered = await client.step("submit", id=key, info=info)
    assert [each["id"] for each in offered["options"]] == ["post"]
    assert offered["form"]["saved_info"]["name"] == "Покупатель"

    for option in (None, "boat"):
        told = await client.failed("pay", id=key, shipping_option=option)
        assert told == (402, "SHIPPING_OPTION_INVALID")
    assert (await client.step("pay", id=key, shipping_option="post"))["amount"] == 1600


async def test_a_bank_that_asks(client: Client, tg: Sandbox, bot: BotAccess) -> None:
    """3-D Secure: nothing is taken until the payer agrees, and then once."""
    sells(tg, bot)
    key = await opened(client, bot)
    assert await client.failed("confirm", id=key, agreed=True) == (402, "NOTHING_TO_CONFIRM")
    for agreed in (False, None):
        assert await client.step("pay", id=key, card="3ds") == {"confirm": True}
        assert (await client.step("look", id=key))["form"]["state"] == "confirming"
        assert await client.failed("confirm", id=key, agreed=agreed) == (
            402,
            "PAYMENT_VERIFICATION_FAILED",
        )
        assert charged(tg) == []
    assert await client.step("pay", id=key, card="3ds") == {"confirm": True}
    assert (await client.failed("confirm", id=key, agreed="yes"))[0] == 400
    assert (await client.step("confirm", id=key, agreed=True))["amount"] == 1200
    assert await client.failed("confirm", id=key, agreed=True) == (402, "NOTHING_TO_CONFIRM")
    assert charged(tg) == [1200]


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"card": "declined"}, 402, "PAYMENT_DECLINED"),
        ({"card": "insufficient"}, 402, "PAYMENT_INSUFFICIENT_FUNDS"),
        ({"tip": 501}, 402, "TIP_AMOUNT_INVALID"),
        ({"tip": -1}, 402, "TIP_AMOUNT_INVALID"),
        ({"card": "gold"}, 400, None),
        ({"card": 5}, 400, None),
        ({"tip": []}, 400, None),
        ({"tip": 1.5}, 400, None),
        ({"shipping_option": {}}, 400, None),
        ({"cvc": "123"}, 400, None),
    ],
)
async def test_what_is_not_paid(  # noqa: PLR0917
    client: Client, tg: Sandbox, bot: BotAccess, given: Json, status: int, code: str | None
) -> None:
    sells(tg, bot)
    key = await opened(client, bot)
    told = await client.failed("pay", id=key, **given)
    assert told[0] == status
    assert code in (None, told[1])
    assert charged(tg) == []
    assert (await client.step("pay", id=key))["amount"] == 1200, "another try is possible"


async def test_a_bot_that_does_not_sell(client: Client, tg: Sandbox, bot: BotAccess) -> None:
    sells(tg, bot, refusal="Чай кончился")
    status, told = await client.ask("POST", "checkout/pay", {"id": await opened(client, bot)})
    assert (status, told["detail"]) == (402, "BOT_PRECHECKOUT_FAILED: Чай кончился")
    assert charged(tg) == []


async def test_stars_are_needed(client: Client, tg: Sandbox, bot: BotAccess) -> None:
    sells(tg, bot)
    link = await bot.call("createInvoiceLink", **GEMS)
    key = (await client.step("open", link=link))["id"]
    client.person.user.stars = 29
    assert await client.failed("pay", id=key) == (402, "BALANCE_TOO_LOW")
    client.person.user.stars = 30
    assert (await client.step("pay", id=key))["paid"]
    assert client.person.stars == 0


@pytest.mark.parametrize("card", ["ok", "hang"])
async def test_closing_in_the_midst(client: Client, tg: Sandbox, bot: BotAccess, card: str) -> None:
    """While the bot, or the bank, is thinking. Whatever they say then, nothing is taken."""
    key = await opened(client, bot)
    if card == "hang":
        sells(tg, bot)
    paying = asyncio.create_task(client.failed("pay", id=key, card=card))
    state = "charging" if card == "hang" else "checking"

    async def so_far() -> bool:
        return bool((await client.step("look", id=key))["form"]["state"] == state)

    await eventually_async(so_far)
    assert await client.failed("pay", id=key) == (402, "PAYMENT_IN_PROGRESS")
    assert await client.step("close", id=key) == {"state": "closed"}
    assert await paying == CLOSED
    if card == "ok":
        query = bot.pending[-1]["pre_checkout_query"]["id"]
        assert await bot.call("answerPreCheckoutQuery", pre_checkout_query_id=query, ok=True)
    assert charged(tg) == []
    for step in ("look", "pay", "confirm", "submit", "close"):
        assert await client.failed(step, id=key) == CLOSED


async def test_another_persons_sheet_is_nobodys_business(
    client: Client, stranger: Client, tg: Sandbox, bot: BotAccess
) -> None:
    sells(tg, bot)
    where = await sent(client, bot, tea(bot))
    assert await stranger.failed("open", **where) == (404, "There is no such chat.")
    key = (await client.step("open", **where))["id"]
    for step in ("look", "submit", "pay", "confirm", "close"):
        assert await stranger.failed(step, id=key) == CLOSED
    assert (await client.step("pay", id=key))["paid"]


async def test_two_windows_pay_once(client: Client, tg: Sandbox, bot: BotAccess) -> None:
    where = await sent(client, bot, tea(bot))
    keys = [(await client.step("open", **where))["id"] for _ in range(2)]
    both = [asyncio.create_task(client.ask("POST", "checkout/pay", {"id": key})) for key in keys]

    def asked() -> list[str]:
        found = [each.get("pre_checkout_query") for each in bot.pending]
        return [each["id"] for each in found if each]

    await eventually(lambda: len(asked()) == 2)
    for query in asked():
        await bot.call("answerPreCheckoutQuery", pre_checkout_query_id=query, ok=True)
    told = [await each for each in both]
    assert sorted(status for status, _ in told) == [200, 402]
    assert [found["code"] for status, found in told if status == 402] == ["INVOICE_ALREADY_PAID"]
    assert charged(tg) == [1200]


async def test_the_oldest_of_too_many_sheets_is_closed(
    client: Client, tg: Sandbox, bot: BotAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paying, "MOST_OPEN", 3)
    where = await sent(client, bot, tea(bot))
    keys = [(await client.step("open", **where))["id"] for _ in range(4)]
    assert await client.failed("look", id=keys[0]) == CLOSED
    closed = [each for each in tg.world.events.since(0) if each.kind == "checkout_closed"]
    assert len(closed) == 1
    for key in keys[1:]:
        assert (await client.step("look", id=key))["form"]["state"] == "open"


@pytest.mark.parametrize(
    ("step", "given", "status"),
    [
        ("dance", {}, 404),
        ("open", {}, 400),
        ("open", {"link": "https://t.me/$nothing"}, 402),
        ("open", {"link": 5}, 400),
        ("open", {"chat": "nowhere", "message": 1}, 404),
        ("open", {"chat": 5, "message": 1}, 400),
        ("look", {}, 400),
        ("look", {"id": []}, 400),
        ("look", {"id": "x"}, 402),
        ("receipt", {}, 400),
    ],
)
async def test_what_is_no_step(client: Client, step: str, given: Json, status: int) -> None:
    assert (await client.failed(step, **given))[0] == status


async def test_what_is_no_invoice(client: Client) -> None:
    for message in (1, 99, 0):
        told = await client.failed("open", chat=client.home, message=message)
        assert told == (404, "The invoice is gone.")
    rubbish: tuple[object, ...] = ("1", [], None, -1, True)
    for wrong in rubbish:
        assert (await client.failed("open", chat=client.home, message=wrong))[0] == 400
