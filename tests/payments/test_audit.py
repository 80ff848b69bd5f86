"""The audit of payments: each way in which they could contradict the books is found."""

import pytest

from kassa import ledger
from kassa.db import OWNER, Database
from kassa.ledger import Leg, clearing, wallet
from kassa.money import Money
from tests.conftest import Fresh
from tests.payments.rig import KINDS, USER, a_rig

BROKEN = {
    "a charge is in the books": "UPDATE payments.charge SET ref = 'another'",
    "a charge is credited in full": "UPDATE payments.charge SET amount = amount - 1",
    "what is credited was paid": "UPDATE payments.charge SET ref = 'another'",
    "a payment has succeeded when a charge fulfils it": (
        "UPDATE payments.charge SET fit = 'twice'"
    ),
    "a charge fits as it says": "UPDATE payments.payment SET amount = amount + 1",
    "what is delivered was paid": "UPDATE payments.payment SET delivery = 'none'",
    "a charge knows what was given back": "UPDATE payments.charge SET refunded = 1",
    "a refund is in the books": "UPDATE payments.refund SET amount = amount - 1, share = share - 1",
    "a dispute is in the books": (
        "INSERT INTO payments.dispute (charge_id, provider, ref, amount, currency, state,"
        " created_at) SELECT id, provider, 'd1', 1, currency, 'open', now() FROM payments.charge"
    ),
}


async def findings(on: Database) -> set[str]:
    return {row["invariant"] for row in await on.fetch("SELECT * FROM payments.audit()")}


@pytest.mark.parametrize(("invariant", "breaks"), BROKEN.items(), ids=BROKEN)
async def test_what_contradicts_the_books_is_found(
    fresh: Fresh, invariant: str, breaks: str
) -> None:
    async with a_rig(fresh, KINDS["yookassa"]) as rig:
        payment = await rig.paid()
        part = Money(1_000, "RUB")
        await rig.payments.refund(payment.id, part, key="part")
        await rig.agree()
        assert await findings(rig.db) == set()
        async with Database(fresh.address(OWNER)) as owner:
            await owner.execute(breaks)
        assert invariant in await findings(rig.db)


async def test_a_debt_that_is_repaid_twice_is_found(fresh: Fresh) -> None:
    async with a_rig(fresh, KINDS["yookassa"]) as rig:
        await ledger.post(
            rig.db,
            key="x:1",
            legs=[
                Leg(clearing("card", "RUB"), wallet(USER, "RUB"), Money(5, "RUB")),
                Leg(wallet(USER, "RUB"), ledger.debt(USER, "RUB"), Money(5, "RUB")),
            ],
        )
        assert await findings(rig.db) == {"nobody is owed by those who owe"}
