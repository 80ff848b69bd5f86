### Subscriptions: plans, paying, and what became of them. The same messages in each language, with
### the same variables.

title = Obuna
what = { $months } oylik obuna
what-gift = Sovgʻa: { $months } oylik obuna

## Panels
operator-few-keys = Obuna kalitlari: { $left } ta qoldi. Yana qoʻshing: tugab qolsa, toʻlaganlar kutib qoladi.
operator-no-keys = Obuna kalitlari tugadi. Kimdir toʻlab, kutib turibdi: kalit qoʻshing.

## The API
api-unproved = Sahifani botdan qaytadan oching: shunda bu siz ekaningizni bilamiz.
api-blocked = Kirish yopilgan. Agar bu xato boʻlsa, yordamga yozing.
api-bad-request = Soʻrovni tushunib boʻlmadi. Sahifani yangilab, qayta urinib koʻring.
api-wrong-plan = { $said } degan tarif yoʻq. Borlari: { $there }.
api-wrong-currency = { $said } da sotmaymiz. Mumkin boʻlganlari: { $there }.
api-wrong-price = Tarif narxi { $price }, soʻrovda esa { $said }. Iltimos, sahifani yangilang.
api-no-method = Hozir bunday toʻlab boʻlmaydi. Boshqa usulni tanlang.
api-no-requisites = Hozir boʻsh rekvizit yoʻq. Boshqa usulni tanlang yoki birozdan keyin urinib koʻring.
api-no-auto = Bu usul bilan obuna oʻzi uzaymaydi.
api-needs-key = Balansdan ikki marta yechilmasligi uchun soʻrovga Idempotency-Key sarlavhasi kerak.
api-not-enough = Balansda { $balance }, kerak esa { $price }.
api-down = Bu usul hozir javob bermayapti. Boshqasini tanlang yoki qayta urinib koʻring.
api-terms = Avval shartlarni qabul qiling, iltimos.
api-checking = Toʻlov tekshirilmoqda. Bir daqiqa kuting, iltimos.
api-ended = Bu xarid tugagan. Yangisini boshlang, iltimos.
api-other-key = Bu soʻrov boshqa narsa uchun yuborilgan edi. Sahifani yangilab, qayta urinib koʻring.
api-no-purchase = Bunday xarid yoʻq.
api-no-link = Havola hali yoʻq.
api-none-yet = Obuna hali yoʻq.
api-had-trial = Sinov davri bir marta va faqat obunasi boʻlmaganlarga beriladi.
api-bad-zone = Bunday vaqt mintaqasi yoʻq. U shunday yoziladi: Asia/Tashkent.
api-panel = Obunalar serveri hozir javob bermayapti. Bir daqiqadan keyin urinib koʻring.
api-too-many = Juda tez-tez. { $seconds } soniyadan keyin urinib koʻring.
api-down-here = Hozir boʻlmadi. Bir daqiqadan keyin qayta urinib koʻring.
api-promo-none = Bunday promokod yoʻq. Xato yozilmaganini tekshiring.
api-promo-over = Bu promokodning muddati tugagan.
api-promo-closed = Bu promokod endi ishlamaydi.
api-promo-early = Bu promokod hali ishlamaydi.
api-promo-used = Bu promokod tugab boʻlgan.
api-promo-yours = Siz bu promokoddan foydalangansiz.
api-promo-one = Bu xaridga boshqa promokod qoʻllangan.
api-promo-waiting = Bu promokod boshqa xaridingiz toʻlovini kutmoqda. Uni bekor qilsangiz, boʻshaydi.
api-promo-days = Bu promokod chegirma emas, kun beradi. Uni alohida kiriting.
api-promo-price = Bu promokod chegirma beradi. Unga tarif tanlang.
api-promo-too-much = Bu tarif uchun chegirma juda katta. Qimmatrogʻini tanlang.
api-promo-currency = Promokod bu valyutada ishlamaydi.
api-promo-many = Urinishlar juda koʻp. Bir soatdan keyin urinib koʻring.
api-line-paid = Toʻlov
api-line-gift = Sovgʻa
api-line-trial = Sinov davri
api-line-referral = Taklif qilingan doʻst uchun
api-line-welcome = Taklif bilan kelganingiz uchun
api-line-promo = Promokod
api-line-admin = Yordam xizmatidan
api-line-import = Koʻchirilgan
api-line-change = Tarif almashdi
api-line-refund = Pul qaytarildi
api-line-reversal = Bonus bekor qilindi

## Promo codes, gifts, invitations
label-invite = Doʻstni taklif qilish
label-gift = Obuna sovgʻa qilish
label-promo = Promokod kiritish
button-gift = 🎁 Obuna sovgʻa qilish
button-promo-off = ✖️ Promokodsiz
button-promo-ways = ◀️ Toʻlovga
button-promo-plans = 🛒 Tarif tanlash
promo-ask = 🎟 Promokodni bitta xabarda yuboring.
promo-words = 🎟 Promokod harf va raqamlardan iborat. Uni matn qilib yuboring.
promo-days =
    🎉 Promokod qabul qilindi: +{ $days } kun.

    Hozir hammasini tayyorlab yuboramiz.
promo-applied =
    🎟 { $code } promokodi qoʻllandi.

    { $what }: <s>{ $old }</s> → <b>{ $new }</b>
