### Subscriptions: plans, paying, and what became of them. The same messages in each language, with
### the same variables.

title = Подписка
what = Подписка на { $months } { $months ->
    [one] месяц
    [few] месяца
   *[other] месяцев
}
what-gift = Подарок: подписка на { $months } { $months ->
    [one] месяц
    [few] месяца
   *[other] месяцев
}

## Panels
operator-few-keys = Ключи для подписок: осталось { $left }. Добавьте ещё: когда они кончатся, оплатившие будут ждать.
operator-no-keys = Ключи для подписок кончились. Человек оплатил и ждёт: добавьте ключи.

## The API
api-unproved = Откройте страницу заново из бота: так мы узнаем, что это вы.
api-blocked = Доступ закрыт. Если это ошибка, напишите в поддержку.
api-bad-request = Запрос не понять. Обновите страницу и попробуйте ещё раз.
api-wrong-plan = Тарифа { $said } нет. Есть: { $there }.
api-wrong-currency = В { $said } мы не продаём. Можно в: { $there }.
api-wrong-price = Тариф стоит { $price }, а в запросе { $said }. Обновите страницу, пожалуйста.
api-no-method = Так заплатить сейчас нельзя. Выберите другой способ.
api-no-requisites = Сейчас нет свободных реквизитов. Выберите другой способ или попробуйте чуть позже.
api-no-auto = Этим способом подписка сама продлеваться не может.
api-needs-key = Чтобы с баланса не списалось дважды, запросу нужен заголовок Idempotency-Key.
api-not-enough = На балансе { $balance }, а нужно { $price }.
api-down = Этот способ сейчас не отвечает. Выберите другой или попробуйте ещё раз.
api-terms = Сначала примите условия, пожалуйста.
api-checking = Платёж проверяется. Подождите минуту, пожалуйста.
api-ended = Эта покупка уже завершена. Начните новую, пожалуйста.
api-other-key = Этот запрос уже был, и о другом. Обновите страницу и попробуйте ещё раз.
api-no-purchase = Такой покупки нет.
api-no-link = Ссылки пока нет.
api-none-yet = Подписки пока нет.
api-had-trial = Пробный период даётся один раз, и только тем, у кого подписки ещё не было.
api-bad-zone = Такого часового пояса нет. Он пишется так: Asia/Tashkent.
api-panel = Сервер подписок сейчас не отвечает. Попробуйте через минуту.
api-too-many = Слишком часто. Попробуйте через { $seconds } с.
api-down-here = Сейчас не получилось. Попробуйте ещё раз через минуту.
api-promo-none = Такого промокода нет. Проверьте, нет ли опечатки.
api-promo-over = Срок этого промокода вышел.
api-promo-closed = Этот промокод больше не действует.
api-promo-early = Этот промокод ещё не действует.
api-promo-used = Этот промокод уже разобрали.
api-promo-yours = Вы уже использовали этот промокод.
api-promo-one = К этой покупке уже применён другой промокод.
api-promo-waiting = Этот промокод ждёт оплаты другой вашей покупки. Отмените её, и он освободится.
api-promo-days = Этот промокод даёт дни, а не скидку. Введите его отдельно.
api-promo-price = Этот промокод даёт скидку. Выберите для него тариф.
api-promo-too-much = Для этого тарифа скидка слишком велика. Выберите подороже.
api-promo-currency = В этой валюте промокод не действует.
api-promo-many = Слишком много попыток. Попробуйте через час.
api-line-paid = Оплата
api-line-gift = Подарок
api-line-trial = Пробный период
api-line-referral = За приглашённого друга
api-line-welcome = За приход по приглашению
api-line-promo = Промокод
api-line-admin = От поддержки
api-line-import = Перенесено
api-line-change = Смена тарифа
api-line-refund = Возврат денег
api-line-reversal = Отмена бонуса

## Promo codes, gifts, invitations
label-invite = Пригласить друга
label-gift = Подарить подписку
label-promo = Ввести промокод
button-gift = 🎁 Подарить подписку
button-promo-off = ✖️ Без промокода
button-promo-ways = ◀️ К оплате
button-promo-plans = 🛒 Выбрать тариф
promo-ask = 🎟 Пришлите промокод одним сообщением.
promo-words = 🎟 Промокод — это слово из букв и цифр. Пришлите его текстом.
promo-days =
    🎉 Промокод принят: +{ $days } { $days ->
        [one] день
        [few] дня
       *[other] дней
    }.

    Сейчас всё подготовим и пришлём.
promo-applied =
    🎟 Промокод { $code } применён.

    { $what }: <s>{ $old }</s> → <b>{ $new }</b>
