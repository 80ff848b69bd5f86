### What every bot says, whatever it sells. The same messages in each language, with the same
### variables.

## What is for everybody

you-are-blocked = Доступ закрыт. Если это ошибка, напишите в поддержку.
something-went-wrong = Что-то пошло не так на нашей стороне 😔 Мы уже знаем об этом. Попробуйте ещё раз чуть позже.
not-understood = Не понял вас 🙈 Список команд: /help
button-old = Эта кнопка уже не работает
button-not-yours = Эта кнопка не для вас
only-in-private = Об этом лучше наедине. Напишите мне в личные сообщения.
to-private = Перейти в чат

## /start, /help, /cancel

hello = 👋 Здравствуйте, { $name }! Рады вас видеть.
hello-more = Используйте /help для списка всех команд.
help = 📋 Основные команды:
help-contact = ❓ Вопросы? Напишите { $contact }
canceled = Отменено. Начнём сначала, когда захотите.
nothing-to-cancel = Отменять нечего: сейчас вы ничем не заняты 🙂

## /language

language-which = На каком языке вам удобнее?
language-set = ✅ Готово! Теперь говорим по-русски.

## /phone

phone-set = ✅ Номер телефона обновлен: { $phone }
phone-missing =
    ❌ Укажите номер телефона.
    Пример: /phone +998901234567
phone-wrong =
    ❌ Укажите номер телефона.
    Пример: /phone +998901234567

    Такого номера нет: проверьте «+», код страны и все цифры.
phone-proved = Ваш номер { $phone } подтверждён через Telegram. Чтобы сменить его, нажмите кнопку ниже 👇
phone-share = 📱 Отправить мой номер
contact-not-yours = Это не ваш контакт. Нажмите кнопку ниже, и Telegram передаст ваш собственный номер 👇

## /login

login-code =
    🔑 Ваш код для входа: <code>{ $code }</code>

    Он действует { $minutes ->
        [one] { $minutes } минуту
        [few] { $minutes } минуты
       *[other] { $minutes } минут
    } и только один раз.
    ⚠️ Никому его не сообщайте, даже сотрудникам поддержки: кто знает код, тот входит как вы.

## /paysupport

paysupport =
    💬 Вопрос об оплате? Напишите { $contact }: поможем.

    Укажите номер платежа и что случилось, а если деньги списались, приложите чек.
paysupport-no-contact = 💬 Вопрос об оплате? Ответьте тому, кто дал вам ссылку на этого бота, и назовите номер платежа.
paysupport-payments = Ваши последние платежи:
paysupport-payment = № { $payment } · { $what } · { $amount } · { $status }

## /terms

terms = 📄 Условия: { $url }
terms-version = Редакция: { $version }
terms-accepted = ✅ Вы приняли их { $date }
terms-agree = Согласен
terms-thanks = ✅ Спасибо! Вы приняли условия.
terms-first =
    📄 Прежде чем начать, прочитайте, пожалуйста, условия: { $url }

    Редакция: { $version }

    Нажимая «{ terms-accept }», вы соглашаетесь с ними.
terms-accept = ✅ Принимаю
terms-none = Отдельных условий пока нет. Вопросы об оплате: /paysupport

## The buttons of a payment

payment-calling-off = Отменяем…
payment-stands = Счёт № { $payment }: { $status }

## Commands, as the menu describes them

command-language = Язык
command-phone = Номер телефона
command-paysupport = Помощь с оплатой
command-terms = Условия
command-login = Код для входа
command-help = Справка по командам
command-cancel = Отменить начатое

### paying

pay-what =
    <b>{ $what }</b>
    К оплате: <b>{ $amount }</b>
pay-was = <b>{ $what }</b> · { $amount }
pay-choose = Как вам удобнее заплатить?
pay-open = Нажмите «{ pay-button-open }», и откроется страница оплаты. Потом возвращайтесь сюда.
pay-open-at = Страница оплаты: { $url }
pay-send-exactly = Переведите ровно <b>{ $amount }</b>, чтобы платёж нашёлся сам:
pay-after-sending = Перевели? Нажмите «{ pay-button-check }».
pay-requisite = { $name }: <code>{ $value }</code>
pay-minutes-left = ⏳ Счёт действует ещё { $minutes ->
    [one] { $minutes } минуту
    [few] { $minutes } минуты
   *[other] { $minutes } минут
}.
pay-hours-left = ⏳ Счёт действует ещё { $hours ->
    [one] { $hours } час
    [few] { $hours } часа
   *[other] { $hours } часов
}.
pay-days-left = ⏳ Счёт действует ещё { $days ->
    [one] { $days } день
    [few] { $days } дня
   *[other] { $days } дней
}.

pay-button-open = Оплатить
pay-button-amount = Оплатить { $amount }
pay-button-check = Проверить оплату
pay-button-another = Другой способ
pay-button-again = Попробовать ещё раз
pay-button-cancel = Отменить
pay-button-copy = 📋 { $name }
pay-button-method = { $method ->
    [card] 💳 Карта
    [sbp] ⚡ СБП
    [qr] 🔳 QR-код
    [crypto] 🪙 Криптовалюта
    [sberpay] 🟢 SberPay
    [tpay] 🟡 T-Pay
    [stars] ⭐ Stars
    [yoomoney] 🟣 ЮMoney
   *[other] { $method }
}
pay-button-method-at = { pay-button-method } · { $provider ->
    [stripe] Stripe
    [yookassa] ЮKassa
    [telegram] Telegram
    [oneplat] 1Plat
    [cryptopay] Crypto Pay
   *[other] { $provider }
}

pay-none = Такого счёта нет.
pay-no-way = Сейчас принять эту оплату нечем 😔 Попробуйте позже или напишите нам: /paysupport
pay-is-paid = ✅ Этот счёт уже оплачен, спасибо!
pay-is-over = Этот счёт уже закрыт. Начните заново, это быстро.
pay-being-checked = Оплата сейчас проверяется. Подождите минуту и нажмите «{ pay-button-check }».
pay-hiccup = Не получилось открыть оплату: на той стороне заминка. Попробуйте ещё раз.

pay-checked = { $status ->
    [succeeded] ✅ Оплачено, спасибо!
    [processing] Оплата в пути: её ещё подтверждают. Мы напишем, как только она дойдёт.
    [authorized] Деньги зарезервированы, всё в порядке.
    [failed] Оплата не прошла. Попробуйте другую карту или другой способ.
    [unfit] Пришло не столько, сколько нужно. Деньги на вашем балансе, ничего не потерялось.
    [canceled] Счёт отменён.
    [expired] Время на оплату вышло. Если вы успели заплатить, деньги не потеряются.
   *[other] Оплаты пока не видно. Если вы уже заплатили, проверьте через минуту.
}
pay-asking = Спрашиваем… Как только оплата дойдёт, мы напишем.

### end of paying
