"""`kassa keys`: keys of services that may log people in."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from kassa.cli.common import MOST_NUMBER, table, with_database
from kassa.runtime import Opened

app = typer.Typer(help="Keys of services that log people in.", no_args_is_help=True)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="What it is for, such as crm.")],
    days: Annotated[
        int | None, typer.Option(help="It is good for so many days.", min=1, max=36500)
    ] = None,
) -> None:
    """Make a key. It is shown once."""
    from kassa.users import keys

    lives = timedelta(days=days) if days else None

    async def work(opened: Opened) -> tuple[str, keys.ServiceKey]:
        return await opened.database.run(lambda tx: keys.new(tx, name, lives=lives))

    text, key = with_database(work)
    until = f" until {key.expires_at:%Y-%m-%d %H:%M} UTC" if key.expires_at else ""
    typer.echo(f"Key {key.id} ({key.name}){until}. Keep it now, it is not shown again:", err=True)
    print(text)


@app.command("list")
def list_keys() -> None:
    """List keys, the newest first."""
    from kassa.users import keys

    async def work(opened: Opened) -> list[keys.ServiceKey]:
        return await keys.list_keys(opened.database)

    found = with_database(work)
    if not found:
        print("There are no keys. Make one: kassa keys new NAME")
        return
    print(
        table(
            ["#", "name", "state", "made (UTC)", "until", "last used"],
            [
                (
                    key.id,
                    key.name,
                    keys.state(key),
                    _at(key.created_at),
                    _at(key.expires_at),
                    _at(key.last_used_at),
                )
                for key in found
            ],
            right=[0],
        )
    )


@app.command()
def revoke(
    number: Annotated[int, typer.Argument(help="A key's number.", min=1, max=MOST_NUMBER)],
) -> None:
    """End a key at once."""
    from kassa.users import keys

    async def work(opened: Opened) -> keys.ServiceKey:
        return await opened.database.run(lambda tx: keys.revoke(tx, number))

    key = with_database(work)
    print(f"Key {key.id} ({key.name}) opens nothing any more.")


def _at(when: datetime | None) -> str:
    return f"{when:%Y-%m-%d %H:%M}" if when else ""
