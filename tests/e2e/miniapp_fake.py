"""The Mini App's server as its page knows it: real pages, and money that is only told of."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse

from kassa import clock
from kassa.apps.tokens import pages
from kassa.config import load
from kassa.web import create_app
from tgsandbox import BotAccess, Sandbox
from tgsandbox.server import Listener
from tgsandbox.telegram.request import Receive, Scope, Send

Json = dict[str, Any]
PRICES = [
    (100, {"USD": "5.00", "RUB": "490.00", "XTR": "250", "UZS": "63000.00"}),
    (200, {"USD": "10.00", "RUB": "980.00", "XTR": "500", "UZS": "126000.00"}),
    (500, {"USD": "25.00", "RUB": "2450.00", "XTR": "1250", "UZS": "315000.00"}),
    (1000, {"USD": "50.00", "RUB": "4900.00", "XTR": "2500"}),
]
METHODS = [
    {"id": "card", "currency": "USD", "recommended": True},
    {"id": "sbp", "currency": "RUB", "recommended": False},
    {"id": "stars", "currency": "XTR", "recommended": False},
    {"id": "crypto", "currency": "USD", "recommended": False},
]


@dataclass
class Server:
    """What the page is told, and what it has said."""

    bot: BotAccess
    url: str = ""
    language: str = "ru"
    balance: int = 1250
    debt: int = 0
    email: str = ""
    packages: list[Json] = field(
        default_factory=lambda: [{"credits": credits, "prices": {**at}} for credits, at in PRICES]
    )
    methods: list[Json] = field(default_factory=lambda: [{**each} for each in METHODS])
    requisites: list[Json] = field(default_factory=list)
    items: list[Json] = field(default_factory=list)
    invoice: str = ""
    refusal: tuple[int, Json] | None = None  # of create-payment
    unproved: bool = False
    payments: dict[str, Json] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    asked: list[Json] = field(default_factory=list)  # of create-payment
    checks: int = 0
    opened: list[str] = field(default_factory=list)
    hold: asyncio.Event = field(default_factory=asyncio.Event)  # create-payment waits for it

    def __post_init__(self) -> None:
        self.hold.set()

    def settle(self, status: str, id: str = "1") -> None:
        self.payments[id]["status"] = status
        if status == "succeeded":
            self.balance += self.payments[id]["credits"]


def _no(status: int, code: str, detail: str, **more: Any) -> JSONResponse:
    return JSONResponse({"success": False, "detail": detail, "code": code, **more}, status)


def api(server: Server) -> APIRouter:
    router = APIRouter()

    @router.get("/api/miniapp/state")
    async def state(request: Request) -> Any:
        if server.unproved or not request.headers.get("x-telegram-init-data"):
            return _no(401, "unproved", "")
        return {
            "success": True,
            "bot": {"name": "Лавка", "username": "shop_bot"},
            "user": {"id": 7, "first_name": "Покупатель", "language": server.language},
            "balance": server.balance,
            "total_deposited": 3400,
            "debt": server.debt,
            "email": server.email,
            "packages": server.packages,
            "methods": server.methods,
            "terms_url": f"{server.url}/terms",
            "support": "@shop_support",
        }

    @router.post("/api/miniapp/create-payment")
    async def create(request: Request) -> Any:
        body = await request.json()
        key = request.headers.get("idempotency-key", "")
        server.asked.append({**body, "key": key})
        await server.hold.wait()
        if server.refusal:
            status, answer = server.refusal
            return JSONResponse({"success": False, **answer}, status)
        number = server.keys.setdefault(key, str(len(server.keys) + 1))
        made = {"amount": str(body["amount"]), "currency": body["currency"]}
        server.payments[number] = {**made, "credits": body["credits"], "status": "pending"}
        answer = {"success": True, "payment_id": number, "kind": "redirect", **made}
        if server.requisites:
            soon = clock.now() + timedelta(minutes=15)
            answer |= {"kind": "requisites", "requisites": server.requisites}
            answer |= {"expires_at": soon.isoformat(), "payment_url": f"{server.url}/bank/{number}"}
        elif body["currency"] == "XTR":
            answer |= {"kind": "invoice", "invoice_url": server.invoice, "payment_url": ""}
        else:
            answer |= {"payment_url": f"{server.url}/bank/{number}"}
        return answer

    def status(number: str) -> Any:
        found = server.payments.get(number)
        return {"success": True, **found} if found else _no(404, "", "Нет такого платежа.")

    @router.get("/api/miniapp/payment-status/{number}")
    async def told(number: str) -> Any:
        return status(number)

    @router.post("/api/miniapp/payment-check/{number}")
    async def check(number: str) -> Any:
        server.checks += 1
        return status(number)

    @router.post("/api/miniapp/payment-cancel/{number}")
    async def cancel(number: str) -> Any:
        if server.payments[number]["status"] == "pending":
            server.payments[number]["status"] = "canceled"
        return status(number)

    @router.get("/api/miniapp/history")
    async def history(before: str = "") -> Any:
        start = int(before or 0)
        answer: Json = {"success": True, "items": server.items[start : start + 10]}
        answer["next"] = str(start + 10) if len(server.items) > start + 10 else None
        if not before:
            today = clock.now().date()
            answer["chart"] = [
                {
                    "day": str(today - timedelta(days=29 - at)),
                    "in": 500 if at % 9 == 4 else 0,
                    "out": at * 7 % 60 if server.items else 0,
                }
                for at in range(30)
            ]
        return answer

    @router.get("/bank/{number}")
    async def bank(number: str) -> Any:
        server.opened.append(number)
        return {"bank": number}

    return router


class _Bots:
    """Of Kassa's runtime, the one door that the pages go through."""

    def __init__(self, settings: Any) -> None:
        from kassa.telegram.bots import from_settings

        self.bots = from_settings(settings)


@asynccontextmanager
async def serving(tg: Sandbox, bot: BotAccess) -> AsyncIterator[Server]:
    server = Server(bot)

    async def site(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    listener = Listener(site)
    server.url = f"http://127.0.0.1:{listener.port}"
    settings = load(
        {
            "TELEGRAM_BOT_TOKEN": bot.token,
            "TELEGRAM_API_URL": tg.url,
            "KASSA_APPS": "tokens",
            "SECRET_KEY": "a secret key of a test, long enough",
        },
        None,
    )

    @asynccontextmanager
    async def nothing(_: FastAPI) -> AsyncIterator[None]:
        yield

    app = create_app(nothing, routers=[pages.router, api(server)])
    app.state.settings, app.state.kassa = settings, _Bots(settings)
    await listener.start()
    try:
        yield server
    finally:
        server.hold.set()
        await app.state.kassa.bots.close()
        await listener.stop()