promo-no-none = 🤔 Bunday promokod yoʻq. Harf va raqamlarni tekshiring: uni boʻsh joy va ortiqcha belgilarsiz, qoʻlda tergan maʼqul — va yana yuboring.
promo-no-over = ⌛ Bu promokodning muddati tugagan. Boshqasi boʻlsa, yuboring.
promo-no-closed = ⌛ Bu promokod endi ishlamaydi. Boshqasi boʻlsa, yuboring.
promo-no-early = ⏳ Bu promokod hali kuchga kirmagan. Keyinroq urinib koʻring yoki boshqasini yuboring.
promo-no-used = 😔 Bu promokod tugagan: barcha foydalanishlar olib boʻlingan. Boshqasi boʻlsa, yuboring.
promo-no-yours = ☝️ Bu promokoddan allaqachon foydalangansiz. Boshqasi boʻlsa, yuboring.
promo-no-waiting = ⏳ Bu promokod boshqa xaridingizga qoʻllangan va uning toʻlovi hali ochiq. Oʻsha xarid uchun toʻlang yoki toʻlovini bekor qiling — shunda promokod yana boʻshaydi.
promo-no-one = ☝️ Bu xaridga { $code } promokodi qoʻllangan, ikkitasi birga boʻlmaydi. Uni olib tashlab, boshqasini qoʻllash mumkin.
promo-no-price = 🎟 Bu — xarid uchun chegirma. Tarifni tanlang, soʻng toʻlov sahifasida «{ button-promo }» tugmasini bosing.
promo-no-days = 🎟 Bu promokod chegirma emas, kun beradi: uni /promo buyrugʻi bilan yuboring.
promo-no-too-much = ☝️ Bu promokod chegirmasi tarif narxidan katta. Qimmatroq tarifni tanlang — oʻshanga toʻgʻri keladi.
promo-no-currency = ☝️ Bu promokod ushbu tarifga chegirma bermaydi: u boshqa valyuta yoki narx uchun. Boshqa tarif tanlang yoki boshqa promokod yuboring.
promo-no-many = ✋ Notoʻgʻri promokodlar juda koʻp. Bir soatdan keyin urinib koʻring. Promokod aniq toʻgʻri boʻlsa, yordamga yozing: /paysupport

gift-choose =
    🎁 Obuna sovgʻa qiling.

    Muddatini tanlang. Toʻlovdan keyin havola olasiz — uni doʻstingizga yuboring. Havolani kim birinchi ochsa, sovgʻa oʻshaniki.
gift-plan = { $months } oy — { $price }
gift-is-paid =
    🎁 Sovgʻa uchun toʻlandi: { $months } oylik obuna.

    Doʻstingiz uchun havola (nusxa olish uchun bosing):
    <code>{ $link }</code>

    Uni bir marta ochish mumkin. Sovgʻa qabul qilinganda xabar beramiz.
gift-share = 🎁 Bu senga! { $months } oylik obuna sovgʻa. Havolani ochib, qabul qilib ol.
gift-was-opened = 🎉 Sovgʻangiz ({ $months } oylik obuna) ochildi!
gift-card =
    🎁 { $name } sizga { $months } oylik obuna sovgʻa qilmoqda!

    Obunangiz boʻlsa, muddat unga qoʻshiladi.
gift-card-tier = Tarif: { $tier }
gift-card-changes = ⚠️ Hozir sizda boshqa tarif. Qolgan kunlar yoʻqolmaydi: ularni narxiga qarab shu tarif kunlariga oʻtkazamiz.
gift-accepted = 🎁 Sovgʻa qabul qilindi! Hozir hammasini tayyorlab yuboramiz.
gift-no-none = 🤔 Bunday sovgʻa yoʻq. Havola toʻliq nusxalanganini tekshiring yoki qayta yuborishini soʻrang.
gift-no-taken = 😔 Bu sovgʻani boshqa odam ochib boʻlgan. Havolani yuborgan kishidan soʻrang.
gift-no-opened = 🎁 Bu sovgʻani qabul qilgansiz — u sizda.
gift-no-yours = 🎁 Bu sizning sovgʻangiz: u doʻstingiz uchun. Havolani unga yuboring — oʻzingiz ocholmaysiz.
gift-no-revoked = 😔 Bu sovgʻa endi amal qilmaydi: puli xaridorga qaytarilgan.
gifts-none = 🎁 Hali hech narsa sovgʻa qilmagansiz.
gifts-title = 🎁 Sovgʻalaringiz
gifts-waiting = ⏳ { $months } oy, { $at }: hali ochilmagan
gifts-opened = ✅ { $months } oy, { $at }: ochilgan
gifts-revoked = ↩️ { $months } oy, { $at }: puli qaytarilgan
gifts-send = 📤 Yuborish: { $months } oy, { $at }
button-gift-share = 🎁 Sovgʻa qilish
button-gift-copy = 📋 Havoladan nusxa olish
button-gift-accept = 🎁 Sovgʻani qabul qilish
button-gift-mine = 🔑 Mening obunam
button-gift-more = 🎁 Yana sovgʻa qilish
button-gifts = 🎁 Sovgʻalarim
news-gift-back = ↩️ Sovgʻaning puli uni sotib olgan kishiga qaytdi va sovgʻa qilingan vaqt olib tashlandi.{ $left ->
    [0] { "" }
   *[other] { " " }Obuna { $until } gacha amal qiladi.
}
news-gift-back-bare = { news-gift-back }

