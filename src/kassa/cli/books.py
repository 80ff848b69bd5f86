"""`kassa audit` and `kassa books`: the books, proved and shown."""

from typing import Annotated

import typer

from kassa.cli.common import MOST_NUMBER, table, with_database
from kassa.money import Money
from kassa.runtime import Opened

# Schemas with an audit() of their own: what is wrong, as invariant, subject and detail.
_AUDITED = """
    SELECT quote_ident(n.nspname) AS name
      FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
     WHERE p.proname = 'audit' AND p.pronargs = 0 AND n.nspname <> 'ledger'
       AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
       AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
     ORDER BY 1
"""


def audit() -> None:
    """Prove the books: every invariant of the ledger, of payments and of the apps. Exits 1 where
    one fails."""
    from kassa import ledger

    async def work(opened: Opened) -> tuple[list[ledger.Finding], int, int, int]:
        findings = await ledger.audit(opened.database)
        for schema in await opened.database.fetch(_AUDITED):
            rows = await opened.database.fetch(
                f"SELECT invariant, subject, detail FROM {schema['name']}.audit()"  # noqa: S608
            )
            findings += [ledger.Finding(*row.values()) for row in rows]
        row = await opened.database.fetchrow(
            "SELECT (SELECT count(*) FROM ledger.account) AS accounts,"
            "       (SELECT count(*) FROM ledger.transfer) AS transfers,"
            "       (SELECT count(*) FROM payments.payment) AS payments"
        )
        assert row is not None
        return findings, row["accounts"], row["transfers"], row["payments"]

    findings, accounts, transfers, payments = with_database(work)
    if findings:
        print(
            table(
                ["broken", "where", "what"],
                [(each.invariant, each.subject, each.detail) for each in findings],
            )
        )
        print(f"\nThe books are wrong in {len(findings)} places.")
        raise typer.Exit(1)
    also = f", {payments} payments" if payments else ""
    print(f"The books are right: {accounts} accounts, {transfers} transfers{also}.")


def books(
    account: Annotated[
        str | None, typer.Argument(help="The code of an account, for its statement.")
    ] = None,
    before: Annotated[
        int | None,
        typer.Option(help="The statement's lines before this number.", min=1, max=MOST_NUMBER),
    ] = None,
    most: Annotated[int, typer.Option(help="At most so many lines.", min=1, max=500)] = 50,
) -> None:
    """Show the accounts with their balances, or one account's statement."""
    print(with_database(lambda opened: show(opened, account, before, most)))


async def show(opened: Opened, account: str | None, before: int | None, most: int) -> str:
    if account is not None:
        return await statement(opened, account, before, most)
    return await accounts(opened, most)


async def accounts(opened: Opened, most: int) -> str:
    rows = await opened.database.fetch(
        """
        SELECT a.code, a.currency, a.held, a.version AS entries,
               a.posted + coalesce((SELECT sum(t.amount) FROM ledger.tail t
                                     WHERE a.deferred AND t.account_id = a.id), 0) AS posted
          FROM ledger.account a
         ORDER BY a.code LIMIT $1
        """,
        most,
    )
    if not rows:
        return "There are no accounts yet."
    lines = [
        (
            row["code"],
            Money(int(row["posted"]), row["currency"]).format("en"),
            Money(row["held"], row["currency"]).format("en") if row["held"] else "",
        )
        for row in rows
    ]
    text = table(["account", "balance", "of it held"], lines, right=[1, 2])
    return text if len(rows) < most else f"{text}\n\nThe first {most}; --most shows more."


async def statement(opened: Opened, account: str, before: int | None, most: int) -> str:
    from kassa import ledger

    entries = await ledger.statement(opened.database, account, before=before, most=most)
    if not entries:
        return f"Nothing is booked on {account} so far."
    return table(
        ["#", "at (UTC)", "what for", "other side", "amount", "balance"],
        [
            (
                each.number,
                f"{each.at:%Y-%m-%d %H:%M:%S}",
                each.key,
                each.other,
                each.amount.format("en"),
                each.after.format("en"),
            )
            for each in entries
        ],
        right=[0, 4, 5],
    )
