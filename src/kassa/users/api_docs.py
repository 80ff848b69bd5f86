"""What the API's documentation shows of login: requests, answers, examples."""

from typing import Any

_PAIR = {
    "access": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9…",
    "refresh": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9…",
}


def _answer(description: str, example: object) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"example": example}}}


def _refusal(description: str, detail: str) -> dict[str, Any]:
    return _answer(description, {"detail": detail})


def _request(
    properties: dict[str, Any], required: list[str], examples: dict[str, Any]
) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": required}
    content = {"schema": schema, "examples": examples}
    return {"required": True, "content": {"application/json": content}}


_BLOCKED = _refusal("The operator has blocked this person.", "This account is blocked.")

LOGIN: dict[str, Any] = {
    "security": [{}],  # a service's key is one proof of several
    "requestBody": _request(
        {
            "telegram_chat_id": {"type": "integer", "minimum": 1},
            "phone_number": {"type": "string", "pattern": r"^\+"},
            "init_data": {"type": "string", "description": "window.Telegram.WebApp.initData"},
            "login_widget": {"type": "object", "description": "What the Login Widget gave."},
            "code": {"type": "string", "description": "A one-time code from the bot."},
        },
        ["telegram_chat_id"],
        {
            "code": {
                "summary": "A code from the bot",
                "value": {
                    "telegram_chat_id": 123456789,
                    "phone_number": "+998901234567",
                    "code": "123 456",
                },
            },
            "init_data": {
                "summary": "A Mini App",
                "value": {
                    "telegram_chat_id": 123456789,
                    "init_data": "user=%7B%22id%22%3A123456789…&auth_date=…&hash=…",
                },
            },
            "login_widget": {
                "summary": "The Login Widget",
                "value": {
                    "telegram_chat_id": 123456789,
                    "login_widget": {"id": 123456789, "auth_date": 1767225600, "hash": "…"},
                },
            },
            "service": {
                "summary": "A service, with X-Kassa-Key",
                "value": {"telegram_chat_id": 123456789, "phone_number": "+998901234567"},
            },
        },
    ),
}
LOGIN_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: _answer(
        "Logged in.",
        {
            **_PAIR,
            "user_id": "550e8400-e29b-41d4-a716-446655440000",
            "phone_number": "+998901234567",
            "is_new_user": True,
        },
    ),
    400: _refusal("Wrong data.", "telegram_chat_id must be a positive whole number."),
    401: _refusal("No proof, or a wrong one.", "The hash is missing."),
    403: _BLOCKED,
}

REFRESH: dict[str, Any] = {
    "requestBody": _request(
        {"refresh": {"type": "string"}},
        ["refresh"],
        {"refresh": {"value": {"refresh": _PAIR["refresh"]}}},
    )
}
REFRESH_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: _answer("The next pair.", _PAIR),
    400: _refusal("Wrong data.", "refresh must be the refresh token of a login."),
    401: _refusal("Not a token that is good now.", "The refresh token is over."),
    403: _BLOCKED,
}

ME_ANSWERS: dict[int | str, dict[str, Any]] = {
    401: _refusal("No access token that is good now.", "The access token is over."),
    403: _BLOCKED,
}
