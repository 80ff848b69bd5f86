"""1Plat: cards, SBP, QR and crypto for rubles. The payer is shown where to send the money.

Its callbacks prove little (`signature_v2` covers neither status nor payment), there is no call
for refunds, and a lost answer is looked for in the list. Amounts are kopecks or rubles: clients
in public disagree, so a setting says which, and `check` looks for proof.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from kassa import clock
from kassa.config import Settings
from kassa.errors import Invalid
from kassa.money import Money
from kassa.payments.providers.http import Client, Unreachable
from kassa.payments.providers.oneplat_wire import (
    DECISIVE,
    No,
    fields_of,
    guid_of,
    limits,
    part_of,
    plain,
    requisites,
    signature,
    signature_v2,
    stringify,
)
from kassa.payments.providers.protocol import (
    Abilities,
    Callback,
    Checkout,
    Created,
    Declined,
    Finding,
    Incoming,
    Method,
    Mute,
    NoSuchPayment,
    Order,
    Provider,
    Refused,
    Report,
    Requisite,
    State,
    Unknown,
    Why,
)
from kassa.payments.providers.reading import moment, same, text

Unit = Literal["kopecks", "rubles"]

STATES = {
    -2: State.FAILED,  # nobody to take the money was found
    -1: State.WAITING,  # a draft: the payer has not chosen a method
    0: State.WAITING,
    1: State.PAID,
    2: State.PAID,  # and confirmed
}
_NUMBERS = {State.FAILED: -2, State.WAITING: 0, State.PAID: 1}

# A payment only ever moves up this list (and from 0 to -2): whoever asks for one status after the
# other in this order meets it, even if it moves meanwhile.
_LADDER = (-1, 0, 1, 2)

_LEAST, _MOST = {"RUB": 100_00}, {"RUB": 500_000_00}

_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")
_PROBE = Money(14500, "RUB")  # what `check` makes a draft of


def from_settings(settings: Settings) -> "OnePlat | None":
    secrets = _split(settings.oneplat_shop_secret.reveal())
    if not (settings.oneplat_shop_id and secrets):
        return None
    return OnePlat(
        settings.oneplat_shop_id,
        secrets,
        base_url=settings.oneplat_base_url,
        unit=settings.oneplat_amount_unit,
        merchant=settings.oneplat_merchant_id,
    )


def _split(secrets: str) -> tuple[str, ...]:
    return tuple(each for part in secrets.split(",") if (each := part.strip()))


# -- the provider ------------------------------------------------------------------


class OnePlat(Provider):
    name = "oneplat"
    abilities = Abilities(refund="person", find=True, signed=False, get=True)
    methods = (
        Method("card", ("RUB",), _LEAST, _MOST),
        Method("sbp", ("RUB",), _LEAST, _MOST),
        Method("qr", ("RUB",), _LEAST, _MOST),
        Method("crypto", ("RUB",), {"RUB": 1_00}, _MOST),
    )

    def __init__(
        self,
        shop: str,
        secrets: Sequence[str],
        *,
        base_url: str = "https://1plat.cash",
        unit: Unit = "kopecks",
        merchant: str = "",
    ) -> None:
        """Without `merchant`, any is taken that the shop's own secret has signed."""
        self._shop, self._merchant = shop, merchant
        self._secrets = tuple(secrets)
        self._unit: Unit = unit
        self._client = Client(base_url, headers={"x-shop": shop, "x-secret": self._secrets[0]})

    async def close(self) -> None:
        await self._client.close()

    # -- asking

    async def create(self, order: Order) -> Created | Declined | Unknown:
        """Without a method it is a draft: the payer chooses on 1Plat's own page."""
        if order.amount.currency != "RUB":
            return Declined(Why.INVALID, "1Plat takes rubles only.")
        if self._unit == "rubles" and order.amount.amount % 100:
            return Declined(Why.INVALID, "1Plat is set to take whole rubles.")
        try:
            answer = await self._ask("POST", "/order/create/by-api", self._asked(order))
            payment = part_of(answer, "payment")
            guid = guid_of(answer.get("guid") or payment.get("guid"))
            if not guid:
                raise Mute("1Plat's answer does not name the payment.")
            return self._created(guid, payment, answer, asked=bool(order.method))
        except Unreachable as error:
            return Declined(Why.DOWN, str(error))
        except Mute as error:
            return Unknown(str(error))
        except No as no:
            return Unknown(str(no)) if no.again else Declined(no.why, str(no))

    def _asked(self, order: Order) -> dict[str, object]:
        more = {
            "email": order.payer.email,
            "method": order.method,
            "currency": "USDT" if order.method == "crypto" else "",
        }
        return {
            "merchant_order_id": order.key,
            "user_id": order.user,
            "amount": self._written(order.amount),
            **{name: value for name, value in more.items() if value},
        }

    async def status(self, ref: str) -> Report:
        return self._report((await self._info(ref))[0], ref)

    async def find(self, order: Order) -> Created | None:
        since = order.created_at or clock.now() - timedelta(days=1)
        for status in _LADDER:
            for entry in await self._listed(since - timedelta(minutes=10), status):
                if plain(entry, "merchant_order_id") != order.key:
                    continue
                guid = guid_of(entry.get("guid"))
                if not guid:
                    raise Mute("1Plat's list does not name its payments.")
                payment, answer = await self._info(guid)
                made = self._created(guid, payment, answer, asked=bool(order.method))
                if isinstance(made, Created):
                    return made
        return None

    async def list(self, since: datetime, until: datetime) -> AsyncIterator[Report]:
        """By when they were made, a day earlier than asked: they are paid within hours. What
        cannot be read is told of after all the rest."""
        unread: Mute | None = None
        for status in (1, 2):
            for entry in await self._listed(since - timedelta(days=1), status):
                try:
                    report = self._report(entry, guid_of(entry.get("guid")))
                except Mute as mute:
                    unread = mute
                else:
                    yield report
        if unread:
            raise unread

    async def _info(self, ref: str) -> tuple[dict[str, Any], dict[str, Any]]:
        if not guid_of(ref):
            raise NoSuchPayment("1Plat has no payment of such a name.")
        try:
            answer = await self._ask("GET", f"/order/info/{ref}/by-api")
        except No as no:
            if no.missing:
                raise NoSuchPayment("1Plat knows no such payment.") from None
            raise Mute(f"1Plat does not tell: {no}") from None
        payment = part_of(answer, "payment")
        if (payment.get("guid") or ref) != ref:
            raise Mute("1Plat answers about another payment.")
        return payment, answer

    async def _listed(self, since: datetime, status: int) -> Sequence[dict[str, Any]]:
        # The zone of date_start is not documented. As UTC it is the earlier one of the two that
        # it may be, and so nothing is missed.
        begin = since.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        body = {"date_start": begin, "status": status}
        try:
            answer = await self._ask("POST", "/order/list/by-api", body)
        except No as no:
            raise Mute(f"1Plat lists nothing: {no}") from None
        found = answer.get("payments", answer.get("orders"))
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise Mute("1Plat's list is none.")
        return found

    async def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        status, answer = await self._client.call(method, f"/api/merchant{path}", body=body)
        if status >= 500 or 300 <= status < 400:
            raise Mute(f"1Plat answers {status}.")
        if status < 300 and not isinstance(answer, dict):
            raise Mute("1Plat's answer is not JSON.")
        if status >= 400 or not answer.get("success"):
            raise No(status, answer)
        return answer  # type: ignore[no-any-return]

    # -- reading

    def _created(
        self, guid: str, payment: Mapping[str, Any], answer: Mapping[str, Any], *, asked: bool
    ) -> Created | Declined:
        checkout = self._checkout(payment, answer)
        report = self._report(payment, guid)
        decisive = DECISIVE.intersection(each.name for each in checkout.requisites)
        nothing_to_show = not decisive if asked else not checkout.url
        if report.state is State.FAILED or (nothing_to_show and report.state is State.WAITING):
            return Declined(Why.NO_REQUISITES, f"1Plat has nobody to take payment {guid}.")
        return Created(guid, checkout, report if report.state is State.PAID else None)

    def _checkout(self, payment: Mapping[str, Any], answer: Mapping[str, Any]) -> Checkout:
        note = payment.get("note")
        note = note if isinstance(note, dict) else {}
        shown = requisites(note)
        amount: Money | None = None
        if shown:
            with suppress(Refused):  # it is only shown
                amount = self._money(payment, "amount_to_pay", "amount")
        if coins := plain(note, "amount_in_currency"):
            coin = plain(note, "currency")
            shown.append(Requisite("amount", f"{coins} {coin}".rstrip()))
            try:
                amount = Money.from_decimal(coins, coin)
            except Invalid:
                amount = None
        url = plain(answer, "url") or plain(payment, "url")
        return Checkout(
            url=url if url.startswith(("https://", "http://")) else "",
            requisites=tuple(shown),
            amount=amount,
            expires_at=moment(payment.get("expired")),
        )

    def _report(self, payment: Mapping[str, Any], ref: str) -> Report:
        """Of an answer; what cannot be read there will be asked for again."""
        try:
            return self._said(payment, ref or guid_of(payment.get("guid")), "id")
        except Refused as error:
            raise Mute(f"1Plat's answer: {error}") from None

    def _said(self, fields: Mapping[str, Any], ref: str, charge: str) -> Report:
        status = plain(fields, "status")
        if not ref or not re.fullmatch("-?[0-9]", status) or int(status) not in STATES:
            raise Refused("There is no status that is known.")
        state = STATES[int(status)]
        paid = fee = None
        if state is State.PAID:
            paid = self._money(fields, "amount")
            if plain(fields, "amount_to_shop"):
                kept = paid - self._money(fields, "amount_to_shop")
                fee = kept if kept.amount >= 0 else None
        return Report(
            ref=ref,
            state=state,
            key=plain(fields, "merchant_order_id")[:200],
            charge=guid_of(plain(fields, charge)),
            amount=paid,
            fee=fee,
            reason="no requisites" if state is State.FAILED else "",
            at=moment(fields.get("paid_at")) if paid else None,
        )

    def _money(self, fields: Mapping[str, Any], *names: str) -> Money:
        found = next((each for name in names if (each := plain(fields, name))), "")
        if not _AMOUNT.fullmatch(found):
            raise Refused(f"{names[0]} is no amount.")
        kopecks = Decimal(found) * (1 if self._unit == "kopecks" else 100)
        if kopecks != kopecks.to_integral_value():
            raise Refused(f"{names[0]} is finer than a kopeck.")
        return Money(int(kopecks), "RUB")

    def _written(self, amount: Money) -> int:
        return amount.amount if self._unit == "kopecks" else amount.amount // 100

    # -- callbacks

    def verify(self, callback: Callback, *, at: datetime) -> None:
        self._verified(*fields_of(callback))

    def _verified(self, outer: Mapping[str, Any], fields: dict[str, Any]) -> None:
        merchant, amount = self._ours(fields), plain(fields, "amount")
        one, two = outer.get("signature"), outer.get("signature_v2")
        for secret in self._secrets:
            right = same(one, signature(fields, secret))
            if right or same(two, signature_v2(merchant, amount, self._shop, secret)):
                return
        raise Refused("The signature is wrong.", 403)

    def _ours(self, fields: Mapping[str, Any]) -> str:
        """The merchant's number; refused where it, or the shop's, is another's."""
        merchant = plain(fields, "merchant_id")
        if not guid_of(merchant) or (self._merchant and merchant != self._merchant):
            raise Refused("It is of another merchant.", 403)
        if "shop_id" in fields and plain(fields, "shop_id") != self._shop:
            raise Refused("It is of another shop.", 403)
        return merchant

    def parse(self, callback: Callback) -> Incoming:
        _, fields = fields_of(callback)
        self._ours(fields)
        guid = guid_of(text(fields, "guid", most=100))
        payment = guid_of(plain(fields, "payment_id"))
        report = self._said(fields, guid, "payment_id")
        status = int(plain(fields, "status"))
        return Incoming(
            event=f"{guid}:{status}:{payment}",
            kind=f"status {status}",
            reports=(report,),
            confirm=True,
        )

    def simulate(self, report: Report, *, at: datetime, forged: bool = False) -> Callback:
        amount = report.amount or Money.zero("RUB")
        to_shop = amount - report.fee if report.fee else amount
        fields: dict[str, Any] = {
            "payment_id": report.charge or "1",
            "guid": report.ref,
            "merchant_id": self._merchant or self._shop,
            "user_id": "1",
            "status": _NUMBERS.get(report.state, 0),
            "amount": self._written(amount),
            "amount_to_pay": self._written(amount),
            "amount_to_shop": self._written(to_shop),
            "expired": (at + timedelta(minutes=30)).astimezone(UTC).isoformat(),
        }
        secret = self._secrets[0] + ("!" if forged else "")
        signed = {
            "signature": signature(fields, secret),
            "signature_v2": signature_v2(
                fields["merchant_id"], str(fields["amount"]), self._shop, secret
            ),
            **fields,
        }
        return Callback(stringify(signed).encode(), {"content-type": "application/json"})

    # -- the doctor

    async def check(self) -> Sequence[Finding]:
        found = []
        try:
            told = limits(await self._ask("GET", "/payments/methods/by-api"))
            found.append(Finding("credentials", True, told))
        except (Mute, No) as error:
            return [Finding("credentials", False if isinstance(error, No) else None, str(error))]
        found.append(await self._unit_of_amounts())
        now = clock.now()
        try:
            sent = self.simulate(Report("probe", State.PAID, amount=_PROBE), at=now)
            self.verify(sent, at=now)
            found.append(Finding("signature", True))
        except Refused as error:
            found.append(Finding("signature", False, str(error)))
        return found

    async def _unit_of_amounts(self) -> Finding:
        """Makes a draft, which nobody is shown, and reads what 1Plat took its amount for."""
        sent = self._written(_PROBE)
        key = f"doctor-{int(clock.now().timestamp())}"
        body = {"merchant_order_id": key, "user_id": 1, "amount": sent}
        try:
            answer = await self._ask("POST", "/order/create/by-api", body)
            payment = part_of(answer, "payment")
        except (Mute, No) as error:
            return Finding("unit of amounts", None, str(error))
        said = plain(payment, "amount")
        fine = Decimal(said) == sent if _AMOUNT.fullmatch(said) else None
        detail = f"{self._unit}: {_PROBE} was sent as {sent} and understood as {said or 'nothing'}"
        return Finding("unit of amounts", fine, detail)
