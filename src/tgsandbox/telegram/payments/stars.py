"""Telegram Stars: what people hold, what bots have earned, and how it goes back."""

from typing import TYPE_CHECKING

from tgsandbox.telegram import wire
from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.payments.currencies import STARS
from tgsandbox.telegram.payments.failures import PaymentFailed
from tgsandbox.telegram.payments.records import Charge
from tgsandbox.telegram.records import Bot, Json, Message, User

if TYPE_CHECKING:
    from tgsandbox.telegram.payments.till import Till


class Stars:
    """A bot's balance follows from its charges: Stars leave it by refunds only."""

    def __init__(self, till: "Till") -> None:
        self._till = till

    def buy(self, user: User, amount: int) -> None:
        if amount <= 0:
            raise ValueError("One buys a positive number of Stars.")
        world = self._till.world
        user.stars += amount
        world.save(user)
        world.events.emit("stars", user=user, bought=amount)

    def balance(self, bot: Bot) -> int:
        return sum(charge.amount for charge in self._earned(bot) if charge.refunded is None)

    def transactions(self, bot: Bot, offset: int, limit: int) -> list[Json]:
        """The oldest first; a refund has the id of its charge, and a receiver for a source."""
        found = []
        for charge in self._earned(bot):
            shown: Json = {"id": charge.id, "amount": charge.amount, "date": charge.at}
            partner = self._partner(charge)
            found.append((charge.number, shown | {"source": partner}))
            if charge.refunded is not None:
                back = shown | {"date": charge.refunded, "receiver": partner}
                found.append((charge.refund_number, back))
        found.sort(key=lambda each: each[0])
        return [shown for _, shown in found[offset : offset + limit]]

    def refund(self, bot: Bot, user: User, charge_id: str) -> None:
        """What refundStarPayment does; once for a charge."""
        charge = self._till.charges.get(charge_id)
        if (
            charge is None
            or not charge.in_stars
            or charge.bot_id != bot.id
            or charge.user_id != user.id
        ):
            raise bad_request("CHARGE_NOT_FOUND")
        if charge.refunded is not None:
            raise bad_request("CHARGE_ALREADY_REFUNDED")
        self._till.give_back(charge)
        world = self._till.world
        returned = {
            "currency": STARS,
            "total_amount": charge.amount,
            "invoice_payload": charge.payload,
            "telegram_payment_charge_id": charge.id,
            "provider_payment_charge_id": charge.provider_id,
        }
        world.say(world.private_chat(user, bot), user, {"refunded_payment": returned})

    def unlock(self, user: User, message: Message) -> Charge:
        till, world = self._till, self._till.world
        if "paid_media" not in message.body or message.sender not in world.bots:  # or forwarded
            raise ValueError("There is nothing to unlock in that message.")
        media, bot = message.body["paid_media"], world.bots[message.sender]
        payload = till.media_payloads.get(message.key, "")
        try:
            if user.id in message.unlocked:
                raise PaymentFailed("MEDIA_ALREADY_PAID")
            charge = till.take(
                user,
                bot,
                STARS,
                media["star_count"],
                "paid_media",
                payload=payload,
                media=media["paid_media"],
            )
        except PaymentFailed as error:
            till.tell_failed(user, bot, "", error)
            raise
        world.change(message, edited=False, unlocked=[*message.unlocked, user.id])
        till.tell("paid", charge)
        if payload:
            bought = {"from": wire.user(user), "paid_media_payload": payload}
            world.inboxes[bot.id].push("purchased_paid_media", bought, str(user.id))
        return charge

    def _earned(self, bot: Bot) -> list[Charge]:
        charges = self._till.charges.values()
        return [each for each in charges if each.bot_id == bot.id and each.in_stars]

    def _partner(self, charge: Charge) -> Json:
        user = self._till.world.users[charge.user_id]
        shown: Json = {"type": "user"}
        if charge.purpose == "paid_media":
            shown |= {"transaction_type": "paid_media_payment", "user": wire.user(user)}
            shown["paid_media"] = charge.media
            if charge.payload:
                shown["paid_media_payload"] = charge.payload
            return shown
        shown |= {"transaction_type": "invoice_payment", "user": wire.user(user)}
        shown["invoice_payload"] = charge.payload
        if charge.period:
            shown["subscription_period"] = charge.period
        return shown
