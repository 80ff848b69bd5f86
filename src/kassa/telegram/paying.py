"""A payment is started, or asked about, from a chat: with no transaction open.

Started twice it is the same: the provider is asked once, and the payer may read it twice.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from kassa import clock
from kassa import texts as speech
from kassa.botapi import Gone, Refused
from kassa.errors import KassaError, Unavailable
from kassa.log import get
from kassa.outbox import Job
from kassa.payments import (
    NoSuchMethod,
    NoSuchPayment,
    NotOpen,
    Offer,
    OutcomeUnknown,
    Payment,
    Payments,
    Started,
    Status,
)
from kassa.telegram import bills
from kassa.telegram import paying_words as words
from kassa.telegram.bots import Bots
from kassa.telegram.carrying import Place, tell_refused
from kassa.telegram.paying_words import ANY, Words
from kassa.telegram.saying import dislikes_address
from kassa.telegram.sender import Sender
from kassa.telegram.speaker import Speaker
from kassa.texts import Texts
from kassa.users import service as people

SILENCE = 0.7  # seconds, until the payer sees that we are busy
TYPING = 4.0  # seconds that they see it
PATIENCE = 5.0  # seconds that a pressed button shows that it waits

_T = TypeVar("_T")
_log = get(__name__)


class Paying:
    def __init__(
        self, payments: Payments, sender: Sender, bots: Bots, texts: Texts | None = None
    ) -> None:
        self.payments = payments
        self._sender = sender
        self._bots = bots
        self._texts = texts or speech.load("kassa.telegram")

    # -- paying --------------------------------------------------------------------

    async def pay(self, at: Place, wish: Sequence[Any]) -> None:
        """`wish` is [payment, provider, method, a message whose place the answer takes]."""
        number, provider, method, instead_of = wish
        t = Speaker(self._texts, at.language)
        payment = await self._theirs(at, number)
        if payment is None:
            await self._say(at, Words([t("pay-none")]), instead_of)
        elif ended := _ended(payment):
            await self._say(at, words.over(t, payment, ended), instead_of)
        elif provider and provider != ANY:
            await self._start(at, t, payment, Offer(provider, method), instead_of)
        else:
            await self._choose(at, t, payment, instead_of)

    async def _choose(self, at: Place, t: Speaker, payment: Payment, instead_of: int) -> None:
        offers = self.payments.offers(payment.price)
        if not offers:
            _log.error("pay.no_way", payment=payment.id, amount=str(payment.amount))
            await self._say(at, words.no_way(t, payment), instead_of)
        elif len(offers) == 1:
            await self._start(at, t, payment, offers[0], instead_of)
        else:
            await self._say(at, words.choice(t, payment, offers), instead_of)

    async def _start(
        self, at: Place, t: Speaker, payment: Payment, way: Offer, instead_of: int
    ) -> None:
        asking = self.payments.start(payment.id, provider=way.provider, method=way.method)
        try:
            started = await self._while_typing(at, asking)
        except NotOpen:
            now = await self.payments.get(self.payments.database, payment.id)
            await self._say(at, words.over(t, now, _ended(now) or "pay-is-over"), instead_of)
        except OutcomeUnknown:
            await self._say(at, words.to_check(t, payment), instead_of)
        except NoSuchMethod:  # an old button
            await self._choose(at, t, payment, instead_of)
        except Unavailable as error:
            _log.warning("pay.not_started", payment=payment.id, error=str(error))
            others = self._others(payment, way)
            said = words.instead(t, payment, t("pay-hiccup"), others, again=way)
            await self._say(at, said, instead_of)
        else:
            await self._show(at, t, started, way, instead_of)

    async def _show(
        self, at: Place, t: Speaker, started: Started, way: Offer, instead_of: int
    ) -> None:
        payment, checkout = started.payment, started.checkout
        another = bool(self._others(payment, way))
        if ended := _ended(payment):
            await self._say(at, words.over(t, payment, ended), instead_of)
        elif started.why is not None:
            why = speech.load("kassa.payments").say(t.language, "why", why=str(started.why))
            again = None if started.others else way
            said = words.instead(t, payment, why, started.others, again=again)
            await self._say(at, said, instead_of)
        elif checkout is None:  # a kept payment method is being charged
            await self._say(at, words.to_check(t, payment), instead_of)
        elif checkout.invoice is not None:
            await self._invoice(at, t, started, instead_of, another=another)
        else:
            said = words.page(t, payment, checkout, another=another)
            bare = words.page(t, payment, checkout, another=another, bare=True)
            message = await self._say(at, said, instead_of, otherwise=bare)
            await self._shown(at, payment, message)

    async def _invoice(
        self, at: Place, t: Speaker, started: Started, instead_of: int, *, another: bool
    ) -> None:
        payment, checkout = started.payment, started.checkout
        assert checkout is not None
        assert checkout.invoice is not None
        invoice = dict(checkout.invoice)
        here = at
        if payment.bot and (named := self._bots.get(_number(payment.bot))) is not None:
            here = replace(at, bot=named)  # an invoice is that bot's, and another cannot take it
        if invoice.get("subscription_period"):
            protected = invoice.pop("protect_content", None)
            link = await self._call(here, "createInvoiceLink", invoice)
            said = words.page(t, payment, replace(checkout, url=str(link)), another=another)
            message = await self._say(here, said, instead_of, protect_content=protected)
            await self._shown(here, payment, message)
            return
        buttons = words.below_invoice(t, payment, another=another)
        params = {**invoice, "chat_id": at.chat, "reply_markup": buttons}
        await self._call(here, "sendInvoice", params)
        if instead_of:
            await self._tidy(at, "deleteMessage", {"message_id": instead_of})

    def _others(self, payment: Payment, way: Offer) -> tuple[Offer, ...]:
        return tuple(each for each in self.payments.offers(payment.price) if each != way)

    # -- asking --------------------------------------------------------------------

    async def check(self, at: Place, wish: Sequence[Any]) -> None:
        """`wish` is [payment, the callback query that waits, the message that it was under]."""
        number, query, *more = wish
        t = Speaker(self._texts, at.language)
        payment = await self._theirs(at, number)
        if payment is None:
            await self._answer(at, query, t("pay-none"))
            return
        asking = asyncio.ensure_future(self.payments.check(payment.id))
        try:
            await asyncio.wait([asking], timeout=PATIENCE)
            if query and not asking.done():
                await self._answer(at, query, t("pay-asking"))
                query = ""
            payment = await asking
        finally:
            asking.cancel()
        await self._answer(at, query, words.stands(t, payment))
        if more and more[0] and not payment.is_open:
            with suppress(KassaError):
                await self._tell_ended(at, payment, more[0], urgent=True)

    async def _answer(self, at: Place, query: str, text: str) -> None:
        if not query:
            await self._say(at, Words([text]))
            return
        params = {"callback_query_id": query, "text": text, "show_alert": True}
        try:
            await self._call(at, "answerCallbackQuery", params)
        except Refused as error:  # it took so long that nobody looks at the button any more
            tell_refused(error, at.bot, at.chat)

    # -- where it is shown ---------------------------------------------------------

    async def _shown(self, at: Place, payment: Payment, message: int) -> None:
        await self.payments.shown(payment.id, bills.place(at.bot.id, at.chat, message))

    async def left(self, payment: int, place: str) -> None:
        """Something else is about to be shown there."""
        await self.payments.hidden(payment, place)

    async def ended(self, job: Job) -> None:
        """The job of a payment that has ended: nobody is to pay it where it is still shown."""
        number = job.payload["payment"]
        payment = await self.payments.get(self.payments.database, number)
        user = await people.get(self.payments.database, payment.user)
        unsaid: KassaError | None = None
        for place in payment.shown:
            bot, chat, message = bills.where(place)
            payment = await self.payments.get(self.payments.database, number)
            if payment.is_open or place not in payment.shown or self._bots.get(bot) is None:
                continue
            at = Place(self._bots[bot], chat, user.id, user.language, job.id)
            try:
                await self._tell_ended(at, payment, message, urgent=False)
            except KassaError as error:  # the others all the same
                unsaid = error
        if unsaid is not None:
            raise unsaid

    async def _tell_ended(self, at: Place, payment: Payment, message: int, *, urgent: bool) -> None:
        t = Speaker(self._texts, at.language)
        can_be_tried = not _ended(payment) and not words.is_unfit(payment)
        offers = self.payments.offers(payment.price) if can_be_tried else ()
        said = words.ended(t, payment, offers)
        where = {"chat_id": at.chat, "message_id": message}
        try:
            await self._call(at, "editMessageText", {**where, **said.params()}, urgent=urgent)
        except Refused as error:
            tell_refused(error, at.bot, at.chat)
        if not offers:  # else the buttons are ours, and it may turn out to be paid
            place = bills.place(at.bot.id, at.chat, message)
            await self.payments.hidden(payment.id, place)

    async def _theirs(self, at: Place, number: int) -> Payment | None:
        if at.user is None:
            return None
        try:
            return await self.payments.get(self.payments.database, number, user=at.user)
        except NoSuchPayment:
            return None

    # -- saying --------------------------------------------------------------------

    async def _say(
        self,
        at: Place,
        said: Words,
        instead_of: int = 0,
        *,
        otherwise: Words | None = None,
        **more: Any,
    ) -> int:
        """In the place of a message of ours, if it can still be changed; else as a new one, whose
        number this is.
        `otherwise` is what is said if Telegram does not take a button's address."""
        where = {"chat_id": at.chat}
        try:
            if instead_of:
                try:
                    params = {**where, "message_id": instead_of, **said.params()}
                    await self._call(at, "editMessageText", params)
                except Gone:
                    raise
                except Refused as error:
                    if "message is not modified" in error.words:
                        return instead_of
                    if otherwise is not None and dislikes_address(error):
                        raise
                else:
                    return instead_of
            sent = await self._call(at, "sendMessage", {**where, **said.params(), **more})
            if instead_of:
                await self._tidy(at, "deleteMessage", {"message_id": instead_of})
            return int(sent["message_id"])
        except Refused as error:
            if otherwise is None or not dislikes_address(error):
                raise
            return await self._say(at, otherwise, instead_of, **more)

    async def _call(
        self, at: Place, method: str, params: dict[str, Any], *, urgent: bool = True
    ) -> Any:
        return await self._sender.call(
            *(at.bot, method, params), chat=at.chat, urgent=urgent, ticket=at.ticket
        )

    async def _tidy(self, at: Place, method: str, params: dict[str, Any]) -> None:
        """What is not worth doing all of it again."""
        try:
            await self._call(at, method, {"chat_id": at.chat, **params})
        except KassaError as error:
            _log.debug("pay.not_tidied", method=method, why=str(error))

    async def _while_typing(self, at: Place, doing: Awaitable[_T]) -> _T:
        typing = asyncio.create_task(self._type(at))
        try:
            return await doing
        finally:
            typing.cancel()

    async def _type(self, at: Place) -> None:
        await asyncio.sleep(SILENCE)
        while True:
            await self._tidy(at, "sendChatAction", {"action": "typing"})
            await asyncio.sleep(TYPING)


def _ended(payment: Payment) -> str | None:
    """The text that says so, if nobody can pay it any more."""
    if payment.status is Status.SUCCEEDED:
        return "pay-is-paid"
    if payment.status in (Status.PROCESSING, Status.AUTHORIZED):
        return None  # the payer has done their part
    is_open = payment.is_open or payment.status is Status.FAILED
    return None if is_open and payment.expires_at > clock.now() else "pay-is-over"


def _number(bot: str) -> int | str:
    return int(bot) if bot.isdecimal() else bot