promo-no-none = 🤔 Такого промокода нет. Проверьте буквы и цифры: лучше набрать его вручную, без пробелов и лишних знаков — и пришлите ещё раз.
promo-no-over = ⌛ Срок этого промокода закончился. Если есть другой — пришлите его.
promo-no-closed = ⌛ Этот промокод больше не действует. Если есть другой — пришлите его.
promo-no-early = ⏳ Этот промокод ещё не начал действовать. Попробуйте позже или пришлите другой.
promo-no-used = 😔 Этот промокод уже разобрали: все применения закончились. Если есть другой — пришлите его.
promo-no-yours = ☝️ Этим промокодом вы уже воспользовались. Если есть другой — пришлите его.
promo-no-waiting = ⏳ Этот промокод уже применён к другой вашей покупке, и её оплата ещё открыта. Оплатите ту покупку или отмените её оплату — тогда промокод снова освободится.
promo-no-one = ☝️ К этой покупке уже применён промокод { $code }, а два сразу нельзя. Можно убрать его и применить другой.
promo-no-price = 🎟 Это скидка на покупку. Выберите тариф, а потом нажмите «{ button-promo }» там, где выбирают, как платить.
promo-no-days = 🎟 Этот промокод даёт дни, а не скидку: отправьте его командой /promo.
promo-no-too-much = ☝️ Скидка по этому промокоду больше цены этого тарифа. Выберите тариф подороже — там она подойдёт.
promo-no-currency = ☝️ На этот тариф скидка по промокоду не действует: он для другой валюты или цены. Выберите другой тариф или пришлите другой промокод.
promo-no-many = ✋ Слишком много неверных промокодов. Попробуйте через час. Если промокод точно верный — напишите в поддержку: /paysupport

gift-choose =
    🎁 Подарите подписку.

    Выберите срок. После оплаты вы получите ссылку — отправьте её другу. Кто откроет ссылку первым, тот и получит подарок.
gift-plan = { $months } { $months ->
    [one] месяц
    [few] месяца
   *[other] месяцев
} — { $price }
gift-is-paid =
    🎁 Подарок оплачен: подписка на { $months } { $months ->
        [one] месяц
        [few] месяца
       *[other] месяцев
    }.

    Ссылка для друга (нажмите, чтобы скопировать):
    <code>{ $link }</code>

    Её можно открыть один раз. Мы сообщим, когда подарок примут.
gift-share = 🎁 Это тебе! Подписка на { $months } { $months ->
    [one] месяц
    [few] месяца
   *[other] месяцев
} в подарок. Открой ссылку и прими его.
gift-was-opened = 🎉 Ваш подарок (подписка на { $months } { $months ->
    [one] месяц
    [few] месяца
   *[other] месяцев
}) открыт!
gift-card =
    🎁 { $name } дарит вам подписку на { $months } { $months ->
        [one] месяц
        [few] месяца
       *[other] месяцев
    }!

    Если подписка у вас уже есть, срок прибавится к ней.
gift-card-tier = Тариф: { $tier }
gift-card-changes = ⚠️ Сейчас у вас другой тариф. Оставшиеся дни не пропадут: мы пересчитаем их в дни этого тарифа по стоимости.
gift-accepted = 🎁 Подарок принят! Сейчас всё подготовим и пришлём.
gift-no-none = 🤔 Такого подарка нет. Проверьте, что ссылка скопирована целиком, или попросите прислать её ещё раз.
gift-no-taken = 😔 Этот подарок уже открыл кто-то другой. Спросите у того, кто прислал ссылку.
gift-no-opened = 🎁 Вы уже приняли этот подарок — он у вас.
gift-no-yours = 🎁 Это ваш подарок: он для друга. Отправьте ему ссылку — открыть её самому нельзя.
gift-no-revoked = 😔 Этот подарок больше не действует: деньги за него вернули покупателю.
gifts-none = 🎁 Вы ещё ничего не дарили.
gifts-title = 🎁 Ваши подарки
gifts-waiting = ⏳ { $months } { $months ->
    [one] месяц
    [few] месяца
   *[other] месяцев
}, { $at }: ещё не открыт
gifts-opened = ✅ { $months } { $months ->
    [one] месяц
    [few] месяца
   *[other] месяцев
}, { $at }: открыт
gifts-revoked = ↩️ { $months } { $months ->
    [one] месяц
    [few] месяца
   *[other] месяцев
}, { $at }: деньги вернулись
gifts-send = 📤 Отправить: { $months } { $months ->
    [one] месяц
    [few] месяца
   *[other] месяцев
}, { $at }
button-gift-share = 🎁 Подарить
button-gift-copy = 📋 Скопировать ссылку
button-gift-accept = 🎁 Принять подарок
button-gift-mine = 🔑 Моя подписка
button-gift-more = 🎁 Подарить ещё
button-gifts = 🎁 Мои подарки
news-gift-back = ↩️ Деньги за подарок вернулись тому, кто его купил, и подаренное время снято.{ $left ->
    [0] { "" }
   *[other] { " " }Подписка действует до { $until }.
}
news-gift-back-bare = { news-gift-back }

