"""Subscriptions over HTTP: plans, paying, one's own. Each call proves who asks, by an access token
or by a Mini App's init data; nothing of a browser's own (a cookie) does."""

import io
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from fastapi import APIRouter, Query, Request, Response

from kassa import clock, users
from kassa.apps.miniapp import asking
from kassa.apps.miniapp.proving import TO_LOOK, TO_PAY, Proved, kassa_of, prove
from kassa.apps.miniapp.refusing import No
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import options, promos, purchases, renewing, service
from kassa.apps.subscriptions.models import APP, HadTrial, NoSuchPromo, Purchase
from kassa.apps.subscriptions.panels import gives_new_links
from kassa.apps.subscriptions.web import access, answers, api_docs, ordering
from kassa.apps.subscriptions.web.ordering import Ordered
from kassa.apps.subscriptions.web.refusing import Route
from kassa.config import Settings
from kassa.db import Tx
from kassa.errors import Invalid, NotFound, Unavailable
from kassa.payments import NoSuchMethod, NotOpen, OutcomeUnknown, Started
from kassa.payments.providers.protocol import Why
from kassa.telegram import Bot, terms
from kassa.users import User, zones
from kassa.web.bounds import most_bytes
from kassa.web.limits import limited

PAGE = "/subscription/"
MOST_LINK = 2000  # letters of a link that a QR code is made of

_NOS = {
    Why.NO_REQUISITES: (409, "no_requisites"),
    Why.LIMIT: (400, "no_method"),
    Why.DECLINED: (409, "no_method"),
    Why.INVALID: (409, "no_method"),
}
_TO_PAY = limited("subscriptions-pay", per_minute=20, burst=10)
_TO_CHANGE = limited("subscriptions-change", per_minute=30, burst=10)
_TO_LOOK = limited("subscriptions-look", per_minute=240, burst=120)
_AT_PANEL = limited("subscriptions-panel", per_minute=20, burst=10)

T = TypeVar("T")

router = APIRouter(prefix="/api/subscriptions", tags=["subscriptions"], route_class=Route)


# -- what there is -----------------------------------------------------------------


@router.get("/plans", openapi_extra=api_docs.SIGNED, responses=api_docs.PLANS)
async def plans(request: Request) -> dict[str, Any]:
    """What is sold, and the ways in which this person can pay for it."""
    proved = await _proved(request)
    return await answers.plans(kassa_of(request), proved.user)


@router.get("/me", openapi_extra=api_docs.SIGNED, responses=api_docs.ME)
async def me(
    request: Request, before: int | None = Query(None, ge=1, le=2**63 - 1)
) -> dict[str, Any]:
    """One's own; `before` is for the next page of history."""
    proved = await _proved(request)
    return await answers.mine(kassa_of(request), proved.user, before=before)


@router.get("/me/qr.svg", openapi_extra=api_docs.SIGNED, responses=api_docs.QR)
async def qr(request: Request) -> Response:
    """The link as a picture, for another device."""
    import segno

    proved = await _proved(request)
    found = await service.standing(kassa_of(request).database, proved.user.id)
    is_in = found is not None and found.is_active(clock.now())
    if found is None or not is_in or not found.link or len(found.link) > MOST_LINK:
        raise No(404, "no_link")
    drawn = io.BytesIO()
    code = segno.make_qr(found.link, error="m")
    code.save(drawn, kind="svg", border=4, xmldecl=False, light="#fff", omitsize=True)
    return Response(drawn.getvalue(), media_type="image/svg+xml")


# -- paying ------------------------------------------------------------------------


@router.post("", include_in_schema=False)
@router.post("/", openapi_extra=api_docs.ORDER, responses=api_docs.ORDERED)
@most_bytes(asking.MOST)
async def order(request: Request) -> dict[str, Any]:
    """A way to pay for a plan, which is activated when it is paid; the balance pays at once."""
    given = await asking.read(request)
    proved = await _proved(request, to_pay=True)
    kassa, user = kassa_of(request), proved.user
    wanted = ordering.wish(given, options.of(kassa.settings))
    key = asking.key(request, user)
    _TO_PAY.take(request, f"user {user.id}")
    accept = _accepting(kassa, user, given)

    async def write(tx: Tx) -> Ordered:
        await accept(tx)
        back = _back(kassa.settings, proved.bot)
        return await ordering.order(
            *(tx, kassa, user, wanted), bot=str(proved.bot.id), key=key, back=back
        )

    made = await _guessing(kassa, user, write)
    if made.payment is None or made.way is None:
        return await answers.purchase(kassa, made.purchase)
    started = await _start(kassa, user, made)
    assert started.checkout is not None
    return await answers.to_pay(
        kassa, made.purchase, started.payment, started.checkout, user.language
    )


