"""Paying, as the payer and the bot see it."""

import asyncio
from typing import Any

import pytest

from tests.tgsandbox.payments.shop import ADDRESS, CARD, MONTHLY, STARS, Shop, failed, refused
from tgsandbox.telegram.payments.failures import VerificationNeeded

TOO_OLD = "400 Bad Request: query is too old and response timeout expired or query ID is invalid"


async def test_a_card_is_charged_when_the_bot_agrees(shop: Shop) -> None:
    message, invoice = shop.sent(CARD)
    paying = asyncio.create_task(shop.till.open(shop.user, invoice, message).pay())

    query = await shop.asked("pre_checkout_query")
    assert query["from"]["id"] == shop.user.id
    assert {name: query[name] for name in query if name not in ("id", "from")} == {
        "currency": "EUR",
        "total_amount": 1200,
        "invoice_payload": "order-1",
    }
    assert shop.charged() == []
    shop.agree(query)
    receipt = await paying

    assert shop.charged() == [1200]
    assert shop.payments() == [
        {
            "currency": "EUR",
            "total_amount": 1200,
            "invoice_payload": "order-1",
            "telegram_payment_charge_id": receipt.charge.id,
            "provider_payment_charge_id": receipt.charge.provider_id,
        }
    ]
    assert receipt.charge.id.startswith(f"{shop.bot.id}_")
    said = receipt.message
    assert (said.sender, said.chat.id, said.reply_to) == (shop.user.id, shop.user.id, message.id)
    assert receipt.charge.provider_id.startswith("ch_")


async def test_whoever_watches_sees_it_happen(shop: Shop) -> None:
    shop.sells()
    sheet = shop.sheet(CARD, is_flexible=True)
    await sheet.submit({"shipping_address": ADDRESS})
    await failed(sheet.pay(card="declined", shipping_option="post"))
    with pytest.raises(VerificationNeeded):
        await sheet.pay(card="3ds", shipping_option="post")
    receipt = await sheet.confirm(True)

    kinds = ("checkout", "shipping_options", "payment_failed", "verification_needed", "paid")
    seen = [each for each in shop.world.events.since(0) if each.kind in kinds]
    assert [each.kind for each in seen] == list(kinds)
    for each in seen:
        assert (each.data["user"], each.data["bot"]) == (shop.user, shop.bot)
    assert seen[2].data["code"] == "PAYMENT_DECLINED"
    assert seen[2].data["invoice"] == sheet.invoice.slug
    told = seen[4].data
    assert (told["amount"], told["currency"], told["payload"]) == (1600, "EUR", "order-1")
    assert told["charge"] == receipt.charge.id


async def test_stars_leave_the_payer_and_reach_the_bot(shop: Shop) -> None:
    shop.sells()

    receipt = await shop.sheet(STARS).pay()

    assert shop.user.stars == 950
    assert shop.call("getMyStarBalance") == {"amount": 50}
    assert receipt.charge.id.startswith("stx")
    assert len(receipt.charge.id) == 140
    assert receipt.message.reply_to is None


async def test_stars_need_no_card(shop: Shop) -> None:
    shop.sells()
    assert (await shop.sheet(STARS).pay(card="declined")).charge.amount == 50


async def test_queries_have_a_queue_of_the_payers_own(shop: Shop) -> None:
    shop.sells()
    await shop.sheet(STARS).pay()
    queues = {each.type: each.queue for each in shop.inbox.pending.values()}
    assert queues == {
        "pre_checkout_query": f"payment:{shop.user.id}",
        "message": str(shop.user.id),
    }


async def test_the_bot_refuses_in_its_own_words(shop: Shop) -> None:
    sheet = shop.sheet(STARS)
    shop.sells("Sold out, sorry")

    assert await failed(sheet.pay()) == ("BOT_PRECHECKOUT_FAILED", "Sold out, sorry")

    assert (shop.charged(), shop.user.stars) == ([], 1000)
    assert shop.events("payment_failed")[0]["text"] == "Sold out, sorry"
    shop.sells()
    assert (await sheet.pay()).charge.amount == 50


async def test_a_refusal_needs_words(shop: Shop) -> None:
    paying = asyncio.create_task(shop.sheet(STARS).pay())
    asked = await shop.asked("pre_checkout_query")

    said = refused(shop, "answerPreCheckoutQuery", pre_checkout_query_id=asked["id"], ok=False)

    assert said == '400 Bad Request: parameter "error_message" is required'
    shop.agree(asked)
    assert (await paying).charge.amount == 50


async def test_the_bot_has_ten_seconds(shop: Shop) -> None:
    paying = asyncio.create_task(shop.sheet(STARS).pay())
    query = await shop.asked("pre_checkout_query")

    shop.world.clock.move(9)
    await asyncio.sleep(0)
    assert not paying.done()
    shop.world.clock.move(1)

    code, _ = await failed(paying)
    assert code == "BOT_PRECHECKOUT_TIMEOUT"
    about = {"pre_checkout_query_id": query["id"], "ok": True}
    assert refused(shop, "answerPreCheckoutQuery", **about) == TOO_OLD
    assert (shop.charged(), shop.world.queries) == ([], {})


