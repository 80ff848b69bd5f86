### Subscriptions: plans, paying, and what became of them. The same messages in each language, with
### the same variables.

title = Subscription
what = Subscription for { $months } { $months ->
    [one] month
   *[other] months
}
what-gift = Gift: a subscription for { $months } { $months ->
    [one] month
   *[other] months
}

## Panels
operator-few-keys = Keys for subscriptions: { $left } are left. Add some: whoever pays when there are none waits.
operator-no-keys = There are no keys for subscriptions left. Somebody has paid and waits: add some.

## The API
api-unproved = Please open the page again from the bot: that is how we know that it is you.
api-blocked = You have no access here. If that is a mistake, write to support.
api-bad-request = The request cannot be understood. Please reload the page and try again.
api-wrong-plan = There is no plan { $said }. There are: { $there }.
api-wrong-currency = We do not sell in { $said }. Possible are: { $there }.
api-wrong-price = The plan costs { $price }, and the request says { $said }. Please reload the page.
api-no-method = It cannot be paid that way now. Please choose another.
api-no-requisites = There are no free payment details right now. Choose another way, or try a little later.
api-no-auto = A subscription cannot renew itself that way.
api-needs-key = So that the balance is not charged twice, the request needs the header Idempotency-Key.
api-not-enough = The balance is { $balance }, and { $price } are needed.
api-down = This way does not answer right now. Choose another, or try again.
api-terms = Please accept the terms first.
api-checking = The payment is being checked. Please wait a minute.
api-ended = This purchase is over. Please begin a new one.
api-other-key = This request was made before, about something else. Please reload the page and try again.
api-no-purchase = There is no such purchase.
api-no-link = There is no link yet.
api-none-yet = There is no subscription yet.
api-had-trial = The trial is once a person, and for those who have had no subscription yet.
api-bad-zone = There is no such time zone. One is written like this: Asia/Tashkent.
api-panel = The server of subscriptions does not answer right now. Please try again in a minute.
api-too-many = Too often. Please try again in { $seconds } s.
api-down-here = It did not work just now. Please try again in a minute.
api-promo-none = There is no such promo code. Is there a typo in it?
api-promo-over = This promo code is over.
api-promo-closed = This promo code is not valid any more.
api-promo-early = This promo code is not valid yet.
api-promo-used = This promo code has been used up.
api-promo-yours = You have used this promo code already.
api-promo-one = Another promo code is applied to this purchase.
api-promo-waiting = This promo code waits for another purchase of yours to be paid. Cancel that one, and it is free.
api-promo-days = This promo code gives days, not a lower price. Enter it by itself.
api-promo-price = This promo code lowers a price. Choose a plan for it.
api-promo-too-much = For this plan the discount is too large. Choose a dearer one.
api-promo-currency = The promo code is not valid in this currency.
api-promo-many = Too many tries. Please try again in an hour.
api-line-paid = Payment
api-line-gift = Gift
api-line-trial = Trial
api-line-referral = For a friend you invited
api-line-welcome = For coming by an invitation
api-line-promo = Promo code
api-line-admin = From support
api-line-import = Brought along
api-line-change = Change of plan
api-line-refund = Money returned
api-line-reversal = Bonus taken back

## Promo codes, gifts, invitations
label-invite = Invite a friend
label-gift = Give a subscription
label-promo = Use a promo code
button-gift = 🎁 Give a subscription
button-promo-off = ✖️ Without the code
button-promo-ways = ◀️ To payment
button-promo-plans = 🛒 Choose a plan
promo-ask = 🎟 Send the promo code in one message.
promo-words = 🎟 A promo code is a word of letters and digits. Please send it as text.
promo-days =
    🎉 The promo code is accepted: +{ $days } { $days ->
        [one] day
       *[other] days
    }.

    We are getting everything ready and will send it to you.
promo-applied =
    🎟 The promo code { $code } is applied.

    { $what }: <s>{ $old }</s> → <b>{ $new }</b>
