"""Stripe: its Checkout page, charges of saved cards, refunds and disputes, by its own client."""

import hmac
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import stripe

from kassa import clock
from kassa.config import Settings
from kassa.errors import Invalid, KassaError
from kassa.money import Money
from kassa.payments.providers import stripe_reading as reading
from kassa.payments.providers.http import SECONDS
from kassa.payments.providers.protocol import (
    Abilities,
    Callback,
    Checkout,
    Created,
    Declined,
    Finding,
    GiveBack,
    Incoming,
    Method,
    Mute,
    NoSuchPayment,
    Order,
    Provider,
    Refunded,
    Refused,
    Report,
    State,
    Unknown,
    Why,
)
from kassa.payments.providers.reading import json_object, text
from kassa.payments.providers.stripe_client import Client, words
from kassa.payments.providers.stripe_orders import EXPANDED, LEAST, charge_for, session_for
from kassa.payments.providers.stripe_simulated import event_of

TOLERANCE = timedelta(seconds=300)  # between a callback's signature and now
FORGOTTEN = timedelta(hours=23)  # an idempotency key lives a day; after that we look first
ON_ITS_WAY = timedelta(minutes=2)  # a request without an answer may still be worked on
_AGO = timedelta(minutes=5)  # clocks differ

_SESSION = ["payment_intent.latest_charge.balance_transaction"]


def from_settings(settings: Settings) -> "Stripe | None":
    return Stripe(settings) if settings.stripe_secret_key else None


