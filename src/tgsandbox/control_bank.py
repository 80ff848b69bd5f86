"""The payment providers by HTTP: shops, what becomes of their payments, faults, callbacks."""

from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from tgsandbox.given import Given, Wrong
from tgsandbox.local import given_in
from tgsandbox.providers.bank import PROVIDERS
from tgsandbox.providers.desk import exponent, payment_shown, perform
from tgsandbox.providers.faults import CALL_FAULTS, CALLBACK_FAULTS, CallbackFault, CallFault
from tgsandbox.providers.records import Json, Payment, Sent
from tgsandbox.providers.shop import Shop

if TYPE_CHECKING:
    from tgsandbox.sandbox import Sandbox

SHOWN = 50  # the newest of each
_BODY_SHOWN = 4000  # characters
_MOST = 10**24
_OF_SIGNED = ("bad_signature", "old")
_LATE = 600.0  # seconds, unless it is said
_AT_CALLS = ("call", "what", "times", "status", "off")
_AT_CALLBACKS = ("callbacks", "times", "seconds", "copies", "off")


class BankControl:
    def __init__(self, sandbox: "Sandbox") -> None:
        self._bank = sandbox.bank
        of_shop = "/bank/{provider}/{shop}"
        self.routes: list[tuple[str, str, Any]] = [
            ("GET", "/bank", self._all),
            ("POST", "/bank", self._new_shop),
            ("GET", of_shop, self._one),
            ("POST", f"{of_shop}/payments/{{ref}}/{{act}}", self._act),
            ("POST", f"{of_shop}/faults", self._fault),
            ("DELETE", f"{of_shop}/faults", self._mend),
            ("POST", f"{of_shop}/rotate", self._rotate),
            ("POST", f"{of_shop}/send_again", self._send_again),
        ]

    async def _all(self, _: Request) -> Json:
        shops = self._bank.shops.values()
        return {"shops": [_shown(each) for each in shops], "providers": list(PROVIDERS)}

    async def _new_shop(self, request: Request) -> Json:
        """Or an address for the callbacks of one that there is."""
        given = await given_in(request, "provider", "name", "callback_url")
        url: str | None = given.text_or("callback_url", None)
        name = given.text_or("name", "shop")
        return _shown(self._bank.shop(given.text("provider"), name=name, callback_url=url))

    async def _one(self, request: Request) -> Json:
        return _shown(self._shop(request))

    async def _act(self, request: Request) -> Json:
        shop = self._shop(request)
        payment = shop.payment(request.path_params["ref"])
        amount = (await given_in(request, "amount")).whole_or("amount", None, 1, _MOST)
        await perform(shop, payment, request.path_params["act"], amount)
        return payment_shown(shop, payment)

    async def _fault(self, request: Request) -> Json:
        """Switched on, or with `off` taken away: {"call": "create", "what": "down"}, and for
        callbacks {"callbacks": "twice"}. Without `times` it is once, null is until mended."""
        shop = self._shop(request)
        given = await given_in(request, *{*_AT_CALLS, *_AT_CALLBACKS})
        times = given.whole_or("times", None if "times" in given.values else 1, 1, 10**9)
        if "callbacks" in given.values:
            _in_callbacks(shop, given, times)
        else:
            _in_calls(shop, given, times)
        return _faults(shop)

    async def _mend(self, request: Request) -> Json:
        shop = self._shop(request)
        shop.mend()
        return _faults(shop)

    async def _rotate(self, request: Request) -> Json:
        return {"credentials": self._shop(request).rotate()}

    async def _send_again(self, request: Request) -> Json:
        shop = self._shop(request)
        given = await given_in(request, "index", "times")
        last = len(shop.sent) - 1
        if last < 0:
            raise Wrong("Nothing has been sent yet.", 409)
        index = given.whole_or("index", last, 0, last)
        copies = await shop.send_again(index, times=given.whole_or("times", 1, 1, 100))
        return {"sent": [_sent(each) for each in copies]}

    def _shop(self, request: Request) -> Shop:
        asked = request.path_params["provider"], request.path_params["shop"]
        if asked not in self._bank.shops:
            raise Wrong(f"There is no shop {asked[1]!r} with {asked[0]!r}.", 404)
        return self._bank.shops[asked]


