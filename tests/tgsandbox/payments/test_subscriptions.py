"""Stars that are taken every month."""

import pytest

from tests.tgsandbox.payments.shop import CARD, MONTHLY, Shop, failed, refused
from tgsandbox.telegram import wire
from tgsandbox.telegram.payments.failures import PaymentFailed
from tgsandbox.telegram.payments.records import Subscription

MONTH = 2592000


async def subscribed(shop: Shop) -> Subscription:
    shop.sells()
    charge = (await shop.sheet(MONTHLY).pay()).charge
    return shop.till.subscriptions.known[charge.id]


def edit(shop: Shop, charge_id: str, canceled: bool) -> None:
    assert shop.call(
        "editUserStarSubscription",
        user_id=shop.user.id,
        telegram_payment_charge_id=charge_id,
        is_canceled=canceled,
    )


def states(shop: Shop) -> list[str]:
    """What the bot was told of it."""
    for each in shop.updates("subscription"):
        assert each["user"] == wire.user(shop.user)
        assert each["invoice_payload"] == "club"
    return [each["state"] for each in shop.updates("subscription")]


async def test_the_first_payment_says_that_it_is_the_first(shop: Shop) -> None:
    subscription = await subscribed(shop)
    (paid,) = shop.payments()
    charge = shop.till.charges[subscription.id]

    assert paid["is_recurring"] is paid["is_first_recurring"] is True
    assert paid["subscription_expiration_date"] == charge.at + MONTH == subscription.expires
    assert (charge.purpose, charge.subscription) == ("subscription", charge.id)


async def test_it_is_renewed_month_by_month(shop: Shop) -> None:
    subscription = await subscribed(shop)
    first_end = subscription.expires

    shop.world.clock.move(MONTH - 5)
    assert shop.user.stars == 950
    shop.world.clock.move(10)

    assert shop.user.stars == 900
    renewed = shop.payments()[1]
    assert renewed["is_recurring"] is True
    assert "is_first_recurring" not in renewed
    assert renewed["subscription_expiration_date"] == first_end + MONTH
    assert renewed["telegram_payment_charge_id"] != subscription.id
    assert renewed["invoice_payload"] == "club"

    shop.world.clock.move(3 * MONTH)
    assert shop.user.stars == 750
    dates = [each["subscription_expiration_date"] for each in shop.payments()]
    assert dates == [first_end + month * MONTH for month in range(5)]
    assert [charge.at for charge in shop.till.charges.values()][1:] == [
        first_end + month * MONTH for month in range(4)
    ]
    assert states(shop) == []


async def test_without_stars_it_fails_and_ends(shop: Shop) -> None:
    subscription = await subscribed(shop)
    shop.user.stars = 49

    shop.world.clock.move(3 * MONTH)

    assert (shop.user.stars, shop.charged(), subscription.state) == (49, [50], "failed")
    assert states(shop) == ["failed"]
    assert shop.events("payment_failed")[0]["code"] == "BALANCE_TOO_LOW"
    shop.till.buy_stars(shop.user, 100)
    shop.world.clock.move(3 * MONTH)
    assert shop.charged() == [50]
    with pytest.raises(PaymentFailed, match="SUBSCRIPTION_NOT_ACTIVE"):
        shop.till.subscriptions.resume(subscription)
    with pytest.raises(PaymentFailed, match="SUBSCRIPTION_NOT_ACTIVE"):
        shop.till.subscriptions.cancel(subscription)


async def test_of_an_account_that_is_gone_nothing_is_taken(shop: Shop) -> None:
    await subscribed(shop)
    shop.user.deactivated = True
    shop.world.clock.move(MONTH + 1)
    assert (states(shop), shop.charged()) == (["failed"], [50])


