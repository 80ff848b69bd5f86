from pathlib import Path

from kassa.db import Database
from tests.apps.tokens.life import Life
from tests.conftest import Fresh
from tgsandbox import Sandbox


async def test_the_books_are_exact_whatever_happens(
    fresh: Fresh, db: Database, tmp_path: Path
) -> None:
    async with Sandbox() as tg:
        life = Life(fresh, db, tg, tmp_path, seed=7)
        await life.lived(acts=280, kills=2)
        await life.judged()
        assert life.acts["_tops_up"] > 40, life.acts
        assert life.acts["_is_refunded"] > 15, life.acts
        assert life.acts["_spends"] > 40, life.acts
