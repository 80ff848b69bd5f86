"""`kassa inbox`: what providers have sent, as it came, and what became of it."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kassa.cli.common import MOST_NUMBER, table, with_database
from kassa.errors import Invalid
from kassa.runtime import Opened

if TYPE_CHECKING:
    from kassa.payments.letters import Letter
    from kassa.payments.providers.protocol import Callback

app = typer.Typer(help="What providers have sent: waiting, handled, dead.", no_args_is_help=True)

_NUMBERS = typer.Argument(help="Numbers of rows.", min=1, max=MOST_NUMBER)
_PAGE = 500

ProviderName = Annotated[str | None, typer.Option(help="Only this provider's.")]


@app.command("list")
def list_inbox(
    *,
    dead: Annotated[bool, typer.Option("--dead", help="Only those set aside.")] = False,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only those still to be done.")] = (
        False
    ),
    handled: Annotated[bool, typer.Option("--handled", help="Only those done.")] = False,
    provider: ProviderName = None,
    before: Annotated[
        int | None, typer.Option(help="Only those before this number.", min=1, max=MOST_NUMBER)
    ] = None,
    most: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 50,
) -> None:
    """List what providers have sent, newest first."""
    from kassa.payments import letters

    asked = {"dead": dead, "waiting": waiting, "handled": handled}
    states = [name for name, is_asked in asked.items() if is_asked]
    if len(states) > 1:
        raise Invalid("A row is dead, waiting or handled: ask for one of them.")

    async def work(opened: Opened) -> "list[Letter]":
        return await letters.page(
            opened.database,
            state=states[0] if states else None,
            provider=provider,
            before=before,
            most=most,
        )

    found = with_database(work)
    if not found:
        print(f"Nothing is {states[0]}." if states else "Nothing has come.")
        return
    print(as_table(found))
    if len(found) == most:
        print(f"\nMore: kassa inbox list --before {found[-1].id}")


def as_table(found: "list[Letter]") -> str:
    return table(
        ["#", "provider", "kind", "state", "tries", "copies", "came (UTC)", "what came of it"],
        [
            (
                each.id,
                each.provider,
                each.kind[:40],
                each.state,
                each.tries,
                each.copies,
                f"{each.received_at:%Y-%m-%d %H:%M:%S}",
                each.said[:80],
            )
            for each in found
        ],
        right=[0, 4, 5],
    )


@app.command()
def show(
    number: Annotated[int, typer.Argument(help="The row's number.", min=1, max=MOST_NUMBER)],
) -> None:
    """Show a row: its headers and body as they came."""
    from kassa.payments import letters

    async def work(opened: Opened) -> "tuple[Letter, Callback]":
        return await letters.one(opened.database, number)

    letter, callback = with_database(work)
    facts: dict[str, object] = {
        "provider": letter.provider,
        "event": letter.event,
        "kind": letter.kind,
        "state": letter.state,
        "came": f"{letter.received_at:%Y-%m-%d %H:%M:%S} UTC, {letter.copies} times",
        "next try": f"{letter.due_at:%Y-%m-%d %H:%M:%S} UTC" if letter.due_at else "",
        "tries": letter.tries,
        "what came of it": letter.said,
    }
    print("\n".join(plain(f"{name}: {value}") for name, value in facts.items() if value != ""))
    query = f"?{callback.query}" if callback.query else ""
    print(f"\n{plain(callback.method + ' ' + query)}".rstrip())
    print("\n".join(plain(f"{name}: {value}") for name, value in callback.headers.items()))
    print(f"\n{body(callback.body)}")


@app.command()
def replay(
    ids: Annotated[list[int] | None, _NUMBERS] = None,
    dead: Annotated[bool, typer.Option("--dead", help="All that are dead.")] = False,
    provider: ProviderName = None,
) -> None:
    """Settle rows again, from the start. What they say is booked once, however often."""
    from kassa.payments import letters

    if bool(ids) == dead:
        raise Invalid("Say which: numbers of rows, or --dead.")
    if provider and not dead:
        raise Invalid("--provider goes with --dead; rows that are named are named.")

    async def work(opened: Opened) -> int:
        numbers, before = list(ids or ()), None
        while dead:
            page = await letters.page(
                opened.database, state="dead", provider=provider, before=before, most=_PAGE
            )
            numbers += [each.id for each in page]
            if len(page) < _PAGE:
                break
            before = page[-1].id
        return await opened.database.run(lambda tx: letters.replay(tx, numbers))

    done = with_database(work)
    print(f"To be settled again: {done}. `kassa run` does it within seconds.")
    if ids and done < len(set(ids)):
        print(f"Not there: {len(set(ids)) - done}.")
        raise typer.Exit(1)


def body(raw: bytes) -> str:
    """JSON as people read it, without what providers put in for their own clients to keep."""
    from kassa.log import masked

    try:
        text = json.dumps(_less(json.loads(raw)), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        text = raw.decode(errors="replace")
    return "\n".join(plain(line) for line in masked(text).splitlines())


def _less(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: "***" if "secret" in name.lower() and isinstance(held, str) else _less(held)
            for name, held in value.items()
        }
    return [_less(each) for each in value] if isinstance(value, list) else value


def plain(text: str) -> str:
    """What others wrote must not move the cursor of a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)