promo-no-none = 🤔 There is no such promo code. Check the letters and digits: it is best to type it by hand, without spaces or other signs. Then send it again.
promo-no-over = ⌛ This promo code has expired. If you have another one, send it.
promo-no-closed = ⌛ This promo code is not in use any more. If you have another one, send it.
promo-no-early = ⏳ This promo code does not work yet. Try later, or send another one.
promo-no-used = 😔 This promo code has run out: all its uses are taken. If you have another one, send it.
promo-no-yours = ☝️ You have used this promo code already. If you have another one, send it.
promo-no-waiting = ⏳ This promo code is on another purchase of yours, whose payment is still open. Pay for that one or cancel its payment, and the code is free again.
promo-no-one = ☝️ The promo code { $code } is on this purchase already, and there can be only one. You can take it off and use another.
promo-no-price = 🎟 This is a discount on a purchase. Choose a plan, then press “{ button-promo }” where you choose how to pay.
promo-no-days = 🎟 This promo code gives days and no discount: send it with /promo.
promo-no-too-much = ☝️ This code takes off more than this plan costs. Choose a more expensive plan, and it will do.
promo-no-currency = ☝️ This code takes nothing off this plan: it is for another currency or price. Choose another plan, or send another code.
promo-no-many = ✋ Too many wrong promo codes. Please try again in an hour. If you are sure of your code, write to support: /paysupport

gift-choose =
    🎁 Give a subscription.

    Choose how long. Once you have paid you get a link: send it to a friend. Whoever opens the link first gets the gift.
gift-plan = { $months } { $months ->
    [one] month
   *[other] months
} — { $price }
gift-is-paid =
    🎁 The gift is paid for: a subscription for { $months } { $months ->
        [one] month
       *[other] months
    }.

    The link for your friend (tap to copy):
    <code>{ $link }</code>

    It can be opened once. We will tell you when the gift is accepted.
gift-share = 🎁 This is for you! A subscription for { $months } { $months ->
    [one] month
   *[other] months
} as a gift. Open the link and accept it.
gift-was-opened = 🎉 Your gift (a subscription for { $months } { $months ->
    [one] month
   *[other] months
}) has been opened!
gift-card =
    🎁 { $name } gives you a subscription for { $months } { $months ->
        [one] month
       *[other] months
    }!

    If you have a subscription already, this is added to it.
gift-card-tier = Tier: { $tier }
gift-card-changes = ⚠️ You have another tier now. The days you have left are not lost: they become days of this tier by what they are worth.
gift-accepted = 🎁 The gift is yours! We are getting everything ready and will send it to you.
gift-no-none = 🤔 There is no such gift. Check that the whole link was copied, or ask for it again.
gift-no-taken = 😔 Somebody else has opened this gift already. Ask who sent you the link.
gift-no-opened = 🎁 You have accepted this gift already: it is yours.
gift-no-yours = 🎁 This is your own gift, for a friend. Send them the link: you cannot open it yourself.
gift-no-revoked = 😔 This gift is not valid any more: its money went back to the buyer.
gifts-none = 🎁 You have not given anything yet.
gifts-title = 🎁 Your gifts
gifts-waiting = ⏳ { $months } { $months ->
    [one] month
   *[other] months
}, { $at }: not opened yet
gifts-opened = ✅ { $months } { $months ->
    [one] month
   *[other] months
}, { $at }: opened
gifts-revoked = ↩️ { $months } { $months ->
    [one] month
   *[other] months
}, { $at }: refunded
gifts-send = 📤 Send: { $months } { $months ->
    [one] month
   *[other] months
}, { $at }
button-gift-share = 🎁 Give it
button-gift-copy = 📋 Copy the link
button-gift-accept = 🎁 Accept the gift
button-gift-mine = 🔑 My subscription
button-gift-more = 🎁 Give another
button-gifts = 🎁 My gifts
news-gift-back = ↩️ The money for your gift went back to who bought it, and the time that was given is taken off.{ $left ->
    [0] { "" }
   *[other] { " " }Your subscription lasts until { $until }.
}
news-gift-back-bare = { news-gift-back }

invite = { $days ->
    [0] 👥 Invite a friend: send them your link.
   *[other] 👥 Invite a friend and get +{ $days } { $days ->
        [one] day
       *[other] days
    } when they first pay.
}{ $welcome ->
    [0] { "" }
   *[other] { " " }Your friend gets +{ $welcome } { $welcome ->
        [one] day
       *[other] days
    } as a gift.
}
invite-came =
    Came by your link: { $friends }
    Have paid: { $paid }
    Days you have earned: { $days }
