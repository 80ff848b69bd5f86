"""What the panel keeps of a user, what it takes of one, and how it speaks of it."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tgsandbox.providers.bank import Json, Refused, Request, Response, json_response

STRATEGIES = ("NO_RESET", "DAY", "WEEK", "MONTH", "MONTH_ROLLING")
SETTABLE = ("ACTIVE", "DISABLED")  # the others it finds out by itself
MOST_NUMBER = 2**53 - 1
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")


@dataclass(slots=True, eq=False)
class PanelUser:
    id: int
    uuid: str  # what 2.x knows them by
    short: str  # stands in the link
    username: str
    expires: float
    disabled: bool = False
    traffic: int = 0  # bytes; 0: no limit
    strategy: str = "NO_RESET"
    used: int = 0
    used_ever: int = 0
    reset_at: float = 0.0
    devices_limit: int | None = None  # 0: no limit; None: the panel's own
    devices: list[Json] = field(default_factory=list)
    squads: list[str] = field(default_factory=list)
    telegram_id: int | None = None
    description: str | None = None
    tag: str | None = None
    revoked_at: float = 0.0
    created: float = 0.0
    updated: float = 0.0

    def status(self, now: float) -> str:
        if self.disabled:
            return "DISABLED"
        if self.expires <= now:
            return "EXPIRED"
        return "LIMITED" if 0 < self.traffic <= self.used else "ACTIVE"


# --- what it answers


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shown(user: PanelUser, now: float, *, url: str, squads: dict[str, str], version: int) -> Json:
    said: Json = {
        "id": user.id,
        "shortUuid": user.short,
        "username": user.username,
        "status": user.status(now),
        "trafficLimitBytes": user.traffic,
        "trafficLimitStrategy": user.strategy,
        "expireAt": iso(user.expires),
        "telegramId": user.telegram_id,
        "email": None,
        "description": user.description,
        "tag": user.tag,
        "hwidDeviceLimit": user.devices_limit,
        "subRevokedAt": iso(user.revoked_at) if user.revoked_at else None,
        "lastTrafficResetAt": iso(user.reset_at) if user.reset_at else None,
        "createdAt": iso(user.created),
        "updatedAt": iso(user.updated),
        "subscriptionUrl": url,
        "activeInternalSquads": [{"uuid": each, "name": squads[each]} for each in user.squads],
        "userTraffic": {
            "usedTrafficBytes": user.used,
            "lifetimeUsedTrafficBytes": user.used_ever,
            "onlineAt": None,
        },
    }
    return {"uuid": user.uuid, **said} if version < 3 else said


def answer(value: Any, status: int = 200) -> Response:
    return json_response({"response": value}, status)


def error(status: int, code: str, words: str) -> Refused:
    return Refused(json_response({"message": words, "errorCode": code}, status))


def wrong(field_: str, words: str) -> Refused:
    found = [{"code": "custom", "path": [field_], "message": words}]
    return Refused(
        json_response({"statusCode": 400, "message": "Validation failed", "errors": found}, 400)
    )


# --- what it takes


def object_of(request: Request) -> Json:
    given = request.json
    if not isinstance(given, dict):
        raise wrong("", "Expected object")
    return given


def username_of(given: Json) -> str:
    name = given.get("username")
    if not isinstance(name, str):
        raise wrong("username", "Username is required")
    if not 3 <= len(name) <= 36:
        raise wrong("username", "Username must be 3 to 36 characters")
    if not re.fullmatch("[a-zA-Z0-9_-]+", name):
        raise wrong(
            "username", "Username can only contain letters, numbers, underscores and dashes"
        )
    return name


def changes(given: Json, now: float, *, new: bool, squads: dict[str, str]) -> Json:
    """Fields of PanelUser; what is not named stays as it is."""
    return dict(_changes(given, now, new=new, squads=squads))


def _changes(
    given: Json, now: float, *, new: bool, squads: dict[str, str]
) -> Iterator[tuple[str, Any]]:
    if new or "expireAt" in given:
        expires = _moment(given.get("expireAt"))
        if not new and expires <= now:
            raise wrong("expireAt", "Expiration date cannot be in the past")
        yield "expires", expires
    if "status" in given:
        if given["status"] not in SETTABLE:
            raise wrong("status", "You can't change status to LIMITED or EXPIRED.")
        yield "disabled", given["status"] == "DISABLED"
    yield from _limits(given, new=new)
    if "telegramId" in given:
        none = given["telegramId"] is None
        yield "telegram_id", None if none else _number(given, "telegramId")
    if "activeInternalSquads" in given:
        yield "squads", _squads(given["activeInternalSquads"], squads)
    for name in ("description", "tag"):
        if name in given:
            if not isinstance(given[name], str | None):
                raise wrong(name, "Expected string")
            yield name, given[name]


def _limits(given: Json, *, new: bool) -> Iterator[tuple[str, Any]]:
    if "trafficLimitBytes" in given:
        yield "traffic", _number(given, "trafficLimitBytes")
    if "trafficLimitStrategy" in given:
        if given["trafficLimitStrategy"] not in STRATEGIES:
            raise wrong("trafficLimitStrategy", "Invalid traffic limit strategy")
        yield "strategy", given["trafficLimitStrategy"]
    if "hwidDeviceLimit" in given:
        none = given["hwidDeviceLimit"] is None and not new
        yield "devices_limit", None if none else _number(given, "hwidDeviceLimit")


def _moment(value: object) -> float:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise wrong("expireAt", "Invalid date format")
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=found.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        raise wrong("expireAt", "Invalid date format") from None


def _number(given: Json, name: str) -> int:
    value = given[name]
    if type(value) is not int or not 0 <= value <= MOST_NUMBER:
        raise wrong(name, f"{name} must be an integer, 0 or more")
    return value


def _squads(value: object, known: dict[str, str]) -> list[str]:
    if not isinstance(value, list) or not all(_is_uuid(each) for each in value):
        raise wrong("activeInternalSquads", "Enabled internal squads must be an array of UUIDs")
    if not set(value) <= known.keys():  # the real one's database says so, and it answers 500
        raise error(500, "A039", "Update user error")
    return list(dict.fromkeys(value))


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


def page(request: Request, name: str, usual: int, most: int) -> int:
    value = request.asked.get(name, str(usual))
    if not value.isdecimal() or int(value) > most:
        raise wrong(name, f"Must be a number up to {most}")
    return int(value)
