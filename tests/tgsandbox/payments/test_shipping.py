"""Prices that depend on where it goes."""

import asyncio
from typing import Any

import pytest

from tests.tgsandbox.payments.shop import ADDRESS, CARD, SHIPPING, Shop, failed, refused
from tgsandbox.telegram.payments.checkout import Checkout

STAMP = {"label": "Stamp", "amount": 1}


@pytest.fixture
def sheet(shop: Shop) -> Checkout:
    return shop.sheet(CARD, is_flexible=True)


async def test_the_bot_says_how_it_ships(shop: Shop, sheet: Checkout) -> None:
    submitting = asyncio.create_task(sheet.submit({"shipping_address": ADDRESS}))
    query = await shop.asked("shipping_query")
    assert {name: query[name] for name in query if name not in ("id", "from")} == {
        "invoice_payload": "order-1",
        "shipping_address": ADDRESS,
    }
    assert sheet.state == "shipping"
    shop.ship(query)
    assert await submitting == SHIPPING == sheet.form()["shipping_options"]

    shop.sells()
    receipt = await sheet.pay(shipping_option="post")

    assert receipt.charge.amount == 1200 + 400
    asked, paid = shop.updates("pre_checkout_query")[0], shop.payments()[0]
    for each in (asked, paid):
        assert each["total_amount"] == 1600
        assert each["shipping_option_id"] == "post"
        assert each["order_info"] == {"shipping_address": ADDRESS}


async def test_one_of_the_ways_must_be_chosen(shop: Shop, sheet: Checkout) -> None:
    shop.sells()
    await sheet.submit({"shipping_address": ADDRESS})

    for option in (None, "pigeon"):
        code, _ = await failed(sheet.pay(shipping_option=option))
        assert code == "SHIPPING_OPTION_INVALID"
    assert (await sheet.pay(shipping_option="fetch")).charge.amount == 1000


async def test_what_does_not_ship_has_no_ways(shop: Shop) -> None:
    code, _ = await failed(shop.sheet(CARD).pay(shipping_option="post"))
    assert code == "SHIPPING_OPTION_INVALID"


async def test_a_way_that_costs_less_than_nothing(shop: Shop, sheet: Checkout) -> None:
    submitting = asyncio.create_task(sheet.submit({"shipping_address": ADDRESS}))
    query = await shop.asked("shipping_query")
    gift = [{"id": "gift", "title": "Gift", "prices": [{"label": "Gift", "amount": -1200}]}]
    shop.call("answerShippingQuery", shipping_query_id=query["id"], ok=1, shipping_options=gift)
    await submitting

    assert (await failed(sheet.pay(shipping_option="gift")))[0] == "TOTAL_AMOUNT_INVALID"


async def test_the_bot_does_not_ship_there(shop: Shop, sheet: Checkout) -> None:
    shop.sells("Not to Hamburg")
    told = await failed(sheet.submit({"shipping_address": ADDRESS}))
    assert told == ("SHIPPING_NOT_AVAILABLE", "Not to Hamburg")
    assert (await failed(sheet.pay(shipping_option="post")))[0] == "REQUESTED_INFO_MISSING"

    shop.sells()
    assert await sheet.submit({"shipping_address": ADDRESS}) == SHIPPING


async def test_another_address_is_another_question(shop: Shop, sheet: Checkout) -> None:
    shop.sells()
    await sheet.submit({"shipping_address": ADDRESS})
    shop.sells("Not there")
    await failed(sheet.submit({"shipping_address": ADDRESS | {"country_code": "AQ"}}))

    assert (await failed(sheet.pay(shipping_option="post")))[0] == "REQUESTED_INFO_MISSING"


async def test_the_bot_has_ten_seconds_here_too(shop: Shop, sheet: Checkout) -> None:
    submitting = asyncio.create_task(sheet.submit({"shipping_address": ADDRESS}))
    query = await shop.asked("shipping_query")
    shop.world.clock.move(10)

    assert (await failed(submitting))[0] == "SHIPPING_BOT_TIMEOUT"
    assert sheet.state == "open"
    late = refused(shop, "answerShippingQuery", shipping_query_id=query["id"], **answer(SHIPPING))
    assert late.endswith("query ID is invalid")


def answer(options: Any) -> dict[str, Any]:
    return {"ok": True, "shipping_options": options}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"ok": False}, 'parameter "error_message" is required'),
        ({"ok": True}, 'parameter "shipping_options" is required'),
        (answer("[{"), "can't parse shipping options JSON object"),
        (answer({}), "expected an Array of shipping options"),
        (answer([]), "there must be at least one shipping option"),
        (answer([5]), "can't parse shipping option: ShippingOption must be an Object"),
        (answer([{"title": "t"}]), "can't parse shipping option: Can't find field \"id\""),
        (
            answer([{"id": "", "title": "t"}]),
            "can't parse shipping option: ShippingOption identifier must be non-empty",
        ),
        (
            answer([{"id": "i", "title": ""}]),
            "can't parse shipping option: ShippingOption title must be non-empty",
        ),
        (
            answer([{"id": "i", "title": "t"}]),
            "can't parse shipping option: Can't find field \"prices\"",
        ),
        (
            answer([{"id": "i", "title": "t", "prices": 5}]),
            'can\'t parse shipping option: Field "prices" must be of type Array',
        ),
        (
            answer([{"id": "i", "title": "t", "prices": []}]),
            "can't parse shipping option: Can't parse shipping option prices: "
            "There must be at least one price",
        ),
        (
            answer([{"id": "i", "title": "t", "prices": [{"label": "a"}]}]),
            "can't parse shipping option: Can't parse shipping option prices: "
            "Can't parse labeled price: Can't find field \"amount\"",
        ),
        (answer([SHIPPING[0], SHIPPING[0]]), "SHIPPING_ID_DUPLICATE"),
    ],
)
async def test_answers_that_are_none(
    shop: Shop, sheet: Checkout, given: dict[str, Any], text: str
) -> None:
    submitting = asyncio.create_task(sheet.submit({"shipping_address": ADDRESS}))
    query = await shop.asked("shipping_query")

    said = refused(shop, "answerShippingQuery", shipping_query_id=query["id"], **given)

    assert said == f"400 Bad Request: {text}"
    shop.ship(query)
    assert await submitting == SHIPPING
