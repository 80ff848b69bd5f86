"""A call of the Bot API: who calls, with what; and the methods there are."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from tgsandbox.telegram.args import Args
from tgsandbox.telegram.records import Bot
from tgsandbox.telegram.world import World


@dataclass(slots=True)
class Call:
    world: World
    bot: Bot
    args: Args


@dataclass(frozen=True, slots=True)
class Told:
    """A result that comes with a description."""

    result: Any
    description: str


Method = Callable[[Call], Any | Awaitable[Any]]
METHODS: dict[str, Method] = {}  # by the name in small letters

_Function = TypeVar("_Function", bound=Method)


def method(function: _Function) -> _Function:
    """`send_message` is the method sendMessage."""
    METHODS[function.__name__.replace("_", "")] = function
    return function
