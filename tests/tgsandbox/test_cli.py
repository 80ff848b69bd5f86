"""`tgsandbox serve` and `tgsandbox token`, as processes."""

import asyncio
import signal
import socket
import time

import aiohttp
import pytest

from tests.tgsandbox.serving import run, served
from tgsandbox import Sandbox


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
async def test_serve_says_where_it_is_and_stops_when_it_is_told_to(sign: signal.Signals) -> None:
    """Also while a bot waits for updates and somebody follows the events."""
    args = ("--control", "--no-page", "--bot", "shop_bot")
    async with served(*args) as it, aiohttp.ClientSession() as http:
        token = it.said.partition("@shop_bot")[2].split()[0]
        assert it.said == (
            f"Telegram is at {it.url}\n"
            f"  @shop_bot  {token}\n"
            f"  Control is at {it.url}/control\n"
            "Ctrl-C ends it.\n"
        )
        async with http.get(f"{it.url}/bot{token}/getMe") as response:
            assert (await response.json())["result"]["username"] == "shop_bot"
        polling = asyncio.create_task(
            http.get(f"{it.url}/bot{token}/getUpdates", params={"timeout": "50"})
        )
        events = await http.get(f"{it.url}/control/events")
        await events.content.readline()
        begun = time.monotonic()
        it.process.send_signal(sign)
        assert await asyncio.wait_for(it.process.wait(), 5) == 0
        assert time.monotonic() - begun < 2
        assert (await (await polling).json()) == {"ok": True, "result": []}
        assert it.process.stdout
        assert await it.process.stdout.read() == b""


@pytest.mark.parametrize(
    ("args", "page", "control"),
    [
        ([], 200, 200),
        (["--control"], 200, 200),
        (["--no-page"], 404, 404),
        (["--no-page", "--control"], 404, 200),
    ],
)
async def test_what_is_served(args: list[str], page: int, control: int) -> None:
    """The page can do all that control can, so it brings it along."""
    async with served(*args) as it, aiohttp.ClientSession() as http:
        for path, status in (("/", page), ("/page/api/people", page), ("/control", control)):
            async with http.get(f"{it.url}{path}") as response:
                assert response.status == status, path
        assert (f"Its chats: open {it.url}/ in a browser" in it.said) is (page == 200)
        assert (f"Control is at {it.url}/control" in it.said) is ("--control" in args)


async def test_other_names_for_it() -> None:
    args = ("--host", "0.0.0.0", "--allow-host", "tgsandbox", "--allow-host", "tg.example")
    async with served(*args) as it, aiohttp.ClientSession() as http:
        url = it.url.replace("0.0.0.0", "127.0.0.1")
        for host, status in (("tgsandbox:8081", 200), ("tg.example", 200), ("other:8081", 403)):
            async with http.get(f"{url}/control", headers={"Host": host}) as response:
                assert response.status == status
                told = await response.json()
        assert "start it with --allow-host and that name" in told["detail"]


async def test_serve_takes_what_it_is_told() -> None:
    async with (
        served("--no-page", "--limits", "--strict-webhooks") as it,
        aiohttp.ClientSession() as http,
    ):
        assert "A token for any bot:  tgsandbox token NAME_bot" in it.said
        assert "Control" not in it.said
        async with http.get(f"{it.url}/control") as response:
            assert response.status == 404
        code, token = await run("token", "shop_bot")
        assert code == 0
        url = f"{it.url}/bot{token.strip()}/setWebhook"
        async with http.post(url, json={"url": "http://127.0.0.1:9/"}) as response:
            assert "An HTTPS URL must be provided" in await response.text()
        async with http.post(url, json={"url": "https://127.0.0.1/"}) as response:
            assert response.status == 429


async def test_a_port_in_use_is_told_in_words() -> None:
    async with Sandbox() as tg:
        port = tg.url.rpartition(":")[2]
        assert await run("serve", "--port", port) == (
            1,
            f"tgsandbox: Cannot listen on 127.0.0.1:{port} (Address already in use).\n",
        )


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (
            ["--host", "no.such.host.invalid"],
            "tgsandbox: Cannot listen on no.such.host.invalid:0 (",
        ),
        (["--host", "192.0.2.1"], "tgsandbox: Cannot listen on 192.0.2.1:0 ("),
        (
            ["--allow-host", "http://x"],
            "tgsandbox: 'http://x' is not the name of a host, such as tgsandbox.",
        ),
        (["--bot", "shop"], "tgsandbox: 'shop' cannot be the username of a bot"),
    ],
)
async def test_what_cannot_be_served_is_told_in_words(args: list[str], words: str) -> None:
    code, said = await run("serve", "--port", "0", *args)
    assert (code, said.startswith(words)) == (1, True), said
    assert said.count("\n") == 1


async def test_it_listens_on_ipv6() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    async with served("--host", "::1", "--control") as it, aiohttp.ClientSession() as http:
        assert it.url.startswith("http://[::1]:")
        async with http.get(f"{it.url}/control") as response:
            assert response.status == 200


async def test_a_token_follows_from_the_name() -> None:
    code, said = await run("token", "@Shop_bot")
    async with Sandbox() as tg:
        assert (code, said) == (0, tg.bot("Shop_bot").token + "\n")


@pytest.mark.parametrize("name", ["shop", "bot", "1shop_bot", "shop bot", "лавка_bot", ""])
async def test_a_bad_name_is_refused_in_words(name: str) -> None:
    code, said = await run("token", name)
    assert code == 2
    assert "cannot be the username of" in said
    assert "Traceback" not in said
