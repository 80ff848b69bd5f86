"""How Crypto Pay is asked and answers."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NoReturn

from tgsandbox.providers.bank import Json, Refused, Request, Response, json_response


def fields_of(request: Request) -> Json:
    """From the query, a form or JSON. What is null was not given."""
    found: Json = dict(request.asked)
    if not request.body:
        return found
    if not request.headers["content-type"].startswith("application/json"):
        return found | request.form
    try:
        body = json.loads(request.body, parse_float=Decimal)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        wrong("BODY_INVALID")
    return found | {name: each for name, each in body.items() if each is not None}


def ok(result: Any) -> Response:
    return json_response({"ok": True, "result": result})


def error(code: int, name: str) -> Response:
    return json_response({"ok": False, "error": {"code": code, "name": name}}, code)


def wrong(name: str) -> NoReturn:
    raise Refused(error(400, name))


def paged(fields: Json, found: list[Json]) -> Response:
    offset = whole(fields, "offset", 0, 1 << 31, 0)
    count = whole(fields, "count", 1, 1000, 100)
    return ok({"items": found[offset : offset + count]})


def text(fields: Json, name: str, most: int) -> str:
    value = fields.get(name, "")
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        wrong(f"{name.upper()}_INVALID")
    if len(value.encode() if name == "payload" else value) > most:
        wrong(f"{name.upper()}_TOO_LONG")
    return value


def whole(fields: Json, name: str, least: int, most: int, otherwise: int) -> int:
    value = fields.get(name)
    if value is None:
        return otherwise
    text = "" if isinstance(value, bool) else str(value)
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        wrong(f"{name.upper()}_INVALID")
    if not least <= int(text) <= most:
        wrong(f"{name.upper()}_INVALID")
    return int(text)


def flag(fields: Json, name: str) -> bool:
    value = fields.get(name, True)
    if value in (True, "true", "True", "1"):
        return True
    if value in (False, "false", "False", "0"):
        return False
    wrong(f"{name.upper()}_INVALID")


def ids_of(fields: Json, name: str) -> set[str] | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    return {each.strip() for each in str(value).split(",")}


def plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
