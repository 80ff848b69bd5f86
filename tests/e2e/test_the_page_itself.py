"""What the page is like to live with: its looks, its language, its keys, its restarts."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from tests.conftest import until
from tests.e2e.conftest import Window
from tgsandbox import Sandbox

Shots = Callable[[Page, str], Awaitable[None]]
pytestmark = pytest.mark.sandbox(page=True)


async def test_night_falls_and_stays(tg: Sandbox, window: Window) -> None:
    page = await window(tg.user("Покупатель"))
    root = page.locator("html")
    await expect(root).to_have_attribute("data-theme", "light")
    day = await page.locator(".list").evaluate("(list) => getComputedStyle(list).backgroundColor")
    await page.get_by_role("button", name="Меню").click()
    await page.get_by_role("menuitem", name="Ночной режим").click()
    await expect(root).to_have_attribute("data-theme", "dark")
    await expect(page.locator(".list")).not_to_have_css("background-color", day)

    await page.reload()
    await expect(root).to_have_attribute("data-theme", "dark")
    await page.get_by_role("button", name="Меню").click()
    await page.get_by_role("menuitem", name="Дневной режим").click()
    await expect(page.locator(".list")).to_have_css("background-color", day)


async def test_the_page_speaks_uzbek(tg: Sandbox, window: Window, shots: Shots) -> None:
    buyer, bot = tg.user("Xaridor"), tg.bot("shop_bot")
    await buyer.send(bot, "/start")
    tg.bot("taxi_bot")
    page = await window(buyer)
    await page.get_by_role("listitem").filter(has_text="shop_bot").click()
    await page.get_by_role("button", name="Меню").click()
    await page.get_by_role("menuitem", name="Xaridor").click()
    await page.get_by_label("Язык").select_option("uz")
    await shots(page, "profile")
    await page.get_by_role("button", name="Сохранить").click()

    await expect(page.locator("html")).to_have_attribute("lang", "uz")
    field = page.get_by_role("textbox", name="Xabar")
    await expect(field).to_have_attribute("placeholder", "Xabar")
    await expect(page.get_by_role("searchbox", name="Qidirish")).to_be_visible()
    await page.get_by_role("button", name="Menyu").click()
    await shots(page, "uzbek")
    for told in ("Yulduzlarim", "Tungi rejim", "Dasturchi uchun"):
        await expect(page.get_by_role("menuitem", name=told)).to_be_visible()
    await page.get_by_role("menuitem", name="Dasturchi uchun").click()
    await expect(page.get_by_role("tab", name="So‘rovlar")).to_be_visible()
    # Neither on the screen nor in a name is there a Russian word.
    said = await page.evaluate(
        """[document.body.innerText, ...[...document.querySelectorAll("*")]
            .map((each) => [each.ariaLabel, each.placeholder, each.title].join(" "))].join(" ")"""
    )
    assert re.findall("[а-яё]+", said, re.IGNORECASE) == []
    await bot.call("sendMessage", chat_id=buyer.id, text="Tayyor")
    assert bot.pending[-1]["message"]["from"]["language_code"] == "ru"  # it was said before
    await field.fill("Rahmat")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message.out").last).to_contain_text("Rahmat")
    assert bot.pending[-1]["message"]["from"]["language_code"] == "uz"


async def test_by_keys_alone(tg: Sandbox, window: Window) -> None:
    buyer = tg.user("Покупатель")
    for name in ("first_bot", "second_bot", "third_bot"):
        tg.bot(name)
    page = await window(buyer)
    press = page.keyboard.press
    rows = page.get_by_role("listitem").get_by_role("button")
    await expect(rows).to_have_count(3)

    await press("Tab")
    await expect(page.get_by_role("button", name="Меню")).to_be_focused()
    await press("Tab")
    await expect(page.get_by_role("searchbox", name="Поиск")).to_be_focused()
    await press("Tab")
    await expect(rows.nth(0)).to_be_focused()
    for key, at in (("ArrowDown", 1), ("ArrowDown", 2), ("ArrowDown", 2), ("ArrowUp", 1)):
        await press(key)
        await expect(rows.nth(at)).to_be_focused()
    await press("Enter")
    await expect(page.locator(".bar .title").first).to_have_text("second_bot")
    await expect(page.get_by_role("button", name="НАЧАТЬ", exact=True)).to_be_focused()
    await press("Enter")
    await expect(page.locator(".message.out")).to_contain_text("/start")
    field = page.get_by_role("textbox", name="Сообщение")
    await field.focus()
    await page.keyboard.type("Привет")
    await press("Escape")
    await expect(field).to_have_value("Привет")  # nothing is lost by a key
    await press("Enter")
    await expect(page.locator(".message.out").last).to_contain_text("Привет")
    await press("Escape")
    await expect(page.locator(".middle.empty")).to_be_visible()
    await expect(rows.filter(has_text="second_bot")).to_be_focused()
    await tg.bot("second_bot").call("sendMessage", chat_id=buyer.id, text="И вам")
    await expect(rows.nth(0)).to_contain_text("И вам")
    await expect(rows.nth(0)).to_be_focused()  # though the list was drawn anew

    menu = page.get_by_role("button", name="Меню")
    await menu.focus()
    await press("Enter")
    items = page.get_by_role("menuitem")
    await expect(items.nth(0)).to_be_focused()
    await press("ArrowUp")
    await expect(items.last).to_be_focused()
    await press("Escape")
    await expect(items).to_have_count(0)
    await expect(menu).to_be_focused()

    await press("Enter")
    for _ in range(2):
        await press("ArrowDown")
    await press("Enter")
    dialog = page.get_by_role("dialog", name="Новая группа")
    await expect(dialog.get_by_label("Название группы")).to_be_focused()
    await page.keyboard.type("Рынок")
    await press("Tab")
    await press("Space")
    await expect(dialog.get_by_role("checkbox").first).to_be_checked()
    await press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(menu).to_be_focused()


async def test_far_up_and_down_again(tg: Sandbox, window: Window) -> None:
    """Of a long talk a part is in the page; what is said meanwhile is there at its end."""
    buyer, bot = tg.user("Покупатель"), tg.bot("shop_bot")
    await buyer.send(bot, "/start")
    for number in range(320):
        await bot.call("sendMessage", chat_id=buyer.id, text=f"№{number}")
    page = await window(buyer)
    await page.locator(".row").click()
    bubbles = page.locator(".bubble")
    await expect(bubbles.last).to_contain_text("№319")
    for first in (200, 140, 80, 20):
        await page.locator(".messages").evaluate("(messages) => messages.scrollTo(0, 0)")
        await expect(bubbles.filter(has_text=f"№{first}").first).to_be_attached()
    await expect(bubbles.filter(has_text="№319")).to_have_count(0)

    async def slowly(route: Route) -> None:
        answer = await route.fetch()
        await bot.call("sendMessage", chat_id=buyer.id, text="Успел?")
        await expect(page.locator(".preview")).to_have_text("Успел?")
        await route.fulfill(response=answer)

    await page.route("**/page/api/messages?*", slowly, times=1)
    await page.get_by_role("button", name="К последнему сообщению").click()
    await expect(bubbles.last).to_contain_text("Успел?")
    await expect(bubbles.last).to_be_in_viewport()
    assert await bubbles.count() < 320

    for first in (210, 150, 90, 30):
        await page.locator(".messages").evaluate("(messages) => messages.scrollTo(0, 0)")
        await expect(bubbles.filter(has_text=f"№{first}").first).to_be_attached()
    await page.get_by_role("textbox", name="Сообщение").fill("Пишу сверху")
    await page.keyboard.press("Enter")
    await expect(bubbles.last).to_contain_text("Пишу сверху")
    await expect(bubbles.last).to_be_in_viewport()


@pytest.mark.parametrize("width", [375, 1280])
async def test_large_keyboards(tg: Sandbox, window: Window, shots: Shots, width: int) -> None:
    buyer, bot = tg.user("Покупатель"), tg.bot("shop_bot")
    await buyer.send(bot, "/start")
    rows = [[f"{at + each}" for each in range(6)] for at in range(0, 300, 6)]
    await bot.call("sendMessage", chat_id=buyer.id, text="300", reply_markup={"keyboard": rows})
    under = [
        [{"text": f"№{at + each}", "callback_data": f"{at + each}"} for each in range(5)]
        for at in range(0, 100, 5)
    ]
    await bot.call(
        "sendMessage", chat_id=buyer.id, text="100", reply_markup={"inline_keyboard": under}
    )
    page = await window(buyer, width=width)
    await page.locator(".row").click()
    await expect(page.locator(".keys .key")).to_have_count(100)
    await expect(page.locator(".reply-keyboard .key")).to_have_count(300)
    await shots(page, f"large-keyboards-{width}")

    view = await page.locator(".messages").bounding_box()
    assert view
    assert view["height"] > 250  # the messages can still be read
    await expect(page.get_by_role("textbox", name="Сообщение")).to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    await page.get_by_role("button", name="299", exact=True).click()
    await expect(page.locator(".message.out").last).to_contain_text("299")
    for last in ("№0", "№99"):
        await page.get_by_role("button", name=last, exact=True).click()

    def pressed() -> list[str]:
        return [each["callback_query"]["data"] for each in bot.pending if "callback_query" in each]

    await until(lambda: pressed() == ["0", "99"], seconds=5, what="both presses to arrive")


async def test_the_page_outlives_a_restart(window: Window, tmp_path: Path, shots: Shots) -> None:
    """Open while the sandbox goes and comes back on the same port, it goes on by itself."""
    async with Sandbox(page=True, data=tmp_path) as first:
        buyer, bot = first.user("Покупатель"), first.bot("shop_bot")
        await buyer.send(bot, "/start")
        page = await window(path=f"{first.url}/#{buyer.id}")
        await page.locator(".row").click()
        await page.get_by_role("textbox", name="Сообщение").fill("недописанное")
        port, token = int(first.url.rpartition(":")[2]), bot.token
    offline = page.get_by_role("status").filter(has_text="Нет связи с песочницей")
    await expect(offline).to_be_visible()
    await shots(page, "offline")

    async with Sandbox(page=True, data=tmp_path, port=port) as second:
        bot, buyer = second.bot("shop_bot"), second.user("Покупатель")
        assert bot.token == token
        await bot.call("sendMessage", chat_id=buyer.id, text="Я вернулся")
        await expect(page.locator(".bubble").last).to_contain_text("Я вернулся", timeout=15_000)
        await expect(offline).to_be_hidden()
        await expect(page.get_by_role("textbox", name="Сообщение")).to_have_value("недописанное")
        await page.get_by_role("textbox", name="Сообщение").press("Enter")
        await expect(page.locator(".message.out").last).to_contain_text("недописанное")
        await bot.call("sendMessage", chat_id=buyer.id, text="Слышу")
        await expect(page.locator(".bubble").last).to_contain_text("Слышу")


async def test_a_file_of_100_mb_is_refused_in_words(tg: Sandbox, window: Window) -> None:
    buyer = tg.user("Покупатель")
    bot = tg.bot("shop_bot")
    await buyer.send(bot, "/start")
    page = await window(buyer)
    await page.locator(".row").click()
    await page.get_by_role("textbox", name="Сообщение").evaluate(
        """(field) => {
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([new ArrayBuffer(100 * 2 ** 20)], "film.bin"));
          field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, cancelable: true }));
        }"""
    )
    await expect(page.locator(".toast")).to_contain_text("film.bin больше 50 МБ")
    assert [each["message"]["text"] for each in bot.pending] == ["/start"]
