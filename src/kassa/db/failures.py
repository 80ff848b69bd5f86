"""How a database fails, sorted by what can be done about it."""

import asyncpg

from kassa.errors import KassaError

# The whole transaction is undone, and may succeed when it is done again.
LOST_RACE = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
# The connection is gone or cannot be had; before COMMIT that means nothing happened.
_LOST_CONNECTION = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    ConnectionError,
    FileNotFoundError,  # the socket
)


class CommitUnknown(KassaError):
    """The connection broke while committing: it happened, or it did not. Ask by the key."""

    status = 503


def lost_connection(error: BaseException) -> bool:
    if isinstance(error, asyncpg.InterfaceError):
        return "connection" in str(error) and "clos" in str(error)
    return isinstance(error, _LOST_CONNECTION)
