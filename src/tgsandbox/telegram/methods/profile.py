"""What a bot says of itself: name, descriptions, commands, menu button."""

import re
from typing import Any

from tgsandbox.telegram import wire
from tgsandbox.telegram.calls import Call, method
from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.keyboards import checked_web_app
from tgsandbox.telegram.records import Bot, Chat, Json
from tgsandbox.telegram.targets import chat_known

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_LANGUAGE = re.compile(r"[a-z]{2}")
_PLAIN_SCOPES = ("default", "all_private_chats", "all_group_chats", "all_chat_administrators")
MOST_COMMANDS = 100


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
    given = call.args.json("commands", "list of bot commands")
    if given is None:
        given = []
    if not isinstance(given, list):
        raise bad_request("expected an Array of BotCommand")
    if len(given) > MOST_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    key = f"{_scope(call)}:{_language(call)}"
    commands = [_command(each) for each in given]
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


def _command(given: Any) -> Json:
    if not isinstance(given, dict):
        raise bad_request("can't parse BotCommand: expected an Object")
    name, description = given.get("command"), given.get("description")
    if not isinstance(name, str) or not isinstance(description, str):
        raise bad_request("can't parse BotCommand: command and description must be Strings")
    name = name.removeprefix("/")
    if not _COMMAND.fullmatch(name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}


def _scope(call: Call) -> str:
    given = call.args.json("scope", "BotCommandScope")
    if given is None:
        return "default"
    if not isinstance(given, dict):
        raise bad_request("can't parse BotCommandScope: expected an Object")
    kind = given.get("type")
    if kind in _PLAIN_SCOPES:
        return str(kind)
    if kind not in ("chat", "chat_administrators", "chat_member"):
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    call.args.values["scope.chat_id"] = given.get("chat_id", "")
    chat = chat_known(call, "scope.chat_id")
    if kind == "chat_member":
        return f"{kind} {chat.id} {given.get('user_id')}"
    return f"{kind} {chat.id}"


def _language(call: Call) -> str:
    code = call.args.text("language_code")
    if code and not _LANGUAGE.fullmatch(code):
        raise bad_request("invalid language code specified")
    return code


# --- name and descriptions


def _set_text(call: Call, texts: dict[str, str], name: str, most: int) -> dict[str, str]:
    code, text = _language(call), call.args.text(name)
    if len(text) > most:
        raise bad_request(f"{name.replace('_', ' ')} is too long")
    if text:
        return {**texts, code: text}
    return {other: kept for other, kept in texts.items() if other != code}


def _text(call: Call, texts: dict[str, str], otherwise: str = "") -> str:
    return texts.get(_language(call)) or texts.get("") or otherwise


@method
def set_my_name(call: Call) -> bool:
    bot = call.bot
    bot.names = _set_text(call, bot.names, "name", 64)
    bot.first_name = bot.names.get("", bot.username)
    return _saved(call)


@method
def get_my_name(call: Call) -> Json:
    return {"name": _text(call, call.bot.names, call.bot.first_name)}


@method
def set_my_description(call: Call) -> bool:
    call.bot.descriptions = _set_text(call, call.bot.descriptions, "description", 512)
    return _saved(call)


@method
def get_my_description(call: Call) -> Json:
    return {"description": _text(call, call.bot.descriptions)}


@method
def set_my_short_description(call: Call) -> bool:
    bot = call.bot
    bot.short_descriptions = _set_text(call, bot.short_descriptions, "short_description", 120)
    return _saved(call)


@method
def get_my_short_description(call: Call) -> Json:
    return {"short_description": _text(call, call.bot.short_descriptions)}


# --- the menu button


@method
def set_chat_menu_button(call: Call) -> bool:
    key = _menu_of(call)
    given = call.args.json("menu_button", "menu button")
    button = {"type": "default"} if given is None else _menu_button(given)
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
    if not call.args.text("chat_id"):
        return ""
    chat = chat_known(call)
    if not chat.private:
        raise bad_request("chat not found")
    return str(chat.id)


def _menu_button(given: Any) -> Json:
    if not isinstance(given, dict):
        raise bad_request("can't parse menu button: expected an Object")
    match given.get("type"):
        case "default" | "commands" as kind:
            return {"type": kind}
        case "web_app":
            text, app = given.get("text"), given.get("web_app")
            if not isinstance(text, str) or not text:
                raise bad_request('can\'t parse menu button: Field "text" must be a String')
            if not isinstance(app, dict):
                raise bad_request('can\'t parse menu button: Field "web_app" must be an Object')
            return {"type": "web_app", "text": text, "web_app": {"url": checked_web_app(app)}}
        case _:
            raise bad_request("can't parse menu button: unsupported type specified")


def _saved(call: Call) -> bool:
    call.world.save(call.bot)
    return True
