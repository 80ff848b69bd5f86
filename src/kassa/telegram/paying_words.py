"""A payment in a chat: what the payer reads, and the buttons below it.

`payment.data["choose"]` is the data of a button of the app's own, where it shows all ways to pay,
also those of other currencies: "another way" then leads there, and is there even where this
currency has no other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kassa import clock
from kassa import texts as speech
from kassa.payments import Checkout, Offer, Payment, Requisite, Status
from kassa.telegram.speaker import Speaker

ANY = "-"  # stands for the provider in a button that asks for all that there are
MOST_DATA = 64  # bytes
MOST_COPIED = 256  # characters

_COPIED = frozenset({"card", "phone", "address", "account", "exactly", "qr"})

Button = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Words:
    """A message to be sent or put in the place of another."""

    lines: Sequence[str]  # HTML
    buttons: Sequence[Sequence[Button]] = field(default_factory=tuple)

    def params(self) -> dict[str, Any]:
        said: dict[str, Any] = {"text": "\n\n".join(self.lines), "parse_mode": "HTML"}
        said["link_preview_options"] = {"is_disabled": True}
        if self.buttons:
            said["reply_markup"] = {"inline_keyboard": [list(row) for row in self.buttons]}
        return said


def choice(t: Speaker, payment: Payment, offers: Sequence[Offer]) -> Words:
    """The ways there are to pay."""
    rows = [*ways(t, payment, offers), *elsewhere(t, payment), [_cancel(t, payment)]]
    return Words([_what(t, payment), t("pay-choose")], rows)


def no_way(t: Speaker, payment: Payment) -> Words:
    return Words([t("pay-no-way")], elsewhere(t, payment))


def over(t: Speaker, payment: Payment, text: str) -> Words:
    """Nobody can pay it any more; but what was not paid may be begun anew."""
    return Words([t(text)], way_out(t, payment))


def ended(t: Speaker, payment: Payment, offers: Sequence[Offer] = ()) -> Words:
    """In the place of how to pay it. `offers` are for one that failed and can be tried again."""
    if offers:
        return instead(t, payment, stands(t, payment), offers)
    was = t.html("pay-was", what=payment.description, amount=payment.amount)
    return Words([was, stands(t, payment)], way_out(t, payment))


def stands(t: Speaker, payment: Payment) -> str:
    """What has become of it."""
    status = str(payment.status)
    if is_unfit(payment):
        status = "unfit"
    elif payment.status is Status.FAILED and payment.expires_at <= clock.now():
        status = "expired"  # there is nothing more to be tried
    return t("pay-checked", status=status)


def is_unfit(payment: Payment) -> bool:
    """Money came, and not what was asked for: it is on the balance."""
    return payment.status is Status.FAILED and payment.reason in ("short", "currency")


def page(
    t: Speaker, payment: Payment, checkout: Checkout, *, another: bool, bare: bool = False
) -> Words:
    """A page to open, or requisites to send money to, or both. `bare`: with no button that has
    the page's address, where Telegram takes none of that kind."""
    url = checkout.mini_app_url or checkout.url
    lines, rows = [_what(t, payment)], list[Sequence[Button]]()
    if checkout.requisites:
        lines += _requisites(t, payment, checkout)
        rows += _copied(t, checkout)
    elif url and not bare:
        lines.append(t("pay-open"))
    if url and bare:
        lines.append(t.html("pay-open-at", url=url))
    elif url:
        rows.append([{"text": t("pay-button-amount", amount=payment.amount), "url": url}])
    lines.append(_until(t, min(checkout.expires_at or payment.expires_at, payment.expires_at)))
    return Words(lines, [*rows, [_check(t, payment)], *_ends(t, payment, another=another)])


def below_invoice(t: Speaker, payment: Payment, *, another: bool) -> dict[str, Any]:
    """The first button of an invoice is the one that pays it."""
    pay = {"text": t("pay-button-amount", amount=payment.amount), "pay": True}
    rows = [[pay], *_ends(t, payment, another=another)]
    return {"inline_keyboard": [list(row) for row in rows]}


def instead(
    t: Speaker, payment: Payment, why: str, others: Sequence[Offer], *, again: Offer | None = None
) -> Words:
    """It did not work, and what else there is."""
    rows = ways(t, payment, others)
    if again is not None:
        data = _data(payment, again)
        rows = [[{"text": t("pay-button-again"), "callback_data": data}], *rows]
    rows = [*rows, *elsewhere(t, payment), [_cancel(t, payment)]]
    return Words([_what(t, payment), why], rows)


