"""Crypto Pay: invoices in coins, or priced in fiat and paid in coins; transfers to people."""

import hashlib
import hmac
import json
from typing import ClassVar

from tgsandbox.providers.bank import (
    Impossible,
    Json,
    Letter,
    Payment,
    Refused,
    Request,
    Response,
    call,
)
from tgsandbox.providers.cryptopay_assets import ASSETS, FIATS, SWAPS, in_asset, minor, rate, shown
from tgsandbox.providers.cryptopay_coins import Coins
from tgsandbox.providers.cryptopay_wire import (
    error,
    fields_of,
    flag,
    ids_of,
    iso,
    ok,
    paged,
    plain,
    text,
    whole,
    wrong,
)
from tgsandbox.providers.records import Callback
from tgsandbox.providers.shop import Route

FEE = 3  # percent
LONGEST = 2_678_400
BUTTONS = ("viewItem", "openChannel", "openBot", "callback")
TRIES = 17


class CryptoPay(Coins):
    provider = "cryptopay"
    title = "Crypto Pay"
    # Three days in all; how they are divided nobody says.
    ladder = (
        *(10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200),
        *(14400, 21600, 28800, 43200, 57600, 78680),
    )
    own_faults: ClassVar = ("limit",)

    @property
    def credentials(self) -> dict[str, str]:
        return {"token": self.callback_secret(self._rotations)}

    def callback_secret(self, generation: int) -> str:
        """The token: calls carry it and callbacks are signed with it."""
        return f"{self.app_id}:TEST{self.secret('token', str(generation), length=28)}"

    def owns(self, request: Request) -> bool:
        return request.headers["crypto-pay-api-token"] == self.credentials["token"]

    @classmethod
    def stranger(cls, request: Request) -> Response:
        return error(401, "UNAUTHORIZED")

    def trouble(self, status: int, what: str = "") -> Response:
        if status in (404, 405):
            return error(405, "METHOD_NOT_FOUND")
        names = {429: "TOO_MANY_REQUESTS", 503: "SERVICE_UNAVAILABLE"}
        return error(status, what or names.get(status, "APP_ERROR"))

    def answer(self, request: Request, route: Route, spoilt: int = 0) -> Response:
        if request.fault == "limit":
            return self.trouble(429)
        return super().answer(request, route, spoilt)

    # --- invoices

    @call("create", "GET", "/api/createInvoice")
    @call("create", "POST", "/api/createInvoice")
    def create_invoice(self, request: Request) -> Response:
        given = fields_of(request)
        kind = given.get("currency_type", "crypto")
        if kind not in ("crypto", "fiat"):
            wrong("CURRENCY_TYPE_INVALID")
        known, name = (FIATS, "fiat") if kind == "fiat" else (ASSETS, "asset")
        currency = str(given.get(name))
        if currency not in known:
            wrong(f"{name.upper()}_INVALID")
        amount = minor(given.get("amount"), currency)
        if amount is None:
            wrong("AMOUNT_INVALID")
        lives = whole(given, "expires_in", 1, LONGEST, 0)
        data = {"accepted": _accepted(given, kind), **_extras(given)}
        now = self.now()
        payment = self.add(
            Payment(
                ref=str(self._next("invoice")),
                key=data.get("payload", ""),
                amount=amount,
                currency=currency,
                created=now,
                expires=now + lives if lives else 0.0,
                title=data.get("description", ""),
                success_url=data.get("paid_btn_url", ""),
                data=data | {"hash": f"IV{self.new_id(length=10)}"},
            )
        )
        return ok(self._shown(payment))

    @call("cancel", "GET", "/api/deleteInvoice")
    @call("cancel", "POST", "/api/deleteInvoice")
    def delete_invoice(self, request: Request) -> Response:
        payment = self.find(str(fields_of(request).get("invoice_id")))
        if payment is None or payment.state == "canceled":
            wrong("INVOICE_NOT_FOUND")
        if payment.state == "paid":
            wrong("INVOICE_ALREADY_PAID")
        payment.state = "canceled"
        return ok(True)

    @call("status", "GET", "/api/getInvoices")
    @call("status", "POST", "/api/getInvoices")
    def get_invoices(self, request: Request) -> Response:
        """Newest first. Deleted ones are gone."""
        given = fields_of(request)
        if str(given.get("asset", "TON")) not in ASSETS:
            wrong("ASSET_INVALID")
        if str(given.get("fiat", "USD")) not in FIATS:
            wrong("FIAT_INVALID")
        if given.get("status", "active") not in ("active", "paid"):
            wrong("STATUS_INVALID")
        ids = ids_of(given, "invoice_ids")
        found = [
            self._shown(each)
            for each in reversed(self.payments)
            if each.state != "canceled" and (ids is None or each.ref in ids)
        ]
        wanted = {name: given[name] for name in ("asset", "fiat", "status") if name in given}
        return paged(given, [each for each in found if wanted.items() <= each.items()])

    # --- what payers and the provider do

    async def pay(
        self,
        ref: str,
        *,
        amount: int | None = None,
        currency: str | None = None,
        again: bool = False,
        asset: str | None = None,
    ) -> Payment:
        """`asset` is the coin that an invoice priced in fiat is paid with, else the first that
        it accepts."""
        return await super().pay(ref, amount=amount, currency=asset or currency, again=again)

    def do_pay(self, payment: Payment, amount: int, currency: str, again: bool) -> None:
        """An invoice is paid once, in full and in time, or not at all."""
        if again or payment.state != "waiting":
            raise Impossible(f"Invoice {payment.ref} is {payment.state}: it cannot be paid.")
        if amount != payment.amount:
            raise Impossible(f"Invoice {payment.ref} is paid in full or not at all.")
        asset = self._coin(payment, currency)
        came = self._price(payment, asset)
        fee = came * FEE // 100
        payment.state, payment.method = "paid", asset
        payment.paid, payment.paid_currency, payment.paid_at = came, asset, self.now()
        self.book("paid", payment, came, charge=payment.ref, currency=asset)
        self.book("fee", payment, fee, charge=payment.ref, currency=asset)
        if self.webhook_is_on:
            self.tell("invoice_paid", payment)

    def do_expire(self, payment: Payment) -> None:
        """Nobody is told."""
        payment.state = "expired"
        payment.expires = min(payment.expires or self.now(), self.now())

    def do_cancel(self, payment: Payment) -> None:
        """As deleteInvoice does."""
        if payment.state == "paid":
            raise Impossible(f"Invoice {payment.ref} is paid: it cannot be deleted.")
        payment.state = "canceled"

    # --- callbacks

    @property
    def webhook_is_on(self) -> bool:
        """Seventeen tries without an answer, and nothing more is sent until somebody turns the
        webhook on again."""
        since = self.memory.get("webhook_since", 0.0)
        return not any(
            each.number >= TRIES and each.at >= since and not self.takes(each.status or 0)
            for each in self.sent
        )

    def turn_webhook_on(self) -> None:
        self.memory["webhook_since"] = self.now()
        self.bank.changed()

    def payload(self, payment: Payment, event: str, changes: Json) -> Json:
        """The changes are the invoice's."""
        return {
            "update_id": self._next("update"),
            "update_type": "invoice_paid",
            "request_date": "",  # of each try
            "payload": self._shown(payment, paid=True) | changes,
        }

    def letter(self, callback: Callback, *, at: float, secrets: list[str]) -> Letter:
        said = callback.payload | {"request_date": iso(at)}
        body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
        key = hashlib.sha256(secrets[0].encode()).digest()
        signature = hmac.new(key, body, hashlib.sha256).hexdigest()
        headers = {"content-type": "application/json", "crypto-pay-api-signature": signature}
        return Letter(callback.url, body, headers)

    # --- its own

    def _coin(self, payment: Payment, currency: str) -> str:
        accepted: list[str] = payment.data["accepted"] or [payment.currency]
        asset = accepted[0] if currency == payment.currency else currency
        if asset not in accepted:
            raise Impossible(f"Invoice {payment.ref} takes {', '.join(accepted)}, not {asset}.")
        return asset

    def _price(self, payment: Payment, asset: str) -> int:
        if payment.currency == asset:
            return payment.amount
        return in_asset(payment.amount, payment.currency, asset)

    def _shown(self, payment: Payment, *, paid: bool = False) -> Json:
        """The invoice; with `paid` as it will be when it is paid."""
        paid = paid or payment.state == "paid"
        data, fiat, page = payment.data, payment.currency in FIATS, self.page_of(payment.ref)
        status = {"waiting": "active", "canceled": "expired"}.get(payment.state, payment.state)
        invoice: Json = {
            "invoice_id": int(payment.ref),
            "hash": data["hash"],
            "currency_type": "fiat" if fiat else "crypto",
            "fiat" if fiat else "asset": payment.currency,
            "amount": shown(payment.amount, payment.currency),
            "pay_url": page,
            "bot_invoice_url": page,
            "mini_app_invoice_url": page,
            "web_app_invoice_url": page,
            "status": "paid" if paid else status,
            "created_at": iso(payment.created),
            "allow_comments": data["allow_comments"],
            "allow_anonymous": data["allow_anonymous"],
        }
        if fiat:
            invoice["accepted_assets"] = data["accepted"]
        if payment.expires:
            invoice["expiration_date"] = iso(payment.expires)
        for name in ("description", "payload", "swap_to", "paid_btn_name", "paid_btn_url"):
            if name in data:
                invoice[name] = data[name]
        if paid:
            invoice |= self._how_paid(payment)
            invoice |= (
                {"hidden_message": data["hidden_message"]} if "hidden_message" in data else {}
            )
        return invoice

    def _how_paid(self, payment: Payment) -> Json:
        asset = payment.method or self._coin(payment, payment.currency)
        came = payment.paid or self._price(payment, asset)
        fee = came * FEE // 100
        said: Json = {
            "paid_at": iso(payment.paid_at or self.now()),
            "paid_anonymously": False,
            "fee_asset": asset,
            "fee_amount": shown(fee, asset),
            "paid_usd_rate": plain(ASSETS[asset].usd),
        }
        if payment.currency in FIATS:
            said["paid_asset"] = asset
            said["paid_amount"] = shown(came, asset)
            said["paid_fiat_rate"] = plain(rate(asset, payment.currency))
        if "swap_to" in payment.data:
            said["is_swapped"] = False
        return said


