### What payers and the operator are told of payments. The same messages in each language, with
### the same variables. Money comes as an amount, and is written as the language does.

## To the payer

payment-over = Thank you! { $paid } arrived for “{ $what }” instead of { $asked }. The rest stays on your balance.
payment-short = { $paid } arrived for “{ $what }”, and { $asked } was needed. Nothing is lost: the money is on your balance, pay the difference whenever you like.
payment-late = Your payment for “{ $what }” arrived after the bill had closed. Nothing is lost: { $paid } is on your balance.
payment-twice = “{ $what }” had been paid already, and money arrived once more. The second payment, { $paid }, is on your balance.
payment-currency = { $paid } arrived for “{ $what }”, and the bill was { $asked }. Nothing is lost: the money is on your balance.
payment-delivery-delayed = Your payment is here, thank you! “{ $what }” is held up on our side. We are on it and will deliver, you need not do anything.
payment-refunded = { $amount } was given back to you for “{ $what }”. It usually arrives at once or within a few days.
payment-refund-returned = The refund of { $amount } for “{ $what }” did not arrive and came back to us. Nothing is lost: the money is on your balance.
wallet-topped-up = Done! { $amount } is on your balance ✨

## A payment as its payer sees it

status = { $status ->
    [created] Created
    [awaiting_payer] Waiting for payment
    [processing] Checking the payment
    [authorized] Money is set aside
    [succeeded] Paid ✅
    [failed] Did not go through
    [canceled] Canceled
    [expired] Time is up
   *[other] { $status }
}

# The provider's own states, by its numbers.
oneplat-status = { $status ->
    [-2] It did not work: an error, or nobody free to take the money. Please try another way
    [-1] The bill is ready, choose how to pay
   *[0] Waiting for your payment
    [1] Paid, thank you!
    [2] Your payment is confirmed, thank you!
}

method = { $method ->
    [card] Bank card
    [sbp] SBP
    [qr] QR code
    [crypto] Crypto
    [sberpay] SberPay
    [tpay] T-Pay
    [stars] Telegram Stars
    [yoomoney] YooMoney
   *[other] { $method }
}

requisite = { $name ->
    [card] Card number
    [holder] Recipient
    [bank] Bank
    [phone] Phone
    [qr] Code for QR
    [qr_image] QR code
    [address] Wallet address
    [network] Network
    [amount] Amount
   *[other] { $name }
}

why = { $why ->
    [no_requisites] Nobody is free to take the money now. Please try another way, or come back a little later.
    [limit] This amount does not go this way. Please try another.
    [down] This way does not answer now. Please try another, or again a little later.
    [configuration] This way is being set up. Please try another.
    [declined] The bank said no. Please try another card or another way.
    [invalid] It could not be paid this way. Please try another.
   *[other] It did not work. Please try another way.
}

## Refusals of a checkout inside Telegram

checkout-unknown = This bill is not ours, or no longer there. Please ask the bot for a new one.
checkout-not-yours = This bill was made for somebody else. Please ask the bot for your own 🙂
checkout-blocked = You have no access here, so this cannot be paid. If that is a mistake, write to support.
checkout-price = The price is not what it was. Please ask the bot for a new bill.
checkout-expired = Time to pay this bill is up. Please ask the bot for a new one.
checkout-closed = This bill is closed. Please ask the bot for a new one.
checkout-paid = This is paid already, thank you! Nothing more is due.
checkout-under-way = A payment for this is on its way already. Please wait a minute.
checkout-no-shipping = We do not deliver to this address, sorry.
checkout-later = We could not check your order just now. Nothing was charged, please try again in a minute.

## The timeline, for the payer

