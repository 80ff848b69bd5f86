"""Remnawave in a box: who is let in until when, as its API says it and as its pages show it."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tgsandbox import Impossible, Sandbox
from tgsandbox.providers.remnawave import Remnawave

Json = dict[str, Any]
DAY = 86_400


class Desk:
    def __init__(self, panel: Remnawave, http: httpx.AsyncClient) -> None:
        self.panel = panel
        self.http = http

    async def ask(self, verb: str, path: str, body: Any = None) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.panel.credentials['token']}"}
        url = f"{self.panel.base_url}/api/{path}"
        return await self.http.request(verb, url, json=body, headers=headers)

    async def said(self, verb: str, path: str, body: Any = None) -> Json:
        answer = await self.ask(verb, path, body)
        assert answer.status_code in (200, 201), answer.text
        found: Json = answer.json()["response"]
        return found

    async def refused(self, verb: str, path: str, body: Any = None) -> tuple[int, str]:
        """The status, and the code or the field that is wrong."""
        answer = await self.ask(verb, path, body)
        found = answer.json()
        if found.get("errors"):
            return answer.status_code, ".".join(found["errors"][0]["path"])
        return answer.status_code, found["errorCode"]

    def at(self, days: float) -> str:
        return datetime.fromtimestamp(self.panel.now() + days * DAY, UTC).isoformat()

    async def make(self, name: str = "kassa_1", days: float = 30, **more: Any) -> Json:
        return await self.said(
            "POST", "users", {"username": name, "expireAt": self.at(days), **more}
        )


@pytest_asyncio.fixture
async def desk(tg: Sandbox) -> AsyncIterator[Desk]:
    panel = tg.bank.shop("remnawave")
    assert isinstance(panel, Remnawave)
    async with httpx.AsyncClient() as http:
        yield Desk(panel, http)


async def test_somebody_is_let_in_for_30_days_and_expires_by_the_panels_clock(
    desk: Desk, tg: Sandbox
) -> None:
    made = await desk.make(trafficLimitBytes=1000, hwidDeviceLimit=2, telegramId=77)

    assert (made["id"], made["status"], made["telegramId"]) == (1, "ACTIVE", 77)
    assert "uuid" not in made
    assert made["subscriptionUrl"].endswith(f"/bank/remnawave/{made['shortUuid']}")
    assert await desk.said("GET", "users/1") == made
    assert await desk.said("GET", "users/by-username/kassa_1") == made

    await tg.clock.move(days=30)
    assert (await desk.said("GET", "users/1"))["status"] == "EXPIRED"
    later = await desk.said("PATCH", "users", {"username": "kassa_1", "expireAt": desk.at(10)})
    assert later["status"] == "ACTIVE"
    assert desk.panel.users["kassa_1"].expires == pytest.approx(desk.panel.now() + 10 * DAY, abs=10)


async def test_a_name_is_taken_once_and_must_be_one(desk: Desk) -> None:
    await desk.make()
    again = {"username": "kassa_1", "expireAt": desk.at(1)}
    assert await desk.refused("POST", "users", again) == (400, "A019")
    for name in ("ab", "x" * 37, "with space", 5):
        body = {"username": name, "expireAt": desk.at(1)}
        assert await desk.refused("POST", "users", body) == (400, "username"), name
    assert len(desk.panel.users) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("expireAt", "tomorrow"),
        ("expireAt", None),
        ("trafficLimitBytes", -1),
        ("trafficLimitBytes", "5"),
        ("trafficLimitStrategy", "YEAR"),
        ("hwidDeviceLimit", 1.5),
        ("telegramId", [77]),
        ("status", "EXPIRED"),
        ("activeInternalSquads", ["Default-Squad"]),
        ("description", 5),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field(desk: Desk, field: str, value: Any) -> None:
    body = {"username": "kassa_1", "expireAt": desk.at(1), field: value}
    assert await desk.refused("POST", "users", body) == (400, field)
    assert desk.panel.users == {}


async def test_a_change_names_one_user_and_no_date_that_has_passed(desk: Desk) -> None:
    await desk.make()
    later = desk.at(40)
    assert await desk.refused("PATCH", "users", {"expireAt": later}) == (400, "id")
    both = {"id": 1, "username": "kassa_1", "expireAt": later}
    assert await desk.refused("PATCH", "users", both) == (400, "id")
    past = {"id": 1, "expireAt": desk.at(-1)}
    assert await desk.refused("PATCH", "users", past) == (400, "expireAt")
    assert await desk.refused("PATCH", "users", {"id": 9, "expireAt": later}) == (404, "A063")
    shut = await desk.said("PATCH", "users", {"id": 1, "status": "DISABLED"})
    assert shut["status"] == "DISABLED"


async def test_strangers_get_nothing(desk: Desk) -> None:
    answer = await desk.http.get(f"{desk.panel.base_url}/api/users")
    assert answer.status_code == 401
    wrong = {"authorization": "Bearer TEST"}
    answer = await desk.http.get(f"{desk.panel.base_url}/api/users", headers=wrong)
    assert answer.status_code == 401


async def test_700_users_are_streamed_and_paged(desk: Desk) -> None:
    for number in range(700):
        await desk.make(f"kassa_{number}")
    names, cursor = [], ""
    while True:
        page = await desk.said("GET", f"users/stream?size=250{cursor}")
        names += [each["username"] for each in page["users"]]
        if not page["hasMore"]:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert names == [f"kassa_{number}" for number in range(700)]
    assert page["nextCursor"] is None

    page = await desk.said("GET", "users?start=690&size=250")
    assert (page["total"], len(page["users"])) == (700, 10)
    assert page["users"][0]["username"] == "kassa_9"
    assert await desk.refused("GET", "users?size=2000") == (400, "size")


async def test_two_devices_and_no_third_until_one_is_forgotten(desk: Desk) -> None:
    await desk.make(hwidDeviceLimit=2)
    panel = desk.panel
    assert panel.connect("kassa_1", "a", model="Pixel")
    assert panel.connect("kassa_1", "a")
    assert panel.connect("kassa_1", "b")
    assert not panel.connect("kassa_1", "c")

    known = await desk.said("GET", "hwid/devices/1")
    assert [(each["hwid"], each["userId"]) for each in known["devices"]] == [("a", 1), ("b", 1)]
    left = await desk.said("POST", "hwid/devices/delete", {"userId": 1, "hwid": "a"})
    assert left["total"] == 1
    assert panel.connect("kassa_1", "c")
    gone = {"userId": 1, "hwid": "a"}
    assert await desk.refused("POST", "hwid/devices/delete", gone) == (500, "A101")
    wrong = {"userUuid": panel.users["kassa_1"].uuid, "hwid": "c"}
    assert await desk.refused("POST", "hwid/devices/delete", wrong) == (400, "userId")
    assert (await desk.said("POST", "hwid/devices/delete-all", {"userId": 1}))["devices"] == []

    await desk.said("PATCH", "users", {"id": 1, "hwidDeviceLimit": 0})
    assert all(panel.connect("kassa_1", str(number)) for number in range(20))


async def test_traffic_is_used_up_and_comes_back_with_the_month(desk: Desk, tg: Sandbox) -> None:
    await desk.make(days=90, trafficLimitBytes=1000, trafficLimitStrategy="MONTH")
    desk.panel.use("kassa_1", 1000)
    assert (await desk.said("GET", "users/1"))["status"] == "LIMITED"
    assert not desk.panel.connect("kassa_1", "a")

    await tg.clock.move(days=31)
    found = await desk.said("GET", "users/1")
    assert (found["status"], found["userTraffic"]["usedTrafficBytes"]) == ("ACTIVE", 0)
    assert found["userTraffic"]["lifetimeUsedTrafficBytes"] == 1000

    desk.panel.use("kassa_1", 400)
    assert (await desk.said("POST", "users/1/actions/reset-traffic"))["status"] == "ACTIVE"
    assert desk.panel.users["kassa_1"].used == 0


async def test_a_revoked_link_opens_nothing(desk: Desk) -> None:
    old = (await desk.make())["subscriptionUrl"]
    new = (await desk.said("POST", "users/1/actions/revoke", {}))["subscriptionUrl"]
    assert new != old
    assert (await desk.http.get(old)).status_code == 404
    assert (await desk.http.get(new)).status_code == 200


async def test_disabling_and_enabling_is_once(desk: Desk) -> None:
    await desk.make()
    assert (await desk.said("POST", "users/1/actions/disable"))["status"] == "DISABLED"
    assert await desk.refused("POST", "users/1/actions/disable") == (400, "A029")
    assert (await desk.said("POST", "users/1/actions/enable"))["status"] == "ACTIVE"
    assert await desk.refused("POST", "users/1/actions/enable") == (400, "A030")
    assert (await desk.ask("DELETE", "users/1")).status_code == 204
    assert await desk.refused("GET", "users/1") == (404, "A025")


async def test_squads_are_the_panels_own(desk: Desk) -> None:
    known = (await desk.said("GET", "internal-squads"))["internalSquads"]
    assert [each["name"] for each in known] == ["Default-Squad", "Premium-Squad"]
    made = await desk.make(activeInternalSquads=[known[1]["uuid"]])
    assert made["activeInternalSquads"] == [known[1]]
    foreign = {"id": 1, "activeInternalSquads": ["b1a3a3ab-06c3-46a8-a3d3-6f0e7d5b8b2f"]}
    assert await desk.refused("PATCH", "users", foreign) == (500, "A039")


async def test_the_older_one_knows_people_by_uuid(desk: Desk) -> None:
    desk.panel.version = 2
    made = await desk.make()
    named = made["uuid"]
    assert (await desk.said("GET", f"users/{named}"))["username"] == "kassa_1"
    assert await desk.refused("GET", "users/1") == (404, "A025")
    changed = {"uuid": named, "expireAt": desk.at(5)}
    assert (await desk.said("PATCH", "users", changed))["uuid"] == named
    assert (await desk.said("GET", f"hwid/devices/{named}"))["devices"] == []
    assert await desk.refused("GET", "users/stream") == (400, "uuid")
    assert await desk.said("DELETE", f"users/{named}") == {"isDeleted": True}
    desk.panel.version = 3
    assert await desk.refused("GET", f"users/{named}") == (400, "userId")


async def test_what_goes_wrong_on_purpose(desk: Desk) -> None:
    panel = desk.panel
    panel.fault("create", "timeout_after")
    with pytest.raises(httpx.TransportError):
        await desk.make()
    assert list(panel.users) == ["kassa_1"]

    panel.fault("*", "down", times=2)
    for _ in range(2):
        assert (await desk.ask("GET", "users/1")).status_code == 503
    panel.fault("update", "error_before")
    assert await desk.refused("PATCH", "users", {"id": 1}) == (500, "A001")
    panel.fault("read", "nonsense")
    assert (await desk.ask("GET", "users/1")).text.startswith("<html>")
    panel.wants_proxy = True
    with pytest.raises(httpx.TransportError):
        await desk.ask("GET", "users/1")
    panel.wants_proxy, panel.slow = False, 0.5
    with pytest.raises(httpx.ReadTimeout):
        await desk.http.post(
            f"{panel.base_url}/api/users/1/actions/disable",
            headers={"authorization": f"Bearer {panel.credentials['token']}"},
            timeout=0.1,
        )
    panel.slow = 0.0
    assert (await desk.said("GET", "users/1"))["status"] == "DISABLED"
    with pytest.raises(Impossible):
        panel.use("nobody", 1)


async def test_it_is_there_after_a_restart(tmp_path: Path) -> None:
    async with Sandbox(data=tmp_path) as tg, httpx.AsyncClient() as http:
        panel = tg.bank.shop("remnawave")
        assert isinstance(panel, Remnawave)
        desk = Desk(panel, http)
        link = httpx.URL((await desk.make())["subscriptionUrl"]).path
        panel.connect("kassa_1", "a")
    kept = json.loads((tmp_path / "bank.json").read_text())
    assert kept["shops"][0]["users"][0]["username"] == "kassa_1"

    async with Sandbox(data=tmp_path) as tg, httpx.AsyncClient() as http:
        panel = tg.bank.shop("remnawave")
        assert isinstance(panel, Remnawave)
        desk = Desk(panel, http)
        assert (await http.get(f"{tg.url}{link}")).status_code == 200
        assert len(panel.users["kassa_1"].devices) == 1
        assert (await desk.make("kassa_2"))["id"] == 2


# The pages


async def test_the_page_behind_a_link_says_whose_it_is_and_that_it_is_a_sandboxs(
    desk: Desk,
) -> None:
    link = (await desk.make(trafficLimitBytes=2**31, hwidDeviceLimit=1))["subscriptionUrl"]
    page = (await desk.http.get(link)).text
    assert "kassa_1" in page
    assert "A subscription of the sandbox" in page
    assert datetime.fromtimestamp(desk.panel.users["kassa_1"].expires, UTC).strftime("%Y") in page

    answer = await desk.http.post(f"{link}/connect")
    assert (answer.status_code, answer.headers["location"]) == (303, link)
    assert (await desk.http.post(f"{link}/use")).status_code == 303
    page = (await desk.http.get(link)).text
    assert "Phone 1 (at most 1)" in page
    assert "1.0 GB of 2.0 GB" in page
    assert (await desk.http.post(f"{link}/delete")).status_code == 404


async def test_an_app_that_fetches_the_link_is_a_device(desk: Desk) -> None:
    link = (await desk.make(hwidDeviceLimit=1))["subscriptionUrl"]
    first = {"x-hwid": "one", "x-device-model": "<b>Pixel</b>"}
    assert (await desk.http.get(link, headers=first)).status_code == 200
    assert (await desk.http.get(link, headers={"x-hwid": "two"})).status_code == 404
    assert [each["hwid"] for each in desk.panel.users["kassa_1"].devices] == ["one"]
    assert "<b>" not in (await desk.http.get(link)).text


async def test_the_list_has_everybody_and_its_buttons_lead_back_to_it(desk: Desk) -> None:
    short = (await desk.make())["shortUuid"]
    await desk.make("kassa_2", days=3)
    listed = str(desk.panel.bank.url) + "/bank/remnawave/"
    page = (await desk.http.get(listed)).text
    assert "kassa_1" in page
    assert page.index("kassa_2") < page.index("kassa_1")
    pressed = await desk.http.post(f"{listed}{short}/connect", headers={"referer": listed})
    assert pressed.headers["location"] == "/bank/remnawave/"
    foreign = {"origin": "https://example.com"}
    assert (await desk.http.post(f"{listed}{short}/use", headers=foreign)).status_code == 403
    assert desk.panel.users["kassa_1"].used == 0