invite = { $days ->
    [0] 👥 Doʻstingizni taklif qiling: unga havolangizni yuboring.
   *[other] 👥 Doʻstingizni taklif qiling: u birinchi marta toʻlaganda sizga +{ $days } kun beriladi.
}{ $welcome ->
    [0] { "" }
   *[other] { " " }Doʻstingizga +{ $welcome } kun sovgʻa.
}
invite-came =
    Havola orqali kelganlar: { $friends }
    Toʻlaganlar: { $paid }
    Siz topgan kunlar: { $days }
invite-soon = Havola bir daqiqada tayyor boʻladi: bu boʻlimni yana bir bor oching.
invite-share = { $days ->
    [0] Oʻzim foydalanaman va tavsiya qilaman: havolani och.
   *[other] Oʻzim foydalanaman va tavsiya qilaman. Shu havola orqali birinchi toʻlovda +{ $days } kun beriladi.
}
invited-welcome = 👋 Sizni { $name } taklif qildi.{ $days ->
    [0] { "" }
   *[other] { " " }Birinchi toʻlovdan keyin +{ $days } kun sovgʻa olasiz.
}
invited-known = ℹ️ Taklif havolasi bu yerga birinchi marta kelganlar uchun, biz esa siz bilan tanishmiz.
invited-yours = ℹ️ Bu oʻzingizning taklif havolangiz. Uni doʻstingizga yuboring: /invite
invited-none = ℹ️ Bunday taklif havolasi yoʻq. Hechqisi yoʻq: qolgan hammasi ishlaydi.
button-invite = 👥 Doʻstni taklif qilish
button-invite-copy = 📋 Havoladan nusxa olish

## Reminders and renewal
button-renew = Uzaytirish
button-auto-off = Avtouzaytirishni o‘chirish
reminder-soon = ⏳ Obuna <b>{ $until }</b> gacha amal qiladi: { $left } kun qoldi.

    Hozir uzaytiring: yangi muddat qolganiga qo‘shiladi.
reminder-end = Obuna <b>{ $until }</b> da tugadi, kirish yopildi.

    Uzaytiring — hammasi avvalgi sozlamalar bilan ishlaydi.
reminder-back = Obunasiz { $ago } kun o‘tdi. Sozlamalaringiz saqlangan: tarifni tanlang, kirish darhol ochiladi.

    Boshqa eslatmaymiz.
renewal-soon = 🔄 Obuna <b>{ $on }</b> da o‘zi { $months } oyga uzayadi: { $by ->
    [balance] balansdan
    [stars] Telegram yulduzlardan
   *[other] { $card } kartasidan
} <b>{ $amount }</b> yechiladi.{ $dearer ->
    [yes] {" "}Narx o‘zgardi: avval { $was } edi.
   *[no] {""}
}

    { $until } gacha to‘langan. Bir bosishda o‘chirish mumkin.
renewal-withdrawn = O‘zi uzayadigan tarif endi sotilmaydi, avtouzaytirish o‘chirildi: hech narsa yechilmaydi. Obuna <b>{ $until }</b> gacha amal qiladi.

    Boshqa tarifni tanlang: yangi muddat qolganiga qo‘shiladi.
renewal-no-card = Saqlangan karta endi yo‘q, avtouzaytirish o‘chirildi: hech narsa yechilmaydi. Obuna <b>{ $until }</b> gacha amal qiladi.
renewal-failed = ⚠️ Obuna uzaymadi: { $by ->
    [balance] balansda { $amount } dan kam
   *[other] bank { $card } kartasidan { $amount } yechishga ruxsat bermadi
}. Yana bir necha marta urinib ko‘ramiz, kirish <b>{ $until }</b> gacha saqlanadi.

    O‘zingiz boshqa yo‘l bilan ham uzaytirishingiz mumkin.
renewal-over = Obuna <b>{ $until }</b> da tugadi: { $by ->
    [balance] balansda pul yetmadi
    [stars] Telegram yulduzlarni yecha olmadi
   *[other] bank { $card } kartasidan pul yechishga ruxsat bermadi
}. Avtouzaytirish o‘chirildi.

    Uzaytiring — hammasi avvalgi sozlamalar bilan ishlaydi.

## The bot

about =
    Obuna bir daqiqada: muddatni tanlang, karta, SBP, kriptovalyuta yoki Stars bilan toʻlang. Kirish oʻzi ochiladi, havola shu chatga keladi.

    «Boshlash»ni bosing.
about-short = Obuna bir daqiqada: kirish oʻzi ochiladi
start =
    👋 Assalomu alaykum, { $name }!

    Obuna bir daqiqada rasmiylashadi:

    1. Muddatni tanlang.
    2. Oʻzingizga qulay usulda toʻlang.
    3. Kirish oʻzi ochiladi, havola shu yerga keladi.

    Boshlaymizmi?

button-buy = Obunani rasmiylashtirish
button-mine = Mening obunam
button-menu = ◀️ Bosh menyu
button-back = ◀️ Orqaga
label-buy = Obunani rasmiylashtirish yoki uzaytirish
label-subscription = Mening obunam
label-trial = Bepul sinab koʻrish

days-text = { $days } kun
months-text = { $months } oy

