"""Money: what it refuses, what it never loses, and how people read and type it."""

import copy
import operator
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from decimal import Decimal, localcontext
from enum import StrEnum
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa.errors import Invalid, KassaError
from kassa.money import (
    EXPONENTS,
    HIGHEST,
    LOWEST,
    AmountOutOfRange,
    CurrencyMismatch,
    Money,
    UnknownCurrency,
    from_telegram,
    parse,
    telegram_exponent,
    to_telegram,
)

LANGUAGES = ("ru", "uz", "en")
TOGETHER = (operator.add, operator.sub, operator.lt, operator.le, operator.gt, operator.ge)

currencies = st.sampled_from(sorted(EXPONENTS))
# Whole amounts matter as much as odd ones: they are shown differently.
amounts = (
    st.integers(LOWEST, HIGHEST)
    | st.integers(-100_000, 100_000)
    | st.integers(-5_000_000, 5_000_000).map(lambda whole: whole * 100)
    | st.integers(-9_000, 9_000).map(lambda whole: whole * 10**9)
)
moneys = st.builds(Money, amounts, currencies)


def usd(amount: int) -> Money:
    return Money(amount, "USD")


def spaced(text: str) -> str:
    """What a formatted amount looks like, with spaces that can be typed in a test."""
    assert " " not in text, "an ordinary space lets a line break inside an amount"
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-")


class TestValue:
    def test_is_a_value(self) -> None:
        price = Money(500, "USD")

        assert price == Money(500, "USD")
        assert price != Money(500, "EUR")
        assert price != Money(501, "USD")
        assert len({price, Money(500, "USD"), Money(500, "EUR")}) == 2
        assert (str(price), repr(price)) == ("5.00 USD", "Money(amount=500, currency='USD')")
        assert pickle.loads(pickle.dumps(price)) == copy.deepcopy(price) == price
        with pytest.raises(FrozenInstanceError):
            price.amount = 1  # type: ignore[misc]
        assert not hasattr(price, "__dict__")

    def test_zero_is_false(self) -> None:
        assert Money.zero("UZS") == Money(0, "UZS")
        assert not Money.zero("UZS")
        assert Money(1, "UZS")
        assert Money(-1, "UZS")

    @pytest.mark.parametrize("amount", [5.0, True, "5", None, Decimal(5)])
    def test_amount_is_an_int(self, amount: Any) -> None:
        with pytest.raises(Invalid, match=f"whole number, not {type(amount).__name__}"):
            Money(amount, "USD")

    @pytest.mark.parametrize("currency", ["usd", "", "ETH", "XXX", "HRK", "USD\x00", "A" * 900])
    def test_currency_is_known(self, currency: str) -> None:
        words = "There is no currency '"
        with pytest.raises(UnknownCurrency, match=words) as refused:
            Money(1, currency)
        assert len(str(refused.value)) < 50
        with pytest.raises(UnknownCurrency, match=words):
            parse("5", currency)
        with pytest.raises(UnknownCurrency, match=words):
            Money.from_decimal("5", currency)
        with pytest.raises(UnknownCurrency, match=words):
            telegram_exponent(currency)

    def test_currency_is_a_plain_str(self) -> None:
        class Currency(StrEnum):
            USD = "USD"

        wrong: list[Any] = [None, 840, ["USD"], Currency.USD]
        for currency in wrong:
            words = f"such as 'USD', not of type {type(currency).__name__}"
            with pytest.raises(UnknownCurrency, match=words):
                Money(1, currency)
            with pytest.raises(UnknownCurrency, match=words):
                telegram_exponent(currency)

    def test_fits_into_a_bigint(self) -> None:
        assert Money(2**63 - 1, "UZS").amount == 9_223_372_036_854_775_807
        assert Money(-(2**63), "UZS").amount == -9_223_372_036_854_775_808
        too_large: list[Callable[[], Money]] = [
            lambda: Money(2**63, "UZS"),
            lambda: Money(-(2**63) - 1, "UZS"),
            lambda: Money(2**63 - 1, "UZS") + Money(1, "UZS"),
            lambda: Money(-(2**63), "UZS") - Money(1, "UZS"),
            lambda: -Money(-(2**63), "UZS"),
            lambda: abs(Money(-(2**63), "UZS")),
            lambda: Money(2**62, "UZS") * 2,
            lambda: Money(1, "UZS") * 10**6000,
            lambda: parse("92 233 720 368 547 758,08", "UZS"),
            lambda: parse("9" * 64, "UZS"),
            lambda: Money.from_decimal(10**6000, "UZS"),
            lambda: Money.from_decimal("92233720368547758.08", "UZS"),
            lambda: Money.from_decimal(Decimal("1E+999999999"), "UZS"),
            lambda: from_telegram(2**63, "UZS"),
        ]
        for attempt in too_large:
            with pytest.raises(AmountOutOfRange, match="does not fit into 64 bits"):
                attempt()

    def test_errors_are_the_callers(self) -> None:
        for error in (UnknownCurrency, CurrencyMismatch, AmountOutOfRange):
            assert issubclass(error, Invalid)
            assert issubclass(error, KassaError)
            assert error.status == 400


