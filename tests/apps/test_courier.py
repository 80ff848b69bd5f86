"""The example of the docs that has settings of its own."""

from pathlib import Path

import pytest

from docs.examples.apps.courier import APP
from kassa.config import load
from kassa.errors import ConfigError
from kassa.testing import running
from tests.cli.process import on
from tests.conftest import Fresh
from tgsandbox import Sandbox


async def test_its_settings_are_those_of_kassa_toml(
    fresh: Fresh, tg: Sandbox, tmp_path: Path
) -> None:
    toml = tmp_path / "kassa.toml"
    for said, heard in (
        ("", "Delivery: 50\xa0⭐. Where to: everywhere"),
        ('[app.courier]\nstars = 80\ncities = ["Samarkand"]', "80\xa0⭐. Where to: Samarkand"),
    ):
        toml.write_text(said)
        async with running(APP, tg=tg, KASSA_CONFIG=str(toml), **on(fresh)) as kassa:
            buyer = tg.user("Buyer", language="en")
            await buyer.send(kassa.bot, "/delivery")
            await buyer.reply(heard)

    toml.write_text("[app.courier]\nstarz = 80")
    assert load({"KASSA_CONFIG": str(toml)}, tmp_path).app == {"courier": {"starz": 80}}
    with pytest.raises(ConfigError, match=r"app\.courier\.starz \(kassa\.toml\)"):
        async with running(APP, tg=tg, KASSA_CONFIG=str(toml), **on(fresh)):
            pass
