"""Answers to buttons, to inline queries and to Mini Apps."""

import re
from typing import Any

from tgsandbox.telegram.calls import Call, method
from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.fields import FieldError, object_, string
from tgsandbox.telegram.inline import checked_result, result_message
from tgsandbox.telegram.records import Json
from tgsandbox.telegram.targets import person

MOST_RESULTS, MOST_OFFSET, MOST_PARAMETER = 50, 64, 64
_PARAMETER = re.compile(r"[A-Za-z0-9_-]+")


@method
def answer_callback_query(call: Call) -> bool:
    args = call.args
    text = args.text("text")
    if len(text) > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    url = args.text("url")
    if url and not url.startswith(("https://t.me/", "tg://")):
        raise bad_request("URL_INVALID")
    answer: Json = {"text": text, "show_alert": args.flag("show_alert")}
    if url:
        answer["url"] = url
    call.world.answer("callback", call.bot, args.text("callback_query_id"), answer)
    return True


@method
def answer_inline_query(call: Call) -> bool:
    args = call.args
    button = _button(args.json("button", "inline query results button"))
    results = args.json("results", "JSON encoded inline query results")
    if results is None:
        results = []
    if not isinstance(results, list):
        raise bad_request("expected an Array of inline query results")
    if len(results) > MOST_RESULTS:
        raise bad_request("too many inline query results specified")
    try:
        checked = [checked_result(call, each) for each in results]
    except FieldError as error:
        raise bad_request(f"can't parse InlineQueryResult: {error}") from None
    if len(args.text("next_offset").encode()) > MOST_OFFSET:
        raise bad_request("NEXT_OFFSET_INVALID")
    ids = [each["id"] for each in checked]
    if len(set(ids)) < len(ids):
        raise bad_request("RESULT_ID_DUPLICATE")
    answer = {
        "results": checked,
        "next_offset": args.text("next_offset"),
        "button": button,
    }
    call.world.answer("inline", call.bot, args.text("inline_query_id"), answer)
    return True


def _button(given: Any) -> Json | None:
    if given is None:
        return None
    try:
        return _read_button(given)
    except FieldError as error:
        raise bad_request(f"can't parse inline query results button: {error}") from None


def _read_button(given: Any) -> Json:
    if not isinstance(given, dict):
        raise FieldError("InlineQueryResultsButton must be an Object")
    button: Json = {"text": string(given, "text")}
    if "start_parameter" in given:
        return button | {"start_parameter": _start(string(given, "start_parameter"))}
    if "web_app" in given:
        return button | {"web_app": {"url": string(object_(given, "web_app"), "url")}}
    raise FieldError("InlineQueryResultsButton must have exactly one optional field")


def _start(parameter: str) -> str:
    if not parameter:
        raise bad_request("can't use empty start_parameter")
    if len(parameter) > MOST_PARAMETER:
        raise bad_request("too long start_parameter specified")
    if not _PARAMETER.fullmatch(parameter):
        raise bad_request("unallowed characters in start_parameter are used")
    return parameter


@method
def answer_web_app_query(call: Call) -> Json:
    checked = _result(call)
    query = call.world.answer("web_app", call.bot, call.args.text("web_app_query_id"), checked)
    user = call.world.users[query.user_id]
    chat = call.world.chats[query.about["chat"]]
    message = result_message(call.world, call.bot, user, chat, checked)
    return {"inline_message_id": message.inline_id} if message.inline_id else {}


@method
def save_prepared_inline_message(call: Call) -> Json:
    user = person(call)
    checked = _result(call)
    lives = 3600
    query = call.world.ask("prepared", call.bot, user, lives=lives, result=checked)
    return {"id": query.id, "expiration_date": int(query.until)}


def _result(call: Call) -> Json:
    if not call.args.text("result"):
        raise bad_request("result isn't specified")
    return checked_result(call, call.args.json("result", "JSON encoded web view query results"))
