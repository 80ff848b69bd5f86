"""What a payment provider is to Kassa: one class, one file, with three kinds of answers.

Yes, no, and nobody knows. A call that may have had its effect is Unknown, never "failed":
whoever asked will ask again, and guesses nothing. Whatever a provider says of a payment (in a
callback, an answer, a list) becomes a Report, so that every way leads to one place.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from kassa.errors import KassaError, NotFound, Unavailable
from kassa.money import Money

# -- what a provider can do --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Method:
    """A way to pay. `least` and `most` are limits by currency, where the provider has some."""

    name: str  # card, sbp, qr, crypto …
    currencies: tuple[str, ...]
    least: Mapping[str, int] = field(default_factory=dict)
    most: Mapping[str, int] = field(default_factory=dict)

    def takes(self, amount: Money) -> bool:
        if amount.currency not in self.currencies:
            return False
        least = self.least.get(amount.currency, 1)
        most = self.most.get(amount.currency)
        return amount.amount >= least and (most is None or amount.amount <= most)


@dataclass(frozen=True, slots=True)
class Abilities:
    """Declared, and so tested: the table of cases runs as far as they go."""

    refund: Literal["api", "transfer", "person"]  # a call, money sent to the payer, or by hand
    status: bool = True  # can be asked about one payment
    list: bool = True  # can list what was paid
    find: bool = False  # finds a payment by our key, when the answer to its making was lost
    partial_refund: bool = True
    capture: bool = False  # money can be held first
    saved: bool = False  # a payment method can be charged again
    signed: bool = True  # a callback's signature covers payment, status and amount
    get: bool = False  # callbacks come as GET, too
    answer: Literal["stored", "settled"] = "stored"  # when a callback may be answered


# -- what we ask for ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Payer:
    """What a provider may need to know of who pays. Nothing in it proves anything."""

    language: str = "ru"
    email: str = ""
    phone: str = ""  # E.164
    telegram_id: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a fiscal receipt. `vat` is the provider's code of the rate."""

    description: str
    amount: Money  # of one
    quantity: int = 1
    vat: int | None = None


@dataclass(frozen=True, slots=True)
class Invoice:
    """What an invoice of Telegram's own says and asks beside the price; amounts are in the
    smallest units of its currency. Without a title, the payment's description is one."""

    title: str = ""
    description: str = ""
    photo_url: str = ""
    photo_size: int = 0
    photo_width: int = 0
    photo_height: int = 0
    max_tip: int = 0
    suggested_tips: tuple[int, ...] = ()
    need_name: bool = False
    need_phone: bool = False
    need_email: bool = False
    need_address: bool = False
    send_phone: bool = False  # to the payment provider, as the next
    send_email: bool = False
    flexible: bool = False  # the price depends on how it is shipped
    subscription: bool = False  # Stars, again every 30 days; by a link only
    protect: bool = False  # a message with it cannot be forwarded


@dataclass(frozen=True, slots=True)
class Order:
    """A payment to be made. The key is ours, new for every attempt, and makes it one."""

    key: str
    amount: Money
    description: str
    user: int
    method: str = ""  # one of the provider's; its own choice where nothing is said
    payer: Payer = field(default_factory=Payer)
    items: Sequence[Item] = ()
    return_url: str = ""  # where the payer comes back to
    cancel_url: str = ""
    created_at: datetime | None = None
    expires_at: datetime | None = None
    hold: bool = False  # keep the money aside until it is captured
    save: bool = False  # keep the payment method for later charges
    saved: str = ""  # charge this one, which was kept
    bot: str = ""  # in which it is paid, where it is paid inside Telegram
    invoice: Invoice | None = None


@dataclass(frozen=True, slots=True)
class GiveBack:
    """A refund to be made of the payment `ref`, or of its `charge`; all of it or a part."""

    key: str
    ref: str
    charge: str
    amount: Money
    paid: Money  # what the payment was
    payer: Payer = field(default_factory=Payer)
    items: Sequence[Item] = ()
    reason: str = ""
    received: Money | None = None  # what had arrived, where that was another currency
    asked_at: datetime | None = None  # when it was sent first: keys are forgotten after a day
    bot: str = ""


# -- what the payer is shown -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Requisite:
    """A line to show and to copy: card, holder, bank, phone, address, qr, network …"""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Checkout:
    """How to pay: open a page, send `amount` to what `requisites` say, or pay an invoice inside
    Telegram: `invoice` is what sendInvoice or createInvoiceLink is given."""

    url: str = ""
    requisites: tuple[Requisite, ...] = ()
    amount: Money | None = None  # what is to be sent, where requisites are shown
    expires_at: datetime | None = None
    mini_app_url: str = ""  # opens inside Telegram
    invoice: Mapping[str, Any] | None = field(default=None, hash=False)


# -- what a provider says ----------------------------------------------------------


class State(StrEnum):
    """From the first to the last: what is said later in this list is nearer to the truth."""

    WAITING = "waiting"  # for the payer
    PROCESSING = "processing"  # the payer has done their part
    AUTHORIZED = "authorized"  # held, to be captured
    EXPIRED = "expired"
    CANCELED = "canceled"
    FAILED = "failed"
    PAID = "paid"


@dataclass(frozen=True, slots=True)
class Dispute:
    ref: str
    amount: Money
    state: Literal["open", "won", "lost"]
    fee: Money | None = None  # what it costs us beside, however it ends


