"""Cases in which somebody lies: nothing is credited."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kassa.payments import Started, Status
from kassa.payments.providers.protocol import (
    Created,
    Order,
    Report,
    State,
)
from tests.conftest import Fresh
from tests.payments.cases import (
    ALL,
    OUTSIDE,
    letters_kept,
    nothing_came,
    of,
    post,
    sells,
    sign_and_post,
)
from tests.payments.rig import USER, Kind, Rig, a_rig, ref

SIGNED = ("stripe", "oneplat", "cryptopay")


# -- forged ------------------------------------------------------------------------


@of(*SIGNED)
async def test_signed_by_somebody_else(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        answer = await post(rig, rig.shop.callback(ref(started), "paid", forged=True))
        assert answer.status_code in (400, 403)
        assert "signature" in answer.json()["detail"]
        assert await letters_kept(rig) == 0
        await nothing_came(rig, started)
        await sells(rig, started)


@of("oneplat", "yookassa")
async def test_a_forged_status_that_looks_right(fresh: Fresh, kind: Kind) -> None:
    """1Plat's signature_v2 covers no status, and YooKassa signs nothing. So they are asked; and
    when the true word comes later, under the same name, they are asked again."""
    async with a_rig(fresh, kind) as rig:
        if kind.name == "oneplat":
            rig.shop.signatures = ("signature_v2",)  # type: ignore[attr-defined]
        started = await rig.begin()
        for _ in range(3):
            answer = await post(rig, rig.shop.callback(ref(started), "paid"))
            assert answer.status_code == 200
            await rig.inbox.drain()
        assert await letters_kept(rig) == 1
        await nothing_came(rig, started)
        await sells(rig, started)
        assert await letters_kept(rig) == 1


@of("oneplat", "yookassa")
async def test_it_is_paid_while_a_forged_one_is_asked_about(fresh: Fresh, kind: Kind) -> None:
    """The provider says "not yet"; before we have written that down, the true word comes."""
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        asked = rig.provider.status

        async def status(ref: str) -> Report:
            report = await asked(ref)
            if report.state is not State.PAID:
                await rig.shop.pay(ref)
                await rig.shop.delivered()
            return report

        rig.provider.status = status  # type: ignore[method-assign]
        assert (await post(rig, rig.shop.callback(ref(started), "paid"))).status_code == 200
        await rig.inbox.drain()
        await sells(rig, started)


@of("oneplat")
async def test_a_callback_whose_payment_was_exchanged(fresh: Fresh, kind: Kind) -> None:
    """A small payment is really paid; its signature_v2 is good for any other of that amount."""
    async with a_rig(fresh, kind) as rig:
        rig.shop.signatures = ("signature_v2",)  # type: ignore[attr-defined]
        paid, other = await rig.begin(), await rig.begin()
        await rig.shop.pay(ref(paid))
        await rig.arrive()
        sent = rig.shop.sent[-1]
        forged = replace(sent, body=sent.body.replace(ref(paid).encode(), ref(other).encode()))
        assert (await post(rig, forged)).status_code == 200
        await rig.inbox.drain()
        assert (await rig.get(other)).status is Status.AWAITING_PAYER
        assert await rig.goods_given() == {paid.payment.id: 0}
        await rig.agree()


@of("yookassa")
async def test_names_that_nobody_knows_are_not_asked_about(fresh: Fresh, kind: Kind) -> None:
    """Else a stranger could make us call as often as they like."""
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        rig.shop.fault("*", "down", times=None)  # it would be heard of
        for number in range(5):
            sent = rig.shop.callback(
                ref(started), "paid", id=f"made-up-{number}", metadata={"kassa": "made-up"}
            )
            assert (await post(rig, sent)).status_code == 200
        await rig.inbox.drain()
        said = await rig.db.fetch("SELECT said, tries FROM payments.inbox")
        assert {(row["said"], row["tries"]) for row in said} == {("no such payment yet", 1)}
        rig.shop.mend()
        await nothing_came(rig, started)


# -- of another shop ---------------------------------------------------------------


@OUTSIDE
async def test_another_shops_callback(fresh: Fresh, kind: Kind) -> None:
    """Their payment, really paid, their secret, our address."""
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        other = rig.tg.bank.shop(kind.name, name="other", callback_url=rig.shop.callback_url)
        (theirs,) = kind.adapters(other).values()
        order = Order(
            "kassa-other",
            rig.price,
            "Theirs",
            USER,
            method=kind.method,
            return_url="https://shop.example.com/success",
        )
        made = await theirs.create(order)
        assert isinstance(made, Created)
        await other.pay(made.ref)
        await other.delivered()
        await theirs.close()
        assert other.sent
        assert {sent.status for sent in other.sent} <= {400, 403}
        assert await letters_kept(rig) == 0
        await nothing_came(rig, started)
        await sells(rig, started)


@OUTSIDE
async def test_another_shops_credentials(fresh: Fresh, kind: Kind) -> None:
    """They know nothing of our payment; and what ours has signed is not theirs."""
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        rig.shop.fault_in_callbacks("lost", times=None)
        await rig.shop.pay(ref(started))
        other = rig.tg.bank.shop(kind.name, name="other")
        await rig.provider.close()
        rig.payments.providers |= kind.adapters(other)
        await rig.payments.check(started.payment.id)
        await _nothing_is_new(rig, started)
        answer = await post(rig, rig.shop.callback(ref(started), "paid"))
        assert answer.status_code in (400, 403)
        await _nothing_is_new(rig, started)
        await _configure(rig, {})
        await rig.payments.check(started.payment.id)
        await sells(rig, started)


async def _nothing_is_new(rig: Rig, started: Started) -> None:
    await rig.inbox.drain()
    assert (await rig.get(started)).status is Status.AWAITING_PAYER
    assert await letters_kept(rig) == 0
    assert await rig.payments.charges(started.payment.id) == []


@of("stripe", "cryptopay")
async def test_of_somebody_else_in_the_same_account(fresh: Fresh, kind: Kind) -> None:
    """A payment that another program made with our credentials, with another's key on it."""
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        sent = rig.shop.callback(ref(started), "paid")
        changed = json.loads(sent.body)
        if kind.name == "stripe":
            changed["account"] = "acct_another"
        else:
            changed["update_type"] = "something_else"
        await sign_and_post(rig, json.dumps(changed).encode())
        assert await letters_kept(rig) == 0
        await nothing_came(rig, started)


