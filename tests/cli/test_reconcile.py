"""`kassa reconcile`: our books beside the provider's list."""

from datetime import timedelta
from pathlib import Path

from kassa import clock
from tests.cli.process import kassa, on
from tests.cli.shops import TOPUP, Shop
from tests.conftest import Fresh
from tests.payments.rig import KINDS, a_rig, ref


async def test_both_sides_are_compared_and_what_was_lost_is_booked(
    fresh: Fresh, tmp_path: Path
) -> None:
    async with a_rig(fresh, KINDS["stripe"], purposes=[TOPUP]) as rig:
        shop = Shop(fresh, rig, tmp_path)
        await rig.paid(purpose="wallet.topup")
        said = await shop.said("reconcile")
        assert said.startswith("stripe, ")
        assert said.endswith(" UTC: 1 compared, and both sides agree.\n")

        rig.shop.fault_in_callbacks("lost", times=None)
        lost = await rig.begin(purpose="wallet.topup")
        await rig.shop.pay(ref(lost))
        await rig.shop.delivered()
        done = await shop.kassa("reconcile", "--provider", "stripe")
        assert (done.returncode, done.stderr) == (1, "")
        first, head, row = done.stdout.splitlines()
        assert first.endswith(": 2 compared, 1 differences.")
        assert head.split()[0] == "what"
        assert row.startswith("only there")
        assert row.endswith("5.00 USD        booked now")
        assert await rig.wallet() == 1000
        assert (await shop.kassa("reconcile")).returncode == 0
        await rig.agree()


async def test_money_that_only_we_know_of_is_for_a_person(fresh: Fresh, tmp_path: Path) -> None:
    """As after `kassa simulate`: the provider has never seen it."""
    async with a_rig(fresh, KINDS["stripe"], purposes=[TOPUP]) as rig:
        shop = Shop(fresh, rig, tmp_path)
        started = await rig.begin(purpose="wallet.topup")
        asked = ["--payment", started.payment.id, "--status", "paid", "--url", rig.url]
        await shop.said("simulate", "stripe", *asked)
        await rig.inbox.drain()
        assert await rig.wallet() == 500
        done = await shop.kassa("reconcile")
        assert done.returncode == 1
        assert done.stdout.splitlines()[2].startswith("only here")
        assert done.stdout.splitlines()[2].endswith("5.00 USD  for a person")


async def test_only_the_time_that_is_asked_for_is_compared(fresh: Fresh, tmp_path: Path) -> None:
    async with a_rig(fresh, KINDS["stripe"], purposes=[TOPUP]) as rig:
        shop = Shop(fresh, rig, tmp_path)
        await rig.paid(purpose="wallet.topup")
        day = clock.now() - timedelta(days=30)
        times = ["--since", f"{day:%Y-%m-%d}", "--until", f"{day:%Y-%m-%d}T12:00"]
        said = await shop.said("reconcile", *times)
        assert said == (
            f"stripe, {day:%Y-%m-%d} 00:00 to {day:%Y-%m-%d} 12:00 UTC: "
            "0 compared, and both sides agree.\n"
        )
        turned = await shop.kassa("reconcile", "--since", "2026-01-02", "--until", "2026-01-01")
        assert (turned.returncode, turned.stdout) == (1, "")
        assert turned.stderr == "The time to compare ends before it begins.\n"


async def test_whom_we_do_not_know_we_cannot_compare_with(fresh: Fresh, tmp_path: Path) -> None:
    for more, words in (
        ([], "No payment provider is set up here."),
        (["--provider", "stripe"], "There is no payment provider 'stripe' here."),
    ):
        done = kassa("reconcile", *more, cwd=tmp_path, **on(fresh))
        assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{words}\n")
