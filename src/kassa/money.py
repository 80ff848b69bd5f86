"""Money: a whole number of a currency's smallest units. No float ever holds money."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from kassa import money_text
from kassa.errors import Invalid

# How many decimals a currency has: ISO 4217 as of 2026 without metals and test codes, and what
# else is paid with here. A coin with 18 decimals (ETH) leaves no room for amounts in 64 bits.
_EXPONENTS: Final[dict[str, int]] = {
    code: exponent
    for exponent, codes in (
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (2, "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN"),
        (2, "BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD"),
        (2, "FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW"),
        (2, "KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR"),
        (2, "MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG"),
        (2, "SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD"),
        (2, "USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
        (0, "TOK XTR"),
        (6, "TRX USDC USDT"),
        (8, "BTC LTC"),
        (9, "TON"),
    )
    for code in codes.split()
}
EXPONENTS: Final = MappingProxyType(_EXPONENTS)

LOWEST: Final = -(2**63)  # PostgreSQL's bigint
HIGHEST: Final = 2**63 - 1

_PLAIN: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class UnknownCurrency(Invalid):
    """No currency of ours has this code."""


class CurrencyMismatch(Invalid):
    """Two currencies met where only one can be."""


class AmountOutOfRange(Invalid):
    """More, or less, than the ledger can hold."""


@dataclass(frozen=True, slots=True)
class Money:
    """Never mixes currencies, never rounds by itself: `share` and `split` say what they do."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        # Exact types: a bool is an int and an Enum may be a str, and neither reads well later.
        if type(self.amount) is not int:
            raise Invalid(f"An amount is a whole number, not {type(self.amount).__name__}.")
        if not LOWEST <= self.amount <= HIGHEST:
            raise AmountOutOfRange("The amount does not fit into 64 bits.")
        _exponent(self.currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(0, currency)

    @classmethod
    def from_decimal(cls, value: str | Decimal | int, currency: str) -> Money:
        """From an API's plain number. Zeros count as decimals too: "5.000" is no USD."""
        places = _exponent(currency)
        if isinstance(value, bool) or not isinstance(value, str | Decimal | int):
            raise Invalid(f"An amount is a decimal number, not {type(value).__name__}.")
        if isinstance(value, int):
            return cls(value * 10**places, currency)
        if isinstance(value, str):
            value = _decimal(value)
        exponent = value.as_tuple().exponent
        if not isinstance(exponent, int):
            raise Invalid(f"{str(value)[:40]} is not an amount.")
        if -exponent > places:
            raise money_text.too_precise(str(value)[:40], currency, places)
        if value.adjusted() >= len(str(HIGHEST)):  # 1E+999999999 must not become an int
            raise AmountOutOfRange("The amount does not fit into 64 bits.")
        numerator, denominator = value.as_integer_ratio()
        return cls(numerator * 10**places // denominator, currency)

    @property
    def decimal(self) -> Decimal:
        """Exactly, with all decimals of the currency: Decimal("5.00")."""
        return Decimal(money_text.plain(self.amount, _EXPONENTS[self.currency]))

    def format(self, language: str) -> str:
        """For people, in ru, uz or en; another language is shown Russian. `parse` reads it back."""
        return money_text.show(
            self.amount, self.currency, _EXPONENTS[self.currency], language=language
        )

    def __str__(self) -> str:
        return f"{money_text.plain(self.amount, _EXPONENTS[self.currency])} {self.currency}"

    def __bool__(self) -> bool:
        return self.amount != 0

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.amount), self.currency)

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __mul__(self, times: int) -> Money:
        if type(times) is not int:
            return NotImplemented
        return Money(self.amount * times, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same(other)

    def _same(self, other: Money) -> int:
        if not isinstance(other, Money):
            raise TypeError(f"Money goes with Money, not with {type(other).__name__}.")
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self} and {other} are of different currencies.")
        return other.amount

    def share(self, rate: Decimal | Fraction | int | str) -> Money:
        """The part of it that a rate from 0 to 1 gives, half a unit to the even one."""
        if isinstance(rate, bool) or not isinstance(rate, Decimal | Fraction | int | str):
            raise Invalid(f"A rate is an exact number, not {type(rate).__name__}.")
        if isinstance(rate, str):
            rate = _decimal(rate)
        if isinstance(rate, Decimal) and not rate.is_finite():
            raise Invalid(f"{str(rate)[:40]} is not a rate.")
        if not 0 <= rate <= 1:
            raise Invalid("A rate is between 0 and 1: 10 % is 0.10.")
        return Money(round(self.amount * Fraction(rate)), self.currency)

    def split(self, weights: Sequence[int] | int) -> list[Money]:
        """Parts that add up to it exactly; what does not divide goes to who lost most, then first.

        A number instead of weights makes that many equal parts.
        """
        if isinstance(weights, int):
            weights = [1] * weights
        if any(type(weight) is not int or weight < 0 for weight in weights):
            raise Invalid("Weights are whole numbers, zero or more.")
        total = sum(weights)
        if not total:
            raise Invalid("There is nobody to split between.")
        sign = -1 if self.amount < 0 else 1
        parts = [divmod(abs(self.amount) * weight, total) for weight in weights]
        left = abs(self.amount) - sum(part for part, _ in parts)
        lost_most = sorted(range(len(parts)), key=lambda index: -parts[index][1])
        luckier = set(lost_most[:left])
        return [
            Money(sign * (part + (index in luckier)), self.currency)
            for index, (part, _) in enumerate(parts)
        ]


def parse(text: str, currency: str) -> Money:
    """What a person typed: a lone `.` or `,` before three digits groups them (1.500 $ is 1500 $),
    but not if the currency has three decimals or more; with more, such a comma is refused.
    """
    return Money(money_text.read(text, currency, _exponent(currency)), currency)


def _exponent(currency: str) -> int:
    if type(currency) is not str:
        raise UnknownCurrency(
            f"A currency is a code such as 'USD', not of type {type(currency).__name__}."
        )
    if currency not in _EXPONENTS:
        raise UnknownCurrency(f"There is no currency {currency!r:.20}.")
    return _EXPONENTS[currency]


def _decimal(text: str) -> Decimal:
    if len(text) > money_text.LONGEST or not _PLAIN.fullmatch(text):
        raise Invalid(f"{text!r:.40} is not a plain decimal number such as 1500.50.")
    return Decimal(text)


# Telegram's own table of decimals. It and ISO agree wherever both know the currency.
_TELEGRAM_WHOLE: Final = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XTR"})


def telegram_exponent(currency: str) -> int:
    """How many decimals Telegram's `total_amount` has; Invalid for what it takes no payments in."""
    exponent = _exponent(currency)
    if exponent != 2 and currency not in _TELEGRAM_WHOLE:
        raise Invalid(f"Telegram takes no payments in {currency}.")
    return exponent


def to_telegram(money: Money) -> int:
    """The `total_amount` (or a LabeledPrice's `amount`) that asks for it."""
    telegram_exponent(money.currency)
    return money.amount


def from_telegram(amount: int, currency: str) -> Money:
    """What a `total_amount` says was paid."""
    telegram_exponent(currency)
    return Money(amount, currency)
