"""What somebody's time comes to, whatever is bought, given, changed and taken back."""

import random
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kassa import clock
from kassa.apps.subscriptions import months, service
from kassa.apps.subscriptions.models import Grade, HadTrial, Length, Subscription, Term
from kassa.apps.subscriptions.options import Options, Tier
from kassa.db import Database, Tx
from kassa.users import service as people
from kassa.users.service import Who

STANDARD = Grade("standard", 100, 3, 0)
FAMILY = Grade("family", 200, 10, 0)
DAY = timedelta(days=1)


def at(moment: datetime) -> AbstractContextManager[None]:
    return clock.moved(lambda: moment)


class Somebody:
    """A person, and a clock that we turn."""

    def __init__(self, db: Database, user: int) -> None:
        self.db, self.user, self.number = db, user, 0

    async def buys(self, length: Length, grade: Grade = STANDARD, kind: str = "paid") -> Term:
        self.number += 1
        changes = kind in ("paid", "gift")

        async def work(tx: Tx) -> Term | None:
            return await service.extend(
                *(tx, self.user, length),
                kind=kind,
                cause=f"{kind}:{self.number}",
                grade=grade,
                changes_grade=changes,
            )

        term = await self.db.run(work)
        assert term is not None
        return term

    async def gives_back(self, term: Term, seconds: int | None = None) -> Term | None:
        taken = term.seconds if seconds is None else seconds
        return await self.db.run(
            lambda tx: service.take_back(
                *(tx, self.user, taken), rate=term.rate, kind="refund", cause=f"refund:{term.cause}"
            )
        )

    async def has(self) -> Subscription:
        found = await service.standing(self.db, self.user)
        assert found is not None
        return found

    async def ends(self) -> datetime:
        found = (await self.has()).expires_at
        assert found is not None
        return found


@pytest.fixture
async def somebody(app_db: Database) -> Somebody:
    user = await app_db.run(lambda tx: people.see(tx, Who(5, "Покупатель")))
    return Somebody(app_db, user.id)


async def test_what_begins_on_the_31st_keeps_its_day(somebody: Somebody) -> None:
    with at(datetime(2027, 1, 31, 10, tzinfo=UTC)):
        await somebody.buys(Length(months=1))
        assert await somebody.ends() == datetime(2027, 2, 28, 10, tzinfo=UTC)
        await somebody.buys(Length(months=1))
        assert await somebody.ends() == datetime(2027, 3, 31, 10, tzinfo=UTC)


async def test_days_that_are_added_move_the_day(somebody: Somebody) -> None:
    with at(datetime(2027, 1, 31, 10, tzinfo=UTC)):
        await somebody.buys(Length(months=1))  # to 28 February
        await somebody.buys(Length.days(7), kind="referral")  # to 7 March
        await somebody.buys(Length(months=1))
        assert await somebody.ends() == datetime(2027, 4, 7, 10, tzinfo=UTC)


async def test_who_comes_back_later_begins_anew(somebody: Somebody) -> None:
    with at(datetime(2027, 1, 10, tzinfo=UTC)):
        await somebody.buys(Length(months=1))
    with at(datetime(2027, 6, 20, tzinfo=UTC)):
        term = await somebody.buys(Length(months=1))
        assert await somebody.ends() == datetime(2027, 7, 20, tzinfo=UTC)
        assert term.before == datetime(2027, 2, 10, tzinfo=UTC)


async def test_a_change_of_tier_keeps_the_worth_of_what_is_left(somebody: Somebody) -> None:
    with at(datetime(2027, 1, 1, tzinfo=UTC)):
        await somebody.buys(Length.days(30))
        await somebody.buys(Length(months=1), FAMILY)  # 30 days are worth 15 of it
        mine = await somebody.has()
        assert mine.expires_at == datetime(2027, 2, 16, tzinfo=UTC)
        assert mine.grade == FAMILY
        await somebody.buys(Length(months=1), STANDARD)  # and 46 of those 92
        assert await somebody.ends() == datetime(2027, 1, 1, tzinfo=UTC) + 92 * DAY + 30 * DAY


async def test_a_tier_that_is_worth_more_by_now_stays_what_it_is(somebody: Somebody) -> None:
    """The operator has changed its rate: nobody's days are fewer by that."""
    with at(datetime(2027, 1, 1, tzinfo=UTC)):
        first = await somebody.buys(Length.days(30))
        await somebody.buys(Length.days(30), replace(STANDARD, rate=200, devices=5))
        mine = await somebody.has()
        assert mine.expires_at == datetime(2027, 3, 2, tzinfo=UTC)
        assert mine.grade.devices == 5
        await somebody.gives_back(first)
        assert await somebody.ends() == datetime(2027, 1, 31, tzinfo=UTC)


