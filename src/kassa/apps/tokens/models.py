"""What is kept of tokens beside the ledger, and what can be wrong."""

from dataclasses import dataclass
from datetime import datetime

from kassa.errors import KassaError
from kassa.ledger import Entry

TOK = "TOK"
APP = "tokens"


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one person, in tokens. What is set aside for a picture is not in the balance."""

    balance: int
    debt: int
    total_deposited: int  # ever bought, less what was taken back after refunds


@dataclass(frozen=True, slots=True)
class Drawing:
    id: int
    user: int
    bot: int
    words: str
    variation: int
    size: str
    cost: int
    status: str  # wanted | done | failed
    at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """Of somebody's history: so many tokens, and why."""

    id: int
    at: datetime
    kind: str  # topup | spend | refund | gift | debt
    tokens: int  # signed
    title: str  # the name of a text

    @classmethod
    def of(cls, entry: Entry) -> "Line":
        kind, title = _kind(entry)
        return cls(entry.number, entry.at, kind, entry.amount.amount, title)


def _kind(entry: Entry) -> tuple[str, str]:
    came = entry.amount.amount > 0
    if entry.other.startswith("debt:"):
        return "debt", "line-debt"
    if entry.other.startswith("issuance:"):
        if not came:
            return "refund", "line-refund"
        paid = entry.kind.startswith("payments.")
        return ("topup", "line-topup") if paid else ("gift", "line-gift")
    if came:
        return "refund", "line-returned"
    return "spend", "line-draw" if entry.kind == "tokens.draw" else "line-spend"


class NotEnough(KassaError):
    """Whoever wants to spend has too little."""

    status = 402

    def __init__(self, balance: int, cost: int) -> None:
        self.balance = balance
        self.cost = cost
        super().__init__(f"Not enough tokens: {cost} needed, {balance} there.")


class StillDrawing(KassaError):
    """One picture at a time."""

    status = 409