invite-soon = The link will be ready in a minute: open this once more.
invite-share = { $days ->
    [0] I use it and recommend it: open the link.
   *[other] I use it and recommend it. By this link you get +{ $days } { $days ->
        [one] day
       *[other] days
    } when you first pay.
}
invited-welcome = 👋 You were invited by { $name }.{ $days ->
    [0] { "" }
   *[other] { " " }When you first pay, you get +{ $days } { $days ->
        [one] day
       *[other] days
    } as a gift.
}
invited-known = ℹ️ An invitation is for who is new here, and we know each other already.
invited-yours = ℹ️ This is your own invitation. Send it to a friend: /invite
invited-none = ℹ️ There is no such invitation. No harm done: everything else works.
button-invite = 👥 Invite a friend
button-invite-copy = 📋 Copy the link

## Reminders and renewal
button-renew = Renew
button-auto-off = Switch auto-renewal off
reminder-soon = ⏳ Your subscription lasts until <b>{ $until }</b>: { $left } { $left ->
    [one] day is
   *[other] days are
} left.

    Renew now: new time is added to what is left.
reminder-end = Your subscription ended on <b>{ $until }</b>, and access is closed.

    Renew it, and everything works again as it was set up.
reminder-back = { $ago } { $ago ->
    [one] day
   *[other] days
} without a subscription. Your set-up is kept: choose a plan, and access opens at once.

    We will not remind you again.
renewal-soon = 🔄 On <b>{ $on }</b> your subscription renews itself for { $months } { $months ->
    [one] month
   *[other] months
}: { $by ->
    [balance] we take <b>{ $amount }</b> from your balance
    [stars] Telegram takes <b>{ $amount }</b>
   *[other] we charge <b>{ $amount }</b> to { $card }
}.{ $dearer ->
    [yes] {" "}The price has changed: it was { $was }.
   *[no] {""}
}

    It is paid until { $until }. One tap switches this off.
renewal-withdrawn = The plan that renewed itself is not sold any more, so auto-renewal is off: nothing will be charged. Your subscription lasts until <b>{ $until }</b>.

    Choose another plan: new time is added to what is left.
renewal-no-card = The kept card is not there any more, so auto-renewal is off: nothing will be charged. Your subscription lasts until <b>{ $until }</b>.
renewal-failed = ⚠️ Your subscription was not renewed: { $by ->
    [balance] there is less than { $amount } on your balance
   *[other] the bank did not let us charge { $amount } to { $card }
}. We will try a few more times, and access stays open until <b>{ $until }</b>.

    You can also renew it yourself, another way.
renewal-over = Your subscription ended on <b>{ $until }</b>: { $by ->
    [balance] there was not enough on your balance
    [stars] Telegram could not take the Stars
   *[other] the bank did not let us charge { $card }
}. Auto-renewal is off.

    Renew it, and everything works again as it was set up.

## The bot

about =
    A subscription in a minute: choose how long, pay by card, SBP, crypto or Stars. Access opens by itself, and the link comes to this chat.

    Press Start.
about-short = A subscription in a minute: access opens by itself
start =
    👋 Hello, { $name }!

    A subscription takes a minute:

    1. Choose how long.
    2. Pay the way you like.
    3. Access opens by itself, and the link comes right here.

    Shall we begin?

button-buy = Get a subscription
button-mine = My subscription
button-menu = ◀️ Main menu
button-back = ◀️ Back
label-buy = Get or renew a subscription
label-subscription = My subscription
label-trial = Try it for free

days-text = { $days } { $days ->
    [one] day
   *[other] days
}
months-text = { $months } { $months ->
    [one] month
   *[other] months
}

plans = Choose a plan:
plans-added = Your subscription lasts until <b>{ $until }</b>. The new time is added to it.
plan-gone = This plan is no longer sold. Here is what there is today 👇
button-trial = 🎁 Try { days-text } for free
button-plan = { months-text } · { $price }
button-plan-less = { months-text } · { $price } · −{ $saved }%
button-tiered = { $title }: { $plan }

