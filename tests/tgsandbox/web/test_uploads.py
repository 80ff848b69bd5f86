"""Files that a person sends from the page, and how the page shows them."""

import asyncio

import aiohttp
import pytest

from tests.tgsandbox.conversations.wares import CUP, SONG, VOICE
from tgsandbox import BotAccess, Sandbox
from tgsandbox.telegram.files import file_id

from .client import Client, chat
from .test_opus import FRAME, packets_in, webm

pytestmark = pytest.mark.sandbox(page=True)


async def test_each_kind_reaches_the_bot(client: Client, bot: BotAccess) -> None:
    for kind, content in (
        ("photo", CUP),
        ("voice", VOICE),
        ("audio", SONG),
        ("document", b"x"),
        ("video", b"x"),
        ("sticker", CUP),
    ):
        about = {"kind": kind, "name": "чай.bin", "caption": "Вот", "mime": "text/x-tea"}
        status, told = await client.upload(content, **about)
        assert status == 200, told
        assert told["message"]["caption"] == "Вот"
        message = bot.pending[-1]["message"]
        file = message["photo"][0] if kind == "photo" else message[kind]
        assert file["file_size"] == len(content)
        if kind == "document":
            assert (file["file_name"], file["mime_type"]) == ("чай.bin", "text/x-tea")


async def test_a_recording_of_a_browser_becomes_a_voice_note(
    client: Client, tg: Sandbox, bot: BotAccess
) -> None:
    packets = [FRAME] * 100
    recorded = webm(packets)
    status, told = await client.upload(recorded, kind="voice", mime="audio/webm;codecs=opus")
    assert status == 200
    voice = told["message"]["voice"]
    assert (voice["mime_type"], voice["duration"]) == ("audio/ogg", 2)
    stored = tg.world.files.find(voice["file_id"])
    assert stored
    assert packets_in(tg.world.files.content(stored)) == packets
    file = await bot.call("getFile", file_id=voice["file_id"])
    assert file["file_path"].endswith(".oga")
    _, told = await client.upload(recorded, kind="document")
    assert told["message"]["document"]["file_size"] == len(recorded), "a document stays as it is"


async def test_a_length_may_be_said(client: Client) -> None:
    _, told = await client.upload(b"?", kind="voice", duration="7")
    assert told["message"]["voice"]["duration"] == 7
    for wrong in ("-1", "1.5", "x", "86401", "9" * 5000):
        status, told = await client.upload(b"?", kind="voice", duration=wrong)
        assert (status, told["detail"]) == (400, "`duration` is a whole number from 0 to 86400.")


@pytest.mark.parametrize(
    ("content", "about", "status", "words"),
    [
        (b"x", {"kind": "gif"}, 400, "A file is one of photo, voice, document, video, audio, "),
        (b"x", {"kind": "animation"}, 400, "A file is one of "),
        (b"x", {"size": "5"}, 400, "Unknown: size."),
        (b"", {}, 400, "The file is empty."),
        (b"x", {"kind": "photo"}, 400, "Bad Request: IMAGE_PROCESS_FAILED"),
        (b"x", {"chat": "nowhere"}, 404, "There is no such chat."),
        (b"x", {"person": "5"}, 404, "There is no such person."),
        (b"x", {"caption": "x" * 4097}, 409, "A message takes 4096 characters at most."),
    ],
)
async def test_what_is_no_file(  # noqa: PLR0917
    client: Client, tg: Sandbox, content: bytes, about: dict[str, str], status: int, words: str
) -> None:
    found, told = await client.upload(content, **about)
    assert found == status
    assert told["detail"].startswith(words)
    assert len(tg.world.chats[client.home].messages) == 1


@pytest.mark.parametrize(("megabytes", "status"), [(50, 200), (51, 413)])
async def test_a_file_has_fifty_megabytes_at_most(
    client: Client, tg: Sandbox, megabytes: int, status: int
) -> None:
    content = bytes(megabytes << 20)
    try:
        found, told = await client.upload(content)
    except aiohttp.ClientError:  # it hung up before all was sent
        assert status == 413
    else:
        assert found == status
        if status == 413:
            assert told["detail"] == "The file is too large: 50 MB at most."
    stored = [each.size for each in tg.world.files.known.values()]
    assert stored == ([len(content)] if status == 200 else [])


async def test_one_that_hangs_up_while_sending_is_no_failure(
    client: Client, tg: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    host, port = tg.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    path = f"/page/api/upload?person={client.person.id}&chat={client.home}"
    head = f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 100\r\n\r\n"
    writer.write(head.encode() + b"half of it")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    await client.do("send", text="Чай")
    assert tg.world.files.known == {}
    assert caplog.records == []


# --- shown


async def test_pictures_are_shown_and_the_rest_is_saved(
    client: Client, tg: Sandbox, http: aiohttp.ClientSession
) -> None:
    for mime, shown in (
        ("image/png", True),
        ("audio/ogg", True),
        ("video/mp4", True),
        ("image/svg+xml", False),
        ("text/html", False),
        ("audio/я\n", False),
        ("", False),
    ):
        stored = tg.world.files.add("document", b"<script>alert(1)</script>", mime=mime)
        async with http.get(client.address(f"file/{file_id(stored)}")) as response:
            assert response.status == 200
            assert await response.read() == b"<script>alert(1)</script>"
            headers = response.headers
        kind = mime if shown else "application/octet-stream"
        assert headers["content-type"] == kind
        assert headers["content-disposition"] == ("inline" if shown else "attachment")
        assert headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in headers["content-security-policy"]


@pytest.mark.parametrize("name", ["x", "я", "AgAD", "a" * 500])
async def test_no_file_is_no_file(client: Client, name: str) -> None:
    status, told = await client.ask("GET", f"file/{name}")
    assert (status, told["detail"]) == (404, "There is no such file.")


async def test_files_go_to_ones_own_chats_only(
    client: Client, stranger: Client, bot: BotAccess
) -> None:
    status, _ = await client.upload(b"x", chat=chat(bot, stranger.person))
    assert status == 404