async def test_a_query_is_answered_once(shop: Shop) -> None:
    paying = asyncio.create_task(shop.sheet(STARS).pay())
    query = await shop.asked("pre_checkout_query")
    shop.agree(query)

    about = {"pre_checkout_query_id": query["id"], "ok": True}
    assert refused(shop, "answerPreCheckoutQuery", **about) == TOO_OLD
    await paying
    assert shop.charged() == [50]


@pytest.mark.parametrize(
    ("card", "code"),
    [("declined", "PAYMENT_DECLINED"), ("insufficient", "PAYMENT_INSUFFICIENT_FUNDS")],
)
async def test_a_card_fails_after_the_bot_has_agreed(shop: Shop, card: str, code: str) -> None:
    sheet = shop.sheet(CARD)
    shop.sells()

    assert (await failed(sheet.pay(card=card)))[0] == code

    assert len(shop.updates("pre_checkout_query")) == 1
    assert (shop.charged(), shop.payments(), shop.till.books()) == ([], [], [])
    assert (await sheet.pay()).charge.amount == 1200


async def test_a_bank_asks_the_payer_first(shop: Shop) -> None:
    sheet = shop.sheet(CARD)
    shop.sells()
    with pytest.raises(VerificationNeeded):
        await sheet.pay(card="3ds")
    assert (shop.charged(), sheet.state) == ([], "confirming")

    receipt = await sheet.confirm(True)

    assert (receipt.charge.amount, shop.charged()) == (1200, [1200])
    assert (await failed(sheet.confirm(True)))[0] == "NOTHING_TO_CONFIRM"
    assert len(shop.payments()) == 1


async def test_a_payer_who_does_not_confirm_pays_nothing(shop: Shop) -> None:
    sheet = shop.sheet(CARD)
    shop.sells()
    with pytest.raises(VerificationNeeded):
        await sheet.pay(card="3ds")

    assert (await failed(sheet.confirm(False)))[0] == "PAYMENT_VERIFICATION_FAILED"

    assert (shop.charged(), sheet.state) == ([], "open")
    assert (await failed(sheet.confirm(True)))[0] == "NOTHING_TO_CONFIRM"


async def test_a_provider_that_hangs_fails_after_a_minute(shop: Shop) -> None:
    sheet = shop.sheet(CARD)
    shop.sells()
    paying = asyncio.create_task(sheet.pay(card="hang"))
    await until(lambda: sheet.state == "charging")

    shop.world.clock.move(59)
    await asyncio.sleep(0)
    assert not paying.done()
    shop.world.clock.move(1)

    assert (await failed(paying))[0] == "PROVIDER_ACCOUNT_TIMEOUT"
    assert (shop.charged(), sheet.state) == ([], "open")


async def test_a_card_there_is_not(shop: Shop) -> None:
    with pytest.raises(ValueError, match="there are ok, declined"):
        await shop.sheet(CARD).pay(card="gold")


async def test_too_few_stars_are_seen_before_the_bot_is_asked(shop: Shop) -> None:
    shop.user.stars = 49
    assert (await failed(shop.sheet(STARS).pay()))[0] == "BALANCE_TOO_LOW"
    assert shop.updates("pre_checkout_query") == []


async def test_stars_spent_elsewhere_meanwhile_are_missed_at_the_charge(shop: Shop) -> None:
    paying = asyncio.create_task(shop.sheet(STARS).pay())
    query = await shop.asked("pre_checkout_query")
    shop.user.stars = 49
    shop.agree(query)

    assert (await failed(paying))[0] == "BALANCE_TOO_LOW"
    assert (shop.charged(), shop.user.stars) == ([], 49)


async def test_a_sent_invoice_is_paid_once_and_a_link_many_times(shop: Shop) -> None:
    shop.sells()
    message, invoice = shop.sent(STARS)
    await shop.till.open(shop.user, invoice, message).pay()
    again = shop.till.open(shop.user, invoice, message)
    assert again.form()["paid"]
    assert (await failed(again.pay()))[0] == "INVOICE_ALREADY_PAID"
    assert len(shop.updates("pre_checkout_query")) == 1

    link = shop.invoice(STARS)
    for _ in range(3):
        await shop.till.open(shop.user, link).pay()
    assert shop.charged() == [50] * 4
    assert not shop.till.open(shop.user, link).form()["paid"]


async def test_a_tip_is_added_as_far_as_it_is_allowed(shop: Shop) -> None:
    shop.sells()
    sheet = shop.sheet(CARD, max_tip_amount=100)

    for tip in (-1, 101):
        assert (await failed(sheet.pay(tip=tip)))[0] == "TIP_AMOUNT_INVALID"
    receipt = await sheet.pay(tip=100)

    assert receipt.charge.amount == 1300
    assert shop.updates("pre_checkout_query")[0]["total_amount"] == 1300
    assert (await failed(shop.sheet(STARS).pay(tip=1)))[0] == "TIP_AMOUNT_INVALID"