invite = { $days ->
    [0] 👥 Пригласите друга: отправьте ему свою ссылку.
   *[other] 👥 Пригласите друга и получите +{ $days } { $days ->
        [one] день
        [few] дня
       *[other] дней
    } подписки, когда он впервые оплатит.
}{ $welcome ->
    [0] { "" }
   *[other] { " " }Другу — +{ $welcome } { $welcome ->
        [one] день
        [few] дня
       *[other] дней
    } в подарок.
}
invite-came =
    Пришли по ссылке: { $friends }
    Оплатили: { $paid }
    Вы заработали дней: { $days }
invite-soon = Ссылка будет готова через минуту: откройте этот раздел ещё раз.
invite-share = { $days ->
    [0] Пользуюсь и советую: открой ссылку.
   *[other] Пользуюсь и советую. По этой ссылке за первую оплату дают +{ $days } { $days ->
        [one] день
        [few] дня
       *[other] дней
    }.
}
invited-welcome = 👋 Вас приглашает { $name }.{ $days ->
    [0] { "" }
   *[other] { " " }После первой оплаты вы получите +{ $days } { $days ->
        [one] день
        [few] дня
       *[other] дней
    } в подарок.
}
invited-known = ℹ️ Ссылка-приглашение — для тех, кто здесь впервые, а мы с вами уже знакомы.
invited-yours = ℹ️ Это ваша собственная ссылка-приглашение. Отправьте её другу: /invite
invited-none = ℹ️ Такой ссылки-приглашения нет. Ничего страшного: всё остальное работает.
button-invite = 👥 Пригласить друга
button-invite-copy = 📋 Скопировать ссылку

## Reminders and renewal
button-renew = Продлить
button-auto-off = Выключить автопродление
reminder-soon = ⏳ Подписка действует до <b>{ $until }</b>: { $left ->
    [one] остался { $left } день
    [few] осталось { $left } дня
   *[other] осталось { $left } дней
}.

    Продлите сейчас: новое время прибавится к оставшемуся.
reminder-end = Подписка закончилась <b>{ $until }</b>, доступ закрыт.

    Продлите её — и всё заработает с прежними настройками.
reminder-back = { $ago ->
    [one] Прошёл { $ago } день
    [few] Прошло { $ago } дня
   *[other] Прошло { $ago } дней
} без подписки. Ваши настройки сохранены: выберите тариф, и доступ откроется сразу.

    Больше не напомним.
renewal-soon = 🔄 <b>{ $on }</b> подписка продлится сама на { $months } { $months ->
    [one] месяц
    [few] месяца
   *[other] месяцев
}: { $by ->
    [balance] с баланса
    [stars] Telegram
   *[other] с карты { $card }
} { $by ->
    [stars] спишет
   *[other] спишем
} <b>{ $amount }</b>.{ $dearer ->
    [yes] {" "}Цена изменилась: раньше было { $was }.
   *[no] {""}
}

    Оплачено до { $until }. Выключить можно одним нажатием.
renewal-withdrawn = Тариф, который продлевался сам, больше не продаётся, и автопродление выключено: ничего не спишем. Подписка действует до <b>{ $until }</b>.

    Выберите другой тариф: новое время прибавится к оставшемуся.
renewal-no-card = Сохранённой карты больше нет, и автопродление выключено: ничего не спишем. Подписка действует до <b>{ $until }</b>.
renewal-failed = ⚠️ Подписка не продлилась: { $by ->
    [balance] на балансе меньше, чем { $amount }
   *[other] банк не дал списать { $amount } с карты { $card }
}. Попробуем ещё несколько раз, а доступ сохраним до <b>{ $until }</b>.

    Можно продлить и самому, другим способом.
renewal-over = Подписка закончилась <b>{ $until }</b>: { $by ->
    [balance] на балансе не хватило денег
    [stars] Telegram не смог списать звёзды
   *[other] банк не дал списать деньги с карты { $card }
}. Автопродление выключено.

    Продлите её — и всё заработает с прежними настройками.

## The bot

about =
    Подписка за минуту: выберите срок, оплатите картой, через СБП, криптовалютой или Stars. Доступ откроется сам, ссылка придёт прямо в чат.

    Нажмите «Старт».
about-short = Подписка за минуту: доступ открывается сам
start =
    👋 Здравствуйте, { $name }!

    Подписка оформляется за минуту:

    1. Выберите срок.
    2. Оплатите, как вам удобно.
    3. Доступ откроется сам, ссылка придёт сюда же.

    Начнём?

button-buy = Оформить подписку
button-mine = Моя подписка
button-menu = ◀️ Главное меню
button-back = ◀️ Назад
label-buy = Оформить или продлить подписку
label-subscription = Моя подписка
label-trial = Попробовать бесплатно

