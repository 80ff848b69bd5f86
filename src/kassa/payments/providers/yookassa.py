"""YooKassa: cards, SBP and wallets in rubles, receipts by 54-FZ, unsigned notifications."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import quote, urlsplit

from kassa import clock
from kassa.config import Settings
from kassa.errors import Invalid, KassaError
from kassa.money import Money
from kassa.payments.providers.http import SECONDS, Client, Unreachable
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
from kassa.payments.providers.reading import json_object, part, text
from kassa.payments.providers.yookassa_shapes import (
    KEY,
    amount_for,
    event_of,
    key_of,
    payment_for,
    reason_of,
    receipt_for,
    report_of,
)

FORGOTTEN = timedelta(hours=23)  # an idempotence key lives a day; after that we look first
ON_ITS_WAY = timedelta(minutes=2)  # a request without an answer may still be worked on
_AGO = timedelta(minutes=5)  # clocks differ

# Ours, theirs.
METHODS = {
    "card": "bank_card",
    "sbp": "sbp",
    "sberpay": "sberbank",
    "tpay": "tinkoff_bank",
    "yoomoney": "yoo_money",
}
_EVENTS = {"payment.succeeded", "payment.waiting_for_capture", "payment.canceled"}


def from_settings(settings: Settings) -> "YooKassa | None":
    has = settings.yookassa_shop_id and settings.yookassa_secret_key
    return YooKassa(settings) if has else None


class YooKassa(Provider):
    name = "yookassa"
    abilities = Abilities("api", find=True, capture=True, saved=True, signed=False)
    methods = tuple(Method(name, ("RUB",), {"RUB": 100}) for name in METHODS)

    def __init__(self, settings: Settings, *, seconds: float = SECONDS) -> None:
        self._shop = settings.yookassa_shop_id
        self._vat = settings.yookassa_vat_code if settings.yookassa_receipts else None
        self._home = settings.public_base_url
        self._networks = [ip_network(each) for each in settings.yookassa_networks]
        self._is_open = settings.debug and not self._networks
        self._is_sandbox = _is_loopback(urlsplit(settings.yookassa_base_url).hostname or "")
        self._client = Client(
            settings.yookassa_base_url,
            auth=(self._shop, settings.yookassa_secret_key.reveal()),
            seconds=seconds,
        )

    # -- payments ------------------------------------------------------------------

    async def create(self, order: Order) -> Created | Declined | Unknown:
        if order.created_at and clock.now() - order.created_at > FORGOTTEN:
            try:
                if found := await self.find(order):
                    return found
            except KassaError as error:
                return Unknown(str(error))
        try:
            body = payment_for(order, METHODS, vat=self._vat, home=self._home)
        except Invalid as wrong:
            return Declined(Why.INVALID, str(wrong))
        made = await self._do("/payments", body, order.key)
        try:
            created = made if isinstance(made, Declined | Unknown) else _created(made)
        except KassaError as error:
            return Unknown(str(error))
        if isinstance(created, Created) and created.report and order.saved:
            report = created.report
            if report.state in {State.FAILED, State.CANCELED, State.EXPIRED}:
                return Declined(Why.DECLINED, report.reason)
        return created

    async def status(self, ref: str) -> Report:
        return _report(await self._payment(ref))

    async def find(self, order: Order) -> Created | None:
        """By listing, which makes nothing; the same key again would make what was not there. A
        payment whose page nobody knows is none; but a charge may still be on its way, so that it
        is certain only after a while."""
        since = (order.created_at or clock.now() - timedelta(hours=25)) - _AGO
        payments = self._all("/payments", {"created_at.gte": _stamp(since)})
        async with aclosing(payments):
            async for payment in payments:
                if key_of(payment) == order.key:
                    return _created(await self._payment(_id(payment)))
        if order.saved and _is_recent(order.created_at):
            raise Mute("YooKassa has no such payment yet.")
        return None

    async def cancel(self, ref: str) -> None:
        """Only what is held can be let go. What nobody pays is over within an hour anyway."""
        made = await self._do(f"{_path(ref)}/cancel", {}, f"cancel-{ref}")
        known = isinstance(made, Declined) and made.why is Why.INVALID
        if not known and isinstance(made, Declined | Unknown):
            raise Mute(made.detail)

    async def capture(self, ref: str, amount: Money, *, key: str) -> Report | Declined | Unknown:
        try:
            body = {"amount": amount_for(amount)}
            if self._vat is not None:  # a part needs its receipt, and nobody says for whom
                held = (await self.status(ref)).amount
                if held != amount:
                    return Declined(Why.INVALID, "With receipts, all or nothing is captured.")
            made = await self._do(f"{_path(ref)}/capture", body, key)
            return made if isinstance(made, Declined | Unknown) else _report(made)
        except Invalid as wrong:
            return Declined(Why.INVALID, str(wrong))
        except KassaError as error:
            return Unknown(str(error))

    # -- refunds -------------------------------------------------------------------

    async def refund(self, back: GiveBack) -> Refunded | Declined | Unknown:
        age = clock.now() - back.asked_at if back.asked_at else timedelta(0)
        if age > FORGOTTEN:
            return await self.find_refund(back)
        ref = back.ref or back.charge
        try:
            if age > ON_ITS_WAY and (seen := await self._seen(back)):
                return seen
            body: dict[str, Any] = {
                "payment_id": ref,
                "amount": amount_for(back.amount),
                "metadata": {KEY: back.key},
            }
            if back.reason:
                body["description"] = back.reason[:250]
            if self._vat is not None:
                body["receipt"] = receipt_for(
                    back.items, back.amount, back.payer, line="Возврат оплаты", vat=self._vat
                )
        except Invalid as wrong:
            return Declined(Why.INVALID, str(wrong))
        except KassaError as error:
            return Unknown(str(error))
        made = await self._do("/refunds", body, back.key)
        return made if isinstance(made, Declined | Unknown) else _refunded(made)

    async def find_refund(self, back: GiveBack) -> Refunded | Declined | Unknown:
        try:
            seen = await self._seen(back)
        except KassaError as error:
            return Unknown(str(error))
        if seen is None and _is_recent(back.asked_at):
            return Unknown("YooKassa has no such refund yet.")
        return seen or Declined(Why.DOWN, "YooKassa has no such refund.")

    async def _seen(self, back: GiveBack) -> Refunded | Declined | Unknown | None:
        refunds = self._all("/refunds", {"payment_id": back.ref or back.charge})
        async with aclosing(refunds):
            async for each in refunds:
                if key_of(each) == back.key:
                    return _refunded(each)
        return None

    # -- what was paid -------------------------------------------------------------

    async def list(self, since: datetime, until: datetime) -> AsyncIterator[Report]:
        """By when it was paid, which for held money is later than when it was made; then those
        of other times that were refunded in this one."""
        first, last = _stamp(since), _stamp(until)
        told = set()
        paid = self._all("/payments", {"captured_at.gte": first, "captured_at.lte": last})
        async with aclosing(paid):
            async for payment in paid:
                report = _report(payment)
                told.add(report.ref)
                if report.key:
                    yield report
        refunds = self._all("/refunds", {"created_at.gte": first, "created_at.lte": last})
        async with aclosing(refunds):
            async for refund in refunds:
                ref = refund.get("payment_id")
                if isinstance(ref, str) and ref not in told:
                    told.add(ref)
                    report = await self.status(ref)
                    if report.key:
                        yield report

    # -- callbacks -----------------------------------------------------------------

    def verify(self, callback: Callback, *, at: datetime) -> None:
        """There is no signature. It must come from YooKassa's networks, and even then it is only
        a reason to ask."""
        try:
            address = ip_address(callback.address)
        except ValueError:
            raise Refused("Nobody knows who sent it.", 403) from None
        if isinstance(address, IPv6Address):
            address = address.ipv4_mapped or address
        if self._is_sandbox and address.is_loopback:
            return
        if not self._networks and not self._is_open:
            raise Refused("YooKassa's callbacks are switched off: set YOOKASSA_NETWORKS.", 403)
        if not self._is_open and not any(address in network for network in self._networks):
            raise Refused("It does not come from YooKassa.", 403)

    def parse(self, callback: Callback) -> Incoming:
        said = json_object(callback.body)
        kind, thing = text(said, "event", most=64), part(said, "object")
        if said.get("type") != "notification":
            raise Refused("It is no notification.")
        event = f"{kind}:{text(thing, 'id', most=64)}"  # else a stranger could fill the inbox
        recipient = thing.get("recipient")
        if isinstance(recipient, Mapping) and recipient.get("account_id") != self._shop:
            raise Refused("It is for another shop.")
        try:
            if kind in _EVENTS:
                return Incoming(event, kind, (report_of(thing),), confirm=True)
            if kind == "refund.succeeded":  # how much in all, the payment knows
                payment = Report(text(thing, "payment_id", most=64), State.PAID)
                return Incoming(event, kind, (payment,), confirm=True)
        except Refused:
            raise
        except KassaError as error:
            raise Refused(str(error)) from error
        return Incoming(event, kind, confirm=True)

    def simulate(self, report: Report, *, at: datetime, forged: bool = False) -> Callback:
        """Forged, it comes from an address that is nobody's."""
        theirs = str(self._networks[0].network_address) if self._networks else "127.0.0.1"
        body = json.dumps(event_of(report, at=at, shop=self._shop), ensure_ascii=False).encode()
        headers = {"content-type": "application/json"}
        return Callback(body, headers, address="192.0.2.1" if forged else theirs)

    async def check(self) -> Sequence[Finding]:
        try:
            status, me = await self._client.call("GET", "/me")
        except Mute as mute:
            return [Finding("credentials", None, str(mute))]
        if status != 200 or not isinstance(me, dict):
            return [Finding("credentials", False if status == 401 else None, reason_of(status, me))]
        is_ours = str(me.get("account_id")) == self._shop
        found = [Finding("credentials", is_ours, f"shop {me.get('account_id')}")]
        needed = me.get("fiscalization_enabled") is True
        if needed and self._vat is None:
            found.append(Finding("receipts", False, "the shop needs them: set YOOKASSA_RECEIPTS"))
        now = clock.now()
        try:
            self.verify(self.simulate(Report("doctor", State.EXPIRED), at=now), at=now)
            found.append(Finding("callbacks", True, "by address"))
        except Refused as refused:
            found.append(Finding("callbacks", False, str(refused)))
        return found

    async def close(self) -> None:
        await self._client.close()

    # -- asking --------------------------------------------------------------------

    async def _do(
        self, path: str, body: Mapping[str, Any], key: str
    ) -> dict[str, Any] | Declined | Unknown:
        headers = {"Idempotence-Key": key}
        try:
            status, answer = await self._client.call("POST", path, body=body, headers=headers)
        except Unreachable as error:
            return Declined(Why.DOWN, str(error))
        except Mute as error:
            return Unknown(str(error))
        if status == 200 and isinstance(answer, dict):
            return answer
        return _no(status, answer)

    async def _get(self, path: str, query: Mapping[str, str | int] | None = None) -> dict[str, Any]:
        status, answer = await self._client.call("GET", path, query=query)
        if status == 404:
            raise NoSuchPayment("YooKassa knows no such payment.")
        if status != 200 or not isinstance(answer, dict):
            raise Mute(reason_of(status, answer))
        return answer

    async def _payment(self, ref: str) -> dict[str, Any]:
        return await self._get(_path(ref))

    async def _all(
        self, path: str, query: Mapping[str, str | int]
    ) -> AsyncGenerator[dict[str, Any], None]:
        wanted = {"limit": 100, **query}
        while True:
            answer = await self._get(path, wanted)
            items = answer.get("items", [])
            if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
                raise Mute("YooKassa's answer is no list.")
            for item in items:
                yield item
            cursor = answer.get("next_cursor")
            if not isinstance(cursor, str) or not cursor:
                return
            wanted = wanted | {"cursor": cursor}


