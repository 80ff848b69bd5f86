### What every bot says, whatever it sells. The same messages in each language, with the same
### variables.

## What is for everybody

you-are-blocked = You have no access here. If that is a mistake, write to support.
something-went-wrong = Something went wrong on our side 😔 We know about it already. Please try again a little later.
not-understood = I did not get that 🙈 All commands: /help
button-old = This button does not work any more
button-not-yours = This button is not for you
only-in-private = Let us talk about this in private. Send me a direct message.
to-private = Open the chat

## /start, /help, /cancel

hello = 👋 Hello, { $name }! Good to see you.
hello-more = See /help for all commands.
help = 📋 Main commands:
help-contact = ❓ Questions? Write to { $contact }
canceled = Canceled. We can start over whenever you like.
nothing-to-cancel = There is nothing to cancel: you have not begun anything 🙂

## /language

language-which = Which language suits you best?
language-set = ✅ Done! We speak English now.

## /phone

phone-set = ✅ Phone number updated: { $phone }
phone-missing =
    ❌ Give your phone number.
    Example: /phone +998901234567
phone-wrong =
    ❌ Give your phone number.
    Example: /phone +998901234567

    There is no such number: check the “+”, the country code and all the digits.
phone-proved = Your number { $phone } was confirmed by Telegram. To change it, press the button below 👇
phone-share = 📱 Send my number
contact-not-yours = This is not your contact. Press the button below, and Telegram sends your own number 👇

## /login

login-code =
    🔑 Your login code: <code>{ $code }</code>

    It works for { $minutes ->
        [one] { $minutes } minute
       *[other] { $minutes } minutes
    }, and only once.
    ⚠️ Tell it to nobody, not even to support: whoever knows it logs in as you.

## /paysupport

paysupport =
    💬 A question about a payment? Write to { $contact }: we will help.

    Say the payment’s number and what happened, and attach the receipt if you were charged.
paysupport-no-contact = 💬 A question about a payment? Write to whoever gave you the link to this bot, and say the payment’s number.
paysupport-payments = Your latest payments:
paysupport-payment = No. { $payment } · { $what } · { $amount } · { $status }

## /terms

terms = 📄 Terms: { $url }
terms-version = Version: { $version }
terms-accepted = ✅ You accepted them on { $date }
terms-agree = I agree
terms-thanks = ✅ Thank you! You have accepted the terms.
terms-first =
    📄 Before we begin, please read the terms: { $url }

    Version: { $version }

    By pressing “{ terms-accept }” you agree to them.
terms-accept = ✅ I accept
terms-none = There are no separate terms yet. Questions about payments: /paysupport

## The buttons of a payment

payment-calling-off = Calling it off…
payment-stands = Bill No. { $payment }: { $status }

## Commands, as the menu describes them

command-language = Language
command-phone = Phone number
command-paysupport = Help with payments
command-terms = Terms
command-login = Login code
command-help = All commands
command-cancel = Cancel what was begun

### paying

pay-what =
    <b>{ $what }</b>
    To pay: <b>{ $amount }</b>
pay-was = <b>{ $what }</b> · { $amount }
pay-choose = How would you like to pay?
pay-open = Tap “{ pay-button-open }” to open the payment page, then come back here.
pay-open-at = The payment page: { $url }
pay-send-exactly = Send exactly <b>{ $amount }</b>, so that the payment finds its way by itself:
pay-after-sending = Sent it? Tap “{ pay-button-check }”.
pay-requisite = { $name }: <code>{ $value }</code>
pay-minutes-left = ⏳ You have { $minutes ->
    [one] { $minutes } minute
   *[other] { $minutes } minutes
} left to pay.
pay-hours-left = ⏳ You have { $hours ->
    [one] { $hours } hour
   *[other] { $hours } hours
} left to pay.
pay-days-left = ⏳ You have { $days ->
    [one] { $days } day
   *[other] { $days } days
} left to pay.

pay-button-open = Pay
pay-button-amount = Pay { $amount }
pay-button-check = Check the payment
pay-button-another = Another way
pay-button-again = Try again
pay-button-cancel = Cancel
pay-button-copy = 📋 { $name }
pay-button-method = { $method ->
    [card] 💳 Card
    [sbp] ⚡ SBP
    [qr] 🔳 QR code
    [crypto] 🪙 Crypto
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

pay-none = There is no such bill.
pay-no-way = We cannot take this payment right now 😔 Try again later, or write to us: /paysupport
pay-is-paid = ✅ This bill is paid already, thank you!
pay-is-over = This bill is closed. Start again, it is quick.
pay-being-checked = The payment is being checked. Wait a minute and tap “{ pay-button-check }”.
pay-hiccup = The payment did not open: a hiccup on the other side. Please try again.

pay-checked = { $status ->
    [succeeded] ✅ Paid, thank you!
    [processing] The payment is on its way and being confirmed. We will write as soon as it arrives.
    [authorized] The money is set aside, all is well.
    [failed] The payment did not go through. Try another card or another way.
    [unfit] What came is not what was asked for. The money is on your balance, nothing is lost.
    [canceled] The bill is canceled.
    [expired] The time to pay is over. If you did pay in time, your money is not lost.
   *[other] The payment is not here yet. If you have paid, check again in a minute.
}
pay-asking = Asking… We will write as soon as the payment arrives.

### end of paying
