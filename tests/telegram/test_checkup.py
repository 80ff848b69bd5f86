"""What `kassa doctor` says of a bot."""

from collections.abc import AsyncIterator

import pytest

from kassa.config import BotSettings, Settings
from kassa.secret import Secret
from kassa.telegram.bots import from_settings
from kassa.telegram.checkup import examine
from kassa.telegram.webhook import register
from tests.telegram.core import KEY
from tgsandbox import BotAccess, Sandbox

HOOK = "https://shop.example.com/telegram/webhook/"


@pytest.fixture
async def shop() -> AsyncIterator[BotAccess]:
    async with Sandbox() as tg:
        yield tg.bot("shop_bot")


def settings(shop: BotAccess, **more: str) -> Settings:
    bot = BotSettings(token=Secret(shop.token), apps=("tokens",), name="shop")
    return Settings(bots=(bot,), telegram_api_url=shop.api, **more)  # type: ignore[arg-type]


async def found(given: Settings) -> dict[str, tuple[bool | None, str]]:
    bots = from_settings(given)
    try:
        findings = await examine(given, bots.all[0])
    finally:
        await bots.close()
    return {each.what: (each.fine, each.detail) for each in findings}


async def test_all_is_well(shop: BotAccess) -> None:
    given = settings(shop, public_base_url="https://shop.example.com")
    assert await found(given) == {
        "token": (True, "it is @shop_bot"),
        "webhook": (True, "none; Kassa asks for updates"),
    }
    given = given.model_copy(update={"telegram_webhook_url": HOOK})
    bots = from_settings(given)
    await register(given, KEY, bots.all[0])
    await bots.close()
    assert (await found(given))["webhook"] == (True, HOOK)


async def test_what_is_wrong_is_told_with_its_cure(shop: BotAccess) -> None:
    await shop.call("setWebhook", url="https://elsewhere.example.com/", allowed_updates=["message"])
    told = await found(settings(shop, telegram_webhook_url=HOOK))
    assert told["webhook"][0] is False
    assert f"kassa webhook set makes it {HOOK}" in told["webhook"][1]
    assert told["kinds of updates"][0] is False
    assert "pre_checkout_query" in told["kinds of updates"][1]
    assert told["Mini App"][0] is None
    polled = await found(settings(shop))
    assert polled["webhook"][0] is None


@pytest.mark.parametrize(
    ("path", "fine"),
    [
        ("/telegram/webhook", True),
        ("/telegram/webhook/", True),
        ("/", False),
        ("/hook", False),
        ("/kassa/telegram/webhook/", False),
    ],
)
async def test_an_address_that_only_a_proxy_can_bring_here(
    shop: BotAccess, path: str, fine: bool
) -> None:
    given = settings(shop, telegram_webhook_url=f"https://shop.example.com{path}")
    told = (await found(given)).get("webhook path")
    assert (told is None) is fine
    if told:
        assert told[0] is None, "a proxy may rewrite it"
        assert "Kassa serves /telegram/webhook;" in told[1]


async def test_a_token_that_nobody_knows(shop: BotAccess) -> None:
    bot = BotSettings(token=Secret("123456:TEST-OTHER-BOT"), apps=("tokens",), name="shop")
    given = settings(shop).model_copy(update={"bots": (bot,)})
    assert (await found(given))["Bot API"][0] is False


async def test_nobody_answers() -> None:
    bot = BotSettings(token=Secret("123456:TEST-TOKEN"), apps=("tokens",), name="shop")
    given = Settings(bots=(bot,), telegram_api_url="http://127.0.0.1:1")
    fine, words = (await found(given))["Bot API"]
    assert fine is None
    assert "TEST-TOKEN" not in words
