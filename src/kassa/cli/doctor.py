"""`kassa doctor`: whether all is as it must be, here and at the providers."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import typer

from kassa import __version__, apps
from kassa.cli.common import settings, table, with_database
from kassa.db import EmbeddedServer
from kassa.errors import KassaError
from kassa.runtime import Opened

if TYPE_CHECKING:
    from httpx import Response

    from kassa.config import Settings
    from kassa.payments.providers.protocol import Finding, Provider

INSIDE_TELEGRAM = ("stars", "telegram")

_SECONDS = 10
_WORDS = {True: "fine", False: "WRONG", None: "unknown"}


def doctor() -> None:
    """Check settings, database, bots and payment providers. Exits 1 if something is wrong."""
    found = settings()
    print(f"Kassa {__version__}\n")
    print(table(["setting", "value", "from"], found.describe()), flush=True)
    apps.refuse_conflicts(found, apps.find(apps.named(found)))

    async def work(opened: Opened) -> str:
        return str(await opened.database.fetchval("SELECT version()"))

    print(f"\nDatabase: {with_database(work, found)}")
    if not found.database_url:
        print(f"Its files: {EmbeddedServer(found.home).place.folder}")
    rows = [
        *_show("bot", asyncio.run(_bots(found))),
        *_show("provider", asyncio.run(_providers(found))),
    ]
    if found.remnawave_url and "subscriptions" in apps.named(found):
        rows += _show("panel", asyncio.run(panel(found)))
    if wrong := sum(each.fine is False for _, each in rows):
        print(f"\nWrong: {wrong}.")
        raise typer.Exit(1)


def _show(whose: str, rows: "list[tuple[str, Finding]]") -> "list[tuple[str, Finding]]":
    if rows:
        shown = [(name, each.what, _WORDS[each.fine], each.detail) for name, each in rows]
        print(f"\n{table([whose, 'what', 'is', 'detail'], shown)}", flush=True)
    else:
        print(f"\nNo {whose} is set up.")
    return rows


async def _bots(found: "Settings") -> "list[tuple[str, Finding]]":
    if not found.bots:
        return []
    from kassa.telegram.bots import from_settings
    from kassa.telegram.checkup import examine as examine_bot

    bots = from_settings(found)
    try:
        every = await asyncio.gather(*(examine_bot(found, bot) for bot in bots.all))
    finally:
        await bots.close()
    names = [bot.name for bot in bots.all]
    return [(name, each) for name, found_ in zip(names, every, strict=True) for each in found_]


async def _providers(found: "Settings") -> "list[tuple[str, Finding]]":
    from kassa.payments.providers import configured

    providers = configured(found)
    try:
        every = await asyncio.gather(*(examine(found, each) for each in providers.values()))
    finally:
        await asyncio.gather(*(each.close() for each in providers.values()))
    return [
        (name, each) for name, findings in zip(providers, every, strict=True) for each in findings
    ]


async def panel(found: "Settings") -> "list[tuple[str, Finding]]":
    from kassa.apps.subscriptions import options
    from kassa.apps.subscriptions.panels.remnawave import from_settings

    asked = from_settings(found, options.of(found))
    try:
        return [(asked.name, each) for each in await asked.check()]
    finally:
        await asked.close()


async def examine(found: "Settings", provider: "Provider") -> "list[Finding]":
    from kassa.payments.providers.protocol import Finding

    try:
        findings = list(await provider.check())
    except KassaError as error:
        findings = [Finding("check", None, str(error))]
    except Exception as error:  # noqa: BLE001 (edge: CLI; an adapter may be somebody else's)
        findings = [Finding("check", False, f"{type(error).__name__}: {error}")]
    if provider.name in INSIDE_TELEGRAM:
        return findings  # what they say comes as updates
    findings.append(round_trip(provider))
    return findings + [await reachable(*each) for each in _addresses(found, provider)]


def round_trip(provider: "Provider") -> "Finding":
    """A callback as the provider would sign it is understood here; one signed wrongly is not."""
    from kassa import clock
    from kassa.money import Money
    from kassa.payments.providers.protocol import Finding, Refused, Report, State

    what, now = "round trip of a callback", clock.now()
    amount = Money(10_000, provider.methods[0].currencies[0])
    report = Report("1", State.PAID, key="kassa-doctor", amount=amount, at=now)
    try:
        callback = provider.simulate(report, at=now)
        provider.verify(callback, at=now)
        said = provider.parse(callback).reports
    except NotImplementedError:
        return Finding(what, None, "it cannot be simulated")
    except Refused as error:
        return Finding(what, False, f"a right one is refused: {error}")
    if [(each.ref, each.state) for each in said] != [(report.ref, report.state)]:
        return Finding(what, False, "it was understood as something else")
    try:
        provider.verify(provider.simulate(report, at=now, forged=True), at=now)
    except Refused:
        return Finding(what, True, "a right one is taken, a forged one is refused")
    return Finding(what, False, "a forged one is taken")


def _addresses(found: "Settings", provider: "Provider") -> Iterator[tuple[str, str]]:
    """What is called by the provider, and what that is in the settings."""
    path = f"/pay/{provider.name}/callback"
    base = found.public_base_url
    yield "callback's address", f"{base}{path}" if base else ""
    if provider.name == "oneplat" and found.oneplat_callback_url:
        yield "ONEPLAT_CALLBACK_URL", found.oneplat_callback_url


async def reachable(what: str, url: str) -> "Finding":
    """What nobody has signed is sent there, and must be refused in our words."""
    import httpx

    from kassa.payments.providers.protocol import Finding

    if not url:
        words = "PUBLIC_BASE_URL is not set: nobody can tell whether the provider reaches us"
        return Finding(what, None, words)
    try:
        async with httpx.AsyncClient(timeout=_SECONDS) as http:
            answer = await http.post(
                url, content=b"{}", headers={"content-type": "application/json"}
            )
    except httpx.HTTPError as error:
        why = str(error) or type(error).__name__
        return Finding(what, False, f"nobody answers at {url} ({why}); is `kassa run` running?")
    return _judged(what, url, answer.status_code, _detail(answer))


def _judged(what: str, url: str, status: int, detail: str) -> "Finding":
    from kassa.payments.providers.protocol import Finding

    if 200 <= status < 300:
        return Finding(what, False, f"{url} takes what nobody has signed: it is not Kassa's")
    if not (400 <= status < 500 and detail):
        return Finding(what, False, f"{url} answers {status}, not in Kassa's words")
    if status in (404, 405):
        return Finding(what, False, f"{url} does not lead to this provider here: {detail}")
    return Finding(what, True, f"{url} refuses what is not signed ({status})")


def _detail(answer: "Response") -> str:
    """How our refusals look: {"detail": "in words"}."""
    try:
        said = answer.json()
    except ValueError:
        return ""
    detail = said.get("detail") if isinstance(said, Mapping) else None
    return detail if isinstance(detail, str) else ""