async def _start(kassa: Kassa, user: User, made: Ordered) -> Started:
    assert made.payment is not None
    assert made.way is not None
    way = (made.way.provider, made.way.method)
    mine: dict[str, Any] = {"id": str(made.purchase.id), "payment_id": str(made.payment.id)}
    try:
        started = await kassa.payments.start(made.payment.id, provider=way[0], method=way[1])
    except NotOpen:
        raise No(409, "ended", more=mine) from None
    except OutcomeUnknown:
        raise No(409, "checking", more=mine) from None
    except (NoSuchMethod, Unavailable):
        why = Why.DOWN
    else:
        if started.checkout is not None:
            return started
        if started.why is None:  # called off meanwhile
            raise No(409, "ended", more=mine)
        why = started.why
    status, code = _NOS.get(why, (503, "down"))
    others = answers.others(kassa, made.purchase, user.language, but=way)
    raise No(status, code, more={**mine, "others": others})


@router.get("/{number}", openapi_extra=api_docs.SIGNED, responses=api_docs.PURCHASE)
async def purchase(request: Request, number: str) -> dict[str, Any]:
    """How a purchase stands."""
    return await answers.purchase(kassa_of(request), await _theirs(request, number))


@router.post("/{number}/check", openapi_extra=api_docs.SIGNED, responses=api_docs.PURCHASE)
async def check(request: Request, number: str) -> dict[str, Any]:
    """Asks the provider now."""
    kassa, found = kassa_of(request), await _theirs(request, number)
    _TO_CHANGE.take(request, f"user {found.user}")
    await ordering.check(kassa, found)
    return await answers.purchase(kassa, await purchases.get(kassa.database, found.id))


@router.post("/{number}/cancel", openapi_extra=api_docs.SIGNED, responses=api_docs.CANCELED)
async def cancel(request: Request, number: str) -> dict[str, Any]:
    """A purchase that is not paid is called off; of a paid one auto-renewal is switched off, and
    its time stays. `did` says which: called_off, auto_off, nothing."""
    kassa, found = kassa_of(request), await _theirs(request, number)
    _TO_CHANGE.take(request, f"user {found.user}")
    did = "nothing"
    if found.status == "open":
        try:
            found = await ordering.call_off(kassa, found)
        except OutcomeUnknown:
            raise No(409, "checking", more={"id": str(found.id)}) from None
        did = "called_off" if found.status == "gone" else "nothing"
    elif found.status == "done" and not found.gift:
        was_on = await kassa.database.run(lambda tx: renewing.switch_off(tx, found.user))
        did = "auto_off" if was_on else "nothing"
    return {**await answers.purchase(kassa, found), "did": did}


# -- changing one's own ------------------------------------------------------------


@router.post("/me/trial", openapi_extra=api_docs.TRIAL, responses=api_docs.ME)
@most_bytes(asking.MOST)
async def trial(request: Request) -> dict[str, Any]:
    """Once a person."""
    given = await asking.read(request)
    proved = await _changing(request)
    kassa, user = kassa_of(request), proved.user
    accept = _accepting(kassa, user, given)

    async def begin(tx: Tx) -> None:
        await accept(tx)
        sold = options.of(kassa.settings)
        await service.begin_trial(tx, user.id, sold, bot=str(proved.bot.id))

    try:
        await kassa.database.run(begin)
    except HadTrial:
        raise No(409, "had_trial") from None
    return await answers.mine(kassa, user, before=None)


@router.post("/me/promo", openapi_extra=api_docs.PROMO, responses=api_docs.PROMOTED)
@most_bytes(asking.MOST)
async def promo(request: Request) -> dict[str, Any]:
    """A promo code: days at once, or a lower price of a plan for a while."""
    given = await asking.read(request)
    proved = await _changing(request)
    kassa, user = kassa_of(request), proved.user
    code, name = given.get("code"), given.get("plan")
    sold = options.of(kassa.settings)
    plan = sold.plan(name) if isinstance(name, str) else sold.plans[0]
    if not isinstance(code, str) or not code or len(code) > 64:
        raise No(400, "bad_request")
    if plan is None:
        there = ", ".join(each.name for each in sold.plans)
        raise No(400, "wrong_plan", said=asking.shown(name), there=there)
    bot, accept = str(proved.bot.id), _accepting(kassa, user, given)

    async def take(tx: Tx) -> int:
        await accept(tx)
        await promos.expect_no_guessing(tx, user.id)
        try:
            term = await promos.redeem(tx, code, user.id, sold, bot=bot)
        except NoSuchPromo as error:
            if error.why != "price":
                raise
        else:
            return round(term.seconds / answers.DAY)
        found = await purchases.begin(tx, user.id, plan, sold, bot=bot)
        if found.promo != promos.canonical(code):
            await promos.apply(tx, code, found, sold)
        return 0

    days = await _guessing(kassa, user, take)
    return {"days": days, **await answers.plans(kassa, user)}


