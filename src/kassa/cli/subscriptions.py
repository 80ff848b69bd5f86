"""`kassa subscriptions`: the panel beside our books, people of an older bot, promo codes, keys."""

import secrets
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar
from zoneinfo import ZoneInfo

import typer

from kassa.cli import promos
from kassa.cli.common import table, with_database
from kassa.cli.people import Who, find
from kassa.cli.promos import MOST_DAYS, at, of_subscriptions
from kassa.errors import Conflict, Invalid
from kassa.runtime import Opened

if TYPE_CHECKING:
    from kassa.apps import Kassa
    from kassa.apps.subscriptions.models import Subscription
    from kassa.apps.subscriptions.older.file import File
    from kassa.apps.subscriptions.older.importing import How, Outcome
    from kassa.apps.subscriptions.syncing import Found
    from kassa.config import Settings

T = TypeVar("T")

app = typer.Typer(help="Plans, their people and the panel.", no_args_is_help=True)
app.add_typer(promos.promo, name="promo")
app.add_typer(promos.keys, name="keys")

MOST_WRONG = 20  # lines that are shown


def _with_kassa(found: "Settings", work: "Callable[[Kassa], Awaitable[T]]") -> T:
    """With the panel of the settings, closed afterwards."""
    from kassa.apps import Kassa
    from kassa.payments import Payments

    async def call(opened: Opened) -> T:
        payments = Payments(opened.database, providers={}, purposes=[])
        kassa = Kassa.of(found, opened.database, payments)
        try:
            return await work(kassa)
        finally:
            for close in kassa.closing:
                await close()
            await kassa.bots.close()

    return with_database(call, found)


