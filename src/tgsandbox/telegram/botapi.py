"""A call from its name and arguments to its answer."""

import inspect
import logging
import time
from dataclasses import dataclass
from typing import Any

from tgsandbox.telegram import methods
from tgsandbox.telegram.args import Args
from tgsandbox.telegram.calls import METHODS, Call, Told
from tgsandbox.telegram.errors import ApiError, bad_request
from tgsandbox.telegram.faults import Fault
from tgsandbox.telegram.fetch import fetch_links
from tgsandbox.telegram.fields import FieldError
from tgsandbox.telegram.records import Bot, Json
from tgsandbox.telegram.text.entities import ParseError
from tgsandbox.telegram.world import World

__all__ = ["Outcome", "failure", "methods", "perform"]

log = logging.getLogger("tgsandbox")

_QUIET = {"getupdates"}  # not worth an event of their own, unless they fail


@dataclass(frozen=True, slots=True)
class Outcome:
    status: int
    answer: Json
    retry_after: int | None = None
    lost: bool = False  # the call took effect, and the answer is not to arrive


async def perform(world: World, bot: Bot, name: str, args: Args) -> Outcome:
    """What the Bot API does with one call; it never raises."""
    begun = time.perf_counter()
    lowered = name.lower()
    fault = None
    if world.faults.calls:
        fault = world.faults.for_call(bot.id, lowered, args.text("chat_id"))
        if fault and fault.delay:
            await world.clock.sleep(fault.delay)
    outcome = _refused(fault) or await _done(world, bot, lowered, args)
    if fault and fault.lose_answer:
        outcome = Outcome(outcome.status, outcome.answer, outcome.retry_after, lost=True)
    if lowered not in _QUIET or outcome.status != 200:
        world.events.emit(
            "call",
            bot=bot,
            method=name,
            args=args.values,
            status=outcome.status,
            answer=outcome.answer,
            took=time.perf_counter() - begun,
            lost=outcome.lost,
        )
    return outcome


async def _done(world: World, bot: Bot, name: str, args: Args) -> Outcome:
    function = METHODS.get(name)
    if function is None:
        return failure(404, "Not Found: method not found")
    try:
        if name in TAKES_FILES:
            await fetch_links(world.webhooks.session, args)
        result: Any = function(Call(world, bot, args))
        if inspect.isawaitable(result):
            result = await result
    except ApiError as error:
        return _failure(error)
    except ParseError as error:
        return _failure(bad_request(error.description))
    except FieldError as error:
        return _failure(bad_request(str(error)))
    except Exception:  # the edge of the server: one call fails, the sandbox lives on
        log.exception("%s failed", name)
        return failure(500, "Internal Server Error")
    return Outcome(200, _success(result))


def _success(result: Any) -> Json:
    if isinstance(result, Told):
        return {"ok": True, "result": result.result, "description": result.description}
    return {"ok": True, "result": result}


def failure(code: int, description: str) -> Outcome:
    return _failure(ApiError(code, description))


def _failure(error: ApiError) -> Outcome:
    answer: Json = {"ok": False, "error_code": error.code, "description": error.description}
    if error.retry_after is not None:
        answer["parameters"] = {"retry_after": error.retry_after}
    return Outcome(error.code, answer, error.retry_after)


def _refused(fault: Fault | None) -> Outcome | None:
    if fault is None or fault.error is None:
        return None
    code, description = fault.error
    return _failure(ApiError(code, description, retry_after=fault.retry_after))


TAKES_FILES = {
    "sendphoto",
    "senddocument",
    "sendvoice",
    "sendaudio",
    "sendvideo",
    "sendanimation",
    "sendsticker",
    "sendmediagroup",
    "sendpaidmedia",
    "editmessagemedia",
}
