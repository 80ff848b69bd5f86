"""The providers with valid callbacks of each, signed here by themselves; and what is signed."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from kassa.config import Settings
from kassa.money import Money
from kassa.payments.providers import configured
from kassa.payments.providers.protocol import Callback, Dispute, Incoming, Provider, Report, State
from kassa.secret import Secret

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

_WEBHOOK, _TOKEN, _SHOP, _SECRET = "whsec_TEST", "12345:TESTTOKEN", "1374", "TESTSECRET"
_INSIDE = ("185.71.76.0", "185.71.76.31", "::ffff:185.71.76.1", "2a02:5180::1")
_OUTSIDE = (
    "",
    "192.0.2.1",
    "127.0.0.1",
    "::1",
    "2a02:5181::1",
    "185.71.76",
    "fe80::1%eth0",
    "\udc80",
)


@dataclass(frozen=True, slots=True)
class Target:
    provider: Provider
    seeds: tuple[Callback, ...]
    sign: Callable[[bytes, Callback], Callback]  # the body anew, in the way of that seed
    proven: Callable[[Callback, Callback, Incoming], bool]  # what was accepted, might be

    @property
    def name(self) -> str:
        return self.provider.name


def targets() -> list[Target]:
    settings = Settings(
        stripe_secret_key=Secret("sk_test_TEST"),
        stripe_webhook_secret=Secret(_WEBHOOK),
        oneplat_shop_id=_SHOP,
        oneplat_shop_secret=Secret(_SECRET),
        cryptopay_token=Secret(_TOKEN),
        yookassa_shop_id="100500",
        yookassa_secret_key=Secret("test_TEST"),
    )
    found = configured(settings)
    return [
        Target(found["stripe"], tuple(_simulated(found["stripe"])), _stripe, _same_body),
        Target(found["oneplat"], tuple(_oneplat_seeds()), _oneplat, _oneplat_proven),
        Target(found["cryptopay"], tuple(_simulated(found["cryptopay"])), _cryptopay, _same_body),
        Target(found["yookassa"], tuple(_simulated(found["yookassa"])), _unsigned, _asks),
    ]


def addresses() -> tuple[str, ...]:
    return _INSIDE + _OUTSIDE


def _simulated(provider: Provider) -> Iterator[Callback]:
    currency = "USD" if provider.name == "stripe" else "RUB"
    paid = Report("5000", State.PAID, key="key-1", charge="ch_1", amount=Money(145_00, currency))
    if provider.name == "cryptopay":
        ton = {"received": Money(362_500_000, "TON"), "fee": Money(10_875_000, "TON")}
        yield provider.simulate(replace(paid, amount=Money(5_250_000, "USDT")), at=NOW)
        yield provider.simulate(replace(paid, **ton), at=NOW)  # type: ignore[arg-type]
        return
    yield provider.simulate(paid, at=NOW)
    for state in (State.FAILED, State.CANCELED, State.EXPIRED):
        yield provider.simulate(replace(paid, state=state, amount=None), at=NOW)
    yield provider.simulate(replace(paid, refunded=Money(45_00, currency)), at=NOW)
    dispute = Dispute("dp_1", Money(145_00, currency), "open")
    yield provider.simulate(replace(paid, disputes=(dispute,)), at=NOW)


def _stripe(body: bytes, seed: Callback) -> Callback:
    stamp = str(int(NOW.timestamp()))
    signed = hmac.new(_WEBHOOK.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
    return replace(
        seed, body=body, headers={"stripe-signature": f"t={stamp},v1={signed.hexdigest()}"}
    )


def _cryptopay(body: bytes, seed: Callback) -> Callback:
    signed = hmac.new(hashlib.sha256(_TOKEN.encode()).digest(), body, hashlib.sha256)
    return replace(seed, body=body, headers={"crypto-pay-api-signature": signed.hexdigest()})


def _same_body(seed: Callback, given: Callback, incoming: Incoming) -> bool:
    """The signature covers the body, every byte of it."""
    return given.body == seed.body


def _unsigned(body: bytes, seed: Callback) -> Callback:
    return replace(seed, body=body)


def _asks(seed: Callback, given: Callback, incoming: Incoming) -> bool:
    """There is no signature: whoever sends it, the provider is asked."""
    return given.address in _INSIDE and (incoming.confirm or not incoming.reports)


# -- 1Plat: of five shapes, signed in two ways -------------------------------------

_FIELDS = {
    "payment_id": "271097",
    "guid": "a1b2-c3",
    "merchant_id": "543",
    "user_id": "7",
    "status": 1,
    "amount": 14500,
    "amount_to_pay": 14600,
    "amount_to_shop": 12325,
    "expired": "2026-11-20T12:30:00Z",
}
_JSON = {"content-type": "application/json"}
_FORM = {"content-type": "application/x-www-form-urlencoded"}


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _one(fields: Any) -> str:
    text = _compact(fields).encode(errors="replace")
    return hmac.new(_SECRET.encode(), text, hashlib.sha256).hexdigest()


def _two(fields: Any) -> str:
    text = f"{fields.get('merchant_id')}{fields.get('amount')}{_SHOP}{_SECRET}"
    return hashlib.md5(text.encode(errors="surrogatepass")).hexdigest()


def _oneplat_seeds() -> Iterator[Callback]:
    texts = {name: str(value) for name, value in _FIELDS.items()}
    for made in (
        {"signature": _one(_FIELDS), "signature_v2": _two(_FIELDS)},
        {"signature_v2": _two(_FIELDS)},
    ):
        yield Callback(_compact({**made, **_FIELDS}).encode(), _JSON)
        yield Callback(_compact({**_FIELDS, "payload": _FIELDS, **made}).encode(), _JSON)
    signed = {"signature": _one(texts), "signature_v2": _two(texts)}
    yield Callback(urlencode(texts | signed).encode(), _FORM)
    yield Callback(b"", {}, method="GET", query=urlencode(texts | signed))


def _oneplat(body: bytes, seed: Callback) -> Callback:
    """Only JSON is signed anew; what is none stays as it is."""
    try:
        said = json.loads(body)
        fields = said["payload"] if isinstance(said.get("payload"), dict) else said
        fields = {k: v for k, v in fields.items() if k not in ("signature", "signature_v2")}
        said |= {"signature": _one(fields), "signature_v2": _two(fields)}
        anew = _compact(said).encode(errors="surrogatepass")
    except (ValueError, AttributeError, TypeError, RecursionError):
        return replace(seed, body=body)
    return replace(seed, body=anew, headers=_JSON)


def _oneplat_proven(seed: Callback, given: Callback, incoming: Incoming) -> bool:
    """It says what was signed; or no more than the merchant and the amount, and is asked about."""
    if not incoming.confirm:
        return False
    was, now = _covered(seed), _covered(given)
    if was[1:] == now[1:] and _text(now[0], "signature"):
        return True
    if not _text(now[0], "signature_v2"):
        return False
    return all(_text(was[1], name) == _text(now[1], name) for name in ("merchant_id", "amount"))


def _covered(callback: Callback) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    if callback.method == "GET":
        said: dict[str, Any] = dict(parse_qsl(callback.query, keep_blank_values=True))
    elif "urlencoded" in callback.headers.get("content-type", ""):
        said = dict(parse_qsl(callback.body.decode(), keep_blank_values=True))
    else:
        said = json.loads(callback.body, parse_int=_Number, parse_float=_Number)
    fields = said["payload"] if isinstance(said.get("payload"), dict) else said
    covered = {k: v for k, v in fields.items() if k not in ("signature", "signature_v2")}
    return said, covered, list(covered)


class _Number(str):
    """As it was written, and not the same as a text."""

    def __eq__(self, other: object) -> bool:
        return type(other) is _Number and str.__eq__(self, other)

    __hash__ = str.__hash__


def _text(fields: dict[str, Any], name: str) -> str:
    return str(fields.get(name, ""))
