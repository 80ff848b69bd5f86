"""What the API's documentation shows of subscriptions: requests, answers, examples."""

from typing import Any

Docs = dict[str, Any]
Answers = dict[int | str, dict[str, Any]]

_PROOF = {
    "name": "X-Telegram-Init-Data",
    "in": "header",
    "required": False,
    "description": "A Mini App's window.Telegram.WebApp.initData, instead of an access token.",
    "schema": {"type": "string"},
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Two requests with one key are one purchase. The balance needs one.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"},
}


def _answer(description: str, example: object) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"example": example}}}


def _no(description: str, code: str, detail: str) -> dict[str, Any]:
    return _answer(description, {"detail": detail, "code": code})


def _request(properties: Docs, required: list[str], example: Docs, *more: Docs) -> Docs:
    schema = {"type": "object", "properties": properties, "required": required}
    content = {"application/json": {"schema": schema, "example": example}}
    return {
        "security": [{"bearer": []}],
        "parameters": [_PROOF, *more],
        "requestBody": {"required": True, "content": content},
    }


_UNPROVED = _no(
    "No proof, or a wrong or an old one.",
    "unproved",
    "Please open the page again from the bot: that is how we know that it is you.",
)
_BLOCKED = _no("The operator has blocked this person.", "blocked", "You have no access here.")
_TOO_MANY = _no("Too often.", "too_many", "Too often. Please try again in 3 s.")
_THEIRS = _no("There is none, or it is somebody else's.", "no_purchase", "There is none such.")
_PANEL = _no("The panel does not answer.", "panel", "The server of subscriptions is silent.")
_ALL: Answers = {401: _UNPROVED, 403: _BLOCKED, 429: _TOO_MANY}

SIGNED: Docs = {"security": [{"bearer": []}], "parameters": [_PROOF]}

_WAY = {
    "provider": "oneplat",
    "method": "sbp",
    "currency": "RUB",
    "amount": 790.0,
    "auto": False,
}
_PLANS = {
    "plans": [
        {
            "name": "3m",
            "months": 3,
            "tier": "standard",
            "title": "",
            "devices": 3,
            "traffic": 0,
            "prices": {"RUB": 790.0, "XTR": 400},
            "usual": {"RUB": 790.0, "XTR": 400},
            "saving": {"RUB": 9, "XTR": 11},
            "promo": None,
            "ways": [_WAY],
        }
    ],
    "balance": {"RUB": 120.0},
}
PLANS: Answers = {200: _answer("What is sold, and how it can be paid.", _PLANS), **_ALL}

_ME = {
    "user": {"id": 123456789, "first_name": "Ada", "language": "en"},
    "status": "active",
    "expires_at": "2026-04-01T12:00:00Z",
    "days_left": 27,
    "days_in_all": 30,
    "grace_until": None,
    "tier": "standard",
    "title": "",
    "link": "https://panel.example/sub/…",
    "new_link": True,
    "preparing": False,
    "devices": 3,
    "traffic": 0,
    "auto": {
        "on": False,
        "now": None,
        "ways": [
            {
                "code": "balance:RUB",
                "kind": "balance",
                "months": 1,
                "amount": 290.0,
                "currency": "RUB",
                "card": "",
            }
        ],
    },
    "trial_days": 0,
    "history": {
        "items": [
            {
                "id": 7,
                "at": "2026-03-01T12:00:00Z",
                "kind": "paid",
                "title": "Paid",
                "months": 1,
                "days": 31,
                "until": "2026-04-01T12:00:00Z",
            }
        ],
        "next": None,
    },
    "zone": "Europe/Moscow",
    "zone_chosen": True,
    "apps_url": "",
    "terms_url": "",
    "support": "@help",
}
ME: Answers = {
    200: _answer("One's own. `status` is none, active, grace or expired.", _ME),
    **_ALL,
}
QR: Answers = {
    200: {"description": "The link as a picture.", "content": {"image/svg+xml": {}}},
    404: _no("There is no link.", "no_link", "There is no link yet."),
    **_ALL,
}