ways-what =
    <b>{ $what }</b>
    To pay: <b>{ $price }</b>
ways = How would you like to pay?
ways-none = We cannot take this payment right now 😔 Try later or write to us: /paysupport
ways-promo = 🎟 The promo code is applied.
ways-promo-over = ⏳ The promo code’s discount is over. Here is today’s price:
ways-new-price = ⏳ The price has changed while you were choosing. Here is today’s:
ways-converts = Nothing is lost: { $days } { $days ->
    [one] day
   *[other] days
} of your plan will become { $becomes } of the new one, by what they are worth.
way = { $provider ->
    [cryptopay] 💎 CryptoBot (USDT, TON, BTC)
    [oneplat] 💳 1Plat (card, SBP)
    [stars] ⭐ Telegram Stars
    [stripe] 💳 Bank card · Stripe
    [yookassa] 💳 YooKassa (card, SBP)
    [telegram] 💳 Card in Telegram
   *[other] { $provider }
}
way-method = { $method ->
    [card] 💳 Bank card
    [sbp] 📱 SBP (phone)
    [qr] 🔳 QR code
    [crypto] 🪙 Crypto
    [sberpay] 🟢 SberPay
    [tpay] 🟡 T-Pay
    [yoomoney] 🟣 YooMoney
    [stars] ⭐ Telegram Stars
   *[other] { $method }
}
way-renews = { $way } · renews by itself
way-priced = { $way } · { $price }
way-balance = 👛 From the balance (you have { $has })
way-gone = This way is not available now. Choose another one.
button-promo = 🎟 I have a promo code
balance-paid = ✅ Paid from the balance: { $price }. We are opening access and will write in a moment.
balance-paid-gift = ✅ Paid from the balance: { $price }. The gift’s link comes in the next message.
balance-short = There is not enough on the balance any more. Choose another way.
paid-before = ✅ This purchase is paid already, thank you!
paid-already = This purchase is paid already. Thank you, there is no need to pay again!
paid-twice = This purchase had been paid another way. Nothing is lost: the second payment, { $amount }, is on your balance (bill No. { $payment }). You can renew with it.
paid-code-spent = { $amount } came late (bill No. { $payment }): you have put the promo code to another purchase meanwhile. Nothing is lost: the money is on your balance, and you can pay for a subscription with it.

trial-begun = 🎁 We are opening access for { days-text } and will write in a moment.
trial-had = 🎁 The free period is for those who are new here. But a subscription takes only a minute 👇
trial-none = There is no free period now. But a subscription takes only a minute 👇

mine = <b>Your subscription</b>
mine-tier = <b>Your subscription · { $tier }</b>
mine-none = You have no subscription yet. Getting one takes a minute 🙂
mine-active =
    ✅ Active
    { $bar } { $left } { $left ->
        [one] day
       *[other] days
    } of { $whole } left
mine-until = Until <b>{ $until }</b>
mine-grace =
    ⚠️ Your time ended on { $until }, and it could not be renewed yet.

    Access is open until <b>{ $grace }</b>: renew by then, and nothing is interrupted.
mine-over =
    ⏸ Ended on { $until }

    Renew it, and access opens again at once.
mine-link =
    🔗 Your link, tap to copy:
    <code>{ $link }</code>
mine-soon = ⏳ We are setting up access. We will write when it is ready.
mine-renews = 🔁 Renews by itself: { $way }, { $price } for { months-text }
renews = { $kind ->
    [stars] Telegram Stars
    [balance] from the balance
   *[saved] from the saved card
}
renews-card = from the card { $card }
limit-devices = 📱 Devices: up to { $count }
limit-devices-none = 📱 Devices: as many as you like
limit-traffic = 📊 Traffic: { $size } a month
limit-traffic-none = 📊 Traffic: no limit
size-gb = { $size } GB
size-mb = { $size } MB
button-copy-link = 📋 Copy the link
button-qr = 🔳 QR
button-apps = 📖 How to connect
button-devices = 📱 Devices and traffic
button-relink = 🔗 New link
button-history = 📜 History
button-zone = 🕒 Time zone
button-auto = 🔁 Auto-renewal
button-auto-on = Switch on: { $way } · { $price }

