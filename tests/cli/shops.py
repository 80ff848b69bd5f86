"""A shop with its provider's fake, and `kassa` commands beside it."""

import asyncio
import subprocess
from pathlib import Path

from kassa.payments import wallet
from tests.cli.process import kassa, on
from tests.conftest import Fresh
from tests.payments.rig import Rig

TOPUP = wallet.TOPUP


class Shop:
    """Commands with the settings of a rig: they call its fake, so they must not block its loop."""

    def __init__(self, fresh: Fresh, rig: Rig, folder: Path, **more: str) -> None:
        given = rig.kind.settings(rig.shop)
        self.settings = {name.upper(): str(value) for name, value in given.items()}
        self.settings |= {**on(fresh), "DEBUG": "true", **more}
        self._folder = folder

    @property
    def port(self) -> str:
        return self.settings["PORT"]

    async def kassa(self, *arguments: object, **more: str) -> "subprocess.CompletedProcess[str]":
        words = [str(each) for each in arguments]
        return await asyncio.to_thread(
            lambda: kassa(*words, cwd=self._folder, **{**self.settings, **more})
        )

    async def said(self, *arguments: object) -> str:
        done = await self.kassa(*arguments)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout
