"""Where providers call: verified, stored, answered. The seeds' addresses are here, too."""

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from kassa.log import get
from kassa.payments.inbox import Inbox
from kassa.payments.providers.protocol import Callback, Refused

MOST = 256 * 1024  # bytes of a callback; no provider comes near

_log = get(__name__)


async def callback(request: Request) -> Response:
    """`/pay/{provider}/callback`, the address to give to every provider."""
    return await _take(request, request.path_params["provider"])


async def oneplat_webhook(request: Request) -> Response:
    return await _take(request, "oneplat")


async def payment_webhook(request: Request) -> Response:
    """Stripe's, in the shape that the Mini App's document promises."""
    try:
        await _stored(request, "stripe")
    except Refused as error:
        _tell("stripe", error)
        return JSONResponse({"ok": False, "detail": str(error)}, 400)
    return JSONResponse({"ok": True})


async def oneplat_txt(request: Request) -> Response:
    """Proves to 1Plat that the domain is ours."""
    text = request.app.state.settings.oneplat_txt
    return PlainTextResponse(text) if text else JSONResponse({"detail": "Not Found"}, 404)


class _Route(Route):
    """A plain one: FastAPI's would read the body before we say how much of it we want."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        return match, {**child, "route": self}  # whose path the metrics go by


routes = [
    _Route("/pay/{provider}/callback", callback, methods=["GET", "POST"]),
    _Route("/1plat-webhook", oneplat_webhook, methods=["GET", "POST"]),
    _Route("/api/miniapp/payment-webhook", payment_webhook, methods=["POST"]),
    _Route("/1plat.txt", oneplat_txt, methods=["GET"]),
]


async def _take(request: Request, provider: str) -> Response:
    try:
        status, body, kind = await _stored(request, provider)
    except Refused as error:
        _tell(provider, error)
        return JSONResponse({"detail": str(error)}, error.status)
    return Response(body, status, media_type=kind)


async def _stored(request: Request, provider: str) -> tuple[int, bytes, str]:
    inbox: Inbox | None = getattr(request.app.state, "inbox", None)
    if inbox is None:
        raise Refused("No payment provider is set up here.", 404)
    return await inbox.take(
        provider,
        Callback(
            body=await _body(request),
            headers={
                name.decode("latin-1").lower(): value.decode("latin-1")
                for name, value in request.scope["headers"]
            },
            method=request.method,
            query=request.scope["query_string"].decode("latin-1"),
            address=request.client.host if request.client else "",
        ),
        unproved=lambda: request.app.state.limits.unproved(request),
    )


async def _body(request: Request) -> bytes:
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST:
            raise Refused("The body is larger than any callback is.", 413)
    return content


def _tell(provider: str, error: Refused) -> None:
    _log.warning("callback.refused", provider=provider[:40], status=error.status, why=str(error))
