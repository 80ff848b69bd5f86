"""Money that updates tell of: into the inbox, in the transaction of the update that tells it.

    async with database.transaction() as tx:
        await arrived(tx, payments, bot.id, update)

From there it goes the way of every provider's word, and an update that comes again changes nothing.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kassa import clock
from kassa.db import Tx
from kassa.payments import rows
from kassa.payments.invoices import STARS
from kassa.payments.providers.reading import kept
from kassa.payments.service import Payments
from kassa.payments.storing import Row, store

if TYPE_CHECKING:
    from kassa.payments.providers.native import Native

PAID, GIVEN_BACK = "successful_payment", "refunded_payment"
KINDS = (PAID, GIVEN_BACK, "subscription")

Json = Mapping[str, Any]


async def arrived(tx: Tx, payments: Payments, bot: int, update: Json) -> bool:
    """Whether the update was about money. What is paid is stored, whoever asked for it."""
    message = update.get("message")
    for kind in (PAID, GIVEN_BACK):
        paid = message.get(kind) if isinstance(message, Mapping) else None
        if isinstance(message, Mapping) and isinstance(paid, Mapping):
            await _store(tx, bot, kind, message, update)
            for wake in payments.waking:
                tx.after_commit(wake)
            return True
    subscription = update.get("subscription")
    if isinstance(subscription, Mapping):
        return await _subscription(tx, payments, bot, subscription)
    return False


async def _store(tx: Tx, bot: int, kind: str, message: Json, update: Json) -> None:
    paid = message[kind]
    name = kept(paid.get("telegram_payment_charge_id")) or f"update {update.get('update_id')}"
    letter = {"bot": bot, "kind": kind, "at": message.get("date"), "payment": dict(paid)}
    provider = "stars" if paid.get("currency") == STARS else "telegram"
    body = json.dumps(letter).encode()
    row: Row = (provider, f"{kind}:{bot}:{name}", kind, False, "POST", "", {}, body, clock.now())
    await store(tx, given=[row])


async def _subscription(tx: Tx, payments: Payments, bot: int, said: Json) -> bool:
    """The payer has stopped it, or let it go on, or could not pay: the app hears of it."""
    stars: Native | None = payments.providers.get("stars")  # type: ignore[assignment]
    ours = stars.read(said.get("invoice_payload"), str(bot)) if stars is not None else None
    if ours is None:
        return False
    row = await tx.fetchrow(
        f"""
        SELECT {rows.PAYMENT} FROM payments.attempt a JOIN payments.payment p ON p.id = a.payment_id
         WHERE a.key = $1 AND a.provider = 'stars'
        """,
        ours.key,
    )
    if row is None:
        return False
    payment = rows.payment(row)
    purpose = payments.purposes.get(payment.purpose)
    if purpose is not None and purpose.on_subscription is not None:
        await purpose.on_subscription(tx, payment, str(said.get("state")))
    return True
