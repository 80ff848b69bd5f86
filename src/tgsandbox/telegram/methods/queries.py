"""Answers to buttons, to inline queries and to Mini Apps."""

from typing import Any

from tgsandbox.telegram.calls import Call, method
from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.inline import checked_result, result_message
from tgsandbox.telegram.records import Json

MOST_RESULTS = 50


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
    results = args.json("results", "inline query results")
    if not isinstance(results, list):
        raise bad_request("expected an Array of inline query results")
    if len(results) > MOST_RESULTS:
        raise bad_request("RESULTS_TOO_MUCH")
    checked = [checked_result(call, each) for each in results]
    ids = [each["id"] for each in checked]
    if len(set(ids)) < len(ids):
        raise bad_request("RESULT_ID_DUPLICATE")
    answer = {
        "results": checked,
        "next_offset": args.text("next_offset"),
        "button": _button(args.json("button", "inline query results button")),
    }
    call.world.answer("inline", call.bot, args.text("inline_query_id"), answer)
    return True


def _button(given: Any) -> Json | None:
    if given is None:
        return None
    if not isinstance(given, dict) or not isinstance(given.get("text"), str):
        raise bad_request("can't parse inline query results button")
    return given


@method
def answer_web_app_query(call: Call) -> Json:
    result = call.args.json("result", "inline query result")
    if result is None:
        raise bad_request("result is empty")
    checked = checked_result(call, result)
    query = call.world.answer("web_app", call.bot, call.args.text("web_app_query_id"), checked)
    user = call.world.users[query.user_id]
    chat = call.world.chats[query.about["chat"]]
    message = result_message(call.world, call.bot, user, chat, checked)
    return {"inline_message_id": message.inline_id} if message.inline_id else {}


@method
def save_prepared_inline_message(call: Call) -> Json:
    result = call.args.json("result", "inline query result")
    if result is None:
        raise bad_request("result is empty")
    checked = checked_result(call, result)
    user = call.world.users.get(call.args.identifier("user_id") or 0)
    if user is None:
        raise bad_request("user not found")
    lives = 3600
    query = call.world.ask("prepared", call.bot, user, lives=lives, result=checked)
    return {"id": query.id, "expiration_date": int(query.until)}
