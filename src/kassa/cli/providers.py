"""`kassa reconcile` and `kassa simulate`: our books beside a provider's, and its callbacks."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from kassa.cli.common import MOST_NUMBER, settings, table, with_database
from kassa.cli.inbox import plain
from kassa.errors import Invalid, NotFound, Unavailable
from kassa.runtime import Opened

if TYPE_CHECKING:
    from kassa.config import Settings
    from kassa.payments import Attempt, Payment, Payments
    from kassa.payments.providers.protocol import Callback, Provider
    from kassa.payments.reconcile import Comparison

T = TypeVar("T")

DAYS = timedelta(days=3)  # compared where nothing is said
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
_ONEPLAT = {"-2": "failed", "-1": "waiting", "0": "waiting", "1": "paid", "2": "paid"}


def with_payments(
    work: "Callable[[Opened, Payments], Awaitable[T]]", found: "Settings | None" = None
) -> T:
    """Payments with the providers of the settings, closed afterwards."""
    from kassa.payments import Payments
    from kassa.payments.providers import configured
    from kassa.runtime import purposes_of

    given = found or settings()

    async def call(opened: Opened) -> T:
        providers = configured(given)
        payments = Payments(opened.database, providers=providers, purposes=purposes_of(given))
        try:
            return await work(opened, payments)
        finally:
            await payments.close()

    return with_database(call, given)


# -- reconcile -----------------------------------------------------------------------


def reconcile(
    provider: Annotated[str | None, typer.Option(help="Only with this one.")] = None,
    since: Annotated[
        datetime | None, typer.Option(help="From then on, UTC; three days.", formats=_FORMATS)
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(help="Until then, UTC; now.", formats=_FORMATS)
    ] = None,
) -> None:
    """Compare our books with the providers' own lists. Exits 1 where something is missing."""
    from kassa import clock
    from kassa.payments.reconcile import compare

    end = until.replace(tzinfo=UTC) if until else clock.now()
    begin = since.replace(tzinfo=UTC) if since else end - DAYS

    async def work(opened: Opened, payments: "Payments") -> "tuple[list[Comparison], list[str]]":
        names = [provider] if provider else list(payments.providers)
        if not names:
            raise Invalid("No payment provider is set up here.")
        silent = [
            name for name in names if not provider and not payments.providers[name].abilities.list
        ]
        done = [
            await compare(payments, name, since=begin, until=end)
            for name in names
            if name not in silent
        ]
        return done, silent

    compared, silent = with_payments(work)
    for each in compared:
        _print_comparison(each)
    for name in silent:
        print(f"{name} gives no list: its books cannot be compared.")
    if any(each.findings for each in compared):
        raise typer.Exit(1)


def _print_comparison(found: "Comparison") -> None:
    times = f"{found.since:%Y-%m-%d %H:%M} to {found.until:%Y-%m-%d %H:%M} UTC"
    print(f"{found.provider}, {times}: {found.compared} compared, ", end="")
    if not found.findings:
        print("and both sides agree.")
        return
    print(f"{len(found.findings)} differences.")
    rows = [
        (
            each.what,
            each.ref,
            each.payment_id or "",
            each.there,
            each.here,
            "booked now" if each.mended else "for a person",
        )
        for each in found.findings
    ]
    print(table(["what", "its name", "payment", "there", "here", "and now"], rows, right=[2]))


# -- simulate ------------------------------------------------------------------------


def simulate(
    provider: Annotated[str, typer.Argument(help="stripe, oneplat, cryptopay, yookassa …")],
    *,
    payment: Annotated[int, typer.Option(help="The payment's number.", min=1, max=MOST_NUMBER)],
    status: Annotated[
        str, typer.Option(help="paid, failed, expired …; for oneplat also -2, -1, 0, 1, 2.")
    ],
    bad_signature: Annotated[
        bool, typer.Option("--bad-signature", help="Signed with a wrong secret.")
    ] = False,
    times: Annotated[int, typer.Option(help="So many at once.", min=1, max=1000)] = 1,
    url: Annotated[str | None, typer.Option(help="Another instance's address.")] = None,
    amount: Annotated[str | None, typer.Option(help="Another amount, such as 5.00.")] = None,
) -> None:
    """Send a provider's callback for a payment to the running instance, signed as it would."""
    found = settings()

    async def work(
        opened: Opened, payments: "Payments"
    ) -> "tuple[Provider, Callback, list[tuple[str, str]]]":
        adapter = payments.providers.get(provider)
        if adapter is None:
            there = ", ".join(payments.providers) or "none"
            raise Invalid(f"{provider} is not set up here; what is: {there}.")
        about = await payments.get(payments.database, payment)
        attempts = await payments.attempts(payment)
        mine = [each for each in attempts if each.provider == provider and each.ref]
        if not mine:
            raise NotFound(f"Payment {payment} was never started at {provider}.")
        known = [each for each in await payments.charges(payment) if each.attempt_id == mine[-1].id]
        callback = made(
            found,
            adapter,
            about,
            mine[-1],
            charge=known[-1].ref if known else "",
            status=status,
            amount=amount,
            forged=bad_signature,
        )
        target = f"{url or here(found)}".rstrip("/")
        return adapter, callback, await send(callback, f"{target}/pay/{provider}/callback", times)

    adapter, callback, answers = with_payments(work, found)
    for answer, count in Counter(answers).items():
        many = f"  ({count} times)" if count > 1 else ""
        print(f"{answer[0]} {answer[1]}{many}")
    _explain(found, adapter, callback, status, bad_signature)