days-text = { $days } { $days ->
    [one] день
    [few] дня
   *[other] дней
}
months-text = { $months } { $months ->
    [one] месяц
    [few] месяца
   *[other] месяцев
}

plans = Выберите тариф:
plans-added = Ваша подписка до <b>{ $until }</b>. Новый срок прибавится к ней.
plan-gone = Этого тарифа больше нет. Вот что есть сегодня 👇
button-trial = 🎁 Попробовать { days-text } бесплатно
button-plan = { months-text } · { $price }
button-plan-less = { months-text } · { $price } · −{ $saved }{"\u00A0"}%
button-tiered = { $title }: { $plan }

ways-what =
    <b>{ $what }</b>
    К оплате: <b>{ $price }</b>
ways = Как вам удобнее заплатить?
ways-none = Сейчас принять эту оплату нечем 😔 Попробуйте позже или напишите нам: /paysupport
ways-promo = 🎟 Промокод применён.
ways-promo-over = ⏳ Скидка по промокоду закончилась. Вот сегодняшняя цена:
ways-new-price = ⏳ Пока вы выбирали, цена изменилась. Вот сегодняшняя:
ways-converts = Остаток не пропадёт: { $days } дн. нынешнего тарифа станут { $becomes } дн. нового, по стоимости.
way = { $provider ->
    [cryptopay] 💎 CryptoBot (USDT, TON, BTC)
    [oneplat] 💳 1Plat (карта, СБП)
    [stars] ⭐ Telegram Stars
    [stripe] 💳 Банковская карта · Stripe
    [yookassa] 💳 ЮKassa (карта, СБП)
    [telegram] 💳 Карта в Telegram
   *[other] { $provider }
}
way-method = { $method ->
    [card] 💳 Банковская карта
    [sbp] 📱 СБП (телефон)
    [qr] 🔳 QR-код
    [crypto] 🪙 Криптовалюта
    [sberpay] 🟢 SberPay
    [tpay] 🟡 T-Pay
    [yoomoney] 🟣 ЮMoney
    [stars] ⭐ Telegram Stars
   *[other] { $method }
}
way-renews = { $way } · с автопродлением
way-priced = { $way } · { $price }
way-balance = 👛 С баланса (у вас { $has })
way-gone = Этот способ сейчас недоступен. Выберите другой.
button-promo = 🎟 Есть промокод
balance-paid = ✅ Оплачено с баланса: { $price }. Открываем доступ и сразу напишем.
balance-paid-gift = ✅ Оплачено с баланса: { $price }. Ссылка на подарок придёт следующим сообщением.
balance-short = На балансе уже меньше, чем нужно. Выберите другой способ.
paid-before = ✅ Эта покупка уже оплачена, спасибо!
paid-already = Эта покупка уже оплачена. Спасибо, платить ещё раз не нужно!
paid-twice = Эта покупка уже была оплачена другим способом. Ничего не потерялось: вторая оплата, { $amount }, на вашем балансе (счёт № { $payment }). Ею можно продлить подписку.
paid-code-spent = Оплата { $amount } пришла позже срока (счёт № { $payment }), а промокод вы уже применили к другой покупке. Ничего не потерялось: деньги на вашем балансе, ими можно оплатить подписку.

trial-begun = 🎁 Открываем доступ на { days-text } и сразу напишем.
trial-had = 🎁 Бесплатный период действует для тех, кто у нас впервые. А подписка оформляется за минуту 👇
trial-none = Бесплатного периода сейчас нет. Зато подписка оформляется за минуту 👇

mine = <b>Ваша подписка</b>
mine-tier = <b>Ваша подписка · { $tier }</b>
mine-none = У вас пока нет подписки. Оформить её можно за минуту 🙂
mine-active =
    ✅ Активна
    { $bar } { $left } { $left ->
        [one] день
        [few] дня
       *[other] дней
    } из { $whole }
mine-until = Действует до <b>{ $until }</b>
mine-grace =
    ⚠️ Срок вышел { $until }, а продлить пока не получилось.

    Доступ открыт до <b>{ $grace }</b>: успейте продлить, и ничего не прервётся.
mine-over =
    ⏸ Закончилась { $until }

    Продлите её, и доступ сразу откроется снова.
mine-link =
    🔗 Ваша ссылка, нажмите, чтобы скопировать:
    <code>{ $link }</code>
