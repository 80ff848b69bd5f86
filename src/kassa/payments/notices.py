"""What payers and the operator are told: jobs that whoever speaks for us carries out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import timedelta
from typing import Any

from kassa.log import masked
from kassa.outbox import NewJob
from kassa.payments.models import Button, Message, Payment, Rows

TO_PERSON = "telegram.send"  # `to` makes its payload
TO_OPERATOR = "operator.tell"  # {"app", "text", "args"}
ENDED = "payments.ended"  # {"payment"}: where it is shown, it is to be told
APP = "payments"

_OF_BUTTON = tuple(each.name for each in fields(Button))


def to(
    user: int,
    text: str,
    *,
    app: str,
    bot: str = "",
    args: Mapping[str, Any] | None = None,
    buttons: Rows = (),
    html: bool = False,
) -> dict[str, Any]:
    """The payload of TO_PERSON: a text of an app's, by that bot (its number), or by whichever
    reaches them. `args` are JSON: money as `str(money)`."""
    said = {"user": user, "bot": bot, "app": app, "text": text, "args": dict(args or {})}
    rows = [
        [{name: value for name in _OF_BUTTON if (value := getattr(each, name))} for each in row]
        for row in buttons
    ]
    return {**said, **({"buttons": rows} if rows else {}), **({"html": True} if html else {})}


def spread(said: Iterable[dict[str, Any]], *, per_second: float) -> list[NewJob]:
    """Many at once, one after another at a pace that leaves room for what is said meanwhile: due
    together, they would all be taken, and sent away again, before anything that came after them."""
    return [
        NewJob(TO_PERSON, payload, after=timedelta(seconds=number / per_second))
        for number, payload in enumerate(said)
    ]


def to_payer(payment: Payment, text: str, **args: Any) -> NewJob:
    args = {"payment": payment.id, "what": payment.description, **args}
    return NewJob(TO_PERSON, to(payment.user, text, app=APP, bot=payment.bot, args=args))


def to_operator(payment: Payment, text: str, **args: Any) -> NewJob:
    args = {"payment": payment.id, "user": payment.user, "purpose": payment.purpose, **args}
    return NewJob(TO_OPERATOR, {"app": APP, "text": text, "args": args})


def messages(payment: Payment, said: Sequence[Message]) -> list[NewJob]:
    return [NewJob(TO_PERSON, _of(payment, each)) for each in said]


def _of(payment: Payment, message: Message) -> dict[str, Any]:
    return to(
        message.user or payment.user,
        message.text,
        app=message.app or payment.purpose.partition(".")[0],
        bot=payment.bot,
        args=message.args,
        buttons=message.buttons,
        html=message.html,
    )


def ended(payment: int, shown: Sequence[str]) -> list[NewJob]:
    """Nobody can pay it any more, or its last try has failed. One at a time for each payment: what
    is said last is how it stands."""
    return [NewJob(ENDED, {"payment": payment}, key=str(payment))] if shown else []


def cause(error: Exception | None) -> str | None:
    """An error as it may be kept and shown to the operator."""
    if error is None:
        return None
    said = masked(f"{type(error).__name__}: {error}")
    return said[:500].replace("\0", "").encode(errors="replace").decode()
