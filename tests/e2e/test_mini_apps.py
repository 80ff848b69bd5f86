"""Mini Apps in the page: with our script, and with one that others have written."""

import hashlib
import hmac
import json
import shutil
import subprocess
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest
import pytest_asyncio
from playwright.async_api import Frame, Page, expect

from tests.e2e.apps import APP, inside, served
from tests.e2e.bots import serve, shop
from tests.e2e.conftest import Window
from tgsandbox import BotAccess, Person, Sandbox

Shots = Callable[[Page, str], Awaitable[None]]
pytestmark = pytest.mark.sandbox(page=True)


@pytest.fixture
def buyer(tg: Sandbox) -> Person:
    return tg.user("Покупатель", stars=60)


@pytest.fixture(scope="session")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of @twa-dev/sdk, as npm has it."""
    if not shutil.which("npm"):
        pytest.skip("npm is not there to fetch @twa-dev/sdk")
    place = tmp_path_factory.mktemp("npm")
    fetched = subprocess.run(
        ["npm", "pack", "--silent", "@twa-dev/sdk@8.0.2"],
        cwd=place, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if fetched.returncode:
        pytest.skip(f"@twa-dev/sdk cannot be fetched: {fetched.stderr[-200:]}")
    with tarfile.open(place / fetched.stdout.strip()) as packed:
        script = packed.extractfile("package/dist/telegram-web-apps.js")
        assert script
        return script.read().decode()


@pytest_asyncio.fixture(params=["ours", "theirs"])
async def app(tg: Sandbox, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Where an app is, with our script and with theirs."""
    if request.param == "ours":
        async with served(app=APP % f"{tg.url}/telegram-web-app.js") as site:
            yield f"{site}/app"
    else:
        async with served(app=APP % "/js", js=request.getfixturevalue("theirs")) as site:
            yield f"{site}/app"


def signed(init_data: str, bot: BotAccess) -> dict[str, str]:
    """What is in it, when it is signed with the bot's token."""
    fields = dict(parse_qsl(init_data, strict_parsing=True))
    told = fields.pop("hash")
    lines = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    secret = hmac.new(b"WebAppData", bot.token.encode(), hashlib.sha256).digest()
    assert hmac.new(secret, lines.encode(), hashlib.sha256).hexdigest() == told
    return fields


def inline(url: str, text: str = "Открыть лавку") -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": text, "web_app": {"url": url}}]]}


async def opened(page: Page, bot: BotAccess, buyer: Person, url: str) -> Frame:
    """By the button under a message."""
    await bot.call("sendMessage", chat_id=buyer.id, text="Лавка", reply_markup=inline(url))
    await page.locator(".row").first.click()
    await page.get_by_role("button", name="Открыть лавку").click()
    return await inside(page)


async def test_opened_by_each_kind_of_button(
    tg: Sandbox, buyer: Person, window: Window, app: str
) -> None:
    got: list[dict[str, Any]] = []

    async def remembering(bot: BotAccess, update: dict[str, Any]) -> None:
        got.append(update)

    async with serve(tg, "shop_bot", remembering) as bot:
        await buyer.send(bot, "/start")
        menu = {"type": "web_app", "text": "Лавка", "web_app": {"url": app}}
        await bot.call("setChatMenuButton", menu_button=menu)
        page = await window(buyer)
        frame = await opened(page, bot, buyer, app)
        fields = signed(await frame.evaluate("app.initData"), bot)
        assert json.loads(fields["user"])["id"] == buyer.id
        assert fields["query_id"]
        await page.get_by_role("button", name="Закрыть").click()
        await expect(page.locator("iframe")).to_have_count(0)

        await page.get_by_role("button", name="Лавка", exact=True).click()
        frame = await inside(page)
        fields = signed(await frame.evaluate("app.initData"), bot)
        assert json.loads(fields["user"])["first_name"] == "Покупатель"
        await frame.evaluate("app.close()")
        await expect(page.locator("iframe")).to_have_count(0)

        keys = {"keyboard": [[{"text": "Выбрать цвет", "web_app": {"url": app}}]]}
        await bot.call("sendMessage", chat_id=buyer.id, text="Цвет?", reply_markup=keys)
        await page.get_by_role("button", name="Выбрать цвет").click()
        frame = await inside(page)
        assert await frame.evaluate("app.initData") == ""  # such an app is not told who it is
        await frame.evaluate("app.sendData('синий')")
        await expect(page.locator("iframe")).to_have_count(0)
        await expect(page.locator(".service").last).to_contain_text("«Выбрать цвет»")
        await bot.caught_up()
    assert got[-1]["message"]["web_app_data"] == {"data": "синий", "button_text": "Выбрать цвет"}


