"""Login over HTTP: a proof of who somebody is becomes tokens. Wrong data is 400 here, as the API
that people know says, and no proof or a wrong one is 401."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from kassa import clock
from kassa.config import secret_key
from kassa.db import Database, Tx
from kassa.errors import Invalid, KassaError, Unavailable
from kassa.log import get
from kassa.secret import Secret
from kassa.users import codes, init_data, keys, login_widget, phone, service, tokens
from kassa.users.api_docs import LOGIN, LOGIN_ANSWERS, ME_ANSWERS, REFRESH, REFRESH_ANSWERS
from kassa.users.models import Unproved, User
from kassa.users.service import Who

MOST = 64 * 1024  # bytes of a request
PROOFS = ("init_data", "login_widget", "code")

router = APIRouter(prefix="/api/users", tags=["users"])

# By the names that the whole API's documentation calls them.
_bearer = HTTPBearer(scheme_name="bearer", auto_error=False)
_service_key = APIKeyHeader(name="X-Kassa-Key", scheme_name="X-Kassa-Key", auto_error=False)
_log = get(__name__)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    access: str
    refresh: str
    user_id: UUID
    phone_number: str | None
    is_new_user: bool


@dataclass(frozen=True, slots=True)
class Renewed:
    access: str
    refresh: str


@dataclass(frozen=True, slots=True)
class Me:
    user_id: UUID
    telegram_chat_id: int
    first_name: str
    last_name: str
    username: str
    language: str
    phone_number: str | None
    phone_proved: bool
    referral_code: str
    terms_version: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class _Proof:
    """Of being `who`; or a code, of which only the database can say whose it is."""

    who: Who
    code: str = ""


@router.post("/auth/telegram-login", include_in_schema=False)
@router.post("/auth/telegram-login/", openapi_extra=LOGIN, responses=LOGIN_ANSWERS)
async def telegram_login(
    request: Request, key: Annotated[str | None, Security(_service_key)]
) -> LoggedIn:
    """Log in with one proof of being this Telegram user: `init_data` of a Mini App, the data of
    the Login Widget, a `code` from the bot, or a service's key in the header X-Kassa-Key."""
    given = await _body(request)
    chat = given.get("telegram_chat_id")
    if type(chat) is not int or not 0 < chat <= service.MOST_ID:
        raise Invalid("telegram_chat_id must be a positive whole number.")
    number = _phone(given.get("phone_number"))
    database, secret = _database(request), _secret(request)
    proof = await _proof(request, given, chat, key, database)

    async def login(tx: Tx) -> tuple[User, tokens.Pair, bool] | None:
        if proof.code:
            user = await codes.use(tx, chat, proof.code, secret=secret)
            if user is None:
                return None
        else:
            user = await service.see(tx, proof.who)
        is_new = user.is_new
        if number:
            user = await service.set_phone(tx, user.id, number, proved=False)
        pair = await tokens.issue(tx, user, secret=secret)
        return user, pair, is_new

    done = await database.run(login)
    if done is None:
        raise Unproved("The code is wrong or over. Ask the bot for a new one.")
    user, pair, is_new = done
    _log.info(
        "Telegram аутентификация",
        chat_id=chat,
        user_id=str(user.uid),
        new_user=is_new,
    )
    return LoggedIn(
        access=pair.access,
        refresh=pair.refresh,
        user_id=user.uid,
        phone_number=user.phone or None,
        is_new_user=is_new,
    )


@router.post("/auth/refresh-token", include_in_schema=False)
@router.post("/auth/refresh-token/", openapi_extra=REFRESH, responses=REFRESH_ANSWERS)
async def refresh_token(request: Request) -> Renewed:
    """The next pair of tokens. Each refresh token is good once: keep the one that comes back."""
    given = await _body(request)
    refresh = given.get("refresh")
    if not isinstance(refresh, str) or not refresh:
        raise Invalid("refresh must be the refresh token of a login.")
    secret = _secret(request)
    pair = await _database(request).run(lambda tx: tokens.renew(tx, refresh, secret=secret))
    if isinstance(pair, KassaError):
        raise pair
    return Renewed(**asdict(pair))


