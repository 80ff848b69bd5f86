"""What bench/sandbox.py asks: the sandbox, or a bare ASGI app on the same server."""

import asyncio
import json
import sys
from urllib.parse import parse_qsl

import uvloop

from tgsandbox import Sandbox
from tgsandbox.server import Listener
from tgsandbox.telegram.request import Receive, Scope, Send

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """Parses the form and answers a message as JSON, and nothing else."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    answer = {
        "ok": True,
        "result": {
            "message_id": 1,
            "from": {"id": 1, "is_bot": True, "first_name": "bench_bot", "username": "bench_bot"},
            "chat": {"id": int(form["chat_id"]), "first_name": "Buyer", "type": "private"},
            "date": 1,
            "text": form["text"],
        },
    }
    content = _encode(answer).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def main(kind: str) -> None:
    if kind == "bare":
        listener = Listener(bare)
        await listener.start()
        print(json.dumps({"port": listener.port, "path": "/", "chat": 1}), flush=True)
        await asyncio.Event().wait()
    async with Sandbox() as tg:
        bot, buyer = tg.bot("bench_bot"), tg.user("Buyer")
        await buyer.send(bot, "/start")
        port = int(tg.url.rpartition(":")[2])
        path = f"/bot{bot.token}/sendMessage"
        print(json.dumps({"port": port, "path": path, "chat": buyer.id}), flush=True)
        await asyncio.Event().wait()


uvloop.run(main(sys.argv[1]))
