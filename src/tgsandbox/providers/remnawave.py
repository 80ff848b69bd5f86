"""Remnawave 3.x: a panel that lets people in until a date, with a state of its own.

`panel.users["name"]` is what it knows of somebody; `panel.version = 2` makes it speak as 2.x did,
which knows people by a uuid. Nobody pays here: of a shop it has the address, the faults, the pages.
"""

import uuid
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from tgsandbox.providers.bank import Json, Request, Response, Shop, call, json_response
from tgsandbox.providers.remnawave_wire import (
    PanelUser,
    answer,
    changes,
    error,
    iso,
    object_of,
    page,
    shown,
    username_of,
    wrong,
)
from tgsandbox.providers.shop import Route
from tgsandbox.telegram.acts import Impossible

if TYPE_CHECKING:
    from tgsandbox.providers.bank import Bank

FALLBACK_DEVICES = 5  # for whom no limit is said
SQUADS = ("Default-Squad", "Premium-Squad")


class Remnawave(Shop):
    provider = "remnawave"
    title = "Remnawave"
    own_faults: ClassVar = ("nonsense",)  # it answers, but not in its own words

    version = 3
    slow = 0.0  # seconds until it answers; what was asked is done at once
    wants_proxy = False  # without the headers of a proxy it hangs up, as the real one does

    def __init__(self, bank: "Bank", name: str, callback_url: str = "") -> None:
        super().__init__(bank, name, callback_url)
        self.users: dict[str, PanelUser] = {}
        self.calls: list[str] = []  # the names of all that were made, refused ones too
        self._by_id: dict[str, PanelUser] = {}  # by number, uuid, and what stands in the link

    @property
    def credentials(self) -> dict[str, str]:
        return {"token": f"TEST{self.secret('token')}"}

    @property
    def squads(self) -> dict[str, str]:
        """uuids and names."""
        return {str(self._uuid("squad", name)): name for name in SQUADS}

    def owns(self, request: Request) -> bool:
        return request.headers["authorization"] == f"Bearer {self.credentials['token']}"

    @classmethod
    def stranger(cls, request: Request) -> Response:
        return json_response({"message": "Unauthorized", "statusCode": 401}, 401)

    def callback_secret(self, generation: int) -> str:
        return ""

    def trouble(self, status: int, what: str = "") -> Response:
        if status in (404, 405):
            return json_response({"message": "Cannot find it", "statusCode": 404}, 404)
        if status == 503:
            return Response(503, b"<html>no upstream</html>", {"content-type": "text/html"})
        return json_response({"message": "Server error", "errorCode": "A001"}, status)

    def handle(self, request: Request) -> Response:
        if self.wants_proxy and request.headers["x-forwarded-proto"] != "https":
            return Response(lost=True)
        return replace(super().handle(request), delay=self.slow)

    def answer(self, request: Request, route: Route, spoilt: int = 0) -> Response:
        self.calls.append(route.call)
        if request.fault == "nonsense":
            return Response(200, b"<html>Just a moment</html>", {"content-type": "text/html"})
        return super().answer(request, route, spoilt)

    # --- calls

    @call("create", "POST", "/api/users")
    def create(self, request: Request) -> Response:
        given = object_of(request)
        name = username_of(given)
        found = changes(given, self.now(), new=True, squads=self.squads)
        if name in self.users:
            raise error(400, "A019", "User username already exists")
        return self._said(self.put(name, **found), 201)

    @call("update", "PATCH", "/api/users")
    def update(self, request: Request) -> Response:
        given = object_of(request)
        by_id = "uuid" if self.version < 3 else "id"
        if (by_id in given) == ("username" in given):
            raise wrong(by_id, f"Either {by_id} or username must be provided")
        found = changes(given, self.now(), new=False, squads=self.squads)
        if by_id in given:
            user = self._by_id.get(str(given[by_id]))
        else:
            user = self.users.get(str(given["username"]))
        if user is None:
            raise error(404, "A063", "User with specified params not found")
        for name, value in found.items():
            setattr(user, name, value)
        return self._said(user)

    @call("list", "GET", "/api/users")
    def listed(self, request: Request) -> Response:
        """The newest first, so that a page shifts when somebody is added."""
        start, size = page(request, "start", 0, 10**9), page(request, "size", 25, 1000)
        everybody = list(self.users.values())[::-1]
        some = [self._shown(each) for each in everybody[start : start + size]]
        return answer({"users": some, "total": len(everybody)})

    @call("stream", "GET", "/api/users/stream")
    def stream(self, request: Request) -> Response:
        if self.version < 3:
            raise wrong("uuid", "Invalid uuid")
        size, after = page(request, "size", 250, 1000), page(request, "cursor", 0, 10**9)
        left = [each for each in self.users.values() if each.id > after]
        more = len(left) > size
        return answer(
            {
                "users": [self._shown(each) for each in left[:size]],
                "nextCursor": str(left[size - 1].id) if more else None,
                "hasMore": more,
            }
        )

    @call("read", "GET", "/api/users/{id}")
    def read(self, request: Request) -> Response:
        return self._said(self._named(request))

    @call("by_username", "GET", "/api/users/by-username/{username}")
    def by_username(self, request: Request) -> Response:
        user = self.users.get(request.parts["username"])
        if user is None:
            raise error(404, "A063", "User with specified params not found")
        return self._said(user)

    @call("revoke", "POST", "/api/users/{id}/actions/revoke")
    def revoke(self, request: Request) -> Response:
        user = self._named(request)
        self._by_id.pop(user.short)
        user.short, user.revoked_at = self.new_id(length=16), self.now()
        self._keep(user)
        return self._said(user)

    @call("disable", "POST", "/api/users/{id}/actions/disable")
    def disable(self, request: Request) -> Response:
        user = self._named(request)
        if user.disabled:
            raise error(400, "A029", "User already disabled")
        user.disabled = True
        return self._said(user)

    @call("enable", "POST", "/api/users/{id}/actions/enable")
    def enable(self, request: Request) -> Response:
        user = self._named(request)
        if not user.disabled:
            raise error(400, "A030", "User already enabled")
        user.disabled = False
        return self._said(user)

    @call("reset", "POST", "/api/users/{id}/actions/reset-traffic")
    def reset(self, request: Request) -> Response:
        user = self._named(request)
        user.used, user.reset_at = 0, self.now()
        return self._said(user)

    @call("delete", "DELETE", "/api/users/{id}")
    def delete(self, request: Request) -> Response:
        self.forget(self._named(request).username)
        return Response(204) if self.version >= 3 else answer({"isDeleted": True})

    @call("devices", "GET", "/api/hwid/devices/{id}")
    def devices(self, request: Request) -> Response:
        return self._devices_said(self._named(request))

    @call("forget_device", "POST", "/api/hwid/devices/delete")
    def forget_device(self, request: Request) -> Response:
        given, user = self._owner(request)
        if not isinstance(given.get("hwid"), str):
            raise wrong("hwid", "Expected string")
        left = [each for each in user.devices if each["hwid"] != given["hwid"]]
        if len(left) == len(user.devices):
            raise error(500, "A101", "Delete hwid user device error")
        user.devices = left
        return self._devices_said(user)

    @call("forget_devices", "POST", "/api/hwid/devices/delete-all")
    def forget_devices(self, request: Request) -> Response:
        _, user = self._owner(request)
        user.devices = []
        return self._devices_said(user)

    @call("squads", "GET", "/api/internal-squads")
    def internal_squads(self, request: Request) -> Response:
        rows = [{"uuid": each, "name": name} for each, name in self.squads.items()]
        return answer({"total": len(rows), "internalSquads": rows})

    # --- what people do

    def put(self, username: str, expires: float, **more: Any) -> PanelUser:
        """As if an operator had added them by hand."""
        number = self.memory["last_id"] = int(self.memory.get("last_id", 0)) + 1
        user = PanelUser(
            id=number,
            uuid=str(self._uuid("user", str(number))),
            short=self.new_id(length=16),
            username=username,
            expires=expires,
            created=self.now(),
            reset_at=self.now(),
            **more,
        )
        self._keep(user)
        self.bank.changed()
        return user

    def connect(
        self, username: str, hwid: str, *, model: str = "Phone", os: str = "Android"
    ) -> bool:
        """An app fetches the link, as from that device; whether it is let in."""
        user = self._user(username)
        if self.status(username) != "ACTIVE":
            return False
        if any(each["hwid"] == hwid for each in user.devices):
            return True
        limit = FALLBACK_DEVICES if user.devices_limit is None else user.devices_limit
        if limit and len(user.devices) >= limit:
            return False
        device = {"hwid": hwid, "platform": os, "osVersion": "1", "deviceModel": model}
        user.devices.append({**device, "createdAt": iso(self.now()), "updatedAt": iso(self.now())})
        self.bank.changed()
        return True

    def use(self, username: str, amount: int) -> None:
        """So many bytes go through."""
        user = self._user(username)
        self._by_calendar(user)
        user.used += amount
        user.used_ever += amount
        self.bank.changed()

    def status(self, username: str) -> str:
        user = self._user(username)
        self._by_calendar(user)
        return user.status(self.now())

    def forget(self, username: str) -> None:
        """As if an operator had deleted them by hand."""
        user = self.users.pop(self._user(username).username)
        for each in (str(user.id), user.uuid, user.short):
            self._by_id.pop(each, None)
        self.bank.changed()

    def by_link(self, short: str) -> PanelUser | None:
        found = self._by_id.get(short)
        return found if found and found.short == short else None

    # --- keeping

    def kept(self) -> Json:
        return {**super().kept(), "users": [asdict(each) for each in self.users.values()]}

    def restore(self, kept: Json) -> None:
        super().restore(kept)
        for each in kept["users"]:
            self._keep(PanelUser(**each))

    def _keep(self, user: PanelUser) -> None:
        self.users[user.username] = user
        for each in (str(user.id), user.uuid, user.short):
            self._by_id[each] = user

    def _user(self, username: str) -> PanelUser:
        if username not in self.users:
            raise Impossible(f"Remnawave knows no {username!r}.")
        return self.users[username]

    def _named(self, request: Request) -> PanelUser:
        return self._by_number(request.parts["id"])

    def _owner(self, request: Request) -> tuple[Json, PanelUser]:
        given = object_of(request)
        name = "userUuid" if self.version < 3 else "userId"
        if type(given.get(name)) is not (str if self.version < 3 else int):
            raise wrong(name, "Required")
        return given, self._by_number(str(given[name]))

    def _by_number(self, given: str) -> PanelUser:
        if self.version >= 3 and not given.isdecimal():
            raise wrong("userId", "Expected number, received nan")
        user = self._by_id.get(given)
        if user is None or given != (str(user.id) if self.version >= 3 else user.uuid):
            raise error(404, "A025", "User not found")
        return user

    def _said(self, user: PanelUser, status: int = 200) -> Response:
        return answer(self._shown(user), status)

    def _shown(self, user: PanelUser) -> Json:
        self._by_calendar(user)
        return shown(
            user,
            self.now(),
            url=self.page_of(user.short),
            squads=self.squads,
            version=self.version,
        )

    def _devices_said(self, user: PanelUser) -> Response:
        owner: Json = {"userUuid": user.uuid} if self.version < 3 else {"userId": user.id}
        rows = [{**each, **owner} for each in user.devices]
        return answer({"total": len(rows), "devices": rows})

    def _by_calendar(self, user: PanelUser) -> None:
        """Traffic of a month is counted anew on its first day."""
        before, now = (datetime.fromtimestamp(at, UTC) for at in (user.reset_at, self.now()))
        if user.strategy == "MONTH" and (before.year, before.month) != (now.year, now.month):
            user.used, user.reset_at = 0, self.now()

    def _uuid(self, *of: str) -> uuid.UUID:
        return uuid.uuid5(uuid.NAMESPACE_URL, ":".join((self.provider, self.name, *of)))
