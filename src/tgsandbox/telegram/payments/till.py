"""The till: every invoice, every charge and every refund, and the one place where money moves."""

import itertools
import string
from typing import TYPE_CHECKING, Any

from tgsandbox.telegram.payments.checkout import Checkout
from tgsandbox.telegram.payments.currencies import STARS
from tgsandbox.telegram.payments.failures import PaymentFailed
from tgsandbox.telegram.payments.invoices import Invoice, invoice_by_link
from tgsandbox.telegram.payments.records import Charge, MediaPayload, SavedInfo, Subscription
from tgsandbox.telegram.payments.stars import Stars
from tgsandbox.telegram.payments.subscriptions import Subscriptions
from tgsandbox.telegram.records import Bot, Json, Message, Record, User

if TYPE_CHECKING:
    from tgsandbox.telegram.world import World

_LETTERS = string.ascii_letters + string.digits + "-_"


class Till:
    def __init__(self, world: "World") -> None:
        self.world = world
        self.invoices: dict[str, Invoice] = {}
        self.charges: dict[str, Charge] = {}
        self.saved: dict[int, SavedInfo] = {}
        self.media_payloads: dict[str, str] = {}  # by the message's key
        self.stars = Stars(self)
        self.subscriptions = Subscriptions(self)
        self._numbers = itertools.count(1)

    def restore(self, record: Record) -> None:
        """A record that was kept, put where it belongs; renewals are due again."""
        match record:
            case Invoice():
                self.invoices[record.slug] = record
            case Charge():
                self.charges[record.id] = record
                last = max(record.number, record.refund_number)
                self._numbers = itertools.count(max(last + 1, next(self._numbers)))
            case Subscription():
                self.subscriptions.restore(record)
            case SavedInfo():
                self.saved[record.user_id] = record
            case MediaPayload():
                self.media_payloads[record.message] = record.payload

    # --- invoices

    def keep(self, invoice: Invoice) -> None:
        """From here on it can be paid."""
        self.invoices[invoice.slug] = invoice
        self.world.save(invoice)

    def open(self, user: User, invoice: Invoice, message: Message | None = None) -> Checkout:
        """The payment sheet; `message` is the one with the Pay button, if it was that."""
        checkout = Checkout(self, user, invoice, message)
        self.world.events.emit("checkout", user=user, bot=checkout.bot, invoice=invoice.slug)
        return checkout

    def invoice_by_link(self, link: str) -> Invoice:
        invoice = invoice_by_link(self.world, link)
        if invoice is None:
            raise PaymentFailed("SLUG_INVALID")
        return invoice

    # --- money

    def take(
        self, user: User, bot: Bot, currency: str, amount: int, purpose: str, **about: Any
    ) -> Charge:
        """The money changes hands: from a card without limit, or from the person's Stars."""
        assert amount > 0
        if currency == STARS:
            if user.stars < amount:
                raise PaymentFailed("BALANCE_TOO_LOW")
            user.stars -= amount
            self.world.save(user)
        number = next(self._numbers)
        charge_id, provider_id = self._ids(user, bot, currency, number)
        while charge_id in self.charges:  # dice with a seed fall as they did before
            charge_id, provider_id = self._ids(user, bot, currency, number)
        charge = Charge(
            id=charge_id,
            number=number,
            at=self.world.clock.now(),
            bot_id=bot.id,
            user_id=user.id,
            currency=currency,
            amount=amount,
            provider_id=provider_id,
            purpose=purpose,
            **about,
        )
        self.charges[charge.id] = charge
        self.world.save(charge)
        return charge

    def give_back(self, charge: Charge) -> None:
        assert charge.refunded is None
        user, _ = self.parties(charge)
        charge.refunded = self.world.clock.now()
        charge.refund_number = next(self._numbers)
        self.world.save(charge)
        if charge.in_stars:
            user.stars += charge.amount
            self.world.save(user)
        self.tell("refunded", charge)

    def refund_card(self, provider_id: str) -> Charge:
        """What a merchant does in the dashboard of the provider. Telegram hears nothing of it."""
        for charge in self.charges.values():
            if charge.provider_id == provider_id and not charge.in_stars:
                if charge.refunded is not None:
                    raise ValueError(f"The charge {provider_id} has been refunded already.")
                self.give_back(charge)
                return charge
        raise ValueError(f"There is no charge {provider_id} of a card.")

    def announce(self, charge: Charge, *, message: Message | None = None, **more: Any) -> Message:
        """The payer's service message about the payment, which is how the bot hears of it."""
        user, bot = self.parties(charge)
        chat = self.world.private_chat(user, bot)
        if not chat.started:  # who pays has spoken to the bot
            chat.started = True
            self.world.save(chat)
        paid = {
            "currency": charge.currency,
            "total_amount": charge.amount,
            "invoice_payload": charge.payload,
            **more,
            "telegram_payment_charge_id": charge.id,
            "provider_payment_charge_id": charge.provider_id,
        }
        answered = message.id if message and message.chat is chat else None
        said = self.world.say(chat, user, {"successful_payment": paid}, reply_to=answered)
        self.tell("paid", charge)
        return said

    def tell(self, event: str, charge: Charge) -> None:
        """Whoever watches the sandbox."""
        user, bot = self.parties(charge)
        self.world.events.emit(
            event,
            user=user,
            bot=bot,
            amount=charge.amount,
            currency=charge.currency,
            payload=charge.payload,
            charge=charge.id,
        )

    def tell_failed(self, user: User, bot: Bot, invoice: str, error: PaymentFailed) -> None:
        self.world.events.emit(
            "payment_failed", user=user, bot=bot, code=error.code, text=error.text, invoice=invoice
        )

    def parties(self, charge: Charge | Subscription) -> tuple[User, Bot]:
        return self.world.users[charge.user_id], self.world.bots[charge.bot_id]

    def balance(self, bot: Bot) -> int:
        """In Stars."""
        return self.stars.balance(bot)

    # --- what people do

    def buy_stars(self, user: User, amount: int) -> None:
        """From Telegram, for money that is nobody's business here."""
        self.stars.buy(user, amount)

    def unlock(self, user: User, message: Message) -> Charge:
        """Pay for the media of a message."""
        return self.stars.unlock(user, message)

    def set_media_payload(self, message: Message, payload: str) -> None:
        """Remembered over a restart, which `media_payloads` alone is not."""
        self.media_payloads[message.key] = payload
        self.world.save(MediaPayload(message.key, payload))

    def save_info(self, user: User, info: Json) -> None:
        known = self.saved.setdefault(user.id, SavedInfo(user.id))
        known.info = {**known.info, **info}
        self.world.save(known)

    # --- the books

    def books(self) -> list[Json]:
        """Every charge and every refund, in the order in which they happened."""
        rows = []
        for charge in self.charges.values():
            row: Json = {
                "at": charge.at,
                "kind": "charge",
                "purpose": charge.purpose,
                "bot": charge.bot_id,
                "user": charge.user_id,
                "currency": charge.currency,
                "amount": charge.amount,
                "payload": charge.payload,
                "telegram_payment_charge_id": charge.id,
                "provider_payment_charge_id": charge.provider_id,
                "provider_token": charge.provider_token,
                "state": "paid" if charge.refunded is None else "refunded",
                "refunded": charge.refunded is not None,
            }
            rows.append((charge.number, row))
            if charge.refunded is not None:
                back = row | {"at": charge.refunded, "kind": "refund"}
                rows.append((charge.refund_number, back))
        return [row for _, row in sorted(rows, key=lambda each: each[0])]

    def _ids(self, user: User, bot: Bot, currency: str, number: int) -> tuple[str, str]:
        """Telegram's and the provider's for a charge, which look as theirs do."""
        if currency == STARS:
            return f"stx{self._letters(137)}", f"{user.id}_{number}"
        random = self.world.random.randrange(10**9)
        return f"{bot.id}_{user.id}_{number}_{random}", f"ch_{self._letters(24)}"

    def _letters(self, count: int) -> str:
        return "".join(self.world.random.choices(_LETTERS, k=count))
