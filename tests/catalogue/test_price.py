"""Prices: what shops write is understood, and what is no price is None, never 0."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.catalogue.price import Price, currency_code, parse_price


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("$1,190.00", "1190.00", "USD"),
        ("1.190,00 €", "1190", "EUR"),
        ("12,50€ IVA incl.", "12.50", "EUR"),
        ("12,50 (IVA incluido)", "12.50", None),
        ("£10 VAT incl.", "10", "GBP"),
        ("12.5k", "12500", None),
        ("$12.5K", "12500", "USD"),
        ("1.2M", "1200000", None),
        ("Rs. 1,299", "1299", "INR"),
        ("₹ 1,19,000.00", "119000", "INR"),
        ("1 299,00 kr", "1299", None),
        ("1\u202f299,00 €", "1299", "EUR"),
        ("1\u00a0299 EUR", "1299", "EUR"),
        ("1'190.50 CHF", "1190.5", "CHF"),
        ("CHF 1’190.50", "1190.5", "CHF"),
        ("USD 12", "12", "USD"),
        ("12,5", "12.5", None),
        ("12,50 euros", "12.5", "EUR"),
        ("12,- €", "12", "EUR"),
        ("1.190,-- €", "1190", "EUR"),
        (".99", "0.99", None),
        ("R$ 1.299,90", "1299.9", "BRL"),
        ("PVP: 19,95 €", "19.95", "EUR"),
        ("Price: Rs. 899", "899", "INR"),
        ("$12 MXN", "12", "MXN"),
        ("  5.00  ", "5", None),
        (1234.5, "1234.5", None),
        (7, "7", None),
        (0.1 + 0.2, "0.3", None),
        (Decimal("19.99"), "19.99", None),
    ],
)
def test_a_price_is_understood(text: str | float | Decimal, amount: str, currency: str | None) -> None:
    assert parse_price(text) == Price(Decimal(amount), currency)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1.190", "1190"),
        ("1,190", "1190"),
        ("0.125", "0.125"),
        ("1234.567", "1234.567"),
        ("1.190.000", "1190000"),
        ("1.1900", "1.19"),
        ("1.250k", "1250"),
    ],
)
def test_three_digits_behind_a_single_sign_are_thousands_unless_that_is_impossible(text: str, amount: str) -> None:
    assert parse_price(text) == Price(Decimal(amount), None)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "free", "gratis", "N/A", "nan", "inf", "-5", "$-5", "-$5", "(5.00)", "5-", "10-20", "$10 - $20",
        "from 5", "desde 5 €", "2 for 5", "12 €/kg", "12..5", "1,2,3", "12,345.678.9", "1 23 456", "12 34", "1e5",
        "12m", "12 € + IVA", "12 € IVA", "€5 USD", "12³",
        "½", "0x10", "5 apples", "9" * 16, float("nan"), float("inf"), -1, -0.01, True,
    ],
)  # fmt: skip
def test_what_is_no_single_price_is_none(text: str | float) -> None:
    assert parse_price(text) is None


def european(cents: int) -> str:
    return f"{cents // 100:,}".replace(",", ".") + f",{cents % 100:02d} €"


def american(cents: int) -> str:
    return f"${cents // 100:,}.{cents % 100:02d}"


def swiss(cents: int) -> str:
    return "CHF " + f"{cents // 100:,}".replace(",", "'") + f".{cents % 100:02d}"


def french(cents: int) -> str:
    return f"{cents // 100:,}".replace(",", "\u202f") + f",{cents % 100:02d} EUR"


@given(cents=st.integers(0, 10**13))
def test_an_amount_survives_every_way_of_writing_it(cents: int) -> None:
    expected = Decimal(cents) / 100
    for write, currency in [(european, "EUR"), (american, "USD"), (swiss, "CHF"), (french, "EUR")]:
        assert parse_price(write(cents)) == Price(expected, currency)
    assert parse_price(f"{cents // 100}.{cents % 100:02d}") == Price(expected, None)


@given(st.text(max_size=30))
def test_no_text_breaks_it_and_no_price_is_negative(text: str) -> None:
    price = parse_price(text)
    assert price is None or 0 <= price.amount < 10**15


@given(st.text(alphabet="0123456789.,' €$k-", max_size=12))
def test_no_arrangement_of_signs_breaks_it(text: str) -> None:
    price = parse_price(text)
    assert price is None or (price.amount.is_finite() and any(each.isdigit() for each in text))


def test_currencies_are_known_by_code_and_sign() -> None:
    assert [currency_code(text) for text in ("eur", " € ", "US$", "kr", "XYZ", "")] == [
        "EUR", "EUR", "USD", None, None, None,
    ]  # fmt: skip


def test_in_currencies_of_three_decimals_a_point_before_three_digits_is_decimal() -> None:
    assert parse_price("12.500 KWD") == Price(Decimal("12.500"), "KWD")
    assert parse_price("12.500", currency="KWD") == Price(Decimal("12.500"), "KWD")
    assert parse_price("12.500", currency="EUR") == Price(Decimal("12500"), "EUR")
    assert parse_price("12.500 EUR", currency="KWD") == Price(Decimal("12500"), "EUR")
    assert parse_price("1.012.500 KWD") == Price(Decimal("1012500"), "KWD")
