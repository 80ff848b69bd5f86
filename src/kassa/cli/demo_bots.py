"""The demo's bots, and the settings by which Kassa shows them: all that it would call is here.

They are kept as kassa.toml in the demo's folder, so that every command can be tried on it:
KASSA_CONFIG=.../demo/kassa.toml kassa subscriptions show 1
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from kassa.cli import demo_terms

if TYPE_CHECKING:
    from tgsandbox import BotAccess, Person, Sandbox

STARS = 5_000  # play money, as all of it
PROVIDERS = ("stripe", "oneplat", "cryptopay", "yookassa")


class Language(StrEnum):
    """Which the person in front of the chat speaks."""

    RU = "ru"
    UZ = "uz"
    EN = "en"


GUESTS = {Language.RU: "Гость", Language.UZ: "Mehmon", Language.EN: "Guest"}


@dataclass(frozen=True)
class Shown:
    """A bot: what Kassa calls it, and what it is called in its chat."""

    name: str
    app: str
    username: str
    titles: Mapping[Language, str]

    def among(self, tg: "Sandbox", language: Language) -> "BotAccess":
        return tg.bot(self.username, name=self.titles[language])


BOTS = (
    Shown(
        "tokens",
        "tokens",
        "kassa_demo_bot",
        {Language.RU: "Художник", Language.UZ: "Rassom", Language.EN: "Artist"},
    ),
    Shown(
        "vpn",
        "subscriptions",
        "kassa_vpn_bot",
        {Language.RU: "VPN по подписке", Language.UZ: "Obunali VPN", Language.EN: "VPN Plans"},
    ),
)


def guest(tg: "Sandbox", language: Language) -> "Person":
    return tg.user(GUESTS[language], language=language, stars=STARS)


def open_shops(tg: "Sandbox", port: int) -> None:
    for name in PROVIDERS:
        tg.bank.shop(name, callback_url=f"http://127.0.0.1:{port}/pay/{name}/callback")


def write(folder: Path, tg: "Sandbox", port: int, language: Language) -> None:
    """Anew at every start: ports and addresses may be others."""
    lines = ["# Written by `kassa demo` at every start.", 'home = "."']
    lines += _lines(_settings(tg, port, language))
    for each in BOTS:
        told = {
            "name": each.name,
            "token": each.among(tg, language).token,
            "apps": [each.app],
        }
        lines += ["", "[[bot]]", *_lines(told)]
    (folder / "kassa.toml").write_text("\n".join([*lines, ""]))


def _lines(settings: Mapping[str, object]) -> list[str]:
    """Texts, numbers and lists look the same in TOML as in JSON."""
    return [f"{name} = {json.dumps(value)}" for name, value in settings.items()]


def _settings(tg: "Sandbox", port: int, language: Language) -> dict[str, object]:
    stripe, oneplat, cryptopay, yookassa = (tg.bank.shop(name) for name in PROVIDERS)
    panel = tg.bank.shop("remnawave")
    return {
        "log": "text",
        "port": port,
        "public_base_url": f"http://127.0.0.1:{port}",
        "admin_ids": [guest(tg, language).id],
        "terms_url": f"{tg.url}{demo_terms.PATH}",
        "terms_version": demo_terms.VERSION,
        "telegram_api_url": tg.url,
        "stripe_base_url": stripe.base_url,
        "stripe_secret_key": stripe.credentials["secret_key"],
        "stripe_webhook_secret": stripe.credentials["webhook_secret"],
        "oneplat_base_url": oneplat.base_url,
        "oneplat_shop_id": oneplat.credentials["shop_id"],
        "oneplat_shop_secret": oneplat.credentials["secret"],
        "cryptopay_base_url": cryptopay.base_url,
        "cryptopay_token": cryptopay.credentials["token"],
        "yookassa_base_url": yookassa.base_url,
        "yookassa_shop_id": yookassa.credentials["shop_id"],
        "yookassa_secret_key": yookassa.credentials["secret_key"],
        "yookassa_networks": "127.0.0.0/8",
        "remnawave_url": panel.base_url,
        "remnawave_token": panel.credentials["token"],
    }
