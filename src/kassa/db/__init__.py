"""PostgreSQL: our own or yours, transactions, migrations, leaders and wake-ups."""

from kassa.db.database import Database, Reader, Tx, transaction_is_open
from kassa.db.embedded import APP, DATABASE, OWNER, Address, EmbeddedServer
from kassa.db.failures import CommitUnknown, lost_connection

__all__ = [
    "APP",
    "DATABASE",
    "OWNER",
    "Address",
    "CommitUnknown",
    "Database",
    "EmbeddedServer",
    "Reader",
    "Tx",
    "lost_connection",
    "transaction_is_open",
]
