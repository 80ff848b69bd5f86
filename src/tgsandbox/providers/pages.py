"""Where a person pays: a page for every payment, and what its buttons do."""

import ipaddress
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tgsandbox.hosts import name_in
from tgsandbox.providers import remnawave_pages
from tgsandbox.providers.desk import PAYERS, page_shown, perform
from tgsandbox.providers.records import Request, Response, json_response
from tgsandbox.telegram.acts import Impossible

if TYPE_CHECKING:
    from tgsandbox.providers.bank import Bank

FOLDER = Path(__file__).parents[1] / "web" / "static"
FILES = {
    "app.css": "text/css",
    "bank.css": "text/css",
    "bank.js": "text/javascript",
    "bank_words.js": "text/javascript",
    "dom.js": "text/javascript",
    "i18n.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_PLAIN = {"x-content-type-options": "nosniff", "cache-control": "no-cache"}
_PAGE = {"content-security-policy": POLICY, "referrer-policy": "no-referrer"}
_MOST = 10**24  # minor units


def answer(bank: "Bank", request: Request) -> Response:
    """`request.path` is what follows /bank."""
    if reason := _stranger(bank, request):
        return json_response({"detail": reason}, 403)
    first, *rest = request.path.strip("/").split("/")
    if first == "remnawave":  # where nobody pays
        return remnawave_pages.answer(bank, rest, request)
    return _answer(bank, request)


def _answer(bank: "Bank", request: Request) -> Response:
    match request.path.strip("/").split("/"):
        case ["static", name] if request.method == "GET":
            return _file(name)
        case ["api", provider, ref] if request.method == "GET":
            return _shown(bank, provider, ref)
        case ["api", provider, ref, act] if request.method == "POST":
            return _act(bank, provider, ref, act, request)
        case [provider, ref] if request.method == "GET":
            page = (FOLDER / "bank.html").read_bytes()
            headers = _PLAIN | _PAGE | {"content-type": "text/html; charset=utf-8"}
            return Response(200 if bank.find(provider, ref) else 404, page, headers)
    return json_response({"detail": "Not Found"}, 404)


def _stranger(bank: "Bank", request: Request) -> str:
    """Why not: a page of somebody else's in the same browser must not press these buttons, nor
    read this under a name of its own that leads here."""
    host = request.headers["host"]
    name = name_in(host)
    if not (name == "localhost" or _is_address(name) or name in bank.allow_hosts):
        return f"The sandbox does not answer to the name {name!r}."
    origin, site = request.headers["origin"], request.headers["sec-fetch-site"]
    elsewhere = bool(origin) and urlsplit(origin).netloc != host
    followed = request.method == "GET" and request.headers["sec-fetch-mode"] == "navigate"
    if elsewhere or (site in ("cross-site", "same-site") and not followed):
        return "Pages of other addresses may not steer the sandbox."
    return ""


def _is_address(name: str) -> bool:
    """Nobody can lead a name of theirs here and have an address stand in the request."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _file(name: str) -> Response:
    if name not in FILES:
        return json_response({"detail": "Not Found"}, 404)
    headers = _PLAIN | {"content-type": f"{FILES[name]}; charset=utf-8"}
    return Response(200, (FOLDER / name).read_bytes(), headers)


def _shown(bank: "Bank", provider: str, ref: str) -> Response:
    found = bank.find(provider, ref)
    if found is None:
        return json_response({"detail": "There is no such payment."}, 404)
    return json_response(page_shown(*found), cache_control="no-store")


def _act(bank: "Bank", provider: str, ref: str, act: str, request: Request) -> Response:
    found = bank.find(provider, ref)
    if found is None or act not in PAYERS:
        return json_response({"detail": "There is no such payment, or no such act."}, 404)
    kind = request.headers["content-type"].partition(";")[0].strip().lower()
    given = request.json
    if kind != "application/json" or not isinstance(given, dict):
        return json_response({"detail": "Send a JSON object."}, 415)
    amount = given.get("amount")
    if amount is not None and (type(amount) is not int or not 0 < amount <= _MOST):
        return json_response({"detail": "`amount` is a whole number of minor units."}, 400)
    try:
        _at_once(perform(*found, act, amount))
    except (Impossible, ValueError) as error:
        return json_response({"detail": str(error)}, 409)
    return _shown(bank, provider, ref)


def _at_once(act: Coroutine[Any, Any, Any]) -> None:
    """Acts of shops wait for nothing: whoever calls this is not to wait either."""
    try:
        act.send(None)
    except StopIteration:
        return
    act.close()
    raise RuntimeError("An act of a shop has waited for something.")
