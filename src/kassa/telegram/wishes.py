"""What a handler returns: things to be said or begun once its effects are committed.

Most are aiogram's methods (`event.answer(…)`, not awaited). They are kept as plain calls with the
update, and carried out after the commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from kassa.errors import Invalid

if TYPE_CHECKING:
    from aiogram import Bot as AiogramBot
    from aiogram.methods import TelegramMethod


@dataclass(frozen=True, slots=True)
class Pay:
    """A payment is to be started, and the payer shown how to pay. `provider` may be left out:
    then they choose from what is offered."""

    payment: int
    provider: str = ""
    method: str = ""
    instead_of: int = 0  # a message of ours that the answer takes the place of


@dataclass(frozen=True, slots=True)
class Check:
    """The provider is to be asked what became of a payment, and the payer told."""

    payment: int
    query: str = ""  # the callback query that is waiting for an answer
    message: int = 0  # ours, with the button


Wish: TypeAlias = Union["TelegramMethod[Any]", Pay, Check]
Wishes: TypeAlias = Union[Wish, "Sequence[Wish]", None]


def kept(wishes: object, bot: "AiogramBot") -> list[dict[str, Any]]:
    """As JSON. What is none of them is the handler's mistake, and undoes its update."""
    from aiogram.methods import TelegramMethod

    if wishes is None:
        return []
    calls: list[dict[str, Any]] = []
    for wish in wishes if isinstance(wishes, Sequence) else [wishes]:
        if isinstance(wish, Pay):
            calls.append({"pay": [wish.payment, wish.provider, wish.method, wish.instead_of]})
        elif isinstance(wish, Check):
            calls.append({"check": [wish.payment, wish.query, wish.message]})
        elif isinstance(wish, TelegramMethod):
            calls.append({"method": wish.__api_method__, "params": _params(wish, bot)})
        elif wish is not None:
            raise Invalid(
                f"A handler returned {type(wish).__name__}; it returns what is to be said, such as "
                "event.answer(…), without awaiting it."
            )
    return calls


def _params(method: "TelegramMethod[Any]", bot: "AiogramBot") -> dict[str, Any]:
    files: dict[str, Any] = {}
    prepare = bot.session.prepare_value
    given = {
        name: value
        for name, raw in method.model_dump(warnings=False).items()
        if (value := prepare(raw, bot, files, _dumps_json=False)) is not None
    }
    if files:
        raise Invalid("A file cannot be kept with an update: send it from a job, or by its id.")
    return given
