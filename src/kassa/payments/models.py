"""What is kept of a payment, and what can be wrong with asking for one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from kassa.db import Reader, Tx
from kassa.errors import Conflict, Invalid, KassaError, NotFound
from kassa.ledger import Account, Leg
from kassa.money import Money
from kassa.payments.providers.protocol import Checkout, Invoice, Item, Payer, State, Why


class Status(StrEnum):
    CREATED = "created"
    AWAITING_PAYER = "awaiting_payer"
    PROCESSING = "processing"
    AUTHORIZED = "authorized"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"


OPEN = frozenset({Status.CREATED, Status.AWAITING_PAYER, Status.PROCESSING, Status.AUTHORIZED})
OVER = frozenset({State.PAID, State.FAILED, State.CANCELED, State.EXPIRED})  # no more to ask about


@dataclass(frozen=True, slots=True)
class Agreed:
    """A total that we have agreed to inside Telegram: the price, a tip, what shipping costs."""

    total: Money
    tip: Money
    shipping: str  # the chosen option's id
    order_info: Mapping[str, Any]  # name, phone_number, email, shipping_address: what was asked


@dataclass(frozen=True, slots=True)
class Payment:
    id: int
    user: int
    bot: str
    purpose: str
    subject: str
    amount: Money
    description: str
    payer: Payer
    items: tuple[Item, ...]
    return_url: str
    cancel_url: str
    data: Mapping[str, Any]  # whatever the app wants to remember
    hold: bool
    save: bool
    status: Status
    reason: str
    delivery: str  # none | done | failed | taken_back
    delivery_error: str | None
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    looks: int = 0
    shown: tuple[str, ...] = ()  # the messages that show how to pay it
    invoice: Invoice | None = None
    listed: Money | None = None  # the price, where `amount` has come to hold more than that
    agreements: tuple[Agreed, ...] = ()
    agreed_at: datetime | None = None  # the last of them, inside Telegram

    @property
    def price(self) -> Money:
        """Without a tip and shipping, which only an invoice inside Telegram has."""
        return self.listed or self.amount

    @property
    def agreed(self) -> Agreed | None:
        """What the payer chose and told inside Telegram."""
        return next((each for each in self.agreements if each.total == self.amount), None)

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


@dataclass(frozen=True, slots=True)
class Attempt:
    id: int
    payment_id: int
    provider: str
    method: str
    key: str
    ref: str | None
    saved: str
    status: str  # prepared | sent | ok | declined | unknown
    said: str  # the provider's last word: a State, or nothing so far
    why: str
    checkout: Checkout | None
    capture: str | None
    capture_of: int | None
    asked_at: datetime | None
    created_at: datetime

    @property
    def is_over(self) -> bool:
        """No money can come of it that it has not brought already. A failed one may be wrong."""
        return self.status == "declined" or self.said in OVER

    @property
    def is_on_its_way(self) -> bool:
        """Its payer has done their part, and its end is not known. Its payment may have been on
        its way by another attempt, which has failed since."""
        return self.said in (State.PROCESSING, State.AUTHORIZED)


@dataclass(frozen=True, slots=True)
class Charge:
    id: int
    provider: str
    ref: str
    payment_id: int | None
    attempt_id: int | None
    amount: Money
    received: Money
    fee: Money | None
    fit: str  # exact | over | short | late | twice | currency | stray
    refunded: Money
    paid_at: datetime

    @property
    def fulfils(self) -> bool:
        return self.fit in ("exact", "over")


@dataclass(frozen=True, slots=True)
class Refund:
    """`share` is the part of it that concerns the price; the rest had been paid too much."""

    id: int
    payment_id: int
    charge_id: int
    key: str
    amount: Money
    share: Money
    status: str  # prepared | sent | unknown | person | done | declined
    outside: bool
    ref: str | None
    reason: str
    why: str
    holds: int
    taken_back: str  # none | done | failed
    created_at: datetime
    asked_at: datetime | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Event:
    """A line of a payment's timeline."""

    at: datetime
    kind: str
    public: bool
    data: Mapping[str, Any]


# -- what an app says of its purposes ----------------------------------------------


