"""People who act: they write, press, pay, and wait for what a bot answers."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tgsandbox.found import MiniApp, find_button, find_mini_app, newest_invoice
from tgsandbox.seen import Answer, InlineResult, Seen
from tgsandbox.telegram import acts, membership
from tgsandbox.telegram.acts import Impossible
from tgsandbox.telegram.inline import result_message
from tgsandbox.telegram.payments.checkout import Checkout, Receipt
from tgsandbox.telegram.payments.failures import VerificationNeeded
from tgsandbox.telegram.payments.records import Subscription
from tgsandbox.telegram.records import Chat, Json, Message, Query
from tgsandbox.watching import Watcher

if TYPE_CHECKING:
    from tgsandbox.bots import BotAccess
    from tgsandbox.sandbox import Group

_T = TypeVar("_T")
ADDRESS = {
    "country_code": "UZ",
    "state": "",
    "city": "Tashkent",
    "street_line1": "Amir Temur 1",
    "street_line2": "",
    "post_code": "100000",
}


class Pressed:
    """A press of a button; the bot's answer to it can be waited for."""

    def __init__(self, person: "Person", button: Json, query: Query | None = None) -> None:
        self.text = str(button["text"])
        self.data: str | None = button.get("callback_data")
        self.url: str | None = button.get("url")
        self.copied: str | None = (button.get("copy_text") or {}).get("text")
        self._person = person
        self._query = query

    async def answer(self, *, timeout: float | None = None) -> Answer:
        query = self._query
        if query is None:
            raise Impossible(f"Nobody answers a press of {self.text!r}.")

        def given() -> Answer | None:
            if query.answer is None:
                return None
            told = query.answer
            return Answer(told.get("text", ""), told.get("show_alert", False), told.get("url"))

        return await self._person.until(given, f"an answer to {self.text!r}", timeout)


