"""Tokens: a balance that is topped up in a Mini App, and spent on pictures.

For others: `tokens.spend(tx, user, cost, key=…)`, and `@costs(10)` above a handler.
"""

from fastapi import APIRouter

from kassa.apps.models import App
from kassa.apps.tokens import api, bot, pages, pictures
from kassa.apps.tokens.buying import PURPOSE
from kassa.apps.tokens.costs import costs
from kassa.apps.tokens.models import NotEnough, Standing
from kassa.apps.tokens.options import Options
from kassa.apps.tokens.service import capture, give, hold, release, spend, standing
from kassa.telegram import MenuItem

__all__ = [
    "APP",
    "NotEnough",
    "Standing",
    "capture",
    "costs",
    "give",
    "hold",
    "release",
    "spend",
    "standing",
]

_http = APIRouter()
_http.include_router(api.router)
_http.include_router(pages.router)

APP = App(
    name="tokens",
    package="kassa.apps.tokens",
    bot=bot.router,
    api=_http,
    purposes=[PURPOSE],
    jobs={pictures.DRAW: pictures.draw, pictures.SWEEP: pictures.sweep},
    schedule={pictures.SWEEP: "* * * * *"},
    menu=[
        MenuItem("button-draw", data="tokens:draw"),
        MenuItem("button-balance", data="balance"),
        MenuItem("button-topup", page="/miniapp/"),
        MenuItem("button-history", data="balance_history"),
        MenuItem("label-generate", command="generate"),
        MenuItem("label-balance", command="balance"),
        MenuItem("label-pay", command="pay"),
    ],
    menu_button=MenuItem("button-topup", page="/miniapp/"),
    options=Options,
)
