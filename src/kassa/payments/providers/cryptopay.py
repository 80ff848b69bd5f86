"""Crypto Pay (@CryptoBot): invoices in coins, or priced in a currency and paid in coins.

Its books have more decimals than ours: what arrived is rounded down and what was kept is rounded
up, so that ours never hold a unit that is not there. Money goes back as a transfer to the payer's
Telegram account, in the coins that came.
"""

import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from kassa import clock
from kassa.config import Settings
from kassa.errors import Invalid
from kassa.money import Money
from kassa.payments.providers.cryptopay_wire import (
    STATES,
    No,
    answered,
    reference_of,
    report_of,
    share_of,
    spend_id_of,
    transferred,
    url_of,
    written,
)
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

_WORDS = {state: word for word, state in STATES.items()}

LONGEST = timedelta(days=31)  # that an invoice may wait
_PAGE = 1000  # invoices in an answer
_OVERLAP = 100  # between pages: those that go meanwhile must not hide others


def from_settings(settings: Settings) -> "CryptoPay | None":
    tokens = [each for each in settings.cryptopay_token.reveal().split(",") if each.strip()]
    if not tokens:
        return None
    return CryptoPay(
        [each.strip() for each in tokens],
        base_url=settings.cryptopay_base_url,
        assets=settings.cryptopay_assets,
        fiat=settings.cryptopay_fiat,
    )


