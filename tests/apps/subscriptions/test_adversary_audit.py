"""What is spoilt on purpose is noticed."""

import pytest

from kassa.apps.subscriptions import gifts, promos, purchases
from kassa.db import Database
from tests.apps.subscriptions.api_rig import Caller
from tests.apps.subscriptions.rig import Till
from tgsandbox import Sandbox

BALANCED = "what the balance paid for was taken from it"
TAKEN = "what went back took its part of the time"
LONG = "a term is as long as it says"
GIFT = "a gift that was opened is one person's time"

SPOILT = [
    (
        "who paid for a purchase paid its price",
        "purchase SET price = price + 1 WHERE paid_by IS NOT NULL",
    ),
    (BALANCED, "purchase SET price = price + 1 WHERE paid_by IS NULL"),
    (BALANCED, "purchase SET paid_by = NULL WHERE paid_by IS NOT NULL AND refunded = 0"),
    (TAKEN, "purchase SET refunded = refunded - 1 WHERE refunded > 0"),
    (TAKEN, "purchase SET taken = 0 WHERE taken > 0"),
    (LONG, "term SET seconds = seconds + 1"),
    (GIFT, "gift SET redeemed_by = NULL, redeemed_at = NULL"),
    (GIFT, "gift SET redeemed_by = buyer_id"),
    (GIFT, "gift SET revoked_at = now()"),
    ("a code for days gave them", "term SET cause = 'promo:none' WHERE kind = 'promo'"),
]


async def test_what_is_spoilt_is_noticed(till: Till, owner_db: Database, tg: Sandbox) -> None:
    user = await till.user(person := tg.user("Покупатель"))
    friend = await till.user(tg.user("Друг"))
    await till.buys(user, "1m")
    back = await till.buys(user, "1m", "stripe")
    assert back.paid_by is not None
    refund = await till.payments.refund(back.paid_by, key="x")
    assert refund.status == "done"
    await Caller(till, person).has("290")
    mine = await till.chooses(user)
    await till.db.run(lambda tx: purchases.from_balance(tx, mine, "RUB"))
    gift = await till.chooses(user, gift=True)
    await till.pays(await till.asks(user, gift))
    code = await till.db.fetchval("SELECT code FROM subscriptions.gift")
    await till.db.run(lambda tx: gifts.redeem(tx, friend.id, code, bot=""))
    await till.db.run(lambda tx: promos.create(tx, "DAY", "days", value=1))
    await till.db.run(lambda tx: promos.redeem(tx, "DAY", friend.id, till.options, bot=""))
    await till.audited()
    for invariant, change in SPOILT:
        with pytest.raises(_Undone):
            async with owner_db.transaction() as tx:
                done = await tx.execute(f"UPDATE subscriptions.{change}")
                assert done != "UPDATE 0", change
                rows = await tx.fetch("SELECT invariant FROM subscriptions.audit()")
                assert invariant in [row["invariant"] for row in rows], change
                raise _Undone


class _Undone(Exception):
    pass