class TestExponents:
    def test_iso_4217(self) -> None:
        without = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF TOK XTR"
        three = "BHD IQD JOD KWD LYD OMR TND"
        others = {"CLF": 4, "UYW": 4, "TRX": 6, "USDC": 6, "USDT": 6, "BTC": 8, "LTC": 8, "TON": 9}
        assert {code for code, places in EXPONENTS.items() if places == 0} == set(without.split())
        assert {code for code, places in EXPONENTS.items() if places == 3} == set(three.split())
        assert {c: places for c, places in EXPONENTS.items() if places > 3} == others
        for code in ("USD", "EUR", "RUB", "UZS", "KZT", "HUF", "TWD", "MRU", "XCG", "ZWG", "SLE"):
            assert EXPONENTS[code] == 2
        assert sum(len(code) == 3 and code.isupper() for code in EXPONENTS) == len(EXPONENTS) - 2

    def test_nobody_changes_it(self) -> None:
        with pytest.raises(TypeError, match="does not support item assignment"):
            EXPONENTS["USD"] = 3  # type: ignore[index]

    def test_telegram_agrees_where_it_takes_payments(self) -> None:
        whole = ("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XTR")
        for currency, exponent in EXPONENTS.items():
            if exponent == 2 or currency in whole:
                assert telegram_exponent(currency) == exponent
                assert to_telegram(Money(1505, currency)) == 1505
                assert from_telegram(1505, currency) == Money(1505, currency)
                continue
            words = f"Telegram takes no payments in {currency}."
            for attempt in (
                telegram_exponent,
                lambda code: to_telegram(Money(1505, code)),
                lambda code: from_telegram(1505, code),
            ):
                with pytest.raises(Invalid, match=words):
                    attempt(currency)

    def test_telegram_invoices(self) -> None:
        assert to_telegram(parse("50 000 сум", "UZS")) == 5_000_000
        assert to_telegram(Money(100, "XTR")) == 100
        assert from_telegram(145, "USD").decimal == Decimal("1.45")
        assert [telegram_exponent(currency) for currency in ("JPY", "UZS", "XTR")] == [0, 2, 0]


class TestArithmetic:
    def test_a_deal_of_a_hundred_dollars(self) -> None:
        price = parse("$100", "USD")

        fee = price.share(Decimal("0.10"))

        assert fee == usd(10_00)
        assert price - fee == usd(90_00)
        assert -fee + price == usd(90_00)
        assert abs(-price) == price == abs(price)
        assert 3 * price == price * 3 == usd(300_00)
        assert fee < price
        assert fee <= price
        assert price > fee
        assert price >= fee
        assert price <= price  # noqa: PLR0124
        assert price >= price  # noqa: PLR0124
        assert not price < price  # noqa: PLR0124
        assert not price > price  # noqa: PLR0124

    @pytest.mark.parametrize("together", TOGETHER)
    def test_currencies_do_not_mix(self, together: Callable[[Any, Any], Any]) -> None:
        with pytest.raises(CurrencyMismatch, match=r"5\.00 USD and 7\.00 RUB are of different"):
            together(usd(5_00), Money(7_00, "RUB"))

    @pytest.mark.parametrize("together", TOGETHER)
    @pytest.mark.parametrize("other", [1, 1.5, "5.00", None, Decimal(1)])
    def test_only_money_goes_with_money(
        self, together: Callable[[Any, Any], Any], other: Any
    ) -> None:
        with pytest.raises(TypeError, match="Money goes with Money, not with "):
            together(usd(5_00), other)

    @pytest.mark.parametrize("times", [1.5, True, Decimal(2), "2", usd(2)])
    def test_times_a_whole_number(self, times: Any) -> None:
        with pytest.raises(TypeError, match=r"unsupported operand|can't multiply"):
            usd(5) * times
        with pytest.raises(TypeError, match=r"unsupported operand|can't multiply"):
            times * usd(5)

    @given(st.integers(-(2**61), 2**61), st.integers(-(2**61), 2**61), currencies)
    def test_as_with_integers(self, one: int, other: int, currency: str) -> None:
        a, b = Money(one, currency), Money(other, currency)
        assert a + b == b + a == Money(one + other, currency)
        assert a - b == -(b - a) == Money(one - other, currency)
        assert (a < b, a <= b) == (one < other, one <= other)
        assert (a > b, a >= b) == (one > other, one >= other)
        assert bool(a - b) is (one != other)
        assert a.decimal + b.decimal == (a + b).decimal


