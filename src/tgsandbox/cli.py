"""`tgsandbox serve` and `tgsandbox token`."""

from pathlib import Path
from typing import Annotated

import typer

from tgsandbox.telegram.names import token_for

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)


@app.command()
def token(
    name: Annotated[str, typer.Argument(help="The bot's username, such as shop_bot.")],
) -> None:
    """Print a bot's token. It follows from the name: no server need run."""
    try:
        typer.echo(token_for(name))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@app.command()
def serve(
    *,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="The port; 0 takes a free one.", min=0, max=65535)
    ] = 8081,
    data: Annotated[Path | None, typer.Option(help="Keep everything in this folder.")] = None,
    control: Annotated[
        bool, typer.Option("--control", help="Let programs steer it under /control.")
    ] = False,
    page: Annotated[
        bool, typer.Option(help="The chat page, which can do all that control can.")
    ] = True,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="Another name under which page and control answer.")
    ] = None,
    limits: Annotated[
        bool, typer.Option("--limits", help="Limit sending as Telegram does, with 429.")
    ] = False,
    strict_webhooks: Annotated[
        bool, typer.Option("--strict-webhooks", help="Webhooks by HTTPS on Telegram's ports only.")
    ] = False,
    bot: Annotated[list[str] | None, typer.Option(help="A bot to know from the start.")] = None,
) -> None:
    """Run Telegram on this machine until Ctrl-C."""
    from tgsandbox.serving import CannotServe, run

    options = {
        "control": control,
        "page": page,
        "allow_hosts": allow_host or [],
        "rate_limits": limits,
        "strict_webhooks": strict_webhooks,
    }
    try:
        run(bot or [], host=host, port=port, data=data, **options)
    except CannotServe as error:
        typer.echo(f"tgsandbox: {error}", err=True)
        raise typer.Exit(1) from None


def main() -> None:
    app()
