"""Mini Apps to be opened: small pages, on a port of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Frame, Page

from tgsandbox.server import Listener
from tgsandbox.telegram.request import Receive, Scope, Send

# It writes down what it hears; the test tells it what to do.
APP = """<!doctype html>
<html lang="ru"><meta charset="utf-8"><title>Лавка</title>
<style>
  body { margin: 16px; font: 16px sans-serif; color: var(--tg-theme-text-color); background: var(--tg-theme-bg-color); }
</style>
<h1>Лавка</h1>
<ul id="heard"></ul>
<script src="%s"></script>
<script>
  const app = window.Telegram.WebApp;
  const hear = (what, ...more) => {
    const line = document.createElement("li");
    line.textContent = [what, ...more.map((each) => JSON.stringify(each))].join(" ");
    document.getElementById("heard").append(line);
  };
  for (const each of ["mainButtonClicked", "backButtonClicked", "themeChanged"]) app.onEvent(each, () => hear(each));
  app.ready();
</script>
</html>"""  # noqa: E501  a page


@asynccontextmanager
async def served(**pages: str) -> AsyncIterator[str]:
    """`served(app="<html>...")` is at `{address}/app`; what is called js is a script."""

    async def site(scope: Scope, receive: Receive, send: Send) -> None:
        name = str(scope["path"]).strip("/")
        kind = "text/javascript" if name == "js" else "text/html; charset=utf-8"
        found = name in pages
        await send(
            {
                "type": "http.response.start",
                "status": 200 if found else 404,
                "headers": [(b"content-type", kind.encode())],
            }
        )
        await send({"type": "http.response.body", "body": pages.get(name, "").encode()})

    listener = Listener(site)
    await listener.start()
    yield f"http://127.0.0.1:{listener.port}"
    await listener.stop()


async def inside(page: Page) -> Frame:
    """The app that is open, when it can be talked to."""
    element = await page.wait_for_selector(".app-stage iframe")
    frame = await element.content_frame() if element else None
    assert frame
    await frame.wait_for_function("typeof hear === 'function'")
    return frame
