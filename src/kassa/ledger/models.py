"""What the ledger speaks of: accounts, legs, transfers, holds, and what can be wrong with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kassa.errors import Conflict, Invalid, KassaError, NotFound
from kassa.money import Money

MAX_LEGS = 1000  # of one transfer
MAX_KEY = 190  # characters


@dataclass(frozen=True, slots=True)
class Account:
    """A definition: the account is opened when it is first posted to.

    `floor` is what must always remain in it (None: no limit). A deferred account is for what
    every transfer touches: posting to it waits for nobody, and so it can have no floor.
    """

    code: str
    currency: str
    floor: int | None = None
    deferred: bool = False


@dataclass(frozen=True, slots=True)
class Leg:
    """Takes from `debit`, gives to `credit`. A plain code names an account that is open already."""

    debit: Account | str
    credit: Account | str
    amount: Money


@dataclass(frozen=True, slots=True)
class Transfer:
    """Legs that are posted together or not at all, once for its key."""

    key: str
    legs: Sequence[Leg]
    kind: str = ""  # what it is for; the part of the key before ":" where nothing is said
    at: datetime | None = None  # when it counts; now where nothing is said


@dataclass(frozen=True, slots=True)
class Posted:
    id: int
    key: str
    replayed: bool  # it was there already


@dataclass(frozen=True, slots=True)
class Hold:
    id: int
    key: str
    replayed: bool


@dataclass(frozen=True, slots=True)
class Balance:
    account: str
    posted: Money
    held: Money

    @property
    def available(self) -> Money:
        """What is not held. (How much of it may go is the floor's to say.)"""
        return self.posted - self.held


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of an account's book. `number` counts them from 1."""

    number: int
    key: str
    kind: str
    at: datetime
    other: str  # the account on the other side
    amount: Money  # given is positive, taken is negative
    after: Money


@dataclass(frozen=True, slots=True)
class Finding:
    """A row where an invariant fails."""

    invariant: str
    subject: str
    detail: str


class LedgerError(KassaError):
    """The books say no. Nothing was written."""

    status = 409


class InsufficientFunds(LedgerError):
    status = 402

    def __init__(self, account: str, needed: Money, available: Money) -> None:
        self.account = account
        self.needed = needed
        self.available = available
        super().__init__(f"Not enough money in {account}: {needed} needed, {available} available.")


class UnknownAccount(LedgerError, NotFound):
    status = 404


class UnknownTransfer(LedgerError, NotFound):
    status = 404


class UnknownHold(LedgerError, NotFound):
    status = 404


class InvalidPosting(LedgerError, Invalid):
    status = 400


class BalanceOverflow(LedgerError, Invalid):
    status = 400


class KeyConflict(LedgerError, Conflict):
    """The key was used for something else. `key` says which."""


class AccountConflict(LedgerError, Conflict):
    """The account is open under another definition."""


class AlreadyReversed(LedgerError, Conflict):
    """A transfer is reversed once."""


class AlreadyResolved(LedgerError, Conflict):
    """A hold ends once. `ended` says how it did: capture, void or expire."""

    def __init__(self, key: str, ended: str) -> None:
        self.ended = ended
        super().__init__(f"The hold {key} has ended already ({ended}).")
