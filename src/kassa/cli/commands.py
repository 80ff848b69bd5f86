"""The commands. Each imports what only it needs."""

import typer

from kassa.cli import (
    books,
    bots,
    database,
    demo,
    doctor,
    inbox,
    jobs,
    keys,
    payments,
    people,
    providers,
    running,
    subscriptions,
)

app = typer.Typer(
    name="kassa",
    help="Take money inside Telegram.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("run")(running.run)
app.command("demo")(demo.demo)
app.command("migrate")(database.migrate)
app.command("doctor")(doctor.doctor)
app.command("audit")(books.audit)
app.command("books")(books.books)
app.command("reconcile")(providers.reconcile)
app.command("simulate")(providers.simulate)
app.add_typer(payments.app, name="payments")
app.add_typer(inbox.app, name="inbox")
app.add_typer(people.app, name="people")
app.add_typer(subscriptions.app, name="subscriptions")
app.add_typer(jobs.app, name="jobs")
app.add_typer(keys.app, name="keys")
app.add_typer(bots.webhook, name="webhook")
app.add_typer(bots.updates, name="updates")
app.add_typer(database.app, name="db")