plans = Tarifni tanlang:
plans-added = Obunangiz <b>{ $until }</b> gacha. Yangi muddat unga qoʻshiladi.
plan-gone = Bu tarif endi yoʻq. Bugun borlari 👇
button-trial = 🎁 { days-text } bepul sinab koʻrish
button-plan = { months-text } · { $price }
button-plan-less = { months-text } · { $price } · −{ $saved }{"\u00A0"}%
button-tiered = { $title }: { $plan }

ways-what =
    <b>{ $what }</b>
    Toʻlanadi: <b>{ $price }</b>
ways = Qanday toʻlash sizga qulay?
ways-none = Hozir bu toʻlovni qabul qilib boʻlmaydi 😔 Keyinroq urinib koʻring yoki bizga yozing: /paysupport
ways-promo = 🎟 Promokod qoʻllandi.
ways-promo-over = ⏳ Promokod chegirmasi tugadi. Bugungi narx:
ways-new-price = ⏳ Siz tanlaguningizcha narx oʻzgardi. Bugungisi:
ways-converts = Qolgani yoʻqolmaydi: hozirgi tarifning { $days } kuni qiymatiga koʻra yangisining { $becomes } kuniga aylanadi.
way = { $provider ->
    [cryptopay] 💎 CryptoBot (USDT, TON, BTC)
    [oneplat] 💳 1Plat (karta, SBP)
    [stars] ⭐ Telegram Stars
    [stripe] 💳 Bank kartasi · Stripe
    [yookassa] 💳 YuKassa (karta, SBP)
    [telegram] 💳 Telegramda karta
   *[other] { $provider }
}
way-method = { $method ->
    [card] 💳 Bank kartasi
    [sbp] 📱 SBP (telefon)
    [qr] 🔳 QR-kod
    [crypto] 🪙 Kriptovalyuta
    [sberpay] 🟢 SberPay
    [tpay] 🟡 T-Pay
    [yoomoney] 🟣 YuMoney
    [stars] ⭐ Telegram Stars
   *[other] { $method }
}
way-renews = { $way } · oʻzi uzayadi
way-priced = { $way } · { $price }
way-balance = 👛 Balansdan (sizda { $has } bor)
way-gone = Bu usul hozir ishlamayapti. Boshqasini tanlang.
button-promo = 🎟 Promokodim bor
balance-paid = ✅ Balansdan toʻlandi: { $price }. Kirishni ochyapmiz va darhol yozamiz.
balance-paid-gift = ✅ Balansdan toʻlandi: { $price }. Sovgʻa havolasi keyingi xabarda keladi.
balance-short = Balansda endi yetarli emas. Boshqa usulni tanlang.
paid-before = ✅ Bu xarid allaqachon toʻlangan, rahmat!
paid-already = Bu xarid allaqachon toʻlangan. Rahmat, yana toʻlash shart emas!
paid-twice = Bu xarid boshqa usulda toʻlab boʻlingan edi. Hech narsa yoʻqolmadi: ikkinchi toʻlov, { $amount }, balansingizda (hisob № { $payment }). U bilan obunani uzaytirish mumkin.
paid-code-spent = { $amount } toʻlovi kech keldi (hisob № { $payment }), promokodni esa boshqa xaridga qoʻllagansiz. Hech narsa yoʻqolmadi: pul balansingizda, u bilan obunani toʻlash mumkin.

trial-begun = 🎁 Kirishni { days-text }ga ochyapmiz va darhol yozamiz.
trial-had = 🎁 Bepul davr bizda birinchi marta boʻlganlar uchun. Obuna esa bir daqiqada rasmiylashadi 👇
trial-none = Hozir bepul davr yoʻq. Lekin obuna bir daqiqada rasmiylashadi 👇

mine = <b>Obunangiz</b>
mine-tier = <b>Obunangiz · { $tier }</b>
mine-none = Sizda hali obuna yoʻq. Uni bir daqiqada rasmiylashtirish mumkin 🙂
mine-active =
    ✅ Faol
    { $bar } { $whole } kundan { $left } kun qoldi
mine-until = Amal qilish muddati: <b>{ $until }</b> gacha
mine-grace =
    ⚠️ Muddat { $until } da tugadi, uzaytirib boʻlmadi.

    Kirish <b>{ $grace }</b> gacha ochiq: ulguring, hech narsa uzilmaydi.
mine-over =
    ⏸ { $until } da tugagan

    Uzaytiring, kirish darhol yana ochiladi.
mine-link =
    🔗 Havolangiz, nusxalash uchun bosing:
    <code>{ $link }</code>
mine-soon = ⏳ Kirishni sozlayapmiz. Tayyor boʻlgach yozamiz.
mine-renews = 🔁 Oʻzi uzayadi: { $way }, { months-text } uchun { $price }
renews = { $kind ->
    [stars] Telegram Stars
    [balance] balansdan
   *[saved] saqlangan kartadan
}
renews-card = { $card } kartasidan
limit-devices = 📱 Qurilmalar: { $count } tagacha
limit-devices-none = 📱 Qurilmalar: istagancha
limit-traffic = 📊 Trafik: oyiga { $size }
limit-traffic-none = 📊 Trafik: cheklovsiz
size-gb = { $size } GB
size-mb = { $size } MB
button-copy-link = 📋 Havolani nusxalash
button-qr = 🔳 QR
button-apps = 📖 Qanday ulanish
button-devices = 📱 Qurilmalar va trafik
button-relink = 🔗 Yangi havola
button-history = 📜 Tarix
button-zone = 🕒 Vaqt mintaqasi
button-auto = 🔁 Avtouzaytirish
button-auto-on = Yoqish: { $way } · { $price }