class TestShare:
    @pytest.mark.parametrize(
        ("amount", "rate", "expected"),
        [
            (100_00, Decimal("0.10"), 10_00),
            (100_00, "0.10", 10_00),
            (100_00, Fraction(1, 3), 33_33),
            (200_00, Fraction(1, 3), 66_67),
            (999, 1, 999),
            (999, 0, 0),
            (5, "0.5", 2),  # a half goes to the even one
            (7, "0.5", 4),
            (-5, "0.5", -2),
            (-7, "0.5", -4),
            (HIGHEST, 1, HIGHEST),
            (10**18 + 1, Decimal("0.1"), 10**17),
        ],
    )
    def test_rounds_once(
        self, amount: int, rate: Decimal | Fraction | int | str, expected: int
    ) -> None:
        assert usd(amount).share(rate) == usd(expected)

    @pytest.mark.parametrize(
        ("rate", "words"),
        [
            (0.1, "exact number, not float"),
            (True, "exact number, not bool"),
            (None, "exact number, not NoneType"),
            (10, "between 0 and 1: 10 % is 0.10"),
            ("1.01", "between 0 and 1"),
            (Decimal("-0.01"), "between 0 and 1"),
            (Fraction(4, 3), "between 0 and 1"),
            (Decimal("NaN"), "NaN is not a rate"),
            (Decimal("sNaN"), "sNaN is not a rate"),
            (Decimal("Infinity"), "Infinity is not a rate"),
            ("10%", "'10%' is not a plain decimal number"),
            ("1e-1", "'1e-1' is not a plain decimal number"),
            ("0,1", "'0,1' is not a plain decimal number"),
            ("", "'' is not a plain decimal number"),
        ],
    )
    def test_refuses(self, rate: Any, words: str) -> None:
        with pytest.raises(Invalid, match=words):
            usd(100).share(rate)

    @given(moneys, st.fractions(0, 1))
    def test_is_within_half_a_unit_and_never_more(self, money: Money, rate: Fraction) -> None:
        part = money.share(rate)
        assert abs(part.amount - money.amount * rate) <= Fraction(1, 2)
        assert abs(part.amount) <= abs(money.amount)
        assert part + (money - part) == money

    @given(st.integers(0, HIGHEST), st.decimals(0, 1, places=4))
    def test_is_the_same_in_any_notation_and_context(self, amount: int, rate: Decimal) -> None:
        with localcontext() as context:
            context.prec = 3
            assert usd(amount).share(rate) == usd(amount).share(f"{rate:f}")
        assert usd(amount).share(rate) == usd(amount).share(Fraction(rate))
        assert usd(-amount).share(rate) == -usd(amount).share(rate)


