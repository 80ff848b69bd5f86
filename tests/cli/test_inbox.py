"""`kassa inbox`: what came, as it came, and settling it again."""

import json
from pathlib import Path

from kassa.cli.inbox import body
from tests.cli.process import kassa, on
from tests.cli.shops import TOPUP, Shop
from tests.conftest import Fresh
from tests.payments.rig import KINDS, Rig, a_rig, ref


async def stored(rig: Rig, count: int) -> list[int]:
    """So many rows of the inbox, of payments that are made and paid."""
    for _ in range(count):
        started = await rig.begin(purpose="wallet.topup")
        await rig.shop.pay(ref(started))
        await rig.shop.delivered()
    found = await rig.db.fetch("SELECT id FROM payments.inbox ORDER BY id")
    return [row["id"] for row in found]


def numbers(text: str) -> list[int]:
    cells = [line.split()[:1] for line in text.split("\n\n", maxsplit=1)[0].splitlines()[1:]]
    return [int(cell[0]) for cell in cells]


async def test_what_came_is_listed_by_what_became_of_it(fresh: Fresh, tmp_path: Path) -> None:
    async with a_rig(fresh, KINDS["oneplat"], purposes=[TOPUP]) as rig:
        shop = Shop(fresh, rig, tmp_path)
        assert await shop.said("inbox", "list") == "Nothing has come.\n"
        first = await stored(rig, 1)
        await rig.inbox.drain()
        rest = [each for each in await stored(rig, 2) if each not in first]
        await rig.db.execute(
            "UPDATE payments.inbox SET dead_at = now(), due_at = NULL, said = 'broken'"
            " WHERE id = $1",
            rest[-1],
        )
        said = await shop.said("inbox", "list")
        assert numbers(said) == [*reversed(rest), *reversed(first)]
        assert said.splitlines()[1].split()[-1] == "broken"
        for state, expected in (
            ("--dead", rest[-1:]),
            ("--waiting", [*reversed(rest[:-1])]),
            ("--handled", [*reversed(first)]),
        ):
            assert numbers(await shop.said("inbox", "list", state)) == expected, state
        page = await shop.said("inbox", "list", "--most", 1)
        assert page.endswith(f"\n\nMore: kassa inbox list --before {rest[-1]}\n")
        assert numbers(await shop.said("inbox", "list", "--before", first[-1] + 1)) == [
            *reversed(first)
        ]
        assert await shop.said("inbox", "list", "--provider", "stripe") == "Nothing has come.\n"
        nothing = await shop.said("inbox", "list", "--dead", "--provider", "stripe")
        assert nothing == "Nothing is dead.\n"
        two = await shop.kassa("inbox", "list", "--dead", "--waiting")
        assert (two.returncode, two.stdout) == (1, "")


async def test_a_row_is_shown_as_it_came(fresh: Fresh, tmp_path: Path) -> None:
    async with a_rig(fresh, KINDS["stripe"], purposes=[TOPUP]) as rig:
        shop = Shop(fresh, rig, tmp_path)
        number = (await stored(rig, 1))[0]
        said = await shop.said("inbox", "show", number)
        facts, request, shown = said.split("\n\n", 2)
        assert "provider: stripe" in facts.splitlines()
        assert "state: waiting" in facts.splitlines()
        assert request.splitlines()[0] == "POST"
        assert any(line.startswith("stripe-signature: t=") for line in request.splitlines())
        came = await rig.db.fetchval("SELECT body FROM payments.inbox WHERE id = $1", number)
        assert json.loads(shown)["id"] == json.loads(came)["id"]
        assert shown.startswith('{\n  "')
        missing = await shop.kassa("inbox", "show", 10_000)
        assert (missing.returncode, missing.stdout) == (1, "")
        assert missing.stderr == "There is no row 10000 in the inbox.\n"


async def test_dead_rows_are_settled_again_and_booked_once(fresh: Fresh, tmp_path: Path) -> None:
    async with a_rig(fresh, KINDS["cryptopay"], purposes=[TOPUP]) as rig:
        shop = Shop(fresh, rig, tmp_path)
        rows = await stored(rig, 3)
        await rig.inbox.drain()
        assert await rig.wallet() == 15_000_000
        again = "To be settled again: {}. `kassa run` does it within seconds.\n"
        assert await shop.said("inbox", "replay", rows[0]) == again.format(1)
        await rig.db.execute("UPDATE payments.inbox SET dead_at = now(), due_at = NULL")
        assert await shop.said("inbox", "replay", "--dead", "--provider", "stripe") == (
            again.format(0)
        )
        assert await shop.said("inbox", "replay", "--dead") == again.format(3)
        assert len(numbers(await shop.said("inbox", "list", "--waiting"))) == 3
        await rig.inbox.drain()
        assert await shop.said("inbox", "list", "--waiting") == "Nothing is waiting.\n"
        assert await rig.wallet() == 15_000_000
        await rig.agree()
        gone = await shop.kassa("inbox", "replay", str(rows[0]), "10000")
        assert (gone.returncode, gone.stdout) == (1, again.format(1) + "Not there: 1.\n")


async def test_what_to_replay_must_be_said(fresh: Fresh, tmp_path: Path) -> None:
    for wrong in ([], ["1", "--dead"], ["1", "--provider", "stripe"]):
        done = kassa("inbox", "replay", *wrong, cwd=tmp_path, **on(fresh))
        assert (done.returncode, done.stdout) == (1, "")
        assert len(done.stderr.splitlines()) == 1


async def test_a_query_that_came_by_get_is_shown(fresh: Fresh, tmp_path: Path) -> None:
    async with a_rig(fresh, KINDS["oneplat"], purposes=[TOPUP]) as rig:
        shop = Shop(fresh, rig, tmp_path)
        number = (await stored(rig, 1))[0]
        await rig.db.execute(
            "UPDATE payments.inbox SET method = 'GET', query = 'a=1&b=2', body = '' WHERE id = $1",
            number,
        )
        assert "\nGET ?a=1&b=2\n" in await shop.said("inbox", "show", number)


def test_a_body_shows_no_secret_and_moves_no_cursor() -> None:
    given = {"object": {"client_secret": "pi_1_secret_2", "list": [{"secret": "x"}], "n": 1.5}}
    shown = json.loads(body(json.dumps(given).encode()))
    assert shown == {"object": {"client_secret": "***", "list": [{"secret": "***"}], "n": 1.5}}
    assert body("Привет\x1b[2J\x9b1".encode()) == "Привет [2J 1"
    assert body(b"\xff") == "\N{REPLACEMENT CHARACTER}"
    assert body(b"a=1\nb=2") == "a=1\nb=2"
    assert body(b'{"name": "\\u202eabc"}') == '{\n  "name": " abc"\n}'
