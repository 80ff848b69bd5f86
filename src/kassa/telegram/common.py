"""What every bot understands, whatever it sells.

`first` is asked before the apps: /cancel, /language, /phone, /login, /paysupport, /terms, the
buttons of a payment. `last` is asked after them: /start, /help, and what nobody understands.
"""

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message, ReplyKeyboardRemove, TelegramObject

from kassa.config import Settings
from kassa.payments import Payments
from kassa.secret import Secret
from kassa.telegram import contact, greeting, language, login, payment_buttons, support, terms
from kassa.telegram.speaker import Speaker
from kassa.telegram.wishes import Wish
from kassa.users import User

# What people say. The rest of messages (somebody pinned, joined, paid) is no question to a bot.
SAID = (
    *("text", "sticker", "voice", "video_note", "photo", "video", "animation", "audio"),
    *("document", "location", "venue", "contact", "dice", "poll", "story"),
)


def first(settings: Settings, payments: Payments, *, secret: Secret) -> Router:
    """`secret` is config.secret_key(settings)."""
    router = _of_people()
    router.message.register(_cancel, Command("cancel"))
    language.add(router, settings)
    contact.add(router)
    login.add(router, secret)
    support.add(router, settings.support_contact)
    terms.add(router, settings)
    payment_buttons.add(router, payments)
    return router


def last(settings: Settings) -> Router:
    router = _of_people()
    greeting.add(router, settings)
    contact.add_last(router)
    router.message.register(
        _not_understood,
        F.chat.type == "private",
        F.content_type.in_(SAID),
        ~F.via_bot,  # something of a bot's, which the person has only chosen
    )
    router.callback_query.register(_old)
    return router


def _of_people() -> Router:
    """Channels and anonymous admins are nobody whom we know."""
    router = Router()
    router.message.filter(_somebody)
    router.callback_query.filter(_somebody)
    return router


def _somebody(_: TelegramObject, user: User | None = None) -> bool:
    return user is not None


async def _cancel(message: Message, state: FSMContext, t: Speaker) -> Wish:
    begun = await state.get_state() is not None or bool(await state.get_data())
    await state.clear()
    return message.answer(
        t("canceled" if begun else "nothing-to-cancel"),
        reply_markup=ReplyKeyboardRemove() if message.chat.type == "private" else None,
    )


async def _not_understood(message: Message, t: Speaker) -> Wish:
    return message.answer(t("not-understood"))


async def _old(query: CallbackQuery, t: Speaker) -> Wish:
    return query.answer(t("button-old"))
