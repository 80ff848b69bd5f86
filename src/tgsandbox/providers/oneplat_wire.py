"""How 1Plat is asked and answers."""

import json
from datetime import UTC, datetime
from decimal import Decimal

from tgsandbox.providers.bank import Json, Refused, Request, Response, json_response


def object_of(request: Request) -> Json:
    try:
        given = json.loads(request.body, parse_float=Decimal)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise wrong("Ожидается JSON")
    return given


def text(given: Json, name: str) -> str:
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise wrong(f"Поле {name} обязательно")
    return str(value)


def error(status: int, words: str) -> Response:
    return json_response({"success": 0, "error": words}, status)


def wrong(words: str) -> Refused:
    return Refused(error(400, words))


def stringified(value: Json) -> bytes:
    """As JSON.stringify does it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