@dataclass(frozen=True, slots=True)
class Report:
    """What a provider says of one payment, by whatever way it says it.

    It is matched by `ref`, by our `key`, or by the `charge`, whichever is there. `refunded` is
    all that was given back so far, not the latest part: that makes its order harmless.
    """

    ref: str
    state: State
    key: str = ""
    charge: str = ""  # the money's own name, where it differs from ref's
    amount: Money | None = None  # what was paid, in the currency in which it was asked for
    received: Money | None = None  # what arrived, where that is another currency
    fee: Money | None = None  # kept by the provider, in the currency that arrived; None: unsaid
    refunded: Money | None = None  # None: unsaid
    disputes: tuple[Dispute, ...] = ()
    saved: str = ""  # a payment method that can be charged again
    saved_title: str = ""  # and how to call it: "MasterCard *4444"
    reason: str = ""  # why not
    checkout: Checkout | None = None
    at: datetime | None = None  # when it was paid
    renews: bool | None = False  # it is one more payment of a subscription; None: it may be


@dataclass(frozen=True, slots=True)
class Created:
    ref: str
    checkout: Checkout
    report: Report | None = None  # where it is paid already (a saved method)


@dataclass(frozen=True, slots=True)
class Refunded:
    """Done, or accepted and on its way: `done` says which."""

    ref: str
    done: bool = True


class Why(StrEnum):
    """Why a provider said no. All but the last: another method may do."""

    NO_REQUISITES = "no_requisites"
    LIMIT = "limit"  # too little or too much for it
    DOWN = "down"  # it did not do it, and says so, or could not be reached at all
    CONFIGURATION = "configuration"  # our credentials or settings
    DECLINED = "declined"  # the payer's bank, or the provider's judgement
    INVALID = "invalid"  # it finds the request wrong


@dataclass(frozen=True, slots=True)
class Declined:
    """No: nothing has happened, and nothing will."""

    why: Why
    detail: str = ""  # for the operator


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows whether it happened."""

    detail: str = ""


# -- callbacks ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Callback:
    """A request as it came. Names of headers are in small letters."""

    body: bytes
    headers: Mapping[str, str]
    method: str = "POST"
    query: str = ""  # as it came, without "?"
    address: str = ""  # of whoever sent it


@dataclass(frozen=True, slots=True)
class Incoming:
    """A callback that was understood. `event` is its name: the same event, the same name."""

    event: str
    kind: str
    reports: tuple[Report, ...] = ()  # none: it is nothing to us
    confirm: bool = False  # ask the provider before money moves


class Refused(KassaError):
    """Not from the provider, or not to be understood. Nothing was kept."""

    status = 400

    def __init__(self, words: str, status: int = 400) -> None:
        self.status = status
        super().__init__(words)


class Mute(Unavailable):
    """The provider does not answer, or not in words that we know. Ask again later."""


class NoSuchPayment(NotFound):
    """The provider answers that it knows no such payment."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What `kassa doctor` found out: `fine` is None where it could not be told."""

    what: str
    fine: bool | None
    detail: str = ""


# -- the provider ------------------------------------------------------------------


class Provider:
    """An adapter overrides what it declares in `abilities`. No method is called in a transaction.

    `create` and `refund` never raise for what the network does: that is Unknown, or Declined
    where it is certain that nothing happened (no connection, or a refusal in words). The rest
    raises Mute, or NoSuchPayment.
    """

    name: str
    abilities: Abilities
    methods: tuple[Method, ...]
    headers: frozenset[str] = frozenset()  # of a callback, that `parse` or a person may want later

    async def create(self, order: Order) -> Created | Declined | Unknown:
        """Asks for a payment; sending the same key again does not make a second one, where the
        provider knows keys."""
        raise NotImplementedError

    def shown(self, checkout: Checkout, bot: str) -> Checkout:
        """With what is not to be kept with it: secrets."""
        return checkout

    async def status(self, ref: str) -> Report:
        raise NotImplementedError

    async def find(self, order: Order) -> Created | None:
        """The payment that an Unknown `create` may have made; None is certain: there is none."""
        raise NotImplementedError

    async def cancel(self, ref: str) -> None:
        """Nobody should be able to pay it any more; where that cannot be, nothing is done."""

    async def capture(self, ref: str, amount: Money, *, key: str) -> Report | Declined | Unknown:
        raise NotImplementedError

    async def refund(self, back: GiveBack) -> Refunded | Declined | Unknown:
        raise NotImplementedError

    async def find_refund(self, back: GiveBack) -> Refunded | Declined | Unknown:
        """What became of a refund: not yet done, unknown or lost. Declined: it did not happen."""
        raise NotImplementedError

    def list(self, since: datetime, until: datetime) -> AsyncIterator[Report]:
        """What was paid, or given back, in this time; more than that does no harm."""
        raise NotImplementedError

    def verify(self, callback: Callback, *, at: datetime) -> None:
        """Raises Refused unless it is from the provider. Over raw bytes, in constant time."""
        raise NotImplementedError

    def parse(self, callback: Callback) -> Incoming:
        """What it says; Refused if it cannot be understood, or belongs to another shop. Given
        a callback that was verified, now or when it was stored."""
        raise NotImplementedError

    def answer(self) -> tuple[int, bytes, str]:
        """To a callback that was stored: status, body, content type."""
        return 200, b'{"ok":true}', "application/json"

    def simulate(self, report: Report, *, at: datetime, forged: bool = False) -> Callback:
        """A callback as the provider would send it, signed, or with a wrong signature."""
        raise NotImplementedError

    async def check(self) -> Sequence[Finding]:
        """For `kassa doctor`: credentials, units of amounts, a round trip of a signature."""
        return ()

    async def close(self) -> None:
        """Ends its connections."""
