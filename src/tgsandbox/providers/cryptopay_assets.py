"""What Crypto Pay deals in. Rates stand still, so that a test can reckon."""

from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple


class Asset(NamedTuple):
    name: str
    decimals: int
    usd: Decimal


ASSETS: Final = {
    "USDT": Asset("Tether", 6, Decimal(1)),
    "TON": Asset("Toncoin", 9, Decimal(5)),
    "BTC": Asset("Bitcoin", 8, Decimal(100_000)),
    "ETH": Asset("Ethereum", 18, Decimal(4_000)),
    "LTC": Asset("Litecoin", 8, Decimal(100)),
    "BNB": Asset("BNB", 18, Decimal(800)),
    "TRX": Asset("Tron", 6, Decimal("0.25")),
    "USDC": Asset("USD Coin", 6, Decimal(1)),
}
STABLE: Final = ("USDT", "USDC")
SWAPS: Final = ("USDT", "TON", "TRX", "ETH", "SOL", "BTC", "LTC")
_FIATS = (
    "USD:1 EUR:0.8 RUB:80 BYN:3.2 UAH:40 GBP:0.75 CNY:7 KZT:500 UZS:12500 GEL:2.5 TRY:40 "
    "AMD:400 THB:32 INR:85 BRL:5 IDR:16000 AZN:1.7 AED:3.6 PLN:3.6 ILS:3.5 KGS:87 TJS:10"
)
# How many of it a dollar is.
FIATS: Final = {pair[:3]: Decimal(pair[4:]) for pair in _FIATS.split()}
FIAT_DECIMALS: Final = 2
_MOST_DIGITS = 28  # what Decimal reckons with


def decimals(code: str) -> int:
    return ASSETS[code].decimals if code in ASSETS else FIAT_DECIMALS


def rate(asset: str, fiat: str) -> Decimal:
    """What one of the asset is in the fiat."""
    return ASSETS[asset].usd * FIATS[fiat]


def minor(given: Any, code: str) -> int | None:
    """The amount in minor units; None for what is no amount of that currency."""
    if isinstance(given, bool) or not isinstance(given, str | int | Decimal):
        return None
    if len(str(given)) > _MOST_DIGITS:
        return None
    try:
        value = Decimal(str(given))
    except InvalidOperation:
        return None
    if not value.is_finite() or value <= 0 or abs(value.adjusted()) > _MOST_DIGITS:
        return None
    units = value.scaleb(decimals(code))
    return int(units) if units == units.to_integral_value() else None


def shown(amount: int, code: str) -> str:
    """As it is written: no zeros at the end, never an exponent."""
    value = f"{Decimal(amount).scaleb(-decimals(code)):f}"
    return value.rstrip("0").rstrip(".") if "." in value else value


def in_asset(amount: int, fiat: str, asset: str) -> int:
    """What has to be paid of the asset for so much of the fiat, rounded up."""
    price = Decimal(amount).scaleb(-FIAT_DECIMALS) / rate(asset, fiat)
    units = price.scaleb(decimals(asset))
    whole = int(units)
    return whole + (units > whole)


def in_usd(amount: int, code: str) -> Decimal:
    value = Decimal(amount).scaleb(-decimals(code))
    return value * ASSETS[code].usd if code in ASSETS else value / FIATS[code]