auto = <b>Auto-renewal</b>
auto-is-off = It is off: nothing is charged without you.
auto-how = Switch it on, and the subscription renews by itself. We remind you three days before. It goes off in one tap.
auto-no-way = You can switch it on when you pay: choose a way that “renews by itself”. Or top up the balance.
auto-off = Auto-renewal is off
auto-on = Auto-renewal is on

qr = Point another device’s camera here to connect it.
qr-until =
    Point another device’s camera here to connect it.

    Until { $until }
qr-too-long = The link is too long for a QR code. Copy it.
no-link = There is no link now. Have a look at “My subscription”.
relink =
    Make a new link?

    The old one will stop working on all devices, and they will have to be connected again. Your time does not change.
button-relink-yes = Yes, make a new one
relink-begun = 🔗 We are making a new link and will send it at once.
relink-failed = The new link could not be made, the old one works. Try later or write to us: /paysupport

devices = <b>Devices and traffic</b>
devices-asking = Asking…
devices-no-answer = The server does not answer now. Your subscription is fine, have another look a little later.
devices-traffic = 📊 Traffic this month: { $used } of { $most }
devices-traffic-free = 📊 Traffic this month: { $used }, no limit
devices-count = 📱 Connected: { $count } of { $most }
devices-count-free = 📱 Connected: { $count }
devices-one = • { $device }
devices-unbind = Unlink what you do not need, and there is room. It can be connected again at any time.
devices-empty = Nothing is connected yet. Open your link on a phone or a computer.
button-unbind = Unlink: { $device }
button-refresh = 🔄 Refresh

history = <b>History</b>
history-empty = There is no history yet: all that happens to your time will be here.
history-end = There was nothing before that.
history-line = { $at } · { $time } · { $what }
history-line-paid = { $at } · { $time } · { $what }, { $price }
button-older = Older »
button-newest = « Newest
time-months = +{ $count } mo.
time-days = { $sign }{ $count } d
time-hours = { $sign }{ $count } h
term-paid = payment
term-gift = gift
term-trial = free period
term-referral = for a friend
term-welcome = by invitation
term-promo = promo code
term-admin = from support
term-import = moved here
term-change = change of plan
term-refund = refund
term-reversal = bonus taken back

zone =
    🕒 We think that it is { $time } where you are ({ $place }).

    If it is not, choose your time:
zone-set = Done!

## News

news-paid =
    🎉 Your payment has arrived, thank you!

    The subscription for { months-text } is active until <b>{ $until }</b>.

    🔗 Your link, tap to copy:
    <code>{ $link }</code>
news-paid-bare =
    🎉 Your payment has arrived, thank you!

    The subscription for { months-text } is active until <b>{ $until }</b>.
news-trial =
    🎁 Done! You have { days-text } for free, until <b>{ $until }</b>.

    🔗 Your link, tap to copy:
    <code>{ $link }</code>
news-trial-bare = 🎁 Done! You have { days-text } for free, until <b>{ $until }</b>.
news-gift =
    🎁 The gift is yours: a subscription for { months-text }, until <b>{ $until }</b>.

    🔗 Your link, tap to copy:
    <code>{ $link }</code>
news-gift-bare = 🎁 The gift is yours: a subscription for { months-text }, until <b>{ $until }</b>.
news-referral =
    🎉 Your friend has subscribed. You get +{ days-text }, thank you!

    Your subscription is active until <b>{ $until }</b>.

    🔗 <code>{ $link }</code>
news-referral-bare =
    🎉 Your friend has subscribed. You get +{ days-text }, thank you!

    Your subscription is active until <b>{ $until }</b>.
news-welcome =
    🎁 You came by invitation: +{ days-text } as a gift.

    Your subscription is active until <b>{ $until }</b>.

    🔗 <code>{ $link }</code>
news-welcome-bare =
    🎁 You came by invitation: +{ days-text } as a gift.

    Your subscription is active until <b>{ $until }</b>.
news-promo =
    🎟 The promo code worked: +{ days-text }.

    Your subscription is active until <b>{ $until }</b>.

    🔗 <code>{ $link }</code>
