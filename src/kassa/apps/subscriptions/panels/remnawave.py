"""Remnawave: people are let in on a panel, until a date that we say.

Whatever is told is absolute (the date, the status, the limits), so that telling it again changes
nothing; its own `extend`, which adds days, is never used. People are found by their username,
which is ours for ever: the panel's own number changes with its version, and is somebody else's
on another panel.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from kassa import clock
from kassa.apps.subscriptions.options import Options
from kassa.apps.subscriptions.panels import remnawave_wire as wire
from kassa.apps.subscriptions.panels.protocol import Access, Down, No, Wanted
from kassa.apps.subscriptions.panels.remnawave_wire import Refusal
from kassa.config import Settings
from kassa.payments.providers.http import Client
from kassa.payments.providers.protocol import Finding, Mute

PREFIX = "kassa_"  # of all names that we give
STRATEGY = "MONTH"  # traffic is counted anew on the first day of a month
SECONDS = 15.0
PAGE = 250
SHUT = ("DISABLED", "EXPIRED")

_LATER = (408, 425, 429)
_NOBODY = "kassa-doctor-nobody"  # whom no panel knows


def from_settings(settings: Settings, options: Options) -> "Remnawave":
    squads = {name: tier.squads for name, tier in options.tiers.items() if tier.squads}
    return Remnawave(settings.remnawave_url, settings.remnawave_token.reveal(), squads=squads)


class Remnawave:
    name = "remnawave"

    def __init__(
        self,
        url: str,
        token: str,
        *,
        squads: Mapping[str, Sequence[str]] | None = None,
        prefix: str = PREFIX,
        seconds: float = SECONDS,
    ) -> None:
        """`squads` are the groups (their uuids) that people of a tier are in; those of a tier
        that is not named are in all that there are when they are new, and stay where they are."""
        self._squads = dict(squads or {})
        self._prefix = prefix
        headers = {"authorization": f"Bearer {token}"}
        if url.startswith("http://"):  # beside it, without the proxy that it insists on
            headers |= {"x-forwarded-proto": "https", "x-forwarded-for": "127.0.0.1"}
        base = url.rstrip("/").removesuffix("/api")
        self._client = Client(base, headers=headers, seconds=seconds)

    async def close(self) -> None:
        await self._client.close()

    async def ensure(self, wanted: Wanted) -> Access:
        try:
            if wanted.until <= clock.now():
                return await self._shut(wanted)
            return await self._let_in(wanted)
        except Refusal as no:
            if no.too_late:
                return await self._shut(wanted)
            raise No(f"Remnawave refuses {wanted.username}: {no}") from None

    async def read(self, wanted: Wanted) -> Access | None:
        user = await self._find(wanted)
        if user is None:
            return None
        return wire.access(user, tuple(await self._devices(wire.access(user).panel_id)))

    async def everybody(self) -> AsyncIterator[Access]:
        """By our names; whoever another bot has put there is asked for one by one."""
        seen: set[str] = set()
        async for user in self._all():
            found = wire.access(user)
            if found.username.startswith(self._prefix) and found.username not in seen:
                seen.add(found.username)
                yield found

    async def forget_device(self, wanted: Wanted, device: str) -> None:
        user = await self._find(wanted)
        if user is None:
            return
        panel_id = wire.access(user).panel_id
        hwid = (await self._devices(panel_id)).get(device)
        if hwid is None:
            return
        try:
            body = {**wire.owner(panel_id), "hwid": hwid}
            await self._ask("POST", "/api/hwid/devices/delete", body)
        except Refusal as no:
            if no.status != 404:
                raise No(f"Remnawave does not forget a device: {no}") from None

    async def new_link(self, wanted: Wanted) -> Access:
        """Devices are forgotten, too: the panel would go on counting those of strangers. Whoever
        opens the new link is counted anew."""
        user = await self._find(wanted)
        if user is None:
            raise No(f"Remnawave knows no {wanted.username}.")
        panel_id = wire.access(user).panel_id
        try:
            made = await self._ask("POST", f"/api/users/{panel_id}/actions/revoke", {})
            await self._ask("POST", "/api/hwid/devices/delete-all", wire.owner(panel_id))
        except Refusal as no:
            raise No(f"Remnawave gives {wanted.username} no new link: {no}") from None
        return wire.access(made)

    async def check(self) -> Sequence[Finding]:
        """For the doctor: whether it answers, takes the token, and knows the groups."""
        try:
            with suppress(Refusal):
                await self._ask("GET", f"/api/users/by-username/{_NOBODY}")
        except Wrong as error:
            return [Finding("credentials", False, str(error))]
        except Down as error:
            return [Finding("credentials", None, str(error))]
        found = [Finding("credentials", True, "the panel answers and takes the token")]
        if wanted := {each for group in self._squads.values() for each in group}:
            try:
                lacking = wanted.difference(await self._all_squads())
                words = f"unknown: {', '.join(sorted(lacking))}" if lacking else "all are known"
                found.append(Finding("squads", not lacking, words))
            except (Down, Refusal) as error:
                found.append(Finding("squads", None, str(error)))
        return found

    # -- letting in, and out

    async def _let_in(self, wanted: Wanted) -> Access:
        """A known one is changed, a new one is made: and the other, where it is not so."""
        told = self._told(wanted)
        if wanted.panel_id and (changed := await self._change(wanted, told)):
            return changed
        try:
            return await self._make(wanted, told)
        except Refusal as no:
            if not no.exists:
                raise
        # They are there already: we have asked before, and not heard the answer.
        changed = await self._change(wanted, told)
        if changed is None:
            raise Down(f"The panel has {wanted.username}, and has not.")
        return changed

    async def _shut(self, wanted: Wanted) -> Access:
        """The panel takes no date that has passed; who has expired there is shut already."""
        user = await self._find(wanted)
        if user is None:
            return Access("", wanted.username, wanted.until, active=False, link="")
        if user.get("status") not in SHUT:
            named = wire.which(wire.access(user).panel_id)
            user = await self._ask("PATCH", "/api/users", {**named, "status": "DISABLED"})
        return wire.access(user)

    def _told(self, wanted: Wanted) -> dict[str, object]:
        told: dict[str, object] = {
            "status": "ACTIVE",
            "expireAt": wire.written(wanted.until),
            "trafficLimitBytes": wanted.traffic,
            "trafficLimitStrategy": STRATEGY if wanted.traffic else "NO_RESET",
            "hwidDeviceLimit": wanted.devices,  # 0 is no limit; without it, the panel's own holds
            "telegramId": wanted.telegram_id,
        }
        if wanted.tier in self._squads:
            told["activeInternalSquads"] = list(self._squads[wanted.tier])
        return told

    async def _make(self, wanted: Wanted, told: Mapping[str, object]) -> Access:
        body = {**told, "username": wanted.username}
        if wanted.tier not in self._squads:
            body["activeInternalSquads"] = await self._all_squads()
        made = await self._ask("POST", "/api/users", body)
        return self._of(wanted.username, made)

    async def _change(self, wanted: Wanted, told: Mapping[str, object]) -> Access | None:
        """None: it does not know them."""
        try:
            named = {"username": wanted.username}
            return self._of(
                wanted.username, await self._ask("PATCH", "/api/users", {**named, **told})
            )
        except Refusal as no:
            if not no.missing:
                raise
        user = await self._by_number(wanted)
        if user is None:
            return None
        known = wire.access(user)
        body = {**wire.which(known.panel_id), **told}
        return self._of(known.username, await self._ask("PATCH", "/api/users", body))

    def _of(self, username: str, user: Mapping[str, Any]) -> Access:
        found = wire.access(user)
        if found.username != username:
            raise Down("The panel answers about somebody else.")
        return found

    # -- finding

    async def _find(self, wanted: Wanted) -> dict[str, Any] | None:
        try:
            return await self._ask("GET", f"/api/users/by-username/{wanted.username}")
        except Refusal as no:
            if no.missing:
                return await self._by_number(wanted)
            raise No(f"Remnawave does not tell of {wanted.username}: {no}") from None

    async def _by_number(self, wanted: Wanted) -> dict[str, Any] | None:
        """Somebody whom another bot has put there by another name. The number alone proves
        nothing: they must be the same person at Telegram."""
        if not wanted.panel_id:
            return None
        try:
            user = await self._ask("GET", f"/api/users/{wanted.panel_id}")
        except Refusal:  # also 400: the number is of another version
            return None
        return user if str(user.get("telegramId")) == str(wanted.telegram_id) else None

    async def _devices(self, panel_id: str) -> dict[str, str]:
        try:
            return wire.devices(await self._ask("GET", f"/api/hwid/devices/{panel_id}"))
        except Refusal as no:
            if no.status == 404:
                return {}
            raise No(f"Remnawave does not tell of devices: {no}") from None

    async def _all_squads(self) -> list[str]:
        rows = (await self._ask("GET", "/api/internal-squads")).get("internalSquads")
        if not isinstance(rows, list):
            raise Down("The panel's list of squads is none.")
        return [str(each["uuid"]) for each in rows if isinstance(each, Mapping) and "uuid" in each]

    async def _all(self) -> AsyncIterator[dict[str, Any]]:
        cursor: object = None
        while True:
            more = {} if cursor is None else {"cursor": str(cursor)}
            try:
                page = await self._ask("GET", "/api/users/stream", query={"size": PAGE, **more})
            except Refusal as no:
                if cursor is not None or no.status not in (400, 404):
                    raise No(f"Remnawave lists nobody: {no}") from None
                async for each in self._by_pages():  # older than 2.8
                    yield each
                return
            for each in _users(page):
                yield each
            if not page.get("hasMore") or page.get("nextCursor") in (None, "", cursor):
                return
            cursor = page["nextCursor"]

    async def _by_pages(self) -> AsyncIterator[dict[str, Any]]:
        """The newest first: who is added meanwhile shifts the pages, and somebody comes twice."""
        start = 0
        while True:
            query = {"start": start, "size": PAGE}
            try:
                users = _users(await self._ask("GET", "/api/users", query=query))
            except Refusal as no:
                raise No(f"Remnawave lists nobody: {no}") from None
            for each in users:
                yield each
            if len(users) < PAGE:
                return
            start += len(users)

    async def _ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str | int] | None = None,
    ) -> dict[str, Any]:
        try:
            status, answer = await self._client.call(method, path, body=body, query=query)
        except Mute as error:
            raise Down(f"Remnawave: {error}") from None
        if status in (401, 403):
            raise Wrong(f"Remnawave answers {status}: REMNAWAVE_TOKEN is wrong, or may too little.")
        if status >= 500 or status in _LATER or 300 <= status < 400:
            raise Down(f"Remnawave answers {status}.")
        if status >= 400:
            no = Refusal(status, answer)
            if status == 404 and not no.missing and not no.code:
                raise Wrong("Nothing of Remnawave's is there: is REMNAWAVE_URL its address?")
            raise no
        return wire.said(answer)


class Wrong(Down):
    """The operator's to mend, in the settings; until then nobody loses days."""


def _users(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = page.get("users")
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Down("The panel's list of users is none.")
    return found
