"""An admin who finds a person in the bot."""

from tests.apps.subscriptions.rig import Till
from tgsandbox.people import Person

ADMINS = ("Админ", "Второй")


def an_admin(till: Till, name: str = ADMINS[0]) -> Person:
    return till.tg.user(name)


async def opens(till: Till, admin: Person, whom: str) -> None:
    """A person's card, by what the admin writes of them."""
    await admin.send(till.kassa.bot, "/admin")
    await admin.reply("Админка")
    await admin.press("🔎 Найти человека")
    await admin.edited("Пришлите @имя")
    await admin.send(whom)