async def test_its_buttons_popups_and_colours(
    tg: Sandbox, buyer: Person, window: Window, app: str, shots: Shots
) -> None:
    bot = tg.bot("shop_bot")
    await buyer.send(bot, "/start")
    page = await window(buyer)
    frame = await opened(page, bot, buyer, app)
    heard = frame.locator("#heard li").last
    await expect(page.locator(".app-wait")).to_have_count(0)  # it said that it is ready

    await frame.evaluate("app.MainButton.setText('Купить'); app.MainButton.show()")
    await page.get_by_role("button", name="Купить").click()
    await expect(heard).to_have_text("mainButtonClicked")
    await frame.evaluate("app.BackButton.show()")
    await shots(page, "app-buttons")
    await page.get_by_role("dialog", name="shop_bot").get_by_role("button", name="Назад").click()
    await expect(heard).to_have_text("backButtonClicked")
    await frame.evaluate("app.BackButton.hide(); app.MainButton.hide()")
    await expect(page.get_by_role("button", name="Купить")).to_be_hidden()

    await frame.evaluate(
        """() => void app.showPopup({ title: "Удалить?", message: "Насовсем.", buttons: [
            { id: "no", type: "cancel" }, { id: "yes", type: "destructive", text: "Удалить" } ] },
            (id) => hear("popup", id))"""
    )
    await shots(page, "app-popup")
    await page.get_by_role("dialog", name="Удалить?").get_by_role("button", name="Удалить").click()
    await expect(heard).to_have_text('popup "yes"')

    assert await frame.evaluate("app.colorScheme") == "light"
    await page.get_by_role("button", name="Меню", exact=True).first.click()
    await page.get_by_role("menuitem", name="Ночной режим").click()
    await expect(heard).to_have_text("themeChanged")
    assert await frame.evaluate("app.colorScheme") == "dark"
    assert await frame.evaluate("app.themeParams.bg_color") == "#212121"
    await shots(page, "app-dark")


async def test_what_it_keeps_and_how_it_closes(
    tg: Sandbox, buyer: Person, window: Window, app: str
) -> None:
    bot = tg.bot("shop_bot")
    await buyer.send(bot, "/start")
    page = await window(buyer)
    frame = await opened(page, bot, buyer, app)
    kept = """(doing) => new Promise((done) => app.CloudStorage[doing[0]](...doing.slice(1),
        (error, value) => done(error ?? value)))"""
    assert await frame.evaluate(kept, ["setItem", "colour", "синий"]) is True
    await frame.evaluate("app.enableClosingConfirmation()")

    dialog = page.get_by_role("dialog", name="shop_bot", exact=True)
    await page.get_by_role("button", name="Закрыть").click()
    await expect(dialog).to_contain_text("Изменения могут не сохраниться.")
    await dialog.get_by_role("button", name="Отмена").click()
    await expect(page.locator("iframe")).to_have_count(1)
    await page.get_by_role("button", name="Закрыть").click()
    await dialog.get_by_role("button", name="Закрыть").click()
    await expect(page.locator("iframe")).to_have_count(0)

    await page.get_by_role("button", name="Открыть лавку").click()
    frame = await inside(page)  # another time it is still there
    assert await frame.evaluate(kept, ["getItem", "colour"]) == "синий"
    assert await frame.evaluate(kept, ["getKeys"]) == ["colour"]
    await frame.evaluate(kept, ["removeItem", "colour"])
    assert await frame.evaluate(kept, ["getItem", "colour"]) == ""


