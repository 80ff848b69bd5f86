"""A payment in a chat: choosing, paying, asking; with the providers' fakes behind it."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from kassa.botapi import Gone
from kassa.config import BotSettings, Settings
from kassa.db import Database, Tx
from kassa.errors import Unavailable
from kassa.money import Money
from kassa.payments import Delivered, Payer, Payment, Payments, Purpose, Started
from kassa.payments.providers import configured
from kassa.payments.providers.protocol import Invoice
from kassa.secret import Secret
from kassa.telegram import paying as paying_module
from kassa.telegram import payment_buttons
from kassa.telegram.carrying import Place
from kassa.telegram.paying import Paying
from kassa.users import User
from tests.payments.rig import KINDS
from tests.telegram.sending import Sending, a_sending
from tgsandbox import Person
from tgsandbox.providers.shop import Shop
from tgsandbox.seen import Seen

WHAT = "Чай <Пуэр>"


async def nothing(tx: Tx, payment: Payment) -> Delivered:
    return Delivered()


@dataclass
class Till:
    s: Sending
    db: Database
    payments: Payments
    paying: Paying
    buyer: Person
    user: User
    shops: dict[str, Shop]

    @property
    def at(self) -> Place:
        return Place(self.s.bot, self.buyer.id, self.user.id, "ru", None)

    async def bill(self, amount: Money, **more: Any) -> Payment:
        return await self.db.run(
            lambda tx: self.payments.create(
                tx,
                user=self.user.id,
                amount=amount,
                purpose="test.goods",
                description=WHAT,
                bot=str(self.s.bot.id),
                payer=Payer(telegram_id=self.buyer.id, email="buyer@example.com"),
                return_url="https://t.me/shop_bot",
                cancel_url="https://t.me/shop_bot",
                **more,
            )
        )

    async def pay(
        self, payment: Payment, provider: str = "", method: str = "", instead_of: int = 0
    ) -> Seen:
        await self.paying.pay(self.at, [payment.id, provider, method, instead_of])
        return await self.buyer.reply()

    async def calls(self, method: str) -> list[dict[str, Any]]:
        return self.s.accounts[0].calls(method)


@asynccontextmanager
async def a_till(
    db: Database, *providers: str, stars: bool = False, names: Sequence[str] = ("shop_bot",)
) -> AsyncIterator[Till]:
    async with a_sending(db, limits=False, names=names) as s:
        account = s.accounts[0]
        shops = {name: s.tg.bank.shop(name) for name in providers}
        given: dict[str, Any] = {}
        for name, shop in shops.items():
            given |= KINDS[name].settings(shop)
        tokens = {"RUB": Secret(account.provider_token)} if stars else {}
        settings = Settings(
            debug=True,
            secret_key=Secret("a key of tests that is long enough for anybody"),
            telegram_api_url=s.tg.url,
            bots=(
                BotSettings(token=Secret(account.token), apps=("test",), provider_tokens=tokens),
            ),
            **given,
        )
        adapters = configured(settings)
        if not stars:
            adapters = {name: each for name, each in adapters.items() if name in providers}
        payments = Payments(db, providers=adapters, purposes=[Purpose("test.goods", nothing)])
        (buyer,) = s.people(1)
        user = await s.known(buyer, s.bot)
        try:
            yield Till(s, db, payments, Paying(payments, s.sender, s.bots), buyer, user, shops)
        finally:
            await payments.close()


def data(seen: Seen) -> Iterator[str]:
    """What the buttons bring back."""
    for row in (seen.markup or {}).get("inline_keyboard", []):
        for each in row:
            if "callback_data" in each:
                yield each["callback_data"]


USD, RUB, STARS = Money(5_00, "USD"), Money(500_00, "RUB"), Money(50, "XTR")


# -- a page --------------------------------------------------------------------------


async def test_the_only_way_is_started_at_once(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        payment = await till.bill(USD)
        seen = await till.pay(payment)
        assert "<b>" not in seen.text
        assert f"{WHAT}\nК оплате: $5.00" in seen.text
        assert "⏳ Счёт действует ещё 29 минут" in seen.text
        assert seen.buttons == [["Оплатить $5.00"], ["Проверить оплату"], ["Отменить"]]
        assert list(data(seen)) == [f"pay:check:{payment.id}", f"pay:cancel:{payment.id}"]
        pressed = await till.buyer.press("Оплатить")
        assert pressed.url
        assert pressed.url.startswith(till.s.tg.url)


async def test_carried_out_twice_it_is_asked_for_once(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        payment = await till.bill(USD)
        first, second = await till.pay(payment), await till.pay(payment)
        assert first.markup == second.markup
        assert len(await till.payments.attempts(payment.id)) == 1
        assert len(till.shops["stripe"].payments) == 1


async def test_an_address_that_telegram_dislikes_is_said_in_the_text(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        payment = await till.bill(USD)
        words = "Bad Request: inline keyboard button URL 'http://x' is invalid: wrong HTTP URL"
        till.s.tg.fault("sendMessage", error=(400, words), times=1)
        seen = await till.pay(payment)
        assert f"Страница оплаты: {till.s.tg.url}" in seen.text
        assert seen.buttons == [["Проверить оплату"], ["Отменить"]]


async def test_the_payer_reads_their_own_language(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        payment = await till.bill(USD)
        at = Place(till.s.bot, till.buyer.id, till.user.id, "uz", None)
        await till.paying.pay(at, [payment.id, "", "", 0])
        seen = await till.buyer.reply("Toʻlov: $5.00")
        assert seen.buttons == [["Toʻlash: $5.00"], ["Toʻlovni tekshirish"], ["Bekor qilish"]]


# -- choosing ------------------------------------------------------------------------


async def test_several_ways_are_to_choose_from(db: Database) -> None:
    async with a_till(db, "oneplat", "yookassa") as till:
        payment = await till.bill(RUB)
        seen = await till.pay(payment)
        assert "Как вам удобнее заплатить?" in seen.text
        names = [row[0] for row in seen.buttons]
        assert "💳 Карта · 1Plat" in names
        assert "💳 Карта · ЮKassa" in names
        assert "🪙 Криптовалюта" in names, "only one takes it"
        assert names[-1] == "Отменить"
        assert f"pay:with:{payment.id}:oneplat:card" in data(seen)


async def test_the_chosen_one_takes_the_place_of_the_choice(db: Database) -> None:
    async with a_till(db, "oneplat", "yookassa") as till:
        payment = await till.bill(RUB)
        choice = await till.pay(payment)
        await till.paying.pay(till.at, [payment.id, "yookassa", "card", choice.id])
        seen = await till.buyer.edited("К оплате")
        assert seen.id == choice.id
        assert [row[0] for row in seen.buttons] == [
            "Оплатить 500\N{NO-BREAK SPACE}₽",
            "Проверить оплату",
            "Другой способ",
            "Отменить",
        ]
        await till.paying.pay(till.at, [payment.id, "-", "", choice.id])
        again = await till.buyer.edited("Как вам удобнее")
        assert again.id == choice.id


async def test_every_button_is_understood_when_it_is_pressed(db: Database) -> None:
    async with a_till(db, "oneplat", "yookassa") as till:
        payment = await till.bill(RUB)
        choice = await till.pay(payment)
        page = await till.pay(payment, "oneplat", "card")
        pressed = [*data(choice), *data(page)]
        assert len(pressed) > 8
        assert [each for each in pressed if not payment_buttons._DATA.fullmatch(each)] == []
        assert max(map(len, pressed)) <= 64


async def test_a_message_that_cannot_be_changed_is_followed_by_a_new_one(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        payment = await till.bill(USD)
        seen = await till.pay(payment, "stripe", "card", 4_000)
        assert "К оплате" in seen.text


async def test_said_again_in_the_same_place_it_is_said_once(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        payment = await till.bill(USD)
        seen = await till.pay(payment)
        await till.paying.pay(till.at, [payment.id, "stripe", "card", seen.id])
        assert len(await till.calls("sendMessage")) == 1


async def test_with_no_way_at_all_one_is_told_where_to_write(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        payment = await till.bill(Money(100, "KGS"))
        assert "/paysupport" in (await till.pay(payment)).text


# -- requisites ----------------------------------------------------------------------


async def test_requisites_are_to_be_copied(db: Database) -> None:
    async with a_till(db, "oneplat") as till:
        payment = await till.bill(RUB)
        seen = await till.pay(payment, "oneplat", "card")
        (attempt,) = await till.payments.attempts(payment.id)
        assert attempt.checkout is not None
        assert attempt.checkout.amount is not None
        card = next(each.value for each in attempt.checkout.requisites if each.name == "card")
        assert f"Номер карты: {card}" in seen.text
        assert "Переведите ровно " + attempt.checkout.amount.format("ru") in seen.text
        assert (await till.buyer.press("📋 Номер карты", under=seen)).copied == card
        copied = (await till.buyer.press("📋 Сумма", under=seen)).copied
        assert copied == str(attempt.checkout.amount.decimal)
        assert ["Другой способ"] in seen.buttons


async def test_coins_are_counted_in_coins(db: Database) -> None:
    async with a_till(db, "oneplat") as till:
        payment = await till.bill(RUB)
        seen = await till.pay(payment, "oneplat", "crypto")
        (attempt,) = await till.payments.attempts(payment.id)
        assert attempt.checkout is not None
        said = next(each.value for each in attempt.checkout.requisites if each.name == "amount")
        assert "К оплате: 500" in seen.text
        number = said.partition(" ")[0]
        assert f"Переведите ровно {number}" in seen.text.replace("\N{NO-BREAK SPACE}", " ")
        copied = (await till.buyer.press("📋 Сумма", under=seen)).copied
        assert float(copied or 0) == float(number)


# -- inside Telegram -----------------------------------------------------------------


async def test_stars_are_asked_for_by_an_invoice(db: Database) -> None:
    async with a_till(db, stars=True) as till:
        payment = await till.bill(STARS)
        before = await till.s.say(till.buyer, "choose")
        await till.buyer.reply("choose")
        seen = await till.pay(payment, "stars", "stars", before["message_id"])
        assert seen.kind == "invoice"
        assert seen.buttons == [["Оплатить 50\N{NO-BREAK SPACE}⭐"], ["Отменить"]]
        assert "choose" not in till.s.heard(till.buyer)


async def test_a_subscription_is_a_link(db: Database) -> None:
    async with a_till(db, stars=True) as till:
        payment = await till.bill(STARS, invoice=Invoice(subscription=True))
        seen = await till.pay(payment)
        pressed = await till.buyer.press("Оплатить", under=seen)
        assert pressed.url
        assert pressed.url.startswith("https://t.me/")
        assert await till.calls("sendInvoice") == []


async def test_an_invoice_goes_by_the_bot_that_it_names(db: Database) -> None:
    async with a_till(db, stars=True, names=("shop_bot", "other_bot")) as till:
        payment = await till.bill(STARS)
        stranger = Place(till.s.bots.all[1], till.buyer.id, till.user.id, "ru", None)
        await till.paying.pay(stranger, [payment.id, "", "", 0])
        assert (await till.buyer.reply()).sender == "shop_bot"


# -- what goes wrong -----------------------------------------------------------------


async def test_a_provider_that_is_down_leaves_a_way_out(db: Database) -> None:
    async with a_till(db, "oneplat", "yookassa") as till:
        payment = await till.bill(RUB)
        till.shops["yookassa"].fault("create", "down")
        seen = await till.pay(payment, "yookassa", "card")
        assert "Этот способ сейчас не отвечает" in seen.text
        assert f"pay:with:{payment.id}:oneplat:card" in data(seen)
        assert f"pay:with:{payment.id}:yookassa:card" not in data(seen)


async def test_the_only_one_that_is_down_may_be_tried_again(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        payment = await till.bill(USD)
        till.shops["stripe"].fault("create", "down")
        seen = await till.pay(payment)
        assert seen.buttons == [["Попробовать ещё раз"], ["Отменить"]]
        assert next(data(seen)) == f"pay:with:{payment.id}:stripe:card"
        await till.paying.pay(till.at, [payment.id, "stripe", "card", seen.id])
        assert (await till.buyer.edited("Нажмите «Оплатить»")).id == seen.id


async def test_what_is_over_is_not_begun_again(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        canceled, expired, paid = [await till.bill(USD) for _ in range(3)]
        await till.payments.cancel(canceled.id, reason="so")
        assert "уже закрыт" in (await till.pay(canceled)).text
        await till.pay(paid)
        await till.shops["stripe"].pay(till.shops["stripe"].payments[-1].ref)
        await till.payments.check(paid.id)
        assert "уже оплачен" in (await till.pay(paid)).text
        till.s.tg.world.clock.move(timedelta(hours=1).total_seconds())
        assert "уже закрыт" in (await till.pay(expired)).text


async def test_while_money_is_on_its_way_nothing_else_is_begun(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        payment = await till.bill(USD)
        await db.execute("UPDATE payments.payment SET status = 'processing'")
        seen = await till.pay(payment)
        assert "Оплата сейчас проверяется" in seen.text
        assert seen.buttons == [["Проверить оплату"]]


async def test_an_old_button_of_a_way_that_is_gone_offers_what_there_is(db: Database) -> None:
    async with a_till(db, "oneplat", "yookassa") as till:
        payment = await till.bill(RUB)
        assert "Как вам удобнее" in (await till.pay(payment, "paypal", "card")).text


async def test_somebody_elses_payment_is_nobodys(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        payment = await till.bill(USD)
        for user in (till.user.id + 1, None):
            at = Place(till.s.bot, till.buyer.id, user, "ru", None)
            await till.paying.pay(at, [payment.id, "", "", 0])
            assert (await till.buyer.reply()).text == "Такого счёта нет."
            await till.paying.check(at, [payment.id, ""])
            assert (await till.buyer.reply()).text == "Такого счёта нет."
        assert await till.payments.attempts(payment.id) == []


async def test_who_has_blocked_the_bot_is_gone(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        payment = await till.bill(USD)
        till.buyer.block(till.s.accounts[0])
        with pytest.raises(Gone):
            await till.paying.pay(till.at, [payment.id, "", "", 0])


async def test_a_payer_who_waits_sees_that_we_are_busy(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paying_module, "SILENCE", 0)
    async with a_till(db, "stripe") as till:
        payment = await till.bill(USD)
        till.s.tg.fault("sendChatAction", error=(400, "Bad Request: whatever"))
        await till.pay(payment)
        assert await till.calls("sendChatAction") == [
            {"chat_id": till.buyer.id, "action": "typing"}
        ]


async def test_a_hiccup_of_ours_is_said_kindly(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_till(db, "stripe") as till:
        payment = await till.bill(USD)

        async def away(*_: Any, **__: Any) -> Started:
            raise Unavailable("away")

        monkeypatch.setattr(till.payments, "start", away)
        seen = await till.pay(payment)
        assert "заминка" in seen.text
        assert seen.buttons == [["Попробовать ещё раз"], ["Отменить"]]


# -- asking --------------------------------------------------------------------------


async def asked(till: Till, payment: Payment, seen: Seen) -> str:
    """The button is pressed; what Telegram shows then."""
    pressed = await till.buyer.press("Проверить оплату", under=seen)
    assert pressed._query is not None
    await till.paying.check(till.at, [payment.id, str(pressed._query.id), seen.id])
    answer = await pressed.answer()
    assert answer.alert
    return answer.text


async def test_asked_before_and_after_it_is_paid(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        payment = await till.bill(USD)
        seen = await till.pay(payment)
        assert "Оплаты пока не видно" in await asked(till, payment, seen)
        assert Seen.of(till.s.tg.world, seen.message).buttons, "the buttons stay"
        await till.shops["stripe"].pay(till.shops["stripe"].payments[-1].ref)
        assert await asked(till, payment, seen) == "✅ Оплачено, спасибо!"
        assert Seen.of(till.s.tg.world, seen.message).buttons == []
        now = await till.payments.get(db, payment.id)
        assert now.status == "succeeded"


async def test_a_slow_answer_is_said_when_it_comes(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paying_module, "PATIENCE", 0)
    async with a_till(db, "stripe") as till:
        payment = await till.bill(USD)
        seen = await till.pay(payment)
        await till.shops["stripe"].pay(till.shops["stripe"].payments[-1].ref)
        assert "Спрашиваем" in await asked(till, payment, seen)
        await till.buyer.reply("✅ Оплачено, спасибо!")


async def test_an_answer_that_comes_too_late_is_no_failure(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        payment = await till.bill(USD)
        await till.paying.check(till.at, [payment.id, "4711"])
        assert till.s.heard(till.buyer) == []