class TestSplit:
    @pytest.mark.parametrize(
        ("amount", "weights", "expected"),
        [
            (100_00, 3, [33_34, 33_33, 33_33]),
            (100, 1, [100]),
            (2, 3, [1, 1, 0]),
            (0, 2, [0, 0]),
            (100_00, [90, 10], [90_00, 10_00]),
            (100, [1, 1, 4], [17, 17, 66]),  # 16.67, 16.67, 66.67: the first two lost as much
            (10, [1, 2, 3], [2, 3, 5]),
            (7, [0, 1, 0, 1], [0, 4, 0, 3]),
            (-100_00, 3, [-33_34, -33_33, -33_33]),
            (LOWEST, [1], [LOWEST]),
        ],
    )
    def test_loses_nothing(
        self, amount: int, weights: list[int] | int, expected: list[int]
    ) -> None:
        assert usd(amount).split(weights) == [usd(part) for part in expected]

    def test_the_one_who_lost_most_gets_the_rest(self) -> None:
        # 10 between 5, 3 and 1 of 9 is 5.56, 3.33 and 1.11.
        assert usd(10).split([5, 3, 1]) == [usd(6), usd(3), usd(1)]
        # 10 between 1, 3 and 5: the last one is the one.
        assert usd(10).split([1, 3, 5]) == [usd(1), usd(3), usd(6)]

    @pytest.mark.parametrize(
        ("weights", "words"),
        [
            (0, "nobody to split between"),
            (-3, "nobody to split between"),
            ([], "nobody to split between"),
            ([0, 0], "nobody to split between"),
            ([2, -1], "whole numbers, zero or more"),
            ([0.5, 0.5], "whole numbers, zero or more"),
            ([True, 1], "whole numbers, zero or more"),
            ("12", "whole numbers, zero or more"),
        ],
    )
    def test_refuses(self, weights: Any, words: str) -> None:
        with pytest.raises(Invalid, match=words):
            usd(100).split(weights)

    @given(moneys, st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any))
    def test_adds_up_and_is_fair(self, money: Money, weights: list[int]) -> None:
        parts = money.split(weights)
        assert sum(parts, Money.zero(money.currency)) == money
        assert len(parts) == len(weights)
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part.amount - Fraction(money.amount * weight, sum(weights))) < 1
            assert weight or not part

    @given(moneys, st.integers(1, 50))
    def test_equal_parts_differ_by_a_unit_at_most(self, money: Money, count: int) -> None:
        parts = money.split(count)
        assert sum(parts, Money.zero(money.currency)) == money
        assert max(parts).amount - min(parts).amount <= 1
        assert parts == money.split([7] * count)
        assert [abs(part) for part in parts[1:]] == sorted(map(abs, parts[1:]), reverse=True)


class TestDecimal:
    @pytest.mark.parametrize(
        ("amount", "currency", "text"),
        [
            (500, "USD", "5.00"),
            (-5, "USD", "-0.05"),
            (0, "USD", "0.00"),
            (1500, "JPY", "1500"),
            (100, "TOK", "100"),
            (1, "KWD", "0.001"),
            (1_500_000_000, "TON", "1.500000000"),
            (1, "BTC", "0.00000001"),
            (LOWEST, "UZS", "-92233720368547758.08"),
        ],
    )
    def test_both_ways(self, amount: int, currency: str, text: str) -> None:
        money = Money(amount, currency)
        assert str(money) == f"{text} {currency}"
        assert f"{money.decimal:f}" == text
        assert Money.from_decimal(text, currency) == money
        assert Money.from_decimal(Decimal(text), currency) == money

    @pytest.mark.parametrize(
        ("value", "currency", "amount"),
        [
            (5, "USD", 5_00),
            (-5, "USD", -5_00),
            ("5", "USD", 5_00),
            ("5.5", "USD", 5_50),
            ("-0.05", "USD", -5),
            ("-0", "USD", 0),
            ("007", "USD", 7_00),
            (Decimal("5E+2"), "USD", 500_00),
            (Decimal("1E-8"), "BTC", 1),
            (Decimal("-0.00"), "USD", 0),
        ],
    )
    def test_accepts(self, value: str | Decimal | int, currency: str, amount: int) -> None:
        assert Money.from_decimal(value, currency) == Money(amount, currency)

    @pytest.mark.parametrize(
        ("value", "currency", "words"),
        [
            (5.0, "USD", "a decimal number, not float"),
            (True, "USD", "a decimal number, not bool"),
            (None, "USD", "a decimal number, not NoneType"),
            ("5.001", "USD", r"USD has 2 decimals: '5\.001' has more"),
            ("5.000", "USD", r"USD has 2 decimals: '5\.000' has more"),
            (Decimal("5.000"), "USD", r"USD has 2 decimals: '5\.000' has more"),
            (Decimal("1E-999999999"), "USD", "USD has 2 decimals: '1E-999999999' has more"),
            ("5.0", "JPY", r"JPY has no decimals: '5\.0' has more"),
            (Decimal("NaN"), "USD", "NaN is not an amount"),
            (Decimal("sNaN"), "USD", "sNaN is not an amount"),
            (Decimal("-Infinity"), "USD", "-Infinity is not an amount"),
            ("NaN", "USD", "'NaN' is not a plain decimal number such as 1500.50"),
            ("Infinity", "USD", "not a plain decimal number"),
            ("1e5", "USD", "not a plain decimal number"),
            ("1_000", "USD", "not a plain decimal number"),
            ("1,50", "USD", "not a plain decimal number"),
            ("+5", "USD", "not a plain decimal number"),
            (" 5", "USD", "not a plain decimal number"),
            ("5\n", "USD", "not a plain decimal number"),
            ("5.", "USD", "not a plain decimal number"),
            (".5", "USD", "not a plain decimal number"),
            ("", "USD", "not a plain decimal number"),
            ("٥", "USD", "not a plain decimal number"),
            ("5\x00", "USD", "not a plain decimal number"),
            ("\N{MINUS SIGN}5", "USD", "not a plain decimal number"),
            ("0" * 65, "USD", "not a plain decimal number"),
        ],
    )
    def test_refuses(self, value: Any, currency: str, words: str) -> None:
        with pytest.raises(Invalid, match=words) as refused:
            Money.from_decimal(value, currency)
        assert len(str(refused.value)) < 100

    @given(moneys)
    def test_is_exact_in_any_context(self, money: Money) -> None:
        with localcontext() as context:
            context.prec = 3
            assert Money.from_decimal(money.decimal, money.currency) == money
            text = str(money).removesuffix(f" {money.currency}")
            assert Money.from_decimal(text, money.currency) == money
            assert Money.from_decimal(Decimal(text), money.currency).decimal == money.decimal