news-promo-bare =
    🎟 The promo code worked: +{ days-text }.

    Your subscription is active until <b>{ $until }</b>.
news-given =
    🎁 You were given { days-text }: { $reason }

    Your subscription is active until <b>{ $until }</b>.

    🔗 <code>{ $link }</code>
news-given-bare =
    🎁 You were given { days-text }: { $reason }

    Your subscription is active until <b>{ $until }</b>.
news-taken =
    Your subscription is shorter by { days-text }: { $reason }

    It lasts until <b>{ $until }</b> now. Questions: /paysupport
news-taken-bare = { news-taken }
news-refunded =
    The money went back, and the time that it had paid for with it.

    { $left ->
        [0] Your subscription has ended. You can begin it again at any moment: /buy
       *[other] Your subscription lasts until <b>{ $until }</b>.
    }
news-refunded-bare = { news-refunded }
news-referral-back =
    Your friend took the money for the subscription back, so the bonus of { days-text } is taken back, too.

    Your subscription lasts until <b>{ $until }</b>.
news-referral-back-bare = { news-referral-back }
news-link =
    🔗 Your new link, tap to copy:
    <code>{ $link }</code>

    The old one does not work any more.
news-link-bare = Your access is new. The one before does not work any more.
operator-panel = The panel has not let in the person { $user }: { $why }. No days are lost, and we keep trying; please look after the panel.
news-waiting =
    Your payment has arrived, thank you! The subscription until <b>{ $until }</b> is yours.

    Setting up access takes a little longer than usual. There is nothing for you to do: the link comes by itself.

## The operator

admin-main = 📊 <b>Admin</b> · { $at }
    <i>today · yesterday · 7 days</i>
admin-three = { $what }: <b>{ $today }</b> · { $yesterday } · { $week }
admin-n-people = New people
admin-n-trials = Trials
admin-n-sales = Payments
admin-n-renewals = — of them renewals
admin-n-refunds = Refunds
admin-takings = 💰 <b>{ $today }</b> · { $yesterday } · { $week }
admin-takings-days = <i>day by day, { $days } days, today on the right</i>
admin-given-back = Given back in 7 days: { $amount }
admin-standing = Active now: <b>{ $active }</b>, of whom { $ending } end within 3 days
admin-all-well = ✅ The panel, deliveries and background jobs are fine
admin-wrong-waiting = ⏳ Waiting for the panel: <b>{ $count }</b>
admin-wrong-undelivered = ⚠️ Paid and not delivered: <b>{ $count }</b>. Look with <code>kassa payments</code>
admin-wrong-dead = ⚠️ Jobs that have failed: <b>{ $count }</b>. Look with <code>kassa jobs</code>
admin-fresh = 🔄 Refresh
admin-back = « Back
admin-newer = « Newer
admin-older = Older »
admin-no = No, leave it
admin-nothing = none
admin-stale = This button is out of date. Open the screen again.
admin-to-person = 👤 To the person
admin-find = 🔎 Find a person
admin-find-ask = 🔎 Send a @username, a Telegram ID, a number, a phone or the name at the panel. You can also forward a message of theirs, or their contact.
admin-find-nobody = Nobody was found. Try another way: @username, ID, number, phone. Telegram does not tell whose a forwarded message is if they hide their profile.
admin-several = Several fit: { $count }. Which one?
admin-card = 👤 <b>{ $name }</b> · №{ $number }
admin-card-telegram = Telegram: <code>{ $telegram }</code>, here since { $since }
admin-card-blocked = 🚫 Blocked: the bot does not answer them
admin-card-never = No subscription so far
admin-card-active = ✅ Active until { $until } (days: { $left })
admin-card-grace = ⏳ Ended { $until }, let in until { $grace } while it renews
admin-card-over = ⌛ Ended { $until }
admin-card-tier = Tier { $tier }, devices: { $devices ->
    [0] no limit
   *[other] { $devices }
}
admin-card-link = 🔗 <code>{ $link }</code>
admin-card-waiting = ⏳ The panel has not confirmed it yet: { $why }
admin-card-inviter = Invited by { $name } (№{ $number })
admin-card-invited = Came by their link: { $friends }, paid: { $paid }, days for them: { $days }
admin-renews-not = Auto-renewal is off
admin-renews-balance = Auto-renewal from the balance
admin-renews-saved = Auto-renewal from a card
admin-renews-stars = Auto-renewal in Telegram Stars
admin-copy-link = 📋 Copy the link
admin-terms = 🗓 Timeline
admin-terms-title = 🗓 <b>How their time changed</b>, the newest first
admin-terms-none = Nothing here yet
admin-term = { $at } · { $kind ->
    [paid] paid
    [gift] gift
    [trial] trial
    [referral] for a friend
    [welcome] by invitation
    [promo] promo code
    [admin] by hand
    [import] moved here
    [change] change of tier
    [refund] money given back
    [reversal] taken back
   *[other] { $kind }
} · <b>{ $change }</b> → { $until }
admin-term-by = ↳ { $name }: { $reason }
admin-term-why = ↳ { $reason }
admin-change-days = { $count } { $count ->
    [one] day
   *[other] days
}
admin-change-hours = { $count } h
admin-block = 🚫 Block
admin-unblock = ✅ Unblock
admin-blocked = Blocked
admin-unblocked = Unblocked
admin-block-admin = This is an admin, who cannot be blocked.
admin-anew = ♻️ Provision anew
admin-anew-begun = The panel is told anew
admin-link = 🔗 New link
admin-link-begun = Asking the panel for a new link; the old one will stop working
admin-link-over = The subscription is not active: give some days first.

