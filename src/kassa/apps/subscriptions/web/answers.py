"""What the API tells of plans, of somebody's subscription, and of a purchase: plain JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from kassa import clock, ledger
from kassa.apps.miniapp import paying
from kassa.apps.miniapp.paying import number
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import months, options, purchases, renewing, service, words
from kassa.apps.subscriptions.models import Purchase, Subscription, Term
from kassa.apps.subscriptions.options import Options, Plan
from kassa.apps.subscriptions.panels import gives_new_links
from kassa.apps.subscriptions.panels.protocol import Access
from kassa.apps.subscriptions.purchases import BALANCE, Way
from kassa.apps.subscriptions.renewing import RenewWay
from kassa.apps.subscriptions.web import ordering
from kassa.db import Reader
from kassa.ledger import wallet
from kassa.money import Money
from kassa.payments import Checkout, Payment
from kassa.texts import load
from kassa.users import User, zones

Json = dict[str, Any]

LINES = 20
DAY = 86_400


# -- plans -------------------------------------------------------------------------


async def plans(kassa: Kassa, user: User) -> Json:
    """What is sold, and how this person can pay for it."""
    sold, on = options.of(kassa.settings), kassa.database
    promised = await ordering.promised(on, user.id)
    has = await balances(on, user, sold)
    return {
        "plans": [_plan(kassa, each, promised.get(each.name), has, user) for each in sold.plans],
        "balance": {code: number(each) for code, each in has.items() if each.amount > 0},
    }


def _plan(
    kassa: Kassa,
    plan: Plan,
    agreed: Purchase | None,
    has: Mapping[str, Money],
    user: User,
) -> Json:
    sold = options.of(kassa.settings)
    prices = agreed.prices if agreed is not None else plan.prices
    grade = sold.grade(plan.tier)
    near = purchases.NEAR.get(user.language, "USD")
    found = ordering.ways(kassa, plan, agreed, user.language)
    found.sort(key=lambda each: (each.price.currency != near, each.price.currency == "XTR"))
    for code, price in prices.items():
        if code in has and has[code].amount >= price.amount:
            found.insert(0, Way(BALANCE, "", price))
    return {
        "name": plan.name,
        "months": plan.months,
        "tier": plan.tier,
        "title": words.title(sold, plan.tier, user.language),
        "devices": grade.devices,
        "traffic": grade.traffic,
        "prices": {code: number(each) for code, each in prices.items()},
        "usual": {code: number(each) for code, each in plan.prices.items()},
        "saving": {code: words.saved(plan, each, sold.plans) for code, each in plan.prices.items()},
        "promo": agreed.promo if agreed is not None else None,
        "ways": [_way(each) for each in found],
    }


def _way(way: Way) -> Json:
    return {
        "provider": way.provider,
        "method": way.method,
        "currency": way.price.currency,
        "amount": number(way.price),
        "auto": way.renews,
    }


async def balances(on: Reader, user: User, sold: Options) -> dict[str, Money]:
    codes = list(dict.fromkeys(code for plan in sold.plans for code in plan.prices))
    found = await ledger.balances(on, [wallet(user.id, code) for code in codes])
    return {code: each.available for code, each in zip(codes, found, strict=True)}


# -- somebody's --------------------------------------------------------------------


async def mine(kassa: Kassa, user: User, *, before: int | None) -> Json:
    """All that the first view shows."""
    on, sold, now = kassa.database, options.of(kassa.settings), clock.now()
    found = await service.standing(on, user.id)
    ends = found.expires_at if found is not None else None
    left = months.days_left(ends, now) if ends is not None else 0
    grade = found.grade if found is not None else sold.grade(sold.plans[0].tier)
    return {
        "user": {"id": user.telegram_id, "first_name": user.first_name, "language": user.language},
        "status": status(found),
        "expires_at": ends,
        "days_left": left,
        "days_in_all": await _whole(on, user, left) if left else 0,
        "grace_until": found.grace_until if found is not None else None,
        "tier": grade.tier,
        "title": words.title(sold, grade.tier, user.language),
        "link": found.link if found is not None and found.is_active(now) else "",
        "new_link": gives_new_links(kassa.settings),
        "preparing": found is not None and ends is not None and found.provisioned < found.wanted,
        "devices": grade.devices,
        "traffic": grade.traffic,
        "auto": await _auto(kassa, user, found),
        "trial_days": 0 if ends is not None else sold.trial_days,
        "history": await history(kassa, user, before=before),
        "zone": (await zones.of(on, user.id)).key,
        "zone_chosen": await _has_zone(on, user),
        "apps_url": sold.apps_url,
        "terms_url": kassa.settings.terms_url,
        "support": kassa.settings.support_contact,
    }


def status(found: Subscription | None) -> str:
    """none | active | grace | expired."""
    if found is None or found.expires_at is None:
        return "none"
    now = clock.now()
    if found.expires_at > now:
        return "active"
    return "grace" if found.is_active(now) else "expired"


async def _whole(on: Reader, user: User, left: int) -> int:
    """Of how many days these are what is left, since time was last added."""
    since = await on.fetchval(
        """
        SELECT at FROM subscriptions.term
         WHERE user_id = $1 AND seconds > 0 ORDER BY id DESC LIMIT 1
        """,
        user.id,
    )
    gone = 0 if since is None else (clock.now() - since).days
    return left + max(gone, 0)


async def _auto(kassa: Kassa, user: User, found: Subscription | None) -> Json:
    on = kassa.database
    now = await renewing.standing(on, kassa, user.id)
    ways = await renewing.ways_to_renew(on, kassa, user.id)
    kind = found.renews if found is not None else ""
    return {
        "on": bool(kind),
        "now": None if now is None else _renewal(now),
        "ways": [_renewal(each) for each in ways],
    }


def _renewal(way: RenewWay) -> Json:
    return {
        "code": way.code,
        "kind": way.kind,
        "months": way.months,
        "amount": number(way.price),
        "currency": way.price.currency,
        "card": way.card,
    }


async def _has_zone(on: Reader, user: User) -> bool:
    return bool(
        await on.fetchval("SELECT EXISTS (SELECT FROM users.zone WHERE user_id = $1)", user.id)
    )


async def history(kassa: Kassa, user: User, *, before: int | None) -> Json:
    """A page of what happened to their time, newest first."""
    lines = await service.terms(kassa.database, user.id, before=before, most=LINES + 1)
    page = lines[:LINES]
    return {
        "items": [_line(each, user.language) for each in page],
        "next": page[-1].id if len(lines) > LINES else None,
    }


def _line(term: Term, language: str) -> Json:
    say = load("kassa.apps.subscriptions").say
    return {
        "id": term.id,
        "at": term.at,
        "kind": term.kind,
        "title": say(language, f"api-line-{term.kind}"),
        "months": term.months,
        "days": round(term.seconds / DAY),
        "until": term.after,
    }


def devices(found: Subscription, access: Access | None) -> Json:
    """What the panel knows."""
    return {
        "devices": list(access.connected) if access is not None else [],
        "most": found.grade.devices,
        "used": access.used if access is not None else 0,
        "traffic": found.grade.traffic,
    }


# -- a purchase --------------------------------------------------------------------


async def purchase(kassa: Kassa, found: Purchase) -> Json:
    """How it stands."""
    payments = await ordering.payments_of(kassa, found)
    open_ones = [each for each in payments if each.is_open]
    last = next(iter([*open_ones, *payments]), None)
    price = found.price or (last.price if last is not None else None)
    said: Json = {
        "id": str(found.id),
        "status": ordering.status(found, payments),
        "plan": found.plan,
        "months": found.months,
        "gift": found.gift,
        "auto": found.renews,
        "amount": None if price is None else number(price),
        "currency": None if price is None else price.currency,
        "payment_id": None if last is None else str(last.id),
        "created_at": found.at,
        "paid_at": found.done_at,
    }
    if open_ones and said["status"] == "pending":
        attempts = await kassa.payments.attempts(open_ones[0].id)
        checkouts = [each.checkout for each in attempts if each.checkout and not each.is_over]
        if checkouts and (url := checkouts[-1].mini_app_url or checkouts[-1].url):
            said["payment_url"] = url
    return said


async def to_pay(
    kassa: Kassa, found: Purchase, payment: Payment, checkout: Checkout, language: str
) -> Json:
    """How it is paid: a page, an invoice for openInvoice, or what to transfer to where. Raises
    NoLink."""
    return await purchase(kassa, found) | await paying.told(kassa, payment, checkout, language)


def others(kassa: Kassa, found: Purchase, language: str, *, but: tuple[str, str]) -> Sequence[str]:
    """Other ways to pay for it, as PROVIDER.METHOD."""
    ways = purchases.ways(kassa, found, language)
    names = [(each.provider, each.method) for each in ways if (each.provider, each.method) != but]
    return [".".join(each) for each in dict.fromkeys(names)]
