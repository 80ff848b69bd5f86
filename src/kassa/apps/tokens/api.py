"""The Mini App's API. Each call proves who asks; nothing of a browser's own (a cookie) does, so
that a page of somebody else's can ask for nothing in our people's name."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Query, Request

from kassa.apps.miniapp import asking, paying
from kassa.apps.miniapp.paying import NoLink
from kassa.apps.miniapp.proving import TO_PAY, Proved, kassa_of, prove
from kassa.apps.miniapp.refusing import No
from kassa.apps.models import Kassa
from kassa.apps.tokens import asked, buying, options, service
from kassa.apps.tokens.api_docs import CREATE, CREATE_ANSWERS
from kassa.apps.tokens.asked import Order
from kassa.apps.tokens.models import APP
from kassa.apps.tokens.options import Options
from kassa.apps.tokens.refusing import Route
from kassa.apps.tokens.showing import PAGE, words
from kassa.config import Settings
from kassa.db import Tx
from kassa.errors import Unavailable
from kassa.payments import (
    Checkout,
    NoSuchMethod,
    NoSuchPayment,
    NotOpen,
    Offer,
    OutcomeUnknown,
    Payer,
    Payment,
    Started,
    Status,
)
from kassa.payments.providers.protocol import Why
from kassa.telegram import Bot, naming
from kassa.web.bounds import most_bytes
from kassa.web.limits import limited

LINES = 20
STATUSES = {
    Status.SUCCEEDED: "succeeded",
    Status.FAILED: "failed",
    Status.CANCELED: "canceled",
    Status.EXPIRED: "expired",
}
_NOS = {
    Why.NO_REQUISITES: (409, "no_requisites"),
    Why.LIMIT: (400, "no_method"),
    Why.DECLINED: (409, "no_method"),
    Why.INVALID: (409, "no_method"),
}
_TO_PAY = limited("miniapp-pay", per_minute=20, burst=10)
_TO_CHECK = limited("miniapp-check", per_minute=30, burst=10)
_TO_LOOK = limited("miniapp-look", per_minute=240, burst=120)

router = APIRouter(prefix="/api/miniapp", tags=["miniapp"], route_class=Route)


# -- what there is -----------------------------------------------------------------


@router.get("/state")
async def state(request: Request) -> dict[str, Any]:
    """All that the first view shows."""
    proved = await _proved(request)
    kassa, user = kassa_of(request), proved.user
    standing = await service.standing(kassa.database, user)
    email = await kassa.database.fetchval(
        "SELECT email FROM tokens.buyer WHERE user_id = $1", user.id
    )
    sold = options.of(kassa.settings)
    return {
        "success": True,
        "bot": {"name": proved.bot.name, "username": _username(request, proved.bot)},
        "user": {
            "id": user.telegram_id,
            "first_name": user.first_name,
            "language": user.language,
        },
        "balance": standing.balance,
        "total_deposited": standing.total_deposited,
        "debt": standing.debt,
        "email": email or "",
        "packages": [
            {
                "credits": each.tokens,
                "prices": {code: str(price.decimal) for code, price in each.prices.items()},
            }
            for each in sold.packages
        ],
        "methods": _methods(kassa, sold, user.language),
        "terms_url": kassa.settings.terms_url,
        "support": kassa.settings.support_contact,
    }


@router.get("/history")
async def history(
    request: Request, before: int | None = Query(None, ge=1, le=2**63 - 1)
) -> dict[str, Any]:
    proved = await _proved(request)
    on, t = kassa_of(request).database, words(proved.user.language)
    lines = await service.history(on, proved.user, before=before, most=LINES + 1)
    page = lines[:LINES]
    said: dict[str, Any] = {
        "success": True,
        "items": [
            {
                "id": each.id,
                "at": each.at.isoformat(),
                "kind": each.kind,
                "credits": each.tokens,
                "title": t(each.title),
            }
            for each in page
        ],
        "next": page[-1].id if len(lines) > LINES else None,
    }
    if before is None:
        days = await service.chart(on, proved.user)
        said["chart"] = [{"day": each.day, "in": each.came, "out": each.went} for each in days]
    return said


# -- paying ------------------------------------------------------------------------


@router.post("/create-payment", openapi_extra=CREATE, responses=CREATE_ANSWERS)
@most_bytes(asking.MOST)
async def create_payment(request: Request) -> dict[str, Any]:
    """A way to pay for a package. What is said of its price must be what it is."""
    given = await asking.read(request)
    data = given.get("init_data") or ""
    if not isinstance(data, str):
        raise No(401, "unproved")
    proved = await prove(request, APP, given=data, fresh=TO_PAY)
    user = proved.user
    request.state.language = user.language
    kassa = kassa_of(request)
    order = asked.order(given, user, options.of(kassa.settings), kassa.payments.offers)
    offers = [each for each in kassa.payments.offers(order.price) if each.method == order.method]
    if not offers:
        raise No(400, "no_method", more={"others": _others(kassa, order)})
    key = asking.key(request, user)
    _TO_PAY.take(request, f"user {user.id}")

    async def write(tx: Tx) -> Payment:
        if order.email:
            await tx.execute(
                """
                INSERT INTO tokens.buyer AS b (user_id, email) VALUES ($1, $2)
                ON CONFLICT (user_id) DO UPDATE SET email = EXCLUDED.email
                 WHERE b.email <> EXCLUDED.email
                """,
                *(user.id, order.email),
            )
        back = _back(kassa.settings, proved.bot)
        return await kassa.payments.create(
            tx,
            user=user.id,
            bot=str(proved.bot.id),
            amount=order.price,
            purpose=buying.TOPUP,
            subject=str(order.tokens),
            description=words(user.language)("topup-what", tokens=order.tokens),
            payer=Payer(user.language, order.email, user.phone, user.telegram_id),
            return_url=f"{back}success" if back else "",
            cancel_url=f"{back}cancel" if back else "",
            data={"tokens": order.tokens},
            key=key,
        )

    payment = await kassa.database.run(write)
    started = await _start(kassa, payment, offers, order)
    assert started.checkout is not None
    return await _shown(kassa, started.payment, started.checkout, user.language)


async def _start(kassa: Kassa, payment: Payment, offers: Sequence[Offer], order: Order) -> Started:
    """By the first who takes it that way."""
    mine: dict[str, Any] = {"payment_id": str(payment.id)}
    why: Why | None = None
    for offer in offers:
        try:
            started = await kassa.payments.start(
                payment.id, provider=offer.provider, method=offer.method
            )
        except NotOpen:
            raise No(409, "ended", more=mine) from None
        except OutcomeUnknown:
            raise No(409, "checking", more=mine) from None
        except (NoSuchMethod, Unavailable):
            why = why or Why.DOWN
            continue
        if started.checkout is not None:
            return started
        if started.why is None:  # called off meanwhile
            raise No(409, "ended", more=mine)
        why = started.why
    status, code = _NOS.get(why or Why.DOWN, (503, "down"))
    raise No(status, code, more={**mine, "others": _others(kassa, order)})


async def _shown(
    kassa: Kassa, payment: Payment, checkout: Checkout, language: str
) -> dict[str, Any]:
    try:
        return {"success": True, **await paying.told(kassa, payment, checkout, language)}
    except NoLink:
        raise No(503, "down", more={"payment_id": str(payment.id)}) from None


@router.get("/payment-status/{payment_id}")
async def payment_status(request: Request, payment_id: str) -> dict[str, Any]:
    return await _stands(request, await _theirs(request, payment_id))


@router.post("/payment-check/{payment_id}")
async def payment_check(request: Request, payment_id: str) -> dict[str, Any]:
    """Asks the provider now."""
    payment = await _theirs(request, payment_id)
    _TO_CHECK.take(request, f"user {payment.user}")
    return await _stands(request, await kassa_of(request).payments.check(payment.id))


@router.post("/payment-cancel/{payment_id}")
async def payment_cancel(request: Request, payment_id: str) -> dict[str, Any]:
    """Called off, unless it is paid: the answer says how it stands."""
    payment = await _theirs(request, payment_id)
    _TO_CHECK.take(request, f"user {payment.user}")
    payments = kassa_of(request).payments
    try:
        payment = await payments.cancel(payment.id, reason="the payer called it off")
    except NotOpen:
        payment = await payments.get(payments.database, payment.id)
    except OutcomeUnknown:
        raise No(409, "checking", more={"payment_id": str(payment.id)}) from None
    return await _stands(request, payment)


# -- what they share ---------------------------------------------------------------


async def _proved(request: Request) -> Proved:
    proved = await prove(request, APP)
    request.state.language = proved.user.language
    _TO_LOOK.take(request, f"user {proved.user.id}")
    return proved


async def _theirs(request: Request, number: str) -> Payment:
    """Somebody else's is not there."""
    proved = await _proved(request)
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        raise NoSuchPayment(f"There is no payment {number[:40]}.")
    payments = kassa_of(request).payments
    payment = await payments.get(payments.database, int(number), user=proved.user.id)
    if payment.purpose != buying.TOPUP:
        raise NoSuchPayment(f"There is no payment {payment.id} for tokens.")
    return payment