admin-days-other = Other
admin-days-ask = How many days? Such as 14 or -5, at most { $most }.
admin-days-too-many = Time is not counted so far ahead. Give fewer days.
admin-take-nothing = There is nothing to take: no time is left.
admin-why-ask = <b>{ $change }</b>, { $name }. For what reason? They will read it. Choose one or write.
admin-why-missing = A reason is needed. Write it, in at most { $most } characters.
admin-why-trouble = There was trouble
admin-why-thanks = With thanks
admin-why-mistake = To mend a mistake
admin-sure = Please check:
    👤 { $name } · №{ $number }
    <b>{ $change }</b>, reason: { $reason }

    It ended: { $before }
    It will end: <b>{ $after }</b>
admin-sure-give = ✅ Give
admin-sure-take = ✅ Take
admin-done = ✅ Done, they will hear of it.
    👤 { $name }: <b>{ $change }</b>
    It ended: { $before }
    It ends now: <b>{ $after }</b>

admin-payment-back = Given back ↩️
admin-payment = 🧾 <b>Payment { $number }</b> · { $amount } · { $status }
admin-payment-of = { $what }, { $name }
admin-payment-ways = Ways: { $ways }
admin-payment-came = { $amount } came from { $provider }, <code>{ $ref }</code>, given back { $refunded }
admin-event = { $at } · { $what }
admin-check = 🔄 Ask the provider
admin-checking = Asking; this screen will follow
admin-refund = ↩️ Refund (up to { $amount })
admin-refund-ask = How much? All of it is { $amount }. Write another amount as a number. The days that were paid for go in the same part.
admin-refund-all = All: { $amount }
admin-refund-sure-1 = Refund <b>{ $amount }</b>?
    👤 { $name }, payment { $number }. The money goes back to where it came from.
admin-refund-sure-2 = ⚠️ The last question. A refund cannot be undone: <b>{ $amount }</b>, { $name }, payment { $number }. Refund it?
admin-refund-yes-1 = Yes, refund { $amount }
admin-refund-yes-2 = ⚠️ Refund { $amount }
admin-refund-begun = Refunding; you will hear how it went.
admin-refund-reason = by the admin { $name }
admin-refund-slow = ⏳ The refund of { $amount } is on its way, the provider has not answered yet. You will hear how it went; all of it is in the payment's timeline.
admin-refund-done = ✅ { $amount } given back, payment { $number }. They know.
admin-refund-declined = ❌ The provider did not give back { $amount }, payment { $number }: { $why }
admin-refund-person = ✋ This provider cannot be asked for refunds. Send { $amount } yourself, payment { $number }, then: kassa payments refunded
admin-refund-cannot = ❌ { $amount } cannot be given back, payment { $number }: { $why }