def here(found: "Settings") -> str:
    """Where the running instance listens, as a client on this machine calls it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(found.host, found.host)  # noqa: S104
    return f"http://[{host}]:{found.port}" if ":" in host else f"http://{host}:{found.port}"


def made(
    found: "Settings",
    adapter: "Provider",
    payment: "Payment",
    attempt: "Attempt",
    *,
    charge: str,
    status: str,
    amount: str | None,
    forged: bool,
) -> "Callback":
    from kassa import clock, money
    from kassa.payments.providers.protocol import Report, State

    number = status if adapter.name == "oneplat" and status in _ONEPLAT else None
    word = _ONEPLAT[number] if number else status
    if word not in [*State]:
        more = f", {', '.join(_ONEPLAT)}" if adapter.name == "oneplat" else ""
        raise Invalid(f"A status is one of {', '.join(State)}{more}.")
    currency = payment.amount.currency
    report = Report(
        attempt.ref or "",
        State(word),
        key=attempt.key,
        charge=charge,
        amount=money.parse(amount, currency) if amount else payment.amount,
        at=clock.now(),
    )
    callback = adapter.simulate(report, at=clock.now(), forged=forged)
    return _numbered(found, callback, int(number), forged=forged) if number else callback


def _numbered(found: "Settings", callback: "Callback", number: int, *, forged: bool) -> "Callback":
    """1Plat has two numbers for "waits" and two for "paid": the one that was asked for, signed."""
    from dataclasses import replace

    from kassa.payments.providers.oneplat_wire import Number, signature, stringify
    from kassa.payments.providers.reading import json_object

    sent = json_object(callback.body, numbers=Number)
    fields = {name: sent[name] for name in sent if name not in ("signature", "signature_v2")}
    fields["status"] = number
    secret = found.oneplat_shop_secret.reveal().split(",")[0].strip() + ("!" if forged else "")
    signed = {"signature": signature(fields, secret), "signature_v2": sent["signature_v2"]}
    return replace(callback, body=stringify(signed | fields).encode())


async def send(callback: "Callback", url: str, times: int) -> list[tuple[str, str]]:
    """All at once; the status and the body of each answer."""
    import httpx

    headers = dict(callback.headers)
    if callback.address:  # believed where TRUSTED_PROXIES names us
        headers["x-forwarded-for"] = callback.address

    async def one(http: httpx.AsyncClient) -> tuple[str, str]:
        try:
            answer = await http.post(url, content=callback.body, headers=headers)
        except httpx.TransportError as error:
            why = str(error) or type(error).__name__
            raise Unavailable(
                f"Nobody answers at {url} ({why}). Is `kassa run` running there?"
            ) from None
        return str(answer.status_code), plain(answer.text[:500])

    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        return list(await asyncio.gather(*(one(http) for _ in range(times))))


def _explain(
    found: "Settings", adapter: "Provider", callback: "Callback", status: str, forged: bool
) -> None:
    name, paid = adapter.name, _ONEPLAT.get(status, status) == "paid"
    if callback.address and not found.trusted_proxies:
        print(
            f"\n{name}'s callbacks are known by where they come from ({callback.address}). For"
            f"\nthis one to be taken as its, 127.0.0.1 must be among TRUSTED_PROXIES."
        )
    elif forged:
        print(f"\nIt was signed wrongly, so {name}'s callback must have been refused above.")
    if forged:
        return
    if not adapter.abilities.signed:
        print(
            f"\n{name}'s signature does not prove what a callback says, so {name} is asked first:"
            f"\nnothing is credited unless it agrees (kassa payments show tells what came of it)."
        )
    elif paid:
        print(
            f"\n{name}'s signature proves what it says, so this is booked as money that came."
            f"\nIf {name} knows nothing of it, kassa reconcile will find it."
        )
