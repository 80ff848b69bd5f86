"""What real clients do besides: their quirks as switches, haptics, insets, buttons, codes."""

import struct
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import zxingcpp
from playwright.async_api import Page, expect

from tests.e2e.apps import APP, inside, served
from tests.e2e.bots import serve, shop
from tests.e2e.conftest import Window
from tests.e2e.pictures import png
from tgsandbox import BotAccess, Person, Sandbox

pytestmark = pytest.mark.sandbox(page=True)
OPEN = "(link) => Telegram.WebApp.openInvoice(link, (status) => hear('invoice', status))"


@pytest.fixture
def buyer(tg: Sandbox) -> Person:
    return tg.user("Покупатель", stars=60)


@pytest_asyncio.fixture
async def bot(tg: Sandbox, buyer: Person) -> AsyncIterator[BotAccess]:
    async with (
        serve(tg, "shop_bot", shop) as bot,
        served(app=APP % f"{tg.url}/telegram-web-app.js") as site,
    ):
        button = {"text": "Открыть лавку", "web_app": {"url": f"{site}/app"}}
        await buyer.send(bot, "/start")
        await bot.call(
            "sendMessage", chat_id=buyer.id, text="!", reply_markup={"inline_keyboard": [[button]]}
        )
        yield bot


async def shown(page: Page) -> None:
    await page.locator(".row").first.click()
    await page.get_by_role("button", name="Открыть лавку").click()
    frame = await inside(page)
    # What arrives on the wire, also what a script would pass over.
    await frame.evaluate(
        """addEventListener("message", ({ data }) => {
          const { eventType, eventData } = JSON.parse(data);
          if (eventType === "invoice_closed") hear("wire", eventData.status);
        })"""
    )


@pytest.mark.parametrize(
    ("switch", "paid", "told"),
    [
        (None, True, ['wire "paid"']),
        (None, False, ['wire "cancelled"']),
        ("«paid», а потом «cancelled»", True, ['wire "paid"', 'wire "cancelled"']),
        ("При отмене тишина", False, []),
        ("Оплачено, но «failed»", True, ['wire "failed"']),
    ],
)
async def test_how_a_payment_is_told(  # noqa: PLR0917
    buyer: Person, bot: BotAccess, window: Window, switch: str | None, paid: bool, told: list[str]
) -> None:
    link = await bot.call(
        "createInvoiceLink",
        title="Чай",
        description="Улун",
        payload="tea",
        currency="XTR",
        prices=[{"label": "Чай", "amount": 50}],
    )
    page = await window(buyer)
    await shown(page)
    if switch:
        await page.get_by_role("button", name="Меню", exact=True).last.click()
        await page.get_by_role("menuitem", name=switch).click()
    frame = await inside(page)
    await frame.evaluate(OPEN, link)
    if paid:
        await page.get_by_role("button", name="Подтвердить и заплатить").click()
        await expect(page.locator(".bubble").last).to_contain_text("Спасибо!")
    else:
        await expect(page.get_by_role("button", name="Подтвердить и заплатить")).to_be_visible()
        await page.keyboard.press("Escape")
    lines = frame.locator("li", has_text="wire")
    await expect(lines).to_have_text(told)
    assert buyer.stars == (10 if paid else 60)  # whatever the app was told


async def test_haptics_insets_and_the_other_buttons(
    buyer: Person, bot: BotAccess, window: Window
) -> None:
    page = await window(buyer, width=375)
    await shown(page)
    frame = await inside(page)
    await frame.evaluate("void Telegram.WebApp.HapticFeedback.impactOccurred('heavy')")
    await expect(page.locator(".app-haptic")).to_contain_text("heavy")

    names = ["--tg-viewport-height", "--tg-viewport-stable-height", "--tg-safe-area-inset-top"]
    names += ["--tg-content-safe-area-inset-bottom", "--tg-color-scheme", "--tg-theme-bg-color"]
    read = "(name) => getComputedStyle(document.documentElement).getPropertyValue(name)"
    assert all([await frame.evaluate(read, name) for name in names])

    await frame.evaluate(
        """() => {
          Telegram.WebApp.SecondaryButton.setText("Потом").show().onClick(() => hear("second"));
          Telegram.WebApp.SettingsButton.show().onClick(() => hear("settings"));
        }"""
    )
    await page.get_by_role("button", name="Потом").click()
    await expect(frame.locator("li", has_text="second")).to_be_visible()
    await page.get_by_role("button", name="Меню", exact=True).last.click()
    await page.get_by_role("menuitem", name="Настройки").click()
    await expect(frame.locator("li", has_text="settings")).to_be_visible()


async def test_a_code_is_typed(buyer: Person, bot: BotAccess, window: Window) -> None:
    page = await window(buyer)
    await shown(page)
    frame = await inside(page)
    await frame.evaluate(
        "void Telegram.WebApp.showScanQrPopup({}, (text) => (hear('code', text), true))"
    )
    await page.get_by_label("Текст кода").fill("TEA-100")
    await page.get_by_role("button", name="ОК", exact=True).click()
    await expect(frame.locator("li", has_text='code "TEA-100"')).to_be_visible()


@pytest.mark.parametrize("said", ["TEA-7", ""])
async def test_a_code_in_a_picture(
    buyer: Person, bot: BotAccess, window: Window, said: str
) -> None:
    page = await window(buyer)
    await shown(page)
    frame = await inside(page)
    await frame.evaluate(
        "void Telegram.WebApp.showScanQrPopup({}, (text) => (hear('code', text), true))"
    )
    picture = coded(said) if said else png(40, 40)
    await page.get_by_label("Картинка с кодом").set_input_files(
        {"name": "code.png", "mimeType": "image/png", "buffer": picture}
    )
    if said:
        await expect(frame.locator("li", has_text='code "TEA-7"')).to_be_visible()
    else:
        await expect(page.locator(".toast")).to_contain_text("QR-кода не видно")


def coded(text: str) -> bytes:
    """A QR code as a PNG in grey."""
    made: Any = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    picture: Any = memoryview(made.to_image(scale=6))
    height, width = picture.shape
    grey = bytes(picture)

    def chunk(kind: bytes, data: bytes) -> bytes:
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    rows = b"".join(b"\0" + grey[at : at + width] for at in range(0, len(grey), width))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