class Stripe(Provider):
    name = "stripe"
    headers = frozenset({"stripe-signature"})
    abilities = Abilities("api", find=True, capture=True, saved=True)

    def __init__(self, settings: Settings, *, seconds: float = SECONDS) -> None:
        self._key = settings.stripe_secret_key.reveal()
        listed = settings.stripe_webhook_secret.reveal().split(",")
        self._secrets = [secret.strip() for secret in listed if secret.strip()]
        self._client = Client(self._key, settings.stripe_base_url, seconds=seconds)
        self._home = settings.public_base_url
        currencies = settings.stripe_currencies
        least = {currency: LEAST[currency] for currency in currencies if currency in LEAST}
        self.methods = (Method("card", currencies, least),)

    @property
    def _live(self) -> bool | None:
        """Whether the key moves real money, where it says so."""
        return {"live": True, "test": False}.get(self._key.partition("_")[2].partition("_")[0])

    # -- payments ------------------------------------------------------------------

    async def create(self, order: Order) -> Created | Declined | Unknown:
        if order.created_at and clock.now() - order.created_at > FORGOTTEN:
            try:
                if found := await self.find(order):
                    return found
            except KassaError as error:
                return Unknown(str(error))
        try:
            params = charge_for(order) if order.saved else session_for(order, home=self._home)
        except Invalid as wrong:
            return Declined(Why.INVALID, str(wrong))
        options: Any = {"idempotency_key": order.key}
        if order.saved:
            made = await self._client.do(
                lambda c: c.v1.payment_intents.create_async(params, options)
            )
        else:
            made = await self._client.do(
                lambda c: c.v1.checkout.sessions.create_async(params, options)
            )
        try:
            return made if isinstance(made, Declined | Unknown) else _created(made)
        except KassaError as error:
            return Unknown(str(error))

    async def status(self, ref: str) -> Report:
        thing = await self._thing(ref)
        report = _report(thing)
        intent = thing if _is_intent(ref) else thing.get("payment_intent")
        charge = intent.get("latest_charge") if isinstance(intent, Mapping) else None
        if isinstance(charge, Mapping) and charge.get("disputed"):
            report = await self._disputed(report, reading.name_of(charge))
        return report

    async def find(self, order: Order) -> Created | None:
        """By listing, which makes nothing. A session whose address nobody knows is none; but a
        charge may still be on its way, so that it is certain only after a while."""
        since = (order.created_at or clock.now() - timedelta(hours=25)) - _AGO
        when = {"created": {"gte": int(since.timestamp())}}
        if order.saved:
            things = self._client.all(lambda c, p: c.v1.payment_intents.list_async(p), when)
        else:
            things = self._client.all(lambda c, p: c.v1.checkout.sessions.list_async(p), when)
        async with aclosing(things):
            async for thing in things:
                if reading.key_of(thing) == order.key:
                    return _created(await self._thing(text(thing, "id")))
        if order.saved and _is_recent(order.created_at):
            raise Mute("Stripe has no such charge yet.")
        return None

    async def cancel(self, ref: str) -> None:
        thing = await self._thing(ref)
        intent = reading.name_of(thing if _is_intent(ref) else thing.get("payment_intent"))
        try:
            if thing.get("status") == "open":
                await self._client.ask(lambda c: c.v1.checkout.sessions.expire_async(ref))
            elif intent:  # what is held is let go
                await self._client.ask(lambda c: c.v1.payment_intents.cancel_async(intent))
        except stripe.InvalidRequestError:
            pass  # it is paid, or over
        except stripe.StripeError as error:
            raise Mute(words(error)) from error

    async def capture(self, ref: str, amount: Money, *, key: str) -> Report | Declined | Unknown:
        try:
            intent = await self._intent(ref)
            params: Any = {"amount_to_capture": reading.to_stripe(amount), "expand": EXPANDED}
        except (Invalid, NoSuchPayment) as wrong:
            return Declined(Why.INVALID, str(wrong))
        except KassaError as error:
            return Unknown(str(error))
        options: Any = {"idempotency_key": key}
        made = await self._client.do(
            lambda c: c.v1.payment_intents.capture_async(intent, params, options)
        )
        try:
            known = made if isinstance(made, Declined | Unknown) else reading.of_intent(made)
            return replace(known, ref=ref) if isinstance(known, Report) else known
        except KassaError as error:
            return Unknown(str(error))

    # -- refunds -------------------------------------------------------------------

    async def refund(self, back: GiveBack) -> Refunded | Declined | Unknown:
        age = clock.now() - back.asked_at if back.asked_at else timedelta(0)
        if age > FORGOTTEN:
            return await self.find_refund(back)
        try:
            if age > ON_ITS_WAY and (seen := await self._seen(back)):
                return seen
            intent = back.charge or await self._intent(back.ref)
            params: Any = {
                "payment_intent" if _is_intent(intent) else "charge": intent,
                "amount": reading.to_stripe(back.amount),
                "reason": "requested_by_customer",
                "metadata": {reading.KEY: back.key},
            }
        except (Invalid, NoSuchPayment) as wrong:
            return Declined(Why.INVALID, str(wrong))
        except KassaError as error:
            return Unknown(str(error))
        options: Any = {"idempotency_key": back.key}
        made = await self._client.do(lambda c: c.v1.refunds.create_async(params, options))
        return made if isinstance(made, Declined | Unknown) else _refunded(made)

    async def find_refund(self, back: GiveBack) -> Refunded | Declined | Unknown:
        try:
            seen = await self._seen(back)
        except (Invalid, NoSuchPayment) as wrong:
            return Declined(Why.INVALID, str(wrong))
        except KassaError as error:
            return Unknown(str(error))
        if seen is None and _is_recent(back.asked_at):
            return Unknown("Stripe has no such refund yet.")
        return seen or Declined(Why.DOWN, "Stripe has no such refund.")

    async def _seen(self, back: GiveBack) -> Refunded | Declined | Unknown | None:
        intent = back.charge or await self._intent(back.ref)
        of = {"payment_intent" if _is_intent(intent) else "charge": intent}
        refunds = self._client.all(lambda c, p: c.v1.refunds.list_async(p), of)
        async with aclosing(refunds):
            async for each in refunds:
                if reading.key_of(each) == back.key:
                    return _refunded(each)
        return None

    # -- what was paid -------------------------------------------------------------

    async def list(self, since: datetime, until: datetime) -> AsyncIterator[Report]:
        """By what moved the balance: a charge, its refund and its dispute each have their time."""
        when = {
            "created": {"gte": int(since.timestamp()), "lte": int(until.timestamp())},
            "expand": ["data.source"],
        }
        told = set()
        moves = self._client.all(lambda c, p: c.v1.balance_transactions.list_async(p), when)
        async with aclosing(moves):
            async for move in moves:
                charge = _charge_of(move)
                if charge and charge not in told:
                    told.add(charge)
                    report = await self._moved(move, charge)
                    if report.key:
                        yield report

    async def _moved(self, move: Mapping[str, Any], charge: str) -> Report:
        if move.get("type") in {"charge", "payment"}:
            thing = {**move["source"], "balance_transaction": move}
        else:
            params: Any = {"expand": ["balance_transaction"]}
            thing = await self._client.get(lambda c: c.v1.charges.retrieve_async(charge, params))
        with _readable():
            report = reading.of_charge(thing)
        return await self._disputed(report, charge) if thing.get("disputed") else report

    async def _disputed(self, report: Report, charge: str) -> Report:
        of = {"charge": charge}
        disputes = self._client.all(lambda c, p: c.v1.disputes.list_async(p), of)
        async with aclosing(disputes):
            found = [each async for each in disputes]
        with _readable():
            return reading.with_disputes(report, found)

    # -- callbacks -----------------------------------------------------------------

    def verify(self, callback: Callback, *, at: datetime) -> None:
        """Written anew, since the client's own check asks the system's clock, and only whether a
        callback is too old."""
        if not self._secrets:
            raise Refused("Stripe's callbacks are switched off: set STRIPE_WEBHOOK_SECRET.", 403)
        fields = [each.partition("=") for each in _header(callback).split(",")]
        stamps = [value for name, _, value in fields if name.strip() == "t"]
        given = [value.encode() for name, _, value in fields if name.strip() == "v1"]
        if len(stamps) != 1 or not stamps[0].isdecimal() or len(stamps[0]) > 12:
            raise Refused("The signature cannot be read.")
        right = [_signature(secret, stamps[0], callback.body) for secret in self._secrets]
        same = [hmac.compare_digest(one, other) for one in right for other in given]
        if not any(same):
            raise Refused("The signature is wrong.")
        if abs(at.timestamp() - int(stamps[0])) > TOLERANCE.total_seconds():
            raise Refused("The signature is too old, or from the future.")

    def parse(self, callback: Callback) -> Incoming:
        event = json_object(callback.body)
        name, kind = text(event, "id"), text(event, "type")
        if self._live is not None and event.get("livemode") is not self._live:
            raise Refused("It is of Stripe's other mode: test, or live.")
        if event.get("account"):  # another's, whom the same account serves
            return Incoming(name, kind)
        try:
            reports = reading.of_event(event)
        except Refused:
            raise
        except KassaError as error:
            raise Refused(str(error)) from error
        return Incoming(name, kind, reports, confirm=bool(reports) and not reading.says_all(event))

    def simulate(self, report: Report, *, at: datetime, forged: bool = False) -> Callback:
        body = json.dumps(event_of(report, at=at, live=bool(self._live))).encode()
        stamp = str(int(at.timestamp()))
        secret = "" if forged or not self._secrets else self._secrets[0]
        signature = _signature(secret, stamp, body).decode()
        return Callback(body, {"stripe-signature": f"t={stamp},v1={signature}"})

    async def check(self) -> Sequence[Finding]:
        try:
            account = await self._client.ask(lambda c: c.v1.accounts.retrieve_current_async())
            found = Finding("credentials", True, f"account {reading.name_of(account)}")
        except stripe.PermissionError:
            found = Finding("credentials", None, "the key may not read the account")
        except stripe.StripeError as error:
            found = Finding("credentials", False, words(error))
        except Mute as mute:
            found = Finding("credentials", None, str(mute))
        if not self._secrets:
            return [found, Finding("webhook secret", False, "set STRIPE_WEBHOOK_SECRET")]
        events = [await self._events()] if found.fine else []
        return [found, Finding("webhook secret", True), *events, self._round_trip()]

    async def _events(self) -> Finding:
        """Whether some endpoint is sent all that we understand."""
        try:
            page = await self._client.get(lambda c: c.v1.webhook_endpoints.list_async())
        except KassaError as error:
            return Finding("webhook events", None, str(error))
        sent = [set(each.get("enabled_events") or ()) for each in page.get("data") or ()]
        left_out = [set() if "*" in each else reading.WANTED - each for each in sent]
        least = min(left_out, key=len, default=reading.WANTED)
        words = f"not sent: {', '.join(sorted(least))}" if least else ""
        return Finding("webhook events", not least, words)

    def _round_trip(self) -> Finding:
        now, report = clock.now(), Report("cs_test", State.EXPIRED, key="doctor")
        try:
            self.verify(self.simulate(report, at=now), at=now)
            self.parse(self.simulate(report, at=now))
        except Refused as refused:
            return Finding("signature", False, str(refused))
        return Finding("signature", True)

    # -- asking --------------------------------------------------------------------

    async def _thing(self, ref: str) -> dict[str, Any]:
        """The payment intent or the session, with all that is known of it."""
        params: Any = {"expand": EXPANDED if _is_intent(ref) else _SESSION}
        if _is_intent(ref):
            return await self._client.get(
                lambda c: c.v1.payment_intents.retrieve_async(ref, params)
            )
        return await self._client.get(lambda c: c.v1.checkout.sessions.retrieve_async(ref, params))

    async def _intent(self, ref: str) -> str:
        if _is_intent(ref):
            return ref
        session = await self._thing(ref)
        if not (intent := reading.name_of(session.get("payment_intent"))):
            raise Invalid("Nothing was paid there.")
        return intent

    async def close(self) -> None:
        await self._client.close()