auto = <b>Avtouzaytirish</b>
auto-is-off = Hozir oʻchiq: sizsiz hech narsa yechilmaydi.
auto-how = Yoqsangiz, obuna oʻzi uzayib boradi. Pul yechilishidan uch kun oldin eslatamiz. Bir bosishda oʻchadi.
auto-no-way = Toʻlov paytida yoqish mumkin: «oʻzi uzayadi» deb belgilangan usulni tanlang. Yoki balansni toʻldiring.
auto-off = Avtouzaytirish oʻchirildi
auto-on = Avtouzaytirish yoqildi

qr = Boshqa qurilmani ulash uchun kamerasini shu yerga qarating.
qr-until =
    Boshqa qurilmani ulash uchun kamerasini shu yerga qarating.

    { $until } gacha amal qiladi
qr-too-long = Havola QR-kod uchun juda uzun. Undan nusxa oling.
no-link = Hozir havola yoʻq. «Mening obunam» boʻlimiga qarang.
relink =
    Yangi havola qilaymi?

    Eskisi hamma qurilmalarda ishlamay qoladi, ularni qayta ulash kerak boʻladi. Muddat oʻzgarmaydi.
button-relink-yes = Ha, yangisini qiling
relink-begun = 🔗 Yangi havola tayyorlayapmiz, darhol yuboramiz.
relink-failed = Yangi havola qilib boʻlmadi, oldingisi ishlayapti. Keyinroq urinib koʻring yoki bizga yozing: /paysupport

devices = <b>Qurilmalar va trafik</b>
devices-asking = Soʻrayapmiz…
devices-no-answer = Server hozir javob bermayapti. Obunangiz joyida, birozdan keyin qarang.
devices-traffic = 📊 Bir oylik trafik: { $most } dan { $used }
devices-traffic-free = 📊 Bir oylik trafik: { $used }, cheklovsiz
devices-count = 📱 Ulangan: { $most } tadan { $count } ta
devices-count-free = 📱 Ulangan: { $count } ta
devices-one = • { $device }
devices-unbind = Keraksizini uzing, joy boʻshaydi. Uni istagan payt yana ulash mumkin.
devices-empty = Hozircha hech narsa ulanmagan. Havolangizni telefon yoki kompyuterda oching.
button-unbind = Uzish: { $device }
button-refresh = 🔄 Yangilash

history = <b>Tarix</b>
history-empty = Tarix hozircha boʻsh: obuna muddati bilan boʻlgan hamma narsa shu yerda koʻrinadi.
history-end = Bundan oldin hech narsa boʻlmagan.
history-line = { $at } · { $time } · { $what }
history-line-paid = { $at } · { $time } · { $what }, { $price }
button-older = Oldingilari »
button-newest = « Boshiga
time-months = +{ $count } oy
time-days = { $sign }{ $count } kun
time-hours = { $sign }{ $count } soat
term-paid = toʻlov
term-gift = sovgʻa
term-trial = bepul davr
term-referral = doʻst uchun
term-welcome = taklif boʻyicha
term-promo = promokod
term-admin = yordam xizmatidan
term-import = koʻchirildi
term-change = tarif almashdi
term-refund = pul qaytarildi
term-reversal = bonus bekor qilindi

zone =
    🕒 Bizningcha, sizda hozir { $time } ({ $place }).

    Agar bunday boʻlmasa, oʻz vaqtingizni tanlang:
zone-set = Tayyor!

## News

news-paid =
    🎉 Toʻlov qabul qilindi, rahmat!

    { months-text }lik obuna <b>{ $until }</b> gacha faol.

    🔗 Havolangiz, nusxalash uchun bosing:
    <code>{ $link }</code>
news-paid-bare =
    🎉 Toʻlov qabul qilindi, rahmat!

    { months-text }lik obuna <b>{ $until }</b> gacha faol.
news-trial =
    🎁 Tayyor! Sizga { days-text } bepul, <b>{ $until }</b> gacha.

    🔗 Havolangiz, nusxalash uchun bosing:
    <code>{ $link }</code>
news-trial-bare = 🎁 Tayyor! Sizga { days-text } bepul, <b>{ $until }</b> gacha.
news-gift =
    🎁 Sovgʻa sizniki: { months-text }lik obuna, <b>{ $until }</b> gacha.

    🔗 Havolangiz, nusxalash uchun bosing:
    <code>{ $link }</code>
news-gift-bare = 🎁 Sovgʻa sizniki: { months-text }lik obuna, <b>{ $until }</b> gacha.
news-referral =
    🎉 Doʻstingiz obuna boʻldi. Sizga +{ days-text }, rahmat!

    Obuna <b>{ $until }</b> gacha faol.

    🔗 <code>{ $link }</code>
news-referral-bare =
    🎉 Doʻstingiz obuna boʻldi. Sizga +{ days-text }, rahmat!

    Obuna <b>{ $until }</b> gacha faol.
news-welcome =
    🎁 Siz taklif bilan keldingiz: +{ days-text } sovgʻa.

    Obuna <b>{ $until }</b> gacha faol.

    🔗 <code>{ $link }</code>
news-welcome-bare =
    🎁 Siz taklif bilan keldingiz: +{ days-text } sovgʻa.

    Obuna <b>{ $until }</b> gacha faol.
