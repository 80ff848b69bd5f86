"""`kassa jobs`: what waits to be done, and what is dead."""

from typing import Annotated

import typer

from kassa.cli.common import MOST_NUMBER, table, with_database
from kassa.errors import Invalid
from kassa.runtime import Opened

app = typer.Typer(help="The outbox: jobs that wait, and dead ones.", no_args_is_help=True)

_NUMBERS = typer.Argument(help="Numbers of jobs.", min=1, max=MOST_NUMBER)
Ids = Annotated[list[int], _NUMBERS]
IdsOrNone = Annotated[list[int] | None, _NUMBERS]
Kind = Annotated[str | None, typer.Option(help="Only jobs of this kind.")]


@app.command("list")
def list_jobs(
    dead: Annotated[bool, typer.Option("--dead", help="Only dead ones.")] = False,
    kind: Kind = None,
    after: Annotated[
        int, typer.Option(help="Only those after this number.", min=0, max=MOST_NUMBER)
    ] = 0,
    most: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 50,
) -> None:
    """List jobs, oldest first."""
    from kassa import outbox

    async def work(opened: Opened) -> list[outbox.Waiting]:
        return await outbox.list_jobs(
            opened.database, dead=True if dead else None, kind=kind, after=after, most=most
        )

    found = with_database(work)
    if not found:
        print("No dead jobs." if dead else "No jobs are waiting.")
        return
    print(
        table(
            ["#", "kind", "key", "state", "tries", "due (UTC)", "last error"],
            [
                (
                    job.id,
                    job.kind,
                    job.key or "",
                    "dead" if job.dead_at else "running" if job.running else "waiting",
                    f"{job.attempts}/{job.most}",
                    f"{job.due_at:%Y-%m-%d %H:%M:%S}",
                    (job.last_error or "").split("\n")[0][:80],
                )
                for job in found
            ],
            right=[0, 4],
        )
    )
    if len(found) == most:
        print(f"\nMore: kassa jobs list --after {found[-1].id}")


@app.command()
def retry(ids: IdsOrNone = None, kind: Kind = None) -> None:
    """Try dead jobs again: by number, or all of a kind."""
    from kassa import outbox

    if not ids and not kind:
        raise Invalid("Say which: numbers of jobs, or --kind.")

    async def work(opened: Opened) -> int:
        return await opened.database.run(lambda tx: outbox.retry(tx, ids=ids or (), kind=kind))

    print(f"Tried again: {with_database(work)}.")


@app.command()
def drop(ids: Ids) -> None:
    """Throw jobs away that nobody is doing."""
    from kassa import outbox

    async def work(opened: Opened) -> int:
        return await opened.database.run(lambda tx: outbox.drop(tx, ids=ids))

    print(f"Dropped: {with_database(work)}.")
