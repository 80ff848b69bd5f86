"""The rules by themselves: nothing that they propose is forbidden, and money is never dropped."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa.db import Database
from kassa.money import Money
from kassa.payments import Payer, Payment, Status
from kassa.payments.policy import NOTHING, Ruling, judge
from kassa.payments.providers.protocol import Report, State
from tests.conftest import Fresh

PRICE = Money(50_000, "RUB")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PAYMENT = Payment(
    id=1,
    user=17,
    bot="",
    purpose="test.goods",
    subject="",
    amount=PRICE,
    description="A thing",
    payer=Payer(),
    items=(),
    return_url="",
    cancel_url="",
    data={},
    hold=False,
    save=False,
    status=Status.CREATED,
    reason="",
    delivery="none",
    delivery_error=None,
    created_at=NOW,
    expires_at=NOW + timedelta(minutes=30),
    paid_at=None,
)
AMOUNTS = (1, 49_999, 50_000, 50_001, 100_000)
UNPAID = [state for state in State if state is not State.PAID]

statuses = st.sampled_from(list(Status))
amounts = st.builds(
    Money,
    st.one_of(st.sampled_from(AMOUNTS), st.integers(1, 10**12)),
    st.sampled_from(["RUB", "USD", "USDT"]),
)
paid = st.builds(lambda amount: Report("r", State.PAID, amount=amount), amounts)
unpaid = st.builds(lambda state: Report("r", state, reason="because"), st.sampled_from(UNPAID))


def ruled(status: Status, report: Report, **more: bool) -> Ruling:
    given = {"booked": False, "others": False, "deliver_late": False, **more}
    return judge(replace(PAYMENT, status=status), report, **given)


async def test_the_database_allows_whatever_is_proposed(fresh: Fresh) -> None:
    async with Database(fresh.address()) as db:
        found = await db.fetch(
            """
            SELECT old, new FROM unnest($1::text[]) old, unnest($1::text[]) new
             WHERE payments.may_become(old, new)
            """,
            [str(each) for each in Status],
        )
    allowed = {(row["old"], row["new"]) for row in found}
    reports = [Report("r", state) for state in UNPAID]
    for amount, currency in itertools.product(AMOUNTS, ("RUB", "USD")):
        reports.append(Report("r", State.PAID, amount=Money(amount, currency)))
    flags = list(itertools.product((False, True), repeat=3))
    proposed = set()
    for status, report, (booked, others, late) in itertools.product(Status, reports, flags):
        ruling = ruled(status, report, booked=booked, others=others, deliver_late=late)
        if ruling.status not in (None, status):
            proposed.add((str(status), str(ruling.status)))
    assert proposed <= allowed
    # What is allowed and never proposed here is for others: another method is tried, or none.
    assert allowed - proposed == {("failed", "awaiting_payer"), ("failed", "canceled")}
    assert not any(old in ("succeeded", "canceled") for old, _ in allowed)


async def test_the_tables_refuse_what_the_rules_would_not_do(fresh: Fresh) -> None:
    """Whoever writes there by another way cannot sell twice, nor undo what is paid."""
    async with Database(fresh.address()) as db:
        await db.execute(
            """
            INSERT INTO payments.payment (user_id, bot, purpose, subject, amount, currency,
                                          description, details, hold, created_at, expires_at)
            VALUES (17, '', 'test.goods', '', 500, 'USD', 'A thing', '{}', false, now(), now())
            """
        )
        fits = """
            INSERT INTO payments.charge (provider, ref, payment_id, amount, currency, received,
                                         received_currency, fit, paid_at)
            SELECT 'stripe', $1, id, 500, 'USD', 500, 'USD', $2, now() FROM payments.payment
            """
        await db.execute(fits, "pi_1", "exact")
        await db.execute(fits, "pi_2", "twice")
        for name, fit, guard in (
            ("pi_3", "exact", "charge_fulfils"),
            ("pi_3", "over", "charge_fulfils"),
            ("pi_1", "twice", "charge_ref"),
            ("pi_3", "stray", "charge_whose"),
        ):
            with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=guard):
                await db.execute(fits, name, fit)
        become = "UPDATE payments.payment SET status = $1, paid_at = now()"
        await db.execute(become, "expired")
        with pytest.raises(asyncpg.RestrictViolationError, match="expired and cannot become"):
            await db.execute(become, "awaiting_payer")
        await db.execute(become, "succeeded")
        for status in ("created", "processing", "failed", "canceled", "expired"):
            with pytest.raises(asyncpg.RestrictViolationError, match="succeeded and cannot"):
                await db.execute(become, status)


@given(statuses, paid, st.booleans(), st.booleans())
def test_money_that_is_new_is_never_dropped(
    status: Status, report: Report, others: bool, late: bool
) -> None:
    ruling = ruled(status, report, others=others, deliver_late=late)
    assert ruling.fit is not None
    assert ruling.deliver == (ruling.fit in ("exact", "over"))
    assert ruling.odd == (ruling.fit != "exact")  # whatever is unusual, somebody is told
    if ruling.deliver:
        assert ruling.status is Status.SUCCEEDED
        assert status is not Status.SUCCEEDED
        assert report.amount is not None
        assert report.amount >= PRICE


@given(statuses, st.one_of(paid, unpaid), st.booleans(), st.booleans())
def test_what_is_booked_already_changes_nothing(
    status: Status, report: Report, others: bool, late: bool
) -> None:
    if report.state is State.PAID:
        assert ruled(status, report, booked=True, others=others, deliver_late=late) == NOTHING


@given(statuses, unpaid, st.booleans(), st.booleans())
def test_words_without_money_never_go_back(
    status: Status, report: Report, booked: bool, late: bool
) -> None:
    ruling = ruled(status, report, booked=booked, deliver_late=late)
    assert ruling.fit is None
    assert not ruling.deliver
    if not replace(PAYMENT, status=status).is_open:
        assert ruling == NOTHING
    elif ruling.status is not None:
        order = list(Status)
        assert order.index(ruling.status) > order.index(status)
    if ruled(status, report, others=True).status is not None:  # an attempt may yet be paid
        assert report.state in (State.WAITING, State.PROCESSING, State.AUTHORIZED)


@pytest.mark.parametrize(
    ("status", "amount", "late", "expected"),
    [
        ("awaiting_payer", Money(50_000, "RUB"), False, ("exact", "succeeded", "")),
        ("awaiting_payer", Money(50_001, "RUB"), False, ("over", "succeeded", "")),
        ("awaiting_payer", Money(49_999, "RUB"), False, ("short", "failed", "short")),
        ("awaiting_payer", Money(50_000, "USD"), False, ("currency", "failed", "currency")),
        ("expired", Money(50_000, "RUB"), False, ("late", None, "")),
        ("expired", Money(50_000, "RUB"), True, ("exact", "succeeded", "")),
        ("expired", Money(49_999, "RUB"), True, ("short", None, "")),
        ("failed", Money(50_000, "RUB"), True, ("exact", "succeeded", "")),
        ("canceled", Money(50_000, "RUB"), True, ("late", None, "")),
        ("succeeded", Money(50_000, "RUB"), True, ("twice", None, "")),
        ("succeeded", Money(1, "USD"), True, ("twice", None, "")),
    ],
)
def test_the_table(
    status: str, amount: Money, late: bool, expected: tuple[str, str | None, str]
) -> None:
    report = Report("r", State.PAID, amount=amount)
    ruling = ruled(Status(status), report, deliver_late=late)
    assert (ruling.fit, ruling.status and str(ruling.status), ruling.reason) == expected
