"""Which panel the settings want, and none at all."""

from typing import Any

import pytest

from kassa.apps import Kassa
from kassa.apps.subscriptions import APP
from kassa.apps.subscriptions.panels import panel_of
from kassa.apps.subscriptions.panels.channel import Channel
from kassa.apps.subscriptions.panels.keys import Keys
from kassa.apps.subscriptions.panels.none import Nothing
from kassa.apps.subscriptions.panels.remnawave import Remnawave
from kassa.cli.doctor import panel as doctors
from kassa.config import BotSettings, Settings
from kassa.db import Database
from kassa.errors import Invalid
from kassa.payments import Payments
from kassa.secret import Secret
from kassa.testing import running
from tests.apps.subscriptions.panels.sides import fake, gone, somebody
from tests.cli.process import on
from tests.conftest import Fresh
from tgsandbox import Sandbox

BOT = BotSettings(token=Secret("123456:TEST-TOKEN"), apps=("subscriptions",))
AT = {"remnawave_url": "https://panel.example.com", "remnawave_token": Secret("TEST")}


def kassa(db: Database, options: dict[str, Any], **given: Any) -> Kassa:
    settings = Settings(debug=True, app={"subscriptions": options}, **given)
    return Kassa.of(settings, db, Payments(db, providers={}, purposes=[]))


@pytest.mark.parametrize(
    ("options", "given", "kind"),
    [
        ({}, {}, Nothing),
        ({}, AT, Remnawave),
        ({"panel": "none"}, AT, Nothing),
        ({"panel": "remnawave"}, AT, Remnawave),
        ({"panel": "keys"}, {}, Keys),
        ({"panel": "channel", "channel": -1001}, {**AT, "bots": (BOT,)}, Channel),
    ],
)
async def test_the_settings_choose(
    db: Database, options: dict[str, Any], given: dict[str, Any], kind: type
) -> None:
    ours = kassa(db, options, **given)
    panel = panel_of(ours)
    assert type(panel) is kind
    assert panel_of(ours) is panel
    (close,) = ours.closing
    await close()


async def test_what_cannot_be_chosen_is_said(db: Database) -> None:
    with pytest.raises(Invalid, match="REMNAWAVE_URL"):
        panel_of(kassa(db, {"panel": "remnawave"}))
    with pytest.raises(Invalid, match="No bot"):
        panel_of(kassa(db, {"panel": "channel", "channel": -1001}))


async def test_the_panel_of_a_running_kassa_ends_with_it(fresh: Fresh, tg: Sandbox) -> None:
    at = {"REMNAWAVE_URL": fake(tg).base_url, "REMNAWAVE_TOKEN": fake(tg).credentials["token"]}
    closed: list[str] = []

    async def close() -> None:
        closed.append("with Kassa")

    async with running(APP, tg=tg, **at, **on(fresh)) as ours:
        panel = panel_of(ours.kassa)
        assert ours.kassa.closing == [panel.close]
        ours.kassa.closing.append(close)
        wanted, _ = await somebody(ours.database, tg)
        assert (await panel.ensure(wanted)).active
    assert closed == ["with Kassa"]


async def test_the_doctor_asks_the_panel(tg: Sandbox) -> None:
    squads = {"tiers": {"standard": {"squads": list(fake(tg).squads)}}}
    at: dict[str, Any] = {
        "remnawave_url": fake(tg).base_url,
        "debug": True,
        "app": {"subscriptions": squads},
    }
    right = Settings(remnawave_token=Secret(fake(tg).credentials["token"]), **at)
    found = await doctors(right)
    assert [(name, each.what, each.fine) for name, each in found] == [
        ("remnawave", "credentials", True),
        ("remnawave", "squads", True),
    ]
    wrong = Settings(remnawave_token=Secret("TEST"), **at)
    ((_, credentials),) = await doctors(wrong)
    assert credentials.fine is False


async def test_where_there_is_no_panel_our_word_is_all(tg: Sandbox, db: Database) -> None:
    wanted, _ = await somebody(db, tg)
    panel = Nothing()
    access = await panel.ensure(wanted)
    assert (access.active, access.link, access.until) == (True, "", wanted.until)
    assert not (await panel.ensure(gone(wanted))).active
    assert await panel.read(wanted) == await panel.new_link(wanted) == access
    assert [each async for each in panel.everybody()] == []
