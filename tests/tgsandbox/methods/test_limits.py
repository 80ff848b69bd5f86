"""Who may call and when: tokens, methods, conflicts over updates, too many requests."""

import asyncio

import pytest

from tests.tgsandbox.methods.place import Place, png

WEBHOOK = (
    "409 Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)
OTHER = (
    "409 Conflict: terminated by other getUpdates request; "
    "make sure that only one bot instance is running"
)


@pytest.mark.parametrize(
    ("path", "code", "description"),
    [
        ("/bot{token}/sendMassage", 404, "Not Found: method not found"),
        ("/bot{token}/", 404, "Not Found: method not found"),
        ("/bot{token}/getMe/", 404, "Not Found: method not found"),
        ("/bot{token}/x/test/getMe", 404, "Not Found: method not found"),
        ("/bot{token}", 404, "Not Found"),
        ("/", 404, "Not Found"),
        ("/getMe", 404, "Not Found"),
        ("/botrubbish/getMe", 401, "Unauthorized: invalid token specified"),
        ("/bot/getMe", 401, "Unauthorized: invalid token specified"),
        ("/botabc:def/getMe", 401, "Unauthorized: invalid token specified"),
        ("/bot123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/getMe", 401, "Unauthorized"),
        ("/bot{token}x/getMe", 401, "Unauthorized"),
        ("/bot٣:x/getMe", 401, "Unauthorized"),
        ("/file/botrubbish/x", 401, "Unauthorized: invalid token specified"),
        ("/file/bot1:x/photos/file_1.jpg", 401, "Unauthorized"),
    ],
)
async def test_nobody_and_nothing(place: Place, path: str, code: int, description: str) -> None:
    response = await place.http.post(path.format(token=place.bot.token))
    assert response.status_code == code
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"ok": False, "error_code": code, "description": description}


async def test_the_method_may_be_among_the_arguments(place: Place) -> None:
    response = await place.http.post(f"/bot{place.bot.token}/", data={"method": "getMe"})
    assert response.json()["result"]["username"] == "shop_bot"


# --- updates


async def test_updates_are_taken_and_confirmed(place: Place) -> None:
    await place.buyer.send("Раз")
    await place.buyer.send("Два")
    first, *others = await place.call("getUpdates")
    assert [each["message"]["text"] for each in (first, *others)] == ["/start", "Раз", "Два"]
    ids = [each["update_id"] for each in (first, *others)]
    assert ids == list(range(ids[0], ids[0] + 3))
    told = await place.call("getUpdates", offset=ids[1], limit=1)
    assert [each["update_id"] for each in told] == [ids[1]]
    told = await place.call("getUpdates", offset=-1)
    assert [each["update_id"] for each in told] == [ids[2]]
    assert await place.call("getUpdates", offset=ids[2] + 1) == []


async def test_two_that_poll_and_a_webhook(place: Place) -> None:
    await place.call("getUpdates", offset=-1)
    last = (await place.call("getUpdates"))[0]["update_id"] + 1
    first = asyncio.create_task(place.refused("getUpdates", offset=last, timeout=50))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(place.refused("getUpdates", offset=last, timeout=50))
    assert await first == OTHER
    await asyncio.sleep(0.05)
    assert await place.call("setWebhook", url="http://127.0.0.1:1/hook") is True
    assert await second == "409 Conflict: terminated by setWebhook request"
    assert await place.refused("getUpdates") == WEBHOOK
    assert (await place.call("getWebhookInfo"))["url"] == "http://127.0.0.1:1/hook"
    assert await place.call("deleteWebhook") is True
    assert await place.call("getUpdates", offset=last) == []


async def test_more_than_a_chat_takes() -> None:
    async with Place(rate_limits=True) as place:
        for _ in range(3):
            await place.send()
        response = await place.answer("sendMessage", chat_id=place.buyer.id, text="a")
        assert response.status_code == 429
        assert response.headers["retry-after"] == "1"
        assert response.json() == {
            "ok": False,
            "error_code": 429,
            "description": "Too Many Requests: retry after 1",
            "parameters": {"retry_after": 1},
        }
        await place.tg.clock.move(1)
        await place.send()
        await place.tg.clock.move(60)
        album = [{"type": "photo", "media": "attach://a"}] * 4
        args = {"chat_id": place.buyer.id, "media": album, "files": {"a": png()}}
        assert len(await place.call("sendMediaGroup", **args)) == 4
        response = await place.answer("sendMessage", chat_id=place.buyer.id, text="a")
        assert response.json()["parameters"] == {"retry_after": 2}


async def test_too_many_requests_on_purpose(place: Place) -> None:
    place.tg.fault("sendMessage", retry_after=17, times=1)
    response = await place.answer("sendMessage", chat_id=place.buyer.id, text="a")
    assert (response.status_code, response.headers["retry-after"]) == (429, "17")
    assert response.json()["parameters"] == {"retry_after": 17}
    await place.send()