admin-cast = 📣 Broadcast
admin-cast-whom = 📣 To whom? Counted are those who have not blocked the bot.
admin-cast-all = Everybody: { $count }
admin-cast-active = With a subscription: { $count }
admin-cast-lapsed = Whose has ended: { $count }
admin-cast-trial = On trial: { $count }
admin-cast-ask = Send the message: a text, a photo, a video, anything. It keeps its looks. Before it goes you will see it as they will.
admin-cast-album = An album cannot be sent: send one photo or video with its words.
admin-cast-sure = ☝️ They will see it so. { $audience }
admin-cast-send = 📣 Send: { $count }
admin-cast-dropped = Not sent.
admin-cast-is-running = 📣 <b>Sending</b>
admin-cast-is-stopped = ⏸ <b>The broadcast was stopped</b>
admin-cast-is-done = ✅ <b>The broadcast is done</b>
admin-cast-counts = { $done } of { $total } · { $sent } have it · { $gone } have blocked the bot
admin-cast-failed = Failed: { $failed }, unknown: { $unknown }
admin-cast-why = The last reason: { $why }
admin-cast-speed = { $speed } a second, minutes left: { $minutes }
admin-cast-stop = ⏸ Stop
admin-cast-stopping = Stopping
admin-cast-go-on = ▶️ Go on
admin-cast-report = ✅ The broadcast is done. Of { $total }: { $sent } have it, { $gone } have blocked the bot, { $failed } failed, { $unknown } unknown. The last reason: { $why }
admin-cast-report-stopped = ⏸ The broadcast was stopped. Of { $total }: { $sent } have it, { $gone } have blocked the bot, { $failed } failed, { $unknown } unknown. The last reason: { $why }

admin-promos = 🏷 Promo codes
admin-promos-title = 🏷 <b>Promo codes</b>: used / allowed
admin-promos-none = 🏷 There are no promo codes yet
admin-promo = 🏷 <code>{ $code }</code>
admin-promo-percent = { $value } % off
admin-promo-days = Days as a gift: { $value }
admin-promo-amount = Off: { $amounts }
admin-promo-uses = Used: { $uses }, by one person up to { $each }
admin-promo-until = Valid until { $until }
admin-promo-for-ever = ♾ Without an end
admin-promo-closed = ⏹ Closed
admin-promo-close = ⏹ Close
admin-promo-new = ➕ New
admin-promo-ask-code = Which code? 2 to 32 letters and digits, - and _ may be in it.
admin-promo-there = There is one that looks like { $code }. Think of another.
admin-promo-ask-kind = What does it give?
admin-promo-kind-percent = Percent off
admin-promo-kind-amount = An amount off
admin-promo-kind-days = Days
admin-promo-ask-percent = How many percent? 1 to 99.
admin-promo-ask-amount = Which amount? One for each currency: 100 RUB, 1 USD.
admin-promo-ask-days = How many days?
admin-promo-ask-most = How often may it be used in all?
admin-promo-no-limit = ♾ No limit
admin-promo-ask-each = How often by one person?
admin-promo-once = Once
admin-promo-ask-lasts = For how many days is it valid?
admin-promo-create = ✅ Create
admin-promo-made = ✅ The promo code <code>{ $code }</code> is there

admin-keys = 🔑 Keys
admin-keys-left = 🔑 Free keys: { $count }
admin-keys-add = ➕ Add
admin-keys-ask = Send keys, one a line: as a message, or as a text file of at most 1 MB.
admin-keys-added = ✅ Keys added: { $new }. Known already: { $old }. Free: { $left }.
admin-keys-wrong = No keys in it. It must be text, one key a line, of at most { $most } characters.
admin-keys-large = The file cannot be read: it is larger than 1 MB, or gone.
admin-keys-reading = Reading the file; you will hear how it went.

## Sync with the panel
operator-drift = The panel and the books differed for { $count } of { $compared } subscriptions. It is being mended. At the panel and not in the books: { $strangers }. kassa subscriptions sync --dry-run shows what is left.

## Payments of an older bot
old-payments = 🗂 <b>Paid in the older bot</b>
old-payment = { $at } · { $amount }

## The private channel

channel-closed = The private channel is open to subscribers. Get a subscription, and the link will come here.
