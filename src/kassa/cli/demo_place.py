"""Where the demo is: its folder, for one at a time, and its ports, the same again if they are free.

What has been said in the chat has buttons that lead to Kassa's port, so it should not change.
"""

import errno
import fcntl
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from kassa.errors import Unavailable

HOST = "127.0.0.1"

_TRIED = 100  # ports


@dataclass(frozen=True)
class Place:
    chat: int = 8081
    kassa: int = 8000
    url: str = ""  # of the chat; "" where it has not been yet


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Or Unavailable, with where the demo is that runs already."""
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        lock = (folder / "lock").open("a")
    except OSError as error:
        raise Unavailable(f"Cannot use {folder}: {error.strerror}.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            where = last(folder).url
            raise Unavailable(f"The demo runs already: {where or 'it is starting'}") from None
        yield


def last(folder: Path) -> Place:
    try:
        return Place(**json.loads((folder / "place.json").read_text()))
    except (OSError, ValueError, TypeError):
        return Place()


def keep(folder: Path, place: Place) -> None:
    (folder / "place.json").write_text(json.dumps(asdict(place)))


def free(asked: int | None, usual: int, option: str, *, but: int = 0) -> int:
    """The port that was asked for, and no other; or the usual one, or one after it."""
    wanted = asked or usual
    ports = [wanted] if asked else range(usual, min(usual + _TRIED, 65_536))
    for port in ports:
        if port != but and bad(port) is None:
            return port
    raise taken(wanted, option, bad(wanted) or OSError(errno.EADDRINUSE, "the chat page is there"))


def bad(port: int) -> OSError | None:
    """Why nobody can listen on it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error
    return None


def taken(port: int, option: str, error: OSError) -> Unavailable:
    return Unavailable(
        f"Cannot listen on port {port}: {error.strerror}. "
        f"Choose another with {option}, or leave {option} out and a free one is found."
    )
