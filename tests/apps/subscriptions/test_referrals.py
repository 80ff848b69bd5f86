"""Who brings a friend: once for each, taken back with a refund, and told to people as it is."""

import asyncio

import pytest

from kassa import outbox, users
from kassa.apps import Kassa
from kassa.apps.subscriptions import options, purchases, referrals, service
from kassa.apps.subscriptions.models import Length, Purchase
from kassa.apps.subscriptions.options import Options
from kassa.db import Database, Tx
from kassa.outbox import Job
from kassa.payments import Payments
from kassa.users import User
from tests.apps.subscriptions.rig import Till, fulfilled, now
from tests.apps.tokens.steps import eventually
from tests.conftest import Fresh

DAY = 86_400
WEEK = 7 * DAY


async def brings(till: Till, inviter: User, friend: User) -> User | None:
    """By the link."""
    code = inviter.referral_code
    return await till.db.run(lambda tx: users.referred(tx, friend.id, code))


async def friends(till: Till, *names: str) -> list[User]:
    """Each was invited by the one before."""
    found: list[User] = []
    for name in names:
        user = await till.user(till.tg.user(name))
        if found:
            await brings(till, found[-1], user)
        found.append(user)
    return found


async def done(till: Till) -> None:
    """No reward waits any more."""

    async def nothing() -> bool:
        return not await till.db.fetchval(
            "SELECT count(*) FROM outbox.job WHERE kind = ANY ($1)",
            [referrals.REWARD, referrals.REVERSE],
        )

    await eventually(nothing)


async def buys(till: Till, user: User, plan: str = "1m") -> Purchase:
    purchase = await till.buys(user, plan, "stripe")
    await done(till)
    return purchase


async def gives_back(till: Till, purchase: Purchase) -> None:
    assert purchase.paid_by is not None
    await till.payments.refund(purchase.paid_by, key=str(purchase.id))
    await done(till)


async def kinds(till: Till, user: User) -> list[str]:
    """What happened to somebody's time, the oldest first."""
    return [each.kind for each in await service.terms(till.db, user.id)][::-1]


async def left(till: Till, user: User) -> int:
    """Days that were earned by invitations and kept, in seconds."""
    return int(
        await till.db.fetchval(
            """
            SELECT coalesce(sum(seconds), 0) FROM subscriptions.term
             WHERE user_id = $1 AND kind IN ('referral', 'reversal')
            """,
            user.id,
        )
    )


async def test_the_inviter_has_a_week_once_a_friend(till: Till) -> None:
    inviter, friend = await friends(till, "Зовущий", "Друг")
    assert await referrals.of(till.db, inviter.id) == referrals.Invited(1, 0, 0)
    await buys(till, friend)
    await buys(till, friend)
    assert await kinds(till, inviter) == ["referral"]
    assert await left(till, inviter) == WEEK
    assert await kinds(till, friend) == ["paid", "paid"]
    assert await referrals.of(till.db, inviter.id) == referrals.Invited(1, 1, 7)
    await till.audited()


async def test_a_chain_is_rewarded_link_by_link(till: Till) -> None:
    first, second, third = await friends(till, "Первый", "Второй", "Третий")
    await buys(till, third)
    assert (await kinds(till, second), await service.standing(till.db, first.id)) == (
        ["referral"],
        None,
    )
    await buys(till, second)
    assert await kinds(till, first) == ["referral"]
    assert await kinds(till, second) == ["referral", "paid"]
    await till.audited()


async def test_nobody_invites_themselves_or_in_a_circle(till: Till) -> None:
    first, second, third = await friends(till, "Первый", "Второй", "Третий")
    for invited, inviter in ((first, first), (first, third), (second, third)):
        assert await brings(till, inviter, invited) is None
    await buys(till, first)
    assert await kinds(till, first) == ["paid"]
    assert not await till.db.fetchval("SELECT count(*) FROM subscriptions.referral")


async def test_a_gift_and_what_is_paid_from_the_balance_count_too(till: Till) -> None:
    inviter, friend = await friends(till, "Зовущий", "Друг")
    purchase = await till.chooses(friend, gift=True)
    await till.pays(await till.asks(friend, purchase, "stripe", "card"))
    await done(till)
    assert await left(till, inviter) == WEEK
    await till.audited()


# -- with two at once --------------------------------------------------------------


