"""Tips in Stars: a dialog in which the amount is typed, and a job that comes back in a month."""

from datetime import timedelta

from aiogram import F, Router, types
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup

from kassa import money, outbox
from kassa.apps import App, Kassa, MenuItem
from kassa.db import Tx
from kassa.errors import Invalid
from kassa.ledger import Leg, revenue, wallet
from kassa.outbox import Job
from kassa.payments import Delivered, Message, Payment, Purpose
from kassa.telegram import Pay, Speaker, Wish
from kassa.users import User

router = Router()


class Tipping(StatesGroup):
    amount = State()


@router.message(Command("tip"))
async def tip(message: types.Message, state: FSMContext, t: Speaker) -> Wish:
    await state.set_state(Tipping.amount)
    return message.answer(t("how-much"))


@router.message(Tipping.amount, F.text)
async def typed(
    message: types.Message, *, state: FSMContext, user: User, tx: Tx, t: Speaker, kassa: Kassa
) -> Wish | Pay:
    try:
        amount = money.parse(message.text or "", "XTR")
        asked = await kassa.bill(tx, message, user, amount, purpose="tips.tip", what=t("tip"))
    except Invalid:
        return message.answer(t("no-amount"))
    await state.clear()
    return asked


async def on_paid(tx: Tx, payment: Payment) -> Delivered:
    month = timedelta(days=30)
    await outbox.put(tx, "tips.remind", {"user": payment.user}, key=str(payment.user), after=month)
    leg = Leg(wallet(payment.user, "XTR"), revenue("tips", "XTR"), payment.amount)
    return Delivered([leg], [Message("thanks")])


async def remind(kassa: Kassa, job: Job) -> None:
    async def work(tx: Tx) -> None:
        await kassa.tell(tx, job.payload["user"], "remind", app="tips")
        await outbox.finish(tx, job)

    await kassa.database.run(work)


RU = """tip = Чаевые
how-much = Сколько звёзд? Напишите число, или /cancel.
no-amount = Не вижу числа. Например: 50
thanks = Спасибо! ☕️
remind = Прошёл месяц. Если кофе всё ещё хорош: /tip"""
UZ = """tip = Choychaqa
how-much = Nechta yulduz? Sonini yozing yoki /cancel.
no-amount = Son ko‘rinmadi. Masalan: 50
thanks = Rahmat! ☕️
remind = Bir oy o‘tdi. Qahva hali ham yaxshi bo‘lsa: /tip"""
EN = """tip = A tip
how-much = How many Stars? Type the number, or /cancel.
no-amount = I see no number. For example: 50
thanks = Thank you! ☕️
remind = A month has passed. If the coffee is still good: /tip"""

APP = App(
    name="tips",
    bot=router,
    purposes=[Purpose("tips.tip", on_paid)],
    jobs={"tips.remind": remind},
    menu=[MenuItem("tip", command="tip")],
    words={"ru": RU, "uz": UZ, "en": EN},
)
