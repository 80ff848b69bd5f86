"""What the API's documentation shows of asking for a payment."""

from typing import Any

_PROPERTIES: dict[str, Any] = {
    "email": {"type": "string", "description": "Needed for a card."},
    "credits": {"type": "integer", "description": "How many tokens: one of the packages."},
    "amount": {"type": "number", "description": "Must be the package's price."},
    "currency": {"type": "string"},
    "payment_method": {"type": "string", "description": "Of `methods` in the state."},
    "user_id": {"type": "integer", "description": "At Telegram; must be who proves themselves."},
    "init_data": {"type": "string", "description": "window.Telegram.WebApp.initData"},
}
_ASKED = {
    "email": "user@example.com",
    "credits": 100,
    "amount": 5.0,
    "currency": "USD",
    "payment_method": "card",
    "user_id": 123456789,
    "init_data": "user=%7B%22id%22%3A123456789…&auth_date=…&hash=…",
}
_PAY = {
    "success": True,
    "payment_id": "123",
    "payment_url": "https://payment-provider.example/…",
    "kind": "redirect",
    "amount": 5.0,
    "currency": "USD",
    "expires_at": "2026-01-01T12:30:00Z",
}

CREATE: dict[str, Any] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "Two requests with one key are one payment.",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"},
        }
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": _PROPERTIES,
                    "required": [
                        name for name in _PROPERTIES if name not in ("email", "init_data")
                    ],
                },
                "example": _ASKED,
            }
        },
    },
}


def _no(description: str, code: str, detail: str) -> dict[str, Any]:
    said = {"success": False, "detail": detail, "code": code}
    return {"description": description, "content": {"application/json": {"example": said}}}


CREATE_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Where to pay: a page, an invoice for openInvoice, or requisites.",
        "content": {"application/json": {"example": _PAY}},
    },
    400: _no(
        "It does not agree with our prices, or with who asks.",
        "wrong_amount",
        "100 tokens cost $5, and the request says 0.01. Please reload the page.",
    ),
    401: _no(
        "No proof, or a wrong or an old one.",
        "unproved",
        "Please open the page again from the bot: that is how we know that it is you.",
    ),
    409: _no(
        "No free requisites, or the payment is over or being checked.",
        "no_requisites",
        "There are no free payment details right now.",
    ),
    429: _no("Too often.", "too_many", "Too often. Please try again in 3 s."),
    503: _no("The provider does not answer.", "down", "This way does not answer right now."),
}