async def test_two_first_payments_at_once_are_one_reward(till: Till, fresh: Fresh) -> None:
    """Their jobs run on two connections, as in two processes, for many friends."""
    inviter = await till.user(till.tg.user("Зовущий"))
    kassa = till.kassa.kassa
    async with Database(fresh.address()) as other_db:
        other = Kassa(
            kassa.settings, other_db, Payments(other_db, providers={}), kassa.bots, kassa.sender
        )
        for number in range(10):
            friend = await till.user(till.tg.user(f"Друг {number}"))
            await brings(till, inviter, friend)
            sold = [await _paid_with_no_job(till, friend, plan) for plan in ("1m", "3m")]
            jobs = [await _job(till, friend, each) for each in sold]
            await asyncio.gather(referrals.reward(kassa, jobs[0]), referrals.reward(other, jobs[1]))
    assert await kinds(till, inviter) == ["referral"] * 10
    assert await left(till, inviter) == 10 * WEEK
    assert await till.db.fetch("SELECT * FROM subscriptions.audit()") == []


async def _paid_with_no_job(till: Till, user: User, plan: str) -> Purchase:
    """The job is ours to run."""
    purchase = await till.chooses(user, plan)

    async def work(tx: Tx) -> None:
        await fulfilled(tx, purchase.id)
        await tx.execute("DELETE FROM outbox.job WHERE kind = $1", referrals.REWARD)

    await till.db.run(work)
    return await purchases.get(till.db, purchase.id)


async def _job(till: Till, user: User, purchase: Purchase) -> Job:
    """As a worker has it, that is ours."""
    told = {"friend": user.id, "purchase": purchase.id}
    kind = f"test.reward:{purchase.id}"
    await till.db.run(lambda tx: outbox.put(tx, kind, told))
    row = await till.db.fetchrow(
        """
        UPDATE outbox.job SET claim = 1000 + id, leased_until = now() + interval '1 hour'
         WHERE kind = $1 RETURNING id, claim
        """,
        kind,
    )
    assert row is not None
    return Job(row["id"], kind, None, told, 1, 15, row["claim"], "")


# -- with a refund -----------------------------------------------------------------


async def test_a_refund_takes_the_week_back(till: Till) -> None:
    inviter, friend = await friends(till, "Зовущий", "Друг")
    purchase = await buys(till, friend)
    await gives_back(till, purchase)
    assert await kinds(till, inviter) == ["referral", "reversal"]
    assert abs(await left(till, inviter)) <= 60  # the seconds that went by were theirs
    assert not (await till.has(inviter)).is_active(now())
    assert await referrals.of(till.db, inviter.id) == referrals.Invited(1, 0, 0)
    await till.audited()


async def test_a_refund_before_the_reward_leaves_nothing_to_reward(till: Till) -> None:
    inviter, friend = await friends(till, "Зовущий", "Друг")
    purchase = await _paid_with_no_job(till, friend, "1m")
    await till.db.execute("UPDATE subscriptions.purchase SET refunded = price")
    late = await _job(till, friend, purchase)
    await referrals.reverse(till.kassa.kassa, late)
    await referrals.reward(till.kassa.kassa, await _job(till, friend, purchase))
    assert await service.standing(till.db, inviter.id) is None
    await buys(till, friend)  # the first that is kept
    assert await left(till, inviter) == WEEK
    await till.db.execute("UPDATE subscriptions.purchase SET refunded = 0")  # we only said so
    assert await till.db.fetch("SELECT * FROM subscriptions.audit()") == []


async def test_another_paid_purchase_keeps_the_week(till: Till) -> None:
    inviter, friend = await friends(till, "Зовущий", "Друг")
    first, second = await buys(till, friend), await buys(till, friend, "3m")
    await gives_back(till, first)
    assert await kinds(till, inviter) == ["referral"]
    await gives_back(till, second)
    assert await kinds(till, inviter) == ["referral", "reversal"]
    await till.audited()


async def test_going_round_and_round_is_worth_no_more_than_once(till: Till) -> None:
    inviter, friend = await friends(till, "Зовущий", "Друг")
    for number in range(3):
        purchase = await buys(till, friend)
        assert WEEK - 60 <= await left(till, inviter) <= WEEK, number
        await gives_back(till, purchase)
        assert abs(await left(till, inviter)) <= 60
    assert await kinds(till, inviter) == ["referral", "reversal"] * 3
    await till.audited()