@dataclass(frozen=True, slots=True)
class Button:
    """Below what is said. `text` names its label among the app's texts, and gets the same args.
    One of: what a press brings back, an address, a page of the Mini App (a path), what is copied.
    """

    text: str
    data: str = ""
    url: str = ""
    page: str = ""
    copy: str = ""

    def __post_init__(self) -> None:
        if sum(map(bool, (self.data, self.url, self.page, self.copy))) != 1:
            raise Invalid(f"The button {self.text} needs one of data, url, page, copy.")
        if len(self.data.encode()) > 64:
            raise Invalid(f"The data of the button {self.text} is longer than 64 bytes.")


Rows = Sequence[Sequence[Button]]  # of buttons, one below the other


@dataclass(frozen=True, slots=True)
class Message:
    """Something to be said to the payer (or to `user`) once it is committed. `html`: the text has
    tags of its own; in what is put into it, nothing is a tag."""

    text: str  # its name among the app's texts
    args: Mapping[str, Any] = field(default_factory=dict)
    user: int | None = None
    app: str = ""  # whose texts; the purpose's app where nothing is said
    buttons: Rows = ()
    html: bool = False


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a delivery, or the taking back of one, wants posted and said."""

    legs: Sequence[Leg] = ()
    messages: Sequence[Message] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a payer is about to pay inside Telegram, and what they told of themselves."""

    total: Money
    tip: Money
    shipping: str = ""  # the chosen option's id
    name: str = ""
    phone: str = ""
    email: str = ""
    address: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShippingOption:
    id: str
    title: str
    prices: Sequence[tuple[str, Money]]  # a label and an amount each

    @property
    def cost(self) -> Money:
        (_, first), *rest = self.prices
        return sum((amount for _, amount in rest), first)


Refusal = str | Message  # the name of a text of the app's, or words

OnPaid = Callable[[Tx, Payment], Awaitable[Delivered]]
OnRefunded = Callable[[Tx, Payment, Refund], Awaitable[Delivered]]
Holds = Callable[[Tx, Payment, Refund], Awaitable[Sequence[tuple[Account, Money]]]]
OnCheckout = Callable[[Tx, Payment, Asked], Awaitable[Refusal | None]]
OnShipping = Callable[
    [Reader, Payment, Mapping[str, str]], Awaitable[Sequence[ShippingOption] | Refusal]
]
OnSubscription = Callable[[Tx, Payment, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Purpose:
    """What can be paid for. The app's functions write their rows in the transaction they are
    given, return the legs they want, and neither post themselves nor use a network.

    `on_paid` finds the money in the payer's wallet, and takes the price from there. `on_refunded`
    takes the effect back and gives `refund.share` back into the wallet, from where it leaves.
    `holds` says what is to be set aside while a provider is asked for a refund of ours: what
    `on_refunded` will take. Without it, the wallet's money is, where there is no `on_refunded`.

    The rest is for what is paid inside Telegram, and has seconds: `on_checkout` may refuse what
    is about to be paid, `on_shipping` offers ways to ship to an address (asked twice, the same),
    `on_subscription` hears that one is "canceled", "active" or "failed" (none is a payment).
    """

    name: str  # "tokens.topup": the app, and what of it
    on_paid: OnPaid
    on_refunded: OnRefunded | None = None
    holds: Holds | None = None
    deliver_late: bool = False  # paid after it expired or failed, it is delivered all the same
    on_checkout: OnCheckout | None = None
    on_shipping: OnShipping | None = None
    on_subscription: OnSubscription | None = None
    texts: str = ""  # the package whose texts refusals are: "kassa.apps.shop"

    @property
    def app(self) -> str:
        return self.name.partition(".")[0]


# -- answers -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Offer:
    """A way to pay that is there for an amount."""

    provider: str
    method: str


@dataclass(frozen=True, slots=True)
class Started:
    """How to pay; or, with no checkout, why not, and what else there is."""

    payment: Payment
    attempt: Attempt
    checkout: Checkout | None
    why: Why | None = None
    others: tuple[Offer, ...] = ()


class NoSuchPayment(NotFound):
    """There is no such payment, or it is somebody else's."""


class NoSuchMethod(Invalid):
    """Nobody takes this amount that way."""


class NotOpen(Conflict):
    """The payment has ended."""


class OutcomeUnknown(Conflict):
    """Money may have moved: nothing else is tried until the provider has told."""


class CannotRefund(KassaError):
    status = 409
