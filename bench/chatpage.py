"""tgsandbox's chat page in Chromium: its start and weight, scrolling, the way to an answer."""

import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright

from bench.common import Figure
from bench.sandbox import webhook
from tgsandbox import Person, Sandbox

READY_MS, WEIGHT_KB, FRAME_MS, ECHO_MS = 500.0, 120.0, 50.0, 60.0
MESSAGES = 10_000
CHROMIUM = "/usr/bin/chromium"
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


async def run(*, quick: bool) -> list[Figure]:
    async with async_playwright() as playwright, Sandbox(page=True, deadline=60) as tg:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        buyer = tg.user("Buyer", language="en")
        bot = tg.bot("echo_bot")

        async def echo(request: web.Request) -> web.Response:
            message = (await request.json())["message"]
            answer = {"method": "sendMessage", "chat_id": message["chat"]["id"]}
            return web.json_response(answer | {"text": f"echo {message['text']}"})

        async with webhook(tg, bot, echo):
            await buyer.send(bot, "/start")
            await buyer.reply()
            address = f"{tg.url}/#{buyer.id}/{bot.id}:{buyer.id}"
            ready = statistics.median(
                [await usable(browser, address) for _ in range(5 + 6 * (not quick))]
            )
            weight = await weigh(browser, address)
            answer = await echo_ms(browser, address, 20 if quick else 60)
        fill(tg, buyer)
        frames = await scroll(browser, address, 4 if quick else 12)
        await browser.close()
    return [
        Figure("ready_ms", ready, "ms, median", "target", READY_MS, ready / READY_MS),
        Figure("weight_kb", weight, "kB", "target", WEIGHT_KB, weight / WEIGHT_KB),
        Figure(
            "scroll", max(frames), "ms, the longest", "target", FRAME_MS, max(frames) / FRAME_MS
        ),
        Figure("echo_ms", answer, "ms, median", "target", ECHO_MS, answer / ECHO_MS),
    ]


@asynccontextmanager
async def opened(browser: Browser, address: str) -> AsyncIterator[Page]:
    """A page that nobody has visited before."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    await page.goto(address)
    await page.wait_for_selector(".composer textarea")
    try:
        yield page
    finally:
        await context.close()


async def usable(browser: Browser, address: str) -> float:
    """From the address to the open chat, as the browser's own clock has it."""
    async with opened(browser, address) as page:
        found: Any = await page.evaluate("performance.getEntriesByName('usable')[0].startTime")
        return float(found)


async def weigh(browser: Browser, address: str) -> float:
    """All its files over the wire, those that come later included."""
    async with opened(browser, address) as page:
        found: Any = await page.evaluate(
            """async () => {
              for (const each of ["sheet", "miniapp", "drawer"]) {
                await import(`/page/${each}.js`);
                document.head.append(Object.assign(document.createElement("link"),
                  {rel: "stylesheet", href: `/page/${each}.css`}));
              }
              await import("/page/join.js");
              await new Promise((done) => setTimeout(done, 500));
              const all = [...performance.getEntriesByType("navigation"),
                ...performance.getEntriesByType("resource")];
              const seen = new Map(all.filter((each) => !each.name.includes("/api/"))
                .map((each) => [each.name, each.transferSize]));
              return [...seen.values()].reduce((sum, each) => sum + each, 0);
            }"""
        )
        return float(found) / 1000


async def echo_ms(browser: Browser, address: str, count: int) -> float:
    """From Enter to the answer on the screen, painted."""
    async with opened(browser, address) as page:
        took = []
        for number in range(count):
            await page.fill("textarea", f"message {number}")
            await page.evaluate(
                """(text) => {
                  document.addEventListener("keydown", () => { window.begun = performance.now(); },
                    {once: true, capture: true});
                  window.answered = new Promise((done) => {
                    const look = () => {
                      const texts = document.querySelectorAll(".message:not(.out) .text");
                      if (texts[texts.length - 1]?.textContent.startsWith(text)) {
                        done(performance.now() - window.begun);
                      } else requestAnimationFrame(look);
                    };
                    requestAnimationFrame(look);
                  });
                }""",
                f"echo message {number}",
            )
            await page.press("textarea", "Enter")
            took.append(float(await page.evaluate("window.answered")))
        return statistics.median(took)


def fill(tg: Sandbox, buyer: Person) -> None:
    """Ten thousand messages of all kinds of length."""
    world, record = tg.world, tg.bot("echo_bot").record
    chat = world.private_chat(buyer.user, record)
    words = ["Заказ", "оплачен", "и", "скоро", "будет", "у", "вас,", "спасибо", "за", "покупку!"]
    for number in range(MESSAGES):
        text = " ".join(words[(number + at) % len(words)] for at in range(2 + number * 7 % 40))
        markup = None
        if number % 10 == 0:
            button = {"text": f"Кнопка {number}", "callback_data": "x"}
            markup = {"inline_keyboard": [[button, button]]}
        sender = record if number % 3 else buyer.user
        world.say(
            chat, sender, {"text": text}, to_bots=False, markup=markup if number % 3 else None
        )


async def scroll(browser: Browser, address: str, seconds: float) -> list[float]:
    """Upwards all the time, as with a finger; how long each frame took."""
    async with opened(browser, address) as page:
        await page.wait_for_timeout(500)
        found: Any = await page.evaluate(
            """async (seconds) => {
              const top = () => Number(document.querySelector(".message").dataset.id);
              const from = top();
              const list = document.querySelector(".messages");
              const frames = [];
              const until = performance.now() + seconds * 1000;
              let last = performance.now();
              await new Promise((done) => {
                const step = (now) => {
                  frames.push(now - last);
                  last = now;
                  list.scrollTop -= 60;
                  if (now < until) requestAnimationFrame(step);
                  else done();
                };
                requestAnimationFrame(step);
              });
              if (top() > from - 100) throw new Error("It did not scroll.");
              return frames.slice(2);
            }""",
            seconds,
        )
        return [float(each) for each in found]
