"""1Plat: requisites that a person transfers money to, by hand.

Where nobody outside knows how the real one does it there is a switch, an attribute of the shop."""

import hashlib
import hmac
import uuid
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, ClassVar, Literal
from urllib.parse import urlencode

from tgsandbox.providers.bank import (
    Impossible,
    Json,
    Letter,
    Payment,
    Refused,
    Request,
    Response,
    Shop,
    call,
    json_response,
)
from tgsandbox.providers.oneplat_wire import error, iso, object_of, stringified, text, wrong
from tgsandbox.providers.records import Callback
from tgsandbox.providers.shop import Route

NO_REQUISITES, DRAFT, WAITING, PAID, CONFIRMED = -2, -1, 0, 1, 2
METHODS = ("card", "sbp", "qr", "crypto")
ASSETS = {"USDT": "90.00", "TRX": "25.00"}  # what one is in rubles
LEAST = {"crypto": 1}  # rubles
LEAST_ELSEWHERE, MOST = 100, 500_000
LIFETIME = 30 * 60
TO_SHOP = 85  # percent of what was paid
RUBLE = 100
_ON_THE_WAY = {"paid": PAID, "confirmed": CONFIRMED, "failed": NO_REQUISITES}


class OnePlat(Shop):
    provider = "oneplat"
    title = "1Plat"
    ladder = (60, 300, 900, 3600)
    own_faults: ClassVar = ("no_requisites", "limit")

    unit: Literal["kopecks", "rubles"] = "kopecks"  # rubles are whole ones, as it rounds
    callback_method: Literal["POST", "GET"] = "POST"
    callback_shape: Literal["flat", "payload"] = "flat"  # what is signed in an object of its own
    signatures: tuple[str, ...] = ("signature", "signature_v2")  # those that callbacks carry
    says_order_id = False  # merchant_order_id in callbacks
    unique_order_ids = False  # a merchant_order_id is taken only once
    refuses_in_words = False  # no requisites: an error without an order, instead of status -2
    # What a second transfer becomes: another payment id of the same guid, or another guid of
    # the same merchant_order_id.
    again_is: Literal["payment", "order"] = "payment"

    @property
    def credentials(self) -> dict[str, str]:
        return {
            "shop_id": str(1000 + self._number("shop") % 9000),
            "secret": self.callback_secret(self._rotations),
            "merchant_id": str(100 + self._number("merchant") % 900),
        }

    def callback_secret(self, generation: int) -> str:
        """The one of the headers, too: 1Plat has no other."""
        return f"TEST{self.secret('secret', str(generation), length=28).upper()}"

    def owns(self, request: Request) -> bool:
        mine = self.credentials
        given = request.headers["x-shop"], request.headers["x-secret"]
        return given == (mine["shop_id"], mine["secret"])

    @classmethod
    def stranger(cls, request: Request) -> Response:
        return error(401, "Магазин не найден или неверный секретный ключ")

    def trouble(self, status: int, what: str = "") -> Response:
        words = {
            404: "Метод не найден",
            405: "Метод не поддерживается",
            429: "Слишком много запросов, подождите минуту",
            503: "Сервис временно недоступен",
        }
        return error(status, what or words.get(status, "Внутренняя ошибка"))

    def answer(self, request: Request, route: Route, spoilt: int = 0) -> Response:
        if request.fault == "limit":
            return self.trouble(429)
        return super().answer(request, route, spoilt)

    # --- calls

    @call("create", "POST", "/api/merchant/order/create/by-api")
    def create(self, request: Request) -> Response:
        given = object_of(request)
        key, user = text(given, "merchant_order_id"), text(given, "user_id")
        if not user.isdecimal():
            raise wrong("user_id должен быть числом")
        email = given.get("email") or ""
        if not isinstance(email, str) or (email and "@" not in email):
            raise wrong("email указан неверно")
        method = given.get("method") or ""
        if method and method not in METHODS:
            raise wrong("Неизвестный method")
        asset = given.get("currency") if method == "crypto" else ""
        if method == "crypto" and asset not in ASSETS:
            raise wrong("currency должен быть USDT или TRX")
        amount = self._within(self._amount_in(given.get("amount")), method)
        if self.unique_order_ids and any(each.key == key for each in self.payments):
            raise wrong(f"Заказ {key} уже существует")
        if request.fault == "no_requisites" and self.refuses_in_words:
            raise wrong("Не удалось получить реквизиты, подождите минуту")
        payment = self._new_order(key, user, amount)
        if request.fault == "no_requisites":
            payment.state, payment.method = "failed", str(method)
            payment.data["transfers"][0]["status"] = NO_REQUISITES
        elif method:
            self._give_requisites(payment, str(method), str(asset))
        shown = self._shown(payment)
        return json_response(
            {"success": 1, "guid": payment.ref, "payment": shown, "url": self.page_of(payment.ref)}
        )

    @call("status", "GET", "/api/merchant/order/info/{guid}/by-api")
    def info(self, request: Request) -> Response:
        payment = self.find(request.parts["guid"])
        if payment is None:
            raise Refused(error(404, "Заказ не найден"))
        return json_response({"success": 1, "payment": self._shown(payment)})

    @call("list", "POST", "/api/merchant/order/list/by-api")
    def orders(self, request: Request) -> Response:
        """A row for each payment id, so a guid that was paid twice is there twice."""
        given = object_of(request)
        try:
            start = datetime.strptime(f"{text(given, 'date_start')}Z", "%Y-%m-%d %H:%M:%S%z")
        except ValueError:
            raise wrong("date_start должен быть в формате Y-m-d H:i:s") from None
        since = start.timestamp()
        status = given.get("status")
        if status is not None and str(status) not in ("-2", "-1", "0", "1", "2"):
            raise wrong("Неизвестный status")
        rows = [
            self._shown(payment, transfer)
            for payment in self.payments
            if payment.created >= since
            for transfer in payment.data["transfers"]
            if status is None or transfer["status"] == int(status)
        ]
        return json_response({"success": 1, "payments": rows})

    @call("methods", "GET", "/api/merchant/payments/methods/by-api")
    def methods(self, request: Request) -> Response:
        systems = [
            {"system_group": each, "min": LEAST.get(each, LEAST_ELSEWHERE), "max": MOST}
            for each in METHODS
        ]
        return json_response({"success": 1, "systems": systems})

    # --- what payers and the provider do

    def do_pay(self, payment: Payment, amount: int, currency: str, again: bool) -> None:
        """The callback, the info and the books say what came. Also late; 1Plat never says
        another currency, whatever a payer sends."""
        if currency != payment.currency:
            raise Impossible(f"1Plat speaks of {payment.currency} only.")
        self._amount_out(amount)
        if payment.state == "draft":
            self._give_requisites(payment, "card")
        if not payment.data["note"]:
            raise Impossible(f"{payment.ref} has no requisites to pay to.")
        transfer = payment.data["transfers"][-1]
        if again and payment.state != "paid":
            raise Impossible(f"{payment.ref} has not been paid once yet.")
        if again and self.again_is == "order":
            payment = self._twin(payment)
            transfer = payment.data["transfers"][-1]
        elif again:
            transfer = {**transfer, "id": self._next_id()}
            payment.data["transfers"].append(transfer)
        to_shop = self._to_shop(amount)
        transfer |= {"status": PAID, "amount": amount, "amount_to_shop": to_shop}
        payment.state = "paid"
        payment.paid += amount
        payment.paid_currency = payment.currency
        payment.paid_at = self.now()
        charge = str(transfer["id"])
        self.book("paid", payment, amount, charge=charge)
        self.book("fee", payment, amount - to_shop, charge=charge)
        self.tell("paid", payment)

    async def confirm(self, ref: str) -> Payment:
        """Status 1 becomes 2; a shop hears of it by a second callback of the same payment."""
        payment = self.payment(ref)
        transfer = payment.data["transfers"][-1]
        if transfer["status"] != PAID:
            raise Impossible(f"{ref} has status {transfer['status']}: nothing to confirm.")
        transfer["status"] = CONFIRMED
        self.tell("confirmed", payment)
        return self._acted(payment)

    def do_decline(self, payment: Payment) -> None:
        payment.state = "failed"
        payment.data["transfers"][-1]["status"] = NO_REQUISITES
        self.tell("failed", payment)

    def do_expire(self, payment: Payment) -> None:
        """There is no status for it and no callback: `expired` has passed, that is all."""
        payment.state = "expired"
        payment.expires = min(payment.expires, self.now())

    def do_start(self, payment: Payment) -> None:
        """Who pays a draft chooses the card on its page."""
        if payment.state != "draft":
            raise Impossible(f"{payment.ref} waits for its transfer already.")
        self._give_requisites(payment, "card")

    # --- callbacks

    def payload(self, payment: Payment, event: str, changes: Json) -> Json:
        transfer = payment.data["transfers"][-1]
        said = {
            "payment_id": str(transfer["id"]),
            "guid": payment.ref,
            "merchant_id": self.credentials["merchant_id"],
            "user_id": payment.data["user_id"],
            "status": _ON_THE_WAY.get(event, transfer["status"]),
            "amount": self._amount_out(transfer["amount"]),
            "amount_to_pay": self._amount_out(transfer["amount_to_pay"]),
            "amount_to_shop": self._amount_out(transfer["amount_to_shop"]),
            "expired": iso(payment.expires),
        }
        if self.says_order_id:
            said["merchant_order_id"] = payment.key
        return said | changes

    def letter(self, callback: Callback, *, at: float, secrets: list[str]) -> Letter:
        said = callback.payload
        by_get = self.callback_method == "GET"
        if by_get:
            said = {name: str(value) for name, value in said.items()}
        secret, shop_id = secrets[0], self.credentials["shop_id"]
        md5 = f"{said.get('merchant_id', '')}{said.get('amount', '')}{shop_id}{secret}"
        made = {
            "signature": hmac.new(secret.encode(), stringified(said), hashlib.sha256).hexdigest(),
            "signature_v2": hashlib.md5(md5.encode(), usedforsecurity=False).hexdigest(),
        }
        body: Json = {name: made[name] for name in self.signatures} | said
        if by_get:
            joint = "&" if "?" in callback.url else "?"
            return Letter(f"{callback.url}{joint}{urlencode(body)}", method="GET")
        if self.callback_shape == "payload":
            body["payload"] = said
        return Letter(callback.url, stringified(body), {"content-type": "application/json"})

    def takes(self, status: int) -> bool:
        return status in (200, 201)

    # --- orders

    def _new_order(self, key: str, user: str, amount: int) -> Payment:
        now = self.now()
        transfer = {
            "id": self._next_id(),
            "status": DRAFT,
            "amount": amount,
            "amount_to_pay": amount,
            "amount_to_shop": self._to_shop(amount),
        }
        return self.add(
            Payment(
                ref=str(uuid.UUID(int=self.bank.random.getrandbits(128), version=4)),
                key=key,
                amount=amount,
                currency="RUB",
                state="draft",
                created=now,
                expires=now + LIFETIME,
                data={"user_id": user, "note": None, "transfers": [transfer]},
            )
        )

    def _twin(self, payment: Payment) -> Payment:
        """Another order for the transfer that nobody had asked for."""
        made = self._new_order(payment.key, payment.data["user_id"], payment.amount)
        made.method = payment.method
        made.data["note"] = payment.data["note"]
        return made

    def _give_requisites(self, payment: Payment, method: str, asset: str = "") -> None:
        payment.method = method
        payment.state = "waiting"
        to_pay = self._sum_of_its_own(payment)
        payment.data["transfers"][-1] |= {"status": WAITING, "amount_to_pay": to_pay}
        payment.data["note"] = self._note(payment, method, asset, to_pay)

    def _note(self, payment: Payment, method: str, asset: str, to_pay: int) -> Json:
        if method == "crypto":
            in_asset = Decimal(to_pay) / RUBLE / Decimal(ASSETS[asset])
            return {
                "currency": asset,
                "address": f"TSANDBOX{self.secret('address', payment.ref, length=8)}",
                "amount_in_currency": str(in_asset.quantize(Decimal("0.01"), ROUND_HALF_UP)),
                "amount_rub": self._amount_out(to_pay),
                "course": ASSETS[asset],
            }
        if method == "qr":
            link = f"{self.page_of(payment.ref)}?qr=1"
            picture = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="  # one dot
            return {"currency": "RUB", "qr": link, "qr_img": picture}
        to = {"phone": "+70000000000"} if method == "sbp" else {"pan": "2200 0000 0000 0000"}
        return {"currency": "RUB", **to, "bank": "ТЕСТБАНК", "fio": "ТЕСТОВЫЙ ПОЛУЧАТЕЛЬ"}

    def _sum_of_its_own(self, payment: Payment) -> int:
        """Whole rubles, one more for each transfer of that sum that is waited for."""
        taken = {
            each.data["transfers"][-1]["amount_to_pay"]
            for each in self.payments
            if each is not payment and each.state == "waiting" and each.method == payment.method
        }
        to_pay = -(-payment.amount // RUBLE) * RUBLE
        while to_pay in taken:
            to_pay += RUBLE
        return to_pay

    def _shown(self, payment: Payment, transfer: Json | None = None) -> Json:
        transfer = transfer or payment.data["transfers"][-1]
        return {
            "id": transfer["id"],
            "guid": payment.ref,
            "merchant_order_id": payment.key,
            "user_id": payment.data["user_id"],
            "method_group": payment.method or None,
            "status": transfer["status"],
            "amount": self._amount_out(transfer["amount"]),
            "amount_to_pay": self._amount_out(transfer["amount_to_pay"]),
            "amount_to_shop": self._amount_out(transfer["amount_to_shop"]),
            "expired": iso(payment.expires),
            "note": payment.data["note"],
        }

    # --- amounts: kopecks here, on the wire what `unit` says

    def _amount_in(self, given: Any) -> int:
        known = isinstance(given, str | int | Decimal) and not isinstance(given, bool)
        try:
            value = Decimal(str(given) if known else "")
        except InvalidOperation:
            raise wrong("amount должен быть числом") from None
        if not value.is_finite() or not 0 < value < 10**12:
            raise wrong("amount должен быть больше нуля")
        if self.unit == "rubles":
            return int(value.quantize(Decimal(1), ROUND_HALF_UP)) * RUBLE
        if value != value.to_integral_value():
            raise wrong("amount должен быть целым числом копеек")
        return int(value)

    def _amount_out(self, kopecks: int) -> int:
        if self.unit == "kopecks":
            return kopecks
        rubles, rest = divmod(kopecks, RUBLE)
        if rest:
            raise Impossible(f"1Plat that counts in rubles cannot say {kopecks} kopecks.")
        return rubles

    def _within(self, amount: int, method: Any) -> int:
        least = LEAST.get(method, LEAST_ELSEWHERE)
        if not least * RUBLE <= amount <= MOST * RUBLE:
            raise wrong(f"Сумма не укладывается в лимиты: от {least} до {MOST} руб.")
        return amount

    def _to_shop(self, amount: int) -> int:
        step = RUBLE if self.unit == "rubles" else 1
        shares = Decimal(amount) * TO_SHOP / 100 / step
        return int(shares.to_integral_value(ROUND_DOWN)) * step

    def _number(self, what: str) -> int:
        return int.from_bytes(hashlib.sha256(self.secret(what).encode()).digest()[:6])

    def _next_id(self) -> int:
        first = 100_000 + self._number("payments") % 900_000
        self.memory["last_id"] = found = int(self.memory.get("last_id", first)) + 1
        return found
