"""How Remnawave is asked and answers: 3.x, which numbers people, and 2.x, which gives them uuids.

Its published schema has `telegramId` as an array; the panel itself takes a number.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from kassa.apps.subscriptions.panels.protocol import Access, Down
from kassa.payments.providers.reading import kept, moment

_NOT_FOUND = ("A025", "A062", "A063")
_EXISTS = "A019"


class Refusal(Exception):
    """Its no to one call, and what there is to know of it."""

    def __init__(self, status: int, answer: object) -> None:
        fields = answer if isinstance(answer, Mapping) else {}
        self.status = status
        self.code = kept(fields.get("errorCode"))
        self.words = kept(fields.get("message")) or "an answer without words"
        self.fields = _wrong_fields(fields.get("errors"))
        more = "; ".join(f"{name}: {why}" for name, why in self.fields.items())
        super().__init__(f"{status} {self.words}{f' ({more})' if more else ''}")

    @property
    def missing(self) -> bool:
        """It knows no such user; a 404 of whoever else stands at the address is not that."""
        said = self.words.lower()
        return self.status == 404 and (
            self.code in _NOT_FOUND or ("user" in said and "not found" in said)
        )

    @property
    def exists(self) -> bool:
        return self.code == _EXISTS or "username already exists" in self.words.lower()

    @property
    def too_late(self) -> bool:
        """By its clock the date has passed."""
        return "past" in self.fields.get("expireAt", "")


def _wrong_fields(errors: object) -> dict[str, str]:
    found = {}
    for each in errors if isinstance(errors, list) else []:
        if isinstance(each, Mapping) and isinstance(path := each.get("path"), list):
            found[".".join(map(str, path))[:100]] = kept(each.get("message"))
    return found


def said(answer: object) -> dict[str, Any]:
    """What is in {"response": …}."""
    inside = answer.get("response") if isinstance(answer, Mapping) else None
    if not isinstance(inside, dict):
        raise Down("The panel's answer is not Remnawave's: is REMNAWAVE_URL its address?")
    return inside


def access(user: Mapping[str, Any], connected: Sequence[str] = ()) -> Access:
    username = kept(user.get("username"))
    panel_id = number(user)
    if not username or not panel_id:
        raise Down("The panel's answer does not name the user.")
    traffic = user.get("userTraffic")
    used = traffic if isinstance(traffic, Mapping) else user
    link = kept(user.get("subscriptionUrl"), most=2000)
    return Access(
        panel_id=panel_id,
        username=username,
        until=moment(user.get("expireAt")),
        active=user.get("status") == "ACTIVE",
        link=link if link.startswith(("https://", "http://")) else "",
        devices=_count(user.get("hwidDeviceLimit")),
        traffic=_count(user.get("trafficLimitBytes")),
        used=_count(used.get("usedTrafficBytes")),
        connected=tuple(connected),
    )


def number(user: Mapping[str, Any]) -> str:
    """What it is called by in addresses: 2.x has a number, too, and does not take it there."""
    found = user.get("uuid") or user.get("id")
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""


def owner(panel_id: str) -> dict[str, object]:
    """Whose device."""
    return {"userId": int(panel_id)} if panel_id.isdecimal() else {"userUuid": panel_id}


def which(panel_id: str) -> dict[str, object]:
    return {"id": int(panel_id)} if panel_id.isdecimal() else {"uuid": panel_id}


def devices(answer: Mapping[str, Any]) -> dict[str, str]:
    """By names that a person understands, what the panel calls them."""
    rows = answer.get("devices")
    found: dict[str, str] = {}
    for each in rows if isinstance(rows, list) else []:
        if not isinstance(each, Mapping) or not (hwid := kept(each.get("hwid"), most=500)):
            continue
        parts = [kept(each.get(name), most=60) for name in ("deviceModel", "platform")]
        name = ", ".join(part for part in parts if part) or hwid[:12]
        again = sum(1 for known in found if known == name or known.startswith(f"{name} · "))
        found[f"{name} · {again + 1}" if again else name] = hwid
    return found


def written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _count(value: object) -> int:
    """A number, also where it is written as text (bytes may be more than JavaScript counts)."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 20:
        return int(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**63:
        return int(value)
    return 0
