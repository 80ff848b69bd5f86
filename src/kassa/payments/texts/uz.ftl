### What payers and the operator are told of payments. The same messages in each language, with
### the same variables. Money comes as an amount, and is written as the language does.

## To the payer

payment-over = Rahmat! «{ $what }» uchun { $asked } oʻrniga { $paid } tushdi. Ortiqchasi balansingizda qoldi.
payment-short = «{ $what }» uchun { $paid } tushdi, { $asked } kerak edi. Hech narsa yoʻqolmadi: pul balansingizda, farqini qulay paytda toʻlashingiz mumkin.
payment-late = «{ $what }» uchun toʻlov hisob yopilgandan keyin keldi. Hech narsa yoʻqolmadi: { $paid } balansingizda.
payment-twice = «{ $what }» uchun toʻlov avval qilingan, pul esa yana keldi. Ikkinchi toʻlov, { $paid }, balansingizda.
payment-currency = «{ $what }» uchun { $paid } tushdi, hisob esa { $asked } edi. Hech narsa yoʻqolmadi: pul balansingizda.
payment-delivery-delayed = Toʻlov keldi, rahmat! «{ $what }» biz tomonda biroz kechikyapti. Hal qilyapmiz va albatta yetkazamiz, sizdan hech narsa kerak emas.
payment-refunded = «{ $what }» uchun sizga { $amount } qaytarildi. Odatda darhol yoki bir necha kun ichida yetib boradi.
payment-refund-returned = «{ $what }» uchun { $amount } qaytarilgan pul yetib bormadi va bizga qaytdi. Hech narsa yoʻqolmadi: pul balansingizda.
wallet-topped-up = Tayyor! Balansingizga { $amount } qoʻshildi ✨

## A payment as its payer sees it

status = { $status ->
    [created] Yaratildi
    [awaiting_payer] Toʻlov kutilmoqda
    [processing] Toʻlov tekshirilmoqda
    [authorized] Pul band qilindi
    [succeeded] Toʻlandi ✅
    [failed] Oʻtmadi
    [canceled] Bekor qilindi
    [expired] Vaqti tugadi
   *[other] { $status }
}

# The provider's own states, by its numbers.
oneplat-status = { $status ->
    [-2] Boʻlmadi: xato yoki boʻsh rekvizit yoʻq. Boshqa usulni sinab koʻring
    [-1] Hisob tayyor, toʻlov usulini tanlang
   *[0] Toʻlovingizni kutyapmiz
    [1] Toʻlandi, rahmat!
    [2] Toʻlov tasdiqlandi, rahmat!
}

method = { $method ->
    [card] Bank kartasi
    [sbp] SBP
    [qr] QR-kod
    [crypto] Kriptovalyuta
    [sberpay] SberPay
    [tpay] T-Pay
    [stars] Telegram Stars
    [yoomoney] YooMoney
   *[other] { $method }
}

requisite = { $name ->
    [card] Karta raqami
    [holder] Qabul qiluvchi
    [bank] Bank
    [phone] Telefon
    [qr] QR uchun kod
    [qr_image] QR-kod
    [address] Hamyon manzili
    [network] Tarmoq
    [amount] Summa
   *[other] { $name }
}

why = { $why ->
    [no_requisites] Hozir boʻsh rekvizit yoʻq. Boshqa usulni sinab koʻring yoki birozdan keyin qayting.
    [limit] Bu summa ushbu usulga mos emas. Boshqasini sinab koʻring.
    [down] Bu usul hozir javob bermayapti. Boshqasini sinab koʻring yoki birozdan keyin qaytaring.
    [configuration] Bu usul hozir sozlanmoqda. Boshqasini sinab koʻring.
    [declined] Bank toʻlovni rad etdi. Boshqa karta yoki boshqa usulni sinab koʻring.
    [invalid] Bu usulda toʻlab boʻlmadi. Boshqasini sinab koʻring.
   *[other] Boʻlmadi. Boshqa usulni sinab koʻring.
}

## Refusals of a checkout inside Telegram

checkout-unknown = Bu hisob bizniki emas yoki endi yoʻq. Botdan yangisini soʻrang.
checkout-not-yours = Bu hisob boshqa odamga berilgan. Botdan oʻzingiznikini soʻrang 🙂
checkout-blocked = Kirish yopilgan, shuning uchun toʻlab boʻlmaydi. Bu xato boʻlsa, yordam xizmatiga yozing.
checkout-price = Narx oʻzgardi. Botdan yangi hisob soʻrang.
checkout-expired = Bu hisobni toʻlash vaqti tugadi. Botdan yangisini soʻrang.
checkout-closed = Bu hisob yopilgan. Botdan yangisini soʻrang.
checkout-paid = Bu allaqachon toʻlangan, rahmat! Boshqa toʻlash shart emas.
checkout-under-way = Toʻlov allaqachon ketmoqda. Bir daqiqa kuting, iltimos.
checkout-no-shipping = Kechirasiz, bu manzilga hozircha yetkazib bermaymiz.
checkout-later = Hozir buyurtmani tekshirib boʻlmadi. Pul yechilmadi, bir daqiqadan soʻng qayta urinib koʻring.

## The timeline, for the payer

