"""Subscriptions in Stars: renewed by the sandbox's clock until somebody stops them."""

from typing import TYPE_CHECKING

from tgsandbox.telegram import wire
from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.payments.currencies import STARS
from tgsandbox.telegram.payments.failures import PaymentFailed
from tgsandbox.telegram.payments.invoices import Invoice
from tgsandbox.telegram.payments.records import Charge, Subscription
from tgsandbox.telegram.records import Bot, User

if TYPE_CHECKING:
    from tgsandbox.telegram.payments.till import Till

# by whom or what, and what it leads to; failed and ended are the end
MOVES = {
    ("active", "cancel"): "canceled",
    ("active", "stop"): "canceled",
    ("canceled", "stop"): "canceled",
    ("canceled", "resume"): "active",
    ("active", "renew"): "active",
    ("active", "fail"): "failed",
    ("canceled", "expire"): "ended",
}


class Subscriptions:
    def __init__(self, till: "Till") -> None:
        self._till = till
        self.known: dict[str, Subscription] = {}

    def restore(self, subscription: Subscription) -> None:
        self.known[subscription.id] = subscription
        if not subscription.over:
            self._await_end(subscription)

    def start(self, charge: Charge, invoice: Invoice) -> Subscription:
        """With its first charge."""
        subscription = Subscription(
            id=charge.id,
            bot_id=charge.bot_id,
            user_id=charge.user_id,
            invoice=invoice.slug,
            amount=charge.amount,
            period=invoice.period,
            payload=charge.payload,
            expires=charge.at + invoice.period,
            last_charge=charge.id,
        )
        charge.subscription = subscription.id
        self._till.world.save(charge)
        self.known[subscription.id] = subscription
        self._till.world.save(subscription)
        self._await_end(subscription)
        return subscription

    def of(self, user: User, invoice: Invoice | None = None) -> list[Subscription]:
        """A person's, those that are over left out."""
        return [
            each
            for each in self.known.values()
            if each.user_id == user.id
            and not each.over
            and (invoice is None or each.invoice == invoice.slug)
        ]

    def cancel(self, subscription: Subscription) -> None:
        """The person does not want it to go on; it lasts until its end."""
        if subscription.state == "active":
            self._move(subscription, "cancel", tell=True)
        elif subscription.over:
            raise PaymentFailed("SUBSCRIPTION_NOT_ACTIVE", "This subscription is over.")

    def resume(self, subscription: Subscription) -> None:
        if subscription.over:
            raise PaymentFailed("SUBSCRIPTION_NOT_ACTIVE", "This subscription is over.")
        if subscription.stopped_by_bot:
            raise PaymentFailed("SUBSCRIPTION_STOPPED", "The bot has ended this subscription.")
        if subscription.state == "canceled":
            self._move(subscription, "resume", tell=True)

    def edit(self, bot: Bot, user: User, charge_id: str, *, canceled: bool) -> None:
        """editUserStarSubscription: the bot stops it, or lets the person resume it."""
        charge = self._till.charges.get(charge_id)
        subscription = self.known.get(charge.subscription) if charge else None
        if subscription is None or subscription.bot_id != bot.id or subscription.user_id != user.id:
            raise bad_request("CHARGE_NOT_FOUND")
        if subscription.over:
            raise bad_request("SUBSCRIPTION_NOT_ACTIVE")
        subscription.stopped_by_bot = canceled
        if canceled:
            self._move(subscription, "stop")
        else:
            self._till.world.save(subscription)

    def _await_end(self, subscription: Subscription) -> None:
        self._till.world.clock.at(subscription.expires, lambda: self._end(subscription))

    def _end(self, subscription: Subscription) -> None:
        """The period is over: paid for another one, or it was the last."""
        till = self._till
        user, bot = till.parties(subscription)
        if subscription.state == "canceled":
            return self._move(subscription, "expire")
        invoice = till.invoices[subscription.invoice]
        try:
            if user.deactivated:
                raise PaymentFailed("USER_DEACTIVATED", "The account is gone.")
            charge = till.take(
                user,
                bot,
                STARS,
                subscription.amount,
                "subscription",
                payload=subscription.payload,
                invoice=invoice.slug,
                subscription=subscription.id,
                period=subscription.period,
            )
        except PaymentFailed as error:
            till.tell_failed(user, bot, invoice.slug, error)
            return self._move(subscription, "fail", tell=True)
        subscription.last_charge = charge.id
        subscription.expires += subscription.period
        self._move(subscription, "renew")
        self._await_end(subscription)
        till.announce(charge, subscription_expiration_date=subscription.expires, is_recurring=True)

    def _move(self, subscription: Subscription, what: str, *, tell: bool = False) -> None:
        subscription.state = MOVES[subscription.state, what]
        world = self._till.world
        world.save(subscription)
        user, bot = self._till.parties(subscription)
        world.events.emit(
            "subscription",
            user=user,
            bot=bot,
            subscription=subscription.id,
            what=what,
            state=subscription.state,
        )
        if tell:
            body = {
                "user": wire.user(user),
                "invoice_payload": subscription.payload,
                "state": subscription.state,
            }
            world.inboxes[bot.id].push("subscription", body, str(user.id))
