"""Subscriptions: plans paid by card, SBP, crypto, Stars or the balance, once, and let in by a
panel."""

from fastapi import APIRouter

from kassa.apps.models import App
from kassa.apps.subscriptions import (
    charging,
    gifts,
    provisioning,
    referrals,
    reminding,
    renewing,
    service,
    syncing,
    tidying,
)
from kassa.apps.subscriptions.admin import main as bot_admin
from kassa.apps.subscriptions.bot import devices, qr
from kassa.apps.subscriptions.bot import main as bot
from kassa.apps.subscriptions.buying import PURPOSE
from kassa.apps.subscriptions.options import Options, disagrees
from kassa.apps.subscriptions.web import api, pages
from kassa.telegram import MenuItem

__all__ = ["APP"]

_http = APIRouter()
_http.include_router(api.router)
_http.include_router(pages.router)

APP = App(
    name="subscriptions",
    package="kassa.apps.subscriptions",
    api=_http,
    bot=bot.router,
    purposes=[PURPOSE],
    jobs={
        service.PROVISION: provisioning.provision,
        provisioning.SWEEP: provisioning.sweep,
        gifts.TELL: gifts.tell,
        referrals.REWARD: referrals.reward,
        referrals.REVERSE: referrals.reverse,
        reminding.SWEEP: reminding.sweep,
        charging.RENEW: charging.renew,
        renewing.STOP: renewing.stop,
        tidying.SWEEP: tidying.sweep,
        syncing.SYNC: syncing.nightly,
        syncing.SHUT: syncing.shut,
        qr.SEND: qr.send,
        devices.LOOK: devices.look,
        devices.RELINK: devices.relink,
        **bot_admin.JOBS,
    },
    schedule={
        provisioning.SWEEP: "* * * * *",
        reminding.SWEEP: "* * * * *",
        charging.RENEW: "* * * * *",
        tidying.SWEEP: "17 * * * *",
        syncing.SYNC: "40 0 * * *",
    },
    menu=[
        MenuItem("button-buy", data="sub:plans"),
        MenuItem("button-mine", data="sub:mine"),
        MenuItem("button-invite", data="sub:invite"),
        MenuItem("button-gift", data="sub:gift"),
        MenuItem("label-buy", command="buy"),
        MenuItem("label-subscription", command="subscription"),
        MenuItem("label-trial", command="trial"),
        MenuItem("label-invite", command="invite"),
        MenuItem("label-gift", command="gift"),
        MenuItem("label-promo", command="promo"),
    ],
    menu_button=MenuItem("button-mine", page="/subscription/"),
    asks_terms=True,
    options=Options,
    disagrees=disagrees,
)