async def current(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> User:
    """Who asks, by their access token: `user: Annotated[User, Depends(current)]`."""
    try:
        if bearer is None or not bearer.credentials:
            raise Unproved("Send the access token of a login: Authorization: Bearer …")
        return await tokens.whose(_database(request), bearer.credentials, secret=_secret(request))
    except Unproved as error:
        raise HTTPException(401, str(error), {"WWW-Authenticate": "Bearer"}) from None


@router.get("/me", include_in_schema=False)
@router.get("/me/", responses=ME_ANSWERS)
async def me(user: Annotated[User, Depends(current)]) -> Me:
    """Who I am."""
    return Me(
        user_id=user.uid,
        telegram_chat_id=user.telegram_id,
        first_name=user.first_name,
        last_name=user.last_name,
        username=user.username,
        language=user.language,
        phone_number=user.phone or None,
        phone_proved=user.phone_proved,
        referral_code=user.referral_code,
        terms_version=user.terms_version or None,
        created_at=user.created_at,
    )


async def _proof(
    request: Request, given: Mapping[str, Any], chat: int, key: str | None, database: Database
) -> _Proof:
    """Checked as far as that needs no transaction."""
    proofs = {name: given[name] for name in PROOFS if given.get(name) is not None}
    if len(proofs) + (key is not None) > 1:
        raise Invalid("Send one proof: init_data, login_widget, code or X-Kassa-Key.")
    if key is not None:
        if await keys.verify(database, key) is None:
            raise Unproved("X-Kassa-Key is not a key that is good now.")
        return _Proof(Who(chat))
    if not proofs:
        raise Unproved(
            "Prove that this is you: send init_data, login_widget or code. "
            "A chat id alone is no proof."
        )
    if "code" in proofs:
        if not isinstance(proofs["code"], str) or not proofs["code"]:
            raise Invalid("code must be a text, such as 123 456.")
        return _Proof(Who(chat), code=proofs["code"])
    who = _signed(request, proofs)
    if who.telegram_id != chat:
        raise Unproved("The proof is of another person than telegram_chat_id.")
    return _Proof(who)


def _signed(request: Request, proofs: Mapping[str, Any]) -> Who:
    of_bots = [bot.token for bot in request.app.state.settings.bots]
    if "init_data" in proofs:
        if not isinstance(proofs["init_data"], str):
            raise Invalid("init_data must be a text: window.Telegram.WebApp.initData.")
        told = init_data.verify_of_bots(proofs["init_data"], tokens=of_bots, at=clock.now()).user
        return Who(told.id, told.first_name, told.last_name, told.username, told.language_code)
    if not isinstance(proofs["login_widget"], dict):
        raise Invalid("login_widget must be an object: what the Login Widget gave.")
    login = login_widget.verify(proofs["login_widget"], tokens=of_bots, at=clock.now())
    return Who(login.id, login.first_name, login.last_name, login.username)


def _phone(given: object) -> str:
    if given is None:
        return ""
    if not isinstance(given, str):
        raise Invalid("phone_number must be a text that begins with +.")
    return phone.parse(given)


async def _body(request: Request) -> dict[str, Any]:
    """Read here and not by FastAPI, whose errors are 422, and which reads any amount."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MOST:
            raise Invalid("The body is larger than any login is.")
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise Invalid("The body must be JSON.") from None
    if not isinstance(found, dict):
        raise Invalid("The body must be a JSON object.")
    return found


def _database(request: Request) -> Database:
    database: Database | None = request.app.state.database
    if database is None:
        raise Unavailable("The database is being opened.")
    return database


def _secret(request: Request) -> Secret:
    """Read once: it may be in a file."""
    state = request.app.state
    if not hasattr(state, "secret_key"):
        state.secret_key = secret_key(state.settings)
    found: Secret = state.secret_key
    return found
