"""The way of a buyer in the chat: a plan, a way to pay, and the link that comes by itself."""

from kassa import clock
from kassa.apps.subscriptions import purchases, service
from kassa.ledger import balance, wallet
from kassa.money import Money
from tests.apps.subscriptions.chat import (
    NBSP,
    panel_of,
    sells,
    shows,
    to_the_bill,
    to_the_ways,
    with_panel,
)
from tests.apps.subscriptions.rig import Till
from tests.conftest import Fresh
from tgsandbox import Sandbox

PLAN = {"name": "1m", "months": 1, "prices": {"RUB": "290", "USD": "3", "XTR": 150}}


async def too_old(till: Till) -> None:
    """Time passes for whatever was chosen."""
    await till.db.execute(
        "UPDATE subscriptions.purchase SET at = at - $1::interval", purchases.FRESH
    )


async def test_by_card_to_the_letter(fresh: Fresh, tg: Sandbox) -> None:
    async with with_panel(fresh, tg) as till:
        person = tg.user("Покупатель")
        await person.send(till.kassa.bot, "/start")
        start = await person.reply("👋 Здравствуйте, Покупатель!")
        assert start.buttons[:2] == [["Оформить подписку"], ["Моя подписка"]]

        await person.press("Оформить подписку", under=start)
        plans = await person.edited("Выберите тариф:")
        assert plans.buttons == [
            ["🎁 Попробовать 3 дня бесплатно"],
            [f"1 месяц · 290{NBSP}₽"],
            [f"3 месяца · 790{NBSP}₽ · −9{NBSP}%"],
            [f"6 месяцев · 1{NBSP}490{NBSP}₽ · −14{NBSP}%"],
            [f"12 месяцев · 2{NBSP}690{NBSP}₽ · −23{NBSP}%"],
            ["◀️ Главное меню"],
        ]
        await person.press("3 месяца", under=plans)
        ways = await person.edited("Как вам удобнее заплатить?")
        assert ways.text.startswith(f"Подписка на 3 месяца\nК оплате: 790{NBSP}₽\n\n")
        assert ways.buttons == [
            ["💎 CryptoBot (USDT, TON, BTC)"],
            ["💳 1Plat (карта, СБП)"],
            [f"⭐ Telegram Stars · 400{NBSP}⭐"],
            ["💳 Банковская карта · Stripe · $8"],
            ["💳 ЮKassa (карта, СБП)"],
            ["🎟 Есть промокод"],
            ["◀️ Назад"],
        ]
        await person.press("💳 1Plat", under=ways)
        methods = await person.edited("Как вам удобнее заплатить?")
        assert methods.buttons[:2] == [["💳 Банковская карта"], ["📱 СБП (телефон)"]]
        await person.press("💳 Банковская карта", under=methods)
        bill = await person.edited(f"Переведите ровно 790{NBSP}₽")
        for each in ("Номер карты: ", "Получатель: ", "Банк: ", "⏳ Счёт действует ещё"):
            assert each in bill.text
        assert ["Проверить оплату"] in bill.buttons

        shop = till.shops["oneplat"]
        await shop.pay(shop.payments[-1].ref)
        paid = await person.reply("🎉 Оплата получена, спасибо!")
        mine = await till.has(await till.user(person))
        assert mine.link
        assert mine.link in paid.text
        assert "Подписка на 3 месяца активна до " in paid.text
        assert paid.buttons == [["📋 Скопировать ссылку"], ["🔳 QR"], ["Моя подписка"]]
        copied = await person.press("📋 Скопировать ссылку", under=paid)
        assert copied.copied == mine.link
        assert panel_of(till).status(mine.username) == "ACTIVE"
        await till.audited()