def _is_intent(ref: str) -> bool:
    return ref.startswith("pi_")


def _is_recent(at: datetime | None) -> bool:
    return at is None or clock.now() - at < ON_ITS_WAY


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except KassaError as error:
        raise Mute(f"Stripe's answer cannot be read: {error}") from error


def _report(thing: Mapping[str, Any]) -> Report:
    with _readable():
        is_intent = _is_intent(text(thing, "id"))
        return reading.of_intent(thing) if is_intent else reading.of_session(thing)


def _charge_of(move: Mapping[str, Any]) -> str:
    source = move.get("source")
    if not isinstance(source, Mapping):
        return ""
    return reading.name_of(source if source.get("object") == "charge" else source.get("charge"))


def _created(thing: Mapping[str, Any]) -> Created:
    report = _report(thing)
    checkout = report.checkout or Checkout()
    if report.state is not State.WAITING:
        return Created(report.ref, checkout, report)
    if not checkout.url:
        raise Mute("Stripe's answer has no address to pay at.")
    return Created(report.ref, checkout)


def _refunded(refund: Mapping[str, Any]) -> Refunded | Declined | Unknown:
    status, ref = refund.get("status"), reading.name_of(refund)
    if status in {"failed", "canceled"}:
        return Declined(Why.DECLINED, str(refund.get("failure_reason") or status))
    if not ref or status not in {"succeeded", "pending", "requires_action"}:
        return Unknown(f"The refund is {status}.")
    return Refunded(ref, done=status == "succeeded")


def _header(callback: Callback) -> str:
    header = callback.headers.get("stripe-signature", "")
    if not header or len(header) > 2000 or not header.isascii():
        raise Refused("There is no signature.")
    return header


def _signature(secret: str, stamp: str, body: bytes) -> bytes:
    signed = stamp.encode() + b"." + body
    return hmac.new(secret.encode(), signed, sha256).hexdigest().encode()
