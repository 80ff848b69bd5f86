"""Around every request: its id, its line in the log, its metrics, and the last resort."""

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kassa.log import bind, clean_request_id, get
from kassa.web import metrics, security
from kassa.web.answers import last_resort

_log = get(__name__)


class Requests:
    """HEAD is GET without its body, but not where `literal` says: a provider may mean it."""

    def __init__(self, app: ASGIApp, *, literal: Callable[[str], bool]) -> None:
        self.app = app
        self._literal = literal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = clean_request_id(given)
        method = scope["method"]
        if method == "HEAD" and not self._literal(scope["path"]):
            scope = {**scope, "method": "GET"}
        status: int | None = None
        begun = time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                    *security.headers(scope.get("scheme", "http"), own),
                ]
                await send(message)
                if method == "HEAD":
                    await send({"type": "http.response.body", "body": b""})
            elif method != "HEAD":
                await send(message)

        with bind(request_id=request_id):
            try:
                await self.app(scope, receive, sending)
            except Exception as error:  # noqa: BLE001 (edge: HTTP)
                told = last_resort(scope, error)
                if status is None:  # an answer that has begun breaks off
                    await told(scope, receive, sending)
            finally:
                seconds = time.perf_counter() - begun
                route = getattr(scope.get("route"), "path", "-")
                metrics.request(method, route, status or 500, seconds)
                _log.debug(
                    "http.request",
                    method=method,
                    path=scope["path"],
                    status=status,
                    ms=round(seconds * 1000, 1),
                )