async def test_by_sbp(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    bill = await to_the_bill(till, person, "📱 СБП (телефон)")
    assert "Телефон: +7" in bill.text
    shop = till.shops["oneplat"]
    await shop.pay(shop.payments[-1].ref)
    paid = await person.reply("🎉 Оплата получена, спасибо!")
    assert "http" not in paid.text  # nobody's panel gives a link here
    assert paid.buttons == [["Моя подписка"]]
    assert len(await service.terms(till.db, (await till.user(person)).id)) == 1
    await till.audited()


async def test_by_crypto_in_uzbek(till: Till, tg: Sandbox) -> None:
    person = tg.user("Xaridor", language="uz")
    await person.send(till.kassa.bot, "/start")
    start = await person.reply("👋 Assalomu alaykum, Xaridor!")
    await person.press("Obunani rasmiylashtirish", under=start)
    plans = await person.edited("Tarifni tanlang:")
    assert plans.buttons[4] == [f"12 oy · 2{NBSP}690{NBSP}₽ · −23{NBSP}%"]
    await person.press("1 oy", under=plans)
    ways = await person.edited("1 oylik obuna")
    await person.press("💎 CryptoBot (USDT, TON, BTC)", under=ways)
    bill = await person.edited("1 oylik obuna")
    assert f"290{NBSP}₽" in bill.text
    shop = till.shops["cryptopay"]
    await shop.pay(shop.payments[-1].ref)
    paid = await person.reply("🎉 Toʻlov qabul qilindi, rahmat!")
    assert "1 oylik obuna" in paid.text
    assert paid.buttons == [["Mening obunam"]]
    await till.audited()


async def test_by_card_and_sbp_in_uzbek(till: Till, tg: Sandbox) -> None:
    person = tg.user("Xaridor", language="uz")
    for method, shown in (("💳 Bank kartasi", "Karta raqami"), ("📱 SBP (telefon)", "Telefon")):
        await person.send(till.kassa.bot, "/buy")
        await person.press("1 oy", under=await person.reply("Tarifni tanlang:"))
        await person.press("💳 1Plat (karta, SBP)", under=await person.edited("1 oylik obuna"))
        await person.press(method, under=await person.edited("Qanday toʻlash"))
        await person.edited(shown)
        shop = till.shops["oneplat"]
        await shop.pay(shop.payments[-1].ref)
        await person.edited("✅ Toʻlandi")
        await person.reply("🎉 Toʻlov qabul qilindi, rahmat!")
    assert len(await service.terms(till.db, (await till.user(person)).id)) == 2


async def test_by_the_button_where_the_callback_is_lost(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    bill = await to_the_bill(till, person)
    till.shops["oneplat"].callback_url = ""
    await till.shops["oneplat"].pay(till.shops["oneplat"].payments[-1].ref)
    pressed = await person.press("Проверить оплату", under=bill)
    assert (await pressed.answer()).text == "✅ Оплачено, спасибо!"
    await person.reply("🎉 Оплата получена, спасибо!")
    await till.audited()


async def test_by_stars(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель", stars=1000)
    ways = await to_the_ways(till, person)
    assert [f"⭐ Telegram Stars · с автопродлением · 150{NBSP}⭐"] in ways.buttons
    await person.press(f"⭐ Telegram Stars · 150{NBSP}⭐", under=ways)
    await person.pay()
    await person.reply("🎉 Оплата получена, спасибо!")
    assert person.stars == 850
    assert (await till.has(await till.user(person))).renews == ""


async def test_by_stars_that_go_on_by_themselves_until_one_tap(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель", stars=1000)
    ways = await to_the_ways(till, person)
    await person.press("⭐ Telegram Stars · с автопродлением", under=ways)
    bill = await person.edited("Подписка на 1 месяц")
    button = bill.button("Оплатить")
    assert button is not None
    await person.pay(button["url"])
    await person.reply("🎉 Оплата получена, спасибо!")
    await person.send(till.kassa.bot, "/subscription")
    mine = await person.reply(f"🔁 Продлевается сама: Telegram Stars, 150{NBSP}⭐ за 1 месяц")
    pressed = await person.press("Выключить автопродление", under=mine)
    assert (await pressed.answer()).text == "Автопродление выключено"
    again = await person.edited("✅ Активна")
    assert "Продлевается сама" not in again.text
    assert (await till.has(await till.user(person))).renews == ""


async def test_a_card_that_is_kept_renews_and_others_do_not(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    ways = await to_the_ways(till, person)
    await person.press("💳 ЮKassa", under=ways)
    methods = await person.edited("Как вам удобнее заплатить?")
    assert methods.buttons[0] == ["💳 Банковская карта"]
    await person.press("💳 Банковская карта · с автопродлением", under=methods)
    bill = await person.edited("откроется страница оплаты")
    shop = till.shops["yookassa"]
    await shop.pay(shop.payments[-1].ref)
    await person.reply("🎉 Оплата получена, спасибо!")
    user = await till.user(person)
    assert (await till.has(user)).renews == "saved"
    await person.send(till.kassa.bot, "/subscription")
    await person.reply("🔁 Продлевается сама: с карты ")
    # The purchase of that way is another one's: whoever goes back from it chooses anew.
    await person.press("Другой способ", under=bill)
    await person.edited("✅ Эта покупка уже оплачена, спасибо!")


async def test_whoever_goes_back_from_a_way_that_renews_chooses_anew(
    till: Till, tg: Sandbox
) -> None:
    person = tg.user("Покупатель")
    await person.press("💳 ЮKassa", under=await to_the_ways(till, person))
    methods = await person.edited("Как вам удобнее заплатить?")
    await person.press("💳 Банковская карта · с автопродлением", under=methods)
    bill = await person.edited("откроется страница оплаты")
    await person.press("Другой способ", under=bill)
    await person.press("💳 ЮKassa", under=await person.edited("Как вам удобнее заплатить?"))
    methods = await person.edited("Как вам удобнее заплатить?")
    await person.press("📱 СБП (телефон)", under=methods)
    await person.edited("откроется страница оплаты")
    shop = till.shops["yookassa"]
    await shop.pay(shop.payments[-1].ref)
    await person.reply("🎉 Оплата получена, спасибо!")
    assert (await till.has(await till.user(person))).renews == ""


async def test_from_the_balance_where_there_is_enough(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    user = await till.user(person)
    ways = await to_the_ways(till, person)
    assert "С баланса" not in str(ways.buttons)
    first = await till.chooses(user)
    payment = await till.asks(user, first, "oneplat", "card")
    await till.asks(user, first, "cryptopay", "crypto")
    await till.pays(payment, "oneplat")
    await till.pays(payment, "cryptopay")
    assert (await balance(till.db, wallet(user.id, "RUB"))).available == Money(29000, "RUB")
    await person.reply("Вторая оплата")

    ways = await to_the_ways(till, person)
    assert ways.buttons[0] == [f"👛 С баланса (у вас 290{NBSP}₽)"]
    await person.press("👛 С баланса", under=ways)
    await person.edited(f"✅ Оплачено с баланса: 290{NBSP}₽")
    await person.reply("🎉 Оплата получена, спасибо!")
    assert len(await service.terms(till.db, user.id)) == 2
    # Pressed again, somewhere else: it is paid once.
    second = await till.db.fetchval("SELECT max(id) FROM subscriptions.purchase")
    await person.press("x", under=await shows(till, person, f"sub:pay:{second}:balance::RUB"))
    await person.edited("✅ Эта покупка уже оплачена, спасибо!")
    await till.audited()


async def test_a_balance_that_is_gone_meanwhile_pays_nothing(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    await to_the_ways(till, person)
    number = await till.db.fetchval("SELECT max(id) FROM subscriptions.purchase")
    shown = await shows(till, person, f"sub:pay:{number}:balance::RUB")
    pressed = await person.press("x", under=shown)
    assert (await pressed.answer()).text.startswith("На балансе уже меньше")
    await person.edited("Как вам удобнее заплатить?")
    assert await service.standing(till.db, (await till.user(person)).id) is None


async def test_without_requisites_there_is_another_way(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    till.shops["oneplat"].fault("create", "no_requisites")
    await person.press("💳 1Plat", under=await to_the_ways(till, person))
    methods = await person.edited("Как вам удобнее заплатить?")
    await person.press("💳 Банковская карта", under=methods)
    told = await person.edited("реквизит")
    assert ["⚡ СБП · 1Plat"] in told.buttons
    await person.press("Другой способ", under=told)
    ways = await person.edited("Как вам удобнее заплатить?")
    await person.press("💳 1Plat", under=ways)
    methods = await person.edited("Как вам удобнее заплатить?")
    await person.press("📱 СБП (телефон)", under=methods)
    await person.edited("Телефон: +7")
    shop = till.shops["oneplat"]
    await shop.pay(shop.payments[-1].ref)
    await person.reply("🎉 Оплата получена, спасибо!")
    await till.audited()


async def test_a_bill_that_was_called_off_is_no_dead_end(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    await person.press("Отменить", under=await to_the_bill(till, person))
    over = await person.edited("Счёт отменён")
    await person.press("Другой способ", under=over)
    await person.press("💳 1Plat", under=await person.edited("Как вам удобнее заплатить?"))
    methods = await person.edited("Как вам удобнее заплатить?")
    await person.press("💳 Банковская карта", under=methods)
    await person.edited("Переведите ровно")
    shop = till.shops["oneplat"]
    await shop.pay(shop.payments[-1].ref)
    await person.reply("🎉 Оплата получена, спасибо!")
    await till.audited()


async def test_another_persons_purchase_answers_nothing(till: Till, tg: Sandbox) -> None:
    owner, other = tg.user("Покупатель"), tg.user("Другой")
    await to_the_ways(till, owner)
    number = await till.db.fetchval("SELECT max(id) FROM subscriptions.purchase")
    await other.send(till.kassa.bot, "/start")
    await other.reply("👋")
    for data in (f"sub:ways:{number}", f"sub:pay:{number}:oneplat:card:RUB", "sub:ways:999999"):
        pressed = await other.press("x", under=await shows(till, other, data))
        assert (await pressed.answer()).text == ""
        await other.nothing()
    assert await till.db.fetchval("SELECT count(*) FROM payments.payment") == 0


async def test_buttons_with_nonsense_do_no_harm(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    await to_the_ways(till, person)
    number = await till.db.fetchval("SELECT max(id) FROM subscriptions.purchase")
    for data in (
        f"sub:pay:{number}:oneplat:card:USD",
        f"sub:pay:{number}:nobody:card:RUB",
        f"sub:pay:{number}:oneplat:card:RUB:r",
        f"sub:pay:{number}:balance::BTC",
    ):
        pressed = await person.press("x", under=await shows(till, person, data))
        assert (await pressed.answer()).text == "Этот способ сейчас недоступен. Выберите другой."
        await person.edited("Как вам удобнее заплатить?")
    await person.press("x", under=await shows(till, person, f"sub:ways:{number}:nobody"))
    await person.edited("Как вам удобнее заплатить?")
    assert await till.db.fetchval("SELECT count(*) FROM payments.payment") == 0


async def test_a_plan_that_was_withdrawn_is_told_of_with_todays(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    await person.send(till.kassa.bot, "/buy")
    plans = await person.reply("Выберите тариф:")
    sells(till, plans=[PLAN])
    await person.press("12 месяцев", under=plans)
    today = await person.edited("Этого тарифа больше нет. Вот что есть сегодня 👇")
    assert [each for (each,) in today.buttons if "мес" in each] == [f"1 месяц · 290{NBSP}₽"]


async def test_the_price_agreed_is_kept_for_a_while(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    ways = await to_the_ways(till, person, "12 месяцев")
    sells(till, plans=[PLAN])  # withdrawn between choosing and paying
    await person.press("💎 CryptoBot", under=ways)
    await person.edited(f"2{NBSP}690{NBSP}₽")


async def test_a_purchase_that_is_too_old_is_offered_at_todays_price(
    till: Till, tg: Sandbox
) -> None:
    person = tg.user("Покупатель")
    ways = await to_the_ways(till, person)
    sells(till, plans=[{**PLAN, "prices": {"RUB": "350"}}])
    await too_old(till)
    await person.press("💎 CryptoBot", under=ways)
    told = await person.edited("Пока вы выбирали, цена изменилась")
    assert f"350{NBSP}₽" in told.text
    await person.press("💎 CryptoBot", under=told)
    await person.edited(f"350{NBSP}₽")


async def test_a_purchase_too_old_of_a_plan_withdrawn_shows_todays_plans(
    till: Till, tg: Sandbox
) -> None:
    person = tg.user("Покупатель")
    ways = await to_the_ways(till, person, "12 месяцев")
    sells(till, plans=[PLAN])
    await too_old(till)
    await person.press("💎 CryptoBot", under=ways)
    await person.edited("Этого тарифа больше нет")


async def test_tiers_have_names_and_what_is_left_is_converted(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    await person.send(till.kassa.bot, "/start")
    await person.reply("👋")
    user = await till.user(person)
    await till.buys(user, "1m")
    await person.reply("🎉")
    sells(
        till,
        tiers={"standard": {}, "plus": {"rate": 200, "title": {"ru": "Плюс <все>"}}},
        plans=[PLAN, {**PLAN, "name": "plus", "tier": "plus", "prices": {"RUB": "580"}}],
    )
    ways = await to_the_ways(till, person, "Плюс <все>: 1 месяц")
    assert ways.text.startswith("Подписка на 1 месяц · Плюс <все>\n")
    left = (await till.has(user)).expires_at
    assert left is not None
    days = (left - clock.now()).total_seconds() / 86_400
    assert f"{days:.0f} дн. нынешнего тарифа станут {days / 2:.0f} дн. нового" in ways.text


async def test_where_nothing_can_be_paid_it_is_said(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    sells(till, plans=[{**PLAN, "prices": {"KZT": "1500"}}])
    await person.send(till.kassa.bot, "/buy")
    await person.press("1 месяц", under=await person.reply("Выберите тариф:"))
    ways = await person.edited("Сейчас принять эту оплату нечем")
    assert ways.buttons[-1] == ["◀️ Назад"]
    await person.press("◀️ Назад", under=ways)
    plans = await person.edited("Выберите тариф:")
    await person.press("◀️ Главное меню", under=plans)
    await person.edited("👋 Здравствуйте")


async def test_in_a_group_the_way_to_the_private_chat_is_shown(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    group = tg.group("Друзья", person, till.kassa.bot)
    for command in ("/buy", "/subscription", "/trial"):
        await person.send(group, f"{command}@vpn_bot")
        await person.reply("Об этом лучше наедине")
