"""`kassa subscriptions promo` and `keys`: what is given out besides plans."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kassa.cli.common import settings, table, with_database
from kassa.errors import Invalid, NotFound
from kassa.runtime import Opened

if TYPE_CHECKING:
    from kassa.config import Settings

promo = typer.Typer(help="Promo codes.", no_args_is_help=True)
keys = typer.Typer(help="Keys that are given out, where there is no panel.", no_args_is_help=True)

MOST_DAYS, MOST_KEY = 3650, 3500
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


def of_subscriptions() -> "Settings":
    from kassa import apps
    from kassa.apps.subscriptions.models import APP

    found = settings()
    if APP not in apps.named(found):
        raise Invalid("No bot shows subscriptions: name them among KASSA_APPS.")
    return found


def at(when: datetime | None) -> str:
    return f"{when:%Y-%m-%d %H:%M}" if when else ""


# -- promo codes -------------------------------------------------------------------


@promo.command()
def create(
    code: Annotated[str, typer.Argument(help="As people type it.")],
    *,
    percent: Annotated[int | None, typer.Option(help="Off the price.", min=1, max=99)] = None,
    off: Annotated[
        list[str] | None, typer.Option(help='Off the price, "100 RUB"; once a currency.')
    ] = None,
    days: Annotated[int | None, typer.Option(help="For nothing.", min=1, max=MOST_DAYS)] = None,
    uses: Annotated[int | None, typer.Option(help="In all.", min=1, max=2**31 - 1)] = None,
    each: Annotated[int, typer.Option(help="By one person.", min=1, max=1000)] = 1,
    since: Annotated[datetime | None, typer.Option(help="UTC.", formats=_FORMATS)] = None,
    until: Annotated[datetime | None, typer.Option(help="UTC.", formats=_FORMATS)] = None,
) -> None:
    """Make a promo code: --percent, --off or --days."""
    given = {"percent": percent, "amount": off, "days": days}
    chosen = [kind for kind, value in given.items() if value]
    if len(chosen) != 1:
        raise Invalid("Say one: --percent, --off or --days.")
    amounts = {}
    for said in off or []:
        amount = _amount(said)
        amounts[amount.currency] = amount

    async def work(opened: Opened) -> None:
        from kassa.apps.subscriptions import promos

        await opened.database.run(
            lambda tx: promos.create(
                *(tx, code, chosen[0]),
                value=percent or days or 0,
                amounts=amounts,
                most=uses,
                each=each,
                since=since and since.replace(tzinfo=UTC),
                until=until and until.replace(tzinfo=UTC),
            )
        )

    with_database(work, of_subscriptions())
    print(f"{code.strip()} can be used.")


def _amount(said: str) -> Any:
    from kassa import money

    number, _, currency = said.strip().rpartition(" ")
    if not number:
        raise Invalid(f'{said!r} is no amount: write "100 RUB".')
    return money.parse(number, currency.upper())


@promo.command("list")
def list_promos(
    everything: Annotated[bool, typer.Option("--all", help="Closed ones, too.")] = False,
) -> None:
    """List promo codes, the newest first."""
    from kassa.money import Money

    async def work(opened: Opened) -> list[Any]:
        return await opened.database.fetch(
            """
            SELECT title, kind, value, amounts, used, most, each, since, until, closed_at
              FROM subscriptions.promo
             WHERE $1 OR closed_at IS NULL ORDER BY created_at DESC, code
            """,
            everything,
        )

    found = with_database(work, of_subscriptions())
    if not found:
        print("There are no promo codes.")
        return
    rows = []
    for row in found:
        off = ", ".join(Money(amount, each).format("en") for each, amount in row["amounts"].items())
        what = {"percent": f"{row['value']}%", "days": f"{row['value']} days", "amount": off}
        used = f"{row['used']}/{row['most']}" if row["most"] else str(row["used"])
        times = [at(row[each]) for each in ("since", "until", "closed_at")]
        rows.append((row["title"], what[row["kind"]], used, row["each"], *times))
    head = ["code", "gives", "used", "by one", "since (UTC)", "until", "closed"]
    print(table(head, rows, right=[2, 3]))


@promo.command()
def close(code: Annotated[str, typer.Argument(help="The code.")]) -> None:
    """Let nobody use a code any more. Who has it on a purchase pays as it was agreed."""
    from kassa import clock

    async def work(opened: Opened) -> bool:
        from kassa.apps.subscriptions.models import NoSuchPromo
        from kassa.apps.subscriptions.promos import canonical

        try:
            name = canonical(code)
        except NoSuchPromo:
            return False
        return (
            await opened.database.fetchval(
                """
            UPDATE subscriptions.promo SET closed_at = coalesce(closed_at, $2)
             WHERE code = $1 RETURNING true
            """,
                *(name, clock.now()),
            )
            is not None
        )

    if not with_database(work, of_subscriptions()):
        raise NotFound(f"There is no promo code {code}.")
    print(f"{code} is closed.")


# -- keys --------------------------------------------------------------------------


@keys.command("add")
def add_keys(file: Annotated[Path, typer.Argument(help="A key a line; - is stdin.")]) -> None:
    """Put keys into the pool. Those that are in it already stay as they are."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8-sig")
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Invalid(f"{file} is not UTF-8.") from None
    lines = {number: line.strip() for number, line in enumerate(text.splitlines(), 1)}
    for number, line in lines.items():
        if len(line) > MOST_KEY or not line.isprintable():
            raise Invalid(f"Line {number} is no key. Nothing was added.")
    given = list(dict.fromkeys(line for line in lines.values() if line))

    async def work(opened: Opened) -> int:
        from kassa.apps.subscriptions.panels import keys as pool

        return await opened.database.run(lambda tx: pool.add(tx, given))

    new = with_database(work, of_subscriptions())
    known = f", {len(given) - new} were there already" if new < len(given) else ""
    print(f"Added: {new}{known}.")


@keys.command()
def count() -> None:
    """Say how many keys are free."""

    async def work(opened: Opened) -> Any:
        return await opened.database.fetchrow(
            """
            SELECT count(*) FILTER (WHERE user_id IS NULL) AS free,
                   count(*) FILTER (WHERE user_id IS NOT NULL AND taken_back_at IS NULL) AS given,
                   count(*) FILTER (WHERE taken_back_at IS NOT NULL) AS back
              FROM subscriptions.key
            """
        )

    row = with_database(work, of_subscriptions())
    print(f"Free: {row['free']}. Given: {row['given']}. Taken back: {row['back']}.")