event-created = { $amount } uchun hisob
event-started = Usul tanlandi: { method }
event-method-failed = { method }: boʻlmadi
event-method-silent = { method }: javob kutyapmiz
event-awaiting-payer = Toʻlovni kutyapmiz
event-processing = Toʻlov tekshirilmoqda
event-authorized = Pul band qilindi
event-failed = Toʻlov oʻtmadi
event-canceled = Hisob bekor qilindi
event-expired = Toʻlov vaqti tugadi
event-paid = { $fit ->
    [exact] { $amount } toʻlandi
    [over] { $amount } toʻlandi, ortiqchasi balansda
    [short] { $amount } tushdi, bu yetmadi: pul balansda
    [late] Hisob yopilgach { $amount } tushdi: pul balansda
    [twice] Yana { $amount } tushdi: pul balansda
   *[currency] { $amount } tushdi: pul balansda
}
event-delivered = Yetkazildi
event-refund-asked = { $amount } qaytarilmoqda
event-refund-declined = { $amount } qaytarilmadi
event-refunded = { $amount } qaytarildi
event-refund-returned = Qaytarilgan { $amount } yetib bormadi: pul balansda
event-taken-back = Pul qaytgach, xarid bekor qilindi
event-dispute-open = { $amount } toʻlovi bankda bahsga tushdi
event-dispute-won = { $amount } boʻyicha bahs yopildi: pul qoldi
event-dispute-lost = { $amount } boʻyicha bahs yopildi: pul toʻlovchiga qaytdi

## To the operator

operator-about = Toʻlov { $payment }, foydalanuvchi { $user }, { $purpose }
operator-payment-over = { operator-about }: { $asked } oʻrniga { $paid } tushdi. Yetkazildi, ortiqchasi foydalanuvchi balansida.
operator-payment-short = { operator-about }: { $asked } oʻrniga { $paid } tushdi. Yetkazilmadi, pul foydalanuvchi balansida.
operator-payment-late = { operator-about }: { $paid } kech tushdi, soʻralgani { $asked }. Yetkazilmadi, pul foydalanuvchi balansida.
operator-payment-twice = { operator-about }: yana toʻlandi, { $asked } ustiga { $paid }. Pul foydalanuvchi balansida.
operator-payment-currency = { operator-about }: { $asked } oʻrniga { $paid } tushdi. Yetkazilmadi, pul foydalanuvchi balansida.
operator-payment-delivery-failed = ⚠️ { operator-about }: toʻlandi, lekin yetkazilmadi. Oʻzimiz yana urinamiz. Sabab: { $error }
operator-payment-stray = ⚠️ { $provider }: { $amount }, kimning puli ekani nomaʼlum ({ $ref }). Pul suspense hisobida.
operator-inbox-dead = ⚠️ { $provider } yuborgan { $row }-xabar ({ $kind }) hal boʻlmadi: { $why }. Koʻrish: kassa inbox show { $row }
operator-refund-by-hand = 👋 { operator-about }: { $amount }ni qoʻlda qaytaring. Roʻyxat: kassa payments todo
operator-refund-declined = ⚠️ { operator-about }: { $amount } qaytarish rad etildi: { $why }
operator-refund-returned = { operator-about }: qaytarilgan { $amount } yetib bormadi va provayderdan qaytdi. Pul foydalanuvchi balansida.
operator-refund-from-outside = { operator-about }: { $amount } biz orqali emas, provayderda qaytarildi. Daftarga yozildi.
operator-refund-not-taken-back = ⚠️ { operator-about }: pul qaytdi, xarid esa bekor qilinmadi. Oʻzimiz yana urinamiz. Sabab: { $error }
operator-dispute-open = ⚠️ { operator-about }: { $amount } boʻyicha bahs ochildi. Provayderda javob bering.
operator-dispute-won = { operator-about }: { $amount } boʻyicha bahs yutildi, pul qaytdi.
operator-dispute-lost = { operator-about }: { $amount } boʻyicha bahs yutqazildi.
operator-reconcile-differs = ⚠️ { $provider } bilan solishtirish: { $count } ta farq, sizni kutayotgani: { $open }. Batafsil: kassa reconcile --provider { $provider }

## The timeline, for the operator

operator-event-created = { $amount } uchun yaratildi
operator-event-started = { $provider } qabul qilishga tayyor: { $method }
operator-event-method-failed = { $provider } rad etdi ({ $method }): { $why }
operator-event-method-silent = { $provider } javob bermadi ({ $method }), yana soʻraymiz
operator-event-awaiting-payer = Toʻlovchini kutmoqda
operator-event-processing = Ishlanmoqda
operator-event-authorized = Pul band qilindi
operator-event-capture-asked = Band qilingan { $held }dan { $amount } olinmoqda
operator-event-failed = Oʻtmadi: { $reason }
operator-event-canceled = Bekor qilindi: { $reason }
operator-event-expired = Vaqti tugadi
operator-event-paid = { $provider }dan { $amount } tushdi ({ $method }), { $charge }: { $fit }
operator-event-delivered = Yetkazildi
operator-event-delivery-failed = Yetkazilmadi: { $error }
operator-event-refund-asked = { $amount } qaytarish soʻraldi: { $reason }
operator-event-refund-declined = { $amount } qaytarish rad etildi: { $why }
operator-event-refunded = { $amount } qaytarildi: { $reason }
operator-event-refund-returned = Qaytarilgan { $amount } yetib bormadi, pul foydalanuvchi balansida
operator-event-taken-back = Bekor qilindi
operator-event-taking-back-failed = Bekor qilinmadi: { $error }
operator-event-dispute-open = { $amount } boʻyicha bahs ochildi
operator-event-dispute-won = { $amount } boʻyicha bahs yutildi
operator-event-dispute-lost = { $amount } boʻyicha bahs yutqazildi
