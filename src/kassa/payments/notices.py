"""What payers and the operator are told: jobs that whoever speaks for us carries out."""

from collections.abc import Sequence
from typing import Any

from kassa.log import masked
from kassa.outbox import NewJob
from kassa.payments.models import Message, Payment

TO_PERSON = "telegram.send"  # {"user", "bot", "app", "text", "args"}
TO_OPERATOR = "operator.tell"  # {"app", "text", "args"}
APP = "payments"


def to_payer(payment: Payment, text: str, **args: Any) -> NewJob:
    args = {"payment": payment.id, "what": payment.description, **args}
    return _to_person(payment, APP, payment.user, text, args)


def to_operator(payment: Payment, text: str, **args: Any) -> NewJob:
    args = {"payment": payment.id, "user": payment.user, "purpose": payment.purpose, **args}
    return NewJob(TO_OPERATOR, {"app": APP, "text": text, "args": args})


def messages(payment: Payment, said: Sequence[Message]) -> list[NewJob]:
    app = payment.purpose.partition(".")[0]
    return [
        _to_person(payment, each.app or app, each.user or payment.user, each.text, dict(each.args))
        for each in said
    ]


def _to_person(payment: Payment, app: str, user: int, text: str, args: dict[str, Any]) -> NewJob:
    payload = {"user": user, "bot": payment.bot, "app": app, "text": text, "args": args}
    return NewJob(TO_PERSON, payload)


def cause(error: Exception | None) -> str | None:
    """An error as it may be kept and shown to the operator."""
    if error is None:
        return None
    said = masked(f"{type(error).__name__}: {error}")
    return said[:500].replace("\0", "").encode(errors="replace").decode()