mine-soon = ⏳ Настраиваем доступ. Когда всё будет готово, напишем.
mine-renews = 🔁 Продлевается сама: { $way }, { $price } за { months-text }
renews = { $kind ->
    [stars] Telegram Stars
    [balance] с баланса
   *[saved] с сохранённой карты
}
renews-card = с карты { $card }
limit-devices = 📱 Устройства: до { $count }
limit-devices-none = 📱 Устройства: сколько угодно
limit-traffic = 📊 Трафик: { $size } в месяц
limit-traffic-none = 📊 Трафик: без ограничений
size-gb = { $size } ГБ
size-mb = { $size } МБ
button-copy-link = 📋 Скопировать ссылку
button-qr = 🔳 QR
button-apps = 📖 Как подключиться
button-devices = 📱 Устройства и трафик
button-relink = 🔗 Новая ссылка
button-history = 📜 История
button-zone = 🕒 Часовой пояс
button-auto = 🔁 Автопродление
button-auto-on = Включить: { $way } · { $price }

auto = <b>Автопродление</b>
auto-is-off = Сейчас выключено: без вас ничего не спишется.
auto-how = Включите, и подписка будет продлеваться сама. За три дня до списания напомним. Выключается одним нажатием.
auto-no-way = Включить можно при оплате: выберите способ с пометкой «с автопродлением». Или пополните баланс.
auto-off = Автопродление выключено
auto-on = Автопродление включено

qr = Наведите камеру другого устройства, чтобы подключить его.
qr-until =
    Наведите камеру другого устройства, чтобы подключить его.

    Действует до { $until }
qr-too-long = Ссылка слишком длинная для QR-кода. Скопируйте её.
no-link = Ссылки сейчас нет. Загляните в «Моя подписка».
relink =
    Сделать новую ссылку?

    Старая перестанет работать на всех устройствах, их нужно будет подключить заново. Срок не изменится.
button-relink-yes = Да, сделать новую
relink-begun = 🔗 Делаем новую ссылку и сразу пришлём.
relink-failed = Новую ссылку сделать не получилось, прежняя работает. Попробуйте позже или напишите нам: /paysupport

devices = <b>Устройства и трафик</b>
devices-asking = Спрашиваем…
devices-no-answer = Сервер сейчас не отвечает. Подписка в порядке, загляните сюда чуть позже.
devices-traffic = 📊 Трафик за месяц: { $used } из { $most }
devices-traffic-free = 📊 Трафик за месяц: { $used }, без ограничений
devices-count = 📱 Подключено: { $count } из { $most }
devices-count-free = 📱 Подключено: { $count }
devices-one = • { $device }
devices-unbind = Отвяжите лишнее, и место освободится. Подключить его снова можно в любой момент.
devices-empty = Пока ничего не подключено. Откройте свою ссылку на телефоне или компьютере.
button-unbind = Отвязать: { $device }
button-refresh = 🔄 Обновить

history = <b>История</b>
history-empty = История пока пуста: здесь будет всё, что происходит со сроком подписки.
history-end = Раньше ничего не было.
history-line = { $at } · { $time } · { $what }
history-line-paid = { $at } · { $time } · { $what }, { $price }
button-older = Раньше »
button-newest = « В начало
time-months = +{ $count } мес.
time-days = { $sign }{ $count } дн.
time-hours = { $sign }{ $count } ч
term-paid = оплата
term-gift = подарок
term-trial = бесплатный период
term-referral = за друга
term-welcome = по приглашению
term-promo = промокод
term-admin = от поддержки
term-import = перенос
term-change = смена тарифа
term-refund = возврат
term-reversal = отмена бонуса

zone =
    🕒 Сейчас мы считаем, что у вас { $time } ({ $place }).

    Если это не так, выберите своё время:
zone-set = Готово!

## News

news-paid =
    🎉 Оплата получена, спасибо!

    Подписка на { months-text } активна до <b>{ $until }</b>.

    🔗 Ваша ссылка, нажмите, чтобы скопировать:
    <code>{ $link }</code>
news-paid-bare =
    🎉 Оплата получена, спасибо!

    Подписка на { months-text } активна до <b>{ $until }</b>.
news-trial =
    🎁 Готово! У вас { days-text } бесплатно, до <b>{ $until }</b>.

    🔗 Ваша ссылка, нажмите, чтобы скопировать:
    <code>{ $link }</code>
news-trial-bare = 🎁 Готово! У вас { days-text } бесплатно, до <b>{ $until }</b>.
news-gift =
    🎁 Подарок ваш: подписка на { months-text }, до <b>{ $until }</b>.

    🔗 Ваша ссылка, нажмите, чтобы скопировать:
    <code>{ $link }</code>
news-gift-bare = 🎁 Подарок ваш: подписка на { months-text }, до <b>{ $until }</b>.
news-referral =
    🎉 Ваш друг оформил подписку. Вам +{ days-text }, спасибо!

    Подписка активна до <b>{ $until }</b>.

    🔗 <code>{ $link }</code>
news-referral-bare =
    🎉 Ваш друг оформил подписку. Вам +{ days-text }, спасибо!

    Подписка активна до <b>{ $until }</b>.
