"""How the top-up page's files are served: compressed, kept, and framed by Telegram alone."""

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio

from kassa.apps.miniapp.pages import script
from kassa.apps.tokens.pages import PAGES
from kassa.config import load
from tests.e2e.miniapp_fake import Server, serving
from tgsandbox import Sandbox


@pytest_asyncio.fixture
async def server(tg: Sandbox) -> AsyncIterator[Server]:
    async with serving(tg, tg.bot("shop_bot")) as server:
        yield server


@pytest_asyncio.fixture
async def http(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url) as http:
        yield http


async def test_the_page_and_its_files(tg: Sandbox, http: httpx.AsyncClient) -> None:
    page = await http.get("/miniapp/")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-cache"
    assert f'src="{tg.url}/telegram-web-app.js"' in page.text
    assert "{{" not in page.text

    found = re.findall(r'(?:src|href)="(files/[^"]+)"', page.text)
    assert len(found) > 8
    for each in found:
        file = await http.get(f"/miniapp/{each}")
        assert file.status_code == 200
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert file.headers["content-encoding"] == "gzip"
        assert file.headers["x-content-type-options"] == "nosniff"
        same = {"if-none-match": file.headers["etag"]}
        assert (await http.get(f"/miniapp/{each}", headers=same)).status_code == 304

    again = await http.get("/miniapp/", headers={"if-none-match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_every_module_that_is_imported_is_there(http: httpx.AsyncClient) -> None:
    for name, file in PAGES.files.items():
        for wanted in re.findall(
            r'from "\./(\w+\.js)"|import\("\./(\w+\.js)"\)', str(file.content)
        ):
            assert "".join(wanted) in PAGES.files, name
        assert gzip.decompress(file.packed) == file.content
        assert len(file.content.splitlines()) < 400
    assert {"index.html", "styles.css", "payment.js"} <= PAGES.files.keys()  # the document's


async def test_by_plain_names_and_of_an_older_page(http: httpx.AsyncClient) -> None:
    plain = await http.get("/miniapp/payment.js")
    older = await http.get("/miniapp/files/0123456789ab/payment.js")
    for each in (plain, older):
        assert each.content == PAGES.files["payment.js"].content
        assert each.headers["cache-control"] == "no-cache"  # or it would be kept for good

    packed = await http.get("/miniapp/styles.css", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in packed.headers
    assert packed.content == PAGES.files["styles.css"].content
    for path in ("nothing.js", "pages.py", "back.html", "files/x/index.html", "..%2fpages.py"):
        assert (await http.get(f"/miniapp/{path}")).status_code == 404, path
    assert (await http.get("/miniapp")).headers["location"] == "miniapp/"


async def test_who_may_frame_it(tg: Sandbox, http: httpx.AsyncClient, tmp_path: Path) -> None:
    policy = (await http.get("/miniapp/")).headers["content-security-policy"]
    rules = dict(each.split(" ", 1) for each in policy.split("; "))
    port = tg.url.rpartition(":")[2]
    framing = "https://web.telegram.org https://*.telegram.org"
    sandbox = f"http://127.0.0.1:{port} http://localhost:{port}"
    assert rules["frame-ancestors"] == f"{framing} {sandbox}"
    own, inline, *others = rules["script-src"].split()
    assert (own, " ".join(others)) == ("'self'", f"https://telegram.org {sandbox}")
    assert inline.startswith("'sha256-")  # nothing else may be written into the page
    assert rules["default-src"] == "'none'"

    token = {"TELEGRAM_BOT_TOKEN": "123456:TEST-TOKEN", "KASSA_APPS": "tokens"}
    real = load(token, tmp_path)
    assert script(real) == "https://telegram.org/js/telegram-web-app.js"
    assert f"frame-ancestors {framing}" in PAGES.policy(real)
    assert "127.0.0.1" not in PAGES.policy(real)


async def test_of_one_of_several_bots(server: Server, http: httpx.AsyncClient) -> None:
    page = await http.get("/miniapp/shop_bot/")
    assert page.status_code == 404  # its name in the settings is its number

    number = server.bot.token.partition(":")[0]
    page = await http.get(f"/miniapp/{number}/")
    assert 'data-root="../"' in page.text
    assert '"../files/' in page.text
    for path in ("success", "cancel"):
        back = await http.get(f"/miniapp/{number}/{path}")
        assert f'data-kind="{path}"' in back.text
    assert (await http.get("/miniapp/7/")).status_code == 404
    assert (await http.get("/miniapp/7/success")).status_code == 404


async def test_the_way_to_the_bot(tg: Sandbox, server: Server, http: httpx.AsyncClient) -> None:
    tg.fault("getMe", error=(500, "Internal Server Error"), times=1)
    assert (await http.get("/miniapp/open")).status_code == 503
    for path in ("open", f"{server.bot.token.partition(':')[0]}/open"):
        answer = await http.get(f"/miniapp/{path}")
        assert (answer.status_code, answer.headers["location"]) == (303, "https://t.me/shop_bot")
    assert len(server.bot.calls("getMe")) == 2  # remembered