def _progress(words: str) -> Callable[[int], None]:
    """On a terminal only."""

    def tell(count: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{count:,} {words}", end="\r", file=sys.stderr, flush=True)

    return tell


# -- sync --------------------------------------------------------------------------


@app.command()
def sync(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Mend nothing.")] = False,
    shut_strangers: Annotated[
        bool,
        typer.Option("--shut-strangers", help="Shut who is let in there and unknown here; asks."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Compare the panel with our books, and mend it; --dry-run exits 1 where they differ."""
    found = of_subscriptions()

    async def work(kassa: "Kassa") -> "Found":
        from kassa.apps.subscriptions import syncing

        return await syncing.sync(kassa, mends=not dry_run, progress=_progress("compared"))

    compared = _with_kassa(found, work)
    _print_drift(compared, dry_run)
    if dry_run and (compared.wrong or compared.strangers):
        raise typer.Exit(1)
    if shut_strangers and not dry_run and compared.strangers:
        many = len(compared.strangers)
        if not yes:
            typer.confirm(f"Shut {many} at the panel that nobody here has paid for?", abort=True)
        _shut(found, compared.strangers)
        print(f"{many} will be shut by the running Kassa.")


def _shut(found: "Settings", names: list[str]) -> None:
    async def work(opened: Opened) -> None:
        from kassa.apps.subscriptions import syncing

        await opened.database.run(lambda tx: syncing.shut_strangers(tx, names))

    with_database(work, found)


def _print_drift(found: "Found", dry_run: bool) -> None:
    words = {
        "none": "There is no panel: who has time left is let in by our word.",
        "channel": "A channel tells no bot who is inside: those whose time ended lately were asked "
        "for one by one.",
        "keys": "Keys have no end of their own: compared was who has one.",
    }
    if found.panel in words:
        print(words[found.panel])
    if found.panel == "none":
        return
    if found.drifts:
        rows = [
            (each.user, each.username, each.what, each.here, each.there) for each in found.drifts
        ]
        print(table(["person", "at the panel", "what", "here", "there"], rows, right=[0]))
        if found.wrong > len(rows):
            print(f"and {found.wrong - len(rows):,} more")
        print()
    for name in found.strangers[:MOST_WRONG]:
        print(f"let in there, and nobody's here: {name}")
    if len(found.strangers) > MOST_WRONG:
        print(f"and {len(found.strangers) - MOST_WRONG:,} more")
    counts = "".join(f", {count:,} {what}" for what, count in sorted(found.counts.items()))
    waiting = f", {found.waiting:,} being told just now" if found.waiting else ""
    print(
        f"{found.compared:,} compared{counts or ', none differs'}{waiting}; "
        f"{len(found.strangers):,} strangers."
    )
    if found.wrong and not dry_run:
        print("The running Kassa mends them: kassa jobs list --kind subscriptions.provision")


# -- import ------------------------------------------------------------------------


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV of the older bot; docs/subscriptions.md.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be.")] = False,
    zone: Annotated[
        str, typer.Option(help="Of times that name none, such as Europe/Moscow.")
    ] = "UTC",
    add: Annotated[
        bool, typer.Option("--add", help="Add to the time that people have here already.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Bring people, their time and payments from an older bot: all of the file, or nothing."""
    from kassa.apps.subscriptions import options
    from kassa.apps.subscriptions.older import file as import_file
    from kassa.apps.subscriptions.older import importing
    from kassa.apps.subscriptions.panels import kind_of

    found = of_subscriptions()
    how = importing.How(options.of(found), kind_of(found), adds=add)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.") from None
    read = import_file.read(content, zone=_zone(zone), tiers=tuple(how.options.tiers))

    async def look(opened: Opened) -> "Outcome":
        return await importing.preview(opened.database, read, how)

    outcome = with_database(look, found)
    _print_preview(file.name, read, outcome, how)
    if outcome.wrong:
        print(f"\n{len(outcome.wrong):,} wrong; nothing was imported.", file=sys.stderr)
        raise typer.Exit(1)
    if dry_run:
        return
    if not yes:
        typer.confirm("\nImport them?", abort=True)
    progress = _progress("imported")

    async def write(opened: Opened) -> "Outcome":
        return await opened.database.run(
            lambda tx: importing.write(tx, read, how, progress=progress)
        )

    done = with_database(write, found).counts
    print(f"Imported: {done['people']:,} people, {done['payments']:,} payments.")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Invalid(f"There is no time zone {name!r}; one is written Europe/Moscow.") from None


_COUNTS = {
    "people": "people",
    "given": "get the time that they had there",
    "longer": "have less time here, and get the later end",
    "added": "have time here, and get what they had there besides",
    "kept": "have more here already, and keep it",
    "over": "come with time that is over",
    "without": "come without any time",
    "done": "were imported before, and stay as they are",
    "accounts": "keep their account at the panel",
    "accounts left": "have one here already: theirs there is not taken over",
    "payments": "old payments, to be shown and not booked",
    "payments known": "old payments that were imported before",
}


def _print_preview(name: str, file: "File", found: "Outcome", how: "How") -> None:
    from kassa.apps.subscriptions.older.file import SEPARATORS

    encoding = {"cp1251": "Windows-1251"}.get(file.encoding, file.encoding.upper())
    print(f"{name}: {file.lines:,} lines, {encoding}, separated by {SEPARATORS[file.separator]}.")
    if file.unread:
        print(f"Not read: {', '.join(file.unread)}.")
    if how.panel == "none" and any(each.link for each in file.people.values()):
        print("Links are kept until the next renewal only: no panel is set up.")
    rows = [(f"{found.counts[each]:,}", words) for each, words in _COUNTS.items()]
    print()
    print(table(["", ""], [row for row in rows if row[0] != "0"], right=[0]).lstrip("\n"))
    if found.wrong:
        wrong = [(each.line, each.what) for each in found.wrong[:MOST_WRONG]]
        print(f"\n{table(['line', 'what is wrong'], wrong, right=[0])}")
        if len(found.wrong) > MOST_WRONG:
            print(f"and {len(found.wrong) - MOST_WRONG:,} more")


# -- one person --------------------------------------------------------------------


@app.command()
def show(who: Who) -> None:
    """Show what somebody has, and how it came about."""

    async def work(opened: Opened) -> str:
        from kassa.apps.subscriptions import service
        from kassa.apps.subscriptions.older import payments as old_payments

        user = await find(opened, who)
        mine = await service.standing(opened.database, user.id)
        if mine is None:
            return f"Person {user.id} has never had a subscription."
        terms = await service.terms(opened.database, user.id, most=50)
        text = table([f"person {user.id}", ""], _standing(mine))
        rows = [
            (at(each.at), each.kind, _days(each.seconds), at(each.after), each.cause, each.reason)
            for each in terms
        ]
        head = ["at (UTC)", "what", "days", "until", "cause", "why"]
        text += f"\n\n{table(head, rows, right=[2])}" if rows else ""
        old = await old_payments.of(opened.database, user.id, most=50)
        paid = [(at(each.at), each.money, each.provider, each.ref) for each in old]
        head = ["older bot, at (UTC)", "paid", "by", "its name"]
        return text + (f"\n\n{table(head, paid, right=[1])}" if paid else "")

    print(with_database(work, of_subscriptions()))


def _standing(mine: "Subscription") -> list[tuple[str, object]]:
    from kassa.apps.subscriptions.options import GIGABYTE

    told = mine.provisioned >= mine.wanted
    rows: list[tuple[str, object]] = [
        ("until (UTC)", at(mine.expires_at) or "never had any"),
        ("let in until", at(mine.grace_until)),
        ("tier", mine.grade.tier),
        ("devices", mine.grade.devices or "no limit"),
        ("traffic", f"{mine.grade.traffic // GIGABYTE} GB" if mine.grade.traffic else "no limit"),
        ("renews", f"{mine.renews} {mine.renew_plan}".strip()),
        ("next try", at(mine.renew_at)),
        ("at the panel", mine.username),
        ("panel", "is as it must be" if told else f"waits: {mine.panel_error or 'to be told'}"),
        ("link", mine.link),
    ]
    return [row for row in rows if row[1] != ""]


@app.command()
def give(
    who: Who,
    days: Annotated[int, typer.Argument(help="So many.", min=1, max=MOST_DAYS)],
    *,
    reason: Annotated[str, typer.Option(help="Why; they read it.")],
) -> None:
    """Give somebody days. It stands in their history with its reason, and the bot tells them."""
    from kassa.apps.subscriptions import options
    from kassa.apps.subscriptions.models import Length, Term

    found, words = of_subscriptions(), " ".join(reason.split())
    if not 0 < len(words) <= 200:
        raise Invalid("The reason has 1 to 200 characters.")
    sold, cause = options.of(found), f"admin:{secrets.token_hex(8)}"

    async def work(opened: Opened) -> "tuple[int, Term | None]":
        from kassa.apps.subscriptions import service

        user = await find(opened, who)
        return user.id, await opened.database.run(
            lambda tx: service.extend(
                *(tx, user.id, Length.days(days)),
                kind="admin",
                cause=cause,
                grade=sold.grade(next(iter(sold.tiers))),
                reason=words,
                news="news-given",
                args={"days": days, "reason": words},
            )
        )

    user, term = with_database(work, found)
    if term is None:  # (only where the database has taken a commit of which it did not tell)
        raise Conflict("They have them already.")
    print(f"Person {user}: {days} days more, until {at(term.after)} UTC.")


def _days(seconds: int) -> str:
    return f"{seconds / 86_400:+.1f}".removesuffix(".0")
