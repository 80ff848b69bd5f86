"""`kassa payments`: a payment from all sides, refunds, and what waits for a person."""

from pathlib import Path

from kassa import ledger
from kassa.ledger import wallet
from kassa.money import Money
from tests.cli.shops import TOPUP, Shop
from tests.conftest import Fresh
from tests.payments.rig import KINDS, USER, a_rig, ref


def lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


async def test_payments_are_listed_a_page_at_a_time(fresh: Fresh, tmp_path: Path) -> None:
    async with a_rig(fresh, KINDS["stripe"], purposes=[TOPUP]) as rig:
        shop = Shop(fresh, rig, tmp_path)
        assert await shop.said("payments", "list") == "There are no such payments.\n"
        paid = await rig.paid(purpose="wallet.topup")
        for _ in range(2):
            await rig.new(purpose="wallet.topup")
        table = lines(await shop.said("payments", "list"))
        assert [row[0] for row in table] == ["#", "3", "2", "1"]
        assert table[3][3:8] == ["17", "wallet.topup", "$5.00", "succeeded", "done"]
        page = await shop.said("payments", "list", "--most", 2)
        assert page.endswith("\n\nMore: kassa payments list --before 2\n")
        rest = lines(await shop.said("payments", "list", "--before", 2))
        assert [row[0] for row in rest] == ["#", "1"]
        only = lines(await shop.said("payments", "list", "--status", "succeeded"))
        assert [row[0] for row in only] == ["#", str(paid.id)]
        for nobody in (["--user", 18], ["--undelivered"]):
            said = await shop.said("payments", "list", *nobody)
            assert said == "There are no such payments.\n"
        wrong = await shop.kassa("payments", "list", "--status", "payed")
        assert (wrong.returncode, wrong.stdout) == (1, "")
        assert wrong.stderr.startswith("A payment is created, awaiting_payer,")


async def test_a_payment_is_shown_with_all_that_happened_to_it(
    fresh: Fresh, tmp_path: Path
) -> None:
    async with a_rig(fresh, KINDS["stripe"], purposes=[TOPUP]) as rig:
        shop = Shop(fresh, rig, tmp_path)
        payment = await rig.paid(purpose="wallet.topup")
        (attempt,) = await rig.payments.attempts(payment.id)
        assert attempt.ref is not None
        await rig.shop.refund(attempt.ref, 200)
        await rig.arrive()
        await rig.shop.dispute(attempt.ref, 100)
        await rig.arrive()
        said = await shop.said("payments", "show", payment.id)
        for part in ("Attempts", "Charges", "Refunds", "Disputes", "Timeline (UTC)"):
            assert f"\n{part}\n" in said, said
        assert attempt.ref in said
        assert attempt.key in said
        for line in (
            "Created, $5.00",
            "stripe is ready to take it: card",
            "$2.00 given back: given back by the provider",
            "Dispute about $1.00 opened",
        ):
            assert f"  {line}\n" in said, said
        missing = await shop.kassa("payments", "show", payment.id + 1)
        assert (missing.returncode, missing.stdout) == (1, "")
        assert missing.stderr == f"There is no payment {payment.id + 1}.\n"


async def test_what_happened_is_asked_when_no_callback_came(fresh: Fresh, tmp_path: Path) -> None:
    async with a_rig(fresh, KINDS["stripe"], purposes=[TOPUP]) as rig:
        shop = Shop(fresh, rig, tmp_path)
        started = await rig.begin(purpose="wallet.topup")
        number = started.payment.id
        assert await shop.said("payments", "check", number) == "It is still awaiting_payer.\n"
        await rig.shop.pay(ref(started))  # what the fake sends is stored, and nobody settles it
        said = await shop.said("payments", "check", number)
        assert said == "It was awaiting_payer and is succeeded.\n"
        assert await rig.wallet() == 500


