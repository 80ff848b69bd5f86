"""A fortune for ten tokens: shown beside the app tokens, it sells for what people have there."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from kassa.apps import App, MenuItem
from kassa.apps.tokens import costs
from kassa.telegram import Speaker, Wish
from kassa.users import User

router = Router()


@router.message(Command("fortune"))
@costs(10)
async def fortune(message: Message, user: User, t: Speaker) -> Wish:
    return message.answer(t("fortune", name=user.first_name))


RU = """label-fortune = Предсказание за 10 токенов
fortune = { $name }, вас ждёт удача 🍀"""
UZ = """label-fortune = 10 tokenga bashorat
fortune = { $name }, sizni omad kutmoqda 🍀"""
EN = """label-fortune = A fortune for 10 tokens
fortune = { $name }, good luck is on its way 🍀"""

APP = App(
    name="oracle",
    bot=router,
    menu=[MenuItem("label-fortune", command="fortune")],
    words={"ru": RU, "uz": UZ, "en": EN},
)