async def test_a_payer_who_came_by_a_link_has_spoken_to_the_bot(shop: Shop) -> None:
    stranger = shop.world.new_user("Another")
    shop.till.buy_stars(stranger, 50)
    shop.sells()

    await shop.till.open(stranger, shop.invoice(STARS)).pay()

    assert shop.world.private_chat(stranger, shop.bot).started
    assert len(shop.payments()) == 1


def test_the_sheet_shows_what_there_is_to_pay(shop: Shop) -> None:
    asked = {"max_tip_amount": 100, "suggested_tip_amounts": [50], "send_email_to_provider": True}
    form = shop.sheet(CARD, **asked).form()
    assert form.pop("bot")["username"] == "shop_bot"
    assert form == {
        "title": "Tea",
        "description": "A pound of it",
        "photo": None,
        "prices": CARD["prices"],
        "currency": "EUR",
        "exponent": 2,
        "total_amount": 1200,
        "needs": {"name": False, "phone_number": False, "email": True, "shipping_address": False},
        "phone_to_provider": False,
        "email_to_provider": True,
        "max_tip_amount": 100,
        "suggested_tip_amounts": [50],
        "flexible": False,
        "shipping_options": [],
        "recurring": False,
        "subscription_period": 0,
        "saved_info": {},
        "stars": 1000,
        "test": True,
        "paid": False,
        "state": "open",
    }
    assert shop.sheet(MONTHLY).form()["recurring"]
    assert not shop.sheet(CARD, provider_token="1:LIVE:x").form()["test"]


async def test_details_are_asked_for_checked_and_saved(shop: Shop) -> None:
    shop.sells()
    needs = {"need_name": True, "need_phone_number": True, "need_email": True}
    sheet = shop.sheet(CARD, **needs)
    assert (await failed(sheet.pay()))[0] == "REQUESTED_INFO_MISSING"

    given = {"name": " Ann ", "phone_number": "+49 (40) 123-45-67", "email": "ann@example.com"}
    assert await sheet.submit(given | {"shipping_address": ADDRESS, "age": 30}) == []
    info = {"name": "Ann", "phone_number": "49401234567", "email": "ann@example.com"}
    await sheet.pay()

    assert shop.updates("pre_checkout_query")[0]["order_info"] == info
    assert shop.payments()[0]["order_info"] == info
    assert shop.sheet(CARD, **needs).form()["saved_info"] == info


@pytest.mark.parametrize(
    ("need", "given", "code"),
    [
        ("name", {}, "REQ_INFO_NAME_INVALID"),
        ("name", {"name": " "}, "REQ_INFO_NAME_INVALID"),
        ("name", {"name": 5}, "REQ_INFO_NAME_INVALID"),
        ("name", {"name": "n" * 65}, "REQ_INFO_NAME_INVALID"),
        ("phone_number", {}, "REQ_INFO_PHONE_INVALID"),
        ("phone_number", {"phone_number": "call me"}, "REQ_INFO_PHONE_INVALID"),
        ("phone_number", {"phone_number": "123456"}, "REQ_INFO_PHONE_INVALID"),
        ("email", {}, "REQ_INFO_EMAIL_INVALID"),
        ("email", {"email": "ann@localhost"}, "REQ_INFO_EMAIL_INVALID"),
        ("email", {"email": "a b@example.com"}, "REQ_INFO_EMAIL_INVALID"),
        ("shipping_address", {}, "ADDRESS_COUNTRY_INVALID"),
        ("shipping_address", {"shipping_address": "here"}, "ADDRESS_COUNTRY_INVALID"),
        *(
            ("shipping_address", {"shipping_address": ADDRESS | {line: value}}, code)
            for line, value, code in [
                ("country_code", "Germany", "ADDRESS_COUNTRY_INVALID"),
                ("state", "s" * 65, "ADDRESS_STATE_INVALID"),
                ("city", "", "ADDRESS_CITY_INVALID"),
                ("street_line1", "", "ADDRESS_STREET_LINE1_INVALID"),
                ("street_line2", "s" * 129, "ADDRESS_STREET_LINE2_INVALID"),
                ("post_code", "", "ADDRESS_POSTCODE_INVALID"),
            ]
        ),
    ],
)
async def test_details_that_will_not_do(
    shop: Shop, need: str, given: dict[str, Any], code: str
) -> None:
    sheet = shop.sheet(CARD, **{f"need_{need}": True})
    assert (await failed(sheet.submit(given)))[0] == code
    assert (await failed(sheet.pay()))[0] == "REQUESTED_INFO_MISSING"
    assert shop.till.saved == {}


async def until(done: Any) -> None:
    async with asyncio.timeout(5):
        while not done():
            await asyncio.sleep(0)
