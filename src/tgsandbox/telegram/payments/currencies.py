"""The currencies that Telegram knows, and how much of each an invoice may ask for."""

from dataclasses import dataclass

STARS = "XTR"
STARS_SUBSCRIPTION = 10_000  # the most that a period may cost


@dataclass(frozen=True, slots=True)
class Currency:
    """Amounts are in the smallest unit, `exponent` digits below the currency's own."""

    code: str
    exponent: int
    least: int
    most: int


_WHOLE = {"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND"}  # without smaller units
_PER_DOLLAR = {
    "AED": 3.67, "AFN": 70, "ALL": 83, "AMD": 383, "ARS": 1400, "AUD": 1.53, "AZN": 1.7,
    "BAM": 1.69, "BDT": 122, "BGN": 1.69, "BND": 1.3, "BOB": 6.9, "BRL": 5.3, "BYN": 3.3,
    "CAD": 1.4, "CHF": 0.8, "CLP": 935, "CNY": 7.1, "COP": 3750, "CRC": 500, "CZK": 21,
    "DKK": 6.45, "DOP": 64, "DZD": 130, "EGP": 47, "ETB": 155, "EUR": 0.86, "GBP": 0.76,
    "GEL": 2.7, "GHS": 11, "GTQ": 7.65, "HKD": 7.78, "HNL": 26.3, "HRK": 6.5, "HUF": 330,
    "IDR": 16700, "ILS": 3.25, "INR": 89, "ISK": 127, "JMD": 161, "JPY": 156, "KES": 129,
    "KGS": 87.4, "KRW": 1470, "KZT": 520, "LBP": 89500, "LKR": 308, "MAD": 9.3, "MDL": 17,
    "MNT": 3560, "MUR": 46, "MVR": 15.4, "MXN": 18.4, "MYR": 4.14, "MZN": 64, "NGN": 1450,
    "NIO": 36.8, "NOK": 10.1, "NPR": 142, "NZD": 1.78, "PAB": 1, "PEN": 3.38, "PHP": 58.7,
    "PKR": 281, "PLN": 3.67, "PYG": 7000, "QAR": 3.64, "RON": 4.4, "RSD": 101.5, "RUB": 79,
    "SAR": 3.75, "SEK": 9.5, "SGD": 1.3, "THB": 32.4, "TJS": 9.3, "TRY": 42.4, "TTD": 6.78,
    "TWD": 31.2, "TZS": 2450, "UAH": 42.2, "UGX": 3620, "USD": 1, "UYU": 39.7, "UZS": 11900,
    "VND": 26350, "YER": 238, "ZAR": 17.2,
}  # fmt: skip


def _within_dollars(code: str, per_dollar: float) -> Currency:
    """From about 1 US dollar to about 10,000."""
    exponent = 0 if code in _WHOLE else 2
    dollar = per_dollar * 10**exponent
    return Currency(code, exponent, round(dollar), round(dollar * 10_000))


CURRENCIES = {code: _within_dollars(code, rate) for code, rate in _PER_DOLLAR.items()}
CURRENCIES[STARS] = Currency(STARS, 0, 1, 100_000)  # as people have measured it
