"""Money: by card and in Stars."""

import pytest

from tests.tgsandbox.conversations import wares
from tests.tgsandbox.conversations.wares import Shop
from tgsandbox import Impossible, PaymentFailed, Person, Sandbox


async def test_tea_with_a_tip_by_post(tg: Sandbox, shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "/tea")
    invoice = await buyer.reply()
    assert (invoice.kind, invoice.buttons) == ("invoice", [["Pay"], ["Site"]])

    receipt = await buyer.pay(shipping="By post", tip=100)

    assert receipt.order.total == wares.TEA + 400 + 100
    paid = await buyer.reply()
    assert paid.text == (
        "Paid 1700 EUR for tea. Покупатель, 998901234567, buyer@example.com: post to Tashkent."
    )
    [charge] = tg.books()
    assert (charge["amount"], charge["currency"], charge["payload"]) == (1700, "EUR", "tea")
    assert charge["telegram_payment_charge_id"] == shop.charges[buyer.id]


async def test_where_the_shop_does_not_ship(tg: Sandbox, shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "/tea")
    far = {"country_code": "AQ", "state": "", "city": "Vostok", "street_line1": "1"}
    far |= {"street_line2": "", "post_code": "1"}

    with pytest.raises(PaymentFailed, match="We do not ship there"):
        await buyer.pay(shipping_address=far)

    assert tg.books() == []


async def test_a_sale_that_the_shop_refuses(tg: Sandbox, shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "/last")

    with pytest.raises(PaymentFailed, match="Sold out"):
        await buyer.pay()

    assert tg.books() == []


async def test_a_card_that_is_declined_and_one_that_is_not(shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "/tea")

    with pytest.raises(PaymentFailed, match="declined"):
        await buyer.pay(card="declined", shipping="courier")
    await buyer.pay(shipping="courier")

    assert (await buyer.reply()).text.startswith("Paid 2100 EUR for tea.")


async def test_gems_and_their_refund(tg: Sandbox, shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "/gems")
    await buyer.pay()
    assert (await buyer.reply()).text == "Paid 50 XTR for gems."
    assert (buyer.stars, shop.bot.stars) == (950, 50)

    await buyer.send("/refund")
    assert (await buyer.reply()).text == "Returned 50 XTR for gems."
    assert (buyer.stars, shop.bot.stars) == (1000, 0)

    await buyer.send("/refund")
    assert (await buyer.reply()).text == "charge_already_refunded"
    shop.refused.append("refundStarPayment")
    await buyer.send("/balance")
    assert (await buyer.reply()).text == "0 Stars: +50 -50"
    assert [each["kind"] for each in tg.books()] == ["charge", "refund"]


async def test_too_few_stars(shop: Shop, seller: Person) -> None:
    await seller.send(shop.bot, "/gems")

    with pytest.raises(PaymentFailed, match="BALANCE_TOO_LOW"):
        await seller.pay()
    seller.buy_stars(50)
    await seller.pay()

    assert (await seller.reply()).text == "Paid 50 XTR for gems."


async def test_a_link_is_paid_by_whoever_has_it(shop: Shop, buyer: Person, seller: Person) -> None:
    await seller.send(shop.bot, "/link")
    link = (await seller.reply()).text
    assert link.startswith("https://t.me/$")

    await buyer.pay(link)

    assert (await buyer.reply()).text == "Paid 500 EUR for link."


async def test_the_club_goes_on_by_the_month(tg: Sandbox, shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "/club")
    await buyer.pay((await buyer.reply()).text)
    assert (await buyer.reply()).text == "Welcome to the club until day 30."

    await tg.clock.move(days=31)
    assert (await buyer.reply()).text == "The club goes on until day 30."
    assert buyer.stars == 800

    await buyer.send("/stop")
    assert (await buyer.reply()).text == "This month is the last."
    await tg.clock.move(days=60)
    assert buyer.stars == 800
    await buyer.send("/balance")
    assert (await buyer.reply()).text == "200 Stars: +100 +100"


async def test_a_member_leaves_the_club_and_comes_back(
    tg: Sandbox, shop: Shop, buyer: Person
) -> None:
    await buyer.send(shop.bot, "/club")
    link = (await buyer.reply()).text
    with pytest.raises(Impossible, match="no subscription"):
        buyer.cancel_subscription(link)
    await buyer.pay(link)
    await buyer.reply("Welcome")

    buyer.cancel_subscription(link)
    assert (await buyer.reply()).text == "Your club is canceled."
    buyer.resume_subscription(link)
    assert (await buyer.reply()).text == "Your club is active."
    await tg.clock.move(days=30)
    assert (await buyer.reply()).text == "The club goes on until day 30."


async def test_a_member_runs_out_of_stars(tg: Sandbox, shop: Shop, seller: Person) -> None:
    seller.buy_stars(100)
    await seller.send(shop.bot, "/club")
    await seller.pay((await seller.reply()).text)
    await seller.reply("Welcome")

    await tg.clock.move(days=30)

    assert (await seller.reply()).text == "Your club is failed."


async def test_a_secret_for_ten_stars(shop: Shop, buyer: Person) -> None:
    await buyer.send(shop.bot, "/secret")
    secret = await buyer.reply()
    assert (secret.kind, secret.text) == ("paid_media", "A secret")

    await buyer.unlock(secret)

    assert (await buyer.reply()).text == "You bought secret."
    assert (buyer.stars, shop.bot.stars) == (990, 10)
    await buyer.send("/balance")
    assert (await buyer.reply()).text == "10 Stars: +10"
