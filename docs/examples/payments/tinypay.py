"""A provider in one file: Tinypay, a bank that is nowhere. Its calls, below /v1/payments:
POST (makes one), GET (lists), GET /ID, POST /ID/cancel, POST /ID/refunds.
"""

import hashlib
import hmac
import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import quote

from kassa.config import Settings
from kassa.errors import Invalid
from kassa.money import Money
from kassa.payments.providers.http import Client, Unreachable
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
from kassa.payments.providers.reading import json_object, moment, part, same, text, whole

STATES = {
    "new": State.WAITING,
    "expired": State.EXPIRED,
    "canceled": State.CANCELED,
    "refused": State.FAILED,
    "paid": State.PAID,
}
WHY = {401: Why.CONFIGURATION, 402: Why.DECLINED, 422: Why.LIMIT, 429: Why.DOWN}


def from_settings(settings: Settings) -> "Tinypay | None":
    """Kassa's settings are its own; another's come from the environment."""
    key, secret = os.environ.get("TINYPAY_KEY"), os.environ.get("TINYPAY_SECRET", "")
    return Tinypay(key, [each for each in secret.split(",") if each]) if key else None


class No(Exception):
    """A refusal in words: nothing has happened."""

    def __init__(self, status: int, words: object) -> None:
        self.status = status
        self.declined = Declined(WHY.get(status, Why.INVALID), f"{status}: {words}")
        super().__init__(self.declined.detail)


class Tinypay(Provider):
    name = "tinypay"
    headers = frozenset({"tinypay-signature"})  # kept with a callback, for a person to look at
    abilities = Abilities(refund="api", find=True)
    methods = (Method("card", ("USD", "EUR"), least={"USD": 100, "EUR": 100}),)

    def __init__(
        self, key: str, secrets: Sequence[str], *, base_url: str = "https://api.tinypay.example"
    ) -> None:
        """Two secrets while one is rotated: the new one first."""
        self._secrets = tuple(secrets)
        self._client = Client(base_url, headers={"authorization": f"Bearer {key}"})

    async def close(self) -> None:
        await self._client.close()

    # -- asking

    async def create(self, order: Order) -> Created | Declined | Unknown:
        body = {
            "order": order.key,
            "amount": order.amount.amount,
            "currency": order.amount.currency,
            "title": order.description,
            "back": order.return_url,
            "until": order.expires_at.timestamp() if order.expires_at else None,
        }
        try:
            return _created(await self._ask("POST", "", body, key=order.key))
        except No as no:
            return no.declined
        except Unreachable as error:  # before Mute, of which it is one
            return Declined(Why.DOWN, str(error))
        except Mute as error:
            return Unknown(str(error))

    async def status(self, ref: str) -> Report:
        return _answered(await self._look(_path(ref)))

    async def find(self, order: Order) -> Created | None:
        items = _items(await self._look(f"?order={order.key}"))
        return _created(items[0]) if items else None

    async def cancel(self, ref: str) -> None:
        with suppress(No):  # it is paid, or over
            await self._ask("POST", f"{_path(ref)}/cancel")

    async def list(self, since: datetime, until: datetime) -> AsyncIterator[Report]:
        page = f"?since={since.timestamp()}&until={until.timestamp()}"
        while page:
            answer = await self._look(page)
            for item in _items(answer):
                yield _answered(item)
            page = text(answer, "next", empty=True)

    async def refund(self, back: GiveBack) -> Refunded | Declined | Unknown:
        body = {"amount": back.amount.amount, "reason": back.reason}
        try:
            made = await self._ask("POST", f"{_path(back.ref)}/refunds", body, key=back.key)
            return Refunded(text(made, "id"), done=text(made, "state") == "done")
        except No as no:
            return no.declined
        except Unreachable as error:
            return Declined(Why.DOWN, str(error))
        except (Mute, Refused) as error:
            return Unknown(str(error))

    async def find_refund(self, back: GiveBack) -> Refunded | Declined | Unknown:
        """Tinypay never forgets a key, so asking again is looking."""
        return await self.refund(back)

    async def _ask(
        self, verb: str, path: str, body: object = None, *, key: str = ""
    ) -> dict[str, Any]:
        headers = {"idempotency-key": key} if key else {}
        asked = f"/v1/payments{path}"
        status, answer = await self._client.call(verb, asked, body=body, headers=headers)
        if 400 <= status < 500:
            raise No(status, answer)
        if status >= 300 or not isinstance(answer, dict):
            raise Mute(f"Tinypay answers {status}.")
        return answer

    async def _look(self, path: str) -> dict[str, Any]:
        try:
            return await self._ask("GET", path)
        except No as no:
            if no.status == 404:
                raise NoSuchPayment("Tinypay knows no such payment.") from None
            raise Mute(f"Tinypay does not tell: {no}") from None

    # -- callbacks

    def verify(self, callback: Callback, *, at: datetime) -> None:
        given = callback.headers.get("tinypay-signature", "").split(",")
        for secret in self._secrets:
            if any(same(each, _signature(secret, callback.body)) for each in given):
                return
        raise Refused("The signature is wrong.", 403)

    def parse(self, callback: Callback) -> Incoming:
        said = json_object(callback.body)
        return Incoming(text(said, "id"), text(said, "type"), (_read(part(said, "payment")),))

    def simulate(self, report: Report, *, at: datetime, forged: bool = False) -> Callback:
        names = {state: name for name, state in STATES.items()}
        amount = report.amount or Money.zero("USD")
        payment = {
            "id": report.ref,
            "order": report.key,
            "state": names.get(report.state, "new"),
            "currency": amount.currency,
            "amount": amount.amount,
            "paid": amount.amount,
            "fee": report.fee.amount if report.fee else 0,
            "refunded": report.refunded.amount if report.refunded else 0,
            "paid_at": at.timestamp(),
        }
        told = {"id": f"simulated-{at.timestamp()}", "type": "simulated", "payment": payment}
        body = json.dumps(told).encode()
        secret = "nobody's" if forged or not self._secrets else self._secrets[0]
        return Callback(body, {"tinypay-signature": _signature(secret, body)})

    async def check(self) -> Sequence[Finding]:
        try:
            await self._ask("GET", "?order=doctor")
        except No as no:
            return [Finding("credentials", False, str(no))]
        except Mute as error:
            return [Finding("credentials", None, str(error))]
        return [Finding("credentials", True)]


