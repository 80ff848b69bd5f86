"""Tokens: what somebody has, spending them, setting them aside, giving them.

    try:
        await tokens.spend(tx, user, 10, key=f"horoscope:{day}")
    except NotEnough:
        ...

The key is the cause: the same person is charged once for it. Where many spend at once, a Poster of
the ledger in the place of the transaction is several times faster.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from kassa import clock, ledger
from kassa.apps.tokens.models import TOK, Line, NotEnough, Standing
from kassa.db import Database, Reader, Tx
from kassa.errors import Invalid
from kassa.ledger import Hold, InsufficientFunds, Leg, Poster, debt, issuance, revenue, wallet
from kassa.money import Money
from kassa.users import User, zones

EARNED = revenue("tokens", TOK)
CHART = 30  # days
_MOST_DRAWN = 5000  # lines of the book that a chart is made of


@dataclass(frozen=True, slots=True)
class Day:
    day: str
    came: int
    went: int


# -- what somebody has -------------------------------------------------------------


async def standing(on: Reader, user: User | int) -> Standing:
    number = _number(user)
    has, owes = await ledger.balances(on, [wallet(number, TOK), debt(number, TOK)])
    deposited = await on.fetchval(
        "SELECT coalesce(sum(tokens - taken), 0)::bigint FROM tokens.topup WHERE user_id = $1",
        number,
    )
    return Standing(has.available.amount, -owes.posted.amount, deposited)


async def history(
    on: Reader, user: User | int, *, before: int | None = None, most: int = 20
) -> list[Line]:
    """A page, newest first; the next is `before` its last."""
    found = await ledger.statement(on, wallet(_number(user), TOK), before=before, most=most)
    return [Line.of(entry) for entry in found]


async def chart(on: Reader, user: User | int) -> list[Day]:
    """Each of the person's last thirty days, oldest first; none where nothing has happened."""
    zone = await zones.of(on, _number(user))
    today = clock.now().astimezone(zone).date()
    days = [today - timedelta(days=ago) for ago in reversed(range(CHART))]
    rows = await on.fetch(
        """
        SELECT (at AT TIME ZONE $4)::date                                  AS day,
               coalesce(sum(amount) FILTER (WHERE amount > 0), 0)::bigint  AS came,
               coalesce(-sum(amount) FILTER (WHERE amount < 0), 0)::bigint AS went
          FROM (SELECT t.at, e.amount
                  FROM ledger.entry e
                  JOIN ledger.account a ON a.id = e.account_id
                  JOIN ledger.transfer t ON t.id = e.transfer_id
                 WHERE a.code = $1
                 ORDER BY e.version DESC LIMIT $3) lines
         WHERE at >= $2 GROUP BY 1
        """,
        wallet(_number(user), TOK).code,
        datetime.combine(days[0], time.min, zone),
        _MOST_DRAWN,
        zone.key,
    )
    moved = {row["day"]: (row["came"], row["went"]) for row in rows}
    return [Day(day.isoformat(), *moved.get(day, (0, 0))) for day in days] if moved else []


# -- spending ----------------------------------------------------------------------


async def spend(
    on: Tx | Database | Poster, user: User | int, cost: int, *, key: str, what: str = "spend"
) -> None:
    """Takes tokens for something; raises NotEnough and takes none. The only call of a transaction
    to the ledger, since two would take their locks in two orders."""
    purse = wallet(_number(user), TOK)
    legs = [Leg(purse, EARNED, _tokens(cost))]
    name = _key(what, user, key)
    try:
        if isinstance(on, Poster):
            await on.post(key=name, legs=legs)
        else:
            await ledger.post(on, key=name, legs=legs)
    except InsufficientFunds as error:
        raise NotEnough(error.available.amount, cost) from None


async def hold(tx: Tx, user: User | int, cost: int, *, key: str, what: str = "spend") -> Hold:
    """Sets tokens aside for what takes a while; `capture` or `release` end it by the same names.
    Raises NotEnough."""
    try:
        return await ledger.hold(
            tx,
            key=_key(what, user, key),
            account=wallet(_number(user), TOK),
            amount=_tokens(cost),
        )
    except InsufficientFunds as error:
        raise NotEnough(error.available.amount, cost) from None


async def capture(tx: Tx, user: User | int, *, key: str, what: str = "spend") -> None:
    """It was done: the tokens are spent."""
    await ledger.capture(tx, hold=_key(what, user, key), to=EARNED)


async def release(tx: Tx, user: User | int, *, key: str, what: str = "spend") -> None:
    """It was not done: the tokens are free again."""
    await ledger.void(tx, hold=_key(what, user, key))


async def give(tx: Tx, user: User | int, tokens: int, *, key: str) -> None:
    """A present, once for its key."""
    leg = Leg(issuance(TOK), wallet(_number(user), TOK), _tokens(tokens))
    await ledger.post(tx, key=_key("gift", user, key), legs=[leg])


def _number(user: User | int) -> int:
    return user if isinstance(user, int) else user.id


def _tokens(count: int) -> Money:
    if isinstance(count, bool) or not isinstance(count, int) or count <= 0:
        raise Invalid(f"Tokens are counted in whole numbers above nothing, not as {count!r:.40}.")
    return Money(count, TOK)


def _key(what: str, user: User | int, key: str) -> str:
    return f"tokens.{what}:{_number(user)}:{key}"