news-welcome =
    🎁 Вы пришли по приглашению: +{ days-text } в подарок.

    Подписка активна до <b>{ $until }</b>.

    🔗 <code>{ $link }</code>
news-welcome-bare =
    🎁 Вы пришли по приглашению: +{ days-text } в подарок.

    Подписка активна до <b>{ $until }</b>.
news-promo =
    🎟 Промокод сработал: +{ days-text }.

    Подписка активна до <b>{ $until }</b>.

    🔗 <code>{ $link }</code>
news-promo-bare =
    🎟 Промокод сработал: +{ days-text }.

    Подписка активна до <b>{ $until }</b>.
news-given =
    🎁 Вам добавили { days-text }: { $reason }

    Подписка активна до <b>{ $until }</b>.

    🔗 <code>{ $link }</code>
news-given-bare =
    🎁 Вам добавили { days-text }: { $reason }

    Подписка активна до <b>{ $until }</b>.
news-taken =
    Срок подписки сокращён на { days-text }: { $reason }

    Теперь она до <b>{ $until }</b>. Вопросы: /paysupport
news-taken-bare = { news-taken }
news-refunded =
    Деньги вернули, и оплаченный ими срок снят.

    { $left ->
        [0] Подписка закончилась. Оформить её снова можно в любой момент: /buy
       *[other] Подписка до <b>{ $until }</b>.
    }
news-refunded-bare = { news-refunded }
news-referral-back =
    Ваш друг вернул деньги за подписку, поэтому бонус { days-text } снят.

    Ваша подписка до <b>{ $until }</b>.
news-referral-back-bare = { news-referral-back }
news-link =
    🔗 Новая ссылка, нажмите, чтобы скопировать:
    <code>{ $link }</code>

    Старая больше не работает.
news-link-bare = Доступ обновлён. Прежний больше не работает.
operator-panel = Панель не открыла доступ человеку { $user }: { $why }. Дни не потеряются, пробуем дальше сами; посмотрите, всё ли в порядке с панелью.
news-waiting =
    Оплата получена, спасибо! Подписка до <b>{ $until }</b> уже ваша.

    Доступ настраивается чуть дольше обычного. Делать ничего не нужно: ссылка придёт сама.

## The operator

admin-main = 📊 <b>Админка</b> · { $at }
    <i>сегодня · вчера · за 7 дней</i>
admin-three = { $what }: <b>{ $today }</b> · { $yesterday } · { $week }
admin-n-people = Новые люди
admin-n-trials = Пробные
admin-n-sales = Оплаты
admin-n-renewals = — из них продления
admin-n-refunds = Возвраты
admin-takings = 💰 <b>{ $today }</b> · { $yesterday } · { $week }
admin-takings-days = <i>по дням, { $days } дней, справа сегодня</i>
admin-given-back = Возвращено за 7 дней: { $amount }
admin-standing = Сейчас активны: <b>{ $active }</b>, из них за 3 дня закончатся { $ending }
admin-all-well = ✅ Панель, выдача и фоновые задания в порядке
admin-wrong-waiting = ⏳ Ждут панель: <b>{ $count }</b>
admin-wrong-undelivered = ⚠️ Оплачено, но не выдано: <b>{ $count }</b>. Посмотреть: <code>kassa payments</code>
admin-wrong-dead = ⚠️ Задания, которые не удались: <b>{ $count }</b>. Посмотреть: <code>kassa jobs</code>
admin-fresh = 🔄 Обновить
admin-back = « Назад
admin-newer = « Новее
admin-older = Раньше »
admin-no = Нет, не надо
admin-nothing = нет
admin-stale = Эта кнопка уже не действует. Откройте экран заново.
admin-to-person = 👤 К человеку
admin-find = 🔎 Найти человека
admin-find-ask = 🔎 Пришлите @имя, ID в Telegram, номер, телефон или имя на панели. Можно переслать сообщение человека или его контакт.
admin-find-nobody = Никого не нашлось. Попробуйте иначе: @имя, ID, номер, телефон. Если сообщение переслано от того, кто скрыл свой профиль, Telegram не говорит, чьё оно.
admin-several = Подходят несколько: { $count }. Кто из них?
admin-card = 👤 <b>{ $name }</b> · №{ $number }
admin-card-telegram = Telegram: <code>{ $telegram }</code>, здесь с { $since }
admin-card-blocked = 🚫 Заблокирован: бот ему не отвечает
admin-card-never = Подписки ещё не было
admin-card-active = ✅ Активна до { $until } (дней: { $left })
admin-card-grace = ⏳ Закончилась { $until }, доступ из-за продления до { $grace }
admin-card-over = ⌛ Закончилась { $until }
admin-card-tier = Тариф { $tier }, устройств: { $devices ->
    [0] без ограничения
   *[other] { $devices }
}
admin-card-link = 🔗 <code>{ $link }</code>
admin-card-waiting = ⏳ Панель ещё не подтвердила: { $why }
admin-card-inviter = Пригласил: { $name } (№{ $number })
admin-card-invited = По ссылке пришли: { $friends }, оплатили: { $paid }, дней за них: { $days }
admin-renews-not = Автопродление выключено
admin-renews-balance = Автопродление с баланса
admin-renews-saved = Автопродление с карты
admin-renews-stars = Автопродление в Telegram Stars
admin-copy-link = 📋 Скопировать ссылку
admin-terms = 🗓 Лента времени
admin-terms-title = 🗓 <b>Как менялось время</b>, новое сверху
admin-terms-none = Здесь пока ничего нет
admin-term = { $at } · { $kind ->
    [paid] оплата
    [gift] подарок
    [trial] пробный период
    [referral] за приглашённого
    [welcome] по приглашению
    [promo] промокод
    [admin] вручную
    [import] перенос
    [change] смена тарифа
    [refund] возврат денег
    [reversal] отмена
   *[other] { $kind }
} · <b>{ $change }</b> → { $until }
admin-term-by = ↳ { $name }: { $reason }
admin-term-why = ↳ { $reason }
admin-change-days = { $count } { $count ->
    [one] день
    [few] дня
   *[other] дней
}
admin-change-hours = { $count } ч
admin-block = 🚫 Заблокировать
admin-unblock = ✅ Разблокировать
admin-blocked = Заблокирован
admin-unblocked = Разблокирован
admin-block-admin = Это администратор: его блокировать нельзя.
admin-anew = ♻️ Выдать заново
admin-anew-begun = Передаём панели заново
admin-link = 🔗 Новая ссылка
admin-link-begun = Просим у панели новую ссылку, старая перестанет работать
admin-link-over = Подписка не активна: сначала дайте дни.

