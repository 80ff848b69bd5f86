"""What delivery costs is for whoever runs the shop to say: [app.courier] in kassa.toml."""

from aiogram import Router, types
from aiogram.filters import Command
from pydantic import BaseModel, ConfigDict, Field

from kassa.apps import App, Kassa, MenuItem
from kassa.money import Money
from kassa.telegram import Speaker, Wish

router = Router()


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid")  # a misspelt name is told, not ignored

    stars: int = Field(default=50, ge=1, le=10_000)
    cities: list[str] = []


def options(kassa: Kassa) -> Options:
    return Options.model_validate(kassa.settings.app.get("courier", {}))


@router.message(Command("delivery"))
async def delivery(message: types.Message, t: Speaker, kassa: Kassa) -> Wish:
    asked = options(kassa)
    price, where = Money(asked.stars, "XTR"), ", ".join(asked.cities)
    return message.answer(t("costs", price=price, where=where or t("everywhere")))


RU = """delivery = Сколько стоит доставка
costs = Доставка: { $price }. Куда: { $where }
everywhere = везде"""
UZ = """delivery = Yetkazib berish narxi
costs = Yetkazib berish: { $price }. Qayerga: { $where }
everywhere = hamma joyga"""
EN = """delivery = What delivery costs
costs = Delivery: { $price }. Where to: { $where }
everywhere = everywhere"""

APP = App(
    "courier",
    bot=router,
    menu=[MenuItem("delivery", command="delivery")],
    options=Options,
    words={"ru": RU, "uz": UZ, "en": EN},
)
