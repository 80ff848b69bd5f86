"""A shop with one provider: its calls, what payers and the provider do, the books, callbacks."""

import base64
import hashlib
import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

from tgsandbox.providers.callbacks import WRONG_SECRET, Callbacks, outgoing
from tgsandbox.providers.calls import Route, call, matched
from tgsandbox.providers.faults import (
    CALL_FAULTS,
    CALLBACK_FAULTS,
    CallbackFault,
    CallFault,
    Faults,
)
from tgsandbox.providers.records import (
    KINDS,
    Callback,
    Entry,
    Json,
    Letter,
    Payment,
    Refused,
    Request,
    Response,
    Sent,
)
from tgsandbox.telegram.acts import Impossible

if TYPE_CHECKING:
    from tgsandbox.providers.bank import Bank

__all__ = ["Route", "Shop", "call"]

log = logging.getLogger("tgsandbox")

_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Shop:
    """What all providers have in common. A provider's own overrides what is under its hooks."""

    provider: ClassVar[str]
    title: ClassVar[str]  # how messages and pages name it
    ladder: tuple[float, ...] = ()  # seconds from one try of a callback to the next
    own_faults: ClassVar[tuple[str, ...]] = ()  # beside CALL_FAULTS; a handler sees request.fault
    routes: ClassVar[tuple[Route, ...]] = ()

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        found = [getattr(each, "routes", ()) for each in vars(cls).values() if callable(each)]
        cls.routes = (*cls.routes, *(route for routes in found for route in routes))

    def __init__(self, bank: "Bank", name: str, callback_url: str = "") -> None:
        self.bank = bank
        self.name = name
        self.callback_url = callback_url
        self.payments: list[Payment] = []
        self.memory: Json = {}  # whatever else the provider remembers: JSON values
        self.faults = Faults()
        self.callbacks = Callbacks(self, bank.clock, bank.session)
        self._by_ref: dict[str, Payment] = {}
        self._books: list[Entry] = []
        self._rotations = 0
        self._old_secret = ("", 0.0)  # and until when it is still used, too

    # --- hooks: what a provider's own shop overrides

    @property
    def base_url(self) -> str:
        """What a client is pointed at."""
        return f"{self.bank.url}/providers/{self.provider}"

    @property
    def credentials(self) -> dict[str, str]:
        """Made with `self.secret(...)`: the same for the same name."""
        raise NotImplementedError

    def owns(self, request: Request) -> bool:
        """Whether the call carries this shop's credentials."""
        raise NotImplementedError

    @classmethod
    def stranger(cls, request: Request) -> Response:
        """The provider's answer to credentials that are nobody's."""
        raise NotImplementedError

    def trouble(self, status: int, what: str = "") -> Response:
        """The provider's answer of that status: 404 no such call, 405, 429, 500, 503."""
        raise NotImplementedError

    def payload(self, payment: Payment, event: str, changes: Json) -> Json:
        """What a callback says of the payment as it is now, but for the changes."""
        raise NotImplementedError

    def letter(self, callback: Callback, *, at: float, secrets: list[str]) -> Letter:
        """The callback as it goes out at that time, signed with each of the secrets."""
        raise NotImplementedError

    def takes(self, status: int) -> bool:
        """Whether an answer ends the tries."""
        return 200 <= status < 300

    def callback_secret(self, generation: int) -> str:
        """What callbacks are signed with, after so many rotations; "" where they are not."""
        return self.secret("callback", str(generation))

    # The acts. They change the payment, book(), and tell(); what is left out is not possible.

    def do_pay(self, payment: Payment, amount: int, currency: str, again: bool) -> None:
        raise self.cannot("take a payment")

    def do_decline(self, payment: Payment) -> None:
        raise self.cannot("decline")

    def do_expire(self, payment: Payment) -> None:
        raise self.cannot("let a payment expire")

    def do_cancel(self, payment: Payment) -> None:
        raise self.cannot("cancel")

    def do_authorize(self, payment: Payment) -> None:
        raise self.cannot("hold money")

    def do_start(self, payment: Payment) -> None:
        raise self.cannot("begin a payment that is paid later")

    def do_refund(self, payment: Payment, amount: int) -> None:
        raise self.cannot("refund")

    def do_dispute(self, payment: Payment, amount: int) -> None:
        raise self.cannot("be disputed with")

    def do_close_dispute(self, payment: Payment, won: bool) -> None:
        raise self.cannot("be disputed with")

    def answer(self, request: Request, route: Route, spoilt: int = 0) -> Response:
        """Carries the call out. `spoilt` is the status of an error said after the effect."""
        try:
            response = route.handler(self, request)
        except Refused as refused:
            return refused.response
        return self.trouble(spoilt) if spoilt else response

    # --- what tests and people do

    async def pay(
        self,
        ref: str,
        *,
        amount: int | None = None,
        currency: str | None = None,
        again: bool = False,
    ) -> Payment:
        """In full, unless said otherwise; what could not happen there raises Impossible."""
        payment = self.payment(ref)
        if not again and payment.state in ("paid", "authorized"):
            raise Impossible(f"{ref} is {payment.state} already; again=True pays it twice.")
        asked = payment.amount if amount is None else amount
        if asked <= 0:
            raise Impossible(f"{asked} is no amount to pay.")
        self.do_pay(payment, asked, currency or payment.currency, again)
        return self._acted(payment)

    async def decline(self, ref: str) -> Payment:
        payment = self._open(ref)
        self.do_decline(payment)
        return self._acted(payment)

    async def expire(self, ref: str) -> Payment:
        payment = self._open(ref)
        self.do_expire(payment)
        return self._acted(payment)

    async def cancel(self, ref: str) -> Payment:
        payment = self.payment(ref)
        self.do_cancel(payment)
        return self._acted(payment)

    async def authorize(self, ref: str) -> Payment:
        payment = self._open(ref)
        self.do_authorize(payment)
        return self._acted(payment)

    async def start(self, ref: str) -> Payment:
        """The payer has begun ("pay later"); pay() or decline() ends it."""
        payment = self._open(ref)
        self.do_start(payment)
        return self._acted(payment)

    async def refund(self, ref: str, amount: int | None = None) -> Payment:
        """From outside: somebody pressed Refund in the provider's dashboard."""
        payment = self.payment(ref)
        left = payment.paid - payment.refunded
        asked = left if amount is None else amount
        if not 0 < asked <= left:
            raise Impossible(f"{asked} cannot be refunded: {left} of {ref} are left.")
        self.do_refund(payment, asked)
        return self._acted(payment)

    async def dispute(self, ref: str, amount: int | None = None) -> Payment:
        payment = self.payment(ref)
        asked = payment.paid - payment.refunded if amount is None else amount
        if asked <= 0 or asked > payment.paid:
            raise Impossible(f"{asked} of {ref} cannot be disputed: {payment.paid} were paid.")
        self.do_dispute(payment, asked)
        return self._acted(payment)

    async def close_dispute(self, ref: str, *, won: bool) -> Payment:
        payment = self.payment(ref)
        self.do_close_dispute(payment, won)
        return self._acted(payment)

    def payment(self, ref: str) -> Payment:
        found = self._by_ref.get(ref)
        if found is None:
            raise Impossible(f"{self.title} knows no payment {ref}.")
        return found

    def books(self) -> list[Entry]:
        return list(self._books)

    def held(self) -> dict[str, int]:
        """By currency, what the provider holds for the shop; may be below zero."""
        found: dict[str, int] = {}
        for each in self._books:
            found[each.currency] = found.get(each.currency, 0) + KINDS[each.kind] * each.amount
        return found

    # --- what goes wrong

    def fault(self, call: str, what: str, *, times: int | None = 1, status: int = 500) -> None:
        """Calls of that name ("*" for all) go wrong; times=None until it is mended."""
        known = {each.call for each in self.routes} | {"*"}
        if call not in known:
            raise ValueError(f"{call!r} is none of {', '.join(sorted(known))}.")
        if what not in (*CALL_FAULTS, *self.own_faults):
            raise ValueError(f"{what!r} is none of {(*CALL_FAULTS, *self.own_faults)}.")
        self.faults.calls.append(CallFault(call, what, times, status))

    def fault_in_callbacks(
        self, what: str, *, times: int | None = 1, seconds: float = 0, copies: int = 2
    ) -> None:
        """The next callbacks are lost, said in copies, late, said after the next one, signed
        with a wrong secret, or signed an hour ago. Later tries of the same go well."""
        if what not in CALLBACK_FAULTS:
            raise ValueError(f"{what!r} is none of {CALLBACK_FAULTS}.")
        self.faults.callbacks.append(CallbackFault(what, times, seconds, copies))

    def mend(self) -> None:
        """All goes well again; what a "swap" has held back goes out."""
        self.faults.clear()
        self.callbacks.release()

    # --- callbacks

    @property
    def sent(self) -> list[Sent]:
        return self.callbacks.sent

    async def send_again(
        self, index: int = -1, *, times: int = 1, at_once: bool = False
    ) -> list[Sent]:
        """Byte for byte, so many times; waits for the answers."""
        return await self.callbacks.replay(self.sent[index], times, at_once)

    def callback(
        self,
        ref: str,
        event: str = "paid",
        *,
        forged: bool = False,
        at: float | None = None,
        **changes: Any,
    ) -> Sent:
        """Signed but not sent: what would be said of the payment, but for the changes. With
        `forged` it is signed by somebody who does not know the secret."""
        payment = self.payment(ref)
        made = Callback(event, ref, self.payload(payment, event, changes), self.callback_url)
        when = self.now() if at is None else at
        secrets = [WRONG_SECRET] if forged else self.secrets()
        return outgoing(self.letter(made, at=when, secrets=secrets), made, when)

    async def delivered(self) -> None:
        """Whatever is due now has been answered, or is lost."""
        await self.callbacks.delivered()

    def rotate(self, *, overlap: float = 0) -> dict[str, str]:
        """A new callback secret; the old one is used beside it for `overlap` seconds more."""
        old = self.callback_secret(self._rotations)
        if not old:
            raise self.cannot("rotate a secret")
        self._old_secret = (old, self.now() + overlap)
        self._rotations += 1
        self.bank.changed()
        return self.credentials

    def secrets(self) -> list[str]:
        """What callbacks are signed with now, the newest first."""
        old, until = self._old_secret
        now = self.callback_secret(self._rotations)
        return [now, old] if until > self.now() else [now]

    # --- for the providers' own

    def now(self) -> float:
        return self.bank.clock.time()

    def secret(self, *of: str, length: int = 32) -> str:
        """Letters and digits that follow from provider, shop and what it is for."""
        seed = ":".join((self.provider, self.name, *of))
        digest = hashlib.shake_256(seed.encode()).digest(length)
        return "".join(_LETTERS[each % len(_LETTERS)] for each in digest)

    def new_id(self, prefix: str = "", length: int = 24) -> str:
        return prefix + "".join(self.bank.random.choices(_LETTERS, k=length))

    def page_of(self, ref: str) -> str:
        """Where a person pays."""
        return f"{self.bank.url}/bank/{self.provider}/{ref}"

    def add(self, payment: Payment) -> Payment:
        """A new payment; from now on it expires by itself."""
        self.payments.append(payment)
        self._by_ref[payment.ref] = payment
        self._watch(payment)
        self.bank.changed()
        return payment

    def find(self, ref: str) -> Payment | None:
        return self._by_ref.get(ref)

    def book(
        self, kind: str, payment: Payment, amount: int, *, charge: str = "", currency: str = ""
    ) -> Entry:
        assert kind in KINDS, kind
        assert amount >= 0, amount
        entry = Entry(kind, payment.ref, charge, amount, currency or payment.currency, self.now())
        self._books.append(entry)
        return entry

    def tell(self, event: str, payment: Payment, payload: Json | None = None) -> None:
        """A callback about it, on its way from now on."""
        said = self.payload(payment, event, {}) if payload is None else payload
        self.callbacks.put(Callback(event, payment.ref, said))

    def cannot(self, what: str) -> Impossible:
        return Impossible(f"{self.title} cannot {what}.")

    def handle(self, request: Request) -> Response:
        """A call with this shop's credentials."""
        route, status = self._route(request)
        if route is None:
            return self.trouble(status)
        fault = self.faults.for_call(route.call) or CallFault("", "")
        if fault.what == "timeout_before":
            return Response(lost=True)
        if fault.what == "error_before":
            return self.trouble(fault.status)
        if fault.what == "down":
            return self.trouble(503)
        request.fault = fault.what if fault.what in self.own_faults else ""
        try:
            spoilt = fault.status if fault.what == "error_after" else 0
            response = self.answer(request, route, spoilt)
        except Exception:  # an edge: a provider answers, whatever it was asked
            log.exception("%s failed at %s %s", self.title, request.method, request.path)
            response = self.trouble(500)
        self.bank.changed()
        return Response(lost=True) if fault.what == "timeout_after" else response

    def _route(self, request: Request) -> tuple[Route | None, int]:
        asked, status = request.path.strip("/").split("/"), 404
        for route in self.routes:
            parts = matched(route.path, asked)
            if parts is None:
                continue
            if route.verb == request.method:
                request.parts = parts
                return route, 200
            status = 405
        return None, status

    def _open(self, ref: str) -> Payment:
        payment = self.payment(ref)
        if not payment.open:
            raise Impossible(f"{ref} is {payment.state} already.")
        return payment

    def _acted(self, payment: Payment) -> Payment:
        self.bank.changed()
        return payment

    def _watch(self, payment: Payment) -> None:
        if not payment.expires:
            return

        def expire() -> None:
            if payment.state in ("draft", "waiting"):
                self.do_expire(payment)
                self.bank.changed()

        self.bank.clock.at(payment.expires, expire)

    # --- over a restart

    def kept(self) -> Json:
        """All of it as JSON."""
        return {
            "provider": self.provider,
            "name": self.name,
            "callback_url": self.callback_url,
            "rotations": self._rotations,
            "old_secret": self._old_secret,
            "payments": [asdict(each) for each in self.payments],
            "books": [asdict(each) for each in self._books],
            "memory": self.memory,
            "waiting": [asdict(each) for each in self.callbacks.waiting],
            "sent": [
                asdict(each) | {"body": base64.b64encode(each.body).decode()} for each in self.sent
            ],
        }

    def restore(self, kept: Json) -> None:
        self._rotations = kept["rotations"]
        self._old_secret = (kept["old_secret"][0], kept["old_secret"][1])
        self._books = [Entry(**each) for each in kept["books"]]
        self.memory = kept["memory"]
        for each in kept["payments"]:
            self.add(Payment(**each))
        for each in kept["sent"]:
            self.sent.append(Sent(**each | {"body": base64.b64decode(each["body"])}))
        self.callbacks.restore([Callback(**each) for each in kept["waiting"]])