async def test_days_for_nothing_change_no_tier(somebody: Somebody) -> None:
    await somebody.buys(Length(months=1), FAMILY)
    await somebody.buys(Length.days(7), STANDARD, kind="referral")
    assert (await somebody.has()).grade == FAMILY


async def test_a_refund_takes_no_more_than_is_left(somebody: Somebody) -> None:
    with at(datetime(2027, 1, 1, tzinfo=UTC)):
        term = await somebody.buys(Length(months=1))
    with at(datetime(2027, 1, 11, tzinfo=UTC)):
        back = await somebody.gives_back(term)
        assert back is not None
        assert back.seconds == -21 * 86_400
        assert await somebody.ends() == datetime(2027, 1, 11, tzinfo=UTC)
        assert not (await somebody.has()).is_active(clock.now())
        assert await somebody.gives_back(term) is None  # once
    with at(datetime(2027, 5, 1, tzinfo=UTC)):
        term = await somebody.buys(Length(months=1))
    with at(datetime(2027, 8, 1, tzinfo=UTC)):
        back = await somebody.gives_back(term)
        assert back is not None
        assert back.seconds == 0  # it was over long ago


async def test_a_refund_after_a_change_takes_its_worth(somebody: Somebody) -> None:
    with at(datetime(2027, 1, 1, tzinfo=UTC)):
        standard = await somebody.buys(Length.days(30))
        await somebody.buys(Length.days(10), FAMILY)
        assert await somebody.ends() == datetime(2027, 1, 26, tzinfo=UTC)
        await somebody.gives_back(standard)
        assert await somebody.ends() == datetime(2027, 1, 11, tzinfo=UTC)


async def test_who_was_let_in_by_grace_pays_for_that_time(somebody: Somebody) -> None:
    with at(datetime(2027, 1, 1, tzinfo=UTC)):
        await somebody.buys(Length(months=1))
    with at(datetime(2027, 2, 1, tzinfo=UTC)):
        until = datetime(2027, 2, 4, tzinfo=UTC)
        await somebody.db.run(lambda tx: service.grace(tx, somebody.user, until))
    with at(datetime(2027, 2, 3, tzinfo=UTC)):
        assert (await somebody.has()).is_active(clock.now())
        await somebody.buys(Length(months=1))
        assert await somebody.ends() == datetime(2027, 3, 1, tzinfo=UTC)


async def test_a_trial_is_once_and_for_the_new(somebody: Somebody) -> None:
    options = Options(tiers={"standard": Tier(), "family": Tier(rate=200)})

    async def try_it(tx: Tx) -> Term:
        return await service.begin_trial(tx, somebody.user, options, bot="1")

    term = await somebody.db.run(try_it)
    assert term.seconds == 3 * 86_400
    with pytest.raises(HadTrial):
        await somebody.db.run(try_it)


async def test_whatever_happens_the_terms_add_up(somebody: Somebody) -> None:
    chance = random.Random(8)
    when = datetime(2027, 1, 1, tzinfo=UTC)
    given: list[Term] = []
    for number in range(120):
        when += timedelta(hours=chance.choice((1, 30, 300, 900)))
        with at(when):
            what = chance.random()
            if what < 0.6 or not given:
                length = Length(months=chance.choice((1, 3, 6)))
                given.append(await somebody.buys(length, chance.choice((STANDARD, FAMILY))))
            elif what < 0.8:
                await somebody.buys(Length.days(7), kind="referral")
            else:
                await somebody.gives_back(given.pop(chance.randrange(len(given))))
        if number % 20 == 0:
            assert await somebody.db.fetch("SELECT * FROM subscriptions.audit()") == []
    told = await service.terms(somebody.db, somebody.user, most=1000)
    for each in told:
        begun = max(each.before, each.at) if each.before and each.kind == "paid" else each.before
        if each.kind in ("refund", "change"):
            assert each.before is not None
            assert each.seconds == months.seconds_between(each.before, each.after)
        elif begun is not None and begun == each.before:
            assert each.seconds == months.seconds_between(begun, each.after)
    assert await somebody.db.fetch("SELECT * FROM subscriptions.audit()") == []
