"""What a bot says of itself: name, descriptions, commands, menu button."""

import re
from typing import Any

from tgsandbox.telegram import wire
from tgsandbox.telegram.calls import Call, method
from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.fields import FieldError, number, object_, string
from tgsandbox.telegram.keyboards import checked_web_app
from tgsandbox.telegram.records import Bot, Chat, Json
from tgsandbox.telegram.targets import account_of, chat_named

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_LANGUAGE = re.compile(r"[a-z]{2}")
_PLAIN_SCOPES = ("default", "all_private_chats", "all_group_chats", "all_chat_administrators")
MOST_COMMANDS, MOST_COMMAND, MOST_DESCRIPTION = 100, 32, 256


@method
def get_me(call: Call) -> Json:
    return wire.me(call.bot)


@method
def log_out(call: Call) -> bool:
    return True


@method
def close(call: Call) -> bool:
    return True


# --- commands


@method
def set_my_commands(call: Call) -> bool:
    given = call.args.json("commands", "commands")
    if given is None:
        given = []
    if not isinstance(given, list):
        raise bad_request("expected an Array of BotCommand")
    try:
        read = [_command(each) for each in given]
    except FieldError as error:
        raise bad_request(f"can't parse BotCommand: {error}") from None
    key = f"{_scope(call)}:{_language(call)}"
    commands = [_checked(*each) for each in read]
    if len(commands) > MOST_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    if not all(_COMMAND.fullmatch(each["command"]) for each in commands):
        raise bad_request("BOT_COMMAND_INVALID")
    call.bot.commands = {**call.bot.commands, key: commands}
    return _saved(call)


@method
def get_my_commands(call: Call) -> list[Json]:
    return call.bot.commands.get(f"{_scope(call)}:{_language(call)}", [])


@method
def delete_my_commands(call: Call) -> bool:
    key = f"{_scope(call)}:{_language(call)}"
    call.bot.commands = {name: each for name, each in call.bot.commands.items() if name != key}
    return _saved(call)


def commands_shown(bot: Bot, chat: Chat, user_id: int, language: str | None) -> list[Json]:
    """The commands that a person is offered in a chat: the nearest scope that has any."""
    if chat.private:
        scopes = [f"chat {chat.id}", "all_private_chats", "default"]
    else:
        status = chat.members.get(str(user_id), {}).get("status")
        admin = status in ("creator", "administrator")
        scopes = [f"chat_member {chat.id} {user_id}"]
        scopes += [f"chat_administrators {chat.id}"] if admin else []
        scopes += [f"chat {chat.id}"]
        scopes += ["all_chat_administrators"] if admin else []
        scopes += ["all_group_chats", "default"]
    for scope in scopes:
        for spoken in (language or "", ""):
            if found := bot.commands.get(f"{scope}:{spoken}"):
                return found
    return []


def _command(given: Any) -> tuple[str, str]:
    if not isinstance(given, dict):
        raise FieldError("expected an Object")
    return string(given, "command"), string(given, "description")


def _checked(name: str, description: str) -> Json:
    name = name.removeprefix("/")
    if not name:
        raise bad_request("command must be non-empty")
    if len(name) > MOST_COMMAND:
        raise bad_request(f"command length must not exceed {MOST_COMMAND}")
    if not description:
        raise bad_request("command description must be non-empty")
    if len(description) > MOST_DESCRIPTION:
        raise bad_request(f"command description length must not exceed {MOST_DESCRIPTION}")
    return {"command": name, "description": description}


def _scope(call: Call) -> str:
    given = call.args.json("scope", "BotCommandScope")
    if given is None:
        return "default"
    try:
        kind, where, user_id = _read_scope(given)
    except FieldError as error:
        raise bad_request(f"can't parse BotCommandScope: {error}") from None
    if not where:
        return kind
    chat = chat_named(call, where)
    if chat.private and kind != "chat":
        raise bad_request("can't use specified scope in private chats")
    return f"{kind} {chat.id} {user_id}" if user_id else f"{kind} {chat.id}"


