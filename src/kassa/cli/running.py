"""`kassa run`."""

import errno
import os
import signal
import socket
import tempfile
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kassa import apps, runtime
from kassa.cli.common import bring_up_to_date, settings
from kassa.config import Settings
from kassa.db import EmbeddedServer
from kassa.errors import Unavailable

if TYPE_CHECKING:
    from granian.server.common import AbstractServer

_STOP_SECONDS = 30  # then a worker is killed; its jobs are done by another


def run(
    workers: Annotated[
        int | None, typer.Option(help="Processes that serve HTTP.", min=1, max=64)
    ] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port.", min=1, max=65535)] = None,
) -> None:
    """Run Kassa: HTTP, jobs, and everything beside them, until Ctrl-C or SIGTERM."""
    given = {"workers": workers, "host": host, "port": port}
    found = settings(quiet=False)
    apps.refuse_conflicts(found, apps.find(apps.named(found)))
    serve(found.model_copy(update={name: value for name, value in given.items() if value}))


def serve(found: Settings, target: str = "kassa.runtime:asgi") -> None:
    """Until it is told to stop. What cannot work is told here, before there are workers."""
    from kassa.log import get

    log = get("kassa")
    told = threading.Event()
    nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    heard = [signal.SIGINT, signal.SIGTERM, *([] if nohup else [signal.SIGHUP])]
    for each in heard:
        signal.signal(each, lambda *_: told.set())
    os.register_at_fork(  # a worker is born deaf: Python forgets what comes in that moment
        before=runtime.let_signals_wait,
        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, runtime.SIGNALS),
    )
    address = _free_address(found.host, found.port)
    with ExitStack() as stack:
        if not found.database_url:
            server = EmbeddedServer(found.home)  # held here, PostgreSQL outlives a worker
            stack.callback(server.stop)
            server.start()
        bring_up_to_date(found, unless=told)
        if found.workers > 1:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="kassa-metrics-"))
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        os.environ["KASSA_WORKERS"] = str(found.workers)  # a worker has its share of each limit
        granian = _granian(found, address, target)

        @granian.on_startup
        def hear() -> None:
            """granian hears signals by now, but takes a closed terminal for a wish to reload."""
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            for each in heard:
                signal.signal(each, interrupt)
            if told.is_set():
                signal.raise_signal(signal.SIGTERM)

        def interrupt(*number_and_frame: Any) -> None:
            """Beside the main thread, which may hold just the lock that granian is to take."""
            threading.Thread(
                target=granian.signal_handler_interrupt, args=number_and_frame, daemon=True
            ).start()

        if not told.is_set():
            log.info("run", address=f"http://{found.host}:{found.port}", workers=found.workers)
            try:
                granian.serve()
            except SystemExit:
                if not granian.interrupt_signal:
                    raise  # its workers died; those that were told to have not
    log.info("stopped")


def _granian(found: Settings, address: str, target: str) -> "AbstractServer[Any]":
    from granian.constants import Interfaces, Loops
    from granian.log import LogLevels
    from granian.server import Server

    from kassa.log import for_granian

    return Server(
        target,
        address=address,
        port=found.port,
        interface=Interfaces.ASGI,
        factory=True,
        workers=found.workers,
        loop=Loops.uvloop,
        log_dictconfig=for_granian(),
        log_level=LogLevels.info if found.log_level == "debug" else LogLevels.warning,
        workers_kill_timeout=_STOP_SECONDS,
        respawn_failed_workers=True,
    )


def _free_address(host: str, port: int) -> str:
    """The host's address, when its port is free. Whoever was killed may hold it for a moment."""
    deadline = time.monotonic() + 3
    while True:
        try:
            family, kind, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(where)
                return str(where[0])
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise Unavailable(
                    f"Cannot listen on {host}:{port} ({error.strerror}). "
                    f"Set HOST to an address of this machine and PORT to a free port."
                ) from None
        time.sleep(0.1)