def _path(ref: str) -> str:
    return f"/payments/{quote(ref, safe='')}"


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _id(payment: Mapping[str, Any]) -> str:
    return str(payment.get("id"))


def _is_recent(at: datetime | None) -> bool:
    return at is None or clock.now() - at < ON_ITS_WAY


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _report(payment: Mapping[str, Any]) -> Report:
    try:
        return report_of(payment)
    except KassaError as error:
        raise Mute(f"YooKassa's answer cannot be read: {error}") from error


def _created(payment: Mapping[str, Any]) -> Created:
    report = _report(payment)
    is_waiting = report.state is State.WAITING
    return Created(report.ref, report.checkout or Checkout(), None if is_waiting else report)


def _refunded(refund: Mapping[str, Any]) -> Refunded | Declined | Unknown:
    status, ref = refund.get("status"), refund.get("id")
    if status == "canceled":
        details = refund.get("cancellation_details")
        reason = details.get("reason") if isinstance(details, Mapping) else status
        return Declined(Why.DECLINED, str(reason))
    if status not in {"succeeded", "pending"} or not isinstance(ref, str):
        return Unknown(f"The refund is {status}.")
    return Refunded(ref, done=status == "succeeded")


def _no(status: int, answer: object) -> Declined | Unknown:
    """A refusal in words. What is not final, and a key used for another request, leave it open."""
    words = reason_of(status, answer)
    parameter = answer.get("parameter") if isinstance(answer, dict) else ""
    if not 400 <= status < 500 or status in {408, 409} or parameter == "Idempotence-Key":
        return Unknown(words)
    if status == 429:
        return Declined(Why.DOWN, words)
    if status in {401, 403}:
        return Declined(Why.CONFIGURATION, words)
    is_limit = parameter in {"amount", "amount.value"}
    return Declined(Why.LIMIT if is_limit else Why.INVALID, words)
