// What the bank says, on the page where one pays and in the drawer.

import { money, spoken, texts } from "./i18n.js";

const WORDS = `
pay|Оплатить|To‘lash|Pay
start|Оплатить позже|Keyinroq to‘lash|Pay later
decline|Отказать|Rad etish|Decline
twice|Оплатить дважды|Ikki marta to‘lash|Pay twice
less|Оплатить меньше|Kamroq to‘lash|Pay less
again|Оплатить ещё раз|Yana to‘lash|Pay again
authorize|Заморозить|Bandlab qo‘yish|Hold
expire|Срок вышел|Muddati o‘tdi|Expire
cancel|Отменить|Bekor qilish|Cancel
refund|Вернуть|Qaytarish|Refund
dispute|Оспорить|E’tiroz|Dispute
won|Спор выигран|Nizo yutildi|Dispute won
lost_dispute|Спор проигран|Nizo yutqazildi|Dispute lost
others|Другое|Boshqa|Other outcomes
amount|Сумма|Summa|Amount
back|Вернуться в магазин|Do‘konga qaytish|Back to the shop
leave|Вернуться без оплаты|To‘lamasdan qaytish|Back without paying
going|Возвращаем в магазин…|Do‘konga qaytyapmiz…|Going back to the shop…
test|Учебный банк: настоящих денег здесь нет.|Sinov banki: bu yerda haqiqiy pul yo‘q.|A practice bank: there is no real money here.
to_pay|К оплате|To‘lov uchun|To pay
shop|Магазин|Do‘kon|Shop
order|Номер у магазина|Do‘kondagi raqam|The shop’s number
payment|Номер платежа|To‘lov raqami|Payment
method|Способ|Usul|Method
requisites|Реквизиты|Rekvizitlar|Requisites
copy|Копировать|Nusxalash|Copy
copied|Скопировано|Nusxa olindi|Copied
language|Язык|Til|Language
nothing|Такого платежа нет|Bunday to‘lov yo‘q|There is no such payment
offline|Песочница не отвечает|Sinov muhiti javob bermayapti|The sandbox does not answer
state_draft|Черновик|Qoralama|Draft
state_waiting|Ждёт оплаты|To‘lov kutilmoqda|Waiting for payment
state_started|Обрабатывается|Qayta ishlanmoqda|Processing
state_authorized|Деньги заморожены|Pul band qilingan|Money is held
state_paid|Оплачено|To‘langan|Paid
state_failed|Отказано|Rad etilgan|Declined
state_expired|Срок вышел|Muddati o‘tgan|Expired
state_canceled|Отменено|Bekor qilingan|Canceled
declined_told|Банк отказал. Можно попробовать ещё раз.|Bank rad etdi. Yana urinib ko‘rish mumkin.|The bank has declined. You can try again.
shops|Магазины|Do‘konlar|Shops
no_shops|Ни один магазин ещё не подключён.|Hali birorta do‘kon ulanmagan.|No shop has been connected yet.
no_payments|Платежей ещё нет|Hali to‘lovlar yo‘q|No payments yet
payments|Платежи|To‘lovlar|Payments
callbacks|Уведомления|Xabarnomalar|Callbacks
no_callbacks|Уведомлений ещё не было|Hali xabarnomalar bo‘lmagan|No callbacks yet
books|Книги|Daftar|Books
held|На счету у провайдера|Provayder hisobida|Held by the provider
faults|Сбои|Xatolar|Faults
faults_calls|В ответах|Javoblarda|In answers
faults_callbacks|В уведомлениях|Xabarnomalarda|In callbacks
fault_timeout_before|Не дошёл, нет ответа|Yetib bormadi, javob yo‘q|Not reached, no answer
fault_timeout_after|Выполнен, нет ответа|Bajarildi, javob yo‘q|Done, no answer
fault_error_before|500, не выполнен|500, bajarilmadi|500, not done
fault_error_after|500, но выполнен|500, lekin bajarildi|500, but done
fault_down|503, закрыто|503, yopiq|503, down
fault_no_requisites|Нет реквизитов|Rekvizit yo‘q|No requisites
fault_declined|Карта откажет|Karta rad etadi|The card is declined
fault_card_declined|Карта откажет|Karta rad etadi|The card is declined
fault_authentication_required|Нужно подтверждение|Tasdiqlash kerak|Authentication required
fault_conflict|409, занято|409, band|409, busy
fault_refund_pending|Возврат ждёт|Qaytarish kutadi|The refund waits
fault_limit|Превышен лимит|Cheklov oshdi|Over the limit
fault_lost|Теряются|Yo‘qoladi|Lost
fault_twice|Дважды|Ikki marta|Twice
fault_late|На 10 минут позже|10 daqiqa kech|10 minutes late
fault_swap|Не по порядку|Tartibsiz|Out of order
fault_bad_signature|Подпись неверна|Imzo noto‘g‘ri|Wrong signature
fault_old|Старая дата|Eski sana|Old date
req_pan|Карта|Karta|Card
req_phone|Телефон|Telefon|Phone
req_bank|Банк|Bank|Bank
req_fio|Получатель|Oluvchi|Payee
req_address|Адрес|Manzil|Address
req_qr|Код|Kod|Code
req_amount_in_currency|В валюте|Valyutada|In the currency
req_amount_rub|В рублях|Rublda|In rubles
req_course|Курс|Kurs|Rate
method_card|Карта|Karta|Card
method_bank_card|Банковская карта|Bank kartasi|Bank card
method_sbp|СБП|SBP|SBP
method_qr|QR-код|QR kod|QR code
method_crypto|Криптовалюта|Kriptovalyuta|Crypto
method_yoo_money|ЮMoney|YooMoney|YooMoney
rotate|Сменить ключ|Kalitni almashtirish|Rotate the key
mend|Убрать сбои|Xatolarni olib tashlash|Mend
send_again|Послать ещё раз|Yana yuborish|Send again
no_answer|нет ответа|javob yo‘q|no answer
waiting|в пути|yo‘lda|on its way
address|Адрес для клиента|Mijoz uchun manzil|A client’s address
callback|Адрес уведомлений|Xabarnoma manzili|Callback address
kind_paid|оплата|to‘lov|paid
kind_fee|комиссия|komissiya|fee
kind_refund|возврат|qaytarish|refund
kind_dispute|спор|nizo|dispute
kind_dispute_fee|сбор за спор|nizo yig‘imi|dispute fee
kind_fee_back|комиссия назад|komissiya qaytdi|fee back
kind_refund_failed|возврат не прошёл|qaytmadi|refund failed
kind_dispute_won|спор выигран|nizo yutildi|dispute won
kind_topup|пополнение|to‘ldirish|top-up
kind_payout|выплата|to‘lov chiqarildi|payout
open|Открыть|Ochish|Open
refunded|Возвращено|Qaytarilgan|Refunded
done|Готово|Tayyor|Done
every_call|Любой вызов|Har qanday so‘rov|Any call
call_create|Создание|Yaratish|Create
call_status|Состояние|Holat|Status
call_refund|Возврат|Qaytarish|Refund
call_capture|Списание|Yechish|Capture
call_cancel|Отмена|Bekor qilish|Cancel
call_me|О магазине|Do‘kon haqida|About the shop
call_balance|Баланс|Balans|Balance
call_list_refunds|Список возвратов|Qaytarishlar ro‘yxati|List of refunds
call_refund_status|Состояние возврата|Qaytarish holati|Refund’s status
call_list|Список|Ro‘yxat|List
call|Вызов|So‘rov|Call`.trim().split("\n").map((line) => line.split("|"));

export const t = texts(
  Object.fromEntries(["ru", "uz", "en"].map((each, i) => [each, Object.fromEntries(WORDS.map((line) => [line[0], line[i + 1]]))])),
);

/** A word where we have one, or else what the provider calls it. */
export const named = (prefix, what) => {
  const found = t(`${prefix}_${what}`);
  return found === `${prefix}_${what}` ? what : found;
};

/** Minor units as people write them. Coins have many digits, and those that are 0 are left out. */
export function sum(amount, currency, exponent = 2) {
  if (exponent < 4) return money(amount, currency, exponent);
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: exponent };
  return `${(amount / 10 ** exponent).toLocaleString(spoken(), digits)} ${currency}`;
}
