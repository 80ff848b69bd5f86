"""Several bots sell tokens: by its signature, init data says through which one somebody came."""

from pathlib import Path

import pytest

from kassa.apps import Kassa
from kassa.apps.miniapp.proving import TO_LOOK, signed
from kassa.apps.tokens import showing
from kassa.config import load
from kassa.db import Database
from kassa.payments import Payments
from kassa.users.models import Unproved
from tgsandbox import Sandbox
from tgsandbox.telegram.mini_apps import init_data

TOML = """
telegram_api_url = "{api}"
public_base_url = "https://example.com"
[[bot]]
name = "one"
token = "{one}"
apps = ["tokens"]
[[bot]]
name = "two"
token = "{two}"
apps = ["tokens"]
[[bot]]
name = "tea"
token = "{tea}"
apps = ["tea"]
"""


async def test_whose_init_data_it_is(db: Database, tg: Sandbox, tmp_path: Path) -> None:
    one, two, tea = (tg.bot(name) for name in ("one_bot", "two_bot", "tea_bot"))
    toml = TOML.format(api=tg.url, one=one.token, two=two.token, tea=tea.token)
    (tmp_path / "kassa.toml").write_text(toml)
    kassa = Kassa.of(load({}, tmp_path), db, Payments(db, providers={}))
    person = tg.user("Покупатель")
    for account, name in ((one, "one"), (two, "two")):
        who, bot = signed(
            kassa, "tokens", init_data(tg.world, person.user, account.record), TO_LOOK
        )
        assert (who.telegram_id, bot.name) == (person.id, name)
        assert showing.page(kassa, account.id) == f"https://example.com/miniapp/{name}/"
    with pytest.raises(Unproved, match="not of a bot of ours"):
        signed(kassa, "tokens", init_data(tg.world, person.user, tea.record), TO_LOOK)
    await kassa.bots.close()