async def _stands(request: Request, payment: Payment) -> dict[str, Any]:
    status = STATUSES.get(payment.status, "pending")
    if payment.delivery == "taken_back":
        status = "refunded"
    said = {
        "success": True,
        "payment_id": str(payment.id),
        "status": status,
        "amount": float(payment.price.decimal),
        "currency": payment.price.currency,
        "credits": buying.bought(payment),
        "created_at": payment.created_at,
    }
    if status == "pending":
        attempts = await kassa_of(request).payments.attempts(payment.id)
        found = [each.checkout for each in attempts if each.checkout and not each.is_over]
        if found and (url := found[-1].mini_app_url or found[-1].url):
            said["payment_url"] = url
    return said


def _methods(kassa: Kassa, sold: Options, language: str) -> list[dict[str, Any]]:
    """Each once for a currency, if any package may be paid for that way. First comes, and is
    recommended, what suits the person's language."""
    usual = {"ru": "RUB", "uz": "UZS", "en": "USD"}[language]
    found: dict[tuple[str, str], bool] = {}
    for package in sold.packages:
        for price in package.prices.values():
            for offer in kassa.payments.offers(price):
                found[offer.method, price.currency] = True
    ways = sorted(found, key=lambda way: (way[1] != usual, way[1] == "XTR"))
    return [
        {"id": method, "currency": currency, "recommended": number == 0}
        for number, (method, currency) in enumerate(ways)
    ]


def _others(kassa: Kassa, order: Order) -> list[str]:
    package = options.of(kassa.settings).package(order.tokens)
    prices = package.prices.values() if package else ()
    ways = [offer.method for price in prices for offer in kassa.payments.offers(price)]
    return [each for each in dict.fromkeys(ways) if each != order.method]


def _back(settings: Settings, bot: Bot) -> str:
    base = settings.public_base_url
    if not base:
        return ""
    return f"{base}{PAGE}" if len(settings.bots) == 1 else f"{base}{PAGE}{bot.name}/"


def _username(request: Request, bot: Bot) -> str:
    updates = request.app.state.updates
    return naming.username(updates.aiogram[bot.id]) if updates else ""
