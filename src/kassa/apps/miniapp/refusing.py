"""An app's no: {detail, code}, in the language of whoever asked."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, ClassVar

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from kassa import texts
from kassa.db import lost_connection
from kassa.errors import Conflict, KassaError, NotFound
from kassa.log import get
from kassa.users.models import Blocked, Unproved
from kassa.web.limits import TooMany

_log = get(__name__)


class No(KassaError):
    """`code` says it to a page; the text `api-CODE` to a person, with `args`."""

    def __init__(
        self, status: int, code: str, *, more: dict[str, Any] | None = None, **args: object
    ) -> None:
        self.status = status
        self.code = code
        self.more = more or {}
        self.args_told = args
        super().__init__(code)


class Route(APIRoute):
    """Every no of a route in that shape; an app's own class says whose texts tell it."""

    package: ClassVar[str]
    besides: ClassVar[Mapping[str, Any]] = {}  # said with every no
    missing: ClassVar[str] = "no_payment"  # what is not there

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:  # (edge: HTTP)
                no = self._no(error)
                if no is None:
                    raise
                return self._answer(request, no)

        return handled

    def _answer(self, request: Request, no: No) -> JSONResponse:
        asked = request.headers.get("accept-language", "").partition(",")[0]
        language = getattr(request.state, "language", None) or texts.known(asked)
        name = f"api-{no.code.replace('_', '-')}"
        detail = texts.load(self.package).say(language, name, **no.args_told)
        said = {**self.besides, "detail": detail, "code": no.code, **no.more}
        headers = {}
        if no.status == 401:
            headers["www-authenticate"] = "Bearer"
        if "seconds" in no.args_told:
            headers["retry-after"] = str(no.args_told["seconds"])
        return JSONResponse(said, no.status, headers=headers)

    def _no(self, error: Exception) -> No | None:
        """What is none of these is nobody's fault but ours, and told as everywhere."""
        no: No | None = None
        match error:
            case No():
                no = error
            case TooMany():
                no = No(429, "too_many", seconds=error.retry_after)
            case Unproved():
                _log.info("miniapp.unproved", why=str(error))
                no = No(401, "unproved")
            case Blocked():
                no = No(403, "blocked")
            case NotFound():
                no = No(404, self.missing)
            case Conflict():  # by the page's key something else was bought before
                no = No(409, "other_key")
            case HTTPException(status_code=413):
                no = No(413, "bad_request")
            case RequestValidationError():
                no = No(400, "bad_request")
            case KassaError(status=503):
                no = No(503, "down_here")
            case _ if lost_connection(error):
                no = No(503, "down_here")
        return no
