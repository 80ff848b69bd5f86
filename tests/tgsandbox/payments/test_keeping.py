"""A till that is put away and taken out again."""

import json

import pytest

from tests.tgsandbox.payments.shop import CARD, MONTHLY, STARS, Shop
from tgsandbox.store import KINDS
from tgsandbox.telegram.payments.till import Till
from tgsandbox.telegram.records import Message, Record
from tgsandbox.telegram.world import World

MONTH = 2592000


class Shelf:
    """Rows as JSON, by kind and key."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], str] = {}

    def put(self, record: Record) -> None:
        self.rows[record.kind, record.key] = json.dumps(record.row())

    def drop(self, record: Record) -> None:
        del self.rows[record.kind, record.key]

    def taken_out(self, world: World) -> Till:
        for kind in KINDS:
            for (name, _), row in reversed(self.rows.items()):
                if name == kind.kind and kind is not Message:
                    world.restore(kind(**json.loads(row)))
        return world.till

    def has(self, *records: Record) -> None:
        """As they are now."""
        for record in records:
            kept = json.loads(self.rows[record.kind, record.key])
            assert kept == json.loads(json.dumps(record.row()))


@pytest.fixture
def shelf(shop: Shop) -> Shelf:
    shelf = shop.world.keeper = Shelf()
    for each in (shop.user, shop.bot, *shop.world.chats.values()):
        shop.world.save(each)
    return shelf


async def test_everything_is_as_it_was(shop: Shop, shelf: Shelf) -> None:
    shop.sells()
    message, invoice = shop.sent(CARD, need_email=True)
    sheet = shop.till.open(shop.user, invoice, message)
    await sheet.submit({"email": "ann@example.com"})
    await sheet.pay()
    charge = (await shop.sheet(STARS).pay()).charge
    shop.call("refundStarPayment", user_id=shop.user.id, telegram_payment_charge_id=charge.id)
    shop.till.set_media_payload(message, "picture")

    again = shelf.taken_out(World(seed=7))

    assert again.books() == shop.till.books()
    assert {slug: each.row() for slug, each in again.invoices.items()} == {
        slug: each.row() for slug, each in shop.till.invoices.items()
    }
    assert again.invoices[invoice.slug].paid
    assert again.saved[shop.user.id].info == {"email": "ann@example.com"}
    assert again.media_payloads == {message.key: "picture"}
    user, bot = again.world.users[shop.user.id], again.world.bots[shop.bot.id]
    assert (user.stars, again.balance(bot)) == (1000, 0)
    later = again.take(user, bot, "XTR", 5, "invoice")
    assert later.number == 4
    assert [row["amount"] for row in again.books()] == [1200, 50, 50, 5]


def test_the_same_dice_make_other_ids(shop: Shop) -> None:
    for _ in range(3):
        shop.world.random.seed(1)
        shop.invoice(STARS)
    assert len(shop.till.invoices) == 3
    for _ in range(3):
        shop.world.random.seed(1)
        shop.till.take(shop.user, shop.bot, "XTR", 1, "invoice")
    assert len(shop.till.charges) == 3


async def test_subscriptions_go_on(shop: Shop, shelf: Shelf) -> None:
    shop.sells()
    going_on = (await shop.sheet(MONTHLY).pay()).charge
    stopped = (await shop.sheet(MONTHLY).pay()).charge
    shop.call(
        "editUserStarSubscription",
        user_id=shop.user.id,
        telegram_payment_charge_id=stopped.id,
        is_canceled=True,
    )

    again = shelf.taken_out(World(seed=8))
    again.world.clock.move(MONTH + 1)

    known = again.subscriptions.known
    assert (known[going_on.id].state, known[stopped.id].state) == ("active", "ended")
    assert again.world.users[shop.user.id].stars == 1000 - 3 * 50
    again.world.clock.move(MONTH)
    assert again.world.users[shop.user.id].stars == 1000 - 4 * 50


async def test_every_change_is_kept_at_once(shop: Shop, shelf: Shelf) -> None:
    shop.sells()
    world, till, known = shop.world, shop.till, shop.till.subscriptions

    def kept() -> None:
        shelf.has(*world.users.values(), *world.chats.values(), *till.charges.values())
        shelf.has(*till.invoices.values(), *known.known.values(), *till.saved.values())
        shelf.has(*(each for chat in world.chats.values() for each in chat.messages.values()))

    stranger = world.new_user("Another")
    till.buy_stars(stranger, 50)
    kept()
    await till.open(stranger, shop.invoice(STARS)).pay()
    kept()
    message, invoice = shop.sent(CARD, need_name=True)
    sheet = till.open(shop.user, invoice, message)
    await sheet.submit({"name": "Ann"})
    kept()
    till.refund_card((await sheet.pay()).charge.provider_id)
    kept()
    charge = (await shop.sheet(MONTHLY).pay()).charge
    kept()
    till.stars.refund(shop.bot, shop.user, charge.id)
    kept()
    subscription = known.known[charge.id]
    known.cancel(subscription)
    kept()
    known.resume(subscription)
    kept()
    shop.world.clock.move(MONTH + 1)
    kept()
    for canceled in (True, False):
        known.edit(shop.bot, shop.user, charge.id, canceled=canceled)
        kept()
    shop.world.clock.move(MONTH)
    kept()
    assert subscription.state == "ended"
    media = {"paid_media": {"star_count": 5, "paid_media": []}}
    till.unlock(shop.user, world.say(message.chat, shop.bot, media))
    kept()


async def test_what_is_over_stays_over(shop: Shop, shelf: Shelf) -> None:
    shop.sells()
    await shop.sheet(MONTHLY).pay()
    shop.user.stars = 0
    shop.world.save(shop.user)
    shop.world.clock.move(MONTH + 1)

    again = shelf.taken_out(World(seed=8))
    again.buy_stars(again.world.users[shop.user.id], 500)
    again.world.clock.move(2 * MONTH)

    assert again.world.users[shop.user.id].stars == 500
