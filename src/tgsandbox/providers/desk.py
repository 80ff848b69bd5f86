"""What people can do with a payment, at its page and in the drawer, and what they see of it."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from tgsandbox.providers.cryptopay_assets import ASSETS
from tgsandbox.providers.records import Json, Payment
from tgsandbox.providers.shop import Shop
from tgsandbox.telegram.acts import Impossible
from tgsandbox.telegram.payments.currencies import CURRENCIES

BY_HAND = ("oneplat",)  # transfers that a person types in: less, more, late and twice happen
PAYERS = ("pay", "start", "twice", "less", "again", "decline")  # the others are not the payer's
_LED_TO = ("http", "https", "tg")

Act = Callable[[Shop, Payment, int | None], Awaitable[Payment]]


async def _twice(shop: Shop, payment: Payment, amount: int | None) -> Payment:
    await shop.pay(payment.ref, amount=amount)
    return await shop.pay(payment.ref, amount=amount, again=True)


ACTS: dict[str, Act] = {
    "pay": lambda shop, payment, amount: shop.pay(payment.ref, amount=amount),
    "less": lambda shop, payment, amount: shop.pay(payment.ref, amount=amount),
    "twice": _twice,
    "again": lambda shop, payment, amount: shop.pay(payment.ref, amount=amount, again=True),
    "start": lambda shop, payment, _: shop.start(payment.ref),
    "authorize": lambda shop, payment, _: shop.authorize(payment.ref),
    "decline": lambda shop, payment, _: shop.decline(payment.ref),
    "expire": lambda shop, payment, _: shop.expire(payment.ref),
    "cancel": lambda shop, payment, _: shop.cancel(payment.ref),
    "refund": lambda shop, payment, amount: shop.refund(payment.ref, amount),
    "dispute": lambda shop, payment, amount: shop.dispute(payment.ref, amount),
    "won": lambda shop, payment, _: shop.close_dispute(payment.ref, won=True),
    "lost": lambda shop, payment, _: shop.close_dispute(payment.ref, won=False),
}


async def perform(shop: Shop, payment: Payment, act: str, amount: int | None = None) -> Payment:
    if act not in ACTS:
        raise Impossible(f"Nobody can {act!r} a payment: {', '.join(ACTS)}.")
    return await ACTS[act](shop, payment, amount)


def acts_now(shop: Shop, payment: Payment) -> list[str]:
    """Those that make sense now. One of them may still be impossible, and says so."""
    by_hand, state = shop.provider in BY_HAND, payment.state
    late = by_hand and state == "expired"
    refundable = payment.paid > payment.refunded
    possible = {
        "pay": payment.open or late,
        "start": payment.open and state != "started" and _can(shop, "do_start"),
        "twice": (payment.open or late) and by_hand,
        "less": (payment.open or late) and by_hand,
        "again": state == "paid" and by_hand,
        "authorize": payment.open
        and _can(shop, "do_authorize")
        and not payment.data.get("capture"),
        "decline": payment.open and _can(shop, "do_decline"),
        "expire": payment.open and _can(shop, "do_expire"),
        "cancel": (payment.open or state == "authorized") and _can(shop, "do_cancel"),
        "refund": refundable and _can(shop, "do_refund"),
        "dispute": refundable and _can(shop, "do_dispute") and not _disputed(shop, payment),
        "won": _disputed(shop, payment),
        "lost": _disputed(shop, payment),
    }
    if shop.provider == "yookassa" and payment.open:
        possible["cancel"] = False  # only what is held
    if shop.provider == "oneplat" and state != "draft":
        possible["start"] = False  # its requisites are given
    return [act for act, fits in possible.items() if fits]


def payment_shown(shop: Shop, payment: Payment) -> Json:
    return {
        "provider": shop.provider,
        "title": shop.title,
        "shop": shop.name,
        "ref": payment.ref,
        "key": payment.key,
        "state": payment.state,
        "amount": payment.amount,
        "currency": payment.currency,
        "exponent": exponent(payment.currency),
        "description": payment.title,
        "method": payment.method,
        "paid": payment.paid,
        "paid_currency": payment.paid_currency or payment.currency,
        "refunded": payment.refunded,
        "created": payment.created,
        "acts": acts_now(shop, payment),
    }


def page_shown(shop: Shop, payment: Payment) -> Json:
    """For the payer's page: beside the payment, where it leads and what to pay to."""
    shown = payment_shown(shop, payment)
    shown["acts"] = [each for each in shown["acts"] if each in PAYERS]
    return shown | {
        "to_pay": _to_pay(payment),
        "requisites": _requisites(payment),
        "success_url": _led_to(payment.success_url),
        "cancel_url": _led_to(payment.cancel_url),
    }


def exponent(currency: str) -> int:
    if currency in ASSETS:
        return ASSETS[currency].decimals
    return CURRENCIES[currency].exponent if currency in CURRENCIES else 2


def _to_pay(payment: Payment) -> int:
    """What the payer is told, where that is not what the shop has asked for."""
    transfers = payment.data.get("transfers")
    told = transfers[-1].get("amount_to_pay") if isinstance(transfers, list) and transfers else 0
    return told if isinstance(told, int) and told else payment.amount


def _requisites(payment: Payment) -> dict[str, str]:
    note = payment.data.get("note")
    found = note.items() if isinstance(note, dict) else ()
    return {
        name: str(value)
        for name, value in found
        if value and name != "currency" and not str(value).startswith("data:")
    }


def _led_to(url: str) -> str:
    """A shop's address; nothing that would run in the page instead."""
    return url if urlsplit(url).scheme.lower() in _LED_TO else ""


def _can(shop: Shop, act: str) -> bool:
    return getattr(type(shop), act) is not getattr(Shop, act)


def _disputed(shop: Shop, payment: Payment) -> bool:
    """There is a dispute that nobody has won or lost yet."""
    find = getattr(shop, "get", None)
    dispute = find(payment.data.get("dispute", "")) if find else None
    return dispute is not None and dispute["status"] == "needs_response"
