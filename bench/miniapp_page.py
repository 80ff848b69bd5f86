"""The top-up page in Chromium: what its first view weighs, and how soon it can be used."""

import json
import statistics
from typing import Any
from urllib.parse import urlencode

from playwright.async_api import Browser, async_playwright

from bench.common import Figure
from kassa import log
from kassa.apps import tokens
from kassa.testing import Running, running
from tgsandbox import Sandbox
from tgsandbox.telegram import mini_apps

WEIGHT_KB, USABLE_MS = 40.0, 300.0
CHROMIUM = "/usr/bin/chromium"
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


async def run(*, quick: bool) -> list[Figure]:
    log.configure("text", "error")
    async with Sandbox(page=True, deadline=60) as tg, async_playwright() as playwright:
        shop = tg.bank.shop("stripe").credentials
        settings = {
            "STRIPE_SECRET_KEY": shop["secret_key"],
            "STRIPE_WEBHOOK_SECRET": shop["webhook_secret"],
            "STRIPE_BASE_URL": tg.bank.shop("stripe").base_url,
        }
        async with running(tokens.APP, tg=tg, **settings) as kassa:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
            where = address(tg, kassa)
            seen = [await visit(browser, where) for _ in range(5 if quick else 15)]
            await browser.close()
    weight = seen[0][0]
    usable = statistics.median(found for _, found in seen)
    return [
        Figure("weight_kb", weight, "kB", "target", WEIGHT_KB, weight / WEIGHT_KB),
        Figure("usable_ms", usable, "ms, median", "target", USABLE_MS, usable / USABLE_MS),
    ]


def address(tg: Sandbox, kassa: Running) -> str:
    buyer = tg.user("Buyer", language="en")
    told = {
        "tgWebAppData": mini_apps.init_data(tg.world, buyer.user, kassa.bot.record),
        "tgWebAppVersion": "8.0",
        "tgWebAppThemeParams": json.dumps(mini_apps.THEMES["light"]),
    }
    return f"{kassa.url}/miniapp/#{urlencode(told)}"


async def visit(browser: Browser, where: str) -> tuple[float, float]:
    """By somebody who was never there: bytes over the wire without Telegram's script, and
    the moment at which packages can be chosen, by the browser's own clock."""
    context = await browser.new_context(viewport={"width": 390, "height": 800})
    page = await context.new_page()
    await page.goto(where)
    await page.wait_for_selector(".package")
    found: Any = await page.evaluate(
        """async () => {
          await new Promise((done) => setTimeout(done, 300));
          const all = [...performance.getEntriesByType("navigation"),
            ...performance.getEntriesByType("resource")];
          const seen = new Map(all.filter(({ name }) => !name.includes("telegram-web-app"))
            .map(({ name, transferSize }) => [name, transferSize]));
          return [[...seen.values()].reduce((sum, each) => sum + each, 0) / 1000,
            performance.getEntriesByName("usable")[0].startTime];
        }"""
    )
    await context.close()
    return float(found[0]), float(found[1])