news-promo =
    🎟 Promokod ishladi: +{ days-text }.

    Obuna <b>{ $until }</b> gacha faol.

    🔗 <code>{ $link }</code>
news-promo-bare =
    🎟 Promokod ishladi: +{ days-text }.

    Obuna <b>{ $until }</b> gacha faol.
news-given =
    🎁 Sizga { days-text } qoʻshildi: { $reason }

    Obuna <b>{ $until }</b> gacha faol.

    🔗 <code>{ $link }</code>
news-given-bare =
    🎁 Sizga { days-text } qoʻshildi: { $reason }

    Obuna <b>{ $until }</b> gacha faol.
news-taken =
    Obuna muddati { days-text }ga qisqardi: { $reason }

    Endi u <b>{ $until }</b> gacha. Savollar: /paysupport
news-taken-bare = { news-taken }
news-refunded =
    Pul qaytarildi va u bilan toʻlangan muddat olib tashlandi.

    { $left ->
        [0] Obuna tugadi. Uni istagan payt qayta rasmiylashtirish mumkin: /buy
       *[other] Obuna <b>{ $until }</b> gacha.
    }
news-refunded-bare = { news-refunded }
news-referral-back =
    Doʻstingiz obuna pulini qaytarib oldi, shuning uchun { days-text }lik bonus bekor boʻldi.

    Obunangiz <b>{ $until }</b> gacha.
news-referral-back-bare = { news-referral-back }
news-link =
    🔗 Yangi havola, nusxalash uchun bosing:
    <code>{ $link }</code>

    Eskisi endi ishlamaydi.
news-link-bare = Kirish yangilandi. Oldingisi endi ishlamaydi.
operator-panel = Panel { $user } ga kirish ochmadi: { $why }. Kunlar yoʻqolmaydi, oʻzimiz urinib turibmiz; panelni tekshirib qoʻying.
news-waiting =
    Toʻlov qabul qilindi, rahmat! <b>{ $until }</b> gacha obuna endi sizniki.

    Kirishni sozlash odatdagidan biroz choʻzildi. Hech narsa qilish kerak emas: havola oʻzi keladi.

## The operator

admin-main = 📊 <b>Admin</b> · { $at }
    <i>bugun · kecha · 7 kunda</i>
admin-three = { $what }: <b>{ $today }</b> · { $yesterday } · { $week }
admin-n-people = Yangi odamlar
admin-n-trials = Sinovlar
admin-n-sales = Toʻlovlar
admin-n-renewals = — shundan uzaytirishlar
admin-n-refunds = Qaytarishlar
admin-takings = 💰 <b>{ $today }</b> · { $yesterday } · { $week }
admin-takings-days = <i>kunlar boʻyicha, { $days } kun, oʻngda bugun</i>
admin-given-back = 7 kunda qaytarildi: { $amount }
admin-standing = Hozir faol: <b>{ $active }</b>, shundan 3 kunda tugaydi: { $ending }
admin-all-well = ✅ Panel, yetkazish va fon vazifalari joyida
admin-wrong-waiting = ⏳ Panelni kutmoqda: <b>{ $count }</b>
admin-wrong-undelivered = ⚠️ Toʻlangan, lekin berilmagan: <b>{ $count }</b>. Koʻrish: <code>kassa payments</code>
admin-wrong-dead = ⚠️ Bajarilmagan vazifalar: <b>{ $count }</b>. Koʻrish: <code>kassa jobs</code>
admin-fresh = 🔄 Yangilash
admin-back = « Orqaga
admin-newer = « Yangiroq
admin-older = Oldingilari »
admin-no = Yoʻq, kerak emas
admin-nothing = yoʻq
admin-stale = Bu tugma eskirgan. Oynani qaytadan oching.
admin-to-person = 👤 Odamga
admin-find = 🔎 Odamni topish
admin-find-ask = 🔎 @nom, Telegram ID, raqam, telefon yoki paneldagi nomni yuboring. Odamning xabarini yoki kontaktini uzatish ham mumkin.
admin-find-nobody = Hech kim topilmadi. Boshqacha urinib koʻring: @nom, ID, raqam, telefon. Profilini yashirgan odamning xabari kimniki ekanini Telegram aytmaydi.
admin-several = Bir nechtasi mos: { $count }. Qaysi biri?
admin-card = 👤 <b>{ $name }</b> · №{ $number }
admin-card-telegram = Telegram: <code>{ $telegram }</code>, bu yerda { $since } dan beri
admin-card-blocked = 🚫 Bloklangan: bot unga javob bermaydi
admin-card-never = Hali obuna boʻlmagan
admin-card-active = ✅ { $until } gacha faol (kun: { $left })
admin-card-grace = ⏳ { $until } da tugagan, uzaytirish sabab { $grace } gacha ochiq
admin-card-over = ⌛ { $until } da tugagan
admin-card-tier = Tarif { $tier }, qurilmalar: { $devices ->
    [0] cheklanmagan
   *[other] { $devices }
}
admin-card-link = 🔗 <code>{ $link }</code>
admin-card-waiting = ⏳ Panel hali tasdiqlamadi: { $why }
admin-card-inviter = Taklif qilgan: { $name } (№{ $number })
admin-card-invited = Havola orqali kelgan: { $friends }, toʻlagan: { $paid }, ular uchun kunlar: { $days }
admin-renews-not = Avtouzaytirish oʻchiq
admin-renews-balance = Balansdan avtouzaytirish
admin-renews-saved = Kartadan avtouzaytirish
admin-renews-stars = Telegram Stars bilan avtouzaytirish
admin-copy-link = 📋 Havoladan nusxa olish
admin-terms = 🗓 Vaqt tarixi
admin-terms-title = 🗓 <b>Vaqt qanday oʻzgargan</b>, yangilari yuqorida
admin-terms-none = Bu yerda hali hech narsa yoʻq
admin-term = { $at } · { $kind ->
    [paid] toʻlov
    [gift] sovgʻa
    [trial] sinov
    [referral] taklif uchun
    [welcome] taklif orqali
    [promo] promokod
    [admin] qoʻlda
    [import] koʻchirildi
    [change] tarif almashdi
    [refund] pul qaytarildi
    [reversal] bekor qilindi
   *[other] { $kind }
} · <b>{ $change }</b> → { $until }
admin-term-by = ↳ { $name }: { $reason }
admin-term-why = ↳ { $reason }
admin-change-days = { $count } kun
admin-change-hours = { $count } soat
admin-block = 🚫 Bloklash
admin-unblock = ✅ Blokdan chiqarish
admin-blocked = Bloklandi
admin-unblocked = Blokdan chiqarildi
admin-block-admin = Bu administrator, uni bloklab boʻlmaydi.
admin-anew = ♻️ Qaytadan berish
admin-anew-begun = Panelga qaytadan aytilmoqda
admin-link = 🔗 Yangi havola
admin-link-begun = Paneldan yangi havola soʻralmoqda, eskisi ishlamay qoladi
admin-link-over = Obuna faol emas: avval kun bering.

