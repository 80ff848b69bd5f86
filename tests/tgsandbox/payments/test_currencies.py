import pytest

from tgsandbox.telegram.payments.currencies import CURRENCIES


def test_telegrams_table() -> None:
    fiat = set(CURRENCIES) - {"XTR"}
    assert 85 <= len(fiat) <= 90
    assert {"RUB", "USD", "EUR", "UZS", "KZT", "UAH", "INR", "GBP", "TRY"} <= fiat
    whole = {code for code in fiat if CURRENCIES[code].exponent == 0}
    assert whole == {"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND"}
    assert {CURRENCIES[code].exponent for code in fiat - whole} == {2}


@pytest.mark.parametrize(
    ("code", "least", "most"),
    [("USD", 100, 1_000_000), ("JPY", 156, 1_560_000), ("RUB", 7900, 79_000_000)],
)
def test_an_invoice_is_of_1_to_10_000_dollars(code: str, least: int, most: int) -> None:
    assert (CURRENCIES[code].least, CURRENCIES[code].most) == (least, most)


def test_stars_have_no_smaller_unit() -> None:
    stars = CURRENCIES["XTR"]
    assert (stars.exponent, stars.least, stars.most) == (0, 1, 100_000)
