"""What the sandbox sent, held against the strict types of both libraries."""

import typing
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import aiogram.methods
import aiogram.types
import telegram
from aiogram.types import TelegramObject
from pydantic import TypeAdapter, ValidationError

from tgsandbox import Sandbox
from tgsandbox.telegram import updates

Json = dict[str, Any]
# Fields of the Bot API that python-telegram-bot 22.8 (Bot API 10.0) does not know yet.
NEWER_THAN_PTB = {"Update.subscription", "ChatMemberAdministrator.can_send_welcome_messages"}
PTB_ANSWERS: dict[str, type[telegram.TelegramObject]] = {
    "Message": telegram.Message,
    "MessageId": telegram.MessageId,
    "User": telegram.User,
    "File": telegram.File,
    "ChatFullInfo": telegram.ChatFullInfo,
    "StarAmount": telegram.StarAmount,
    "StarTransactions": telegram.StarTransactions,
    "SentWebAppMessage": telegram.SentWebAppMessage,
    "BotCommand": telegram.BotCommand,
    "BotDescription": telegram.BotDescription,
    "BotShortDescription": telegram.BotShortDescription,
    "MenuButton": telegram.MenuButton,
    "ChatMember": telegram.ChatMember,
    "WebhookInfo": telegram.WebhookInfo,
    "BotName": telegram.BotName,
    "UserProfilePhotos": telegram.UserProfilePhotos,
    "PreparedInlineMessage": telegram.PreparedInlineMessage,
}


def faults(tg: Sandbox) -> list[str]:
    """What one of the libraries would not have understood, of everything that was sent."""
    found = []
    for event in tg.world.events.since(0):
        if event.kind == "update":
            shown = updates.shown(event.data["update"])
            told = [*_of_aiogram(aiogram.types.Update, shown), *_of_ptb(telegram.Update, shown)]
            found += [f"update {each} in {shown}" for each in told]
        elif event.kind == "call" and event.data["status"] == 200:
            result = event.data["answer"]["result"]
            found += [
                f"{event.data['method']} {each} in {result}"
                for each in _of_answer(event.data["method"], result)
            ]
    return found


def _of_answer(method: str, result: Any) -> Iterator[str]:
    returning = _returning(method.lower())
    yield from _of_aiogram(returning, result)
    type_ = _ptb_type(returning)
    for each in result if isinstance(result, list) else [result]:
        if isinstance(each, dict):
            assert type_, f"Of which type of python-telegram-bot is the answer to {method}?"
            yield from _of_ptb(type_, each)


@cache
def _returning(method: str) -> Any:
    for name in aiogram.methods.__all__:
        if name.lower() == method:
            return getattr(aiogram.methods, name).__returning__
    raise AssertionError(f"aiogram has no method {method}")


def _ptb_type(returning: Any) -> type[telegram.TelegramObject] | None:
    """By the name that both give to it: of a list or a union that of what is in it."""
    name = getattr(returning, "__name__", "")
    for known, type_ in PTB_ANSWERS.items():
        if name == known or (known in ("ChatMember", "MenuButton") and name.startswith(known)):
            return type_
    inner = (_ptb_type(each) for each in typing.get_args(returning))
    return next((each for each in inner if each), None)


# --- aiogram: no field that it does not know, no text where it wants a number


@cache
def _adapter(type_: Any) -> TypeAdapter[Any]:
    return TypeAdapter(type_)


def _of_aiogram(type_: Any, value: Any) -> Iterator[str]:
    adapter = _adapter(type_)
    try:
        parsed = adapter.validate_python(value)
    except ValidationError as error:
        yield f"is not what aiogram expects: {error}"
        return
    yield from (f"has {each}, unknown to aiogram," for each in _extra(parsed))
    yield from (f"has {each}, of another type in aiogram," for each in _changed(parsed, value))


def _extra(value: Any) -> Iterator[str]:
    if isinstance(value, TelegramObject):
        name = type(value).__name__
        yield from (f"{name}.{each}" for each in value.model_extra or {})
        for field in type(value).model_fields:
            yield from _extra(getattr(value, field))
    elif isinstance(value, list):
        for each in value:
            yield from _extra(each)


def _changed(parsed: Any, given: Any) -> Iterator[str]:
    """Values that were of another type than the field, and were made to fit."""
    if isinstance(parsed, TelegramObject):
        for name, field in type(parsed).model_fields.items():
            value, sent = getattr(parsed, name), given.get(field.alias or name)
            if sent is None and value is None:
                continue
            for each in _changed(value, sent):
                yield f"{type(parsed).__name__}.{name}{each}"
    elif isinstance(parsed, list):
        for one, other in zip(parsed, given, strict=True):
            yield from _changed(one, other)
    elif isinstance(parsed, bool | int | str):
        if type(parsed) is not type(given) or parsed != given:
            yield f" ({given!r})"
    elif isinstance(parsed, float) and isinstance(given, bool | str):
        yield f" ({given!r})"


# --- python-telegram-bot: nothing is left over


def _of_ptb(type_: type[telegram.TelegramObject], value: Json) -> Iterator[str]:
    try:
        parsed = type_.de_json(value, None)
    except Exception as error:  # noqa: BLE001  whatever it says of it
        yield f"is not what python-telegram-bot expects: {error!r}"
        return
    for each in _left_over(parsed):
        if each not in NEWER_THAN_PTB:
            yield f"has {each}, unknown to python-telegram-bot,"
    yield from (f"has {each}, lost" for each in _lost(value, parsed.to_dict(), type_.__name__))


def _left_over(value: Any) -> Iterator[str]:
    if isinstance(value, telegram.TelegramObject):
        yield from (f"{type(value).__name__}.{each}" for each in value.api_kwargs)
        names = {name for each in type(value).__mro__ for name in getattr(each, "__slots__", ())}
        for name in names:
            if not name.startswith("_") and name != "api_kwargs":
                yield from _left_over(getattr(value, name, None))
    elif isinstance(value, Mapping):
        yield from _left_over(list(value.values()))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _left_over(each)


def _lost(sent: Any, kept: Any, where: str) -> Iterator[str]:
    """What python-telegram-bot would not give back as it came."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        for name, value in sent.items():
            if value != [] or name in kept:
                yield from _lost(value, kept.get(name), f"{where}.{name}")
    elif isinstance(sent, list) and isinstance(kept, list) and len(sent) == len(kept):
        for one, other in zip(sent, kept, strict=True):
            yield from _lost(one, other, where)
    elif sent != kept:
        yield f"{where} {sent!r}"
