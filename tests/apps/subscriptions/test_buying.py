"""A plan is paid for, and the time is there: once, whatever happens."""

from datetime import timedelta

from kassa.apps.subscriptions import months, purchases, service
from kassa.apps.subscriptions.models import Length
from kassa.ledger import balance, wallet
from kassa.money import Money
from kassa.payments import Looking
from tests.apps.subscriptions.chat import sells
from tests.apps.subscriptions.rig import Till, now
from tests.apps.tokens.steps import eventually


async def test_a_plan_is_paid_by_card_and_the_time_begins(till: Till) -> None:
    person = till.tg.user("Покупатель")
    user = await till.user(person)
    before = now().replace(microsecond=0)
    purchase = await till.buys(user, "3m")
    assert purchase.status == "done"
    mine = await till.provisioned(user)
    assert mine.expires_at is not None
    begun = (await service.terms(till.db, user.id))[0]
    assert begun.kind == "paid"
    assert before <= begun.at
    assert mine.expires_at == months.later(begun.at, 3, begun.at.day)
    await till.audited()


async def test_card_and_crypto_are_both_paid_and_it_is_activated_once(till: Till) -> None:
    user = await till.user(till.tg.user("Покупатель"))
    purchase = await till.chooses(user, "1m")
    card = await till.asks(user, purchase, "oneplat", "card")
    crypto = await till.asks(user, purchase, "cryptopay", "crypto")
    assert crypto.id == card.id  # both in rubles: two ways to pay one payment
    await till.pays(card, "oneplat")
    await till.pays(card, "cryptopay")
    terms = await service.terms(till.db, user.id)
    assert [each.kind for each in terms] == ["paid"]
    # The second money is the payer's own.
    assert (await balance(till.db, wallet(user.id, "RUB"))).posted.amount == 29000
    await till.audited()


async def test_rubles_and_dollars_are_both_paid_and_it_is_activated_once(till: Till) -> None:
    user = await till.user(till.tg.user("Покупатель"))
    purchase = await till.chooses(user, "1m")
    rubles = await till.asks(user, purchase, "oneplat", "card")
    dollars = await till.asks(user, purchase, "stripe", "card")
    assert dollars.id != rubles.id
    await till.pays(dollars)
    await till.pays(rubles)
    assert [each.kind for each in await service.terms(till.db, user.id)] == ["paid"]
    assert (await balance(till.db, wallet(user.id, "RUB"))).posted.amount == 29000
    await till.audited()
    # What only lies in the wallet is given back from there, and no days go with it.
    await till.payments.refund(rubles.id, key="x")
    assert (await balance(till.db, wallet(user.id, "RUB"))).available.amount == 0
    assert [each.kind for each in await service.terms(till.db, user.id)] == ["paid"]


async def test_a_renewal_adds_to_what_is_left(till: Till) -> None:
    user = await till.user(till.tg.user("Покупатель"))
    await till.buys(user, "1m")
    first = await till.ends(user)
    assert first is not None
    await till.buys(user, "1m")
    mine = await till.has(user)
    assert mine.expires_at == months.later(first, 1, mine.anchor)
    await till.audited()


async def test_a_refund_takes_the_days_back(till: Till) -> None:
    user = await till.user(till.tg.user("Покупатель"))
    await till.buys(user, "1m", "stripe")
    first = await till.ends(user)
    purchase = await till.buys(user, "3m", "stripe")
    assert purchase.paid_by is not None
    await till.payments.refund(purchase.paid_by, key="x")
    assert await till.ends(user) == first
    await till.audited()


async def test_the_balance_pays_too(till: Till) -> None:
    user = await till.user(till.tg.user("Покупатель"))
    purchase = await till.chooses(user)
    payment = await till.asks(user, purchase, "oneplat", "card")
    await till.asks(user, purchase, "cryptopay", "crypto")
    await till.pays(payment, "oneplat")
    await till.pays(payment, "cryptopay")  # to the wallet
    second = await till.chooses(user, "1m")
    assert second.id != purchase.id
    await till.db.run(lambda tx: purchases.from_balance(tx, second, "RUB"))
    assert len(await service.terms(till.db, user.id)) == 2
    assert (await balance(till.db, wallet(user.id, "RUB"))).posted.amount == 0
    await till.audited()


async def test_paid_after_it_expired_it_is_given_all_the_same(till: Till) -> None:
    user = await till.user(till.tg.user("Покупатель"))
    purchase = await till.chooses(user, "3m")
    payment = await till.asks(user, purchase, "oneplat", "card")
    await till.db.execute(
        "UPDATE payments.payment SET expires_at = now() - interval '2 hours' WHERE id = $1",
        payment.id,
    )
    await Looking(till.payments).look(payment.id)
    assert (await till.payments.get(till.db, payment.id)).status == "expired"
    await till.pays(payment)
    assert [(each.kind, each.months) for each in await service.terms(till.db, user.id)] == [
        ("paid", 3)
    ]
    await till.audited()


async def test_what_was_agreed_is_kept_when_the_plan_is_withdrawn(till: Till) -> None:
    user = await till.user(till.tg.user("Покупатель"))
    payment = await till.asks(user, await till.chooses(user, "12m"), "oneplat", "card")
    sells(till, plans=[{"name": "1m", "months": 1, "prices": {"RUB": 99_000}}])
    await till.pays(payment)
    assert [each.months for each in await service.terms(till.db, user.id)] == [12]
    assert (await till.payments.get(till.db, payment.id)).amount == Money(269_000, "RUB")
    await till.audited()


async def test_a_callback_for_nobodys_payment_lets_nobody_in(till: Till) -> None:
    user = await till.user(till.tg.user("Покупатель"))
    payment = await till.asks(user, await till.chooses(user), "oneplat", "card")
    (attempt,) = await till.payments.attempts(payment.id)
    shop = till.shops["oneplat"]
    for said in (
        shop.callback(str(attempt.ref), forged=True),
        shop.callback(str(attempt.ref), guid="00000000-0000-0000-0000-000000000000"),
        shop.callback(str(attempt.ref)),  # signed, and the provider says that nobody has paid
    ):
        await till.http.request(
            said.method, "/1plat-webhook", content=said.body, headers=said.headers
        )

    async def heard() -> bool:
        return not await till.db.fetchval(
            "SELECT count(*) FROM payments.inbox WHERE due_at <= now() AND handled_at IS NULL"
        )

    await eventually(heard)
    assert await service.standing(till.db, user.id) is None
    await till.audited()


async def test_days_are_given_once_for_their_cause(till: Till) -> None:
    user = await till.user(till.tg.user("Покупатель"))
    grade = till.options.grade("standard")
    for _ in range(2):
        await till.db.run(
            lambda tx: service.extend(
                tx, user.id, Length.days(7), kind="admin", cause="admin:1", grade=grade
            )
        )
    ends = await till.ends(user)
    assert ends is not None
    assert timedelta(days=6.9) < ends - now() <= timedelta(days=7)
    await till.audited()