# -- replayed, and rotated ---------------------------------------------------------


@ALL
async def test_an_old_callback_is_replayed(fresh: Fresh, kind: Kind) -> None:
    """Stripe's are too old after five minutes; the others' are harmless."""
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        await sells(rig, started)
        before = await letters_kept(rig)
        await rig.tg.clock.move(301)
        sent = next(each for each in rig.shop.sent if each.status == 200)
        answer = await post(rig, sent)
        assert answer.status_code == (400 if kind.name == "stripe" else 200)
        await rig.inbox.drain()
        assert await letters_kept(rig) == before
        await sells(rig, started)
        assert await rig.wallet() == 0


@of("stripe")
async def test_a_replay_within_the_tolerance_is_harmless(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        await sells(rig, started)
        await rig.tg.clock.move(290)
        for sent in [each for each in rig.shop.sent if each.status == 200]:
            assert (await post(rig, sent)).status_code == 200
        await sells(rig, started)


_SECRETS = {
    "stripe": ("stripe_webhook_secret", "webhook_secret"),
    "oneplat": ("oneplat_shop_secret", "secret"),
    "cryptopay": ("cryptopay_token", "token"),
}


@of(*SIGNED)
async def test_a_rotated_secret(fresh: Fresh, kind: Kind) -> None:
    """While both are set both are good; then only the new one is."""
    async with a_rig(fresh, kind) as rig:
        first, second, third = [await rig.begin() for _ in range(3)]
        rig.shop.fault_in_callbacks("lost", times=None)
        for each in (first, second, third):
            await rig.shop.pay(ref(each))
        setting, credential = _SECRETS[kind.name]
        old = rig.shop.credentials[credential]
        signed_with_the_old = [rig.shop.callback(ref(each), "paid") for each in (first, second)]
        new = rig.shop.rotate()[credential]
        assert new != old

        # We do not know the new one yet.
        assert (await post(rig, rig.shop.callback(ref(third), "paid"))).status_code in (400, 403)

        await _configure(rig, {setting: f"{new}, {old}"})
        assert (await post(rig, signed_with_the_old[0])).status_code == 200
        assert (await post(rig, rig.shop.callback(ref(third), "paid"))).status_code == 200

        await _configure(rig, {setting: new})
        assert (await post(rig, signed_with_the_old[1])).status_code in (400, 403)
        await rig.inbox.drain()
        assert list(await rig.goods_given()) == [first.payment.id, third.payment.id]
        assert (await rig.get(second)).status is Status.AWAITING_PAYER
        for each in (first, second, third):
            await rig.payments.check(each.payment.id)
        assert len(await rig.goods_given()) == 3
        await rig.agree()


async def _configure(rig: Rig, changes: Mapping[str, Any]) -> None:
    await rig.provider.close()
    rig.payments.providers |= rig.kind.adapters(rig.shop, **changes)
