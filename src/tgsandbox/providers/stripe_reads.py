"""What a shop reads at Stripe about its money, and where Stripe sends its events."""

from tgsandbox.providers import stripe_objects as made
from tgsandbox.providers.records import KINDS, Json, Request, Response, json_response
from tgsandbox.providers.shop import call
from tgsandbox.providers.stripe_api import StripeApi, form_of
from tgsandbox.providers.stripe_checks import url_checked
from tgsandbox.providers.stripe_wire import missing


class StripeReads(StripeApi):
    @call("charges", "GET", "/v1/charges")
    def charges(self, request: Request) -> Response:
        return self.listed(request, "ch", ("payment_intent", "customer"))

    @call("charge_status", "GET", "/v1/charges/{id}")
    def charge_status(self, request: Request) -> Response:
        return self._one(request, "ch_", "charge")

    @call("balance_transactions", "GET", "/v1/balance_transactions")
    def balance_transactions(self, request: Request) -> Response:
        return self.listed(request, "txn", ("source", "type", "currency"))

    @call("balance_transactions", "GET", "/v1/balance_transactions/{id}")
    def balance_transaction(self, request: Request) -> Response:
        return self._one(request, "txn_", "balance transaction")

    @call("disputes", "GET", "/v1/disputes")
    def disputes(self, request: Request) -> Response:
        return self.listed(request, "dp", ("payment_intent", "charge"))

    @call("disputes", "GET", "/v1/disputes/{id}")
    def dispute_status(self, request: Request) -> Response:
        return self._one(request, "dp_", "dispute")

    @call("events", "GET", "/v1/events")
    def events(self, request: Request) -> Response:
        return self.listed(request, "evt", ("type",))

    @call("events", "GET", "/v1/events/{id}")
    def one_event(self, request: Request) -> Response:
        return self._one(request, "evt_", "event")

    @call("payment_methods", "GET", "/v1/payment_methods/{id}")
    def payment_method(self, request: Request) -> Response:
        return self._one(request, "pm_", "PaymentMethod")

    @call("customers", "GET", "/v1/customers/{id}")
    def customer(self, request: Request) -> Response:
        return self._one(request, "cus_", "customer")

    @call("webhook_endpoints", "GET", "/v1/webhook_endpoints")
    def webhook_endpoints(self, request: Request) -> Response:
        found = [self._endpoint()] if self.callback_url else []
        listed = {"object": "list", "data": found, "has_more": False, "url": request.path}
        return json_response(listed)

    @call("webhook_endpoints", "POST", "/v1/webhook_endpoints")
    def new_webhook_endpoint(self, request: Request) -> Response:
        """There is one at a time here: the last that was made."""
        form = form_of(request)
        form.only(("url", "enabled_events", "description", "metadata", "api_version", "expand"))
        self.callback_url = url_checked(form, "url", needed=True)
        wanted = form.values.get("enabled_events")
        if not isinstance(wanted, list):
            raise missing("enabled_events")
        self.enabled_events = wanted
        return json_response(self._endpoint() | {"secret": self.secrets()[0]})

    @call("balance", "GET", "/v1/balance")
    def balance(self, request: Request) -> Response:
        """What is two days old is available."""
        until, available = self.now() - 2 * 86_400, dict.fromkeys(self.held(), 0)
        for each in self.books():
            if each.at <= until:
                available[each.currency] += KINDS[each.kind] * each.amount
        pending = {name: held - available[name] for name, held in self.held().items()}
        told = {"object": "balance", "livemode": False}
        return json_response(told | {"available": _sums(available), "pending": _sums(pending)})

    @call("account", "GET", "/v1/account")
    def account(self, request: Request) -> Response:
        return json_response(
            {
                "id": f"acct_{self.secret('account', length=16)}",
                "object": "account",
                "charges_enabled": True,
                "country": "US",
                "default_currency": "usd",
                "details_submitted": True,
                "email": "shop@example.com",
                "payouts_enabled": True,
                "type": "standard",
            }
        )

    def _endpoint(self) -> Json:
        return {
            "id": f"we_{self.secret('endpoint', length=24)}",
            "object": "webhook_endpoint",
            "api_version": made.API_VERSION,
            "created": 0,
            "description": None,
            "enabled_events": self.enabled_events,
            "livemode": False,
            "metadata": {},
            "status": "enabled",
            "url": self.callback_url,
        }

    def _one(self, request: Request, letters: str, what: str) -> Response:
        found = self.found(request.parts["id"], letters, what, "id")
        return self.shown(found, form_of(request))


def _sums(amounts: dict[str, int]) -> list[Json]:
    return [
        {"amount": amount, "currency": currency.lower()} for currency, amount in amounts.items()
    ]