async def test_what_was_used_up_does_not_come_back(till: Till) -> None:
    """The week is over when the money goes back: nothing is taken, so nothing is given again."""
    inviter, friend = await friends(till, "Зовущий", "Друг")
    purchase = await buys(till, friend)
    mine = await till.has(inviter)
    assert mine.expires_at is not None

    async def over(tx: Tx) -> None:
        await service.take_back(
            *(tx, inviter.id, 30 * DAY), rate=100, kind="admin", cause="admin:1"
        )

    await till.db.run(over)
    await gives_back(till, purchase)
    again = await buys(till, friend)

    async def week(tx: Tx) -> None:  # of another cause
        await service.extend(
            *(tx, inviter.id, Length.days(30)), kind="admin", cause="admin:2", grade=mine.grade
        )

    await till.db.run(week)
    ends = await till.ends(inviter)
    await gives_back(till, again)
    assert await till.ends(inviter) == ends
    assert await kinds(till, inviter) == ["referral", "admin", "reversal", "admin"]
    await till.audited()


# -- in the chat -------------------------------------------------------------------


@pytest.fixture
def welcome(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was invited has three days."""
    monkeypatch.setattr(options, "USUAL", Options(welcome_days=3))


@pytest.mark.usefixtures("welcome")
async def test_the_friend_has_a_welcome_and_gives_it_back(till: Till) -> None:
    inviter, friend = await friends(till, "Зовущий", "Друг")
    first, second = await buys(till, friend), await buys(till, friend)
    assert await kinds(till, friend) == ["paid", "welcome", "paid"]
    ends = await till.ends(friend)
    assert ends is not None
    await gives_back(till, second)
    await gives_back(till, first)
    assert (await kinds(till, friend))[3:] == ["refund", "refund", "reversal"]
    assert await kinds(till, inviter) == ["referral", "reversal"]
    await till.audited()


@pytest.mark.usefixtures("welcome")
async def test_an_invitation_from_the_chat(till: Till) -> None:
    person, friend = till.tg.user("Зовущий"), till.tg.user("<Друг>")
    await person.send(till.kassa.bot, "/invite")
    said = await person.reply("👥 Пригласите друга и получите +7 дней")
    assert "Другу — +3 дня в подарок" in said.text
    assert "Пришли по ссылке: 0\nОплатили: 0\nВы заработали дней: 0" in said.text
    inviter = await till.user(person)
    link = f"https://t.me/{till.kassa.bot.record.username}?start=ref_{inviter.referral_code}"
    assert link in said.text
    share, copy = said.button("👥 Пригласить друга"), said.button("📋 Скопировать ссылку")
    assert share is not None
    assert copy is not None
    assert share["url"].startswith("https://t.me/share/url?url=https%3A%2F%2Ft.me%2F")
    assert copy["copy_text"] == {"text": link}

    payload = f"ref_{inviter.referral_code}"
    await friend.start(till.kassa.bot, payload)
    await friend.reply("👋 Вас приглашает Зовущий. После первой оплаты вы получите +3 дня")
    assert (await friend.reply("")).buttons  # and the greeting as for anybody
    await buys(till, await till.user(friend))
    await person.press("Моя подписка")
    await person.send("/invite")
    await person.reply("Пришли по ссылке: 1\nОплатили: 1\nВы заработали дней: 7")
    await till.audited()


@pytest.mark.parametrize("who", ["yours", "known", "circle", "none"])
async def test_a_link_that_is_not_for_them_says_so(till: Till, who: str) -> None:
    inviter, friend = await friends(till, "Зовущий", "Друг")
    code = {"none": "ZZZZZZZZ", "circle": friend.referral_code}.get(who, inviter.referral_code)
    person = till.tg.user("Старый") if who == "known" else till.tg.user("Другой")
    if who in ("yours", "circle"):
        person = till.tg.person(till.tg.world.users[inviter.telegram_id])
    elif who == "known":
        await person.send(till.kassa.bot, "/start")
        await person.reply("")
        await till.db.execute("UPDATE users.person SET created_at = created_at - interval '2 days'")
    await person.start(till.kassa.bot, f"ref_{code}")
    await person.reply(
        {
            "yours": "Это ваша собственная ссылка",
            "known": "для тех, кто здесь впервые",
            "circle": "для тех, кто здесь впервые",
            "none": "Такой ссылки-приглашения нет",
        }[who]
    )
    if who in ("known", "none"):
        assert (await till.user(person)).referred_by is None
    assert (await till.user(person)).id != inviter.referred_by


async def test_other_links_are_left_alone(till: Till) -> None:
    person = till.tg.user("Гость")
    for payload in ("ref_", "gift_", "news", "refer_ABCDEFGH"):
        await person.start(till.kassa.bot, payload)
        said = await person.reply("")
        assert "приглаш" not in said.text.lower()
        assert said.button("Моя подписка")  # the greeting