def _accepted(given: Json, kind: str) -> list[str]:
    """The coins that an invoice priced in fiat can be paid with."""
    said = given.get("accepted_assets")
    if said is None:
        return list(ASSETS) if kind == "fiat" else []
    if not isinstance(said, str):
        raise Refused(error(500, "APP_ERROR"))  # as the real one does where a list is sent
    coins = [each.strip() for each in said.split(",")]
    if kind == "crypto" or any(each not in ASSETS for each in coins):
        wrong("ACCEPTED_ASSETS_INVALID")
    return coins


def _extras(given: Json) -> Json:
    found: Json = {}
    for name, most in (("description", 1024), ("hidden_message", 2048), ("payload", 4096)):
        if name in given:
            found[name] = text(given, name, most)
    for name in ("allow_comments", "allow_anonymous"):
        found[name] = flag(given, name)
    if "swap_to" in given:
        if given["swap_to"] not in SWAPS:
            wrong("SWAP_TO_INVALID")
        found["swap_to"] = given["swap_to"]
    if "paid_btn_name" in given:
        if given["paid_btn_name"] not in BUTTONS:
            wrong("PAID_BTN_NAME_INVALID")
        if not str(given.get("paid_btn_url", "")).startswith(("https://", "http://")):
            wrong("PAID_BTN_URL_INVALID")
        found |= {name: str(given[name]) for name in ("paid_btn_name", "paid_btn_url")}
    return found