class CryptoPay(Provider):
    name = "cryptopay"
    headers = frozenset({"crypto-pay-api-signature"})
    abilities = Abilities(refund="transfer", find=True)

    def __init__(
        self,
        tokens: Sequence[str],
        *,
        base_url: str = "https://pay.crypt.bot",
        assets: Sequence[str] = ("USDT", "TON", "BTC"),
        fiat: Sequence[str] = ("USD", "EUR", "RUB"),
    ) -> None:
        self._assets, self._fiat = tuple(assets), tuple(fiat)
        self.methods = (Method("crypto", self._assets + self._fiat),)
        self._keys = [hashlib.sha256(each.encode()).digest() for each in tokens]
        self._client = Client(base_url, headers={"Crypto-Pay-API-Token": tokens[0]})

    async def close(self) -> None:
        await self._client.close()

    # -- invoices

    async def create(self, order: Order) -> Created | Declined | Unknown:
        """Sent again, it makes a second invoice: Crypto Pay knows no keys. Look with `find`."""
        body = self._asked(order)
        if isinstance(body, Declined):
            return body
        try:
            return self._created(await self._ask("createInvoice", body))
        except Unreachable as error:
            return Declined(Why.DOWN, str(error))
        except (Mute, Refused) as error:
            return Unknown(str(error))
        except No as no:
            return Declined(no.why, str(no))

    def _asked(self, order: Order) -> dict[str, object] | Declined:
        currency = order.amount.currency
        if currency in self._assets:
            priced: dict[str, object] = {"currency_type": "crypto", "asset": currency}
        elif currency in self._fiat:
            accepted = ",".join(self._assets)
            priced = {"currency_type": "fiat", "fiat": currency, "accepted_assets": accepted}
        else:
            return Declined(Why.INVALID, f"Crypto Pay is not set up for {currency}.")
        left = order.expires_at - clock.now() if order.expires_at else LONGEST
        if left <= timedelta(0):
            return Declined(Why.INVALID, "The order is over.")
        more = {"description": order.description[:1024]}
        if order.return_url.startswith(("https://", "http://")):
            more |= {"paid_btn_name": "callback", "paid_btn_url": order.return_url}
        return {
            **priced,
            "amount": written(order.amount),
            "payload": order.key,
            "expires_in": max(1, int(min(left, LONGEST).total_seconds())),
            **{name: value for name, value in more.items() if value},
        }

    async def status(self, ref: str) -> Report:
        if not re.fullmatch("[0-9]{1,18}", ref):
            raise NoSuchPayment("Crypto Pay's invoices have numbers.")
        for invoice in await self._invoices({"invoice_ids": ref}):
            if reference_of(invoice) == ref:
                return answered(invoice)
        raise NoSuchPayment("Crypto Pay knows no such invoice.")

    async def find(self, order: Order) -> Created | None:
        since = order.created_at or clock.now() - LONGEST
        async for invoice in self._recent({}, since - timedelta(minutes=10)):
            if invoice.get("payload") == order.key:
                try:
                    return self._created(invoice)
                except Refused as error:
                    raise Mute(f"Crypto Pay's invoice: {error}") from None
        return None

    async def list(self, since: datetime, until: datetime) -> AsyncIterator[Report]:
        """What cannot be read (a coin that is not in the books) is told of after all the rest."""
        unread: Mute | None = None
        async for invoice in self._recent({"status": "paid"}, since - LONGEST):
            paid_at = moment(invoice.get("paid_at"))
            if paid_at is None or since <= paid_at <= until:
                try:
                    report = answered(invoice)
                except Mute as mute:
                    unread = mute
                else:
                    yield report
        if unread:
            raise unread

    async def cancel(self, ref: str) -> None:
        """Deletes it: nobody can pay it then. One that is paid already stays."""
        if re.fullmatch("[0-9]{1,18}", ref):
            try:
                await self._ask("deleteInvoice", {"invoice_id": int(ref)})
            except No as no:
                if no.why is Why.CONFIGURATION:
                    raise Mute(f"Crypto Pay: {no}") from None

    async def _recent(
        self, which: Mapping[str, object], since: datetime
    ) -> AsyncIterator[dict[str, Any]]:
        """Back to those that were made at `since`; some may come twice."""
        offset = 0
        while True:
            page = await self._invoices({**which, "count": _PAGE, "offset": offset})
            for invoice in page:
                yield invoice
            if len(page) < _PAGE:
                return
            first, last = (moment(page[at].get("created_at")) for at in (0, -1))
            if first and last and last <= first and last < since:  # newest first, as it should be
                return
            offset += _PAGE - _OVERLAP

    async def _invoices(self, query: Mapping[str, object]) -> Sequence[dict[str, Any]]:
        return await self._items("getInvoices", query)

    def _created(self, invoice: object) -> Created:
        if not isinstance(invoice, dict):
            raise Refused("It is no invoice.")
        said = report_of(invoice)
        checkout = Checkout(
            url=url_of(invoice.get("bot_invoice_url")),
            mini_app_url=url_of(invoice.get("mini_app_invoice_url")),
            expires_at=moment(invoice.get("expiration_date")),
        )
        if not checkout.url:
            raise Refused("There is no address to pay at.")
        return Created(said.ref, checkout, said if said.state is not State.WAITING else None)

    # -- money back

    async def refund(self, back: GiveBack) -> Refunded | Declined | Unknown:
        if back.payer.telegram_id is None:
            return Declined(Why.INVALID, "Crypto Pay sends to a Telegram account: whose is it?")
        try:
            coins = share_of(back, back.received or await self._received(back))
        except (Mute, NoSuchPayment) as error:
            return Declined(Why.DOWN, f"What had arrived is not known: {error}")
        except Invalid as error:
            return Declined(Why.INVALID, str(error))
        return await self._transfer(back, back.payer.telegram_id, coins)

    async def _transfer(
        self, back: GiveBack, to: int, coins: Money
    ) -> Refunded | Declined | Unknown:
        body = {
            "user_id": to,
            "asset": coins.currency,
            "amount": written(coins),
            "spend_id": spend_id_of(back.key),
        }
        try:
            done = await self._ask("transfer", body)
        except Unreachable as error:
            return Declined(Why.DOWN, str(error))
        except Mute as error:
            return Unknown(str(error))
        except No as no:
            # It takes a spend_id only once: "no" may mean that it is done. Its words for that are
            # not documented, so the transfer itself is looked for.
            found = await self.find_refund(back)
            return Declined(no.why, str(no)) if isinstance(found, Declined) else found
        return transferred(done) or Unknown("Crypto Pay's transfer has no number.")

    async def find_refund(self, back: GiveBack) -> Refunded | Declined | Unknown:
        spend_id = spend_id_of(back.key)
        try:
            for item in await self._items("getTransfers", {"spend_id": spend_id}):
                if item.get("spend_id") == spend_id and (found := transferred(item)):
                    return found
        except Mute as error:
            return Unknown(str(error))
        return Declined(Why.DECLINED, "Crypto Pay has made no such transfer.")

    async def _received(self, back: GiveBack) -> Money:
        if back.paid.currency in self._assets:
            return back.paid
        report = await self.status(back.ref)
        if report.received is None:
            raise Mute("Crypto Pay does not say what was paid.")
        return report.received

    # -- asking

    async def _ask(self, method: str, body: Mapping[str, object] | None = None) -> object:
        status, answer = await self._client.call("POST", f"/api/{method}", body=dict(body or {}))
        if status >= 500 or 300 <= status < 400:
            raise Mute(f"Crypto Pay answers {status} to {method}.")
        if status >= 400 or (isinstance(answer, dict) and answer.get("ok") is False):
            raise No(status, answer)
        if not isinstance(answer, dict) or answer.get("ok") is not True:
            raise Mute(f"Crypto Pay's answer to {method} is none.")
        return answer.get("result")

    async def _items(self, method: str, query: Mapping[str, object]) -> Sequence[dict[str, Any]]:
        try:
            result = await self._ask(method, query)
        except No as no:
            raise Mute(f"Crypto Pay does not tell: {no}") from None
        if isinstance(result, dict):
            result = result.get("items")
        if not isinstance(result, list) or not all(isinstance(each, dict) for each in result):
            raise Mute(f"Crypto Pay's answer to {method} is no list.")
        return result

    # -- callbacks

    def verify(self, callback: Callback, *, at: datetime) -> None:
        """Over all of the body; for three days it is sent again, so its age proves nothing."""
        given = callback.headers.get("crypto-pay-api-signature")
        for key in self._keys:
            if same(given, hmac.new(key, callback.body, hashlib.sha256).hexdigest()):
                return
        raise Refused("The signature is wrong.", 403)

    def parse(self, callback: Callback) -> Incoming:
        update = json_object(callback.body, numbers=str)
        kind = text(update, "update_type", most=50)
        if kind != "invoice_paid":
            return Incoming(f"{kind}:{whole(update, 'update_id')}", kind)
        report = report_of(part(update, "payload"))
        return Incoming(f"{kind}:{report.ref}", kind, (report,))

    def simulate(self, report: Report, *, at: datetime, forged: bool = False) -> Callback:
        invoice: dict[str, Any] = {
            "invoice_id": int(report.ref),
            "hash": "SIMULATED",
            "status": _WORDS.get(report.state, "active"),
            "payload": report.key,
            "created_at": at.isoformat(),
            "bot_invoice_url": "https://t.me/CryptoBot?start=SIMULATED",
        }
        amount = report.amount or Money.zero(self._assets[0])
        kind = "crypto" if amount.currency in self._assets else "fiat"
        unit = "asset" if kind == "crypto" else "fiat"
        invoice |= {"currency_type": kind, unit: amount.currency, "amount": written(amount)}
        if report.state is State.PAID:
            invoice["paid_at"] = (report.at or at).isoformat()
        for name, money in (("paid", report.received), ("fee", report.fee)):
            if money is not None:
                invoice |= {f"{name}_asset": money.currency, f"{name}_amount": written(money)}
        update = {
            "update_id": int(report.ref),
            "update_type": "invoice_paid",
            "request_date": at.isoformat(),
            "payload": invoice,
        }
        body = json.dumps(update).encode()
        signed = hmac.new(self._keys[0], body + (b"!" if forged else b""), hashlib.sha256)
        return Callback(body, {"crypto-pay-api-signature": signed.hexdigest()})

    # -- the doctor

    async def check(self) -> Sequence[Finding]:
        try:
            app = await self._ask("getMe")
        except (Mute, No) as error:
            return [Finding("credentials", False if isinstance(error, No) else None, str(error))]
        name = app.get("name") if isinstance(app, dict) else None
        found = [Finding("credentials", True, f"the app {name}"), await self._known()]
        now = clock.now()
        paid = Report("1", State.PAID, amount=Money(1, self._assets[0]))
        try:
            self.verify(self.simulate(paid, at=now), at=now)
            found.append(Finding("signature", True))
        except Refused as error:
            found.append(Finding("signature", False, str(error)))
        return found

    async def _known(self) -> Finding:
        """Whether it still takes what the settings offer."""
        try:
            codes = {each.get("code") for each in await self._items("getCurrencies", {})}
        except Mute as error:
            return Finding("currencies", None, str(error))
        missing = [each for each in self._assets + self._fiat if each not in codes]
        return Finding("currencies", not missing, f"not there: {', '.join(missing) or 'none'}")
