### What payers and the operator are told of payments. The same messages in each language, with
### the same variables. Money comes as an amount, and is written as the language does.

## To the payer

payment-over = Спасибо! За «{ $what }» пришло { $paid } вместо { $asked }. Лишнее осталось на вашем балансе.
payment-short = За «{ $what }» пришло { $paid }, а нужно было { $asked }. Ничего не потерялось: деньги на вашем балансе, доплатите разницу, когда будет удобно.
payment-late = Оплата за «{ $what }» пришла, когда счёт уже закрылся. Ничего не потерялось: { $paid } на вашем балансе.
payment-twice = За «{ $what }» уже было заплачено, а деньги пришли ещё раз. Вторая оплата, { $paid }, на вашем балансе.
payment-currency = За «{ $what }» пришло { $paid }, а счёт был на { $asked }. Ничего не потерялось: деньги на вашем балансе.
payment-delivery-delayed = Оплата получена, спасибо! С «{ $what }» вышла заминка на нашей стороне. Мы уже разбираемся и всё выдадим, от вас ничего не нужно.
payment-refunded = Вам возвращено { $amount } за «{ $what }». Обычно они приходят сразу или в течение нескольких дней.
payment-refund-returned = Возврат { $amount } за «{ $what }» не дошёл и вернулся к нам. Ничего не потерялось: деньги на вашем балансе.
wallet-topped-up = Готово! Баланс пополнен на { $amount } ✨

## A payment as its payer sees it

status = { $status ->
    [created] Создан
    [awaiting_payer] Ждёт оплаты
    [processing] Проверяем оплату
    [authorized] Деньги зарезервированы
    [succeeded] Оплачен ✅
    [failed] Не прошёл
    [canceled] Отменён
    [expired] Время вышло
   *[other] { $status }
}

# The provider's own states, by its numbers.
oneplat-status = { $status ->
    [-2] Не получилось: ошибка или нет свободных реквизитов. Попробуйте другой способ
    [-1] Счёт готов, выберите способ оплаты
   *[0] Ждём вашу оплату
    [1] Оплачено, спасибо!
    [2] Оплата подтверждена, спасибо!
}

method = { $method ->
    [card] Банковская карта
    [sbp] СБП
    [qr] QR-код
    [crypto] Криптовалюта
    [sberpay] SberPay
    [tpay] T-Pay
    [stars] Telegram Stars
    [yoomoney] ЮMoney
   *[other] { $method }
}

requisite = { $name ->
    [card] Номер карты
    [holder] Получатель
    [bank] Банк
    [phone] Телефон
    [qr] Код для QR
    [qr_image] QR-код
    [address] Адрес кошелька
    [network] Сеть
    [amount] Сумма
   *[other] { $name }
}

why = { $why ->
    [no_requisites] Сейчас нет свободных реквизитов. Попробуйте другой способ или зайдите чуть позже.
    [limit] Эта сумма не подходит для такого способа. Попробуйте другой.
    [down] Этот способ сейчас не отвечает. Попробуйте другой или повторите чуть позже.
    [configuration] Этот способ сейчас на настройке. Попробуйте другой.
    [declined] Банк отклонил оплату. Попробуйте другую карту или другой способ.
    [invalid] Так заплатить не получилось. Попробуйте другой способ.
   *[other] Не получилось. Попробуйте другой способ.
}

## Refusals of a checkout inside Telegram

checkout-unknown = Этот счёт не наш или его уже нет. Попросите у бота новый, пожалуйста.
checkout-not-yours = Этот счёт выставлен другому человеку. Попросите у бота свой 🙂
checkout-blocked = Доступ закрыт, поэтому оплатить нельзя. Если это ошибка, напишите в поддержку.
checkout-price = Цена изменилась. Попросите у бота новый счёт, пожалуйста.
checkout-expired = Время на оплату этого счёта вышло. Попросите у бота новый, пожалуйста.
checkout-closed = Этот счёт закрыт. Попросите у бота новый, пожалуйста.
checkout-paid = Это уже оплачено, спасибо! Больше ничего платить не нужно.
checkout-under-way = Оплата уже идёт. Подождите минутку, пожалуйста.
checkout-no-shipping = По этому адресу мы пока не доставляем, простите.
checkout-later = Сейчас не получилось проверить заказ. Деньги не списаны, попробуйте через минуту.

## The timeline, for the payer

