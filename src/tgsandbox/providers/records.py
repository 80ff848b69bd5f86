"""What a provider knows and says. Amounts are minor units, times the sandbox's seconds."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

Json = dict[str, Any]

# What an entry of the books does to what is held for the shop.
KINDS = {
    "paid": 1,
    "fee": -1,
    "refund": -1,
    "dispute": -1,
    "dispute_fee": -1,
    "fee_back": 1,
    "refund_failed": 1,
    "dispute_won": 1,
    "topup": 1,
    "payout": -1,
}
# A payment is one of these here; in `data` a provider keeps what it calls that itself.
STATES = ("draft", "waiting", "started", "authorized", "paid", "failed", "expired", "canceled")


@dataclass(slots=True, eq=False)
class Payment:
    """Something a shop asked to be paid; `state` is one of STATES, also after a refund."""

    ref: str  # the provider's id: what the shop's acts go by
    key: str  # the shop's own id
    amount: int  # what was asked for
    currency: str  # in capitals
    state: str = "waiting"
    method: str = ""  # how it was paid or is to be; "" while that is open
    paid: int = 0  # what came, in all
    paid_currency: str = ""
    refunded: int = 0
    created: float = 0.0
    paid_at: float = 0.0
    expires: float = 0.0  # 0 for never
    title: str = ""  # what is bought, for the page where it is paid
    success_url: str = ""  # where that page leads to afterwards
    cancel_url: str = ""
    data: Json = field(default_factory=dict)  # the provider's own, JSON values

    @property
    def open(self) -> bool:
        return self.state in ("draft", "waiting", "started")


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the books. The amount is never negative: KINDS has the sign."""

    kind: str
    ref: str
    charge: str  # the id of the single charge, refund or dispute
    amount: int
    currency: str
    at: float


@dataclass(frozen=True, slots=True)
class Letter:
    """A callback as it stands on the wire."""

    url: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "POST"


@dataclass(slots=True, eq=False)
class Sent:
    """A letter that went out; `status` is that of the answer, None while there is none."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    at: float
    event: str = ""
    ref: str = ""
    number: int = 1  # which try it was
    status: int | None = None
    error: str = ""  # why there was no answer
    lost: bool = False  # on the way, by a fault

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True, eq=False)
class Callback:
    """Something the shop is to hear, until it has taken it or the last try is over."""

    event: str  # what the provider calls it
    ref: str
    payload: Json  # what it says; it does not change from try to try
    url: str = ""  # "" for the shop's own
    number: int = 0  # tries that were made
    due: float = 0.0


class Headers(dict[str, str]):
    """By lower-case names; what was not sent is ""."""

    def __missing__(self, name: str) -> str:
        return self.get(name.lower(), "")


@dataclass(slots=True, eq=False)
class Request:
    """A call of the shop's; `path` is what follows /providers/NAME."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    parts: dict[str, str] = field(default_factory=dict)  # {id} of the route
    fault: str = ""  # one of the provider's own that hits this call

    @property
    def json(self) -> Any:
        """None where the body is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def asked(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Response:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    lost: bool = False  # the connection ends before the answer does
    delay: float = 0.0  # seconds until it is said


def json_response(value: Any, status: int = 200, **headers: str) -> Response:
    """Keyword `request_id` becomes the header `request-id`."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    more = {name.replace("_", "-"): each for name, each in headers.items()}
    return Response(status, body, {"content-type": "application/json", **more})


class Refused(Exception):
    """Raised by a handler: the provider's own answer to a call that it does not carry out."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"{response.status} {response.body.decode(errors='replace')}")
        self.response = response