@router.post("/me/auto", openapi_extra=api_docs.AUTO, responses=api_docs.ME)
@most_bytes(asking.MOST)
async def auto(request: Request) -> dict[str, Any]:
    """Auto-renewal: off in one tap, or on by one of the ways of `me`."""
    given = await asking.read(request)
    proved = await _changing(request)
    kassa, user = kassa_of(request), proved.user
    on, by = given.get("on"), given.get("by", "")
    if not isinstance(on, bool) or not isinstance(by, str):
        raise No(400, "bad_request")
    if on:
        await kassa.database.run(lambda tx: renewing.switch_on(tx, kassa, user.id, by))
    else:
        await kassa.database.run(lambda tx: renewing.switch_off(tx, user.id))
    return await answers.mine(kassa, user, before=None)


@router.post("/me/zone", openapi_extra=api_docs.ZONE, responses=api_docs.ME)
@most_bytes(asking.MOST)
async def zone(request: Request) -> dict[str, Any]:
    """The time zone they live by."""
    given = await asking.read(request)
    proved = await _changing(request)
    kassa, user = kassa_of(request), proved.user
    name = given.get("zone")
    if not isinstance(name, str) or len(name) > 64:
        raise No(400, "bad_request")
    try:
        await kassa.database.run(lambda tx: zones.keep(tx, user.id, name))
    except Invalid:
        raise No(400, "bad_zone") from None
    return await answers.mine(kassa, user, before=None)


@router.get("/me/devices", openapi_extra=api_docs.SIGNED, responses=api_docs.DEVICES)
async def devices(request: Request) -> dict[str, Any]:
    """The panel is asked: devices, and what was used of the traffic."""
    proved = await _proved(request)
    _AT_PANEL.take(request, f"user {proved.user.id}")
    return await _devices(kassa_of(request), proved.user)


@router.delete("/me/devices/{name:path}", openapi_extra=api_docs.SIGNED, responses=api_docs.DEVICES)
async def forget(request: Request, name: str) -> dict[str, Any]:
    """Another one has room then."""
    proved = await _changing(request)
    _AT_PANEL.take(request, f"user {proved.user.id}")
    kassa, user = kassa_of(request), proved.user
    await _at_panel(access.forget(kassa, user, name))
    return await _devices(kassa, user)


@router.post("/me/link", openapi_extra=api_docs.SIGNED, responses=api_docs.ME)
async def link(request: Request) -> dict[str, Any]:
    """Another link; the old one opens nothing any more."""
    proved = await _changing(request)
    _AT_PANEL.take(request, f"user {proved.user.id}")
    kassa, user = kassa_of(request), proved.user
    found = await service.standing(kassa.database, user.id)
    is_in = found is not None and found.is_active(clock.now())
    if not is_in or not gives_new_links(kassa.settings):
        raise No(404, "no_link")
    await _at_panel(access.new_link(kassa, user))
    return await answers.mine(kassa, user, before=None)


# -- what they share ---------------------------------------------------------------


async def _proved(request: Request, *, to_pay: bool = False) -> Proved:
    proved = await prove(request, APP, fresh=TO_PAY if to_pay else TO_LOOK)
    request.state.language = proved.user.language
    _TO_LOOK.take(request, f"user {proved.user.id}")
    return proved


async def _changing(request: Request) -> Proved:
    proved = await _proved(request)
    _TO_CHANGE.take(request, f"user {proved.user.id}")
    return proved


def _accepting(
    kassa: Kassa, user: User, given: Mapping[str, Any]
) -> Callable[[Tx], Awaitable[None]]:
    """Who has yet to accept the terms does so by what they ask for, if the request says it."""
    to_accept = terms.asked(kassa.settings, user)
    if to_accept and given.get("terms") is not True:
        raise No(403, "terms", more={"terms_url": kassa.settings.terms_url})

    async def accept(tx: Tx) -> None:
        if to_accept:
            await users.accept_terms(tx, user.id, kassa.settings.terms_version)

    return accept


async def _theirs(request: Request, number: str) -> Purchase:
    """Somebody else's is not there."""
    proved = await _proved(request)
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        raise NotFound("There is no such purchase.")
    return await purchases.get(kassa_of(request).database, int(number), user=proved.user.id)


async def _guessing(kassa: Kassa, user: User, work: Callable[[Tx], Awaitable[T]]) -> T:
    """A promo code that is none is counted, though nothing else is kept of it."""
    try:
        return await kassa.database.run(work)
    except NoSuchPromo as error:
        if error.why == "none":
            await kassa.database.run(lambda tx: promos.guessed(tx, user.id))
        raise


async def _devices(kassa: Kassa, user: User) -> dict[str, Any]:
    found = await service.standing(kassa.database, user.id)
    if found is None or found.expires_at is None:
        raise No(404, "none_yet")
    return answers.devices(found, await access.read(kassa, user))


async def _at_panel(work: Awaitable[T]) -> T:
    try:
        return await work
    except NotFound:
        raise No(404, "none_yet") from None


def _back(settings: Settings, bot: Bot) -> str:
    base = settings.public_base_url
    if not base:
        return ""
    page = PAGE if len(settings.bots) == 1 else f"{PAGE}{bot.name}/"
    return f"{base}{page}success"