admin-days-other = Другое
admin-days-ask = Сколько дней? Например 14 или −5, не больше { $most }.
admin-days-too-many = Так далеко время не считаем. Дайте меньше дней.
admin-take-nothing = Забирать нечего: времени не осталось.
admin-why-ask = <b>{ $change }</b>, { $name }. По какой причине? Человек её прочитает. Выберите или напишите.
admin-why-missing = Без причины нельзя. Напишите её, до { $most } знаков.
admin-why-trouble = Были неполадки
admin-why-thanks = В благодарность
admin-why-mistake = Исправляем ошибку
admin-sure = Проверьте:
    👤 { $name } · №{ $number }
    <b>{ $change }</b>, причина: { $reason }

    Было до: { $before }
    Станет до: <b>{ $after }</b>
admin-sure-give = ✅ Дать
admin-sure-take = ✅ Забрать
admin-done = ✅ Готово, человек узнает об этом.
    👤 { $name }: <b>{ $change }</b>
    Было до: { $before }
    Теперь до: <b>{ $after }</b>

admin-payment-back = Возвращён ↩️
admin-payment = 🧾 <b>Платёж { $number }</b> · { $amount } · { $status }
admin-payment-of = { $what }, { $name }
admin-payment-ways = Способы: { $ways }
admin-payment-came = Пришло { $amount } от { $provider }, <code>{ $ref }</code>, возвращено { $refunded }
admin-event = { $at } · { $what }
admin-check = 🔄 Спросить платёжную систему
admin-checking = Спрашиваем, экран обновится
admin-refund = ↩️ Вернуть (до { $amount })
admin-refund-ask = Сколько вернуть? Всё это { $amount }. Другую сумму напишите числом. Оплаченные дни уйдут в той же доле.
admin-refund-all = Всё: { $amount }
admin-refund-sure-1 = Вернуть <b>{ $amount }</b>?
    👤 { $name }, платёж { $number }. Деньги уйдут туда, откуда пришли.
admin-refund-sure-2 = ⚠️ Последний вопрос. Возврат нельзя отменить: <b>{ $amount }</b>, { $name }, платёж { $number }. Возвращаем?
admin-refund-yes-1 = Да, вернуть { $amount }
admin-refund-yes-2 = ⚠️ Вернуть { $amount }
admin-refund-begun = Возвращаем, результат придёт сюда.
admin-refund-reason = вернул администратор { $name }
admin-refund-slow = ⏳ Возврат { $amount } отправлен, платёжная система ещё не ответила. Результат придёт сюда, а всё о нём есть в ленте платежа.
admin-refund-done = ✅ Возвращено { $amount }, платёж { $number }. Человек об этом знает.
admin-refund-declined = ❌ Платёжная система не вернула { $amount }, платёж { $number }: { $why }
admin-refund-person = ✋ Эту систему нельзя попросить о возврате. Переведите { $amount } сами, платёж { $number }, потом: kassa payments refunded
admin-refund-cannot = ❌ Вернуть { $amount } нельзя, платёж { $number }: { $why }