async def test_a_part_is_given_back_once_however_often_it_is_asked_with_a_key(
    fresh: Fresh, tmp_path: Path
) -> None:
    async with a_rig(fresh, KINDS["stripe"], purposes=[TOPUP]) as rig:
        shop = Shop(fresh, rig, tmp_path)
        payment = await rig.paid(purpose="wallet.topup")
        asked = ["payments", "refund", payment.id, "--amount", "2.00", "--key", "k"]
        for _ in range(2):
            assert await shop.said(*asked, "--reason", "too much") == (
                "Refund 1 of $2.00: it is done.\n"
            )
        assert await rig.wallet() == 300
        assert await shop.said("payments", "refund", payment.id) == (
            "Refund 2 of $3.00: it is done.\n"
        )
        assert await rig.wallet() == 0
        told = await shop.said("payments", "show", payment.id)
        assert "  Refund of $2.00 asked for: too much\n" in told
        assert "  Refund of $3.00 asked for: –\n" in told
        again = await shop.kassa("payments", "refund", payment.id)
        assert (again.returncode, again.stdout) == (1, "")
        assert again.stderr.startswith("All of it has been given back already")
        await rig.arrive()
        await rig.agree()


async def test_what_was_spent_is_given_back_only_if_one_says_so(
    fresh: Fresh, tmp_path: Path
) -> None:
    async with a_rig(fresh, KINDS["stripe"], purposes=[TOPUP]) as rig:
        shop = Shop(fresh, rig, tmp_path)
        payment = await rig.paid(purpose="wallet.topup")
        await ledger.post(
            rig.db,
            key="spent",
            legs=[ledger.Leg(wallet(USER, "USD"), ledger.revenue("x", "USD"), Money(400, "USD"))],
        )
        refused = await shop.kassa("payments", "refund", payment.id)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.startswith("It has been spent already")
        done = await shop.said("payments", "refund", payment.id, "--even-if-spent")
        assert done.endswith(" of $5.00: it is done.\n")
        assert (await rig.wallet(), await rig.debt()) == (0, 400)
        await rig.arrive()
        await rig.agree()


async def test_money_is_given_back_by_the_name_of_its_charge(fresh: Fresh, tmp_path: Path) -> None:
    async with a_rig(fresh, KINDS["stripe"], purposes=[TOPUP]) as rig:
        shop = Shop(fresh, rig, tmp_path)
        payment = await rig.new(purpose="wallet.topup")
        first = await rig.payments.start(payment.id, provider="stripe")
        await rig.shop.pay(ref(first))
        await rig.arrive()
        (charge,) = await rig.payments.charges(payment.id)
        said = await shop.said("payments", "refund", payment.id, "--charge", charge.id)
        assert said == "Refund 1 of $5.00: it is done.\n"
        nobodys = await shop.kassa("payments", "refund", payment.id, "--charge", charge.id + 1)
        assert nobodys.stderr == "Nothing was paid that could be given back.\n"


async def test_a_refund_by_hand_waits_for_a_person_and_is_ended_by_one(
    fresh: Fresh, tmp_path: Path
) -> None:
    """1Plat has no call for it."""
    async with a_rig(fresh, KINDS["oneplat"], purposes=[TOPUP]) as rig:
        shop = Shop(fresh, rig, tmp_path)
        assert await shop.said("payments", "todo") == "Nothing waits for a person.\n"
        payment = await rig.paid(purpose="wallet.topup")
        asked = await shop.said("payments", "refund", payment.id, "--amount", "200")
        assert asked == (
            "Refund 1 of ₽200.00: give it back by hand, then: kassa payments refunded 1.\n"
        )
        todo = await shop.said("payments", "todo")
        assert todo.startswith("Give back by hand, then: kassa payments refunded REFUND\n")
        assert ["1", str(payment.id), "17", "₽200.00"] == lines(todo)[2][:4]
        assert await shop.said("payments", "refunded", 1, "--ref", "transfer 5") == (
            "Refund 1 of ₽200.00: it is done.\n"
        )
        assert await rig.wallet() == 30_000
        assert await shop.said("payments", "todo") == "Nothing waits for a person.\n"
        twice = await shop.kassa("payments", "refunded", 1)
        assert (twice.returncode, twice.stdout) == (1, "")
        assert twice.stderr == "The refund 1 is done: no person is needed.\n"

        await shop.said("payments", "refund", payment.id)
        not_done = await shop.kassa("payments", "refunded", 2, "--not-done")
        assert not_done.returncode == 1
        assert not_done.stdout == ("Refund 2 of ₽300.00: it was not made, and nothing has moved.\n")
        assert await rig.wallet() == 30_000
        nobodys = await shop.kassa("payments", "refunded", 3)
        assert nobodys.stderr == "There is no refund 3.\n"


