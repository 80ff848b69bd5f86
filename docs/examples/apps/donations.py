"""Donations in Stars: choose how much, pay, be thanked, and stand in the list of who gave most."""

from html import escape

from aiogram import F, Router, types
from aiogram.filters import Command

from kassa.apps import App, Kassa, MenuItem
from kassa.db import Tx
from kassa.ledger import Leg, revenue, wallet
from kassa.money import Money
from kassa.payments import Delivered, Message, Payment, Purpose, Refund
from kassa.telegram import Pay, Speaker, Wish
from kassa.users import User

GIFTS = {f"give:{stars}": Money(stars, "XTR") for stars in (50, 250, 1000)}
router = Router()


@router.message(Command("donate"))
async def donate(message: types.Message, t: Speaker) -> Wish:
    buttons = [
        types.InlineKeyboardButton(text=f"{gift.amount} ⭐", callback_data=data)
        for data, gift in GIFTS.items()
    ]
    keyboard = types.InlineKeyboardMarkup(inline_keyboard=[buttons])
    return message.answer(t("how-much"), reply_markup=keyboard)


@router.callback_query(F.data.func(GIFTS.get).as_("gift"))
async def give(
    query: types.CallbackQuery, *, gift: Money, user: User, tx: Tx, t: Speaker, kassa: Kassa
) -> Pay:
    return await kassa.bill(tx, query, user, gift, purpose="donations.gift", what=t("donate"))


@router.message(Command("top"))
async def top(message: types.Message, tx: Tx, t: Speaker) -> Wish:
    rows = await tx.fetch("""
        SELECT first_name, sum(amount) AS stars
          FROM payments.payment JOIN users.person ON person.id = user_id
         WHERE purpose = 'donations.gift' AND delivery = 'done'
         GROUP BY person.id ORDER BY stars DESC, person.id LIMIT 10
        """)
    lines = [f"{escape(row['first_name'])} — {row['stars']} ⭐" for row in rows]
    return message.answer("\n".join([t("top" if rows else "nobody"), *lines]), parse_mode="HTML")


async def on_paid(tx: Tx, payment: Payment) -> Delivered:
    gift = Leg(wallet(payment.user, "XTR"), revenue("donations", "XTR"), payment.amount)
    return Delivered([gift], [Message("thanks", {"stars": payment.amount.amount})])


async def on_refunded(tx: Tx, payment: Payment, refund: Refund) -> Delivered:
    return Delivered([Leg(revenue("donations", "XTR"), wallet(payment.user, "XTR"), refund.share)])


RU = """donate = Поддержать проект
how-much = Спасибо, что вы с нами! Сколько подарите?
thanks = Вы подарили { $stars } ⭐. Спасибо! ❤️
top = 🏆 Самые щедрые
nobody = Пока никто. Станьте первым: /donate"""
UZ = """donate = Loyihani qo‘llab-quvvatlash
how-much = Biz bilan ekaningiz uchun rahmat! Qancha sovg‘a qilasiz?
thanks = Siz { $stars } ⭐ sovg‘a qildingiz. Rahmat! ❤️
top = 🏆 Eng saxiylar
nobody = Hozircha hech kim. Birinchi bo‘ling: /donate"""
EN = """donate = Support the project
how-much = It is good to have you with us! How much will you give?
thanks = You gave { $stars } ⭐. Thank you! ❤️
top = 🏆 The most generous
nobody = Nobody yet. Be the first: /donate"""

PURPOSE = Purpose("donations.gift", on_paid, on_refunded)
MENU = [MenuItem("donate", command="donate"), MenuItem("top", command="top")]
APP = App(
    "donations", bot=router, purposes=[PURPOSE], menu=MENU, words={"ru": RU, "uz": UZ, "en": EN}
)
