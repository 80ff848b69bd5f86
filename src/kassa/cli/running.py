"""`kassa run`, `kassa demo` and `kassa doctor`."""

import asyncio
import os
import shutil
import socket
import tempfile
from typing import Annotated

import typer

from kassa import __version__
from kassa.cli.common import settings, table, with_database
from kassa.errors import Unavailable
from kassa.runtime import Opened, open_database


def run(
    workers: Annotated[
        int | None, typer.Option(help="Processes that serve HTTP.", min=1, max=64)
    ] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port.", min=1, max=65535)] = None,
) -> None:
    """Run Kassa: HTTP, jobs, and everything beside them, until Ctrl-C or SIGTERM."""
    from granian.constants import Interfaces, Loops
    from granian.server import Server

    from kassa.log import for_granian, get

    found = settings(quiet=False)
    host, port = host or found.host, port or found.port
    workers = workers or found.workers
    _check_port(host, port)

    async def serve() -> None:
        # Held here, the server outlives a worker; migrated here, errors are told once.
        async with open_database(found):
            pass

    holder = None
    if not found.database_url:
        from kassa.db import EmbeddedServer

        holder = EmbeddedServer(found.home)
        holder.start()
    metrics = tempfile.mkdtemp(prefix="kassa-metrics-") if workers > 1 else None
    try:
        asyncio.run(serve())
        if metrics:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics
        get("kassa").info("run", address=f"http://{host}:{port}", workers=workers)
        Server(
            "kassa.runtime:asgi",
            address=host,
            port=port,
            interface=Interfaces.ASGI,
            factory=True,
            workers=workers,
            loop=Loops.uvloop,
            log_dictconfig=for_granian(),
            workers_kill_timeout=30,
            respawn_failed_workers=True,
            respawn_interval=1,
        ).serve()
    finally:
        if metrics:
            shutil.rmtree(metrics, ignore_errors=True)
        if holder is not None:
            holder.stop()


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Unavailable(
                f"Cannot listen on {host}:{port} ({error.strerror}). Set PORT to a free one."
            ) from None


def demo() -> None:
    """Bring Kassa up in a folder of its own, post a few transfers and show the books."""
    from kassa.cli import showing

    found = settings()
    found = found.model_copy(update={"home": found.home / "demo"})
    with_database(showing.demo, found)


def doctor() -> None:
    """Show the settings and where they come from, and whether the database is as it must be."""
    found = settings()
    print(f"Kassa {__version__}\n")
    print(table(["setting", "value", "from"], found.describe()))

    async def work(opened: Opened) -> str:
        return str(await opened.database.fetchval("SELECT version()"))

    print(f"\nDatabase: {with_database(work, found)}")
    if not found.database_url:
        from kassa.db import EmbeddedServer

        print(f"Its files: {EmbeddedServer(found.home).place.folder}")
