"""Jobs that outlive the process: put in a transaction, done after it, until it works."""

from kassa.outbox.cron import Cron
from kassa.outbox.models import GiveUp, Handler, Job, LeaseLost, NewJob, TryLater, Waiting
from kassa.outbox.service import amend, drop, finish, lag, list_jobs, put, put_many, retry
from kassa.outbox.worker import Worker

__all__ = [
    "Cron",
    "GiveUp",
    "Handler",
    "Job",
    "LeaseLost",
    "NewJob",
    "TryLater",
    "Waiting",
    "Worker",
    "amend",
    "drop",
    "finish",
    "lag",
    "list_jobs",
    "put",
    "put_many",
    "retry",
]
