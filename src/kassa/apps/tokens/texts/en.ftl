### Tokens: the balance, paying, pictures. The same messages in each language, with the same
### variables.

title = Tokens and pictures
about =
    🎨 I draw pictures from your words. The same words always make the same pattern, and nobody else has it.

    Press Start, top up and write what to draw.
about-short = 🎨 Pictures from your words

## The main menu

start =
    👋 Hello, { $name }!

    I draw pictures from your words: each of them is one of a kind.

    1. 💳 Top up your balance, it takes less than a minute.
    2. 🎨 Write a few words, and I will draw.

    Where shall we begin?
help =
    🎨 A picture: /generate and a few words. For example: /generate quiet sea
    💰 Balance: /balance
    💵 Top up: /pay

    Language: /language
    A question about a payment: /paysupport

button-draw = 🎨 Draw a picture
button-balance = 💰 Balance
button-topup = 💳 Top up balance
button-history = 📊 History
button-main = ◀️ Main menu
button-page = 💳 Open the payment page

label-generate = A picture from words
label-balance = Balance
label-pay = Top up balance

## The balance

balance =
    💰 Your balance: { $balance } { $balance ->
        [one] token
       *[other] tokens
    }

    Choose what to do:
balance-owing =
    💰 Your balance: { $balance } { $balance ->
        [one] token
       *[other] tokens
    }
    Owed after a refund: { $debt } { $debt ->
        [one] token
       *[other] tokens
    }. Your next top-up pays it off first.

    Choose what to do:
pay =
    💵 Top up your balance

    Press the button below to open the payment page:
pay-no-page = 💵 Topping up is not available yet: the payment page has not been set up. Please come back later.
not-enough =
    ❌ Not enough tokens!

    Your balance: { $balance } { $balance ->
        [one] token
       *[other] tokens
    }
    Needed: { $cost } { $cost ->
        [one] token
       *[other] tokens
    }

    Top up your balance to go on:

## What happened to a payment

topup-what = { $tokens } { $tokens ->
    [one] token
   *[other] tokens
}
paid =
    ✅ Payment successful!

    Credited: { topup-what }
    Amount: { $amount }

    Thank you for your purchase! 🎉
paid-after-debt =
    ✅ Payment successful!

    Credited: { topup-what }
    Of these, paid off your debt: { $repaid }
    Amount: { $amount }

    Thank you for your purchase! 🎉
taken-back = Your money went back, and { topup-what } left your balance.
taken-back-owing =
    Your money went back, and { topup-what } had to leave your balance. Some are spent already, so you owe { $debt } { $debt ->
        [one] token
       *[other] tokens
    }.

    Your next top-up pays it off by itself.

## History

history = 📊 History
history-empty =
    📊 History

    Nothing here yet. Top up your balance, and the first line appears.
line-topup = Top-up
line-spend = Spent
line-draw = Picture
line-refund = Payment refunded
line-returned = Returned
line-gift = Gift
line-debt = Debt paid off
button-older = Older »
button-newest = « Newest
button-back = ◀️ Back

## Pictures

draw-ask =
    🎨 What shall I draw? Write a few words.

    A small picture costs { $small } { $small ->
        [one] token
       *[other] tokens
    }, a medium one { $medium }, a large one { $large }. We begin with a small one.

    Or choose an idea:
idea-1 = Sunset over Samarkand
idea-2 = Quiet sea
idea-3 = City of the future
draw-nothing = 🎨 Write what to draw after the command. For example: /generate quiet sea
draw-too-long = That is a little long 🙂 Please fit it into { $most } characters. No tokens were taken.
draw-odd = There are invisible characters in these words, and they cannot be drawn. Please type them again. No tokens were taken.
draw-begun = 🎨 Drawing: { $words }
draw-again-begun = 🎨 Drawing…
draw-busy = Still drawing the last one, a second 🙂
draw-failed = 😔 The picture “{ $words }” did not work out. Your tokens are back on your balance, please try again.
draw-caption =
    { $words }

    { $pixels } × { $pixels } · { $cost } { $cost ->
        [one] token
       *[other] tokens
    }
button-again = Another
button-bigger = Bigger

## The Mini App's answers

api-unproved = Please open the page again from the bot: that is how we know that it is you.
api-wrong-user = The page was opened by { $proved }, and the request says { $said }. Please open it again from the bot.
api-wrong-credits = There is no package of { $said } tokens. There are: { $there }.
api-wrong-amount = { topup-what } { $tokens ->
        [one] costs
       *[other] cost
    } { $price }, and the request says { $said }. Please reload the page.
api-wrong-currency = We do not sell for { $said }. We do for: { $there }.
api-no-method = This way to pay is not there now. Please choose another one.
api-no-requisites = There are no free payment details right now. Please choose another way, or try a little later.
api-down = This way does not answer right now. Please choose another one, or try again.
api-bad-email = Please check the e-mail: there is no such address.
api-bad-request = The request cannot be understood. Please reload the page and try again.
api-no-payment = There is no such payment.
api-checking = The payment is being checked. Please wait a minute.
api-ended = This payment is over. Please begin a new one.
api-other-key = This request was made before, for another package. Please reload the page and try again.
api-too-many = Too often. Please try again in { $seconds } s.
api-blocked = Access is closed. If this is a mistake, please write to support.
api-down-here = It did not work just now. Please try again in a minute.