async def test_what_an_app_has_delivered_is_not_given_back_where_that_app_is_not(
    fresh: Fresh, tmp_path: Path
) -> None:
    """Else the payer would keep both the money and the thing."""
    async with a_rig(fresh, KINDS["stripe"]) as rig:
        shop = Shop(fresh, rig, tmp_path)
        payment = await rig.paid()
        assert payment.purpose == "test.goods"
        for command in ("refund", "check"):
            done = await shop.kassa("payments", command, payment.id)
            assert (done.returncode, done.stdout) == (1, "")
            assert done.stderr.startswith("No app here knows 'test.goods'")
            assert "KASSA_APPS" in done.stderr
        assert await rig.payments.refunds(payment.id) == []


async def test_all_that_waits_for_a_person_is_in_one_place(fresh: Fresh, tmp_path: Path) -> None:
    async with a_rig(fresh, KINDS["stripe"], purposes=[TOPUP]) as rig:
        shop = Shop(fresh, rig, tmp_path)
        rig.goods.raises = -1
        undelivered = await rig.paid()
        assert undelivered.delivery == "failed"
        rig.goods.raises, rig.goods.keeps = 0, True
        kept = await rig.paid()
        (attempt,) = await rig.payments.attempts(kept.id)
        assert attempt.ref is not None
        await rig.shop.refund(attempt.ref)
        await rig.arrive()
        disputed = await rig.paid(purpose="wallet.topup")
        (attempt,) = await rig.payments.attempts(disputed.id)
        assert attempt.ref is not None
        await rig.shop.dispute(attempt.ref)
        await rig.arrive()
        await rig.db.execute(
            """
            INSERT INTO payments.charge (provider, ref, amount, currency, received,
                                         received_currency, fit, paid_at)
            VALUES ('stripe', 'pi_stray', 700, 'USD', 700, 'USD', 'stray', now())
            """
        )
        await rig.db.execute(
            "UPDATE payments.inbox SET dead_at = now(), handled_at = NULL WHERE id = 1"
        )
        todo = await shop.said("payments", "todo")
        titles = [part.splitlines()[0] for part in todo.split("\n\n")]
        assert [title.split()[0] for title in titles] == [
            "Paid",
            "Given",
            "Disputed:",
            "Money",
            "Dead",
        ]
        assert "RuntimeError: the shelf is empty" in todo
        assert "pi_stray" in todo
        listed = lines(await shop.said("payments", "list", "--undelivered"))
        assert [row[0] for row in listed] == ["#", str(undelivered.id)]


async def test_the_audit_proves_payments_too(fresh: Fresh, tmp_path: Path) -> None:
    async with a_rig(fresh, KINDS["stripe"], purposes=[TOPUP]) as rig:
        shop = Shop(fresh, rig, tmp_path)
        await rig.paid(purpose="wallet.topup")
        assert (await shop.said("audit")).endswith(" transfers, 1 payments.\n")
        await rig.db.execute("UPDATE payments.charge SET amount = 499, received = 499")
        done = await shop.kassa("audit")
        assert (done.returncode, done.stderr) == (1, "")
        assert "a charge is credited in full" in done.stdout
        assert "499 paid, 500 credited" in done.stdout
