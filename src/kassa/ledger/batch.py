"""How transfers are said to the database, and how its answer is read."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from kassa import clock
from kassa.ledger.models import (
    MAX_KEY,
    MAX_LEGS,
    Account,
    AlreadyReversed,
    BalanceOverflow,
    InsufficientFunds,
    InvalidPosting,
    KeyConflict,
    LedgerError,
    Posted,
    Transfer,
    UnknownAccount,
)
from kassa.money import Money

if TYPE_CHECKING:
    from asyncpg import Record

    from kassa.db import Reader

_CODE = re.compile(r"[!-~]{1,200}", re.ASCII).fullmatch


def check_key(key: str) -> None:
    if not key or len(key) > MAX_KEY:
        raise InvalidPosting(f"A key has 1 to {MAX_KEY} characters, this one {len(key)}.")
    if not key.isprintable():
        raise InvalidPosting("A key is text without control characters.")


def check_kind(kind: str) -> None:
    if len(kind) > MAX_KEY or not kind.isprintable():
        raise InvalidPosting(f"A kind is text of at most {MAX_KEY} printable characters.")


def check_transfer(transfer: Transfer) -> None:
    """Refuses what cannot be right, before anybody else waits for it."""
    check_key(transfer.key)
    check_kind(transfer.kind)
    if not transfer.legs:
        raise InvalidPosting(f"The transfer {transfer.key} has no legs.")
    if len(transfer.legs) > MAX_LEGS:
        raise InvalidPosting(
            f"The transfer {transfer.key} has {len(transfer.legs)} legs; at most {MAX_LEGS}."
        )
    for leg in transfer.legs:
        check_amount(leg.amount)
        debit = check_account(leg.debit, leg.amount)
        if debit == check_account(leg.credit, leg.amount):
            raise InvalidPosting(f"A leg of {transfer.key} goes from {debit} to itself.")


def check_amount(amount: Money) -> None:
    if amount.amount <= 0:
        raise InvalidPosting(f"An amount is more than nothing, this one is {amount}.")


def check_account(account: Account | str, amount: Money | None = None) -> str:
    """Its code."""
    if isinstance(account, str):
        code = account
    else:
        code = account.code
        if amount is not None and account.currency != amount.currency:
            raise InvalidPosting(f"{code} is in {account.currency}, the amount is {amount}.")
    if not _CODE(code):
        raise InvalidPosting(
            "The code of an account is 1 to 200 letters, digits and signs, without spaces."
        )
    return code


class Batch:
    """Transfers as the arrays of `ledger.post`, and the answer to each."""

    def __init__(self, transfers: Iterable[Transfer]) -> None:
        """The transfers are checked already, and no key is there twice."""
        self.transfers = list(transfers)
        self.definitions = {
            account.code: account
            for transfer in self.transfers
            for leg in transfer.legs
            for account in (leg.debit, leg.credit)
            if isinstance(account, Account)
        }
        self._codes = sorted(
            {
                *self.definitions,
                *(
                    account
                    for transfer in self.transfers
                    for leg in transfer.legs
                    for account in (leg.debit, leg.credit)
                    if isinstance(account, str)
                ),
            }
        )
        position = {code: i for i, code in enumerate(self._codes, 1)}
        keys: list[str] = []
        kinds: list[str] = []
        ats: list[datetime] = []
        legs: list[int] = []
        debits: list[int] = []
        credits: list[int] = []
        currencies: list[str] = []
        amounts: list[int] = []
        now = clock.now()
        for transfer in self.transfers:
            keys.append(transfer.key)
            kinds.append(transfer.kind or transfer.key.partition(":")[0])
            ats.append(transfer.at or now)
            legs.append(len(transfer.legs))
            for leg in transfer.legs:
                debit, credit, amount = leg.debit, leg.credit, leg.amount
                debits.append(position[debit if isinstance(debit, str) else debit.code])
                credits.append(position[credit if isinstance(credit, str) else credit.code])
                currencies.append(amount.currency)
                amounts.append(amount.amount)
        self._arguments = (
            *(keys, kinds, ats, [None] * len(keys), legs),
            *(self._codes, debits, credits, currencies, amounts),
        )

    async def send(self, on: "Reader", *, whole: bool) -> list[Posted | LedgerError]:
        row = await on.fetchrow(
            "SELECT * FROM ledger.post($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            *self._arguments,
            whole,
        )
        assert row is not None
        answers: list[Posted | LedgerError] = []
        outcomes = row["outcomes"]
        ids = row["ids"]
        for i, transfer in enumerate(self.transfers):
            outcome = outcomes[i]
            if outcome in ("posted", "replayed"):
                answers.append(Posted(ids[i], transfer.key, outcome == "replayed"))
            else:
                answers.append(self._error(transfer, outcome, row, i))
        return answers

    def _error(self, transfer: Transfer, outcome: str, row: "Record", i: int) -> LedgerError:
        position = row["culprits"][i]
        return error_for(
            outcome,
            transfer.key,
            account=None if position is None else self._codes[position - 1],
            currency=transfer.legs[0].amount.currency,
            needed=row["needed"][i],
            available=row["available"][i],
        )


def error_for(
    outcome: str,
    key: str,
    *,
    account: str | None = None,
    currency: str = "",
    needed: int | None = None,
    available: int | None = None,
) -> LedgerError:
    """What the database refused, in words."""
    match outcome:
        case "short":
            assert account is not None
            assert needed is not None
            assert available is not None
            return InsufficientFunds(account, Money(needed, currency), Money(available, currency))
        case "conflict":
            return KeyConflict(f"The key {key} was used for something else.")
        case "overflow":
            return BalanceOverflow(f"The balance of {account} would be too large.")
        case "unknown":
            return UnknownAccount(f"There is no account {account}.")
        case "reversed":
            return AlreadyReversed(f"What {key} is to reverse has been reversed already.")
        case "invalid":
            return InvalidPosting(f"{key} cannot be: {account or 'a leg'} is of another kind.")
    raise AssertionError(outcome)
