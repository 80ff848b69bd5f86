### What every bot says, whatever it sells. The same messages in each language, with the same
### variables.

## What is for everybody

you-are-blocked = Kirish yopilgan. Bu xato boʻlsa, yordam xizmatiga yozing.
something-went-wrong = Biz tomonda nimadir xato ketdi 😔 Bundan xabarimiz bor. Birozdan keyin yana urinib koʻring.
not-understood = Tushunmadim 🙈 Buyruqlar roʻyxati: /help
button-old = Bu tugma endi ishlamaydi
button-not-yours = Bu tugma siz uchun emas
only-in-private = Bu haqda yakkama-yakka gaplashgan yaxshi. Menga shaxsiy xabar yozing.
to-private = Chatga oʻtish

## /start, /help, /cancel

hello = 👋 Assalomu alaykum, { $name }! Sizni koʻrganimizdan xursandmiz.
hello-more = Barcha buyruqlar roʻyxati: /help
help = 📋 Asosiy buyruqlar:
help-contact = ❓ Savollar bormi? { $contact } ga yozing
canceled = Bekor qilindi. Xohlagan paytingizda qaytadan boshlaymiz.
nothing-to-cancel = Bekor qiladigan narsa yoʻq: hozir hech narsa boshlanmagan 🙂

## /language

language-which = Qaysi tilda gaplashish qulay?
language-set = ✅ Tayyor! Endi oʻzbekcha gaplashamiz.

## /phone

phone-set = ✅ Telefon raqami yangilandi: { $phone }
phone-missing =
    ❌ Telefon raqamini kiriting.
    Misol: /phone +998901234567
phone-wrong =
    ❌ Telefon raqamini kiriting.
    Misol: /phone +998901234567

    Bunday raqam yoʻq: «+», mamlakat kodi va barcha raqamlarni tekshiring.
phone-proved = { $phone } raqamingiz Telegram orqali tasdiqlangan. Uni almashtirish uchun quyidagi tugmani bosing 👇
phone-share = 📱 Raqamimni yuborish
contact-not-yours = Bu sizning kontaktingiz emas. Quyidagi tugmani bosing, Telegram oʻz raqamingizni yuboradi 👇

## /login

login-code =
    🔑 Kirish kodingiz: <code>{ $code }</code>

    U { $minutes } daqiqa va faqat bir marta ishlaydi.
    ⚠️ Uni hech kimga, hatto yordam xizmati xodimlariga ham aytmang: kodni bilgan odam sizning nomingizdan kiradi.

## /paysupport

paysupport =
    💬 Toʻlov boʻyicha savol bormi? { $contact } ga yozing, yordam beramiz.

    Toʻlov raqamini va nima boʻlganini yozing, pul yechilgan boʻlsa, chekni ilova qiling.
paysupport-no-contact = 💬 Toʻlov boʻyicha savol bormi? Sizga bu bot havolasini bergan odamga yozing va toʻlov raqamini ayting.
paysupport-payments = Oxirgi toʻlovlaringiz:
paysupport-payment = № { $payment } · { $what } · { $amount } · { $status }

## /terms

terms = 📄 Shartlar: { $url }
terms-version = Tahrir: { $version }
terms-accepted = ✅ Siz ularni { $date } kuni qabul qilgansiz
terms-agree = Roziman
terms-thanks = ✅ Rahmat! Siz shartlarni qabul qildingiz.
terms-first =
    📄 Boshlashdan oldin, iltimos, shartlar bilan tanishing: { $url }

    Tahriri: { $version }

    «{ terms-accept }» tugmasini bossangiz, ularga rozi boʻlasiz.
terms-accept = ✅ Qabul qilaman
terms-none = Hozircha alohida shartlar yoʻq. Toʻlov boʻyicha savollar: /paysupport

## The buttons of a payment

payment-calling-off = Bekor qilinmoqda…
payment-stands = { $payment }-hisob: { $status }

