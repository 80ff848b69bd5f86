"""What can be done with a payment. Each of it has a room of its own, by its name.

    payment = await payments.create(tx, user=17, amount=Money(500, "USD"), purpose="tokens.topup",
                                    subject="100", description="100 токенов")
    ...                                             # commits
    started = await payments.start(payment.id, provider="stripe", method="card")

Providers are called with no transaction open. What is about to be asked is written down first,
so that whoever finds it after a kill knows what to ask about.
"""

import asyncio

from kassa.payments.capturing import Capturing
from kassa.payments.creating import Creating
from kassa.payments.giving_back import GivingBack
from kassa.payments.showing import Showing
from kassa.payments.starting import Starting
from kassa.payments.subscribing import Subscribing


class Payments(Creating, Starting, Capturing, GivingBack, Subscribing, Showing):
    """`providers` by their names, `purposes` by theirs."""

    async def close(self) -> None:
        await asyncio.gather(*(provider.close() for provider in self.providers.values()))
