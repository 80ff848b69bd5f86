"""What an app is, and what it works with."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from kassa import outbox
from kassa.config import Settings
from kassa.db import Database, Tx
from kassa.money import Money
from kassa.outbox import Job
from kassa.payments import Payer, Payments, Purpose, Rows, notices
from kassa.telegram import Bots, MenuItem, Pay
from kassa.texts import Texts, load
from kassa.users import User

if TYPE_CHECKING:
    from aiogram import Router
    from aiogram.types import CallbackQuery, Message
    from fastapi import APIRouter

    from kassa.telegram.sender import Sender


@dataclass(frozen=True, slots=True)
class Kassa:
    """What an app works with: its handlers and jobs get it as `kassa`, its API from
    `request.app.state.kassa`."""

    settings: Settings
    database: Database
    payments: Payments
    bots: Bots
    sender: "Sender"
    closing: list[Callable[[], Awaitable[None]]] = field(default_factory=list)  # at the end

    @classmethod
    def of(cls, settings: Settings, database: Database, payments: Payments) -> "Kassa":
        from kassa.telegram.bots import from_settings
        from kassa.telegram.sender import Sender

        bots = from_settings(settings)
        share = settings.telegram_messages_per_second / settings.workers
        return cls(settings, database, payments, bots, Sender(database, bots, per_second=share))

    async def bill(
        self,
        tx: Tx,
        event: "Message | CallbackQuery",
        user: User,
        amount: Money,
        *,
        purpose: str,
        what: str,
        provider: str = "",
        method: str = "",
        **more: Any,
    ) -> Pay:
        """Writes down what a person is to pay, for a handler to return: they are shown how to pay
        once it is committed. `what` is read by them; `more` is what `payments.create` takes."""
        assert event.bot is not None, "An update that no bot has brought."
        payer = Payer(language=user.language, phone=user.phone, telegram_id=user.telegram_id)
        payment = await self.payments.create(
            tx,
            user=user.id,
            bot=str(event.bot.id),
            amount=amount,
            purpose=purpose,
            description=what,
            payer=more.pop("payer", payer),
            **more,
        )
        return Pay(payment.id, provider, method)

    async def tell(
        self,
        tx: Tx,
        user: int,
        text: str,
        *,
        app: str,
        bot: str = "",
        buttons: Rows = (),
        html: bool = False,
        **args: Any,
    ) -> None:
        """A text of an app's is said to a person once it is committed: by that bot (its number),
        or by whichever reaches them. `html`: it has tags of its own, and its args have none."""
        said = notices.to(user, text, app=app, bot=bot, args=args, buttons=buttons, html=html)
        await outbox.put(tx, notices.TO_PERSON, said)


@dataclass(frozen=True)
class App:
    """`package` is where its `texts/` lie, and its `sql/` if it has tables. An app of one file
    brings its texts itself, as `words`: {"ru": "start = …", "uz": …, "en": …}."""

    name: str
    package: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    bot: "Router | None" = None
    api: "APIRouter | None" = None
    purposes: Sequence[Purpose] = ()
    jobs: Mapping[str, Callable[[Kassa, Job], Awaitable[None]]] = field(default_factory=dict)
    schedule: Mapping[str, str] = field(default_factory=dict)  # a job's kind: when, by cron
    menu: Sequence[MenuItem] = ()
    menu_button: MenuItem | None = None
    free_text: bool = False  # it listens to whatever is written
    asks_terms: bool = False  # /start begins with TERMS_URL, where there is a TERMS_VERSION
    options: type[BaseModel] | None = None  # what it wants to know: [app.NAME] in kassa.toml
    disagrees: Callable[[Settings], Sequence[str]] | None = None  # what of it, in words

    @cached_property
    def texts(self) -> Texts:
        return load(self.package) if self.package else Texts(self.name, self.words)
