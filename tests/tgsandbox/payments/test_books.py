"""What comes out must be what went in."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tgsandbox.payments.shop import CARD, MONTHLY, STARS, Shop
from tgsandbox.telegram.errors import ApiError
from tgsandbox.telegram.payments.failures import PaymentFailed


async def test_the_books_tell_every_charge_and_refund(shop: Shop) -> None:
    shop.sells()
    card = (await shop.sheet(CARD).pay()).charge
    stars = (await shop.sheet(STARS).pay()).charge
    shop.world.clock.move(60)
    shop.till.refund_card(card.provider_id)

    common = {"bot": shop.bot.id, "user": shop.user.id, "purpose": "invoice"}
    of_card = common | {
        "currency": "EUR",
        "amount": 1200,
        "payload": "order-1",
        "telegram_payment_charge_id": card.id,
        "provider_payment_charge_id": card.provider_id,
        "provider_token": "381764678:TEST:100",
        "state": "refunded",
        "refunded": True,
    }
    of_stars = common | {
        "currency": "XTR",
        "amount": 50,
        "payload": "order-2",
        "telegram_payment_charge_id": stars.id,
        "provider_payment_charge_id": stars.provider_id,
        "provider_token": "",
        "state": "paid",
        "refunded": False,
    }
    assert shop.till.books() == [
        of_card | {"kind": "charge", "at": card.at},
        of_stars | {"kind": "charge", "at": stars.at},
        of_card | {"kind": "refund", "at": card.refunded},
    ]
    assert card.refunded is not None
    assert card.refunded >= card.at + 60


async def test_of_a_merchants_refund_the_bot_hears_nothing(shop: Shop) -> None:
    shop.sells()
    card = (await shop.sheet(CARD).pay()).charge
    stars = (await shop.sheet(STARS).pay()).charge
    before = len(shop.inbox.pending)

    shop.till.refund_card(card.provider_id)

    assert (len(shop.inbox.pending), shop.user.stars) == (before, 950)
    with pytest.raises(ValueError, match="refunded already"):
        shop.till.refund_card(card.provider_id)
    for unknown in ("ch_x", stars.provider_id):
        with pytest.raises(ValueError, match="no charge"):
            shop.till.refund_card(unknown)


STEPS = st.tuples(
    st.sampled_from(("buy", "pay", "subscribe", "unlock", "refund", "cancel", "month", "card")),
    st.integers(0, 1),
    st.integers(1, 300),
)


@given(st.lists(STEPS, max_size=25))
@settings(max_examples=60, deadline=None)
def test_no_star_is_made_or_lost(steps: list[tuple[str, int, int]]) -> None:
    asyncio.run(_live(steps))


async def _live(steps: list[tuple[str, int, int]]) -> None:
    shop = Shop()
    other = shop.world.bot("other_bot")
    people = [shop.user, shop.buyer("Another")]
    bots = [shop.bot, other]
    shop.sells()
    bought = 1000
    for step, who, amount in steps:
        person, bot = people[who], bots[amount % 2]
        price = [{"label": "x", "amount": amount}]
        try:
            match step:
                case "buy":
                    shop.till.buy_stars(person, amount)
                    bought += amount
                case "pay":
                    invoice = shop.invoice(STARS | {"prices": price})
                    await shop.till.open(person, invoice).pay()
                case "subscribe":
                    invoice = shop.invoice(MONTHLY | {"prices": price})
                    await shop.till.open(person, invoice).pay()
                case "card":
                    await shop.till.open(person, shop.invoice(CARD)).pay()
                case "unlock":
                    chat = shop.world.private_chat(person, bot)
                    body = {"paid_media": {"star_count": amount, "paid_media": []}}
                    shop.till.unlock(person, shop.world.say(chat, bot, body))
                case "refund" if shop.till.charges:
                    charge = list(shop.till.charges.values())[amount % len(shop.till.charges)]
                    user = shop.world.users[charge.user_id]
                    shop.till.stars.refund(shop.world.bots[charge.bot_id], user, charge.id)
                case "cancel":
                    for each in shop.till.subscriptions.of(person)[:1]:
                        shop.till.subscriptions.cancel(each)
                case "month":
                    shop.world.clock.move(2592000)
        except (PaymentFailed, ApiError):
            pass
        _add_up(shop, bought)


def _add_up(shop: Shop, bought: int) -> None:
    world, till = shop.world, shop.till
    held = [user.stars for user in world.users.values()]
    earned = {bot.id: till.balance(bot) for bot in world.bots.values()}
    assert min(held + list(earned.values())) >= 0
    assert sum(held) + sum(earned.values()) == bought
    for bot in world.bots.values():
        told = till.stars.transactions(bot, 0, 1000)
        moved = sum(each["amount"] * (1 if "source" in each else -1) for each in told)
        assert moved == earned[bot.id]
        directions = [(each["id"], "source" in each) for each in told]
        assert len(directions) == len(set(directions))
    in_books = sum(
        row["amount"] * (1 if row["kind"] == "charge" else -1)
        for row in till.books()
        if row["currency"] == "XTR"
    )
    assert in_books == sum(earned.values())
    announced = [each["telegram_payment_charge_id"] for each in shop.payments()]
    assert len(announced) == len(set(announced))
