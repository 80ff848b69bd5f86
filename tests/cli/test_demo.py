"""`kassa demo` as a process: a chat with a bot that has spoken, kept, and nothing left behind."""

import os
import signal
import socket
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from kassa.cli import demo_place
from kassa.config import load
from kassa.errors import Unavailable
from tests.cli.demos import Demo, two_ports
from tests.cli.process import free_port, processes_in
from tests.conftest import until
from tgsandbox import Sandbox

# Settings of whoever tries the demo beside their own Kassa: nothing of theirs is touched.
THEIRS = {
    "DATABASE_URL": "postgresql://nobody@localhost:1/nothing",
    "STRIPE_SECRET_KEY": "sk_live_not_for_the_demo",
    "KASSA_WORKERS": "3",
    "TELEGRAM_BOT_TOKEN": "123456:TEST-THEIRS",
}


@pytest.fixture
def here(own: Path) -> Path:
    """A KASSA_HOME in which the demo has a migrated database already."""
    (own / "demo").mkdir(mode=0o755)
    (own / "postgres").rename(own / "demo/postgres")
    return own


async def test_a_chat_with_a_bot_that_has_spoken_and_a_second_start_goes_on(here: Path) -> None:
    ports = two_ports()
    browser, opened = here / "browser", here / "opened"
    browser.write_text(f'#!/bin/sh\necho "$1" >>{opened}\n')
    browser.chmod(0o755)
    shown = {"DISPLAY": ":0", "BROWSER": str(browser)}
    with Demo(here, ports=ports, **THEIRS, **shown) as demo:
        await demo.ready()
        first = demo.address
        await until(opened.exists)
        assert first.count("http") == 1
        assert "chat" in httpx.get(demo.page).text
        start, *answers = demo.chat()
        assert (start["text"], start["out"]) == ("/start", True)
        assert [each["out"] for each in answers] == [False]
        greeting = answers[0]
        start, terms = demo.chat("kassa_vpn_bot")
        assert (start["text"], start["out"], terms["out"]) == ("/start", True, False)
        assert f"{demo.page}/terms" in terms["text"]
        assert "Shartlar" in httpx.get(f"{demo.page}/terms").text
        demo.process.send_signal(signal.SIGINT)
        assert await demo.end() == 0
        assert processes_in(here) == []

    with Demo(here, "--no-browser", ports=ports, **THEIRS, **shown) as demo:
        await demo.ready()
        assert demo.address == first
        assert [each["text"] for each in demo.chat()] == ["/start", greeting["text"]]
        said = [each["text"] for each in demo.chat("kassa_vpn_bot")]
        assert said == ["/start", terms["text"]]
        os.killpg(demo.process.pid, signal.SIGTERM)
        assert await demo.end() == 0
        assert processes_in(here) == []
    assert opened.read_text() == f"{first}\n"


async def test_killed_it_leaves_nothing_running_and_elsewhere_it_says_hello_anew(
    here: Path,
) -> None:
    with Demo(here, "--language", "uz", ports=two_ports()) as demo:
        await demo.ready()
        await until(lambda: demo.kept() == 4)  # a moment after it was said
        assert processes_in(here)
        demo.process.kill()
        await demo.gone()
    ports = two_ports()
    with Demo(here, "--language", "uz", ports=ports) as demo:
        await demo.ready()
        start, old, again, new = demo.chat()
        assert (start["text"], again["text"]) == ("/start", "/start")
        assert "Mehmon" in old["text"]
        assert old["text"] == new["text"]
        assert f":{ports[1]}/miniapp/" not in str(old)
        assert f":{ports[1]}/miniapp/" in str(new)
        demo.process.send_signal(signal.SIGHUP)
        assert await demo.end() == 0