def to_check(t: Speaker, payment: Payment) -> Words:
    return Words([_what(t, payment), t("pay-being-checked")], [[_check(t, payment)]])


def ways(t: Speaker, payment: Payment, offers: Sequence[Offer]) -> list[Sequence[Button]]:
    """One below the other; who takes it is said only where two take the same."""
    methods = [each.method for each in offers]
    rows = list[Sequence[Button]]()
    for each in offers:
        data = _data(payment, each)
        if len(data.encode()) > MOST_DATA:  # names that are too long for a button
            continue
        alone = methods.count(each.method) == 1
        name = "pay-button-method" if alone else "pay-button-method-at"
        text = t(name, method=each.method, **({} if alone else {"provider": each.provider}))
        rows.append([{"text": text, "callback_data": data}])
    return rows


def elsewhere(t: Speaker, payment: Payment) -> list[Sequence[Button]]:
    """To where the app shows all ways to pay, if it does."""
    data = payment.data.get("choose")
    if not isinstance(data, str) or not 0 < len(data.encode()) <= MOST_DATA:
        return []
    return [[{"text": t("pay-button-another"), "callback_data": data}]]


def way_out(t: Speaker, payment: Payment) -> list[Sequence[Button]]:
    """Below a payment that has ended; one that is paid needs none."""
    return [] if payment.status is Status.SUCCEEDED else elsewhere(t, payment)


def _data(payment: Payment, offer: Offer) -> str:
    return f"pay:with:{payment.id}:{offer.provider}:{offer.method}"


def _what(t: Speaker, payment: Payment) -> str:
    return t.html("pay-what", what=payment.description, amount=payment.amount)


def _requisites(t: Speaker, payment: Payment, checkout: Checkout) -> list[str]:
    shown = [each for each in checkout.requisites if each.name != "amount" and not _is_link(each)]
    return [
        t.html("pay-send-exactly", amount=_to_send(checkout) or payment.amount),
        "\n".join(
            t.html("pay-requisite", name=_name(t, each.name), value=each.value) for each in shown
        ),
        t("pay-after-sending"),
    ]


def _copied(t: Speaker, checkout: Checkout) -> list[Sequence[Button]]:
    buttons: list[Button] = []
    number = _to_send(checkout).partition(" ")[0]
    for each in (*checkout.requisites, Requisite("exactly", number)):
        if _is_link(each):
            buttons.append({"text": _name(t, each.name), "url": each.value})
        elif each.name in _COPIED and 0 < len(each.value) <= MOST_COPIED:
            name = "amount" if each.name == "exactly" else each.name
            text = t("pay-button-copy", name=_name(t, name))
            buttons.append({"text": text, "copy_text": {"text": each.value}})
    return [buttons[at : at + 2] for at in range(0, len(buttons), 2)]


def _to_send(checkout: Checkout) -> str:
    """As a provider says it, "5.25 USDT", or ""."""
    if checkout.amount is not None:
        return str(checkout.amount)
    return next((each.value for each in checkout.requisites if each.name == "amount"), "")


def _is_link(requisite: Requisite) -> bool:
    return requisite.name in ("qr", "qr_image") and requisite.value.startswith("https://")


def _name(t: Speaker, requisite: str) -> str:
    return speech.load("kassa.payments").say(t.language, "requisite", name=requisite)


def _until(t: Speaker, end: datetime) -> str:
    """How long there is yet: nobody told us the payer's time zone."""
    minutes = max(1, int((end - clock.now()).total_seconds() // 60))
    if minutes < 100:
        return t("pay-minutes-left", minutes=minutes)
    if minutes < 48 * 60:
        return t("pay-hours-left", hours=minutes // 60)
    return t("pay-days-left", days=minutes // (24 * 60))


def _check(t: Speaker, payment: Payment) -> Button:
    return {"text": t("pay-button-check"), "callback_data": f"pay:check:{payment.id}"}


def _cancel(t: Speaker, payment: Payment) -> Button:
    return {"text": t("pay-button-cancel"), "callback_data": f"pay:cancel:{payment.id}"}


def _ends(t: Speaker, payment: Payment, *, another: bool) -> list[Sequence[Button]]:
    rows = elsewhere(t, payment)
    if another and not rows:
        data = f"pay:with:{payment.id}:{ANY}:"
        rows.append([{"text": t("pay-button-another"), "callback_data": data}])
    return [*rows, [_cancel(t, payment)]]
