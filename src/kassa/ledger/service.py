"""What can be done with the books.

`on` is an open transaction, where what is done commits with the rest of it, or the database,
where it stands alone. Either way a rule that is broken raises, and nothing was written.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

import asyncpg

from kassa import clock
from kassa.db import Database, Reader, lost_connection
from kassa.ledger.batch import (
    Batch,
    check_account,
    check_amount,
    check_key,
    check_kind,
    check_transfer,
    error_for,
)
from kassa.ledger.models import (
    Account,
    AccountConflict,
    AlreadyResolved,
    Balance,
    Entry,
    Finding,
    Hold,
    InvalidPosting,
    LedgerError,
    Leg,
    Posted,
    Transfer,
    UnknownAccount,
    UnknownHold,
    UnknownTransfer,
)
from kassa.money import Money

T = TypeVar("T")

_ATTEMPTS = 8
_PAGE = 500


async def post(
    on: Reader,
    *,
    key: str,
    legs: Sequence[Leg],
    kind: str = "",
    at: datetime | None = None,
) -> Posted:
    """One transfer: all its legs or none, once for its key."""
    return (await post_many(on, [Transfer(key, legs, kind, at)]))[0]


async def post_many(on: Reader, transfers: Sequence[Transfer]) -> list[Posted]:
    """All of these transfers or none; one call, so one order of locks."""
    for transfer in transfers:
        check_transfer(transfer)
    if len({transfer.key for transfer in transfers}) < len(transfers):
        raise InvalidPosting("Two transfers of one call have the same key.")
    if not transfers:
        return []
    answers = await send(on, Batch(transfers), whole=True)
    for answer in answers:
        if isinstance(answer, LedgerError):
            raise answer
    return [answer for answer in answers if isinstance(answer, Posted)]


async def send(on: Reader, batch: Batch, *, whole: bool) -> list[Posted | LedgerError]:
    """Posts, after opening the accounts that are new."""
    answers = await again(on, lambda: batch.send(on, whole=whole))
    if batch.definitions and any(isinstance(answer, UnknownAccount) for answer in answers):
        await open_accounts(on, *batch.definitions.values())
        answers = await again(on, lambda: batch.send(on, whole=whole))
    return answers


async def again(on: Reader, call: Callable[[], Awaitable[T]]) -> T:
    """Outside a transaction: once more after a lost race or connection. The key makes it one."""
    attempts = _ATTEMPTS if isinstance(on, Database) else 1
    for attempt in range(1, attempts):
        try:
            return await call()
        except Exception as error:
            if not worth_repeating(error):
                raise
        await asyncio.sleep(0.005 * 2**attempt)
    return await call()


def worth_repeating(error: Exception) -> bool:
    return isinstance(
        error, asyncpg.DeadlockDetectedError | asyncpg.SerializationError
    ) or lost_connection(error)


async def open_accounts(on: Reader, *accounts: Account) -> None:
    """Opens those that are not open. One that is open otherwise is a conflict."""
    for account in accounts:
        check_account(account)
        Money(account.floor or 0, account.currency)  # a currency we know, a floor that fits
        if account.deferred and account.floor is not None:
            raise InvalidPosting(f"{account.code} is deferred, so it can have no floor.")
        if account.floor is not None and account.floor > 0:
            raise InvalidPosting(f"{account.code} begins with nothing, which is below its floor.")
    wanted = {account.code: account for account in accounts}
    rows = await again(
        on,
        lambda: on.fetch(
            "SELECT * FROM ledger.open_accounts($1, $2, $3, $4)",
            list(wanted),
            [account.currency for account in wanted.values()],
            [account.floor for account in wanted.values()],
            [account.deferred for account in wanted.values()],
        ),
    )
    for row in rows:
        there = Account(row["code"], row["currency"], row["floor"], row["deferred"])
        if there != wanted[there.code]:
            raise AccountConflict(f"{there.code} is open already, otherwise: {there}.")


async def reverse(on: Reader, *, key: str, original: str, at: datetime | None = None) -> Posted:
    """Takes back the transfer with the key `original`, once."""
    check_key(key)
    check_key(original)
    row = await again(
        on,
        lambda: on.fetchrow(
            "SELECT * FROM ledger.reverse($1, $2, $3, $4)",
            key,
            key.partition(":")[0],
            at or clock.now(),
            original,
        ),
    )
    assert row is not None
    if row["outcome"] == "unknown":
        raise UnknownTransfer(f"There is no transfer {original}.")
    if row["outcome"] not in ("posted", "replayed"):
        raise error_for(
            row["outcome"],
            key,
            account=row["culprit"],
            currency=row["currency"],
            needed=row["needed"],
            available=row["available"],
        )
    return Posted(row["id"], key, row["outcome"] == "replayed")


async def hold(
    on: Reader,
    *,
    key: str,
    account: Account | str,
    amount: Money,
    expires_at: datetime | None = None,
    at: datetime | None = None,
) -> Hold:
    """Sets money aside, until it is captured, voided or swept after `expires_at`."""
    check_key(key)
    check_amount(amount)
    code = check_account(account, amount)
    row = await again(
        on,
        lambda: on.fetchrow(
            "SELECT * FROM ledger.hold($1, $2, $3, $4, $5, $6)",
            *(key, code, amount.currency, amount.amount, expires_at, at or clock.now()),
        ),
    )
    assert row is not None
    outcome = row["outcome"]
    if outcome == "unknown" and isinstance(account, Account):
        await open_accounts(on, account)
        return await hold(on, key=key, account=code, amount=amount, expires_at=expires_at, at=at)
    if outcome not in ("held", "replayed"):
        raise error_for(
            outcome,
            key,
            account=code,
            currency=amount.currency,
            needed=row["needed"],
            available=row["available"],
        )
    return Hold(row["id"], key, outcome == "replayed")


async def capture(
    on: Reader,
    *,
    hold: str,
    to: Account | str,
    amount: Money | None = None,
    kind: str = "",
    at: datetime | None = None,
) -> Posted:
    """Gives what the hold with this key has set aside, or a part of it; the rest is free again."""
    if amount is not None:
        check_amount(amount)
    check_kind(kind)
    code = check_account(to, amount)
    resolved = await _resolve(on, hold, "capture", to=code, amount=amount, kind=kind, at=at)
    if resolved is None and isinstance(to, Account):
        await open_accounts(on, to)
        resolved = await _resolve(on, hold, "capture", to=code, amount=amount, kind=kind, at=at)
    if resolved is None:
        raise UnknownAccount(f"There is no account {code}.")
    return resolved


async def void(on: Reader, *, hold: str, at: datetime | None = None) -> None:
    """Frees what the hold with this key has set aside."""
    await _resolve(on, hold, "void", at=at)


async def _resolve(
    on: Reader,
    hold: str,
    how: str,
    *,
    to: str | None = None,
    amount: Money | None = None,
    kind: str = "",
    at: datetime | None = None,
) -> Posted | None:
    check_key(hold)
    row = await again(
        on,
        lambda: on.fetchrow(
            "SELECT * FROM ledger.resolve($1, $2, $3, $4, $5, $6, $7)",
            *(hold, how, to, amount and amount.amount, amount and amount.currency),
            *(kind or hold.partition(":")[0], at or clock.now()),
        ),
    )
    assert row is not None
    match row["outcome"]:
        case "resolved" | "replayed":
            return Posted(row["transfer_id"] or 0, f"{hold}:capture", row["outcome"] == "replayed")
        case "no account":
            return None
        case "unknown":
            raise UnknownHold(f"There is no hold {hold}.")
        case "conflict":
            raise AlreadyResolved(hold, row["ended"])
        case "invalid":
            raise InvalidPosting(
                f"The hold {hold} cannot be captured so: {amount or 'it'} to {to}."
            )
        case outcome:
            raise error_for(outcome, hold, account=to)


async def expire_holds(on: Reader, *, at: datetime | None = None, most: int = 500) -> int:
    """Frees what is held past its time; says how many holds that were."""
    return int(
        await again(
            on,
            lambda: on.fetchval("SELECT ledger.expire_holds($1, $2)", at or clock.now(), most),
        )
    )


async def fold(on: Reader, *, most: int = 5000) -> int:
    """Books what waits in deferred accounts, up to `most` each; says how much that was."""
    return int(await again(on, lambda: on.fetchval("SELECT ledger.fold($1)", most)))


async def balance(on: Reader, account: Account | str) -> Balance:
    return (await balances(on, [account]))[0]


async def balances(on: Reader, accounts: Sequence[Account | str]) -> list[Balance]:
    """Of all these accounts at one moment. One that is defined but not open yet has nothing."""
    codes = [check_account(account) for account in accounts]
    rows = await on.fetch(
        """
        SELECT a.code, a.currency, a.held,
               a.posted + coalesce((SELECT sum(t.amount) FROM ledger.tail t
                                     WHERE a.deferred AND t.account_id = a.id), 0) AS posted
          FROM ledger.account a
         WHERE a.code = ANY ($1)
        """,
        codes,
    )
    found = {
        row["code"]: Balance(
            row["code"],
            Money(int(row["posted"]), row["currency"]),
            Money(row["held"], row["currency"]),
        )
        for row in rows
    }
    result = []
    for account, code in zip(accounts, codes, strict=True):
        if code in found:
            result.append(found[code])
        elif isinstance(account, Account):
            nothing = Money(0, account.currency)
            result.append(Balance(code, nothing, nothing))
        else:
            raise UnknownAccount(f"There is no account {code}.")
    return result


async def statement(
    on: Reader, account: Account | str, *, before: int | None = None, most: int = 50
) -> list[Entry]:
    """A page of the account's book, newest first; the next one is `before` its last number."""
    if not 1 <= most <= _PAGE:
        raise InvalidPosting(f"A page has 1 to {_PAGE} lines, not {most}.")
    code = check_account(account)
    row = await on.fetchrow("SELECT id, deferred FROM ledger.account WHERE code = $1", code)
    if row is None:
        if isinstance(account, Account):
            return []
        raise UnknownAccount(f"There is no account {code}.")
    if row["deferred"] and before is None:
        while await on.fetchval("SELECT ledger.fold($1, $2)", 50_000, row["id"]):
            pass
    rows = await on.fetch(
        """
        SELECT e.version, t.key, t.kind, t.at, o.code AS other, p.currency, e.amount, e.after
          FROM (SELECT * FROM ledger.entry
                 WHERE account_id = $1 AND version < $2
                 ORDER BY version DESC LIMIT $3) e
          JOIN ledger.transfer t ON t.id = e.transfer_id
          JOIN ledger.posting p ON (p.transfer_id, p.n) = (e.transfer_id, e.n)
          JOIN ledger.account o
                 ON o.id = CASE WHEN e.amount > 0 THEN p.debit ELSE p.credit END
         ORDER BY e.version DESC
        """,
        row["id"],
        2**63 - 1 if before is None else before,
        most,
    )
    return [
        Entry(
            row["version"],
            row["key"],
            row["kind"],
            row["at"],
            row["other"],
            Money(row["amount"], row["currency"]),
            Money(row["after"], row["currency"]),
        )
        for row in rows
    ]


async def audit(database: Database) -> list[Finding]:
    """The proof of the books: every row where an invariant fails, at one moment."""
    async with database.transaction(snapshot=True) as tx:
        await tx.execute("SET LOCAL statement_timeout = 0")
        rows = await tx.fetch("SELECT * FROM ledger.audit()")
    return [Finding(row["invariant"], row["subject"], row["detail"]) for row in rows]