admin-days-other = Boshqa
admin-days-ask = Necha kun? Masalan 14 yoki −5, koʻpi bilan { $most }.
admin-days-too-many = Vaqt bunchalik uzoqqa hisoblanmaydi. Kamroq kun bering.
admin-take-nothing = Oladigan narsa yoʻq: vaqt qolmagan.
admin-why-ask = <b>{ $change }</b>, { $name }. Sababi nima? Odam uni oʻqiydi. Tanlang yoki yozing.
admin-why-missing = Sababsiz boʻlmaydi. Uni yozing, koʻpi bilan { $most } belgi.
admin-why-trouble = Nosozlik boʻldi
admin-why-thanks = Minnatdorlik uchun
admin-why-mistake = Xatoni tuzatamiz
admin-sure = Tekshiring:
    👤 { $name } · №{ $number }
    <b>{ $change }</b>, sabab: { $reason }

    Tugashi: { $before }
    Yangi tugashi: <b>{ $after }</b>
admin-sure-give = ✅ Berish
admin-sure-take = ✅ Olish
admin-done = ✅ Tayyor, odam bundan xabar topadi.
    👤 { $name }: <b>{ $change }</b>
    Tugashi: { $before }
    Endi tugashi: <b>{ $after }</b>

admin-payment-back = Qaytarilgan ↩️
admin-payment = 🧾 <b>Toʻlov { $number }</b> · { $amount } · { $status }
admin-payment-of = { $what }, { $name }
admin-payment-ways = Usullar: { $ways }
admin-payment-came = { $provider } dan { $amount } keldi, <code>{ $ref }</code>, qaytarilgani { $refunded }
admin-event = { $at } · { $what }
admin-check = 🔄 Toʻlov tizimidan soʻrash
admin-checking = Soʻralmoqda, oyna yangilanadi
admin-refund = ↩️ Qaytarish ({ $amount } gacha)
admin-refund-ask = Qancha qaytarilsin? Hammasi { $amount }. Boshqa summani raqam bilan yozing. Toʻlangan kunlar shu ulushda ketadi.
admin-refund-all = Hammasi: { $amount }
admin-refund-sure-1 = <b>{ $amount }</b> qaytarilsinmi?
    👤 { $name }, toʻlov { $number }. Pul kelgan joyiga qaytadi.
admin-refund-sure-2 = ⚠️ Oxirgi savol. Qaytarishni bekor qilib boʻlmaydi: <b>{ $amount }</b>, { $name }, toʻlov { $number }. Qaytaramizmi?
admin-refund-yes-1 = Ha, { $amount } qaytarish
admin-refund-yes-2 = ⚠️ { $amount } qaytarish
admin-refund-begun = Qaytarilmoqda, natijasi shu yerga keladi.
admin-refund-reason = administrator { $name } qaytardi
admin-refund-slow = ⏳ { $amount } qaytarishga yuborildi, toʻlov tizimi hali javob bermadi. Natijasi shu yerga keladi, hammasi toʻlov tarixida.
admin-refund-done = ✅ { $amount } qaytarildi, toʻlov { $number }. Odam bundan xabardor.
admin-refund-declined = ❌ Toʻlov tizimi { $amount } ni qaytarmadi, toʻlov { $number }: { $why }
admin-refund-person = ✋ Bu tizimdan qaytarishni soʻrab boʻlmaydi. { $amount } ni oʻzingiz oʻtkazing, toʻlov { $number }, keyin: kassa payments refunded
admin-refund-cannot = ❌ { $amount } ni qaytarib boʻlmaydi, toʻlov { $number }: { $why }

