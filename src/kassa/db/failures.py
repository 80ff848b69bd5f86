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
    asyncpg.InternalClientError,  # between the server's last words and its hanging up
    ConnectionError,
)


class CommitUnknown(KassaError):
    """The connection broke while committing: it happened, or it did not. Ask by the key."""

    status = 503


def never_sent(error: BaseException) -> bool:
    """The client has found out by itself that the connection is of no use: nothing was asked."""
    return isinstance(error, asyncpg.InterfaceError) or (
        isinstance(error, asyncpg.InternalClientError) and "cannot switch to state" in str(error)
    )


def lost_connection(error: BaseException) -> bool:
    if isinstance(error, asyncpg.InterfaceError):
        # A pool takes a connection away from whoever has it when the server closes it.
        return "connection is closed" in str(error) or "released back to the pool" in str(error)
    return isinstance(error, _LOST_CONNECTION)
