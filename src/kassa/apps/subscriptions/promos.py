"""Promo codes: percent or an amount off a purchase, or days for nothing. One use is one person's,
however many ask at once.

Locks are taken in one order: the purchase, its code, the person's subscription.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kassa import clock
from kassa.apps.subscriptions import service
from kassa.apps.subscriptions.models import Length, NoSuchPromo, NotForSale, Purchase, Term
from kassa.apps.subscriptions.options import Options
from kassa.db import Reader, Tx
from kassa.errors import Conflict, Invalid
from kassa.money import Money
from kassa.payments.models import OPEN

if TYPE_CHECKING:
    from asyncpg import Record

KINDS = ("percent", "amount", "days")
GUESSES, GUESSED_WITHIN = 10, timedelta(hours=1)  # codes that are none, by one person

# Letters that look the same: whoever copies a code by eye types either.
_ALIKE = str.maketrans("АВЕКМНОРСТУХІЈЅԚԜҮ0", "ABEKMHOPCTYXIJSQWYO")


def canonical(said: str) -> str:
    """How a code is compared: capitals, no spaces, Cyrillic letters that look like Latin ones
    as those. Raises NoSuchPromo for what can be no code."""
    plain = unicodedata.normalize("NFKC", said).upper()
    code = "".join(each for each in plain if not each.isspace()).translate(_ALIKE)
    fits = 2 <= len(code) <= 32 and all(each.isalnum() or each in "-_" for each in code)
    if not fits:
        raise NoSuchPromo("none")
    return code


async def create(
    tx: Tx,
    code: str,
    kind: str,
    *,
    value: int = 0,
    amounts: Mapping[str, Money] | None = None,
    most: int | None = None,
    each: int = 1,
    since: datetime | None = None,
    until: datetime | None = None,
) -> None:
    """For the operator; Conflict if there is one already that looks the same."""
    if kind not in KINDS:
        raise Invalid(f"A promo code is of {', '.join(KINDS)}.")
    if kind == "percent" and not 1 <= value <= 99:
        raise Invalid("A promo code takes off 1 to 99 percent.")
    if kind == "days" and not 1 <= value <= 3650:
        raise Invalid("A promo code gives 1 to 3650 days.")
    if kind == "amount" and not amounts:
        raise Invalid("A promo code of an amount needs one for each currency.")
    if (most is not None and most < 1) or each < 1:
        raise Invalid("A promo code can be used once at least.")
    if since is not None and until is not None and since >= until:
        raise Invalid("A promo code ends after it begins.")
    if until is not None and until <= clock.now():
        raise Invalid("A promo code ends after now.")
    try:
        name = canonical(code)
    except NoSuchPromo:
        raise Invalid("A promo code has 2 to 32 letters, digits, - and _.") from None
    new = await tx.fetchval(
        """
        INSERT INTO subscriptions.promo
               (code, title, kind, value, amounts, most, each, since, until, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (code) DO NOTHING RETURNING true
        """,
        *(name, code.strip(), kind, value),
        {currency: amount.amount for currency, amount in (amounts or {}).items()},
        *(most, each, since, until, clock.now()),
    )
    if not new:
        raise Conflict(f"There is a promo code already that looks like {code.strip()}.")


async def apply(tx: Tx, said: str, purchase: Purchase, options: Options) -> Mapping[str, Money]:
    """Puts the code to a purchase that is open: the prices it has now. Raises NotForSale, or
    NoSuchPromo; its `why` is "days" for a code that gives days, which `redeem` does."""
    from kassa.apps.subscriptions import purchases  # which count uses

    code = canonical(said)
    others = await _lock_with(tx, code, purchase.user, purchase.id)
    purchase = await purchases.get(tx, purchase.id, user=purchase.user)
    if purchase.status != "open" or clock.now() - purchase.at > purchases.FRESH:
        raise NotForSale(f"The purchase {purchase.id} is not to be paid any more.")
    if purchase.promo is not None:
        raise NoSuchPromo("one")
    # They have changed their mind: the code comes along.
    waiting = await _give_up(tx, others)
    row = await _take(tx, code, purchase.user, waiting=waiting)
    if row["kind"] == "days":
        raise NoSuchPromo("days")
    prices = _lowered(row, purchase)
    await _count(tx, code)
    await tx.execute(
        """
        INSERT INTO subscriptions.promo_use (code, user_id, purchase_id, status, at)
        VALUES ($1, $2, $3, 'reserved', $4)
        """,
        *(code, purchase.user, purchase.id, clock.now()),
    )
    await tx.execute(
        "UPDATE subscriptions.purchase SET promo = $2, prices = $3 WHERE id = $1",
        *(purchase.id, code, {each.currency: each.amount for each in prices.values()}),
    )
    return prices


async def kind(on: Reader, said: str) -> str:
    """Of a code: percent, amount, days. Raises NoSuchPromo where there is none."""
    found: str | None = await on.fetchval(
        "SELECT kind FROM subscriptions.promo WHERE code = $1", canonical(said)
    )
    if found is None:
        raise NoSuchPromo("none")
    return found


async def expect_usable(tx: Tx, said: str, user: int) -> None:
    """Raises NoSuchPromo for who cannot use it now, whatever they buy."""
    code = canonical(said)
    waiting = await _give_up(tx, await _lock_with(tx, code, user, None))
    await _take(tx, code, user, waiting=waiting)


async def redeem(tx: Tx, said: str, user: int, options: Options, *, bot: str) -> Term:
    """Days for nothing. Raises NoSuchPromo; its `why` is "price" for one that needs a purchase."""
    code = canonical(said)
    row = await _take(tx, code, user)
    if row["kind"] != "days":
        raise NoSuchPromo("price")
    await _count(tx, code)
    use = await tx.fetchval(
        """
        INSERT INTO subscriptions.promo_use (code, user_id, status, at)
        VALUES ($1, $2, 'used', $3) RETURNING id
        """,
        *(code, user, clock.now()),
    )
    term = await service.extend(
        *(tx, user, Length.days(row["value"])),
        kind="promo",
        cause=f"promo:{use}",
        grade=options.grade(next(iter(options.tiers))),
        bot=bot,
        reason=row["title"],
        news="news-promo",
        args={"days": row["value"]},
    )
    assert term is not None, "A use that is new has had its effect."
    return term


async def is_spent(tx: Tx, purchase: Purchase, price: Money) -> bool:
    """Whether the code that made this price was given up, and used by this person elsewhere since,
    as often as it may be: paid late, one code would make many purchases cheap. A purchase that
    only has the code, and that nobody is about to pay, gives it back. Its row is locked by the
    caller."""
    own = await tx.fetchval(
        "SELECT status FROM subscriptions.promo_use WHERE purchase_id = $1", purchase.id
    )
    if own != "released" or not await _has_made(tx, purchase, price):
        return False
    await _give_up(tx, await _lock_with(tx, str(purchase.promo), purchase.user, None))
    each = await tx.fetchval(
        "SELECT each FROM subscriptions.promo WHERE code = $1 FOR UPDATE", purchase.promo
    )
    elsewhere = await tx.fetchval(
        """
        SELECT count(*) FROM subscriptions.promo_use
         WHERE code = $1 AND user_id = $2 AND status <> 'released'
        """,
        *(purchase.promo, purchase.user),
    )
    return bool(elsewhere >= each)


async def used(tx: Tx, purchase: Purchase, price: Money) -> None:
    """It was paid, at this price. A promise that had been given up meanwhile is kept all the same;
    who has paid the price of before the code has not used it."""
    if not await _has_made(tx, purchase, price):
        await released(tx, purchase)
        return
    back = await tx.fetchval(
        """
        UPDATE subscriptions.promo_use u SET status = 'used'
          FROM (SELECT id, status FROM subscriptions.promo_use
                 WHERE purchase_id = $1 FOR UPDATE) was
         WHERE u.id = was.id RETURNING was.status = 'released'
        """,
        purchase.id,
    )
    if back:
        await _count(tx, str(purchase.promo))


async def _has_made(on: Reader, purchase: Purchase, price: Money) -> bool:
    """Whether it is the code that made this price: one that takes off an amount leaves the prices
    of other currencies as they were."""
    if price != purchase.prices.get(price.currency):
        return False
    amounts = await on.fetchval(
        "SELECT amounts FROM subscriptions.promo WHERE code = $1 AND kind = 'amount'",
        purchase.promo,
    )
    return amounts is None or price.currency in amounts


async def call_off(tx: Tx, purchase: Purchase) -> bool:
    """Nobody will pay it: its code is free for another purchase. False where somebody still can,
    by a payment that is open or may be tried again: else one code would make many things cheap.
    Its row is locked by the caller."""
    if purchase.status != "open":
        return purchase.status == "gone"
    can_be_paid = await tx.fetchval(
        """
        SELECT EXISTS (SELECT FROM payments.payment
                        WHERE user_id = $1 AND purpose = $2 AND subject = $3
                          AND (status = ANY ($4) OR (status = 'failed' AND expires_at > $5)))
        """,
        *(purchase.user, "subscriptions.plan", str(purchase.id), sorted(OPEN), clock.now()),
    )
    if can_be_paid:
        return False
    await tx.execute("UPDATE subscriptions.purchase SET status = 'gone' WHERE id = $1", purchase.id)
    await released(tx, purchase)
    return True


async def released(tx: Tx, purchase: Purchase) -> None:
    """Nobody will pay this purchase, or its money went back: the use is free again."""
    gone = await tx.fetchval(
        """
        UPDATE subscriptions.promo_use SET status = 'released'
         WHERE purchase_id = $1 AND status <> 'released' RETURNING true
        """,
        purchase.id,
    )
    if gone:
        await tx.execute(
            "UPDATE subscriptions.promo SET used = used - 1 WHERE code = $1", purchase.promo
        )


async def _lock_with(tx: Tx, code: str, user: int, one: int | None) -> list[int]:
    """Somebody's open purchases that have the code, locked with this one; which the others are."""
    rows = await tx.fetch(
        """
        SELECT id FROM subscriptions.purchase
         WHERE user_id = $1 AND (id = $2 OR (promo = $3 AND status = 'open'))
         ORDER BY id FOR UPDATE
        """,
        *(user, one, code),
    )
    return [row["id"] for row in rows if row["id"] != one]


async def _give_up(tx: Tx, numbers: Sequence[int]) -> bool:
    """Whether one of them can still be paid, and so keeps the code."""
    from kassa.apps.subscriptions import purchases  # which count uses

    keeps = False
    for each in numbers:
        keeps |= not await call_off(tx, await purchases.get(tx, each))
    return keeps


async def _take(tx: Tx, code: str, user: int, *, waiting: bool = False) -> "Record":
    """The code, locked: whoever comes next waits, and counts us. `waiting`: it is with another
    purchase of theirs, which can still be paid."""
    row = await tx.fetchrow("SELECT * FROM subscriptions.promo WHERE code = $1 FOR UPDATE", code)
    now = clock.now()
    if row is None:
        raise NoSuchPromo("none")
    if row["closed_at"] is not None:
        raise NoSuchPromo("closed")
    if row["until"] is not None and row["until"] <= now:
        raise NoSuchPromo("over")
    if row["since"] is not None and row["since"] > now:
        raise NoSuchPromo("early")
    mine = await tx.fetchval(
        """
        SELECT count(*) FROM subscriptions.promo_use
         WHERE code = $1 AND user_id = $2 AND status <> 'released'
        """,
        *(code, user),
    )
    if mine >= row["each"]:
        raise NoSuchPromo("waiting" if waiting else "yours")
    if row["most"] is not None and row["used"] >= row["most"]:
        raise NoSuchPromo("used")
    return row


async def _count(tx: Tx, code: str) -> None:
    await tx.execute("UPDATE subscriptions.promo SET used = used + 1 WHERE code = $1", code)


def _lowered(row: "Record", purchase: Purchase) -> dict[str, Money]:
    """What there is to pay with the code. A price of which nothing is left is none."""
    found = {}
    for currency, price in purchase.prices.items():
        if row["kind"] == "percent":
            left = price.amount * (100 - row["value"]) // 100  # in favour of the payer
        else:
            left = price.amount - row["amounts"].get(currency, 0)
        if left <= 0:
            raise NoSuchPromo("too-much")
        found[currency] = Money(left, currency)
    if found == purchase.prices:
        raise NoSuchPromo("currency")
    return found


# -- who guesses -------------------------------------------------------------------


async def expect_no_guessing(tx: Tx, user: int) -> None:
    """Raises NoSuchPromo, "many", for who has said too many codes that are none."""
    many = await tx.fetchval(
        "SELECT count >= $2 AND since > $3 FROM subscriptions.promo_guess WHERE user_id = $1",
        *(user, GUESSES, clock.now() - GUESSED_WITHIN),
    )
    if many:
        raise NoSuchPromo("many")


async def guessed(tx: Tx, user: int) -> None:
    """A code that is none; to be committed, though they are refused."""
    now = clock.now()
    await tx.execute(
        """
        INSERT INTO subscriptions.promo_guess AS g (user_id, count, since) VALUES ($1, 1, $2)
        ON CONFLICT (user_id) DO UPDATE
           SET count = CASE WHEN g.since > $3 THEN g.count + 1 ELSE 1 END,
               since = CASE WHEN g.since > $3 THEN g.since ELSE $2 END
        """,
        *(user, now, now - GUESSED_WITHIN),
    )
