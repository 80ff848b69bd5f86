"""Errors as answers: {"detail": …} in words, with the right status, and nothing that leaks."""

from typing import Any

import asyncpg
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from kassa.db import lost_connection
from kassa.errors import KassaError
from kassa.log import get

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_MOST = 20  # wrong fields that are told
_OUR_FAULT = "Something went wrong here. It has been noted."
_UNKEPT_TEXT = "A text holds a character that cannot be kept."
_NOT_NOW = "Not available right now. Please try again."

_log = get(__name__)


def answer(status: int, detail: Any, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": detail}, status, headers=headers)


def refuse(error: KassaError) -> JSONResponse:
    """For an error below 500, whose words are for whoever asked."""
    headers = {}
    if seconds := getattr(error, "retry_after", None):
        headers["retry-after"] = str(seconds)
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    return answer(error.status, str(error), headers)


def last_resort(scope: Scope, error: Exception) -> JSONResponse:
    about = {"method": scope["method"], "path": scope["path"]}
    if lost_connection(error) or (isinstance(error, KassaError) and error.status == 503):
        _log.warning("http.unavailable", error=str(error), **about)
        return answer(503, _NOT_NOW)
    if _unkept(error):
        _log.warning("http.unkept_text", error=type(error).__name__, **about)
        return answer(400, _UNKEPT_TEXT)
    _log.error("http.failed", exc_info=error, **about)
    return answer(500, _OUR_FAULT)


def _unkept(error: BaseException) -> bool:
    """NUL, or half of a pair of UTF-16: JSON can say it, neither PostgreSQL nor UTF-8 can."""
    if isinstance(error, asyncpg.DataError) and isinstance(error.__cause__, UnicodeEncodeError):
        error = error.__cause__
    if isinstance(error, UnicodeEncodeError):
        return error.reason == "surrogates not allowed"
    return isinstance(
        error, asyncpg.CharacterNotInRepertoireError | asyncpg.UntranslatableCharacterError
    )


async def ours(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, KassaError)
    if error.status >= 500:
        raise error
    return refuse(error)


async def http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if error.status_code == 405:
        headers["allow"] = ", ".join(_allowed(request)) or headers.get("allow", "")
    return answer(error.status_code, error.detail, headers)


async def invalid(_: Request, error: Exception) -> JSONResponse:
    """Names the fields and repeats no value; a million wrong ones are not a million lines."""
    assert isinstance(error, RequestValidationError)
    problems = [
        {"field": ".".join(str(part) for part in each["loc"])[:200], "problem": each["msg"]}
        for each in error.errors()[:_MOST]
    ]
    return answer(422, problems)


def _allowed(request: Request) -> list[str]:
    """By all routes of the path: the one that was asked knows only of itself."""
    scope = {"type": "http", "path": request.scope["path"], "headers": [], "path_params": {}}
    scope["root_path"] = request.scope.get("root_path", "")
    found = [
        method
        for method in _METHODS
        if any(
            route.matches({**scope, "method": method})[0] is Match.FULL
            for route in request.app.router.routes
        )
    ]
    return [*found[:1], "HEAD", *found[1:]] if "GET" in found else found
