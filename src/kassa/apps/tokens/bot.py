"""The bot: the balance, paying, history, and pictures for tokens."""

from aiogram import Bot as AiogramBot
from aiogram import F, Router
from aiogram.filters import Command, CommandObject, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from kassa.apps.models import Kassa
from kassa.apps.tokens import options, pictures, service, showing
from kassa.apps.tokens.models import NotEnough, StillDrawing
from kassa.apps.tokens.pictures import WrongWords
from kassa.apps.tokens.showing import IDEAS, LINES, Said
from kassa.db import Tx
from kassa.errors import NotFound
from kassa.telegram import Speaker, Wish, Wishes, private
from kassa.telegram import showing as house_shows
from kassa.telegram.routing import House
from kassa.texts import load
from kassa.users import User, zones

router = Router()


@router.message(Command("balance", "pay", "generate"), ~private.ONLY)
async def elsewhere(message: Message, bot: AiogramBot, t: Speaker) -> Wish:
    """What concerns one person's money is said to them alone."""
    return await private.elsewhere(message, bot, Speaker(load("kassa.telegram"), t.language))


class Asking(StatesGroup):
    """For words to draw. Whoever goes elsewhere is asked no more: their next words are no order."""

    words = State()


# -- the balance -------------------------------------------------------------------


@router.message(Command("balance"))
async def balance(
    message: Message, *, user: User, tx: Tx, t: Speaker, kassa: Kassa, state: FSMContext
) -> Wish:
    await state.clear()
    return (await _balance(message, user, tx, t, kassa)).new(message)


@router.callback_query(F.data == "balance")
async def show_balance(
    query: CallbackQuery, *, user: User, tx: Tx, t: Speaker, kassa: Kassa, state: FSMContext
) -> Wishes:
    await state.clear()
    return (await _balance(query, user, tx, t, kassa)).instead(query)


async def _balance(
    event: Message | CallbackQuery, user: User, tx: Tx, t: Speaker, kassa: Kassa
) -> Said:
    return showing.balance(t, await service.standing(tx, user), _page(kassa, event))


@router.message(Command("pay"))
async def pay(message: Message, t: Speaker, kassa: Kassa, state: FSMContext) -> Wish:
    await state.clear()
    return showing.pay(t, _page(kassa, message)).new(message)


@router.callback_query(F.data.regexp(r"^balance_history(:[0-9]{1,18})?$"))
async def history(
    query: CallbackQuery, user: User, tx: Tx, t: Speaker, state: FSMContext
) -> Wishes:
    await state.clear()
    _, _, before = (query.data or "").partition(":")
    lines = await service.history(tx, user, before=int(before) if before else None, most=LINES + 1)
    zone = await zones.of(tx, user.id)
    return showing.history(t, lines, zone=zone, first=not before).instead(query)


@router.callback_query(F.data == "main_menu")
async def main_menu(
    query: CallbackQuery, *, user: User, t: Speaker, kassa: Kassa, house: House, state: FSMContext
) -> Wishes:
    await state.clear()
    base = house_shows.base(kassa.settings)
    keyboard = house_shows.keyboard(house, user.language, base=base, private=True)
    rows = keyboard.inline_keyboard if keyboard else []
    return Said(t("start", name=user.first_name), rows).instead(query)


# -- pictures ----------------------------------------------------------------------


@router.message(Command("generate"))
async def generate(
    message: Message,
    *,
    command: CommandObject,
    user: User,
    tx: Tx,
    t: Speaker,
    kassa: Kassa,
    state: FSMContext,
) -> Wish:
    await state.clear()
    return await _draw(message, command.args, user=user, tx=tx, t=t, kassa=kassa)


@router.callback_query(F.data == "tokens:draw")
async def ask(query: CallbackQuery, t: Speaker, kassa: Kassa, state: FSMContext) -> Wishes:
    await state.set_state(Asking.words)
    return [query.answer(), showing.ask(t, options.of(kassa.settings)).new(query)]


@router.message(StateFilter(Asking.words), F.text, ~F.text.startswith("/"))
async def told(
    message: Message, *, user: User, tx: Tx, t: Speaker, kassa: Kassa, state: FSMContext
) -> Wish:
    try:
        pictures.words(message.text)
    except WrongWords:
        pass  # they may try again
    else:
        await state.clear()
    return await _draw(message, message.text, user=user, tx=tx, t=t, kassa=kassa)


@router.callback_query(F.data.in_({f"tokens:{each}" for each in IDEAS}))
async def idea(
    query: CallbackQuery, *, user: User, tx: Tx, t: Speaker, kassa: Kassa, state: FSMContext
) -> Wishes:
    await state.clear()
    said = t((query.data or "").removeprefix("tokens:"))
    return [query.answer(), await _draw(query, said, user=user, tx=tx, t=t, kassa=kassa)]


@router.callback_query(F.data.regexp(r"^tokens:(again|bigger):([0-9]{1,18})$"))
async def more(
    query: CallbackQuery,
    *,
    user: User,
    tx: Tx,
    t: Speaker,
    kassa: Kassa,
    bot: AiogramBot,
    state: FSMContext,
) -> Wishes:
    await state.clear()
    _, which, number = (query.data or "").split(":")
    try:
        before = await pictures.one(tx, int(number), user=user.id)
    except NotFound:
        return query.answer()
    size, variation = before.size, before.variation
    if which == "again":
        variation = await pictures.next_variation(tx, before)
    else:
        size = pictures.larger(size) or size
    try:
        await pictures.want(
            *(tx, user, bot.id, before.words),
            options=options.of(kassa.settings),
            size=size,
            variation=variation,
        )
    except StillDrawing:
        return query.answer(t("draw-busy"))
    except NotEnough as short:
        return [query.answer(), showing.not_enough(t, short, _page(kassa, query)).new(query)]
    return query.answer(t("draw-again-begun"))


async def _draw(
    event: Message | CallbackQuery,
    said: str | None,
    *,
    user: User,
    tx: Tx,
    t: Speaker,
    kassa: Kassa,
) -> Wish:
    assert event.bot is not None
    try:
        drawing = await pictures.want(
            tx, user, event.bot.id, said or "", options=options.of(kassa.settings), size="small"
        )
    except WrongWords as wrong:
        return Said(t(wrong.text, most=pictures.MOST_WORDS)).new(event)
    except StillDrawing:
        return Said(t("draw-busy")).new(event)
    except NotEnough as short:
        return showing.not_enough(t, short, _page(kassa, event)).new(event)
    return Said(t("draw-begun", words=drawing.words)).new(event)


def _page(kassa: Kassa, event: Message | CallbackQuery) -> str:
    assert event.bot is not None
    return showing.page(kassa, event.bot.id)