## Commands, as the menu describes them

command-language = Til
command-phone = Telefon raqami
command-paysupport = Toʻlov boʻyicha yordam
command-terms = Shartlar
command-login = Kirish kodi
command-help = Buyruqlar boʻyicha yordam
command-cancel = Boshlangan ishni bekor qilish

### paying

pay-what =
    <b>{ $what }</b>
    Toʻlov: <b>{ $amount }</b>
pay-was = <b>{ $what }</b> · { $amount }
pay-choose = Qanday toʻlash sizga qulay?
pay-open = «{ pay-button-open }» tugmasini bosing, toʻlov sahifasi ochiladi. Keyin shu yerga qayting.
pay-open-at = Toʻlov sahifasi: { $url }
pay-send-exactly = Toʻlov oʻzi topilishi uchun aynan <b>{ $amount }</b> oʻtkazing:
pay-after-sending = Oʻtkazdingizmi? «{ pay-button-check }» tugmasini bosing.
pay-requisite = { $name }: <code>{ $value }</code>
pay-minutes-left = ⏳ Hisob yana { $minutes } daqiqa amal qiladi.
pay-hours-left = ⏳ Hisob yana { $hours } soat amal qiladi.
pay-days-left = ⏳ Hisob yana { $days } kun amal qiladi.

pay-button-open = Toʻlash
pay-button-amount = Toʻlash: { $amount }
pay-button-check = Toʻlovni tekshirish
pay-button-another = Boshqa usul
pay-button-again = Yana urinib koʻrish
pay-button-cancel = Bekor qilish
pay-button-copy = 📋 { $name }
pay-button-method = { $method ->
    [card] 💳 Karta
    [sbp] ⚡ SBP
    [qr] 🔳 QR-kod
    [crypto] 🪙 Kriptovalyuta
    [sberpay] 🟢 SberPay
    [tpay] 🟡 T-Pay
    [stars] ⭐ Stars
    [yoomoney] 🟣 YooMoney
   *[other] { $method }
}
pay-button-method-at = { pay-button-method } · { $provider ->
    [stripe] Stripe
    [yookassa] YooKassa
    [telegram] Telegram
    [oneplat] 1Plat
    [cryptopay] Crypto Pay
   *[other] { $provider }
}

pay-none = Bunday hisob yoʻq.
pay-no-way = Hozir bu toʻlovni qabul qilib boʻlmayapti 😔 Keyinroq urinib koʻring yoki bizga yozing: /paysupport
pay-is-paid = ✅ Bu hisob allaqachon toʻlangan, rahmat!
pay-is-over = Bu hisob yopilgan. Qaytadan boshlang, bu tez.
pay-being-checked = Toʻlov hozir tekshirilmoqda. Bir daqiqa kuting va «{ pay-button-check }» tugmasini bosing.
pay-hiccup = Toʻlovni ochib boʻlmadi: u tomonda uzilish bor. Yana urinib koʻring.

pay-checked = { $status ->
    [succeeded] ✅ Toʻlandi, rahmat!
    [processing] Toʻlov yoʻlda: u hali tasdiqlanmoqda. Yetib kelishi bilan yozamiz.
    [authorized] Pul zaxiraga olindi, hammasi joyida.
    [failed] Toʻlov oʻtmadi. Boshqa karta yoki boshqa usulni sinab koʻring.
    [unfit] Kelgan summa hisobga toʻgʻri kelmadi. Pul balansingizda, hech narsa yoʻqolmadi.
    [canceled] Hisob bekor qilindi.
    [expired] Toʻlov vaqti tugadi. Toʻlashga ulgurgan boʻlsangiz, pul yoʻqolmaydi.
   *[other] Toʻlov hozircha koʻrinmayapti. Toʻlagan boʻlsangiz, bir daqiqadan keyin tekshiring.
}
pay-asking = Soʻrayapmiz… Toʻlov yetib kelishi bilan yozamiz.

### end of paying