def _in_calls(shop: Shop, given: Given, times: int | None) -> None:
    call, what = given.text_or("call", "*"), given.text("what")
    if given.flag("off"):
        kept = [each for each in shop.faults.calls if (each.call, each.what) != (call, what)]
        shop.faults.calls[:] = kept
    else:
        shop.fault(call, what, times=times, status=given.whole_or("status", 500, 400, 599))


def _in_callbacks(shop: Shop, given: Given, times: int | None) -> None:
    what = given.text("callbacks")
    if given.flag("off"):
        shop.faults.callbacks[:] = [each for each in shop.faults.callbacks if each.what != what]
        if what == "swap":
            shop.callbacks.release()
        return
    seconds = given.number_or("seconds", _LATE, 0, 10**9)
    copies = given.whole_or("copies", 2, 2, 100)
    shop.fault_in_callbacks(what, times=times, seconds=seconds, copies=copies)


def _shown(shop: Shop) -> Json:
    held = shop.held()
    first = max(0, len(shop.sent) - SHOWN)
    return {
        "provider": shop.provider,
        "title": shop.title,
        "name": shop.name,
        "base_url": shop.base_url,
        "callback_url": shop.callback_url,
        "credentials": shop.credentials,
        "held": [_amount(amount, currency) for currency, amount in sorted(held.items())],
        "payments": [_payment(shop, each) for each in shop.payments[-SHOWN:][::-1]],
        "more_payments": max(0, len(shop.payments) - SHOWN),
        "faults": _faults(shop),
        "sent": [{"index": first + at, **_sent(each)} for at, each in enumerate(shop.sent[first:])][
            ::-1
        ],
        "waiting": len(shop.callbacks.waiting),
        "books": [
            {"kind": each.kind, "ref": each.ref, "at": each.at}
            | _amount(each.amount, each.currency)
            for each in shop.books()[-SHOWN:][::-1]
        ],
    }


def _payment(shop: Shop, payment: Payment) -> Json:
    return payment_shown(shop, payment) | {"page": f"/bank/{shop.provider}/{payment.ref}"}


def _amount(amount: int, currency: str) -> Json:
    return {"amount": amount, "currency": currency, "exponent": exponent(currency)}


def _faults(shop: Shop) -> Json:
    signed = bool(shop.callback_secret(0))
    return {
        "calls": [_call_fault(each) for each in shop.faults.calls],
        "callbacks": [_callback_fault(each) for each in shop.faults.callbacks],
        "known": {
            "calls": ["*", *dict.fromkeys(each.call for each in shop.routes)],
            "in_calls": [*CALL_FAULTS, *shop.own_faults],
            "in_callbacks": [each for each in CALLBACK_FAULTS if signed or each not in _OF_SIGNED],
        },
    }


def _call_fault(fault: CallFault) -> Json:
    return {"call": fault.call, "what": fault.what, "times": fault.times, "status": fault.status}


def _callback_fault(fault: CallbackFault) -> Json:
    return {
        "what": fault.what,
        "times": fault.times,
        "seconds": fault.seconds,
        "copies": fault.copies,
    }


def _sent(sent: Sent) -> Json:
    return {
        "event": sent.event,
        "ref": sent.ref,
        "at": sent.at,
        "method": sent.method,
        "url": sent.url,
        "headers": sent.headers,
        "body": sent.body.decode(errors="replace")[:_BODY_SHOWN],
        "number": sent.number,
        "status": sent.status,
        "error": sent.error,
        "lost": sent.lost,
    }
