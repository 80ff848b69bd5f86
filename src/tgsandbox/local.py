"""HTTP for the programs and pages of this machine: who may ask, and refusals in words."""

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from tgsandbox.given import Given, Wrong
from tgsandbox.hosts import name_in
from tgsandbox.telegram.acts import Impossible
from tgsandbox.telegram.args import parse_json
from tgsandbox.telegram.errors import ApiError
from tgsandbox.telegram.payments.failures import PaymentFailed, VerificationNeeded
from tgsandbox.telegram.records import Json
from tgsandbox.telegram.request import Gone
from tgsandbox.watching import Late

if TYPE_CHECKING:
    from tgsandbox.sandbox import Sandbox

log = logging.getLogger("tgsandbox")

Handler = Callable[[Request], Awaitable[Any]]
BODY_LIMIT = 32 << 20
REFUSALS = (Late, Impossible, PaymentFailed, VerificationNeeded, Wrong, ApiError, ValueError)
_LOCAL = {"localhost", "127.0.0.1", "::1"}


def checked_handler(handler: Handler, sandbox: "Sandbox") -> Handler:
    """Only this machine's pages and programs, and every refusal in words."""

    async def checked(request: Request) -> Response:
        try:
            expect_local(request, sandbox.allow_hosts)
            found = await handler(request)
        except REFUSALS as error:
            status, answer = refusal(error)
            if isinstance(error, Late):
                answer["transcript"] = sandbox.transcript()
            return JSONResponse(answer, status)
        except Gone:
            raise
        except Exception as error:  # an edge: one request fails, the sandbox lives on
            log.exception("%s %s failed", request.method, request.url.path)
            return JSONResponse({"detail": f"The sandbox failed: {error!r}."}, 500)
        return found if isinstance(found, Response) else JSONResponse(found)

    return checked


async def nothing_there(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, error.status_code, headers=error.headers)


def refusal(error: Exception) -> tuple[int, Json]:  # noqa: PLR0911  a table
    match error:
        case Wrong():
            return error.status, {"detail": str(error)}
        case Late():
            return 408, {"detail": str(error).partition("\n\n")[0]}
        case PaymentFailed():
            return 402, {"detail": f"{error.code}: {error.text}", "code": error.code}
        case VerificationNeeded():
            told = "The bank wants to hear from the payer: confirm."
            return 402, {"detail": told, "code": "VERIFICATION_NEEDED"}
        case ApiError():
            return error.code, {"detail": error.description}
        case Impossible():
            return 409, {"detail": str(error)}
        case _:
            return 400, {"detail": str(error)}


def expect_local(request: Request, allowed: frozenset[str] = frozenset()) -> None:
    """A page of somebody else's in the same browser must not steer the sandbox, nor read it
    under a name of its own that leads here."""
    bound, host = (
        (request.scope.get("server") or ("",))[0],
        name_in(request.headers.get("host", "")),
    )
    if host not in _LOCAL | {bound} | allowed:
        raise Wrong(
            f"The sandbox does not answer to the name {host!r}. "
            "If it is yours, start it with --allow-host and that name.",
            403,
        )
    origin = request.headers.get("origin")
    elsewhere = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    foreign = request.headers.get("sec-fetch-site") in ("cross-site", "same-site")
    followed = request.method == "GET" and request.headers.get("sec-fetch-mode") == "navigate"
    if elsewhere or (foreign and not followed):  # a link to us may be followed
        raise Wrong("Pages of other addresses may not steer the sandbox.", 403)


async def given_in(request: Request, *known: str) -> Given:
    return Given(await json_of(request), known)


async def json_of(request: Request) -> Json:
    content = await content_of(request, BODY_LIMIT, told="The request is too large.")
    kind = request.headers.get("content-type", "application/json")
    if kind.partition(";")[0].strip().lower() != "application/json":
        raise Wrong("Send JSON, with Content-Type: application/json.", 415)
    try:
        given = parse_json(content) if content else {}
    except ValueError:
        raise Wrong("The request is not JSON.") from None
    if not isinstance(given, dict):
        raise Wrong("The request is to be a JSON object.")
    return given


async def content_of(request: Request, limit: int, *, told: str) -> bytes:
    content = bytearray()
    try:
        async for chunk in request.stream():
            content += chunk
            if len(content) > limit:
                raise Wrong(told, 413)
    except ClientDisconnect:
        raise Gone from None
    return bytes(content)