# -- reading


def _read(payment: Mapping[str, Any]) -> Report:
    """What anybody may have sent; Refused where it cannot be understood."""
    state, currency = STATES.get(text(payment, "state")), text(payment, "currency")
    if state is None:
        raise Refused("The state is none that is known.")
    ref, key = text(payment, "id"), text(payment, "order", empty=True)
    if state is not State.PAID:
        return Report(ref, state, key)
    try:
        paid, fee, refunded = (
            Money(whole(payment, name), currency) for name in ("paid", "fee", "refunded")
        )
    except Invalid as error:
        raise Refused(str(error)) from None
    at = moment(payment.get("paid_at"))
    return Report(ref, state, key, amount=paid, fee=fee, refunded=refunded, at=at)


def _answered(payment: object) -> Report:
    """What an answer to us says; what cannot be read there will be asked for again."""
    try:
        return _read(part({"payment": payment}, "payment"))
    except Refused as error:
        raise Mute(f"Tinypay's answer: {error}") from None


def _items(answer: Mapping[str, Any]) -> Sequence[Any]:
    items = answer.get("items")
    if not isinstance(items, list):
        raise Mute("Tinypay's answer is no list.")
    return items


def _created(payment: Mapping[str, Any]) -> Created:
    ref, url = _answered(payment).ref, payment.get("url")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise Mute("Tinypay's answer has no address to pay at.")
    return Created(ref, Checkout(url=url, expires_at=moment(payment.get("until"))))


def _path(ref: str) -> str:
    return f"/{quote(ref, safe='')}"


def _signature(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
