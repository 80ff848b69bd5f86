"""Refunds as they are asked for; what they do to the books is in `refunds`."""

from dataclasses import replace

from kassa import clock
from kassa.db import Tx
from kassa.log import get
from kassa.money import Money
from kassa.payments import refunds
from kassa.payments.models import CannotRefund, Refund
from kassa.payments.providers.protocol import Declined, Refunded, Unknown, Why
from kassa.payments.reading import Reading

_log = get(__name__)


class GivingBack(Reading):
    async def refund(
        self,
        payment_id: int,
        amount: Money | None = None,
        *,
        key: str,
        reason: str = "",
        charge: int | None = None,
        even_if_spent: bool = False,
    ) -> Refund:
        """To where it came from, all of it or a part; the same key is the same refund.

        Where what was bought has been spent, it is refused; `even_if_spent` lets the payer owe.
        """
        abilities = {name: each.abilities for name, each in self.providers.items()}
        refund = await self.database.run(
            lambda tx: refunds.prepare(
                tx,
                payment_id,
                purposes=self.purposes,
                abilities=abilities,
                key=key,
                amount=amount,
                charge_id=charge,
                reason=reason,
                even_if_spent=even_if_spent,
            )
        )
        return await self.send_refund(refund.id) if refund.status == "prepared" else refund

    async def send_refund(self, refund_id: int) -> Refund:
        """Calls the provider for a refund that is written down."""

        async def mark(tx: Tx) -> tuple[refunds.Case, Refund, bool]:
            case, refund = await refunds.load_refund(tx, refund_id)
            if refund.status != "prepared" or case.charge.provider not in self.providers:
                return case, refund, False
            asked = refund.asked_at or clock.now()
            await tx.execute(
                "UPDATE payments.refund SET status = 'sent', asked_at = $2 WHERE id = $1",
                *(refund_id, asked),
            )
            return case, replace(refund, status="sent", asked_at=asked), True

        case, refund, ours = await self.database.run(mark)
        if not ours:
            return refund
        provider = self.providers[case.charge.provider]
        said: Refunded | Declined | Unknown
        try:
            said = await provider.refund(refunds.give_back(case, refund))
        except Exception as error:  # noqa: BLE001 (an adapter that breaks its word loses nothing)
            _log.error("payments.refund_failed", provider=case.charge.provider, exc_info=error)
            said = Unknown(type(error).__name__)
        return await self.refund_answered(refund_id, said)

    async def refund_answered(self, refund_id: int, said: Refunded | Declined | Unknown) -> Refund:
        return await self.database.run(
            lambda tx: refunds.resolve(tx, refund_id, said, purposes=self.purposes)
        )

    async def refunded_by_hand(self, refund_id: int, *, done: bool, ref: str = "") -> Refund:
        """What a person did, or will not do, where the provider has no call for it."""
        _, refund = await self.database.run(lambda tx: refunds.load_refund(tx, refund_id))
        if refund.status != "person":
            raise CannotRefund(f"The refund {refund_id} is {refund.status}: no person is needed.")
        said = Refunded(ref) if done else Declined(Why.DECLINED, "not done")
        return await self.refund_answered(refund_id, said)