class TestFormat:
    @pytest.mark.parametrize(
        ("amount", "currency", "ru", "uz", "en"),
        [
            (50_000_00, "UZS", "50 000 сум", "50 000 soʻm", "50,000 UZS"),
            (50_000_50, "UZS", "50 000,50 сум", "50 000,50 soʻm", "50,000.50 UZS"),
            (1_500_00, "RUB", "1 500 ₽", "1 500 ₽", "₽1,500.00"),
            (1_500_50, "RUB", "1 500,50 ₽", "1 500,50 ₽", "₽1,500.50"),
            (1_500_05, "RUB", "1 500,05 ₽", "1 500,05 ₽", "₽1,500.05"),
            (-1_500_00, "RUB", "-1 500 ₽", "-1 500 ₽", "-₽1,500.00"),
            (12_345_67, "KZT", "12 345,67 ₸", "12 345,67 ₸", "₸12,345.67"),
            (12_345_00, "KZT", "12 345 ₸", "12 345 ₸", "₸12,345.00"),
            (5_00, "USD", "$5.00", "$5.00", "$5.00"),
            (-5_05, "USD", "-$5.05", "-$5.05", "-$5.05"),
            (1_500_50, "USD", "$1 500.50", "$1 500.50", "$1,500.50"),
            (1_500_00, "EUR", "1 500,00 €", "1 500,00 €", "€1,500.00"),
            (99, "GBP", "0,99 £", "0,99 £", "£0.99"),
            (1_500_50, "PLN", "1 500,50 PLN", "1 500,50 PLN", "1,500.50 PLN"),
            (1_500_00, "PLN", "1 500,00 PLN", "1 500,00 PLN", "1,500.00 PLN"),
            (1_500, "JPY", "1 500 JPY", "1 500 JPY", "1,500 JPY"),
            (1_500, "KWD", "1,500 KWD", "1,500 KWD", "1.500 KWD"),
            (100, "XTR", "100 ⭐", "100 ⭐", "100 ⭐"),
            (2_500, "XTR", "2 500 ⭐", "2 500 ⭐", "2,500 ⭐"),
            (1_500_000_000, "TON", "1.5 TON", "1.5 TON", "1.5 TON"),
            (1_000, "BTC", "0.00001 BTC", "0.00001 BTC", "0.00001 BTC"),
            (112_500_000, "BTC", "1.125 BTC", "1.125 BTC", "1.125 BTC"),
            (5_000_000, "USDT", "5 USDT", "5 USDT", "5 USDT"),
            (1_500_000_000, "USDT", "1 500 USDT", "1 500 USDT", "1 500 USDT"),
            (0, "USDT", "0 USDT", "0 USDT", "0 USDT"),
            (0, "USD", "$0.00", "$0.00", "$0.00"),
            (0, "UZS", "0 сум", "0 soʻm", "0 UZS"),
            (
                -(10**18),
                "TOK",
                f"-1{' 000' * 6} токенов",
                f"-1{' 000' * 6} token",
                f"-1{',000' * 6} tokens",
            ),
        ],
    )
    def test_as_written_there(self, amount: int, currency: str, ru: str, uz: str, en: str) -> None:
        money = Money(amount, currency)
        assert [spaced(money.format(language)) for language in LANGUAGES] == [ru, uz, en]

    def test_characters(self) -> None:
        """A no-break space in numbers and before units, a real minus, a real oʻ."""
        assert Money(-50_000_00, "UZS").format("uz") == "\u221250\u00a0000\u00a0so\u02bbm"

    @pytest.mark.parametrize(
        ("count", "ru", "uz", "en"),
        [
            (0, "0 токенов", "0 token", "0 tokens"),
            (1, "1 токен", "1 token", "1 token"),
            (-1, "-1 токен", "-1 token", "-1 token"),
            (2, "2 токена", "2 token", "2 tokens"),
            (4, "4 токена", "4 token", "4 tokens"),
            (5, "5 токенов", "5 token", "5 tokens"),
            (11, "11 токенов", "11 token", "11 tokens"),
            (12, "12 токенов", "12 token", "12 tokens"),
            (14, "14 токенов", "14 token", "14 tokens"),
            (15, "15 токенов", "15 token", "15 tokens"),
            (21, "21 токен", "21 token", "21 tokens"),
            (23, "23 токена", "23 token", "23 tokens"),
            (100, "100 токенов", "100 token", "100 tokens"),
            (111, "111 токенов", "111 token", "111 tokens"),
            (1_101, "1 101 токен", "1 101 token", "1,101 tokens"),
        ],
    )
    def test_tokens_are_counted(self, count: int, ru: str, uz: str, en: str) -> None:
        money = Money(count, "TOK")
        assert [spaced(money.format(language)) for language in LANGUAGES] == [ru, uz, en]

    def test_another_language_is_shown_russian(self) -> None:
        for language in ("de", "", "EN", "en-US"):
            for money in (Money(5, "TOK"), Money(1_500_50, "UZS"), Money(1_500_50, "EUR")):
                assert money.format(language) == money.format("ru")

    @pytest.mark.parametrize("currency", sorted(EXPONENTS))
    def test_is_read_back_in_every_currency(self, currency: str) -> None:
        unit: int = 10 ** EXPONENTS[currency]
        wholes = (0, 1, 2, 5, 999, 1_000, 1_125, 50_000, 1_234_567)
        parts = {0, 1, unit // 10, unit // 8, unit // 2, unit - 1}
        for amount in {whole * unit + part for whole in wholes for part in parts}:
            for money in (Money(amount, currency), Money(-amount, currency)):
                for language in LANGUAGES:
                    assert parse(money.format(language), currency) == money

    @given(moneys, st.sampled_from(LANGUAGES))
    def test_is_read_back(self, money: Money, language: str) -> None:
        assert parse(money.format(language), money.currency) == money
        assert parse(str(money), money.currency) == money


class TestParse:
    @pytest.mark.parametrize(
        ("text", "amount"),
        [
            ("1 500,50", 1_500_50),
            ("1,500.50", 1_500_50),
            ("1.500,50", 1_500_50),
            ("1'500.50", 1_500_50),
            ("1’500,50", 1_500_50),
            ("1500.5", 1_500_50),
            ("1500,5", 1_500_50),
            ("1500", 1_500_00),
            ("50 000", 50_000_00),
            ("50\u00a0000", 50_000_00),
            ("50\u202f000", 50_000_00),
            ("1\u00a0500 000", 1_500_000_00),
            ("50.000", 50_000_00),
            ("50,000", 50_000_00),
            ("1.500.000", 1_500_000_00),
            ("1,500,000", 1_500_000_00),
            ("1,500,000.5", 1_500_000_50),
            ("0.5", 50),
            ("0,05", 5),
            ("0", 0),
            ("-0", 0),
            ("007", 7_00),
            ("  5\n", 5_00),
            ("-5", -5_00),
            ("\N{MINUS SIGN}1 500,50", -1_500_50),
            ("- 5", -5_00),
        ],
    )
    def test_numbers(self, text: str, amount: int) -> None:
        assert parse(text, "RUB") == Money(amount, "RUB")

    @pytest.mark.parametrize(
        ("currency", "amount", "texts"),
        [
            ("UZS", 50_000_00, "50 000 сум|50000сум|сум 50 000|50 000 СУМ|50 000 сўм|50 000 сумов"),
            ("UZS", 50_000_00, "50 000 so'm|50 000 soʻm|50 000 so‘m|50 000 so’m|50 000 so`m"),
            ("UZS", 50_000_00, "50 000 UZS|UZS 50,000|50000uzs|50 000 So'm|50.000 som|50 000 sum"),
            (
                "RUB",
                1_500_00,
                "1 500 ₽|₽1,500|1500р|1500 р.|1500 руб|1500 руб.|1 500 рублей|1500rub",
            ),
            ("USD", 5_00, "$5|$5.00|5$|5 $|5 USD|usd 5|5 долларов|5 dollar|$5 USD|US$ 5"),
            ("USD", -5_00, "-$5|\N{MINUS SIGN}$5.00|-5 $|-5 USD"),
            ("EUR", 5_50, "€5.50|5,50 €|5,5 евро|5.5 EUR|5.5 euro"),
            ("GBP", 5_50, "£5.50|5,50 фунтов"),
            ("KZT", 1_500_00, "1 500 ₸|1500 тг|1500 тг.|1 500 тенге|1500 KZT"),
            ("UAH", 1_500_00, "1 500 ₴|1500 грн"),
            ("KGS", 1_500_00, "1 500 сом|1500 som"),
            ("XTR", 100, "100 ⭐|100⭐|⭐️ 100|100 stars|100 звёзд|100 yulduz|100 XTR"),
            ("TOK", 100, "100 токенов|100 tokens|100 token|100 TOK"),
            ("PLN", 1_500_50, "1 500,50 PLN|1500.5 pln|PLN 1,500.50"),
            ("TON", 1_500_000_000, "1.5 TON|1,5 ton|1.500|1.50 TON"),
        ],
    )
    def test_units(self, currency: str, amount: int, texts: str) -> None:
        for text in texts.split("|"):
            assert parse(text, currency) == Money(amount, currency), text

    @pytest.mark.parametrize(
        ("text", "currency", "amount"),
        [
            # no decimals, or two: three digits can only be a group
            ("1.500", "JPY", 1_500),
            ("1,500", "TOK", 1_500),
            ("1.500", "USD", 1_500_00),
            # three: exactly its decimals
            ("1.500", "KWD", 1_500),
            ("1,500", "KWD", 1_500),
            ("1,500.000", "KWD", 1_500_000),
            ("1 500", "KWD", 1_500_000),
            ("1,500,000", "KWD", 1_500_000_000),
            # more: the world writes coins with a dot
            ("1.125", "BTC", 112_500_000),
            ("0.125", "BTC", 12_500_000),
            ("0,125", "BTC", 12_500_000),
            ("1234,567", "USDT", 1_234_567_000),
            ("1,12", "BTC", 112_000_000),
            ("1,125.5", "USDT", 1_125_500_000),
            ("1 125,125", "USDT", 1_125_125_000),
            ("1,125,000", "USDT", 1_125_000_000_000),
            ("1.125.000", "USDT", 1_125_000_000_000),
            ("1 125", "USDT", 1_125_000_000),
        ],
    )
    def test_three_digits_after_one_mark(self, text: str, currency: str, amount: int) -> None:
        assert parse(text, currency) == Money(amount, currency)

    @pytest.mark.parametrize("currency", ["BTC", "USDT", "TON", "CLF"])
    def test_a_factor_of_a_thousand_is_not_guessed(self, currency: str) -> None:
        words = r"'1,125' can be 1125 or 1\.125: write it like that"
        with pytest.raises(Invalid, match=words):
            parse("1,125", currency)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "The amount is empty"),
            (" \u00a0\n", "The amount is empty"),
            ("0" * 65, "at most 64 characters, this one has 65"),
            ("5" + " " * 900, "at most 64 characters, this one has 901"),
            ("-", "There is no number in '-'"),
            ("abc", "There is no number in 'abc'"),
            ("$", "There is no number"),
            ("NaN", "There is no number"),
            ("٥٠٠", "There is no number"),
            ("५००", "There is no number"),
            ("５００", "There is no number"),
            ("1٥", "'٥' does not belong to an amount in USD"),
            ("1٥0", "'1٥0' is not a number"),
            ("5²", "'²' does not belong"),
            ("5\x00", r"'\\x00' does not belong"),
            ("\x005", r"'\\x00' does not belong"),
            ("5\x000", r"'5\\x000' is not a number"),
            ("5\x1f", "does not belong"),
            ("5\u200b", "does not belong"),
            ("1e5", "'1e5' is not a number"),
            ("1_000", "'1_000' is not a number"),
            ("0x10", "'0x10' is not a number"),
            ("5 + 5", "is not a number"),
            ("1/2", "is not a number"),
            ("5-5", "is not a number"),
            ("12:30", "is not a number"),
            ("5 $ 5", "is not a number"),
            ("5\n5", "not grouped by threes"),
            ("5 €", "'€' does not belong to an amount in USD"),
            ("5 сум", "'сум' does not belong to an amount in USD"),
            ("₽5", "'₽' does not belong to an amount in USD"),
            ("5 USDT", "'USDT' does not belong"),
            ("5 $ $", "does not belong"),
            ("5%", "'%' does not belong"),
            ("5к", "'к' does not belong"),
            ("5-", "'-' does not belong"),
            ("(5)", "does not belong"),
            ("--5", "'-' does not belong"),
            ("+5", r"'\+' does not belong"),
            ("$-5", r"'\$-' does not belong"),
            ("\N{EN DASH}5", "does not belong"),
            (".5", r"'\.' does not belong"),
            ("5.", r"'\.' does not belong"),
            ("1,500.", r"'\.' does not belong"),
            ("0.001", r"USD has 2 decimals: '0\.001' has more"),
            ("1234.567", r"USD has 2 decimals: '1234\.567' has more"),
            ("1.500,505", r"USD has 2 decimals: '1\.500,505' has more"),
            ("1.2345", "USD has 2 decimals"),
            ("1 500.000", "USD has 2 decimals"),
            ("1 50", "'1 50' is not grouped by threes, as in 1 500 000"),
            ("1,50,000", "not grouped by threes"),
            ("1500 000", "not grouped by threes"),
            ("0 500", "not grouped by threes"),
            ("1  500", "not grouped by threes"),
            ("1, 500", "not grouped by threes"),
            ("1..5", "not grouped by threes"),
            ("1.,5", "not grouped by threes"),
            ("1.5 000", "not grouped by threes"),
            ("1 500'000", "not grouped by threes"),
            ("1.500 000", "not grouped by threes"),
            ("1,500.500.5", "not grouped by threes"),
            ("1.500.00", "not grouped by threes"),
        ],
    )
    def test_refuses(self, text: str, words: str) -> None:
        with pytest.raises(Invalid, match=words) as refused:
            parse(text, "USD")
        assert len(str(refused.value)) < 150

    @pytest.mark.parametrize("text", ["1500.5", "1500,50", "0.500"])
    def test_no_decimals_where_there_are_none(self, text: str) -> None:
        with pytest.raises(Invalid, match="JPY has no decimals"):
            parse(text, "JPY")

    def test_the_longest(self) -> None:
        assert parse("0" * 63 + "5", "USD") == usd(5_00)
        assert Money.from_decimal("0" * 63 + "5", "USD") == usd(5_00)

    def test_is_text(self) -> None:
        wrong: list[Any] = [5, 5.0, None, b"5"]
        for text in wrong:
            with pytest.raises(Invalid, match=f"typed as text, not as {type(text).__name__}"):
                parse(text, "USD")

    @given(st.text(max_size=70) | st.text("0123456789.,' -\u00a0$", max_size=12), currencies)
    def test_reads_or_refuses_and_nothing_else(self, text: str, currency: str) -> None:
        try:
            money = parse(text, currency)
        except Invalid:
            return
        digits = "".join(char for char in text if char in "0123456789")
        assert digits
        assert str(abs(money.amount)).rstrip("0") == digits.strip("0")
        assert (money.amount < 0) <= (text.strip()[0] in "-\N{MINUS SIGN}")

    @given(st.integers(0, 10**9), st.integers(0, 99), st.sampled_from(" .,'\u00a0\u202f"))
    def test_every_grouping_is_the_same_amount(self, whole: int, cents: int, mark: str) -> None:
        point = "," if mark == "." else "."
        text = f"{whole:,}".replace(",", mark) + f"{point}{cents:02}"
        assert parse(text, "UZS") == Money(whole * 100 + cents, "UZS")