event-created = A bill of { $amount }
event-started = Chosen: { method }
event-method-failed = { method }: it did not work
event-method-silent = { method }: waiting for an answer
event-awaiting-payer = Waiting for payment
event-processing = Checking the payment
event-authorized = Money is set aside
event-failed = The payment did not go through
event-canceled = The bill was canceled
event-expired = The time to pay is over
event-paid = { $fit ->
    [exact] { $amount } paid
    [over] { $amount } paid, the rest is on the balance
    [short] { $amount } arrived, which was too little: it is on the balance
    [late] { $amount } arrived after the bill had closed: it is on the balance
    [twice] { $amount } more arrived: it is on the balance
   *[currency] { $amount } arrived: it is on the balance
}
event-delivered = Delivered
event-refund-asked = Giving { $amount } back
event-refund-declined = { $amount } could not be given back
event-refunded = { $amount } given back
event-refund-returned = The refund of { $amount } did not arrive: it is on the balance
event-taken-back = Taken back after the refund
event-dispute-open = { $amount } is disputed at the bank
event-dispute-won = The dispute about { $amount } is over: the money stays
event-dispute-lost = The dispute about { $amount } is over: the payer has the money back

## To the operator

operator-about = Payment { $payment }, user { $user }, { $purpose }
operator-payment-over = { operator-about }: { $paid } arrived instead of { $asked }. Delivered; the rest is on the user's balance.
operator-payment-short = { operator-about }: { $paid } arrived instead of { $asked }. Not delivered; the money is on the user's balance.
operator-payment-late = { operator-about }: { $paid } arrived late, { $asked } was asked. Not delivered; the money is on the user's balance.
operator-payment-twice = { operator-about }: paid once more, { $paid } on top of { $asked }. The money is on the user's balance.
operator-payment-currency = { operator-about }: { $paid } arrived instead of { $asked }. Not delivered; the money is on the user's balance.
operator-payment-delivery-failed = ⚠️ { operator-about }: paid, and not delivered. It will be tried again by itself. The cause: { $error }
operator-payment-stray = ⚠️ { $provider }: { $amount }, and nobody knows whose it is ({ $ref }). It waits in suspense.
operator-inbox-dead = ⚠️ Row { $row } of the inbox, from { $provider } ({ $kind }), could not be settled: { $why }. See: kassa inbox show { $row }
operator-refund-by-hand = 👋 { operator-about }: please give { $amount } back by hand. The list: kassa payments todo
operator-refund-declined = ⚠️ { operator-about }: the refund of { $amount } was declined: { $why }
operator-refund-returned = { operator-about }: the refund of { $amount } did not arrive and came back from the provider. The money is on the user's balance.
operator-refund-from-outside = { operator-about }: { $amount } was given back at the provider, not by us. It is booked.
operator-refund-not-taken-back = ⚠️ { operator-about }: the money went back, and what was bought was not taken back. It will be tried again by itself. The cause: { $error }
operator-dispute-open = ⚠️ { operator-about }: a dispute about { $amount } was opened. Please answer it at the provider.
operator-dispute-won = { operator-about }: the dispute about { $amount } was won, the money is back.
operator-dispute-lost = { operator-about }: the dispute about { $amount } was lost.
operator-reconcile-differs = ⚠️ Compared with { $provider }: { $count ->
    [one] { $count } difference
   *[other] { $count } differences
}, waiting for you: { $open }. More: kassa reconcile --provider { $provider }

## The timeline, for the operator

operator-event-created = Created, { $amount }
operator-event-started = { $provider } is ready to take it: { $method }
operator-event-method-failed = { $provider } said no ({ $method }): { $why }
operator-event-method-silent = { $provider } did not answer ({ $method }), it will be asked again
operator-event-awaiting-payer = Waiting for the payer
operator-event-processing = Processing
operator-event-authorized = Money is held
operator-event-capture-asked = Taking { $amount } of the { $held } held
operator-event-failed = Failed: { $reason }
operator-event-canceled = Canceled: { $reason }
operator-event-expired = Expired
operator-event-paid = { $amount } arrived from { $provider } ({ $method }), { $charge }: { $fit }
operator-event-delivered = Delivered
operator-event-delivery-failed = Not delivered: { $error }
operator-event-refund-asked = Refund of { $amount } asked for: { $reason }
operator-event-refund-declined = Refund of { $amount } declined: { $why }
operator-event-refunded = { $amount } given back: { $reason }
operator-event-refund-returned = The refund of { $amount } did not arrive, the money is on the user's balance
operator-event-taken-back = Taken back
operator-event-taking-back-failed = Not taken back: { $error }
operator-event-dispute-open = Dispute about { $amount } opened
operator-event-dispute-won = Dispute about { $amount } won
operator-event-dispute-lost = Dispute about { $amount } lost
