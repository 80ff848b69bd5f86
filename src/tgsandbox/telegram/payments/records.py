"""What is remembered of payments. Charges are never deleted: they are the books."""

from dataclasses import dataclass, field

from tgsandbox.telegram.payments.currencies import STARS
from tgsandbox.telegram.records import Json, Record


@dataclass(slots=True, eq=False)
class Charge(Record):
    """Money that was taken, once; a refund is marked on it."""

    kind = "charge"
    id: str  # telegram_payment_charge_id
    number: int  # its place in the books, among charges and refunds
    at: int
    bot_id: int
    user_id: int
    currency: str
    amount: int
    provider_id: str  # provider_payment_charge_id
    purpose: str  # invoice, subscription, paid_media
    payload: str = ""
    provider_token: str = ""
    invoice: str = ""  # its slug
    subscription: str = ""  # the id of its first charge
    period: int = 0
    media: list[Json] = field(default_factory=list)  # what of paid media was unlocked
    refunded: int | None = None  # when
    refund_number: int = 0

    @property
    def key(self) -> str:
        return self.id

    @property
    def in_stars(self) -> bool:
        return self.currency == STARS


@dataclass(slots=True, eq=False)
class Subscription(Record):
    """Stars that are taken every period until somebody stops it."""

    kind = "subscription"
    id: str  # of its first charge
    bot_id: int
    user_id: int
    invoice: str
    amount: int
    period: int
    payload: str
    expires: int
    state: str = "active"  # canceled: to its end and no further; failed and ended: over
    stopped_by_bot: bool = False
    last_charge: str = ""

    @property
    def key(self) -> str:
        return self.id

    @property
    def over(self) -> bool:
        return self.state in ("failed", "ended")


@dataclass(slots=True, eq=False)
class SavedInfo(Record):
    """The order info that a person gave last, to fill the next sheet with."""

    kind = "saved_info"
    user_id: int
    info: Json = field(default_factory=dict)

    @property
    def key(self) -> str:
        return str(self.user_id)


@dataclass(slots=True, eq=False)
class MediaPayload(Record):
    """What the bot wants to hear when somebody buys the media of a message."""

    kind = "media_payload"
    message: str  # its key
    payload: str

    @property
    def key(self) -> str:
        return self.message