class Person(Watcher):
    """Made by `Sandbox.user`. `to` may be left out: then it is the chat of the moment."""

    # --- writing

    async def send(
        self,
        to: "BotAccess | Group | str | None",
        text: str | None = None,
        *,
        reply_to: Seen | int | None = None,
    ) -> Seen:
        """`send(bot, "/start")`, and then just `send("hello")`."""
        if isinstance(to, str):
            to, text = None, to
        more: Any = {} if reply_to is None else {"reply_to": _id(reply_to)}
        chat = self._chat(to)
        return self._said(acts.write_text(self._world, self.user, chat, text or "", **more))

    async def start(self, bot: "BotAccess", parameter: str = "") -> Seen:
        """A press of Start, or a deep link with its parameter."""
        return await self.send(bot, f"/start {parameter}".rstrip())

    async def voice(self, sound: Path | str | bytes, to: Any = None, **more: Any) -> Seen:
        return self._file("voice", sound, to, **more)

    async def photo(self, image: Path | str | bytes, to: Any = None, **more: Any) -> Seen:
        return self._file("photo", image, to, **more)

    async def document(self, file: Path | str | bytes, to: Any = None, **more: Any) -> Seen:
        return self._file("document", file, to, **more)

    async def video(self, file: Path | str | bytes, to: Any = None, **more: Any) -> Seen:
        return self._file("video", file, to, **more)

    async def audio(self, file: Path | str | bytes, to: Any = None, **more: Any) -> Seen:
        return self._file("audio", file, to, **more)

    async def sticker(self, file: Path | str | bytes, to: Any = None, **more: Any) -> Seen:
        return self._file("sticker", file, to, **more)

    async def album(self, photos: list[bytes], to: Any = None, *, caption: str = "") -> list[Seen]:
        chat = self._chat(to)
        sent = acts.send_album(self._world, self.user, chat, photos, caption=caption)
        return [self._said(each) for each in sent]

    async def share_contact(self, to: Any = None) -> Seen:
        return self._said(acts.share_contact(self._world, self.user, self._chat(to)))

    async def share_location(self, latitude: float, longitude: float, to: Any = None) -> Seen:
        body = {"location": {"latitude": latitude, "longitude": longitude}}
        return self._said(acts.write(self._world, self.user, self._chat(to), body))

    async def forward(self, message: Seen, to: Any = None) -> Seen:
        chat = self._chat(to)
        return self._said(acts.forward(self._world, self.user, message.message, chat))

    async def edit(self, message: Seen, text: str) -> None:
        acts.edit(self._world, self.user, message.message, text)

    async def delete(self, message: Seen) -> None:
        acts.delete(self._world, self.user, message.message)

    async def react(self, message: Seen, emoji: str | None) -> None:
        acts.react_with(self._world, self.user, message.message, emoji)

    # --- buttons, Mini Apps, inline mode

    async def press(
        self, text: str, *, under: Seen | None = None, timeout: float | None = None
    ) -> Pressed:
        """The button that says so: under a message, the latest first, or below the field."""

        def found() -> tuple[Chat, Message | None, Json] | None:
            return find_button(self._world, self._chats(), text, under)

        chat, message, button = await self.until(found, f"a button {text!r}", timeout)
        self._here = chat
        if message is None:
            acts.tap(self._world, self.user, chat, button)
            return Pressed(self, button)
        self._read(message)
        if button.get("pay"):
            raise Impossible(f"{text!r} opens the payment: pay() does that.")
        if button.get("web_app"):
            raise Impossible(f"{text!r} opens a Mini App: open_mini_app() does that.")
        data = button.get("callback_data")
        if data is None:
            return Pressed(self, button)
        return Pressed(self, button, acts.press(self._world, self.user, message, data))

    async def open_mini_app(
        self, text: str | None = None, *, timeout: float | None = None
    ) -> MiniApp:
        """By the button that says so, or by the menu button; the address, with signed data."""

        def found() -> MiniApp | None:
            return find_mini_app(self._world, self.user, self._chats(), text)

        return await self.until(
            found, f"a button {text or 'of the menu'} that opens an app", timeout
        )

    async def ask_inline(self, bot: "BotAccess", text: str, to: Any = None) -> list[InlineResult]:
        """What the bot offers for `@bot text`."""
        chat = self._chat(to or bot)
        query = acts.ask_inline(self._world, self.user, bot.record, chat=chat, text=text)

        def found() -> list[InlineResult] | None:
            if query.answer is None:
                return None
            return [
                InlineResult(each["id"], each["title"], each["description"], query, each)
                for each in query.answer["results"]
            ]

        return await self.until(found, f"results for {text!r}", None)

    async def choose(self, result: InlineResult) -> Seen:
        bot = self._world.bots[result.query.bot_id]
        chat = self._world.chats[result.query.about["chat"]]
        message = result_message(self._world, bot, self.user, chat, result.result)
        text = result.query.about["text"]
        acts.chosen(self._world, self.user, bot, message=message, result_id=result.id, text=text)
        return self._said(message)

    # --- paying

    async def pay(
        self,
        invoice: Seen | str | None = None,
        *,
        card: str = "ok",
        tip: int = 0,
        shipping: str | None = None,
        confirm: bool = True,
        timeout: float | None = None,
        **info: Any,
    ) -> Receipt:
        """The latest invoice, or the one of a link, with all that its sheet asks for filled in.

        `shipping` names an option by its title or id; `info` may give name, phone_number, email
        and shipping_address; `confirm` is what the bank hears when the card is "3ds". Raises
        `PaymentFailed` where the payer would see it fail.
        """
        checkout = await self.checkout(invoice, timeout=timeout)
        form = checkout.form()
        needs = form["needs"]
        given = {
            "name": self.name,
            "phone_number": self.user.phone,
            "email": "buyer@example.com",
            "shipping_address": ADDRESS,
        } | info
        await checkout.submit({name: given[name] for name in given if needs[name]})
        options = checkout.shipping_options
        chosen = None
        if options:
            wanted = [each for each in options if shipping in (None, each["id"], each["title"])]
            if not wanted:
                raise Impossible(f"There is no way of shipping {shipping!r}.")
            chosen = wanted[0]["id"]
        try:
            return await checkout.pay(card=card, tip=tip, shipping_option=chosen)
        except VerificationNeeded:
            return await checkout.confirm(confirm)

    async def checkout(
        self, invoice: Seen | str | None = None, *, timeout: float | None = None
    ) -> Checkout:
        """The payment sheet, to be gone through step by step."""
        till = self._world.till
        if isinstance(invoice, str):
            return till.open(self.user, till.invoice_by_link(invoice))

        def found() -> Message | None:
            if isinstance(invoice, Seen):
                return invoice.message
            return newest_invoice(self._chats())

        message = await self.until(found, "an invoice", timeout)
        if message.invoice is None:
            raise Impossible("There is no invoice in that message.")
        self._read(message)
        return till.open(self.user, till.invoices[message.invoice], message)

    async def unlock(self, message: Seen) -> None:
        """Paid media, for its Stars."""
        self._world.till.unlock(self.user, message.message)

    def cancel_subscription(self, link: str) -> None:
        """The one of the link; it lasts until its end."""
        self._world.till.subscriptions.cancel(self._subscription(link))

    def resume_subscription(self, link: str) -> None:
        self._world.till.subscriptions.resume(self._subscription(link))

    def _subscription(self, link: str) -> Subscription:
        till = self._world.till
        found = till.subscriptions.of(self.user, till.invoice_by_link(link))
        if not found:
            raise Impossible(f"{self.name} has no subscription of {link}.")
        return found[0]

    def buy_stars(self, amount: int) -> None:
        self._world.till.buy_stars(self.user, amount)

    # --- being there or not

    def block(self, bot: "BotAccess") -> None:
        acts.block(self._world, self.user, bot.record)

    def unblock(self, bot: "BotAccess") -> None:
        acts.unblock(self._world, self.user, bot.record)

    def allow_writing(self, bot: "BotAccess") -> None:
        acts.allow_writing(self._world, self.user, bot.record)

    def leave(self, group: "Group") -> None:
        acts.leave(self._world, self.user, group.chat)

    async def ask_to_join(self, link: str) -> str:
        """By an invite link: "pending" until somebody answers, or "joined" at once."""
        chat = acts.join_by(self._world, self.user, link)
        return "joined" if self._world.is_member(chat, self.id) else "pending"

    def is_in(self, group: "Group") -> bool:
        return self._world.is_member(group.chat, self.id)

    async def let_in(self, group: "Group", *, timeout: float | None = None) -> None:
        """Until one is in the chat."""
        await self.until(
            lambda: self.is_in(group) or None, f"to be let into {group.chat.title}", timeout
        )

    async def put_out(self, group: "Group", *, timeout: float | None = None) -> None:
        """Until one is no longer in the chat."""
        await self.until(
            lambda: not self.is_in(group) or None, f"to be put out of {group.chat.title}", timeout
        )

    def join(self, group: "Group") -> None:
        membership.set_standing(self._world, group.chat, self.user, self.user, "member")

    def _said(self, message: Message) -> Seen:
        self._here = message.chat
        return Seen.of(self._world, message)

    def _file(self, kind: str, given: Path | str | bytes, to: Any, **more: Any) -> Seen:
        content = given if isinstance(given, bytes) else Path(given).read_bytes()
        if not isinstance(given, bytes):
            more.setdefault("name", Path(given).name)
        chat = self._chat(to)
        return self._said(acts.send_file(self._world, self.user, chat, kind, content, **more))


def _id(message: Seen | int) -> int:
    return message.id if isinstance(message, Seen) else message