ORDER = _request(
    {
        "plan": {"type": "string", "description": "Of the plans, its name."},
        "provider": {"type": "string", "description": "Of its ways; or balance."},
        "method": {"type": "string", "description": "Of its ways."},
        "currency": {"type": "string", "description": "Left out: the nearest to who asks."},
        "price": {"type": "number", "description": "If it is sent, it must be ours."},
        "promo": {"type": "string", "description": "A promo code."},
        "gift": {"type": "boolean", "description": "For somebody else: the answer is a link."},
        "auto": {"type": "boolean", "description": "Goes on by itself, where the way can."},
        "terms": {"type": "boolean", "description": "The terms are accepted."},
    },
    ["plan", "provider"],
    {"plan": "3m", "provider": "oneplat", "method": "sbp", "currency": "RUB", "price": 790.0},
    _KEY,
)
_STANDS = {
    "id": "12",
    "status": "pending",
    "plan": "3m",
    "months": 3,
    "gift": False,
    "auto": False,
    "amount": 790.0,
    "currency": "RUB",
    "payment_id": "34",
    "created_at": "2026-03-01T12:00:00Z",
    "paid_at": None,
    "payment_url": "https://payment-provider.example/…",
}
_REQUISITES = [
    {"id": "phone", "name": "Phone number", "value": "+7 900 000-00-00"},
    {"id": "bank", "name": "Bank", "value": "Example Bank"},
]
ORDERED: Answers = {
    200: _answer(
        "How to pay: `kind` is redirect (a page), invoice (for openInvoice) or requisites. From "
        "the balance there is none: `status` is succeeded.",
        {
            **_STANDS,
            "kind": "requisites",
            "expires_at": "2026-03-01T12:15:00Z",
            "requisites": _REQUISITES,
        },
    ),
    400: _no(
        "It does not agree with our plans and prices.",
        "wrong_price",
        "It costs 790 RUB, and the request says 7.9. Please reload the page.",
    ),
    401: _UNPROVED,
    402: _no("Too little on the balance.", "not_enough", "There are 100 RUB, 790 RUB are needed."),
    403: _no("The terms are not accepted.", "terms", "Please accept the terms first."),
    409: _no(
        "No free requisites; or it is over, or being checked; or the promo code cannot be used.",
        "no_requisites",
        "There are no free payment details right now.",
    ),
    429: _TOO_MANY,
    503: _no("The provider does not answer.", "down", "This way does not answer right now."),
}
PURCHASE: Answers = {
    200: _answer("`status` is pending, succeeded, failed, canceled, expired or refunded.", _STANDS),
    **_ALL,
    404: _THEIRS,
}
CANCELED: Answers = {
    200: _answer(
        "`did` is called_off, auto_off or nothing.",
        {**_STANDS, "status": "canceled", "did": "called_off"},
    ),
    **_ALL,
    404: _THEIRS,
    409: _no("Money may be on its way.", "checking", "The payment is being checked."),
}

PROMO = _request(
    {
        "code": {"type": "string"},
        "plan": {"type": "string", "description": "For which plan."},
        "terms": {"type": "boolean", "description": "The terms are accepted."},
    },
    ["code"],
    {"code": "SPRING", "plan": "3m", "terms": True},
)
PROMOTED: Answers = {
    200: _answer("Days at once, or the plans at their prices now.", {"days": 0, **_PLANS}),
    **_ALL,
    404: _no("There is no such code.", "promo_none", "There is no such promo code."),
    409: _no("It cannot be used.", "promo_over", "This promo code is over."),
}
AUTO = _request(
    {"on": {"type": "boolean"}, "by": {"type": "string", "description": "A way's code, of `me`."}},
    ["on"],
    {"on": False},
)
TRIAL = _request(
    {"terms": {"type": "boolean", "description": "The terms are accepted."}}, [], {"terms": True}
)
ZONE = _request(
    {"zone": {"type": "string"}},
    ["zone"],
    {"zone": "Asia/Tashkent"},
)
DEVICES: Answers = {
    200: _answer(
        "What the panel knows; `traffic` 0 is no limit, and `used` are bytes.",
        {"devices": ["Phone", "Laptop"], "most": 3, "used": 7516192768, "traffic": 0},
    ),
    **_ALL,
    503: _PANEL,
}
