"""Faults, limits and the clock over HTTP."""

import pytest

from tests.tgsandbox.delivery.plain import Client

from .remote import Remote, chat_of

pytestmark = pytest.mark.sandbox(control=True)


# --- what goes wrong


async def test_faults(remote: Remote, call: Client) -> None:
    chat = await chat_of(remote)
    made = await remote.post(
        "/faults",
        method="sendMessage",
        bot="shop_bot",
        chat="Buyer",
        error=[400, "Bad Request: no"],
        times=1,
        after=1,
    )
    assert (await remote.get())["faults"]["calls"][0]["id"] == made["id"]
    statuses = [(await call("sendMessage", chat_id=chat, text="x")).status for _ in range(3)]
    assert statuses == [200, 400, 200]
    await remote.post("/faults", retry_after=9)
    assert (await call("getMe")).headers["Retry-After"] == "9"
    assert (await remote.ask("DELETE", "/faults"))[0] == 200
    await remote.post("/faults", method="getMe", error={"code": 500, "description": "Oh"})
    late = await remote.post("/faults", type="message", late=30, times=None)
    assert (await call("getMe")).refusal == (500, "Oh")
    await remote.post("/people/Buyer/send", text="late", to="shop_bot")
    assert await call.updates(offset=-1) != ["late"]
    assert (await remote.ask("DELETE", f"/faults/{late['id']}"))[0] == 200
    assert (await remote.ask("DELETE", f"/faults/{late['id']}"))[0] == 404
    await remote.post("/clock", move=30)
    assert await call.updates(offset=-1) == ["late"]


async def test_limits_and_clock(remote: Remote, call: Client) -> None:
    chat = await chat_of(remote)
    shown = await remote.post("/limits", on=True, per_chat=1, chat_burst=1)
    assert (shown["on"], shown["chat_burst"], shown["per_bot"]) == (True, 1, 30)
    send = {"chat_id": chat, "text": "x"}
    assert [(await call("sendMessage", **send)).status for _ in range(2)] == [200, 429]
    before = (await remote.get())["now"]
    assert (await remote.post("/clock", move=1, days=1))["now"] - before in (86_401, 86_402)
    assert (await call("sendMessage", **send)).status == 200
    await remote.post("/limits", on=False)
    assert (await call("sendMessage", **send)).status == 200
