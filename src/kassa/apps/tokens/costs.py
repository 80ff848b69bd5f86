"""@costs(10): a handler that a person pays for with tokens.

    @router.message(Command("horoscope"))
    @costs(10)
    async def horoscope(message: Message, user: User, t: Speaker) -> Wish:
        return message.answer(t("stars-say"))

The tokens go in the transaction of the update: with what the handler does, or not at all. Who has
too few is told so, with a button to top up, and the handler does not run.
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from aiogram.types import CallbackQuery, Message

from kassa.apps.models import Kassa
from kassa.apps.tokens import service, showing
from kassa.apps.tokens.models import NotEnough
from kassa.db import Tx
from kassa.errors import Invalid
from kassa.telegram import Wishes
from kassa.users import User

Handler = Callable[..., Awaitable[Any]]
F = TypeVar("F", bound=Handler)


def costs(tokens: int) -> Callable[[F], Handler]:
    if tokens <= 0:
        raise Invalid(f"What costs {tokens} tokens needs no price.")

    def priced(handler: F) -> Handler:
        wanted = inspect.signature(handler).parameters
        takes_all = any(each.kind is each.VAR_KEYWORD for each in wanted.values())

        # Not functools.wraps: aiogram would look through it, and give us what the handler takes.
        async def paid(
            event: Message | CallbackQuery, *, user: User, tx: Tx, kassa: Kassa, **given: Any
        ) -> Wishes:
            assert event.bot is not None
            number = given["event_update"].update_id
            try:
                await service.spend(tx, user, tokens, key=f"{event.bot.id}:{number}", what="costs")
            except NotEnough as short:
                t = showing.words(user.language)
                said = showing.not_enough(t, short, showing.page(kassa, event.bot.id)).new(event)
                return [event.answer(), said] if isinstance(event, CallbackQuery) else said
            every = {**given, "user": user, "tx": tx, "kassa": kassa}
            passed = every if takes_all else {k: v for k, v in every.items() if k in wanted}
            return await handler(event, **passed)  # type: ignore[no-any-return]

        paid.__name__, paid.__doc__ = handler.__name__, handler.__doc__
        paid.__module__ = handler.__module__
        return paid

    return priced