async def test_canceled_it_lasts_to_its_end(shop: Shop) -> None:
    subscription = await subscribed(shop)
    shop.till.subscriptions.cancel(subscription)
    shop.till.subscriptions.cancel(subscription)
    assert shop.till.subscriptions.of(shop.user) == [subscription]

    shop.world.clock.move(2 * MONTH)

    assert (shop.charged(), subscription.state) == ([50], "ended")
    assert states(shop) == ["canceled"]
    assert shop.till.subscriptions.of(shop.user) == []


async def test_resumed_in_time_it_goes_on(shop: Shop) -> None:
    subscription = await subscribed(shop)
    shop.till.subscriptions.cancel(subscription)
    shop.till.subscriptions.resume(subscription)
    shop.till.subscriptions.resume(subscription)

    shop.world.clock.move(MONTH + 1)

    assert shop.charged() == [50, 50]
    assert states(shop) == ["canceled", "active"]
    seen = [(each["what"], each["state"]) for each in shop.events("subscription")]
    assert seen == [("cancel", "canceled"), ("resume", "active"), ("renew", "active")]


async def test_the_bot_stops_it(shop: Shop) -> None:
    subscription = await subscribed(shop)
    edit(shop, subscription.id, True)
    edit(shop, subscription.id, True)
    with pytest.raises(PaymentFailed, match="SUBSCRIPTION_STOPPED"):
        shop.till.subscriptions.resume(subscription)

    shop.world.clock.move(MONTH + 1)

    assert (shop.charged(), subscription.state, states(shop)) == ([50], "ended", [])


async def test_the_bot_lets_it_be_resumed_by_any_of_its_charges(shop: Shop) -> None:
    subscription = await subscribed(shop)
    shop.world.clock.move(MONTH + 1)
    assert subscription.last_charge != subscription.id

    edit(shop, subscription.last_charge, True)
    edit(shop, subscription.id, False)
    assert subscription.state == "canceled"
    shop.till.subscriptions.resume(subscription)
    shop.world.clock.move(MONTH)

    assert shop.charged() == [50, 50, 50]
    assert states(shop) == ["active"]


async def test_what_nobody_stopped_goes_on(shop: Shop) -> None:
    subscription = await subscribed(shop)
    edit(shop, subscription.id, False)
    assert subscription.state == "active"
    shop.world.clock.move(MONTH + 1)
    assert shop.charged() == [50, 50]


async def test_the_bot_edits_what_is_there_and_its_own(shop: Shop) -> None:
    subscription = await subscribed(shop)
    once = (await shop.sheet(CARD).pay()).charge
    bob = shop.buyer("Another")

    def told(charge_id: str, user_id: int = shop.user.id) -> str:
        about = {"user_id": user_id, "telegram_payment_charge_id": charge_id}
        return refused(shop, "editUserStarSubscription", is_canceled=True, **about)

    nowhere = "400 Bad Request: CHARGE_NOT_FOUND"
    assert told("stx") == told(once.id) == told(subscription.id, bob.id) == nowhere
    assert told("") == '400 Bad Request: parameter "telegram_payment_charge_id" is required'
    shop.till.subscriptions.cancel(subscription)
    shop.world.clock.move(MONTH + 1)
    assert told(subscription.id) == "400 Bad Request: SUBSCRIPTION_NOT_ACTIVE"
    shop.bot = shop.world.bot("other_bot")
    shop.world.private_chat(shop.user, shop.bot)
    assert told(subscription.id) == nowhere


async def test_one_subscribes_again_only_after_the_end(shop: Shop) -> None:
    shop.sells()
    invoice = shop.invoice(MONTHLY)
    await shop.till.open(shop.user, invoice).pay()
    again = shop.till.open(shop.user, invoice)
    assert (await failed(again.pay()))[0] == "SUBSCRIPTION_ALREADY_ACTIVE"

    (subscription,) = shop.till.subscriptions.of(shop.user)
    shop.till.subscriptions.cancel(subscription)
    shop.world.clock.move(MONTH + 1)

    assert (await again.pay()).charge.amount == 50
    assert await shop.till.open(shop.buyer("Another", stars=50), invoice).pay()
