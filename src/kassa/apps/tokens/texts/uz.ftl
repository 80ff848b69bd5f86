### Tokens: the balance, paying, pictures. The same messages in each language, with the same
### variables.

title = Tokenlar va rasmlar
about =
    🎨 Soʻzlaringizdan rasm chizaman. Bir xil soʻzlar doim bir xil naqsh beradi, bunaqasi boshqa hech kimda yoʻq.

    «Boshlash»ni bosing, balansni toʻldiring va nima chizishni yozing.
about-short = 🎨 Soʻzlaringizdan rasmlar

## The main menu

start =
    👋 Assalomu alaykum, { $name }!

    Men soʻzlaringizdan rasm chizaman: har biri yagona.

    1. 💳 Balansni toʻldiring, bir daqiqa ham ketmaydi.
    2. 🎨 Bir necha soʻz yozing, men chizaman.

    Nimadan boshlaymiz?
help =
    🎨 Rasm: /generate va bir necha soʻz. Masalan: /generate sokin dengiz
    💰 Balans: /balance
    💵 Toʻldirish: /pay

    Til: /language
    Toʻlov boʻyicha savol: /paysupport

button-draw = 🎨 Rasm chizish
button-balance = 💰 Balans
button-topup = 💳 Balansni toʻldirish
button-history = 📊 Amallar tarixi
button-main = ◀️ Bosh menyu
button-page = 💳 Toʻlov sahifasini ochish

label-generate = Soʻzlardan rasm
label-balance = Balans
label-pay = Balansni toʻldirish

## The balance

balance =
    💰 Balansingiz: { $balance } token

    Amalni tanlang:
balance-owing =
    💰 Balansingiz: { $balance } token
    Qaytarishdan keyingi qarz: { $debt } token. U keyingi toʻldirishdan yopiladi.

    Amalni tanlang:
pay =
    💵 Balansni toʻldirish

    Toʻlov sahifasini ochish uchun quyidagi tugmani bosing:
pay-no-page = 💵 Balansni toʻldirish hozircha ishlamayapti: toʻlov sahifasi hali sozlanmagan. Iltimos, keyinroq qayting.
not-enough =
    ❌ Mablagʻ yetarli emas!

    Balansingiz: { $balance } token
    Kerak: { $cost } token

    Davom etish uchun balansni toʻldiring:

## What happened to a payment

topup-what = { $tokens } token
paid =
    ✅ Toʻlov muvaffaqiyatli amalga oshdi!

    Hisobga tushdi: { topup-what }
    Summa: { $amount }

    Xaridingiz uchun rahmat! 🎉
paid-after-debt =
    ✅ Toʻlov muvaffaqiyatli amalga oshdi!

    Hisobga tushdi: { topup-what }
    Shundan qarzga ketdi: { $repaid }
    Summa: { $amount }

    Xaridingiz uchun rahmat! 🎉
taken-back = Pul qaytarildi, { topup-what } balansdan yechildi.
taken-back-owing =
    Pul qaytarildi va { topup-what } balansdan yechilishi kerak edi. Bir qismi sarflab boʻlingan, shuning uchun qarzingiz: { $debt } token.

    U keyingi toʻldirishdan oʻzi yopiladi.

## History

history = 📊 Amallar tarixi
history-empty =
    📊 Amallar tarixi

    Hozircha boʻsh. Balansni toʻldiring, birinchi qator paydo boʻladi.
line-topup = Toʻldirish
line-spend = Sarflandi
line-draw = Rasm
line-refund = Toʻlov qaytarildi
line-returned = Qaytarildi
line-gift = Sovgʻa
line-debt = Qarz yopildi
button-older = Oldingilari »
button-newest = « Boshiga
button-back = ◀️ Orqaga

## Pictures

draw-ask =
    🎨 Nima chizay? Bir necha soʻz yozing.

    Kichik rasm { $small } token, oʻrtachasi { $medium }, kattasi { $large }. Kichigidan boshlaymiz.

    Yoki tayyor fikrni tanlang:
idea-1 = Samarqand uzra shafaq
idea-2 = Sokin dengiz
idea-3 = Kelajak shahri
draw-nothing = 🎨 Buyruqdan keyin nima chizishni yozing. Masalan: /generate sokin dengiz
draw-too-long = Bu biroz uzun 🙂 Iltimos, { $most } belgiga sigʻdiring. Tokenlar yechilmadi.
draw-odd = Bu soʻzlarda koʻrinmas belgilar bor, ular bilan chizib boʻlmaydi. Iltimos, qayta yozing. Tokenlar yechilmadi.
draw-begun = 🎨 Chizyapman: { $words }
draw-again-begun = 🎨 Chizyapman…
draw-busy = Oldingi rasmni chizyapman, bir soniya 🙂
draw-failed = 😔 «{ $words }» rasmi chiqmadi. Tokenlar balansga qaytdi, yana urinib koʻring.
draw-caption =
    { $words }

    { $pixels } × { $pixels } · { $cost } token
button-again = Yana
button-bigger = Kattaroq

## The Mini App's answers

api-unproved = Sahifani botdan qaytadan oching: shunda bu siz ekaningizni bilamiz.
api-wrong-user = Sahifani { $proved } ochgan, soʻrovda esa { $said }. Uni botdan qaytadan oching.
api-wrong-credits = { $said } tokenlik paket yoʻq. Bor paketlar: { $there }.
api-wrong-amount = { topup-what } narxi { $price }, soʻrovda esa { $said }. Sahifani yangilang.
api-wrong-currency = { $said } bilan sotmaymiz. Mumkin: { $there }.
api-no-method = Hozir bunday toʻlab boʻlmaydi. Boshqa usulni tanlang.
api-no-requisites = Hozir boʻsh rekvizitlar yoʻq. Boshqa usulni tanlang yoki birozdan keyin urinib koʻring.
api-down = Bu usul hozir javob bermayapti. Boshqasini tanlang yoki yana urinib koʻring.
api-bad-email = Pochtani tekshiring: bunday manzil boʻlmaydi.
api-bad-request = Soʻrovni tushunib boʻlmadi. Sahifani yangilab, yana urinib koʻring.
api-no-payment = Bunday toʻlov yoʻq.
api-checking = Toʻlov tekshirilmoqda. Iltimos, bir daqiqa kuting.
api-ended = Bu toʻlov yakunlangan. Iltimos, yangisini boshlang.
api-other-key = Bu soʻrov avval boshqa paket uchun yuborilgan. Sahifani yangilab, yana urinib koʻring.
api-too-many = Juda tez-tez. { $seconds } soniyadan keyin urinib koʻring.
api-blocked = Kirish yopiq. Xato boʻlsa, yordam xizmatiga yozing.
api-down-here = Hozir boʻlmadi. Bir daqiqadan keyin yana urinib koʻring.
