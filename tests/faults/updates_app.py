"""What the bot does in tests/faults/updates.py: every effect is a row, every answer names its act.

`kassa run` finds a copy of it, as an app of one file, in the folder where it runs.
"""

from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from kassa.apps import App
from kassa.db import Tx
from kassa.ledger import Leg, revenue, wallet
from kassa.money import Money
from kassa.payments import Delivered, Payer, Payment, Payments, Purpose
from kassa.payments import Message as Said
from kassa.telegram import Pay
from kassa.users import User

PRICE = Money(50, "XTR")
TABLE = """
CREATE TABLE public.effects (
    n bigint GENERATED ALWAYS AS IDENTITY, person bigint, bot bigint, what text, act text
);
GRANT SELECT, INSERT ON public.effects TO kassa_app
"""

router = Router()


class Asked(StatesGroup):
    word = State()


async def effect(tx: Tx, user: int, bot: int, what: str, act: str) -> None:
    await tx.execute(
        "INSERT INTO public.effects (person, bot, what, act) VALUES ($1, $2, $3, $4)",
        *(user, bot, what, act),
    )


def bot_of(message: Message | CallbackQuery) -> int:
    assert message.bot is not None
    return message.bot.id


@router.message(Command("do"))
async def do(message: Message, command: CommandObject, user: User, tx: Tx) -> Any:
    act = command.args or ""
    await effect(tx, user.id, bot_of(message), "done", act)
    more = InlineKeyboardButton(text=f"more {act}", callback_data=f"more:{act}")
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[more]])
    return message.answer(f"done {act}.", reply_markup=keyboard)


@router.callback_query(F.data.startswith("more:"))
async def more(query: CallbackQuery, user: User, tx: Tx) -> Any:
    act = (query.data or "").partition(":")[2]
    await effect(tx, user.id, bot_of(query), "pressed", act)
    assert query.message is not None
    return [query.answer("…"), query.message.answer(f"pressed {act}.")]


@router.message(Command("ask"))
async def ask(message: Message, command: CommandObject, state: FSMContext) -> Any:
    await state.set_state(Asked.word)
    await state.set_data({"act": command.args, "words": []})
    return message.answer(f"first {command.args}?")


@router.message(Asked.word)
async def word(message: Message, state: FSMContext, user: User, tx: Tx) -> Any:
    """The second word ends it."""
    data = await state.get_data()
    words = [*data["words"], message.text]
    if len(words) < 2:
        await state.update_data(words=words)
        return message.answer(f"second {data['act']}?")
    await state.clear()
    await effect(tx, user.id, bot_of(message), "told", f"{data['act']}={'+'.join(words)}")
    return message.answer(f"told {data['act']}.")


@router.message(Command("buy"))
async def buy(
    message: Message, command: CommandObject, user: User, tx: Tx, payments: Payments
) -> Any:
    act = command.args or ""
    await effect(tx, user.id, bot_of(message), "bought", act)
    payment = await payments.create(
        tx,
        user=user.id,
        bot=str(bot_of(message)),
        amount=PRICE,
        purpose="updates_app.gift",
        description=act,
        payer=Payer(telegram_id=user.telegram_id, language=user.language),
    )
    return Pay(payment.id, provider="stars")


async def deliver(tx: Tx, payment: Payment) -> Delivered:
    await effect(tx, payment.user, int(payment.bot), "delivered", payment.description)
    leg = Leg(wallet(payment.user, "XTR"), revenue("updates_app", "XTR"), payment.amount)
    return Delivered(legs=[leg], messages=[Said("thanks", {"act": payment.description})])


_WORDS = "start = Hello\nthanks = thanks { $act }.\nbuy = Buy"

APP = App(
    name="updates_app",
    bot=router,
    purposes=[Purpose("updates_app.gift", on_paid=deliver)],
    words={"ru": _WORDS, "uz": _WORDS, "en": _WORDS},
)