def _read_scope(given: Any) -> tuple[str, str, int]:
    """Its type, and where and for whom it is to be."""
    if not isinstance(given, dict):
        raise FieldError("BotCommandScope must be an Object")
    kind = string(given, "type")
    if kind in _PLAIN_SCOPES:
        return kind, "", 0
    if kind not in ("chat", "chat_administrators", "chat_member"):
        raise FieldError("Unsupported type specified")
    where = string(given, "chat_id")
    if not where:
        raise FieldError("Empty chat_id specified")
    if kind != "chat_member":
        return kind, where, 0
    user_id = number(given, "user_id", bits=64)
    if user_id <= 0:
        raise FieldError("Invalid user_id specified")
    return kind, where, user_id


def _language(call: Call) -> str:
    code = call.args.text("language_code")
    if code and not _LANGUAGE.fullmatch(code):
        raise bad_request("invalid language code specified")
    return code


# --- name and descriptions


def _set_text(
    call: Call, texts: dict[str, str], name: str, *, most: int, refusal: str
) -> dict[str, str]:
    code, text = _language(call), call.args.text(name)
    if len(text) > most:
        raise bad_request(refusal)
    if text:
        return {**texts, code: text}
    return {other: kept for other, kept in texts.items() if other != code}


def _text(call: Call, texts: dict[str, str], otherwise: str = "") -> str:
    return texts.get(_language(call)) or texts.get("") or otherwise


@method
def set_my_name(call: Call) -> bool:
    bot, refusal = call.bot, "BOT_TITLE_INVALID"
    if not call.args.text("name") and not _language(call):
        raise bad_request(refusal)
    bot.names = _set_text(call, bot.names, "name", most=64, refusal=refusal)
    bot.first_name = bot.names.get("", bot.username)
    return _saved(call)


@method
def get_my_name(call: Call) -> Json:
    return {"name": _text(call, call.bot.names, call.bot.first_name)}


@method
def set_my_description(call: Call) -> bool:
    call.bot.descriptions = _set_text(
        call, call.bot.descriptions, "description", most=512, refusal="BOT_DESC_INVALID"
    )
    return _saved(call)


@method
def get_my_description(call: Call) -> Json:
    return {"description": _text(call, call.bot.descriptions)}


@method
def set_my_short_description(call: Call) -> bool:
    texts, name = call.bot.short_descriptions, "short_description"
    call.bot.short_descriptions = _set_text(
        call, texts, name, most=120, refusal="BOT_SHARETEXT_INVALID"
    )
    return _saved(call)


@method
def get_my_short_description(call: Call) -> Json:
    return {"short_description": _text(call, call.bot.short_descriptions)}


# --- the menu button


@method
def set_chat_menu_button(call: Call) -> bool:
    given = call.args.json("menu_button", "menu button")
    try:
        button = {"type": "default"} if given is None else _menu_button(given)
    except FieldError as error:
        raise bad_request(f"can't parse menu button: {error}") from None
    key = _menu_of(call)
    call.bot.menu_buttons = {**call.bot.menu_buttons, key: button}
    call.world.events.emit("menu", bot=call.bot, chat=key)
    return _saved(call)


@method
def get_chat_menu_button(call: Call) -> Json:
    return menu_button(call.bot, _menu_of(call))


def menu_button(bot: Bot, chat: str) -> Json:
    """The button beside the field, in a chat or by default."""
    for key in (chat, ""):
        button = bot.menu_buttons.get(key)
        if button and button["type"] != "default":
            return button
    return {"type": "commands"} if bot.commands else {"type": "default"}


def _menu_of(call: Call) -> str:
    return str(account_of(call, "chat_id").id) if "chat_id" in call.args else ""


def _menu_button(given: Any) -> Json:
    if not isinstance(given, dict):
        raise FieldError("MenuButton must be an Object")
    match string(given, "type"):
        case "default" | "commands" as kind:
            return {"type": kind}
        case "web_app":
            text, app = string(given, "text"), object_(given, "web_app")
            url = checked_web_app(app)
            if not text:
                raise bad_request("menu button text must be non-empty")
            return {"type": "web_app", "text": text, "web_app": {"url": url}}
        case _:
            raise FieldError("MenuButton has unsupported type")


def _saved(call: Call) -> bool:
    call.world.save(call.bot)
    return True