event-created = Счёт на { $amount }
event-started = Выбран способ: { method }
event-method-failed = { method }: не получилось
event-method-silent = { method }: ждём ответа
event-awaiting-payer = Ждём оплату
event-processing = Проверяем оплату
event-authorized = Деньги зарезервированы
event-failed = Оплата не прошла
event-canceled = Счёт отменён
event-expired = Время на оплату вышло
event-paid = { $fit ->
    [exact] Оплачено { $amount }
    [over] Оплачено { $amount }, лишнее на балансе
    [short] Пришло { $amount }, этого не хватило: деньги на балансе
    [late] Пришло { $amount } после закрытия счёта: деньги на балансе
    [twice] Пришло ещё { $amount }: деньги на балансе
   *[currency] Пришло { $amount }: деньги на балансе
}
event-delivered = Выдано
event-refund-asked = Возвращаем { $amount }
event-refund-declined = Возврат { $amount } не прошёл
event-refunded = Возвращено { $amount }
event-refund-returned = Возврат { $amount } не дошёл: деньги на балансе
event-taken-back = Покупка отозвана после возврата
event-dispute-open = Оплата { $amount } оспорена в банке
event-dispute-won = Спор о { $amount } закрыт: деньги остались
event-dispute-lost = Спор о { $amount } закрыт: деньги вернулись плательщику

## To the operator

operator-about = Платёж { $payment }, пользователь { $user }, { $purpose }
operator-payment-over = { operator-about }: пришло { $paid } вместо { $asked }. Выдано, лишнее на балансе пользователя.
operator-payment-short = { operator-about }: пришло { $paid } вместо { $asked }. Не выдано, деньги на балансе пользователя.
operator-payment-late = { operator-about }: { $paid } пришло поздно, просили { $asked }. Не выдано, деньги на балансе пользователя.
operator-payment-twice = { operator-about }: оплачен ещё раз, { $paid } сверх { $asked }. Деньги на балансе пользователя.
operator-payment-currency = { operator-about }: пришло { $paid } вместо { $asked }. Не выдано, деньги на балансе пользователя.
operator-payment-delivery-failed = ⚠️ { operator-about }: оплачен, но не выдан. Попробуем снова сами. Причина: { $error }
operator-payment-stray = ⚠️ { $provider }: { $amount }, а чьи это деньги, неизвестно ({ $ref }). Лежат на счёте suspense.
operator-inbox-dead = ⚠️ Входящее { $row } от { $provider } ({ $kind }) не разобрать: { $why }. Посмотреть: kassa inbox show { $row }
operator-refund-by-hand = 👋 { operator-about }: верните { $amount } вручную. Список: kassa payments todo
operator-refund-declined = ⚠️ { operator-about }: возврат { $amount } отклонён: { $why }
operator-refund-returned = { operator-about }: возврат { $amount } не дошёл и вернулся от провайдера. Деньги на балансе пользователя.
operator-refund-from-outside = { operator-about }: { $amount } возвращено не нами, а у провайдера. В книгах учтено.
operator-refund-not-taken-back = ⚠️ { operator-about }: деньги вернулись, а покупка не отозвана. Попробуем снова сами. Причина: { $error }
operator-dispute-open = ⚠️ { operator-about }: открыт спор на { $amount }. Ответьте на него у провайдера.
operator-dispute-won = { operator-about }: спор на { $amount } выигран, деньги вернулись.
operator-dispute-lost = { operator-about }: спор на { $amount } проигран.
operator-reconcile-differs = ⚠️ Сверка с { $provider }: { $count ->
    [one] { $count } расхождение
    [few] { $count } расхождения
   *[many] { $count } расхождений
}, ждут вас: { $open }. Подробно: kassa reconcile --provider { $provider }

## The timeline, for the operator

operator-event-created = Создан на { $amount }
operator-event-started = { $provider } готов принять: { $method }
operator-event-method-failed = { $provider } отказал ({ $method }): { $why }
operator-event-method-silent = { $provider } не ответил ({ $method }), спросим ещё
operator-event-awaiting-payer = Ждёт плательщика
operator-event-processing = Обрабатывается
operator-event-authorized = Деньги зарезервированы
operator-event-capture-asked = Берём { $amount } из зарезервированных { $held }
operator-event-failed = Не прошёл: { $reason }
operator-event-canceled = Отменён: { $reason }
operator-event-expired = Истёк
operator-event-paid = Пришло { $amount } от { $provider } ({ $method }), { $charge }: { $fit }
operator-event-delivered = Выдано
operator-event-delivery-failed = Не выдано: { $error }
operator-event-refund-asked = Возврат { $amount } запрошен: { $reason }
operator-event-refund-declined = Возврат { $amount } отклонён: { $why }
operator-event-refunded = Возвращено { $amount }: { $reason }
operator-event-refund-returned = Возврат { $amount } не дошёл, деньги на балансе пользователя
operator-event-taken-back = Отозвано
operator-event-taking-back-failed = Не отозвано: { $error }
operator-event-dispute-open = Спор на { $amount } открыт
operator-event-dispute-won = Спор на { $amount } выигран
operator-event-dispute-lost = Спор на { $amount } проигран
