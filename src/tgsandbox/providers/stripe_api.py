"""Every call of Stripe's: whose it is, once for each idempotency key, lists, what is expanded."""

import base64
import hashlib
from typing import ClassVar

from tgsandbox.providers import stripe_objects as made
from tgsandbox.providers.records import Json, Refused, Request, Response, json_response
from tgsandbox.providers.shop import Route
from tgsandbox.providers.stripe_desk import StripeDesk
from tgsandbox.providers.stripe_wire import Form, Invalid, error, expanded, nested, page, unknown

KEY_SECONDS = 86_400  # an idempotency key may be forgotten after that


class StripeApi(StripeDesk):
    own_faults: ClassVar[tuple[str, ...]] = (
        *("limit", "conflict", "card_declined", "authentication_required", "refund_pending"),
    )

    @property
    def credentials(self) -> dict[str, str]:
        return {
            "secret_key": f"sk_test_TEST{self.secret('key', length=24)}",
            "webhook_secret": self.secrets()[0],
        }

    def owns(self, request: Request) -> bool:
        return _key_of(request) == self.credentials["secret_key"]

    @classmethod
    def stranger(cls, request: Request) -> Response:
        key = _key_of(request)
        told = f"Invalid API Key provided: {key[:8]}***{key[-4:]}"
        return error(401, told if key else "You did not provide an API key.")

    def trouble(self, status: int, what: str = "") -> Response:
        if status in (404, 405):
            told = "Unrecognized request URL. See https://stripe.com/docs."
            return error(404, told)
        if status == 429:
            return error(429, "Request rate limit exceeded.", code="rate_limit")
        return error(status, "An unknown error occurred.", type="api_error")

    # --- once, however often it is asked

    def answer(self, request: Request, route: Route, spoilt: int = 0) -> Response:
        id_, key = self.new_id("req_", 14), request.headers["idempotency-key"]
        headers = {"request-id": id_, "stripe-version": made.API_VERSION}
        if request.fault == "limit":
            return _with(self.trouble(429), headers)
        if request.fault == "conflict":
            told = "There is currently another in-progress request using this Idempotent Key."
            answer = error(409, told, type="idempotency_error", code="idempotency_key_in_use")
            return _with(answer, headers)
        if not key or request.method != "POST":
            return _with(super().answer(request, route, spoilt), headers)
        headers["idempotency-key"] = key
        asked = hashlib.sha256(f"{request.path}\n".encode() + request.body).hexdigest()
        stored = self.kind("idempotency").get(key)
        if stored is not None and stored["at"] + KEY_SECONDS > self.now():
            return _with(_again(stored, asked, key), headers)
        self._asked = (id_, key)
        try:
            response = route.handler(self, request)
            if spoilt:
                response = _with(self.trouble(spoilt), {"stripe-should-retry": "false"})
        except Invalid as wrong:
            return _with(wrong.response, headers)
        except Refused as wrong:
            response = wrong.response
        finally:
            self._asked = (None, None)
        self.kind("idempotency")[key] = {
            "at": self.now(),
            "asked": asked,
            "request": id_,
            "status": response.status,
            "body": response.body.decode(),
        }
        return _with(response, headers)

    # --- for the handlers

    def found(self, id_: str, letters: str, what: str, param: str) -> Json:
        found = self.get(id_) if id_.startswith(letters) else None
        if found is None:
            raise unknown(what, id_, param)
        return found

    def listed(self, request: Request, letters: str, filters: tuple[str, ...]) -> Response:
        form = form_of(request)
        page_fields = ("limit", "starting_after", "ending_before", "created", "expand")
        form.only((*filters, *page_fields))
        wanted = {name: form.text(name) for name in filters if name in form}
        found = [
            each
            for each in self.newest(letters)
            if all(each.get(name) == value for name, value in wanted.items())
        ]
        return self.shown(page(found, form, request.path), form)

    def shown(self, value: Json, form: Form) -> Response:
        return json_response(expanded(value, form, self._lookup))

    def _lookup(self, id_: str) -> Json | None:
        kind, colon, rest = id_.partition(":")
        return self.kind("lines").get(rest) if colon and kind == "line_items" else self.get(id_)


def _key_of(request: Request) -> str:
    kind, _, given = request.headers["authorization"].partition(" ")
    if kind.lower() == "basic":
        try:
            return base64.b64decode(given).decode().partition(":")[0]
        except ValueError:
            return ""
    return given.strip() if kind.lower() == "bearer" else ""


def form_of(request: Request) -> Form:
    text = request.body.decode(errors="replace") if request.method == "POST" else request.query
    return Form(nested(text))


def _again(stored: Json, asked: str, key: str) -> Response:
    if stored["asked"] != asked:
        told = (
            "Keys for idempotent requests can only be used with the same parameters they were "
            f"first used with. Try using a key other than '{key}' if you meant to execute a "
            "different request."
        )
        return error(400, told, type="idempotency_error")
    headers = {
        "content-type": "application/json",
        "idempotent-replayed": "true",
        "original-request": stored["request"],
    }
    return Response(stored["status"], stored["body"].encode(), headers)


def _with(response: Response, headers: dict[str, str]) -> Response:
    return Response(response.status, response.body, response.headers | headers, response.lost)
