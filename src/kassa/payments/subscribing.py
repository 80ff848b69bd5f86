"""Subscriptions in Stars, as we steer them: Telegram renews them, and tells of each renewal."""

from typing import TYPE_CHECKING

from kassa.errors import Conflict
from kassa.payments.models import Charge, Payment
from kassa.payments.reading import Reading

if TYPE_CHECKING:
    from kassa.payments.providers.stars import Stars


class NoSubscription(Conflict):
    """This payment has not begun, nor renewed, a subscription in Stars."""


class Subscribing(Reading):
    async def stop_subscription(self, payment_id: int) -> None:
        """It ends with the period that is paid for; any payment of it may be named."""
        stars, payment, payer, charge = await self._subscription(payment_id)
        await stars.stop(payment.bot, payer, charge.ref)

    async def resume_subscription(self, payment_id: int) -> None:
        """The payer may let go on what we have stopped."""
        stars, payment, payer, charge = await self._subscription(payment_id)
        await stars.resume(payment.bot, payer, charge.ref)

    async def _subscription(self, payment_id: int) -> "tuple[Stars, Payment, int, Charge]":
        from kassa.payments.providers.stars import Stars

        payment = await self.get(self.database, payment_id)
        stars, payer = self.providers.get(Stars.name), payment.payer.telegram_id
        paid = [each for each in await self.charges(payment_id) if each.provider == Stars.name]
        begun = payment.invoice is not None and payment.invoice.subscription
        if not (isinstance(stars, Stars) and begun and paid and payer is not None):
            raise NoSubscription(f"Payment {payment_id} is of no subscription in Stars.")
        return stars, payment, payer, paid[0]