admin-cast = 📣 Xabar tarqatish
admin-cast-whom = 📣 Kimga yozamiz? Botni bloklamaganlar sanaladi.
admin-cast-all = Hammaga: { $count }
admin-cast-active = Obunasi borlar: { $count }
admin-cast-lapsed = Obunasi tugaganlar: { $count }
admin-cast-trial = Sinovdagilar: { $count }
admin-cast-ask = Xabarni yuboring: matn, rasm, video, istalgan narsa. Koʻrinishi saqlanadi. Joʻnatishdan oldin qanday koʻrinishini koʻrsatamiz.
admin-cast-album = Albom boʻlmaydi: matnli bitta rasm yoki video yuboring.
admin-cast-sure = ☝️ Shunday koʻrinadi. { $audience }
admin-cast-send = 📣 Joʻnatish: { $count }
admin-cast-dropped = Joʻnatilmadi.
admin-cast-is-running = 📣 <b>Tarqatilmoqda</b>
admin-cast-is-stopped = ⏸ <b>Tarqatish toʻxtatildi</b>
admin-cast-is-done = ✅ <b>Tarqatish tugadi</b>
admin-cast-counts = { $total } dan { $done } · oldi { $sent } · botni bloklagan { $gone }
admin-cast-failed = Boʻlmadi: { $failed }, nomaʼlum: { $unknown }
admin-cast-why = Oxirgi sabab: { $why }
admin-cast-speed = Soniyasiga { $speed }, qolgan daqiqa: { $minutes }
admin-cast-stop = ⏸ Toʻxtatish
admin-cast-stopping = Toʻxtatilmoqda
admin-cast-go-on = ▶️ Davom etish
admin-cast-report = ✅ Tarqatish tugadi. Jami { $total }: oldi { $sent }, botni bloklagan { $gone }, boʻlmadi { $failed }, nomaʼlum { $unknown }. Oxirgi sabab: { $why }
admin-cast-report-stopped = ⏸ Tarqatish toʻxtatildi. { $total } dan: oldi { $sent }, botni bloklagan { $gone }, boʻlmadi { $failed }, nomaʼlum { $unknown }. Oxirgi sabab: { $why }

admin-promos = 🏷 Promokodlar
admin-promos-title = 🏷 <b>Promokodlar</b>: ishlatilgan / mumkin
admin-promos-none = 🏷 Hali promokodlar yoʻq
admin-promo = 🏷 <code>{ $code }</code>
admin-promo-percent = { $value } % chegirma
admin-promo-days = Sovgʻa kunlar: { $value }
admin-promo-amount = Chegirma: { $amounts }
admin-promo-uses = Ishlatilgan: { $uses }, bir kishi { $each } martagacha
admin-promo-until = { $until } gacha amal qiladi
admin-promo-for-ever = ♾ Muddatsiz
admin-promo-closed = ⏹ Yopilgan
admin-promo-close = ⏹ Yopish
admin-promo-new = ➕ Yangi
admin-promo-ask-code = Qanday kod? 2 dan 32 tagacha harf va raqam, - va _ mumkin.
admin-promo-there = { $code } ga oʻxshash kod bor. Boshqasini oʻylab toping.
admin-promo-ask-kind = U nima beradi?
admin-promo-kind-percent = Foizli chegirma
admin-promo-kind-amount = Summali chegirma
admin-promo-kind-days = Kunlar
admin-promo-ask-percent = Necha foiz? 1 dan 99 gacha.
admin-promo-ask-amount = Qanday summa? Har valyuta uchun oʻzi: 100 RUB, 1 USD.
admin-promo-ask-days = Necha kun?
admin-promo-ask-most = Jami necha marta ishlatish mumkin?
admin-promo-no-limit = ♾ Cheklovsiz
admin-promo-ask-each = Bir kishi necha marta?
admin-promo-once = Bir marta
admin-promo-ask-lasts = Necha kun amal qiladi?
admin-promo-create = ✅ Yaratish
admin-promo-made = ✅ <code>{ $code }</code> promokodi yaratildi

admin-keys = 🔑 Kalitlar
admin-keys-left = 🔑 Boʻsh kalitlar: { $count }
admin-keys-add = ➕ Qoʻshish
admin-keys-ask = Kalitlarni yuboring, har qatorda bittadan: xabar bilan yoki 1 MB gacha matn fayli bilan.
admin-keys-added = ✅ Qoʻshilgan kalitlar: { $new }. Avval bor edi: { $old }. Boʻsh: { $left }.
admin-keys-wrong = Kalitlar koʻrinmadi. Matn kerak, har qatorda bitta kalit, { $most } belgigacha.
admin-keys-large = Fayl oʻqilmadi: u 1 MB dan katta yoki endi yoʻq.
admin-keys-reading = Fayl oʻqilmoqda, natijasi shu yerga keladi.

## Sync with the panel
operator-drift = Panel va hisob farq qildi: { $compared } obunadan { $count } tasi. Tuzatilmoqda. Panelda bor, hisobda yoʻq: { $strangers }. Nima qolganini kassa subscriptions sync --dry-run koʻrsatadi.

## Payments of an older bot
old-payments = 🗂 <b>Avvalgi botda toʻlangan</b>
old-payment = { $at } · { $amount }

## The private channel

channel-closed = Yopiq kanalga obuna bilan kiriladi. Uni rasmiylashtiring, havola shu yerga keladi.
