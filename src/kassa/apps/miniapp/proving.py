"""Who asks a Mini App's API: signed init data of one of the app's bots, or an access token."""

from dataclasses import dataclass
from datetime import timedelta

from fastapi import Request

from kassa import clock
from kassa.apps.models import Kassa
from kassa.errors import Unavailable
from kassa.telegram import Bot
from kassa.users import User, init_data, tokens
from kassa.users import service as people
from kassa.users.models import Blocked, NoSuchUser, Unproved
from kassa.users.service import Who

HEADER = "x-telegram-init-data"
TO_PAY = timedelta(hours=1)  # init data may be so old where money is asked for
TO_LOOK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Proved:
    user: User
    bot: Bot  # through which they came


def kassa_of(request: Request) -> Kassa:
    found: Kassa | None = request.app.state.kassa
    if found is None:
        raise Unavailable("The house is being opened.")
    return found


async def prove(
    request: Request, app: str, *, given: str = "", fresh: timedelta = TO_LOOK
) -> Proved:
    """By what the body brought (`given`), or by the headers. Raises Unproved, and Blocked."""
    kassa = kassa_of(request)
    scheme, _, access = request.headers.get("authorization", "").partition(" ")
    data = given or request.headers.get(HEADER, "")
    if data:
        who, bot = signed(kassa, app, data, fresh)
        user = await _person(kassa, who)
    elif scheme.lower() == "bearer" and access:
        secret = request.app.state.secret_key
        user = await tokens.whose(kassa.database, access, secret=secret)
        bot = _ours(kassa, app)[0]
    else:
        raise Unproved("Open the page from the bot, or send an access token.")
    if user.blocked_at is not None:
        raise Blocked("The operator has closed the door to this person.")
    request.state.user_id = user.id
    return Proved(user, bot)


def _ours(kassa: Kassa, app: str) -> list[Bot]:
    found = [bot for bot in kassa.bots.all if app in bot.apps]
    if not found:
        raise Unproved(f"No bot here shows {app}.")
    return found


def signed(kassa: Kassa, app: str, data: str, fresh: timedelta) -> tuple[Who, Bot]:
    """Whose bot's it is, its signature says."""
    by_number = {each.id: each.token for each in kassa.settings.bots}
    for bot in _ours(kassa, app):
        try:
            found = init_data.verify(data, token=by_number[bot.id], at=clock.now(), fresh=fresh)
        except init_data.WrongSignature:
            continue
        except init_data.WrongInitData as error:
            raise Unproved(str(error)) from None
        told = found.user
        who = Who(told.id, told.first_name, told.last_name, told.username, told.language_code)
        return who, bot
    raise Unproved("The init data is not of a bot of ours.")


async def _person(kassa: Kassa, who: Who) -> User:
    try:
        return await people.by_telegram(kassa.database, who.telegram_id)
    except NoSuchUser:
        return await kassa.database.run(lambda tx: people.see(tx, who))