async def test_it_takes_stars_and_the_number(
    tg: Sandbox, buyer: Person, window: Window, app: str, shots: Shots
) -> None:
    async with serve(tg, "shop_bot", shop) as bot:
        await buyer.send(bot, "/start")
        await buyer.reply()
        page = await window(buyer)
        frame = await opened(page, bot, buyer, app)
        heard = frame.locator("#heard li").last
        price = [{"label": "100 токенов", "amount": 50}]
        link = await bot.call(
            "createInvoiceLink",
            title="100 токенов", description="Хватит надолго", payload="tokens",
            currency="XTR", prices=price,
        )  # fmt: skip
        pay = "(link) => void app.openInvoice(link, (status) => hear('invoice', status))"
        sheet = page.locator("dialog.sheet")

        await frame.evaluate(pay, link)
        await sheet.get_by_role("button", name="Закрыть").click()
        await expect(heard).to_have_text('invoice "cancelled"')
        assert buyer.stars == 60
        await frame.evaluate(pay, link)
        await shots(page, "app-pays")
        await sheet.get_by_role("button", name="Подтвердить и заплатить").click()
        await expect(heard).to_have_text('invoice "paid"')
        assert (buyer.stars, bot.stars) == (10, 50)

        asks = """() => void app.requestContact((sent, { responseUnsafe }) =>
            hear("contact", sent, responseUnsafe?.contact.phone_number))"""
        await frame.evaluate(asks)
        dialog = page.get_by_role("dialog", name="shop_bot", exact=True)
        await dialog.get_by_role("button", name="Отмена").click()
        await expect(heard).to_have_text("contact false")
        await frame.evaluate(asks)
        await dialog.get_by_role("button", name="Разрешить").click()
        await expect(heard).to_have_text(f'contact true "{buyer.user.phone}"')


RUDE = {
    "silent": "<p>Я молчу",  # neither ready nor anything else
    "flood": """<script>
        const eventData = { message: "!", buttons: [{}] };
        const told = JSON.stringify({ eventType: "web_app_open_popup", eventData });
        for (let i = 0; i < 5000; i += 1) parent.postMessage(told, "*");
        </script><p>Я кричал""",
    "away": """<script>try { top.location = "/gone"; } catch {}
        try { top.document.body.remove(); } catch {}</script><p>Я уходил""",
}  # fmt: skip


@pytest.mark.parametrize("how", RUDE)
async def test_the_page_outlives_it(
    tg: Sandbox, buyer: Person, window: Window, wrong: list[str], how: str
) -> None:
    told = {"silent": "ready() не вызван", "flood": "Больше 200 событий"}.get(how)
    bot = tg.bot("shop_bot")
    await buyer.send(bot, "/start")
    async with served(**RUDE) as site:
        page = await window(buyer)
        await bot.call(
            "sendMessage", chat_id=buyer.id, text="?", reply_markup=inline(f"{site}/{how}")
        )
        await page.locator(".row").first.click()
        await page.get_by_role("button", name="Открыть лавку").click()
        await expect(page.frame_locator("iframe").get_by_text("Я ")).to_be_attached()
        if told:
            await expect(page.locator(".toast").first).to_contain_text(told)
        await expect(page.locator(".app-wait")).to_have_count(0, timeout=10_000)
        if how == "flood":  # of the questions there is one at a time
            await expect(page.locator("dialog[open]")).to_have_count(1)
            await page.keyboard.press("Escape")
        await page.get_by_role("dialog").get_by_role("button", name="Закрыть").click()
        await expect(page.locator("iframe")).to_have_count(0)

        assert page.url.startswith(tg.url)
        await page.get_by_role("textbox", name="Сообщение").fill("Я здесь")
        await page.keyboard.press("Enter")
        await expect(page.locator(".message.out").last).to_contain_text("Я здесь")
    wrong[:] = [each for each in wrong if "Unsafe attempt" not in each and "Blocked" not in each]