admin-cast = 📣 Рассылка
admin-cast-whom = 📣 Кому написать? Считаем тех, кто не заблокировал бота.
admin-cast-all = Всем: { $count }
admin-cast-active = С подпиской: { $count }
admin-cast-lapsed = У кого закончилась: { $count }
admin-cast-trial = На пробном: { $count }
admin-cast-ask = Пришлите сообщение: текст, фото, видео, что угодно. Оформление сохранится. Перед отправкой покажем, как его увидят.
admin-cast-album = Альбом не получится: пришлите одно фото или видео с подписью.
admin-cast-sure = ☝️ Так это увидят. { $audience }
admin-cast-send = 📣 Отправить: { $count }
admin-cast-dropped = Не отправили.
admin-cast-is-running = 📣 <b>Рассылаем</b>
admin-cast-is-stopped = ⏸ <b>Рассылка остановлена</b>
admin-cast-is-done = ✅ <b>Рассылка закончена</b>
admin-cast-counts = { $done } из { $total } · получили { $sent } · заблокировали бота { $gone }
admin-cast-failed = Не получилось: { $failed }, неизвестно: { $unknown }
admin-cast-why = Последняя причина: { $why }
admin-cast-speed = { $speed } в секунду, осталось минут: { $minutes }
admin-cast-stop = ⏸ Остановить
admin-cast-stopping = Останавливаем
admin-cast-go-on = ▶️ Продолжить
admin-cast-report = ✅ Рассылка закончена. Всего { $total }: получили { $sent }, заблокировали бота { $gone }, не получилось { $failed }, неизвестно { $unknown }. Последняя причина: { $why }
admin-cast-report-stopped = ⏸ Рассылка остановлена. Из { $total } получили { $sent }, заблокировали бота { $gone }, не получилось { $failed }, неизвестно { $unknown }. Последняя причина: { $why }

admin-promos = 🏷 Промокоды
admin-promos-title = 🏷 <b>Промокоды</b>: использовано / можно
admin-promos-none = 🏷 Промокодов пока нет
admin-promo = 🏷 <code>{ $code }</code>
admin-promo-percent = Скидка { $value } %
admin-promo-days = Дней в подарок: { $value }
admin-promo-amount = Скидка: { $amounts }
admin-promo-uses = Использован: { $uses }, одним человеком до { $each }
admin-promo-until = Действует до { $until }
admin-promo-for-ever = ♾ Бессрочно
admin-promo-closed = ⏹ Закрыт
admin-promo-close = ⏹ Закрыть
admin-promo-new = ➕ Новый
admin-promo-ask-code = Какой код? От 2 до 32 букв и цифр, можно - и _.
admin-promo-there = Код, похожий на { $code }, уже есть. Придумайте другой.
admin-promo-ask-kind = Что он даёт?
admin-promo-kind-percent = Скидку в процентах
admin-promo-kind-amount = Скидку суммой
admin-promo-kind-days = Дни
admin-promo-ask-percent = Сколько процентов? От 1 до 99.
admin-promo-ask-amount = Какая сумма? Для каждой валюты своя: 100 RUB, 1 USD.
admin-promo-ask-days = Сколько дней?
admin-promo-ask-most = Сколько раз его можно использовать всего?
admin-promo-no-limit = ♾ Без ограничения
admin-promo-ask-each = Сколько раз одному человеку?
admin-promo-once = Один раз
admin-promo-ask-lasts = Сколько дней он действует?
admin-promo-create = ✅ Создать
admin-promo-made = ✅ Промокод <code>{ $code }</code> создан

admin-keys = 🔑 Ключи
admin-keys-left = 🔑 Свободных ключей: { $count }
admin-keys-add = ➕ Добавить
admin-keys-ask = Пришлите ключи, по одному на строке: сообщением или текстовым файлом до 1 МБ.
admin-keys-added = ✅ Добавлено ключей: { $new }. Уже были: { $old }. Свободно: { $left }.
admin-keys-wrong = Ключей не вижу. Нужен текст, по одному ключу на строке, до { $most } знаков.
admin-keys-large = Файл прочитать не вышло: он больше 1 МБ, или его уже нет.
admin-keys-reading = Читаем файл, результат придёт сюда.

## Sync with the panel
operator-drift = Панель и учёт разошлись: подписок { $count } из { $compared }. Уже исправляется. Есть на панели, но нет в учёте: { $strangers }. Что осталось, покажет kassa subscriptions sync --dry-run.

## Payments of an older bot
old-payments = 🗂 <b>Оплачено в прежнем боте</b>
old-payment = { $at } · { $amount }

## The private channel

channel-closed = В закрытый канал пускает подписка. Оформите её, и ссылка придёт сюда.