async def test_a_folder_of_the_first_bot_alone_goes_on_and_has_the_second(here: Path) -> None:
    """As the demo left it while it had one bot."""
    chat_port, port = two_ports()
    there = f"http://127.0.0.1:{port}/miniapp"
    async with Sandbox(port=chat_port, data=here / "demo/telegram") as tg:
        bot, guest = tg.bot("kassa_demo_bot"), tg.user("Гость")
        await guest.start(bot)
        button = {"text": "Пополнить", "web_app": {"url": f"{there}/"}}
        markup = {"inline_keyboard": [[button]]}
        (began,) = await bot.call("getUpdates")
        await bot.call("getUpdates", offset=began["update_id"] + 1)
        await bot.call("sendMessage", chat_id=guest.id, text="👋", reply_markup=markup)
        url = f"{tg.url}/#{guest.id}/{bot.id}:{guest.id}"
    demo_place.keep(here / "demo", demo_place.Place(chat_port, port, url))
    with Demo(here) as demo:
        await demo.ready()
        assert demo.address == url
        assert [each["text"] for each in demo.chat()] == ["/start", "👋"]
        start, terms = demo.chat("kassa_vpn_bot")
        assert (start["out"], terms["out"]) == (True, False)
        for each in (f"{there}/", f"{there}/tokens/", f"{there}/{bot.id}/"):
            assert httpx.get(each).status_code == 200


async def test_every_command_can_be_tried_on_it(here: Path) -> None:
    """By the settings that it keeps; whoever tries it is an administrator."""
    with Demo(here, "--language", "en", ports=two_ports()) as demo:
        await demo.ready()
        file = here / "demo/kassa.toml"
        settings = load({"KASSA_CONFIG": str(file)}, here)
        assert settings.home.resolve() == (here / "demo").resolve()
        assert [(each.name, *each.apps) for each in settings.bots] == [
            ("tokens", "tokens"),
            ("vpn", "subscriptions"),
        ]
        guest = int(demo.address.partition("#")[2].partition("/")[0])
        assert settings.is_admin(guest)
        assert settings.remnawave_url.startswith(demo.page)


async def test_a_second_one_says_where_the_first_is_and_without_kassa_it_ends(here: Path) -> None:
    with socket.socket() as other:
        with suppress(OSError):  # then it is taken anyway
            other.bind(("127.0.0.1", 8081))
        with Demo(here, "--language", "en") as demo:
            await demo.ready()
            assert "Port 8081 was taken, so it is" in demo.said
            assert "Guest" in demo.chat()[1]["text"]
            with Demo(here) as second:
                assert await second.end() == 1
                assert second.said == f"The demo runs already: {demo.address}\n"
            demo.kassa.kill()
            assert await demo.end() == 1
            assert "Kassa has ended by itself:" in demo.said
            await demo.gone()


async def test_told_to_end_while_it_starts_it_ends(here: Path) -> None:
    with Demo(here, ports=two_ports()) as demo:
        await until((here / "demo/kassa.log").exists, what=demo.said)
        demo.process.send_signal(signal.SIGINT)
        assert await demo.end() == 0
        assert demo.address == ""
        assert processes_in(here) == []


async def test_a_port_that_was_asked_for_and_is_taken_is_told(here: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with Demo(here, ports=(port, free_port())) as demo:
            assert await demo.end() == 1
            assert demo.said == (
                f"Cannot listen on port {port}: Address already in use. Choose another with "
                "--port, or leave --port out and a free one is found.\n"
            )
    assert processes_in(here) == []


def test_a_port_that_nobody_asked_for_gives_way() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        found = demo_place.free(None, port, "--port")
        assert port < found <= port + 100
        assert demo_place.free(None, port, "--port", but=found) not in {port, found}
        with pytest.raises(Unavailable, match="the chat page is there"):
            demo_place.free(found, 8000, "--kassa-port", but=found)


def test_a_place_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    for text in ("", "[]", '{"chat": 1, "more": 2}', "{"):
        (tmp_path / "place.json").write_text(text)
        assert demo_place.last(tmp_path) == demo_place.Place()
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="Cannot use"), demo_place.alone(tmp_path / "file"):
        pass
